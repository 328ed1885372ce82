use std::collections::HashMap;
use std::fs;

use super::*;
use crate::capture::source::{LinkType, Packet};
use crate::time::Timestamp;

/// Gives packets as they are asked for: of so many bytes each, which are all alike.
struct Given {
    sizes: Vec<usize>,
    next: usize,
    facts: CaptureFacts,
}

impl Given {
    fn boxed(sizes: impl IntoIterator<Item = usize>) -> Box<Self> {
        Box::new(Self { sizes: sizes.into_iter().collect(), next: 0, facts: CaptureFacts::default() })
    }
}

/// The bytes of a packet, by its number.
fn bytes(number: u64, len: usize) -> Vec<u8> {
    vec![number as u8; len]
}

impl Source for Given {
    fn fill(&mut self, block: &mut Block) -> io::Result<Status> {
        block.bytes.clear();
        block.packets.clear();
        for len in self.sizes.iter().skip(self.next).take(7) {
            self.next += 1;
            let number = self.next as u64;
            let offset = block.bytes.len() as u32;
            block.bytes.extend(bytes(number, *len));
            block.packets.push(Packet {
                offset,
                len: *len as u32,
                wire_len: *len as u32,
                link: LinkType(1),
                source: 0,
                file_offset: 0,
                time: Timestamp::from_nanos(number as i64),
            });
        }
        Ok(if self.next >= self.sizes.len() { Status::End } else { Status::More })
    }

    fn facts(&self) -> &CaptureFacts {
        &self.facts
    }
}

/// All packets with their bytes, as they are told.
fn drain(source: &mut dyn Source) -> Vec<(u64, Packet, Vec<u8>)> {
    let (mut block, mut all) = (Block::default(), Vec::new());
    loop {
        let status = source.fill(&mut block).unwrap();
        for (at, packet) in block.packets.iter().enumerate() {
            let number = block.numbers.get(at).copied().unwrap_or(all.len() as u64 + 1);
            all.push((number, *packet, block.packet(packet).to_vec()));
        }
        if status == Status::End {
            return all;
        }
    }
}

/// A spool with a thousand packets in chunks of 4 KiB, and what was given.
fn full() -> (Spool, Vec<(u64, Packet, Vec<u8>)>) {
    let (spool, mut source) = Spool::new(Given::boxed((0..1_000).map(|n| 20 + n % 180)), 0).unwrap();
    let given = drain(&mut *source);
    (spool, given)
}

/// The bytes of a packet, by the place that it was given.
fn read(spool: &Spool, packet: &Packet) -> Option<Vec<u8>> {
    let chunk = spool.chunk(packet.file_offset)?;
    let at = chunk.find(packet.file_offset)? as usize;
    let all = fs::read(&chunk.path).unwrap();
    Some(all[at..at + packet.len as usize].to_vec())
}

fn replayed(spool: &Spool, until: Option<u64>) -> Vec<(u64, Vec<u8>)> {
    let packets = drain(&mut Replay::new(spool, until, spool.cut()));
    packets.into_iter().map(|(number, _, bytes)| (number, bytes)).collect()
}

#[test]
fn packets_are_where_they_were_put() {
    let (spool, given) = full();
    assert_eq!((spool.packets(), spool.grows()), (1_000, false));
    for (number, packet, was) in &given {
        assert_eq!(*was, bytes(*number, packet.len as usize));
        assert_eq!(read(&spool, packet).as_ref(), Some(was));
    }
    assert!(spool.state().chunks.len() > 20);
    let sum: u64 = given.iter().map(|(_, packet, _)| u64::from(packet.len)).sum();
    assert!(spool.bytes() > sum && spool.bytes() < sum * 5 / 4);
    let all: Vec<_> = given.iter().map(|(number, _, bytes)| (*number, bytes.clone())).collect();
    assert_eq!(replayed(&spool, Some(1_000)), all);
    assert_eq!(replayed(&spool, Some(333)), all[..333]);
}

#[test]
fn what_is_let_go_of_is_gone_and_the_rest_is_not() {
    let (spool, given) = full();
    let before = spool.bytes();
    let reading = spool.chunk(given[0].1.file_offset).unwrap();
    for (every, times) in [(3, 2), (27, 9), (81, 20)] {
        spool.let_go(1_000, |number| number % every == 0).unwrap();
        for (number, packet, was) in &given[..850] {
            let there = read(&spool, packet);
            assert_eq!(there.as_ref(), (number % every == 0).then_some(was), "{number} of every {every}");
        }
        // What came last stays.
        assert_eq!(read(&spool, &given[999].1), Some(given[999].2.clone()));
        assert!(spool.bytes() < before / times + 16_000, "{} of {before}", spool.bytes());
    }
    let rest = replayed(&spool, Some(1_000));
    assert!(rest.iter().all(|(number, was)| *was == given[*number as usize - 1].2));
    assert!(
        rest.iter().map(|(number, _)| *number).filter(|number| *number <= 850).eq((1..=10).map(|n| n * 81))
    );
    // Few packets do not have a file each.
    assert!(spool.state().chunks.len() < 8, "{}", spool.state().chunks.len());
    // Who began to read goes on.
    assert!(reading.open().is_ok());
    let path = reading.path.to_path_buf();
    drop(reading);
    assert!(!path.exists());
}

#[test]
fn what_is_not_decided_stays() {
    let (spool, given) = full();
    spool.let_go(500, |_| false).unwrap();
    assert_eq!(read(&spool, &given[0].1), None);
    for (_, packet, was) in &given[500..] {
        assert_eq!(read(&spool, packet).as_ref(), Some(was));
    }
}

#[test]
fn what_went_is_not_read_though_it_is_there() {
    let (spool, given) = full();
    let places = |numbers: &[u64]| {
        let mut writer = Writer::default();
        for number in numbers {
            writer.push(&Numbered { number: *number, packet: given[*number as usize - 1].1 });
        }
        writer.bytes().to_vec()
    };
    spool.went(&[places(&[1, 3, 999]), places(&[500])], HashMap::new(), 7);
    spool.went(&[places(&[2])], HashMap::new(), 9);
    assert_eq!(spool.cut().unwrap().numbering.next, 9);
    let numbers: Vec<u64> = replayed(&spool, Some(1_000)).into_iter().map(|(number, _)| number).collect();
    assert!(numbers.into_iter().eq((4..=1_000).filter(|n| ![500, 999].contains(n))));
}

#[test]
fn it_is_followed_to_its_end() {
    let (spool, mut source) = Spool::new(Given::boxed([50; 100]), 0).unwrap();
    let mut replay = Replay::new(&spool, None, None);
    let (mut block, mut read) = (Block::default(), 0);
    assert_eq!(replay.fill(&mut block).unwrap(), Status::Quiet);
    let mut given = 0;
    while source.fill(&mut Block::default()).unwrap() == Status::More {
        given = spool.packets() as usize;
        while read < given {
            assert_eq!(replay.fill(&mut block).unwrap(), Status::More);
            read += block.packets.len();
        }
    }
    assert_eq!(read, given);
    drop(source);
    assert!(!spool.grows());
    assert_eq!(read + drain(&mut replay).len(), 100);
}
