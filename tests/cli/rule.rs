//! `wscope rule`: pages, lists, names that are none.

use serde_json::Value;

use crate::run::{output, run};

/// Codes in the lines of a list.
fn codes(args: &[&str]) -> Vec<String> {
    let text = output(args);
    let lines = text.lines().filter_map(|line| line.strip_prefix("  "));
    lines.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

#[test]
fn a_page() {
    let page = output(&["rule", "F004"]);
    insta::assert_snapshot!("rule_page", page);
    for same in ["f004", "client-unmasked", "Client-Unmasked"] {
        assert_eq!(output(&["rule", same]), page, "{same}");
    }
    let two = output(&["rule", "F004", "T001"]);
    assert!(two.starts_with(&page) && two.contains("\nT001 text-invalid-utf8"), "{two}");
    assert_eq!(output(&["rule", "F004,T001"]), two);
    assert_eq!(output(&["rule", "F004, T001"]), two);
    let coloured = output(&["rule", "F004", "--color", "always"]);
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), page);
    assert_ne!(coloured, page);
}

#[test]
fn lists() {
    let all = codes(&["rule"]);
    assert!(all.len() > 80, "{all:?}");
    assert_eq!(codes(&["rule", "all"]), all);
    let framing = codes(&["rule", "f"]);
    assert!(framing.len() > 10 && framing.iter().all(|code| code.starts_with('F')), "{framing:?}");
    assert_eq!(codes(&["rule", "F00"]), framing[..9]);
    // A rule beside a family is in the list with it.
    let both = codes(&["rule", "T", "F004"]);
    assert!(both.contains(&"F004".to_owned()) && both.contains(&"T001".to_owned()), "{both:?}");
}

#[test]
fn formats() {
    let json: Value = serde_json::from_str(&output(&["rule", "T", "--format", "json"])).unwrap();
    let rules = json.as_array().unwrap();
    assert_eq!(rules.len(), codes(&["rule", "T"]).len());
    assert_eq!((rules[0]["code"].as_str(), rules[0]["level"].as_str()), (Some("T001"), Some("error")));
    let section = output(&["rule", "T001", "--format", "markdown"]);
    assert!(section.starts_with("### T001 text-invalid-utf8\n"), "{section}");
    let document = output(&["rule", "--all", "--format", "markdown"]);
    assert!(document.starts_with("# Rules\n") && document.contains(&section), "{document}");
}

#[test]
fn names_that_are_none() {
    for (name, expected) in [
        ("client-unmaskd", "there is no rule `client-unmaskd`; did you mean `client-unmasked`?"),
        ("X", "there is no rule `X`; `wscope rule` lists them"),
        ("", "there is no rule ``; `wscope rule` lists them"),
        ("\x1b[2J", "there is no rule `␛[2J`; `wscope rule` lists them"),
    ] {
        let ran = run(&["rule", name]);
        assert_eq!((ran.code, ran.text(), &*ran.err), (2, "", &*format!("error: {expected}\n")), "{name}");
    }
}
