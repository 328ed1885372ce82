//! The question whether a finding is to be known from now on.

use std::error::Error;
use std::fmt::Write as _;

use crossterm::event::KeyCode;
use ratatui::layout::Rect;

use super::{After, Overlay, middle};
use crate::audit::baseline::{BaselineError, Draft};
use crate::rules::Finding;
use crate::tui::canvas::{Canvas, Hit};
use crate::tui::keys::Key;
use crate::tui::model::Model;
use crate::tui::theme::Role;

/// Asks before it adds a finding to the baseline.
#[derive(Debug)]
pub struct Suppress {
    finding: Box<Finding>,
    fingerprint: String,
    /// How many findings it stands for.
    weight: u64,
    /// What the baseline held when the question was asked.
    known: usize,
}

impl Suppress {
    /// The question.
    ///
    /// # Errors
    /// Where the baseline cannot be read, or knows the finding already; in words.
    pub fn new(model: &Model, finding: &Finding, fingerprint: String, weight: u64) -> Result<Self, String> {
        let draft = Draft::open(&model.baseline).map_err(|error| words(&error))?;
        if draft.knows(&fingerprint) {
            return Err(format!("{} is in {} already", finding.rule.code, model.baseline.display()));
        }
        Ok(Self { finding: Box::new(finding.clone()), fingerprint, weight, known: draft.len() })
    }

    fn write(&self, model: &mut Model) {
        let file = model.baseline.clone();
        // Read anew: another program may have written it in between.
        let written = Draft::open(&file).map_err(|error| words(&error)).and_then(|mut draft| {
            draft.add(&self.finding, &self.fingerprint, self.weight);
            draft.write(&file).map_err(|error| format!("cannot write {}: {error}", file.display()))
        });
        match written {
            Ok(()) => model.say(format!("{} was added to {}", self.finding.rule.code, file.display())),
            Err(error) => model.fail(error),
        }
    }
}

/// An error and what led to it.
fn words(error: &BaselineError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

/// What can be clicked.
const YES: usize = 0;
const NO: usize = 1;

impl Overlay for Suppress {
    fn hints(&self) -> Vec<(&'static str, &'static str)> {
        vec![("y", "add it"), ("n", "leave it")]
    }

    fn draw(&mut self, model: &mut Model, screen: Rect, canvas: &mut Canvas<'_>) {
        let width = 76.min(screen.width);
        let room = usize::from(width.saturating_sub(4)).max(1);
        let rule = self.finding.rule;
        let holds = match self.known {
            0 => String::new(),
            known => format!(" It holds {}.", crate::report::words::count(known as u64, "finding")),
        };
        let text = format!(
            "Add {} {} to {}?{holds} `wscope check --baseline` leaves out then what has this fingerprint: the \
             same fault on the same path.",
            rule.code,
            rule.name,
            model.baseline.display(),
        );
        let lines = textwrap::wrap(&text, room);
        let area = middle(screen, width, (lines.len() as u16).saturating_add(5));
        canvas.clear(area);
        let inner = canvas.frame(area, "a known fault", "", true);
        let last = inner.bottom().saturating_sub(1);
        let mut y = inner.y;
        for line in lines.iter().take(usize::from(last.saturating_sub(y))) {
            canvas.put(inner.x + 1, y, inner.width.saturating_sub(2), line, Role::Text);
            y += 1;
        }
        if y < last {
            canvas.put(inner.x + 1, y, inner.width.saturating_sub(2), &self.fingerprint, Role::Dim);
        }
        let mut x = inner.x + 1;
        for (n, (key, word)) in [("y", "add it"), ("n", "leave it")].into_iter().enumerate() {
            let start = x;
            x += canvas.put(x, last, inner.right().saturating_sub(x), key, Role::Key) + 1;
            x += canvas.put(x, last, inner.right().saturating_sub(x), word, Role::Text) + 3;
            canvas.hit(Rect::new(start, last, x - start - 2, 1), Hit::Part(0, n));
        }
    }

    fn key(&mut self, model: &mut Model, key: Key) -> After {
        match key.code {
            KeyCode::Char('y' | 'Y') | KeyCode::Enter => {
                self.write(model);
                After::Close
            }
            KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => After::Close,
            _ => After::Stay,
        }
    }

    fn click(&mut self, model: &mut Model, hit: Hit, _: bool) -> After {
        match hit {
            Hit::Part(_, YES) => {
                self.write(model);
                After::Close
            }
            Hit::Part(_, NO) => After::Close,
            _ => After::Stay,
        }
    }
}
