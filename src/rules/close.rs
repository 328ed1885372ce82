//! C: closing (RFC 6455 sections 5.5.1 and 7).

use crate::item::{At, Dir};
use crate::ws::fact::{Frame, Message};

use super::facts::Facts;
use super::finding::Finding;

/// The closing rules of one connection.
#[derive(Debug, Default)]
pub(super) struct State {}

impl State {
    /// A frame came from an endpoint that had sent a Close.
    pub(super) fn after_close(&mut self, _frame: &Frame<'_>, _found: &mut Vec<Finding>) {}

    /// A data message ended at this offset of its direction's stream.
    #[inline]
    pub(super) fn message_ended(&mut self, _offset: u64, _dir: Dir) {}

    /// A Close is over. `facts` does not hold it yet.
    pub(super) fn close(&mut self, _message: &Message<'_>, _facts: &Facts, _found: &mut Vec<Finding>) {}

    /// Bytes that are no frame follow a Close.
    pub(super) fn not_frames(&mut self, _dir: Dir, _at: At, _skipped: u64, _found: &mut Vec<Finding>) {}

    /// [`State::segment`] has something to look at.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        false
    }

    /// Acknowledgements may have come.
    pub(super) fn segment(&mut self, _facts: &Facts, _found: &mut Vec<Finding>) {}

    /// The connection is over, or the capture. `broken_off`: it ended inside a frame or message, which was
    /// told.
    pub(super) fn finish(&mut self, _broken_off: bool, _facts: &Facts, _found: &mut Vec<Finding>) {}
}
