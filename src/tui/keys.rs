//! Keys by name, and what they do.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::action::{ACTIONS, Action};
use super::view::ViewId;

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The key; of a letter, its case says whether Shift is held.
    pub code: KeyCode,
    /// Control and Alt; Shift only for keys that are no characters.
    pub modifiers: KeyModifiers,
}

impl Key {
    /// A key alone.
    #[must_use]
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, modifiers: KeyModifiers::NONE }
    }

    /// The character, where it is one that is typed.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let mut code = event.code;
        match code {
            KeyCode::BackTab => {
                code = KeyCode::Tab;
                modifiers |= KeyModifiers::SHIFT;
            }
            // Terminals differ in whether they tell Shift besides the character that it makes.
            KeyCode::Char(c) => {
                if modifiers.contains(KeyModifiers::CONTROL) {
                    code = KeyCode::Char(c.to_ascii_lowercase());
                }
                modifiers -= KeyModifiers::SHIFT;
            }
            _ => {}
        }
        Self { code, modifiers }
    }
}

/// Keys with names; `Display` writes the first of each.
const NAMES: [(&str, KeyCode); 19] = [
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Space", KeyCode::Char(' ')),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PgUp", KeyCode::PageUp),
    ("PgDn", KeyCode::PageDown),
    ("Del", KeyCode::Delete),
    ("Ins", KeyCode::Insert),
    ("Backspace", KeyCode::Backspace),
    ("Return", KeyCode::Enter),
    ("Escape", KeyCode::Esc),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
];

const MODIFIERS: [(&str, KeyModifiers); 3] =
    [("Ctrl-", KeyModifiers::CONTROL), ("Alt-", KeyModifiers::ALT), ("S-", KeyModifiers::SHIFT)];

impl FromStr for Key {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((name, modifier)) = MODIFIERS.iter().find(|(name, _)| {
            rest.len() > name.len() && rest.get(..name.len()).is_some_and(|s| s.eq_ignore_ascii_case(name))
        }) {
            modifiers |= *modifier;
            rest = rest.get(name.len()..).unwrap_or_default();
        }
        let mut characters = rest.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => {
                let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(rest));
                let function =
                    || rest.strip_prefix(['F', 'f'])?.parse().ok().filter(|n| (1..=24).contains(n));
                match (named, function()) {
                    (Some((_, code)), _) => *code,
                    (None, Some(n)) => KeyCode::F(n),
                    (None, None) => return Err(format!("`{text}` is no key")),
                }
            }
        };
        Ok(Self::from(KeyEvent::new(code, modifiers)))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, modifier) in MODIFIERS {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match (NAMES.iter().find(|(_, code)| *code == self.code), self.code) {
            (Some((name, _)), _) => f.write_str(name),
            (None, KeyCode::Char(c)) => write!(f, "{c}"),
            (None, KeyCode::F(n)) => write!(f, "F{n}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

/// Which keys do what.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: Vec<(Vec<Key>, Action)>,
}

/// What keys pressed so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Action(Action),
    /// The beginning of a sequence.
    Prefix,
    /// Nothing.
    Nothing,
}

impl Default for Keymap {
    fn default() -> Self {
        let mut keymap = Self { bindings: Vec::new() };
        for entry in ACTIONS {
            for keys in entry.keys {
                if let Ok(keys) = sequence(keys) {
                    keymap.bindings.push((keys, entry.action));
                }
            }
        }
        keymap
    }
}

/// Reads keys that are pressed one after another, with spaces between.
///
/// # Errors
/// Where one is no key.
pub fn sequence(text: &str) -> Result<Vec<Key>, String> {
    text.split_whitespace().map(str::parse).collect()
}

impl Keymap {
    /// Gives an action other keys, instead of all that it has. What had these keys in one of its views loses
    /// them.
    pub fn bind(&mut self, action: Action, sequences: Vec<Vec<Key>>) {
        let views = action.entry().views;
        self.bindings.retain(|(keys, other)| {
            let taken = || sequences.iter().any(|new| new.starts_with(keys) || keys.starts_with(new));
            *other != action && !(other.entry().views.meets(views) && taken())
        });
        self.bindings.extend(sequences.into_iter().map(|keys| (keys, action)));
    }

    /// What keys mean in a view.
    #[must_use]
    pub fn meaning(&self, view: ViewId, pressed: &[Key]) -> Meaning {
        let mut prefix = false;
        for (keys, action) in &self.bindings {
            if keys.starts_with(pressed) && action.entry().views.contains(view) {
                if keys.len() == pressed.len() {
                    return Meaning::Action(*action);
                }
                prefix = true;
            }
        }
        if prefix { Meaning::Prefix } else { Meaning::Nothing }
    }

    /// What may follow keys in a view: the rest of each sequence, and its action.
    pub fn following<'a>(
        &'a self,
        view: ViewId,
        pressed: &'a [Key],
    ) -> impl Iterator<Item = (&'a [Key], Action)> + 'a {
        self.bindings.iter().filter_map(move |(keys, action)| {
            let rest = keys.strip_prefix(pressed).filter(|rest| !rest.is_empty())?;
            action.entry().views.contains(view).then_some((rest, *action))
        })
    }

    /// The keys of an action, each sequence as text.
    pub fn keys(&self, action: Action) -> impl Iterator<Item = String> + '_ {
        self.bindings.iter().filter(move |(_, bound)| *bound == action).map(|(keys, _)| text(keys))
    }
}

/// A sequence as text.
#[must_use]
pub fn text(keys: &[Key]) -> String {
    let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_names() {
        for entry in ACTIONS {
            for keys in entry.keys {
                assert_eq!(text(&sequence(keys).unwrap()), *keys);
            }
        }
        for (name, written) in [("ctrl-D", "Ctrl-d"), ("return", "Enter"), ("f12", "F12"), ("s-tab", "S-Tab")]
        {
            assert_eq!(name.parse::<Key>().unwrap().to_string(), written);
        }
        for wrong in ["", "Ctrl-", "foo", "F0", "F99"] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong}");
        }
        let shifted = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::from(shifted), "G".parse().unwrap());
        assert_eq!(Key::from(KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT)), "S-Tab".parse().unwrap());
    }

    #[test]
    fn keys_mean_what_the_table_says() {
        let mut keymap = Keymap::default();
        let meaning = |keymap: &Keymap, view, keys| keymap.meaning(view, &sequence(keys).unwrap());
        assert_eq!(meaning(&keymap, ViewId::Messages, "/"), Meaning::Action(Action::Filter));
        assert_eq!(meaning(&keymap, ViewId::Follow, "/"), Meaning::Action(Action::Find));
        assert_eq!(meaning(&keymap, ViewId::Messages, "y"), Meaning::Prefix);
        assert_eq!(meaning(&keymap, ViewId::Messages, "y p"), Meaning::Action(Action::CopyPayload));
        assert_eq!(meaning(&keymap, ViewId::Messages, "y ~"), Meaning::Nothing);
        keymap.bind(Action::Help, vec![sequence("j").unwrap()]);
        assert_eq!(meaning(&keymap, ViewId::Messages, "j"), Meaning::Action(Action::Help));
        assert_eq!(meaning(&keymap, ViewId::Messages, "F1"), Meaning::Nothing);
        assert_eq!(meaning(&keymap, ViewId::Messages, "Down"), Meaning::Action(Action::Down));
    }
}
