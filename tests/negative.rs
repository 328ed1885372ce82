//! What is no WebSocket never becomes one: a false alarm is worse than a miss.

mod support;

use std::fs;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use support::talk::{SYN, Sent, Talk, Who, capture, frame};
use support::{captures_in, export_bytes, of_type, records, shared};

/// A conversation of which the handshakes of TCP and HTTP are not in the capture.
fn inside(pieces: &[(Who, Vec<u8>)], size: usize) -> Vec<Sent> {
    let mut talk = Talk::open();
    for (who, bytes) in pieces {
        talk.send(*who, bytes, size);
        talk.ack(if *who == Who::Client { Who::Server } else { Who::Client });
    }
    talk.segments.into_iter().filter(|segment| segment.flags & SYN == 0).collect()
}

fn is_none(segments: &[Sent]) -> Result<(), TestCaseError> {
    let export = records(&export_bytes(&capture(segments), 1));
    prop_assert_eq!(of_type(&export, "connection").len(), 0, "{:#?}", export);
    Ok(())
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![Just(Who::Client), Just(Who::Server)]
}

/// Bytes of the kinds that protocols consist of.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 1..600),
        prop::collection::vec(Just(0u8), 1..600),
        prop::collection::vec(0x7c..0x8cu8, 1..600),
        prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(2), Just(0x80), Just(0x82)], 1..600),
        // 16- and 32-bit numbers.
        prop::collection::vec(0..300u16, 1..200)
            .prop_map(|v| v.into_iter().flat_map(u16::to_le_bytes).collect()),
        prop::collection::vec(0..300u32, 1..100)
            .prop_map(|v| v.into_iter().flat_map(u32::to_be_bytes).collect()),
        // Length-prefixed records (DNS, TLS, PostgreSQL, MQTT publish, RTMP chunks).
        prop::collection::vec((0u8..=0x8f, prop::collection::vec(any::<u8>(), 0..100)), 1..8).prop_map(
            |records| {
                records
                    .into_iter()
                    .flat_map(|(kind, body)| [&[kind, body.len() as u8][..], &body].concat())
                    .collect()
            }
        ),
        prop::collection::vec((any::<u8>(), "[ -~]{0,60}"), 1..8).prop_map(|records| {
            records
                .into_iter()
                .flat_map(|(kind, text)| {
                    [&[kind][..], &(text.len() as u32 + 4).to_be_bytes(), text.as_bytes()].concat()
                })
                .collect()
        }),
        "[ -~\r\n]{1,600}".prop_map(String::into_bytes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: support::cases(512), ..ProptestConfig::default() })]

    #[test]
    fn bytes_of_any_kind(pieces in prop::collection::vec((who(), bytes()), 1..30), size in prop_oneof![4..200usize, Just(1_448usize)]) {
        is_none(&inside(&pieces, size))?;
    }

    /// MQTT by itself: its fixed header is a type and a length as well, and a PUBLISH holds text.
    #[test]
    fn mqtt(topics in prop::collection::vec(("[a-z/]{1,20}", "[ -~]{0,80}", who()), 1..40)) {
        let pieces: Vec<(Who, Vec<u8>)> = topics
            .into_iter()
            .flat_map(|(topic, payload, who)| {
                let body = [&(topic.len() as u16).to_be_bytes()[..], topic.as_bytes(), &[0, 9], payload.as_bytes()].concat();
                let other = if who == Who::Client { Who::Server } else { Who::Client };
                [(who, [&[0x32, body.len() as u8][..], &body].concat()), (other, vec![0x40, 2, 0, 9]), (Who::Client, vec![0xc0, 0])]
            })
            .collect();
        is_none(&inside(&pieces, 1_448))?;
    }

    /// Records behind a length of 16 or 32 bits (DNS, SMB, Kafka), one direction of them alone.
    #[test]
    fn records_behind_a_length(sent in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..125), 1..60), wide in any::<bool>()) {
        let pieces: Vec<(Who, Vec<u8>)> = sent
            .into_iter()
            .map(|body| (Who::Server, [if wide { &[0, 0, 0][..] } else { &[0] }, &[body.len() as u8], &body].concat()))
            .collect();
        let segments: Vec<Sent> = inside(&pieces, 1_448).into_iter().filter(|s| s.who == Who::Server).collect();
        is_none(&segments)?;
    }

    /// TLS records from the middle of a connection, from the middle of a record.
    #[test]
    fn tls(sent in prop::collection::vec((who(), prop::collection::vec(any::<u8>(), 20..900)), 1..20), skip in 1..20usize) {
        let pieces: Vec<(Who, Vec<u8>)> = sent
            .into_iter()
            .map(|(who, body)| (who, [&[0x17, 3, 3][..], &(body.len() as u16).to_be_bytes(), &body].concat()[skip..].to_vec()))
            .collect();
        is_none(&inside(&pieces, 1_448))?;
    }

    /// Frames of a server in both directions: one of them does not mask, so neither is a client.
    #[test]
    fn frames_that_nobody_masks(sent in prop::collection::vec((who(), "[ -~]{1,80}"), 2..30)) {
        let both = [(Who::Client, "one".to_owned()), (Who::Server, "two".to_owned())];
        let pieces: Vec<(Who, Vec<u8>)> =
            both.into_iter().chain(sent).map(|(who, text)| (who, frame(0x81, None, text.as_bytes()))).collect();
        is_none(&inside(&pieces, 1_448))?;
    }
}

/// The time that recognition takes is in proportion to the bytes, however small the segments are.
#[test]
fn many_tiny_segments() {
    let noise: Vec<u8> = (0..8_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let started = Instant::now();
    is_none(&inside(&[(Who::Client, noise.clone()), (Who::Server, noise)], 1)).unwrap();
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

/// Every capture of other protocols, as it is and from its middle on.
#[test]
fn captures_of_other_protocols() {
    let Some(folder) = shared() else { return };
    let mut read = 0;
    for folder in ["link", "tcp", "pcapng", "tls-h2"].map(|name| folder.join(name)) {
        for path in captures_in(&folder) {
            let Ok(bytes) = fs::read(&path) else { continue };
            let limits = wscope::limits::Limits::default();
            if wscope::capture::open::from_bytes("x", bytes.clone(), &limits).is_err() {
                continue;
            }
            for bytes in std::iter::once(bytes.clone()).chain(middles(&bytes)) {
                let Ok(mut opened) = wscope::capture::open::from_bytes("x", bytes, &limits) else { continue };
                let export = records(&support::export(&mut *opened.source, 1));
                assert_eq!(of_type(&export, "connection").len(), 0, "{}", path.display());
            }
            read += 1;
        }
    }
    assert!(read > 600, "only {read} captures were read");
}

/// A classic pcap without its first packets: up to its first SYN-free place, at some thirds.
fn middles(bytes: &[u8]) -> Vec<Vec<u8>> {
    let little = bytes.starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) || bytes.starts_with(&[0x4d, 0x3c, 0xb2, 0xa1]);
    if !little || bytes.len() > 2_000_000 {
        return Vec::new();
    }
    let mut places = Vec::new();
    let mut at = 24;
    while let Some(head) = bytes.get(at..at + 16) {
        places.push(at);
        at += 16 + u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize;
    }
    let picks = [3, 4, places.len() / 3, places.len() / 2, 2 * places.len() / 3];
    picks
        .into_iter()
        .filter_map(|n| places.get(n).filter(|_| n > 0))
        .map(|at| [&bytes[..24], &bytes[*at..]].concat())
        .collect()
}
