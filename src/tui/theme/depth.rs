//! Colours on terminals that have few of them, and how well one is read on another.

use ratatui::style::Color;

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The sixteen that its user chose.
    Sixteen,
    /// Those, a cube of 216, and 24 greys.
    Indexed,
    /// All.
    True,
}

/// The sixteen as xterm has them: nobody knows what the terminal's user chose.
const SIXTEEN: [(Color, u32); 16] = [
    (Color::Black, 0x00_00_00),
    (Color::Red, 0xcd_00_00),
    (Color::Green, 0x00_cd_00),
    (Color::Yellow, 0xcd_cd_00),
    (Color::Blue, 0x00_00_ee),
    (Color::Magenta, 0xcd_00_cd),
    (Color::Cyan, 0x00_cd_cd),
    (Color::Gray, 0xe5_e5_e5),
    (Color::DarkGray, 0x7f_7f_7f),
    (Color::LightRed, 0xff_00_00),
    (Color::LightGreen, 0x00_ff_00),
    (Color::LightYellow, 0xff_ff_00),
    (Color::LightBlue, 0x5c_5c_ff),
    (Color::LightMagenta, 0xff_00_ff),
    (Color::LightCyan, 0x00_ff_ff),
    (Color::White, 0xff_ff_ff),
];

/// The steps of the cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Depth {
    /// What a terminal says of itself in `COLORTERM` and `TERM`.
    #[must_use]
    pub fn of(colorterm: &str, term: &str) -> Self {
        let (colorterm, term) = (colorterm.to_ascii_lowercase(), term.to_ascii_lowercase());
        let has = |names: &[&str]| names.iter().any(|name| term.contains(name));
        if colorterm.contains("truecolor")
            || colorterm.contains("24bit")
            || has(&["-direct", "kitty", "alacritty", "ghostty"])
        {
            Self::True
        } else if has(&["256color"]) {
            Self::Indexed
        } else {
            Self::Sixteen
        }
    }

    /// The colour nearest to one.
    #[must_use]
    pub fn nearest(self, color: Color) -> Color {
        let wanted = match (self, color) {
            (Self::True, _) => return color,
            (_, Color::Rgb(red, green, blue)) => [red, green, blue],
            (Self::Sixteen, Color::Indexed(n @ 16..)) => indexed(n),
            (Self::Sixteen, Color::Indexed(n)) => {
                return SIXTEEN.get(usize::from(n)).map_or(color, |(color, _)| *color);
            }
            _ => return color,
        };
        if self == Self::Sixteen {
            let near = SIXTEEN.into_iter().min_by_key(|(_, rgb)| distance(bytes(*rgb), wanted));
            near.map_or(color, |(color, _)| color)
        } else {
            let near = (16..=255).min_by_key(|n| distance(indexed(*n), wanted));
            near.map_or(color, Color::Indexed)
        }
    }
}

const fn bytes(rgb: u32) -> [u8; 3] {
    let [_, red, green, blue] = rgb.to_be_bytes();
    [red, green, blue]
}

/// A colour of the 256, from 16 on.
fn indexed(n: u8) -> [u8; 3] {
    let step = |n: u8| STEPS.get(usize::from(n)).copied().unwrap_or_default();
    match n {
        232.. => [8 + 10 * (n - 232); 3],
        16.. => [step((n - 16) / 36), step((n - 16) / 6 % 6), step((n - 16) % 6)],
        _ => SIXTEEN.get(usize::from(n)).map_or([0; 3], |(_, rgb)| bytes(*rgb)),
    }
}

/// How far colours are from each other; the eye sees most of it in green.
fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    let part = |n: usize, weight: u32| {
        let pair = one.get(n).zip(other.get(n));
        pair.map_or(0, |(one, other)| weight * u32::from(one.abs_diff(*other)).pow(2))
    };
    part(0, 2) + part(1, 4) + part(2, 3)
}

/// The contrast of two colours, 1 to 21 (WCAG 2, "contrast ratio"); `None` where one is not known.
#[must_use]
pub fn contrast(one: Color, other: Color) -> Option<f64> {
    let (one, other) = (luminance(one)?, luminance(other)?);
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

fn luminance(color: Color) -> Option<f64> {
    let rgb = match color {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(n @ 16..) => indexed(n),
        _ => return None,
    };
    let [red, green, blue] = rgb.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    Some(0.2126 * red + 0.7152 * green + 0.0722 * blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_tell_their_colors() {
        for (colorterm, term, depth) in [
            ("truecolor", "xterm-256color", Depth::True),
            ("24bit", "", Depth::True),
            ("", "xterm-kitty", Depth::True),
            ("", "screen-256color", Depth::Indexed),
            ("", "xterm", Depth::Sixteen),
            ("", "", Depth::Sixteen),
        ] {
            assert_eq!(Depth::of(colorterm, term), depth, "{colorterm} {term}");
        }
    }

    #[test]
    fn fewer_colors_are_near() {
        let orange = Color::Rgb(0xff, 0xaf, 0x00);
        assert_eq!(Depth::True.nearest(orange), orange);
        assert_eq!(Depth::Indexed.nearest(orange), Color::Indexed(214));
        assert_eq!(Depth::Indexed.nearest(Color::Rgb(8, 8, 9)), Color::Indexed(232));
        assert_eq!(Depth::Indexed.nearest(Color::Red), Color::Red);
        assert_eq!(Depth::Sixteen.nearest(Color::Rgb(250, 5, 5)), Color::LightRed);
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(231)), Color::White);
        assert_eq!(Depth::Sixteen.nearest(Color::Indexed(1)), Color::Red);
        assert_eq!(Depth::Sixteen.nearest(Color::Reset), Color::Reset);
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let of = |one, other| contrast(Color::from_u32(one), Color::from_u32(other)).unwrap();
        assert!((of(0, 0xff_ff_ff) - 21.0).abs() < 0.001);
        assert!((of(0x77_77_77, 0xff_ff_ff) - 4.478).abs() < 0.001);
        assert!((of(0xff_ff_ff, 0xff_ff_ff) - 1.0).abs() < 0.001);
        assert_eq!(contrast(Color::Red, Color::Black), None);
    }
}
