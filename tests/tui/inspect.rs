//! One message: frame, payload, bytes, packets.

use std::io::Write as _;

use wscope::engine::Config;
use wscope::place::Place;
use wscope::tui::app::App;
use wscope::tui::drive::Driver;
use wscope::tui::feed::Feed;
use wscope::tui::model::{Effect, Model};
use wscope::tui::reopen::Reopener;
use wscope::tui::workers::Workers;

use super::support::talk::{Talk, Who, capture, frame, request, response};
use super::{open, pictures};

const KEY: Option<[u8; 4]> = Some([0x37, 0xfa, 0x21, 0x3d]);

/// A capture of these frames behind a handshake, and the interface on it.
fn talk(size: usize, frames: &[(Who, Vec<u8>)]) -> (tempfile::TempDir, Driver) {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request("Origin: http://example.com\r\nCookie: id=7\r\n"), 1000);
    talk.send(Who::Server, &response(""), 1000);
    for (who, bytes) in frames {
        talk.send(*who, bytes, size);
    }
    talk.close();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("talk.pcap");
    std::fs::write(&path, capture(&talk.segments)).unwrap();
    let driver = Driver::open(&[path], 120, 36).unwrap();
    (folder, driver)
}

fn text(who: Who, payload: &str) -> (Who, Vec<u8>) {
    (who, frame(0x81, if who == Who::Client { KEY } else { None }, payload.as_bytes()))
}

fn binary(payload: &[u8]) -> (Who, Vec<u8>) {
    (Who::Server, frame(0x82, None, payload))
}

/// Goes to what an id names, in this view.
fn at(driver: &mut Driver, id: &str) {
    driver.app.model.go(id.parse::<Place>().unwrap());
    driver.draw();
    driver.press("3");
}

fn copied(driver: &mut Driver) -> String {
    let mut copied = driver.effects.drain(..).filter_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text),
        _ => None,
    });
    copied.next_back().unwrap_or_default()
}

fn selected(driver: &Driver) -> String {
    let (row, _) = driver.app.model.current_message().unwrap();
    format!("{}.m{}", row.conn, row.n)
}

const SUBSCRIBE: &str = r#"{"id":"7","type":"subscribe","payload":{"query":"subscription($s:String!){trade(symbol:$s){px qty}}","variables":{"s":"BTC","limits":[1.50,2,300]},"operationName":null}}"#;

fn example() -> (tempfile::TempDir, Driver) {
    let mut fragment = frame(0x01, None, b"{\"type\":\"next\",\"id\":\"7\",");
    let rest =
        frame(0x80, None, b"\"payload\":{\"px\":61204.50,\"note\":\"\xe2\x80\xaeevil\x1b\xe6\xbc\xa2\"}}");
    let ping = frame(0x89, KEY, b"are you there?");
    let pong = frame(0x8a, None, b"are you there?");
    fragment.extend(rest);
    talk(
        100,
        &[
            text(Who::Client, SUBSCRIBE),
            (Who::Server, fragment),
            (Who::Client, ping),
            (Who::Server, pong),
            // A client that forgets to mask.
            (Who::Client, frame(0x81, None, b"plain \x01 text\nof two lines")),
            binary(b"\x82\xa7compact\xc3\xa6schema\x00"),
            binary(b"\x00\x01\x02\xff"),
            (Who::Client, frame(0x88, KEY, b"\x03\xe8done")),
        ],
    )
}

#[test]
fn pictures_of_frames() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m1");
    pictures("inspect_frame", &mut driver);
    driver.resize(120, 36);
    at(&mut driver, "1.m2");
    driver.press("<Right>");
    pictures("inspect_fragment", &mut driver);
    driver.resize(120, 36);
    at(&mut driver, "1.m5");
    pictures("inspect_fault", &mut driver);
}

#[test]
fn pictures_of_payloads() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m1");
    driver.press("]");
    pictures("inspect_payload", &mut driver);
    driver.resize(120, 36);
    at(&mut driver, "1.m5");
    pictures("inspect_text", &mut driver);
    driver.resize(120, 36);
    at(&mut driver, "1.m8");
    pictures("inspect_close", &mut driver);
}

#[test]
fn pictures_of_bytes_and_packets() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m1");
    driver.press("]]");
    pictures("inspect_hex", &mut driver);
    driver.resize(120, 36);
    driver.press("]");
    pictures("inspect_wire", &mut driver);
    let mut lossy = open("lossy.pcapng");
    at(&mut lossy, "1.m28");
    lossy.press("[");
    pictures("inspect_lossy", &mut lossy);
}

#[test]
fn pictures_of_nothing() {
    let mut driver = open("refused-then-accepted.pcapng");
    driver.app.model.message = None;
    driver.app.model.conn = None;
    driver.app.model.narrow.conn = Some(1);
    driver.app.model.narrowed();
    driver.press("3");
    pictures("inspect_nothing", &mut driver);
    let mut cut = open("snaplen-96.pcap");
    at(&mut cut, "1.m7");
    pictures("inspect_cut", &mut cut);
    cut.press("]");
    pictures("inspect_cut_payload", &mut cut);
}

#[test]
fn what_cannot_be_read_is_told() {
    let (folder, mut driver) = example();
    drop(folder);
    at(&mut driver, "1.m2");
    let text = driver.text();
    assert!(text.contains("talk.pcap: No such file") && text.contains("packet 8"), "{text}");
    driver.press("yp");
    assert!(driver.text().contains("No such file") && copied(&mut driver).is_empty());
    // Keys that want the payload do no harm.
    driver.press("]j]l[[[ri/").type_text("x").press("<Enter>");
    driver.app.model.reopener = None;
    driver.press("J");
    assert!(driver.text().contains("there is no capture to read its payload from"), "{}", driver.text());
    pictures("inspect_gone", &mut driver);
}

#[test]
fn fields_are_gone_over() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m1");
    assert!(driver.text().contains("[Frame] Payload  Hex  Wire"), "{}", driver.text());
    // The masking key: its bits are marked, and Enter shows its bytes.
    driver.press("jjjjjjj");
    let marked = |driver: &Driver| {
        let (text, roles) = (driver.text(), driver.roles());
        let cells = text.lines().zip(roles.lines()).find(|(line, _)| line.contains("Masking-key"));
        cells.unwrap().1.chars().filter(|role| role.is_uppercase() || *role == '_').count()
    };
    assert!(marked(&driver) > 30, "{}\n{}", driver.text(), driver.roles());
    driver.press("<Enter>");
    assert!(driver.text().contains("[Hex]"));
    assert!(driver.text().contains("0x04 at 4: 37 · masking key"), "{}", driver.text());
    // And back: the cursor of the bytes moves that of the fields.
    driver.press("gl[[");
    let row = driver.text().lines().position(|line| line.contains("16-bit form")).unwrap();
    assert!(driver.roles().lines().nth(row).unwrap().contains('_'));
}

#[test]
fn frames_and_messages_are_gone_through() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m2");
    assert!(driver.text().contains("1.m2 · frame 1 of 2 · 1.f2"), "{}", driver.text());
    driver.press("<Right>");
    assert!(driver.text().contains("1.m2 · frame 2 of 2 · 1.f3"));
    assert!(driver.text().contains("final fragment of a message"));
    driver.press("<Right>");
    assert!(driver.text().contains("frame 2 of 2") && driver.text().contains("no frame there"));
    driver.press("J");
    assert_eq!(selected(&driver), "1.m3");
    assert!(driver.text().contains("m4 (pong) after"), "{}", driver.text());
    driver.press("J");
    assert!(driver.text().contains("m3 (ping) after"));
    driver.press("KKK");
    assert_eq!(selected(&driver), "1.m1");
    driver.press("K");
    assert!(driver.text().contains("this is the first message shown"));
    driver.press("x");
    assert_eq!(selected(&driver), "1.m5");
    assert!(driver.text().contains("F004"), "{}", driver.text());
    // What narrows the list narrows the way too.
    driver.app.model.narrow.kinds = wscope::tui::model::Kinds::Binary;
    driver.app.model.narrowed();
    driver.press("J");
    assert_eq!(selected(&driver), "1.m6");
    driver.press("JJ");
    assert_eq!(selected(&driver), "1.m7");
}

#[test]
fn trees_are_folded() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m1");
    driver.press("]");
    let text = driver.text();
    assert!(text.contains("GraphQL over WebSocket · subscribe 7"), "{text}");
    for shown in [
        "▾ {3 keys}",
        "id: \"7\"",
        "▾ variables: {2 keys}",
        "▾ limits: [3 values]",
        "[0] 1.50",
        "operationName: null",
    ] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }
    driver.press("jjjjj");
    driver.press("yk");
    assert_eq!(copied(&mut driver), ".payload.variables");
    driver.press("h");
    assert!(driver.text().contains("▸ variables: {2 keys}  {\"s\":\"BTC\""), "{}", driver.text());
    assert!(!driver.text().contains("limits: ["));
    driver.press("hyk");
    assert_eq!(copied(&mut driver), ".payload");
    driver.press("<Enter>");
    assert!(!driver.text().contains("operationName"));
    // What is found is unfolded.
    driver.press("/").type_text("300").press("<Enter>");
    assert!(driver.text().contains("[2] 300") && driver.line(3).contains("1 of 1"), "{}", driver.text());
    driver.press("yk");
    assert_eq!(copied(&mut driver), ".payload.variables.limits[2]");
    driver.press("yy");
    assert_eq!(copied(&mut driver), "300");
    // Esc takes the search away, then goes back.
    driver.press("<Esc>");
    assert!(!driver.line(3).contains("1 of 1") && driver.text().contains("[Payload]"));
    driver.press("]");
    driver.press("G");
    assert!(driver.text().contains("[Hex]"));
    driver.press("rr<Right>");
    driver.press("yk");
    assert_eq!(copied(&mut driver), ".");
}

#[test]
fn searching_goes_around() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m1");
    driver.press("]/").type_text("S");
    assert!(driver.text().contains(" matches"), "{}", driver.text());
    driver.press("<Enter>nN");
    assert!(driver.line(3).contains("1 of"), "{}", driver.text());
    driver.press("N");
    assert!(driver.text().contains("from the end again"));
    driver.press("n");
    assert!(driver.text().contains("from the top again"), "{}", driver.text());
    driver.press("/").type_text("nowhere");
    assert!(driver.line(3).contains("no match"), "{}", driver.text());
    driver.press("<Esc>");
    assert!(driver.line(3).contains(" matches"), "{}", driver.text());
    driver.press("/").type_text("nowhere").press("<Enter>");
    assert!(driver.text().contains("`nowhere` is not in this payload"));
}

#[test]
fn payloads_are_what_they_are_taken_for() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m6");
    driver.press("]");
    assert!(driver.text().contains("MessagePack") && driver.text().contains("compact: true"));
    driver.press("r");
    assert!(
        driver.text().contains("hex · 18 bytes · raw") && driver.text().contains("82 a7"),
        "{}",
        driver.text()
    );
    driver.press("ri");
    assert!(driver.text().contains("no UTF-8 from byte"), "{}", driver.text());
    driver.press("i");
    assert!(
        driver.text().contains("text · 18 bytes · chosen")
            && driver.text().contains("<82><a7>compactæschema␀")
    );
    driver.press("iii");
    assert!(driver.text().contains("hex · 18 bytes · chosen"));
    driver.press("i");
    assert!(driver.text().contains("MessagePack") && driver.text().contains("decoded as what it is"));
    at(&mut driver, "1.m2");
    assert!(
        driver.text().contains("\"<U+202E>evil␛漢\"") || driver.text().contains("evil"),
        "{}",
        driver.text()
    );
}

#[test]
fn layers_are_taken_off() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(br#"42["chat",{"a":[]}]"#).unwrap();
    let (_folder, mut driver) = talk(100, &[binary(&gzip.finish().unwrap())]);
    at(&mut driver, "1.m1");
    driver.press("]");
    assert!(driver.text().contains("Socket.IO · event chat · gzip 39 → 19"), "{}", driver.text());
    assert!(driver.text().contains("a: []"));
}

#[test]
fn bytes_are_masked_unmasked_and_joined() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m3");
    driver.press("]]");
    let text = driver.text();
    assert!(text.contains("as on the wire · 20 bytes") && text.contains("89 8e 37 fa 21 3d"), "{text}");
    driver.press("r");
    assert!(driver.text().contains("21 3d 61 72  65 20 79 6f"), "{}", driver.text());
    driver.press("G");
    assert!(driver.text().contains("0x13 at 19: 3f · payload byte 13 of 14"), "{}", driver.text());
    driver.press("r");
    assert!(driver.text().contains("whole message · 14 bytes"));
    assert!(driver.text().contains("0x0d at 13: 3f"), "{}", driver.text());
    driver.press("r");
    assert!(driver.text().contains("0x13 at 19"));
    at(&mut driver, "1.m1");
    driver.press("rr");
    assert!(driver.text().contains("payload byte 0"), "{}", driver.text());
    driver.press("jjj");
    assert!(driver.text().contains(".payload.query"), "{}", driver.text());
    // Enter goes to the value, or to the field.
    driver.press("<Enter>yk");
    assert_eq!(copied(&mut driver), ".payload.query");
    driver.press("<Tab>rl<Enter>");
    assert!(driver.text().contains("[Frame]"), "{}", driver.text());
    // Without borders.
    driver.press("z");
    assert!(!driver.text().contains('│') && driver.text().contains("16-bit form"), "{}", driver.text());
    driver.press("<Esc>");
    assert!(driver.text().contains('│'));
}

#[test]
fn packets_are_told() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m1");
    driver.press("[");
    let text = driver.text();
    assert!(text.contains("[Wire]") && text.contains("2 segments with bytes of it"), "{text}");
    assert!(text.contains("f1 0–99") && text.contains("f1 100–"), "{text}");
    let mut lossy = open("lossy.pcapng");
    lossy.press("23[");
    let mut told = Vec::new();
    for _ in 0..118 {
        lossy.press("J");
        let text = lossy.text();
        assert!(!text.contains("not certain"), "{text}");
        told.extend(["retransmission", "out of order"].into_iter().filter(|word| text.contains(word)));
    }
    told.sort_unstable();
    told.dedup();
    assert_eq!(told, ["out of order", "retransmission"]);
}

#[test]
fn what_is_copied() {
    let (_folder, mut driver) = example();
    at(&mut driver, "1.m1");
    for (keys, text) in [
        ("yp", SUBSCRIBE),
        ("yi", "1.m1"),
        ("yf", "conn == 1 && msg == 1"),
        ("yw", "frame.number >= 6 && frame.number <= 7"),
        ("yc", "websocat --origin http://example.com -H 'Cookie: ***' ws://server.example.com/chat"),
    ] {
        driver.press(keys);
        assert_eq!(copied(&mut driver), text, "{keys}");
    }
    driver.press("Vyc");
    assert!(copied(&mut driver).contains("-H 'Cookie: id=7'"));
    driver.press("yj");
    let record: serde_json::Value = serde_json::from_str(&copied(&mut driver)).unwrap();
    assert_eq!((&record["type"], &record["text"]), (&"message".into(), &SUBSCRIBE.into()));
    at(&mut driver, "1.m7");
    driver.press("yp");
    assert_eq!(copied(&mut driver), "000102ff");
    at(&mut driver, "1.m8");
    driver.press("yp");
    assert_eq!(copied(&mut driver), "done");
    driver.press("yh");
    assert_eq!(copied(&mut driver), "03e8646f6e65");
    driver.press("1yi");
    assert_eq!(copied(&mut driver), "1");
    driver.press("yw");
    assert!(copied(&mut driver).starts_with("ip.addr == "));
}

#[test]
fn every_size_can_be_drawn() {
    let (_folder, mut driver) = example();
    for tab in 0..4 {
        for n in 1..=8 {
            at(&mut driver, &format!("1.m{n}"));
            for (width, height) in [(30, 8), (31, 9), (47, 12), (66, 20), (70, 15), (80, 24), (200, 60)] {
                driver.resize(width, height);
                driver.press("jlG<Right>kgh");
                assert!(driver.text().lines().count() == usize::from(height), "{tab} {n}");
            }
        }
        driver.press("]");
    }
}

#[test]
fn large_json_stays_quick() {
    let rows: Vec<String> =
        (0..40_000).map(|n| format!(r#"{{"n":{n},"text":"row number {n}","tags":["a","b"]}}"#)).collect();
    let payload = format!("[{}]", rows.join(","));
    let (_folder, mut driver) = talk(1400, &[text(Who::Server, &payload)]);
    at(&mut driver, "1.m1");
    driver.press("]");
    assert!(driver.text().contains("[40,000 values]"), "{}", driver.text());
    driver.press("G");
    assert!(driver.text().contains("[39999]"), "{}", driver.text());
    driver.press("yk");
    assert_eq!(copied(&mut driver), ".[39999].tags[1]");
    driver.press("/").type_text("number 20000").press("<Enter>yk");
    assert_eq!(copied(&mut driver), ".[20000].text");
    // A key is answered without going over all of it.
    let since = std::time::Instant::now();
    driver.press("jjjjjjjjjj");
    assert!(since.elapsed().as_millis() < 1_000, "{:?}", since.elapsed());
}

#[test]
fn threads_answer() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("captures/large-messages.pcap.gz");
    let config = Config::default();
    let feed = Feed::start(&[path], config.clone(), || {}).unwrap();
    let reopener = Reopener::new(feed.files(), &config);
    let (woken, wakes) = std::sync::mpsc::channel();
    let workers = Workers::start(move || woken.send(()).unwrap());
    let mut app = App::new(Model::new("large".to_owned(), workers, Some(reopener)), Some(feed));
    app.settle();
    let mut driver = Driver::new(app, 80, 24);
    at(&mut driver, "1.m1");
    let until = |driver: &mut Driver, shown: &str| {
        for _ in 0..600 {
            driver.draw();
            if driver.text().contains(shown) {
                return;
            }
            let _ = wakes.recv_timeout(std::time::Duration::from_millis(50));
        }
        panic!("{shown}\n{}", driver.text());
    };
    until(&mut driver, "frame 1 of 1");
    driver.press("]");
    until(&mut driver, " bytes");
    driver.press("w");
    until(&mut driver, "long lines are wrapped");
    driver.press("/").type_text("a").press("<Enter>");
    until(&mut driver, "1 of 2,187");
    driver.press("]]");
    until(&mut driver, "with bytes of it");
}
