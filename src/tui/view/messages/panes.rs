//! Where the list, the inspector and the preview lie.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::theme::Role;

/// How list and inspector lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Split {
    /// The inspector at the right.
    Beside,
    /// The inspector below.
    Below,
    /// No inspector; a few lines of the message below.
    Alone,
}

/// Columns or rows by which `<` and `>` move the border.
const STEP: i16 = 4;

/// The arrangement, as it was chosen.
#[derive(Clone, Debug, Default)]
pub(super) struct Panes {
    /// `None` = by the size of the screen.
    chosen: Option<Split>,
    /// How far the border was moved: beside the table, beside the ladder, below.
    shifts: [i16; 3],
    /// The inspector has the focus.
    pub(super) inspector: bool,
    /// The focused pane alone.
    pub(super) zoom: bool,
}

/// What lies where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) list: Rect,
    pub(super) inspector: Option<Rect>,
    pub(super) preview: Option<Rect>,
    /// How the list is framed.
    pub(super) frame: Frame,
}

/// What is around a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A border.
    Box,
    /// A line above.
    Line,
    /// Nothing.
    None,
}

fn room(split: Split, area: Rect) -> bool {
    match split {
        Split::Beside => area.width >= 80 && area.height >= 8,
        Split::Below => area.height >= 16 && area.width >= 36,
        Split::Alone => true,
    }
}

impl Panes {
    /// How panes lie in an area.
    pub(super) fn split(&self, area: Rect) -> Split {
        let by_size = match (area.width, area.height) {
            (120.., 8..) => Split::Beside,
            (..=84, 43..) | (100..=119, 27..) => Split::Below,
            _ => Split::Alone,
        };
        self.chosen.filter(|split| room(*split, area)).unwrap_or(by_size)
    }

    /// The next way that has room; its name.
    pub(super) fn next(&mut self, area: Rect) -> &'static str {
        let after = |split| match split {
            Split::Beside => Split::Below,
            Split::Below => Split::Alone,
            Split::Alone => Split::Beside,
        };
        let mut next = after(self.split(area));
        while !room(next, area) {
            next = after(next);
        }
        self.chosen = Some(next);
        if next == Split::Alone {
            self.inspector = false;
        }
        match next {
            Split::Beside => "the inspector beside the list",
            Split::Below => "the inspector below the list",
            Split::Alone => "the list alone",
        }
    }

    /// Moves the border between the panes. `false`: there is none.
    pub(super) fn shift(&mut self, area: Rect, ladder: bool, by: i16) -> bool {
        let at = match self.split(area) {
            Split::Beside => usize::from(ladder),
            Split::Below => 2,
            Split::Alone => return false,
        };
        if let Some(shift) = self.shifts.get_mut(at) {
            *shift = (*shift + by * STEP).clamp(-200, 200);
        }
        true
    }

    /// Where everything lies.
    pub(super) fn areas(&self, area: Rect, ladder: bool) -> Areas {
        let split = self.split(area);
        let whole = Areas { list: area, inspector: None, preview: None, frame: Frame::Line };
        if self.zoom {
            return match split {
                Split::Beside | Split::Below if self.inspector => Areas { inspector: Some(area), ..whole },
                _ => Areas { frame: Frame::None, ..whole },
            };
        }
        let moved = |usual: u16, at: usize, least: u16, all: u16| {
            let shift = self.shifts.get(at).copied().unwrap_or(0);
            usual.saturating_add_signed(shift).clamp(least, all.saturating_sub(least).max(least))
        };
        match split {
            Split::Beside => {
                // A ladder needs room; a diagram of 32 bits needs 69 columns.
                let spare = area.width.saturating_sub(120) / 2;
                let (usual, at) = if ladder { (74, 1) } else { (51, 0) };
                let width = moved((usual + spare).min(area.width / 3 * 2), at, 30, area.width);
                let list = Rect { width, ..area };
                let inspector = Rect { x: area.x + width, width: area.width - width, ..area };
                Areas { list, inspector: Some(inspector), preview: None, frame: Frame::Box }
            }
            Split::Below => {
                let height = moved((u32::from(area.height) * 45 / 100) as u16, 2, 6, area.height);
                let list = Rect { height, ..area };
                let inspector = Rect { y: area.y + height, height: area.height - height, ..area };
                Areas { list, inspector: Some(inspector), preview: None, frame: Frame::Box }
            }
            Split::Alone => {
                let below = match (area.width, area.height) {
                    (80.., 14..) => 5,
                    (48.., 9..) => 2,
                    _ => return whole,
                };
                let list = Rect { height: area.height - below, ..area };
                let preview = Rect { y: list.bottom(), height: below, ..area };
                Areas { list, preview: Some(preview), ..whole }
            }
        }
    }
}

/// A word in the border of a list: what it says, and what a click does.
pub(super) type Chip = (String, Role, Option<Action>);

/// Draws what is around a list, with chips at the right, the most important first; returns what is inside.
pub(super) fn frame(
    canvas: &mut Canvas<'_>,
    area: Rect,
    frame: Frame,
    title: &str,
    chips: &[Chip],
    focused: bool,
) -> Rect {
    let inner = match frame {
        Frame::None => return area,
        Frame::Box => canvas.frame(area, title, "", focused),
        Frame::Line => {
            canvas.rule(area.x, area.y, area.width);
            canvas.put(
                area.x + 1,
                area.y,
                area.width.saturating_sub(2),
                &format!(" {title} "),
                Role::Heading,
            );
            Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }
        }
    };
    let mut room = area.width.saturating_sub(title.width() as u16 + 7);
    let fits = |(text, ..): &&Chip| {
        let width = text.width() as u16 + 1;
        let fits = width < room;
        if fits {
            room -= width;
        }
        fits
    };
    let chips: Vec<&Chip> = chips.iter().filter(fits).collect();
    let width: u16 = chips.iter().map(|(text, ..)| text.width() as u16 + 1).sum();
    if width > 0 {
        let mut x = area.right().saturating_sub(width + 3);
        x += canvas.put(x, area.y, 1, " ", Role::Text);
        for (text, role, action) in chips.iter().rev() {
            let taken = canvas.put(x, area.y, text.width() as u16, text, *role);
            if let Some(action) = action {
                canvas.hit(Rect::new(x, area.y, taken, 1), Hit::Act(*action));
            }
            x += taken;
            x += canvas.put(x, area.y, 1, " ", Role::Text);
        }
    }
    inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_fill_the_area() {
        for width in 30..200 {
            for height in 5..60 {
                for ladder in [false, true] {
                    for shift in [-9, 0, 9] {
                        let area = Rect::new(0, 2, width, height);
                        let mut panes = Panes::default();
                        for _ in 0..3 {
                            panes.shift(area, ladder, shift);
                            let Areas { list, inspector, preview, .. } = panes.areas(area, ladder);
                            let parts = [Some(list), inspector, preview];
                            let cells: u32 = parts.iter().flatten().map(|rect| rect.area()).sum();
                            assert_eq!(cells, area.area(), "{area:?} {panes:?}");
                            assert!(parts.iter().flatten().all(|rect| area.contains(rect.as_position())));
                            assert!(list.width >= 30 && list.height >= 4, "{list:?} in {area:?}");
                            panes.next(area);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn sizes_decide() {
        let split = |width, height| Panes::default().split(Rect::new(0, 0, width, height));
        assert_eq!(split(120, 33), Split::Beside);
        assert_eq!(split(110, 33), Split::Below);
        assert_eq!(split(110, 20), Split::Alone);
        assert_eq!(split(80, 21), Split::Alone);
        assert_eq!(split(80, 50), Split::Below);
        assert_eq!(Panes::default().areas(Rect::new(0, 0, 120, 33), false).list.width, 51);
        assert_eq!(Panes::default().areas(Rect::new(0, 0, 120, 33), true).list.width, 74);
    }
}
