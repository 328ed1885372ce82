//! How connections end, and how everything is numbered, as the export promises.

mod support;

use serde_json::{Value, json};
use support::talk::{Sent, Talk, Who, capture, frame, request, response};
use support::{export_bytes, of_type, records};

const KEY: [u8; 4] = [1, 2, 3, 4];

fn opened() -> Talk {
    let mut talk = Talk::open();
    talk.send(Who::Client, &request(""), 1_400).ack(Who::Server);
    talk.send(Who::Server, &response(""), 1_400).ack(Who::Client);
    talk
}

fn exported(segments: &[Sent]) -> Vec<Value> {
    records(&export_bytes(&capture(segments), 1))
}

fn close(talk: &mut Talk, who: Who, payload: &[u8]) {
    let key = (who == Who::Client).then_some(KEY);
    talk.send(who, &frame(0x88, key, payload), 1_400);
    talk.ack(if who == Who::Client { Who::Server } else { Who::Client });
}

fn end(talk: &Talk) -> Value {
    let export = exported(&talk.segments);
    let ends = of_type(&export, "end");
    assert_eq!(ends.len(), 1, "{export:?}");
    ends[0].clone()
}

#[test]
fn clean() {
    let mut talk = opened();
    close(&mut talk, Who::Client, b"\x03\xe8done");
    close(&mut talk, Who::Server, b"\x03\xe8done");
    let still_open = end(&talk);
    assert_eq!((&still_open["how"], still_open["c2s"].get("tcp")), (&"clean".into(), None));
    talk.close();
    let end = end(&talk);
    assert_eq!(end["how"], "clean");
    assert_eq!(end["c2s"], json!({"close": {"code": 1000, "reason": "done"}, "tcp": "fin"}));
    assert_eq!(end["s2c"], json!({"close": {"code": 1000, "reason": "done"}, "tcp": "fin"}));
    assert_eq!(end["packet"].as_u64().unwrap(), talk.segments.len() as u64 - 1);
}

#[test]
fn one_close_only() {
    for (who, how, dir) in [(Who::Client, "client-closed", "c2s"), (Who::Server, "server-closed", "s2c")] {
        let mut talk = opened();
        close(&mut talk, who, b"\x03\xe9");
        assert_eq!(end(&talk)["how"], "open");
        talk.close();
        let end = end(&talk);
        assert_eq!((&end["how"], &end[dir]["close"]["code"]), (&how.into(), &1001.into()));
    }
    let mut talk = opened();
    close(&mut talk, Who::Server, b"");
    talk.close();
    let end = end(&talk);
    assert_eq!(end["how"], "server-closed");
    assert_eq!(end["s2c"]["close"].get("code"), None);
}

#[test]
fn reset_fin_and_open() {
    let mut talk = opened();
    assert_eq!(end(&talk)["how"], "open");
    talk.fin(Who::Server);
    let half = end(&talk);
    assert_eq!(
        (&half["how"], &half["s2c"]["tcp"], half["c2s"].get("tcp")),
        (&"fin-without-close".into(), &"fin".into(), None)
    );

    let mut talk = opened();
    talk.close();
    assert_eq!(end(&talk)["how"], "fin-without-close");

    let mut talk = opened();
    talk.reset(Who::Client);
    let reset = end(&talk);
    assert_eq!((&reset["how"], &reset["packet"]), (&"reset".into(), &(talk.segments.len() as u64).into()));

    // Both have said Close: what TCP does then is another matter.
    let mut talk = opened();
    close(&mut talk, Who::Client, b"\x03\xe8");
    close(&mut talk, Who::Server, b"\x03\xe8");
    talk.reset(Who::Client);
    let end = end(&talk);
    assert_eq!(end["how"], "clean");
    assert_ne!(end["c2s"]["tcp"], "fin");
}

#[test]
fn frames_count_from_their_first_byte_and_messages_from_their_last() {
    let mut talk = opened();
    let (slow, fast) = (frame(0x81, Some(KEY), b"slow"), frame(0x81, None, b"fast"));
    // One byte of a header, a whole frame of the other side, the rest.
    talk.send(Who::Client, &slow[..1], 1_400);
    let begun = talk.segments.len();
    talk.send(Who::Server, &fast, 1_400);
    talk.send(Who::Client, &slow[1..], 1_400);
    talk.send(Who::Client, &frame(0x01, Some(KEY), b"frag"), 1_400);
    talk.send(Who::Client, &frame(0x89, Some(KEY), b"between"), 1_400);
    talk.send(Who::Client, &frame(0x80, Some(KEY), b"ments"), 1_400).ack(Who::Server).close();
    let export = exported(&talk.segments);
    let mut frames: Vec<_> = of_type(&export, "frame")
        .into_iter()
        .map(|f| {
            (
                f["n"].as_u64().unwrap(),
                f["packet"].as_u64().unwrap() - begun as u64,
                f["dir"].as_str().unwrap(),
            )
        })
        .collect();
    frames.sort_unstable();
    assert_eq!(frames, [(1, 0, "c2s"), (2, 1, "s2c"), (3, 3, "c2s"), (4, 4, "c2s"), (5, 5, "c2s")]);
    let messages: Vec<_> = of_type(&export, "message")
        .into_iter()
        .map(|m| {
            let packet = |n: usize| m["packet"][n].as_u64().unwrap() - begun as u64;
            let number = |key: &str| m[key].as_u64().unwrap();
            (number("n"), number("first_frame"), number("frames"), packet(0), packet(1))
        })
        .collect();
    assert_eq!(messages, [(1, 2, 1, 1, 1), (2, 1, 1, 0, 2), (3, 4, 1, 4, 4), (4, 3, 2, 3, 5)]);
}

#[test]
fn offsets_run_through_the_stream() {
    let mut talk = opened();
    for n in [0usize, 5, 125, 126, 300] {
        talk.send(Who::Client, &frame(0x82, Some(KEY), &vec![0; n]), 40).ack(Who::Server);
    }
    let export = exported(&talk.close().segments);
    let mut wanted = 0;
    for frame in of_type(&export, "frame") {
        assert_eq!(frame["offset"], wanted);
        wanted += frame["header_len"].as_u64().unwrap() + frame["len"].as_u64().unwrap();
    }
}

#[test]
fn records_stand_in_capture_order() {
    // Two connections, interleaved packet by packet.
    let script = |word: &[u8]| {
        let mut talk = opened();
        for _ in 0..5 {
            talk.send(Who::Client, &frame(0x81, Some(KEY), word), 1_400).ack(Who::Server);
        }
        talk.close();
        talk.segments
    };
    let (one, two) = (capture(&script(b"one")), capture(&script(b"two")));
    let packets = |bytes: &[u8]| {
        let mut packets = Vec::new();
        let mut rest = &bytes[24..];
        while !rest.is_empty() {
            let len = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
            packets.push(rest[..16 + len].to_vec());
            rest = &rest[16 + len..];
        }
        packets
    };
    let mut both = one[..24].to_vec();
    for (a, mut b) in packets(&one).into_iter().zip(packets(&two)) {
        // Another host for the second: the last byte of whichever address is the client's.
        for at in [16 + 14 + 12 + 3, 16 + 14 + 16 + 3] {
            b[at] += 100;
        }
        both.extend(a);
        both.extend(b);
    }
    let text = export_bytes(&both, 1);
    assert_eq!(export_bytes(&both, 4), text);
    let export = records(&text);
    assert_eq!(of_type(&export, "connection").len(), 2);
    let mut last = 0;
    for record in
        export.iter().filter(|r| ["connection", "message", "end"].contains(&r["type"].as_str().unwrap()))
    {
        let completed = match record["type"].as_str().unwrap() {
            "connection" => record["handshake"]["packet"][1].as_u64(),
            "message" => record["packet"][1].as_u64(),
            _ => record["packet"].as_u64(),
        };
        assert!(completed.unwrap() >= last, "{record}");
        last = completed.unwrap();
    }
}
