//! The views: each draws itself, and does what is asked while it is in front.

pub mod conns;
pub mod findings;
pub mod follow;
pub mod handshake;
pub mod inspect;
pub mod messages;
pub mod stats;

use std::time::Duration;

use ratatui::layout::Rect;

use super::action::Action;
use super::canvas::{Canvas, Hit};
use super::exporting::Table;
use super::grid::Column;
use super::model::Model;

/// Names of the views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewId {
    /// The connections.
    Conns,
    /// The messages of one connection or all.
    Messages,
    /// One message.
    Inspect,
    /// The findings.
    Findings,
    /// Figures.
    Stats,
    /// The opening handshake of a connection.
    Handshake,
    /// A conversation as text.
    Follow,
}

impl ViewId {
    /// All of them, as they are numbered.
    pub const ALL: [Self; 7] = [
        Self::Conns,
        Self::Messages,
        Self::Inspect,
        Self::Findings,
        Self::Stats,
        Self::Handshake,
        Self::Follow,
    ];

    /// Its name on the tab.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conns => "Conns",
            Self::Messages => "Messages",
            Self::Inspect => "Inspect",
            Self::Findings => "Findings",
            Self::Stats => "Stats",
            Self::Handshake => "Handshake",
            Self::Follow => "Follow",
        }
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize + 1
    }

    /// The action that goes there.
    #[must_use]
    pub const fn action(self) -> Action {
        match self {
            Self::Conns => Action::Conns,
            Self::Messages => Action::Messages,
            Self::Inspect => Action::Inspect,
            Self::Findings => Action::Findings,
            Self::Stats => Action::Stats,
            Self::Handshake => Action::Handshake,
            Self::Follow => Action::Follow,
        }
    }
}

/// A view. What it shows is in the [`Model`]; it keeps where it is scrolled to and the like.
pub trait View: std::fmt::Debug {
    /// What the second line says at its right, such as `1,204 of 3,943 messages`.
    fn status(&self, model: &Model) -> String;

    /// What the footer offers, the most useful first, in a word or two each.
    fn hints(&self, model: &Model) -> Vec<(Action, &'static str)>;

    /// Draws itself into an area that may be as small as 30 by 5.
    fn draw(&mut self, model: &mut Model, area: Rect, canvas: &mut Canvas<'_>);

    /// Goes on, for about so long, with what it could not do while it was drawn, where it said that there is more.
    /// Returns whether there still is.
    fn advance(&mut self, _model: &mut Model, _budget: Duration) -> bool {
        false
    }

    /// Does what is asked, where it is something that the view does. Returns whether it was. `Cancel` that has
    /// nothing to end is not.
    fn act(&mut self, model: &mut Model, action: Action) -> bool;

    /// Something that it drew was clicked, or double-clicked.
    fn click(&mut self, model: &mut Model, hit: Hit, double: bool);

    /// The wheel was turned by so many rows above a pane.
    fn roll(&mut self, model: &mut Model, pane: usize, by: isize);

    /// It comes to the front.
    fn enter(&mut self, _model: &mut Model) {}

    /// A term of a filter that the field under the cursor satisfies, such as `op == text`.
    fn field(&self, _model: &Model) -> Option<String> {
        None
    }

    /// The columns of its table, where it is one.
    fn columns(&self) -> &'static [Column] {
        &[]
    }

    /// The table behind what it draws, for an export.
    fn table(&self, _model: &Model) -> Option<Table> {
        None
    }

    /// What `y y` copies: the line under the cursor, or the text.
    fn line(&self, _model: &Model) -> Option<String> {
        None
    }
}

/// Puts the cursor on another connection, by number; a list that is scoped to the current one goes along.
pub(super) fn other_conn(model: &mut Model, by: i64) {
    let Some(conn) = model.conn else { return };
    let next = u32::try_from(i64::from(conn) + by).ok().filter(|next| model.store.conn(*next).is_some());
    if next.is_none() {
        return model.say(if by > 0 {
            "this is the last connection"
        } else {
            "this is the first connection"
        });
    }
    if let Some(next) = next {
        model.select_conn(next);
        if model.narrow.conn.is_some() {
            model.narrow.conn = Some(next);
            model.narrowed();
        }
    }
}
