//! N: notes on the capture itself.

use super::Rule;
use crate::rule;

/// The family.
pub static RULES: &[&Rule] =
    &[&GAP, &PACKET_CUT, &NO_HANDSHAKE, &RESYNCHRONISED, &LIMIT, &ENCRYPTED, &FILE_CUT];

rule! {
    /// Bytes of the stream are not in the capture although the receiver acknowledged them, so the
    /// capture lost them, not the network. Inside a payload of known length they are skipped
    /// exactly and the message is marked incomplete; over a frame header the frame boundary is
    /// lost until it is found again (N004). A larger capture buffer (`tcpdump -B`) helps.
    pub static GAP = {
        code: "N001", name: "gap", level: Note, source: "capture",
        quote: "",
        summary: "bytes of a stream are missing from the capture",
        reaction: "Nothing: the endpoints saw these bytes.",
        bad: ["open\ns 81 05 'He'\nlose s 'llo'\ns text 'again'"],
        good: ["open\ns 81 05 'He'\ns 'llo'\ns text 'again'"],
    }
}

rule! {
    /// The capture keeps only the first bytes of each packet (its snap length). What is cut off is
    /// treated as missing. Capture with `-s 0` to keep whole packets.
    pub static PACKET_CUT = {
        code: "N002", name: "packet-cut", level: Note, source: "capture",
        quote: "",
        summary: "packets are shorter than they were on the wire",
        reaction: "Nothing: the endpoints saw these bytes.",
        bad: ["open\nsnap 100\ns text 'x' *120"],
        good: ["open\ns text 'x' *120"],
    }
}

rule! {
    /// The capture began when the connection was already open. It was recognised by its frames, the
    /// client by its masking. What the handshake agreed (compression, subprotocol) is not known.
    pub static NO_HANDSHAKE = {
        code: "N003", name: "no-handshake", level: Note, source: "capture",
        quote: "",
        summary: "the capture began inside the connection",
        reaction: "Nothing.",
        bad: ["midstream\nc text 'who is there'\ns text 'nobody is there'\nc text 'again'\ns text 'and nobody again'\ns text 'and on and on'"],
        good: ["open\nc text 'Hello'"],
    }
}

rule! {
    /// After lost bytes, decoding went on at the first frame boundary that is certain: a run of
    /// headers that fit one another. What lies between is passed over.
    pub static RESYNCHRONISED = {
        code: "N004", name: "resynchronised", level: Note, source: "capture",
        quote: "",
        summary: "decoding went on after a gap at a certain frame boundary",
        reaction: "Nothing: the endpoints saw these bytes.",
        bad: ["open\nlose s text 'Hello'\ns text 'again and again'\ns text 'and again and again'\ns text 'and on and on'"],
        good: ["open\ns text 'Hello'\ns text 'again'"],
    }
}

rule! {
    /// A bound on memory or size was reached, and something was dropped or cut. The text says which
    /// bound and what.
    pub static LIMIT = {
        code: "N005", name: "limit", level: Note, source: "capture",
        quote: "",
        summary: "a memory or size limit was reached",
        reaction: "Nothing.",
        bad: ["open\nlimit message_bytes 4\ns text -fin 'Hello'\ns cont 'again'"],
        good: ["open\ns text 'Hello'"],
    }
}

rule! {
    /// Connections are encrypted with TLS, and no keys are known, so what they carry cannot be read.
    pub static ENCRYPTED = {
        code: "N006", name: "encrypted", level: Note, source: "capture",
        quote: "",
        summary: "TLS without keys",
        reaction: "Nothing.",
        bad: ["c 16 0301 0005 01 000001 00"],
        good: ["open\ns text 'Hello'"],
    }
}

rule! {
    /// The capture file ends inside a packet, or is damaged from some place on: the program that
    /// wrote it was stopped, or the disk was full. Everything before that place was read.
    pub static FILE_CUT = {
        code: "N007", name: "file-cut", level: Note, source: "capture",
        quote: "",
        summary: "the capture file ends inside a packet",
        reaction: "Nothing.",
        bad: ["open\ns text 'Hello'\ncut 10"],
        good: ["open\ns text 'Hello'"],
    }
}
