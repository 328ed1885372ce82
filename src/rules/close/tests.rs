use crate::rules::Finding;
use crate::rules::finding::Evidence;
use crate::rules::talk::{C2s, S2c, Talk, expect};

fn found(steps: fn(&mut Talk)) -> Vec<Finding> {
    let mut talk = Talk::open();
    steps(&mut talk);
    talk.finish()
}

#[test]
fn what_a_close_carries() {
    let cases: [(u16, &[&str], &[&str]); 18] = [
        (999, &["C003"], &["C003"]),
        (1000, &[], &[]),
        (1003, &[], &[]),
        (1004, &["C002"], &["C002"]),
        (1005, &["C002"], &["C002"]),
        (1006, &["C002"], &["C002"]),
        (1007, &[], &[]),
        (1010, &[], &["C013"]),
        (1011, &["C013"], &[]),
        (1014, &[], &[]),
        (1015, &["C002"], &["C002"]),
        (1016, &["C004"], &["C004"]),
        (2999, &["C004"], &["C004"]),
        (3000, &[], &[]),
        (4999, &[], &[]),
        (5000, &["C015"], &["C015"]),
        (u16::MAX, &["C015"], &["C015"]),
        (1, &["C003"], &["C003"]),
    ];
    for (code, client, server) in cases {
        for (dir, expected) in [(C2s, client), (S2c, server)] {
            let mut talk = Talk::open();
            talk.close(dir, code);
            let fired: Vec<&str> = talk.finish().iter().map(|finding| finding.rule.code).collect();
            assert_eq!(fired, expected, "{code} {dir:?}");
        }
    }
}

#[test]
fn a_finding_points_at_the_bytes_of_the_close() {
    let all = found(|talk| {
        talk.text(C2s).raw(C2s, 0x88, b"\x03\xedcaf\xe9!");
    });
    let [code, reason] = &all[..] else { panic!("{all:#?}") };
    // A text frame of 6 + 5 bytes, and the header of the Close.
    assert_eq!((code.rule.code, code.offset, code.frame, code.message), ("C002", Some(17), Some(2), Some(2)));
    assert_eq!((reason.rule.code, reason.offset), ("C005", Some(17 + 5)));
    assert!(reason.text.contains("at byte 3 of 5"), "{}", reason.text);
    let Evidence::Payload { offset, bytes, mark, .. } = &reason.evidence else { panic!() };
    assert_eq!((*offset, &bytes[mark.clone()]), (0, &b"\xe9"[..]));
    let Evidence::Payload { bytes, mark, label, .. } = &code.evidence else { panic!() };
    assert_eq!((&bytes[mark.clone()], label.as_ref()), (&b"\x03\xed"[..], "1005 never stands on the wire"));
}

#[test]
fn payloads_and_what_follows() {
    expect(&[
        ("empty", Talk::open, |t| void(t.close(C2s, 0)), &[]),
        ("one byte", Talk::open, |t| void(t.raw(S2c, 0x88, b"\x03")), &["C001"]),
        ("cut reason", Talk::open, |t| void(t.raw(S2c, 0x88, b"\x03\xe8caf\xc3")), &["C005"]),
        ("too long", Talk::open, |t| void(t.raw(S2c, 0x88, &[3; 126])), &["F009"]),
        ("a reserved bit", Talk::open, |t| void(t.raw(S2c, 0xa8, b"\x03")), &["F001"]),
        ("text after it", Talk::open, |t| void(t.close(C2s, 1000).text(C2s).text(S2c)), &["C006"]),
        ("after a broken one", Talk::open, |t| void(t.raw(C2s, 0x88, b"x").text(C2s)), &["C001", "C006"]),
        (
            "control frames after it",
            Talk::open,
            |t| void(t.close(C2s, 1000).ping(C2s, "").pong(C2s, "").close(C2s, 5)),
            &["C007", "C007", "C007"],
        ),
        ("bytes after it", Talk::open, |t| void(t.close(S2c, 1000).not_frames(S2c, 26)), &["C014"]),
        ("bytes without it", Talk::open, |t| void(t.not_frames(S2c, 26)), &[]),
        ("one byte after it", Talk::open, |t| void(t.close(S2c, 1000).fin(S2c).partial(S2c, 1)), &["C014"]),
        ("the capture ends", Talk::open, |t| void(t.close(S2c, 1000).partial(S2c, 1)), &[]),
    ]);
}

#[test]
fn answers() {
    expect(&[
        ("echoed", Talk::open, |t| void(t.close(S2c, 1001).close(C2s, 1001)), &[]),
        ("another", Talk::open, |t| void(t.close(S2c, 1001).close(C2s, 1000)), &["C009"]),
        ("none", Talk::open, |t| void(t.close(S2c, 1001).close(C2s, 0)), &["C009"]),
        ("to none", Talk::open, |t| void(t.close(S2c, 0).close(C2s, 1000)), &[]),
        ("later", Talk::inside, |t| void(t.close(S2c, 1001).text(C2s).close(C2s, 1000)), &["C009"]),
        ("crossing", Talk::open, |t| void(t.acks(false).close(S2c, 1001).close(C2s, 1000)), &[]),
        (
            "acknowledged by a later packet",
            Talk::open,
            |t| void(t.acks(false).close(S2c, 1001).close(C2s, 1000).acks(true).not_frames(C2s, 0)),
            &["C014"],
        ),
        (
            "acknowledged with the answer",
            Talk::open,
            |t| void(t.acks(false).close(S2c, 1001).acks(true).close(C2s, 1000)),
            &["C009"],
        ),
        ("told late", Talk::open, |t| void(t.text(C2s).close(S2c, 1001).late(2).close(C2s, 1000)), &[]),
        ("to a fault", Talk::open, |t| void(t.close(S2c, 1005).close(C2s, 1002)), &["C002"]),
        ("to a fault, kindly", Talk::open, |t| void(t.close(S2c, 999).close(C2s, 1000)), &["C003", "C009"]),
        ("at fault", Talk::open, |t| void(t.close(S2c, 1000).close(C2s, 1006)), &["C002"]),
    ]);
}

#[test]
fn ends() {
    expect(&[
        ("not answered", Talk::open, |t| void(t.close(S2c, 1000).fin(C2s).fin(S2c)), &["C008"]),
        ("the peer still there", Talk::open, |t| void(t.close(S2c, 1000).fin(C2s)), &["C008"]),
        ("answered", Talk::open, |t| void(t.close(S2c, 1000).close(C2s, 1000).fin(S2c).fin(C2s)), &[]),
        ("crossing", Talk::open, |t| void(t.acks(false).close(S2c, 1000).fin(C2s).acks(true).fin(S2c)), &[]),
        ("still open", Talk::open, |t| void(t.close(S2c, 1000).fin(S2c)), &[]),
        ("a gap", Talk::open, |t| void(t.close(S2c, 1000).gap(C2s).found(C2s).fin(C2s).fin(S2c)), &[]),
        ("not heard", Talk::one_sided, |t| void(t.close(C2s, 1000).fin(S2c).fin(C2s)), &[]),
        ("broken off", Talk::open, |t| void(t.close(S2c, 1000).fin(C2s).partial(C2s, 1).fin(S2c)), &[]),
        ("without any", Talk::open, |t| void(t.text(C2s).fin(S2c).fin(C2s)), &["C010"]),
        ("never used", Talk::open, |t| void(t.fin(S2c).fin(C2s)), &["C010"]),
        ("one FIN, the capture ends", Talk::open, |t| void(t.fin(S2c)), &[]),
        ("one FIN, then more", Talk::open, |t| void(t.fin(S2c).wait(2_000).text(C2s)), &["C010"]),
        ("one FIN, then a Close", Talk::open, |t| void(t.fin(S2c).wait(2_000).close(C2s, 1000)), &[]),
        ("from the middle", Talk::inside, |t| void(t.text(C2s).text(S2c).fin(S2c).fin(C2s)), &[]),
        ("half unheard", Talk::one_sided, |t| void(t.text(C2s).fin(S2c).fin(C2s)), &[]),
        ("after a gap", Talk::open, |t| void(t.gap(C2s).found(C2s).text(C2s).fin(S2c).fin(C2s)), &[]),
        ("in a header", Talk::open, |t| void(t.fin(S2c).partial(S2c, 1).fin(C2s)), &["F013"]),
        ("reset", Talk::open, |t| void(t.text(C2s).reset(S2c)), &["C011"]),
        ("reset, not answered", Talk::open, |t| void(t.close(S2c, 1000).reset(C2s)), &["C011"]),
        ("reset after one FIN", Talk::open, |t| void(t.fin(S2c).reset(S2c)), &["C011"]),
        ("reset after both", Talk::open, |t| void(t.fin(S2c).fin(C2s).reset(S2c)), &["C010"]),
        (
            "client first",
            Talk::open,
            |t| void(t.close(S2c, 1000).close(C2s, 1000).fin(C2s).fin(S2c)),
            &["C012"],
        ),
        (
            "client first, the capture ends",
            Talk::open,
            |t| void(t.close(S2c, 1000).close(C2s, 1000).fin(C2s)),
            &[],
        ),
        (
            "before the answer",
            Talk::open,
            |t| void(t.close(C2s, 1000).fin(C2s).close(S2c, 1000).fin(S2c)),
            &[],
        ),
    ]);
}

#[test]
fn what_a_reset_lost() {
    let text = |steps: fn(&mut Talk)| found(steps).pop().unwrap().text;
    assert_eq!(
        text(|t| void(t.text(C2s).acks(false).text(C2s).text(C2s).reset(S2c))),
        "the server reset the connection: 22 bytes (2 messages) of the client were never acknowledged"
    );
    assert_eq!(
        text(|t| void(t.acks(false).text(C2s).ping(S2c, "").reset(S2c))),
        "the server reset the connection: 11 bytes (1 message) of the client and 2 bytes of the server were never acknowledged"
    );
    assert_eq!(
        text(|t| {
            t.acks(false);
            for _ in 0..9 {
                t.text(C2s);
            }
            t.reset(S2c);
        }),
        "the server reset the connection: 99 bytes (8 or more messages) of the client were never acknowledged"
    );
    assert_eq!(
        text(|t| void(t.close(C2s, 1000).close(S2c, 1000).reset(C2s))),
        "the client reset the connection after the closing handshake: all that was sent before was acknowledged"
    );
    let mut talk = Talk::one_sided();
    talk.acks(false).text(C2s).reset(C2s);
    assert_eq!(talk.finish().pop().unwrap().text, "the client reset the connection");
}

fn void(_: &mut Talk) {}
