//! The walker, against zlib.

use proptest::prelude::*;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status, Strategy as Search};

use super::super::{Context, Inflater, Params, TAIL};
use super::*;
use crate::limits::Limits;

const SEARCHES: [Search; 5] =
    [Search::Default, Search::Filtered, Search::HuffmanOnly, Search::Rle, Search::Fixed];

/// What becomes of one raw stream, up to its final block.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// It ends behind this byte, with so much output.
    Whole(u64, u64),
    /// It is sound as far as it goes.
    Short,
    Broken,
}

/// zlib's opinion. A large piece of room lets it take its fast path.
fn zlib(stream: &[u8], history: &[u8]) -> Outcome {
    let mut inflate = Inflate::new(false, 15);
    if !history.is_empty() {
        inflate.set_dictionary(history).unwrap();
    }
    let mut room = vec![0; 1 << 16];
    loop {
        let read = inflate.total_in() as usize;
        let made = inflate.total_out();
        match inflate.decompress(&stream[read..], &mut room, InflateFlush::NoFlush) {
            Ok(Status::StreamEnd) => return Outcome::Whole(inflate.total_in(), inflate.total_out()),
            Ok(_) if inflate.total_out() - made < room.len() as u64 => return Outcome::Short,
            Ok(_) => {}
            // It says this where it has nothing to do too.
            Err(_) if inflate.error_message().is_none() => return Outcome::Short,
            Err(_) => return Outcome::Broken,
        }
    }
}

/// Ours, and how far the references reach.
fn ours(stream: &[u8]) -> (Outcome, u16) {
    let mut walker = Walker::new(Bits::new(stream, &[]), u64::MAX);
    let outcome = loop {
        match walker.block() {
            Ok(Block { last: false, .. }) => {}
            Ok(_) => {
                walker.bits.align();
                break Outcome::Whole(walker.bits.position() / 8, walker.made);
            }
            Err(Halt::Short) => break Outcome::Short,
            Err(_) => break Outcome::Broken,
        }
    };
    (outcome, walker.reach)
}

/// Data compressed after `history` in every way: `config` is the level and the strategy.
fn compressed(data: &[u8], history: &[u8], config: (i32, Search), flush: DeflateFlush) -> Vec<u8> {
    let (level, strategy) = config;
    let config = DeflateConfig { level, strategy, window_bits: -15, ..DeflateConfig::default() };
    let mut deflate = Deflate::new_with_config(config);
    if !history.is_empty() {
        deflate.set_dictionary(history).unwrap();
    }
    let mut out = vec![0; data.len() * 2 + 1_000];
    deflate.compress(data, &mut out, flush).unwrap();
    assert_eq!(deflate.total_in(), data.len() as u64);
    out.truncate(deflate.total_out() as usize);
    out
}

/// A message of such data.
fn message(data: &[u8], history: &[u8], config: (i32, Search)) -> Vec<u8> {
    let mut out = compressed(data, history, config, DeflateFlush::SyncFlush);
    assert!(out.ends_with(&TAIL));
    out.truncate(out.len() - TAIL.len());
    out
}

/// Stored blocks, which end between two bytes.
fn stored(data: &[u8]) -> Vec<u8> {
    let block = |piece: &[u8]| {
        let len = (piece.len() as u16).to_le_bytes();
        [&[0, len[0], len[1], !len[0], !len[1]], piece].concat()
    };
    data.chunks(65_535).flat_map(block).collect()
}

fn walked(message: &[u8]) -> Walk {
    walk(message, u64::MAX)
}

/// Data of few and of many symbols, of near and far repetitions.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => prop::collection::vec(any::<u8>(), 0..300),
        3 => "[a-e ]{0,300}".prop_map(String::into_bytes),
        1 => (any::<u8>(), 0..3_000usize).prop_map(|(byte, len)| vec![byte; len]),
    ];
    prop::collection::vec((piece, 0..40usize), 1..12).prop_map(|pieces| {
        let mut data: Vec<u8> = Vec::new();
        for (piece, back) in pieces {
            let again = data.get(data.len() * back / 40..).unwrap_or_default().to_vec();
            data.extend(piece);
            data.extend(again);
        }
        data.truncate(80_000);
        data
    })
}

fn config() -> impl Strategy<Value = (i32, Search)> {
    (0..=9, prop::sample::select(SEARCHES.to_vec()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_zlib_makes_is_sound(data in data(), config in config()) {
        let walk = walked(&message(&data, b"", config));
        prop_assert_eq!((walk.end, walk.made, walk.reach), (End::Sound, data.len() as u64, 0));
        prop_assert_eq!(walk.final_block, None);
        let last = compressed(&data, b"", config, DeflateFlush::Finish);
        let walk = walked(&last);
        prop_assert_eq!((walk.end, walk.made), (End::Sound, data.len() as u64));
        prop_assert!(walk.final_block.is_some());
        prop_assert_eq!(ours(&last).0, zlib(&last, b""));
    }

    /// No fewer bytes of history would do, and no more are needed.
    #[test]
    fn the_reach_is_what_an_inflater_needs(history in data(), config in config(), take in 0.0..1.0) {
        let start = (history.len() as f64 * take) as usize;
        let start = start.max(history.len().saturating_sub(32_768));
        let data = history[start..].repeat(2);
        let stream = compressed(&data, &history, config, DeflateFlush::Finish);
        let reach = usize::from(walked(&stream).reach);
        prop_assert!(reach <= history.len());
        let with = |len: usize| zlib(&stream, &history[history.len() - len..]);
        prop_assert_eq!(with(reach), Outcome::Whole(stream.len() as u64, data.len() as u64));
        if reach > 0 {
            prop_assert_eq!(with(reach - 1), Outcome::Broken);
        }
    }

    /// Bytes without order that come again after `distance`: nothing else refers as far back.
    #[test]
    fn the_distance_is_that_of_the_furthest_repetition(
        distance in prop_oneof![60..600usize, 600..32_500usize], before in 0..40_000usize, mut state: u32,
    ) {
        let mut noise = |len: usize| -> Vec<u8> {
            let mut next = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b'0' + (state >> 26) as u8
            };
            (0..len).map(|_| next()).collect()
        };
        let (before, mut again) = (noise(before), noise(distance));
        again.extend_from_within(..60);
        let (before, again) = (stored(&before), message(&again, b"", (9, Search::Default)));
        let walk = walked(&[before, again].concat());
        prop_assert_eq!((usize::from(walk.distance), walk.reach, walk.end), (distance, 0, End::Sound));
    }

    #[test]
    fn damage_is_where_zlib_sees_it(
        data in data(), config in config(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(), whole: bool,
    ) {
        let mut stream = compressed(&data, b"", config, DeflateFlush::Finish);
        for (place, byte) in damage {
            // The codes are in the beginning.
            let len = stream.len().min(if byte % 2 == 0 { 60 } else { usize::MAX });
            stream[place.index(len)] ^= byte;
        }
        if !whole {
            stream.truncate(cut.index(stream.len()));
        }
        check_raw(&stream)?;
        check_message(&stream)?;
    }

    #[test]
    fn garbage_is_what_zlib_says(
        first in prop::sample::select(vec![0u8, 1, 2, 3, 4, 5]),
        mut bytes in prop::collection::vec(any::<u8>(), 1..200),
        keep in 0..8u32,
    ) {
        if keep > 0 {
            // A block type that goes on.
            bytes[0] = bytes[0] & !7 | first;
        }
        check_raw(&bytes)?;
        check_message(&bytes)?;
    }

    /// Few symbols make many sound blocks.
    #[test]
    fn little_pieces_are_what_zlib_says(
        pieces in prop::collection::vec(prop::sample::select(vec![
            &b"\x00"[..], b"\x00\x00\xff\xff", b"\x02\x00", b"\x03\x00", b"\x01", b"\xf2\x48\xcd\xc9\xc9\x07\x00",
            b"\xf3\x48\xcd\xc9\xc9\x07\x00", b"\xf2\x00\x11\x00\x00", b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f",
            b"\x04", b"\xff", b"\x06",
        ]), 1..8),
    ) {
        check_raw(&pieces.concat())?;
        check_message(&pieces.concat())?;
    }
}

/// A raw stream is whole, cut or broken as zlib says, with room before it for every reference.
fn check_raw(stream: &[u8]) -> Result<(), TestCaseError> {
    let (outcome, reach) = ours(stream);
    let with = zlib(stream, &[0; 32_768]);
    if (&outcome, &with) == (&Outcome::Broken, &Outcome::Short) {
        // A code for code lengths without codes: zlib reads on before it says so, whatever comes.
        for more in [0x00, 0x55, 0xff] {
            let stream = [stream, &[more; 400]].concat();
            prop_assert_eq!(zlib(&stream, &[0; 32_768]), Outcome::Broken, "{:02x?}", stream);
        }
        return Ok(());
    }
    prop_assert_eq!(&outcome, &with, "{:02x?}", stream);
    let without = zlib(stream, b"");
    if reach > 0 {
        prop_assert_eq!(without, Outcome::Broken, "{:02x?}", stream);
    } else {
        prop_assert_eq!(without, outcome, "{:02x?}", stream);
    }
    Ok(())
}

/// A message is sound where it inflates; it is not where it does not although nothing is missing.
fn check_message(message: &[u8]) -> Result<(), TestCaseError> {
    let limits = Limits { inflate_ratio: u64::MAX, ..Limits::default() };
    let mut inflater = Inflater::new();
    let walk = walked(message);
    let mut context = Context::new(Params::DEFAULT);
    let fault = inflater.inflate(&mut context, message, &limits).fault;
    prop_assert_eq!(fault.is_none(), walk.end == End::Sound && walk.reach == 0, "{:02x?}", message);
    if let End::Broken(at) = walk.end {
        prop_assert!(at <= message.len());
    }
    Ok(())
}

/// Where it breaks, and what was seen before.
#[test]
fn broken_in_one_place() {
    let at = |message: &[u8]| match walked(message).end {
        End::Broken(at) => Some(at),
        _ => None,
    };
    // A type that there is not, at once and after a stored block.
    assert_eq!(at(b"\x06\x00"), Some(0));
    assert_eq!(at(b"\x00\x01\x00\xfe\xffa\x06\x00"), Some(6));
    // Lengths that do not agree.
    assert_eq!(at(b"\x00\x01\x00\xfe\xfea\x00"), Some(5));
    // 287 literals and lengths; 31 distances.
    assert_eq!(at(b"\xf4\x00\x00\x00"), Some(2));
    assert_eq!(at(b"\x04\x1e\x00\x00"), Some(2));
    // A code for code lengths without codes.
    assert_eq!(at(b"\x04\x00\x00\x00\x00\x00"), Some(3));
    // Length symbol 286 (11000110) and distance symbol 30 (11110), in fixed blocks.
    assert_eq!(at(&[0b0001_1010, 0b0000_0011]), Some(1));
    assert_eq!(at(&[0b0000_0010, 0b0011_1110, 0]), Some(1));
    // Cut inside a block: the input ends.
    assert_eq!(at(b"\xf2\x48\xcd"), Some(3));
    assert_eq!(at(b"\x00\x05\x00\xfa\xff\x48"), Some(6));
    // A block that ends where nothing is left for the filler's header.
    assert_eq!(at(b"\x00\x01\x00\xfe\xffa"), Some(6));
}

/// RFC 7692 section 7.2.3, in order; the second refers to a first that is gone.
#[test]
fn rfc_examples() {
    let walk = |message: &[u8]| {
        let Walk { distance, reach, made, final_block, end } = walked(message);
        (distance, reach, made, final_block, end)
    };
    assert_eq!(walk(b"\xf2\x48\xcd\xc9\xc9\x07\x00"), (0, 0, 5, None, End::Sound));
    assert_eq!(walk(b"\xf2\x00\x11\x00\x00"), (5, 4, 5, None, End::Sound));
    assert_eq!(walk(b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), (0, 0, 5, None, End::Sound));
    assert_eq!(walk(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), (0, 0, 5, Some(0), End::Sound));
    let two_blocks = b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00";
    assert_eq!(walk(two_blocks), (0, 0, 5, None, End::Sound));
    for empty in [&b"\x00"[..], b"\x02\x00", b"", &[0, 0, 0, 0xff, 0xff]] {
        assert_eq!(walk(empty), (0, 0, 0, None, End::Sound), "{empty:02x?}");
    }
    // In the middle; completed by what was cut off.
    let middle = b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\xf3\x00\x11\x00\xf2\x00\x11\x00\x00";
    assert_eq!(walk(middle), (5, 0, 15, Some(11), End::Sound));
    assert_eq!(walk(b"\x01"), (0, 0, 0, Some(0), End::Sound));
}

#[test]
fn the_walk_ends_past_the_limit() {
    for config in [(0, Search::Default), (9, Search::Default), (6, Search::HuffmanOnly)] {
        let message = message(&[b'0'; 100_000], b"", config);
        assert_eq!(walk(&message, 100_000).end, End::Sound);
        let cut = walk(&message, 5_000);
        assert_eq!(cut.end, End::Limit);
        assert!(cut.made > 5_000 && cut.made <= 5_000 + 65_535, "{cut:?}");
    }
}

/// RFC 1951 section 3.2.5.
#[test]
fn the_tables_of_the_rfc() {
    for (n, place) in [(1, 0), (4, 3), (5, 4), (7, 5), (9, 6), (193, 15), (257, 16), (24_577, 29)] {
        assert_eq!(DISTANCES[place].0, n);
    }
    assert_eq!((DISTANCES[3].1, DISTANCES[4].1, DISTANCES[5].1, DISTANCES[29].1), (0, 1, 1, 13));
    let lens: Vec<_> = LENGTHS.windows(2).map(|pair| pair[0].0 + (1 << pair[0].1)).collect();
    let next: Vec<_> = LENGTHS[1..].iter().map(|(base, _)| *base).collect();
    // The last length has a symbol of its own, which takes one from those of the symbol before.
    assert_eq!(lens[..27], next[..27]);
    assert_eq!((LENGTHS[27], LENGTHS[28]), ((227, 5), (258, 0)));
}
