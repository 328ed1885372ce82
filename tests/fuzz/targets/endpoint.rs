//! The strict endpoint, in both roles.

use wscope::endpoint::negotiate::{Wanted, choose};
use wscope::endpoint::{Agreed, Codec, Endpoint, Event, Role, Settings};
use wscope::http::extension::{Extension, Extensions};
use wscope::ws::fact::Kind;

use super::bytes::Bytes;

const MOST: usize = 1 << 16;

/// What a byte agrees on.
fn agreed(byte: u8) -> Agreed {
    let offers: Vec<Extension> = Extensions::parse([&b"permessage-deflate; client_max_window_bits"[..]]).list;
    let wanted = Wanted {
        server_no_context_takeover: byte & 2 != 0,
        client_no_context_takeover: byte & 4 != 0,
        server_max_window_bits: (byte & 8 != 0).then_some(8 + (byte >> 5)),
        client_max_window_bits: (byte & 16 != 0).then_some(8 + (byte >> 5)),
    };
    let deflate = (byte & 1 != 0).then(|| choose(&offers, &wanted)).flatten().map(|(deflate, _)| deflate);
    Agreed { deflate, subprotocol: None }
}

fn settings(fragment: usize) -> Settings {
    let mut key = 1_u32;
    let masker = move || {
        key = key.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
        key.to_be_bytes()
    };
    Settings { max_message: MOST, fragment, masker: Some(Box::new(masker)), ..Settings::default() }
}

/// One that sends back what it gets.
struct Echo {
    endpoint: Endpoint,
    codec: Codec,
    out: Vec<u8>,
    events: Vec<Event>,
}

impl Echo {
    fn new(role: Role, agreed: Agreed) -> Self {
        let endpoint = Endpoint::new(role, agreed, settings(usize::MAX));
        Self { endpoint, codec: Codec::new(MOST), out: Vec::new(), events: Vec::new() }
    }

    fn push(&mut self, mut input: &[u8]) {
        while let Some(event) = self.endpoint.receive(&mut input, &mut self.codec, &mut self.out) {
            assert!(!matches!(self.events.last(), Some(Event::Closed { .. } | Event::Failed(_))));
            if let Event::Message { kind, payload, .. } = &event {
                assert!(payload.len() <= MOST);
                assert!(*kind != Kind::Text || std::str::from_utf8(payload).is_ok());
                self.endpoint.send(*kind, payload, &mut self.codec, &mut self.out);
            }
            self.events.push(event);
        }
        assert!(input.is_empty());
        assert!(self.endpoint.held() <= 4 * MOST + (64 << 10), "{}", self.endpoint.held());
    }
}

/// The role, what was agreed and four lengths in six bytes; then what the peer sends, or messages that are said to one.
pub fn endpoint(data: &[u8]) {
    let mut input = Bytes(data);
    let (how, agreed) = (input.u8(), agreed(input.u8()));
    let lens = input.take(4);
    let role = if how & 1 == 0 { Role::Server } else { Role::Client };
    if how & 2 == 0 { receive(role, &agreed, lens, input) } else { converse(role, &agreed, lens, input) }
}

/// However the bytes are cut, the same happens.
fn receive(role: Role, agreed: &Agreed, lens: &[u8], input: Bytes<'_>) {
    let (mut whole, mut cut) = (Echo::new(role, agreed.clone()), Echo::new(role, agreed.clone()));
    whole.push(input.0);
    input.cut(lens).for_each(|piece| cut.push(piece));
    assert_eq!(cut.events, whole.events);
    assert_eq!(cut.out, whole.out);
    assert_eq!(cut.endpoint.is_over(), whole.endpoint.is_over());
}

/// What one says is what the other hears, and what comes back.
fn converse(role: Role, agreed: &Agreed, lens: &[u8], mut input: Bytes<'_>) {
    let other = if role == Role::Server { Role::Client } else { Role::Server };
    let fragment = lens.first().map_or(usize::MAX, |len| usize::from(*len).max(1));
    let mut speaker = Endpoint::new(role, agreed.clone(), settings(fragment));
    let mut echo = Echo::new(other, agreed.clone());
    let mut codec = Codec::new(MOST);
    while !input.is_empty() {
        let payload = input.piece();
        let kind = if std::str::from_utf8(payload).is_ok() { Kind::Text } else { Kind::Binary };
        let mut wire = Vec::new();
        speaker.send(kind, payload, &mut codec, &mut wire);
        Bytes(&wire).cut(lens).for_each(|piece| echo.push(piece));
        let back = std::mem::take(&mut echo.out);
        let heard = speaker.receive(&mut &back[..], &mut codec, &mut Vec::new());
        let compressed = agreed.deflate.is_some();
        assert_eq!(heard, Some(Event::Message { kind, payload: payload.to_vec(), compressed }));
        assert_eq!(echo.events.pop(), heard);
    }
    let mut wire = Vec::new();
    speaker.close(Some(1000), "bye", &mut wire);
    echo.push(&wire);
    let event = speaker.receive(&mut &echo.out[..], &mut codec, &mut Vec::new());
    assert!(matches!(event, Some(Event::Closed { code: Some(1000), .. })));
    assert!(speaker.is_over() && echo.endpoint.is_over());
}
