//! The language from end to end: what is read, what is refused, what is true of what.

use proptest::prelude::*;

use super::*;
use crate::event::{CloseFrame, Closing, Connection, ConnectionId, Event, How, Totals, Transport};
use crate::http::upgrade::{Handshake, Request, Response};
use crate::item::{At, Dir};
use crate::packet::segment::Endpoint;
use crate::rules::{self, Finding};
use crate::time::Timestamp;
use crate::ws::fact::{Frame, Kind, Message, Utf8};
use crate::ws::header::Header;

/// Packet `packet`, captured `millis` after 2026-11-20T10:00:00Z.
fn at(packet: u64, millis: i64) -> At {
    At { packet, time: Timestamp::from_nanos(1_795_168_800_000_000_000 + millis * 1_000_000) }
}

fn connection() -> Connection {
    let head = |lines: &str| lines.replace('\n', "\r\n").into_bytes();
    let request = head(
        "GET /chat?room=1 HTTP/1.1\nHost: feed.local:8080\nOrigin: https://app.example\nUser-Agent: Firefox/130\n\
         X-Foo: one\nX-Foo: two\nSec-WebSocket-Extensions: permessage-deflate\n\n",
    );
    let response = head(
        "HTTP/1.1 101 Switching Protocols\nSec-WebSocket-Protocol: graphql-ws\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12\n\n",
    );
    Connection {
        id: ConnectionId { packet: 1, attempt: 0 },
        number: Some(3),
        opened: at(1, 0),
        client: Endpoint::v4([10, 0, 0, 12], 51_560),
        server: Endpoint::v4([10, 0, 1, 5], 8_080),
        transport: Transport::Http1,
        handshake: Some(Box::new(Handshake {
            request: Some(Request::parse(&request, at(1, 0), at(1, 0))),
            response: Some(Response::parse(&response, at(2, 1), at(2, 1))),
            early_bytes: 0,
        })),
    }
}

fn message(dir: Dir, kind: Kind, payload: &[u8]) -> Message<'_> {
    Message {
        dir,
        n: 41,
        kind,
        first: at(9, 1_500),
        last: at(10, 1_500),
        frames: 2,
        first_frame: 52,
        wire_len: 40,
        len: payload.len() as u64,
        compressed: true,
        fault: None,
        payload,
        text: None,
        utf8: (kind == Kind::Text).then_some(Utf8::Valid),
        sha256: None,
        exceeded: None,
        final_block: false,
    }
}

fn frame(bytes: &[u8]) -> Frame<'static> {
    let (header, _) = Header::decode(bytes).unwrap();
    Frame {
        dir: Dir::C2s,
        n: 52,
        first: at(9, 1_500),
        last: at(9, 1_500),
        offset: 6,
        header,
        seen: 5,
        wire: b"",
    }
}

fn closing() -> Closing {
    let close = |code| Some(CloseFrame { code: Some(code), reason: "going away".to_owned() });
    let totals = Totals { frames: 4, messages: 3, bytes: 100, payload: 90 };
    Closing {
        at: at(20, 2_000),
        how: Some(How::Reset),
        close: [close(1_001), None],
        tcp: [None, None],
        totals: [totals, totals],
        findings: [1, 0, 2],
    }
}

fn parse(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn error(text: &str) -> FilterError {
    Filter::parse(text).expect_err(text)
}

/// The filter is true of this text message.
fn of_text(filter: &str, payload: &str) -> bool {
    let (conn, message) = (connection(), message(Dir::S2c, Kind::Text, payload.as_bytes()));
    parse(filter).matches(&Row::new(&conn, What::Message(&message), Facts::default()))
}

#[test]
fn normal_forms() {
    for (text, normal) in [
        ("ping", "op == ping"),
        ("-ping", "!(op == ping)"),
        ("not ping or pong", "!(op == ping) || op == pong"),
        (
            "payload[0:4]:abc .type:error header[a]:b",
            "payload[0:4] ~ \"abc\" && .type == \"error\" && header[\"a\"] ~ \"b\"",
        ),
        ("op:text len:>64k", "op == text && len > 64000"),
        ("dir == s2c && len > 64k", "dir == s2c && len > 64000"),
        ("s2c", "dir == s2c"),
        (".error || close.code >= 1002", ".error || close.code >= 1002"),
        (".data[].symbol == \"BTC\" and .px > 61000", ".data[].symbol == \"BTC\" && .px > 61000"),
        ("\"timeout\"", "payload ~ \"timeout\""),
        ("timeout", "payload ~ \"timeout\""),
        ("/time ?out/i", "payload =~ /time ?out/i"),
        ("reply > 100ms && host == feed.local", "reply > 100ms && host == \"feed.local\""),
        ("payload[0:2] == 1f:8b", "payload[0:2] == 0x1f8b"),
        ("payload[3] == 0x00", "payload[3:4] == 0x00"),
        ("payload[:4] == \"a\" payload[4:] != b", "payload[0:4] == \"a\" && payload[4:] != \"b\""),
        ("websocket.opcode == 9", "op == ping"),
        (
            "op == PING fin == False _ws.expert.severity == \"Error\"",
            "op == ping && fin == false && severity == error",
        ),
        ("op == 3 || op == 0", "op == 3 || op == cont"),
        ("finding && client in {10.0.0.0/24}", "finding && client in {10.0.0.0/24}"),
        ("a b or c d", "(payload ~ \"a\" && payload ~ \"b\") || (payload ~ \"c\" && payload ~ \"d\")"),
        ("ping and (pong and (close))", "op == ping && op == pong && op == close"),
        ("!!ping", "!!(op == ping)"),
        ("!fin", "!fin"),
        ("fin == 1 and mask == false and rsv1 != true", "fin && mask == false && rsv1 == false"),
        ("5 < len", "len > 5"),
        ("\"error\" == .type", ".type == \"error\""),
        ("close.code in {1000..1003, 3000}", "close.code in {1000..1003, 3000}"),
        ("close.code not in {1000 1001}", "!(close.code in {1000, 1001})"),
        ("path ~ \"/ws\" path !~ /^\\/a/", "path ~ \"/ws\" && path !~ /^\\/a/"),
        ("path matches \"a\\\\/b/c\\\\\\\\\"", "path =~ /a\\/b\\/c\\\\/"),
        ("header[\"X-Foo\"] contains tw", "header[\"X-Foo\"] contains \"tw\""),
        ("http.host == a:80", "header[\"Host\"] == \"a:80\""),
        (
            "at >= 2026-11-20T10:00:01.5Z at < 10:00:02",
            "at >= 2026-11-20T10:00:01.500000000Z && at < 10:00:02",
        ),
        ("delta > -1.5s time < 2m rtt >= 0.1", "delta > -1500ms && time < 120s && rtt >= 100ms"),
        ("finding == client-unmasked or F004", "finding == F004 || finding == F004"),
        ("severity >= warning", "severity >= warning"),
        ("ratio < 1", "ratio < 1.0"),
        (
            ".id == 5 .px > 1.5 .ok == true .n == null .t == abc .u == \"5\"",
            ".id == 5 && .px > 1.5 && .ok == true && .n == null && .t == \"abc\" && .u == \"5\"",
        ),
        (".\"odd key\"[-1][\"k\"]", ".\"odd key\"[-1].k"),
        ("payload == \"a\\\"b\\n\\u{7}\"", "payload == \"a\\\"b\\n\\u{7}\""),
    ] {
        assert_eq!(parse(text).to_string(), normal, "{text}");
        assert_eq!(parse(normal).to_string(), normal);
        assert_eq!(parse(normal), parse(text), "{text}");
    }
}

#[test]
fn wireshark_names() {
    for (theirs, ours) in [
        ("websocket.opcode == 1 && ip.src == 10.0.0.12", "op == text && src == 10.0.0.12"),
        ("websocket.fin == 0", "fin == false"),
        ("websocket.mask == 1", "mask"),
        ("websocket.rsv == 4", "rsv == 4"),
        ("websocket.pmc == 1", "rsv1"),
        ("websocket.masking_key == 37:fa:21:3d", "key == 0x37fa213d"),
        ("websocket.payload_length == 126", "len7 == 126"),
        ("websocket.payload contains \"hello\"", "payload contains \"hello\""),
        ("websocket.payload.text matches \"a.c\"", "payload =~ /a.c/"),
        ("websocket.payload.close.status_code eq 1000", "close.code == 1000"),
        ("websocket.payload.close.reason contains \"bye\"", "close.reason contains \"bye\""),
        ("ip.addr == 10.0.0.0/8 or ipv6.addr == ::1", "ip == 10.0.0.0/8 || ip == ::1"),
        ("ip.dst ne 10.0.0.1", "dst != 10.0.0.1"),
        ("tcp.port in {80, 8080..8090}", "port in {80, 8080..8090}"),
        ("tcp.srcport == 80 and tcp.dstport gt 1024", "src.port == 80 && dst.port > 1024"),
        ("http.request.uri contains \"/ws\"", "path contains \"/ws\""),
        ("http.request.method == \"GET\"", "method == \"GET\""),
        ("http.response.code == 401", "status == 401"),
        ("http.user_agent contains \"curl\"", "header[\"User-Agent\"] contains \"curl\""),
        ("http.sec_websocket_protocol == \"chat\"", "header[\"Sec-WebSocket-Protocol\"] == \"chat\""),
        ("frame.number <= 100 && tcp.time_relative > 1.5", "packet <= 100 && time > 1500ms"),
        ("frame.time >= \"2026-11-20 10:00:00\"", "at >= 2026-11-20T10:00:00.000000000Z"),
        ("_ws.expert && _ws.expert.severity == error", "finding && severity == error"),
        ("websocket", "websocket"),
    ] {
        assert_eq!(parse(theirs).to_string(), ours, "{theirs}");
    }
    // The table of aliases and this list speak of the same names.
    for info in FIELDS {
        for alias in info.aliases.iter().filter(|alias| alias.contains('.')) {
            assert!(parse(&format!("{alias} || ping")).to_string().starts_with(info.name), "{alias}");
        }
    }
}

#[test]
fn every_example_is_a_filter_with_its_field() {
    for info in FIELDS {
        let filter = parse(info.example);
        assert!(filter.uses().any(|(name, _)| name == info.name), "{}: {}", info.name, info.example);
        assert!(filter.remarks().is_empty(), "{}", info.example);
        assert!(!filter.needs().rows.is_empty(), "{}", info.example);
        assert!(Filter::parse(info.name).is_ok(), "{}", info.name);
    }
}

#[test]
fn what_is_wrong_is_shown() {
    for (text, shown) in [
        (
            "op == txt",
            "unknown opcode `txt`\n  | op == txt\n  |       ^^^ did you mean `text`?\n  \
             = help: `wscope fields op` lists values",
        ),
        (
            "pyload == x",
            "unknown field `pyload`\n  | pyload == x\n  | ^^^^^^ did you mean `payload`?\n  \
             = help: `wscope fields` lists them; a path into a JSON payload begins with a dot: `.pyload`",
        ),
        (
            "len > big",
            "`len` is of type number, and `big` is none\n  | len > big\n  |       ^^^\n  \
             = help: write a number such as 5, 0x1f, 64k or 4KiB",
        ),
        (
            "client == 10.0.0.1:80",
            "`client` is of type address, and `10.0.0.1:80` is none\n  | client == 10.0.0.1:80\n  |           ^^^^^^^^^^^\n  \
             = help: write `client == 10.0.0.1 && client.port == 80`",
        ),
    ] {
        assert_eq!(error(text).to_string(), shown);
    }
}

#[test]
fn faults() {
    for (text, span, message) in [
        ("", 0..0, "the filter is empty"),
        ("op ==", 5..5, "a value is expected behind `==`"),
        ("op == (text)", 6..7, "a value is expected here"),
        ("(ping", 0..1, "this parenthesis is not closed"),
        ("ping)", 4..5, "this closes nothing"),
        ("ping and", 8..8, "the filter ends where a term is expected"),
        ("and ping", 0..3, "a term is expected before `and`"),
        ("op < text", 5..9, "`op` has no order: it is of type opcode"),
        ("op ~ te", 5..7, "`op` is of type opcode: text is not looked for in it"),
        ("ip contains 10", 12..14, "`ip` is of type address: text is not looked for in it"),
        ("op == 16", 6..8, "unknown opcode `16`"),
        ("dir == s2s", 7..10, "`s2s` is no value of `dir`"),
        ("finding == F999", 11..15, "there is no rule `F999`"),
        ("fin == maybe", 7..12, "`fin` is of type yes/no, and `maybe` is none"),
        ("len == 1.5", 7..10, "`len` is of type number, and `1.5` is none"),
        ("rtt > -5ms", 6..10, "`rtt` is of type duration, and `-5ms` is none"),
        ("payload =~ /(/", 11..14, "this is no regular expression: unclosed group"),
        ("payload == /x/", 11..14, "`==` takes no regular expression"),
        ("len == {1, 2}", 4..6, "a set is compared with `in`"),
        ("len in 5", 7..8, "a set is expected behind `in`"),
        ("len in {}", 8..9, "the set is empty"),
        ("len in {1, 2", 7..8, "this set is not closed"),
        ("len in {1..x}", 8..12, "`len` is of type number, and `x` is none"),
        ("len[0:2] == 5", 3..4, "`len` is a number: it has no parts"),
        ("payload[x] == 5", 7..10, "this is no part of it"),
        ("payload[4:2] == 5", 7..12, "it ends before it begins"),
        ("5 < len < 10", 8..9, "this is not expected here"),
        ("len > 5 < 10", 8..9, "comparisons do not go on"),
        ("len == .size", 7..12, "a value is expected here"),
        (".a > null", 5..9, "JSON orders numbers and texts only"),
        ("jq(\".a\")", 0..2, "there is no function `jq`"),
        ("tcp.stream == 0", 0..10, "`tcp.stream` has no equal here"),
        ("@errors", 0..7, "there is no saved filter `@errors`"),
        ("header[5", 0..6, "a header is named in brackets"),
        ("{1}", 0..1, "a term is expected here"),
        ("ping, pong", 4..5, "this is not expected here"),
    ] {
        let error = error(text);
        assert_eq!((error.span.clone(), &*error.message), (span, message), "{text}");
        assert_eq!(error.text, text);
    }
}

#[test]
fn what_is_too_much_is_an_error() {
    let nested = |n: usize| format!("{}ping{}", "(".repeat(n), ")".repeat(n));
    assert!(Filter::parse(&nested(64)).is_ok());
    for text in [
        nested(65),
        nested(5_000),
        "!".repeat(65) + "ping",
        "-".repeat(5_000) + "ping",
        "ping ".repeat(257),
        format!("len in {{{}}}", "1,".repeat(300)),
        "a".repeat(20_000),
        format!(".{}", vec!["a"; 40].join(".")),
        format!("payload =~ /{}/", "(a{1000}){1000}"),
        format!("payload =~ /{}a{}/", "(".repeat(200), ")".repeat(200)),
    ] {
        let error = error(&text).to_string();
        assert!(error.lines().count() >= 3 && error.len() < 1_000, "{error}");
    }
    assert!(Filter::parse(&("! ".repeat(64) + "ping")).is_ok());
}

#[test]
fn saved_filters_are_read_in_their_place() {
    let saved = |name: &str| match name {
        "errors" => Some(".error || close.code >= 1002".to_owned()),
        "big" => Some("len > 1k && @errors".to_owned()),
        "loop" => Some("@loop".to_owned()),
        "bad" => Some("op == txt".to_owned()),
        _ => None,
    };
    let parse = |text: &str| Filter::parse_with(text, &saved);
    assert_eq!(
        parse("s2c && @big").unwrap().to_string(),
        "dir == s2c && len > 1000 && (.error || close.code >= 1002)"
    );
    let message = |text: &str| {
        let error = parse(text).unwrap_err();
        (error.span, error.message)
    };
    assert_eq!(
        message("ping || @bad"),
        (8..12, "in the saved filter `@bad`: unknown opcode `txt`".to_owned())
    );
    assert_eq!(message("@loop").1, "saved filters name one another too deeply, or in a circle");
    assert_eq!(message("@nope").1, "there is no saved filter `@nope`");
}

#[test]
fn words_that_may_be_mistyped_are_remarked() {
    assert_eq!(
        parse("pign").remarks(),
        ["`pign` is no field: it is looked for in payloads (did you mean `ping`?)"]
    );
    assert_eq!(parse("op == 1 or 2").remarks(), ["`2` by itself is looked for in payloads"]);
    assert!(parse("\"pign\" timeout banana \"404\"").remarks().is_empty());
}

#[test]
fn json_payloads() {
    let payload = r#"{"type":"error","id":7,"px":61000.5,"big":9007199254740993,"ok":true,"no":false,"nil":null,
        "items":[{"price":1,"tags":["a","b"]},{"price":70000}],"odd key":"x","data":{"k":{"symbol":"BTC"}},"e":[]}"#;
    for (filter, expected) in [
        (".type == \"error\"", true),
        (".type == error", true),
        (".type != error", false),
        (".type != 5", true),
        (".none != 5", false),
        ("!(.none == 5)", true),
        (".type ~ ERR && .type contains err && .type =~ /^e.*r$/", true),
        (".type !~ ERR", false),
        (".id == 7 && .id == 7.0 && .id < 8 && .id in {1, 5..9}", true),
        (".id == \"7\"", false),
        (".type > d && .type < f", true),
        (".type > 5", false),
        (".px > 61000 && .px < 61k", false),
        (".px > 61k", true),
        (".big == 9007199254740993 && .big != 9007199254740992", true),
        (".ok && .id && .ok == true && .no == false", true),
        (".no || .nil || .none", false),
        (".nil == null && .none == null && .nil != 5", true),
        (".nil != null || .none != null", false),
        (".no != null", true),
        (".items[0].price == 1 && .items[-1].price == 70000", true),
        (".items[2] || .items[-3]", false),
        (".items[].price > 60000", true),
        (".items[].price == 5", false),
        (".items[].price != 5", true),
        (".items[].price != 1", false),
        (".items[].tags[] == b", true),
        (".e[] != 5", false),
        (".data[].symbol == BTC && .\"odd key\" == x && .[\"odd key\"] == x", true),
        (".items.price", false),
        (".", true),
    ] {
        assert_eq!(of_text(filter, payload), expected, "{filter}");
    }
    assert!(of_text(".[0] == \"event\" && .[1].a", r#"["event",{"a":1}]"#));
    // A key in disguise, and what is no JSON.
    assert!(of_text(".type == 1", r#"{"\u0074ype":1}"#));
    for filter in [".a", ".a == null", ".a != 1", "."] {
        assert!(!of_text(filter, "no JSON: a"), "{filter}");
        assert!(!of_text(filter, &"[".repeat(100_000)), "{filter}");
    }
    // Beyond the limit nothing is read.
    let long = |size: usize| format!("{{\"a\":\"{}\"}}", "x".repeat(size));
    assert!(of_text(".a", &long(JSON_LIMIT - 100)) && !of_text(".a", &long(JSON_LIMIT)));
}

#[test]
fn json_of_what_is_not_whole_is_absent() {
    let conn = connection();
    let row = |message: &Message<'_>| {
        parse(".a").matches(&Row::new(&conn, What::Message(message), Facts::default()))
    };
    let whole = message(Dir::C2s, Kind::Text, b"{\"a\":1}");
    assert!(row(&whole));
    assert!(!row(&Message { len: 8, ..whole }));
    assert!(!row(&Message { fault: Some(crate::ws::fact::Fault::Missing), ..whole }));
    assert!(!row(&Message { kind: Kind::Binary, ..whole }));
}

#[test]
fn messages() {
    let conn = connection();
    let text = message(Dir::S2c, Kind::Text, "Hello, Größe \u{1f600}".as_bytes());
    let close =
        Message { compressed: false, frames: 1, ..message(Dir::C2s, Kind::Close, b"\x03\xeabad frame") };
    let facts = Facts { delta: Some(-1_000_000), rtt: None, reply: Some(150_000_000), ..Facts::default() };
    let (text, close) =
        (Row::new(&conn, What::Message(&text), facts), Row::new(&conn, What::Message(&close), facts));
    for (filter, of_text, of_close) in [
        ("op == text && op == data && op in {text, ping}", true, false),
        ("op != text", false, true),
        ("op == control || op == reserved", false, true),
        ("s2c && src == 10.0.1.5 && src.port == 8080 && dst == 10.0.0.0/24", true, false),
        ("dir != s2c", false, true),
        ("ip == 10.0.0.12 && ip == 10.0.1.5 && port == 8080", true, true),
        // Of two addresses, neither may be it.
        ("ip != 10.0.0.12", false, false),
        ("ip != 10.9.9.9", true, true),
        ("client in {10.0.0.0/24} && server != 10.0.0.0/24", true, true),
        ("host == feed.local && header[host] == feed.local:8080", true, true),
        ("path == \"/chat?room=1\" && path[0:5] == \"/chat\" && url ~ LOCAL", true, true),
        ("origin contains app && ua ~ firefox && method == GET && status == 101", true, true),
        ("subproto == graphql-ws && ext contains \"bits=12\" && pmd", true, true),
        ("header[X-Foo] == two && header[x-foo] == one", true, true),
        ("header[X-Foo] != two", false, false),
        ("header[X-Bar] != two || header[X-Bar]", false, false),
        ("conn == 3 && conn in {1..3} && packet == 10 && msg == 41 && frame == 52", true, true),
        ("time == 1500ms && time == 1.5 && time >= 1s && time < 2s", true, true),
        (
            "at == 2026-11-20T10:00:01.5Z && at == 10:00:01.5 && at > 09:59 && at < 10:01 && at in {10:00..10:01}",
            true,
            true,
        ),
        ("at > 10:00:01.5 || at < 10:00:01.5", false, false),
        ("delta < 0s && delta >= -1ms && reply > 100ms", true, true),
        ("rtt || rtt < 1h || rtt != 5ms", false, false),
        ("!rtt", true, true),
        ("compressed && fragmented && frames == 2", true, false),
        ("ratio > 0.4 && ratio < 0.6", true, false),
        ("ratio != 5", true, false),
        ("close.code == 1002 && close.reason contains bad", false, true),
        ("close.code != 1000", false, true),
        ("payload contains Hello && payload ~ \"größe\" && payload =~ /^H.*😀$/", true, false),
        ("payload ~ hello && payload !~ bye && payload !~ /^x/", true, false),
        ("payload[0:2] == 48:65 && payload[7:9] == \"Gr\"", true, false),
        ("payload[0:1000] != 00:00", false, false),
        ("payload contains 0x03ea", false, true),
        ("payload[0:2] == 03:ea", false, true),
        ("utf8", true, false),
        ("complete && websocket", true, true),
        ("fin || finding || end == reset || messages > 0", false, false),
        ("!fin", true, true),
        ("greeting or hello", true, false),
    ] {
        assert_eq!(
            (parse(filter).matches(&text), parse(filter).matches(&close)),
            (of_text, of_close),
            "{filter}"
        );
    }
}

#[test]
fn frames_findings_and_ends() {
    let conn = connection();
    let masked = frame(b"\x41\x85\x37\xfa\x21\x3d");
    let row = Row::new(&conn, What::Frame(&masked), Facts::default());
    for (filter, expected) in [
        ("op == text && fin == false && fragmented && rsv1 && rsv == 4 && !rsv2 && rsv3 == false", true),
        (
            "mask && key == 37:fa:21:3d && headerlen == 6 && len7 == 5 && len == 5 && seen == 5 && offset == 6",
            true,
        ),
        ("fin || rsv2 || seen < 5 || .a || payload", false),
        ("complete && frame == 52 && packet == 9 && c2s", true),
    ] {
        assert_eq!(parse(filter).matches(&row), expected, "{filter}");
    }
    let finding = Finding {
        frame: Some(52),
        ..Finding::new(rules::find("F004").unwrap(), Dir::C2s, at(9, 1_500), "frame 52 is not masked")
    };
    let row = Row::new(&conn, What::Finding(&finding), Facts::default());
    for (filter, expected) in [
        ("finding && finding == F004 && finding == client-unmasked && finding in {F001, f004}", true),
        ("finding != F001 && severity == error && severity > note && finding.text ~ MASKED", true),
        ("severity < error || finding == F001 || op == text || msg", false),
        ("frame == 52 && c2s && host == feed.local", true),
    ] {
        assert_eq!(parse(filter).matches(&row), expected, "{filter}");
    }
    let closing = closing();
    let row = Row::new(&conn, What::Closing(&closing), Facts::default());
    for (filter, expected) in [
        ("end == reset && lasted == 2s && messages == 6 && bytes == 200 && errors > 0 && notes == 2", true),
        ("close.code == 1001 && close.reason ~ away && close.code != 1000", true),
        ("close.code != 1001 || open || warnings > 0 || end == clean || src", false),
        ("open == false && time == 2s && host == feed.local", true),
        ("packet", false),
    ] {
        assert_eq!(parse(filter).matches(&row), expected, "{filter}");
    }
    let refused = Closing { how: None, ..closing };
    assert!(parse("end == refused").matches(&Row::new(&conn, What::Closing(&refused), Facts::default())));
    // What nobody knows is absent.
    let bare = Connection { handshake: None, number: None, ..conn };
    let row = Row::new(&bare, What::Connection, Facts::default());
    for filter in ["host", "pmd", "pmd == false", "status != 5", "conn", "packet", "header[a]", "dir", "url"]
    {
        assert!(!parse(filter).matches(&row), "{filter}");
    }
    assert!(parse("time == 0s && client && port").matches(&row));
}

#[test]
fn what_came_before() {
    let conn = connection();
    let mut context = Context::default();
    let mut feed = |dir, kind, payload: &'static [u8], millis| {
        let message = Message { last: at(1, millis), ..message(dir, kind, payload) };
        let Facts { delta, rtt, reply, .. } = context.feed(&conn, Event::Message(&message));
        [delta, rtt, reply].map(|nanos| nanos.map(|nanos| nanos / 1_000_000))
    };
    use Dir::{C2s, S2c};
    assert_eq!(feed(C2s, Kind::Text, b"q", 0), [None, None, None]);
    assert_eq!(feed(S2c, Kind::Ping, b"1", 10), [Some(10), None, None]);
    assert_eq!(feed(S2c, Kind::Ping, b"2", 20), [Some(10), None, None]);
    assert_eq!(feed(S2c, Kind::Text, b"a", 50), [Some(30), None, Some(50)]);
    // Only the first answer is one.
    assert_eq!(feed(S2c, Kind::Text, b"a", 60), [Some(10), None, None]);
    assert_eq!(feed(C2s, Kind::Pong, b"2", 65), [Some(5), Some(45), None]);
    // The Pong for 2 stood for 1 too; and a Pong of the Ping's own sender is none.
    assert_eq!(feed(C2s, Kind::Pong, b"1", 70), [Some(5), None, None]);
    assert_eq!(feed(S2c, Kind::Pong, b"2", 75), [Some(5), None, None]);
    assert_eq!(feed(C2s, Kind::Binary, b"", 80), [Some(5), None, Some(20)]);
    let frame = frame(b"\x81\x00");
    assert_eq!(context.feed(&conn, Event::Frame(&frame)).delta, None);
    assert_eq!(context.feed(&conn, Event::Frame(&frame)).delta, Some(0));
    context.feed(&conn, Event::Closed(&closing()));
    assert_eq!(context.feed(&conn, Event::Frame(&frame)), Facts::default());
}

#[test]
fn needs() {
    let needs = |text: &str| parse(text).needs();
    assert_eq!((needs("ping").payload, needs("ping").json), (0, false));
    assert_eq!(needs("payload[2:6] == abcd && payload[0] == 00:01").payload, 6);
    assert_eq!(needs("timeout").payload, usize::MAX);
    assert_eq!((needs(".a").payload, needs(".a").json), (JSON_LIMIT, true));
    assert!(needs("conn == 1").number && needs("rtt > 1s").running && !needs("time > 1s").running);
    let want = Want { payload: 4, hash: true, frame_bytes: 9 };
    assert_eq!(needs("ping").want(want), want);
    assert_eq!(needs("payload[0:6] == a").want(want).payload, 6);
    for (text, rows) in [
        ("ping", Rows::MESSAGE.or(Rows::FRAME)),
        ("op == cont", Rows::FRAME),
        ("ping && fin", Rows::FRAME),
        ("ping || finding", Rows::MESSAGE.or(Rows::FRAME).or(Rows::FINDING)),
        ("host == a", Rows::ALL),
        ("host == a && .x", Rows::MESSAGE),
        ("fin && .x", Rows::NONE),
    ] {
        assert_eq!(needs(text).rows, rows, "{text}");
    }
}

#[test]
fn what_rows_do_not_have_is_said() {
    let require = |text: &str, rows| {
        parse(text)
            .require(rows, "and `show` prints messages", |_| Some("use --frames"))
            .map_err(|error| error.to_string())
    };
    assert_eq!(require("ping && host == a", Rows::MESSAGE), Ok(()));
    assert_eq!(
        require("ping || fin", Rows::MESSAGE).unwrap_err(),
        "`fin` is a fact of frames, and `show` prints messages\n  | ping || fin\n  |         ^^^\n  = help: use --frames"
    );
    assert!(require("cont", Rows::MESSAGE).unwrap_err().starts_with("`op == cont` is a fact of frames, and"));
    let all = Rows::MESSAGE.or(Rows::FINDING);
    assert_eq!(
        require("len > 5 && finding", all).unwrap_err(),
        "`finding` is a fact of findings, `len` of messages and frames: nothing is both\n  \
         | len > 5 && finding\n  |            ^^^^^^^\n  = help: use `or`, or two filters"
    );
}

#[test]
fn connections_as_a_whole() {
    let conn = connection();
    let (ping, text) = (message(Dir::C2s, Kind::Ping, b""), message(Dir::S2c, Kind::Text, b"{\"a\":1}"));
    let (rows, end) = ([What::Message(&ping), What::Message(&text)], closing());
    for (text, selected) in [
        ("host == feed.local", true),
        ("host == b", false),
        // Messages at 1.5 s, the end at 2 s: both count.
        ("at <= 2026-11-20T10:00:01.5Z", true),
        ("at > 2026-11-20T10:00:01.9Z", true),
        ("at < 2026-11-20T10:00:01Z", false),
        ("at <= 2026-11-20T10:00:01.5Z && end == reset", true),
        ("at > 2026-11-20T10:00:01.6Z && ping", false),
        ("time <= 1.5s", false),
        ("end == reset && ping", true),
        ("end == clean && ping", false),
        ("end == reset && pong", false),
        // Of one message, not of two.
        ("ping && .a == 1", false),
        ("s2c && .a == 1", true),
        ("host == b || ping", true),
        ("host == feed.local || pong", true),
        ("close.code == 1001", true),
        // Of the end alone, not of any message that is no Close.
        ("!(close.code == 1001)", false),
        ("close.code == 1001 && end == reset", true),
        ("!ping", true),
    ] {
        let filter = parse(text).of_connections().unwrap();
        let row = |what| Row::new(&conn, what, Facts::default());
        let had = rows.iter().any(|what| filter.has(&row(*what)));
        assert_eq!(filter.selects(&row(What::Closing(&end)), had), selected, "{text}");
    }
    assert!(parse("finding && ping").of_connections().is_err());
}

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

#[test]
fn what_lists_keep_is_as_good_where_it_is_enough() {
    let conn = connection();
    let facts = Facts { delta: Some(5_000_000), reply: Some(7_000_000), marked: true, ..Facts::default() };
    for (kind, payload) in [
        (Kind::Text, "2"),
        (Kind::Text, "{\"type\":\"a\"}"),
        (Kind::Ping, ""),
        (Kind::Close, "\u{3}\u{e8}bye"),
    ] {
        let message = message(Dir::S2c, kind, payload.as_bytes());
        let brief = Brief {
            dir: message.dir,
            n: message.n,
            kind: message.kind,
            last: message.last,
            frames: message.frames,
            first_frame: message.first_frame,
            wire_len: message.wire_len,
            len: message.len,
            compressed: message.compressed,
            complete: message.complete(),
            close_code: message.close_code(),
            head: message.payload,
        };
        let bare = Connection { handshake: None, ..conn.clone() };
        let mut brief_fields = 0;
        for info in FIELDS {
            for text in [info.name, info.example] {
                let filter = parse(text);
                let whole = filter.matches(&Row::new(&conn, What::Message(&message), facts));
                let short = filter.matches(&Row::new(&bare, What::Brief(&brief), facts));
                if filter.needs().brief {
                    brief_fields += 1;
                    assert_eq!(whole, short, "{text} {kind:?}");
                }
            }
        }
        assert!(brief_fields > 60, "{brief_fields}");
    }
    for (text, brief) in [
        ("len > 5 && op == text", true),
        ("len > 5 || payload ~ a", false),
        (".type", false),
        ("host == a", false),
        ("header[a] == b", false),
        ("rtt > 1s", false),
        ("delta > 1s", true),
        ("heartbeat && end == reset", true),
    ] {
        assert_eq!(parse(text).needs().brief, brief, "{text}");
    }
}

#[test]
fn times_before_the_end() {
    let filter = parse("at >= -10s && at in {-1m..-5ms}");
    assert_eq!(filter.to_string(), "at >= -10s && at in {-60s..-5ms}");
    assert!(filter.needs().end && !parse("at >= 10:00").needs().end);
    let conn = connection();
    let message = message(Dir::S2c, Kind::Text, b"x");
    let row = || Row::new(&conn, What::Message(&message), Facts::default());
    // Without the end, they are true of nothing.
    assert!(!parse("at >= -10s").matches(&row()));
    let at_end = |text: &str, millis| parse(text).at_end(at(9, millis).time).matches(&row());
    assert!(at_end("at >= -10s", 11_500) && !at_end("at >= -10s", 11_501));
    assert!(at_end("at in {-2s..-1s}", 3_000) && !at_end("at in {-2s..-1s}", 2_000));
    assert!(parse("at >= -10s").at_end(at(9, 0).time).require_no_interface().is_err());
    let error = error("time > -10s");
    assert_eq!(error.help.as_deref(), Some("for what is so near to the capture's end, write `at >= -10s`"));
}

#[test]
fn what_only_the_interface_knows() {
    for text in ["marked", "note && ping", "ping or at > -10s", "@mine"] {
        let filter = Filter::parse_with(text, &|_| Some("!marked".to_owned())).unwrap();
        let error = filter.require_no_interface().expect_err(text);
        assert!(error.message.starts_with("only the terminal UI can tell"), "{error}");
        assert!(text.get(error.span.clone()).is_some() && error.text == text, "{error}");
    }
    parse("heartbeat && at > 10:00").require_no_interface().unwrap();
    let conn = connection();
    let message = message(Dir::S2c, Kind::Text, b"x");
    let facts = Facts { noted: true, ..Facts::default() };
    let row = Row::new(&conn, What::Message(&message), facts);
    assert!(parse("note").matches(&row) && !parse("marked").matches(&row));
}
