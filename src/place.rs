//! Short names of things in a capture, the same in all output and for every command: `3` (connection),
//! `3.m41` (message), `3.f52` (frame), `3.h` (handshake).

use std::fmt;
use std::str::FromStr;

/// A connection, or a thing in it. All numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The connection's number.
    pub conn: u32,
    /// What of it.
    pub what: What,
}

/// A thing in a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum What {
    /// The connection itself.
    Connection,
    /// Its handshake.
    Handshake,
    /// A message, by its `n`.
    Message(u64),
    /// A frame, by its `n`.
    Frame(u64),
}

/// A text that names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no place: write 3 (connection), 3.m41 (message), 3.f52 (frame) or 3.h (handshake)")]
pub struct PlaceError(String);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.conn)?;
        match self.what {
            What::Connection => Ok(()),
            What::Handshake => f.write_str(".h"),
            What::Message(n) => write!(f, ".m{n}"),
            What::Frame(n) => write!(f, ".f{n}"),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        parse(text).ok_or_else(|| PlaceError(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Place> {
    let (conn, rest) = text.split_once('.').unwrap_or((text, ""));
    let what = match rest.split_at_checked(1) {
        None => What::Connection,
        Some(("h", "")) => What::Handshake,
        Some(("m", n)) => What::Message(positive(n)?),
        Some(("f", n)) => What::Frame(positive(n)?),
        Some(_) => return None,
    };
    (!text.ends_with('.')).then_some(Place { conn: u32::try_from(positive(conn)?).ok()?, what })
}

fn positive(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok().filter(|n| *n > 0))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back_as_written() {
        for text in ["3", "3.h", "3.m41", "12.f5200000000"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in
            ["", "0", "3.", "3.x", "3.m", "3.m0", "3.m-1", "3.h1", "a", "3.m4.f2", "+3", "99999999999"]
        {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
    }
}
