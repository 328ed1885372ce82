//! The search for a frame boundary.

use wscope::item::At;
use wscope::ws::resync::{Expect, Search};

use super::bytes::Bytes;

/// The most bytes that are searched.
const LIMIT: usize = 2_000;

/// What is expected in a byte, then pieces; an empty one stands for a hole.
pub fn resync(data: &[u8]) {
    let mut input = Bytes(data);
    let how = input.u8();
    let masked = [None, Some(true), Some(false)][usize::from(how % 3)];
    let expect = Expect { masked, rsv1: how & 0x40 != 0 };
    let mut search = if how & 0x80 != 0 { Search::after_gap(9, At::default()) } else { Search::default() };
    let (mut kept, mut fed) = (Vec::new(), search.skipped());
    let mut packet = 0;
    while !input.is_empty() {
        let piece = input.piece();
        packet += 1;
        if piece.is_empty() {
            search.gap(3);
            kept.clear();
            fed += 3;
            continue;
        }
        search.push(piece, At { packet, ..At::default() }, LIMIT);
        kept.extend_from_slice(piece);
        fed += piece.len() as u64;
        assert_eq!(search.skipped(), fed);
        if search.is_due() {
            let _ = (search.find(&expect, false), search.best_start(&expect));
        }
    }
    let Some(place) = search.find(&expect, true) else { return };
    let (skipped, pieces) = search.found(place);
    let rest: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
    assert!(kept.ends_with(&rest), "what is read on is the end of what came");
    assert_eq!(skipped.total + rest.len() as u64, fed);
    assert!(skipped.in_data <= skipped.total);
    assert!(pieces.iter().all(|(_, bytes)| !bytes.is_empty()));
}
