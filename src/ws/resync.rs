//! Finding a frame boundary where it is not known: after lost bytes, or at a missing start.
//!
//! A place is taken for a boundary only when the run of headers that begins there could hardly be
//! chance. Each fact that other bytes would rarely show counts as evidence in bits: a plausible
//! header, a frame that ends exactly where a segment ends, text that is text once unmasked. How rare
//! a plausible header is depends on the bytes: it is measured on those that are searched, since
//! zeros, or sound around its middle value, are full of them.

use crate::item::{At, Dir};

use super::fact::{Opcode, close_code_is_known};
use super::header::Header;

/// Bits of evidence for a boundary at the start of a segment, where applications put most of them.
const AT_SEGMENT_START: u32 = 28;
/// Bits of evidence for a boundary anywhere else: many more places are tried.
const ANYWHERE: u32 = 40;
/// Bits of evidence that suffice at a segment's start when nothing more will come.
const LAST_CHANCE: u32 = 16;
/// The same where the direction is a single segment, with nothing missing before it: its start is where
/// the connection was recognised, and there is no other place to choose.
const ONLY_SEGMENT: u32 = 12;
/// Bits that the first frame of a run must show by itself at a segment's start, and elsewhere. Any
/// bytes that happen to lead to a true boundary borrow the evidence of all that follows; where the
/// first frame is not certain, the run is taken from a later one.
const FIRST_AT_START: u32 = 12;
const FIRST_ANYWHERE: u32 = 20;
/// Bits of the frames that are passed over before one that is not certain by itself is taken, at a
/// segment's start (none: the second frame will do) and elsewhere: one chance header leads to the next
/// often enough.
const PASSED_AT_START: u32 = 0;
const PASSED_ANYWHERE: u32 = 12;
/// The most that a plausible header is worth: bytes without any say little of the next ones.
const HEADER_BITS: u32 = 8;
/// The most that the end of a frame at the end of a segment is worth.
const EDGE_BITS: u32 = 9;
/// A header in a segment of its own.
const HEADER_EDGE_BITS: u32 = 4;
/// A Close with a status code that is defined.
const CLOSE_CODE_BITS: u32 = 4;
/// Bytes to a segment, on average, below which their edges say nothing: any place is one.
const DENSE: usize = 2;
/// How long a run of headers is followed.
const RUN: usize = 16;
/// How often each byte may be read, on average, when all places are looked at once: far more often than in any traffic
/// that was not made to keep us busy.
const WORK: usize = 64;

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
#[derive(Clone, Debug, Default)]
pub struct Search {
    bytes: Vec<u8>,
    /// Where in `bytes` each segment starts, and its packet.
    starts: Vec<(usize, At)>,
    /// Bytes of the longest segment.
    longest: usize,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Evidence {
    bits: u32,
    masked: Option<bool>,
    /// Where each frame of the run begins, and the bits that it shows by itself.
    frames: [(usize, u32); RUN],
    /// How many of `frames` there are.
    count: usize,
}

impl Evidence {
    /// Notes a frame that begins at `place` and shows `bits`.
    fn add(&mut self, place: usize, bits: u32) {
        if let Some(slot) = self.frames.get_mut(self.count) {
            *slot = (place, bits);
            self.count += 1;
            self.bits += bits;
        }
    }

    /// The first frame that shows `first` bits by itself, or before which frames of `passed` bits were
    /// passed over, if there are `need` bits from there on.
    fn certain(&self, need: u32, first: u32, passed: u32) -> Option<usize> {
        let mut before = 0;
        for (n, (place, bits)) in self.frames.iter().take(self.count).enumerate() {
            if self.bits - before < need {
                return None;
            }
            if *bits >= first || (n > 0 && before >= passed) {
                return Some(*place);
            }
            before += bits;
        }
        None
    }
}

impl Search {
    /// A search behind a hole of `missing` bytes.
    #[must_use]
    pub fn after_gap(missing: u64, at: At) -> Self {
        Self { missing, since: Some(at), ..Self::default() }
    }

    /// Adds a segment. Of more than `limit` bytes, what they cost besides among them, the older half is dropped.
    pub fn push(&mut self, bytes: &[u8], at: At, limit: usize) {
        self.since.get_or_insert(at);
        self.starts.push((self.bytes.len(), at));
        self.longest = self.longest.max(bytes.len());
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() + self.starts.len() * size_of::<(usize, At)>() > limit {
            self.forget((self.bytes.len() / 2).max(self.bytes.len().saturating_sub(limit / 2)));
        }
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.bytes.capacity() + self.starts.capacity() * size_of::<(usize, At)>()
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
        let due = self.bytes.len() < 512
            || self.bytes.len() - self.tried.min(self.bytes.len()) >= self.bytes.len() / 8;
        if due {
            self.tried = self.bytes.len();
        }
        due
    }

    /// The first certain boundary. `last_chance`: the stream is over.
    #[must_use]
    pub fn find(&self, expect: &Expect, last_chance: bool) -> Option<usize> {
        let header_bits = self.header_bits(expect);
        let only = self.starts.len() == 1 && self.dropped + self.missing == 0;
        let need = match (last_chance, only) {
            (true, true) => ONLY_SEGMENT,
            (true, false) => LAST_CHANCE,
            (false, _) => AT_SEGMENT_START,
        };
        let mut left = self.work();
        let mut run = |place: usize| self.evidence(place, expect, header_bits, &mut left);
        let at_start = self
            .starts
            .iter()
            .filter(|_| !self.is_dense())
            .find_map(|(start, _)| run(*start).certain(need, FIRST_AT_START, PASSED_AT_START));
        let limit = at_start.unwrap_or(self.bytes.len());
        (0..limit)
            .filter(|place| self.could_begin(*place, expect))
            .find_map(|place| run(place).certain(ANYWHERE, FIRST_ANYWHERE, PASSED_ANYWHERE))
            .filter(|place| *place < limit)
            .or(at_start)
    }

    /// For a connection whose start is missing: bits of evidence for frames from the best segment
    /// start on, and whether they are masked.
    #[must_use]
    pub fn best_start(&self, expect: &Expect) -> Option<(u32, bool)> {
        let header_bits = self.header_bits(expect);
        let mut left = self.work();
        self.starts
            .iter()
            .map(|(start, _)| self.evidence(*start, expect, header_bits, &mut left))
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
    fn could_begin(&self, place: usize, expect: &Expect) -> bool {
        let Some(&[first, second]) = self.bytes.get(place..).and_then(|rest| rest.first_chunk::<2>()) else {
            return false;
        };
        let rsv = if expect.rsv1 { first & 0x30 } else { first & 0x70 };
        rsv == 0
            && matches!(first & 0x0f, 0..=2 | 8..=10)
            && expect.masked.is_none_or(|masked| masked == (second & 0x80 != 0))
    }

    /// What a plausible header is worth among these bytes.
    fn header_bits(&self, expect: &Expect) -> u32 {
        let count = (0..self.bytes.len()).filter(|place| self.could_begin(*place, expect)).count();
        // Few bytes say little: then it is as among random ones, about one in 2^5.
        ((self.bytes.len() + 128) / (count + 2)).max(1).ilog2().min(HEADER_BITS)
    }

    /// Bytes that one look at all places may read. Bytes made for it have a header of all that follows at every fifth
    /// place, and reading those is the square of them.
    const fn work(&self) -> usize {
        self.bytes.len().saturating_mul(WORK)
    }

    /// How improbable it is that the run of headers from `place` on is chance; none, once nothing is `left` of
    /// [`Search::work`].
    fn evidence(&self, place: usize, expect: &Expect, header_bits: u32, left: &mut usize) -> Evidence {
        let mut evidence = Evidence::default();
        let mut expect = *expect;
        let mut position = place;
        let mut in_message: Option<bool> = None;
        let mut seen: [&[u8]; RUN] = [&[]; RUN];
        for n in 0..RUN {
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
                return Evidence::default();
            }
            if !header.opcode.is_control() {
                in_message = Some(!header.fin);
            }
            expect.masked = Some(header.mask.is_some());
            evidence.masked = expect.masked;
            let whole = usize::try_from(header.len).ok().and_then(|len| rest.get(..used.checked_add(len)?));
            let Some(frame) = whole else {
                evidence.add(position, header_bits);
                break;
            };
            let Some(room) = left.checked_sub(frame.len()) else { return Evidence::default() };
            *left = room;
            let Some(bits) = payload_bits(&header, frame.get(used..).unwrap_or_default()) else {
                return Evidence::default();
            };
            // Patterns repeat, zeros are empty fragments, and lengths in 16 or 32 bits before records
            // are fragments without an end: none of these is any proof, nor may what is before them
            // borrow from what is behind. (Only heartbeats without a payload are passed over.)
            let open_fragment = header.opcode == Opcode::CONTINUATION && !header.fin;
            let heartbeat = header.opcode.is_control() && frame.len() == 2;
            let mut shown = 0;
            if !seen.contains(&frame) && !open_fragment && (header.len > 0 || header.opcode.is_control()) {
                shown = header_bits + bits + self.edge_bits(position, used, frame.len());
            } else if !heartbeat && evidence.bits < ANYWHERE {
                break;
            }
            evidence.add(position, shown);
            if let Some(slot) = seen.get_mut(n) {
                *slot = frame;
            }
            position += frame.len();
            if header.opcode == Opcode::CLOSE {
                // Nothing is framed after a Close: more bytes speak against this run.
                if position < self.bytes.len() {
                    return Evidence::default();
                }
                break;
            }
        }
        evidence
    }

    /// What it is worth that a frame, or its header, ends where a segment does. A length picked at
    /// random ends at one of the next `k` segments' ends `k` times as often as at the very next.
    fn edge_bits(&self, position: usize, header: usize, len: usize) -> u32 {
        if self.is_dense() {
            return 0;
        }
        // A length of zero is not picked at random: compressed messages, padded records and small
        // numbers end in a zero byte, and what ends them ends the segment. A segment of its own is
        // another matter: that is how heartbeats come, but also what a write leaves behind its full segments.
        let end = position + len;
        let alone =
            self.is_edge(position) && self.edges_before(end + 1) == self.edges_before(position + 1) + 1;
        if len == header && (!alone || self.follows_full(position)) {
            return 0;
        }
        let mut bits = 0;
        // Many servers write the header and the payload by themselves.
        if self.is_edge(position + header) {
            bits += HEADER_EDGE_BITS;
        }
        if self.is_edge(end) {
            let edges = self.edges_before(end + 1) - self.edges_before(position + 1);
            let lengths = if len < 126 { 128 } else { 65_536 };
            bits += (lengths / edges.max(1)).max(1).ilog2().min(EDGE_BITS);
        }
        bits
    }

    /// The segment before the one that starts at `position` is as long as any.
    fn follows_full(&self, position: usize) -> bool {
        let place = self.edges_before(position);
        let before = place.checked_sub(1).and_then(|place| self.starts.get(place));
        before.is_some_and(|(start, _)| position - start == self.longest)
    }

    fn is_dense(&self) -> bool {
        self.starts.len() > self.bytes.len() / DENSE && !self.bytes.is_empty()
    }

    fn is_edge(&self, position: usize) -> bool {
        position == self.bytes.len()
            || self.starts.binary_search_by_key(&position, |(start, _)| *start).is_ok()
    }

    /// How many segments start before `position`, the end of all taken for a start.
    fn edges_before(&self, position: usize) -> usize {
        let starts = self.starts.partition_point(|(start, _)| *start < position);
        starts + usize::from(position > self.bytes.len())
    }
}

/// Evidence from a whole frame's payload: `None` = it is not what the header says, so the run is none.
fn payload_bits(header: &Header, payload: &[u8]) -> Option<u32> {
    if header.rsv != 0 || !matches!(header.opcode, Opcode::TEXT | Opcode::CLOSE) {
        return Some(0);
    }
    let key = header.mask.unwrap_or_default();
    let plain: Vec<u8> = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    let text = if header.opcode == Opcode::CLOSE {
        let Some((code, reason)) = plain.split_first_chunk::<2>() else { return Some(0) };
        let known = close_code_is_known(u16::from_be_bytes(*code));
        return (std::str::from_utf8(reason).is_ok()).then_some(if known { CLOSE_CODE_BITS } else { 0 });
    } else {
        &plain
    };
    let valid = match std::str::from_utf8(text) {
        Ok(_) => true,
        Err(error) => !header.fin && error.error_len().is_none(),
    };
    if !valid {
        return None;
    }
    let printable = |byte: &u8| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r');
    // Text unmasks to text by chance about once in 2 for each byte. Unmasked, it proves little: among
    // other text nothing at all, but in that there are headers only where it is not ASCII.
    Some(if key != [0; 4] && text.iter().all(printable) {
        text.len().min(24) as u32
    } else if text.iter().all(|byte| printable(byte) && *byte < 0x7f) {
        text.len().min(4) as u32
    } else {
        0
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
        let two = search(&[b"lost middle", b"\x81\x05Hello", b"\x81\x05World"]);
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
        for n in 0..12u8 {
            bytes.extend_from_slice(&[0x81, 3, b'n', b' ', b'a' + n]);
        }
        // Where exactly it begins is not certain: bytes before it may be headers by chance.
        assert_eq!(search(&[&bytes]).find(&SERVER, false), Some(31));
    }

    /// The end of a compressed payload looks like an empty Pong before the true boundary, and a byte
    /// before it like a header that leads there.
    #[test]
    fn an_empty_frame_borrows_nothing() {
        let mut tail = vec![0x5a; 40];
        tail.splice(3..5, [0xc2, 33]);
        tail.splice(38..40, [0x8a, 0]);
        let frames: Vec<Vec<u8>> =
            (0..9u8).map(|n| [&[0x89, 12][..], &[n; 8], b"\xfe\xde\xaa\x8a"].concat()).collect();
        let segments: Vec<&[u8]> = [&tail].into_iter().chain(&frames).map(Vec::as_slice).collect();
        let expect = Expect { masked: Some(false), rsv1: true };
        let place = search(&segments).find(&expect, false);
        assert!(place.is_some_and(|place| place >= 40), "{place:?}");
    }

    /// A compressed payload may end like an empty Ping, in a segment of its own where its writes are cut.
    #[test]
    fn the_tail_of_a_write_is_no_heartbeat() {
        let cut: [&[u8]; 4] = [b"\xc1\x12\x33\x91", b"\x5b\xd8\xe7\x04", b"\x77\x1a\x90\xfb", b"\x89\0"];
        assert_eq!(search(&cut).find(&SERVER, true), None);
        let own: [&[u8]; 4] = [b"\xc1\x12\x33\x91", b"\x5b\xd8\xe7\x04", b"\x77\x1a", b"\x89\0"];
        assert_eq!(search(&own).find(&SERVER, true), Some(10));
    }

    /// Zeros are empty fragments, and 8-bit sound is full of headers.
    #[test]
    fn patterns_are_no_frames() {
        let mut noise = 1u32;
        let mut random = || {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (noise >> 24) as u8
        };
        let sound: Vec<u8> = (0..60_000).map(|_| 0x78 + (random() & 0x0f)).collect();
        let cyrillic = "Широкая электрификация южных губерний даст мощный толчок. ".repeat(500).into_bytes();
        let random: Vec<u8> = (0..60_000).map(|_| random()).collect();
        let zeros = [&random[..3_000], &[0; 500], &random[3_000..]].concat();
        let ramp: Vec<u8> = (0..60_000u32).map(|n| (n / 7) as u8).collect();
        let pairs = [0x89, 0, 0x8a, 0].repeat(2_000);
        let same = [&random[..2_000], &[0x81; 300], &random[2_000..4_000], &[0x82; 300]].concat();
        let words: Vec<u8> = (0..20_000u32).flat_map(|n| [(n % 140) as u8, 0]).collect();
        // A masked run of one byte whose key looks like a header, then true frames, whose evidence it borrows.
        let masked: Vec<u8> = [
            &[0x81, 0x82, 0, 0].repeat(26)[..],
            &(0..8u8).flat_map(|n| [0x81, 0x85, 1, 2, 3, n, b'a', n, b'c', b'd', b'e']).collect::<Vec<u8>>(),
        ]
        .concat();
        let segments: Vec<&[u8]> = masked.chunks(24).collect();
        let place = search(&segments).find(&Expect { masked: Some(true), rsv1: false }, true);
        assert!(place.is_none_or(|place| place >= 26 * 4), "{place:?}");
        // DNS over TCP, NetBIOS, Kafka: a length, then so many bytes.
        let records: Vec<u8> =
            (1..100u8).flat_map(|n| [&[0, 0, 0, n][..], &random[..n.into()]].concat()).collect();
        for (name, bytes) in [
            ("records", &records),
            ("zeros", &zeros),
            ("only zeros", &vec![0; 5_000]),
            ("sound", &sound),
            ("Cyrillic", &cyrillic),
            ("ramp", &ramp),
            ("pairs", &pairs),
            ("the same byte", &same),
            ("words", &words),
        ] {
            for size in [4, 7, 64, 1_448] {
                let segments: Vec<&[u8]> = bytes.chunks(size).collect();
                let search = search(&segments);
                for masked in [Some(false), Some(true), None] {
                    for rsv1 in [false, true] {
                        let expect = Expect { masked, rsv1 };
                        let found = search.find(&expect, false);
                        assert_eq!(found, None, "{name} {size} {expect:?}");
                    }
                }
            }
        }
    }

    /// Bytes that lead to a true boundary by chance are not a frame.
    #[test]
    fn evidence_is_not_borrowed() {
        let mut bytes = b"\x02tail \x82\x04ends".to_vec();
        for n in 0..12u8 {
            bytes.extend_from_slice(&[0x81, 4, b'n', b' ', b'a' + n, b'.']);
        }
        let place = search(&[&bytes]).find(&SERVER, false);
        assert!(place.is_some_and(|place| place >= 12), "{place:?}");
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
