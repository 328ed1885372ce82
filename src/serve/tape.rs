//! The recording, if there is one; its first failure is kept for the loop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::record::{Flow, Recorder};
use super::tls::Secrets;
use crate::item::Dir;

/// Where what is read and written is recorded.
pub(super) struct Tape {
    recorder: Option<Recorder>,
    secrets: Option<Arc<Secrets>>,
    failed: Option<io::Error>,
    dirty: bool,
}

/// What happens in a flow.
#[derive(Clone, Copy)]
pub(super) enum Taped<'a> {
    Data(&'a [u8]),
    Fin,
    Reset,
}

impl Tape {
    pub(super) const fn new(recorder: Option<Recorder>, secrets: Option<Arc<Secrets>>) -> Self {
        Self { recorder, secrets, failed: None, dirty: false }
    }

    /// From here on it is recorded.
    pub(super) fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// A connection begins; `None` where nothing is recorded.
    pub(super) fn open(&mut self, client: SocketAddr, server: SocketAddr, n: u64) -> Option<Flow> {
        let opened = self.recorder.as_mut()?.open(client, server, n);
        self.dirty = true;
        opened.map_err(|error| self.failed = Some(error)).ok()
    }

    /// Something happens in a flow that is recorded.
    pub(super) fn put(&mut self, flow: &mut Option<Flow>, dir: Dir, what: Taped<'_>) {
        let (Some(flow), Some(recorder)) = (flow, &mut self.recorder) else { return };
        let secrets = self.secrets.as_ref().map(|secrets| secrets.take()).unwrap_or_default();
        let secrets = if secrets.is_empty() { Ok(()) } else { recorder.secrets(&secrets) };
        let result = secrets.and_then(|()| match what {
            Taped::Data(bytes) => recorder.data(flow, dir, bytes),
            Taped::Fin => recorder.fin(flow, dir),
            Taped::Reset => recorder.reset(flow, dir),
        });
        self.dirty = true;
        if let Err(error) = result {
            self.failed = Some(error);
        }
    }

    /// There is something to flush.
    pub(super) const fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// Hands everything on to the file, and tells the first failure.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.dirty = false;
        self.recorder.as_mut().map_or(Ok(()), Recorder::flush)
    }

    /// Packets recorded; `None` where nothing is.
    pub(super) fn packets(&self) -> Option<u64> {
        self.recorder.as_ref().map(Recorder::packets)
    }
}
