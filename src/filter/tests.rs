//! The language from end to end: what is read, what is refused, what is true of what.

mod any;
mod rows;

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
            request: Some(Request::parse(request, at(1, 0), at(1, 0))),
            response: Some(Response::parse(response, at(2, 1), at(2, 1))),
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
        last_frame: 52,
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
