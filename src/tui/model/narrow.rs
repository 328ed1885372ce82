//! What is hidden from the list of messages, besides what a filter hides.

use crate::filter::heartbeat;
use crate::item::Dir;
use crate::tui::store::Row;
use crate::ws::fact::Kind;

/// The kinds of messages that are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kinds {
    /// All.
    #[default]
    All,
    /// Text and binary.
    Data,
    /// Close, Ping, Pong.
    Control,
    /// Text.
    Text,
    /// Binary.
    Binary,
}

impl Kinds {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::All => Self::Data,
            Self::Data => Self::Control,
            Self::Control => Self::Text,
            Self::Text => Self::Binary,
            Self::Binary => Self::All,
        }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Data => "data",
            Self::Control => "control",
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }

    /// Messages of this kind are among them.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Data => matches!(kind, Kind::Text | Kind::Binary),
            Self::Control => !matches!(kind, Kind::Text | Kind::Binary),
            Self::Text => matches!(kind, Kind::Text),
            Self::Binary => matches!(kind, Kind::Binary),
        }
    }
}

/// What is hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrow {
    /// Only this connection.
    pub conn: Option<u32>,
    /// Only these kinds.
    pub kinds: Kinds,
    /// Only what this endpoint sent.
    pub dir: Option<Dir>,
    /// No heartbeats.
    pub no_heartbeats: bool,
    /// Only what has findings.
    pub findings: bool,
}

impl Narrow {
    /// Every message of the capture, or of one connection, is left.
    #[must_use]
    pub fn hides_nothing(&self) -> bool {
        *self == Self { conn: self.conn, ..Self::default() }
    }

    /// A message is left; whether it has findings is asked only where that matters.
    pub(super) fn leaves(&self, row: &Row, preview: &str, has_findings: impl FnOnce() -> bool) -> bool {
        self.conn.is_none_or(|conn| conn == row.conn)
            && self.kinds.contains(row.kind)
            && self.dir.is_none_or(|dir| dir == row.dir)
            && !(self.no_heartbeats && heartbeat(row.kind, preview.as_bytes()))
            && (!self.findings || has_findings())
    }
}
