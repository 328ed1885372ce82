//! One message or frame whole: the packets of its connection, decoded once more.
//!
//! Only these packets are read, with their numbers and times, so everything is told just as it was at
//! first; and only up to where what is wanted is complete.

mod conversation;
mod detail;
mod finder;
mod picked;
mod refusal;
mod segments;

use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub use conversation::{Part, Said, Told};
pub use detail::{FrameDetail, MessageDetail};
pub use segments::{Begins, Sent};

use self::conversation::{Chunks, Listener};
use self::finder::{Finder, Taken, Wanted};
use self::picked::Picked;
use super::files::Files;
use super::store::{Packets, Row};
use super::workers::Cancelled;
use crate::engine::{self, Checkpoint, Checkpoints, Config};
use crate::http::upgrade::Handshake;
use crate::ws::session::Want;

/// Decodes connections again. Every call reads, and decodes the connection from the last of its states that was kept
/// before what is wanted ([`Checkpoints`]), or from its start: call it in another thread.
#[derive(Clone, Debug)]
pub struct Reopener {
    files: Files,
    config: Config,
    checkpoints: Option<Arc<Checkpoints>>,
    cancelled: Cancelled,
}

impl Reopener {
    /// For the connections of these files, which were decoded with `config`.
    #[must_use]
    pub fn new(files: &Files, config: &Config) -> Self {
        Self {
            files: files.clone(),
            config: Config { threads: 1, checkpoints: None, ..config.clone() },
            checkpoints: config.checkpoints.clone().or_else(|| files.checkpoints()),
            cancelled: Cancelled::default(),
        }
    }

    /// The same, which gives up when nobody waits any more: what it has not found by then is not there.
    #[must_use]
    pub fn until(&self, cancelled: &Cancelled) -> Self {
        Self { cancelled: cancelled.clone(), ..self.clone() }
    }

    /// The opening handshake. `None` where there was none, or the packets are not what they were.
    ///
    /// # Errors
    /// Where a file cannot be read any more.
    pub fn handshake(&self, packets: &Packets) -> io::Result<Option<Box<Handshake>>> {
        Ok(self.take(packets, Wanted::Handshake, Want::default())?.handshake)
    }

    /// A message with its payload, as far as the limits let it be kept, and its frames as on the wire. `None` where
    /// its packets were not all read yet, or are not what they were.
    ///
    /// # Errors
    /// Where a file cannot be read any more.
    pub fn message(&self, packets: &Packets, row: &Row) -> io::Result<Option<MessageDetail>> {
        let bytes = self.config.limits.message_bytes;
        let wanted = Wanted::Message(*row);
        let want = Want { payload: bytes, hash: false, frame_bytes: bytes };
        let mut found = self.take(packets, wanted, want)?.message;
        // Hashing every message on the way would take longer than all the rest.
        if let Some(detail) = &mut found
            && !detail.message().cut()
        {
            let hash = Sha256::digest(detail.message().payload);
            detail.set_sha256(hash.into());
        }
        Ok(found)
    }

    /// The frames with these numbers, in order; as on the wire where `bytes`, else their headers only.
    /// Those that are not there are left out.
    ///
    /// # Errors
    /// Where a file cannot be read any more.
    pub fn frames(
        &self,
        packets: &Packets,
        frames: RangeInclusive<u64>,
        bytes: bool,
    ) -> io::Result<Vec<FrameDetail>> {
        if packets.has_gap() {
            // They cannot be counted.
            return Ok(Vec::new());
        }
        let frame_bytes = if bytes { self.config.limits.message_bytes } else { 0 };
        let want = Want { payload: 0, hash: false, frame_bytes };
        let mut frames = self.take(packets, Wanted::Frames(frames), want)?.frames;
        frames.sort_by_key(|frame| frame.frame().n);
        Ok(frames)
    }

    /// The messages of a connection with their payloads, in order: told in chunks while they are read, until all are,
    /// or there is no room for more, or nobody waits any more.
    ///
    /// # Errors
    /// Where a file cannot be read any more. What was told before stands.
    pub fn conversation(
        &self,
        packets: &Packets,
        part: Part,
        cancelled: &Cancelled,
        take: impl FnMut(Vec<Said>),
    ) -> io::Result<Told> {
        let want = Want { payload: self.config.limits.message_bytes, hash: false, frame_bytes: 0 };
        let config = Config { want, ..self.config.clone() };
        let done = Arc::default();
        let mut source = Picked::new(&self.files, &config.limits, packets, Arc::clone(&done));
        let mut chunks = Chunks::new(take);
        let listener = || Listener::new(packets, part, Arc::clone(&done), cancelled);
        engine::run(&mut source, &config, &listener, &mut chunks, &|_| {})?;
        Ok(chunks.told)
    }

    /// What all of it was read from.
    pub(super) const fn files(&self) -> &Files {
        &self.files
    }

    /// How it was decoded.
    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    /// The number of the packet behind which decoding begins where a frame is wanted; 0 = with the first.
    #[must_use]
    pub fn begins(&self, packets: &Packets, frame: u64) -> u64 {
        self.before(packets, frame).map_or(0, |state| state.packet())
    }

    fn before(&self, packets: &Packets, frame: u64) -> Option<Arc<Checkpoint>> {
        // Where packets are gone, what is wanted is told from other messages by more than numbers.
        let checkpoints = self.checkpoints.as_ref().filter(|_| !packets.has_gap())?;
        checkpoints.before(packets.id, packets.ends, frame)
    }

    fn take(&self, packets: &Packets, wanted: Wanted, want: Want) -> io::Result<Taken> {
        let config = Config { want, ..self.config.clone() };
        let done = Arc::default();
        let limits = &config.limits;
        let state = wanted.frame().and_then(|frame| self.before(packets, frame)).and_then(|state| {
            let behind = Picked::behind(&self.files, limits, packets, Arc::clone(&done), state.packet())?;
            Some((state, behind))
        });
        let (state, mut source) = match state {
            Some((state, behind)) => (Some(state), behind),
            None => (None, Picked::new(&self.files, limits, packets, Arc::clone(&done))),
        };
        source.until(&self.cancelled);
        let mut taken = Taken::default();
        let finder = || Finder::new(packets, wanted.clone(), Arc::clone(&done));
        if let Some(state) = state {
            let mut finder = finder();
            state.resume(&mut source, &config, &mut |fact| {
                finder.fact(fact).into_iter().for_each(|record| taken.add(record));
                !finder.is_done()
            })?;
        } else {
            engine::run(&mut source, &config, &finder, &mut taken, &|_| {})?;
        }
        Ok(taken)
    }
}
