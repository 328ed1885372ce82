//! What each target begins with: made of the gallery's captures, the rules' scripts, and examples of the RFCs.

use std::fs;
use std::io::Write as _;

use wscope::capture::open::from_bytes;
use wscope::capture::source::{Block, LinkType, Status};
use wscope::filter::FIELDS;
use wscope::item::Dir;
use wscope::limits::Limits;
use wscope::rules;
use wscope::script::Script;
use wscope::tui::config::template;

use crate::support::gallery;
use crate::support::talk::{request, response};

/// The largest capture that is one.
const LARGEST: usize = 20_000;

/// The inputs for a target.
pub(crate) fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "config" => texts([&template(), AUDITS, INTERFACE]),
        "container" => captures().into_iter().flat_map(compressed).collect(),
        "decode" => decode(),
        "endpoint" => endpoint(),
        "filter" => FIELDS.iter().map(|info| info.example.into()).chain(texts(FILTERS)).collect(),
        "fragments" => vec![
            b"\0\0\x64\x08\x3f\0\x07".to_vec(),
            b"\x01\0\x64\0\x07\x08\x3f".to_vec(),
            b"\0\x07\0\x20\x3f\0\x10\x11\x0e\x60\xff\0\x3f\x60\xff".to_vec(),
        ],
        "http" => http(),
        "inflate" => inflate(),
        "json" => json(),
        "keys" => (0..200_u8).map(|n| vec![n, n.wrapping_mul(7), 202, b'a', 225, 9, n, 245, n, n]).collect(),
        "packets" => {
            captures().iter().map(|file| packets(file, |link| link.0.to_be_bytes().to_vec(), &[0])).collect()
        }
        "pipeline" => pipeline(),
        "resync" => conversations()
            .iter()
            .map(|said| said.iter().fold(vec![0x80], |seed, (_, bytes)| with_piece(seed, bytes)))
            .collect(),
        "script" => texts(scripts()),
        "session" => session(),
        "sidecar" => texts([BASELINE, REPORT, NOTES]),
        "tcp" => vec![
            b"\0\xff\xff\xff\xf0\0\0\0\x07\0\0\x50\0\xa0\x50\0\x50\x50\0\0\0\x01\0\x60".to_vec(),
            b"\x01\0\0\0\x01\0\0\0\x07\0\0\x50\0\xa0\x50\0\xf0\0\x80\xf0\x40\x01\x80\0".to_vec(),
            b"\x02\0\0\0\x01\0\0\0\x07\0\x02\xff\0\0\0\x10\x01\0\x04abcd\0\x11\x05\0\0\x01\x04\0\0\0"
                .to_vec(),
        ],
        "utf8" => texts([
            "\x01\x02\x03\x04κόσμε and 😀, and so much more that the wide validator is asked: ÀÉÎõü, 漢字, \u{10ffff}",
            "\x05\x01\x01\x07\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}",
        ]),
        _ => panic!("no seeds for {target}"),
    }
}

fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<Vec<u8>> {
    texts.into_iter().map(|text| text.as_ref().as_bytes().to_vec()).collect()
}

/// Adds a piece with its length, as the targets read it.
fn with_piece(mut seed: Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes.get(..usize::from(u16::MAX)).unwrap_or(bytes);
    seed.extend((bytes.len() as u16).to_be_bytes());
    seed.extend_from_slice(bytes);
    seed
}

fn pieces<'a>(head: &[u8], pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    pieces.into_iter().fold(head.to_vec(), with_piece)
}

fn captures() -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(gallery()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let small = paths.iter().filter(|path| path.to_string_lossy().contains(".pcap"));
    small.map(|path| fs::read(path).unwrap()).filter(|bytes| bytes.len() <= LARGEST).collect()
}

/// A file, and the same in each compressed form.
fn compressed(file: Vec<u8>) -> [Vec<u8>; 4] {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&file).unwrap();
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&file).unwrap();
    let zstd = ruzstd::encoding::compress_to_vec(&file[..], ruzstd::encoding::CompressionLevel::Fastest);
    [gzip.finish().unwrap(), lz4.finish().unwrap(), zstd, file]
}

/// The packets of a file as pieces, `head` and `between` before each.
fn packets(file: &[u8], head: impl Fn(LinkType) -> Vec<u8>, between: &[u8]) -> Vec<u8> {
    let mut source = from_bytes("seed", file.to_vec(), &Limits::default()).unwrap().source;
    let (mut block, mut seed) = (Block::default(), Vec::new());
    loop {
        let status = source.fill(&mut block).unwrap();
        for packet in &block.packets {
            seed.extend(head(packet.link));
            seed.extend_from_slice(between);
            seed = with_piece(seed, block.packet(packet));
        }
        if status == Status::End {
            return seed;
        }
    }
}

fn scripts() -> impl Iterator<Item = &'static str> {
    rules::all().flat_map(|rule| rule.bad.iter().chain(rule.good)).copied()
}

/// What is sent in each of the rules' scripts.
fn conversations() -> Vec<Vec<(Dir, Vec<u8>)>> {
    let said = scripts().map(|script| Script::parse(script).unwrap().payloads());
    said.filter(|said| !said.is_empty() && said.iter().all(|(_, bytes)| bytes.len() < 3_000)).collect()
}

fn decode() -> Vec<Vec<u8>> {
    let json =
        br#"{"type":"trade","data":[{"px":-61204.5e2,"q":null,"m":true},[],{}],"s":"\u00e9\n\"","type":0}"#;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(json).unwrap();
    let mut cbor = Vec::new();
    let value: serde_json::Value = serde_json::from_slice(json).unwrap();
    ciborium::into_writer(&value, &mut cbor).unwrap();
    let text = |text: &str| [&[0xf9], text.as_bytes()].concat();
    let bytes = |bytes: &[u8]| [&[0xf8], bytes].concat();
    vec![
        text(std::str::from_utf8(json).unwrap()),
        text("42/chat,7[\"event\",{\"a\":1}]"),
        text("0{\"sid\":\"x\",\"pingInterval\":25000}"),
        text("SEND\ndestination:/queue/a\ncontent-length:5\n\nhello\0"),
        text("{\"protocol\":\"json\",\"version\":1}\u{1e}{\"type\":6}\u{1e}"),
        text("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":[\"a\"]}"),
        text("{\"type\":\"connection_init\",\"payload\":{}}"),
        text("[1,\"2\",\"room:lobby\",\"phx_join\",{}]"),
        bytes(&gzip.finish().unwrap()),
        bytes(&cbor),
        bytes(b"\x83\xa4type\xa5trade\xa2px\xcb\x40\xed\xe2\x90\0\0\0\0\xa1l\x93\xc0\xc3\xd4\x01\x07"),
        [&[0x03][..], b"\x03\xe8going away"].concat(),
        [&[0x10][..], b"\x92\x01\xc4\x02ab"].concat(),
        [&[0x18][..], b"\xbf\x61a\x9f\x01\x02\xff\xff"].concat(),
    ]
}

fn endpoint() -> Vec<Vec<u8>> {
    let said = conversations();
    let receive = said.iter().enumerate().map(|(n, said)| {
        let bytes: Vec<u8> =
            said.iter().filter(|(dir, _)| *dir == Dir::C2s).flat_map(|(_, bytes)| bytes.clone()).collect();
        [&[0, (n % 2) as u8, 1, 3, 9, 60][..], &bytes].concat()
    });
    let converse = [0_u8, 1, 3, 7, 0x2b, 0xff].map(|agreed| {
        pieces(
            &[2 + agreed % 2, agreed, 5, 1, 7, 200],
            [b"Hello".as_slice(), b"", "äöü 😀".as_bytes(), b"\0\xff", &[b'x'; 300]],
        )
    });
    receive.chain(converse).collect()
}

fn http() -> Vec<Vec<u8>> {
    let (ask, yes) = (
        request(
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x\r\nSec-WebSocket-Protocol: a, b\r\nCookie: k=v\r\n",
        ),
        response("Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: a\r\n"),
    );
    let conversation = |items: &[(u8, &[u8])]| {
        items.iter().fold(vec![0], |mut seed, (what, bytes)| {
            seed.push(*what);
            with_piece(seed, bytes)
        })
    };
    let head = |head: &[u8]| [&[2], head].concat();
    let get = b"GET /a?b=c&token=x HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n";
    vec![
        conversation(&[(0, &ask), (1, &yes), (0, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")]),
        conversation(&[(0, get), (1, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), (0, &ask), (1, b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")]),
        conversation(&[(0, b"POST /x HTTP/1.1\nTransfer-Encoding: chunked\n\n3;q\r\nGET\r\n0\r\nA: b\r\n\r\n"), (1, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n")]),
        conversation(&[(1, &yes), (0, &ask), (1, b"\x81\x05Hello")]),
        conversation(&[(0, b"CONNECT a:1 HTTP/1.1\r\n\r\n"), (1, b"HTTP/1.1 200 OK\r\n\r\n")]),
        [&conversation(&[(0, &ask)])[..], &[12, 0, 9, 15]].concat(),
        head(&ask),
        head(&yes),
        head(get),
        b"\x03permessage-deflate; client_max_window_bits=\"10\", x-webkit-deflate-frame\na; b; c=\"\\\"d\"".to_vec(),
    ]
}

fn inflate() -> Vec<Vec<u8>> {
    let messages: [&[u8]; 9] = [
        b"Hello",
        b"Hello",
        b"",
        b"a word and a word and a word",
        b"prefix",
        // RFC 7692 section 7.2.3: compressed "Hello" in a block of each kind, in two, and with BFINAL.
        b"\xf2\x48\xcd\xc9\xc9\x07\x00",
        b"\x00\x05\x00\xfa\xffHello\x00",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
    ];
    (0..64).map(|how| pieces(&[how, how % 9], messages.into_iter().skip(usize::from(how % 9)))).collect()
}

fn json() -> Vec<Vec<u8>> {
    let payloads = ["Hello \"you\" \\ \u{1}\u{7f}é😀\u{2028}", "{\"a\":[1,2]}", "", "\u{3}\u{e8}bye"];
    [0, 1, 0x29, 2, 6, 0x87]
        .map(|how| {
            [(0, 0x81), (1, 0x82), (1, 0x81), (0, 0x89), (1, 0x8a), (0, 0x88), (1, 0x01), (1, 0xf3)]
                .iter()
                .zip(payloads.iter().cycle())
                .fold(vec![how], |mut seed, ((whose, first), payload)| {
                    seed.extend([*whose, *first]);
                    with_piece(seed, payload.as_bytes())
                })
        })
        .to_vec()
}

fn pipeline() -> Vec<Vec<u8>> {
    let talks = conversations().into_iter().enumerate().map(|(n, said)| {
        let how = (n % 4 * 4) as u8;
        said.iter().fold(vec![how, how, 3], |mut seed, (dir, bytes)| {
            seed.push(0xf8 | (dir.index() as u8 * 4) | (n % 2) as u8);
            with_piece(seed, bytes)
        })
    });
    // Packets as they are, where they are Ethernet's.
    let raw = captures().into_iter().map(|file| [&[3, 3, 3][..], &packets(&file, |_| vec![3], &[])].concat());
    talks.chain(raw).collect()
}

fn session() -> Vec<Vec<u8>> {
    let said = conversations().into_iter().enumerate().map(|(n, said)| {
        let head = [[0, 0, 0], [1, 1, 0], [3, 0x27, 4], [0, 0, 1]][n % 4];
        said.iter().fold(head.to_vec(), |mut seed, (dir, bytes)| {
            seed.push(dir.index() as u8);
            with_piece(seed, bytes)
        })
    });
    said.collect()
}

const FILTERS: [&str; 9] = [
    "op == text && .type == \"error\"",
    "websocket.opcode == 9 && ip.src == 10.0.0.12",
    "reply > 100ms && host == feed.local or !(ping || pong)",
    ".data[0].px >= 2.5 and not .list[] == null",
    "payload =~ /^a.*[b-z]+$/i && len in {1, 4..9, 1k}",
    "@saved || hello world 'two words'",
    "time > -10s && delta < 5ms",
    "close.code == 1002 && header(\"cookie\") ~ x",
    "ip in 127.0.0.0/8 && payload contains 1f:8b",
];

/// What a project may say.
const AUDITS: &str = r#"
[check]
select = ["F", "close-not-answered"]
ignore = ["N"]
severity = "warning"
fail-on = "error"
baseline = "wscope-baseline.json"
max-findings = 1000
strict = true
allow-empty = false

[[suppress]]
rule = "client-unmasked"
host = "*.example.com"
path = "/legacy/**"
direction = "c2s"
fingerprint = "00112233445566778899aabbccddeeff"
reason = "the old client, see ticket 12"
expires = 2027-01-31
"#;

/// What a user may say.
const INTERFACE: &str = r##"
theme = "mine"
time = "clock"
mouse = false

[keys]
filter = ["/", "Ctrl-f"]
quit = "g q"

[themes.mine]
base = "dark"
client = "#ffb000 - bold"

[filters]
errors = 'severity == error'

[columns]
connections = ["#", "Client", "Host + path"]
"##;

const BASELINE: &str = r#"{"format":1,"findings":[{"fingerprint":"00112233445566778899aabbccddeeff","rule":"F004","count":7,"text":"a"},{"fingerprint":"ff112233445566778899aabbccddeeff","rule":"N001","count":1,"text":""}]}"#;
const REPORT: &str = r#"{"format":1,"findings":[{"fingerprint":"00112233445566778899aabbccddeeff","rule":{"code":"F004"},"at":{}},{"fingerprint":"aa112233445566778899aabbccddeeff","suppressed":{"reason":"x"}}],"summary":{}}"#;
const NOTES: &str = r#"{"version":1,"notes":[{"id":"3.m41","bookmark":true},{"id":"1.m2","bookmark":false,"note":"why \u202ethis?"}]}"#;
