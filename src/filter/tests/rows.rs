//! What is true of which row, and what rows have to know for that.

use super::*;

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
