//! Frames and messages, in both directions.

use wscope::item::{At, Dir, End, Item, Missing};
use wscope::limits::Limits;
use wscope::time::Timestamp;
use wscope::ws::deflate::{Inflater, Params};
use wscope::ws::fact::Out;
use wscope::ws::session::{Budget, Session, Setup, Tools, Want};

use super::bytes::Bytes;

/// What came out, without places in the capture.
#[derive(Debug, Default, PartialEq)]
struct Told {
    frames: Vec<String>,
    messages: Vec<String>,
    /// Bytes were lost, or framing was.
    troubled: bool,
    /// Bytes of the payloads that frames announce, and that were there.
    seen: u64,
}

/// Feeds items, cut into pieces of at most `most` bytes.
fn tell(setup: &Setup, items: &[(Dir, Item<'_>)], most: usize, limits: &Limits) -> Told {
    let want = Want { payload: usize::MAX, hash: true, frame_bytes: 40 };
    let (mut inflater, mut scratch, mut budget) = (Inflater::new(), Vec::new(), Budget::default());
    let mut tools =
        Tools { limits, want, inflater: &mut inflater, scratch: &mut scratch, budget: &mut budget };
    let (mut session, mut told, mut packet) = (Session::new(setup), Told::default(), 0);
    let mut out = |out: Out<'_>| match out {
        Out::Frame(mut frame) => {
            assert!(frame.seen <= frame.header.len);
            assert!(frame.wire.len() as u64 <= frame.seen);
            told.seen += frame.seen;
            (frame.first, frame.last) = Default::default();
            told.frames.push(format!("{frame:?}"));
        }
        Out::Message(mut message) => {
            assert!(message.payload.len() as u64 <= message.len);
            assert!(message.text.is_none_or(|text| text.as_bytes() == message.payload));
            // Whether it was checked in one piece depends on the pieces.
            message.text = None;
            (message.first, message.last) = Default::default();
            told.messages.push(format!("{message:?}"));
        }
        Out::Trouble { .. } => told.troubled = true,
    };
    for (dir, item) in items {
        let pieces: Vec<Item<'_>> = match item {
            Item::Data(data) => data.chunks(most).map(Item::Data).collect(),
            item => vec![*item],
        };
        for piece in pieces {
            packet += 1;
            let at = At { packet, time: Timestamp::from_nanos(packet as i64 * 1_000_000) };
            session.feed(*dir, piece, at, &mut tools, &mut out);
        }
    }
    session.finish(At { packet, ..At::default() }, &mut tools, &mut out);
    session.release(tools.budget);
    assert_eq!(budget, Budget::default(), "all that was held is given back");
    told
}

/// The parameters of a direction: none, or takeover, window and the older extension.
fn params(byte: u8) -> Option<Params> {
    (byte & 1 != 0).then(|| Params {
        no_context_takeover: byte & 2 != 0,
        window_bits: 8 + (byte >> 2 & 7),
        per_frame: byte & 32 != 0,
    })
}

/// What was agreed in three bytes, then items: a byte that says what and whose, then a length or a piece.
///
/// Without loss, pieces of any size give the same.
pub fn session(data: &[u8]) {
    let mut input = Bytes(data);
    let (deflate, how) = ([params(input.u8()), params(input.u8())], input.u8());
    let setup = Setup { deflate, mid_stream: how & 1 != 0, deflate_unknown: how & 2 != 0 };
    let mut limits = Limits { inflated_bytes: 1 << 20, resync_bytes: 4_000, ..Limits::default() };
    if how & 4 != 0 {
        limits.message_bytes = 100;
        limits.shard_message_bytes = 150;
        limits.deflate_input = 120;
        limits.shard_history_bytes = 1_000;
    }
    let (mut items, mut ended) = (Vec::new(), [false; 2]);
    while !input.is_empty() {
        let what = input.u8();
        let dir = Dir::BOTH[usize::from(what & 1)];
        let item = match what >> 1 & 15 {
            14 => Item::Gap { len: u64::from(input.u16()) + 1, why: Missing::Lost },
            15 => Item::End(End::Fin),
            _ => Item::Data(input.piece()),
        };
        if !ended[dir.index()] && item != Item::Data(&[]) {
            ended[dir.index()] = matches!(item, Item::End(_));
            items.push((dir, item));
        }
    }
    let whole = tell(&setup, &items, usize::MAX, &limits);
    for most in [1, 5] {
        let cut = tell(&setup, &items, most, &limits);
        // The edges of segments are what boundaries are found by, where they were lost.
        if !whole.troubled && !cut.troubled {
            assert_eq!(cut, whole, "in pieces of {most}");
        }
    }
}
