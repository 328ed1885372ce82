//! What a live capture is told, and why one cannot begin.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How interfaces are listened to.
#[derive(Clone, Debug)]
pub struct Options {
    /// Their names; `any` is all of them, on Linux.
    pub interfaces: Vec<String>,
    /// In libpcap's language; empty = everything.
    pub filter: String,
    /// Bytes kept of each packet.
    pub snap_length: u32,
    /// Packets to other hosts are of interest too.
    pub promiscuous: bool,
    /// Bytes of the kernel's buffer, for each interface.
    pub buffer_bytes: u32,
    /// The kernel hands each packet over at once, which costs more: its buffer then holds far fewer.
    pub immediate: bool,
    /// Bytes of packets that may wait to be decoded, of all interfaces.
    pub queue_bytes: usize,
    /// Ends after so many packets.
    pub packets: Option<u64>,
    /// Ends after so long.
    pub duration: Option<Duration>,
    /// Ends the capture once it is set; it is set where the capture ends by itself.
    pub stop: Arc<AtomicBool>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            filter: String::new(),
            snap_length: 262_144,
            promiscuous: true,
            buffer_bytes: 16 << 20,
            immediate: false,
            queue_bytes: 64 << 20,
            packets: None,
            duration: None,
            stop: Arc::default(),
        }
    }
}

/// Why an interface cannot be listened to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The program was built without libpcap.
    #[error("wscope was built without libpcap")]
    NotBuilt,
    /// There is no such interface.
    #[error("{name}: there is no such interface")]
    Unknown {
        /// The name that was given.
        name: String,
    },
    /// The rights to capture are missing.
    #[error("{name}: no permission to capture")]
    Permission {
        /// The interface.
        name: String,
    },
    /// It is not up.
    #[error("{name}: the interface is down")]
    Down {
        /// The interface.
        name: String,
    },
    /// libpcap does not understand the filter.
    #[error("libpcap does not understand the filter: {why}")]
    Filter {
        /// What it says.
        why: String,
        /// Where in the filter the trouble begins, as far as is known, in bytes.
        at: Option<(usize, usize)>,
    },
    /// Anything else.
    #[error("{name}: {why}")]
    Other {
        /// The interface.
        name: String,
        /// What libpcap says.
        why: String,
    },
}
