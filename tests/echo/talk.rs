//! A client on our own endpoint, which knows compression, and sees single frames.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use wscope::endpoint::client::Request;
use wscope::endpoint::negotiate::Wanted;
use wscope::endpoint::{Agreed, Codec, Endpoint, Event, Masker, Role, Settings, handshake};
use wscope::http::upgrade::Response;
use wscope::item::At;
use wscope::ws::fact::Kind;
use wscope::ws::header::Header;

pub(crate) struct Client {
    pub(crate) socket: TcpStream,
    pub(crate) agreed: Agreed,
    endpoint: Endpoint,
    codec: Codec,
    input: Vec<u8>,
}

impl Client {
    /// Connects; the error is why the server's answer does not do.
    pub(crate) fn connect(
        address: SocketAddr,
        target: &str,
        deflate: Option<Wanted>,
    ) -> Result<Self, String> {
        let mut socket = super::server::socket(address);
        let request = Request {
            target: target.to_owned(),
            host: address.to_string(),
            key: "dGhlIHNhbXBsZSBub25jZQ==".to_owned(),
            deflate,
            ..Request::default()
        };
        socket.write_all(&request.head()).unwrap();
        let mut input = Vec::new();
        let end = loop {
            if let Some(end) = handshake::head_end(&input) {
                break end;
            }
            assert!(read(&mut socket, &mut input) > 0, "{}", String::from_utf8_lossy(&input));
        };
        let response = Response::parse(&input[..end], At::default(), At::default());
        let agreed = request.accept(&response)?;
        let mut key = 1_u32;
        let masker: Masker = Box::new(move || {
            key = key.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            key.to_be_bytes()
        });
        let endpoint = Endpoint::new(
            Role::Client,
            agreed.clone(),
            Settings { masker: Some(masker), ..Settings::default() },
        );
        input.drain(..end);
        Ok(Self { socket, agreed, endpoint, codec: Codec::new(1 << 26), input })
    }

    pub(crate) fn send(&mut self, kind: Kind, payload: &[u8]) {
        let mut out = Vec::new();
        self.endpoint.send(kind, payload, &mut self.codec, &mut out);
        self.socket.write_all(&out).unwrap();
    }

    pub(crate) fn ping(&mut self, payload: &[u8]) {
        let mut out = Vec::new();
        self.endpoint.ping(payload, &mut out);
        self.socket.write_all(&out).unwrap();
    }

    /// Closes, and waits for the other Close and the end of the stream.
    pub(crate) fn close(&mut self, code: u16) {
        let mut out = Vec::new();
        self.endpoint.close(Some(code), "", &mut out);
        self.socket.write_all(&out).unwrap();
        assert!(matches!(self.event(), Event::Closed { .. }));
        assert_eq!(read(&mut self.socket, &mut Vec::new()), 0);
    }

    /// The next event; Pings are answered.
    pub(crate) fn event(&mut self) -> Event {
        loop {
            let mut out = Vec::new();
            let mut rest = &self.input[..];
            let event = self.endpoint.receive(&mut rest, &mut self.codec, &mut out);
            self.input = rest.to_vec();
            self.socket.write_all(&out).unwrap();
            if let Some(event) = event {
                return event;
            }
            assert!(read(&mut self.socket, &mut self.input) > 0, "the server has closed");
        }
    }

    /// The next message, and whether it came compressed.
    pub(crate) fn message(&mut self) -> (Kind, Vec<u8>, bool) {
        match self.event() {
            Event::Message { kind, payload, compressed } => (kind, payload, compressed),
            event => panic!("{event:?}"),
        }
    }

    /// The next frame as it is: its first byte and its payload. Nothing is answered.
    pub(crate) fn frame(&mut self) -> (u8, Vec<u8>) {
        loop {
            if let Some((header, used)) = Header::decode(&self.input)
                && self.input.len() - used >= header.len as usize
            {
                let rest = self.input.split_off(used + header.len as usize);
                let frame = std::mem::replace(&mut self.input, rest);
                return (frame[0], frame[used..].to_vec());
            }
            assert!(read(&mut self.socket, &mut self.input) > 0, "the server has closed");
        }
    }
}

fn read(socket: &mut TcpStream, into: &mut Vec<u8>) -> usize {
    let mut room = [0; 64 << 10];
    let len = socket.read(&mut room).unwrap();
    into.extend_from_slice(&room[..len]);
    len
}
