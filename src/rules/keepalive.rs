//! K: keep-alive (RFC 6455 sections 5.5.2 and 5.5.3).

use crate::item::At;
use crate::ws::fact::Message;

use super::facts::Facts;
use super::finding::Finding;

/// The keep-alive rules of one connection.
#[derive(Debug, Default)]
pub(super) struct State {}

impl State {
    /// A Ping or Pong is over.
    pub(super) fn message(&mut self, _message: &Message<'_>, _facts: &Facts, _found: &mut Vec<Finding>) {}

    /// A Close came from either side: no Ping needs an answer from here on.
    pub(super) fn close(&mut self) {}

    /// [`State::segment`] has something to look at.
    #[inline]
    pub(super) fn waits(&self) -> bool {
        false
    }

    /// Acknowledgements, or time, may have come.
    pub(super) fn segment(&mut self, _at: At, _facts: &Facts, _found: &mut Vec<Finding>) {}

    /// The connection is over, or the capture.
    pub(super) fn finish(&mut self, _at: At, _facts: &Facts, _found: &mut Vec<Finding>) {}
}
