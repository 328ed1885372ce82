//! Whole sets of keys.

use crate::tui::action::Action;
use crate::tui::keys::{Keymap, sequence};

/// A set of keys, as what it changes of the default.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// Its name in the configuration file.
    pub name: &'static str,
    /// What is special about it.
    pub about: &'static str,
    bindings: &'static [(Action, &'static [&'static str])],
}

/// All of them; the first is the default.
pub const PRESETS: [Preset; 2] = [
    Preset { name: "vim", about: "hjkl, g and G, Ctrl-d and Ctrl-u move, and so do arrows", bindings: &[] },
    Preset {
        name: "arrows",
        about: "arrows, Home, End and page keys move; letters do not",
        bindings: &[
            (Action::Down, &["Down"]),
            (Action::Up, &["Up"]),
            (Action::Left, &["Left"]),
            (Action::Right, &["Right"]),
            (Action::Top, &["Home"]),
            (Action::Bottom, &["End"]),
            (Action::HalfDown, &["Ctrl-Down"]),
            (Action::HalfUp, &["Ctrl-Up"]),
            (Action::PageDown, &["PgDn"]),
            (Action::PageUp, &["PgUp"]),
            (Action::NextItem, &["S-Down"]),
            (Action::PreviousItem, &["S-Up"]),
            (Action::NextMatch, &["n", "F3"]),
            (Action::PreviousMatch, &["N", "S-F3"]),
            (Action::Filter, &["/", "Ctrl-f"]),
            (Action::Find, &["/", "Ctrl-f"]),
            (Action::Back, &["q", "Backspace"]),
            (Action::Quit, &["Q", "Ctrl-q", "F10"]),
        ],
    },
];

impl Preset {
    /// Its keys.
    #[must_use]
    pub fn keymap(&self) -> Keymap {
        let mut keymap = Keymap::default();
        for (action, keys) in self.bindings {
            keymap.bind(*action, keys.iter().filter_map(|keys| sequence(keys).ok()).collect());
        }
        keymap
    }
}
