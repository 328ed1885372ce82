//! The rows of the list: findings in an order, perhaps in groups.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::rules::Rule;
use crate::tui::filtering::Filtering;
use crate::tui::grid::{Align, Column};
use crate::tui::model::{Model, TimeFormat};
use crate::tui::rank::Ranking;
use crate::tui::store::Found;

/// Columns of the table.
pub(super) const LEVEL: usize = 0;
pub(super) const RULE: usize = 1;
pub(super) const WHERE: usize = 2;
pub(super) const TIME: usize = 3;
pub(super) const WHAT: usize = 4;
pub(super) const SOURCE: usize = 5;

const fn column(name: &'static str, min: u16, ideal: u16, drop: u8) -> Column {
    Column::new(name, min, ideal, Align::Left, drop)
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
    pub(super) items: Arc<Vec<Item>>,
    /// Groups that are folded.
    pub(super) folded: HashSet<Key>,
    /// What was found in all, by rule.
    by_rule: HashMap<&'static str, Total>,
    /// What is shown, by group.
    groups: HashMap<Key, Total>,
    /// What is shown.
    pub(super) shown: [u64; 3],
    /// Findings of the store that are in `by_rule`.
    pub(super) counted: usize,
    made: Option<Made>,
    making: Option<Box<Making>>,
}

/// What rows depend on.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    findings: usize,
    /// Those that are gone.
    gone: u64,
    conn: Option<u32>,
    filter: Option<(String, bool)>,
    sort: Option<(usize, bool)>,
    grouping: Grouping,
    folded: HashSet<Key>,
}

/// Rows that are being made: until they are there, the old ones are shown.
#[derive(Debug)]
struct Making {
    now: Made,
    ranking: Ranking<Sorted, Vec<Item>>,
    groups: HashMap<Key, Total>,
    shown: [u64; 3],
}

/// What a finding is sorted by: its group, and then the column.
type Sorted = (Option<Key>, Option<SortKey>);

/// From so many rows on, they are not made anew for every batch that is read.
const MANY: usize = 20_000;

/// Findings that are counted between two looks at the clock.
const SLICE: usize = 1 << 9;

impl Rows {
    /// Brings them up to date, or goes on with that for about so long. Returns whether there is more to do.
    pub(super) fn update(
        &mut self,
        model: &Model,
        sort: Option<(usize, bool)>,
        grouping: Grouping,
        budget: Duration,
    ) -> bool {
        let until = Instant::now() + budget;
        let findings = model.store.findings();
        for (place, found) in findings.since(self.counted) {
            self.by_rule.entry(found.finding.rule.code).or_default().add(found);
            self.counted = place + 1;
            if self.counted.is_multiple_of(SLICE) && Instant::now() >= until {
                return true;
            }
        }
        let now = Made {
            findings: findings.len(),
            gone: model.store.gone().findings,
            conn: model.narrow.conn,
            filter: model
                .filtering
                .as_ref()
                .map(|filtering| (filtering.text().to_owned(), filtering.hides())),
            sort,
            grouping,
            folded: self.folded.clone(),
        };
        let like = |made: &Made| Made { findings: now.findings, ..made.clone() } == now;
        // What is being made is made to its end, though there may be more findings by now.
        if self.making.as_ref().is_none_or(|making| !like(&making.now)) {
            self.making = None;
            if let Some(made) = &self.made {
                let reading = model.store.is_reading();
                let few =
                    reading && made.findings > MANY && now.findings < made.findings + made.findings / 10;
                if *made == now || few && like(made) {
                    return false;
                }
            }
            let (ranking, groups) = (Ranking::default(), HashMap::new());
            self.making = Some(Box::new(Making { now, ranking, groups, shown: [0; 3] }));
        }
        self.make(model, until)
    }

    fn make(&mut self, model: &Model, until: Instant) -> bool {
        let Some(mut making) = self.making.take() else { return false };
        let Making { now, ranking, groups, shown } = &mut *making;
        let findings = model.store.findings();
        let column = now.sort.map(|(column, _)| column);
        let key = |place: u32| {
            let Some(found) = findings.get(place as usize) else { return Some(None) };
            let left = selected(model, place)? && now.conn.is_none_or(|conn| found.conn == Some(conn));
            Some(left.then(|| {
                let group = group(found, now.grouping);
                if let Some(count) = shown.get_mut(found.finding.rule.level as usize) {
                    *count += weight(found);
                }
                if let Some(group) = group {
                    groups.entry(group).or_default().add(found);
                }
                (group, column.map(|column| sort_key(found, column)))
            }))
        };
        let (folded, reversed) = (now.folded.clone(), now.sort.is_some_and(|(_, reversed)| reversed));
        let arrange = move |keys| arranged(keys, reversed, &folded);
        match ranking.advance(now.findings, key, until, &model.workers, arrange) {
            Some(items) => {
                model.workers.discard(std::mem::replace(&mut self.items, items));
                let groups = std::mem::replace(&mut self.groups, std::mem::take(groups));
                model.workers.discard(groups);
                self.shown = *shown;
                // Where the filter did not tell of all of them, it is asked again, whatever else stays the same.
                self.made = (!ranking.is_cut()).then(|| now.clone());
                false
            }
            None => {
                let more = !ranking.waits();
                self.making = Some(making);
                more
            }
        }
    }

    /// There is nothing yet to be shown.
    pub(super) fn is_making(&self) -> bool {
        self.making.is_some() || self.made.is_none()
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
        self.making = None;
    }
}

/// The filter leaves a finding; `None` = it is not known yet.
fn selected(model: &Model, place: u32) -> Option<bool> {
    let hides = model.filtering.as_ref().is_some_and(Filtering::hides);
    if hides { matched(model, place) } else { Some(true) }
}

/// The filter selects a finding; `None` = it is not known yet.
pub(super) fn matched(model: &Model, place: u32) -> Option<bool> {
    let filtering = model.filtering.as_ref();
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

/// Rows in their order, those of a group under its head.
fn arranged(mut keys: Vec<(Sorted, u32)>, reversed: bool, folded: &HashSet<Key>) -> Vec<Item> {
    keys.sort_unstable_by(|((group, key), place), ((other_group, other), other_place)| {
        let order = key.cmp(other).then(place.cmp(other_place));
        group.cmp(other_group).then(if reversed { order.reverse() } else { order })
    });
    let mut items = Vec::with_capacity(keys.len());
    let mut last = None;
    for ((group, _), place) in keys {
        if group != last {
            items.extend(group.map(Item::Head));
            last = group;
        }
        if group.is_none_or(|group| !folded.contains(&group)) {
            items.push(Item::Finding(place));
        }
    }
    items
}

/// Numbers first, then text.
type SortKey = (u64, u64, u64, String);

/// What a column sorts by.
fn sort_key(found: &Found, column: usize) -> SortKey {
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
