//! The first bytes of a TCP connection, until they tell what it carries.

use crate::http::probe::{Guess, probe as guess};
use crate::item::{At, Dir};
use crate::ws::resync::{Expect, Search};

/// Evidence, in bits, for WebSocket frames in a stream without a handshake: at least so much in each
/// direction, so much in both together, and so much in one where the other has no data at all.
const MID_STREAM_BITS: u32 = 12;
const MID_STREAM_BOTH_BITS: u32 = 44;
const MID_STREAM_ALONE_BITS: u32 = 60;

/// What a piece of [`Probe::heads`] costs besides its bytes: its entry, twice as vectors grow, and the allocator's own.
const PIECE: usize = 2 * size_of::<(At, Vec<u8>)>() + 16;

/// The first bytes of both directions, until they tell what this is.
#[derive(Debug, Default)]
pub(super) struct Probe {
    /// Searches for frames, where the start is not known.
    pub(super) searches: [Search; 2],
    /// The bytes, by packet.
    pub(super) heads: [Vec<(At, Vec<u8>)>; 2],
    /// How many bytes there were, and what their pieces cost besides.
    pub(super) collected: [usize; 2],
    /// Bytes are missing.
    pub(super) gap: [bool; 2],
}

impl Probe {
    pub(super) fn push(&mut self, dir: Dir, bytes: &[u8], at: At, limit: usize) {
        let n = dir.index();
        self.searches[n].push(bytes, at, limit);
        self.collected[n] += bytes.len() + PIECE;
        if self.collected[n] <= limit {
            self.heads[n].push((at, bytes.to_vec()));
        }
    }

    /// Bytes that it holds, about.
    pub(super) fn held(&self) -> usize {
        self.searches.iter().map(Search::held).sum::<usize>() + self.collected.iter().sum::<usize>()
    }

    /// One direction has brought so much that frames would have been recognised.
    pub(super) fn is_full(&self, limit: usize) -> bool {
        self.collected.iter().any(|bytes| *bytes > limit)
    }

    /// What the direction's bytes so far and these look like.
    pub(super) fn guess_joined(&self, dir: Dir, bytes: &[u8]) -> Guess {
        let mut joined: Vec<u8> =
            self.heads[dir.index()].iter().flat_map(|(_, bytes)| bytes).copied().collect();
        joined.extend_from_slice(bytes);
        guess(&joined)
    }

    /// What both directions collected, in capture order.
    pub(super) fn in_order(self) -> Vec<(Dir, At, Vec<u8>)> {
        let [client, server] = self.heads;
        let mut pieces: Vec<_> = client
            .into_iter()
            .map(|(at, bytes)| (Dir::C2s, at, bytes))
            .chain(server.into_iter().map(|(at, bytes)| (Dir::S2c, at, bytes)))
            .collect();
        pieces.sort_by_key(|(_, at, _)| at.packet);
        pieces
    }

    /// Who the client is, where the frames of both directions leave no doubt that they are frames. `forced`:
    /// the user says that they are.
    pub(super) fn client(&self, forced: bool) -> Option<Dir> {
        let expect = Expect { masked: None, rsv1: true };
        let best = [0, 1].map(|n| self.searches[n].best_start(&expect));
        match best {
            [Some((a, a_masked)), Some((b, b_masked))]
                if a.min(b) >= MID_STREAM_BITS && a + b >= MID_STREAM_BOTH_BITS && a_masked != b_masked =>
            {
                Some(if a_masked { Dir::C2s } else { Dir::S2c })
            }
            [Some((bits, masked)), None] if bits >= MID_STREAM_ALONE_BITS && self.searches[1].is_empty() => {
                Some(if masked { Dir::C2s } else { Dir::S2c })
            }
            [None, Some((bits, masked))] if bits >= MID_STREAM_ALONE_BITS && self.searches[0].is_empty() => {
                Some(if masked { Dir::S2c } else { Dir::C2s })
            }
            [Some((_, true)), _] | [_, Some((_, false))] if forced => Some(Dir::C2s),
            [Some((_, false)), _] | [_, Some((_, true))] if forced => Some(Dir::S2c),
            _ => None,
        }
    }

    /// The roles were presumed wrong.
    pub(super) fn flip(&mut self) {
        self.searches.swap(0, 1);
        self.heads.swap(0, 1);
        self.collected.swap(0, 1);
        self.gap.swap(0, 1);
    }

    /// Bytes are missing in a direction.
    pub(super) fn miss(&mut self, dir: Dir, len: u64) {
        self.gap[dir.index()] = true;
        self.searches[dir.index()].gap(len);
        self.heads[dir.index()].clear();
    }
}
