//! A socket, plain or with TLS: non-blocking reads and writes of plain text.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use mio::net::TcpStream;
use rustls::Connection;
use socket2::SockRef;

/// Reads and writes what the WebSocket layer speaks. `WouldBlock` is an error as any socket's; reading nothing is
/// the end of the stream.
pub(super) struct Transport {
    /// The socket, to be registered.
    pub(super) socket: TcpStream,
    tls: Option<Box<Connection>>,
}

impl Transport {
    pub(super) fn new(socket: TcpStream, tls: Option<Connection>) -> Self {
        // A frame is to leave at once.
        let _ = socket.set_nodelay(true);
        Self { socket, tls: tls.map(Box::new) }
    }

    pub(super) fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.read(buf) };
        loop {
            match tls.reader().read(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The peer went without a close_notify: the WebSocket's own closing says whether all came.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                result => return result,
            }
            let ended = tls.read_tls(&mut self.socket)? == 0;
            let processed = tls.process_new_packets();
            // Its answer, or its alert.
            let flushed = flush(tls, &mut self.socket);
            processed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            if ended && tls.is_handshaking() {
                return Ok(0);
            }
            match flushed {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return self.socket.write(bytes) };
        // What rustls holds has to go first, so that it never holds more than one piece.
        flush(tls, &mut self.socket)?;
        let piece = bytes.get(..TLS_PIECE).unwrap_or(bytes);
        let taken = tls.writer().write(piece)?;
        match flush(tls, &mut self.socket) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    /// Sends what is held back, such as a TLS handshake's next flight.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.tls.as_mut().map_or(Ok(()), |tls| flush(tls, &mut self.socket))
    }

    /// The TLS handshake is not over.
    pub(super) fn is_handshaking(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.is_handshaking())
    }

    /// Breaks the connection off as soon as it is dropped.
    pub(super) fn abort(&self) {
        let _ = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }

    /// Ends the stream towards the client.
    pub(super) fn finish(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = flush(tls, &mut self.socket);
        }
        let _ = self.socket.shutdown(Shutdown::Write);
    }
}

fn flush(tls: &mut Connection, socket: &mut TcpStream) -> io::Result<()> {
    while tls.wants_write() {
        if tls.write_tls(socket)? == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}

/// Four TLS records.
const TLS_PIECE: usize = 64 << 10;
