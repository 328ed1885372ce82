//! What is selected, what belongs to it, and going elsewhere.

use std::sync::Arc;

use super::{Effect, Loaded, Model};
use crate::http::upgrade::Handshake;
use crate::place::{Place, What};
use crate::tui::reopen::MessageDetail;
use crate::tui::store::{Conn, Row};
use crate::tui::view::ViewId;

impl Model {
    /// The connection under the cursor.
    #[must_use]
    pub fn current_conn(&self) -> Option<&Conn> {
        self.store.conn(self.conn?)
    }

    /// The message under the cursor, and its preview.
    #[must_use]
    pub fn current_message(&self) -> Option<(&Row, &str)> {
        self.store.message(self.message?)
    }

    /// Puts the cursor on a connection, and on its first message where it is on one of another.
    pub fn select_conn(&mut self, number: u32) {
        self.conn = Some(number);
        let on_it = self.current_message().is_some_and(|(row, _)| row.conn == number);
        if !on_it {
            let first = self.store.conn(number).and_then(|conn| conn.messages.iter().next());
            self.message = first.map(|place| *place as usize);
            self.unchosen = true;
            self.frame = None;
        }
    }

    /// Puts the cursor on a message, and on its connection.
    pub fn select_message(&mut self, place: usize) {
        if let Some((row, _)) = self.store.message(place) {
            self.conn = Some(row.conn);
            self.message = Some(place);
            self.unchosen = false;
            self.frame = None;
        }
    }

    /// Puts the cursor on what an id names, and goes to the view that shows it. Says so where there is no such thing.
    pub fn go(&mut self, place: Place) {
        let Some(conn) = self.store.conn(place.conn) else {
            return self.fail(if self.store.is_gone(place.conn) {
                format!("connection {} had to make room for later ones", place.conn)
            } else {
                format!("there is no connection {}", place.conn)
            });
        };
        let number = conn.number;
        let view = match place.what {
            What::Connection => ViewId::Conns,
            What::Handshake => ViewId::Handshake,
            What::Message(n) => match self.store.place_of(number, n) {
                Some(message) => {
                    self.select_message(message);
                    ViewId::Messages
                }
                None if n > 0 && n <= conn.messages.len() as u64 => {
                    return self
                        .fail(format!("message {n} of connection {number} had to make room for later ones"));
                }
                None => return self.fail(format!("connection {number} has no message {n}")),
            },
            What::Frame(n) => match self.store.place_of_frame(number, n, None) {
                Some(message) => {
                    self.select_message(message);
                    self.frame = Some(n);
                    ViewId::Inspect
                }
                None => return self.fail(format!("no message of connection {number} has frame {n}")),
            },
        };
        self.conn = Some(number);
        self.effect(Effect::Go(view));
    }

    /// The message under the cursor with its payload.
    pub fn current_detail(&mut self) -> Loaded<'_, MessageDetail> {
        match self.message {
            Some(place) => self.detail(place),
            None => Loaded::Gone,
        }
    }

    /// A message with its payload.
    pub fn detail(&mut self, place: usize) -> Loaded<'_, MessageDetail> {
        match self.shared_detail(place) {
            Loaded::Loading => Loaded::Loading,
            Loaded::Gone => Loaded::Gone,
            Loaded::Failed(error) => Loaded::Failed(error),
            Loaded::Ready(detail) => Loaded::Ready(detail),
        }
    }

    /// As [`Model::detail`], to be given to another thread.
    pub fn shared_detail(&mut self, place: usize) -> Loaded<'_, Arc<MessageDetail>> {
        self.details.message(place, &self.store, self.reopener.as_ref(), &self.workers)
    }

    /// What was not there may be there now: it is asked for again.
    pub fn retry(&mut self) {
        self.details.retry(&self.store);
    }

    /// The opening handshake of a connection.
    pub fn handshake(&mut self, conn: u32) -> Loaded<'_, Handshake> {
        self.details.handshake(conn, &self.store, self.reopener.as_ref(), &self.workers)
    }
}
