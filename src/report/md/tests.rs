use std::io::Cursor;

use super::*;
use crate::report::sample;

fn export(options: &MdOptions, conns: u32, numbered: bool, budget: usize) -> String {
    let mut sink = MdSink::new(Vec::new(), Cursor::new(Vec::new()), options);
    sink.spool.budget = budget;
    sample::run(&mut MdObserver::new(options), &mut sink, conns, numbered);
    String::from_utf8(sink.into_inner()).unwrap()
}

fn options() -> MdOptions {
    MdOptions { sources: vec!["chat|`x`.pcapng".to_owned()], ..MdOptions::default() }
}

#[test]
fn a_report() {
    insta::assert_snapshot!("md", export(&options(), 2, true, 8 << 20));
}

#[test]
fn the_same_however_it_comes() {
    let whole = export(&options(), 12, true, 8 << 20);
    for budget in [0, 200, 4_000] {
        assert_eq!(export(&options(), 12, true, budget), whole);
        assert_eq!(export(&options(), 12, false, budget), whole);
    }
}

#[test]
fn what_is_left_out_is_told() {
    let head = MdOptions { payload: PayloadMode::Head(3), filter: Some("op == `|`".to_owned()), ..options() };
    let text = export(&head, 1, true, 8 << 20);
    assert!(text.contains("Payloads are cut to 3 bytes each."), "{text}");
    assert!(text.contains("```text\nHel\n```\n\n_The first 3 of 11 bytes._\n"), "{text}");
    assert!(text.contains("Only what matches <code>op =="), "{text}");
    let none = export(&MdOptions { payload: PayloadMode::None, ..options() }, 1, true, 8 << 20);
    assert!(none.contains("Payloads are left out.") && !none.contains("```"), "{none}");
}

#[test]
fn no_payload_closes_its_fence() {
    for payload in ["```", "a\n````\nb", "`", "~~~\n```text\n", "```\n"] {
        let message = sample::message(Dir::C2s, Kind::Text, payload.as_bytes());
        let text = written(&message, PayloadMode::Full).text;
        let open = text.lines().find(|line| line.starts_with("```")).unwrap();
        let ticks = open.trim_end_matches("text");
        assert!(ticks.chars().all(|c| c == '`'), "{text}");
        let inside: Vec<&str> =
            text.lines().skip_while(|line| *line != open).skip(1).take_while(|line| *line != ticks).collect();
        assert_eq!(inside.join("\n"), payload.trim_end_matches('\n'), "{text}");
        assert!(text.ends_with(&format!("{ticks}\n")), "{text}");
    }
}

#[test]
fn hostile_text_is_no_markup() {
    let close = sample::message(Dir::C2s, Kind::Close, b"\x03\xe8</code> **x** [a](http://b)\n# y");
    let text = written(&close, PayloadMode::Full).text;
    assert_eq!(text.matches('\n').count(), 2, "{text}");
    assert!(text.ends_with("close 1000 `</code> **x** [a](http://b)␊# y`\n"), "{text}");
    let close = sample::message(Dir::C2s, Kind::Close, b"\x03\xe8` **x** | [a](http://b)\n# y");
    let text = written(&close, PayloadMode::Full).text;
    assert_eq!(text.matches('\n').count(), 2, "{text}");
    assert!(!text.contains(['`', '|', '[']) && text.matches("**").count() == 2, "{text}");
    let binary = sample::message(Dir::S2c, Kind::Binary, b"\x00```");
    assert!(
        written(&binary, PayloadMode::Full).text.contains("\n````text\n00000000  00 60 60 60"),
        "hexdump"
    );
}
