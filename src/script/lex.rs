//! A line into tokens.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Anything without quotes.
    Word(&'a str),
    /// `'text'`
    Text(Vec<u8>),
    /// `deflate('text')`
    Deflate(Vec<u8>),
    /// `fresh('text')`
    Fresh(Vec<u8>),
    /// `|`
    Bar,
}

/// The tokens up to the end of the line, or a comment. The error says what was expected.
pub(super) fn tokens(line: &str) -> Result<Vec<Token<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = line.trim_ascii_start();
    while !rest.is_empty() && !rest.starts_with('#') {
        let (token, after) = token(rest)?;
        if !after.is_empty() && !after.starts_with(|c: char| c.is_ascii_whitespace()) {
            return Err(format!("expected white space before `{after}`"));
        }
        found.push(token);
        rest = after.trim_ascii_start();
    }
    Ok(found)
}

/// The first word of a line, and what follows without the white space around it.
pub(super) fn word(line: &str) -> (&str, &str) {
    let end = line.find(|c: char| c.is_ascii_whitespace()).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    (word, rest.trim_ascii())
}

/// The bytes of a raw header line.
pub(super) fn raw(text: &str) -> Result<Vec<u8>, String> {
    escaped(text, None).map(|(bytes, _)| bytes)
}

/// Bytes as an even number of hexadecimal digits.
pub(super) fn hex(word: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = word.chars().map(digit).collect::<Option<_>>()?;
    let (pairs, odd) = digits.as_chunks::<2>();
    (!pairs.is_empty() && odd.is_empty()).then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// A number of decimal digits alone.
pub(super) fn number(word: &str) -> Option<u64> {
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok())?
}

fn token(rest: &str) -> Result<(Token<'_>, &str), String> {
    if let Some(quoted) = rest.strip_prefix('\'') {
        return escaped(quoted, Some('\'')).map(|(bytes, after)| (Token::Text(bytes), after));
    }
    for (name, running) in [("deflate(", true), ("fresh(", false)] {
        if let Some(argument) = rest.strip_prefix(name) {
            let quoted = argument.strip_prefix('\'').ok_or_else(|| format!("expected `{name}'text')`"))?;
            let (bytes, after) = escaped(quoted, Some('\''))?;
            let after =
                after.strip_prefix(')').ok_or_else(|| format!("expected `)` to end `{name}'text'`"))?;
            return Ok((if running { Token::Deflate(bytes) } else { Token::Fresh(bytes) }, after));
        }
    }
    let end = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    Ok((if word == "|" { Token::Bar } else { Token::Word(word) }, after))
}

/// Text with escapes up to `end`, or of the whole of it; and what follows.
fn escaped(text: &str, end: Option<char>) -> Result<(Vec<u8>, &str), String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            _ if Some(c) == end => return Ok((bytes, chars.as_str())),
            '\\' => bytes.push(escape(&mut chars, end).ok_or_else(|| {
                let quote = if end.is_some() { r" \'" } else { "" };
                format!(r"expected one of the escapes \xNN \n \r \t{quote} \\")
            })?),
            _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    if end.is_some() { Err("expected a `'` that ends the text".to_owned()) } else { Ok((bytes, "")) }
}

fn escape(chars: &mut std::str::Chars<'_>, end: Option<char>) -> Option<u8> {
    match chars.next()? {
        'n' => Some(b'\n'),
        'r' => Some(b'\r'),
        't' => Some(b'\t'),
        '\\' => Some(b'\\'),
        '\'' if end.is_some() => Some(b'\''),
        'x' => Some(digit(chars.next()?)? << 4 | digit(chars.next()?)?),
        _ => None,
    }
}

fn digit(c: char) -> Option<u8> {
    c.to_digit(16).map(|digit| digit as u8)
}
