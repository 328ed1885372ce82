//! H001 to H016: the request of the opening handshake (RFC 6455 section 4.1).

use super::facts::Opening;
use super::finding::Finding;

/// The rules on a request.
pub(super) fn check(_opening: &Opening<'_>, _found: &mut Vec<Finding>) {}

/// Client bytes were captured before the 101, which the client had not seen (H016).
pub(super) fn frames_before_accept(_bytes: u64, _at: crate::item::At) -> Finding {
    Finding::new(&super::capture::LIMIT, crate::item::Dir::C2s, _at, "")
}
