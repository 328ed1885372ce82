//! D001 to D005, D014: what is offered and agreed of permessage-deflate (RFC 7692 section 7.1).

use super::facts::Opening;
use super::finding::Finding;

/// The rules on offers and answers.
pub(super) fn check(_opening: &Opening<'_>, _found: &mut Vec<Finding>) {}
