//! JSON (RFC 8259) into a tree. Not through a parser's values: order, duplicate keys and the figures of numbers stay.

use std::fmt;

use memchr::memchr2;

use super::tree::{Kind, Span, Tree};

/// Why the text is no JSON, or not all of it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It ends where something must follow.
    Ends,
    /// Something else is at this byte.
    Not { at: usize, expected: &'static str },
    /// There are more values than are kept.
    TooMany,
}

impl Fault {
    pub(super) const fn ends(self) -> bool {
        matches!(self, Self::Ends)
    }

    pub(super) const fn too_many(self) -> bool {
        matches!(self, Self::TooMany)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ends => f.write_str("it ends before its last bracket"),
            Self::Not { at, expected } => write!(f, "byte {at} should be {expected}"),
            Self::TooMany => write!(f, "only the first {} values are shown", super::tree::MOST),
        }
    }
}

/// Text that may be a JSON object or array. Numbers and strings alone are text to everybody.
pub(super) fn may_be(text: &str) -> bool {
    text.trim_start_matches(is_space).starts_with(['{', '['])
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r' | '\t')
}

/// Reads the one value that `text` is from byte `from` on. Where that fails, what came before is in the tree.
pub(super) fn document(text: &[u8], from: usize) -> (Tree, Option<Fault>) {
    let mut tree = Tree::default();
    let fault = match value(text, from, Span::default(), &mut tree) {
        Ok(end) => match skip(text, end) {
            end if end < text.len() => Some(Fault::Not { at: end, expected: "the end" }),
            _ => None,
        },
        Err(fault) => Some(fault),
    };
    tree.close_all(text.len());
    (tree, fault)
}

/// Reads one value with its `key` into the tree; returns where it ends.
pub(super) fn value(text: &[u8], from: usize, key: Span, tree: &mut Tree) -> Result<usize, Fault> {
    let mut at = skip(text, from);
    let mut key = key;
    let mut depth = 0_usize;
    loop {
        if !tree.has_room() {
            return Err(Fault::TooMany);
        }
        // A value.
        match text.get(at) {
            None => return Err(Fault::Ends),
            Some(b'{') => {
                tree.push(Kind::Object, key, Span::new(at, at + 1));
                depth += 1;
                at = skip(text, at + 1);
                if text.get(at) != Some(&b'}') {
                    (key, at) = self::key(text, at)?;
                    continue;
                }
            }
            Some(b'[') => {
                tree.push(Kind::Array, key, Span::new(at, at + 1));
                depth += 1;
                at = skip(text, at + 1);
                if text.get(at) != Some(&b']') {
                    key = Span::default();
                    continue;
                }
            }
            Some(b'"') => {
                let end = string(text, at)?;
                tree.push(Kind::String, key, Span::new(at, end));
                at = end;
            }
            Some(_) => {
                let (kind, end) = scalar(text, at)?;
                tree.push(kind, key, Span::new(at, end));
                at = end;
            }
        }
        // What follows a value: ends of what holds it, then a comma.
        loop {
            if depth == 0 {
                return Ok(at);
            }
            at = skip(text, at);
            let object = tree.inside() == Some(Kind::Object);
            match (text.get(at), object) {
                (None, _) => return Err(Fault::Ends),
                (Some(b'}'), true) | (Some(b']'), false) => {
                    at += 1;
                    tree.close(at);
                    depth -= 1;
                }
                (Some(b','), true) => {
                    (key, at) = self::key(text, skip(text, at + 1))?;
                    break;
                }
                (Some(b','), false) => {
                    key = Span::default();
                    at = skip(text, at + 1);
                    break;
                }
                (Some(_), true) => return Err(Fault::Not { at, expected: "`,` or `}`" }),
                (Some(_), false) => return Err(Fault::Not { at, expected: "`,` or `]`" }),
            }
        }
    }
}

/// A key and its colon; returns where the value begins.
fn key(text: &[u8], at: usize) -> Result<(Span, usize), Fault> {
    match text.get(at) {
        None => return Err(Fault::Ends),
        Some(b'"') => {}
        Some(_) => return Err(Fault::Not { at, expected: "a key in quotes" }),
    }
    let end = string(text, at)?;
    let colon = skip(text, end);
    match text.get(colon) {
        None => Err(Fault::Ends),
        Some(b':') => Ok((Span::new(at, end), skip(text, colon + 1))),
        Some(_) => Err(Fault::Not { at: colon, expected: "`:`" }),
    }
}

/// Where the string that begins at `at` ends. What stands in it is not looked at: it is shown as it is.
fn string(text: &[u8], at: usize) -> Result<usize, Fault> {
    let mut from = at + 1;
    loop {
        let found = memchr2(b'"', b'\\', text.get(from..).unwrap_or_default()).ok_or(Fault::Ends)?;
        match text.get(from + found) {
            Some(b'"') => return Ok(from + found + 1),
            // What is escaped is passed over, a quote too.
            _ => from += found + 2,
        }
    }
}

/// A number, `true`, `false` or `null`.
fn scalar(text: &[u8], at: usize) -> Result<(Kind, usize), Fault> {
    let rest = text.get(at..).unwrap_or_default();
    let len = rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || b"+-.".contains(byte)));
    let word = rest.get(..len.unwrap_or(rest.len())).unwrap_or_default();
    let end = at + word.len();
    let last = end == text.len();
    if word.is_empty() {
        return Err(Fault::Not { at, expected: "a value" });
    }
    if [&b"true"[..], b"false", b"null"].contains(&word) {
        return Ok((Kind::Word, end));
    }
    if is_number(word) {
        return Ok((Kind::Number, end));
    }
    let begun = [&b"true"[..], b"false", b"null"].iter().any(|whole| whole.starts_with(word));
    let digits = is_number(&[word, b"0"].concat());
    Err(if last && (begun || digits) { Fault::Ends } else { Fault::Not { at, expected: "a value" } })
}

/// RFC 8259 section 6.
fn is_number(word: &[u8]) -> bool {
    let digits = |rest: &mut &[u8]| {
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *rest = rest.get(count..).unwrap_or_default();
        count
    };
    let mut rest = word.strip_prefix(b"-").unwrap_or(word);
    let leading_zero = rest.first() == Some(&b'0');
    let whole = digits(&mut rest);
    if whole == 0 || leading_zero && whole > 1 {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = fraction;
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        rest = match exponent {
            [b'+' | b'-', unsigned @ ..] => unsigned,
            _ => exponent,
        };
        if digits(&mut rest) == 0 {
            return false;
        }
    }
    rest.is_empty()
}

/// Behind white space.
pub(super) fn skip(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t')).count()
}
