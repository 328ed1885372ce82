//! The Sec-WebSocket-Extensions header (RFC 6455 section 9.1, RFC 7692), read tolerantly.

use super::head::is_token;

/// One extension that a header lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its name, in the sender's case.
    pub name: String,
    /// Its parameters in order, names in the sender's case, quoted values without quotes and escapes.
    pub params: Vec<(String, Option<String>)>,
}

/// A part of the header that does not follow the grammar. The rest is used all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A header line that lists nothing.
    Empty,
    /// An extension's name is no token; it is left out.
    Name(String),
    /// A parameter is no token, or has a value that is none; it is left out.
    Param(String),
}

/// What header lines list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// The extensions in order, over all lines.
    pub list: Vec<Extension>,
    /// What could not be read.
    pub malformed: Vec<Malformed>,
}

impl Extensions {
    /// Reads the values of all header lines (several count as one list, RFC 6455 section 9.1).
    pub fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut extensions = Self::default();
        for value in values {
            let mut empty = true;
            // Empty elements are to be accepted (RFC 9110 section 5.6.1.2), a list of none is not.
            for element in split(value, b',').map(<[u8]>::trim_ascii).filter(|e| !e.is_empty()) {
                empty = false;
                extensions.element(element);
            }
            if empty {
                extensions.malformed.push(Malformed::Empty);
            }
        }
        extensions
    }

    fn element(&mut self, element: &[u8]) {
        let mut parts = split(element, b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        if !is_token(name) {
            self.malformed.push(Malformed::Name(text(element)));
            return;
        }
        let mut params = Vec::new();
        for part in parts {
            match param(part) {
                Some(param) => params.push(param),
                None => self.malformed.push(Malformed::Param(text(part))),
            }
        }
        self.list.push(Extension { name: text(name), params });
    }
}

impl Extension {
    /// The value of the first parameter of this name; `Some(None)` = it is there without a value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<&str>> {
        let (_, value) = self.params.iter().find(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(value.as_deref())
    }

    /// The deflate extension that it is, if any.
    #[must_use]
    pub fn deflate_kind(&self) -> Option<DeflateKind> {
        if self.name.eq_ignore_ascii_case("permessage-deflate") {
            Some(DeflateKind::PermessageDeflate)
        } else if ["x-webkit-deflate-frame", "deflate-frame"]
            .iter()
            .any(|n| self.name.eq_ignore_ascii_case(n))
        {
            Some(DeflateKind::WebkitDeflateFrame)
        } else {
            None
        }
    }
}

/// `permessage-deflate; client_max_window_bits=15`
impl std::fmt::Display for Extension {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)?;
        for (name, value) in &self.params {
            write!(f, "; {name}")?;
            if let Some(value) = value {
                write!(f, "={value}")?;
            }
        }
        Ok(())
    }
}

/// Which kind of deflate was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeflateKind {
    /// RFC 7692.
    PermessageDeflate,
    /// Its forerunner `x-webkit-deflate-frame` (also `deflate-frame`), which compresses each frame.
    WebkitDeflateFrame,
}

/// The compression that was agreed, as it holds on the wire.
///
/// A parameter that is missing or has a bad value stands at its default (window bits 15, takeover allowed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// Which extension.
    pub kind: DeflateKind,
    /// The client compresses each message by itself.
    pub client_no_context_takeover: bool,
    /// The server compresses each message by itself.
    pub server_no_context_takeover: bool,
    /// The base-2 logarithm of the client's window, 8 to 15.
    pub client_max_window_bits: u8,
    /// The base-2 logarithm of the server's window, 8 to 15.
    pub server_max_window_bits: u8,
}

impl Deflate {
    /// What the response agrees to: its first deflate extension.
    ///
    /// For permessage-deflate the response says all (RFC 7692 section 7.1). For its forerunner each side's
    /// parameters bind the other one, so that the offer of the same name is needed for the server's.
    #[must_use]
    pub fn agreed(offers: &[Extension], response: &[Extension]) -> Option<Self> {
        let (kind, agreed) = response.iter().find_map(|e| Some((e.deflate_kind()?, e)))?;
        Some(match kind {
            DeflateKind::PermessageDeflate => Self {
                kind,
                client_no_context_takeover: flag(
                    agreed,
                    &["client_no_context_takeover", "c2s_no_context_takeover"],
                ),
                server_no_context_takeover: flag(
                    agreed,
                    &["server_no_context_takeover", "s2c_no_context_takeover"],
                ),
                client_max_window_bits: bits(agreed, &["client_max_window_bits", "c2s_max_window_bits"]),
                server_max_window_bits: bits(agreed, &["server_max_window_bits", "s2c_max_window_bits"]),
            },
            DeflateKind::WebkitDeflateFrame => {
                let offer = offers.iter().find(|e| e.name.eq_ignore_ascii_case(&agreed.name));
                Self {
                    kind,
                    client_no_context_takeover: flag(agreed, &["no_context_takeover"]),
                    server_no_context_takeover: offer.is_some_and(|o| flag(o, &["no_context_takeover"])),
                    client_max_window_bits: bits(agreed, &["max_window_bits"]),
                    server_max_window_bits: offer.map_or(MAX_BITS, |o| bits(o, &["max_window_bits"])),
                }
            }
        })
    }
}

const MAX_BITS: u8 = 15;

/// A valid value of a window parameter: 8 to 15 in decimal, without leading zeros (RFC 7692 section 7.1.2).
#[must_use]
pub fn window_bits(value: &str) -> Option<u8> {
    match value {
        "8" => Some(8),
        "9" => Some(9),
        _ => {
            value.strip_prefix('1').filter(|d| d.len() == 1).and_then(|d| d.parse().ok()).map(|d: u8| 10 + d)
        }
    }
    .filter(|bits| *bits <= MAX_BITS)
}

/// The names of a parameter: RFC 7692's, and that of the drafts before it.
fn flag(extension: &Extension, names: &[&str]) -> bool {
    names.iter().any(|name| extension.param(name).is_some())
}

fn bits(extension: &Extension, names: &[&str]) -> u8 {
    let value = names.iter().find_map(|name| extension.param(name));
    value.flatten().and_then(window_bits).unwrap_or(MAX_BITS)
}

/// `token [ "=" ( token | quoted-string ) ]`, where the quoted string must hold a token.
fn param(part: &[u8]) -> Option<(String, Option<String>)> {
    let Some(equals) = memchr::memchr(b'=', part) else {
        return is_token(part).then(|| (text(part), None));
    };
    let name = part.get(..equals)?.trim_ascii_end();
    let value = part.get(equals + 1..)?.trim_ascii_start();
    let value = if value.first() == Some(&b'"') { unquote(value)? } else { value.to_vec() };
    (is_token(name) && is_token(&value)).then(|| (text(name), Some(text(&value))))
}

/// A whole quoted-string's content (RFC 9110 section 5.6.4).
fn unquote(value: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?.iter();
    let mut content = Vec::new();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => content.push(*bytes.next()?),
            b'"' => return None,
            _ => content.push(*byte),
        }
    }
    Some(content)
}

/// Splits at a separator outside quoted strings. A quote that is never closed reaches to the end.
fn split(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => return !quoted && *byte == separator,
        }
        false
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lines: &[&str]) -> Extensions {
        Extensions::parse(lines.iter().map(|line| line.as_bytes()))
    }

    fn shown(lines: &[&str]) -> (Vec<String>, Vec<Malformed>) {
        let extensions = parse(lines);
        (extensions.list.iter().map(ToString::to_string).collect(), extensions.malformed)
    }

    #[test]
    fn grammar() {
        // RFC 6455 section 9.1's examples.
        assert_eq!(shown(&["foo", "bar; baz=2"]), shown(&["foo, bar; baz=2"]));
        assert_eq!(shown(&["deflate-stream"]).0, ["deflate-stream"]);
        assert_eq!(
            shown(&["mux; max-channels=4; flow-control, deflate-stream"]).0,
            ["mux; max-channels=4; flow-control", "deflate-stream"]
        );
        assert_eq!(shown(&["private-extension"]).0, ["private-extension"]);
        // White space, quotes and escapes.
        let (list, malformed) = shown(&[" Foo ;\ta = \"1\\5\" ; B,, bar;c=d "]);
        assert_eq!((list, malformed), (vec!["Foo; a=15; B".into(), "bar; c=d".into()], vec![]));
    }

    #[test]
    fn malformed_parts_are_left_out() {
        let (list, malformed) = shown(&["a; ; b=; c=\"x y\"; d=\"e\"f; g=\"h; i, j", "", "k l; m, n; o"]);
        assert_eq!(list, ["a", "n; o"]);
        let param = |text: &str| Malformed::Param(text.into());
        assert_eq!(
            malformed,
            [
                param(""),
                param("b="),
                param("c=\"x y\""),
                param("d=\"e\"f"),
                param("g=\"h; i, j"),
                Malformed::Empty,
                Malformed::Name("k l; m".into())
            ]
        );
        assert_eq!(shown(&["a; \"=1"]).1, [param("\"=1")]);
        assert_eq!(shown(&["a=1"]).1, [Malformed::Name("a=1".into())]);
        assert_eq!(shown(&["a;b=\"\""]).1, [param("b=\"\"")]);
    }

    #[test]
    fn window_bit_values() {
        for bits in 8..=15 {
            assert_eq!(window_bits(&bits.to_string()), Some(bits));
        }
        for bad in ["", "7", "16", "08", "015", "1", "1x", "19", "+9", "100"] {
            assert_eq!(window_bits(bad), None, "{bad}");
        }
    }

    fn agreed(offer: &str, response: &str) -> Option<(bool, bool, u8, u8)> {
        let deflate = Deflate::agreed(&parse(&[offer]).list, &parse(&[response]).list)?;
        Some((
            deflate.client_no_context_takeover,
            deflate.server_no_context_takeover,
            deflate.client_max_window_bits,
            deflate.server_max_window_bits,
        ))
    }

    #[test]
    fn negotiation() {
        // RFC 7692 sections 7.1 and 7.1.3.
        let offer = "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits";
        assert_eq!(agreed("permessage-deflate", "permessage-deflate"), Some((false, false, 15, 15)));
        assert_eq!(
            agreed(offer, "permessage-deflate; server_max_window_bits=10"),
            Some((false, false, 15, 10))
        );
        assert_eq!(
            agreed(offer, "Permessage-Deflate;Client_Max_Window_Bits=\"12\""),
            Some((false, false, 12, 15))
        );
        assert_eq!(
            agreed(offer, "permessage-deflate; client_no_context_takeover; server_no_context_takeover"),
            Some((true, true, 15, 15))
        );
        assert_eq!(agreed(offer, "foo"), None);
        assert_eq!(agreed(offer, ""), None);
        // Bad values stand at the default.
        let bad = "permessage-deflate; client_max_window_bits=16; server_max_window_bits";
        assert_eq!(agreed(offer, bad), Some((false, false, 15, 15)));
        // The draft's forms, where each side's parameters bind the other.
        let (offer, response) =
            ("x-webkit-deflate-frame; max_window_bits=9", "x-webkit-deflate-frame; no_context_takeover");
        assert_eq!(agreed(offer, response), Some((true, false, 15, 9)));
        assert_eq!(agreed("", "permessage-deflate; s2c_max_window_bits=8"), Some((false, false, 15, 8)));
    }
}
