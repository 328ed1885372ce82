//! What of a message's payload is written, and as what.
//!
//! Every format follows the same rule, so that a message looks the same wherever it is read.

use std::borrow::Cow;
use std::str::FromStr;

use crate::ws::fact::{Kind, Message, Utf8};

/// How much of each payload is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PayloadMode {
    /// All that was kept.
    #[default]
    Full,
    /// The first bytes.
    Head(usize),
    /// Nothing. Codes and reasons of Close messages are written all the same.
    None,
}

impl PayloadMode {
    /// Bytes written for `head` without a number.
    pub const DEFAULT_HEAD: usize = 256;

    /// The payload bytes that this needs of each message.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Full => usize::MAX,
            Self::Head(limit) => limit,
            Self::None => 0,
        }
    }
}

impl FromStr for PayloadMode {
    type Err = String;

    /// `full`, `head`, `head=N` or `none`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "full" => Ok(Self::Full),
            "head" => Ok(Self::Head(Self::DEFAULT_HEAD)),
            "none" => Ok(Self::None),
            _ => text
                .strip_prefix("head=")
                .and_then(|limit| limit.parse().ok())
                .map(Self::Head)
                .ok_or_else(|| format!("`{text}` is none of full, head, head=N, none")),
        }
    }
}

/// A payload in the form in which it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// As text.
    Text(&'a str),
    /// As bytes.
    Base64(&'a [u8]),
    /// Not at all.
    Nothing,
}

/// What is written of a message's payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    /// The status code of a Close.
    pub(crate) code: Option<u16>,
    /// The reason of a Close; empty where there is none.
    pub(crate) reason: Cow<'a, str>,
    /// The payload.
    pub(crate) body: Body<'a>,
    /// The payload goes on.
    pub(crate) cut: bool,
}

impl<'a> Shown<'a> {
    /// Text messages are text where they are valid UTF-8; Ping and Pong where they are printable
    /// ASCII (they carry a caller's note about as often as a random token); binary messages never,
    /// so that their consumers find one form. A Close is code and reason, and its bytes too where
    /// these cannot say it exactly.
    pub(crate) fn new(message: &Message<'a>, mode: PayloadMode) -> Self {
        if message.kind == Kind::Close {
            return Self::close(message, mode);
        }
        let (body, cut) = data(message, mode);
        Self { code: None, reason: Cow::Borrowed(""), body, cut }
    }

    fn close(message: &Message<'a>, mode: PayloadMode) -> Self {
        let payload = message.payload;
        let bytes = payload.get(2..).unwrap_or_default();
        let reason = text(bytes, message.cut() || message.fault.is_some());
        let exact = reason.is_some() && payload.len() != 1;
        let body = if exact || mode == PayloadMode::None { Body::Nothing } else { Body::Base64(payload) };
        let written =
            if exact { payload.len() - bytes.len() + reason.map_or(0, str::len) } else { payload.len() };
        Self {
            code: message.close_code(),
            reason: reason.map_or_else(|| String::from_utf8_lossy(bytes), Cow::Borrowed),
            body,
            cut: mode != PayloadMode::None && (written as u64) < message.len,
        }
    }
}

/// The payload of what is no Close, and whether it goes on.
#[inline]
pub(crate) fn data<'a>(message: &Message<'a>, mode: PayloadMode) -> (Body<'a>, bool) {
    let payload = message.payload;
    let bytes = match mode {
        PayloadMode::Full => payload,
        PayloadMode::Head(limit) => payload.get(..limit).unwrap_or(payload),
        PayloadMode::None => return (Body::Nothing, false),
    };
    let as_text = match message.kind {
        Kind::Text if message.text.is_some_and(|text| text.len() == bytes.len()) => message.text,
        Kind::Text if !matches!(message.utf8, Some(Utf8::Invalid { .. })) => {
            text(bytes, (bytes.len() as u64) < message.len || message.fault.is_some())
        }
        Kind::Ping | Kind::Pong if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) => text(bytes, false),
        _ => None,
    };
    match as_text {
        Some(text) => (Body::Text(text), (text.len() as u64) < message.len),
        None => (Body::Base64(bytes), (bytes.len() as u64) < message.len),
    }
}

/// `bytes` as text. Where they `goes_on`, a code point that is unfinished at the end is left out.
#[inline]
fn text(bytes: &[u8], goes_on: bool) -> Option<&str> {
    // Below 64 bytes the standard library is as fast, and inlined.
    let valid = if bytes.len() < 64 {
        std::str::from_utf8(bytes).ok()
    } else {
        simdutf8::basic::from_utf8(bytes).ok()
    };
    valid.or_else(|| if goes_on { whole_code_points(bytes) } else { None })
}

#[cold]
fn whole_code_points(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(fault) if fault.error_len().is_none() => {
            std::str::from_utf8(bytes.get(..fault.valid_up_to())?).ok()
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Dir;
    use crate::report::sample::message;
    use crate::ws::fact::Fault;

    fn shown(kind: Kind, payload: &[u8], mode: PayloadMode) -> Shown<'_> {
        Shown::new(&message(Dir::C2s, kind, payload), mode)
    }

    #[test]
    fn text_and_bytes() {
        let full = PayloadMode::Full;
        assert_eq!(shown(Kind::Text, "é".as_bytes(), full).body, Body::Text("é"));
        assert_eq!(shown(Kind::Text, b"\xff", full).body, Body::Base64(b"\xff"));
        assert_eq!(shown(Kind::Text, b"ab\xc3", full).body, Body::Base64(b"ab\xc3"), "whole, so invalid");
        assert_eq!(shown(Kind::Binary, b"abc", full).body, Body::Base64(b"abc"));
        assert_eq!(shown(Kind::Ping, b"abc", full).body, Body::Text("abc"));
        assert_eq!(shown(Kind::Pong, b"a\n", full).body, Body::Base64(b"a\n"));
        assert_eq!(shown(Kind::Text, b"", full).body, Body::Text(""));
        assert_eq!(shown(Kind::Binary, b"", full).body, Body::Base64(b""));
    }

    #[test]
    fn a_head_ends_between_code_points() {
        let cut = shown(Kind::Text, "aé".as_bytes(), PayloadMode::Head(2));
        assert_eq!((cut.body, cut.cut), (Body::Text("a"), true));
        let whole = shown(Kind::Text, "aé".as_bytes(), PayloadMode::Head(3));
        assert_eq!((whole.body, whole.cut), (Body::Text("aé"), false));
        let none = shown(Kind::Text, b"abc", PayloadMode::None);
        assert_eq!((none.body, none.cut), (Body::Nothing, false));
    }

    #[test]
    fn what_is_missing_may_be_the_rest_of_a_code_point() {
        let mut broken = message(Dir::C2s, Kind::Text, b"ab\xc3");
        broken.fault = Some(Fault::Missing);
        let shown = Shown::new(&broken, PayloadMode::Full);
        assert_eq!((shown.body, shown.cut), (Body::Text("ab"), true));
    }

    #[test]
    fn close() {
        let done = shown(Kind::Close, b"\x03\xe8done", PayloadMode::None);
        assert_eq!(
            (done.code, &*done.reason, done.body, done.cut),
            (Some(1000), "done", Body::Nothing, false)
        );
        let bad = shown(Kind::Close, b"\x03\xe8\xff", PayloadMode::Full);
        assert_eq!((&*bad.reason, bad.body), ("\u{fffd}", Body::Base64(b"\x03\xe8\xff")));
        let short = shown(Kind::Close, b"\x03", PayloadMode::Full);
        assert_eq!((short.code, short.body), (None, Body::Base64(b"\x03")));
        assert_eq!(shown(Kind::Close, b"", PayloadMode::Full).body, Body::Nothing);
    }

    #[test]
    fn modes_are_parsed() {
        assert_eq!("full".parse(), Ok(PayloadMode::Full));
        assert_eq!("head".parse(), Ok(PayloadMode::Head(256)));
        assert_eq!("head=12".parse(), Ok(PayloadMode::Head(12)));
        assert!("head=x".parse::<PayloadMode>().is_err());
        assert_eq!("none".parse(), Ok(PayloadMode::None));
    }
}
