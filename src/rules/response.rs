//! H020 to H031: the response of the opening handshake (RFC 6455 section 4.2.2).

use super::facts::Opening;
use super::finding::Finding;

/// The rules on a response.
pub(super) fn check(_opening: &Opening<'_>, _found: &mut Vec<Finding>) {}
