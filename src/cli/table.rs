//! Plain tables: columns as wide as their widest cell, two spaces apart.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// A table that is written once it is complete.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    columns: [(&'static str, Align); N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(super) const fn new(columns: [(&'static str, Align); N]) -> Self {
        Self { columns, rows: Vec::new() }
    }

    pub(super) fn push(&mut self, row: [String; N]) {
        self.rows.push(row);
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut widths = self.columns.map(|(title, _)| title.width());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.width().max(*width);
            }
        }
        let bold = anstyle::Style::new().bold();
        write!(out, "{bold}")?;
        self.line(out, &widths, self.columns.iter().map(|(title, _)| *title))?;
        write!(out, "{bold:#}")?;
        for row in &self.rows {
            self.line(out, &widths, row.iter().map(String::as_str))?;
        }
        Ok(())
    }

    fn line<'a>(
        &self,
        out: &mut impl Write,
        widths: &[usize; N],
        cells: impl Iterator<Item = &'a str>,
    ) -> io::Result<()> {
        let mut line = String::new();
        for ((cell, width), (_, align)) in cells.zip(widths).zip(self.columns) {
            let padding = " ".repeat(width - cell.width());
            let (before, after) = if align == Align::Right { (&*padding, "") } else { ("", &*padding) };
            for part in [before, cell, after, "  "] {
                line.push_str(part);
            }
        }
        writeln!(out, "{}", line.trim_end())
    }
}
