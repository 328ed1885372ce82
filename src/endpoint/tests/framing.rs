//! Autobahn's sections 1 to 6: framing, pings, reserved bits, opcodes, fragmentation, UTF-8.

use super::*;

/// Section 1: lengths, text and binary; chopped by [`echo`].
#[test]
fn section_1_lengths() {
    for kind in ["text", "binary"] {
        for len in [0, 1, 125, 126, 127, 128, 65_535, 65_536] {
            let payload = if len == 0 { "''".to_owned() } else { format!("'*' *{len}") };
            let script = format!("c {kind} {payload}\ns {kind} {payload}");
            run(&[(&script, &script, None)]);
        }
    }
}

#[test]
fn section_2_pings_and_pongs() {
    run(&[
        ("2.1", "c ping\ns pong", None),
        ("2.2", "c ping 'Hello, world!'\ns pong 'Hello, world!'", None),
        ("2.3", "c ping 00fffefdfcfb00ff\ns pong 00fffefdfcfb00ff", None),
        ("2.4", "c ping fe *125\ns pong fe *125", None),
        ("2.5", "c ping fe *126", Some(1002)),
        ("2.7", "c pong", None),
        ("2.8", "c pong 'unsolicited pong payload'", None),
        ("2.9", "c pong 'unsolicited pong payload' | ping 'ping payload'\ns pong 'ping payload'", None),
        (
            "2.10",
            "c ping '0' | ping '1' | ping '2' | ping '3'\ns pong '0' | pong '1' | pong '2' | pong '3'",
            None,
        ),
    ]);
}

#[test]
fn section_3_reserved_bits() {
    run(&[
        ("3.1", "c text +rsv3 'Hello, world!'", Some(1002)),
        ("3.2", "c text 'small' | text +rsv2 'Hello, world!' | ping\ns text 'small'", Some(1002)),
        ("3.3", "c text 'small' | text +rsv2 +rsv3 'Hello, world!'\ns text 'small'", Some(1002)),
        ("3.4", "c text 'small' | text +rsv1 'Hello, world!'\ns text 'small'", Some(1002)),
        ("3.5", "c binary +rsv1 +rsv3 00fffefdfcfb00ff", Some(1002)),
        ("3.6", "c ping +rsv1 +rsv2 'Hello, world!'", Some(1002)),
        ("3.7", "c close +rsv1 +rsv2 +rsv3", Some(1002)),
    ]);
}

#[test]
fn section_4_opcodes() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        for rest in ["80 mask:37fa213d", "88 mask:37fa213d 'reserved'"] {
            let alone = format!("c 8{opcode:x} {rest}");
            let behind = format!("c text 'Hello'\nc 8{opcode:x} {rest} | ping\ns text 'Hello'");
            run(&[(&alone, &alone, Some(1002)), (&behind, &behind, Some(1002))]);
        }
    }
}

#[test]
fn section_5_fragmentation() {
    let hello = "s text 'fragment1fragment2'";
    let cases = [
        ("5.1", "c ping -fin 'fragment1' | cont 'fragment2'", None, Some(1002)),
        ("5.2", "c pong -fin 'fragment1' | cont 'fragment2'", None, Some(1002)),
        ("5.3", "c text -fin 'fragment1' | cont 'fragment2'", Some(hello), None),
        ("5.6", "c text -fin 'fragment1' | ping 'ping' | cont 'fragment2'\ns pong 'ping'", Some(hello), None),
        ("5.9", "c cont 'non-continuation'", None, Some(1002)),
        ("5.10", "c cont 'non-continuation' | text 'Hello'", None, Some(1002)),
        ("5.12", "c cont -fin 'non-continuation' | text 'Hello'", None, Some(1002)),
        (
            "5.15",
            "c text -fin 'fragment1' | cont 'fragment2' | cont -fin 'fragment3' | text 'fragment4'",
            Some(hello),
            Some(1002),
        ),
        ("5.16", "c cont -fin 'fragment1' | text -fin 'fragment2' | cont 'fragment3'", None, Some(1002)),
        ("5.18", "c text -fin 'fragment1' | text 'fragment2'", None, Some(1002)),
        (
            "5.19",
            "c text -fin 'f1' | cont -fin 'f2' | ping 'p1' | cont -fin 'f3' | cont -fin 'f4' | ping 'p2' | cont 'f5'\ns pong 'p1' | pong 'p2' | text 'f1f2f3f4f5'",
            None,
            None,
        ),
    ];
    for (case, script, last, fails) in cases {
        run(&[(case, &[script, last.unwrap_or_default()].join("\n"), fails)]);
    }
}

#[test]
fn section_6_empty_fragments() {
    run(&[
        ("6.1.1", "c text\ns text", None),
        ("6.1.2", "c text -fin | cont -fin | cont\ns text", None),
        (
            "6.1.3",
            "c text -fin | cont -fin 'middle frame payload' | cont\ns text 'middle frame payload'",
            None,
        ),
    ]);
}

/// 6.2: valid text, whole, in fragments between and inside characters; [`echo`] sends it octet by octet too.
#[test]
fn section_6_valid_text() {
    let text = "Hello-µ@ßöäüàá-UTF-8!!";
    run(&[("6.2.1", &format!("c text '{text}'\ns text '{text}'"), None)]);
    let hex: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    for len in 1..hex.len() {
        let frames: Vec<String> = hex.chunks(len).map(|chunk| chunk.join("")).collect();
        let (last, others) = frames.split_last().unwrap();
        let mut steps: Vec<String> = Vec::new();
        for (n, frame) in others.iter().enumerate() {
            steps.push(format!("c {} -fin {frame}", if n == 0 { "text" } else { "cont" }));
        }
        let word = if others.is_empty() { "text" } else { "cont" };
        steps.push(format!("c {word} {last}\ns text '{text}'"));
        run(&[(&format!("6.2, fragments of {len}"), &steps.join("\n"), None)]);
    }
}

/// 6.5 to 6.23: sequences that are text, and sequences that are none.
#[test]
fn sections_6_5_to_6_23_sequences() {
    let valid: [&[u8]; 22] = [
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", // 6.5.5
        b"\x00",                                         // 6.7.1
        b"\xc2\x80",
        b"\xe0\xa0\x80",
        b"\xf0\x90\x80\x80",
        b"\x7f", // 6.9.1
        b"\xdf\xbf",
        b"\xef\xbf\xbf",
        b"\xf4\x8f\xbf\xbf",
        b"\xed\x9f\xbf", // 6.11
        b"\xee\x80\x80",
        b"\xef\xbf\xbd",
        b"\xf4\x8f\xbf\xbf",
        b"\xef\xbf\xbe", // 6.22
        b"\xef\xbf\xbf",
        b"\xf0\x9f\xbf\xbe",
        b"\xf0\x9f\xbf\xbf",
        b"\xf3\xbf\xbf\xbe",
        b"\xf3\xbf\xbf\xbf",
        b"\xf4\x8f\xbf\xbe",
        b"\xef\xbf\xb9", // 6.23
        b"\xef\xbf\xbf",
    ];
    for text in valid {
        let answer = echo(&frame(0x81, text));
        assert_eq!(answer.out, [&[0x81, text.len() as u8], text].concat(), "{text:x?}");
    }
    let invalid: [&[u8]; 43] = [
        b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited", // 6.3.1
        b"\xce",                                                           // 6.5.1: cut at the end
        b"\xce\xba\xe1",
        b"\xce\xba\xe1\xbd",
        b"\xf8\x88\x80\x80\x80", // 6.8
        b"\xfc\x84\x80\x80\x80\x80",
        b"\xf7\xbf\xbf\xbf", // 6.10
        b"\xfb\xbf\xbf\xbf\xbf",
        b"\xfd\xbf\xbf\xbf\xbf\xbf",
        b"\xf4\x90\x80\x80", // 6.11.5
        b"\x80",             // 6.12
        b"\xbf",
        b"\x80\xbf",
        b"\x80\xbf\x80",
        b"\x80\xbf\x80\xbf",
        b"\x80\xbf\x80\xbf\x80",
        b"\xc0 \xc1 \xc2 ", // 6.13
        b"\xe0 \xe1 ",
        b"\xf0 \xf1 ",
        b"\xf8 ",
        b"\xfc ",
        b"\xc0", // 6.14
        b"\xe0\x80",
        b"\xf0\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xdf",
        b"\xef\xbf",
        b"\xf7\xbf\xbf",
        b"\xc0\xe0\x80\xf0\x80\x80", // 6.15
        b"\xfe",                     // 6.16
        b"\xff",
        b"\xc0\xaf", // 6.17: overlong
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
        b"\xc1\xbf", // 6.18
        b"\xe0\x9f\xbf",
        b"\xf0\x8f\xbf\xbf",
        b"\xc0\x80",     // 6.19
        b"\xed\xa0\x80", // 6.20: surrogates
        b"\xed\xad\xbf",
        b"\xed\xbf\xbf",
        b"\xed\xa0\x80\xed\xb0\x80", // 6.21
        b"\xed\xaf\xbf\xed\xbf\xbf",
    ];
    for text in invalid {
        assert_eq!(echo(&frame(0x81, text)).failed(), Some(1007), "{text:x?}");
        // The same as binary is nobody's business.
        assert_eq!(echo(&frame(0x82, text)).failed(), None);
    }
}

/// A masked frame with less than 126 bytes.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let masked = payload.iter().enumerate().map(|(n, byte)| byte ^ [9, 8, 7, 6][n % 4]);
    [first, 0x80 | payload.len() as u8, 9, 8, 7, 6].into_iter().chain(masked).collect()
}

/// 6.4: told at the first byte that makes it certain, in the middle of a frame.
#[test]
fn section_6_4_fail_fast() {
    let good = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
    let text = [&good[..], b"\xf4\x90\x80\x80", b"edited"].concat();
    let input = frame(0x81, &text);
    let mut server = Echo::new(Agreed::default(), Settings::default());
    let certain = 6 + good.len() + 2;
    server.push(&input[..certain - 1]);
    assert_eq!(server.failed(), None);
    server.push(&input[certain - 1..certain]);
    assert_eq!(server.failed(), Some(1007));
    // In the first of several fragments, too.
    let first = frame(0x01, b"\xc3\x28");
    assert_eq!(echo(&first).failed(), Some(1007));
    // A fragment may end inside a character, the message may not.
    let cut = [frame(0x01, b"\xc3"), frame(0x80, b"")].concat();
    assert_eq!(echo(&cut).failed(), Some(1007));
}

#[test]
fn lengths_must_be_minimal() {
    for header in ["82 fe 0001", "82 fe 007d", "82 ff 00000000 0000ffff", "82 ff 80000000 00000000"] {
        let script = format!("c {header} mask:00000000");
        run(&[(header, &script, Some(1002))]);
    }
}
