//! What may stand where the cursor is.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::decode::{self, Format, Kind};
use crate::filter::{FIELDS, Field, Type, opcodes};
use crate::report::close;
use crate::rules;

/// Something that can be put into the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// How it is listed.
    pub(super) label: String,
    /// What is put into the line.
    pub(super) insert: String,
    /// What it means.
    pub(super) what: String,
    /// How many messages (or findings) have it.
    pub(super) count: Option<u64>,
    /// The label is a whole filter, and takes the row.
    pub(super) wide: bool,
}

impl Item {
    fn new(label: &str, what: impl Into<String>) -> Self {
        Self {
            label: label.to_owned(),
            insert: format!("{label} "),
            what: what.into(),
            count: None,
            wide: false,
        }
    }
}

/// What may stand at a place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Completion {
    /// What is replaced.
    pub(super) range: Range<usize>,
    /// The best first.
    pub(super) items: Vec<Item>,
    /// What values look like, where they cannot be listed.
    pub(super) hint: Option<String>,
}

/// What is known of the capture, and of the user.
pub(super) struct Known<'a> {
    /// The values of a field, with how many messages have each.
    pub(super) values: &'a dyn Fn(Field) -> Option<Vec<(String, u64)>>,
    /// Saved filters.
    pub(super) saved: &'a BTreeMap<String, String>,
    /// Paths into the payload of the message under the cursor, with the value of each.
    pub(super) paths: &'a [(String, String)],
}

/// Values of payloads that are longer are not offered, in bytes.
const LONGEST: usize = 60;

/// The most paths that are offered.
const PATHS: usize = 500;

/// The paths into a JSON payload, with the value of each as written. What is in arrays is asked of all their items.
pub(super) fn paths(payload: &[u8]) -> Vec<(String, String)> {
    let decoded = decode::decode(payload, decode::Hint::default(), Some(Format::Json));
    let Some(tree) = decoded.tree.filter(|_| decoded.exact) else { return Vec::new() };
    let mut paths: Vec<(String, String)> = Vec::new();
    for (place, node) in tree.nodes().iter().enumerate().skip(1).take(PATHS) {
        let path = any_item(&tree.path(place as u32, &decoded.text));
        if !paths.iter().any(|(other, _)| *other == path) {
            let value = match node.kind {
                Kind::Object => "{…}".to_owned(),
                Kind::Array => "[…]".to_owned(),
                _ => String::from_utf8_lossy(node.value.of(&decoded.text)).into_owned(),
            };
            paths.push((path, value));
        }
    }
    paths
}

/// `.a[3].b` as `.a[].b`: keys in quotes stay what they are.
fn any_item(path: &str) -> String {
    let (mut out, mut quoted, mut index) = (String::with_capacity(path.len()), false, false);
    for c in path.chars() {
        quoted ^= c == '"';
        index &= c != ']';
        if !index {
            out.push(c);
        }
        index |= c == '[' && !quoted;
    }
    out
}

/// A character of names and unquoted values.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '@' | '-' | '+' | '$' | '#' | '%' | '*')
}

/// What may stand at the cursor.
pub(super) fn complete(text: &str, cursor: usize, known: &Known<'_>) -> Completion {
    let before = text.get(..cursor).unwrap_or(text);
    if in_quotes(before) {
        return Completion { range: cursor..cursor, ..Completion::default() };
    }
    let mut start = before
        .rfind(|c| !is_word(c))
        .map_or(0, |at| at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8));
    // `-term` = not.
    if before.get(start..).is_some_and(|word| word.starts_with('-') && !word.starts_with("-.")) {
        start += 1;
    }
    let word = before.get(start..).unwrap_or_default();
    let ahead = before.get(..start).unwrap_or_default();
    let (range, found) = match word.split_once(':').and_then(|(name, rest)| Some((Field::find(name)?, rest)))
    {
        Some((info, rest)) => (cursor - rest.len()..cursor, of_values(info.field, rest, known)),
        None => (start..cursor, at_word(ahead, word, known)),
    };
    Completion { range, items: found.0, hint: found.1 }
}

type Found = (Vec<Item>, Option<String>);

fn at_word(ahead: &str, word: &str, known: &Known<'_>) -> Found {
    let ahead = ahead.trim_end_matches(['-', '!']).trim_end();
    if let Some(name) = compared(ahead) {
        return match Field::find(name) {
            Some(info) => of_values(info.field, word, known),
            None if name.starts_with('.') => of_path(name, word, known),
            // A value stands here, whatever it is compared with.
            None => (Vec::new(), None),
        };
    }
    if let Some(rest) = word.strip_prefix('@') {
        let saved = known.saved.iter().map(|(name, text)| Item::new(&format!("@{name}"), text.clone()));
        return (matching(saved.collect(), &format!("@{rest}")), None);
    }
    // A path into payloads.
    if word.starts_with('.') {
        let paths = known.paths.iter().map(|(path, value)| Item::new(path, value.clone()));
        return (matching(paths.collect(), word), None);
    }
    let last = ahead.rsplit(|c: char| !is_word(c)).next().unwrap_or_default();
    let mut items = Vec::new();
    if !last.is_empty() && !matches!(last, "and" | "or" | "not") {
        if let Some(info) = Field::find(last) {
            items.extend(operators(info.kind).iter().map(|(op, what)| Item::new(op, *what)));
        } else if last.starts_with('.') {
            items.extend(OF_PATHS.iter().map(|(op, what)| Item::new(op, *what)));
        }
        items.push(Item::new("&&", "and: both"));
        items.push(Item::new("||", "or: either"));
        if word.is_empty() {
            return (items, None);
        }
    } else if ahead.ends_with(['"', '\'', '}', ')', ']']) {
        items.push(Item::new("&&", "and: both"));
        items.push(Item::new("||", "or: either"));
    }
    let counted = (known.values)(Field::Op).unwrap_or_default();
    items.extend(FIELDS.iter().map(|info| Item::new(info.name, info.what)));
    items.extend(opcodes().iter().map(|(name, _)| Item {
        count: count_of(&counted, name),
        ..Item::new(name, "messages of this kind: op == …")
    }));
    items.extend(known.saved.iter().map(|(name, text)| Item::new(&format!("@{name}"), text.clone())));
    (matching(items, word), None)
}

/// A text before the cursor that is not closed.
fn in_quotes(text: &str) -> bool {
    let (mut open, mut chars) = (None, text.chars());
    while let Some(c) = chars.next() {
        match (open, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (None, '"' | '\'') => open = Some(c),
            (Some(quote), c) if quote == c => open = None,
            _ => {}
        }
    }
    open.is_some()
}

/// The field or the path whose value is expected behind this; empty where it is something else.
fn compared(ahead: &str) -> Option<&str> {
    let name = |text| {
        let text = str::trim_end(text);
        // Paths have brackets.
        let word = text.rsplit(|c: char| !is_word(c) && !matches!(c, '[' | ']')).next().unwrap_or_default();
        Some(word.trim_start_matches('-'))
    };
    let signs = ["==", "!=", "<=", ">=", "=~", "!~", "=", "<", ">", "~"];
    if let Some(rest) = signs.iter().find_map(|sign| ahead.strip_suffix(sign)) {
        return name(rest);
    }
    let words = ["eq", "ne", "lt", "le", "gt", "ge", "contains", "matches"];
    if let Some(rest) =
        words.iter().find_map(|word| ahead.strip_suffix(word)).filter(|rest| rest.ends_with(' '))
    {
        return name(rest);
    }
    let (outside, inside) = ahead.rsplit_once('{')?;
    let within = !inside.contains('}') && (inside.trim().is_empty() || inside.trim_end().ends_with(','));
    let outside = outside.trim_end().strip_suffix("in").filter(|rest| rest.ends_with(' '))?;
    let outside = outside.trim_end();
    name(outside.strip_suffix("not").unwrap_or(outside)).filter(|_| within)
}

/// What may be asked of a value in a payload.
const OF_PATHS: [(&str, &str); 7] = [
    ("==", "is"),
    ("!=", "is there, and is not"),
    ("~", "holds the text, in any case"),
    (">", "more than"),
    ("<", "less than"),
    ("=~", "matches a regular expression: /…/"),
    ("in {", "is one of"),
];

/// The value that is there, and what others look like.
fn of_path(path: &str, word: &str, known: &Known<'_>) -> Found {
    let here = known.paths.iter().filter(|(other, value)| other == path && plain(value));
    let items = matching(here.map(|(_, value)| Item::new(value, "in this message")).collect(), word);
    let hint = items.is_empty().then(|| "write a number, a text, true, false or null".to_owned());
    (items, hint)
}

/// A JSON value that filters write the same way.
fn plain(value: &str) -> bool {
    value.len() <= LONGEST && !value.contains('\\') && !value.starts_with(['{', '['])
}

fn operators(kind: Type) -> &'static [(&'static str, &'static str)] {
    match kind {
        Type::Bool => &[("==", "true or false; by itself: is true")],
        Type::Int | Type::Decimal | Type::Span | Type::Instant | Type::Scale(_) => &[
            ("==", "is"),
            ("!=", "is there, and is not"),
            (">", "more than"),
            (">=", "at least"),
            ("<", "less than"),
            ("<=", "at most"),
            ("in {", "is one of, or within a..b"),
        ],
        Type::Text | Type::Bytes => &[
            ("~", "holds the text, in any case"),
            ("==", "is"),
            ("!=", "is there, and is not"),
            ("contains", "holds the text or the bytes"),
            ("=~", "matches a regular expression: /…/"),
            ("!~", "does not hold, or match"),
            ("in {", "is one of"),
        ],
        Type::Address | Type::Opcode | Type::Word(_) | Type::Rule => {
            &[("==", "is"), ("!=", "is there, and is not"), ("in {", "is one of")]
        }
    }
}

fn count_of(counted: &[(String, u64)], value: &str) -> Option<u64> {
    counted.iter().find(|(other, _)| other == value).map(|(_, count)| *count)
}

/// The values of a field that begin with what was typed.
fn of_values(field: Field, word: &str, known: &Known<'_>) -> Found {
    let kind = field.info().kind;
    let counted = (known.values)(field).unwrap_or_default();
    let mut items: Vec<Item> = counted
        .iter()
        .map(|(value, count)| Item {
            insert: format!("{} ", written(value)),
            count: Some(*count),
            ..Item::new(value, meaning(field, value))
        })
        .collect();
    let mut more = |value: &str| {
        if !counted.iter().any(|(other, _)| other == value) {
            items.push(Item::new(value, meaning(field, value)));
        }
    };
    match kind {
        Type::Bool => ["true", "false"].into_iter().for_each(&mut more),
        Type::Word(words) | Type::Scale(words) => words.iter().copied().for_each(&mut more),
        Type::Opcode => opcodes().iter().for_each(|(name, _)| more(name)),
        Type::Rule => rules::all().for_each(|rule| more(rule.code)),
        _ => {}
    }
    let hint = items.is_empty().then(|| format!("write {}", kind.values()));
    let items = matching(items, word);
    (items, hint)
}

/// A value as it is written in a filter.
fn written(value: &str) -> String {
    let plain = value.chars().all(is_word) && value.starts_with(char::is_alphanumeric);
    if plain { value.to_owned() } else { format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")) }
}

/// What a value means.
fn meaning(field: Field, value: &str) -> String {
    match field {
        Field::Op => match opcodes().iter().find(|(name, _)| *name == value) {
            Some((_, bits)) if bits.count_ones() == 1 => format!("{:#x}", bits.trailing_zeros()),
            Some(_) if value == "data" => "text, binary, cont".to_owned(),
            Some(_) if value == "control" => "close, ping, pong".to_owned(),
            _ => "3 to 7, 11 to 15".to_owned(),
        },
        Field::Dir if value == "c2s" => "client to server".to_owned(),
        Field::Dir => "server to client".to_owned(),
        Field::CloseCode => value.parse().ok().and_then(close::name).unwrap_or_default().to_owned(),
        Field::Finding => rules::find(value).map_or_else(String::new, |rule| rule.name.to_owned()),
        _ => String::new(),
    }
}

/// Those that begin with what was typed, then those that hold it. Of one that is typed already nothing is left to say.
fn matching(items: Vec<Item>, word: &str) -> Vec<Item> {
    let word = word.to_lowercase();
    let (mut first, mut then) = (Vec::new(), Vec::new());
    for item in items {
        let label = item.label.to_lowercase();
        if label == word {
            continue;
        }
        if label.starts_with(&word) {
            first.push(item);
        } else if word.len() > 1 && (label.contains(&word) || item.what.to_lowercase().contains(&word)) {
            then.push(item);
        }
    }
    first.append(&mut then);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<String> {
        let values = |field| match field {
            Field::Op => Some(vec![("text".to_owned(), 7), ("ping".to_owned(), 0)]),
            Field::Host => Some(vec![("feed.local".to_owned(), 3), ("a b".to_owned(), 1)]),
            Field::CloseCode => Some(vec![("1000".to_owned(), 2)]),
            _ => None,
        };
        let saved = BTreeMap::from([("errors".to_owned(), ".error".to_owned())]);
        let paths = paths(br#"{"type":"trade","px":61.5,"book":[{"bid":1},{"bid":2}],"odd key":"a\n"}"#);
        let known = Known { values: &values, saved: &saved, paths: &paths };
        let found = complete(text, text.len(), &known);
        let (before, behind) = (&text[..found.range.start], &text[found.range.end..]);
        assert_eq!(behind, "");
        found.items.into_iter().map(|item| format!("{before}{}", item.insert)).collect()
    }

    fn first(text: &str) -> String {
        labels(text).first().cloned().unwrap_or_default()
    }

    #[test]
    fn the_place_says_what_is_offered() {
        for (text, expected) in [
            ("le", "len "),
            ("ping && clo", "ping && close.code "),
            ("op ==", "op ==text "),
            ("op == t", "op == text "),
            ("op in {ping, t", "op in {ping, text "),
            ("op:te", "op:text "),
            ("-op:te", "-op:text "),
            ("dir eq s", "dir eq s2c "),
            ("len", "lenx"),
            ("len ", "len == "),
            ("op == text ", "op == text && "),
            ("op == text && di", "op == text && dir "),
            ("host == ", "host == feed.local "),
            ("host == a", "host == \"a b\" "),
            ("@e", "@errors "),
            ("!fr", "!fragmented "),
            ("-fr", "-fragmented "),
            ("finding == client-unm", "finding == F004 "),
            ("close.code == 1", "close.code == 1000 "),
            ("severity >= w", "severity >= warning "),
            (".t", ".type "),
            (".bi", ".book[].bid "),
            (".type ", ".type == "),
            (".type == ", ".type == \"trade\" "),
            (".px >6", ".px >61.5 "),
            (".book[].bid == ", ".book[].bid == 1 "),
        ] {
            if expected == "lenx" {
                assert!(!labels(text).contains(&"len ".to_owned()));
            } else {
                assert_eq!(first(text), expected, "{text}");
            }
        }
        for text in ["payload ~ \"l", ".da", ".book == ", ".none == ", ".\"odd key\" == ", "len > ", "zzz"] {
            assert_eq!(labels(text), [""; 0], "{text}");
        }
    }
}
