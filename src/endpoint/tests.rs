//! The cases of the public Autobahn fuzzing suite, by their sections, and what any endpoint must hold to.

mod closing;
mod compression;
mod framing;

use proptest::prelude::*;

use super::*;
use crate::item::Dir;
use crate::script::Script;

/// A server that sends back what it gets.
struct Echo {
    endpoint: Endpoint,
    codec: Codec,
    out: Vec<u8>,
    events: Vec<Event>,
}

impl Echo {
    fn new(agreed: Agreed, settings: Settings) -> Self {
        let codec = Codec::new(settings.max_message);
        let endpoint = Endpoint::new(Role::Server, agreed, settings);
        Self { endpoint, codec, out: Vec::new(), events: Vec::new() }
    }

    fn push(&mut self, mut input: &[u8]) {
        while let Some(event) = self.endpoint.receive(&mut input, &mut self.codec, &mut self.out) {
            if let Event::Message { kind, payload, .. } = &event {
                self.endpoint.send(*kind, payload, &mut self.codec, &mut self.out);
            }
            self.events.push(event);
        }
        assert!(input.is_empty());
    }

    /// The code that it failed the connection with.
    fn failed(&self) -> Option<u16> {
        self.events.iter().find_map(|event| match event {
            Event::Failed(failure) => Some(failure.code),
            _ => None,
        })
    }
}

/// What the steps of a script send in a direction.
fn bytes(script: &str, dir: Dir) -> Vec<u8> {
    let payloads = Script::parse(script).unwrap().payloads();
    payloads.into_iter().filter(|(from, _)| *from == dir).flat_map(|(_, bytes)| bytes).collect()
}

/// What becomes of a client's bytes: how they are cut must not matter.
fn echo(input: &[u8]) -> Echo {
    let mut whole = Echo::new(Agreed::default(), Settings::default());
    whole.push(input);
    for step in [1, 2, 7] {
        let mut cut = Echo::new(Agreed::default(), Settings::default());
        input.chunks(step).for_each(|piece| cut.push(piece));
        assert_eq!((&cut.out, &cut.events), (&whole.out, &whole.events), "in pieces of {step}");
    }
    whole
}

/// Runs each script: what the client sends must be answered by what the server says in it, or, where `fails` is
/// a code, by that and then a Close with it.
fn run(cases: &[(&str, &str, Option<u16>)]) {
    for (case, script, fails) in cases {
        let answer = echo(&bytes(script, Dir::C2s));
        let expected = bytes(script, Dir::S2c);
        assert_eq!(answer.failed(), *fails, "{case}: {:?}", answer.events);
        match fails {
            None => assert_eq!(answer.out, expected, "{case}"),
            Some(code) => {
                let rest = answer
                    .out
                    .strip_prefix(&expected[..])
                    .unwrap_or_else(|| panic!("{case}: {:?}", answer.out));
                assert_eq!((rest[0], &rest[2..4]), (0x88, &code.to_be_bytes()[..]), "{case}");
                assert!(answer.endpoint.is_over(), "{case}");
            }
        }
    }
}

/// RFC 6455 section 5.7.
#[test]
fn rfc_examples() {
    let answer =
        echo(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!(answer.out, b"\x81\x05Hello\x8a\x05Hello");
    // An unmasked text is for clients.
    let mut codec = Codec::new(1 << 10);
    let settings = Settings { masker: Some(Box::new(|| [0x37, 0xfa, 0x21, 0x3d])), ..Settings::default() };
    let mut client = Endpoint::new(Role::Client, Agreed::default(), settings);
    let (mut out, mut input): (_, &[u8]) = (Vec::new(), b"\x01\x03Hel\x80\x02lo\x89\x05Hello");
    let mut next = || client.receive(&mut input, &mut codec, &mut out);
    let Some(Event::Message { payload, .. }) = next() else { panic!() };
    assert_eq!(payload, b"Hello");
    assert_eq!(next(), Some(Event::Ping(b"Hello".to_vec())));
    assert_eq!(next(), None);
    assert_eq!(out, b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

#[test]
fn masks_are_the_clients() {
    assert_eq!(echo(b"\x81\x05Hello").failed(), Some(1002));
    let mut client = Endpoint::new(Role::Client, Agreed::default(), Settings::default());
    let mut input: &[u8] = b"\x81\x85\x37\xfa\x21\x3d";
    let event = client.receive(&mut input, &mut Codec::new(9), &mut Vec::new());
    assert!(matches!(event, Some(Event::Failed(Failure { code: 1002, .. }))));
}

/// Section 9 is about sizes; here the limits that stand around them.
#[test]
fn limits() {
    let echo = |input: &[u8], max_message| {
        let mut echo = Echo::new(Agreed::default(), Settings { max_message, ..Settings::default() });
        echo.push(input);
        echo
    };
    let message = bytes("c binary 61 *70000", Dir::C2s);
    assert_eq!(echo(&message, 70_000).out, bytes("s binary 61 *70000", Dir::S2c));
    assert_eq!(echo(&message, 69_999).failed(), Some(1009));
    // At the header already, whatever it announces.
    for len in [70_001_u64, 1 << 32, u64::MAX >> 1] {
        let header = [&[0x82, 0xff][..], &len.to_be_bytes(), &[1, 2, 3, 4]].concat();
        let echo = echo(&header, 70_000);
        assert_eq!((echo.failed(), echo.endpoint.held()), (Some(1009), 0));
    }
    // Over all fragments.
    let fragments = bytes("c text -fin 61 *60\nc cont 61 *40", Dir::C2s);
    assert_eq!((echo(&fragments, 100).failed(), echo(&fragments, 99).failed()), (None, Some(1009)));
}

/// 9.1 to 9.6: large messages, whole, in fragments and chopped.
#[test]
fn large_messages() {
    for len in [64 << 10, 256 << 10, 1 << 20, 4 << 20] {
        let payload: Vec<u8> = (0..len).map(|n: usize| b"0123456789abcdef"[n / 7 % 16]).collect();
        for (kind, fragment) in
            [(Kind::Text, len), (Kind::Binary, len), (Kind::Text, 4 << 10), (Kind::Binary, 64 << 10)]
        {
            let mut codec = Codec::new(len);
            let masker: Masker = Box::new(|| [1, 2, 3, 4]);
            let settings = Settings { fragment, masker: Some(masker), ..Settings::default() };
            let mut client = Endpoint::new(Role::Client, Agreed::default(), settings);
            let mut wire = Vec::new();
            client.send(kind, &payload, &mut codec, &mut wire);
            let mut echo = Echo::new(Agreed::default(), Settings { max_message: len, ..Settings::default() });
            wire.chunks(997).for_each(|piece| echo.push(piece));
            let mut input = &echo.out[..];
            let event = client.receive(&mut input, &mut codec, &mut Vec::new());
            assert!(
                matches!(event, Some(Event::Message { payload: back, .. }) if back == payload),
                "{kind:?} {len}"
            );
        }
    }
}

#[test]
fn what_is_sent_keeps_to_the_protocol() {
    let mut out = Vec::new();
    let mut codec = Codec::new(9);
    let mut server =
        Endpoint::new(Role::Server, Agreed::default(), Settings { fragment: 3, ..Settings::default() });
    server.send(Kind::Text, b"Hello W", &mut codec, &mut out);
    server.send(Kind::Binary, b"", &mut codec, &mut out);
    server.ping(&[0; 200], &mut out);
    let reason = "ä".repeat(100);
    server.close(Some(4000), &reason, &mut out);
    // Nothing is sent behind a Close.
    server.send(Kind::Text, b"late", &mut codec, &mut out);
    server.ping(b"late", &mut out);
    server.close(None, "", &mut out);
    let expected = format!(
        "s text -fin 'Hel' | cont -fin 'lo ' | cont 'W' | binary | ping 00 *125 | close 4000 '{}'",
        "ä".repeat(61)
    );
    assert_eq!(out, bytes(&expected, Dir::S2c));
    // It reads on until the other Close, and answers neither that nor a Ping.
    let len = out.len();
    let input = bytes("c text 'still' | ping | close 4000", Dir::C2s);
    let mut input = &input[..];
    assert!(matches!(server.receive(&mut input, &mut codec, &mut out), Some(Event::Message { .. })));
    assert!(matches!(server.receive(&mut input, &mut codec, &mut out), Some(Event::Ping(_))));
    assert!(matches!(
        server.receive(&mut input, &mut codec, &mut out),
        Some(Event::Closed { code: Some(4000), .. })
    ));
    assert!(server.is_over() && out.len() == len);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Mostly sound traffic with a few bytes changed: any cutting gives the same events and the same answer, which
    /// a describing reader finds nothing wrong with.
    #[test]
    fn cutting_changes_nothing(
        steps in prop::collection::vec(prop_oneof![
            "c (text|binary) '[a-zäß€😀]{0,150}'",
            "c (text|binary) z '[ab]{0,90}'",
            "c text -fin '[a-zä]{0,9}'\nc ping 'x'\nc cont 'ß'",
            "c (ping|pong) '[a-z]{0,130}'",
            "c close (1000|1005|3000) 'bye'",
        ], 0..8),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        cuts in prop::collection::vec(1_usize..40, 1..6),
        deflate: bool,
    ) {
        let mut input = bytes(&steps.join("\n"), Dir::C2s);
        for (at, byte) in damage {
            if !input.is_empty() {
                let at = at.index(input.len());
                input[at] = byte;
            }
        }
        let agreed = if deflate { compression::agreed("permessage-deflate", "") } else { Agreed::default() };
        let settings = || Settings { max_message: 1 << 16, ..Settings::default() };
        let (mut whole, mut cut) = (Echo::new(agreed.clone(), settings()), Echo::new(agreed, settings()));
        whole.push(&input);
        let (mut rest, mut steps) = (&input[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(rest.len().min(*steps.next().unwrap()));
            cut.push(piece);
            rest = later;
        }
        prop_assert_eq!(&whole.events, &cut.events);
        prop_assert_eq!(&whole.out, &cut.out);
    }

    #[test]
    fn any_bytes_are_survived(input: Vec<u8>) {
        echo(&input);
    }
}
