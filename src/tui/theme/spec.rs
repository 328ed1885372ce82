//! Styles as they are written in the configuration file: `green`, `#1e90ff black bold`, `default - underlined`.

use ratatui::style::{Color, Modifier, Style};

/// Colours by name: those that the terminal's user chose.
pub const COLORS: [(&str, Color); 18] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
    ("grey", Color::Gray),
    ("dark-grey", Color::DarkGray),
];

/// What a style may be besides its colours.
pub const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// Reads a style: the colour of the text, then that of the ground, then modifiers. `-` and `default` stand for
/// the terminal's own colour; a number from 0 to 255 for one of its 256.
///
/// # Errors
/// Where a word is neither a colour nor a modifier, or there is a third colour.
pub fn style(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut colors = 0;
    for word in text.split_whitespace() {
        if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == word) {
            style = style.add_modifier(*modifier);
            continue;
        }
        let color = color(word)?;
        colors += 1;
        style = match (colors, color) {
            (1 | 2, None) => style,
            (1, Some(color)) => style.fg(color),
            (2, Some(color)) => style.bg(color),
            _ => {
                return Err(format!(
                    "`{word}` is a third colour: write that of the text, then that of the ground"
                ));
            }
        };
    }
    Ok(style)
}

/// A colour; `None` = the terminal's own.
fn color(word: &str) -> Result<Option<Color>, String> {
    if matches!(word, "-" | "default") {
        return Ok(None);
    }
    if let Some((_, color)) = COLORS.iter().find(|(name, _)| *name == word) {
        return Ok(Some(*color));
    }
    if let Some(digits) = word.strip_prefix('#') {
        let rgb = (digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| u32::from_str_radix(digits, 16).ok())
            .flatten();
        return rgb
            .map(|rgb| Some(Color::from_u32(rgb)))
            .ok_or_else(|| format!("`{word}` is no colour: write six digits, such as #1e90ff"));
    }
    if word.bytes().all(|byte| byte.is_ascii_digit()) {
        return word
            .parse()
            .map(|n| Some(Color::Indexed(n)))
            .map_err(|_| format!("`{word}` is no colour: they go from 0 to 255"));
    }
    let names = COLORS.iter().map(|(name, _)| *name).chain(MODIFIERS.iter().map(|(name, _)| *name));
    Err(match crate::filter::nearest(word, names) {
        Some(near) => format!("`{word}` is no colour; did you mean `{near}`?"),
        None => format!(
            "`{word}` is no colour: write a name (green, light-blue), #1e90ff, or a number from 0 to 255"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_read() {
        for (text, expected) in [
            ("", Style::new()),
            ("green", Style::new().fg(Color::Green)),
            ("- dark-gray", Style::new().bg(Color::DarkGray)),
            (
                "#1e90ff 236 bold underlined",
                Style::new()
                    .fg(Color::Rgb(0x1e, 0x90, 0xff))
                    .bg(Color::Indexed(236))
                    .add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            ),
            ("bold", Style::new().add_modifier(Modifier::BOLD)),
        ] {
            assert_eq!(style(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_style_is_explained() {
        for (text, remark) in [
            ("gren", "did you mean `green`?"),
            ("bolt", "did you mean `bold`?"),
            ("#12", "write six digits"),
            ("#+12345", "write six digits"),
            ("256", "from 0 to 255"),
            ("red blue green", "`green` is a third colour"),
            ("purplish", "write a name"),
        ] {
            let error = style(text).unwrap_err();
            assert!(error.contains(remark), "{text}: {error}");
        }
    }
}
