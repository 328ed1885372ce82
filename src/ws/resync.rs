//! Finding a frame boundary where it is not known: after lost bytes, or at a missing start.
//!
//! A place is taken for a boundary only when the run of headers that begins there could hardly be
//! chance. Each fact that random bytes would rarely show counts as evidence in bits: a plausible
//! header, a frame that ends exactly where a segment ends, text that is text once unmasked.

use crate::item::{At, Dir};

use super::fact::Opcode;
use super::header::Header;

/// Bits of evidence for a boundary at the start of a segment, where applications put most of them.
const AT_SEGMENT_START: u32 = 20;
/// Bits of evidence for a boundary anywhere else: many more places are tried.
const ANYWHERE: u32 = 32;
/// Bits of evidence that suffice at a segment's start when nothing more will come.
const LAST_CHANCE: u32 = 14;
/// Random bytes are a plausible header about once in 2^5.
const HEADER_BITS: u32 = 5;
/// A random length ends exactly at a segment's end about once in 2^9.
const EDGE_BITS: u32 = 9;
/// A header in a segment of its own.
const HEADER_EDGE_BITS: u32 = 6;
/// How long a run of headers is followed.
const RUN: usize = 16;

/// What a direction's frames may look like.
#[derive(Clone, Copy, Debug)]
pub struct Expect {
    /// The MASK bit; `None` = either.
    pub masked: Option<bool>,
    /// RSV1 may be set on data frames.
    pub rsv1: bool,
}

impl Expect {
    /// What a known direction expects.
    #[must_use]
    pub fn after(dir: Dir, deflate: bool) -> Self {
        Self { masked: Some(dir == Dir::C2s), rsv1: deflate }
    }

    /// The header is one that a sound endpoint could send.
    #[must_use]
    pub fn allows(&self, header: &Header) -> bool {
        let opcode = header.opcode;
        let rsv = if self.rsv1 && matches!(opcode, Opcode::TEXT | Opcode::BINARY) {
            header.rsv & 3
        } else {
            header.rsv
        };
        rsv == 0
            && !opcode.is_reserved()
            && self.masked.is_none_or(|masked| masked == header.mask.is_some())
            && header.minimal()
            && header.len >> 40 == 0
            && (!opcode.is_control() || (header.fin && header.len <= 125))
            && (opcode != Opcode::CLOSE || header.len != 1)
    }
}

/// Bytes of one direction in which a boundary is looked for.
#[derive(Debug, Default)]
pub struct Search {
    bytes: Vec<u8>,
    /// Where in `bytes` each segment starts, and its packet.
    starts: Vec<(usize, At)>,
    /// Bytes before `bytes` that were dropped from the search.
    dropped: u64,
    /// Bytes that were missing before or among them.
    missing: u64,
    /// Where sync was lost.
    since: Option<At>,
    /// How many bytes there were at the last try.
    tried: usize,
}

/// How much was passed over on the way to a boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Captured bytes that belong to no frame that can be told.
    pub in_data: u64,
    /// All of them, missing ones among them.
    pub total: u64,
}

/// What a search says of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Evidence {
    bits: u32,
    masked: Option<bool>,
}

impl Search {
    /// A search behind a hole of `missing` bytes.
    #[must_use]
    pub fn after_gap(missing: u64, at: At) -> Self {
        Self { missing, since: Some(at), ..Self::default() }
    }

    /// Adds a segment. Of more than `limit` bytes the oldest are dropped.
    pub fn push(&mut self, bytes: &[u8], at: At, limit: usize) {
        self.since.get_or_insert(at);
        self.starts.push((self.bytes.len(), at));
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > limit {
            self.forget(self.bytes.len() - limit / 2);
        }
    }

    /// More bytes are missing: nothing before them helps.
    pub fn gap(&mut self, len: u64) {
        self.missing += len;
        self.forget(self.bytes.len());
    }

    /// Bytes passed over so far, missing ones among them.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.dropped + self.missing + self.bytes.len() as u64
    }

    /// Where sync was lost.
    #[must_use]
    pub fn since(&self) -> Option<At> {
        self.since
    }

    /// Nothing has been collected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Enough has come since the last try that another is worth its time: the time of all tries is in
    /// proportion to the bytes, whatever the segments' sizes.
    pub fn is_due(&mut self) -> bool {
        let due = self.bytes.len() < 4096
            || self.bytes.len() - self.tried.min(self.bytes.len()) >= self.bytes.len() / 8;
        if due {
            self.tried = self.bytes.len();
        }
        due
    }

    /// The first certain boundary. `last_chance`: the stream is over.
    #[must_use]
    pub fn find(&self, expect: &Expect, last_chance: bool) -> Option<usize> {
        let need = if last_chance { LAST_CHANCE } else { AT_SEGMENT_START };
        let at_start = self
            .starts
            .iter()
            .map(|(start, _)| *start)
            .find(|start| self.evidence(*start, expect).bits >= need);
        let limit = at_start.unwrap_or(self.bytes.len());
        (0..limit)
            .find(|place| self.could_begin(*place) && self.evidence(*place, expect).bits >= ANYWHERE)
            .or(at_start)
    }

    /// For a connection whose start is missing: bits of evidence for frames from the best segment
    /// start on, and whether they are masked.
    #[must_use]
    pub fn best_start(&self, expect: &Expect) -> Option<(u32, bool)> {
        self.starts
            .iter()
            .map(|(start, _)| self.evidence(*start, expect))
            .filter_map(|evidence| Some((evidence.bits, evidence.masked?)))
            .max()
    }

    /// Ends the search at `place`: what was skipped, and what is to be read from there, by packet.
    #[must_use]
    pub fn found(self, place: usize) -> (Skipped, Vec<(At, Vec<u8>)>) {
        let in_data = self.dropped + place as u64;
        let ends = self.starts.iter().skip(1).map(|(start, _)| *start).chain([self.bytes.len()]);
        let pieces = self
            .starts
            .iter()
            .zip(ends)
            .filter(|(_, end)| *end > place)
            .filter_map(|((start, at), end)| Some((*at, self.bytes.get(place.max(*start)..end)?.to_vec())))
            .collect();
        (Skipped { in_data, total: in_data + self.missing }, pieces)
    }

    fn forget(&mut self, count: usize) {
        self.dropped += count as u64;
        self.bytes.drain(..count);
        self.starts.retain_mut(|(start, _)| match start.checked_sub(count) {
            Some(moved) => {
                *start = moved;
                true
            }
            None => false,
        });
    }

    /// Cheap test before a run is followed.
    fn could_begin(&self, place: usize) -> bool {
        self.bytes.get(place).is_some_and(|first| first & 0x30 == 0 && matches!(first & 0x0f, 0..=2 | 8..=10))
    }

    /// How improbable it is that the run of headers from `place` on is chance.
    fn evidence(&self, place: usize, expect: &Expect) -> Evidence {
        let mut evidence = Evidence { bits: 0, masked: None };
        let mut expect = *expect;
        let mut position = place;
        let mut in_message: Option<bool> = None;
        for _ in 0..RUN {
            let rest = self.bytes.get(position..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let Some((header, used)) = Header::decode(rest) else { break };
            let fits = match (header.opcode, in_message) {
                (Opcode::CONTINUATION, Some(open)) => open,
                (Opcode::TEXT | Opcode::BINARY, Some(open)) => !open,
                _ => true,
            };
            if !fits || !expect.allows(&header) {
                return Evidence { bits: 0, masked: None };
            }
            if !header.opcode.is_control() {
                in_message = Some(!header.fin);
            }
            expect.masked = Some(header.mask.is_some());
            evidence.masked = expect.masked;
            evidence.bits += HEADER_BITS;
            let payload = rest.get(used..).unwrap_or_default();
            let Some(payload) = usize::try_from(header.len).ok().and_then(|len| payload.get(..len)) else {
                break;
            };
            // Many servers write the header and the payload by themselves.
            if !payload.is_empty() && self.is_edge(position + used) {
                evidence.bits += HEADER_EDGE_BITS;
            }
            position += used + payload.len();
            if self.is_edge(position) {
                evidence.bits += EDGE_BITS;
            }
            match text_bits(&header, payload) {
                Some(bits) => evidence.bits += bits,
                None => return Evidence { bits: 0, masked: None },
            }
            if header.opcode == Opcode::CLOSE {
                // Nothing is framed after a Close: more bytes speak against this run.
                if position < self.bytes.len() {
                    return Evidence { bits: 0, masked: None };
                }
                break;
            }
        }
        evidence
    }

    fn is_edge(&self, position: usize) -> bool {
        position == self.bytes.len()
            || self.starts.binary_search_by_key(&position, |(start, _)| *start).is_ok()
    }
}

/// Evidence from a whole text frame: `None` = it is not text, so the run is none.
fn text_bits(header: &Header, payload: &[u8]) -> Option<u32> {
    if header.opcode != Opcode::TEXT || header.rsv != 0 {
        return Some(0);
    }
    let plain: Vec<u8> = match header.mask {
        Some(key) => payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect(),
        None => payload.to_vec(),
    };
    let valid = match std::str::from_utf8(&plain) {
        Ok(_) => true,
        Err(error) => !header.fin && error.error_len().is_none(),
    };
    if !valid {
        return None;
    }
    let printable = !plain.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r'));
    // Text unmasks to text by chance about once in 2 for each byte; unmasked, it proves little.
    Some(if !printable {
        0
    } else if header.mask.is_some_and(|key| key != [0; 4]) {
        plain.len().min(24) as u32
    } else {
        plain.len().min(4) as u32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(segments: &[&[u8]]) -> Search {
        let mut search = Search::default();
        for (n, bytes) in segments.iter().enumerate() {
            search.push(bytes, At { packet: n as u64 + 1, ..At::default() }, 1 << 16);
        }
        search
    }

    const SERVER: Expect = Expect { masked: Some(false), rsv1: false };

    #[test]
    fn two_frames_that_end_with_their_segments_are_certain() {
        let one = search(&[b"lost middle", b"\x81\x05Hello"]);
        assert_eq!(one.find(&SERVER, false), None);
        let two = search(&[b"lost middle", b"\x81\x05Hello", b"\x82\x03\x00\x01\x02"]);
        assert_eq!(two.find(&SERVER, false), Some(11));
    }

    #[test]
    fn one_frame_suffices_where_nothing_follows() {
        assert_eq!(search(&[b"lost middle", b"\x81\x05Hello"]).find(&SERVER, true), Some(11));
    }

    #[test]
    fn masked_text_is_its_own_proof() {
        let expect = Expect { masked: Some(true), rsv1: false };
        let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(search(&[b"garbage", frame]).find(&expect, true), Some(7));
    }

    #[test]
    fn a_run_inside_a_segment_is_found() {
        let mut bytes = b"the tail of a payload".to_vec();
        for _ in 0..8 {
            bytes.extend_from_slice(b"\x81\x02hi");
        }
        assert_eq!(search(&[&bytes]).find(&SERVER, false), Some(21));
    }

    #[test]
    fn text_and_noise_are_no_frames() {
        let text = b"{\"type\":\"message\",\"value\":12345}".repeat(100);
        assert_eq!(search(&[&text, &text]).find(&SERVER, true), None);
        let mut state = 1u32;
        let noise: Vec<u8> = (0..60_000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        let segments: Vec<&[u8]> = noise.chunks(1_448).collect();
        assert_eq!(search(&segments).find(&SERVER, true), None);
    }

    #[test]
    fn what_is_skipped_is_counted() {
        let mut search = Search::after_gap(100, At::default());
        search.push(b"rest", At::default(), 1 << 16);
        search.push(b"\x81\x05Hello", At { packet: 9, ..At::default() }, 1 << 16);
        let (skipped, pieces) = search.found(4);
        assert_eq!(skipped, Skipped { in_data: 4, total: 104 });
        assert_eq!(pieces, [(At { packet: 9, ..At::default() }, b"\x81\x05Hello".to_vec())]);
    }
}
