//! What stands above the list: its title, and chips for what narrows it.

use super::panes::Chip;
use super::{MessagesView, Mode};
use crate::item::Dir;
use crate::report::words::number;
use crate::tui::action::Action;
use crate::tui::model::{Kinds, Model};
use crate::tui::theme::Role;

impl MessagesView {
    /// What the border says at the right, the most important first.
    pub(super) fn chips(&self, model: &Model) -> Vec<Chip> {
        let mut chips: Vec<Chip> = Vec::new();
        let mut chip = |text: &str, on: bool, action: Option<Action>| {
            chips.push((text.to_owned(), if on { Role::On } else { Role::Dim }, action));
        };
        if model.shown.is_sorting(&model.store) {
            chip("sorting… Esc cancels", true, Some(Action::Cancel));
        }
        if self.following {
            chip("▼ tail", true, Some(Action::Tail));
        } else if model.store.is_reading() {
            let new = self.len(model).saturating_sub(self.known);
            if new > 0 {
                chip(&format!("+{} new", number(new as u64)), true, Some(Action::Bottom));
            }
        }
        if self.frames_mode() {
            return chips;
        }
        let narrow = &model.narrow;
        if narrow.findings {
            chip("!only", true, Some(Action::FindingsOnly));
        }
        chip(
            if narrow.no_heartbeats { "♥ hidden" } else { "♥" },
            narrow.no_heartbeats,
            Some(Action::Heartbeats),
        );
        let dir = match narrow.dir {
            None => "↕",
            Some(Dir::C2s) => "client→",
            Some(Dir::S2c) => "←server",
        };
        chip(dir, narrow.dir.is_some(), Some(Action::Direction));
        chip(narrow.kinds.name(), narrow.kinds != Kinds::All, Some(Action::Kinds));
        chips
    }

    /// What the border says at the left.
    pub(super) fn title(&self, model: &Model) -> String {
        let scope = model.narrow.conn.map_or_else(|| "all".to_owned(), |conn| format!("conn {conn}"));
        match self.mode {
            Mode::Table => format!("{scope} · messages"),
            Mode::Frames => format!("{scope} · frames"),
            Mode::Ladder => format!("{scope} · ladder"),
        }
    }
}
