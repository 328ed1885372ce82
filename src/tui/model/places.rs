//! Where in the store messages lie.

use crate::item::Dir;
use crate::tui::store::{Row, Store};
use crate::ws::fact::Kind;

/// How far around where it should be a message is looked for: messages are in the order of their ends, frames are
/// counted by their beginnings.
const AROUND: usize = 1 << 12;

/// Where one was found that will do, a better one is at most so far away.
const NEAR: usize = 1 << 6;

/// Messages that are looked at for the other one of a pair.
pub const PAIRED: usize = 2_000;

/// The place of the message with this frame; of the sender `dir`, where that is known.
pub(super) fn of_frame(store: &Store, conn: u32, frame: u64, dir: Option<Dir>) -> Option<usize> {
    let messages = &store.conn(conn)?.messages;
    let row = |at: usize| {
        let place = *messages.get(at)? as usize;
        Some((place, store.message(place)?.0))
    };
    let (mut low, mut high) = (messages.start(), messages.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if row(middle).is_some_and(|(_, row)| u64::from(row.first_frame) < frame) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let mut best: Option<(u32, usize)> = None;
    // The nearest first, so that the common case is quick.
    let mut step = 0;
    while step <= AROUND {
        for at in [low.checked_add(step), low.checked_sub(step + 1)].into_iter().flatten() {
            let Some((place, row)) = row(at) else { continue };
            if u64::from(row.first_frame) == frame {
                return Some(place);
            }
            // Frames of the other endpoint and control frames may stand between the frames of a message: of those
            // that have begun before, the last is the one.
            let begun = row.frames > 1 && u64::from(row.first_frame) < frame;
            if begun
                && dir.is_none_or(|dir| dir == row.dir)
                && best.is_none_or(|(first, _)| first < row.first_frame)
            {
                best = Some((row.first_frame, place));
            }
        }
        step += 1;
        if best.is_some() && step > NEAR {
            break;
        }
        if low + step >= messages.len() && low < step {
            break;
        }
    }
    best.map(|(_, place)| place)
}

/// The pong that answers a ping, or the ping that a pong answers: the nearest one from the other side with the same
/// payload, as far as rows tell (RFC 6455 section 5.5.3). No more than [`PAIRED`] messages are looked at.
pub(super) fn other_half<'a>(store: &'a Store, row: &Row) -> Option<&'a Row> {
    let messages = &store.conn(row.conn)?.messages;
    let message = |at: usize| store.message(*messages.get(at)? as usize);
    let at = (row.n as usize).checked_sub(1)?;
    let (_, preview) = message(at)?;
    let half = |wanted| {
        move |at| {
            let (other, text) = message(at)?;
            let fits =
                other.kind == wanted && other.dir != row.dir && other.len == row.len && text == preview;
            fits.then_some(other)
        }
    };
    match row.kind {
        Kind::Ping => (at + 1..at + PAIRED).find_map(half(Kind::Pong)),
        Kind::Pong => (at.saturating_sub(PAIRED)..at).rev().find_map(half(Kind::Ping)),
        _ => None,
    }
}

/// The message before another on its connection.
pub(super) fn before<'a>(store: &'a Store, row: &Row) -> Option<&'a Row> {
    let at = (row.n as usize).checked_sub(2)?;
    let place = store.conn(row.conn)?.messages.get(at)?;
    store.message(*place as usize).map(|(row, _)| row)
}
