//! Bytes as a hexdump: offset, sixteen bytes, and what of them is printable.

use std::fmt::Write as _;

/// Bytes of one line.
pub const WIDTH: usize = 16;

/// One line for up to sixteen bytes; `offset` is that of the first of them.
#[must_use]
pub fn line(offset: u64, bytes: &[u8]) -> String {
    let bytes = bytes.get(..WIDTH).unwrap_or(bytes);
    let mut out = format!("{offset:08x} ");
    for place in 0..WIDTH {
        if place % 8 == 0 {
            out.push(' ');
        }
        // Writing to a string cannot fail.
        let _ = match bytes.get(place) {
            Some(byte) => write!(out, "{byte:02x} "),
            None => write!(out, "   "),
        };
    }
    out.push_str(" |");
    out.extend(bytes.iter().map(|&byte| if matches!(byte, b' '..=b'~') { char::from(byte) } else { '.' }));
    out.push('|');
    out
}

/// The lines of `bytes`, of which the first has the offset `start`.
pub fn lines(start: u64, bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.chunks(WIDTH).zip((start..).step_by(WIDTH)).map(|(chunk, offset)| line(offset, chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_hexdump_c_prints_it() {
        let dump: Vec<String> = lines(0, b"GET /chat HTTP/1\r\n\x1b\xff").collect();
        assert_eq!(
            dump,
            [
                "00000000  47 45 54 20 2f 63 68 61  74 20 48 54 54 50 2f 31  |GET /chat HTTP/1|",
                "00000010  0d 0a 1b ff                                       |....|",
            ]
        );
        assert_eq!(lines(0, b"").count(), 0);
        assert!(line(0x1_0000_0000, b"").starts_with("100000000 "));
    }
}
