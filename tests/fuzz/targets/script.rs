//! The script language.

use wscope::limits::Limits;
use wscope::script::Script;

use crate::support::{export, records};

/// A script. What it describes is a capture that can be read.
pub fn script(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Script::parse(text) {
        Ok(script) => {
            let sent: usize = script.payloads().iter().map(|(_, bytes)| bytes.len()).sum();
            // A few words may stand for megabytes.
            if sent < 100_000 {
                let limits = script.limits(Limits::default());
                if let Ok(mut opened) = wscope::capture::open::from_bytes("script", script.capture(), &limits)
                {
                    let export = export(&mut *opened.source, 1);
                    assert!(records(&export).len() >= 2);
                }
            }
        }
        Err(error) => {
            let line = text.lines().nth(error.line - 1).expect("the line that it names");
            assert!(line.contains(&error.text), "{error}");
            assert!(!error.expected.is_empty());
        }
    }
}
