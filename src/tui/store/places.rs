//! Where in the store messages lie.

use super::{Found, Row, Store};
use crate::item::Dir;
use crate::ws::fact::Kind;

/// How far around where it should be a message is looked for: messages are in the order of their ends, frames are
/// counted by their beginnings.
const AROUND: usize = 1 << 12;

/// Messages that are looked at for the other one of a pair.
pub const PAIRED: usize = 2_000;

impl Store {
    /// The place of a connection's message, by its number from 1; `None` where it is gone.
    #[must_use]
    pub fn place_of(&self, conn: u32, message: u64) -> Option<usize> {
        let n = usize::try_from(message).ok()?.checked_sub(1)?;
        let place = *self.conn(conn)?.messages.get(n)? as usize;
        self.message(place).map(|_| place)
    }

    /// The place of the message with this frame, which `dir` sent where that is known.
    #[must_use]
    pub fn place_of_frame(&self, conn: u32, frame: u64, dir: Option<Dir>) -> Option<usize> {
        let messages = &self.conn(conn)?.messages;
        let row = |at: usize| {
            let place = *messages.get(at)? as usize;
            Some((place, self.message(place)?.0))
        };
        let (mut low, mut high) = (messages.start(), messages.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if row(middle).is_some_and(|(_, row)| u64::from(row.last_frame) < frame) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut best: Option<(u32, usize)> = None;
        // Data messages of one sender are in the order of their frames: behind one that ended before the frame, and
        // before one that began after it, is none with the frame. By sender, before and after.
        let wanted = Dir::BOTH.map(|other| dir.is_none_or(|dir| dir == other));
        let mut open = [wanted; 2];
        for step in 0..=AROUND {
            for (side, at) in [low.checked_sub(step + 1), low.checked_add(step)].into_iter().enumerate() {
                let sides = &mut open[side];
                let Some((place, row)) = at.filter(|_| sides.contains(&true)).and_then(row) else {
                    *sides = [false; 2];
                    continue;
                };
                if u64::from(row.first_frame) == frame {
                    return Some(place);
                }
                // Control frames may stand between the frames of a message, and frames of the other sender.
                if row.spans(frame)
                    && wanted[row.dir.index()]
                    && best.is_none_or(|(n, _)| n < row.first_frame)
                {
                    best = Some((row.first_frame, place));
                }
                let passed = [u64::from(row.last_frame) < frame, u64::from(row.first_frame) > frame];
                if row.kind.is_data() && passed[side] {
                    sides[row.dir.index()] = false;
                }
            }
            if open == [[false; 2]; 2] {
                break;
            }
        }
        best.map(|(_, place)| place)
    }

    /// The place of the message that a finding is on.
    #[must_use]
    pub fn place_of_finding(&self, found: &Found) -> Option<usize> {
        let conn = found.conn?;
        match (found.finding.message, found.finding.frame) {
            (Some(n), _) => self.place_of(conn, n),
            (None, Some(frame)) => self.place_of_frame(conn, frame, found.finding.dir),
            (None, None) => None,
        }
    }

    /// The findings on a message or its frames, with their places among [`Store::findings`].
    pub fn findings_on<'a>(&'a self, row: &'a Row) -> impl Iterator<Item = (usize, &'a Found)> + 'a {
        let mine = self.place_of(row.conn, row.n.into());
        let places = self.conn(row.conn).map_or(&[][..], |conn| &conn.findings);
        let found =
            places.iter().filter_map(|place| Some((*place as usize, self.findings().get(*place as usize)?)));
        found.filter(move |(_, found)| match (found.finding.message, found.finding.frame) {
            (Some(n), _) => n == u64::from(row.n),
            (None, Some(frame)) => row.spans(frame) && self.place_of_finding(found) == mine,
            (None, None) => false,
        })
    }

    /// The pong that answers a ping, or the ping that a pong answers: the nearest one from the other side with the same
    /// payload, as far as rows tell (RFC 6455 section 5.5.3). No more than [`PAIRED`] messages are looked at.
    #[must_use]
    pub fn other_half(&self, row: &Row) -> Option<&Row> {
        let messages = &self.conn(row.conn)?.messages;
        let message = |at: usize| self.message(*messages.get(at)? as usize);
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
    #[must_use]
    pub fn before(&self, row: &Row) -> Option<&Row> {
        let place = self.place_of(row.conn, u64::from(row.n).checked_sub(1)?)?;
        self.message(place).map(|(row, _)| row)
    }
}
