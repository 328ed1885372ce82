use proptest::prelude::*;

use super::*;

const TEXT: Hint = Hint { text: true, close: false, partial: false };
const BYTES: Hint = Hint { text: false, close: false, partial: false };

/// Every value as a line: its path, and what is written there where it holds nothing.
fn lines(decoded: &Decoded) -> Vec<String> {
    let tree = decoded.tree.as_ref().expect("a tree");
    (0..tree.nodes().len() as u32)
        .map(|place| {
            let node = tree.get(place).unwrap();
            let value = String::from_utf8_lossy(node.value.of(&decoded.text)).into_owned();
            let value = if node.kind.holds() { format!("{:?} {}", node.kind, node.len) } else { value };
            format!("{} {value}", tree.path(place, &decoded.text))
        })
        .collect()
}

fn of(payload: &[u8], hint: Hint) -> Decoded {
    decode(payload, hint, None)
}

#[test]
fn json_is_shown_as_written() {
    let text = br#" { "b": 1.10, "a": [true, null, "x\"y"], "b": 12345678901234567890123, "odd key": {}, "e": [] } "#;
    let decoded = of(text, TEXT);
    assert_eq!((decoded.format, decoded.name, decoded.exact), (Format::Json, "JSON", true));
    assert_eq!(decoded.notes, Vec::<String>::new());
    assert_eq!(
        lines(&decoded),
        [
            ". Object 5",
            ".b 1.10",
            ".a Array 3",
            ".a[0] true",
            ".a[1] null",
            ".a[2] \"x\\\"y\"",
            ".b 12345678901234567890123",
            ".\"odd key\" Object 0",
            ".e Array 0",
        ]
    );
    let tree = decoded.tree.as_ref().unwrap();
    assert_eq!(tree.get(0).unwrap().value.of(&decoded.text), text.trim_ascii());
    assert_eq!(tree.path(tree.at(9).unwrap(), &decoded.text), ".b");
    assert_eq!(tree.path(tree.at(text.len() - 2).unwrap(), &decoded.text), ".");
    assert_eq!(tree.at(0), None);
    assert_eq!(of(b"[[1]]", TEXT).tree.map(|tree| tree.path(2, b"[[1]]")), Some(".[0][0]".to_owned()));
}

#[test]
fn what_is_no_json_is_text() {
    for (text, note) in [
        ("hello", None),
        ("12", None),
        ("\"quoted\"", None),
        ("", None),
        ("{\"a\":1}x", Some("begins like JSON, but is none: byte 7 should be the end")),
        ("{a:1}", Some("begins like JSON, but is none: byte 1 should be a key in quotes")),
        ("[1,]", Some("begins like JSON, but is none: byte 3 should be a value")),
        ("[01]", Some("begins like JSON, but is none: byte 1 should be a value")),
        ("{\"a\" 1}", Some("begins like JSON, but is none: byte 5 should be `:`")),
        ("[1 2]", Some("begins like JSON, but is none: byte 3 should be `,` or `]`")),
        ("[1", Some("begins like JSON, but is none: it ends before its last bracket")),
    ] {
        let decoded = of(text.as_bytes(), TEXT);
        assert_eq!((decoded.format, decoded.tree.is_none()), (Format::Text, true), "{text}");
        assert_eq!(decoded.notes.first().map(String::as_str), note, "{text}");
    }
    // Of a message that is cut, what is there is shown.
    let decoded = of(b"{\"a\":[1,{\"b\":tr", Hint { partial: true, ..TEXT });
    assert_eq!(lines(&decoded), [". Object 1", ".a Array 2", ".a[0] 1", ".a[1] Object 0"]);
    assert_eq!(decoded.notes, ["it ends before its last bracket"]);
    let invalid = of(b"abc\xff", TEXT);
    assert_eq!(
        (invalid.format, &*invalid.notes),
        (Format::Text, &["no UTF-8 from byte 3 on".to_owned()][..])
    );
    // Where it is asked for, what came before the fault is shown.
    let forced = decode(b"[1,x]", TEXT, Some(Format::Json));
    assert_eq!(lines(&forced), [". Array 1", ".[0] 1"]);
    assert_eq!(forced.notes, ["no JSON: byte 3 should be a value"]);
}

#[test]
fn numbers_are_those_of_json() {
    for (number, is) in [
        ("0", true),
        ("-0", true),
        ("10.5e-3", true),
        ("1E+9", true),
        ("-", false),
        ("01", false),
        ("1.", false),
        (".5", false),
        ("1e", false),
        ("+1", false),
        ("0x1", false),
        ("NaN", false),
    ] {
        assert_eq!(of(format!("[{number}]").as_bytes(), TEXT).format == Format::Json, is, "{number}");
    }
}

#[test]
fn depth_and_number_have_no_end() {
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let decoded = of(&deep, TEXT);
    assert_eq!(decoded.tree.unwrap().nodes().len(), 100_000);
    let many = [b"[1".to_vec(), b",1".repeat(600_000), b"]".to_vec()].concat();
    let decoded = of(&many, TEXT);
    assert_eq!(decoded.notes, ["only the first 500000 values are shown"]);
    assert_eq!(decoded.tree.unwrap().nodes().len(), 500_000);
}

#[test]
fn messagepack_and_cbor() {
    // {"compact":true,"schema":0}, the example of msgpack.org
    let decoded = of(b"\x82\xa7compact\xc3\xa6schema\x00", BYTES);
    assert_eq!((decoded.format, decoded.name, decoded.exact), (Format::MsgPack, "MessagePack", false));
    assert_eq!(lines(&decoded), [". Object 2", ".compact true", ".schema 0"]);
    assert_eq!(decoded.text, b"{\"compact\": true, \"schema\": 0}");
    // RFC 8949 appendix A: {"a": 1, "b": [2, 3]} and a tagged date in an array
    let decoded = of(b"\xa2\x61\x61\x01\x61\x62\x82\x02\x03", BYTES);
    assert_eq!(decoded.format, Format::Cbor);
    assert_eq!(lines(&decoded), [". Object 2", ".a 1", ".b Array 2", ".b[0] 2", ".b[1] 3"]);
    let decoded = of(b"\x82\xc1\x1a\x51\x4b\x67\xb0\x42\x01\x02", BYTES);
    assert_eq!(lines(&decoded), [". Array 2", ".[0] 1(1363896240)", ".[1] h'0102'"]);
    // Tags in tags around what holds others.
    let decoded = of(b"\xa1\x61\x61\xc1\xc1\x81\x01", BYTES);
    assert_eq!(lines(&decoded), [". Object 1", ".a 1(1([1]))"]);
    assert_eq!(lines(&of(b"\xa1\x61\x61\xc1\x81\x01", BYTES)).last().unwrap(), ".a.\"tag 1\"[0] 1");
    for other in [&b"\x82\xa7compact"[..], b"\x82\xa1a\x01\xa1b\x02\x00", b"\xc3", b"\x80", b"\x00\x01\x02"] {
        assert_eq!(of(other, BYTES).format, Format::Hex, "{other:x?}");
    }
    let forced = decode(b"\x82\xa7compact", BYTES, Some(Format::MsgPack));
    assert_eq!((forced.format, forced.notes.len()), (Format::Hex, 1));
    assert_eq!(lines(&decode(b"\x07", BYTES, Some(Format::MsgPack))), [". 7"]);
}

#[test]
fn compressed_layers_are_taken_off() {
    use std::io::Write as _;
    let json = br#"{"a":1}"#;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(json).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&gzip).unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(&json[..], ruzstd::encoding::CompressionLevel::Fastest);
    for (payload, names) in
        [(gzip.clone(), vec!["gzip"]), (zlib.finish().unwrap(), vec!["zlib", "gzip"]), (zstd, vec!["zstd"])]
    {
        let decoded = of(&payload, BYTES);
        assert_eq!(decoded.layers.iter().map(|layer| layer.name).collect::<Vec<_>>(), names);
        assert_eq!(lines(&decoded), [". Object 1", ".a 1"]);
        assert!(!decoded.exact);
    }
    let cut = of(&gzip[..gzip.len() - 8], BYTES);
    assert_eq!(
        (cut.notes.as_slice(), cut.layers[0].whole),
        (&["gzip breaks off after 7 bytes".to_owned()][..], false)
    );
    // A bomb.
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![0; 20 << 20]).unwrap();
    let bomb = of(&bomb.finish().unwrap(), BYTES);
    assert_eq!((bomb.text.len(), bomb.notes.len()), (16 << 20, 1));
    assert_eq!(of(b"x\x9c\x00\x00", BYTES).layers, []);
}

#[test]
fn framings() {
    for (text, name, summary, last) in [
        (r#"42["chat",{"a":1}]"#, "Socket.IO", "event chat", ".[1].a 1"),
        (r#"42/room,7["chat"]"#, "Socket.IO", "event chat in /room, wants answer 7", ".[0] \"chat\""),
        (r#"437[true]"#, "Socket.IO", "ack, answers 7", ".[0] true"),
        (r#"451-["file",{"_placeholder":true,"num":0}]"#, "Socket.IO", "binary event file", ".[1].num 0"),
        (r#"0{"sid":"x"}"#, "Engine.IO", "open", ".sid \"x\""),
        (
            "SEND\ndestination:/queue/a\ncontent-type:text/plain\n\nhello\0",
            "STOMP",
            "SEND /queue/a",
            ".[3] hello",
        ),
        ("MESSAGE\r\nid:1\r\n\r\n{\"a\":1}\0\n", "STOMP", "MESSAGE", ".[2].a 1"),
        ("{\"type\":6}\x1e", "JSON records (SignalR)", "1 record", ".[0].type 6"),
        ("{\"type\":1,\"target\":\"Say\"}\x1e{}\x1e", "JSON records (SignalR)", "2 records", ".[1] Object 0"),
        (r#"{"jsonrpc":"2.0","method":"add","id":3}"#, "JSON-RPC", "request 3: add", ".id 3"),
        (r#"{"jsonrpc":"2.0","result":1,"id":3}"#, "JSON-RPC", "response 3", ".id 3"),
        (
            r#"{"id":"7","type":"subscribe","payload":{}}"#,
            "GraphQL over WebSocket",
            "subscribe 7",
            ".payload Object 0",
        ),
    ] {
        let decoded = of(text.as_bytes(), TEXT);
        assert_eq!((decoded.name, decoded.summary.as_deref()), (name, Some(summary)), "{text}");
        assert_eq!(lines(&decoded).last().map(String::as_str), Some(last), "{text}");
        assert!(decoded.exact);
    }
    for text in
        ["42", "42 apples", "4", "2probe", "SEND it\0", "7{}", "42[\"a\"", "{\"type\":\"error\"}", "x\x1e"]
    {
        let name = of(text.as_bytes(), TEXT).name;
        assert!(["text", "JSON"].contains(&name), "{text}: {name}");
    }
}

#[test]
fn close_is_a_code_and_a_reason() {
    let hint = Hint { close: true, ..BYTES };
    assert_eq!(lines(&of(b"\x03\xe8bye", hint)), [". Object 2", ".code 1000", ".reason bye"]);
    assert_eq!(lines(&of(b"\x03\xe8", hint)), [". Object 1", ".code 1000"]);
    assert_eq!(of(b"", hint).summary.as_deref(), Some("no code, no reason"));
    assert_eq!(of(b"\x03", hint).notes, ["a code has two bytes"]);
}

proptest! {
    #[test]
    fn nothing_is_too_strange(
        payload in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..60),
            "[\\[\\]{}\",:0-9a-z \\\\\x1e\x00\n/-]{0,60}".prop_map(String::into_bytes),
            (prop::sample::select(vec![0x82_u8, 0x93, 0xa2, 0xdf, 0x1f, 0x78, 0x28]), prop::collection::vec(any::<u8>(), 0..40))
                .prop_map(|(first, rest)| [vec![first], rest].concat()),
        ],
        text: bool, close: bool, partial: bool, forced in 0..6_usize,
    ) {
        let hint = Hint { text, close, partial };
        let decoded = decode(&payload, hint, Format::ALL.get(forced).copied());
        if decoded.exact {
            prop_assert!(decoded.text == payload);
        }
        if let Some(tree) = &decoded.tree {
            for (place, node) in tree.nodes().iter().enumerate() {
                prop_assert!(node.value.end as usize <= decoded.text.len() && node.value.start <= node.value.end);
                prop_assert!(node.end as usize > place && node.end as usize <= tree.nodes().len());
                prop_assert!((node.parent as usize) < place || place == 0 || node.depth == 0);
                let _ = tree.path(place as u32, &decoded.text);
            }
        }
    }

    /// What serde_json reads, this reads, and the other way round.
    #[test]
    fn agrees_with_serde_json(text in "[\\[{]([\\[\\]{},:]|\"[a-z]?\"|-?[0-9]{1,2}|true|null| ){0,12}[\\]}]") {
        let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        prop_assert_eq!(of(text.as_bytes(), TEXT).format == Format::Json, theirs, "{}", text);
    }
}
