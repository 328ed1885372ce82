//! From facts to findings.

use crate::item::{At, Dir, Missing};
use crate::ws::fact::{Limit, Trouble};

use super::{Finding, Rule, capture, security};

/// What a session could not follow, as a note on the capture. `None` = no rule is concerned.
#[must_use]
pub fn trouble(dir: Dir, at: At, what: Trouble) -> Option<Finding> {
    let (rule, text): (&'static Rule, String) = match what {
        Trouble::Gap { len, in_payload, why } => {
            let reason = match why {
                Missing::Lost => "were acknowledged but not captured",
                Missing::Cut => "were cut off by the snap length",
                Missing::GaveUp => "never came",
            };
            let effect = if in_payload {
                "inside a payload: framing goes on"
            } else {
                "over a frame boundary: looking for the next one"
            };
            let rule = if why == Missing::Cut { &capture::PACKET_CUT } else { &capture::GAP };
            (rule, format!("{len} bytes {reason}, {effect}"))
        }
        Trouble::Resynchronised { skipped } => {
            (&capture::RESYNCHRONISED, format!("found a frame boundary again, {skipped} bytes passed over"))
        }
        Trouble::OutOfSync { skipped } => {
            (&capture::GAP, format!("no certain frame boundary in the {skipped} bytes up to the end"))
        }
        Trouble::NotFrames { .. } => return None,
        Trouble::Limit(limit) => {
            let text = match limit {
                Limit::MessageBytes => {
                    "a message is larger than what is kept of one: its payload is cut, its checks are not"
                }
                Limit::DeflateInput => {
                    "a compressed message is larger than what is collected of one: it is not inflated"
                }
                Limit::Inflated => "a message inflates past the size or ratio limit: it is cut there",
                Limit::History => "too much inflate history is kept at once: this direction's was dropped",
            };
            (&capture::LIMIT, text.to_owned())
        }
    };
    Some(finding(rule, dir, at, text))
}

/// A retransmission carried other bytes (S006).
#[must_use]
pub fn conflict(dir: Dir, at: At, offset: u64, len: u64) -> Finding {
    let text = format!(
        "a retransmission of {len} bytes differs from the first copy, first at stream offset {offset}; the first copy stands"
    );
    finding(&security::OVERLAP_CONFLICT, dir, at, text)
}

/// Out-of-order data was dropped (N005).
#[must_use]
pub fn out_of_order_limit(dir: Dir, at: At, dropped: u64) -> Finding {
    let text =
        format!("too much out-of-order data at once: {dropped} bytes were dropped or no longer waited for");
    finding(&capture::LIMIT, dir, at, text)
}

/// The connection began before the capture (N003).
#[must_use]
pub fn no_handshake(at: At) -> Finding {
    Finding {
        rule: &capture::NO_HANDSHAKE,
        dir: None,
        at: Some(at),
        frame: None,
        text: "no handshake was captured: recognised by its frames alone".to_owned(),
    }
}

/// A note on the capture as a whole.
#[must_use]
pub fn whole_capture(rule: &'static Rule, text: String) -> Finding {
    Finding { rule, dir: None, at: None, frame: None, text }
}

fn finding(rule: &'static Rule, dir: Dir, at: At, text: String) -> Finding {
    Finding { rule, dir: Some(dir), at: Some(at), frame: None, text }
}
