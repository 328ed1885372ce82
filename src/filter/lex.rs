//! Expressions into tokens.

use std::ops::Range;

use super::error::FilterError;
use super::field::Field;
use super::path::{Path, Step};

/// The smallest piece of an expression that means something.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, a number, an address, an unquoted text: what it is depends on where it stands.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// `/…/` or `/…/i`.
    Regex(Regex),
    /// `.type`: a place in a JSON payload.
    Path(Path),
    /// `@name`: a saved filter.
    Saved(String),
    /// `==`, `<`, …
    Op(Op),
    /// `&&`, `||`
    And,
    /// `||`
    Or,
    /// `!`, or `-` before a term.
    Not,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `{`
    OpenSet,
    /// `}`
    CloseSet,
    /// `[`
    OpenSlice,
    /// `]`
    CloseSlice,
    /// `,`
    Comma,
    /// `:` behind a field's name, a part of it, or a path.
    Colon,
}

/// A regular expression as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Regex {
    pub(super) pattern: String,
    pub(super) ignore_case: bool,
}

/// An operator between two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `contains`
    Contains,
    /// `~`: contains, in any case.
    Like,
    /// `!~`
    NotLike,
    /// `matches`, `=~`
    Matches,
}

impl Op {
    /// As the normal form spells it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Eq => "==",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Contains => "contains",
            Self::Like => "~",
            Self::NotLike => "!~",
            Self::Matches => "=~",
        }
    }

    /// `<`, `<=`, `>`, `>=`
    pub(super) const fn is_order(self) -> bool {
        matches!(self, Self::Lt | Self::Le | Self::Gt | Self::Ge)
    }

    /// The operator that is spelt with letters.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Eq,
            "ne" => Self::Ne,
            "lt" => Self::Lt,
            "le" => Self::Le,
            "gt" => Self::Gt,
            "ge" => Self::Ge,
            "contains" => Self::Contains,
            "matches" => Self::Matches,
            _ => return None,
        })
    }
}

/// A token and where it stands.
pub(super) type Spanned = (Token, Range<usize>);

/// Cuts an expression into tokens.
pub(super) fn lex(text: &str) -> Result<Vec<Spanned>, FilterError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::<Spanned>::new();
    while let Some(first) = lexer.skip_blank() {
        let start = lexer.at;
        let behind_value = matches!(
            tokens.last(),
            Some((Token::Path(_) | Token::CloseSlice, span)) if span.end == start
        );
        let token = lexer.token(first, behind_value)?;
        let name_end = lexer.at;
        tokens.push((token, start..name_end));
    }
    Ok(tokens)
}

/// A character of names, numbers, addresses and unquoted texts.
fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':' | '/' | '@' | '-' | '+' | '$' | '#' | '%' | '*')
}

/// A character of a key in a path.
pub(super) fn is_key(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '-')
}

/// A character that a key in a path may begin with.
pub(super) fn begins_key(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '$')
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, what: &str) -> bool {
        let there = self.rest().starts_with(what);
        if there {
            self.at += what.len();
        }
        there
    }

    fn skip_blank(&mut self) -> Option<char> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
        self.peek()
    }

    /// The next token, which begins with `first`; `behind` = right behind a path or a bracket.
    fn token(&mut self, first: char, behind: bool) -> Result<Token, FilterError> {
        let start = self.at;
        for (text, token) in [
            ("&&", Token::And),
            ("||", Token::Or),
            ("==", Token::Op(Op::Eq)),
            ("=~", Token::Op(Op::Matches)),
            ("!=", Token::Op(Op::Ne)),
            ("!~", Token::Op(Op::NotLike)),
            ("<=", Token::Op(Op::Le)),
            (">=", Token::Op(Op::Ge)),
            ("=", Token::Op(Op::Eq)),
            ("<", Token::Op(Op::Lt)),
            (">", Token::Op(Op::Gt)),
            ("~", Token::Op(Op::Like)),
            ("!", Token::Not),
            ("(", Token::Open),
            (")", Token::Close),
            ("{", Token::OpenSet),
            ("}", Token::CloseSet),
            ("[", Token::OpenSlice),
            ("]", Token::CloseSlice),
            (",", Token::Comma),
        ] {
            if self.eat(text) {
                return Ok(token);
            }
        }
        let second = self.second();
        match first {
            '"' | '\'' => self.quoted().map(Token::Text),
            '/' => self.regex().map(Token::Regex),
            '@' => {
                self.bump();
                let name = self.while_char(is_key).to_owned();
                if name.is_empty() {
                    return Err(FilterError::new(start..self.at, "a name is missing behind `@`"));
                }
                Ok(Token::Saved(name))
            }
            '.' if !second.is_some_and(|c| c.is_ascii_digit()) => self.path().map(Token::Path),
            '-' if !second.is_some_and(|c| c.is_ascii_digit()) => {
                self.bump();
                Ok(Token::Not)
            }
            ':' if behind || self.ends_field_name() => {
                self.bump();
                Ok(Token::Colon)
            }
            '&' | '|' => {
                let help =
                    format!("write `{first}{first}`, or `{}`", if first == '&' { "and" } else { "or" });
                Err(FilterError::new(start..start + 1, format!("`{first}` is no operator")).label(help))
            }
            c if is_word(c) => Ok(Token::Word(self.word())),
            c => Err(FilterError::new(
                start..start + c.len_utf8(),
                format!("`{}` means nothing here", c.escape_debug()),
            )
            .help("put text in quotes")),
        }
    }

    fn while_char(&mut self, is: impl Fn(char) -> bool) -> &str {
        let start = self.at;
        while self.peek().is_some_and(&is) {
            self.bump();
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// What stands right before is the name of a field.
    fn ends_field_name(&self) -> bool {
        let before = self.text.get(..self.at).unwrap_or_default();
        let name = before.rsplit(|c| !is_word(c) || c == ':').next().unwrap_or_default();
        Field::find(name).is_some()
    }

    /// A word; it ends at the colon behind a field's name.
    fn word(&mut self) -> String {
        let start = self.at;
        while let Some(c) = self.peek() {
            let so_far = self.text.get(start..self.at).unwrap_or_default();
            if !is_word(c) || c == ':' && Field::find(so_far).is_some() {
                break;
            }
            self.bump();
        }
        self.text.get(start..self.at).unwrap_or_default().to_owned()
    }

    fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        let quote = self.bump();
        let mut text = String::new();
        loop {
            let at = self.at;
            match self.bump() {
                None => {
                    return Err(FilterError::new(start..self.at, "the closing quote is missing"));
                }
                c if c == quote => return Ok(text),
                Some('\\') => text.push(self.escape(at)?),
                Some(c) => text.push(c),
            }
        }
    }

    /// What stands behind a backslash, which stands at `start`.
    fn escape(&mut self, start: usize) -> Result<char, FilterError> {
        let escaped = self.bump();
        let c = match escaped {
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('0') => Some('\0'),
            Some(c @ ('\\' | '"' | '\'' | '/')) => Some(c),
            Some('x') => self.hex(2).filter(|code| *code < 0x80).and_then(char::from_u32),
            Some('u') if self.eat("{") => {
                let digits = self.rest().chars().take_while(char::is_ascii_hexdigit).count();
                let c = self.hex(digits.min(6)).and_then(char::from_u32);
                c.filter(|_| self.eat("}"))
            }
            Some('u') => self.hex(4).and_then(char::from_u32),
            _ => None,
        };
        c.ok_or_else(|| {
            FilterError::new(start..self.at, "unknown escape")
                .label("use \\n \\r \\t \\0 \\\\ \\\" \\x1b or \\u{1f600}")
                .help("bytes are written without quotes: 0xff or ff:fe")
        })
    }

    fn hex(&mut self, digits: usize) -> Option<u32> {
        let text = self.rest().get(..digits).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
        let code = u32::from_str_radix(text, 16).ok()?;
        self.at += digits;
        Some(code)
    }

    fn regex(&mut self) -> Result<Regex, FilterError> {
        let start = self.at;
        self.bump();
        let mut pattern = String::new();
        loop {
            match self.bump() {
                None => {
                    return Err(FilterError::new(start..self.at, "a regular expression ends with `/`")
                        .help("put a text that begins with `/` in quotes: \"/chat\""));
                }
                Some('/') => break,
                Some('\\') if self.eat("/") => pattern.push('/'),
                Some('\\') => {
                    pattern.push('\\');
                    pattern.extend(self.bump());
                }
                Some(c) => pattern.push(c),
            }
        }
        let flags_at = self.at;
        let flags = self.while_char(is_word).to_owned();
        if flags.is_empty() || flags == "i" {
            return Ok(Regex { pattern, ignore_case: flags == "i" });
        }
        Err(FilterError::new(flags_at..self.at, format!("`{flags}` is no flag of a regular expression"))
            .label("only i (in any case) is")
            .help("put a text that begins with `/` in quotes: \"/chat\""))
    }

    fn path(&mut self) -> Result<Path, FilterError> {
        let start = self.at;
        let mut steps = Vec::new();
        loop {
            let step_at = self.at;
            if self.eat(".") {
                match self.peek() {
                    Some('"') => steps.push(Step::Key(self.quoted()?)),
                    Some(c) if begins_key(c) => steps.push(Step::Key(self.while_char(is_key).to_owned())),
                    Some('[') if steps.is_empty() => {}
                    _ if steps.is_empty() => break,
                    _ => {
                        return Err(FilterError::new(step_at..self.at, "a key is missing behind `.`")
                            .help("a key that is no plain word stands in quotes: .\"odd key\""));
                    }
                }
            } else if self.eat("[") {
                steps.push(self.index(step_at)?);
            } else {
                break;
            }
        }
        if steps.len() > MAX_STEPS {
            let most = format!("a path has {MAX_STEPS} steps at most");
            return Err(FilterError::new(start..self.at, most));
        }
        Ok(Path(steps))
    }

    /// What stands in brackets in a path.
    fn index(&mut self, start: usize) -> Result<Step, FilterError> {
        let step = match self.skip_blank() {
            Some(']') => Some(Step::Any),
            Some('"') => Some(Step::Key(self.quoted()?)),
            _ => {
                let digits = self.while_char(|c| c.is_ascii_digit() || c == '-');
                digits.parse().ok().map(Step::Index)
            }
        };
        self.skip_blank();
        if !self.eat("]") {
            self.bump();
            let error = FilterError::new(start..self.at, "this is no index");
            return Err(error.label("write [0], [-1], [] for any element, or [\"key\"]"));
        }
        step.ok_or_else(|| FilterError::new(start..self.at, "this is no index"))
    }
}

/// Steps of one path.
const MAX_STEPS: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<Token> {
        lex(text).unwrap().into_iter().map(|(token, _)| token).collect()
    }

    fn word(text: &str) -> Token {
        Token::Word(text.to_owned())
    }

    #[test]
    fn words_may_be_anything_that_is_no_sign() {
        assert_eq!(
            tokens("10.0.0.0/24 2001:db8::/32 ::1 1f:8b -5ms 1e+9 graphql-ws"),
            ["10.0.0.0/24", "2001:db8::/32", "::1", "1f:8b", "-5ms", "1e+9", "graphql-ws"].map(word)
        );
        assert_eq!(tokens("len>=4KiB"), [word("len"), Token::Op(Op::Ge), word("4KiB")]);
        assert_eq!(
            tokens("op:ping -ping"),
            [word("op"), Token::Colon, word("ping"), Token::Not, word("ping")]
        );
        assert_eq!(tokens("host:8080"), [word("host"), Token::Colon, word("8080")]);
        assert_eq!(tokens("payload:\"a b\""), [word("payload"), Token::Colon, Token::Text("a b".to_owned())]);
    }

    #[test]
    fn paths() {
        let path = |text: &str| match &tokens(text)[..] {
            [Token::Path(path)] => path.to_string(),
            other => panic!("{text}: {other:?}"),
        };
        for text in [
            ".",
            ".type",
            ".items[0].price",
            ".data[].symbol",
            ".\"odd key\"",
            ".[0]",
            ".[]",
            ".a[-1]",
            ".$x._y-z",
        ] {
            assert_eq!(path(text), text);
        }
        assert_eq!(path(".[\"key\"]"), ".key");
        assert_eq!(tokens(".type==\"error\"").len(), 3);
        assert_eq!(tokens(".5"), [word(".5")]);
        assert_eq!(tokens(".a:b")[1], Token::Colon);
    }

    #[test]
    fn texts_and_regular_expressions() {
        assert_eq!(
            tokens(r#""a\n\"\x1b\u{1f600}\u00e9" 'it"s'"#),
            ["a\n\"\u{1b}\u{1f600}é", "it\"s"].map(|text| Token::Text(text.to_owned()))
        );
        let regex =
            |pattern: &str, ignore_case| Token::Regex(Regex { pattern: pattern.to_owned(), ignore_case });
        assert_eq!(tokens(r"/a\/b\d/i /x/"), [regex(r"a/b\d", true), regex("x", false)]);
    }

    #[test]
    fn faults() {
        for (text, span, message) in [
            ("\"abc", 0..4, "the closing quote is missing"),
            ("op == \"\\q\"", 7..9, "unknown escape"),
            ("\"\\xff\"", 1..5, "unknown escape"),
            ("path == /ws", 8..11, "a regular expression ends with `/`"),
            ("/a/g", 3..4, "`g` is no flag of a regular expression"),
            ("a & b", 2..3, "`&` is no operator"),
            (".a..b", 2..3, "a key is missing behind `.`"),
            (".a[x]", 2..4, "this is no index"),
            ("op ; x", 3..4, "`;` means nothing here"),
            ("@ x", 0..1, "a name is missing behind `@`"),
        ] {
            let error = lex(text).unwrap_err();
            assert_eq!((error.span, &*error.message), (span, message), "{text}");
        }
    }
}
