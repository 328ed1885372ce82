//! From TOML to [`Config`], with an error that names the place.

use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};
use toml::value::Date;

use crate::audit::fingerprint::is_fingerprint;
use crate::audit::select::{Choice, Selector, meant, nearest};
use crate::item::Dir;
use crate::rules::Level;

use super::{Config, Glob, Suppression};

/// What is wrong, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Offset in the text, in bytes.
    pub(crate) offset: usize,
    pub(crate) message: String,
}

pub(crate) type Read<T> = Result<T, Fault>;

/// The line that the byte at `offset` is in, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

pub(super) fn config(text: &str, file: &Path) -> Read<Config> {
    let document = DeTable::parse(text).map_err(|error| Fault {
        offset: error.span().map_or(text.len(), |span| span.start),
        message: error.message().to_owned(),
    })?;
    let mut config = Config { file: file.to_owned(), ..Config::default() };
    let mut document = Keys::new(document.get_ref(), 0, "wscope.toml");
    if let Some(check) = document.take("check") {
        self::check(&check, file, &mut config)?;
    }
    if let Some(list) = document.take("suppress") {
        if list.value.is_table() {
            return Err(list.fault("write [[suppress]], in two pairs of brackets".to_owned()));
        }
        for value in list.array()? {
            let line = line_of(text, value.span.start);
            config.suppress.push(Suppression { line, ..suppression(&value)? });
        }
    }
    document.done()?;
    Ok(config)
}

fn check(value: &Value<'_>, file: &Path, config: &mut Config) -> Read<()> {
    let mut keys = value.table("[check]")?;
    let select = keys.take("select").map(|value| value.selectors()).transpose()?;
    let ignore = keys.take("ignore").map(|value| value.selectors()).transpose()?;
    config.rules = Choice { select, ignore: ignore.unwrap_or_default() };
    config.severity = keys.take("severity").map(|value| value.level()).transpose()?;
    config.fail_on = keys.take("fail-on").map(|value| value.level()).transpose()?;
    if let Some(value) = keys.take("baseline") {
        config.baseline = Some(file.parent().unwrap_or(Path::new("")).join(value.string()?));
    }
    config.max_findings = keys.take("max-findings").map(|value| value.number()).transpose()?;
    config.strict = keys.take("strict").map_or(Ok(false), |value| value.boolean())?;
    config.allow_empty = keys.take("allow-empty").map_or(Ok(false), |value| value.boolean())?;
    keys.done()
}

fn suppression(value: &Value<'_>) -> Read<Suppression> {
    let mut keys = value.table("[[suppress]]")?;
    let glob = |value: Value<'_>, caseless| {
        let text = value.string()?;
        Glob::new(text, caseless).map_err(|why| value.fault(format!("`{text}` is no pattern: {why}")))
    };
    let rule = keys.required("rule")?.selector()?;
    let reason_value = keys.required("reason")?;
    let reason = reason_value.string()?.trim().to_owned();
    if reason.is_empty() {
        return Err(reason_value.fault("a suppression needs a reason".to_owned()));
    }
    let suppression = Suppression {
        line: 0,
        rule,
        host: keys.take("host").map(|value| glob(value, true)).transpose()?,
        path: keys.take("path").map(|value| glob(value, false)).transpose()?,
        direction: keys.take("direction").map(|value| value.direction()).transpose()?,
        fingerprint: keys.take("fingerprint").map(|value| value.fingerprint()).transpose()?,
        reason,
        expires: keys.take("expires").map(|value| value.date()).transpose()?,
    };
    keys.done()?;
    Ok(suppression)
}

/// As many keys as a message names.
const LISTED: usize = 20;

/// The keys of a table that were not taken yet.
pub(crate) struct Keys<'a> {
    table: &'a DeTable<'a>,
    /// Where the table begins.
    offset: usize,
    what: &'static str,
    known: Vec<&'static str>,
}

/// A value and where it stands.
pub(crate) struct Value<'a> {
    pub(crate) value: &'a DeValue<'a>,
    pub(crate) span: Range<usize>,
    /// What it is called in messages.
    pub(crate) key: &'a str,
}

impl<'a> Keys<'a> {
    pub(crate) const fn new(table: &'a DeTable<'a>, offset: usize, what: &'static str) -> Self {
        Self { table, offset, what, known: Vec::new() }
    }

    pub(crate) fn take(&mut self, key: &'static str) -> Option<Value<'a>> {
        self.known.push(key);
        let value = self.table.get(key)?;
        Some(Value { value: value.get_ref(), span: value.span(), key })
    }

    fn required(&mut self, key: &'static str) -> Read<Value<'a>> {
        let message = format!("{} needs `{key}`", self.what);
        self.take(key).ok_or(Fault { offset: self.offset, message })
    }

    /// What was not taken yet, whatever it is called, in the order of the file.
    pub(crate) fn rest(self) -> Vec<Value<'a>> {
        let left = self.table.iter().filter(|(key, _)| !self.known.contains(&&**key.get_ref()));
        let value = |value: &'a toml::Spanned<DeValue<'a>>, key| Value {
            value: value.get_ref(),
            span: value.span(),
            key,
        };
        let mut rest: Vec<_> = left.map(|(key, it)| (key.span().start, value(it, key.get_ref()))).collect();
        rest.sort_by_key(|(at, _)| *at);
        rest.into_iter().map(|(_, value)| value).collect()
    }

    /// Nothing is left.
    pub(crate) fn done(self) -> Read<()> {
        let unknown = self.table.keys().filter(|key| !self.known.contains(&&**key.get_ref()));
        let Some(first) = unknown.min_by_key(|key| key.span().start) else { return Ok(()) };
        let near = nearest(first.get_ref(), self.known.iter().copied());
        let message = match near {
            Some(_) => format!("unknown key `{}`{}", first.get_ref(), meant(near)),
            None if self.known.len() > LISTED => {
                format!("unknown key `{}` in {}", first.get_ref(), self.what)
            }
            None => {
                format!("unknown key `{}`; {} takes {}", first.get_ref(), self.what, self.known.join(", "))
            }
        };
        Err(Fault { offset: first.span().start, message })
    }
}

impl<'a> Value<'a> {
    pub(crate) fn fault(&self, message: String) -> Fault {
        Fault { offset: self.span.start, message }
    }

    pub(crate) fn not(&self, expected: &str) -> Fault {
        self.fault(format!("`{}` must be {expected}", self.key))
    }

    pub(crate) fn table(&self, what: &'static str) -> Read<Keys<'a>> {
        let table = self.value.as_table().ok_or_else(|| self.not("a table"))?;
        Ok(Keys::new(table, self.span.start, what))
    }

    pub(crate) fn array(&self) -> Read<Vec<Self>> {
        let array = self.value.as_array().ok_or_else(|| self.not("a list"))?;
        let values = array.iter();
        Ok(values.map(|value| Value { value: value.get_ref(), span: value.span(), key: self.key }).collect())
    }

    pub(crate) fn string(&self) -> Read<&'a str> {
        self.value.as_str().ok_or_else(|| self.not("a string"))
    }

    pub(crate) fn boolean(&self) -> Read<bool> {
        self.value.as_bool().ok_or_else(|| self.not("true or false"))
    }

    fn number(&self) -> Read<usize> {
        let number = self.value.as_integer().map(|n| usize::from_str_radix(n.as_str(), n.radix()));
        number.and_then(Result::ok).ok_or_else(|| self.not("a number from 0"))
    }

    fn date(&self) -> Read<Date> {
        let date = self.value.as_datetime().filter(|datetime| datetime.time.is_none());
        date.and_then(|datetime| datetime.date).ok_or_else(|| self.not("a date, such as 2027-01-31"))
    }

    fn level(&self) -> Read<Level> {
        let name = self.string()?;
        let level = Level::ALL.into_iter().find(|level| level.name() == name);
        level.ok_or_else(|| self.not("\"error\", \"warning\" or \"note\""))
    }

    fn direction(&self) -> Read<Dir> {
        let name = self.string()?;
        let dir = Dir::BOTH.into_iter().find(|dir| dir.name() == name);
        dir.ok_or_else(|| self.not("\"c2s\" or \"s2c\""))
    }

    fn fingerprint(&self) -> Read<String> {
        let text = self.string()?;
        let fingerprint = is_fingerprint(text).then(|| text.to_owned());
        fingerprint.ok_or_else(|| self.not("32 hexadecimal digits, in lower case"))
    }

    fn selector(&self) -> Read<Selector> {
        self.string()?.parse().map_err(|error| self.fault(format!("{error}")))
    }

    /// A list of selectors; one alone needs no list.
    fn selectors(&self) -> Read<Vec<Selector>> {
        if self.value.is_str() {
            return Ok(vec![self.selector()?]);
        }
        self.array()?.iter().map(Self::selector).collect()
    }
}
