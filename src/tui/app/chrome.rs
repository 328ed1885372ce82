//! The lines around the view: tabs, filter and status, hints.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use crate::report::words::{count, number};
use crate::tui::action::Action;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::feed::Pulse;
use crate::tui::keys::{self, Key};
use crate::tui::model::Model;
use crate::tui::overlay;
use crate::tui::store::State;
use crate::tui::theme::Role;
use crate::tui::view::ViewId;

/// Columns of the program's name.
const NAME: u16 = 7;

/// From here on, in percent, it is told how many packets wait to be decoded.
const FULL: u8 = 50;

/// From this width on, hints say what keys do.
const WORDS: u16 = 48;

/// The first line: the views, and whether reading goes on.
pub(super) fn header(model: &Model, paused: bool, screen: Rect, canvas: &mut Canvas<'_>) {
    let state = match &model.live {
        Some(pulse) => live(model, pulse, paused, screen.width),
        None => vec![state(model, paused)],
    };
    let wide: u16 = state.iter().map(|(text, _)| text.width() as u16).sum();
    let (y, mut x) = (screen.y, screen.x + 1);
    let room = screen.width.saturating_sub(wide + 2);
    let tabs = tabs(model, room.saturating_sub(1));
    if width(&tabs) + NAME < room {
        x += canvas.put(x, y, NAME, "wscope", Role::Heading) + 1;
    }
    let (gap, tabs) = tabs;
    for (view, text) in tabs {
        let role = if view == model.view { Role::On } else { Role::Text };
        let width = canvas.put(x, y, room.saturating_sub(x - screen.x), &text, role);
        canvas.hit(Rect::new(x, y, width, 1), Hit::View(view));
        x += width + gap;
    }
    let mut right = screen.right().saturating_sub(1 + wide);
    for (text, role) in state {
        right += canvas.put(right, y, screen.right().saturating_sub(right + 1), &text, role);
    }
}

/// What is told of a capture that grows: less where there is less room, but always what is lost.
fn live(model: &Model, pulse: &Pulse, paused: bool, width: u16) -> Vec<(String, Role)> {
    let (wide, medium) = (width >= 110, width >= 70);
    let heard = pulse.heard.unwrap_or_default();
    let trouble = heard.trouble || matches!(model.store.state(), State::Failed(_));
    let mut told = Vec::new();
    let state = if paused {
        let new = match pulse.held {
            0 => String::new(),
            held if medium => format!(" +{} new", number(held)),
            held => format!(" +{}", number(held)),
        };
        let word = if medium { " PAUSED" } else { "" };
        (format!("‖{word}{new}"), if trouble { Role::Error } else { Role::Warning })
    } else if !matches!(model.store.state(), State::Reading) {
        let (glyph, role) = if trouble { ("✗", Role::Error) } else { ("■", Role::Dim) };
        (format!("{glyph} ended"), role)
    } else {
        let word = if medium { "LIVE " } else { "" };
        (format!("● {word}{}/s", number(pulse.rate)), if trouble { Role::Error } else { Role::Good })
    };
    told.push(state);
    if let Some(clients) = heard.clients.filter(|_| medium) {
        told.push((format!("  {}", count(clients, "client")), Role::Dim));
    }
    match heard.dropped {
        Some(0) if medium => told.push(("  drop 0".to_owned(), Role::Dim)),
        None | Some(0) => {}
        Some(dropped) => {
            let gap = if medium { "  drop " } else { " -" };
            told.push((format!("{gap}{}", number(dropped)), Role::Error));
        }
    }
    if medium && heard.queue >= FULL {
        told.push((format!("  queue {}%", heard.queue), Role::Warning));
    }
    if let Some((kept, limit)) = model.kept_bytes().filter(|_| wide) {
        told.push((format!("  ring {}%", kept.saturating_mul(100) / limit.max(1)), Role::Dim));
    }
    told
}

/// Tabs, and how many columns are between them.
type Tabs = (u16, Vec<(ViewId, String)>);

/// The tabs in so many columns: with their names; where these have no room, those that are not in front are numbers.
fn tabs(model: &Model, room: u16) -> Tabs {
    let found = match model.store.findings().count() as u64 {
        0 => String::new(),
        found => number(found),
    };
    let count = |view| if view == ViewId::Findings { found.as_str() } else { "" };
    let named = |view: ViewId| {
        let (n, name, count) = (view.number(), view.name(), count(view));
        if count.is_empty() { format!("{n} {name}") } else { format!("{n} {name} {count}") }
    };
    let short = |view: ViewId| match (view == model.view, count(view)) {
        (true, _) => named(view),
        (false, "") => view.number().to_string(),
        // Without its name: what there is of it.
        (false, count) => format!("{}:{count}", view.number()),
    };
    let padded = |text: String| format!(" {text} ");
    let all = ViewId::ALL.into_iter();
    let told = |view: &ViewId| *view == model.view || !count(*view).is_empty();
    let forms: [Tabs; 4] = [
        (0, all.clone().map(|view| (view, padded(named(view)))).collect()),
        (1, all.clone().map(|view| (view, named(view))).collect()),
        (0, all.clone().map(|view| (view, padded(short(view)))).collect()),
        (0, all.filter(told).map(|view| (view, padded(short(view)))).collect()),
    ];
    let fits = |tabs: &Tabs| width(tabs) <= room;
    let least = (0, vec![(model.view, padded(format!("{} {}", model.view.number(), model.view.name())))]);
    forms.into_iter().find(fits).unwrap_or(least)
}

fn width((gap, tabs): &Tabs) -> u16 {
    let texts: u16 = tabs.iter().map(|(_, text)| text.width() as u16).sum();
    texts + gap * (tabs.len() as u16).saturating_sub(1)
}

fn state(model: &Model, paused: bool) -> (String, Role) {
    if paused {
        return ("‖ PAUSED".to_owned(), Role::Warning);
    }
    match (model.store.state(), model.progress) {
        (State::Failed(_), _) => ("✗ broken off".to_owned(), Role::Error),
        (State::Reading, Some(progress)) => {
            let percent = progress.total.filter(|total| *total > 0).map(|total| progress.read * 100 / total);
            let text = match percent {
                Some(percent) => format!("reading {}%", percent.min(100)),
                None => format!("reading {}", crate::report::words::size(progress.read)),
            };
            (text, Role::Info)
        }
        (State::Reading, None) => ("reading".to_owned(), Role::Info),
        (State::Done(summary), _) if !summary.damage.is_empty() => {
            ("! file damaged".to_owned(), Role::Warning)
        }
        (State::Done(_), _) => ("file".to_owned(), Role::Dim),
    }
}

/// The second line: the filter at the left, what is shown at the right.
pub(super) fn second_line(model: &Model, status: &str, screen: Rect, canvas: &mut Canvas<'_>) {
    let y = screen.y + 1;
    let status = &match model.store.gone().messages {
        0 => status.to_owned(),
        gone => format!("{status} · {} gone", number(gone)),
    };
    // What is shown is worth more than what the file is called.
    let most = screen.width * 3 / 5;
    let status_width = (status.width() as u16).min(most);
    let title_width = (model.title.width() as u16 + 2).min(most - status_width);
    let title_width = if title_width < 12 { 0 } else { title_width };
    let room = screen.width.saturating_sub(status_width + title_width + 3);
    let mut x = screen.x + 1;
    x += canvas.put(x, y, 2, "/ ", Role::Key);
    canvas.hit(Rect::new(screen.x, y, room, 1), Hit::Act(Action::Filter));
    match &model.filtering {
        Some(filtering) => {
            let state = filtering.status(&model.store);
            let how = if filtering.hides() { "" } else { "highlighted, " };
            let role = if filtering.failed().is_some() { Role::Error } else { Role::Dim };
            x += canvas.put(x, y, room.saturating_sub(2), filtering.text(), Role::Match);
            canvas.put(x + 1, y, (screen.x + room).saturating_sub(x + 1), &format!(" {how}{state}"), role)
        }
        None => canvas.put(x, y, room.saturating_sub(2), "(no filter)", Role::Dim),
    };
    canvas.put_right(screen.right() - 1 - status_width, y, status_width, status, Role::Dim);
    let left = screen.right() - 1 - status_width - title_width;
    canvas.put(left, y, title_width.saturating_sub(2), &model.title, Role::Dim);
}

/// The last line: what keys do, as many as have room; help and the way back always.
pub(super) fn footer(
    model: &Model,
    hints: &[(Action, &'static str)],
    top: bool,
    area: Rect,
    canvas: &mut Canvas<'_>,
) {
    let key = |action| model.keymap.keys(action).next().unwrap_or_default();
    let words = area.width >= WORDS;
    let back = if top { "quit" } else { "back" };
    let fixed: [(Action, &str); 2] = [(Action::Help, "help"), (Action::Back, back)];
    let width_of = |action, word: &str| {
        let key = key(action).width() as u16;
        if words { key + word.width() as u16 + 3 } else { key + 1 }
    };
    let reserved: u16 = fixed.iter().map(|(action, word)| width_of(*action, word)).sum::<u16>() + 1;
    let (mut x, y) = (area.x + 1, area.y);
    if let Some(notice) = &model.notice {
        let role = if notice.error { Role::Error } else { Role::Heading };
        canvas.put(x, y, area.width.saturating_sub(reserved + 1), &notice.text, role);
    } else {
        for (action, word) in hints {
            if x + width_of(*action, word) > area.right().saturating_sub(reserved) {
                break;
            }
            x = hint(canvas, x, y, *action, &key(*action), if words { word } else { "" });
        }
    }
    let mut x = area.right().saturating_sub(reserved) + 1;
    for (action, word) in fixed {
        x = hint(canvas, x, y, action, &key(action), if words { word } else { "" });
    }
}

fn hint(canvas: &mut Canvas<'_>, x: u16, y: u16, action: Action, key: &str, word: &str) -> u16 {
    let mut end = x + canvas.put(x, y, key.width() as u16, key, Role::Key) + 1;
    if !word.is_empty() {
        end += canvas.put(end, y, word.width() as u16, word, Role::Dim) + 2;
    }
    canvas.hit(Rect::new(x, y, end - x, 1), Hit::Act(action));
    end
}

/// The last line while an overlay is open.
pub(super) fn overlay_footer(hints: &[(&'static str, &'static str)], area: Rect, canvas: &mut Canvas<'_>) {
    canvas.clear(area);
    let mut x = area.x + 1;
    for (key, word) in hints {
        x += canvas.put(x, area.y, area.right().saturating_sub(x), key, Role::Key) + 1;
        x += canvas.put(x, area.y, area.right().saturating_sub(x), word, Role::Dim) + 2;
        if x >= area.right() {
            break;
        }
    }
}

/// While a sequence is being typed: what may follow.
pub(super) fn sequence_footer(model: &Model, pressed: &[Key], screen: Rect, canvas: &mut Canvas<'_>) {
    let following: Vec<_> = model.keymap.following(model.view, pressed).collect();
    let footer = Rect::new(screen.x, screen.bottom() - 1, screen.width, 1);
    canvas.clear(footer);
    canvas.put(footer.x + 1, footer.y, footer.width - 1, &format!("{} …", keys::text(pressed)), Role::Key);
    let height = (following.len() as u16 + 2).min(screen.height.saturating_sub(3));
    let widest = following.iter().map(|(_, action)| action.entry().title.width() as u16).max().unwrap_or(0);
    let width = (widest + 8).min(screen.width);
    let box_ = overlay::middle(screen, width, height);
    let area = Rect::new(screen.right() - box_.width, footer.y - box_.height, box_.width, box_.height);
    canvas.clear(area);
    let inner = canvas.frame(area, &keys::text(pressed), "", true);
    for (y, (rest, action)) in (inner.y..inner.bottom()).zip(&following) {
        canvas.put(inner.x + 1, y, 3, &keys::text(rest), Role::Key);
        canvas.put(inner.x + 5, y, inner.width.saturating_sub(6), action.entry().title, Role::Text);
        canvas.hit(Rect::new(inner.x, y, inner.width, 1), Hit::Act(*action));
    }
}
