//! Help, version, schema, completions, manual: what the program says about itself.

use crate::run::{output, run};

const COMMANDS: &[&str] = &[
    "ls",
    "show",
    "inspect",
    "follow",
    "export",
    "live",
    "stats",
    "check",
    "echo",
    "talk",
    "fields",
    "filter",
    "generate",
    "schema",
    "config",
    "doctor",
    "completions",
];

#[test]
fn help() {
    insta::assert_snapshot!("help", output(&["--help"]));
    insta::assert_snapshot!("help_short", output(&["-h"]));
    for command in COMMANDS {
        insta::assert_snapshot!(format!("help_{command}"), output(&[command, "-h"]));
    }
}

/// `--help` of every command works, and no line of it is wider than was asked for.
#[test]
fn long_help() {
    for command in COMMANDS.iter().chain(&["man"]) {
        let text = output(&[command, "--help"]);
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

#[test]
fn no_arguments_means_help_on_standard_error() {
    let ran = run(&[]);
    assert_eq!((ran.code, ran.text()), (2, ""));
    assert!(ran.err.contains("Usage: wscope"), "{}", ran.err);
}

#[test]
fn version() {
    assert_eq!(output(&["-V"]), format!("wscope {}\n", env!("CARGO_PKG_VERSION")));
    let long = output(&["--version"]);
    assert!(long.starts_with("wscope ") && long.contains("\nlive capture: "), "{long}");
}

#[test]
fn unknown_words_are_explained() {
    for (args, remark) in [
        (&["exprot", "x"][..], "did you mean `wscope export`?"),
        (&["lss"], "did you mean `wscope ls`?"),
        (&["-q", "ls", "chat-node-ws.pcapng"], "the command goes first: `wscope ls ...`"),
        (&["ls", "--nope", "x"], "unexpected argument '--nope'"),
        (&["ls", "--conn", "0", "x"], "is no list of connections"),
        (&["inspect", "x", "3.k"], "is no place: write 3 (connection), 3.m41"),
        (&["follow", "x", "0"], "`wscope ls` lists them"),
        (&["show", "-j", "0", "x"], "use 1 to 64"),
        (&["stats", "--every", "5y", "x"], "use us, ms, s, m or h"),
        (&["export", "--to", "csv", "--hash", "x"], "--hash works with --to ndjson and --to json only"),
        (&["export", "--to", "har", "--records", "frame", "x"], "--records works with"),
        (&["export", "--payload", "all", "x"], "none of full, head, head=N, none"),
        (&["export", "--records", "messages", "x"], "none of capture, connection"),
    ] {
        let ran = run(args);
        assert_eq!((ran.code, ran.text()), (2, ""), "{args:?}");
        assert!(ran.err.contains(remark), "{args:?}: {}", ran.err);
    }
}

#[test]
fn schema_is_json() {
    let schema: serde_json::Value = serde_json::from_str(&output(&["schema"])).unwrap();
    assert_eq!(schema["title"], "wscope record");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = output(&["completions", shell]);
        for command in COMMANDS {
            assert!(script.contains(command), "{shell} knows no {command}");
        }
    }
}

#[test]
fn manual() {
    let page = output(&["man"]);
    assert!(page.contains(".TH wscope 1"), "{page}");
    for section in [".SH EXAMPLES", ".SH \"EXIT STATUS\"", "wscope\\-ls(1)"] {
        assert!(page.contains(section), "no {section} in {page}");
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("new/man1");
    assert_eq!(output(&["man", "--dir", dir.to_str().unwrap()]), "");
    assert_eq!(std::fs::read_to_string(dir.join("wscope.1")).unwrap(), page);
    for command in COMMANDS {
        assert!(dir.join(format!("wscope-{command}.1")).is_file(), "{command}");
    }
}

#[test]
fn doctor() {
    let text = output(&["doctor"]);
    for name in [
        "wscope ",
        "live capture ",
        "cores ",
        "stdout         no terminal",
        "configuration  ",
        "theme          ",
        "colours        ",
    ] {
        assert!(text.contains(name), "{text}");
    }
}
