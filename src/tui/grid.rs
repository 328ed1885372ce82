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

/// Columns with their widths on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The index of each column that is shown, its place from the left, and its width.
    cells: Vec<(usize, u16, u16)>,
}

/// Columns between two cells.
const GAP: u16 = 2;

impl Grid {
    /// Gives columns their widths; those with `hidden(index)` are left out.
    #[must_use]
    pub fn new(columns: &[Column], width: u16, hidden: impl Fn(usize) -> bool) -> Self {
        let mut kept: Vec<usize> = (0..columns.len()).filter(|n| !hidden(*n)).collect();
        let column = |n: &usize| columns.get(*n);
        let needs = |kept: &[usize]| -> u16 {
            let gaps = GAP * (kept.len().max(1) - 1) as u16;
            kept.iter().filter_map(column).map(|column| column.min).sum::<u16>() + gaps
        };
        while needs(&kept) > width {
            let worst = kept.iter().enumerate().max_by_key(|(_, n)| column(n).map_or(0, |column| column.drop));
            match worst.filter(|(_, n)| column(n).is_some_and(|column| column.drop > 0)) {
                Some((at, _)) => kept.remove(at),
                None => break,
            };
        }
        let mut room = width.saturating_sub(needs(&kept));
        let mut widths: Vec<u16> = kept.iter().filter_map(column).map(|column| column.min).collect();
        // Ideal widths from what matters most on; then what grows takes the rest.
        let mut order: Vec<usize> = (0..kept.len()).collect();
        order.sort_by_key(|at| kept.get(*at).and_then(column).map_or(0, |column| column.drop));
        for at in order {
            let (Some(column), Some(width)) = (kept.get(at).and_then(column), widths.get_mut(at)) else { continue };
            let more = column.ideal.saturating_sub(*width).min(room);
            *width += more;
            room -= more;
        }
        let grows = kept.iter().position(|n| column(n).is_some_and(|column| column.grows));
        if let Some(width) = grows.and_then(|at| widths.get_mut(at)) {
            *width += room;
        }
        let mut x = 0;
        let place = |(n, width): (usize, u16)| {
            let cell = (n, x, width);
            x += width + GAP;
            cell
        };
        Self { cells: kept.into_iter().zip(widths).map(place).collect() }
    }

    /// Writes the headings. The sorted column, if any, shows an arrow: `(index, reversed)`.
    pub fn head(&self, columns: &[Column], x: u16, y: u16, sorted: Option<(usize, bool)>, canvas: &mut Canvas<'_>) {
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
            (30, vec![(0, 0, 5), (1, 7, 8), (2, 17, 5), (3, 24, 6)]),
            (24, vec![(0, 0, 6), (1, 8, 8), (3, 18, 6)]),
            (13, vec![(0, 0, 5), (3, 7, 6)]),
            // Nothing else can go.
            (9, vec![(0, 0, 4), (3, 6, 6)]),
        ] {
            assert_eq!(Grid::new(&COLUMNS, width, |_| false).cells, expected, "{width}");
        }
        assert_eq!(Grid::new(&COLUMNS, 80, |n| n == 1).cells, vec![(0, 0, 6), (2, 8, 5), (3, 15, 65)]);
    }
}
