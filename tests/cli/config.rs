//! `wscope config`, and what a configuration does elsewhere.

use std::fs;

use assert_cmd::Command;
use tempfile::TempDir;

use crate::run::{Ran, finished, wscope};

/// A home without a configuration, and the program run there.
fn at(home: &TempDir, args: &[&str]) -> Command {
    let mut command = wscope(args);
    command.env("XDG_CONFIG_HOME", home.path()).env("HOME", home.path()).env("LANG", "C.UTF-8");
    for name in
        ["WSCOPE_CONFIG", "WSCOPE_THEME", "WSCOPE_TIME", "WSCOPE_MOUSE", "WSCOPE_ASCII", "LC_ALL", "LC_CTYPE"]
    {
        command.env_remove(name);
    }
    command
}

fn run(home: &TempDir, args: &[&str]) -> Ran {
    finished(&mut at(home, args))
}

#[test]
fn a_file_to_begin_with() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("wscope/config.toml");
    assert_eq!(run(&home, &["config", "path"]).text().trim_end(), path.to_str().unwrap());
    let ran = run(&home, &["config", "init"]);
    assert_eq!((ran.code, ran.text()), (0, ""));
    assert!(ran.err.starts_with("wrote "), "{}", ran.err);
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("# filter = [\"/\"]"), "{written}");
    // It is read, and is left as it is.
    assert_eq!(run(&home, &["config", "show"]).code, 0);
    fs::write(&path, "theme = \"light\"\n").unwrap();
    let ran = run(&home, &["config", "init"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("is there already"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), "theme = \"light\"\n");
}

#[test]
fn what_holds() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("mine.toml");
    fs::write(
        &file,
        "theme = \"mine\"\n[keys]\nhelp = \"F1\"\n[themes.mine]\ntext = \"#888888 #777777\"\n[filters]\nbad = 'severity == error'\n",
    )
    .unwrap();
    let named = ["--config", file.to_str().unwrap()];
    let shown = run(&home, &[&["config", "show"][..], &named].concat());
    insta::assert_snapshot!("config_show", shown.all());
    let keys = run(&home, &[&["config", "show", "--keys"][..], &named].concat());
    insta::assert_snapshot!("config_keys", keys.all());
    let mut by_env = at(&home, &["config", "show"]);
    let ran = finished(by_env.env("WSCOPE_CONFIG", &file).env("WSCOPE_THEME", "cvd"));
    assert!(
        ran.text().contains("theme = \"cvd\"") && ran.text().contains("# WSCOPE_THEME"),
        "{}",
        ran.text()
    );
    let ran = finished(at(&home, &["config", "show", "--no-config"]).env("WSCOPE_CONFIG", &file));
    assert!(ran.text().contains("theme = \"auto\""), "{}", ran.text());
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("c.toml");
    fs::write(&file, "[keys]\nfiltre = \"x\"\n").unwrap();
    let ran = run(&home, &["config", "show", "--config", file.to_str().unwrap()]);
    assert_eq!((ran.code, ran.text()), (2, ""));
    assert!(ran.err.contains("c.toml:2: unknown key `filtre`; did you mean `filter`?"), "{}", ran.err);
    let ran = run(&home, &["config", "show", "--config", "no-such-file"]);
    assert_eq!(ran.code, 2);
}

#[test]
fn saved_filters_have_names_on_the_command_line() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("wscope")).unwrap();
    let file = home.path().join("wscope/config.toml");
    fs::write(&file, "[filters]\npings = 'op == ping'\n").unwrap();
    let show = |filter| run(&home, &["show", "-q", "fragments-pings.pcapng", "-Y", filter]);
    let saved = show("@pings");
    assert_eq!((saved.code, saved.text()), (0, show("op == ping").text()));
    assert!(!saved.text().is_empty());
    let ran = show("@pongs");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("there is no saved filter `@pongs`"), "{}", ran.err);
    assert!(run(&home, &["filter", "@pings"]).text().contains("op == ping"));
    // What is wrong with it matters only where it is asked.
    fs::write(&file, "[filters]\npings = 'op == pnig'\n").unwrap();
    assert_eq!(show("op == ping").code, 0);
    let ran = show("@pings");
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("config.toml:2: the filter `pings`: unknown opcode `pnig`"), "{}", ran.err);
}

#[test]
fn what_needs_a_terminal_says_so() {
    let home = tempfile::tempdir().unwrap();
    for args in
        [&["chat-node-ws.pcapng", "--at", "1.m1"][..], &["open", "chat-node-ws.pcapng", "--view", "stats"]]
    {
        let ran = run(&home, args);
        assert_eq!((ran.code, ran.text()), (2, ""));
        assert!(ran.err.contains("needs a terminal"), "{}", ran.err);
    }
    let listed = run(&home, &["chat-node-ws.pcapng", "--theme", "dark"]);
    assert_eq!((listed.code, listed.text()), (0, run(&home, &["ls", "chat-node-ws.pcapng"]).text()));
    let filtered = run(&home, &["chat-node-ws.pcapng", "-Y", "conn == 1", "--ascii"]);
    assert_eq!(
        filtered.text(),
        run(&home, &["ls", "-Y", "conn == 1", "--ascii", "chat-node-ws.pcapng"]).text()
    );
}
