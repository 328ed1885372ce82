//! What came with a refusal: the beginning of a response's body.

use std::io;
use std::sync::Arc;

use super::Reopener;
use super::picked::Picked;
use crate::capture::source::{Block, Source, Status};
use crate::http::upgrade::Response;
use crate::item::At;
use crate::packet::Decoder;
use crate::packet::segment::{FlowKey, Place};
use crate::tui::store::Packets;

/// Bytes that are looked at, head and body.
const MOST: usize = 64 << 10;

/// Bytes of the body that are told.
const BODY: usize = 4 << 10;

/// Packets behind the one in which the response begins that are looked at.
const NEAR: u64 = 1_000;

impl Reopener {
    /// The beginning of the body of the response that begins in packet `first`, as sent, as far as it lies in the
    /// packets that follow without a gap.
    ///
    /// # Errors
    /// Where a file cannot be read any more.
    pub fn refusal(&self, packets: &Packets, first: u64) -> io::Result<Vec<u8>> {
        let [client, server] = packets.ends;
        let (key, from_low) = FlowKey::new(server, client);
        let done = Arc::default();
        let mut source = Picked::new(&self.files, &self.config.limits, packets, done);
        let mut decoder = Decoder::new(&self.config.limits);
        let mut block = Block::default();
        // What the server sent: sequence number and bytes.
        let mut sent: Vec<(u32, Vec<u8>)> = Vec::new();
        let mut bytes = 0;
        loop {
            let status = source.fill(&mut block)?;
            for (packet, number) in block.packets.iter().zip(&block.numbers) {
                if !(first..first + NEAR).contains(number) || bytes > MOST {
                    continue;
                }
                let at = At { packet: *number, time: packet.time };
                decoder.decode(packet, block.packet(packet), Place::default(), at, &mut |segment| {
                    if segment.key == key && segment.from_low == from_low && !segment.payload.is_empty() {
                        bytes += segment.payload.len();
                        sent.push((segment.seq, segment.payload.to_vec()));
                    }
                });
            }
            if status == Status::End || bytes > MOST {
                break;
            }
        }
        Ok(body(&joined(sent)))
    }
}

/// The bytes of segments from the first one on, up to the first gap.
fn joined(mut sent: Vec<(u32, Vec<u8>)>) -> Vec<u8> {
    let Some(start) = sent.first().map(|(seq, _)| *seq) else { return Vec::new() };
    let offset = |seq: u32| seq.wrapping_sub(start).cast_signed();
    sent.retain(|(seq, _)| offset(*seq) >= 0);
    sent.sort_by_key(|(seq, _)| offset(*seq));
    let mut all = Vec::new();
    for (seq, bytes) in sent {
        let Some(known) = all.len().checked_sub(offset(seq) as usize) else { break };
        all.extend_from_slice(bytes.get(known..).unwrap_or_default());
    }
    all
}

/// The body of the first response in these bytes: no more of it than its length.
fn body(bytes: &[u8]) -> Vec<u8> {
    let Some(start) = memchr::memmem::find(bytes, b"HTTP/1.") else { return Vec::new() };
    let bytes = bytes.get(start..).unwrap_or_default();
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else { return Vec::new() };
    let (head, body) = bytes.split_at(end + 4);
    let head = Response::parse(head, At::default(), At::default());
    let length = head.header("content-length").next();
    let length = length.and_then(|length| std::str::from_utf8(length).ok()?.trim().parse().ok());
    body.get(..length.unwrap_or(BODY).min(BODY).min(body.len())).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_where_its_length_says() {
        let segments = |parts: &[(u32, &str)]| {
            parts.iter().map(|(seq, text)| (*seq, text.as_bytes().to_vec())).collect()
        };
        let head = "HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\n";
        let len = head.len() as u32;
        let start = u32::MAX - 3;
        let parts = [
            (start, head),
            (start.wrapping_add(len), "hel"),
            (start, head),
            (start.wrapping_add(len + 2), "lloHTTP"),
        ];
        assert_eq!(body(&joined(segments(&parts))), b"hello");
        // What lies behind a gap is not known.
        let parts = [(5, "HTTP/1.0 403 No\r\n\r\nab"), (100, "xx")];
        assert_eq!(body(&joined(segments(&parts))), b"ab");
        assert_eq!(body(b"no head"), b"");
    }
}
