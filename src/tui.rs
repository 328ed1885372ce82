//! The terminal UI.
//!
//! **Data**: rows of everything that a capture holds, in memory; payloads are read again when they are looked at.
//! [`feed::Feed`] decodes in a thread of its own and sends batches of rows; the UI's thread puts them into
//! its [`store::Store`] between frames, so nothing is locked and nothing changes while a frame is drawn. The
//! store knows where the packets of each connection lie; [`reopen::Reopener`] decodes these once more, for
//! the one message or frame that is wanted whole.
//!
//! **Interface**: [`app::App`] takes events of a terminal and draws into a buffer; it knows no terminal and no
//! clock. What can be done is declared once in [`action`]; [`keys`] says by which key, the [`view`]s and
//! [`overlay`]s do it. They share the [`model`]; what takes long runs in [`workers`]. [`drive`] presses keys
//! and reads the screen, for tests; [`terminal`] does it on a terminal. [`config`] is what a user says about it all.

pub mod action;
pub mod app;
pub mod canvas;
pub mod census;
mod chart;
mod commands;
pub mod config;
pub mod diff;
pub mod drive;
pub mod editor;
mod empty;
pub mod exporting;
pub mod feed;
pub mod files;
pub mod filtering;
pub mod grid;
pub mod history;
pub mod keybook;
pub mod keys;
pub mod list;
pub mod model;
pub mod notes;
pub mod overlay;
mod rank;
pub mod reopen;
pub mod ring;
pub mod search;
pub mod spool;
pub mod store;
mod tally;
pub mod terminal;
pub mod theme;
pub mod view;
pub mod workers;
pub mod yank;
