//! `wscope generate`: captures out of nothing, and what cannot be asked for.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use wscope::script::Script;

use crate::run::{Ran, file, run, run_with};
use crate::support;

/// What is written to standard output.
fn made(args: &[&str]) -> Vec<u8> {
    let ran = run(&[&["generate", "-o", "-"], args].concat());
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.err);
    ran.out
}

/// Standard error of what must fail, without a capture.
fn refused(args: &[&str]) -> String {
    let ran = run(&[&["generate", "-o", "-"], args].concat());
    assert_eq!((ran.code, ran.out.len()), (2, 0), "{args:?}");
    ran.err
}

/// The codes that `check` finds.
fn found(capture: &[u8]) -> BTreeSet<String> {
    let ran = run_with(&["check", "--format", "json", "--exit-zero", "-"], capture);
    let report: Value = serde_json::from_str(ran.text()).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_file_is_what_a_pipe_gets() {
    let (folder, path) = file("made.pcapng", b"old");
    let truth = folder.path().join("truth.json");
    let args = ["--connections", "3", "--seed", "9", "--refuse", "0%"];
    let ran: Ran =
        run(&[&["generate", "-o", path.to_str().unwrap(), "--truth", truth.to_str().unwrap()], &args[..]]
            .concat());
    assert_eq!((ran.code, ran.text()), (0, ""));
    assert!(
        ran.err.starts_with(&format!("wrote {}: 3 connections, 60 messages, ", path.display())),
        "{}",
        ran.err
    );
    assert!(ran.err.ends_with("; seed 9\n"), "{}", ran.err);
    assert!(made(&args) == fs::read(&path).unwrap());
    assert!(made(&["--connections", "3", "--refuse", "0%"]) != fs::read(&path).unwrap());
    let truth: Value = serde_json::from_slice(&fs::read(truth).unwrap()).unwrap();
    assert_eq!(truth["connections"].as_array().unwrap().len(), 3);
    assert_eq!(truth["totals"]["bytes"], fs::metadata(&path).unwrap().len());
    let sum: u64 = ["c2s", "s2c"].iter().map(|dir| truth["totals"][dir]["messages"].as_u64().unwrap()).sum();
    assert_eq!(sum, 60);
    let quiet = run(&[&["generate", "-q", "-o", path.to_str().unwrap()], &args[..]].concat());
    assert_eq!((quiet.code, &*quiet.err), (0, ""));
}

#[test]
fn traffic_is_as_it_was_asked_for() {
    let refused = made(&["--connections", "6", "--refuse", "100%"]);
    assert_eq!(found(&refused), BTreeSet::from(["H020".to_owned()]));
    let lan = made(&["--lan", "--refuse", "0%", "--start", "2026-11-20T10:00:00+01:00"]);
    assert_eq!(found(&lan), BTreeSet::from(["S001".to_owned()]));
    let export = run_with(&["export", "--records", "message", "-"], &lan);
    assert!(export.text().lines().all(|line| line.contains("\"time\":\"2026-11-20T09:00:")), "{export:?}");
    let compressed = made(&["--deflate", "client_max_window_bits=10", "--refuse", "0%"]);
    let list = run_with(&["ls", "-"], &compressed);
    assert!(list.text().contains("deflate"), "{}", list.text());
    assert_eq!(found(&compressed), BTreeSet::new());
    let workload = made(&["--workload", "tiny", "--size", "300k"]);
    assert!((250_000..400_000).contains(&workload.len()), "{}", workload.len());
}

#[test]
fn rules_are_broken_where_it_is_asked_for() {
    let broken = made(&["--violate", "F004,ping-not-answered,f004,T"]);
    let codes = ["F004", "K001", "T001", "T002"].map(str::to_owned);
    assert_eq!(found(&broken), BTreeSet::from(codes));
    // What cannot be broken is left out of a family, and said where it was meant.
    let ran = run(&["generate", "-o", "-", "--violate", "N"]);
    assert!(ran.err.contains("note: N005 cannot be broken in a capture"), "{}", ran.err);
    assert!(refused(&["--violate", "N005"]).contains("N005 cannot be broken in a capture"));
}

#[test]
fn scripts_are_written_as_they_are() {
    let text = "open\nc text 'Hello'\nc close 1000\ns close 1000\n";
    let (_folder, path) = file("talk.txt", text.as_bytes());
    let capture = Script::parse(text).unwrap().capture();
    assert!(made(&["--script", path.to_str().unwrap()]) == capture);
    assert!(run_with(&["generate", "-o", "-", "--script", "-"], text.as_bytes()).out == capture);
    let rule = wscope::rules::find("C006").unwrap();
    for (args, script) in [
        (&["--rule", "C006"][..], rule.bad[0]),
        (&["--rule", "data-after-close", "--nth", "2"], rule.bad[1]),
        (&["--rule", "C006", "--good"], rule.good[0]),
    ] {
        assert!(made(args) == Script::parse(script).unwrap().capture(), "{args:?}");
    }
    let (_folder, wrong) = file("wrong.txt", b"open\nc txet 'Hello'\n");
    let error = refused(&["--script", wrong.to_str().unwrap()]);
    assert!(error.contains("wrong.txt: line 2: `c txet 'Hello'`: expected"), "{error}");
}

#[test]
fn what_cannot_be_asked_for() {
    for (args, says) in [
        (&["--violate", "client-unmaskt"][..], "did you mean `client-unmasked`?"),
        (&["--rule", "X999"], "there is no rule `X999`"),
        (&["--rule", "F"], "`F` names 16 rules; write the code of one"),
        (&["--rule", "F004", "--nth", "9"], "bad example"),
        (&["--rule", "F004", "--nth", "0"], "--nth 1 is the first"),
        (&["--rule", "F004", "--seed", "2"], "cannot be used with"),
        (&["--rule", "F004", "--script", "x"], "cannot be used with"),
        (&["--good"], "--rule <RULE>"),
        (&["--loss", "1"], "write the percent sign too: 1%"),
        (&["--reorder", "120%"], "at most 100% is possible"),
        (&["--drop", "many"], "write a percentage, such as 1% or 0.25%"),
        (&["--size", "100"], "a size needs a unit (k, M, G), such as 100M"),
        (&["--size", "big"], "write a size, such as 100M"),
        (&["--workload", "chaty"], "'chatty'"),
        (&["--deflate", "level=9"], "`level=9` is no parameter of a response"),
        (&["--connections", "0"], "0 is not in 1.."),
        (&["--rate", "0"], "messages a second"),
        (&["--start", "yesterday"], "write a time such as 2026-11-20T10:00:00Z"),
        (&["--start", "1969-11-20T10:00:00Z"], "from 1970 on"),
        (&["--script", "/nowhere/talk.txt"], "cannot read /nowhere/talk.txt"),
    ] {
        let error = refused(args);
        assert!(error.contains(says), "{args:?}: {error}");
    }
    assert!(run(&["generate"]).err.contains("--output <FILE>"));
    let nowhere = run(&["generate", "-o", "/nowhere/made.pcapng"]);
    assert_eq!((nowhere.code, nowhere.err.contains("cannot write /nowhere/made.pcapng")), (2, true));
}

/// The generated part of the gallery is what is written today; `UPDATE=1 cargo test --test cli generate`
/// writes it anew.
#[test]
fn the_gallery_is_what_is_written_today() {
    let recipes = fs::read_to_string(support::gallery().join("generated.txt")).unwrap();
    let readme = fs::read_to_string(support::gallery().join("README.md")).unwrap();
    for recipe in recipes.lines().filter(|line| !line.starts_with('#')) {
        let mut words = recipe.split_whitespace();
        let name = words.next().unwrap();
        let beside = |word: &str| Some(support::gallery().join(word)).filter(|path| path.is_file());
        let args: Vec<String> = words
            .map(|word| beside(word).map_or_else(|| word.to_owned(), |path| path.display().to_string()))
            .collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let (path, made) = (support::gallery().join(name), made(&args));
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &made).unwrap();
        }
        assert!(fs::read(&path).unwrap_or_default() == made, "{name} is not up to date: {recipe}");
        assert!(made.len() < 100_000, "{name} has {} bytes", made.len());
        assert!(readme.contains(name), "{name} is not in README.md");
        // What a name promises.
        let family =
            ["handshakes", "frames", "text", "closing", "keepalive", "deflate", "security", "capture"]
                .iter()
                .zip("HFTCKDSN".chars())
                .find(|(subject, _)| name == format!("broken-{subject}.pcapng"));
        if let Some((_, family)) = family {
            let codes = found(&made);
            // A limit cannot be reached by so little, and a file that is cut is no good example of others.
            let not = |code: &str| ["N005", "N007"].contains(&code);
            for rule in wscope::rules::all().filter(|rule| rule.family() == family && !not(rule.code)) {
                assert!(codes.contains(rule.code), "{name} lacks {}", rule.code);
            }
        }
    }
}
