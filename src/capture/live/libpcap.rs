//! Interfaces through libpcap.

use libpcap::{Active, Capture, Error, Linktype, Precision};

use super::{Counts, Next, OpenError, Options, Remark, Tap, link_type};
use crate::capture::write;
use crate::time::Timestamp;

/// How long the kernel may hold packets back to hand over several at once, in milliseconds.
const BATCH: i32 = 10;

/// Opens all interfaces that `options` name.
pub(super) fn open(options: &Options) -> Result<Vec<Box<dyn Tap>>, OpenError> {
    options
        .interfaces
        .iter()
        .map(|name| Ok(Box::new(Interface::open(name, options)?) as Box<dyn Tap>))
        .collect()
}

/// An interface that is listened to.
struct Interface {
    capture: Capture<Active>,
    description: write::Interface,
    counts: Counts,
    /// The kernel's counters as last read: they have 32 bits, and start again from 0.
    last: [u32; 3],
    down: bool,
}

impl Interface {
    fn open(name: &str, options: &Options) -> Result<Self, OpenError> {
        let failed = |error: Error| explain(name, &error);
        let size = |bytes: u32| i32::try_from(bytes).unwrap_or(i32::MAX);
        let inactive = Capture::from_device(name).map_err(failed)?;
        let inactive = inactive
            .snaplen(size(options.snap_length))
            .promisc(options.promiscuous)
            .buffer_size(size(options.buffer_bytes))
            .immediate_mode(options.immediate)
            .timeout(BATCH);
        let mut capture = match inactive.precision(Precision::Nano).open() {
            Ok(capture) => capture,
            Err(error) => return Err(failed(error)),
        };
        let link = capture.get_datalink();
        if !options.filter.is_empty()
            && let Err(error) = capture.filter(&options.filter, true)
        {
            let why = text(&error);
            let why = why.strip_prefix("can't parse filter expression: ").unwrap_or(&why).to_owned();
            let at = trouble(&options.filter, &why, link);
            return Err(OpenError::Filter { why, at });
        }
        #[cfg(target_os = "linux")]
        let capture = capture.setnonblock().map_err(failed)?;
        Ok(Self {
            capture,
            description: write::Interface {
                link: link_type(link.0),
                snap_length: options.snap_length,
                name: name.to_owned(),
                filter: options.filter.clone(),
                ..write::Interface::default()
            },
            counts: Counts::default(),
            last: [0; 3],
            down: false,
        })
    }

    /// Waits until there may be a packet. Where the kernel's wait has an end, libpcap's own does.
    #[cfg(target_os = "linux")]
    fn wait(&self) -> Option<String> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let tenth = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        match poll(&mut [PollFd::new(&self.capture, PollFlags::IN)], Some(&tenth)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self, reason = "the same on all systems")]
    const fn wait(&self) -> Option<String> {
        None
    }
}

impl Tap for Interface {
    fn interface(&self) -> write::Interface {
        self.description.clone()
    }

    fn next(&mut self, take: &mut dyn FnMut(Timestamp, u32, &[u8])) -> Next {
        for waited in [false, true] {
            match self.capture.next_packet() {
                Ok(packet) => {
                    take(time(packet.header), packet.header.len, packet.data);
                    return Next::Packet;
                }
                Err(Error::TimeoutExpired) if waited => {}
                Err(Error::TimeoutExpired) => {
                    if let Some(why) = self.wait() {
                        return Next::Ended(why);
                    }
                }
                Err(Error::NoMorePackets) => return Next::Ended("it gives no more packets".to_owned()),
                Err(error) => return Next::Ended(text(&error)),
            }
        }
        Next::Nothing
    }

    fn counts(&mut self) -> Option<Counts> {
        let stat = self.capture.stats().ok()?;
        let now = [stat.received, stat.dropped, stat.if_dropped];
        let Counts { received, dropped, interface_dropped } = &mut self.counts;
        for ((sum, last), now) in
            [received, dropped, interface_dropped].into_iter().zip(&mut self.last).zip(now)
        {
            *sum += u64::from(now.wrapping_sub(*last));
            *last = now;
        }
        Some(self.counts)
    }

    /// Where an interface goes down, libpcap waits until it comes back, and says nothing.
    fn remark(&mut self) -> Option<Remark> {
        let up = is_up(&self.description.name)?;
        let down = std::mem::replace(&mut self.down, !up);
        let text = match (down, up) {
            (false, false) => "the interface went down; packets are waited for",
            (true, true) => "the interface is up again",
            _ => return None,
        };
        Some(Remark { text: text.to_owned(), trouble: !up })
    }
}

/// Whether an interface is up, where the system tells. Of one that is gone, libpcap tells.
fn is_up(name: &str) -> Option<bool> {
    if name.contains('/') {
        return None;
    }
    let flags = std::fs::read_to_string(format!("/sys/class/net/{name}/flags")).ok()?;
    let flags = u32::from_str_radix(flags.trim().strip_prefix("0x")?, 16).ok()?;
    Some(flags & IFF_UP != 0)
}

/// The flag of an interface that is up, on Linux.
const IFF_UP: u32 = 1;

/// When a packet was captured. The precision was asked for: what libpcap calls microseconds are nanoseconds.
#[allow(clippy::useless_conversion, reason = "the fields have other types on other systems")]
fn time(header: &libpcap::PacketHeader) -> Timestamp {
    let (seconds, nanos) = (i64::from(header.ts.tv_sec), i64::from(header.ts.tv_usec));
    Timestamp::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
}

/// What an error says, without the name of the library.
fn text(error: &Error) -> String {
    match error {
        Error::PcapError(text) => text.trim().to_owned(),
        error => error.to_string(),
    }
}

fn explain(name: &str, error: &Error) -> OpenError {
    let (name, why) = (name.to_owned(), text(error));
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["permission", "ermission denied", "not permitted"]) {
        OpenError::Permission { name }
    } else if says(&["No such device", "No such network"]) {
        OpenError::Unknown { name }
    } else if says(&["not up", "is not up", "Network is down"]) {
        OpenError::Down { name }
    } else {
        OpenError::Other { name, why }
    }
}

/// Where in a filter the trouble begins: at the word that libpcap names, or behind the longest part that it
/// understands.
fn trouble(filter: &str, why: &str, link: Linktype) -> Option<(usize, usize)> {
    let named = why.split(['\'', '"']).nth(1).filter(|word| !word.is_empty());
    if let Some(at) = named.and_then(|word| filter.find(word).map(|start| (start, start + word.len()))) {
        return Some(at);
    }
    let compiler = Capture::dead(link).ok()?;
    let words: Vec<(usize, usize)> = filter
        .split_whitespace()
        .filter_map(|word| {
            let start = word.as_ptr().addr().checked_sub(filter.as_ptr().addr())?;
            Some((start, start + word.len()))
        })
        .collect();
    let understood = words
        .iter()
        .rposition(|(_, end)| filter.get(..*end).is_some_and(|part| compiler.compile(part, false).is_ok()));
    words.get(understood.map_or(0, |last| last + 1)).copied().or_else(|| words.last().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trouble_of_a_filter_is_found() {
        for (filter, word) in [
            ("tcp prot 80", "prot"),
            ("tcp port 80 adn host 1.2.3.4", "adn"),
            ("bogus", "bogus"),
            ("tcp port 80 and", "and"),
            ("tcp port 80 and port nosuchport", "nosuchport"),
        ] {
            let capture = Capture::dead(Linktype::ETHERNET).unwrap();
            let why = text(&capture.compile(filter, true).err().unwrap());
            let (start, end) = trouble(filter, &why, Linktype::ETHERNET).unwrap();
            assert_eq!(&filter[start..end], word, "{filter}: {why}");
        }
    }

    #[test]
    fn errors_are_told_apart() {
        let of = |text: &str| explain("x", &Error::PcapError(text.to_owned()));
        let name = || "x".to_owned();
        assert_eq!(
            of("You don't have permission to perform this capture on that device"),
            OpenError::Permission { name: name() }
        );
        assert_eq!(of("No such device exists"), OpenError::Unknown { name: name() });
        assert_eq!(of("That device is not up"), OpenError::Down { name: name() });
        assert_eq!(of(" odd "), OpenError::Other { name: name(), why: "odd".to_owned() });
    }
}
