//! What lies above the view for a while: help, palette, questions.

pub mod columns;
pub mod diff;
pub mod export;
pub mod filter;
pub mod find;
pub mod help;
pub mod notes;
pub mod palette;
pub mod rule;
pub mod suppress;

use ratatui::layout::Rect;

use crossterm::event::{KeyCode, KeyModifiers};

use super::action::{Action, Entry};
use super::canvas::{Canvas, Hit};
use super::keys::Key;
use super::list::Step;
use super::model::Model;
use super::view::ViewId;

/// What becomes of an overlay after a key.
#[derive(Debug)]
pub enum After {
    /// It stays.
    Stay,
    /// It goes away.
    Close,
    /// It goes away, and the view does this.
    Run(Action),
    /// It goes away, and another view comes and does this.
    RunIn(ViewId, Action),
}

/// Something above the view. It gets every key while it is there.
pub trait Overlay: std::fmt::Debug {
    /// What the footer says while it is open, in pairs of a key and what it does.
    fn hints(&self) -> Vec<(&'static str, &'static str)>;

    /// Draws itself somewhere on the screen.
    fn draw(&mut self, model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>);

    /// A key was pressed.
    fn key(&mut self, model: &mut Model, key: Key) -> After;

    /// Text was pasted.
    fn paste(&mut self, _model: &mut Model, _text: &str) {}

    /// Something that it drew was clicked.
    fn click(&mut self, _model: &mut Model, _hit: Hit, _double: bool) -> After {
        After::Stay
    }

    /// The wheel was turned.
    fn roll(&mut self, _model: &mut Model, _by: isize) {}

    /// It has done what it was there for, and goes away by itself.
    fn is_over(&self) -> bool {
        false
    }
}

/// A box in the middle of the screen, at most so large.
#[must_use]
pub fn middle(screen: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    let (x, y) = ((screen.width - width) / 2, (screen.height - height) / 2);
    Rect::new(screen.x + x, screen.y + y, width, height)
}

/// How the keys of lists move, while letters are typed.
#[must_use]
pub fn step(key: Key) -> Option<Step> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Down => Step::By(1),
        KeyCode::Up => Step::By(-1),
        KeyCode::Char('n') if control => Step::By(1),
        KeyCode::Char('p') if control => Step::By(-1),
        KeyCode::PageDown => Step::Halves(2),
        KeyCode::PageUp => Step::Halves(-2),
        KeyCode::Home => Step::First,
        KeyCode::End => Step::Last,
        _ => return None,
    })
}

/// Does what an entry says, in the view in front, or else in the first that offers it.
fn run(entry: &Entry, view: ViewId) -> After {
    let offers = ViewId::ALL.into_iter().find(|view| entry.views.contains(*view));
    match offers {
        Some(other) if !entry.views.contains(view) => After::RunIn(other, entry.action),
        _ => After::Run(entry.action),
    }
}
