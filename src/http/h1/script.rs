//! Conversations for tests: what goes in, piece by piece, and what comes out.

use super::{Pair, Step, Why};
use crate::http::upgrade::Handshake;
use crate::item::{At, Dir, End, Item, Missing};
use crate::limits::Limits;
use crate::time::Timestamp;

/// A piece of a conversation.
#[derive(Clone)]
pub(super) enum Piece {
    C(Vec<u8>),
    S(Vec<u8>),
    Gap(Dir, u64),
    End(Dir),
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::C(data) => write!(f, "c(b\"{}\")", data.escape_ascii()),
            Self::S(data) => write!(f, "s(b\"{}\")", data.escape_ascii()),
            Self::Gap(dir, len) => write!(f, "Piece::Gap(Dir::{dir:?}, {len})"),
            Self::End(dir) => write!(f, "Piece::End(Dir::{dir:?})"),
        }
    }
}

impl Piece {
    pub(super) fn item(&self) -> (Dir, Item<'_>) {
        match self {
            Self::C(data) => (Dir::C2s, Item::Data(data)),
            Self::S(data) => (Dir::S2c, Item::Data(data)),
            Self::Gap(dir, len) => (*dir, Item::Gap { len: *len, why: Missing::Lost }),
            Self::End(dir) => (*dir, Item::End(End::Fin)),
        }
    }
}

pub(super) fn c(data: impl AsRef<[u8]>) -> Piece {
    Piece::C(data.as_ref().to_vec())
}

pub(super) fn s(data: impl AsRef<[u8]>) -> Piece {
    Piece::S(data.as_ref().to_vec())
}

/// What a conversation led to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    /// Handshakes without a WebSocket.
    pub(super) refused: Vec<Handshake>,
    /// The handshake that led to one.
    pub(super) upgraded: Option<Handshake>,
    pub(super) tunnel: bool,
    pub(super) opaque: Option<Why>,
    pub(super) full: bool,
    /// What is behind the upgrade, by direction; a gap is `~`, an end `$`.
    pub(super) behind: [Vec<u8>; 2],
}

impl Told {
    pub(super) fn behind(&self, dir: Dir) -> &str {
        std::str::from_utf8(&self.behind[dir.index()]).unwrap()
    }

    fn pass(&mut self, dir: Dir, item: Item<'_>, used: usize) {
        match item {
            Item::Data(data) => self.behind[dir.index()].extend_from_slice(&data[used..]),
            Item::Gap { .. } => self.behind[dir.index()].push(b'~'),
            Item::End(_) => self.behind[dir.index()].push(b'$'),
        }
    }
}

/// Plays a conversation, a packet for each piece, a millisecond apart.
pub(super) fn play(pieces: &[Piece]) -> Told {
    play_on(Pair::new(), pieces, &Limits::default())
}

pub(super) fn play_on(mut pair: Pair, pieces: &[Piece], limits: &Limits) -> Told {
    let mut told = Told::default();
    for (n, piece) in pieces.iter().enumerate() {
        let (dir, item) = piece.item();
        if told.upgraded.is_some() || told.tunnel {
            told.pass(dir, item, 0);
            continue;
        }
        if told.opaque.is_some() {
            continue;
        }
        let (held, used) =
            match pair.feed(dir, item, at(n as u64 + 1), limits, &mut |h| told.refused.push(*h)) {
                Step::Continue => continue,
                Step::Full => {
                    told.full = true;
                    continue;
                }
                Step::Opaque(why) => {
                    told.opaque = Some(why);
                    continue;
                }
                Step::Tunnel { held, used } => {
                    told.tunnel = true;
                    (held, used)
                }
                Step::Upgraded { handshake, held, used } => {
                    told.upgraded = Some(*handshake);
                    (held, used)
                }
            };
        for piece in &held {
            told.pass(piece.dir, piece.item(), 0);
        }
        told.pass(dir, item, used);
    }
    if told.upgraded.is_none() && !told.tunnel && told.opaque.is_none() {
        pair.finish(&mut |h| told.refused.push(*h));
    }
    told
}

/// The packet `n`.
pub(super) fn at(n: u64) -> At {
    At { packet: n, time: Timestamp::from_nanos(n as i64 * 1_000_000) }
}
