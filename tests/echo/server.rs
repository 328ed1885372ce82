//! Servers in threads of the test, and the simplest clients.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tungstenite::WebSocket;
use wscope::serve::record::Recorder;
use wscope::serve::{Ended, Notice, Options, Server, Stopper, Totals};

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<Totals>>,
    pub(crate) notices: Arc<Mutex<Vec<Notice>>>,
}

pub(crate) fn options() -> Options {
    Options::default()
}

pub(crate) fn start(options: Options) -> Running {
    run(Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), options, false).unwrap())
}

pub(crate) fn start_recording(options: Options, path: &Path) -> Running {
    let tls = options.tls.is_some();
    let server = Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)), options, true).unwrap();
    run(server.recording(Recorder::create(path, tls).unwrap()))
}

fn run(server: Server) -> Running {
    let (address, stopper) = (server.address(), server.stopper());
    let notices = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&notices);
    let thread =
        std::thread::spawn(move || server.run(&mut |notice| told.lock().unwrap().push(notice)).unwrap());
    Running { address, stopper, thread: Some(thread), notices }
}

impl Running {
    /// Stops it, and tells what it did, and how its WebSockets ended.
    pub(crate) fn finish(mut self) -> (Totals, Vec<Ended>) {
        self.stopper.stop();
        let totals = self.thread.take().unwrap().join().unwrap();
        let notices = self.notices.lock().unwrap();
        let ended = notices.iter().filter_map(|notice| match notice {
            Notice::Closed { how, .. } => Some(how.clone()),
            _ => None,
        });
        (totals, ended.collect())
    }

    /// Waits until a notice satisfies this.
    pub(crate) fn until(&self, what: impl Fn(&Notice) -> bool) {
        for _ in 0..500 {
            if self.notices.lock().unwrap().iter().any(&what) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{:?}", self.notices.lock().unwrap());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.stopper.stop();
            self.stopper.stop();
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking());
        }
    }
}

/// A socket that does not wait for ever.
pub(crate) fn socket(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// A client by tungstenite.
pub(crate) fn connect(server: &Running, path: &str) -> WebSocket<TcpStream> {
    let url = format!("ws://{}{path}", server.address);
    tungstenite::client(url, socket(server.address)).unwrap().0
}

/// The head of an upgrade request.
pub(crate) fn request(target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// Sends bytes, then nothing more, and tells all that comes back.
pub(crate) fn raw(server: &Running, bytes: &[u8]) -> String {
    let mut socket = socket(server.address);
    socket.write_all(bytes).unwrap();
    socket.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    // A connection may well be broken off.
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}
