use crate::rules::talk::{C2s, S2c, Talk, expect};

const LONG: i64 = 30_000;

fn void(_: &mut Talk) {}

#[test]
fn pings_without_an_answer() {
    expect(&[
        ("30 s", Talk::open, |t| void(t.ping(S2c, "a").wait(LONG).text(C2s)), &["K001"]),
        ("the sender speaks", Talk::open, |t| void(t.ping(S2c, "a").wait(LONG).text(S2c)), &["K001"]),
        ("not quite", Talk::open, |t| void(t.ping(S2c, "a").wait(LONG - 5).text(C2s)), &[]),
        ("nothing more", Talk::open, |t| void(t.ping(S2c, "a").wait(LONG)), &[]),
        ("answered", Talk::open, |t| void(t.ping(S2c, "a").pong(C2s, "a").wait(LONG).text(C2s)), &[]),
        (
            "answered late",
            Talk::open,
            |t| void(t.ping(S2c, "a").wait(LONG).text(C2s).pong(C2s, "a")),
            &["K001"],
        ),
        (
            "a later one answered",
            Talk::open,
            |t| void(t.ping(S2c, "a").ping(S2c, "b").pong(C2s, "b").wait(LONG).text(C2s)),
            &[],
        ),
        (
            "each once",
            Talk::open,
            |t| void(t.ping(S2c, "a").ping(S2c, "b").wait(LONG).text(C2s).text(C2s)),
            &["K001", "K001"],
        ),
        ("not acknowledged", Talk::open, |t| void(t.acks(false).ping(S2c, "a").wait(LONG).text(C2s)), &[]),
        ("a Close", Talk::open, |t| void(t.ping(S2c, "a").close(S2c, 1000).wait(LONG).text(C2s)), &[]),
        ("its Close", Talk::open, |t| void(t.ping(S2c, "a").close(C2s, 1000).wait(LONG).text(S2c)), &[]),
        ("a late Close", Talk::open, |t| void(t.ping(S2c, "a").wait(LONG).close(S2c, 1000)), &["K001"]),
        ("a gap", Talk::open, |t| void(t.ping(S2c, "a").gap(C2s).found(C2s).wait(LONG).text(C2s)), &[]),
        (
            "a gap before",
            Talk::open,
            |t| void(t.gap(C2s).ping(S2c, "a").found(C2s).wait(LONG).text(C2s)),
            &[],
        ),
        (
            "long after a gap",
            Talk::open,
            |t| void(t.gap(C2s).found(C2s).text(C2s).ping(S2c, "a").wait(LONG).text(C2s)),
            &["K001"],
        ),
        ("not heard", Talk::one_sided, |t| void(t.ping(C2s, "a").wait(LONG).text(C2s)), &[]),
        (
            "from the middle",
            Talk::inside,
            |t| void(t.text(C2s).text(S2c).ping(S2c, "a").wait(LONG).text(C2s)),
            &["K001"],
        ),
        ("a fragmented Ping", Talk::open, |t| void(t.raw(S2c, 0x09, b"a").wait(LONG).text(C2s)), &["F008"]),
        (
            "the peer went on and ended",
            Talk::open,
            |t| void(t.ping(S2c, "a").wait(1_000).text(C2s).fin(C2s).fin(S2c)),
            &["K001", "C010"],
        ),
        (
            "the peer only ended",
            Talk::open,
            |t| void(t.ping(S2c, "a").wait(1_000).fin(C2s).fin(S2c)),
            &["C010"],
        ),
        ("the peer ended at once", Talk::open, |t| void(t.ping(S2c, "a").text(C2s).reset(C2s)), &["C011"]),
    ]);
}

#[test]
fn pongs_with_another_payload() {
    expect(&[
        ("the next Ping", Talk::open, |t| void(t.ping(S2c, "a").pong(C2s, "b").ping(S2c, "c")), &["K002"]),
        ("30 s", Talk::open, |t| void(t.ping(S2c, "a").pong(C2s, "b").wait(LONG).text(C2s)), &["K002"]),
        ("a Close", Talk::open, |t| void(t.ping(S2c, "a").pong(C2s, "").close(S2c, 1000)), &["K002"]),
        ("a reset", Talk::open, |t| void(t.ping(S2c, "a").pong(C2s, "b").reset(S2c)), &["K002", "C011"]),
        ("the capture ends", Talk::open, |t| void(t.ping(S2c, "a").pong(C2s, "b")), &[]),
        (
            "the right one follows",
            Talk::open,
            |t| void(t.ping(S2c, "a").pong(C2s, "b").pong(C2s, "a").ping(S2c, "c")),
            &["K003"],
        ),
        (
            "two Pings",
            Talk::open,
            |t| void(t.ping(S2c, "a").ping(S2c, "b").pong(C2s, "c").ping(S2c, "d")),
            &[],
        ),
        (
            "a heartbeat",
            Talk::open,
            |t| void(t.pong(C2s, "x").text(S2c).ping(S2c, "a").pong(C2s, "x").ping(S2c, "b")),
            &["K003"],
        ),
        (
            "before the Ping arrived",
            Talk::open,
            |t| void(t.acks(false).ping(S2c, "a").pong(C2s, "b").acks(true).ping(S2c, "c")),
            &[],
        ),
        (
            "a reserved bit",
            Talk::open,
            |t| void(t.ping(S2c, "a").raw(C2s, 0xaa, b"b").ping(S2c, "c")),
            &["F001"],
        ),
        (
            "a Ping may be missing",
            Talk::open,
            |t| void(t.gap(S2c).found(S2c).ping(S2c, "a").pong(C2s, "b").ping(S2c, "c")),
            &[],
        ),
    ]);
}

#[test]
fn pongs_without_a_ping() {
    expect(&[
        ("told with the next frame", Talk::open, |t| void(t.pong(C2s, "a").text(S2c)), &["K003"]),
        ("told at the end", Talk::open, |t| void(t.pong(C2s, "")), &["K003"]),
        ("twice for one", Talk::open, |t| void(t.ping(S2c, "a").pong(C2s, "a").pong(C2s, "a")), &["K003"]),
        (
            "each Ping has its own",
            Talk::open,
            |t| void(t.ping(S2c, "").ping(S2c, "").pong(C2s, "").pong(C2s, "")),
            &[],
        ),
        (
            "many",
            Talk::open,
            |t| {
                for _ in 0..6 {
                    t.pong(C2s, "");
                }
            },
            &["K003"; 6],
        ),
        ("the Ping told later", Talk::open, |t| void(t.text(S2c).pong(C2s, "").late(2).ping(S2c, "")), &[]),
        ("the Ping captured later", Talk::open, |t| void(t.pong(C2s, "Hello").ping(S2c, "Hello")), &[]),
        ("a later Ping", Talk::open, |t| void(t.pong(C2s, "").ping(S2c, "").pong(C2s, "")), &["K003"]),
        ("not heard", Talk::one_sided, |t| void(t.pong(C2s, "a").text(C2s)), &[]),
        ("a gap", Talk::open, |t| void(t.gap(S2c).pong(C2s, "a").found(S2c).text(S2c)), &[]),
        ("after a gap", Talk::open, |t| void(t.gap(S2c).found(S2c).text(S2c).pong(C2s, "a").text(S2c)), &[]),
        (
            "long after a gap",
            Talk::open,
            |t| void(t.gap(S2c).found(S2c).text(S2c).wait(LONG).pong(C2s, "a").text(S2c)),
            &["K003"],
        ),
        ("from the middle", Talk::inside, |t| void(t.text(C2s).text(S2c).pong(C2s, "a").text(S2c)), &[]),
        (
            "from the middle, long after",
            Talk::inside,
            |t| void(t.text(C2s).text(S2c).wait(LONG).pong(C2s, "a").text(S2c)),
            &["K003"],
        ),
        ("after a Close", Talk::open, |t| void(t.close(S2c, 1000).pong(C2s, "a").text(C2s)), &[]),
    ]);
}

#[test]
fn what_is_kept_is_bounded() {
    let mut talk = Talk::open();
    for n in 0..40 {
        talk.ping(S2c, &n.to_string());
    }
    talk.wait(LONG).text(C2s);
    let found = talk.finish();
    // Ten one by one, the other six folded.
    assert_eq!(found.iter().map(|finding| 1 + finding.more.saturating_sub(1)).sum::<u64>(), 16);
    let text = &found[0].text;
    assert!(text.contains("ping frame 25 ('24')") && text.contains("in which it sent 1 frame"), "{text}");
}

#[test]
fn nothing_waits_without_a_ping() {
    let mut talk = Talk::open();
    talk.text(C2s).text(S2c);
    assert!(!talk.waits());
    assert!(talk.ping(C2s, "").waits());
    assert!(!talk.pong(S2c, "").waits());
    assert!(talk.acks(false).close(C2s, 1000).waits());
    assert!(!talk.acks(true).text(S2c).waits());
}
