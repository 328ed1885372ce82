//! The filter of the views, at work: which messages, findings and connections it selects.
//!
//! A filter that asks only for what rows know is asked of the rows in memory, in slices between frames. For
//! any other, the captures are decoded once more in another thread; its answers come in the order of the
//! rows, so what is shown grows from the first match on. Dropping a [`Filtering`] ends it.
//!
//! Of connections, filters are asked as `wscope ls` asks them, except that frames are looked at only where a filter can be
//! true of nothing else.

mod asked;
mod bits;
mod rows;
mod run;

use std::time::{Duration, Instant};

pub use self::asked::Kept;

use self::asked::Asked;
use self::bits::Bits;
use self::rows::OfRows;
use self::run::Run;
use super::reopen::Reopener;
use super::store::Store;
use super::workers::Workers;
use crate::filter::{Filter, FilterError};
use crate::report::words::number;
use crate::time::Timestamp;

/// Rows that are looked at between two looks at the clock.
const SLICE: usize = 1 << 10;

/// A filter, and what it selects as far as that is known.
#[derive(Debug)]
pub struct Filtering {
    text: String,
    filter: Filter,
    highlight: bool,
    work: Work,
    reopener: Option<Reopener>,
    workers: Workers,
    kept: Kept,
    /// What the filter said itself.
    answers: Answers,
    /// What follows from that, where it is something else.
    derived: Option<Derived>,
    failed: Option<String>,
    counted: Counted,
}

/// Where the answers come from.
#[derive(Debug)]
enum Work {
    /// All must have been read before it can begin.
    Waits,
    Rows(Box<(Asked, OfRows)>),
    Run(Box<(Asked, Run)>),
}

/// Answers of the filter.
#[derive(Debug, Default)]
struct Answers {
    messages: Bits,
    findings: Bits,
    /// By number, from 1.
    conns: Vec<Option<bool>>,
    /// Counts the changes of `conns`.
    version: u64,
}

impl Answers {
    fn conn(&mut self, number: u32, selected: bool) {
        let Some(at) = (number as usize).checked_sub(1) else { return };
        if self.conns.len() <= at {
            self.conns.resize(at + 1, None);
        }
        if let Some(known) = self.conns.get_mut(at)
            && *known != Some(selected)
        {
            *known = Some(selected);
            self.version += 1;
        }
    }

    fn selects(&self, number: u32) -> Option<bool> {
        *self.conns.get((number as usize).checked_sub(1)?)?
    }
}

/// Answers that depend on others.
#[derive(Debug, Default)]
struct Derived {
    messages: Bits,
    /// With a finding that is selected on it, by place.
    by_finding: Option<Bits>,
}

/// How many messages are selected.
#[derive(Debug, Default)]
struct Counted {
    /// Messages that were counted.
    seen: usize,
    all: usize,
}

impl Filtering {
    /// Begins to ask a filter of what the store holds. What needs payloads is read by `reopener`; without one,
    /// nothing is known of it.
    ///
    /// # Errors
    /// Where nothing can have all that is asked.
    pub fn start(
        text: String,
        filter: Filter,
        store: &Store,
        (reopener, workers): (Option<&Reopener>, &Workers),
        kept: Kept,
    ) -> Result<Self, FilterError> {
        // What cannot be asked is told now; and again below, where times are known.
        Asked::new(&filter)?;
        let mut filtering = Self {
            text,
            filter,
            highlight: false,
            work: Work::Waits,
            reopener: reopener.cloned(),
            workers: workers.clone(),
            kept,
            answers: Answers::default(),
            derived: None,
            failed: None,
            counted: Counted::default(),
        };
        filtering.begin(store);
        Ok(filtering)
    }

    /// Begins, where nothing must be waited for.
    fn begin(&mut self, store: &Store) {
        let needs = self.filter.needs();
        let reading = store.is_reading();
        let Ok(asked) = Asked::new(&self.filter) else { return };
        let in_rows = rows::can(&self.filter, &asked);
        // What comes from a pipe is followed, in a thread that can wait for it.
        let follows = || self.reopener.as_ref().is_some_and(|reopener| reopener.files().grows());
        if reading && (needs.end || !in_rows && self.workers.are_inline() && follows()) {
            return;
        }
        let (filter, asked) = if needs.end {
            let filter = self.filter.at_end(end(store));
            let Ok(asked) = Asked::new(&filter) else { return };
            (filter, asked)
        } else {
            (self.filter.clone(), asked)
        };
        self.derived = asked.looks_ahead().then(Derived::default);
        self.work = if in_rows {
            Work::Rows(Box::new((asked, OfRows::default())))
        } else if let Some(reopener) = &self.reopener {
            let run =
                Run::start(asked.clone(), filter.needs(), self.kept.clone(), reopener.clone(), &self.workers);
            Work::Run(Box::new((asked, run)))
        } else {
            self.failed = Some("there is no file to read payloads from".to_owned());
            Work::Waits
        };
    }

    /// As it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The filter.
    #[must_use]
    pub const fn filter(&self) -> &Filter {
        &self.filter
    }

    /// What it does not select is hidden; else what it selects is highlighted.
    #[must_use]
    pub const fn hides(&self) -> bool {
        !self.highlight
    }

    /// Highlights what it selects, or hides what it does not.
    pub const fn set_highlight(&mut self, highlight: bool) {
        self.highlight = highlight;
    }

    /// It selects a message, by its place in the store; `None` = not known yet. Messages become known in order.
    #[must_use]
    pub fn message(&self, place: usize) -> Option<bool> {
        self.messages().get(place)
    }

    /// It selects a connection, by its number; `None` = not known yet. Of one that goes on, the answer may change.
    #[must_use]
    pub fn conn(&self, number: u32) -> Option<bool> {
        self.answers.selects(number)
    }

    /// It selects a finding, by its place in the store; `None` = not known yet. A filter that can be true of no finding
    /// selects those on messages that it selects, and those on connections where they are on no message.
    #[must_use]
    pub fn finding(&self, store: &Store, place: usize) -> Option<bool> {
        let of_findings = match &self.work {
            Work::Waits => return None,
            Work::Rows(work) => work.0.of_findings,
            Work::Run(work) => work.0.of_findings,
        };
        if of_findings {
            return self.answers.findings.get(place);
        }
        let found = store.findings().get(place)?;
        let Some(conn) = found.conn.and_then(|number| store.conn(number)) else { return Some(false) };
        match store.place_of_finding(found) {
            Some(message) => self.message(message),
            None => self.conn(conn.number),
        }
    }

    /// How many messages it selects, as far as is known.
    #[must_use]
    pub const fn matches(&self) -> usize {
        self.counted.all
    }

    /// Changes when [`Filtering::conn`] does.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.answers.version
    }

    /// Marks or notes are asked for.
    #[must_use]
    pub const fn asks_marks(&self) -> bool {
        self.filter.needs().marks
    }

    /// The marks and notes that it knows.
    #[must_use]
    pub const fn kept(&self) -> &Kept {
        &self.kept
    }

    /// What it is doing, or what it found.
    #[must_use]
    pub fn status(&self, store: &Store) -> String {
        if let Some(failed) = &self.failed {
            return failed.clone();
        }
        let matches = || format!("{} match", number(self.counted.all as u64));
        match &self.work {
            Work::Waits => "waits until all is read".to_owned(),
            Work::Run(work) if work.1.end.is_none() => match work.1.percent() {
                Some(percent) => format!("{percent}% · {}", matches()),
                None => matches(),
            },
            _ if self.derived.is_some() && !self.complete(store) => "waits until all is read".to_owned(),
            _ => matches(),
        }
    }

    /// It broke off: what is not known now will not be.
    #[must_use]
    pub fn failed(&self) -> Option<&str> {
        self.failed.as_deref()
    }

    /// Goes on for about so long, and says whether more is known.
    pub fn advance(&mut self, store: &Store, budget: Duration) -> bool {
        let until = Instant::now() + budget;
        let before = self.state();
        if matches!(self.work, Work::Waits) && self.failed.is_none() {
            self.begin(store);
        }
        match &mut self.work {
            Work::Waits => {}
            Work::Rows(work) => work.1.advance(store, &work.0, &self.kept, &mut self.answers, until),
            Work::Run(work) => {
                work.1.advance(store, &mut self.answers, until);
                let ended = work.1.end.as_ref().filter(|_| !store.is_reading());
                if ended.is_some_and(Result::is_ok) && work.1.is_named() {
                    // What has no answer cannot be read any more.
                    self.answers.messages.fill(store.messages());
                    self.answers.findings.fill(store.findings().len());
                }
                let short = self.answers.messages.len() < store.messages();
                if self.failed.is_none()
                    && short
                    && let Some(end) = ended
                {
                    let why = end.as_ref().err().map_or("the file was changed since it was read", |why| why);
                    self.failed = Some(format!("cannot filter on: {why}"));
                }
            }
        }
        self.derive(store, until);
        self.count(store, until);
        before != self.state()
    }

    fn state(&self) -> (usize, usize, u64, usize, bool) {
        let Answers { findings, version, .. } = &self.answers;
        (self.messages().len(), findings.len(), *version, self.counted.seen, self.failed.is_some())
    }

    fn messages(&self) -> &Bits {
        self.derived.as_ref().map_or(&self.answers.messages, |derived| &derived.messages)
    }

    /// The filter was asked of everything, and nothing will come.
    #[must_use]
    pub fn complete(&self, store: &Store) -> bool {
        !store.is_reading()
            && match &self.work {
                Work::Waits => false,
                Work::Rows(work) => work.1.done(store, &self.answers),
                Work::Run(work) => work.1.end.is_some(),
            }
    }

    /// Makes answers that depend on others, when those are complete.
    fn derive(&mut self, store: &Store, until: Instant) {
        if self.derived.is_none() || !self.complete(store) {
            return;
        }
        let (whole, by_finding) = match &self.work {
            Work::Waits => return,
            Work::Rows(work) => (work.0.whole, work.0.by_finding),
            Work::Run(work) => (work.0.whole, work.0.by_finding),
        };
        let Self { derived: Some(derived), answers, .. } = self else { return };
        if by_finding && derived.by_finding.is_none() {
            derived.by_finding = Some(with_findings(store, &answers.findings));
        }
        while derived.messages.len() < store.messages() {
            let place = derived.messages.len();
            for (place, row, _) in store.messages_from(place).take(SLICE) {
                let on = match &derived.by_finding {
                    Some(found) => found.get(place).unwrap_or_default(),
                    None => answers.messages.get(place).unwrap_or_default(),
                };
                let selected = on && (!whole || answers.selects(row.conn).unwrap_or_default());
                derived.messages.put(place, selected);
            }
            if store.messages_from(derived.messages.len()).next().is_none() {
                derived.messages.fill(store.messages());
            }
            if Instant::now() >= until {
                break;
            }
        }
    }

    fn count(&mut self, store: &Store, until: Instant) {
        let end = self.messages().len().min(store.messages());
        let mut counted = std::mem::take(&mut self.counted);
        while counted.seen < end {
            let slice = (counted.seen + 16 * SLICE).min(end);
            while let Some(place) = self.messages().next_set(counted.seen, slice) {
                counted.seen = place + 1;
                counted.all += usize::from(store.message(place).is_some());
            }
            counted.seen = slice;
            if Instant::now() >= until {
                break;
            }
        }
        self.counted = counted;
    }

    /// Messages and connections are gone: what is counted is counted anew.
    pub(super) fn forget(&mut self, store: &Store) {
        self.counted = Counted::default();
        if let Work::Rows(work) = &mut self.work {
            work.1.forget(store);
        }
    }

    /// Everything that can be known now is known: what is missing comes from another thread, or from reading.
    #[must_use]
    pub fn done(&self, store: &Store) -> bool {
        let asked = match &self.work {
            Work::Waits => self.failed.is_some() || store.is_reading(),
            Work::Rows(work) => work.1.done(store, &self.answers),
            Work::Run(work) => work.1.done(),
        };
        let derived =
            self.derived.is_none() || !self.complete(store) || self.messages().len() >= store.messages();
        asked && derived && self.counted.seen >= self.messages().len().min(store.messages())
    }
}

/// The time of the last packet of a connection.
pub(super) fn end(store: &Store) -> Timestamp {
    store.conns().iter().map(|conn| conn.last().time).max().unwrap_or_default()
}

/// The messages with a finding that is selected.
fn with_findings(store: &Store, findings: &Bits) -> Bits {
    let mut places = Vec::new();
    let mut at = 0;
    while let Some(found) = findings.next_set(at, findings.len()) {
        at = found + 1;
        let found = store.findings().get(found);
        places.extend(found.and_then(|found| store.place_of_finding(found)));
    }
    places.sort_unstable();
    let mut bits = Bits::default();
    for place in places {
        while bits.len() < place {
            bits.push(false);
        }
        if bits.len() == place {
            bits.push(true);
        }
    }
    bits
}
