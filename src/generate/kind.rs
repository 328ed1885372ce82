//! What the traffic is like.

use super::amount::Rate;

/// What the conversations are about, and what the network does to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Chats, feeds, devices, uploads.
    #[default]
    Mixed,
    /// Many connections with JSON texts of 20 to 400 bytes, some pings.
    Chatty,
    /// Few connections with binary messages of 1 to 16 MB.
    Bulk,
    /// The same, captured where segments of 64 kB are not yet cut into packets.
    Gro,
    /// permessage-deflate with context takeover, texts of 0.1 to 4 kB.
    Deflate,
    /// Retransmission, reordering and loss; IPv6, VLAN, HTTP, TLS and UDP among it.
    Dirty,
    /// Short connections: a handshake, three messages, the end.
    Flows,
    /// Frames of 1 to 16 bytes, some 64 to a segment.
    Tiny,
    /// Messages in ten fragments, with pings between them.
    Fragmented,
}

impl Kind {
    /// Those that can be asked for by name.
    pub const WORKLOADS: [Self; 8] = [
        Self::Chatty,
        Self::Bulk,
        Self::Gro,
        Self::Deflate,
        Self::Dirty,
        Self::Flows,
        Self::Tiny,
        Self::Fragmented,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Chatty => "chatty",
            Self::Bulk => "bulk",
            Self::Gro => "gro",
            Self::Deflate => "deflate",
            Self::Dirty => "dirty",
            Self::Flows => "flows",
            Self::Tiny => "tiny",
            Self::Fragmented => "fragmented",
        }
    }

    /// One line about it.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Mixed => "chats, feeds, devices and uploads",
            Self::Chatty => "many connections, JSON texts of 20 to 400 bytes, some pings",
            Self::Bulk => "few connections, binary messages of 1 to 16 MB",
            Self::Gro => "the same in segments of 64 kB",
            Self::Deflate => "permessage-deflate with context takeover, texts of 0.1 to 4 kB",
            Self::Dirty => "retransmission, reordering, loss; IPv6, VLAN, HTTP, TLS and UDP among it",
            Self::Flows => "short connections: a handshake, three messages, the end",
            Self::Tiny => "frames of 1 to 16 bytes, many to a segment",
            Self::Fragmented => "messages in ten fragments, with pings between them",
        }
    }

    /// What it is like where nothing else is asked for.
    pub(super) const fn shape(self) -> Shape {
        let shape = Shape {
            connections: 2_000,
            full_size: 1_000_000_000,
            messages: None,
            rate: 25.0,
            segment: 1_448,
            hosts: Hosts::Private,
            retransmitted: Rate::NEVER,
            reordered: Rate::NEVER,
            dropped: Rate::NEVER,
        };
        match self {
            Self::Mixed => {
                Shape { connections: 8, messages: Some(20), rate: 2.0, hosts: Hosts::Loopback, ..shape }
            }
            Self::Chatty => shape,
            Self::Bulk => Shape { connections: 8, rate: 100.0, ..shape },
            Self::Gro => Shape { connections: 8, rate: 100.0, segment: 65_160, ..shape },
            Self::Deflate => Shape { connections: 500, full_size: 500_000_000, ..shape },
            Self::Dirty => Shape {
                retransmitted: Rate::of_million(10_000),
                reordered: Rate::of_million(14_000),
                dropped: Rate::of_million(1_000),
                ..shape
            },
            Self::Flows => {
                Shape { connections: 5_000, full_size: 500_000_000, messages: Some(3), rate: 1.0, ..shape }
            }
            Self::Tiny => Shape { connections: 100, full_size: 300_000_000, rate: 2_000.0, ..shape },
            Self::Fragmented => Shape { connections: 500, full_size: 500_000_000, rate: 5.0, ..shape },
        }
    }

    /// How many connections are open at once in a capture of this size: at less than a tenth of the
    /// full size there are fewer, so that handshakes do not outweigh what is said.
    pub(super) fn connections(self, size: u64) -> u32 {
        let Shape { connections, full_size, .. } = self.shape();
        if connections <= 8 {
            return connections;
        }
        let share = (size as f64 / full_size as f64 * 10.0).min(1.0);
        ((f64::from(connections) * share) as u32).max(4)
    }
}

/// The figures of a kind of traffic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Connections; at the full size and where they are replaced, those that are open at once.
    pub(super) connections: u32,
    /// Bytes of a capture with so many.
    pub(super) full_size: u64,
    /// Data messages of a connection; `None` = as long as the capture grows.
    pub(super) messages: Option<u32>,
    /// Messages a second on a connection.
    pub(super) rate: f64,
    /// The most bytes of a TCP segment.
    pub(super) segment: usize,
    pub(super) hosts: Hosts,
    pub(super) retransmitted: Rate,
    pub(super) reordered: Rate,
    pub(super) dropped: Rate,
}

/// Whose traffic it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// One machine talks to itself: nothing to complain about (S001).
    #[default]
    Loopback,
    /// Machines in private networks, and those for documentation of IPv6.
    Private,
}
