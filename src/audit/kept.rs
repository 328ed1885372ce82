//! The findings that are kept to be shown: so many at most, the bad ones before the others.

use crate::rules::Level;

use super::report::{Entry, Status};

/// So many of each level are kept, and of those that do not count, until it is known what there is.
#[derive(Debug)]
pub(super) struct Kept {
    most: usize,
    /// How many were offered: gives the order.
    offered: u64,
    /// Errors, warnings, notes; then those that do not count.
    classes: [Vec<(u64, Entry)>; 4],
}

/// Names an entry that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    class: usize,
    index: usize,
}

const NOT_COUNTED: usize = 3;

impl Kept {
    pub(super) fn new(most: usize) -> Self {
        Self { most, offered: 0, classes: Default::default() }
    }

    /// Keeps an entry, if there is room for one of its kind.
    pub(super) fn offer(&mut self, entry: Entry) -> Option<Slot> {
        let class = class(&entry);
        self.offered += 1;
        let list = self.classes.get_mut(class)?;
        if list.len() >= self.most {
            return None;
        }
        list.push((self.offered, entry));
        Some(Slot { class, index: list.len() - 1 })
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut Entry> {
        Some(&mut self.classes.get_mut(slot.class)?.get_mut(slot.index)?.1)
    }

    /// What is to be shown, in the order in which it was offered: of what counts, no note where there is no
    /// room for all warnings, and no warning where there is none for all errors.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        let mut room = self.most;
        let mut entries = Vec::new();
        for (class, mut list) in self.classes.into_iter().enumerate() {
            if class != NOT_COUNTED {
                list.truncate(room);
                room -= list.len();
            }
            entries.append(&mut list);
        }
        entries.sort_unstable_by_key(|(order, _)| *order);
        entries.into_iter().map(|(_, entry)| entry).collect()
    }
}

fn class(entry: &Entry) -> usize {
    match (&entry.status, entry.finding.rule.level) {
        (Status::Suppressed { .. } | Status::Known, _) => NOT_COUNTED,
        (Status::Stands, Level::Error) => 0,
        (Status::Stands, Level::Warning) => 1,
        (Status::Stands, Level::Note) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{self, Finding};

    fn entry(level: Level, status: Status) -> Entry {
        let rule = rules::all().find(|rule| rule.level == level).unwrap();
        Entry {
            finding: Finding::whole_capture(rule, String::new()),
            subject: None,
            fingerprint: String::new(),
            reaction: None,
            located: None,
            status,
        }
    }

    /// Letters: errors, warnings, notes, known ones.
    fn shown(most: usize, offered: &str) -> String {
        let mut kept = Kept::new(most);
        for letter in offered.chars() {
            let (level, status) = match letter {
                'e' => (Level::Error, Status::Stands),
                'w' => (Level::Warning, Status::Stands),
                'n' => (Level::Note, Status::Stands),
                _ => (Level::Error, Status::Known),
            };
            let slot = kept.offer(entry(level, status));
            if let Some(slot) = slot {
                kept.get_mut(slot).unwrap().fingerprint = letter.to_string();
            }
        }
        kept.into_entries().iter().map(|entry| &*entry.fingerprint).collect()
    }

    #[test]
    fn notes_displace_no_errors() {
        for (most, offered, expected) in [
            (10, "nwekn", "nwekn"),
            (3, "nnnnnne", "nne"),
            (3, "nnwnnwee", "wee"),
            (2, "nweee", "ee"),
            (2, "kkkene", "kkee"),
            (0, "newk", ""),
        ] {
            assert_eq!(shown(most, offered), expected, "{most} of {offered}");
        }
    }
}
