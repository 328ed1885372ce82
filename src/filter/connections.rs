//! A filter asked of whole connections.

use super::Filter;
use super::error::FilterError;
use super::field::{Field, Rows};
use super::row::Row;
use super::tree::{Subject, Tree};

/// A filter in two parts, where connections are listed: what is asked of the connection as a whole
/// (fields of its handshake and its end), and what is asked of the rows in it, of which one must have it
/// all. `end == reset && ping` so selects the connections that were reset and had a Ping. When something was (`at`) is
/// asked of the rows: connections are selected on which something was going on then.
#[derive(Clone, Debug)]
pub struct Connections {
    whole: Option<Filter>,
    part: Option<Filter>,
}

impl Filter {
    /// The filter for connections as a whole.
    ///
    /// # Errors
    /// Where nothing within a connection can have all that is asked at once.
    pub fn of_connections(&self) -> Result<Connections, FilterError> {
        let terms = match &self.tree {
            Tree::All(terms) => terms.clone(),
            other => vec![other.clone()],
        };
        let of_whole = |term: &Tree| {
            let rows = term.common_rows();
            rows == Rows::CLOSING || rows == Rows::ALL && !asks_when(term)
        };
        let (whole, part): (Vec<Tree>, Vec<Tree>) = terms.into_iter().partition(of_whole);
        let make = |terms: Vec<Tree>| {
            (!terms.is_empty()).then(|| Self::new(&self.text, Tree::all(terms), Vec::new(), Vec::new()))
        };
        let (mut whole, mut part) = (make(whole), make(part));
        if let Some(filter) = &mut part {
            if filter.needs.rows.is_empty() {
                return Err(self.contradiction());
            }
            // Close codes are facts of messages and of ends: where nothing else is asked of messages,
            // the end is asked, once.
            if filter.tree.common_rows().contains(Rows::CLOSING) && !asks_when(&filter.tree) {
                let terms = [whole.take(), part.take()].into_iter().flatten().map(|filter| filter.tree);
                whole = make(terms.collect());
            }
        }
        Ok(Connections { whole, part })
    }
}

/// It asks when something was captured.
fn asks_when(tree: &Tree) -> bool {
    let mut asks = false;
    tree.tests(&mut |subject, _| asks |= *subject == Subject::Field(Field::At));
    asks
}

impl Connections {
    /// What is asked of the connection as a whole.
    #[must_use]
    pub const fn whole(&self) -> Option<&Filter> {
        self.whole.as_ref()
    }

    /// What is asked of one row within it.
    #[must_use]
    pub const fn part(&self) -> Option<&Filter> {
        self.part.as_ref()
    }

    /// Rows within connections are asked, so each is to be given to [`Connections::has`].
    #[must_use]
    pub const fn asks_parts(&self) -> bool {
        self.part.is_some()
    }

    /// A row within the connection has what is asked of one.
    #[must_use]
    pub fn has(&self, row: &Row<'_>) -> bool {
        self.part.as_ref().is_some_and(|part| part.selects(row))
    }

    /// The connection is selected: `end` is the row of its end, `had` whether a row within it had what is
    /// asked of one.
    #[must_use]
    pub fn selects(&self, end: &Row<'_>, had: bool) -> bool {
        (self.part.is_none() || had || self.has(end))
            && self.whole.as_ref().is_none_or(|whole| whole.matches(end))
    }
}
