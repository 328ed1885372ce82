//! Any segmentation, order and duplication of the same bytes gives the same messages.

mod support;

use proptest::prelude::*;
use serde_json::Value;
use support::talk::{Sent, Talk, Who, capture, frame, request, response};
use support::{alarms, export_bytes, of_type, records};

/// What was said, without where in the capture it was.
fn said(bytes: &[u8]) -> Vec<String> {
    let export = records(&export_bytes(bytes, 1));
    let mut said: Vec<String> = of_type(&export, "message")
        .into_iter()
        .map(|m| {
            format!(
                "{} {} {} {} {} {} {} {}",
                m["dir"],
                m["kind"],
                m["frames"],
                m["wire_len"],
                m["len"],
                m["complete"],
                m["sha256"],
                m["text"]
            )
        })
        .collect();
    // Each direction keeps its order; how the two interleave is up to the network.
    said.sort_by_key(|line| line.starts_with("\"s2c\""));
    assert_eq!(alarms(&export), Vec::<&Value>::new(), "{export:?}");
    said
}

#[derive(Clone, Debug)]
struct Scripted {
    client: Vec<u8>,
    server: Vec<u8>,
}

/// A conversation of frames of any lawful kind.
fn conversation() -> impl Strategy<Value = Scripted> {
    let payload = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(any::<u8>(), 120..300),
    ];
    let message = (any::<[u8; 4]>(), payload, 0..5u8, any::<bool>());
    (prop::collection::vec(message.clone(), 1..12), prop::collection::vec(message, 1..12)).prop_map(
        |(client, server)| {
            let bytes = |messages: Vec<([u8; 4], Vec<u8>, u8, bool)>, masked: bool| {
                let mut out = Vec::new();
                for (key, payload, kind, split) in messages {
                    let key = masked.then_some(key);
                    let text: Vec<u8> = payload.iter().map(|byte| b' ' + byte % 64).collect();
                    match kind {
                        0 => out.extend(frame(0x89, key, payload.get(..125).unwrap_or(&payload))),
                        1 => out.extend(frame(0x82, key, &payload)),
                        _ if split => {
                            let (head, tail) = text.split_at(text.len() / 2);
                            out.extend(frame(0x01, key, head));
                            out.extend(frame(0x8a, key, b"between"));
                            out.extend(frame(0x00, key, b""));
                            out.extend(frame(0x80, key, tail));
                        }
                        _ => out.extend(frame(0x81, key, &text)),
                    }
                }
                out
            };
            Scripted { client: bytes(client, true), server: bytes(server, false) }
        },
    )
}

fn talk(script: &Scripted, size: usize) -> Talk {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), size).ack(Who::Server);
    talk.send(Who::Server, &response(""), size).ack(Who::Client);
    talk.send(Who::Client, &script.client, size).ack(Who::Server);
    talk.send(Who::Server, &script.server, size).ack(Who::Client);
    talk.close();
    talk
}

/// Swaps neighbours and repeats segments, as a network may.
fn shuffled(segments: &[Sent], swaps: &[usize], repeats: &[usize]) -> Vec<Sent> {
    let mut segments = segments.to_vec();
    for n in swaps {
        let n = 3 + n % (segments.len() - 4);
        // The handshake of HTTP comes in order of cause and effect; so do FINs.
        if segments[n].who == segments[n + 1].who {
            segments.swap(n, n + 1);
        }
    }
    for n in repeats {
        let n = 3 + n % (segments.len() - 3);
        let copy = segments[n].clone();
        segments.insert((n + 2).min(segments.len()), copy);
    }
    segments
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_same_messages_however_they_travel(
        script in conversation(),
        size in prop_oneof![Just(1usize), 2..7usize, 20..200usize],
        swaps in prop::collection::vec(any::<usize>(), 0..30),
        repeats in prop::collection::vec(any::<usize>(), 0..30),
    ) {
        let whole = said(&capture(&talk(&script, 100_000).segments));
        let cut = talk(&script, size);
        prop_assert_eq!(&said(&capture(&cut.segments)), &whole);
        let shuffled = shuffled(&cut.segments, &swaps, &repeats);
        prop_assert_eq!(&said(&capture(&shuffled)), &whole);
    }
}
