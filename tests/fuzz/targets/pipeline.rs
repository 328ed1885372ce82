//! All of it: from the bytes of packets to JSON.

use crate::support::talk::{Sent, Talk, Who, packet, request, response};
use crate::support::{export_bytes, records};
use wscope::capture::source::LinkType;
use wscope::capture::write;
use wscope::time::Timestamp;

use super::bytes::Bytes;

/// What handshakes may agree on.
const AGREED: [&str; 4] = [
    "",
    "Sec-WebSocket-Extensions: permessage-deflate\r\n",
    "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; server_max_window_bits=9\r\n",
    "Sec-WebSocket-Extensions: x-webkit-deflate-frame\r\n",
];

/// Packets of three connections, and any others.
///
/// A byte for each connection says how it begins. Then what happens: a byte for what and whose, and its piece.
fn capture(mut input: Bytes<'_>) -> Vec<u8> {
    let mut talks = [0, 1, 2].map(|_| {
        let how = input.u8();
        let mut talk = if how & 1 != 0 { Talk::default() } else { Talk::open() };
        if how & 2 == 0 {
            let agreed = AGREED[usize::from(how >> 2 & 3)];
            talk.send(Who::Client, &request(agreed), 1_400).ack(Who::Server);
            talk.send(Who::Server, &response(agreed), 1_400).ack(Who::Client);
        }
        talk
    });
    let mut file = Vec::new();
    write::pcap_header(&mut file, LinkType(1));
    let mut count = 0;
    let mut put = |bytes: &[u8]| {
        count += 1;
        let time = Timestamp::from_nanos(1_700_000_000_000_000_000 + count * 1_000_000);
        write::pcap_packet(&mut file, time, bytes.len() as u32, bytes);
    };
    let mut sent = [0; 3];
    while !input.is_empty() {
        let what = input.u8();
        let n = usize::from(what & 3);
        let Some(talk) = talks.get_mut(n) else {
            put(input.piece());
            continue;
        };
        let who = if what & 4 == 0 { Who::Client } else { Who::Server };
        match what >> 3 {
            0 => drop(talk.ack(who)),
            1 => drop(talk.fin(who)),
            2 => drop(talk.reset(who)),
            3 => drop(talk.close()),
            // The last one again, or not at all.
            4 => talk.segments.extend(talk.segments.last().cloned()),
            5 => drop(talk.segments.pop()),
            6 => {
                let (flags, seq, ack) = (input.u8(), input.u32(), input.u32());
                talk.segments.push(Sent { who, flags, seq, ack, payload: input.piece().to_vec() });
            }
            size => drop(talk.send(who, input.piece(), usize::from(size) * 8)),
        }
        sent[n] = sent[n].min(talk.segments.len());
        for segment in &talk.segments[sent[n]..] {
            put(&packet(segment, 50_122 + n as u16, 8_080));
        }
        sent[n] = talk.segments.len();
    }
    for (n, talk) in talks.iter().enumerate() {
        for segment in &talk.segments[sent[n]..] {
            put(&packet(segment, 50_122 + n as u16, 8_080));
        }
    }
    file
}

/// The export is JSON, and the same for any number of threads.
pub fn pipeline(data: &[u8]) {
    let capture = capture(Bytes(data));
    let one = export_bytes(&capture, 1);
    assert!(records(&one).len() >= 2);
    assert_eq!(export_bytes(&capture, 3), one);
}
