//! Configuration files: of a project's audits, and of the interface.

use std::path::Path;

use wscope::audit::config::{Config as Audits, ConfigError};
use wscope::tui::config::Config as Interface;

/// A file, read as each of them. An error names a line of it.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let file = Path::new("config.toml");
    let errors = [Audits::parse(text, file).err(), Interface::parse(text, file).err()];
    for error in errors.into_iter().flatten() {
        let ConfigError::Content { line, message, .. } = &error else { panic!("{error}") };
        assert!((1..=text.split('\n').count()).contains(line), "{error}");
        assert!(!message.is_empty());
    }
}
