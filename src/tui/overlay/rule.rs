//! The page of a rule.

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{After, Overlay, middle};
use crate::report::rulebook;
use crate::rules::Rule;
use crate::tui::action::Action;
use crate::tui::canvas::Canvas;
use crate::tui::keys::{Key, Meaning};
use crate::tui::list::Step;
use crate::tui::model::Model;
use crate::tui::theme::Role;

/// The widest that a page is set, its border included.
const WIDEST: u16 = 104;

/// All that the catalogue says of a rule, as `wscope rule` prints it.
#[derive(Debug)]
pub struct RulePage {
    rule: &'static Rule,
    /// The lines, and the width for which they were set.
    lines: Vec<String>,
    width: u16,
    top: usize,
    height: usize,
}

impl RulePage {
    /// The page of a rule.
    #[must_use]
    pub const fn new(rule: &'static Rule) -> Self {
        Self { rule, lines: Vec::new(), width: 0, top: 0, height: 1 }
    }

    fn scroll(&mut self, step: Step) {
        let last = self.lines.len().saturating_sub(self.height);
        self.top = match step {
            Step::By(by) => self.top.saturating_add_signed(by),
            Step::Halves(halves) => {
                self.top.saturating_add_signed(halves * (self.height / 2).max(1) as isize)
            }
            Step::First => 0,
            Step::Last => last,
        }
        .min(last);
    }
}

impl Overlay for RulePage {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("j k", "scroll"), ("g G", "ends"), ("Esc", "close")]
    }

    fn draw(&mut self, _: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let area = middle(screen, WIDEST, screen.height.saturating_sub(2));
        canvas.clear(area);
        if self.width != area.width {
            self.width = area.width;
            let page = rulebook::page(self.rule, area.width.saturating_sub(4).into());
            let page = anstream::adapter::strip_str(&page).to_string();
            // The first line is the title.
            self.lines = page.lines().skip(1).map(str::to_owned).collect();
        }
        self.height = area.height.saturating_sub(2).into();
        self.scroll(Step::By(0));
        let Rule { code, name, level, source, .. } = self.rule;
        let until = (self.top + self.height).min(self.lines.len());
        let place = if self.lines.len() > self.height {
            format!("{}, {source} · {until} of {}", level.name(), self.lines.len())
        } else {
            format!("{}, {source}", level.name())
        };
        let inner = canvas.frame(area, &format!("{code} {name}"), &place, true);
        for (y, (n, line)) in (inner.y..inner.bottom()).zip(self.lines.iter().enumerate().skip(self.top)) {
            let heading = n == 0 || line.starts_with("It ");
            let role = match line.strip_prefix("        ") {
                _ if heading => Role::Heading,
                // The bytes of what is sent, not what goes on behind a label.
                Some(rest) if !rest.starts_with(' ') => Role::Dim,
                _ => Role::Text,
            };
            canvas.put(inner.x + 1, y, inner.width.saturating_sub(2), line, role);
        }
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match model.keymap.meaning(model.view, &[key]) {
            Meaning::Action(Action::Cancel | Action::Back | Action::Open | Action::RulePage) => {
                return After::Close;
            }
            Meaning::Action(action) => match Step::of(action) {
                Some(step) => self.scroll(step),
                None => return After::Stay,
            },
            _ if key.code == KeyCode::Esc => return After::Close,
            _ => {}
        }
        After::Stay
    }

    fn roll(&mut self, _: &mut Model, by: isize) {
        self.scroll(Step::By(by));
    }
}
