use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::event::{CloseFrame, Closing, How, Totals, Transport};
use crate::http::upgrade::{Handshake, Request, Response};
use crate::item::{At, Dir, End};
use crate::packet::segment::Endpoint;
use crate::report::sample;
use crate::rules::Finding;
use crate::time::Timestamp;
use crate::ws::fact::{Fault, Utf8};
use crate::ws::header::Header;

fn export(options: &JsonOptions, conns: u32, numbered: bool) -> String {
    let mut sink = JsonSink::new(Vec::new(), options);
    sample::run(&mut JsonObserver::new(options), &mut sink, conns, numbered);
    String::from_utf8(sink.into_inner()).unwrap()
}

fn options() -> JsonOptions {
    let types = RecordTypes { frame: true, ..RecordTypes::default() };
    JsonOptions {
        sources: vec!["chat.pcapng".to_owned()],
        tool: "wscope 0.1.0".to_owned(),
        types,
        ..Default::default()
    }
}

/// The line of a record as `serde_json` writes it.
fn oracle(record: &Record<'_>) -> String {
    serde_json::to_string(record).unwrap() + "\n"
}

#[test]
fn the_whole_stream() {
    let text = export(&options(), 1, true);
    let expected = [
        r#"{"type":"capture","format":1,"tool":"wscope 0.1.0","sources":["chat.pcapng"]}"#,
        concat!(
            r#"{"type":"connection","conn":1,"time":"2026-11-20T10:00:00.000000000Z","packet":1,"#,
            r#""client":{"ip":"127.0.0.1","port":50122},"server":{"ip":"127.0.0.1","port":8080},"#,
            r#""transport":"http/1.1","url":"ws://server.example.com/chat?a=1&b","subprotocol":"chat","#,
            r#""extensions":["permessage-deflate; client_max_window_bits=15"],"handshake":{"packet":[4,6],"#,
            r#""request":{"method":"GET","target":"/chat?a=1&b","version":"1.1","headers":["#,
            r#"["Host","server.example.com"],["Upgrade","websocket"],["Cookie","k=v; t=\"1\""],"#,
            r#"["Sec-WebSocket-Key","dGhlIHNhbXBsZSBub25jZQ=="]]},"#,
            r#""response":{"status":101,"reason":"Switching Protocols","version":"1.1","headers":["#,
            r#"["Upgrade","websocket"],["Sec-WebSocket-Accept","s3pPLMBiTxaQ9kYGzzhZRbK+xOo="],"#,
            r#"["Sec-WebSocket-Protocol","chat"],"#,
            r#"["Sec-WebSocket-Extensions","permessage-deflate; client_max_window_bits=15"]]},"#,
            r#""accept":{"key":"dGhlIHNhbXBsZSBub25jZQ==","expected":"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=","#,
            r#""actual":"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=","valid":true}}}"#,
        ),
        concat!(
            r#"{"type":"frame","conn":1,"dir":"c2s","n":1,"time":"2026-11-20T10:00:00.000001500Z","packet":7,"#,
            r#""offset":0,"fin":true,"rsv":0,"opcode":1,"kind":"text","masked":true,"mask":"37fa213d","#,
            r#""header_len":6,"len":5,"seen":5}"#,
        ),
        concat!(
            r#"{"type":"message","conn":1,"dir":"c2s","n":1,"time":"2026-11-20T10:00:00.000001500Z","#,
            r#""packet":[7,7],"kind":"text","frames":1,"first_frame":1,"wire_len":11,"len":11,"#,
            r#""compressed":false,"complete":true,"text":"Hello \"you\""}"#,
        ),
        concat!(
            r#"{"type":"finding","conn":1,"dir":"c2s","code":"S006","name":"overlap-conflict","level":"warning","#,
            r#""time":"2026-11-20T10:00:00.000001500Z","packet":7,"frame":1,"offset":12,"#,
            r#""text":"4 bytes at stream offset 12 differ","source":"practice"}"#,
        ),
        concat!(
            r#"{"type":"message","conn":1,"dir":"s2c","n":2,"time":"2026-11-20T10:00:00.003000000Z","#,
            r#""packet":[9,11],"kind":"binary","frames":2,"first_frame":3,"wire_len":300,"len":4096,"#,
            r#""compressed":true,"complete":true,"base64":"AAH/","cut":true}"#,
        ),
        concat!(
            r#"{"type":"message","conn":1,"dir":"s2c","n":3,"time":"2026-11-20T10:00:00.000001500Z","#,
            r#""packet":[7,7],"kind":"text","frames":1,"first_frame":1,"wire_len":4,"len":9,"#,
            r#""compressed":false,"complete":false,"text":"=1","cut":true}"#,
        ),
        concat!(
            r#"{"type":"message","conn":1,"dir":"c2s","n":4,"time":"2026-11-20T10:00:00.000001500Z","#,
            r#""packet":[7,7],"kind":"ping","frames":1,"first_frame":1,"wire_len":4,"len":4,"#,
            r#""compressed":false,"complete":true,"base64":"G1sySg=="}"#,
        ),
        concat!(
            r#"{"type":"message","conn":1,"dir":"c2s","n":5,"time":"2026-11-20T10:00:00.000001500Z","#,
            r#""packet":[7,7],"kind":"close","frames":1,"first_frame":1,"wire_len":6,"len":6,"#,
            r#""compressed":false,"complete":true,"code":1000,"reason":"done"}"#,
        ),
        concat!(
            r#"{"type":"end","conn":1,"time":"2026-11-20T10:00:05.000000000Z","packet":25,"how":"clean","#,
            r#""c2s":{"close":{"code":1000,"reason":"done"},"tcp":"fin"},"#,
            r#""s2c":{"close":{"code":1000,"reason":"done"},"tcp":"open"},"#,
            r#""totals":{"c2s":{"frames":2,"messages":1,"bytes":17,"payload":5},"#,
            r#""s2c":{"frames":3,"messages":1,"bytes":310,"payload":4096}}}"#,
        ),
        concat!(
            r#"{"type":"finding","code":"N007","name":"file-cut","level":"note","#,
            r#""text":"chat.pcapng ends inside a packet","source":"capture"}"#,
        ),
        concat!(
            r#"{"type":"summary","packets":25,"bytes":4242,"skipped_packets":0,"dropped_packets":3,"tcp_connections":3,"connections":1,"#,
            r#""frames":5,"messages":2,"findings":{"error":0,"warning":1,"note":1}}"#,
        ),
    ];
    for (line, expected) in text.lines().zip(expected) {
        assert_eq!(line, expected);
    }
    assert_eq!(text.lines().count(), expected.len());
}

/// Every record validates, and has no key that the schema does not describe.
#[test]
fn records_are_as_the_schema_says() {
    let schema = crate::report::schema();
    for line in export(&JsonOptions { hash: true, ..options() }, 1, true).lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let kind = &record["type"];
        let one = schema["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| &one["properties"]["type"]["const"] == kind);
        let one = one.unwrap();
        let name = one["$ref"].as_str().unwrap().strip_prefix("#/$defs/").unwrap();
        let described = &schema["$defs"][name];
        for key in record.as_object().unwrap().keys().filter(|key| *key != "type") {
            assert!(described["properties"].get(key).is_some(), "{kind} {key}");
        }
        for key in described["required"].as_array().unwrap() {
            assert!(record.get(key.as_str().unwrap()).is_some(), "{kind} {key}");
        }
    }
}

#[test]
fn numbers_given_late_make_no_difference() {
    for conns in [Selection::ALL, "2,11-".parse().unwrap()] {
        for shape in [Shape::Lines, Shape::Document] {
            let options = JsonOptions { shape, conns: conns.clone(), ..options() };
            assert_eq!(export(&options, 12, true), export(&options, 12, false));
        }
    }
}

#[test]
fn a_selection_leaves_the_others_out() {
    let text = export(&JsonOptions { conns: "2".parse().unwrap(), ..options() }, 3, true);
    assert!(text.contains(r#""conn":2,"#));
    assert!(!text.contains(r#""conn":1,"#) && !text.contains(r#""conn":3,"#));
}

#[test]
fn a_document_holds_the_same_records() {
    let lines = export(&options(), 2, true);
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let document = export(&JsonOptions { shape: Shape::Document, ..options() }, 2, true);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document, serde_json::json!({"format": 1, "records": lines}));
    let nothing = JsonOptions { shape: Shape::Document, types: RecordTypes::NONE, ..options() };
    let empty: serde_json::Value = serde_json::from_str(&export(&nothing, 2, true)).unwrap();
    assert_eq!(empty, serde_json::json!({"format": 1, "records": []}));
}

fn arb_at() -> impl Strategy<Value = At> {
    (any::<u64>(), 0u32..64, any::<i64>())
        .prop_map(|(packet, shift, nanos)| At { packet: packet >> shift, time: Timestamp::from_nanos(nanos) })
}

prop_compose! {
    fn arb_payload()(bytes in prop_oneof![
        "[ -~\n\"\\\\é€𝄞]{0,200}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..200),
        (".{0,40}", 0usize..800).prop_map(|(text, times)| text.repeat(times).into_bytes()),
    ], cut in any::<prop::sample::Index>(), cut_it: bool) -> Vec<u8> {
        let cut = if cut_it { cut.index(bytes.len() + 1) } else { bytes.len() };
        bytes[..cut].to_vec()
    }
}

fn arb_mode() -> impl Strategy<Value = PayloadMode> {
    prop_oneof![Just(PayloadMode::Full), Just(PayloadMode::None), (0usize..50).prop_map(PayloadMode::Head)]
}

proptest! {
    #[test]
    fn messages_are_as_their_type_writes_them(
        (number, known, hash, c2s) in any::<(u32, bool, bool, bool)>(),
        (n, frames, first_frame, wire_len, more, compressed) in any::<(u64, u64, u32, u64, u8, bool)>(),
        kind in prop::sample::select(vec![Kind::Text, Kind::Binary, Kind::Close, Kind::Ping, Kind::Pong]),
        fault in prop::option::of(Just(Fault::Missing)),
        utf8 in prop::option::of(prop::sample::select(vec![Utf8::Valid, Utf8::Invalid { offset: 1, frame: 1 }])),
        payload in arb_payload(), sha256: Option<[u8; 32]>, first in arb_at(), last in arb_at(), mode in arb_mode(),
    ) {
        let message = Message {
            text: None,
            dir: if c2s { Dir::C2s } else { Dir::S2c },
            n, kind, first, last, frames, first_frame: first_frame.into(), last_frame: first_frame.into(), wire_len,
            len: payload.len() as u64 + u64::from(more / 200 * more), compressed, final_block: false, exceeded: None, fault,
            payload: &payload, utf8, sha256,
        };
        let options = JsonOptions { payload: mode, hash, ..Default::default() };
        let conn = sample::connection(known.then_some(number));
        let mut out = outbox_after(b"before");
        JsonObserver::new(&options).event(&conn, Event::Message(&message), &mut out);
        let expected = oracle(&Record::Message(record::Message::new(number, &message, mode, hash)));
        prop_assert_eq!(put_together(number, &out), expected);
    }

    #[test]
    fn frames_are_as_their_type_writes_them(
        (number, known, c2s) in any::<(u32, bool, bool)>(),
        (n, offset, seen) in any::<(u64, u64, u64)>(),
        head: [u8; 14], first in arb_at(),
    ) {
        let (header, _) = Header::decode(&head).unwrap();
        let dir = if c2s { Dir::C2s } else { Dir::S2c };
        let frame = Frame { dir, n, first, last: first, offset, header, seen, wire: b"" };
        let conn = sample::connection(known.then_some(number));
        let mut out = outbox_after(b"before");
        let types = RecordTypes { frame: true, ..RecordTypes::NONE };
        JsonObserver::new(&JsonOptions { types, ..Default::default() }).event(&conn, Event::Frame(&frame), &mut out);
        let expected = oracle(&Record::Frame(record::Frame::new(number, &frame)));
        prop_assert_eq!(put_together(number, &out), expected);
    }
}

fn arb_head(start: &'static str) -> impl Strategy<Value = Option<Vec<u8>>> {
    let field = prop_oneof![
        Just("Host: a.example\r\n".to_owned()),
        "Sec-WebSocket-(Key|Accept|Protocol|Extensions): [a-z=;, \"]{0,30}\r\n",
        "[A-Za-z-]{1,9}: ?[ -~é\"\\\\]{0,90}\r\n",
        "[ -~\t]{0,9}\n",
    ];
    let fields = prop::collection::vec(field, 0..6).prop_map(|fields| fields.concat().into_bytes());
    let latin = prop::option::of(0x80..=0xff_u8);
    prop::option::of((fields, latin).prop_map(move |(fields, latin)| {
        [start.as_bytes(), &fields, b"X: ", latin.as_slice(), b"\r\n\r\n"].concat()
    }))
}

prop_compose! {
    fn arb_handshake()(
        request in arb_head("GET /x?token=1&a=\"b HTTP/1.1\r\n"), asked in arb_at(),
        response in arb_head("HTTP/1.1 101 Why \\ not\r\n"), answered in arb_at(),
    ) -> Handshake {
        Handshake {
            request: request.map(|head| Request::parse(head, asked, asked)),
            response: response.map(|head| Response::parse(head, answered, answered)),
            early_bytes: 0,
        }
    }
}

prop_compose! {
    fn arb_closing()(
        at in arb_at(),
        how in prop::option::of(prop::sample::select(vec![How::Clean, How::FinWithoutClose, How::Idle])),
        close in prop::array::uniform2(prop::option::of((any::<Option<u16>>(), "[ -~é\n]{0,130}"))),
        tcp in prop::array::uniform2(prop::option::of(prop::sample::select(vec![
            End::Fin, End::Reset, End::ResetByPeer, End::Capture,
        ]))),
        totals in prop::array::uniform2(any::<[u64; 4]>()),
    ) -> Closing {
        let close = close.map(|close| close.map(|(code, reason)| CloseFrame { code, reason }));
        let totals =
            totals.map(|[frames, messages, bytes, payload]| Totals { frames, messages, bytes, payload });
        Closing { at, how, close, tcp, totals, findings: [0; 3] }
    }
}

/// The line of an event that is neither a message nor a frame.
fn line(conn: &Connection, event: Event<'_>, reveal: bool) -> Outbox<Span> {
    let mut out = outbox_after(b"before");
    JsonObserver::new(&JsonOptions { reveal, ..Default::default() }).event(conn, event, &mut out);
    out
}

proptest! {
    #[test]
    fn connections_are_as_their_type_writes_them(
        (number, known, reveal, v6) in any::<(u32, bool, bool, Option<[u8; 16]>)>(),
        handshake in prop::option::of(arb_handshake()), opened in arb_at(),
    ) {
        let conn = Connection {
            opened,
            server: v6.map_or(Endpoint::v4([10, 0, 200, 1], 80), |ip| Endpoint::new(ip, 65_535)),
            transport: if handshake.is_some() { Transport::Http1 } else { Transport::None },
            handshake: handshake.map(Box::new),
            ..sample::connection(known.then_some(number))
        };
        let record = record::Connection::new(number, &conn, reveal);
        let expected = oracle(&Record::Connection(Box::new(record)));
        prop_assert_eq!(put_together(number, &line(&conn, Event::Opened, reveal)), expected);
    }

    #[test]
    fn findings_are_as_their_type_writes_them(
        (number, known, c2s) in any::<(u32, bool, Option<bool>)>(),
        at in prop::option::of(arb_at()),
        (frame, message, offset, more) in any::<(Option<u64>, Option<u64>, Option<u64>, u64)>(),
        text in "[ -~é\"\\\\\n]{0,700}",
    ) {
        let dir = c2s.map(|c2s| if c2s { Dir::C2s } else { Dir::S2c });
        let finding = Finding { dir, at, frame, message, offset, more, text, ..sample::finding() };
        let conn = sample::connection(known.then_some(number));
        let expected = oracle(&Record::Finding(record::Finding::new(Some(number), &finding)));
        prop_assert_eq!(put_together(number, &line(&conn, Event::Finding(&finding), false)), expected);
    }

    #[test]
    fn ends_are_as_their_type_writes_them((number, known) in any::<(u32, bool)>(), closing in arb_closing()) {
        let conn = sample::connection(known.then_some(number));
        let expected = oracle(&Record::End(record::End::new(number, &closing)));
        prop_assert_eq!(put_together(number, &line(&conn, Event::Closed(&closing), false)), expected);
    }
}

/// What the sink would write of an outbox with one record.
fn put_together(number: u32, out: &Outbox<Span>) -> String {
    let mut output = Output::new(Vec::new(), Shape::Lines, false);
    match out.records[..] {
        [] => output.lines(&out.bytes[6..]).unwrap(),
        [span] => output.span(number, span, &out.bytes).unwrap(),
        _ => panic!("one record"),
    }
    output.finish().unwrap();
    String::from_utf8(output.into_inner()).unwrap()
}

/// `cargo test --release --lib report::json -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed() {
    let mut seed = 1u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut trades = Vec::new();
    for _ in 0..500 {
        let names = ["BTC", "ETHEUR", "X", "SOL-PERP"];
        trades.push(format!(
            r#"{{"type":"trade","symbol":"{}","px":{},"qty":{}.{},"side":"{}","ts":17000{},"id":{},"u":"a{}"}}"#,
            names[random(4) as usize],
            random(100_000),
            random(100),
            random(1000),
            ["buy", "sell"][random(2) as usize],
            random(100_000_000),
            random(1_000_000),
            random(100)
        ));
    }
    let trades: Vec<&[u8]> = trades.iter().map(String::as_bytes).collect();
    let many = trades.concat();
    let plain = "The quick brown fox jumps over the lazy dog and runs away into the woods. ".repeat(2);
    let cases: [(&str, Kind, Vec<&[u8]>); 8] = [
        ("16 B text", Kind::Text, vec![b"Hello, world 123"]),
        ("16 B binary", Kind::Binary, vec![b"Hello, world 123"]),
        ("110 B JSON, varied", Kind::Text, trades.clone()),
        ("110 B JSON, same", Kind::Text, trades[..1].to_vec()),
        ("148 B plain text", Kind::Text, vec![plain.as_bytes()]),
        ("148 B binary", Kind::Binary, vec![plain.as_bytes()]),
        ("50 KB JSON", Kind::Text, vec![&many]),
        ("empty", Kind::Text, vec![b""]),
    ];
    for (name, kind, payloads) in cases {
        for numbered in [true, false] {
            let mut observer = JsonObserver::new(&JsonOptions::default());
            let conn = sample::connection(numbered.then_some(3));
            let mut out = Outbox::default();
            let (mut best, mut size) = (f64::MAX, 0);
            let rounds = 40_000_000 / (payloads[0].len() + 200) as u64 / 5;
            for _ in 0..7 {
                let start = Instant::now();
                for n in 0..rounds {
                    let payload = payloads[(n * 7) as usize % payloads.len()];
                    let dir = if (n * 7) & 8 == 0 { Dir::C2s } else { Dir::S2c };
                    let place = At { packet: 40_000 + n, time: Timestamp::from_nanos(n as i64 * 12_345) };
                    let len = payload.len() as u64;
                    let message = Message {
                        text: None,
                        n,
                        dir,
                        kind,
                        payload,
                        len,
                        wire_len: len,
                        first: place,
                        last: place,
                        frames: 1,
                        first_frame: n,
                        last_frame: n,
                        compressed: false,
                        final_block: false,
                        exceeded: None,
                        fault: None,
                        utf8: Some(Utf8::Valid),
                        sha256: None,
                    };
                    observer.event(
                        std::hint::black_box(&conn),
                        Event::Message(std::hint::black_box(&message)),
                        &mut out,
                    );
                    if out.bytes.len() > 200_000 {
                        size = out.bytes.len();
                        out.bytes.clear();
                        out.records.clear();
                    }
                }
                best = best.min(start.elapsed().as_nanos() as f64 / rounds as f64);
            }
            std::hint::black_box(size);
            let (mut typed, payload) = (f64::MAX, payloads[0]);
            let message = sample::message(Dir::C2s, kind, payload);
            for _ in 0..7 {
                let start = Instant::now();
                for _ in 0..rounds {
                    let message = std::hint::black_box(&message);
                    out.bytes.clear();
                    append(
                        &Record::Message(record::Message::new(3, message, PayloadMode::Full, false)),
                        &mut out.bytes,
                    );
                }
                typed = typed.min(start.elapsed().as_nanos() as f64 / rounds as f64);
            }
            println!("{name:18} numbered {numbered:5}  {best:9.1} ns a line; with serde_json {typed:9.1}");
        }
    }
}

/// An outbox that something was written to before.
fn outbox_after(before: &[u8]) -> Outbox<Span> {
    let mut out = Outbox::default();
    out.bytes.extend_from_slice(before);
    out
}
