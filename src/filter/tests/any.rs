//! Any text, any filter, any row.

use proptest::prelude::*;

use super::*;

/// Filters of any shape, most of them right.
fn expressions() -> impl Strategy<Value = String> {
    let examples = FIELDS.iter().map(|info| info.example).collect::<Vec<_>>();
    let leaf = prop_oneof![
        prop::sample::select(examples).prop_map(str::to_owned),
        "\\.[a-z]{1,3}(\\[[0-9]?\\])?(\\.[a-z]{1,3})?( (==|!=|<|>=) (-?[0-9]{1,4}(\\.[0-9]{1,3})?|\"[ -~]{0,4}\"|null|true|[a-z]{1,4}))?"
            .prop_map(|text| text.replace('\\', "/")),
        "payload (contains|~|!~|==) \"[^\"\\\\]{0,6}\"",
        "payload (=~|!~) /[a-z.*+?\\[\\]()|/]{0,8}/i?",
        "(len|wirelen|packet) (<|<=|>|>=|==|!=) [0-9]{1,6}(k|KiB|M)?",
        "(time|rtt|delta) (<|>=) [0-9]{1,5}(\\.[0-9]{1,3})?(ms|s|us|m)",
        "[a-z0-9]{1,8}",
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join(" && "))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.join(" ")),
            inner.prop_map(|part| format!("!({part})")),
        ]
    })
}

/// Text that looks like a filter.
fn soup() -> impl Strategy<Value = String> {
    let pieces = vec![
        "op",
        "==",
        "!=",
        "text",
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        ".",
        ".a",
        "in",
        "not",
        "and",
        "||",
        "!",
        "-",
        "~",
        "/",
        "/x/i",
        "\"",
        "'",
        "\\",
        ":",
        "::1",
        "10.0.0.0/8",
        "payload",
        "header",
        "len",
        "5",
        "0x",
        "1f:8b",
        "@",
        "@s",
        ",",
        "é",
        "\u{202e}",
        "漢",
        "\0",
        "1..2",
        "..",
        "5ms",
        "at",
        "10:00",
        "jq(",
        "finding",
    ];
    prop::collection::vec((prop::sample::select(pieces), any::<bool>()), 0..12).prop_map(|pieces| {
        pieces.into_iter().map(|(piece, space)| format!("{piece}{}", if space { " " } else { "" })).collect()
    })
}

proptest! {
    #[test]
    fn any_text_gives_a_filter_or_an_error(text in prop_oneof![any::<String>(), soup()]) {
        match Filter::parse_with(&text, &|_| Some("ping || .a".to_owned())) {
            Ok(filter) => prop_assert_eq!(&parse(&filter.to_string()), &filter, "{}", filter),
            Err(error) => {
                prop_assert!(error.span.start <= error.span.end, "{:?}", error);
                prop_assert!(error.to_string().lines().count() >= 3);
            }
        }
    }

    #[test]
    fn what_is_printed_reads_back(text in expressions()) {
        if let Ok(filter) = Filter::parse(&text) {
            let printed = filter.to_string();
            prop_assert_eq!(&Filter::parse(&printed).map_err(|error| error.to_string()), &Ok(filter), "{}", printed);
        }
    }

    #[test]
    fn any_row_can_be_asked(
        text in expressions(),
        payload in prop_oneof![prop::collection::vec(any::<u8>(), 0..40), "\\{\"[a-c]\":[0-9.\\[\\]\"a-e]{0,6}\\}".prop_map(String::into_bytes)],
        kind in prop::sample::select(vec![Kind::Text, Kind::Binary, Kind::Close, Kind::Ping]),
        header in prop::collection::vec(any::<u8>(), 14),
    ) {
        let Ok(filter) = Filter::parse(&text) else { return Ok(()) };
        let conn = connection();
        let (message, frame, closing) = (message(Dir::C2s, kind, &payload), frame(&header), closing());
        let finding = Finding::whole_capture(rules::find("N001").unwrap(), String::new());
        for what in [
            What::Connection,
            What::Message(&message),
            What::Frame(&frame),
            What::Finding(&finding),
            What::Closing(&closing),
        ] {
            let row = || Row::new(&conn, what, Facts::default());
            // The same of the normal form, and the contrary of the negation.
            prop_assert_eq!(filter.matches(&row()), parse(&filter.to_string()).matches(&row()));
            prop_assert_ne!(filter.matches(&row()), parse(&format!("!({filter})")).matches(&row()));
        }
    }
}
