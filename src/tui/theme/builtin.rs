//! The themes that come with the program.

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

use super::{Theme, fg};

const BOLD: Modifier = Modifier::BOLD;
const DIM: Modifier = Modifier::DIM;
const REVERSED: Modifier = Modifier::REVERSED;
const UNDERLINED: Modifier = Modifier::UNDERLINED;

const fn rgb(color: u32) -> Style {
    fg(Color::from_u32(color))
}

const fn on(color: u32, ground: u32) -> Style {
    rgb(color).bg(Color::from_u32(ground))
}

impl Theme {
    /// The sixteen colours that the terminal's user chose, on a dark ground.
    pub const DARK: Self = Self {
        name: Cow::Borrowed("dark"),
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
        name: Cow::Borrowed("light"),
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
        name: Cow::Borrowed("plain"),
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

    /// White on black, and few other colours, all bright.
    pub const HIGH_CONTRAST: Self = Self {
        name: Cow::Borrowed("high-contrast"),
        styles: [
            on(0xff_ff_ff, 0x00_00_00),
            rgb(0xd0_d0_d0),
            rgb(0xff_ff_00).add_modifier(BOLD),
            rgb(0xff_ff_ff).add_modifier(BOLD).add_modifier(UNDERLINED),
            Style::new().add_modifier(REVERSED),
            on(0x00_00_00, 0xff_ff_00).add_modifier(BOLD),
            rgb(0x00_ff_00),
            rgb(0x00_ff_ff),
            on(0x00_00_00, 0xff_8c_8c).add_modifier(BOLD),
            rgb(0xff_ff_00).add_modifier(BOLD),
            rgb(0xa8_cc_ff),
            rgb(0x00_ff_00),
            on(0x00_00_00, 0xff_ff_00),
            rgb(0xff_ff_00).add_modifier(BOLD),
            rgb(0xa8_cc_ff),
            rgb(0x00_ff_00),
            rgb(0xff_b0_ff),
            rgb(0xff_c0_40).add_modifier(BOLD),
        ],
    };

    /// Blue and orange, for those who do not tell red from green.
    pub const CVD: Self = Self {
        name: Cow::Borrowed("cvd"),
        styles: [
            on(0xe6_e6_e6, 0x10_14_18),
            rgb(0x9a_a4_ae),
            rgb(0x56_b4_e9),
            rgb(0xff_ff_ff).add_modifier(BOLD),
            Style::new().add_modifier(REVERSED),
            on(0x10_14_18, 0x56_b4_e9).add_modifier(BOLD),
            rgb(0xff_b0_00),
            rgb(0x6c_c4_ff),
            on(0x10_14_18, 0xff_7a_1a).add_modifier(BOLD),
            rgb(0xf0_e4_42).add_modifier(BOLD),
            rgb(0x8f_b8_ff),
            rgb(0x6c_c4_ff),
            on(0x10_14_18, 0xf0_e4_42),
            rgb(0x56_b4_e9).add_modifier(BOLD),
            rgb(0x8f_b8_ff),
            rgb(0xff_c8_60),
            rgb(0xe0_9c_c4),
            rgb(0xff_9c_50).add_modifier(BOLD),
        ],
    };
}
