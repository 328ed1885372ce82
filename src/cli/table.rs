//! Plain tables: columns as wide as their widest cell, two spaces apart. Where there is a width to keep,
//! one column is cut, then whole columns are left out, the least important first.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use crate::report::visible;

/// How a column is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// What becomes of a column where there is no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// It stays as it is.
    Keep,
    /// Its cells are cut, down to this width.
    Cut(usize),
    /// It is left out; the lowest rank goes first.
    Drop(u8),
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) align: Align,
    pub(super) room: Room,
}

/// A table that is written once it is complete, or bit by bit.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    columns: [Column; N],
    /// Those that are still to be written.
    rows: Vec<[String; N]>,
    /// The widest cell of each column so far.
    widest: [usize; N],
    /// The columns that the titles were last written for.
    titled: Option<[bool; N]>,
}

/// Between two columns.
const GAP: usize = 2;

impl<const N: usize> Table<N> {
    pub(super) fn new(columns: [Column; N]) -> Self {
        Self { columns, rows: Vec::new(), widest: columns.map(|column| column.title.width()), titled: None }
    }

    pub(super) fn push(&mut self, row: [String; N]) {
        for (widest, cell) in self.widest.iter_mut().zip(&row) {
            *widest = cell.width().max(*widest);
        }
        self.rows.push(row);
    }

    /// Writes what was pushed since the last time, within `width` columns where one is given; titles stand above the
    /// first rows, and where columns had to be left out since.
    pub(super) fn write(
        &mut self,
        out: &mut impl Write,
        width: Option<usize>,
        ascii: bool,
    ) -> io::Result<()> {
        let widths = self.widths(width);
        let shown = widths.map(|width| width.is_some());
        let bold = anstyle::Style::new().bold();
        // Where nothing more can be left out, a line is cut rather than wrapped.
        let cut =
            |line: String| width.map_or_else(|| line.clone(), |width| visible::fit(&line, width, ascii));
        if self.titled.replace(shown) != Some(shown) {
            let titles = cut(self.line(&widths, self.columns.iter().map(|column| column.title), ascii));
            writeln!(out, "{bold}{titles}{bold:#}")?;
        }
        for row in std::mem::take(&mut self.rows) {
            writeln!(out, "{}", cut(self.line(&widths, row.iter().map(String::as_str), ascii)))?;
        }
        Ok(())
    }

    /// The width of each column; `None` = left out.
    fn widths(&self, limit: Option<usize>) -> [Option<usize>; N] {
        let mut widths = self.widest.map(Some);
        let Some(limit) = limit else { return widths };
        let mut ranked: Vec<(u8, usize)> = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            if let Room::Drop(rank) = column.room {
                ranked.push((rank, at));
            }
        }
        ranked.sort_unstable();
        let least_droppable = ranked.last().map(|(_, at)| *at);
        let total =
            |widths: &[Option<usize>; N]| widths.iter().flatten().map(|width| width + GAP).sum::<usize>();
        for victim in std::iter::once(None).chain(ranked.into_iter().map(|(_, at)| Some(at))) {
            if let Some(at) = victim {
                widths[at] = None;
            }
            let over = total(&widths).saturating_sub(limit + GAP);
            let cuttable = (0..N).find_map(|at| match (self.columns[at].room, widths[at]) {
                (Room::Cut(least), Some(width)) => Some((at, width, least)),
                _ => None,
            });
            if over == 0 {
                break;
            }
            let last = victim.is_some_and(|at| Some(at) == least_droppable);
            if let Some((at, width, least)) = cuttable
                && (width >= least + over || last && width > over)
            {
                widths[at] = Some(width - over);
                break;
            }
        }
        widths
    }

    fn line<'a>(
        &self,
        widths: &[Option<usize>; N],
        cells: impl Iterator<Item = &'a str>,
        ascii: bool,
    ) -> String {
        let mut line = String::new();
        for ((cell, width), column) in cells.zip(widths).zip(self.columns) {
            let Some(width) = *width else { continue };
            let cell = visible::fit(cell, width, ascii);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let (before, after) =
                if column.align == Align::Right { (&*padding, "") } else { ("", &*padding) };
            for part in [before, &cell, after, "  "] {
                line.push_str(part);
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(width: Option<usize>) -> String {
        let column = |title, align, room| Column { title, align, room };
        let mut table = Table::new([
            column("#", Align::Right, Room::Keep),
            column("Start", Align::Left, Room::Drop(0)),
            column("Path", Align::Left, Room::Cut(4)),
            column("End", Align::Left, Room::Drop(1)),
        ]);
        table.push(["1".into(), "10:00".into(), "a/long/path".into(), "open".into()]);
        let mut out = Vec::new();
        table.write(&mut out, width, false).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().nth(1).unwrap().to_owned()
    }

    #[test]
    fn what_matters_least_goes_first() {
        assert_eq!(table(None), "1  10:00  a/long/path  open");
        assert_eq!(table(Some(27)), "1  10:00  a/long/path  open");
        assert_eq!(table(Some(24)), "1  10:00  a/long/…  open");
        assert_eq!(table(Some(19)), "1  a/long/pa…  open");
        assert_eq!(table(Some(12)), "1  a/long/p…");
        assert_eq!(table(Some(6)), "1  a/…", "there is nothing more to leave out");
    }
}
