//! Drawing: text that cannot harm, by role, and what a click on it means.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::action::Action;
use super::search::{Needle, cut};
use super::theme::{Role, Theme};
use super::view::ViewId;
use crate::report::visible;

/// A line in pieces, each with its role.
pub type Spans = Vec<(String, Role)>;

/// What lies under the mouse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// A hint, a chip: what it does.
    Act(Action),
    /// A tab of the header.
    View(ViewId),
    /// A pane of the view, for the wheel and the focus.
    Pane(usize),
    /// A row of a pane, by its index in the pane's list.
    Row(usize, usize),
    /// The heading of a column, by its index.
    Column(usize),
    /// Anything else of a pane, numbered by the view.
    Part(usize, usize),
}

/// A part of the screen that is being drawn.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: &'a Theme,
    hits: &'a mut Vec<(Rect, Hit)>,
    cursor: &'a mut Option<Position>,
}

impl std::fmt::Debug for Canvas<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canvas").field("area", &self.buffer.area).finish_non_exhaustive()
    }
}

impl<'a> Canvas<'a> {
    /// Draws into a buffer; what can be clicked is added to `hits`, later ones lie above earlier ones.
    pub const fn new(
        buffer: &'a mut Buffer,
        theme: &'a Theme,
        hits: &'a mut Vec<(Rect, Hit)>,
        cursor: &'a mut Option<Position>,
    ) -> Self {
        Self { buffer, theme, hits, cursor }
    }

    /// Writes text from a cell on, no further than `width` columns; what is cut ends in `…`. Controls and
    /// the like are made visible. Returns the columns taken.
    pub fn put(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let mut shown = String::new();
        visible::append_within(text.as_bytes(), visible::Style::default(), width.into(), &mut shown);
        self.write(x, y, width, &shown, role)
    }

    /// As [`Canvas::put`], with the end of the text at the right.
    pub fn put_right(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let mut shown = String::new();
        visible::append_within(text.as_bytes(), visible::Style::default(), width.into(), &mut shown);
        let taken = (shown.width() as u16).min(width);
        self.write(x + (width - taken), y, taken, &shown, role)
    }

    /// Writes pieces of text one after another, as [`Canvas::put`].
    pub fn spans<'t>(
        &mut self,
        x: u16,
        y: u16,
        width: u16,
        spans: impl IntoIterator<Item = (&'t str, Role)>,
    ) -> u16 {
        let mut taken = 0;
        for (text, role) in spans {
            if taken >= width {
                break;
            }
            taken += self.put(x + taken, y, width - taken, text, role);
        }
        taken
    }

    /// Writes pieces of text without their first `left` columns; what is cut at the right ends in `…`. What is searched for
    /// is marked.
    pub fn scrolled(
        &mut self,
        spans: &Spans,
        (x, y, width): (u16, u16, u16),
        left: usize,
        needle: Option<&Needle>,
    ) {
        let mut text = String::new();
        let mut pieces = Vec::new();
        let mut skipped = 0;
        for (part, role) in spans {
            let rest = part.trim_start_matches(|c: char| {
                let skip = skipped < left;
                if skip {
                    skipped += c.width().unwrap_or(0);
                }
                skip
            });
            text.push_str(rest);
            pieces.push((text.len(), *role));
        }
        let marked: Vec<_> = needle.into_iter().flat_map(|needle| needle.places(text.as_bytes())).collect();
        let cuts = text.width() > usize::from(width);
        let room = if cuts { width.saturating_sub(1) } else { width };
        let mut taken = 0;
        for (part, role, marked) in cut(&text, &pieces, &marked) {
            let mut part = part;
            let left = usize::from(room - taken);
            if part.width() > left {
                // As much as there is room for: the mark of a cut is ours.
                let mut used = 0;
                let end = part.char_indices().find(|(_, c)| {
                    used += c.width().unwrap_or(0);
                    used > left
                });
                part = part.get(..end.map_or(part.len(), |(at, _)| at)).unwrap_or_default();
            }
            taken += self.put(x + taken, y, room - taken, part, if marked { Role::Match } else { role });
            if taken >= room {
                break;
            }
        }
        if cuts {
            self.put(x + room, y, 1, "…", Role::Dim);
        }
    }

    /// Text that is fit for a terminal.
    fn write(&mut self, x: u16, y: u16, width: u16, text: &str, role: Role) -> u16 {
        let area = self.buffer.area;
        if y < area.top() || y >= area.bottom() || x >= area.right() {
            return 0;
        }
        let (end, _) = self.buffer.set_stringn(x, y, text, width.into(), Style::new());
        let taken = end.saturating_sub(x);
        // The second half of a wide character, too.
        let style = self.theme.style(Role::Text).patch(self.theme.style(role));
        self.buffer.set_style(Rect::new(x, y, taken, 1).intersection(area), style);
        taken
    }

    /// Puts a role's style over what stands there. The cursor is of one colour: reversed, each would be a patch.
    pub fn paint(&mut self, area: Rect, role: Role) {
        let area = area.intersection(self.buffer.area);
        if role == Role::Cursor {
            let text = self.theme.style(Role::Text);
            let plain = Style::new().fg(text.fg.unwrap_or(Color::Reset)).bg(text.bg.unwrap_or(Color::Reset));
            self.buffer.set_style(area, plain);
        }
        self.buffer.set_style(area, self.theme.style(role));
    }

    /// Takes away what stands there.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let cell = &mut self.buffer[(x, y)];
                cell.reset();
                cell.set_style(self.theme.style(Role::Text));
            }
        }
    }

    /// A horizontal line.
    pub fn rule(&mut self, x: u16, y: u16, width: u16) {
        self.write(x, y, width, &"─".repeat(width.into()), Role::Dim);
    }

    /// A border with a title at the left and one at the right; returns what is inside. Where there is no room for
    /// a border, everything is.
    pub fn frame(&mut self, area: Rect, title: &str, right: &str, focused: bool) -> Rect {
        if area.width < 4 || area.height < 3 {
            return area;
        }
        let role = if focused { Role::Focus } else { Role::Dim };
        let line = "─".repeat(usize::from(area.width - 2));
        let (left_x, right_x, bottom) = (area.left(), area.right() - 1, area.bottom() - 1);
        self.write(left_x, area.top(), area.width, &format!("┌{line}┐"), role);
        for y in area.top() + 1..bottom {
            self.write(left_x, y, 1, "│", role);
            self.write(right_x, y, 1, "│", role);
        }
        self.write(left_x, bottom, area.width, &format!("└{line}┘"), role);
        let room = area.width - 4;
        if !title.is_empty() {
            let role = if focused { Role::Focus } else { Role::Heading };
            self.put(left_x + 2, area.top(), room, &format!(" {title} "), role);
        }
        let left_taken = if title.is_empty() { 0 } else { title.width() as u16 + 2 };
        let right_room = room.saturating_sub(left_taken + 1);
        if !right.is_empty() && right.width() as u16 + 2 <= right_room {
            self.put_right(right_x - 1 - right_room, area.top(), right_room, &format!(" {right} "), role);
        }
        Rect::new(left_x + 1, area.top() + 1, area.width - 2, area.height - 2)
    }

    /// A click here means this.
    pub fn hit(&mut self, area: Rect, hit: Hit) {
        self.hits.push((area.intersection(self.buffer.area), hit));
    }

    /// The terminal's cursor stands here.
    pub fn cursor(&mut self, x: u16, y: u16) {
        *self.cursor = Some(Position::new(x, y));
    }
}

/// Glyphs for a terminal that shows ASCII only, each as wide as what it replaces.
pub fn ascii(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width).max(1);
    let mut skip = 0;
    for (n, cell) in buffer.content.iter_mut().enumerate() {
        if n % width == 0 {
            skip = 0;
        }
        if skip > 0 {
            // The second half of a wide character.
            skip -= 1;
            cell.set_symbol("?");
            continue;
        }
        if cell.symbol().is_ascii() {
            continue;
        }
        skip = cell.symbol().width().saturating_sub(1);
        let plain = cell.symbol().chars().next().map_or("?", plain);
        cell.set_symbol(plain);
    }
}

const fn plain(c: char) -> &'static str {
    match c {
        '─' | '┄' | '╌' | '–' | '—' => "-",
        '━' | '═' => "=",
        '│' | '┃' => "|",
        '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' => "+",
        '→' | '▸' | '›' => ">",
        '←' | '‹' => "<",
        '↑' | '▲' => "^",
        '↓' | '▼' | '▾' => "v",
        '↕' | '↔' => "*",
        '●' => "o",
        '○' => ".",
        '■' => "#",
        '✗' | '×' => "x",
        '✓' => "v",
        '…' => "~",
        '·' => ".",
        '•' => "*",
        '‖' => "\"",
        '♥' => "h",
        '§' => "S",
        'Δ' => "d",
        'µ' => "u",
        '“' | '”' => "\"",
        '‘' | '’' => "'",
        '▁' | '▂' => "_",
        '▃' | '▄' | '▏' | '▎' => ".",
        '▅' | '▆' | '▍' | '▌' => ":",
        '▇' | '█' | '▋' | '▊' | '▉' => "#",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(width: u16, height: u16, draw: impl FnOnce(&mut Canvas<'_>)) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let (mut hits, mut cursor) = (Vec::new(), None);
        draw(&mut Canvas::new(&mut buffer, &Theme::DARK, &mut hits, &mut cursor));
        buffer
    }

    #[test]
    fn hostile_text_is_shown_and_cut() {
        let buffer = draw(14, 2, |canvas| {
            assert_eq!(canvas.put(0, 0, 13, "a\x1b[2J\u{202e}", Role::Text), 13);
            assert_eq!(canvas.put(0, 1, 4, "漢字漢字", Role::Text), 3);
            assert_eq!(canvas.put(9, 5, 4, "outside", Role::Text), 0);
        });
        assert_eq!(buffer, {
            let mut expected = Buffer::with_lines(["a␛[2J<U+202E>", "漢…           "]);
            expected.set_style(expected.area, Theme::DARK.style(Role::Text));
            expected
        });
    }

    #[test]
    fn frames_hold_titles() {
        let buffer = draw(24, 3, |canvas| {
            let inner = canvas.frame(Rect::new(0, 0, 24, 3), "one", "two", true);
            assert_eq!(inner, Rect::new(1, 1, 22, 1));
        });
        let line: String = buffer.content.iter().take(24).map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(line, "┌─ one ────────── two ─┐");
    }

    #[test]
    fn ascii_is_as_wide() {
        let mut buffer = draw(10, 1, |canvas| {
            canvas.put(0, 0, 10, "→ 漢● │é", Role::Text);
        });
        ascii(&mut buffer);
        let line: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(line, "> ??o |?  ");
    }
}
