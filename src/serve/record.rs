//! Traffic as seen above the sockets, into a capture: pcapng, with packets that never were.
//!
//! Each read and each write becomes segments of the TCP connection that carried it, acknowledged at once, between
//! the real addresses. What went through TLS stands in the capture in the clear, since that is what a
//! reader wants to see; the interface's comment says so, and the connections' secrets stand beside it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::capture::synth::{self, ETHERNET, Ends, Host, Kind, MAX_PAYLOAD};
use crate::capture::write::{self, Interface};
use crate::item::Dir;
use crate::time::Timestamp;

/// A capture that is being written.
pub struct Recorder {
    file: BufWriter<Box<dyn Write + Send>>,
    /// What a block is built in.
    block: Vec<u8>,
    packet: Vec<u8>,
    /// The wall clock at the start; time goes on from there without jumps.
    base: Duration,
    start: Instant,
    packets: u64,
}

/// One TCP connection of a capture.
#[derive(Debug)]
pub struct Flow {
    ends: Ends,
    /// Each side's next sequence number, the client's first.
    next: [u32; 2],
    /// The side has sent its FIN.
    fin: [bool; 2],
    reset: bool,
}

impl Recorder {
    /// Begins a capture file of `wscope echo`. `tls` = what is recorded goes over TLS.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn create(path: &Path, tls: bool) -> io::Result<Self> {
        Self::new(Box::new(File::create(path)?), "echo", tls)
    }

    /// Begins a capture in a writer of any kind; `command` is the one that records.
    ///
    /// # Errors
    /// Where it cannot be written to.
    pub fn new(out: Box<dyn Write + Send>, command: &str, tls: bool) -> io::Result<Self> {
        let mut block = Vec::new();
        write::section(&mut block);
        let how = if tls { OVER_TLS } else { ABOVE_SOCKETS };
        let comment = format!("Recorded by wscope {command} {how}");
        let interface = Interface { link: ETHERNET, comment, ..Interface::default() };
        write::described_interface(&mut block, &interface);
        let base = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut recorder = Self {
            file: BufWriter::with_capacity(256 << 10, out),
            block: Vec::new(),
            packet: Vec::new(),
            base,
            start: Instant::now(),
            packets: 0,
        };
        recorder.file.write_all(&block)?;
        recorder.file.flush()?;
        Ok(recorder)
    }

    /// So much time passes at once, for a conversation without a clock.
    pub fn pass(&mut self, time: Duration) {
        self.base += time;
    }

    /// Packets so far.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// TLS secrets, in the form of key logs, for what follows.
    ///
    /// # Errors
    /// Where the capture cannot be written.
    pub fn secrets(&mut self, key_log: &[u8]) -> io::Result<()> {
        self.block.clear();
        write::secrets(&mut self.block, key_log);
        self.file.write_all(&self.block)
    }

    /// A connection begins; `n` is another for each.
    ///
    /// # Errors
    /// Where the capture cannot be written.
    pub fn open(&mut self, client: SocketAddr, server: SocketAddr, n: u64) -> io::Result<Flow> {
        let ends = Ends { client: host(client, CLIENT), server: host(server, SERVER), vlan: None };
        // Sequence numbers that differ from connection to connection, and in both directions.
        let first = (n as u32).wrapping_mul(0x9e37_79b9);
        let mut flow = Flow { ends, next: [first, !first], fin: [false; 2], reset: false };
        self.segment(&mut flow, Dir::C2s, Kind::Syn, &[])?;
        self.segment(&mut flow, Dir::S2c, Kind::SynAck, &[])?;
        self.segment(&mut flow, Dir::C2s, Kind::Ack, &[])?;
        Ok(flow)
    }

    /// Bytes of one side, and the other's acknowledgement.
    ///
    /// # Errors
    /// Where the capture cannot be written.
    pub fn data(&mut self, flow: &mut Flow, dir: Dir, bytes: &[u8]) -> io::Result<()> {
        for chunk in bytes.chunks(MAX_PAYLOAD) {
            self.segment(flow, dir, Kind::Data, chunk)?;
        }
        self.segment(flow, dir.other(), Kind::Ack, &[])
    }

    /// One side has ended its stream.
    ///
    /// # Errors
    /// Where the capture cannot be written.
    pub fn fin(&mut self, flow: &mut Flow, dir: Dir) -> io::Result<()> {
        if !flow.fin.get(dir.index()).copied().unwrap_or(true) {
            self.segment(flow, dir, Kind::Fin, &[])?;
            self.segment(flow, dir.other(), Kind::Ack, &[])?;
        }
        Ok(())
    }

    /// One side has broken the connection off.
    ///
    /// # Errors
    /// Where the capture cannot be written.
    pub fn reset(&mut self, flow: &mut Flow, dir: Dir) -> io::Result<()> {
        if !flow.reset && flow.fin != [true; 2] {
            self.segment(flow, dir, Kind::Reset, &[])?;
        }
        Ok(())
    }

    /// Hands everything on to the file.
    ///
    /// # Errors
    /// Where the capture cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn segment(&mut self, flow: &mut Flow, dir: Dir, kind: Kind, payload: &[u8]) -> io::Result<()> {
        self.packet.clear();
        if !flow.packet(&mut self.packet, dir, kind, payload) {
            return Ok(());
        }
        let now = self.base + self.start.elapsed();
        let time = Timestamp::from_nanos(i64::try_from(now.as_nanos()).unwrap_or(i64::MAX));
        self.block.clear();
        write::packet(&mut self.block, 0, time, self.packet.len() as u32, &self.packet, "");
        self.packets += 1;
        self.file.write_all(&self.block)
    }
}

impl Flow {
    /// Appends the next packet of a side, whose sequence number moves on.
    fn packet(&mut self, out: &mut Vec<u8>, dir: Dir, kind: Kind, payload: &[u8]) -> bool {
        let [client, server] = &mut self.next;
        let (seq, ack) = if dir == Dir::C2s { (client, *server) } else { (server, *client) };
        let ack = if kind == Kind::Syn { 0 } else { ack };
        let written = synth::tcp(out, &self.ends, dir, kind.header(*seq, ack), payload);
        let taken = u32::from(matches!(kind, Kind::Syn | Kind::SynAck | Kind::Fin));
        *seq = seq.wrapping_add(payload.len() as u32).wrapping_add(taken);
        if kind == Kind::Fin
            && let Some(fin) = self.fin.get_mut(dir.index())
        {
            *fin = true;
        }
        self.reset |= kind == Kind::Reset;
        written
    }
}

/// An IPv4 address that is dressed as an IPv6 one is an IPv4 address.
const fn host(address: SocketAddr, mac: [u8; 6]) -> Host {
    Host { mac, ip: address.ip().to_canonical(), port: address.port() }
}

/// Locally administered addresses.
const CLIENT: [u8; 6] = [2, 0, 0, 0, 0, 1];
const SERVER: [u8; 6] = [2, 0, 0, 0, 0, 2];

const ABOVE_SOCKETS: &str = "above the sockets: bytes and times are real, packets are made up.";
const OVER_TLS: &str = "above TLS: this is the plain text of connections that were encrypted. Bytes and times are real, packets are made up; the secrets are those of the TLS connections.";
