//! A line a finding.

use std::io::{self, Write};

use crate::audit::Report;

use super::{Options, words};

/// Writes the findings that stand, then what there is to know about the run.
pub(super) fn write(report: &Report, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    for entry in words::standing(report) {
        writeln!(out, "{}", words::line(report, entry, options.ascii))?;
    }
    if let Some(hidden) = words::hidden(report) {
        writeln!(out, "{hidden}")?;
    }
    for unused in &report.unused {
        writeln!(out, "warning: {}", words::clean(unused, options.ascii))?;
    }
    Ok(())
}
