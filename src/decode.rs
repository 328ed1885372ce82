//! Payloads of messages into what their applications meant: JSON, MessagePack, CBOR, framings around them,
//! compressed layers. Bytes in, a [`Tree`] out; nothing is judged, and nothing is lost without being told.
//!
//! Values are shown as they were written: order, duplicate keys, the figures of numbers. A tree is flat, and refers
//! to its text, so that one of millions of bytes stays quick.

mod binary;
mod envelope;
mod json;
mod layer;
mod tree;

#[cfg(test)]
mod tests;

pub use layer::Layer;
pub use tree::{Kind, Node, Span, Tree};

/// What a payload can be shown as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON, or a framing around it.
    Json,
    /// Lines of text.
    Text,
    /// MessagePack.
    MsgPack,
    /// CBOR (RFC 8949).
    Cbor,
    /// Bytes.
    Hex,
}

impl Format {
    /// All of them, in the order in which they are gone through.
    pub const ALL: [Self; 5] = [Self::Json, Self::Text, Self::MsgPack, Self::Cbor, Self::Hex];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Text => "text",
            Self::MsgPack => "MessagePack",
            Self::Cbor => "CBOR",
            Self::Hex => "hex",
        }
    }
}

/// What is known of a payload before it is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// It was sent as text.
    pub text: bool,
    /// It is that of a Close frame: a code and a reason.
    pub close: bool,
    /// Not all of it is there.
    pub partial: bool,
}

/// A payload, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What it is shown as.
    pub format: Format,
    /// What it is, such as `Socket.IO`.
    pub name: &'static str,
    /// What it says, in a few words, where that is known.
    pub summary: Option<String>,
    /// Compressed layers that were taken off, the outermost first.
    pub layers: Vec<Layer>,
    /// What is wrong with it, or missing.
    pub notes: Vec<String>,
    /// The text that `tree` refers to, or what is shown where there is no tree.
    pub text: Vec<u8>,
    /// The values; `None` where it is lines of text, or bytes.
    pub tree: Option<Tree>,
    /// `text` is the payload itself, so that places in it are places in the payload.
    pub exact: bool,
}

/// The most bytes that are decoded as MessagePack or CBOR: their values take many times as much memory.
pub const BINARY_LIMIT: usize = 2 << 20;

/// Decodes a payload: as `forced` says, or as what it turns out to be.
#[must_use]
pub fn decode(payload: &[u8], hint: Hint, forced: Option<Format>) -> Decoded {
    match forced {
        None => automatic(payload, hint),
        Some(Format::Json) => forced_json(payload, hint),
        Some(Format::MsgPack) => forced_binary(payload, Format::MsgPack),
        Some(Format::Cbor) => forced_binary(payload, Format::Cbor),
        Some(format @ (Format::Text | Format::Hex)) => plain(payload, format),
    }
}

/// A payload as it is: text as lines, other bytes in hex.
#[must_use]
pub fn raw(payload: &[u8], hint: Hint) -> Decoded {
    plain(payload, if hint.text { Format::Text } else { Format::Hex })
}

fn plain(bytes: &[u8], format: Format) -> Decoded {
    Decoded {
        format,
        name: format.name(),
        summary: None,
        layers: Vec::new(),
        notes: Vec::new(),
        text: bytes.to_vec(),
        tree: None,
        exact: true,
    }
}

fn automatic(payload: &[u8], hint: Hint) -> Decoded {
    if hint.close {
        return envelope::close(payload);
    }
    if !hint.text {
        let (layers, inner) = layer::unwrap(payload);
        if let Some(inner) = inner {
            let whole = layers.iter().all(|layer| layer.whole);
            let hint = Hint { partial: hint.partial || !whole, ..hint };
            let mut decoded = of_bytes(&inner, hint);
            decoded.notes.extend(layers.iter().filter_map(Layer::note));
            return Decoded { layers, exact: false, ..decoded };
        }
        return of_bytes(payload, hint);
    }
    of_text(payload, hint)
}

/// Sent as text.
fn of_text(payload: &[u8], hint: Hint) -> Decoded {
    let Ok(text) = std::str::from_utf8(payload) else {
        let mut decoded = plain(payload, Format::Text);
        decoded.notes.extend(invalid_utf8(payload));
        return decoded;
    };
    if let Some(decoded) = envelope::of(text) {
        return decoded;
    }
    if !json::may_be(text) {
        return plain(payload, Format::Text);
    }
    let (tree, fault) = json::document(payload, 0);
    match fault {
        None => with_tree(payload, tree, Vec::new()),
        // What came of it is worth more than its lines.
        Some(fault) if fault.ends() && hint.partial || fault.too_many() => {
            with_tree(payload, tree, vec![fault.to_string()])
        }
        Some(fault) => {
            let mut decoded = plain(payload, Format::Text);
            decoded.notes.push(format!("begins like JSON, but is none: {fault}"));
            decoded
        }
    }
}

/// Sent as bytes.
fn of_bytes(bytes: &[u8], hint: Hint) -> Decoded {
    let readable = std::str::from_utf8(bytes).ok().filter(|text| is_readable(text));
    if readable.is_some() {
        return of_text(bytes, hint);
    }
    for format in [Format::MsgPack, Format::Cbor] {
        if binary::may_be(bytes, format)
            && let Ok((text, tree)) = binary::decode(bytes, format)
        {
            return of_values(format, text, tree);
        }
    }
    plain(bytes, Format::Hex)
}

/// Text that somebody would send: no controls but white space and the separators of records.
fn is_readable(text: &str) -> bool {
    !text.is_empty()
        && !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x1e' | '\0'))
}

fn with_tree(text: &[u8], tree: Tree, notes: Vec<String>) -> Decoded {
    let summary = envelope::summary(&tree, text);
    let (name, summary) = summary.map_or(("JSON", None), |(name, summary)| (name, Some(summary)));
    Decoded {
        format: Format::Json,
        name,
        summary,
        layers: Vec::new(),
        notes,
        text: text.to_vec(),
        tree: Some(tree),
        exact: true,
    }
}

fn of_values(format: Format, text: Vec<u8>, tree: Tree) -> Decoded {
    let notes = if tree.cut() { vec![json::Fault::TooMany.to_string()] } else { Vec::new() };
    Decoded { tree: Some(tree), exact: false, notes, ..plain(&text, format) }
}

fn forced_json(payload: &[u8], hint: Hint) -> Decoded {
    if let Ok(text) = std::str::from_utf8(payload)
        && let Some(decoded) = envelope::of(text)
    {
        return decoded;
    }
    let (layers, inner) = if hint.text { (Vec::new(), None) } else { layer::unwrap(payload) };
    let bytes = inner.as_deref().unwrap_or(payload);
    let (tree, fault) = json::document(bytes, 0);
    let mut decoded = with_tree(bytes, tree, fault.iter().map(|fault| format!("no JSON: {fault}")).collect());
    decoded.notes.extend(invalid_utf8(bytes));
    decoded.exact = layers.is_empty();
    Decoded { layers, ..decoded }
}

fn forced_binary(payload: &[u8], format: Format) -> Decoded {
    let (layers, inner) = layer::unwrap(payload);
    let bytes = inner.as_deref().unwrap_or(payload);
    match binary::decode(bytes, format) {
        Ok((text, tree)) => Decoded { layers, ..of_values(format, text, tree) },
        Err(why) => {
            let mut decoded = plain(payload, Format::Hex);
            decoded.notes.push(format!("no {}: {why}", format.name()));
            decoded
        }
    }
}

fn invalid_utf8(bytes: &[u8]) -> Option<String> {
    let fault = std::str::from_utf8(bytes).err()?;
    Some(format!("no UTF-8 from byte {} on", fault.valid_up_to()))
}
