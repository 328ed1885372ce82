//! C008, C010 to C012: how TCP ended (RFC 6455 sections 5.5.1 and 7.1).

use crate::item::{At, Dir, End};
use crate::rule;
use crate::rules::facts::{Facts, Lane};
use crate::rules::finding::Finding;
use crate::rules::frame::{counted, sender};
use crate::time::Delay;

use super::Sent;

rule! {
    /// An endpoint that receives a Close sends one back before it ends TCP. This one had the Close, as its
    /// TCP says, and ended its stream without an answer, so the other endpoint cannot tell whether its last
    /// messages were read, and its API may report 1006.
    pub static NOT_ANSWERED = {
        code: "C008", name: "close-not-answered", level: Warning, source: "RFC 6455 5.5.1",
        quote: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint MUST send a Close frame in response.",
        summary: "a Close was received, and TCP ended without a Close back",
        reaction: "The endpoint that closed reports the connection as not cleanly closed.",
        bad: ["open\ns close 1000\nfin c\nfin s", "open\nc close 1000 'bye'\nfin c\nfin s"],
        good: [
            "open\ns close 1000\nc close 1000\nfin s\nfin c",
            "open\nnoack\ns close 1000\nfin c\nfin s",
            "open\ns close 1000",
        ],
    }
}

rule! {
    /// TCP ended in order, but nobody sent a Close. The program was stopped, the process behind the socket
    /// crashed and its system closed the socket, or a proxy ended an idle connection: common limits are
    /// 60 seconds. APIs report close code 1006.
    pub static WITHOUT_HANDSHAKE = {
        code: "C010", name: "closed-without-handshake", level: Warning, source: "RFC 6455 7.1.7",
        quote: "",
        summary: "TCP ended without a Close from either side",
        reaction: "The API of the other endpoint reports close code 1006.",
        bad: ["open\nc text 'Hello'\nfin c\nfin s", "open\nfin s\nfin c", "open\nfin s\nwait 2s\nc text 'Hello'"],
        good: ["open\nc text 'Hello'\nc close 1000\ns close 1000\nfin s\nfin c", "open\nc text 'Hello'"],
    }
}

rule! {
    /// TCP was reset. What the receiver of the reset had not read yet is gone, and what it had sent
    /// without an acknowledgement may never have arrived. A process that ends with unread data, a crashed
    /// host, a firewall and a load balancer with a time limit all look like this.
    pub static RESET = {
        code: "C011", name: "reset", level: Warning, source: "RFC 6455 7.1.1",
        quote: "An endpoint SHOULD use a method that cleanly closes the TCP connection, as well as the TLS session, if applicable",
        summary: "TCP was reset",
        reaction: "The API of the other endpoint reports close code 1006.",
        bad: [
            "open\nc text 'Hello'\nreset s",
            "open\nnoack\nc text 'Hello'\nreset s",
            "open\nc close 1000\ns close 1000\nreset c",
        ],
        good: ["open\nc close 1000\ns close 1000\nfin s\nfin c"],
    }
}

rule! {
    /// After the closing handshake the server ends TCP first, so that it, and not the client, holds the
    /// socket in TIME_WAIT. A client that ends first is allowed to, but holds its port for minutes: one that
    /// opens many connections may run out of them.
    pub static CLIENT_CLOSED_TCP_FIRST = {
        code: "C012", name: "client-closed-tcp-first", level: Note, source: "RFC 6455 7.1.1",
        quote: "The underlying TCP connection, in most normal cases, SHOULD be closed first by the server",
        summary: "after the closing handshake the client ended TCP first",
        reaction: "Nothing.",
        bad: ["open\ns close 1000\nc close 1000\nfin c\nfin s"],
        good: ["open\ns close 1000\nc close 1000\nfin s\nfin c", "open\ns close 1000\nc close 1000\nfin c"],
    }
}

/// Message ends that are kept of a direction.
const KEPT: u8 = 8;

/// How long nobody answers a FIN before the connection is taken for ended by it.
const UNANSWERED_NANOS: i64 = 1_000_000_000;

/// Where the latest messages of a direction end, modulo 2^32.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    offsets: [u32; KEPT as usize],
    next: u8,
    count: u8,
}

impl Ends {
    #[inline]
    pub(super) fn push(&mut self, offset: u64) {
        self.offsets[usize::from(self.next % KEPT)] = offset as u32;
        self.next = self.next.wrapping_add(1);
        self.count = (self.count + 1).min(KEPT);
    }

    /// Messages of which any of the last `unacked` bytes before `sent` is a part, as far as they are kept.
    fn within(&self, sent: u64, unacked: u64) -> u8 {
        let ends = self.offsets.iter().take(usize::from(self.count));
        ends.filter(|end| u64::from((sent as u32).wrapping_sub(**end)) < unacked).count() as u8
    }
}

/// C008.
pub(super) fn not_answered(sent: &[Option<Sent>; 2], facts: &Facts) -> Option<Finding> {
    let (dir, close) = match sent {
        [Some(close), None] => (Dir::S2c, close),
        [None, Some(close)] => (Dir::C2s, close),
        _ => return None,
    };
    let lane = facts.lane(dir);
    let Some((End::Fin, at)) = lane.end else { return None };
    let acked = close.acked.filter(|acked| acked.packet <= at.packet)?;
    // RFC 6455 section 7.1.7: an endpoint that is sent a faulty Close may drop the connection.
    if !close.sound || !lane.complete() || lane.hole || lane.broken_off {
        return None;
    }
    let (who, other) = (sender(dir), sender(dir.other()));
    let code = close.code.map_or(String::new(), |code| format!(" {code}"));
    let after = Delay(at.time.since(acked.time));
    let text =
        format!("{who} ended TCP without a Close, {after} after it had acknowledged {other}'s Close{code}");
    Some(Finding::new(&NOT_ANSWERED, dir, at, text))
}

/// C010. `last` is the last that was heard of the connection.
pub(super) fn without_handshake(last: At, facts: &Facts) -> Option<Finding> {
    let seen = |lane: &Lane| lane.complete() && !lane.hole && lane.close.is_none();
    if !facts.lanes.iter().all(seen) {
        return None;
    }
    let fins = Dir::BOTH.map(|dir| match facts.lane(dir).end {
        Some((End::Fin, at)) => Some((dir, at)),
        _ => None,
    });
    let (dir, at) = fins.into_iter().flatten().min_by_key(|(_, at)| at.packet)?;
    // The other endpoint may still send its Close.
    let over = fins.iter().all(Option::is_some) || last.time.since(at.time) >= UNANSWERED_NANOS;
    let text = format!("{} ended TCP, and neither side had sent a Close", sender(dir));
    over.then(|| Finding::new(&WITHOUT_HANDSHAKE, dir, at, text))
}

/// C011.
pub(super) fn reset(ends: &[Ends; 2], facts: &Facts) -> Option<Finding> {
    let (dir, at) = Dir::BOTH.into_iter().find_map(|dir| match facts.lane(dir).end? {
        (End::Reset, at) => Some((dir, at)),
        // Who resets after its own FIN has two ends; only the first is told of it.
        (End::ResetByPeer, at) => Some((dir.other(), at)),
        _ => None,
    })?;
    let mut text = format!("{} reset the connection", sender(dir));
    if facts.lanes.iter().all(|lane| lane.close.is_some()) {
        text += " after the closing handshake";
    }
    // Whose acknowledgements were not captured cannot be told.
    let known = facts.lanes.iter().all(|lane| lane.heard);
    let lost: Vec<String> = [dir.other(), dir]
        .into_iter()
        .filter_map(|dir| {
            let lane = facts.lane(dir);
            let bytes = lane.unacked.min(lane.sent);
            let messages = ends[dir.index()].within(lane.sent, bytes);
            let messages = match messages {
                0 => String::new(),
                KEPT => format!(" ({KEPT} or more messages)"),
                _ => format!(" ({})", counted(u64::from(messages), "message")),
            };
            (known && bytes > 0).then(|| format!("{}{messages} of {}", counted(bytes, "byte"), sender(dir)))
        })
        .collect();
    if !lost.is_empty() {
        text += &format!(": {} were never acknowledged", lost.join(" and "));
    } else if known {
        text += ": all that was sent before was acknowledged";
    }
    Some(Finding::new(&RESET, dir, at, text))
}

/// C012.
pub(super) fn client_closed_tcp_first(sent: &[Option<Sent>; 2], facts: &Facts) -> Option<Finding> {
    let [Some(client), Some(server)] = sent else { return None };
    let fin = |dir: Dir| match facts.lane(dir).end {
        Some((End::Fin, at)) if facts.lane(dir).complete() => Some(at),
        _ => None,
    };
    let (first, then) = (fin(Dir::C2s)?, fin(Dir::S2c)?);
    let handshake = client.at.packet.max(server.at.packet);
    let nanos = then.time.since(first.time);
    let text = format!("the client ended TCP first, {} before the server", Delay(nanos));
    // The client's own Close may come with its FIN.
    (handshake <= first.packet && server.at.packet < first.packet && first.packet < then.packet)
        .then(|| Finding::new(&CLIENT_CLOSED_TCP_FIRST, Dir::C2s, first, text))
}
