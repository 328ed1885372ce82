//! Bars of block characters.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use super::theme::Role;

/// Eighths of a cell, from the bottom.
const UP: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// Eighths of a cell, from the left.
const RIGHT: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// Values in a line, a character each, the highest as high as the line. What is not 0 can be seen.
pub(super) fn spark(values: impl Iterator<Item = u64> + Clone) -> String {
    let highest = values.clone().max().unwrap_or(0);
    values.map(|value| UP.get(eighths(value, highest, 8)).copied().unwrap_or(" ")).collect()
}

/// So many of `steps` for a value; at least one where it is not 0.
fn eighths(value: u64, highest: u64, steps: u64) -> usize {
    if value == 0 || highest == 0 {
        return 0;
    }
    // In floating point: the product of hostile counts would not fit.
    let part = value as f64 / highest as f64 * steps as f64;
    // Where there is no room, there are no steps.
    (part.round() as usize).max(1).min(steps as usize)
}

/// A bar to the right, as long as `value` is of `highest`, at most `width` columns.
pub(super) fn bar(value: u64, highest: u64, width: u16) -> String {
    let steps = eighths(value, highest, u64::from(width) * 8);
    let mut bar = "█".repeat(steps / 8);
    bar.push_str(RIGHT.get(steps % 8).copied().unwrap_or_default());
    bar
}

/// Columns standing in an area, one a cell of its width, the highest as high as the area.
pub(super) fn columns(
    values: impl Iterator<Item = u64>,
    highest: u64,
    area: Rect,
    role: Role,
    canvas: &mut Canvas<'_>,
) {
    let steps = u64::from(area.height) * 8;
    for (x, value) in (area.left()..area.right()).zip(values) {
        let mut left = eighths(value, highest, steps);
        for y in (area.top()..area.bottom()).rev() {
            let cell = left.min(8);
            if cell == 0 {
                break;
            }
            canvas.put(x, y, 1, UP.get(cell).copied().unwrap_or(" "), role);
            left -= cell;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_what_there_is() {
        assert_eq!(spark([0, 1, 50, 100].into_iter()), " ▁▄█");
        assert_eq!(spark([0, 0].into_iter()), "  ");
        assert_eq!(bar(1, 1_000_000, 10), "▏");
        assert_eq!(bar(5, 10, 5), "██▌");
        assert_eq!(bar(u64::MAX, u64::MAX, 3), "███");
        assert_eq!(bar(0, 9, 3), "");
    }
}
