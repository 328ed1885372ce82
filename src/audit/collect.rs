//! From the events of a run to a [`Report`].
//!
//! [`Collector`], on the workers' threads, passes on the findings of the rules that are looked at.
//! [`Auditor`] behind the merge says which of them stand, counts them, and keeps as many as are to be
//! shown. What is held grows with the connections that are open and have findings, and with what is to be
//! shown; not with the length of the capture.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use crate::event::{Connection, ConnectionId, Event, Summary};
use crate::observe::{Observer, Outbox, Sink};
use crate::rules::finding::Reaction;
use crate::rules::{Finding, Rule};

use super::baseline::{Baseline, Draft};
use super::config::{Config, Date};
use super::fingerprint::fingerprint;
use super::kept::{Kept, Slot};
use super::report::{Entry, Report, Status, Subject};
use super::select::Enabled;
use super::subject::Mask;

/// Unused entries of a baseline that are named one by one.
const NAMED: usize = 20;

/// Passes on what an audit needs of the events.
#[derive(Debug)]
pub struct Collector<'a> {
    enabled: &'a Enabled,
    mask: Mask,
    /// Connections that are open and have findings.
    subjects: HashMap<ConnectionId, Arc<Subject>>,
}

/// What crosses to the [`Auditor`].
#[derive(Debug)]
pub enum Record {
    /// A finding, with its fingerprint and its connection, whose number may not be known yet.
    Finding(Box<(Finding, String, Arc<Subject>)>),
    /// What came of a finding.
    Reaction(Box<Reaction>),
    /// A connection that had findings is over.
    Over,
}

impl<'a> Collector<'a> {
    /// `mask` hides what is secret in a URL.
    #[must_use]
    pub fn new(enabled: &'a Enabled, mask: Mask) -> Self {
        Self { enabled, mask, subjects: HashMap::new() }
    }
}

impl Observer for Collector<'_> {
    type Record = Record;

    fn wants_frames(&self) -> bool {
        false
    }

    fn wants_messages(&self) -> bool {
        false
    }

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Record>) {
        match event {
            Event::Finding(finding) if self.enabled.contains(finding.rule) => {
                let new = || Arc::new(Subject::new(conn, self.mask));
                let subject = Arc::clone(self.subjects.entry(conn.id).or_insert_with(new));
                let fingerprint = fingerprint(finding, Some(&subject));
                out.push(Record::Finding(Box::new((finding.clone(), fingerprint, subject))));
            }
            Event::Reaction(reaction) if self.subjects.contains_key(&conn.id) => {
                out.push(Record::Reaction(Box::new(reaction.clone())));
            }
            Event::Closed(_) if self.subjects.remove(&conn.id).is_some() => out.push(Record::Over),
            _ => {}
        }
    }
}

/// How findings are judged.
#[derive(Debug, Default)]
pub struct Policy {
    /// The suppressions, and the name of the file that they are in.
    pub config: Config,
    /// What is known.
    pub baseline: Option<Baseline>,
    /// Today, for suppressions that expire; `None` = none does.
    pub today: Option<Date>,
    /// How many findings are kept to be shown: so many that count, and so many that do not.
    pub max_findings: usize,
    /// What counts is collected for a new baseline.
    pub draft: bool,
}

/// Judges findings, counts them, and keeps some to be shown.
#[derive(Debug)]
pub struct Auditor<'a> {
    enabled: &'a Enabled,
    policy: Policy,
    /// For each suppression: the findings that it covers, or would cover if it had not expired.
    covered: Vec<u64>,
    open: HashMap<u32, Open>,
    kept: Kept,
    counts: [u64; 3],
    /// For each of the enabled rules.
    by_rule: Vec<u64>,
    suppressed: u64,
    known: u64,
    draft: Draft,
    summary: Summary,
}

/// A connection that is open and has findings.
#[derive(Debug)]
struct Open {
    subject: Arc<Subject>,
    /// Its findings that are kept, by [`Finding::nth`].
    kept: Vec<(u32, Slot)>,
}

impl<'a> Auditor<'a> {
    /// Judges by `policy`.
    #[must_use]
    pub fn new(enabled: &'a Enabled, policy: Policy) -> Self {
        Self {
            enabled,
            covered: vec![0; policy.config.suppress.len()],
            open: HashMap::new(),
            kept: Kept::new(policy.max_findings),
            policy,
            counts: [0; 3],
            by_rule: vec![0; enabled.rules().len()],
            suppressed: 0,
            known: 0,
            draft: Draft::default(),
            summary: Summary::default(),
        }
    }

    /// The outcome, and what a new baseline is to hold.
    #[must_use]
    pub fn finish(self, sources: Vec<String>) -> (Report, Draft) {
        let unused = self.unused();
        let entries = self.kept.into_entries();
        let shown = entries.iter().filter(|entry| entry.status == Status::Stands).map(Entry::weight);
        let rules = self.enabled.rules().to_vec();
        let fired = rules.iter().copied().zip(self.by_rule).filter(|(_, count)| *count > 0);
        let report = Report {
            sources,
            hidden: self.counts.iter().sum::<u64>().saturating_sub(shown.sum()),
            by_rule: fired.collect(),
            rules,
            entries,
            counts: self.counts,
            suppressed: self.suppressed,
            known: self.known,
            unused,
            start: self.summary.start,
            summary: self.summary,
        };
        (report, self.draft)
    }

    fn add(&mut self, finding: Finding, fingerprint: String, subject: Option<Arc<Subject>>) -> Option<Slot> {
        let status = self.judge(&finding, &fingerprint, subject.as_deref());
        let entry = Entry { finding, subject, fingerprint, reaction: None, located: None, status };
        let (rule, weight) = (entry.finding.rule, entry.weight());
        match entry.status {
            Status::Stands => {
                self.counts[rule.level as usize] += weight;
                if let Some(count) = self.place(rule).and_then(|place| self.by_rule.get_mut(place)) {
                    *count += weight;
                }
            }
            Status::Suppressed { .. } => self.suppressed += weight,
            Status::Known => self.known += weight,
        }
        if self.policy.draft && !matches!(entry.status, Status::Suppressed { .. }) {
            self.draft.add(&entry.finding, &entry.fingerprint, weight);
        }
        self.kept.offer(entry)
    }

    fn place(&self, rule: &Rule) -> Option<usize> {
        self.enabled.rules().binary_search_by_key(&rule.code, |rule| rule.code).ok()
    }

    fn judge(&mut self, finding: &Finding, fingerprint: &str, subject: Option<&Subject>) -> Status {
        let weight = finding.more.max(1);
        let mut reason = None;
        for (suppression, covered) in self.policy.config.suppress.iter().zip(&mut self.covered) {
            if suppression.matches(finding, subject, fingerprint) {
                *covered += weight;
                if !self.policy.today.is_some_and(|today| suppression.expired(today)) {
                    reason.get_or_insert(&suppression.reason);
                }
            }
        }
        if let Some(reason) = reason {
            return Status::Suppressed { reason: reason.clone() };
        }
        let known = self.policy.baseline.as_mut().is_some_and(|baseline| baseline.knows(fingerprint));
        if known { Status::Known } else { Status::Stands }
    }

    /// What the configuration and the baseline say in vain. Of rules that were not looked at nothing can be
    /// said, and of nothing where there was nothing to look at.
    fn unused(&self) -> Vec<String> {
        let mut unused = Vec::new();
        let looked = self.summary.connections > 0;
        let config = &self.policy.config;
        for (suppression, covered) in config.suppress.iter().zip(&self.covered) {
            let (place, rule) = (config.place(suppression), &suppression.rule);
            let expired = self.policy.today.is_some_and(|today| suppression.expired(today));
            if let Some(expires) = suppression.expires.filter(|_| expired) {
                let s = if *covered == 1 { "" } else { "s" };
                let effect = match covered {
                    0 => "nothing needs it any more".to_owned(),
                    _ => format!("it would cover {covered} finding{s}"),
                };
                unused.push(format!("{place}: the suppression of {rule} expired on {expires}; {effect}"));
            } else if *covered == 0
                && looked
                && self.enabled.rules().iter().any(|enabled| rule.matches(enabled))
            {
                unused.push(format!("{place}: the suppression of {rule} covers no finding"));
            }
        }
        let Some(baseline) = self.policy.baseline.as_ref().filter(|_| looked) else { return unused };
        let file = baseline.file.display();
        let enabled = |code: &str| self.enabled.rules().iter().any(|rule| rule.code == code);
        let entries = baseline.unused(enabled);
        let more = entries.len().saturating_sub(NAMED);
        unused.extend(entries.iter().take(NAMED).map(|entry| format!("{file}: not found any more: {entry}")));
        if more > 0 {
            unused.push(format!(
                "{file}: not found any more: {more} other{}",
                if more == 1 { "" } else { "s" }
            ));
        }
        unused
    }
}

impl Sink<Record> for Auditor<'_> {
    fn record(&mut self, conn: u32, record: Record, _: &[u8]) -> io::Result<()> {
        match record {
            Record::Finding(found) => {
                let (finding, fingerprint, subject) = *found;
                let nth = finding.nth;
                let subject = match self.open.get(&conn) {
                    Some(open) => Arc::clone(&open.subject),
                    // Only here all numbers are known.
                    None => {
                        let mut subject = subject;
                        if subject.conn != conn {
                            Arc::make_mut(&mut subject).conn = conn;
                        }
                        let open = Open { subject: Arc::clone(&subject), kept: Vec::new() };
                        self.open.insert(conn, open);
                        subject
                    }
                };
                let slot = self.add(finding, fingerprint, Some(subject));
                if let (Some(slot), Some(open)) = (slot, self.open.get_mut(&conn)) {
                    open.kept.push((nth, slot));
                }
            }
            Record::Reaction(reaction) => {
                let kept = self.open.get(&conn).map(|open| open.kept.as_slice()).unwrap_or_default();
                let slot = kept.iter().find(|(nth, _)| *nth == reaction.to).map(|(_, slot)| *slot);
                if let Some(entry) = slot.and_then(|slot| self.kept.get_mut(slot)) {
                    entry.reaction = Some(reaction.text);
                }
            }
            Record::Over => drop(self.open.remove(&conn)),
        }
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        for finding in summary.capture_findings.iter().filter(|finding| self.enabled.contains(finding.rule)) {
            let fingerprint = fingerprint(finding, None);
            self.add(finding.clone(), fingerprint, None);
        }
        self.summary = summary.clone();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
