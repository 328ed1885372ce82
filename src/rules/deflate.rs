//! D006 to D013: compressed messages (RFC 7692 sections 6 and 7.2).

use crate::ws::fact::{Frame, Message};

use super::facts::Facts;
use super::finding::Finding;

/// The deflate rules of one connection.
#[derive(Debug, Default)]
pub(super) struct State {}

impl State {
    /// A compressed message is over.
    pub(super) fn message(&mut self, _message: &Message<'_>, _facts: &Facts, _found: &mut Vec<Finding>) {}

    /// The connection is over.
    pub(super) fn finish(&mut self, _facts: &Facts, _found: &mut Vec<Finding>) {}
}

/// RSV1 on a control frame where permessage-deflate was agreed (D007).
pub(super) fn rsv1_on_control(_frame: &Frame<'_>, _found: &mut Vec<Finding>) {}

/// RSV1 on a continuation frame where permessage-deflate was agreed (D006).
pub(super) fn rsv1_on_continuation(_frame: &Frame<'_>, _found: &mut Vec<Finding>) {}
