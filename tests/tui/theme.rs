//! Themes: legible, and told apart.

use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;
use wscope::tui::drive::Driver;
use wscope::tui::theme::{Depth, Role, Theme};

use super::open;

#[test]
fn what_has_its_own_colours_can_be_read() {
    let mut pairs = 0;
    for theme in Theme::ALL {
        for (role, contrast) in theme.contrasts() {
            assert!(contrast >= 4.5, "{}: {role:?} has a contrast of {contrast:.2}", theme.name);
            pairs += 1;
        }
    }
    assert!(pairs >= 2 * (Role::ALL.len() - 1), "{pairs} pairs have colours that are known");
}

/// Whoever is in the dark about colours has letters; but these roles should differ at a glance.
#[test]
fn who_sends_and_what_is_wrong_differ() {
    for theme in Theme::ALL {
        let apart = |one, other| {
            assert_ne!(theme.style(one), theme.style(other), "{}: {one:?}, {other:?}", theme.name)
        };
        apart(Role::Error, Role::Text);
        apart(Role::Warning, Role::Text);
        apart(Role::Error, Role::Warning);
        apart(Role::On, Role::Text);
        apart(Role::Cursor, Role::Text);
        apart(Role::Match, Role::Text);
        if theme != Theme::PLAIN {
            apart(Role::Client, Role::Server);
        }
    }
}

#[test]
fn plain_has_no_colours() {
    assert!(!Theme::PLAIN.has_colors());
    assert!(Theme::ALL.iter().filter(|theme| theme.has_colors()).count() == Theme::ALL.len() - 1);
    let mut driver = open("lossy.pcapng");
    driver.app.model.theme = Theme::PLAIN;
    driver.press("2?");
    let colored = |driver: &Driver| {
        driver.buffer().content.iter().any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(!colored(&driver));
    driver.app.model.theme = Theme::DARK;
    driver.draw();
    assert!(colored(&driver));
}

/// A theme with a ground of its own leaves no hole in it, below overlays neither.
#[test]
fn the_ground_is_everywhere() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.app.model.theme = Theme::HIGH_CONTRAST;
    let black = Color::Rgb(0, 0, 0);
    for keys in ["1", "2", "3", "4", "5", "6", "7", "y", "<Esc>?"] {
        driver.press(keys);
        let mut wide = false;
        let hole = driver.buffer().content.iter().position(|cell| {
            // The second half of a wide character is drawn with the first.
            let hidden = std::mem::replace(&mut wide, cell.symbol().width() > 1);
            let ground = if cell.modifier.contains(Modifier::REVERSED) { cell.fg } else { cell.bg };
            ground == Color::Reset && !hidden
        });
        let cell = hole.map(|at| driver.buffer().content[at].clone());
        assert_eq!(hole, None, "{keys} {cell:?}\n{}", driver.text());
        assert!(driver.buffer().content.iter().any(|cell| cell.bg == black));
    }
}

#[test]
fn all_themes_are_gone_through() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.app.model.theme = Theme::ALL[0].clone();
    let mut seen = Vec::new();
    for _ in Theme::ALL {
        driver.press("T");
        seen.push(driver.app.model.theme.name.clone());
    }
    assert_eq!(driver.app.model.theme, Theme::ALL[0]);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), Theme::ALL.len());
}

#[test]
fn fewer_colours_keep_roles_apart() {
    for theme in [Theme::HIGH_CONTRAST, Theme::CVD] {
        for depth in [Depth::Indexed, Depth::Sixteen] {
            let theme = theme.at(depth);
            let rgb = |role| {
                let style = theme.style(role);
                [style.fg, style.bg].into_iter().flatten().any(|color| matches!(color, Color::Rgb(..)))
            };
            assert!(!Role::ALL.into_iter().any(rgb), "{}", theme.name);
            assert_ne!(theme.style(Role::Client), theme.style(Role::Server));
            assert_ne!(theme.style(Role::Text).fg, theme.style(Role::Text).bg);
        }
    }
}
