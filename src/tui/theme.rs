//! Colours by what they stand for.

use ratatui::style::{Color, Modifier, Style};

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
}

/// A style for each role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name in the configuration file.
    pub name: &'static str,
    styles: [Style; Role::ALL.len()],
}

const fn fg(color: Color) -> Style {
    Style::new().fg(color)
}

const BOLD: Modifier = Modifier::BOLD;
const DIM: Modifier = Modifier::DIM;
const REVERSED: Modifier = Modifier::REVERSED;
const UNDERLINED: Modifier = Modifier::UNDERLINED;

impl Theme {
    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// The sixteen colours that the terminal's user chose, on a dark ground.
    pub const DARK: Self = Self {
        name: "dark",
        styles: [
            Style::new(),
            fg(Color::DarkGray),
            fg(Color::Cyan),
            Style::new().add_modifier(BOLD),
            Style::new().add_modifier(REVERSED),
            Style::new().add_modifier(BOLD).add_modifier(REVERSED),
            fg(Color::Green),
            fg(Color::Cyan),
            fg(Color::Red).add_modifier(BOLD),
            fg(Color::Yellow),
            fg(Color::LightBlue),
            fg(Color::Green),
            Style::new().fg(Color::Black).bg(Color::Yellow),
            fg(Color::Cyan).add_modifier(BOLD),
            fg(Color::LightBlue),
            fg(Color::Green),
            fg(Color::Magenta),
            fg(Color::LightMagenta),
        ],
    };

    /// The same on a light ground: no yellow, no light colours.
    pub const LIGHT: Self = Self {
        name: "light",
        styles: [
            Style::new(),
            fg(Color::DarkGray),
            fg(Color::Blue),
            Style::new().add_modifier(BOLD),
            Style::new().add_modifier(REVERSED),
            Style::new().add_modifier(BOLD).add_modifier(REVERSED),
            fg(Color::Green),
            fg(Color::Blue),
            fg(Color::Red).add_modifier(BOLD),
            fg(Color::Magenta),
            fg(Color::Blue),
            fg(Color::Green),
            Style::new().fg(Color::Black).bg(Color::Yellow),
            fg(Color::Blue).add_modifier(BOLD),
            fg(Color::Blue),
            fg(Color::Green),
            fg(Color::Magenta),
            fg(Color::Magenta).add_modifier(BOLD),
        ],
    };

    /// No colours at all: bold, underlined and reversed.
    pub const PLAIN: Self = Self {
        name: "plain",
        styles: [
            Style::new(),
            Style::new().add_modifier(DIM),
            Style::new().add_modifier(BOLD),
            Style::new().add_modifier(BOLD),
            Style::new().add_modifier(REVERSED),
            Style::new().add_modifier(BOLD).add_modifier(REVERSED),
            Style::new(),
            Style::new(),
            Style::new().add_modifier(BOLD).add_modifier(UNDERLINED),
            Style::new().add_modifier(BOLD),
            Style::new(),
            Style::new(),
            Style::new().add_modifier(UNDERLINED),
            Style::new().add_modifier(BOLD),
            Style::new(),
            Style::new(),
            Style::new(),
            Style::new().add_modifier(UNDERLINED),
        ],
    };

    /// All themes, in the order in which they are gone through.
    pub const ALL: [Self; 3] = [Self::DARK, Self::LIGHT, Self::PLAIN];

    /// A theme by its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name == name)
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
            *cursor = Style::new().add_modifier(REVERSED);
        }
        Self { name: "distinct", styles }
    }
}
