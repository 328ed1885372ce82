//! A screen as SVG: text in a monospaced face, with the colours of a terminal.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// The size of a screen in the documentation.
pub(crate) const SIZE: (u16, u16) = (120, 32);

/// A cell in pixels.
const CELL: (f64, f64) = (8.4, 18.0);

const MARGIN: f64 = 12.0;

/// What a terminal shows a colour as: here, those of a common palette.
struct Palette {
    text: u32,
    ground: u32,
    sixteen: [u32; 16],
}

const DARK: Palette = Palette {
    text: 0xd8_de_e4,
    ground: 0x16_1b_22,
    sixteen: [
        0x16_1b_22, 0xff_7b_72, 0x6f_dd_8b, 0xe3_b3_41, 0x6c_b6_ff, 0xdc_bd_fb, 0x56_d4_dd, 0xb1_ba_c4,
        0x8b_94_9e, 0xff_a1_98, 0x8d_db_8c, 0xf0_d0_7a, 0x96_d0_ff, 0xe2_c5_ff, 0x76_e3_ea, 0xf0_f6_fc,
    ],
};

const LIGHT: Palette = Palette {
    text: 0x1f_23_28,
    ground: 0xff_ff_ff,
    sixteen: [
        0x1f_23_28, 0xb3_1d_28, 0x11_63_29, 0xff_df_5d, 0x08_50_ae, 0x82_50_df, 0x0a_69_77, 0x6e_77_81,
        0x57_60_6a, 0xcf_22_2e, 0x1a_7f_37, 0x9a_67_00, 0x09_69_da, 0x82_50_df, 0x0a_69_77, 0xff_ff_ff,
    ],
};

impl Palette {
    fn color(&self, color: Color, otherwise: u32) -> u32 {
        let named = match color {
            Color::Rgb(red, green, blue) => return u32::from_be_bytes([0, red, green, blue]),
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 8,
            Color::LightRed => 9,
            Color::LightGreen => 10,
            Color::LightYellow => 11,
            Color::LightBlue => 12,
            Color::LightMagenta => 13,
            Color::LightCyan => 14,
            Color::White => 15,
            _ => return otherwise,
        };
        self.sixteen.get(named).copied().unwrap_or(otherwise)
    }
}

/// How a cell looks: text, ground, modifiers.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    text: u32,
    ground: u32,
    modifier: Modifier,
}

/// The screen as SVG, with the palette of a light terminal or a dark one.
pub(crate) fn svg(buffer: &Buffer, light: bool) -> String {
    let palette = if light { LIGHT } else { DARK };
    let (width, height) = (f64::from(buffer.area.width) * CELL.0, f64::from(buffer.area.height) * CELL.1);
    let (outer_width, outer_height) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {outer_width:.0} {outer_height:.0}\" width=\"{outer_width:.0}\" \
         height=\"{outer_height:.0}\" font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" \
         font-size=\"14\" xml:space=\"preserve\" role=\"img\" aria-label=\"wscope in a terminal\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#{:06x}\"/>\n",
        palette.ground
    );
    for (y, row) in buffer.content.chunks(usize::from(buffer.area.width).max(1)).enumerate() {
        let top = MARGIN + y as f64 * CELL.1;
        for (x, text, look) in runs(row, &palette) {
            let (left, columns) = (MARGIN + x as f64 * CELL.0, text.width());
            let length = columns as f64 * CELL.0;
            if look.ground != palette.ground {
                let _ = writeln!(
                    out,
                    "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{length:.1}\" height=\"{}\" fill=\"#{:06x}\"/>",
                    CELL.1, look.ground
                );
            }
            let trimmed = text.trim_end();
            if trimmed.trim_start().is_empty() {
                continue;
            }
            let length = trimmed.width() as f64 * CELL.0;
            let weight = if look.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
            let line = if look.modifier.contains(Modifier::UNDERLINED) {
                " text-decoration=\"underline\""
            } else {
                ""
            };
            let text = trimmed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let _ = writeln!(
                out,
                "<text x=\"{left:.1}\" y=\"{:.1}\" textLength=\"{length:.1}\" fill=\"#{:06x}\"{weight}{line}>{text}</text>",
                top + 13.5,
                look.text
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

/// A row in pieces that look the same; the text of a piece begins with no space.
fn runs(row: &[Cell], palette: &Palette) -> Vec<(usize, String, Look)> {
    let mut runs: Vec<(usize, String, Look)> = Vec::new();
    let mut skip = 0;
    for (x, cell) in row.iter().enumerate() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        skip = cell.symbol().width().saturating_sub(1);
        let (mut text, mut ground) =
            (palette.color(cell.fg, palette.text), palette.color(cell.bg, palette.ground));
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut text, &mut ground);
        }
        let look = Look { text, ground, modifier: cell.modifier };
        match runs.last_mut() {
            // Wide gaps would be spread over all of the text where a face has another width.
            Some((_, run, before)) if *before == look && !(run.ends_with("  ") && cell.symbol() != " ") => {
                run.push_str(cell.symbol());
            }
            _ => runs.push((x, cell.symbol().to_owned(), look)),
        }
    }
    runs
}
