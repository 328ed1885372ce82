//! The situations that the best TCP reassemblers test, one line each.

use super::Connection;
use super::wire::{Packet, Wire};
use crate::item::Dir;

/// Name, script (see [`super::wire`]), outcome.
type Scenario = (&'static str, &'static str, &'static str);

fn check(scenarios: &[Scenario]) {
    let mut wrong = String::new();
    for (name, script, expected) in scenarios {
        let mut wire = Wire::new();
        wire.run(script);
        let outcome = wire.outcome();
        if outcome != *expected {
            wrong += &format!("{name}:\n  {script}\n  expected {expected}\n  got      {outcome}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn order_and_overlap() {
    check(&[
        ("sequential", "c S -; s S; c; c 0 =abc; s 0 =xy a3; c 3 =def a2", "c:abc s:xy c:def"),
        ("swapped", "c S -; s S; c 3 =def; c 0 =abc", "c:abcdef"),
        ("backwards", "c S -; s S; c 4 =e; c 3 =d; c 2 =c; c 1 =b; c 0 =a", "c:abcde"),
        ("retransmission", "c S -; s S; c 0 =abc; c 0 =abc; c 3 =d", "c:abcd"),
        ("retransmission that extends", "c S -; s S; c 0 =abc; c 0 =abcdef; c 6 =g", "c:abcdefg"),
        ("retransmission in the middle", "c S -; s S; c 0 =abcdef; c 2 =cd; c 6 =g", "c:abcdefg"),
        ("old and new", "c S -; s S; c 0 =abc; c 2 =cde; c 5 =f", "c:abcdef"),
        ("queued twice", "c S -; s S; c 3 =def; c 3 =def; c 0 =abc", "c:abcdef"),
        ("left overlap of a queued segment", "c S -; s S; c 4 =efg; c 2 =cdef; c 0 =ab", "c:abcdefg"),
        ("right overlap of a queued segment", "c S -; s S; c 2 =cde; c 4 =efg; c 0 =ab", "c:abcdefg"),
        ("around a queued segment", "c S -; s S; c 4 =ef; c 2 =cdefgh; c 0 =ab", "c:abcdefgh"),
        (
            "around two queued segments",
            "c S -; s S; c 2 =c; c 6 =gh; c 0 =abcdefghij; c 10 =k",
            "c:abcdefghijk",
        ),
        (
            "into a hole, overlapping both sides",
            "c S -; s S; c 0 =ab; c 4 =ef; c 1 =bcde; c 6 =g",
            "c:abcdefg",
        ),
        (
            "mirror port",
            "c S -; c S -; s S; s S; c; c; c 0 =ab; c 0 =ab; s 0 =x a2; s 0 =x a2; c 2 F a1; c 2 F a1; s 1 F a3; s 1 F a3; c 3 a2; c 3 a2",
            "c:ab s:x c.fin s.fin",
        ),
        ("no ACK flag", "c S -; s S; c 0 =abc -; c 3 =def -", "c:abcdef"),
    ]);
}

#[test]
fn conflicts() {
    check(&[
        // Wireshark: bad overlap, the second copy is ignored.
        ("delivered, then other bytes", "c S -; s S; c 0 =abcdef; c 1 =bXXe; c 6 =g", "c:abcdef c!2+2 c:g"),
        // Wireshark: bad retransmission with additional data.
        ("other bytes, and more", "c S -; s S; c 0 =abc; c 0 =XbXdef; c 6 =g", "c:abcdef c!0+3 c:g"),
        ("queued, then other bytes", "c S -; s S; c 2 =cdef; c 1 =bXde; c 0 =a", "c!2+1 c:abcdef"),
        ("queued, then other bytes", "c S -; s S; c 2 =cdef; c 1 =bXeY; c 0 =a", "c!2+3 c:abcdef"),
        (
            "queued, seen when the hole is filled",
            "c S -; s S; c 2 =cd; c 0 =abXde; c 5 =f",
            "c:abcde c!2+1 c:f",
        ),
        ("four segments back", "c S -; s S; c 0 =a; c 1 =b; c 2 =c; c 3 =d; c 0 =aXcd", "c:abcd c!1+1"),
        (
            "several segments back, both ends",
            "c S -; s S; c 0 =a; c 1 =b; c 2 =c; c 3 =d; c 0 =XbcX",
            "c:abcd c!0+4",
        ),
        (
            "the copy is not compared with copies",
            "c S -; s S; c 0 =abc; c 0 =abX; c 0 =abX",
            "c:abc c!2+1 c!2+1",
        ),
        (
            "the other direction is another stream",
            "c S -; s S; c 0 =abc; s 0 =xyz; s 0 =xyz; c 0 =abc",
            "c:abc s:xyz",
        ),
        ("after the end", "c S -; s S; c 0 =abc; c 3 F; c 0 =abX", "c:abc c.fin c!2+1"),
        (
            "long ago",
            "c S -; s S; c 0 =a; c 1 =b; c 2 =c; c 3 =d; c 4 =e; c 5 =f; c 6 =g; c 0 =X",
            "c:abcdefg",
        ),
        ("keep-alive with a garbage byte", "c S -; s S; c 0 =abc; c 2 =X; s 0 a3; c 2 =X; c 3 =d", "c:abcd"),
        ("keep-alive after a missing segment", "c S -; s S; c 0 =abc; c 4 =ef; c 5 =X; c 3 =d", "c:abcdef"),
    ]);
    let mut wire = Wire::new();
    wire.isn = [5, 5];
    wire.run("c S -; s S; c 0 =abc; s 0 =xyz; c 0 =abc; s 0 =xyZ");
    assert_eq!(wire.outcome(), "c:abc s:xyz s!2+1", "both directions with the same numbers");

    let mut wire = Wire::new();
    wire.remember = false;
    wire.run("c S -; s S; c 0 =abc; c 0 =Xbc; c 3 =d");
    assert_eq!(wire.outcome(), "c:abcd", "without history there is nothing to say");
}

#[test]
fn start() {
    check(&[
        ("data on SYN", "c S - =abc; s S a3; c 3 =d", "c:abcd"),
        ("data on SYN, not accepted", "c S - =abc; s S a0; c 0 =abc; c 3 =d", "c:abcd"),
        ("data on SYN, retransmitted without", "c S - =abc; c S -; s S a0; c 0 =abcd", "c:abcd"),
        ("data on SYN-ACK", "c S -; s S =xyz; c 0 a3; s 3 =w", "s:xyzw"),
        ("simultaneous open", "c S -; s S -; c S; s S; c 0 =abc; s 0 =xyz", "c:abc s:xyz"),
        ("four-way split handshake", "c S -; s; s S -; c S; s; c 0 =abc; s 0 =xyz", "c:abc s:xyz"),
        ("five-way split handshake", "c S -; s; s S -; c S; s S; c; c 0 =abc; s 0 =xyz", "c:abc s:xyz"),
        ("three-way split handshake", "c S -; s S -; c S; s; c 0 =abc; s 0 =xyz", "c:abc s:xyz"),
        ("SYN retransmitted", "c S -; c S - t1000; c S - t2000; s S; s S; c; c 0 =abc", "c:abc"),
        ("SYN after SYN-ACK", "s S; c S -; c 0 =abc; s 0 =x", "c:abc s:x"),
        ("SYN after data", "c 0 =abc; c S -; s S; c 3 =d", "c:abcd"),
        ("SYN after data that waits", "c 3; c 6 =ghi; c S -; c 1 =bcdef; c 0 =a", "c:abcdefghi"),
        ("SYN-ACK after data of the client", "c S -; c 0 =abc; s S; s 0 =x", "c:abc s:x"),
        ("SYN-ACK after data of the server", "c S -; s 0 =x; s S; s 1 =y", "s:xy"),
        ("no SYN", "s S; c 0 =abc; s 0 =x", "c:abc s:x"),
        ("no SYN-ACK", "c S -; c 0 =abc; s 0 =xyz a3", "c:abc s:xyz"),
        ("no SYN-ACK, server swapped", "c S -; c; c 0 =abc; s 2 =z; s 0 =xy", "c:abc s:xyz"),
        ("midstream", "c 500 =abc a700; s 700 =xyz a503; c 503 =d a703", "c:abc s:xyz c:d"),
        ("midstream, server first", "s 700 =xyz a500; c 500 =abc a703", "c:xyz s:abc"),
        ("midstream, swapped, known by the peer", "s 700 a500; c 503 =def a700; c 500 =abc a700", "s:abcdef"),
        (
            "midstream, swapped, acknowledged before",
            "s 700 a506; c 500 =abc a700; c 503 =def a700",
            "s:abcdef",
        ),
        (
            "midstream, the part under way is not lost",
            "s 700 a500; c 600 =abc a700; s 700 a603; s 700 a603; s 700 a603; s 700 a603; s 700 a603; s 700 a603; s 700 a603; s 700 a603; s 700 a603; c 603 =d",
            "s:abcd",
        ),
        ("midstream keep-alive", "c 500 *1 a700; s 700 a501; c 501 =abc a700", "c:gabc"),
        ("midstream, keep-alive known by the peer", "s 700 a501; c 500 =X a700; c 501 =abc a700", "s:abc"),
        ("FIN only", "c 500 F a700; s 700 F a501; c 501 a701", "c.fin s.fin"),
        ("only acknowledgements", "c 500 a700; s 700 a500; end", "c.capture s.capture"),
        (
            "only the client is captured",
            "c S -; c a0; c 0 =abc a5; c 3 =def a9; c 6 F a9; end",
            "c:abcdef c.fin s-9lost s.capture",
        ),
        (
            "only the server is captured",
            "s S; s 0 =abc a5; s 3 =def a9; s 6 F a10; end",
            "s:abcdef s.fin c-10lost c.capture",
        ),
        ("RST only", "c 500 R", "c.reset s.peerreset"),
    ]);
    let mut wire = Wire::new();
    wire.run("c S -; s S");
    wire.send(&Packet { payload: vec![0], ..Packet::parse("c 500 a700", wire.isn) });
    wire.run("c 0 =abc");
    assert_eq!(wire.outcome(), "c:abc", "one stray byte waits");
    let mut wire = Wire::new();
    wire.send(&Packet { payload: vec![0], ..Packet::parse("c 500 a700", wire.isn) });
    wire.run("s 700 a501; c 501 =abc a700");
    assert_eq!(wire.outcome(), "c:abc", "a capture that starts with a keep-alive");
}

#[test]
fn holes() {
    check(&[
        // Wireshark: lost but acked, and 3 of 5 lost but acked.
        ("lost but acked", "c S -; s S; s 0 =abc; s 6 =ghi; c a9 r9", "s:abc s-3lost s:ghi"),
        ("three of five", "c S -; s S; s 3 =def; s 9 =jkl; c a15 r10", "s-3lost s:def s-3lost s:jkl s-3lost"),
        (
            "three of five, one after",
            "c S -; s S; s 3 =def; s 9 =jkl; c a15 r9; s 15 =p",
            "s-3lost s:def s-3lost s:jkl s-3lost s:p",
        ),
        (
            "acked, one second",
            "c S -; s S; s 0 =abc; s 6 =ghi; c a9; c a9 t999; c a9 t1",
            "s:abc s-3lost s:ghi",
        ),
        (
            "acked, not yet",
            "c S -; s S; s 0 =abc; s 6 =ghi; c a9; c a9 t500; s 3 =def; s 9 =j",
            "s:abcdefghij",
        ),
        (
            "acked up to the hole only",
            "c S -; s S; s 0 =abc; s 6 =ghi; c a3 r9; s 3 =def t5000",
            "s:abcdefghi",
        ),
        (
            "not acked, end of capture",
            "c S -; s S; s 0 =abc; s 6 =ghi; c a3; end",
            "s:abc c.capture s-3gaveup s:ghi s.capture",
        ),
        (
            "acked, end of capture",
            "c S -; s S; s 0 =abc; s 6 =ghi; c a9; end",
            "s:abc c.capture s-3lost s:ghi s.capture",
        ),
        ("the tail is lost", "c S -; s S; s 0 =abc; c a9; end", "s:abc c.capture s-6lost s.capture"),
        (
            "the tail is lost, FIN is there",
            "c S -; s S; s 0 =abc; s 9 F; c F a10; s 10 a1",
            "s:abc c.fin s-6lost s.fin",
        ),
        ("a lost FIN is no lost byte", "c S -; s S; s 0 =abc; c a4; c a4; end", "s:abc c.capture s.capture"),
        ("leading gap", "c S -; s S; s 3 =def; c a6 r9", "s-3lost s:def"),
        ("the acknowledgement comes first", "c S -; s S; c a3; s 0 =abc; c a6; s 3 =def", "s:abcdef"),
        (
            "all the acknowledgements come first",
            "c S -; s S; c a3; c a6; c a9; s 0 =abc; s 3 =def; s 6 =ghi",
            "s:abcdefghi",
        ),
        ("one absurd acknowledgement", "c S -; s S; s 0 =abc; c a50000; c a3 r9; s 3 =d", "s:abcd"),
        (
            "one absurd acknowledgement, far",
            "c S -; s S; s 0 =abc; c a900000000; c a900000000; c a3 r7; s 3 =d; end",
            "s:abcd c.capture s.capture",
        ),
        (
            "two GiB lost",
            "c S -; s S; s 0 =abc; c a2500000000; c a2500000003; s 2500000003 =def; c a2500000006 r9",
            "s:abc s-2500000000lost s:def",
        ),
        (
            "one segment far away",
            "c S -; s S; s 0 =abc; s 900000000 =X; s 3 =def; c a6; s 6 F; c F a7; s 7 a1",
            "s:abcdef s>1 s.fin c.fin",
        ),
        (
            "one segment far away, end of capture",
            "c S -; s S; s 0 =abc; s 900000000 =XY; s 3 =def; c a6; end",
            "s:abcdef c.capture s>2 s.capture",
        ),
        ("one FIN far away", "c S -; s S; s 0 =abc; s 900000000 F; s 3 =def; s 6 F", "s:abcdef s.fin"),
        (
            "peer not captured, ten seconds",
            "c S -; c 0 =abc; c 6 =ghi; c 9 =j t9999; c 10 =k t1",
            "c:abc c-3gaveup c:ghijk",
        ),
        (
            "zero-window probe",
            "c S -; s S; c 0 =abc; s a3; c 3 =d; s a3; c 3 =d t5000; s a4; c 3 =def",
            "c:abcdef",
        ),
    ]);
    let mut wire = Wire::new();
    wire.run("c S -; c 0 =a");
    for i in 0..64 {
        assert_eq!(wire.outcome(), "c:a", "{i}");
        wire.run(&format!("c {} =b", 2 + 2 * i));
    }
    assert_eq!(wire.outcome(), "c:a c-1gaveup c:b", "one hole for each further segment");
}

#[test]
fn snap_length() {
    check(&[
        ("cut", "c S -; s S; s 0 =abc x5; s 8 =ij", "s:abc s-5cut s:ij"),
        (
            "nothing left",
            "c S -; s S; s 0 x5; s 5 =fg x1; s 8 F; s 8 =X; end",
            "s-5cut s:fg s-1cut s.fin c.capture",
        ),
        ("a full copy later", "c S -; s S; s 0 =abc x5; s 0 =abcdefgh; s 8 =i", "s:abc s-5cut s:i"),
        ("cut and out of order", "c S -; s S; s 3 =de x2; s 0 =abc; s 7 =h", "s:abcde s-2cut s:h"),
        (
            "cut, then a full copy, both out of order",
            "c S -; s S; s 3 =de x4; s 4 =efg; s 0 =abc; s 9 =j",
            "s:abcdefg s-2cut s:j",
        ),
        (
            "a full copy in the middle of the cut",
            "c S -; s S; s 3 =d x6; s 6 =gh; s 0 =abc; s 10 =k",
            "s:abcd s-2cut s:gh s-2cut s:k",
        ),
        ("a full copy, then cut", "c S -; s S; s 3 =defgh; s 3 =d x4; s 0 =abc", "s:abcdefgh"),
        ("in order, the rest is queued", "c S -; s S; s 5 =fgh; s 0 =abc x5", "s:abc s-2cut s:fgh"),
        ("FIN", "c S -; s S; s 0 =abc x5 F; c F a9", "s:abc s-5cut s.fin c.fin"),
    ]);
    // The second and fourth have a packet after the hole that shows that the offsets add up.
    let mut wire = Wire::new();
    wire.run("c S -; s S; s 3 =de x2; s 0 =abc; s 7 =h");
    let packets: Vec<u64> = wire.seen.iter().map(|seen| seen.packet).collect();
    assert_eq!(packets, [4, 3, 3, 5], "each byte names the packet that carried it");
}

#[test]
fn end() {
    check(&[
        ("FIN", "c S -; s S; c 0 =abc F; s 0 =x a4; s 1 F a4; c 4 a2", "c:abc c.fin s:x s.fin"),
        (
            "half-close",
            "c S -; s S; c 0 F; s 0 =abc a1; c 1 a3; s 3 =def a1; c 1 a6; s 6 F a1",
            "c.fin s:abcdef s.fin",
        ),
        ("FIN retransmitted", "c S -; s S; c 0 =abc F; c 3 F; c 0 =abc F; s F a4", "c:abc c.fin s.fin"),
        ("FIN out of order", "c S -; s S; c 3 F; c 0 =abc", "c:abc c.fin"),
        ("FIN with data out of order", "c S -; s S; c 3 =def F; c 0 =abc", "c:abcdef c.fin"),
        ("data after FIN", "c S -; s S; c 0 =abc F; c 4 =XX; c 3 =XX", "c:abc c.fin"),
        ("data beyond a FIN that waits", "c S -; s S; c 5 F; c 3 =deXX; c 0 =abc", "c:abcde c.fin"),
        ("cut beyond a FIN that waits", "c S -; s S; c 5 F; c 3 =d x4; c 0 =abc", "c:abcd c-1cut c.fin"),
        ("a FIN before data that waits", "c S -; s S; c 3 =def; c 2 F; c 0 =abc; c 6 F", "c:abcdef c.fin"),
        (
            "hole before FIN, acked, both over",
            "c S -; s S; c 0 F; s 3 =def F; c 1 a7",
            "c.fin s-3lost s:def s.fin",
        ),
        ("RST", "c S -; s S; c 0 =abc; c 3 R", "c:abc c.reset s.peerreset"),
        ("RST with a reason", "c S -; s S; c 0 =abc; c 3 R =reason; end", "c:abc c.reset s.peerreset"),
        ("RST answers SYN", "c S -; s -1001 R a0; end", "s.reset c.peerreset"),
        ("RST answers SYN with data", "c S - =abc; s -1001 R a3", "c:abc s.reset c.peerreset"),
        ("RST answers nothing", "c S -; s -1001 R a5000; s S; c 0 =a", "c:a"),
        ("RST without acknowledgement answers nothing", "c S -; s 77 R -; s S; c 0 =a", "c:a"),
        ("blind RST", "c S -; s S; c 0 =abc; c 30000000 R; s 500000000 R; c 3 =d", "c:abcd"),
        ("RST of old data", "c S -; s S; c 0 =abc; s a3; c 1 R; c 3 =d", "c:abcd"),
        (
            "RST beyond a hole",
            "c S -; s S; s 0 =abc; s 6 =gh; s 8 R; end",
            "s:abc s-3gaveup s:gh s.reset c.peerreset",
        ),
        (
            "RST after FIN",
            "c S -; s S; c 0 =abc F; s 0 =x a4; c 4 R -; s 1 =y",
            "c:abc c.fin s:x s.peerreset",
        ),
        ("data after RST", "c S -; s S; c 0 =abc; s 0 R a3; c 3 =d; end", "c:abc s.reset c.peerreset"),
        ("two RST", "c S -; s S; s 0 R; s 0 R; c 0 R", "s.reset c.peerreset"),
        ("end of capture", "c S -; s S; c 0 =abc; end; end", "c:abc c.capture s.capture"),
    ]);
}

#[test]
fn limits() {
    let mut wire = Wire::new();
    wire.limits.out_of_order_segments = 2;
    wire.run("c S -; s S; s 2 =c; s 4 =e; s 6 =g; s 8 =i; end");
    assert_eq!(
        wire.outcome(),
        "s>2 s-2gaveup s:c s>1 s-1gaveup s:e c.capture s-1gaveup s:g s-1gaveup s:i s.capture"
    );

    let mut wire = Wire::new();
    wire.limits.out_of_order_bytes = 10;
    wire.run("c S -; s S; s 3 =def; s 0 =abc; s 6 =g; s 900000000 =X; s 7 =h");
    assert_eq!(wire.outcome(), "s>3 s-3gaveup s:defg s>1 s:h", "too large to be queued at all");
}

#[test]
fn roles() {
    for (script, client_is_low, start_seen) in [
        ("c S -", false, true),
        ("s S", false, true),
        ("c 0 =abc", false, false),
        ("s 0 =abc", true, false),
        ("s -; c S -", false, true),
        ("c S -; s S -", false, true),
        ("c S -; s; s S -; c S", false, true),
    ] {
        let mut wire = Wire::new();
        wire.run(script);
        let connection = wire.connection.unwrap();
        assert_eq!(connection.client_is_low(), client_is_low, "{script}");
        assert_eq!(connection.start_seen(), start_seen, "{script}");
    }
}

#[test]
fn another_connection() {
    for (script, next, expected) in [
        ("c S -", "c S -", false),
        ("c S -", "c 5 S -", true),
        ("c S -; s S", "s S", false),
        ("c S -; s S", "s 5 S", false),
        ("c S -; s S; s 0 =x", "s 5 S", true),
        ("c S -; s S; c; c 0 =abc", "c 100000 S -", true),
        ("c S -; s S; c; c 0 =abc", "c 100000 S R -", false),
        ("c S -; s S; c F; s F a1", "c 100000 S -", true),
        ("c S -; s -1001 R", "c S -", true),
        ("c 0 =abc", "c S -", false),
        ("c 5 =abc a9; s 9 a8", "c S -", false),
        ("c 5 =abc a9; s 9 a8", "c 90 S -", true),
        ("s 0 =abc a5", "c S -", false),
        ("c S -", "s S -", false),
    ] {
        let mut wire = Wire::new();
        wire.run(script);
        let packet = Packet::parse(next, wire.isn);
        let connection = wire.connection.unwrap();
        assert_eq!(connection.is_new_connection(&packet.segment(9, 9, 0)), expected, "{script} | {next}");
    }
}

#[test]
fn counted() {
    let mut wire = Wire::new();
    wire.run("c S -; s S; c 0 =abc; c 0 =abc; c 6 =ghi; c 6 =ghi; c 3 =def; s a5; c 8 =X; c 9 =k");
    let connection = wire.connection.unwrap();
    let counters = connection.counters(Dir::C2s);
    assert_eq!((counters.packets, counters.retransmissions, counters.out_of_order), (8, 2, 1));
    assert_eq!(connection.counters(Dir::S2c).packets, 2);
    assert_eq!((connection.unacked(Dir::C2s), connection.unacked(Dir::S2c)), (5, 0));

    for (script, unacked) in [
        ("c S -; s S; c 0 =abc", 3),
        ("c S -; s S; c 0 =abc F", 3),
        ("c S -; s S; c 0 =abc F; s a4", 0),
        ("c S -; s S; c 3 =def F", 6),
        ("c S -; s S; c 0 =abc; s a1 R", 2),
        ("c 500 =abc", 3),
    ] {
        let mut wire = Wire::new();
        wire.run(script);
        assert_eq!(wire.connection.unwrap().unacked(Dir::C2s), unacked, "{script}");
    }

    for (script, hole) in [
        ("c S -; s S; c 0 =abc", false),
        ("c S -; s S; c 0 =abc; s a3", false),
        // Captured, or acknowledged, behind what is missing.
        ("c S -; s S; c 3 =def", true),
        ("c S -; s S; c 3 =def; c 0 =abc", false),
        ("c S -; s S; c 0 =abc; s a9", true),
        ("c S -; s S; c 0 =abc; s a8; c 3 =defgh", false),
    ] {
        let mut wire = Wire::new();
        wire.run(script);
        assert_eq!(wire.connection.unwrap().has_hole(Dir::C2s), hole, "{script}");
    }
}

#[test]
fn small() {
    assert!(size_of::<Connection>() <= 208, "{}", size_of::<Connection>());
}
