//! The terminal UI's data: rows of everything that a capture holds, in memory; payloads are read again
//! when they are looked at.
//!
//! [`feed::Feed`] decodes in a thread of its own and sends batches of rows; the UI's thread puts them into
//! its [`store::Store`] between frames, so nothing is locked and nothing changes while a frame is drawn. The
//! store knows where the packets of each connection lie; [`reopen::Reopener`] decodes these once more, for
//! the one message or frame that is wanted whole.

pub mod feed;
pub mod files;
pub mod reopen;
pub mod store;
