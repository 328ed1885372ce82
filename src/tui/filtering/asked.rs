//! What a filter asks of which rows.

use std::collections::HashSet;

use crate::filter::{Connections, Filter, FilterError, Rows};

/// A filter, prepared to be asked of messages, findings and connections.
///
/// Most filters are simply asked of messages. One that is about something else (`end == reset`, `finding == F004`,
/// `fin == false`) is taken apart as `wscope ls` does, and selects the messages on which there is such a finding,
/// which have such a frame, or whose connection is such.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Asked of each message.
    pub(super) message: Option<Filter>,
    /// Asked of each frame; of a message, one must have it.
    pub(super) frame: Option<Filter>,
    /// Asked of each finding.
    pub(super) finding: Option<Filter>,
    /// A message is selected where a finding on it is.
    pub(super) by_finding: bool,
    /// A message is selected only where its connection is.
    pub(super) whole: bool,
    /// Findings are what the filter is about; else they are selected with their message or connection.
    pub(super) of_findings: bool,
    /// Asked of connections.
    pub(super) conns: Connections,
    /// What is asked of a message is asked of the rows within connections, too.
    pub(super) same: bool,
    pub(super) running: bool,
}

impl Asked {
    /// # Errors
    /// Where nothing can have all that is asked.
    pub(super) fn new(filter: &Filter) -> Result<Self, FilterError> {
        let rows = filter.needs().rows;
        let conns = filter.of_connections()?;
        let mut asked = Self {
            message: None,
            frame: None,
            finding: None,
            by_finding: false,
            whole: false,
            of_findings: rows.contains(Rows::FINDING),
            same: conns.whole().is_none(),
            running: filter.needs().running,
            conns,
        };
        if asked.of_findings {
            asked.finding = Some(filter.clone());
        }
        if rows.contains(Rows::MESSAGE) {
            asked.message = Some(filter.clone());
            return Ok(asked);
        }
        // Of messages it can be true only by what they are part of, or what is part of them.
        asked.same = false;
        asked.whole = asked.conns.whole().is_some();
        if let Some(part) = asked.conns.part() {
            let rows = part.needs().rows;
            if rows.contains(Rows::MESSAGE) {
                asked.message = Some(part.clone());
            } else if rows.contains(Rows::FRAME) {
                asked.frame = Some(part.clone());
            } else if rows.contains(Rows::FINDING) {
                asked.finding = Some(part.clone());
                asked.by_finding = true;
            }
        }
        Ok(asked)
    }

    /// What a message is where nothing is asked of it.
    pub(super) const fn unasked(&self) -> bool {
        self.whole && !self.by_finding
    }

    /// What is known of messages depends on what comes after them.
    pub(super) const fn looks_ahead(&self) -> bool {
        self.whole || self.by_finding
    }
}

/// Messages that the user marked, and on which there are notes: by connection and number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Marked, or with a bookmark.
    pub marked: HashSet<(u32, u64)>,
    /// With a note.
    pub noted: HashSet<(u32, u64)>,
}
