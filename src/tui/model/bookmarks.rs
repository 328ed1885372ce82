//! Bookmarks and notes on messages.

use super::Model;
use crate::tui::notes::Note;

impl Model {
    /// Sets a bookmark on the message under the cursor, or takes it away.
    pub fn toggle_bookmark(&mut self) {
        let Some((row, _)) = self.message.and_then(|place| self.store.message(place)) else {
            return self.say("there is no message under the cursor");
        };
        let row = *row;
        self.notes.change(&row, |note| note.bookmark = !note.bookmark);
        let set = self.notes.get(&row).is_some_and(|note| note.bookmark);
        self.say(if set { "bookmark set; ' goes to the next" } else { "bookmark taken away" });
        self.save_notes();
    }

    /// Writes a note on a message; an empty one takes it away.
    pub fn set_note(&mut self, place: usize, text: &str) {
        if let Some((row, _)) = self.store.message(place) {
            self.notes.change(row, |note| text.clone_into(&mut note.text));
            self.save_notes();
        }
    }

    /// Takes bookmark and note of a message away.
    pub fn forget_note(&mut self, place: usize) {
        if let Some((row, _)) = self.store.message(place) {
            self.notes.change(row, |note| *note = Note::default());
            self.save_notes();
        }
    }

    fn save_notes(&mut self) {
        if let Err(error) = self.notes.save() {
            self.fail(format!("notes are not kept: {error}"));
        }
    }

    /// Puts the cursor on the next message with a bookmark, from the first again behind the last.
    pub fn next_bookmark(&mut self) {
        let now =
            self.message.and_then(|place| self.store.message(place)).map(|(row, _)| (row.conn, row.n.into()));
        let there = |(conn, n): &(u32, u64)| self.store.place_of(*conn, *n).is_some();
        let marked = || self.notes.iter().filter(|(_, note)| note.bookmark).map(|(id, _)| id).filter(there);
        let next = marked().find(|id| now.is_none_or(|now| *id > now)).or_else(|| marked().next());
        match next.and_then(|(conn, n)| self.store.place_of(conn, n)) {
            Some(place) => self.select_message(place),
            None => self.say("there is no bookmark: m sets one"),
        }
    }
}
