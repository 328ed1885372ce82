use proptest::prelude::*;

use super::*;

fn draw(head: &[u8], wire: &[u8]) -> String {
    let (header, _) = Header::decode(head).unwrap();
    let lines = diagram(&header, wire, false);
    lines.iter().map(|line| format!("{}\n", line.text)).collect()
}

#[test]
fn sixteen_bits_and_a_mask() {
    let drawn = draw(b"\x81\xfe\x00\xf0\x37\xda\x38\x9c", b"\x4c\xf8\x51\xf8\x15\xe0\x1a\xab\x01");
    let expected = "
 0               1               2               3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-------+-+-------------+-------------------------------+
|F|R|R|R| opcode|M| Payload len |    Extended payload length    |
|1|0|0|0|  0x1  |1|     126     |              240              |
+-+-+-+-+-------+-+-------------+-------------------------------+
|                   Masking-key  37 da 38 9c                    |
+---------------------------------------------------------------+
|       Payload data (masked)  4c f8 51 f8 15 e0 1a ab …        |
+---------------------------------------------------------------+
";
    assert_eq!(drawn, expected.trim_start_matches('\n'), "\n{drawn}");
}

#[test]
fn sixteen_bits_a_row() {
    let head = b"\x81\xff\x00\x00\x00\x00\x00\x01\x00\x00\x37\xda\x38\x9c";
    let (header, _) = Header::decode(head).unwrap();
    let drawing = super::draw(&header, b"\x4c\xf8", false, 16);
    let drawn: String = drawing.lines.iter().map(|line| format!("{}\n", line.text)).collect();
    let expected = "
 0               1
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
+-+-+-+-+-------+-+-------------+
|F|R|R|R| opcode|M| Payload len |
|1|0|0|0|  0x1  |1|     127     |
+-+-+-+-+-------+-+-------------+
|    Extended payload length    |
+-------------------------------+
|  Payload length (continued)   |
+-------------------------------+
|  Payload length (continued)   |
|             65536             |
+-------------------------------+
|  Payload length (continued)   |
+-------------------------------+
|      Masking-key  37 da       |
+-------------------------------+
|Masking-key (continued)  38 9c |
+-------------------------------+
|Payload data (masked)  4c f8 … |
+-------------------------------+
";
    assert_eq!(drawn, expected.trim_start_matches('\n'), "\n{drawn}");
    // Fields stand where the diagram has them.
    for (field, texts) in [
        ("opcode", vec![" opcode", "  0x1  "]),
        ("RSV1", vec!["R", "0"]),
        ("masking key", vec!["      Masking-key  37 da       ", "Masking-key (continued)  38 9c "]),
    ] {
        let spots = drawing.spots.iter().filter(|spot| spot.field == field);
        let found: Vec<&str> =
            spots.map(|spot| &drawing.lines[spot.line].text[spot.columns.clone()]).collect();
        assert_eq!(found, texts);
    }
}

#[test]
fn the_shortest() {
    let drawn = draw(b"\x8a\x00", b"");
    let expected = "
 0               1               2               3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-------+-+-------------+-------------------------------+
|F|R|R|R| opcode|M| Payload len |                               |
|1|0|0|0|  0xA  |0|      0      |                               |
+-+-+-+-+-------+-+-------------+-------------------------------+
";
    assert_eq!(drawn, expected.trim_start_matches('\n'), "\n{drawn}");
}

#[test]
fn a_mask_over_the_edge() {
    let drawn = draw(b"\x81\x85\x37\xfa\x21\x3d", b"\x7f\x9f\x4d\x51\x58");
    let expected = "
 0               1               2               3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-------+-+-------------+-------------------------------+
|F|R|R|R| opcode|M| Payload len |          Masking-key          |
|1|0|0|0|  0x1  |1|      5      |             37 fa             |
+-+-+-+-+-------+-+-------------+-------------------------------+
|    Masking-key (continued)    |     Payload data (masked)     |
|             21 3d             |        7f 9f 4d 51 58         |
+-------------------------------+-------------------------------+
";
    assert_eq!(drawn, expected.trim_start_matches('\n'), "\n{drawn}");
}

#[test]
fn sixty_four_bits() {
    let drawn = draw(b"\x82\xff\0\0\0\0\0\x01\0\0\x37\xfa\x21\x3d", b"\x7f\x9f\x4d\x51\x58");
    let expected = "
 0               1               2               3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-------+-+-------------+-------------------------------+
|F|R|R|R| opcode|M| Payload len |    Extended payload length    |
|1|0|0|0|  0x2  |1|     127     |                               |
+-+-+-+-+-------+-+-------------+-------------------------------+
|          Extended payload length (continued)  65536           |
+-------------------------------+-------------------------------+
|  Payload length (continued)   |          Masking-key          |
|                               |             37 fa             |
+-------------------------------+-------------------------------+
|    Masking-key (continued)    |     Payload data (masked)     |
|             21 3d             |       7f 9f 4d 51 58 …        |
+-------------------------------+-------------------------------+
";
    assert_eq!(drawn, expected.trim_start_matches('\n'), "\n{drawn}");
}

fn told(head: &[u8], dir: Dir, deflate: Option<bool>) -> Vec<(&'static str, String, String)> {
    let (header, _) = Header::decode(head).unwrap();
    fields(&header, dir, deflate).into_iter().map(|field| (field.name, field.value, field.meaning)).collect()
}

#[test]
fn what_fields_mean() {
    let said = told(b"\xc1\xfe\x00\x05\0\0\0\0", Dir::S2c, Some(true));
    let said: Vec<(&str, &str, &str)> =
        said.iter().map(|(name, value, meaning)| (*name, &**value, &**meaning)).collect();
    assert_eq!(
        said,
        [
            ("FIN", "1", "final fragment: a message in one frame"),
            ("RSV1", "1", "compressed (permessage-deflate agreed)"),
            ("RSV2", "0", "reserved"),
            ("RSV3", "0", "reserved"),
            ("opcode", "0x1", "text"),
            ("MASK", "1", "server to client: not allowed, but present"),
            ("length", "5", "16-bit form, not the shortest form"),
            ("masking key", "00 00 00 00", "masks nothing: all zeros"),
        ]
    );
}

proptest! {
    #[test]
    fn every_header_can_be_drawn(head: [u8; 14], wire in prop::collection::vec(any::<u8>(), 0..20), deflate: Option<bool>) {
        let (header, used) = Header::decode(&head).unwrap();
        for ascii in [false, true] {
            let lines = diagram(&header, &wire, ascii);
            for line in &lines[2..] {
                prop_assert_eq!(line.text.chars().count(), 65, "{}", line.text);
            }
            let offsets: Vec<usize> = lines.iter().filter_map(|line| line.offset).collect();
            prop_assert_eq!(offsets.len(), used.div_ceil(4) + usize::from(used % 4 == 0 && header.len > 0));
        }
        for dir in Dir::BOTH {
            prop_assert!(fields(&header, dir, deflate).len() >= 7);
        }
    }
}
