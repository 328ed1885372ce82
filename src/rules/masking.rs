//! F014, F015: what masking keys tell of their source (RFC 6455 sections 5.3 and 10.3).

use crate::ws::fact::Frame;

use super::calm::Calm;
use super::finding::{Finding, Part};
use crate::rule;

rule! {
    /// Masking keys are to be drawn anew for each frame from a strong source of randomness. This client
    /// uses the same key again and again, far more often than chance allows, so anybody can choose the
    /// bytes that appear on the wire, which is what masking is there to prevent.
    pub static KEY_REPEATED = {
        code: "F014", name: "mask-key-repeated", level: Warning, source: "RFC 6455 5.3",
        quote: "the client MUST pick a fresh masking key from the set of allowed 32-bit values",
        summary: "the same masking key on many frames",
        reaction: "Receivers do not notice.",
        bad: ["open\nc text mask:37fa213d 'a'\nc text mask:37fa213d 'b'\nc text mask:37fa213d 'c'"],
        good: ["open\nc text mask:37fa213d 'a'\nc text mask:47fa213d 'b'\nc text mask:57fa213d 'c'"],
    }
}

rule! {
    /// Masking with a key of zeros changes nothing. Some clients do it to save time or for debugging; a
    /// script in a page then chooses the bytes on the wire.
    pub static KEY_ZERO = {
        code: "F015", name: "mask-key-zero", level: Warning, source: "RFC 6455 5.3",
        quote: "the masking key MUST be derived from a strong source of entropy",
        summary: "masking keys of zeros on more frames than chance allows",
        reaction: "Receivers do not notice.",
        bad: ["open\nc text mask:00000000 'a'\nc text mask:00000000 'b'"],
        good: ["open\nc text mask:00000000 'a'\nc text 'b'\nc text 'c'"],
    }
}

/// The masking keys of one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Keys {
    frames: u64,
    zeros: u32,
    /// The first key that is not zero, and how often it came again.
    first: [u8; 4],
    again: u32,
    /// The last key, and how often it came in a row.
    last: [u8; 4],
    run: u32,
    repeated_told: bool,
    zeros_told: bool,
}

impl Keys {
    /// The first key that is not zero, and the last.
    pub(super) const fn known(&self) -> [[u8; 4]; 2] {
        [self.first, self.last]
    }

    /// Masked frames whose keys are new.
    pub(super) const fn went_on(&mut self, calm: &Calm) {
        let [first, last] = calm.keys;
        self.frames += calm.frames;
        self.run = 0;
        self.first = first;
        self.last = last;
    }

    /// A masked frame.
    #[inline]
    pub(super) fn frame(&mut self, key: [u8; 4], frame: &Frame<'_>, found: &mut Vec<Finding>) {
        self.frames += 1;
        if key == [0; 4] {
            self.zeros(frame, found);
            return;
        }
        if key == self.first || key == self.last {
            self.same(key, frame, found);
        } else {
            self.run = 0;
        }
        if self.first == [0; 4] {
            self.first = key;
        }
        self.last = key;
    }

    #[cold]
    fn zeros(&mut self, frame: &Frame<'_>, found: &mut Vec<Finding>) {
        self.zeros += 1;
        if self.zeros > 1 && !self.zeros_told && beyond_chance(self.frames, self.zeros) {
            self.zeros_told = true;
            let (zeros, frames) = (self.zeros, self.frames);
            let text = format!("{zeros} of {frames} client frames have a masking key of zeros");
            found.push(Finding::in_frame(&KEY_ZERO, frame, Part::Key, "masks nothing", text));
        }
    }

    #[cold]
    fn same(&mut self, key: [u8; 4], frame: &Frame<'_>, found: &mut Vec<Finding>) {
        self.run = if key == self.last { self.run + 1 } else { 0 };
        self.again += u32::from(key == self.first);
        // A run may begin anywhere, which is one more choice for chance than the first key has.
        let repeats = self.again.max(self.run);
        if repeats > 1 && !self.repeated_told && beyond_chance(self.frames, repeats) {
            self.repeated_told = true;
            let [a, b, c, d] = key;
            let text = format!(
                "masking key {a:02x}{b:02x}{c:02x}{d:02x} came {} times in {} client frames",
                repeats + 1,
                self.frames
            );
            found.push(Finding::in_frame(&KEY_REPEATED, frame, Part::Key, "used before", text));
        }
    }
}

/// Whether `hits` of `frames` random 32-bit keys being one given key has a chance below 1e-9.
///
/// The chance is at most `frames`^`hits` / `hits`! · 2^(-32·`hits`).
fn beyond_chance(frames: u64, hits: u32) -> bool {
    let factorial: f64 = (1..=hits.min(40)).map(|n| f64::from(n).log2()).sum();
    let chance = f64::from(hits) * ((frames as f64).log2() - 32.0) - factorial;
    chance < -30.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chance_allows() {
        assert!(beyond_chance(1, 1) && beyond_chance(3, 2) && beyond_chance(50_000, 2));
        assert!(!beyond_chance(1_000_000, 2));
        assert!(beyond_chance(1_000_000, 3));
        assert!(!beyond_chance(1_000_000_000, 4));
        assert!(beyond_chance(1_000_000_000, 100));
    }
}
