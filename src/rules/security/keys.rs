//! S005: keys over all connections of a capture.

use std::collections::HashMap;

use crate::http::upgrade::{Handshake, Proof};
use crate::item::{At, Dir};
use crate::rule;
use crate::rules::capture::LIMIT;
use crate::rules::finding::Finding;
use crate::rules::ledger::FOLD;

rule! {
    /// A Sec-WebSocket-Key that was accepted on one connection comes again on a later one. A key is 16 random
    /// bytes for each connection, so that no answer can be an old one from a cache. The usual cause is a
    /// client with a fixed key, often that of the RFC's example, or one whose source of random bytes is bad;
    /// masking keys may then be as predictable. The same handshake seen twice at once, before and behind a
    /// proxy, is not reported.
    pub static KEY_REUSED = {
        code: "S005", name: "key-reused", level: Warning, source: "RFC 6455 4.1",
        quote: "The nonce MUST be selected randomly for each connection.",
        summary: "one Sec-WebSocket-Key on two connections",
        reaction: "Nothing: a server does not compare keys.",
        bad: ["open\nconnection\nopen"],
        good: ["open\nconnection\nrequest\n= Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\nresponse"],
    }
}

/// What a connection's handshake says of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Of a fixed size, and hard to bring to collide.
    digest: Proof,
    /// The request's first packet.
    asked: At,
    /// The packet with the last byte of the 101; `None` = none was seen.
    accepted: Option<u64>,
}

impl Key {
    /// The key of a handshake; `None` where it has none.
    #[must_use]
    pub fn of(handshake: &Handshake) -> Option<Self> {
        let request = handshake.request.as_ref()?;
        request.header("sec-websocket-key").next().filter(|key| !key.is_empty())?;
        let response = handshake.response.as_ref().filter(|_| handshake.upgraded());
        let digest = *request.proof()?;
        Some(Self { digest, asked: request.first, accepted: response.map(|response| response.last.packet) })
    }
}

/// The keys of a capture, in the order of its connections.
#[derive(Debug)]
pub struct Book {
    limit: usize,
    seen: HashMap<Proof, Seen, foldhash::fast::RandomState>,
    /// Keys for which there was no room.
    forgotten: u64,
    repeats: u64,
    found: Vec<Finding>,
}

/// Where a key was accepted first.
#[derive(Clone, Copy, Debug)]
struct Seen {
    conn: u32,
    /// The first packet of its TCP connection.
    flow: u64,
    accepted: u64,
}

impl Book {
    /// Remembers `limit` keys.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, seen: HashMap::default(), forgotten: 0, repeats: 0, found: Vec::new() }
    }

    /// A connection with this key began: its number, and the first packet of its TCP connection.
    pub fn enter(&mut self, key: &Key, conn: u32, flow: u64) {
        if let Some(seen) = self.seen.get(&key.digest) {
            // Asked before the first was accepted, it is the same handshake on its way through a proxy.
            if seen.flow != flow && key.asked.packet > seen.accepted {
                let first = seen.conn;
                self.repeat(key, conn, first);
            }
        } else if let Some(accepted) = key.accepted {
            if self.seen.len() < self.limit {
                self.seen.insert(key.digest, Seen { conn, flow, accepted });
            } else {
                self.forgotten += 1;
            }
        }
    }

    fn repeat(&mut self, key: &Key, conn: u32, first: u32) {
        self.repeats += 1;
        if self.repeats <= FOLD + 1 {
            let text = format!("key of connection {conn} was used before by connection {first}");
            let finding = Finding::new(&KEY_REUSED, Dir::C2s, key.asked, text);
            self.found.push(Finding { conn: Some(conn), ..finding });
        }
    }

    /// The findings, in order; all but the first ten as one.
    #[must_use]
    pub fn finish(mut self) -> Vec<Finding> {
        let more = self.repeats.saturating_sub(FOLD);
        if more > 0
            && let Some(last) = self.found.last_mut()
        {
            last.more = more;
            last.text = format!("+{more} more in this capture");
        }
        if self.forgotten > 0 {
            let text = format!(
                "{} keys beyond the first {} were not remembered: whether they come again is not known",
                self.forgotten, self.limit
            );
            self.found.push(Finding::whole_capture(&LIMIT, text));
        }
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::head::tests::{REQUEST, RESPONSE, handshake};

    fn key(digit: u8, asked: u64, accepted: Option<u64>) -> Key {
        Key { digest: [digit; 20], asked: At { packet: asked, ..At::default() }, accepted }
    }

    fn texts(found: &[Finding]) -> Vec<(&str, &str, u64)> {
        found.iter().map(|finding| (finding.rule.code, &*finding.text, finding.more)).collect()
    }

    #[test]
    fn later_on_another_connection() {
        let mut book = Book::new(9);
        book.enter(&key(1, 10, Some(12)), 1, 5);
        book.enter(&key(1, 20, Some(22)), 2, 5); // the same TCP connection
        book.enter(&key(1, 9, Some(13)), 3, 6); // around the first: before a proxy
        book.enter(&key(1, 12, None), 4, 7);
        book.enter(&key(2, 30, None), 5, 8); // never accepted
        book.enter(&key(2, 40, Some(42)), 6, 9);
        book.enter(&key(1, 50, None), 7, 10);
        book.enter(&key(2, 60, Some(61)), 8, 11);
        let found = book.finish();
        assert_eq!(
            texts(&found),
            [
                ("S005", "key of connection 7 was used before by connection 1", 0),
                ("S005", "key of connection 8 was used before by connection 6", 0),
            ]
        );
        assert_eq!((found[0].conn, found[0].at.map(|at| at.packet)), (Some(7), Some(50)));
    }

    #[test]
    fn many_are_folded_and_memory_is_bounded() {
        let mut book = Book::new(1);
        for n in 0..13 {
            let at = 10 * u64::from(n);
            book.enter(&key(1, at, Some(at + 1)), n + 1, at);
            book.enter(&key(2, at, Some(at + 1)), n + 1, at);
        }
        let found = book.finish();
        assert_eq!(found.len(), 12);
        assert_eq!(texts(&found)[9].1, "key of connection 11 was used before by connection 1");
        assert_eq!(texts(&found)[10], ("S005", "+2 more in this capture", 2));
        let limit = "13 keys beyond the first 1 were not remembered: whether they come again is not known";
        assert_eq!(texts(&found)[11], ("N005", limit, 0));
    }

    #[test]
    fn of_a_handshake() {
        let accepted = Key::of(&handshake(REQUEST, RESPONSE)).unwrap();
        assert_eq!((accepted.asked.packet, accepted.accepted), (4, Some(6)));
        let refused = Key::of(&handshake(REQUEST, "HTTP/1.1 401 No")).unwrap();
        assert_eq!((refused.digest, refused.accepted), (accepted.digest, None));
        assert_eq!(Key::of(&handshake("", RESPONSE)), None);
        assert_eq!(Key::of(&handshake("GET / HTTP/1.1\nSec-WebSocket-Key:", RESPONSE)), None);
    }
}
