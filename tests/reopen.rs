//! What the terminal UI keeps in memory, and what it reads again, against the export of the same capture.

mod support;

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use support::talk::{ACK, Sent, Talk, Who, capture, frame, packet, request, response};
use support::{captures_in, export_file, gallery, of_type, records, shared};
use wscope::capture::source::{Block, LinkType, Status};
use wscope::capture::write;
use wscope::engine::{Checkpoints, Config};
use wscope::time::Timestamp;
use wscope::tui::feed::{Feed, Progress};
use wscope::tui::reopen::{FrameDetail, Reopener};
use wscope::tui::store::{Row, State, Store};

/// All of a capture, in a store.
fn read(paths: &[PathBuf], threads: usize) -> (Feed, Store) {
    read_with(paths, Config { threads, ..Config::default() })
}

fn read_with(paths: &[PathBuf], config: Config) -> (Feed, Store) {
    let feed = Feed::start(paths, config, || {}).unwrap();
    let mut store = Store::default();
    feed.finish(&mut store);
    (feed, store)
}

/// Messages of a connection that are opened again, at most.
const OPENED: usize = 60;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A frame as the export tells it; its time is not compared.
fn told(conn: u32, detail: &FrameDetail) -> Value {
    let frame = detail.frame();
    let header = &frame.header;
    let mut told = json!({
        "type": "frame", "conn": conn, "dir": frame.dir.name(), "n": frame.n, "packet": frame.first.packet,
        "time": frame.first.time.to_string(),
        "offset": frame.offset, "fin": header.fin, "rsv": header.rsv, "opcode": header.opcode.value(),
        "kind": header.opcode.name(), "masked": header.mask.is_some(), "header_len": header.header_len(),
        "len": header.len, "seen": frame.seen,
    });
    if let Some(mask) = header.mask {
        told["mask"] = hex(&mask).into();
    }
    // No number of JSON holds more.
    let most = (1 << 53) - 1;
    if header.len > most {
        told["len"] = most.into();
        told["len_exact"] = header.len.to_string().into();
    }
    told
}

fn compare_row(row: &Row, message: &Value, place: &str) {
    let packets = [row.first_packet, row.last.packet];
    let told = json!({
        "type": "message", "conn": row.conn, "dir": row.dir.name(), "n": row.n, "packet": packets,
        "time": row.last.time.to_string(), "kind": row.kind.name(), "frames": row.frames,
        "first_frame": row.first_frame, "wire_len": row.wire_len, "len": row.len,
        "compressed": row.compressed, "complete": row.fault.is_none(),
    });
    for (key, value) in told.as_object().unwrap() {
        assert_eq!(*value, message[key], "{place}: {key}");
    }
    assert_eq!(row.close_code, message["code"].as_u64().map(|code| code as u16), "{place}");
}

/// Opens messages of every connection of a store, and compares them with the export.
fn compare(name: &str, store: &Store, reopener: &Reopener, export: &str) -> usize {
    let export = records(export);
    let messages = of_type(&export, "message");
    assert_eq!(store.messages(), messages.len(), "{name}: messages");
    let mut opened = 0;
    let by_number: HashMap<(u64, u64), &Value> = messages
        .iter()
        .map(|message| ((message["conn"].as_u64().unwrap(), message["n"].as_u64().unwrap()), *message))
        .collect();
    let frames: HashMap<(u64, u64), &Value> = of_type(&export, "frame")
        .into_iter()
        .map(|frame| ((frame["conn"].as_u64().unwrap(), frame["n"].as_u64().unwrap()), frame))
        .collect();
    for ((_, row, _), message) in store.messages_from(0).zip(&messages) {
        compare_row(row, message, name);
    }
    assert_eq!(store.conns().len(), of_type(&export, "connection").len(), "{name}: connections");
    for (record, end) in of_type(&export, "connection").into_iter().zip(of_type(&export, "end")) {
        let number = record["conn"].as_u64().unwrap();
        let conn = store.conn(number as u32).unwrap();
        let place = format!("{name}, connection {number}");
        assert_eq!(conn.opened.packet, record["packet"], "{place}");
        let url = conn.url.as_deref().map(wscope::http::secret::redacted_text);
        assert_eq!(url.as_deref(), record["url"].as_str(), "{place}");
        assert_eq!(conn.subprotocol.as_deref(), record["subprotocol"].as_str(), "{place}");
        if end["conn"] == record["conn"] {
            assert_eq!(
                conn.closing.as_ref().unwrap().how.map(|how| how.name()),
                end["how"].as_str(),
                "{place}"
            );
            assert_eq!(conn.last().packet, end["packet"], "{place}");
            assert_eq!(conn.totals()[0].bytes, end["totals"]["c2s"]["bytes"], "{place}");
        }

        let packets = store.packets(conn);
        let handshake = reopener.handshake(&packets).unwrap();
        assert_eq!(handshake.is_some(), !record["handshake"].is_null(), "{place}");
        if let Some(handshake) = handshake {
            let status = handshake.response.map(|response| u64::from(response.status));
            assert_eq!(status, record["handshake"]["response"]["status"].as_u64(), "{place}");
            assert_eq!(conn.status.map(u64::from), status, "{place}");
        }

        let step = conn.messages.len().div_ceil(OPENED).max(1);
        let last = conn.messages.len().saturating_sub(1);
        for index in (0..conn.messages.len()).step_by(step).chain([last].into_iter().filter(|_| step > 1)) {
            let (row, _) = store.message(*conn.messages.get(index).unwrap() as usize).unwrap();
            let message = by_number[&(number, u64::from(row.n))];
            let place = format!("{place}, message {}", row.n);
            let detail = reopener.message(&packets, row).unwrap().expect(&place);
            let again = detail.message();
            assert_eq!((again.first.packet, again.last), (row.first_packet, row.last), "{place}");
            assert_eq!(
                (again.len, again.wire_len, again.fault),
                (row.len, row.wire_len, row.fault),
                "{place}"
            );
            assert_eq!(hex(&again.sha256.expect("whole")), message["sha256"], "{place}");
            if let Some(text) = message["text"].as_str() {
                assert_eq!(again.payload, text.as_bytes(), "{place}");
            } else if let Some(base64) = message["base64"].as_str() {
                assert_eq!(again.payload, BASE64.decode(base64).unwrap(), "{place}");
            }
            assert_eq!(detail.frames.len() as u64, again.frames, "{place}: frames");
            for frame in &detail.frames {
                assert_eq!(&told(number as u32, frame), frames[&(number, frame.frame().n)], "{place}");
                assert_eq!(frame.frame().wire.len() as u64, frame.frame().seen, "{place}");
            }
            opened += 1;
        }

        let count = frames.keys().filter(|(conn, _)| *conn == number).count() as u64;
        for (range, bytes) in [(1..=count, false), (count / 2 + 1..=count / 2 + 1, true)] {
            let again = reopener.frames(&packets, range.clone(), bytes).unwrap();
            assert!(again.iter().map(|frame| frame.frame().n).eq(range.filter(|n| *n <= count)), "{place}");
            for frame in &again {
                assert_eq!(&told(number as u32, frame), frames[&(number, frame.frame().n)], "{place}");
                assert_eq!(frame.frame().wire.len() as u64, if bytes { frame.frame().seen } else { 0 });
            }
        }
    }
    let findings: u64 = of_type(&export, "finding").len() as u64;
    assert_eq!(store.findings().len() as u64, findings, "{name}: findings");
    opened
}

fn compare_file(path: &Path, threads: usize) -> usize {
    compare_with(path, &Config { threads, ..Config::default() })
}

fn compare_with(path: &Path, config: &Config) -> usize {
    let (feed, store) = read_with(&[path.to_owned()], config.clone());
    assert!(matches!(store.state(), State::Done(_)), "{}", path.display());
    let reopener = Reopener::new(feed.files(), config);
    compare(&path.display().to_string(), &store, &reopener, &export_file(path, 1))
}

#[test]
fn what_is_read_again_is_what_was_read() {
    let mut opened = 0;
    for path in captures_in(&gallery()) {
        opened += compare_file(&path, 1);
    }
    assert!(opened > 300, "{opened} messages");
}

#[test]
fn captures_of_others_too() {
    let Some(folder) = shared() else { return };
    for path in captures_in(&folder) {
        // What is no capture is not of interest here.
        if fs::metadata(&path).unwrap().len() < 3 << 20
            && Feed::start(std::slice::from_ref(&path), Config::default(), || {}).is_ok()
        {
            compare_file(&path, 1);
        }
    }
}

/// What is decoded from a state that was kept on the way is what is decoded from the start.
#[test]
fn decoding_goes_on_from_any_packet() {
    let folders = [Some(gallery()), shared()];
    let paths = folders.iter().flatten().flat_map(|folder| captures_in(folder));
    let (mut states, mut opened) = (0, 0);
    for path in paths.filter(|path| fs::metadata(path).unwrap().len() < 1 << 20) {
        if Feed::start(std::slice::from_ref(&path), Config::default(), || {}).is_err() {
            continue;
        }
        // One step is less than any packet.
        let checkpoints = Arc::new(Checkpoints::new(1, 256 << 20));
        let config = Config { checkpoints: Some(Arc::clone(&checkpoints)), ..Config::default() };
        opened += compare_with(&path, &config);
        states += usize::from(checkpoints.bytes() > 0);
    }
    assert!(opened > 300 && states > 20, "{opened} messages, states in {states} captures");
}

/// However long the connection is, no more than a few thousand packets are decoded for a message: some milliseconds.
#[test]
fn little_is_decoded_for_a_message_of_a_long_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatty.pcap");
    fs::write(&path, chatty(50_000)).unwrap();
    let (feed, store) = read(std::slice::from_ref(&path), 1);
    let reopener = Reopener::new(feed.files(), &Config::default());
    let packets = store.packets(store.conn(1).unwrap());
    let mut starts = Vec::new();
    for (_, row, _) in store.messages_from(0) {
        let begins = reopener.begins(&packets, row.first_frame.into());
        assert!(row.last.packet - begins < 22_000, "m{}: from packet {begins} to {}", row.n, row.last.packet);
        starts.push(begins);
    }
    starts.dedup();
    assert_eq!(starts.len(), 6, "{starts:?}");
    for place in [9, 30_000, 49_999] {
        let (row, _) = store.message(place).unwrap();
        let detail = reopener.message(&packets, row).unwrap().unwrap();
        let text = format!("{{\"type\":\"trade\",\"number\":{place},\"price\":61204.5,\"quantity\":0.12}}");
        assert_eq!((detail.message().last, detail.message().payload), (row.last, text.as_bytes()));
    }
}

/// The states of all connections together stay within their bound, and are spread over all that was read.
#[test]
fn states_take_no_more_than_their_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatty.pcap");
    fs::write(&path, chatty(20_000)).unwrap();
    let checkpoints = Arc::new(Checkpoints::new(10_000, 100_000));
    let config = Config { checkpoints: Some(Arc::clone(&checkpoints)), ..Config::default() };
    let (feed, store) = read_with(&[path], config.clone());
    assert!((40_000..=100_000).contains(&checkpoints.bytes()), "{}", checkpoints.bytes());
    let reopener = Reopener::new(feed.files(), &config);
    let packets = store.packets(store.conn(1).unwrap());
    let furthest = store
        .messages_from(0)
        .map(|(_, row, _)| row.last.packet - reopener.begins(&packets, row.first_frame.into()));
    assert!(furthest.max() < Some(2_000), "of 40,000 packets");
}

/// With several threads the store is the same.
#[test]
fn any_number_of_threads_gives_the_same_rows() {
    for path in captures_in(&gallery()) {
        let one = read(std::slice::from_ref(&path), 1).1;
        let (feed, three) = read(std::slice::from_ref(&path), 3);
        assert!(one.messages_from(0).eq(three.messages_from(0)), "{}", path.display());
        assert!(one.findings().iter().eq(three.findings().iter()), "{}", path.display());
        let reopener = Reopener::new(feed.files(), &Config::default());
        for (a, b) in one.conns().iter().zip(three.conns().iter()) {
            assert_eq!((a.number, a.id, &a.closing), (b.number, b.id, &b.closing));
            let Some(last) = b.messages.iter().next_back() else { continue };
            let (row, _) = three.message(*last as usize).unwrap();
            let [one, three] = [&one, &three]
                .map(|store| reopener.message(&store.packets(store.conn(row.conn).unwrap()), row).unwrap());
            assert_eq!(one, three);
            assert!(one.is_some());
        }
    }
}

/// Several files merged: packets are found in the file that they are of.
#[test]
fn files_that_were_merged() {
    let paths: Vec<PathBuf> = captures_in(&gallery())
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains("snaplen"))
        .collect();
    let (feed, store) = read(&paths, 1);
    let reopener = Reopener::new(feed.files(), &Config::default());
    for conn in store.conns().iter() {
        let Some(place) = conn.messages.iter().next_back() else { continue };
        let (row, _) = store.message(*place as usize).unwrap();
        let detail = reopener.message(&store.packets(conn), row).unwrap().unwrap();
        assert_eq!((detail.message().last, detail.message().len), (row.last, row.len));
    }
    assert!(store.conns().len() > 30);
}

/// A talk whose client sends `count` texts.
fn texts(count: usize) -> Talk {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).send(Who::Server, &response(""), 1_400);
    for n in 0..count {
        let text = format!("message {n} {}", "x".repeat(n % 50));
        talk.send(Who::Client, &frame(0x81, Some([1, 2, 3, n as u8]), text.as_bytes()), 1_400)
            .ack(Who::Server);
    }
    talk.close();
    talk
}

/// A capture of it.
fn talk(count: usize) -> Vec<u8> {
    capture(&texts(count).segments)
}

/// Packets of Ethernet, an hour's first second after another.
fn pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    write::pcap_header(&mut out, LinkType(1));
    for (n, packet) in packets.iter().enumerate() {
        let time = Timestamp::from_nanos(1_700_000_000_000_000_000 + n as i64 * 1_234_567);
        write::pcap_packet(&mut out, time, packet.len() as u32, packet);
    }
    out
}

/// An IPv4 packet in fragments of 16 bytes.
fn fragments(packet: &[u8], id: u8) -> Vec<Vec<u8>> {
    let (headers, payload) = packet.split_at(34);
    let last = payload.len().div_ceil(16) - 1;
    let fragment = |(n, piece): (usize, &[u8])| {
        let mut headers = headers.to_vec();
        headers[17] = 20 + piece.len() as u8;
        headers[19] = id;
        headers[20] = if n == last { 0 } else { 0x20 };
        headers[21] = 2 * n as u8;
        [headers.as_slice(), piece].concat()
    };
    payload.chunks(16).enumerate().map(fragment).collect()
}

/// What came in IP fragments, out of order and between others, is found again.
#[test]
fn fragments_are_read_again() {
    let whole: Vec<Vec<u8>> =
        texts(40).segments.iter().map(|segment| packet(segment, 50_122, 8_080)).collect();
    let mut packets: Vec<Vec<u8>> = Vec::new();
    for (n, pair) in whole.chunks(2).enumerate() {
        // Of the second packet of each pair, one fragment comes before the first packet.
        let [first, second] = pair else { continue };
        let mut pieces = if n < 3 { vec![second.clone()] } else { fragments(second, n as u8) };
        pieces.reverse();
        let early = if pieces.len() > 1 { pieces.pop() } else { None };
        packets.extend(early);
        packets.extend(if n % 2 == 0 { vec![first.clone()] } else { fragments(first, 100 + n as u8) });
        packets.extend(pieces);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fragments.pcap");
    fs::write(&path, pcap(&packets)).unwrap();
    assert!(packets.len() > 150);
    for threads in [1, 2] {
        assert_eq!(compare_file(&path, threads), 40);
    }
    // A compressed file is read from its start only.
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&fs::read(&path).unwrap()).unwrap();
    fs::write(&path, gzip.finish().unwrap()).unwrap();
    assert_eq!(compare_file(&path, 1), 40);
    // Cut out of the capture, all fragments are there, in their order.
    let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("wscope"));
    let cut = command.args(["export", "--to", "pcapng"]).arg(&path).output().unwrap().stdout;
    let mut opened = wscope::capture::from_bytes("cut", cut, &wscope::limits::Limits::default()).unwrap();
    let mut block = Block::default();
    while opened.source.fill(&mut block).unwrap() != Status::End {}
    let found: Vec<&[u8]> = block.packets.iter().map(|packet| block.packet(packet)).collect();
    assert_eq!(found, packets);
}

/// A port that is used again is another connection; neither is told with the packets of the other.
#[test]
fn a_port_that_is_used_again() {
    let mut segments = texts(20).segments;
    let mut again = texts(30).segments;
    for segment in &mut again {
        match segment.who {
            Who::Client => segment.seq = segment.seq.wrapping_add(1 << 20),
            Who::Server => segment.ack = segment.ack.wrapping_add(1 << 20),
        }
    }
    segments.extend(again);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again.pcap");
    fs::write(&path, capture(&segments)).unwrap();
    assert_eq!(compare_file(&path, 1), 50);
    let (_, store) = read(&[path], 1);
    assert_eq!(store.conns().len(), 2);
}

/// What is no WebSocket leaves nothing behind.
#[test]
fn other_connections_take_no_memory() {
    let mut talk = Talk::open();
    talk.send(Who::Client, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 1_400);
    talk.send(Who::Server, &vec![0x17; 1_400 * 2_000], 1_400).close();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tls.pcap");
    fs::write(&path, capture(&talk.segments)).unwrap();
    let (_, store) = read(&[path], 1);
    assert!(store.conns().is_empty());
    assert!(store.bytes() < 1_000, "{}", store.bytes());
}

#[test]
fn a_pipe_is_copied_while_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        eprintln!("skipped: no mkfifo");
        return;
    }
    for name in ["chat-node-ws.pcapng", "large-messages.pcap.gz"] {
        let path = gallery().join(name);
        let bytes = fs::read(&path).unwrap();
        let writer = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::write(pipe, bytes).unwrap())
        };
        let (feed, store) = read(std::slice::from_ref(&pipe), 1);
        writer.join().unwrap();
        let reopener = Reopener::new(feed.files(), &Config::default());
        drop(feed);
        assert!(compare(name, &store, &reopener, &export_file(&path, 1)) > 0);
    }
}

#[test]
fn a_file_that_was_changed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("changed.pcapng");
    fs::write(&path, talk(20)).unwrap();
    let (feed, store) = read(std::slice::from_ref(&path), 1);
    let reopener = Reopener::new(feed.files(), &Config::default());
    let (row, preview) = store.message(19).unwrap();
    assert_eq!(preview, "message 19 xxxxxxxxxxxxxxxxxxx");
    let packets = store.packets(store.conn(1).unwrap());
    assert!(reopener.message(&packets, row).unwrap().is_some());
    fs::write(&path, &talk(20)[..600]).unwrap();
    let error = reopener.message(&packets, row).unwrap_err().to_string();
    assert!(error.ends_with("changed.pcapng: the file was changed since it was read"), "{error}");
    fs::remove_file(&path).unwrap();
    assert!(reopener.handshake(&packets).is_err());
}

#[test]
fn what_was_read_before_an_error_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcapng");
    let whole = talk(200);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let (feed, store) = read(std::slice::from_ref(&path), 1);
    let State::Done(summary) = store.state() else { panic!("{:?}", store.state()) };
    assert_eq!(summary.damage.len(), 1);
    assert_eq!(store.findings().iter().filter(|found| found.conn.is_none()).count(), 1);
    assert!(store.messages() > 50);
    let size = whole.len() as u64 / 2;
    assert_eq!(feed.progress(), Progress { read: size, total: Some(size) });
    assert!(Feed::start(&[folder.path().join("none")], Config::default(), || {}).is_err());
}

/// A capture of some megabytes: rows come before all is read, in batches, and dropping the feed ends it.
#[test]
fn rows_come_while_reading_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.pcapng");
    fs::write(&path, talk(60_000)).unwrap();
    let woken = Arc::new(AtomicUsize::new(0));
    let wakes = Arc::clone(&woken);
    let feed = Feed::start(std::slice::from_ref(&path), Config::default(), move || {
        wakes.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    let mut store = Store::default();
    while !feed.apply(&mut store, Duration::ZERO) {
        std::thread::yield_now();
    }
    let first = store.messages();
    assert!(0 < first && first < 10_000, "{first}");
    assert!(matches!(store.state(), State::Reading));
    assert!(feed.progress().read < feed.progress().total.unwrap());
    // What is there can be opened.
    let reopener = Reopener::new(feed.files(), &Config::default());
    let (row, _) = store.message(first - 1).unwrap();
    assert!(reopener.message(&store.packets(store.conn(1).unwrap()), row).unwrap().is_some());
    drop(feed);
    let since = Instant::now();
    // The thread holds the other half of the counter.
    while Arc::strong_count(&woken) > 1 {
        assert!(since.elapsed() < Duration::from_secs(20), "the thread goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(woken.load(Ordering::Relaxed) < 20);
}

/// A chatty connection: previews are full, and each message has two packets.
#[test]
fn a_message_takes_less_than_200_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chatty.pcapng");
    fs::write(&path, chatty(60_000)).unwrap();
    let (_, store) = read(std::slice::from_ref(&path), 1);
    assert_eq!(store.messages(), 60_000);
    let each = store.bytes() / store.messages();
    assert!((100..200).contains(&each), "{each} bytes a message");
}

/// How long it takes until there are rows, until there are all, and until a message is open; and the memory.
/// Opens the last message of the connection with the most bytes.
fn measure(path: &Path) -> (Duration, Duration, usize) {
    let since = Instant::now();
    let feed = Feed::start(&[path.to_owned()], Config::default(), || {}).unwrap();
    let mut store = Store::default();
    let (mut first, mut longest) = (None, Duration::ZERO);
    while matches!(store.state(), State::Reading) {
        let apply = Instant::now();
        if feed.apply(&mut store, Duration::from_millis(2)) {
            longest = longest.max(apply.elapsed());
            first = first.or_else(|| (store.messages() > 0).then(|| since.elapsed()));
        } else {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    let all = since.elapsed();
    let reopener = Reopener::new(feed.files(), &Config::default());
    let conn = store
        .conns()
        .iter()
        .filter(|conn| !conn.messages.is_empty())
        .max_by_key(|conn| conn.totals().iter().map(|totals| totals.bytes).sum::<u64>())
        .unwrap();
    let (row, _) = store.message(*conn.messages.iter().next_back().unwrap() as usize).unwrap();
    let mut opened = Duration::MAX;
    for _ in 0..3 {
        let since = Instant::now();
        let packets = store.packets(conn);
        assert!(reopener.message(&packets, row).unwrap().is_some());
        opened = opened.min(since.elapsed());
    }
    let each = store.bytes() / store.messages();
    println!(
        "{}: {} messages, {each} bytes each; first rows {first:?}, all {all:?}, longest apply {longest:?}; \
         last message of a connection of {} bytes opened in {opened:?}",
        path.file_name().unwrap().display(),
        store.messages(),
        conn.totals().iter().map(|totals| totals.bytes).sum::<u64>(),
    );
    (first.unwrap(), opened, each)
}

/// A message a packet from the client, each acknowledged, without holding them all as packets first.
fn chatty(count: usize) -> Vec<u8> {
    let mut talk = texts(0);
    talk.segments.truncate(5);
    let start = &talk.segments;
    let (mut seq, ack) = (start.last().unwrap().ack, start.last().unwrap().seq);
    let ack = ack.wrapping_add(start.last().unwrap().payload.len() as u32);
    let mut out = capture(start);
    for n in 0..count {
        let text = format!("{{\"type\":\"trade\",\"number\":{n},\"price\":61204.5,\"quantity\":0.12}}");
        let payload = frame(0x81, Some([1, 2, 3, n as u8]), text.as_bytes());
        let next = seq.wrapping_add(payload.len() as u32);
        let sent = Sent { who: Who::Client, flags: ACK, seq, ack, payload };
        let acked = Sent { who: Who::Server, flags: ACK, seq: ack, ack: next, payload: Vec::new() };
        for (late, sent) in [(0, sent), (321_000, acked)] {
            let bytes = packet(&sent, 50_122, 8_080);
            let time = Timestamp::from_nanos(1_700_000_001_000_000_000 + n as i64 * 1_234_000 + late);
            write::pcap_packet(&mut out, time, bytes.len() as u32, &bytes);
        }
        seq = next;
    }
    out
}

/// The bounds, at full size. In an optimised build:
/// `cargo test --release --test reopen -- --ignored --nocapture`.
#[test]
#[ignore = "takes a gigabyte of memory and some time"]
fn bounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("million.pcap");
    fs::write(&path, chatty(1_000_000)).unwrap();
    let (first, _, each) = measure(&path);
    assert!(first < Duration::from_millis(150), "{first:?}");
    assert!(each < 200, "{each}");

    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).send(Who::Server, &response(""), 1_400);
    let text = "0123456789 ".repeat(90_000);
    for n in 0..100 {
        let (who, mask) = if n % 2 == 0 { (Who::Client, Some([9, 8, 7, 6])) } else { (Who::Server, None) };
        talk.send(who, &frame(0x81, mask, text.as_bytes()), 1_448).ack(Who::Client).ack(Who::Server);
    }
    fs::write(&path, capture(&talk.segments)).unwrap();
    let (_, opened, _) = measure(&path);
    assert!(opened < Duration::from_millis(100), "{opened:?}");
}

/// The same figures for the captures that `WSCOPE_MEASURE` names.
#[test]
#[ignore = "needs captures"]
fn measured() {
    for path in std::env::var_os("WSCOPE_MEASURE").iter().flat_map(std::env::split_paths) {
        measure(&path);
    }
}
