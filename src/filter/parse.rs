//! The grammar: tokens into a tree, each comparison checked against the type of its field.
//!
//! ```text
//! expr    = and { ("||" | "or") and }
//! and     = not { ["&&" | "and"] not }            side by side means and
//! not     = { "!" | "not" | "-" } term
//! term    = "(" expr ")" | "@" name | subject [ op value | ["not"] "in" "{" value {"," value} "}" ]
//! subject = field [ "[" [from] ":" [to] "]" ] | "header" "[" text "]" | path | text | /regex/
//! op      = "==" "=" "eq" | "!=" "ne" | "<" "lt" | "<=" "le" | ">" "gt" | ">=" "ge"
//!         | "contains" | "~" | "!~" | "=~" "matches" | ":"
//! ```

mod brackets;

use std::ops::Range;

use super::check::{self, Raw};
use super::error::FilterError;
use super::field::{FIELDS, FOREIGN, Field, HEADERS, OPCODE_ALIASES, OPCODES, Rows, Type, nearest};
use super::lex::{Op, Spanned, Token, lex};
use super::literal;
use super::tree::{Check, Literal, Subject, Tree, rows_of};

/// Bytes of an expression.
const MAX_TEXT: usize = 16 << 10;
/// Parentheses and negations within one another.
const MAX_DEPTH: usize = 64;
/// Comparisons in one expression.
const MAX_TESTS: usize = 256;
/// Saved filters within one another.
const MAX_SAVED: usize = 8;
/// What is said of those that never end.
const CIRCLE: &str = "saved filters name one another too deeply, or in a circle";
/// How errors in one begin.
const IN_SAVED: &str = "in the saved filter ";

/// Finds the text of a saved filter by its name.
pub(super) type Saved<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A test, where it stands and where it can be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) name: String,
    pub(super) rows: Rows,
    pub(super) span: Range<usize>,
    /// Why only the terminal UI knows, where that is so.
    pub(super) interface: Option<&'static str>,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) uses: Vec<Use>,
    pub(super) remarks: Vec<String>,
    tests: usize,
}

/// Reads an expression.
pub(super) fn parse(text: &str, saved: Saved<'_>) -> Result<(Tree, Read), FilterError> {
    let mut read = Read::default();
    let tree = expression(text, saved, 0, 0, &mut read).map_err(|error| error.of(text))?;
    Ok((tree, read))
}

fn expression(
    text: &str,
    saved: Saved<'_>,
    depth: usize,
    saved_depth: usize,
    read: &mut Read,
) -> Result<Tree, FilterError> {
    if text.len() > MAX_TEXT {
        let most = format!("the filter is too long: {} bytes, of {MAX_TEXT} at most", text.len());
        return Err(FilterError::new(0..1, most));
    }
    let mut parser = Parser { tokens: lex(text)?, at: 0, end: text.len(), saved, depth, saved_depth, read };
    if parser.tokens.is_empty() {
        let error = FilterError::new(0..text.len(), "the filter is empty");
        return Err(error.help("for example: op == text, or .type == \"error\""));
    }
    let tree = parser.or()?;
    match parser.next() {
        None => Ok(tree),
        Some((Token::Close, span)) => Err(FilterError::new(span, "this closes nothing")),
        Some((_, span)) => Err(parser.unexpected(span)),
    }
}

struct Parser<'a, 'b> {
    tokens: Vec<Spanned>,
    at: usize,
    end: usize,
    saved: Saved<'a>,
    depth: usize,
    saved_depth: usize,
    read: &'b mut Read,
}

impl Parser<'_, '_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn peek_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(here)) if here == word)
    }

    fn next(&mut self) -> Option<Spanned> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn eat(&mut self, token: &Token) -> bool {
        let there = self.peek() == Some(token);
        self.at += usize::from(there);
        there
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let there = self.peek_word(word);
        self.at += usize::from(there);
        there
    }

    /// Where the next token stands, or the end.
    fn here(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.end..self.end, |(_, span)| span.clone())
    }

    fn unexpected(&self, span: Range<usize>) -> FilterError {
        FilterError::new(span, "this is not expected here").help("join comparisons with `and` or `or`")
    }

    fn deeper(&mut self, span: &Range<usize>) -> Result<(), FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let most = format!("nested too deeply: {MAX_DEPTH} levels at most");
            return Err(FilterError::new(span.clone(), most));
        }
        Ok(())
    }

    fn or(&mut self) -> Result<Tree, FilterError> {
        let mut trees = vec![self.and()?];
        while self.eat(&Token::Or) || self.eat_word("or") {
            trees.push(self.and()?);
        }
        Ok(Tree::any(trees))
    }

    fn and(&mut self) -> Result<Tree, FilterError> {
        let mut trees = vec![self.not()?];
        loop {
            let joined = self.eat(&Token::And) || self.eat_word("and");
            let side_by_side = match self.peek() {
                None | Some(Token::Or | Token::Close) => false,
                Some(Token::Word(word)) => word != "or" && Op::of_word(word).is_none() && word != "in",
                Some(Token::Op(_) | Token::Colon | Token::Comma) => false,
                Some(_) => true,
            };
            if !joined && !side_by_side {
                return Ok(Tree::all(trees));
            }
            trees.push(self.not()?);
        }
    }

    fn not(&mut self) -> Result<Tree, FilterError> {
        let depth = self.depth;
        loop {
            let span = self.here();
            if !(self.eat(&Token::Not) || self.eat_word("not")) {
                break;
            }
            self.deeper(&span)?;
        }
        let mut tree = self.term()?;
        for _ in depth..self.depth {
            tree = Tree::Not(Box::new(tree));
        }
        self.depth = depth;
        Ok(tree)
    }

    fn term(&mut self) -> Result<Tree, FilterError> {
        let Some((token, span)) = self.next() else {
            return Err(FilterError::new(self.end..self.end, "the filter ends where a term is expected"));
        };
        match token {
            Token::Open => {
                let depth = self.depth;
                self.deeper(&span)?;
                let tree = self.or()?;
                self.depth = depth;
                if self.eat(&Token::Close) {
                    return Ok(tree);
                }
                if self.at < self.tokens.len() {
                    return Err(self.unexpected(self.here()));
                }
                Err(FilterError::new(span, "this parenthesis is not closed"))
            }
            Token::Saved(name) => self.saved(&name, span),
            Token::Path(path) => self.test(Subject::Path(path), span),
            Token::Text(ref text) => self.value_first(&token, text, span),
            Token::Word(ref word) => self.word(&token, word, span),
            Token::Regex(ref regex) => {
                let raw = Raw::Regex(regex);
                let check = check::compare(&payload(), "payload", Op::Matches, raw, span.clone())?;
                self.found(payload(), check, "payload", span)
            }
            _ => Err(FilterError::new(span, "a term is expected here").help(
                "a term is a comparison such as `op == text`, a word such as `ping`, or a path such as `.type`",
            )),
        }
    }

    /// A saved filter, read in its place.
    fn saved(&mut self, name: &str, span: Range<usize>) -> Result<Tree, FilterError> {
        let unknown = || FilterError::new(span.clone(), format!("there is no saved filter `@{name}`"));
        let text = (self.saved)(name).ok_or_else(unknown)?;
        if self.saved_depth >= MAX_SAVED {
            return Err(FilterError::new(span, CIRCLE));
        }
        let (depth, uses) = (self.depth, self.read.uses.len());
        let tree =
            expression(&text, self.saved, depth, self.saved_depth + 1, self.read).map_err(|error| {
                // Of filters within one another, the innermost is told.
                let inner = error.message.starts_with(IN_SAVED) || error.message == CIRCLE;
                let message =
                    if inner { error.message } else { format!("{IN_SAVED}`@{name}`: {}", error.message) };
                FilterError { span: span.clone(), message, ..error }
            })?;
        for used in self.read.uses.iter_mut().skip(uses) {
            used.span = span.clone();
        }
        Ok(tree)
    }

    /// A term that begins with an unquoted word.
    fn word(&mut self, token: &Token, word: &str, span: Range<usize>) -> Result<Tree, FilterError> {
        if Op::of_word(word).is_some() || matches!(word, "and" | "or" | "in") {
            return Err(FilterError::new(span, format!("a term is expected before `{word}`"))
                .help(format!("to search for the word, put it in quotes: \"{word}\"")));
        }
        if self.peek() == Some(&Token::OpenSlice) && word == "header" {
            let name = self.header_name(&span)?;
            return self.test(Subject::Header(name), span);
        }
        if let Some((_, header)) = HEADERS.iter().find(|(name, _)| *name == word) {
            return self.test(Subject::Header((*header).to_owned()), span);
        }
        if let Some(info) = Field::find(word) {
            let subject = self.slice(info.field)?;
            return self.test(subject, span);
        }
        if self.peek() == Some(&Token::Open) && self.here().start == span.end {
            let error = FilterError::new(span, format!("there is no function `{word}`"));
            return Err(error.help(if word == "jq" {
                "jq is reserved for the jq language, which this version does not know; paths such as .items[0].id it does"
            } else {
                "fields are compared as they are; `wscope fields` lists them"
            }));
        }
        if let Some((_, instead)) = FOREIGN.iter().find(|(name, _)| *name == word) {
            return Err(FilterError::new(span, format!("`{word}` has no equal here")).help(*instead));
        }
        self.value_first(token, word, span)
    }

    /// A term that begins with a value: `5 < len`, or else a search.
    fn value_first(&mut self, token: &Token, text: &str, span: Range<usize>) -> Result<Tree, FilterError> {
        let op = self.op();
        let Some((op, op_span)) = op else { return self.search(token, text, span) };
        let subject = match self.peek() {
            Some(Token::Path(path)) => Some((Subject::Path(path.clone()), path.to_string())),
            Some(Token::Word(word)) => {
                Field::find(word).map(|info| (Subject::Field(info.field), word.clone()))
            }
            _ => None,
        };
        let turned = match op {
            Op::Lt => Some(Op::Gt),
            Op::Le => Some(Op::Ge),
            Op::Gt => Some(Op::Lt),
            Op::Ge => Some(Op::Le),
            Op::Eq | Op::Ne => Some(op),
            _ => None,
        };
        match (subject, turned, token) {
            (Some((subject, name)), Some(op), _) => {
                let subject_span = self.here();
                self.at += 1;
                let check = check::compare(&subject, &name, op, raw(token)?, span)?;
                self.found(subject, check, &name, subject_span)
            }
            (_, _, Token::Word(_)) => {
                let names = FIELDS
                    .iter()
                    .flat_map(|info| std::iter::once(info.name).chain(info.aliases.iter().copied()));
                let error =
                    FilterError::new(span, format!("unknown field `{text}`")).meant(nearest(text, names));
                Err(error.help(format!(
                    "`wscope fields` lists them; a path into a JSON payload begins with a dot: `.{text}`"
                )))
            }
            _ => Err(FilterError::new(op_span, "a field is expected on one side")),
        }
    }

    /// A word by itself: a predicate where it is known, else looked for in the payload.
    fn search(&mut self, token: &Token, text: &str, span: Range<usize>) -> Result<Tree, FilterError> {
        if matches!(token, Token::Word(_)) {
            if let Some((subject, literal)) = predicate(text) {
                let (check, name) = (Check::Compare(Op::Eq, literal), subject.to_string());
                return self.found(subject, check, &name, span);
            }
            if literal::number(text).is_some() {
                self.read.remarks.push(format!("`{text}` by itself is looked for in payloads"));
            }
            let known = FIELDS.iter().map(|info| info.name).chain(OPCODES.map(|(name, _)| name));
            let near = nearest(text, known).filter(|near| !near.starts_with(text) && text.len() > 2);
            if let Some(near) = near {
                self.read.remarks.push(format!(
                    "`{text}` is no field: it is looked for in payloads (did you mean `{near}`?)"
                ));
            }
        }
        let check = check::compare(&payload(), "payload", Op::Like, Raw::Text(text), span.clone())?;
        self.found(payload(), check, "payload", span)
    }

    /// What may stand behind a subject.
    fn test(&mut self, subject: Subject, span: Range<usize>) -> Result<Tree, FilterError> {
        let name = subject.to_string();
        let span =
            span.start..self.tokens.get(self.at.wrapping_sub(1)).map_or(span.end, |(_, last)| last.end);
        let negated = self.peek_word("not")
            && matches!(self.tokens.get(self.at + 1), Some((Token::Word(word), _)) if word == "in");
        self.at += usize::from(negated);
        if self.eat_word("in") {
            let items = self.set(&subject, &name)?;
            let tree = self.found(subject, Check::OneOf(items), &name, span)?;
            return Ok(if negated { Tree::Not(Box::new(tree)) } else { tree });
        }
        let op = if self.eat(&Token::Colon) {
            Some((self.op().map_or_else(|| check::colon(&subject), |(op, _)| op), self.here()))
        } else {
            self.op()
        };
        let Some((op, op_span)) = op else {
            return self.found(subject, Check::Holds, &name, span);
        };
        let Some((token, value_span)) = self.next() else {
            let wants = format!("a value is expected behind `{}`", op.name());
            return Err(FilterError::new(op_span.end..self.end, wants).help(check::values(&subject)));
        };
        if token == Token::OpenSet {
            let error = FilterError::new(op_span, "a set is compared with `in`");
            return Err(error.label(format!("write `{name} in {{…}}`")));
        }
        let value = raw(&token).map_err(|error| FilterError { span: value_span.clone(), ..error })?;
        let check = check::compare(&subject, &name, op, value, value_span)?;
        if let Some((_, span)) = self.op() {
            let error = FilterError::new(span, "comparisons do not go on");
            return Err(error.label("join two comparisons with `and`"));
        }
        self.found(subject, check, &name, span)
    }

    /// The operator that is next, taken.
    fn op(&mut self) -> Option<(Op, Range<usize>)> {
        let (token, span) = self.tokens.get(self.at)?;
        let op = match token {
            Token::Op(op) => Some(*op),
            Token::Word(word) => Op::of_word(word),
            _ => None,
        }?;
        let span = span.clone();
        self.at += 1;
        Some((op, span))
    }

    /// A test is complete.
    fn found(
        &mut self,
        subject: Subject,
        check: Check,
        name: &str,
        span: Range<usize>,
    ) -> Result<Tree, FilterError> {
        self.count(1, span.clone())?;
        let rows = rows_of(&subject, &check);
        let narrow = matches!(&subject, Subject::Field(field) if field.info().rows != rows);
        let interface = match &subject {
            _ if check.asks_end() => Some("where a capture ends is known when all of it is read"),
            Subject::Field(field) => field.of_interface(),
            _ => None,
        };
        let tree = Tree::Test(subject, check);
        // Where it is not the field that rows lack, but the value, both are named.
        let name = if narrow { tree.to_string() } else { name.to_owned() };
        self.read.uses.push(Use { name, rows, span, interface });
        Ok(tree)
    }

    fn count(&mut self, more: usize, span: Range<usize>) -> Result<(), FilterError> {
        self.read.tests += usize::from(more > 0);
        if self.read.tests > MAX_TESTS {
            let most = format!("too many comparisons: {MAX_TESTS} at most");
            return Err(FilterError::new(span, most));
        }
        Ok(())
    }
}

/// What searches look at.
const fn payload() -> Subject {
    Subject::Field(Field::Payload)
}

fn raw(token: &Token) -> Result<Raw<'_>, FilterError> {
    match token {
        Token::Word(word) => Ok(Raw::Word(word)),
        Token::Text(text) => Ok(Raw::Text(text)),
        Token::Regex(regex) => Ok(Raw::Regex(regex)),
        Token::Path(_) => Err(FilterError::new(0..0, "a value is expected here")
            .help("two fields cannot be compared; a text that begins with a dot stands in quotes")),
        _ => Err(FilterError::new(0..0, "a value is expected here")),
    }
}

/// Words that are predicates by themselves.
fn predicate(word: &str) -> Option<(Subject, Literal)> {
    if let Some(mask) = opcode(word) {
        return Some((Subject::Field(Field::Op), Literal::Opcodes(mask)));
    }
    if let Type::Word(words) = Field::Dir.info().kind
        && let Some(dir) = words.iter().find(|dir| **dir == word)
    {
        return Some((Subject::Field(Field::Dir), Literal::Word(dir)));
    }
    let rule = crate::rules::find(word).filter(|rule| rule.code.eq_ignore_ascii_case(word))?;
    Some((Subject::Field(Field::Finding), Literal::Rule(rule.code)))
}

/// The opcodes of this name.
pub(super) fn opcode(name: &str) -> Option<u16> {
    let name = OPCODE_ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    OPCODES.iter().find(|(known, _)| *known == name).map(|(_, mask)| *mask)
}
