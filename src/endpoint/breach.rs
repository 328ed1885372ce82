//! What an endpoint gets wrong on purpose, to test its peer with.

use super::client::Request;
use super::negotiate::Wanted;

/// One fault; all else is by the book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breach {
    /// The code of the rule that it breaks.
    pub code: &'static str,
    /// Changes to the head that it opens the connection with, in order.
    pub head: Vec<Edit>,
    /// They are made only where the client did not offer this parameter.
    pub unless_offered: Option<&'static str>,
    /// Sent behind that head, before the other one has come.
    pub early: Vec<u8>,
    /// A server answers with this status, whoever asks.
    pub refusal: Option<u16>,
    /// What it wants of permessage-deflate, rather than what it is set to.
    pub deflate: Option<Wanted>,
    /// What it says ahead of its first message.
    pub say: Vec<u8>,
    /// What it says is compressed: where that was not agreed, it is not said.
    pub compressed: bool,
    /// What follows then.
    pub then: Then,
    /// How Pings are answered.
    pub pong: Answer,
    /// How a Close is answered.
    pub close: Answer,
    /// A client ends TCP before the server does.
    pub ends_first: bool,
}

/// What follows what was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Then {
    /// All goes on.
    #[default]
    GoesOn,
    /// Nothing more is sent: the peer's Close is waited for.
    Closing,
    /// TCP is ended, without a Close.
    Ends,
    /// TCP is broken off.
    Resets,
}

/// How frames that want an answer are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// As they must be.
    #[default]
    Right,
    /// Not at all.
    Never,
    /// The first without its payload, later ones as they must be.
    Empty,
}

/// A change to a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Replaces the first text in the first line that is equal to this one.
    First(&'static str, &'static str),
    /// Adds a line at the end.
    Add(&'static str),
    /// Leaves out all headers of a name.
    Remove(&'static str),
    /// Sets a header: name, value.
    Set(&'static str, &'static str),
    /// Adds the header of a name a second time.
    Repeat(&'static str),
    /// Adds to the value of a header, where it is there.
    Append(&'static str, &'static str),
    /// Leaves out the parameters of a header's value.
    Bare(&'static str),
}

impl Breach {
    /// A client's head with what is wrong in it, and what is sent behind it at once.
    #[must_use]
    pub fn request(&self, request: &Request) -> Vec<u8> {
        let mut head = edited(request.head(), &self.head);
        head.extend_from_slice(&self.early);
        head
    }
}

/// Applies the changes to a head.
#[must_use]
pub fn edited(head: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    if edits.is_empty() {
        return head;
    }
    let text = String::from_utf8_lossy(&head);
    let mut lines: Vec<String> =
        text.split("\r\n").filter(|line| !line.is_empty()).map(str::to_owned).collect();
    for edit in edits {
        match *edit {
            Edit::First(from, to) => {
                if let Some(first) = lines.first_mut() {
                    *first = first.replacen(from, to, 1);
                }
            }
            Edit::Add(line) => lines.push(line.to_owned()),
            Edit::Remove(name) => lines.retain(|line| !is(line, name)),
            Edit::Set(name, value) => {
                let line = format!("{name}: {value}");
                match lines.iter_mut().find(|line| is(line, name)) {
                    Some(old) => *old = line,
                    None => lines.push(line),
                }
            }
            Edit::Repeat(name) => {
                if let Some(line) = lines.iter().find(|line| is(line, name)).cloned() {
                    lines.push(line);
                }
            }
            Edit::Append(name, more) => {
                if let Some(line) = lines.iter_mut().find(|line| is(line, name)) {
                    line.push_str(more);
                }
            }
            Edit::Bare(name) => {
                if let Some(line) = lines.iter_mut().find(|line| is(line, name)) {
                    line.truncate(line.find(';').unwrap_or(line.len()));
                }
            }
        }
    }
    lines.iter().flat_map(|line| [line, "\r\n"]).chain(["\r\n"]).collect::<String>().into_bytes()
}

/// The line is a header of this name.
fn is(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_changed() {
        let head = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
        for (edit, expected) in [
            (Edit::First("GET", "PUT"), "PUT / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"),
            (Edit::Add("X: y"), "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nX: y\r\n\r\n"),
            (Edit::Remove("host"), "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"),
            (Edit::Set("Upgrade", "h2c"), "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n"),
            (Edit::Set("X", "y"), "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nX: y\r\n\r\n"),
            (Edit::Repeat("Host"), "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nHost: a\r\n\r\n"),
            (Edit::Append("Host", "b"), "GET / HTTP/1.1\r\nHost: ab\r\nUpgrade: websocket\r\n\r\n"),
            (Edit::Append("X", "b"), head),
            (Edit::Bare("Host"), head),
            (Edit::Bare("Upgrade"), head),
        ] {
            let made = edited(head.as_bytes().to_vec(), std::slice::from_ref(&edit));
            assert_eq!(String::from_utf8(made).unwrap(), expected, "{edit:?}");
        }
    }
}
