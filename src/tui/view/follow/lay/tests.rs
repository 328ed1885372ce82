use super::*;
use crate::item::At;

fn said(kind: Kind, payload: &[u8]) -> Said {
    let len = payload.len() as u64;
    Said {
        dir: Dir::C2s,
        n: 1,
        kind,
        at: At::default(),
        len,
        compressed: false,
        fault: None,
        payload: payload.into(),
    }
}

fn rows(payload: &[u8], form: Form, wrap: Option<usize>) -> Vec<(u16, String, What)> {
    let plan = Plan { form, wrap, ..Plan::default() };
    let rows = lay(&[said(Kind::Text, payload)], 0, &plan, 100, &Cancelled::default());
    let text =
        |row: &Row| String::from_utf8_lossy(&payload[row.start as usize..row.end as usize]).into_owned();
    rows.iter().skip(1).map(|row| (row.indent, text(row), row.what)).collect()
}

fn texts(payload: &str, form: Form, wrap: Option<usize>) -> Vec<String> {
    let line = |(indent, text, _): (u16, String, What)| format!("{:1$}{text}", "", usize::from(indent));
    rows(payload.as_bytes(), form, wrap).into_iter().map(line).collect()
}

#[test]
fn json_is_laid_out_as_it_was_written() {
    assert_eq!(
        texts(r#"{"b":1.50,"a":[],"a":{"x":[1,"}\"",true]}, "e" : { } }"#, Form::Json, None),
        [
            "{",
            r#"  "b":1.50,"#,
            r#"  "a":[],"#,
            r#"  "a":{"#,
            r#"    "x":["#,
            "      1,",
            r#"      "}\"","#,
            "      true",
            "    ]",
            "  },",
            r#"  "e" : { }"#,
            "}"
        ]
    );
    assert_eq!(texts("{\"a\":", Form::Json, None), ["{\"a\":"]);
    assert_eq!(texts("[1]", Form::Text, None), ["[1]"]);
}

#[test]
fn long_lines_are_wrapped() {
    assert_eq!(texts("abcdefghij\n\nk\n", Form::Text, Some(8)), ["abcdefgh", "ij", "", "k"]);
    assert_eq!(texts("日本語日本語", Form::Text, Some(9)), ["日本語日", "本語"]);
    let wrapped = rows(br#"["a\"bcdefghijkl",2]"#, Form::Json, Some(13));
    let states: Vec<(&str, What)> = wrapped.iter().map(|(_, text, what)| (&**text, *what)).collect();
    let json = |string, escape| What::Json { string, escape };
    assert_eq!(
        states,
        [
            ("[", json(false, false)),
            ("\"a\\\"bcdefg", json(false, false)),
            ("hijkl\",", json(true, false)),
            ("2", json(false, false)),
            ("]", json(false, false)),
        ]
    );
}

#[test]
fn bytes_and_limits() {
    let plan = Plan { form: Form::Text, ..Plan::default() };
    let binary = said(Kind::Binary, &[0; 40]);
    let rows = lay(&[binary.clone(), binary], 7, &plan, 6, &Cancelled::default());
    let parts: Vec<_> = rows.iter().map(|row| (row.said, row.start, row.end, row.what)).collect();
    assert_eq!(
        parts,
        [
            (7, 0, 0, What::Head),
            (7, 0, 16, What::Hex),
            (7, 16, 32, What::Hex),
            (7, 32, 40, What::Hex),
            (8, 0, 0, What::Head),
            (8, 0, 16, What::Hex),
        ]
    );
    let plan = Plan { dir: Some(Dir::S2c), ..plan };
    assert!(lay(&[said(Kind::Text, b"x")], 0, &plan, 9, &Cancelled::default()).is_empty());
    assert!(size_of::<Row>() <= 20);
}

#[test]
fn rows_are_found_again() {
    let plan = Plan { no_heartbeats: true, ..Plan::default() };
    let chunks: Vec<Arc<[Said]>> = vec![
        vec![said(Kind::Text, b"a\nb"), said(Kind::Ping, b"")].into(),
        vec![said(Kind::Ping, b"")].into(),
        vec![said(Kind::Text, b"c")].into(),
    ];
    let mut lay = Lay::default();
    lay.update(&chunks, plan, &Workers::inline());
    assert_eq!((lay.len(), lay.done(3)), (5, true));
    for index in 0..5 {
        let (said, byte) = Lay::mark(lay.get(index).unwrap());
        assert_eq!(lay.find(said, byte), Some(index));
    }
    // What is hidden leads to what follows.
    assert_eq!((lay.find(1, 0), lay.find(9, 0)), (Some(3), None));
    assert!(!lay.update(&chunks, plan, &Workers::inline()));
    assert!(lay.update(&chunks, Plan::default(), &Workers::inline()));
    assert_eq!(lay.len(), 7);
}
