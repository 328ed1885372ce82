//! A rule that fired, where, and on what evidence.

use std::borrow::Cow;
use std::ops::Range;

use crate::item::{At, Dir};
use crate::ws::fact::Frame;
use crate::ws::header::Header;

use super::Rule;

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// Which of the connection's findings it is, from 1; set when it is told.
    pub nth: u32,
    /// The sender at fault, or whose bytes are concerned.
    pub dir: Option<Dir>,
    /// Where; `None` where it concerns the capture as a whole.
    pub at: Option<At>,
    /// The `n` of the frame.
    pub frame: Option<u64>,
    /// The `n` of the message.
    pub message: Option<u64>,
    /// The byte at fault, in the direction's stream after the handshake.
    pub offset: Option<u64>,
    /// The facts, in one line: what was expected, what was there.
    pub text: String,
    /// What it was seen in.
    pub evidence: Evidence,
    /// Repeats of the rule on the connection that are not told one by one. Above 0, this finding stands for
    /// those only.
    pub more: u64,
    /// The number of the connection, where it is not clear from where the finding is told.
    pub conn: Option<u32>,
}

/// What a finding was seen in, for people to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Evidence {
    /// The text says it all.
    #[default]
    None,
    /// A frame header, with the field at fault.
    Frame {
        /// The header.
        header: Header,
        /// The field.
        part: Part,
        /// What is wrong with it, to stand below the field: `must be 1 from a client`.
        label: Cow<'static, str>,
    },
    /// A line of the opening handshake.
    Line {
        /// The line, as sent.
        line: Vec<u8>,
        /// The part at fault: a range of `line`.
        mark: Range<usize>,
        /// What is wrong with it.
        label: Cow<'static, str>,
    },
    /// Bytes of an unmasked, inflated payload.
    Payload {
        /// Where in the payload `bytes` begin.
        offset: u64,
        /// A few bytes around the fault.
        bytes: Vec<u8>,
        /// The part at fault: a range of `bytes`.
        mark: Range<usize>,
        /// What is wrong with it.
        label: Cow<'static, str>,
    },
}

/// A field of a frame header (RFC 6455 section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The FIN bit.
    Fin,
    /// The reserved bits.
    Rsv,
    /// The opcode.
    Opcode,
    /// The MASK bit.
    Mask,
    /// The 7-bit length.
    Length,
    /// The 16- or 64-bit length.
    ExtendedLength,
    /// The masking key.
    Key,
    /// The payload.
    Payload,
}

impl Part {
    /// Offset of the field's first byte from the frame's first byte.
    #[must_use]
    pub const fn offset(self, header: &Header) -> u64 {
        match self {
            Self::Fin | Self::Rsv | Self::Opcode => 0,
            Self::Mask | Self::Length => 1,
            Self::ExtendedLength => 2,
            Self::Key => header.header_len() as u64 - if header.mask.is_some() { 4 } else { 0 },
            Self::Payload => header.header_len() as u64,
        }
    }
}

impl Finding {
    /// A finding about one direction at one place.
    #[must_use]
    pub fn new(rule: &'static Rule, dir: Dir, at: At, text: impl Into<String>) -> Self {
        Self { dir: Some(dir), at: Some(at), ..Self::whole_capture(rule, text.into()) }
    }

    /// A finding about the capture as a whole.
    #[must_use]
    pub fn whole_capture(rule: &'static Rule, text: String) -> Self {
        Self {
            rule,
            nth: 0,
            dir: None,
            at: None,
            frame: None,
            message: None,
            offset: None,
            text,
            evidence: Evidence::None,
            more: 0,
            conn: None,
        }
    }

    /// A finding about a field of a frame's header.
    #[must_use]
    pub fn in_frame(
        rule: &'static Rule,
        frame: &Frame<'_>,
        part: Part,
        label: impl Into<Cow<'static, str>>,
        text: impl Into<String>,
    ) -> Self {
        let evidence = Evidence::Frame { header: frame.header, part, label: label.into() };
        Self {
            frame: Some(frame.n),
            offset: Some(frame.offset + part.offset(&frame.header)),
            evidence,
            ..Self::new(rule, frame.dir, frame.first, text)
        }
    }

    /// Adds what it was seen in.
    #[must_use]
    pub fn with(mut self, evidence: Evidence) -> Self {
        self.evidence = evidence;
        self
    }
}

/// What the other endpoint did after a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// [`Finding::nth`] of the finding.
    pub to: u32,
    /// In one line: `the server answered with Close 1002 after 0.8 ms`.
    pub text: String,
}
