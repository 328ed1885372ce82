//! permessage-deflate from packets: whatever was agreed, and whatever goes wrong.

mod support;

use flate2::{Compress, Compression, FlushCompress};
use serde_json::Value;
use support::conversation::deflated;
use support::talk::{Talk, Who, capture, frame, request, response};
use support::{export_bytes, of_type, records};
use wscope::capture::open::from_bytes;
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event, Summary};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox, Sink};
use wscope::ws::deflate::Exceeded;
use wscope::ws::fact::Fault;

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
    let got: Vec<_> = of_type(&export, "message")
        .into_iter()
        .map(|m| (m["complete"] == true, m["wire_len"].as_u64().unwrap(), m["len"].as_u64().unwrap()))
        .collect();
    assert_eq!(got, [(false, bomb.len() as u64, 64 << 20), (true, small.len() as u64, 5)]);
    let codes: Vec<_> = of_type(&export, "finding").into_iter().map(|f| f["code"].clone()).collect();
    assert_eq!(codes, ["D012", "C010"]);
}

#[test]
fn rsv1_that_nobody_agreed_on_is_left_as_it_is() {
    let got = messages("permessage-deflate", "", &[server(0xc1, b"not compressed")]);
    assert_eq!(got[0]["compressed"], false);
    assert_eq!(got[0]["text"], "not compressed");
}

/// What is told of a message's compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Facts {
    fault: Option<Fault>,
    exceeded: Option<Exceeded>,
    final_block: bool,
}

const NOTHING: Facts = Facts { fault: None, exceeded: None, final_block: false };
const FINAL: Facts = Facts { final_block: true, ..NOTHING };
const MISSING: Facts = failed(Fault::Missing);
const LOST: Facts = failed(Fault::LostContext);
const BROKEN: Facts = failed(Fault::BrokenDeflate);

const fn failed(fault: Fault) -> Facts {
    Facts { fault: Some(fault), ..NOTHING }
}

const fn exceeds(distance: u16, window: u16, fault: Option<Fault>) -> Facts {
    Facts { fault, exceeded: Some(Exceeded { distance, window }), final_block: false }
}

struct Watch;

impl Observer for Watch {
    type Record = Facts;

    fn event(&mut self, _: &Connection, event: Event<'_>, out: &mut Outbox<Facts>) {
        if let Event::Message(message) = event
            && message.compressed
        {
            let (fault, exceeded, final_block) = (message.fault, message.exceeded, message.final_block);
            out.push(Facts { fault, exceeded, final_block });
        }
    }
}

#[derive(Default)]
struct Collect(Vec<Facts>);

impl Sink<Facts> for Collect {
    fn record(&mut self, _: u32, record: Facts, _: &[u8]) -> std::io::Result<()> {
        self.0.push(record);
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the capture lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    Nothing,
    /// The payload of the first message but for a few bytes.
    FirstMessage,
    /// All before the frames.
    Handshake,
    /// The response.
    Response,
}

/// The facts of a server's compressed messages, when this was agreed.
fn facts(agreed: &str, frames: &[(u8, &[u8])], lack: Lack) -> Vec<Facts> {
    let header = format!("Sec-WebSocket-Extensions: {agreed}\r\n");
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(&header), 1_400).ack(Who::Server);
    let response_at = talk.segments.len();
    talk.send(Who::Server, &response(&header), 1_400).ack(Who::Client);
    let frames_at = talk.segments.len();
    // Enough for frames to be recognised without a handshake.
    for n in 0..20 {
        let words = format!("message {n} of some, in plain words");
        talk.send(Who::Client, &frame(0x81, Some(KEY), words.as_bytes()), 1_400).ack(Who::Server);
        talk.send(Who::Server, &frame(0x81, None, words.as_bytes()), 1_400).ack(Who::Client);
    }
    for (n, (first, payload)) in frames.iter().enumerate() {
        let bytes = frame(*first, None, payload);
        if n == 0 && lack == Lack::FirstMessage {
            let (head, rest) = bytes.split_at(5);
            talk.send(Who::Server, head, 1_400);
            let kept = talk.segments.len();
            talk.send(Who::Server, rest, 1_400);
            talk.segments.truncate(kept);
        } else {
            talk.send(Who::Server, &bytes, 1_400);
        }
        talk.ack(Who::Client);
    }
    talk.close();
    match lack {
        Lack::Handshake => drop(talk.segments.drain(..frames_at)),
        Lack::Response => drop(talk.segments.drain(response_at..=response_at)),
        _ => {}
    }
    let mut opened = from_bytes("test", capture(&talk.segments), &Limits::default()).unwrap();
    let mut sink = Collect::default();
    engine::run(&mut *opened.source, &Config::default(), &|| Watch, &mut sink, &|_| {}).unwrap();
    sink.0
}

/// RFC 7692 section 7.2.3: "Hello", by itself, by reference to one before, and in a final block.
const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
const AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";
const HELLO_FINAL: &[u8] = b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00";

#[test]
fn references_within_a_message_beyond_the_window() {
    let wire = deflated(&mut compressor(15), repeating(4_000, 8_000).as_bytes());
    let small = deflated(&mut compressor(15), b"near and near and near");
    let (start, rest) = wire.split_at(wire.len() / 2);
    let frames = [(0xc1, &small[..]), (0xc1, &wire), (0x41, start), (0x80, rest), (0xc1, &small)];
    for (bits, window) in [(8, 256), (9, 512), (11, 2_048)] {
        for takeover in ["", "; server_no_context_takeover"] {
            let agreed = format!("permessage-deflate; server_max_window_bits={bits}{takeover}");
            // The message is whole: references are followed as far as an inflater can.
            let told = exceeds(4_000, window, None);
            assert_eq!(facts(&agreed, &frames, Lack::Nothing), [NOTHING, told, told, NOTHING], "{agreed}");
            // Each message makes up for the loss, and the one that does so is not told of.
            let got = facts(&agreed, &frames, Lack::FirstMessage);
            assert_eq!(got, [MISSING, NOTHING, told, NOTHING], "{agreed}");
            for lack in [Lack::Handshake, Lack::Response] {
                let got = facts(&agreed, &frames, lack);
                assert!(!got.is_empty() && got.iter().all(|facts| facts.exceeded.is_none()), "{got:?}");
            }
        }
    }
    for enough in ["", "; server_max_window_bits=12", "; client_max_window_bits=9"] {
        let agreed = format!("permessage-deflate{enough}");
        assert_eq!(facts(&agreed, &frames, Lack::Nothing), [NOTHING; 4], "{agreed}");
    }
}

/// A message that refers to nothing, and one that refers back by 4,000 bytes only, but for its first byte.
fn far_apart() -> (Vec<u8>, Vec<u8>) {
    let text = repeating(4_000, 4_000);
    let len = (text.len() as u16).to_le_bytes();
    let stored = [&[0x00, len[0], len[1], !len[0], !len[1]][..], text.as_bytes(), &[0x00]].concat();
    let mut compress = compressor(15);
    compress.set_dictionary(text.as_bytes()).unwrap();
    (stored, deflated(&mut compress, text.as_bytes()))
}

#[test]
fn references_to_another_message_beyond_the_window() {
    let (first, again) = far_apart();
    let frames = [(0xc1, &first[..]), (0xc1, &again), (0xc1, &again)];
    let agreed = "permessage-deflate; server_max_window_bits=9";
    // The third refers to a message that could not be shown.
    let told = exceeds(4_000, 512, Some(Fault::WindowExceeded));
    assert_eq!(facts(agreed, &frames, Lack::Nothing), [NOTHING, told, LOST]);
    assert_eq!(facts(agreed, &frames, Lack::FirstMessage), [MISSING, LOST, LOST]);
    // A message before all others refers to nothing.
    assert_eq!(facts(agreed, &frames[1..], Lack::Nothing), [BROKEN, LOST]);
    let got = facts(agreed, &frames, Lack::Handshake);
    assert!(!got.is_empty() && got.iter().all(|facts| *facts == LOST || *facts == NOTHING), "{got:?}");
    assert_eq!(facts("permessage-deflate", &frames, Lack::Nothing), [NOTHING; 3]);
}

#[test]
fn a_context_that_was_to_be_dropped() {
    let agreed = "permessage-deflate; server_no_context_takeover";
    let kept = failed(Fault::ContextKept { reach: 4 });
    let frames = [(0xc1, HELLO), (0xc1, AGAIN), (0xc1, AGAIN), (0xc1, HELLO), (0xc1, AGAIN)];
    assert_eq!(facts(agreed, &frames, Lack::Nothing), [NOTHING, kept, kept, NOTHING, kept]);
    assert_eq!(facts("permessage-deflate", &frames, Lack::Nothing), [NOTHING; 5]);
    // In fragments.
    let (start, rest) = AGAIN.split_at(2);
    let split = [(0xc1, HELLO), (0x41, start), (0x00, b""), (0x80, rest)];
    assert_eq!(facts(agreed, &split, Lack::Nothing), [NOTHING, kept]);
    // The first message has none to refer to, whatever it was meant to be.
    assert_eq!(facts(agreed, &frames[1..2], Lack::Nothing), [BROKEN]);
    // After a loss, a message that is whole in itself proves that both are in step again.
    assert_eq!(facts(agreed, &frames, Lack::FirstMessage), [MISSING, LOST, LOST, NOTHING, kept]);
    let got = facts(agreed, &frames, Lack::Handshake);
    assert!(!got.is_empty() && got.iter().all(|facts| *facts == LOST || *facts == NOTHING), "{got:?}");
    // A window that is exceeded besides.
    let (first, again) = far_apart();
    let frames = [(0xc1, &first[..]), (0xc1, &again)];
    let both = exceeds(4_000, 512, Some(Fault::ContextKept { reach: 3_999 }));
    let narrow = format!("{agreed}; server_max_window_bits=9");
    assert_eq!(facts(&narrow, &frames, Lack::Nothing), [NOTHING, both]);
}

#[test]
fn final_blocks_are_told() {
    let middle = [b"\xf3\x48\xcd\xc9\xc9\x07\x00", AGAIN].concat();
    let (start, rest) = HELLO_FINAL.split_at(3);
    let frames = [
        (0xc1, HELLO),
        (0xc1, HELLO_FINAL),
        (0xc1, &middle[..]),
        (0xc1, &HELLO_FINAL[..7]),
        (0x41, start),
        (0x80, rest),
        (0xc1, HELLO),
    ];
    let told = [NOTHING, FINAL, FINAL, FINAL, FINAL, NOTHING];
    for agreed in ["permessage-deflate", "permessage-deflate; server_max_window_bits=9"] {
        assert_eq!(facts(agreed, &frames, Lack::Nothing), told, "{agreed}");
        // Nothing makes up for the loss: it is too little output.
        let silent = facts(agreed, &frames, Lack::FirstMessage);
        assert_eq!((silent[0], &silent[1..]), (MISSING, &[NOTHING; 5][..]), "{agreed}");
    }
    let agreed = "permessage-deflate; server_no_context_takeover";
    assert_eq!(facts(agreed, &frames, Lack::Nothing), told);
    let after_loss = [MISSING, NOTHING, FINAL, FINAL, FINAL, NOTHING];
    assert_eq!(facts(agreed, &frames, Lack::FirstMessage), after_loss);
    for lack in [Lack::Handshake, Lack::Response] {
        let got = facts(agreed, &frames, lack);
        assert!(!got.is_empty() && got.iter().all(|facts| !facts.final_block), "{got:?}");
    }
}

#[test]
fn garbage_is_garbage() {
    let mut state = 1u32;
    let mut noise = |len: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..len).map(|_| next()).collect()
    };
    for _ in 0..60 {
        let noise = noise(300);
        let frames = [(0xc2, HELLO), (0xc2, &noise[..]), (0xc2, HELLO), (0xc2, AGAIN)];
        let cut = [(0xc2, HELLO), (0xc2, &HELLO[..4])];
        // Whatever distances noise may name, they are no sign of a context or of a window.
        for small in ["", "; server_max_window_bits=8"] {
            let agreed = format!("permessage-deflate{small}");
            assert_eq!(facts(&agreed, &frames, Lack::Nothing), [NOTHING, BROKEN, NOTHING, NOTHING]);
            assert_eq!(facts(&agreed, &cut, Lack::Nothing), [NOTHING, BROKEN]);
            assert_eq!(facts(&agreed, &frames, Lack::FirstMessage), [MISSING, LOST, NOTHING, NOTHING]);
            let agreed = format!("{agreed}; server_no_context_takeover");
            let kept = failed(Fault::ContextKept { reach: 4 });
            assert_eq!(facts(&agreed, &frames, Lack::Nothing), [NOTHING, BROKEN, NOTHING, kept]);
            assert_eq!(facts(&agreed, &frames, Lack::FirstMessage), [MISSING, LOST, NOTHING, kept]);
        }
        let got = facts("permessage-deflate", &frames, Lack::Response);
        assert!(got.iter().all(|facts| *facts == LOST || *facts == NOTHING), "{got:?}");
    }
}

#[test]
fn facts_of_frames_compressed_one_by_one() {
    let far = deflated(&mut compressor(15), repeating(4_000, 8_000).as_bytes());
    let agreed = "x-webkit-deflate-frame; max_window_bits=9";
    let told = Facts { final_block: true, ..exceeds(4_000, 512, None) };
    let frames = [(0xc1, HELLO), (0x41, &far[..]), (0x00, b"plain"), (0xc0, HELLO_FINAL), (0xc1, HELLO)];
    assert_eq!(facts(agreed, &frames, Lack::Nothing), [NOTHING, told, NOTHING]);
    let broken = [(0x41, HELLO_FINAL), (0xc0, &b"\xff\xff"[..]), (0xc1, HELLO)];
    let told = Facts { final_block: true, ..BROKEN };
    assert_eq!(facts(agreed, &broken, Lack::Nothing), [told, NOTHING]);
}
