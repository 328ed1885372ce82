//! Findings folded: what repeats is told once.

use std::collections::HashMap;

use crate::audit::{Entry, Report};

use super::words;

/// A finding, and those that are told with it.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// The first of them.
    pub first: &'a Entry,
    /// Others of the same rule on the same connection.
    pub also: Vec<&'a Entry>,
    /// Further ones there that have no entries of their own.
    pub more: u64,
    /// Other connections with the same fault, each once.
    pub conns: Vec<u32>,
    /// Findings on those.
    pub elsewhere: u64,
}

impl Block<'_> {
    /// What it stands for besides its first finding: `+814 more, also on 17 more connections`.
    pub(super) fn others(&self) -> Option<String> {
        let here = self.also.len() as u64 + self.more;
        let conns = self.conns.len() as u64;
        let here = (here > 0).then(|| format!("+{} more", words::number(here)));
        let elsewhere = (conns > 0).then(|| format!("also on {}", words::count(conns, "more connection")));
        match (here, elsewhere) {
            (Some(here), Some(elsewhere)) => Some(format!("{here}, {elsewhere}")),
            (here, elsewhere) => here.or(elsewhere),
        }
    }
}

/// Folds the findings that stand. The worst come first, then goes the place of the first of each block:
/// connection after connection, and last what concerns the capture as a whole.
pub(super) fn blocks(report: &Report) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut by_conn = HashMap::new();
    let mut by_fingerprint = HashMap::new();
    for entry in words::standing(report) {
        let rule = entry.finding.rule.code;
        let conn = entry.conn();
        // What concerns the capture as a whole is never folded: each says something else.
        let known = conn.and_then(|conn| {
            by_conn.get(&(rule, conn)).or_else(|| by_fingerprint.get(&(rule, &*entry.fingerprint))).copied()
        });
        let index = known.unwrap_or(blocks.len());
        let mut first_there = false;
        if let Some(conn) = conn {
            first_there = by_conn.insert((rule, conn), index).is_none();
            by_fingerprint.entry((rule, &*entry.fingerprint)).or_insert(index);
        }
        let Some(block) = blocks.get_mut(index) else {
            blocks.push(Block { first: entry, also: Vec::new(), more: 0, conns: Vec::new(), elsewhere: 0 });
            continue;
        };
        match conn {
            Some(other) if block.first.conn() != conn => {
                if first_there {
                    block.conns.push(other);
                }
                block.elsewhere += entry.weight();
            }
            _ if entry.finding.more > 0 => block.more += entry.finding.more,
            _ => block.also.push(entry),
        }
    }
    blocks.sort_by_key(|Block { first, .. }| {
        let packet = first.finding.at.map_or(u64::MAX, |at| at.packet);
        (first.finding.rule.level, first.conn().unwrap_or(u32::MAX), packet)
    });
    blocks
}

/// `4, 5, 9, …` of `items`, as many as `most`, and how many are not named.
pub(super) fn some<T: ToString>(items: &[T], most: usize) -> (String, u64) {
    let named: Vec<String> = items.iter().take(most).map(ToString::to_string).collect();
    (named.join(", "), items.len().saturating_sub(most) as u64)
}
