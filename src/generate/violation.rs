//! Rules that are broken on purpose, on connections of their own.

use super::head;
use super::rng::Rng;
use crate::capture::synth::Ends;
use crate::script::wire::Segment;
use crate::script::{Script, ScriptError};

/// A rule, and the conversation that breaks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub(super) code: &'static str,
    script: Script,
}

/// Why a rule cannot be broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ViolationError {
    /// Its example needs other bounds than those that captures are read with.
    #[error(
        "{0} cannot be broken in a capture: its example holds only within smaller limits than the usual ones"
    )]
    Limits(&'static str),
    /// Its example is no script.
    #[error("the example of {0} cannot be read: {1}")]
    Script(&'static str, ScriptError),
}

impl Violation {
    /// The rule with this code is broken by what this script says.
    ///
    /// # Errors
    ///
    /// Where the script is none, or holds only within limits of its own.
    pub fn new(code: &'static str, script: &str) -> Result<Self, ViolationError> {
        // A bomb within the usual limits is too large for an example.
        let script = if code == "D012" { BOMB } else { script };
        let script = Script::parse(script).map_err(|error| ViolationError::Script(code, error))?;
        if script.has_limits() {
            return Err(ViolationError::Limits(code));
        }
        Ok(Self { code, script })
    }

    /// How many bytes the file has to end early for it.
    pub(super) const fn cut(&self) -> usize {
        self.script.cut()
    }

    /// Its packets.
    pub(super) fn play(&self, rng: &mut Rng, number: u32) -> Play {
        let mut segments = self.script.clone().with_key(&head::key(rng)).segments();
        let first = segments.first().map_or(0, |segment| segment.time.nanos());
        let port = segments.iter().map(|segment| segment.client_port).min().unwrap_or_default();
        for segment in &mut segments {
            // Each script begins with the same port.
            let place = (number as u16).wrapping_mul(4) % PORTS + (segment.client_port - port) % 4;
            segment.client_port = FIRST_PORT + place;
        }
        Play { code: self.code, segments, first, at: 0 }
    }
}

/// A conversation of a script, on its way into the capture.
#[derive(Debug)]
pub(super) struct Play {
    pub(super) code: &'static str,
    segments: Vec<Segment>,
    /// When the first was sent, by the script's clock.
    first: i64,
    at: usize,
}

impl Play {
    /// The next packet, and how long after the first it comes, in nanoseconds.
    pub(super) fn next(&self) -> Option<(&Segment, i64)> {
        let segment = self.segments.get(self.at)?;
        Some((segment, segment.time.nanos() - self.first))
    }

    pub(super) const fn advance(&mut self) {
        self.at += 1;
    }

    /// The ends of its first connection.
    pub(super) fn ends(&self) -> Option<Ends> {
        self.segments.first().map(Segment::ends)
    }
}

/// 16 MB in 16 kB: past the ratio that is taken for a bomb.
const BOMB: &str = "open permessage-deflate\ns text z 'x' *16000000";

/// Below those of other clients.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;
