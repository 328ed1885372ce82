//! What goes on in a direction while no rule has anything to say of it.

use crate::item::At;
use crate::ws::fact::Single;

/// [`Single`]s of which the rules' own states do not know yet: for each of them one place in memory is touched, not
/// one for each rule. [`Checker`](super::checker::Checker) tells the states before they are asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calm {
    /// Nothing that came before matters to the next of them.
    pub(super) is_calm: bool,
    /// A client's first masking key that is not zero, and its last.
    pub(super) keys: [[u8; 4]; 2],
    /// How many they are.
    pub(super) frames: u64,
    /// Where the last of them ends in the direction's stream.
    pub(super) end: u64,
    /// The packet of the last of them.
    pub(super) at: At,
}

impl Calm {
    /// Takes the next, unless something may be wrong with it (`masks`: its sender has to mask).
    #[inline]
    pub(super) fn take(&mut self, single: &Single<'_>, masks: bool) -> bool {
        let header = &single.header;
        let [first, last] = &mut self.keys;
        let sound = self.is_calm
            && header.rsv == 0
            && header.minimal()
            && match header.mask {
                // A key that came before is for the rules on keys.
                Some(key) => masks && key != [0; 4] && key != *first && key != *last,
                None => !masks,
            };
        if sound {
            *last = header.mask.unwrap_or_default();
            if *first == [0; 4] {
                *first = *last;
            }
            self.frames += 1;
            self.end = single.end;
            self.at = single.at;
        }
        sound
    }
}
