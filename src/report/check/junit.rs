//! JUnit XML: a test case for each rule, so that a CI system shows which hold. Where there was nothing to
//! check, all are skipped.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::audit::{Entry, Report};
use crate::report::rulebook;
use crate::rules::{Level, Rule};

use super::Options;
use super::words::{self, clean, count};

/// Writes one suite, named after the captures.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let sources: Vec<String> = report.sources.iter().map(|source| clean(source, options.ascii)).collect();
    let mut suite = TestSuite::new(sources.join(", "));
    for rule in words::rules(report) {
        suite.add_test_case(case(report, rule, options.ascii));
    }
    let mut notes = report
        .unused
        .iter()
        .map(|text| format!("warning: {}", clean(text, options.ascii)))
        .collect::<Vec<_>>();
    notes.extend(words::hidden(report));
    notes.push(format!("{}: {}", words::seen(report), words::verdict(report)));
    suite.set_system_out(notes.join("\n"));
    let mut xml = quick_junit::Report::new(clean(&options.tool, options.ascii));
    xml.add_test_suite(suite);
    let xml = xml.to_string().map_err(io::Error::other)?;
    out.write_all(xml.as_bytes())?;
    // The writer ends with a line end in some versions only.
    if xml.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") }
}

fn case(report: &Report, rule: &Rule, ascii: bool) -> TestCase {
    let entries: Vec<&Entry> =
        words::standing(report).filter(|entry| entry.finding.rule.code == rule.code).collect();
    let counted = report.by_rule.iter().find(|(of, _)| of.code == rule.code).map_or(0, |(_, count)| *count);
    let mut lines: Vec<String> = entries.iter().map(|entry| words::line(report, entry, ascii)).collect();
    let listed: u64 = entries.iter().map(|entry| entry.weight()).sum();
    if counted > listed {
        lines.push(format!("+{}, not shown", count(counted - listed, "more finding")));
    }
    let broken = !lines.is_empty();
    let mut status = TestCaseStatus::success();
    if report.summary.connections == 0 {
        status = TestCaseStatus::skipped();
        status.set_message("no WebSocket connection found");
    }
    if broken && rule.level != Level::Note {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let first = entries
            .first()
            .map_or_else(|| rule.summary.to_owned(), |entry| clean(&entry.finding.text, ascii));
        status.set_type(rule.level.name()).set_message(first).set_description(lines.join("\n"));
    }
    let mut case = TestCase::new(format!("{} {}", rule.code, rule.name), status);
    case.set_classname(rulebook::family(rule));
    if broken && rule.level == Level::Note {
        case.set_system_out(lines.join("\n"));
    }
    case
}
