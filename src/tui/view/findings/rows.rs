//! The rows of the list: findings in an order, perhaps in groups.

use std::collections::{HashMap, HashSet};

use crate::rules::Rule;
use crate::tui::filtering::Filtering;
use crate::tui::grid::{Align, Column};
use crate::tui::model::{Model, TimeFormat};
use crate::tui::store::{Found, State};

/// Columns of the table.
pub(super) const LEVEL: usize = 0;
pub(super) const RULE: usize = 1;
pub(super) const WHERE: usize = 2;
pub(super) const TIME: usize = 3;
pub(super) const WHAT: usize = 4;
pub(super) const SOURCE: usize = 5;

const fn column(name: &'static str, min: u16, ideal: u16, drop: u8) -> Column {
    Column { name, min, ideal, align: Align::Left, drop, grows: false }
}

/// From this width on, levels are words, and what happened has room for some.
pub(super) const WORDS: u16 = 70;

/// The columns in a list of a width; that of times is as wide as they are written.
pub(super) const fn columns(time: TimeFormat, width: u16) -> [Column; 6] {
    let wide = width >= WORDS;
    let level = if wide { column("Level", 9, 9, 0) } else { column("L", 2, 2, 0) };
    let least = match width {
        WORDS.. => 30,
        44.. => 20,
        _ => 10,
    };
    let what = column("What", least, 40, 0);
    [
        level,
        column("Rule", 4, 5, 0),
        column("Where", 6, 12, 1),
        column("Time", time.width(), time.width(), 4),
        Column { grows: true, ..what },
        column("Reference", 16, 17, 5),
    ]
}

/// The columns where there is room for all.
pub(super) static COLUMNS: [Column; 6] = columns(TimeFormat::Relative, WORDS);

/// What findings are grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Grouping {
    #[default]
    None,
    Rule,
    Conn,
}

impl Grouping {
    pub(super) const fn next(self) -> Self {
        match self {
            Self::None => Self::Rule,
            Self::Rule => Self::Conn,
            Self::Conn => Self::None,
        }
    }

    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::None => "not grouped",
            Self::Rule => "grouped by rule",
            Self::Conn => "grouped by connection",
        }
    }
}

/// A group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    Rule(usize, &'static str),
    /// `None`, the capture as a whole, is last: as `u32::MAX`, which no connection has.
    Conn(u32),
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    Head(Key),
    /// By its place in the store.
    Finding(u32),
}

/// What a group comes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Total {
    /// Errors, warnings and notes, with what is folded.
    pub(super) counts: [u64; 3],
    pub(super) conns: HashSet<u32>,
}

impl Total {
    fn add(&mut self, found: &Found) {
        if let Some(count) = self.counts.get_mut(found.finding.rule.level as usize) {
            *count += weight(found);
        }
        self.conns.extend(found.conn);
    }

    /// All of them.
    pub(super) fn findings(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// How many findings one stands for.
pub(super) fn weight(found: &Found) -> u64 {
    found.finding.more.max(1)
}

/// The rows, made anew where what they depend on changed.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) items: Vec<Item>,
    /// Groups that are folded.
    pub(super) folded: HashSet<Key>,
    /// What was found in all, by rule.
    by_rule: HashMap<&'static str, Total>,
    /// What is shown, by group.
    groups: HashMap<Key, Total>,
    /// What is shown.
    pub(super) shown: [u64; 3],
    /// Findings of the store that are in `by_rule`.
    counted: usize,
    made: Option<Made>,
}

/// What rows depend on.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    findings: usize,
    conn: Option<u32>,
    filter: Option<(String, bool)>,
    sort: Option<(usize, bool)>,
    grouping: Grouping,
    folded: HashSet<Key>,
    /// The filter did not tell of all of them.
    waits: bool,
}

/// From so many rows on, they are not made anew for every batch that is read.
const MANY: usize = 20_000;

impl Rows {
    /// Brings them up to date.
    pub(super) fn update(&mut self, model: &Model, sort: Option<(usize, bool)>, grouping: Grouping) {
        let findings = model.store.findings();
        for found in (self.counted..findings.len()).filter_map(|place| findings.get(place)) {
            self.by_rule.entry(found.finding.rule.code).or_default().add(found);
        }
        self.counted = findings.len();
        let filter =
            model.filtering.as_ref().map(|filtering| (filtering.text().to_owned(), filtering.hides()));
        let folded = self.folded.clone();
        let now = Made {
            findings: findings.len(),
            conn: model.narrow.conn,
            filter,
            sort,
            grouping,
            folded,
            waits: false,
        };
        if let Some(made) = &self.made {
            let reading = matches!(model.store.state(), State::Reading);
            let few = reading && made.findings > MANY && now.findings < made.findings + made.findings / 10;
            let like = Made { findings: now.findings, ..made.clone() };
            if *made == now || few && like == now {
                return;
            }
        }
        self.make(model, now);
    }

    fn make(&mut self, model: &Model, mut now: Made) {
        let findings = model.store.findings();
        let found = |place: u32| findings.get(place as usize);
        let mut places = Vec::new();
        for (place, one) in (0_u32..).zip(findings.iter()) {
            match selected(model, place) {
                None => {
                    now.waits = true;
                    break;
                }
                Some(true) if now.conn.is_none_or(|conn| one.conn == Some(conn)) => places.push(place),
                Some(_) => {}
            }
        }
        if let Some((column, reversed)) = now.sort {
            places.sort_by_cached_key(|place| found(*place).map(|found| sort_key(found, column)));
            if reversed {
                places.reverse();
            }
        }
        let key = |place: u32| found(place).and_then(|found| group(found, now.grouping));
        self.groups.clear();
        self.shown = [0; 3];
        let mut all = Total::default();
        for place in &places {
            if let Some(found) = found(*place) {
                all.add(found);
                if let Some(key) = key(*place) {
                    self.groups.entry(key).or_default().add(found);
                }
            }
        }
        self.shown = all.counts;
        places.sort_by_key(|place| key(*place));
        self.items.clear();
        let mut last = None;
        for place in places {
            let key = key(place);
            if key != last {
                self.items.extend(key.map(Item::Head));
                last = key;
            }
            if key.is_none_or(|key| !now.folded.contains(&key)) {
                self.items.push(Item::Finding(place));
            }
        }
        // What waits is asked again, whatever else stays the same.
        self.made = (!now.waits).then_some(now);
    }

    /// What was found of a rule, in the whole capture.
    pub(super) fn of_rule(&self, rule: &Rule) -> Option<&Total> {
        self.by_rule.get(rule.code)
    }

    /// What is shown of a group.
    pub(super) fn of_group(&self, key: Key) -> Option<&Total> {
        self.groups.get(&key)
    }

    /// The place of a row.
    pub(super) fn position(&self, item: Item, near: usize) -> Option<usize> {
        if self.items.get(near) == Some(&item) {
            return Some(near);
        }
        self.items.iter().position(|other| *other == item)
    }

    /// They are to be made anew.
    pub(super) fn forget(&mut self) {
        self.made = None;
    }
}

/// The filter leaves a finding; `None` = it is not known yet.
fn selected(model: &Model, place: u32) -> Option<bool> {
    if model.filtering.as_ref().is_some_and(Filtering::hides) { matched(model, place) } else { Some(true) }
}

/// The filter selects a finding; `None` = it is not known yet.
pub(super) fn matched(model: &Model, place: u32) -> Option<bool> {
    let filtering = model.filtering.as_ref().filter(|filtering| filtering.hides());
    filtering.map_or(Some(true), |filtering| filtering.finding(&model.store, place as usize))
}

/// The group of a finding.
pub(super) fn group(found: &Found, grouping: Grouping) -> Option<Key> {
    let rule = found.finding.rule;
    match grouping {
        Grouping::None => None,
        Grouping::Rule => Some(Key::Rule(rule.level as usize, rule.code)),
        Grouping::Conn => Some(Key::Conn(found.conn.unwrap_or(u32::MAX))),
    }
}

/// What a column sorts by.
fn sort_key(found: &Found, column: usize) -> (u64, u64, u64, String) {
    let finding = &found.finding;
    let text = |text: &str| (0, 0, 0, text.to_owned());
    let level = finding.rule.level as u64;
    match column {
        LEVEL => (level, 0, 0, String::new()),
        RULE => text(finding.rule.code),
        WHERE => {
            let conn = found.conn.map_or(u64::MAX, u64::from);
            (conn, finding.frame.unwrap_or_default(), finding.message.unwrap_or_default(), String::new())
        }
        // The sign bit turned, so that times before 1970 come first.
        TIME => {
            let nanos = finding.at.map_or(i64::MAX, |at| at.time.nanos());
            (nanos.cast_unsigned() ^ 1 << 63, 0, 0, String::new())
        }
        WHAT => text(&finding.text),
        _ => text(finding.rule.source),
    }
}
