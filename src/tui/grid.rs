//! Tables: which columns have room, and how wide they are.

use super::canvas::{Canvas, Hit};
use super::theme::Role;

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// At the left.
    Left,
    /// At the right.
    Right,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading, and its name in the list of columns.
    pub name: &'static str,
    /// Narrower, it is of no use.
    pub min: u16,
    /// As wide as it needs to be for most.
    pub ideal: u16,
    /// Where its text stands.
    pub align: Align,
    /// Columns with a higher number are dropped earlier where there is no room; 0 = never.
    pub drop: u8,
    /// It takes what room is left.
    pub grows: bool,
}

impl Column {
    /// One that takes no more than `ideal`.
    #[must_use]
    pub const fn new(name: &'static str, min: u16, ideal: u16, align: Align, drop: u8) -> Self {
        Self { name, min, ideal, align, drop, grows: false }
    }
}

/// Columns with their widths on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The index of each column that is shown, its place from the left, and its width.
    cells: Vec<(usize, u16, u16)>,
}

/// Columns between two cells.
const GAP: u16 = 2;

impl Grid {
    /// Gives columns their ideal widths; those with `hidden(index)` are left out.
    #[must_use]
    pub fn new(columns: &[Column], width: u16, hidden: impl Fn(usize) -> bool) -> Self {
        Self::fitted(columns, width, hidden, |_| u16::MAX)
    }

    /// Gives columns the widths that `wanted` says, between what is of use and what is ideal. Where there is no room
    /// for all, some are left out rather than cut.
    #[must_use]
    pub fn fitted(
        columns: &[Column],
        width: u16,
        hidden: impl Fn(usize) -> bool,
        wanted: impl Fn(usize) -> u16,
    ) -> Self {
        let cell = |n: usize| {
            let column = columns.get(n)?;
            Some((n, wanted(n).min(column.ideal).max(column.min), column))
        };
        let mut kept: Vec<_> = (0..columns.len()).filter(|n| !hidden(*n)).filter_map(cell).collect();
        let gaps = |count: usize| GAP * (count.max(1) - 1) as u16;
        let sum = |kept: &[(usize, u16, &Column)]| -> u16 {
            kept.iter().map(|(_, width, _)| width).sum::<u16>() + gaps(kept.len())
        };
        while sum(&kept) > width {
            let worst = kept.iter().enumerate().max_by_key(|(_, (_, _, column))| column.drop);
            match worst.filter(|(_, (_, _, column))| column.drop > 0) {
                Some((at, _)) => kept.remove(at),
                None => break,
            };
        }
        if sum(&kept) > width {
            for (_, width, column) in &mut kept {
                *width = column.min;
            }
        }
        let room = width.saturating_sub(sum(&kept));
        let mut x = 0;
        let place = |(n, width, column): (usize, u16, &Column)| {
            let cell = (n, x, if column.grows { width + room } else { width });
            x += cell.2 + GAP;
            cell
        };
        Self { cells: kept.into_iter().map(place).collect() }
    }

    /// Writes the headings. The sorted column, if any, shows an arrow: `(index, reversed)`.
    pub fn head(
        &self,
        columns: &[Column],
        x: u16,
        y: u16,
        sorted: Option<(usize, bool)>,
        canvas: &mut Canvas<'_>,
    ) {
        for (n, left, width) in &self.cells {
            let Some(column) = columns.get(*n) else { continue };
            let arrow = match sorted {
                Some((at, reversed)) if at == *n => {
                    if reversed {
                        "▼"
                    } else {
                        "▲"
                    }
                }
                _ => "",
            };
            let name = format!("{}{arrow}", column.name);
            match column.align {
                Align::Left => canvas.put(x + left, y, *width, &name, Role::Heading),
                Align::Right => canvas.put_right(x + left, y, *width, &name, Role::Heading),
            };
            canvas.hit(ratatui::layout::Rect::new(x + left, y, *width, 1), Hit::Column(*n));
        }
    }

    /// Writes a row; `cell` gives the text and role of a column.
    pub fn row(
        &self,
        columns: &[Column],
        x: u16,
        y: u16,
        canvas: &mut Canvas<'_>,
        cell: impl Fn(usize) -> (String, Role),
    ) {
        for (n, left, width) in &self.cells {
            let (text, role) = cell(*n);
            match columns.get(*n).map(|column| column.align) {
                Some(Align::Right) => canvas.put_right(x + left, y, *width, &text, role),
                _ => canvas.put(x + left, y, *width, &text, role),
            };
        }
    }

    /// The columns that are shown.
    pub fn shown(&self) -> impl Iterator<Item = usize> + '_ {
        self.cells.iter().map(|(n, ..)| *n)
    }

    /// The place from the left, and width, of a column that is shown.
    #[must_use]
    pub fn place(&self, column: usize) -> Option<(u16, u16)> {
        self.cells.iter().find(|(n, ..)| *n == column).map(|(_, x, width)| (*x, *width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column { name: "id", min: 4, ideal: 6, align: Align::Right, drop: 0, grows: false },
        Column { name: "server", min: 8, ideal: 20, align: Align::Left, drop: 2, grows: false },
        Column { name: "bytes", min: 5, ideal: 5, align: Align::Right, drop: 3, grows: false },
        Column { name: "text", min: 6, ideal: 9, align: Align::Left, drop: 0, grows: true },
    ];

    #[test]
    fn columns_go_and_grow() {
        for (width, expected) in [
            (80, vec![(0, 0, 6), (1, 8, 20), (2, 30, 5), (3, 37, 43)]),
            (46, vec![(0, 0, 6), (1, 8, 20), (2, 30, 5), (3, 37, 9)]),
            (45, vec![(0, 0, 6), (1, 8, 20), (3, 30, 15)]),
            (24, vec![(0, 0, 6), (3, 8, 16)]),
            // Nothing else can go.
            (13, vec![(0, 0, 4), (3, 6, 7)]),
            (9, vec![(0, 0, 4), (3, 6, 6)]),
        ] {
            assert_eq!(Grid::new(&COLUMNS, width, |_| false).cells, expected, "{width}");
        }
        assert_eq!(Grid::new(&COLUMNS, 80, |n| n == 1).cells, vec![(0, 0, 6), (2, 8, 5), (3, 15, 65)]);
        let short = Grid::fitted(&COLUMNS, 40, |_| false, |n| if n == 1 { 11 } else { 1 });
        assert_eq!(short.cells, vec![(0, 0, 4), (1, 6, 11), (2, 19, 5), (3, 26, 14)]);
    }
}
