//! Traffic made to harm: it gets a finding or nothing, within bounds.

mod support;

use proptest::prelude::*;
use support::talk::{Talk, Who, capture, frame, request, response};
use support::{export_bytes, of_type, records, singles};
use wscope::limits::Limits;

/// A capture of a connection on which the server sends `server` behind its 101.
fn from_server(extra: &str, server: &[u8]) -> Vec<u8> {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(extra), 1_400).ack(Who::Client);
    talk.send(Who::Server, server, 60_000).ack(Who::Client).close();
    capture(&talk.segments)
}

#[test]
fn a_length_with_the_top_bit_is_not_believed() {
    let mut server = vec![0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 1];
    for n in 0..20 {
        server.extend(frame(0x81, None, format!("after {n}").as_bytes()));
    }
    let export = records(&export_bytes(&from_server("", &server), 1));
    let frames = of_type(&export, "frame");
    assert_eq!(frames[0]["opcode"], 2);
    // Which frame is the first behind such a length is not certain; all that follow it are.
    let texts: Vec<_> = of_type(&export, "message").into_iter().skip(1).map(|m| m["text"].clone()).collect();
    let last: Vec<_> = (20 - texts.len()..20).map(|n| format!("after {n}")).collect();
    assert!(texts.len() >= 19 && texts == last, "{export:?}");
}

#[test]
fn fragments_may_announce_more_than_can_be_counted() {
    let server = [&frame(0x01, None, b"a")[..], &[0x00, 0x7f], &[0xff; 8]].concat();
    let export = records(&export_bytes(&from_server("", &server), 1));
    let frames = of_type(&export, "frame");
    assert_eq!((frames.len(), &frames[1]["len_exact"]), (2, &u64::MAX.to_string().into()), "{export:?}");
}

#[test]
fn the_largest_lawful_length_streams_to_the_end() {
    let mut server = vec![0x82, 0x7f, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    server.extend([7; 100_000]);
    let export = records(&export_bytes(&from_server("", &server), 1));
    assert_eq!(of_type(&export, "frame")[0]["seen"], 100_000);
    let message = of_type(&export, "message")[0];
    assert_eq!((&message["complete"], &message["len"]), (&false.into(), &100_000.into()));
}

#[test]
fn thirty_thousand_frames_in_one_segment() {
    let server = [0x89, 0x00].repeat(29_999);
    let export = records(&export_bytes(&from_server("", &server), 1));
    assert_eq!(of_type(&export, "frame").len(), 29_999);
}

#[test]
fn an_empty_final_fragment_ends_its_message() {
    let server = [
        frame(0x01, None, b"part1-"),
        frame(0x80, None, b""),
        frame(0x01, None, b"second-"),
        frame(0x80, None, b"end"),
    ]
    .concat();
    let export = records(&export_bytes(&from_server("", &server), 1));
    let texts: Vec<_> = of_type(&export, "message").into_iter().map(|m| m["text"].clone()).collect();
    assert_eq!(texts, ["part1-", "second-end"]);
}

#[test]
fn a_message_that_begins_inside_another_ends_that() {
    let server =
        [frame(0x01, None, b"open"), frame(0x81, None, b"whole"), frame(0x80, None, b"orphan")].concat();
    let export = records(&export_bytes(&from_server("", &server), 1));
    let said: Vec<_> =
        of_type(&export, "message").into_iter().map(|m| (m["text"].clone(), m["complete"].clone())).collect();
    assert_eq!(said, [("open".into(), false.into()), ("whole".into(), true.into())]);
}

#[test]
fn decoding_goes_on_behind_reserved_opcodes_and_bits() {
    let server = [
        frame(0x83, None, b"reserved data"),
        frame(0xbb, None, b"reserved control"),
        frame(0xf1, None, b"all bits"),
        frame(0x81, None, b"plain"),
    ]
    .concat();
    let export = records(&export_bytes(&from_server("", &server), 1));
    let kinds: Vec<_> = of_type(&export, "frame").into_iter().map(|f| f["kind"].clone()).collect();
    assert_eq!(kinds, ["reserved-3", "reserved-11", "text", "text"]);
    let texts: Vec<_> = of_type(&export, "message").into_iter().map(|m| m["text"].clone()).collect();
    assert_eq!(texts, ["all bits", "plain"]);
}

#[test]
fn what_follows_a_close_is_not_invented() {
    let server = [&frame(0x88, None, b"\x03\xe8")[..], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
    let export = records(&export_bytes(&from_server("", &server), 1));
    assert_eq!(of_type(&export, "frame").len(), 1, "{export:?}");
}

#[test]
fn a_lost_segment_costs_its_own_messages_only() {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(""), 1_400).ack(Who::Client);
    for n in 0..40 {
        talk.send(Who::Server, &frame(0x81, None, format!("message number {n}").as_bytes()), 1_400);
        talk.ack(Who::Client);
    }
    talk.close();
    let lost = 5 + 2 * 10;
    assert!(!talk.segments[lost + 2].payload.is_empty());
    let mut segments = talk.segments.clone();
    let gone = segments.remove(lost + 2);
    let export = records(&export_bytes(&capture(&segments), 1));
    let texts: Vec<String> =
        of_type(&export, "message").into_iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect();
    let wanted: Vec<String> = (0..40)
        .map(|n| format!("message number {n}"))
        .filter(|text| !gone.payload.ends_with(text.as_bytes()))
        .collect();
    assert_eq!(texts, wanted);
    let codes: Vec<_> = of_type(&export, "finding").into_iter().map(|f| f["code"].clone()).collect();
    assert_eq!(codes, ["N001", "N004"], "{export:?}");
}

#[test]
fn a_gap_inside_a_payload_is_skipped_exactly() {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(""), 1_400).ack(Who::Client);
    let first = talk.segments.len();
    talk.send(Who::Server, &frame(0x81, None, &[b'x'; 5_000]), 1_000);
    talk.send(Who::Server, &frame(0x81, None, b"next"), 1_000).ack(Who::Client).close();
    let mut segments = talk.segments.clone();
    segments.remove(first + 2);
    let export = records(&export_bytes(&capture(&segments), 1));
    let said: Vec<_> = of_type(&export, "message")
        .into_iter()
        .map(|m| (m["wire_len"].clone(), m["len"].clone(), m["complete"].clone()))
        .collect();
    assert_eq!(said, [(5_000.into(), 4_000.into(), false.into()), (4.into(), 4.into(), true.into())]);
}

#[test]
fn a_retransmission_that_differs_is_reported_and_the_first_stands() {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(""), 1_400).ack(Who::Client);
    talk.send(Who::Server, &frame(0x81, None, b"the truth"), 1_400);
    let mut forged = talk.segments.last().unwrap().clone();
    talk.ack(Who::Client).close();
    forged.payload[5] ^= 1;
    let mut segments = talk.segments.clone();
    segments.insert(segments.len() - 3, forged);
    let export = records(&export_bytes(&capture(&segments), 1));
    assert_eq!(of_type(&export, "message")[0]["text"], "the truth");
    let codes: Vec<_> = of_type(&export, "finding").into_iter().map(|f| f["code"].clone()).collect();
    assert_eq!(codes, ["S006", "C010"]);
}

#[test]
fn ports_used_again_at_once_are_two_connections() {
    let one = from_server("", &frame(0x81, None, b"one"));
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(""), 1_400).ack(Who::Client);
    talk.send(Who::Server, &frame(0x81, None, b"two"), 1_400).close();
    for segment in &mut talk.segments {
        let (seq, ack) = if segment.who == Who::Client { (9_000, 5_000) } else { (5_000, 9_000) };
        segment.seq = segment.seq.wrapping_add(seq);
        segment.ack = segment.ack.wrapping_add(ack);
    }
    let both = [&one[..], &capture(&talk.segments)[24..]].concat();
    let export = records(&export_bytes(&both, 1));
    let texts: Vec<_> =
        of_type(&export, "message").into_iter().map(|m| (m["conn"].clone(), m["text"].clone())).collect();
    assert_eq!(texts, [(1.into(), "one".into()), (2.into(), "two".into())]);
    for end in of_type(&export, "end") {
        assert_eq!(end["how"], "fin-without-close");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_behind_the_handshake_end_cleanly(
        extra in prop_oneof![Just(""), Just("Sec-WebSocket-Extensions: permessage-deflate\r\n")],
        server in prop::collection::vec(any::<u8>(), 0..400),
        size in 1..100usize,
    ) {
        let mut talk = Talk::open();
        talk.send(Who::Client, &request(extra), 1_400).ack(Who::Server);
        talk.send(Who::Server, &response(extra), 1_400).ack(Who::Client);
        talk.send(Who::Server, &server, size).ack(Who::Client).close();
        let bytes = capture(&talk.segments);
        let one = export_bytes(&bytes, 1);
        records(&one);
        prop_assert_eq!(export_bytes(&bytes, 2), one);
    }

    /// Sound frames among others, with keys that come again, in segments of any size.
    #[test]
    fn frames_in_one_step_are_told_as_in_several(
        extra in prop_oneof![Just(""), Just("Sec-WebSocket-Extensions: permessage-deflate\r\n")],
        frames in prop::collection::vec(any_frame(), 0..40),
        size in prop_oneof![1..40_usize, 100..2_000_usize],
        runs in 1..8_usize,
    ) {
        let mut talk = Talk::open();
        talk.send(Who::Client, &request(extra), 1_400).ack(Who::Server);
        talk.send(Who::Server, &response(extra), 1_400).ack(Who::Client);
        for run in frames.chunks(runs) {
            for (who, peer) in [(Who::Client, Who::Server), (Who::Server, Who::Client)] {
                let mine = run.iter().filter(|(by, _)| *by == who);
                let bytes: Vec<u8> = mine.flat_map(|(_, bytes)| bytes.iter().copied()).collect();
                talk.send(who, &bytes, size).ack(peer);
            }
        }
        talk.close();
        singles::compare(&capture(&talk.segments), &Limits::default());
    }
}

/// A frame of either side, sound more often than not.
fn any_frame() -> impl Strategy<Value = (Who, Vec<u8>)> {
    let first = prop_oneof![
        6 => Just(0x81_u8),
        3 => Just(0x82),
        3 => prop::sample::select(vec![0x01_u8, 0x02, 0x00, 0x80, 0x89, 0x8a, 0xc1, 0xc2, 0x91, 0x83, 0x88]),
    ];
    let key = prop_oneof![
        6 => any::<[u8; 4]>(),
        1 => prop::sample::select(vec![[0; 4], [1, 2, 3, 4], [5, 6, 7, 8]]),
    ];
    let payload = prop_oneof![
        4 => "[ -~]{0,20}".prop_map(String::into_bytes),
        2 => "\\PC{0,20}".prop_map(String::into_bytes),
        1 => "[ -~]{120,300}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..24),
    ];
    (any::<bool>(), prop::bool::weighted(0.95), first, key, payload).prop_map(
        |(client, usual, first, key, payload)| {
            let who = if client { Who::Client } else { Who::Server };
            (who, frame(first, (client == usual).then_some(key), &payload))
        },
    )
}
