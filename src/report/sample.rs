//! Hand-made events for the tests of the formats, and what runs them through an observer and a sink.

use crate::event::{CloseFrame, Closing, Connection, ConnectionId, Event, How, Summary, Totals, Transport};
use crate::http::upgrade::{Handshake, Request, Response};
use crate::item::{At, Dir, End};
use crate::observe::{Observer, Outbox, Sink};
use crate::packet::segment::Endpoint;
use crate::rules::{self, Finding};
use crate::time::Timestamp;
use crate::ws::fact::{Fault, Frame, Kind, Message, Utf8};
use crate::ws::header;

/// Packet `packet`, captured `nanos` after 2026-11-20T10:00:00Z.
pub(crate) fn at(packet: u64, nanos: i64) -> At {
    At { packet, time: Timestamp::from_nanos(1_795_168_800_000_000_000 + nanos) }
}

/// Message 1, whole, in one frame.
pub(crate) fn message(dir: Dir, kind: Kind, payload: &[u8]) -> Message<'_> {
    Message {
        dir,
        n: 1,
        kind,
        first: at(7, 1_500),
        last: at(7, 1_500),
        frames: 1,
        first_frame: 1,
        last_frame: 1,
        wire_len: payload.len() as u64,
        len: payload.len() as u64,
        compressed: false,
        final_block: false,
        exceeded: None,
        fault: None,
        payload,
        text: None,
        utf8: (kind == Kind::Text).then(|| match std::str::from_utf8(payload) {
            Ok(_) => Utf8::Valid,
            Err(fault) if fault.error_len().is_none() => {
                Utf8::CutAtEnd { offset: fault.valid_up_to() as u64 }
            }
            Err(fault) => Utf8::Invalid { offset: fault.valid_up_to() as u64, frame: 1 },
        }),
        sha256: None,
    }
}

/// A masked text frame of five bytes.
pub(crate) fn frame() -> Frame<'static> {
    let (header, _) = header::Header::decode(b"\x81\x85\x37\xfa\x21\x3d").unwrap();
    Frame {
        dir: Dir::C2s,
        n: 1,
        first: at(7, 1_500),
        last: at(7, 1_500),
        offset: 0,
        header,
        seen: 5,
        wire: b"",
    }
}

/// The handshake of RFC 6455 section 1.3, with compression.
pub(crate) fn handshake() -> Handshake {
    let request = b"GET /chat?a=1&b HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
        Cookie: k=v; t=\"1\"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let response = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=15\r\n\r\n";
    Handshake {
        request: Some(Request::parse(&request[..], at(4, 0), at(4, 0))),
        response: Some(Response::parse(&response[..], at(6, 1_900_000), at(6, 1_900_000))),
        early_bytes: 0,
    }
}

/// A connection with its handshake; its number is known where `numbered`.
pub(crate) fn connection(number: Option<u32>) -> Connection {
    Connection {
        id: ConnectionId { packet: 1, attempt: 0 },
        number,
        opened: at(1, 0),
        client: Endpoint::v4([127, 0, 0, 1], 50122),
        server: Endpoint::v4([127, 0, 0, 1], 8080),
        transport: Transport::Http1,
        handshake: Some(Box::new(handshake())),
    }
}

/// A finding on frame 1.
pub(crate) fn finding() -> Finding {
    let text = "4 bytes at stream offset 12 differ";
    let finding = Finding::new(&rules::security::OVERLAP_CONFLICT, Dir::C2s, at(7, 1_500), text);
    Finding { nth: 1, frame: Some(1), offset: Some(12), ..finding }
}

/// A clean end.
pub(crate) fn closing() -> Closing {
    let done = Some(CloseFrame { code: Some(1000), reason: "done".to_owned() });
    Closing {
        at: at(25, 5_000_000_000),
        how: Some(How::Clean),
        close: [done.clone(), done],
        tcp: [Some(End::Fin), Some(End::Capture)],
        findings: [0; 3],
        totals: [
            Totals { frames: 2, messages: 1, bytes: 17, payload: 5 },
            Totals { frames: 3, messages: 1, bytes: 310, payload: 4096 },
        ],
    }
}

/// Totals, with a finding on the capture as a whole.
pub(crate) fn summary() -> Summary {
    Summary {
        dropped_packets: 3,
        packets: 25,
        bytes: 4242,
        tcp_connections: 3,
        connections: 1,
        frames: 5,
        messages: 2,
        findings: [0, 1, 1],
        capture_findings: vec![Finding::whole_capture(
            &rules::capture::FILE_CUT,
            "chat.pcapng ends inside a packet".to_owned(),
        )],
        ..Summary::default()
    }
}

/// The events of one connection, told to `tell`.
pub(crate) fn talk(tell: &mut dyn FnMut(Event<'_>)) {
    tell(Event::Opened);
    tell(Event::Frame(&frame()));
    tell(Event::Message(&message(Dir::C2s, Kind::Text, b"Hello \"you\"")));
    tell(Event::Finding(&finding()));
    let binary = Message {
        n: 2,
        first: at(9, 2_000_000),
        last: at(11, 3_000_000),
        frames: 2,
        first_frame: 3,
        last_frame: 4,
        wire_len: 300,
        len: 4096,
        compressed: true,
        ..message(Dir::S2c, Kind::Binary, b"\0\x01\xff")
    };
    tell(Event::Message(&binary));
    let lost =
        Message { n: 3, fault: Some(Fault::Missing), len: 9, ..message(Dir::S2c, Kind::Text, b"=1\xe2\x82") };
    tell(Event::Message(&lost));
    tell(Event::Message(&Message { n: 4, ..message(Dir::C2s, Kind::Ping, b"\x1b[2J") }));
    tell(Event::Message(&Message { n: 5, ..message(Dir::C2s, Kind::Close, b"\x03\xe8done") }));
    tell(Event::Closed(&closing()));
}

/// Runs [`talk`] for connections 1 to `conns`, one batch each, as the engine does: with the numbers
/// known to the observer, or given at the merge.
pub(crate) fn run<O: Observer>(
    observer: &mut O,
    sink: &mut impl Sink<O::Record>,
    conns: u32,
    numbered: bool,
) {
    for number in 1..=conns {
        let conn = connection(numbered.then_some(number));
        let mut out = Outbox::default();
        talk(&mut |event| observer.event(&conn, event, &mut out));
        for record in out.records {
            sink.record(number, record, &out.bytes).unwrap();
        }
        if numbered {
            sink.bytes(&out.bytes).unwrap();
        }
    }
    sink.finish(&summary()).unwrap();
}
