//! Colours by what they stand for.

mod builtin;
mod depth;
mod spec;

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

pub use depth::{Depth, contrast};
pub use spec::{COLORS, MODIFIERS, style};

use crate::item::Dir;
use crate::rules::Level;

/// What a piece of the screen is. Views name roles, never colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// What is to be read.
    Text,
    /// What is secondary: units, borders of what is not focused, hints.
    Dim,
    /// Borders and titles of the focused pane.
    Focus,
    /// Headings, names of columns.
    Heading,
    /// The row under the cursor.
    Cursor,
    /// A tab or chip that is on.
    On,
    /// From the client.
    Client,
    /// From the server.
    Server,
    /// Findings that are errors, and what failed.
    Error,
    /// Findings that are warnings.
    Warning,
    /// Findings that are notes.
    Info,
    /// Checks that passed.
    Good,
    /// What a filter or a search selects.
    Match,
    /// A key in a hint.
    Key,
    /// Keys of decoded payloads.
    Name,
    /// Strings of decoded payloads.
    String,
    /// Numbers of decoded payloads.
    Number,
    /// Bytes made visible: controls, what is no text.
    Special,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Text,
        Self::Dim,
        Self::Focus,
        Self::Heading,
        Self::Cursor,
        Self::On,
        Self::Client,
        Self::Server,
        Self::Error,
        Self::Warning,
        Self::Info,
        Self::Good,
        Self::Match,
        Self::Key,
        Self::Name,
        Self::String,
        Self::Number,
        Self::Special,
    ];

    /// That of a finding's level.
    #[must_use]
    pub const fn of_level(level: Level) -> Self {
        match level {
            Level::Error => Self::Error,
            Level::Warning => Self::Warning,
            Level::Note => Self::Info,
        }
    }

    /// That of a sender.
    #[must_use]
    pub const fn of_sender(dir: Dir) -> Self {
        match dir {
            Dir::C2s => Self::Client,
            Dir::S2c => Self::Server,
        }
    }

    /// Its name in the configuration file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Dim => "dim",
            Self::Focus => "focus",
            Self::Heading => "heading",
            Self::Cursor => "cursor",
            Self::On => "on",
            Self::Client => "client",
            Self::Server => "server",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Good => "good",
            Self::Match => "match",
            Self::Key => "key",
            Self::Name => "name",
            Self::String => "string",
            Self::Number => "number",
            Self::Special => "special",
        }
    }
}

/// A style for each role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name in the configuration file.
    pub name: Cow<'static, str>,
    styles: [Style; Role::ALL.len()],
}

const fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

impl Theme {
    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// All themes, in the order in which they are gone through.
    pub const ALL: [Self; 5] = [Self::DARK, Self::LIGHT, Self::HIGH_CONTRAST, Self::CVD, Self::PLAIN];

    /// A theme by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name == name)
    }

    /// Another theme that is like this one but for some roles.
    #[must_use]
    pub fn with(&self, name: String, styles: &[(Role, Style)]) -> Self {
        let mut theme = Self { name: Cow::Owned(name), ..self.clone() };
        for (role, style) in styles {
            if let Some(slot) = theme.styles.get_mut(*role as usize) {
                *slot = *style;
            }
        }
        theme
    }

    /// It has colours, besides bold, underlined and reversed.
    #[must_use]
    pub fn has_colors(&self) -> bool {
        let colored = |color: Option<Color>| color.is_some_and(|color| color != Color::Reset);
        self.styles.iter().any(|style| colored(style.fg) || colored(style.bg))
    }

    /// The same on a terminal that has fewer colours.
    #[must_use]
    pub fn at(&self, depth: Depth) -> Self {
        let mut theme = self.clone();
        for style in &mut theme.styles {
            style.fg = style.fg.map(|color| depth.nearest(color));
            style.bg = style.bg.map(|color| depth.nearest(color));
        }
        theme
    }

    /// The contrast of each role's text with what lies behind it, as WCAG counts it (1 to 21), where both colours
    /// are known: what the terminal's user chose is not.
    pub fn contrasts(&self) -> impl Iterator<Item = (Role, f64)> {
        let text = self.style(Role::Text);
        Role::ALL.into_iter().filter_map(move |role| {
            let style = self.style(role);
            Some((role, contrast(style.fg.or(text.fg)?, style.bg.or(text.bg)?)?))
        })
    }

    /// Each role in a style of its own, so that a test can tell which one a cell has.
    #[must_use]
    pub fn distinct() -> Self {
        let mut styles = [Style::new(); Role::ALL.len()];
        for (n, style) in styles.iter_mut().enumerate() {
            *style = fg(Color::Indexed(n as u8 + 16));
        }
        // Cursor lies above others, and leaves their colours.
        if let Some(cursor) = styles.get_mut(Role::Cursor as usize) {
            *cursor = Style::new().add_modifier(Modifier::REVERSED);
        }
        Self { name: Cow::Borrowed("distinct"), styles }
    }
}
