//! Container files into packets.

use std::io::Cursor;
use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use wscope::capture;
use wscope::capture::source::{Block, Status};
use wscope::capture::write;
use wscope::limits::Limits;

use crate::workload::{self, ETHERNET, Kind};

static PCAP: LazyLock<Vec<u8>> = LazyLock::new(|| workload::make(Kind::Chatty, 4 << 20).capture);

/// The packets of [`PCAP`].
static PCAPNG: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut file = Vec::new();
    write::section(&mut file);
    write::interface(&mut file, ETHERNET);
    walk(&PCAP, |block| {
        for packet in &block.packets {
            write::packet(&mut file, 0, packet.time, packet.wire_len, block.packet(packet), "");
        }
    });
    file
});

#[divan::bench]
fn pcap(bencher: Bencher<'_, '_>) {
    bench(bencher, &PCAP);
}

#[divan::bench]
fn pcapng(bencher: Bencher<'_, '_>) {
    bench(bencher, &PCAPNG);
}

fn bench(bencher: Bencher<'_, '_>, file: &'static [u8]) {
    let count = || {
        let mut packets = 0;
        walk(file, |block| packets += block.packets.len());
        packets
    };
    let packets = count();
    assert!(packets > 10_000, "{packets}");
    bencher.counter(BytesCount::new(file.len())).counter(ItemsCount::new(packets)).bench_local(count);
}

fn walk(file: &'static [u8], mut each: impl FnMut(&Block)) {
    let opened = capture::from_reader("bench", Cursor::new(file), &Limits::default());
    let mut source = opened.expect("a capture").source;
    let mut block = Block::default();
    loop {
        let status = source.fill(&mut block).expect("memory can be read");
        each(&block);
        if status == Status::End {
            return;
        }
    }
}
