//! UTF-8 against the standard library.

use wscope::ws::fact::Utf8;
use wscope::ws::utf8::{Utf8Stream, check, check_prefix, text};

use super::bytes::Bytes;

/// Four lengths of pieces, then the text.
pub fn utf8(data: &[u8]) {
    let mut input = Bytes(data);
    let lens = input.take(4);
    let bytes = input.0;
    let expected = match std::str::from_utf8(bytes) {
        Ok(_) => Utf8::Valid,
        Err(fault) if fault.error_len().is_none() => Utf8::CutAtEnd { offset: fault.valid_up_to() as u64 },
        Err(fault) => Utf8::Invalid { offset: fault.valid_up_to() as u64, frame: 7 },
    };
    assert_eq!(check(bytes, 7), expected);
    assert_eq!(text(bytes, 7).1, std::str::from_utf8(bytes).ok());
    let invalid = matches!(expected, Utf8::Invalid { .. });
    assert_eq!(check_prefix(bytes, 7), if invalid { expected } else { Utf8::Unknown });

    let mut stream = Utf8Stream::default();
    let mut told = Ok(());
    for piece in input.cut(lens) {
        told = stream.push(piece);
        if told.is_err() {
            break;
        }
    }
    let told = told.and_then(|()| stream.finish());
    assert_eq!(told.err(), std::str::from_utf8(bytes).err().map(|fault| fault.valid_up_to() as u64));
}
