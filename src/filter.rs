//! The filter language: one expression for every command and view.
//!
//! A name is a fact about a row, a leading dot is a path into its JSON payload:
//!
//! ```text
//! op == text && .type == "error"
//! websocket.opcode == 9 && ip.src == 10.0.0.12
//! reply > 100ms && host == feed.local
//! ```
//!
//! [`Filter::parse`] reads an expression and checks every value against the type of its field;
//! [`Filter::matches`] asks it of a [`Row`]. Logic has two values: a comparison with a field that a row
//! does not have is false, and its negation true. The reference is docs/filter.md.

mod check;
mod compile;
mod connections;
mod context;
mod error;
mod field;
mod heartbeat;
mod lex;
mod literal;
mod parse;
mod path;
mod row;
mod tree;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::time::Timestamp;
use crate::ws::session::Want;

pub use connections::Connections;
pub use context::{Context, Facts, Pace, Running};
pub use error::FilterError;
pub use field::{FIELDS, Field, Info, Rows, Type, nearest, opcodes};
pub use heartbeat::heartbeat;
pub use literal::{Time, span, time};
pub use row::{Brief, JSON_LIMIT, Row, What};

use compile::Predicate;
use parse::Use;
use tree::{Check, Subject, Tree};

/// A filter that was understood.
///
/// A clone is as good as new for another thread: regular expressions keep their caches to themselves.
#[derive(Clone, Debug)]
pub struct Filter {
    text: String,
    tree: Tree,
    predicate: Predicate,
    uses: Vec<Use>,
    remarks: Vec<String>,
    needs: Needs,
}

/// What a filter needs to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// The kinds of rows of which it can be true.
    pub rows: Rows,
    /// Payload bytes of each message.
    pub payload: usize,
    /// Payloads are read as JSON.
    pub json: bool,
    /// Connection numbers are known ([`crate::event::Connection::number`]).
    pub number: bool,
    /// Rows bring along what [`Context::feed`] said of them.
    pub running: bool,
    /// It can be asked of what lists keep in memory: of messages as [`Brief`]s, of connections without their
    /// handshakes; where `running`, with what [`Pace`] says.
    pub brief: bool,
    /// The user's marks and notes are asked for.
    pub marks: bool,
    /// It has times before the capture's end: [`Filter::at_end`] makes times of them.
    pub end: bool,
}

impl Needs {
    /// What the engine must be asked for, where `want` is wanted anyway.
    #[must_use]
    pub fn want(self, want: Want) -> Want {
        Want { payload: want.payload.max(self.payload), ..want }
    }
}

impl Filter {
    /// Reads an expression in which no saved filters are named.
    ///
    /// # Errors
    /// Where it is none; the error shows where and why.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Self::parse_with(text, &|_| None)
    }

    /// Reads an expression; `saved` gives the text of a saved filter (`@name`) by its name.
    ///
    /// # Errors
    /// Where it is none; the error shows where and why.
    pub fn parse_with(text: &str, saved: &dyn Fn(&str) -> Option<String>) -> Result<Self, FilterError> {
        let (tree, read) = parse::parse(text, saved)?;
        Ok(Self::new(text, tree, read.uses, read.remarks))
    }

    fn new(text: &str, tree: Tree, uses: Vec<Use>, remarks: Vec<String>) -> Self {
        let (predicate, needs) = (Predicate::new(&tree), needs(&tree));
        Self { text: text.to_owned(), tree, predicate, uses, remarks, needs }
    }

    /// What it needs to be asked.
    #[must_use]
    pub const fn needs(&self) -> Needs {
        self.needs
    }

    /// How a word was read that may have been meant otherwise, a sentence each.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The same, with times before the capture's end (`-10s`) as times. Without it, they compare false.
    #[must_use]
    pub fn at_end(&self, end: Timestamp) -> Self {
        Self::new(&self.text, self.tree.at_end(end), self.uses.clone(), self.remarks.clone())
    }

    /// It is alternatives, joined by *or*.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        matches!(self.tree, Tree::Any(_))
    }

    /// Checks that nothing is asked for that only the terminal UI knows.
    ///
    /// # Errors
    /// Where it is.
    pub fn require_no_interface(&self) -> Result<(), FilterError> {
        let Some((used, why)) = self.uses.iter().find_map(|used| Some((used, used.interface?))) else {
            return Ok(());
        };
        let error = FilterError::new(used.span.clone(), format!("only the terminal UI can tell: {why}"));
        Err(error.of(&self.text))
    }

    /// It is true of the row. Rows of kinds that [`Needs::rows`] does not name are for the caller to leave
    /// out: of a field that they do not have, a negation is true.
    #[must_use]
    pub fn matches(&self, row: &Row<'_>) -> bool {
        self.predicate.holds(row)
    }

    /// The row is of a kind that the filter can be asked of, and it is true of it.
    #[must_use]
    pub fn selects(&self, row: &Row<'_>) -> bool {
        self.needs.rows.contains(row.kind()) && self.matches(row)
    }

    /// What each comparison looks at: its name, and the rows on which it can be true.
    pub fn uses(&self) -> impl Iterator<Item = (&str, Rows)> {
        self.uses.iter().map(|used| (&*used.name, used.rows))
    }

    /// Checks that every comparison can be true of rows of the kinds `there`. `but` says which there are
    /// (``and `show` prints messages``), `help` what to do about rows that there are not.
    ///
    /// # Errors
    /// Where one cannot, or no row can have all that is asked.
    pub fn require(
        &self,
        there: Rows,
        but: &str,
        help: impl Fn(Rows) -> Option<&'static str>,
    ) -> Result<(), FilterError> {
        if let Some(used) = self.uses.iter().find(|used| used.rows.and(there).is_empty()) {
            let message = format!("`{}` is a fact of {}, {but}", used.name, used.rows);
            let error = FilterError {
                help: help(used.rows).map(str::to_owned),
                ..FilterError::new(used.span.clone(), message)
            };
            return Err(error.of(&self.text));
        }
        if self.needs.rows.and(there).is_empty() { Err(self.contradiction()) } else { Ok(()) }
    }

    /// What to say where no row has all that is asked.
    fn contradiction(&self) -> FilterError {
        let pairs = self.uses.iter().enumerate().flat_map(|(n, one)| {
            self.uses
                .iter()
                .skip(n + 1)
                .filter(move |other| other.rows.and(one.rows).is_empty())
                .map(move |other| (one, other))
        });
        let error = match pairs.into_iter().next() {
            Some((one, other)) => FilterError::new(
                other.span.clone(),
                format!(
                    "`{}` is a fact of {}, `{}` of {}: nothing is both",
                    other.name, other.rows, one.name, one.rows
                ),
            )
            .help("use `or`, or two filters"),
            None => FilterError::new(0..self.text.len(), "nothing can have all that is asked"),
        };
        error.of(&self.text)
    }
}

impl fmt::Display for Filter {
    /// The normal form: it reads back as the same filter.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree.fmt(f)
    }
}

impl PartialEq for Filter {
    /// They mean the same in the same order, however they were written.
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

fn needs(tree: &Tree) -> Needs {
    let rows = tree.rows();
    let mut needs = Needs {
        rows,
        payload: 0,
        json: false,
        number: false,
        running: false,
        brief: true,
        marks: false,
        end: false,
    };
    tree.tests(&mut |subject: &Subject, check: &Check| {
        needs.end |= check.asks_end();
        needs.brief &= matches!(subject, Subject::Field(field) if field.is_brief());
        match subject {
            Subject::Field(Field::Payload) | Subject::Slice(Field::Payload, _, None) => {
                needs.payload = usize::MAX;
            }
            Subject::Slice(Field::Payload, _, Some(to)) => needs.payload = needs.payload.max(*to),
            Subject::Path(_) => {
                needs.json = true;
                needs.payload = needs.payload.max(JSON_LIMIT);
            }
            Subject::Field(Field::Heartbeat) => needs.payload = needs.payload.max(heartbeat::LONGEST),
            Subject::Field(Field::Conn) => needs.number = true,
            Subject::Field(Field::Marked | Field::Note) => {
                needs.marks = true;
                needs.number = true;
            }
            Subject::Field(Field::Delta | Field::Rtt | Field::Reply) => needs.running = true,
            _ => {}
        }
    });
    needs
}
