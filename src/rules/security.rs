//! S: security.

use super::Rule;
use super::facts::Opening;
use super::finding::Finding;
use crate::rule;

/// The family.
pub static RULES: &[&Rule] = &[&OVERLAP_CONFLICT];

rule! {
    /// A TCP retransmission carries other bytes than the first copy did. The first copy is what
    /// wscope decodes. A healthy sender never does this: it is a sign of injection, of an attempt to
    /// show an inspector other data than the receiver, or of a broken middlebox.
    pub static OVERLAP_CONFLICT = {
        code: "S006", name: "overlap-conflict", level: Warning, source: "practice",
        quote: "",
        summary: "a retransmission carries other bytes than the first copy",
        reaction: "The receiver keeps whichever copy its TCP takes; the other one is gone.",
        bad: ["open\ns text 'Hello'\nagain s 5 'HELLO'"],
        good: ["open\ns text 'Hello'\nagain s 5 'Hello'"],
    }
}

/// The rules on a handshake.
pub(super) fn check(_opening: &Opening<'_>, _found: &mut Vec<Finding>) {}
