//! permessage-deflate from packets: whatever was agreed, and whatever goes wrong.

mod support;

use flate2::{Compress, Compression, FlushCompress};
use serde_json::Value;
use support::conversation::deflated;
use support::talk::{Talk, Who, capture, frame, request, response};
use support::{export_bytes, of_type, records};

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// The messages of a connection with this offer and answer on which these frames were sent.
fn messages(offer: &str, answer: &str, frames: &[(Who, Vec<u8>)]) -> Vec<Value> {
    let header = |value: &str| {
        if value.is_empty() { String::new() } else { format!("Sec-WebSocket-Extensions: {value}\r\n") }
    };
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(&header(offer)), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(&header(answer)), 1_400).ack(Who::Client);
    for (who, frame) in frames {
        talk.send(*who, frame, 1_400);
        talk.ack(if *who == Who::Client { Who::Server } else { Who::Client });
    }
    talk.close();
    let export = records(&export_bytes(&capture(&talk.segments), 1));
    of_type(&export, "message").into_iter().cloned().collect()
}

fn server(first: u8, payload: &[u8]) -> (Who, Vec<u8>) {
    (Who::Server, frame(first, None, payload))
}

fn client(first: u8, payload: &[u8]) -> (Who, Vec<u8>) {
    (Who::Client, frame(first, Some(KEY), payload))
}

fn texts(messages: &[Value]) -> Vec<&str> {
    messages
        .iter()
        .map(|m| if m["complete"] == true { m["text"].as_str().unwrap_or("-") } else { "incomplete" })
        .collect()
}

/// Text whose repetitions lie `distance` apart.
fn repeating(distance: usize, len: usize) -> String {
    let mut state = 7u32;
    let mut block = String::new();
    while block.len() < distance {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        block.push(char::from(b'!' + (state >> 24) as u8 % 90));
    }
    block.chars().cycle().take(len).collect()
}

fn compressor(bits: u8) -> Compress {
    Compress::new_with_window_bits(Compression::new(9), false, bits)
}

#[test]
fn every_window_in_both_directions() {
    for bits in 8..=15u8 {
        let agreed =
            format!("permessage-deflate; server_max_window_bits={bits}; client_max_window_bits={bits}");
        // zlib has no window of 2^8 bytes: senders use 9, and zlib then never reaches past 250 bytes.
        let mut compress = [compressor(bits.max(9)), compressor(bits.max(9))];
        let said: Vec<String> =
            (0..6).map(|n| repeating((1 << bits.max(9)) - 300 + n * 6, 3 << bits.min(13))).collect();
        let frames: Vec<_> = said
            .iter()
            .flat_map(|text| {
                let [to_server, to_client] = &mut compress;
                [
                    client(0xc1, &deflated(to_server, text.as_bytes())),
                    server(0xc1, &deflated(to_client, text.as_bytes())),
                ]
            })
            .collect();
        let got = messages("permessage-deflate; client_max_window_bits", &agreed, &frames);
        let wanted: Vec<&str> = said.iter().flat_map(|text| [text.as_str(); 2]).collect();
        assert_eq!(texts(&got), wanted, "{bits} bits");
    }
}

#[test]
fn a_reference_beyond_the_window_is_not_followed() {
    let mut compress = compressor(15);
    let text = repeating(3_000, 3_000);
    let frames: Vec<_> = (0..2).map(|_| server(0xc1, &deflated(&mut compress, text.as_bytes()))).collect();
    let got = messages("permessage-deflate", "permessage-deflate; server_max_window_bits=10", &frames);
    assert_eq!(texts(&got), [&text, "incomplete"]);
    let got = messages("permessage-deflate", "permessage-deflate; server_max_window_bits=12", &frames);
    assert_eq!(texts(&got), [&text, &text]);
}

#[test]
fn however_it_is_spelt() {
    let one = deflated(&mut compressor(15), b"hello hello hello");
    for answer in [
        "permessage-deflate",
        "Permessage-Deflate",
        "PERMESSAGE-DEFLATE;SERVER_NO_CONTEXT_TAKEOVER",
        "permessage-deflate ; server_max_window_bits = 15",
        "permessage-deflate; server_max_window_bits=\"15\"",
        "permessage-deflate; server_max_window_bits=\"\\1\\5\"",
        "x-other, permessage-deflate",
        "x-other; a=\"permessage-deflate, no\", permessage-deflate",
        "x-other\r\nSec-WebSocket-Extensions: permessage-deflate",
        "permessage-deflate; unknown=1",
        "permessage-deflate; server_max_window_bits=99",
        ",, permessage-deflate,,",
    ] {
        let got = messages(
            "permessage-deflate, permessage-deflate; client_max_window_bits",
            answer,
            &[server(0xc1, &one)],
        );
        assert_eq!(texts(&got), ["hello hello hello"], "{answer}");
    }
}

#[test]
fn several_offers_and_the_server_takes_one() {
    let mut compress = compressor(15);
    let offer = "permessage-deflate; server_no_context_takeover; client_max_window_bits=9, permessage-deflate; client_max_window_bits, permessage-deflate";
    let frames: Vec<_> =
        (0..3).map(|_| server(0xc1, &deflated(&mut compress, b"the same words each time"))).collect();
    // What was offered does not matter where the answer says otherwise: the context is taken over.
    assert_eq!(texts(&messages(offer, "permessage-deflate", &frames)), ["the same words each time"; 3]);
}

#[test]
fn without_takeover_no_message_refers_to_another() {
    let answer = "permessage-deflate; server_no_context_takeover";
    let fresh = |text: &[u8]| deflated(&mut compressor(15), text);
    let mut broken = fresh(b"broken in the middle, broken in the middle");
    // A block type that there is not.
    broken[0] |= 0x06;
    let frames =
        [server(0xc1, &fresh(b"before before")), server(0xc1, &broken), server(0xc1, &fresh(b"after after"))];
    let got = messages("permessage-deflate", answer, &frames);
    assert_eq!(texts(&got)[0], "before before");
    assert_eq!(got[1]["complete"], false);
    assert_eq!(texts(&got)[2], "after after");
    // A sender that breaks this: its message refers to one that is gone.
    let mut keeps = compressor(15);
    let frames: Vec<_> =
        (0..2).map(|_| server(0xc1, &deflated(&mut keeps, b"the same words each time"))).collect();
    assert_eq!(
        texts(&messages("permessage-deflate", answer, &frames)),
        ["the same words each time", "incomplete"]
    );
}

#[test]
fn fragments_with_control_frames_between() {
    let wire = deflated(&mut compressor(15), b"one message in five fragments, one message");
    let mut frames = Vec::new();
    let pieces: Vec<&[u8]> = wire.chunks(wire.len() / 4).collect();
    for (n, piece) in pieces.iter().enumerate() {
        let first = if n == 0 { 0x41 } else { 0 } | if n + 1 == pieces.len() { 0x80 } else { 0 };
        frames.push(client(first, piece));
        if n + 1 < pieces.len() {
            frames.push(client(0x89, b"never compressed"));
        }
    }
    let got = messages("permessage-deflate", "permessage-deflate", &frames);
    let mut wanted = vec!["never compressed"; pieces.len() - 1];
    wanted.push("one message in five fragments, one message");
    assert_eq!(texts(&got), wanted);
    let compressed: Vec<_> = got.iter().map(|m| m["compressed"] == true).collect();
    assert_eq!(compressed.iter().filter(|compressed| **compressed).count(), 1);
}

#[test]
fn empty_messages() {
    let mut compress = compressor(15);
    let before = deflated(&mut compress, b"before before");
    let after = deflated(&mut compress, b"before before");
    let frames = [
        server(0xc1, &before),
        server(0xc1, &[0x00]),
        server(0xc2, &[]),
        server(0x81, &[]),
        server(0xc1, &[0x02, 0x00]),
        server(0xc1, &after),
    ];
    let got = messages("permessage-deflate", "permessage-deflate", &frames);
    let lens: Vec<_> = got.iter().map(|m| (m["len"].as_u64().unwrap(), m["complete"] == true)).collect();
    assert_eq!(lens, [(13, true), (0, true), (0, true), (0, true), (0, true), (13, true)]);
    assert_eq!(texts(&got)[5], "before before");
}

#[test]
fn final_and_stored_blocks() {
    let whole = |text: &[u8]| {
        let mut out = Vec::with_capacity(200);
        Compress::new(Compression::new(9), false)
            .compress_vec(text, &mut out, FlushCompress::Finish)
            .unwrap();
        out
    };
    let stored = |text: &[u8]| {
        let len = (text.len() as u16).to_le_bytes();
        [&[0x00, len[0], len[1], !len[0], !len[1]][..], text, &[0x00]].concat()
    };
    let mut final_then_more = whole(b"a final block");
    final_then_more.extend(stored(b", and more"));
    let mut final_and_tail = whole(b"as RFC 7692 7.2.3.4 has it");
    final_and_tail.push(0);
    let frames = [
        server(0xc1, &whole(b"final")),
        server(0xc1, &final_and_tail),
        server(0xc1, &stored(b"stored")),
        server(0xc1, &final_then_more),
        server(0xc1, &deflated(&mut compressor(15), b"as usual")),
    ];
    let got = messages("permessage-deflate", "permessage-deflate", &frames);
    assert_eq!(
        texts(&got),
        ["final", "as RFC 7692 7.2.3.4 has it", "stored", "a final block, and more", "as usual"]
    );
}

#[test]
fn after_a_broken_message_nothing_is_guessed() {
    let mut compress = compressor(15);
    let lines: Vec<String> =
        (0..12).map(|n| format!("message {n} of many that share their words, {}", n * 7_919)).collect();
    let mut frames: Vec<_> = lines.iter().map(|line| deflated(&mut compress, line.as_bytes())).collect();
    for byte in &mut frames[3] {
        *byte ^= 0x5a;
    }
    // The sender begins anew, as after a reset.
    let fresh = "nothing of this refers to what was before";
    frames.push(deflated(&mut compressor(15), fresh.as_bytes()));
    let frames: Vec<_> = frames.iter().map(|wire| server(0xc1, wire)).collect();
    let got = messages("permessage-deflate", "permessage-deflate", &frames);
    let told = texts(&got);
    assert_eq!(told[..3], lines[..3]);
    assert_eq!(told[3], "incomplete");
    for (n, text) in told[4..12].iter().enumerate() {
        assert!(*text == "incomplete" || *text == lines[4 + n], "{text}");
    }
    assert_eq!(told[12], fresh);
}

#[test]
fn frames_compressed_one_by_one() {
    let mut compress = compressor(15);
    let frames = [
        server(0xc1, &deflated(&mut compress, b"one frame, ")),
        server(0x41, &deflated(&mut compress, b"one frame, ")),
        server(0x00, b"plain, "),
        server(0xc0, &deflated(&mut compress, b"one frame, ")),
        server(0x81, b"plain"),
    ];
    let got = messages("x-webkit-deflate-frame", "x-webkit-deflate-frame", &frames);
    assert_eq!(texts(&got), ["one frame, ", "one frame, plain, one frame, ", "plain"]);
}

#[test]
fn bombs_are_cut_and_said() {
    let mut compress = compressor(15);
    let bomb = deflated(&mut compress, &vec![b'0'; 80 << 20]);
    let small = deflated(&mut compressor(15), b"small");
    let header = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(header), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(header), 1_400).ack(Who::Client);
    talk.send(Who::Server, &frame(0xc1, None, &bomb), 1_400).ack(Who::Client);
    talk.send(Who::Server, &frame(0xc1, None, &small), 1_400).ack(Who::Client).close();
    let export = records(&export_bytes(&capture(&talk.segments), 1));
    let got: Vec<_> =
        of_type(&export, "message").into_iter().map(|m| (m["complete"].clone(), m["len"].clone())).collect();
    assert_eq!(got, [(false.into(), (64 << 20).into()), (true.into(), 5.into())]);
    let codes: Vec<_> = of_type(&export, "finding").into_iter().map(|f| f["code"].clone()).collect();
    assert_eq!(codes, ["N005"]);
}

#[test]
fn rsv1_that_nobody_agreed_on_is_left_as_it_is() {
    let got = messages("permessage-deflate", "", &[server(0xc1, b"not compressed")]);
    assert_eq!(got[0]["compressed"], false);
    assert_eq!(got[0]["text"], "not compressed");
}
