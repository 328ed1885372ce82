use super::*;
use crate::capture::synth::Kind;
use crate::item::Dir::{C2s as Client, S2c as Server};

fn sent(script: &str) -> Vec<Vec<u8>> {
    let script = Script::parse(script).unwrap_or_else(|e| panic!("{e}"));
    script.payloads().into_iter().map(|(_, bytes)| bytes).collect()
}

/// What one `c` step sends.
fn client(tokens: &str) -> Vec<u8> {
    sent(&format!("c {tokens}")).remove(0)
}

fn expected(script: &str) -> String {
    Script::parse(script).expect_err(script).to_string()
}

#[test]
fn raw_bytes() {
    for (tokens, bytes) in [
        ("81 8185 fF", &b"\x81\x81\x85\xff"[..]),
        ("'Hello'", b"Hello"),
        (r"'\x00\n\r\t\'\\é#|'", b"\x00\n\r\t'\\\xc3\xa9#|"),
        ("81 'ab' *3 00 # 'c'", b"\x81ababab\x00"),
        ("''", b""),
        ("81 85 mask:37fa213d 'Hello'", b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
        ("mask:37fa213d 'Hel' 'lo' | 'Hello'", b"\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58Hello"),
        ("mask:00000000 'a' mask:01010101 'a'", b"\0\0\0\0a\x01\x01\x01\x01`"),
    ] {
        assert_eq!(client(tokens), bytes, "{tokens}");
    }
}

/// The examples of RFC 6455 section 5.7.
#[test]
fn rfc_6455_frames() {
    assert_eq!(client("text 'Hello'"), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!(client("ping nomask 'Hello'"), b"\x89\x05Hello");
    assert_eq!(sent("s text 'Hello'"), [b"\x81\x05Hello"]);
    assert_eq!(sent("s text -fin 'Hel' | cont 'lo'"), [b"\x01\x03Hel\x80\x02lo"]);
    assert_eq!(sent("s binary 'x' *256").remove(0)[..4], [0x82, 0x7e, 1, 0]);
    assert_eq!(sent("s binary 'x' *65536").remove(0)[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(sent("s binary 00 *125").remove(0)[..2], [0x82, 125]);
    assert_eq!(sent("s binary 00 *65535").remove(0)[..4], [0x82, 0x7e, 0xff, 0xff]);
}

#[test]
fn flags_and_codes() {
    for (tokens, bytes) in [
        ("text +rsv1 +rsv2 +rsv3 'a'", &b"\xf1\x01a"[..]),
        ("pong -fin +rsv3", b"\x1a\x00"),
        ("text mask:01020304 'a'", b"\x81\x81\x01\x02\x03\x04`"),
        ("close 1000 'bye'", b"\x88\x05\x03\xe8bye"),
        ("close nomask 03e8", b"\x88\x02\x03\xe8"),
        ("close 03", b"\x88\x01\x03"),
        ("close 0", b"\x88\x02\x00\x00"),
        ("close 0042", b"\x88\x02\x00\x2a"),
        ("close 65535", b"\x88\x02\xff\xff"),
        ("close 100001", b"\x88\x03\x10\x00\x01"),
        ("close", b"\x88\x00"),
        ("text 1000", b"\x81\x02\x10\x00"),
    ] {
        assert_eq!(sent(&format!("s {tokens}")), [bytes], "{tokens}");
    }
}

#[test]
fn every_frame_has_a_key_of_its_own() {
    let frame = client(&vec!["ping"; 1_000].join(" | "));
    let mut keys: Vec<&[u8]> = frame.chunks(6).map(|frame| &frame[2..]).collect();
    assert_eq!(keys[0], [0x37, 0xfa, 0x21, 0x3d]);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 1_000);
    assert_ne!(keys[0], [0; 4]);
    // Over several steps and connections, too.
    let steps = sent("c ping\nconnection\nc ping");
    assert_ne!(steps[0], steps[1]);
}

/// The examples of RFC 7692 section 7.2.3.
#[test]
fn rfc_7692_compression() {
    let (first, second) = (b"\xf2\x48\xcd\xc9\xc9\x07\x00".as_slice(), b"\xf2\x00\x11\x00\x00".as_slice());
    assert_eq!(sent("s deflate('Hello')\ns deflate('Hello')\ns fresh('Hello')"), [first, second, first]);
    assert_eq!(
        sent("s text z 'Hello' | text z 'Hello'"),
        [[b"\xc1\x07", first, b"\xc1\x05", second].concat()]
    );
    // Each side and each connection has a history of its own.
    let all =
        sent("s deflate('Hello')\nc deflate('Hello')\nconnection\ns deflate('Hello')\ns deflate('Hello')");
    assert_eq!(all, [first, first, first, second]);
    assert_eq!(sent("s text z | text z '' | text -fin z"), [b"\xc1\x01\0\xc1\x01\0\x41\x05\0\0\0\xff\xff"]);
    // Repeated is what was compressed.
    assert_eq!(sent("s deflate('Hello') *2"), [[first, first].concat()]);
}

#[test]
fn a_message_compressed_in_fragments() {
    let bytes = sent("s text -fin z 'Hello'\ns cont z 'Hello'").concat();
    assert_eq!(bytes, b"\x41\x0b\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x80\x05\xf2\x00\x11\x00\x00");
}

#[test]
fn long_texts_compress_to_their_end() {
    let text: String =
        (0..40_000u32).map(|n| char::from(b' ' + (n.wrapping_mul(n) >> 7) as u8 % 90)).collect();
    let compressed = sent(&format!("s deflate('{}')", text.replace(['\'', '\\'], "~"))).remove(0);
    let mut inflated = Vec::with_capacity(100_000);
    let mut input = compressed;
    input.extend([0, 0, 0xff, 0xff]);
    let mut inflate = flate2::Decompress::new(false);
    inflate.decompress_vec(&input, &mut inflated, flate2::FlushDecompress::Sync).unwrap();
    assert_eq!(String::from_utf8(inflated).unwrap(), text.replace(['\'', '\\'], "~"));
}

fn heads(script: &str) -> Vec<String> {
    let steps = Script::parse(script).unwrap_or_else(|e| panic!("{e}")).steps;
    let heads = steps.iter().filter_map(|step| match step {
        Step::Head(_, head) => Some(String::from_utf8(head.bytes()).unwrap()),
        _ => None,
    });
    heads.collect()
}

/// The example of RFC 6455 sections 1.2 and 1.3.
#[test]
fn default_heads() {
    let request = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    assert_eq!(heads("open"), [request, response]);
    assert_eq!(heads("response\nrequest"), [response, request]);
    let extended = heads("open permessage-deflate; client_no_context_takeover # all of it");
    let line =
        "\r\nSec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover # all of it\r\n\r\n";
    assert!(extended.iter().all(|head| head.ends_with(line)), "{extended:?}");
}

#[test]
fn changed_heads() {
    let changed = heads(
        "request POST /x HTTP/1.0\n - host\n = CONNECTION: close\n\n# between\n + X: 'y' # z\n ! a\\x00\\r\\n b\\\\\n - upgrade",
    );
    assert_eq!(
        changed,
        ["POST /x HTTP/1.0\r\nCONNECTION: close\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Version: 13\r\nX: 'y' # z\r\na\0\r\n b\\\r\n\r\n"]
    );
    // The example of RFC 6455 section 4.2.2's hash with another key, and with the first of two.
    let other =
        heads("request\n = Sec-WebSocket-Key:  x3JJHMbDL1EzLkh9GBhXDw== \n + Sec-WebSocket-Key: b\nresponse");
    assert!(other[1].contains("Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n"), "{other:?}");
    // A request of another connection does not count.
    let elsewhere = heads("request\n - Sec-WebSocket-Key\nconnection\nresponse");
    assert!(elsewhere[1].contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

#[test]
fn errors_name_the_line_and_what_was_expected() {
    for (script, message) in [
        ("open\n\n  c text 'a  ", "line 3: `c text 'a`: expected a `'` that ends the text"),
        ("opne", "line 1: `opne`: expected a step: lan, midstream, open,"),
        ("c", "line 1: `c`: expected bytes (81 8185 'text'"),
        ("c 81 |", "expected bytes (81 8185 'text'"),
        ("c 818", "not `818`; or a frame's word first"),
        ("c text 'a' -fin", "not `-fin`; with the flags -fin"),
        ("c text mask:12", "expected `mask:` and 8 hexadecimal digits, not `mask:12`"),
        ("c 'a''b'", "expected white space before `'b'`"),
        ("c 'a' *0", "expected `*N` with a number from 1, not `*0`"),
        ("c *2", "expected bytes before `*2` that it repeats"),
        ("c 00 *2 *2", "expected bytes before `*2` that it repeats"),
        ("c 00 | *2", "expected bytes before `*2` that it repeats"),
        (r"c '\q'", r"expected one of the escapes \xNN \n \r \t \' \\"),
        (r"c '\xé0'", r"expected one of the escapes"),
        ("c deflate(a)", "expected `deflate('text')`"),
        ("c fresh('a'", "expected `)` to end `fresh('text'`"),
        ("c close 65536", "expected a close code of at most 65535"),
        ("c 00 *16777217", "expected at most 16 MiB in all steps together"),
        ("c 00 *16777216\ns 00", "line 2: `s 00`: expected at most 16 MiB"),
        ("c 00 *18446744073709551615", "expected at most 16 MiB"),
        ("c 'ab' *18446744073709551615", "expected at most 16 MiB"),
        ("lose", "expected `lose c` or `lose s`"),
        ("again c x", "expected `again c N` with a number from 0 to 4294967295"),
        ("fin c s", "expected the line to end earlier"),
        ("open\nlan", "line 2: `lan`: expected `lan` to be the first step"),
        ("wait 1ms\nmidstream", "expected `midstream` to be the first step, or right after"),
        ("wait 5", "expected `wait` and a duration"),
        ("wait 25h", "at most 24h"),
        ("wait 99999999999999999999s", "expected `wait` and a duration"),
        ("cut 1\ncut 1", "line 2: `cut 1`: expected `cut N` once"),
        ("cut 0", "expected `cut N` once in a script, with a number from 1"),
        ("limit depth 3", "expected `limit NAME N` with one of the names connections, out_of_order_bytes,"),
        ("limit http_head", "expected `limit NAME N` with a number from 0"),
        ("open\n+ X: y", "expected `request` or `response` before a line that changes one"),
        ("request\nwait 1s\n+ X: y", "line 3: `+ X: y`: expected `request` or `response` before"),
        ("request\n- Origin", "expected the name of a header that is there, not `Origin`: Host, Upgrade,"),
        ("request\n= Origin: a", "expected the name of a header that is there, not `Origin`"),
        ("request\n+ Origin", "expected `NAME: VALUE`"),
        (r"request\n! \'", "expected a step"),
        ("request\n! \\'", r"expected one of the escapes \xNN \n \r \t \\"),
    ] {
        let text = expected(script);
        assert!(text.contains(message), "{script}: {text}");
    }
}

#[test]
fn steps_may_stand_in_these_places() {
    for script in [
        "",
        "# nothing",
        "limit http_head 9\nlan\ncut 3\nmidstream\nc 00",
        "connection\nmidstream",
        "\n\r\n  # \n",
    ] {
        Script::parse(script).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn limits_by_the_name_of_the_field() {
    for name in bounds::NAMES {
        let script = Script::parse(&format!("limit {name} 12345")).unwrap();
        let changed = format!("{:?}", script.limits(Limits::default()));
        assert!(changed.contains(&format!(" {name}: 12345")), "{changed}");
        assert_eq!(changed.matches("12345").count(), 1);
    }
    let base = Limits { tunnel_depth: 9, ..Limits::default() };
    assert_eq!(Script::parse("open").unwrap().limits(base.clone()), base);
    let largest = Script::parse("limit http_head 1\nlimit http_head 9223372036854775807").unwrap();
    assert_eq!(largest.limits(base).http_head as u64, i64::MAX as u64);
}

/// What the capture says of each packet: who, flags, how far behind the first byte of both sides.
fn packets(script: &str) -> Vec<(Dir, Kind, u32, u32, usize, i64)> {
    let segments = wire::segments(&Script::parse(script).unwrap().steps);
    let start = segments.first().map_or(0, |first| first.time.nanos());
    let packets = segments.iter().map(|s| {
        let first = if s.from == Client { [1_001, 500_001] } else { [500_001, 1_001] };
        let time = (s.time.nanos() - start) / 1_000_000;
        let ack = if s.kind == Kind::Syn { s.ack } else { s.ack.wrapping_sub(first[1]) };
        (s.from, s.kind, s.seq.wrapping_sub(first[0]), ack, s.payload.len(), time)
    });
    packets.collect()
}

#[test]
fn what_is_sent_is_acknowledged() {
    let before = 0u32.wrapping_sub(1);
    assert_eq!(
        packets("c 'abc'\ns 'de'\nlose c 'f'\nwait 5s\nc 'g'\nfin c\nfin s\nreset s"),
        [
            (Client, Kind::Syn, before, 0, 0, 0),
            (Server, Kind::SynAck, before, 0, 0, 1),
            (Client, Kind::Ack, 0, 0, 0, 2),
            (Client, Kind::Data, 0, 0, 3, 3),
            (Server, Kind::Ack, 0, 3, 0, 4),
            (Server, Kind::Data, 0, 3, 2, 5),
            (Client, Kind::Ack, 3, 2, 0, 6),
            (Server, Kind::Ack, 2, 4, 0, 8),
            (Client, Kind::Data, 4, 2, 1, 5_009),
            (Server, Kind::Ack, 2, 5, 0, 5_010),
            (Client, Kind::Fin, 5, 2, 0, 5_011),
            (Server, Kind::Ack, 2, 6, 0, 5_012),
            (Server, Kind::Fin, 2, 6, 0, 5_013),
            (Client, Kind::Ack, 6, 3, 0, 5_014),
            (Server, Kind::Reset, 3, 6, 0, 5_015),
        ]
    );
}

#[test]
fn or_it_is_not() {
    assert_eq!(
        packets("midstream\nc 'a'\nnoack\nc 'b'\ns 'c'\nfin c\nack\ns 'd'"),
        [
            (Client, Kind::Data, 0, 0, 1, 0),
            (Server, Kind::Ack, 0, 1, 0, 1),
            (Client, Kind::Data, 1, 0, 1, 2),
            (Server, Kind::Data, 0, 1, 1, 3),
            (Client, Kind::Fin, 2, 0, 0, 4),
            (Server, Kind::Data, 1, 3, 1, 5),
            (Client, Kind::Ack, 3, 2, 0, 6),
        ]
    );
    assert_eq!(
        packets("noack\ns 'a'")[1..],
        [
            (Server, Kind::SynAck, 0u32.wrapping_sub(1), 0, 0, 1),
            (Client, Kind::Ack, 0, 0, 0, 2),
            (Server, Kind::Data, 0, 0, 1, 3),
        ]
    );
}

#[test]
fn retransmissions() {
    assert_eq!(
        packets("midstream\nc 'abcd'\nagain c 4 'ab'\nagain c 1 'def'\nagain c 0 'g'\nc 'h'"),
        [
            (Client, Kind::Data, 0, 0, 4, 0),
            (Server, Kind::Ack, 0, 4, 0, 1),
            (Client, Kind::Data, 0, 0, 2, 2),
            (Server, Kind::Ack, 0, 4, 0, 3),
            (Client, Kind::Data, 3, 0, 3, 4),
            (Server, Kind::Ack, 0, 6, 0, 5),
            (Client, Kind::Data, 6, 0, 1, 6),
            (Server, Kind::Ack, 0, 7, 0, 7),
            (Client, Kind::Data, 7, 0, 1, 8),
            (Server, Kind::Ack, 0, 8, 0, 9),
        ]
    );
}

#[test]
fn what_no_packet_can_hold_is_sent_in_several() {
    let sizes: Vec<_> =
        packets("midstream\nc 00 *131000").iter().map(|packet| (packet.2, packet.4)).collect();
    assert_eq!(sizes, [(0, 65_495), (65_495, 65_495), (130_990, 10), (0, 0)]);
}
