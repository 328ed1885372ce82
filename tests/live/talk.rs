//! A conversation over loopback: tungstenite at both ends.

use std::net::{TcpListener, TcpStream};
use std::thread;

use serde_json::Value;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Message, WebSocket, accept, client};

/// A server on a port of its own.
pub(crate) struct Server {
    listener: TcpListener,
    pub(crate) port: u16,
}

impl Server {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Self { listener, port }
    }

    /// The filter for its packets.
    pub(crate) fn bpf(&self) -> String {
        format!("tcp port {}", self.port)
    }

    /// A client that is connected; the server sends back what it gets.
    pub(crate) fn connect(&self) -> Client {
        let listener = self.listener.try_clone().unwrap();
        let echo = thread::spawn(move || {
            let mut socket = accept(listener.accept().unwrap().0).unwrap();
            while let Ok(message) = socket.read() {
                if message.is_text() || message.is_binary() {
                    socket.send(message).unwrap();
                }
            }
        });
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let (socket, _) = client(format!("ws://127.0.0.1:{}/talk", self.port), stream).unwrap();
        Client { socket, echo: Some(echo), said: Vec::new() }
    }
}

/// The client's end.
pub(crate) struct Client {
    socket: WebSocket<TcpStream>,
    echo: Option<thread::JoinHandle<()>>,
    /// What the capture must hold: direction, kind, and the payload as it is exported.
    pub(crate) said: Vec<(String, String, String)>,
}

impl Client {
    /// Sends a text, and waits for its echo.
    pub(crate) fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).unwrap();
        assert_eq!(self.socket.read().unwrap().to_text().unwrap(), text);
        self.both("text", text);
    }

    /// Sends bytes, and waits for their echo.
    pub(crate) fn send(&mut self, bytes: Vec<u8>) {
        use base64::Engine as _;

        let text = base64::engine::general_purpose::STANDARD.encode(&bytes);
        self.socket.send(Message::binary(bytes)).unwrap();
        assert!(self.socket.read().unwrap().is_binary());
        self.both("binary", &text);
    }

    fn both(&mut self, kind: &str, payload: &str) {
        for dir in ["c2s", "s2c"] {
            self.said.push((dir.to_owned(), kind.to_owned(), payload.to_owned()));
        }
    }

    /// Closes, and waits until both ends have.
    pub(crate) fn close(mut self) -> Vec<(String, String, String)> {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "bye".into() };
        self.socket.close(Some(frame)).unwrap();
        while self.socket.read().is_ok() {}
        self.echo.take().unwrap().join().unwrap();
        for dir in ["c2s", "s2c"] {
            self.said.push((dir.to_owned(), "close".to_owned(), "bye".to_owned()));
        }
        self.said
    }
}

/// The messages of an export, as [`Client::said`] has them.
pub(crate) fn messages(export: &str) -> Vec<(String, String, String)> {
    let records = crate::support::records(export);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    crate::support::of_type(&records, "message")
        .into_iter()
        .map(|message| {
            assert_eq!(message["complete"], true, "{message}");
            let payload = ["text", "base64", "reason"].into_iter().find_map(|key| message[key].as_str());
            (text(&message["dir"]), text(&message["kind"]), payload.unwrap_or_default().to_owned())
        })
        .collect()
}
