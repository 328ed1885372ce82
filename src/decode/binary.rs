//! MessagePack and CBOR, written as the diagnostic notation of CBOR (RFC 8949 section 8), which is JSON and a little more.

use std::fmt::{Display, Write as _};

use ciborium::Value as Cbor;
use rmpv::ValueRef as MsgPack;

use super::tree::{Kind, Span, Tree};
use super::{BINARY_LIMIT, Format};

/// Levels that are followed.
const DEPTH: usize = 128;

/// The first byte is that of a map or an array: other values alone are too easily met by chance.
pub(super) fn may_be(bytes: &[u8], format: Format) -> bool {
    let [first, _, ..] = bytes else { return false };
    match format {
        Format::MsgPack => matches!(first, 0x80..=0x9f | 0xdc..=0xdf),
        _ => matches!(first, 0x80..=0xbf | 0xc6..=0xdb),
    }
}

/// Decodes the one value that `bytes` are.
///
/// # Errors
/// Why they are not.
pub(super) fn decode(bytes: &[u8], format: Format) -> Result<(Vec<u8>, Tree), String> {
    if bytes.len() > BINARY_LIMIT {
        return Err(format!("more than {BINARY_LIMIT} bytes are not decoded"));
    }
    let mut rest = bytes;
    let mut writer = Writer { text: String::new(), tree: Tree::default() };
    match format {
        Format::MsgPack => {
            let value = rmpv::decode::read_value_ref_with_max_depth(&mut rest, DEPTH);
            writer.msgpack(&value.map_err(|error| error.to_string())?, Span::default());
        }
        _ => {
            let value: Result<Cbor, _> = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH);
            writer.cbor(&value.map_err(|error| said(&error))?, Span::default());
        }
    }
    if !rest.is_empty() {
        return Err(format!("{} bytes are left behind the value", rest.len()));
    }
    Ok((writer.text.into_bytes(), writer.tree))
}

/// The errors of the decoder are for programmers.
fn said<T>(error: &ciborium::de::Error<T>) -> String {
    match error {
        ciborium::de::Error::Io(_) => "it ends before the value".to_owned(),
        ciborium::de::Error::Syntax(at) => format!("byte {at} begins no value"),
        ciborium::de::Error::Semantic(_, why) => why.clone(),
        ciborium::de::Error::RecursionLimitExceeded => format!("it is more than {DEPTH} levels deep"),
    }
}

struct Writer {
    text: String,
    tree: Tree,
}

impl Writer {
    fn at(&self) -> usize {
        self.text.len()
    }

    /// Something that holds nothing.
    fn leaf(&mut self, kind: Kind, key: Span, write: impl FnOnce(&mut String)) {
        let start = self.at();
        write(&mut self.text);
        self.tree.push(kind, key, Span::new(start, self.at()));
    }

    fn open(&mut self, kind: Kind, key: Span) {
        let start = self.at();
        self.text.push(if kind == Kind::Object { '{' } else { '[' });
        self.tree.push(kind, key, Span::new(start, start + 1));
    }

    fn close(&mut self, kind: Kind) {
        self.text.push(if kind == Kind::Object { '}' } else { ']' });
        self.tree.close(self.text.len());
    }

    fn separate(&mut self, n: usize) {
        if n > 0 {
            self.text.push_str(", ");
        }
    }

    /// A key; the span of what was written.
    fn key(&mut self, write: impl FnOnce(&mut String)) -> Span {
        let start = self.at();
        write(&mut self.text);
        let span = Span::new(start, self.at());
        self.text.push_str(": ");
        span
    }

    fn msgpack(&mut self, value: &MsgPack<'_>, key: Span) {
        if !self.tree.has_room() {
            return;
        }
        match value {
            MsgPack::Array(values) => {
                self.open(Kind::Array, key);
                for (n, value) in values.iter().enumerate() {
                    self.separate(n);
                    self.msgpack(value, Span::default());
                }
                self.close(Kind::Array);
            }
            MsgPack::Map(entries) => {
                self.open(Kind::Object, key);
                for (n, (name, value)) in entries.iter().enumerate() {
                    self.separate(n);
                    let name = self.key(|out| msgpack(name, out));
                    self.msgpack(value, name);
                }
                self.close(Kind::Object);
            }
            leaf => self.leaf(msgpack_kind(leaf), key, |out| msgpack(leaf, out)),
        }
    }

    fn cbor(&mut self, value: &Cbor, key: Span) {
        if !self.tree.has_room() {
            return;
        }
        match value {
            Cbor::Array(values) => {
                self.open(Kind::Array, key);
                for (n, value) in values.iter().enumerate() {
                    self.separate(n);
                    self.cbor(value, Span::default());
                }
                self.close(Kind::Array);
            }
            Cbor::Map(entries) => {
                self.open(Kind::Object, key);
                for (n, (name, value)) in entries.iter().enumerate() {
                    self.separate(n);
                    let name = self.key(|out| cbor(name, out));
                    self.cbor(value, name);
                }
                self.close(Kind::Object);
            }
            // A tag around something that holds others is told with its key.
            Cbor::Tag(tag, inner) if matches!(**inner, Cbor::Array(_) | Cbor::Map(_)) => {
                self.open(Kind::Object, key);
                let name = self.key(|out| put(out, format_args!("tag {tag}")));
                self.cbor(inner, name);
                self.close(Kind::Object);
            }
            leaf => self.leaf(cbor_kind(leaf), key, |out| cbor(leaf, out)),
        }
    }
}

/// Writing to a string cannot fail.
fn put(out: &mut String, value: impl Display) {
    let _ = write!(out, "{value}");
}

fn quote(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

fn bytes(out: &mut String, bytes: &[u8]) {
    out.push_str("h'");
    for byte in bytes {
        put(out, format_args!("{byte:02x}"));
    }
    out.push('\'');
}

fn float(out: &mut String, value: f64) {
    match value {
        value if value.is_nan() => out.push_str("NaN"),
        value if value.is_infinite() => out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" }),
        value => put(out, format_args!("{value:?}")),
    }
}

const fn msgpack_kind(value: &MsgPack<'_>) -> Kind {
    match value {
        MsgPack::Nil | MsgPack::Boolean(_) => Kind::Word,
        MsgPack::Integer(_) | MsgPack::F32(_) | MsgPack::F64(_) => Kind::Number,
        MsgPack::String(_) => Kind::String,
        MsgPack::Binary(_) | MsgPack::Ext(..) => Kind::Bytes,
        MsgPack::Array(_) => Kind::Array,
        MsgPack::Map(_) => Kind::Object,
    }
}

fn msgpack(value: &MsgPack<'_>, out: &mut String) {
    match value {
        MsgPack::Nil => out.push_str("null"),
        MsgPack::Boolean(is) => put(out, is),
        MsgPack::Integer(number) => put(out, number),
        MsgPack::F32(number) => put(out, format_args!("{number:?}")),
        MsgPack::F64(number) => float(out, *number),
        MsgPack::String(text) => match text.as_str() {
            Some(text) => quote(out, text),
            None => bytes(out, text.as_bytes()),
        },
        MsgPack::Binary(binary) => bytes(out, binary),
        MsgPack::Ext(kind, data) => {
            put(out, format_args!("ext {kind} "));
            bytes(out, data);
        }
        MsgPack::Array(values) => {
            out.push('[');
            for (n, value) in values.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                msgpack(value, out);
            }
            out.push(']');
        }
        MsgPack::Map(entries) => {
            out.push('{');
            for (n, (key, value)) in entries.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                msgpack(key, out);
                out.push_str(": ");
                msgpack(value, out);
            }
            out.push('}');
        }
    }
}

const fn cbor_kind(value: &Cbor) -> Kind {
    match value {
        Cbor::Integer(_) | Cbor::Float(_) => Kind::Number,
        Cbor::Bytes(_) => Kind::Bytes,
        Cbor::Text(_) => Kind::String,
        // What holds others in a tag has a row of its own for that; in two, it is one text.
        Cbor::Tag(_, inner) if !cbor_kind(inner).holds() => cbor_kind(inner),
        Cbor::Tag(..) => Kind::Text,
        Cbor::Array(_) => Kind::Array,
        Cbor::Map(_) => Kind::Object,
        _ => Kind::Word,
    }
}

fn cbor(value: &Cbor, out: &mut String) {
    match value {
        Cbor::Integer(number) => put(out, i128::from(*number)),
        Cbor::Bytes(data) => bytes(out, data),
        Cbor::Float(number) => float(out, *number),
        Cbor::Text(text) => quote(out, text),
        Cbor::Bool(is) => put(out, is),
        Cbor::Null => out.push_str("null"),
        Cbor::Tag(tag, inner) => {
            put(out, format_args!("{tag}("));
            cbor(inner, out);
            out.push(')');
        }
        Cbor::Array(values) => {
            out.push('[');
            for (n, value) in values.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                cbor(value, out);
            }
            out.push(']');
        }
        Cbor::Map(entries) => {
            out.push('{');
            for (n, (key, value)) in entries.iter().enumerate() {
                out.push_str(if n > 0 { ", " } else { "" });
                cbor(key, out);
                out.push_str(": ");
                cbor(value, out);
            }
            out.push('}');
        }
        _ => out.push_str("undefined"),
    }
}
