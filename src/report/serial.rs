//! Records of any type as JSON, written as they will stand in the output.
//!
//! What `serde_json` writes, byte for byte. That looks at strings byte by byte and goes through
//! [`std::io::Write`]; a connection's record, which is mostly strings, costs several times as much there.

use std::fmt::{Display, Error};

use serde::Serialize;
use serde::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, SerializeTupleStruct, Serializer,
};

use super::escape;
use super::line::Line;
use super::record::MAX_NUMBER;
use crate::observe::Buffer;

/// Appends `value` as JSON.
///
/// # Errors
/// Where the value is of a kind that no record has: an enum whose variants hold something and are not
/// tagged inside, or a map whose keys are no strings.
pub(super) fn append<T: Serialize + ?Sized>(value: &T, out: &mut Buffer) -> Result<(), Error> {
    value.serialize(Json(out))
}

/// Writes one value.
struct Json<'a>(&'a mut Buffer);

impl Json<'_> {
    /// What `serde_json` writes of a value that is rare in records.
    fn rare<T: Serialize>(self, value: T) -> Result<(), Error> {
        serde_json::to_writer(self.0, &value).map_err(|_| Error)
    }
}

/// Writes what is inside of an array or an object.
struct Inside<'a> {
    out: &'a mut Buffer,
    begun: bool,
    close: u8,
}

impl<'a> Inside<'a> {
    #[inline]
    fn new(out: &'a mut Buffer, open: u8, close: u8) -> Self {
        out.push(open);
        Self { out, begun: false, close }
    }

    #[inline]
    fn separate(&mut self) {
        if self.begun {
            self.out.push(b',');
        }
        self.begun = true;
    }

    #[inline]
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.separate();
        value.serialize(Json(self.out))
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.out.push(self.close);
        Ok(())
    }
}

/// Appends a string in quotes.
pub(super) fn string(text: &str, out: &mut Buffer) {
    let mut over = false;
    Line::append(out, |line| over = line.short_string(text.as_bytes()));
    if !over {
        out.push(b'"');
        escape::text(text.as_bytes(), out);
        out.push(b'"');
    }
}

/// Methods that take a number which may be written as a signed or an unsigned one.
macro_rules! numbers {
    ($($method:ident $number:ty),*) => {$(
        #[inline]
        fn $method(self, number: $number) -> Result<(), Error> {
            match u64::try_from(number) {
                Ok(small @ 0..=MAX_NUMBER) => Line::append(self.0, |line| line.number(small)),
                _ => self.0.extend_from_slice(number.to_string().as_bytes()),
            }
            Ok(())
        }
    )*};
}

/// Methods that take what is rare in records.
macro_rules! rare {
    ($($method:ident $value:ty),*) => {$(
        fn $method(self, value: $value) -> Result<(), Error> {
            self.rare(value)
        }
    )*};
}

impl<'a> Serializer for Json<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Inside<'a>;
    type SerializeTuple = Inside<'a>;
    type SerializeTupleStruct = Inside<'a>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Inside<'a>;
    type SerializeStruct = Inside<'a>;
    type SerializeStructVariant = Impossible<(), Error>;

    numbers!(
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64, serialize_i128 i128,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64, serialize_u128 u128
    );
    rare!(serialize_f32 f32, serialize_f64 f64, serialize_char char, serialize_bytes &[u8]);

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    #[inline]
    fn serialize_str(self, text: &str) -> Result<(), Error> {
        string(text, self.0);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(Error)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'a>, Error> {
        Ok(Inside::new(self.0, b'[', b']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside<'a>, Error> {
        Ok(Inside::new(self.0, b'[', b']'))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Inside<'a>, Error> {
        Ok(Inside::new(self.0, b'[', b']'))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(Error)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'a>, Error> {
        Ok(Inside::new(self.0, b'{', b'}'))
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Inside<'a>, Error> {
        Ok(Inside::new(self.0, b'{', b'}'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(Error)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.serialize_str(&value.to_string())
    }
}

impl SerializeStruct for Inside<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        let begun = std::mem::replace(&mut self.begun, true);
        Line::append(self.out, |line| {
            if begun {
                line.put(b",");
            }
            // A field's name needs no escapes.
            line.put(b"\"");
            line.put_slice(key.as_bytes());
            line.put(b"\":");
        });
        value.serialize(Json(self.out))
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        Inside::end(self)
    }
}

impl SerializeMap for Inside<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.separate();
        let start = self.out.len();
        key.serialize(Json(self.out))?;
        if self.out.get(start) == Some(&b'"') { Ok(()) } else { Err(Error) }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.out.push(b':');
        value.serialize(Json(self.out))
    }

    fn end(self) -> Result<(), Error> {
        Inside::end(self)
    }
}

/// The arrays, which serde has three of.
macro_rules! arrays {
    ($($array:ident $method:ident),*) => {$(
        impl $array for Inside<'_> {
            type Ok = ();
            type Error = Error;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            #[inline]
            fn end(self) -> Result<(), Error> {
                Inside::end(self)
            }
        }
    )*};
}

arrays!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn same<T: Serialize>(value: &T) {
        let mut out = Buffer::default();
        append(value, &mut out).unwrap();
        assert_eq!(String::from_utf8(out.to_vec()).unwrap(), serde_json::to_string(value).unwrap());
    }

    #[derive(Serialize)]
    struct Unit;

    #[derive(Serialize)]
    struct Wrapped(u8);

    #[derive(Serialize)]
    struct Pair(i8, Option<&'static str>);

    #[derive(Serialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    enum Tagged {
        Some { a: u8, wrapped: Wrapped },
        Empty,
    }

    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Plain {
        Word,
        Held(u8),
    }

    #[test]
    fn values_of_every_kind() {
        same(&(1u8, -1i8, 'é', "a\"b\u{1}", 1.5f64, 0.1f32, true, false, (), Unit));
        same(&(u64::MAX, i64::MIN, u128::MAX, MAX_NUMBER, MAX_NUMBER + 1, i32::MAX, 0u16));
        same(&(Wrapped(255), Pair(-128, None), Pair(127, Some("")), [0u8; 0], Plain::Word));
        same(&[Tagged::Some { a: 1, wrapped: Wrapped(2) }, Tagged::Empty]);
        same(&json!({"a": [1, -1, 1.5, null, {"b\"": "c"}], "d": {}, "e": []}));
    }

    #[test]
    fn what_no_record_has_is_refused() {
        let mut out = Buffer::default();
        assert!(append(&Plain::Held(1), &mut out).is_err());
        assert!(append(&BTreeMap::from([(1, 2)]), &mut out).is_err());
    }

    proptest! {
        #[test]
        fn strings(text in "([a-z\"\\\\]|\\PC|[\u{0}-\u{7f}]){0,100}") {
            same(&text);
        }

        #[test]
        fn numbers(unsigned: u64, signed: i64) {
            same(&(unsigned, signed));
        }
    }
}
