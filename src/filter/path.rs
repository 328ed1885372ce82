//! Places in a JSON payload, as jq writes them.

use std::fmt;

use serde_json::Value;

use super::lex::{begins_key, is_key};

/// A place in a JSON payload; with `[]` in it, several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path(pub(super) Vec<Step>);

/// A step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `.key`
    Key(String),
    /// `[0]`; below 0 from the end.
    Index(i64),
    /// `[]`: any element of an array, or any value of an object.
    Any,
}

impl Path {
    /// Gives the values at the place to `test`, until it says yes. `None` = there is no value.
    pub(super) fn any(&self, root: &Value, test: &mut dyn FnMut(&Value) -> bool) -> Option<bool> {
        walk(&self.0, root, test)
    }
}

fn walk(steps: &[Step], value: &Value, test: &mut dyn FnMut(&Value) -> bool) -> Option<bool> {
    let Some((step, rest)) = steps.split_first() else { return Some(test(value)) };
    match step {
        Step::Key(key) => walk(rest, value.get(key)?, test),
        Step::Index(index) => {
            let array = value.as_array()?;
            let at = if *index < 0 {
                array.len().checked_add_signed(isize::try_from(*index).ok()?)?
            } else {
                usize::try_from(*index).ok()?
            };
            walk(rest, array.get(at)?, test)
        }
        Step::Any => {
            let mut found = None;
            let mut each = |value| {
                let holds = walk(rest, value, test);
                found = found.max(holds);
                holds == Some(true)
            };
            match value {
                Value::Array(array) => array.iter().any(&mut each),
                Value::Object(object) => object.values().any(&mut each),
                _ => return None,
            };
            found
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !matches!(self.0.first(), Some(Step::Key(_))) {
            f.write_str(".")?;
        }
        for step in &self.0 {
            match step {
                Step::Key(key) if key.starts_with(begins_key) && key.chars().all(is_key) => {
                    write!(f, ".{key}")?
                }
                Step::Key(key) => {
                    f.write_str(".")?;
                    super::tree::quote(key, f)?;
                }
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Any => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}
