//! What is done to every frame: its header, its mask, its text.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use wscope::item::Dir;
use wscope::ws::fact::Utf8;
use wscope::ws::header::{self, Header};
use wscope::ws::{mask, utf8};

use crate::workload::rng::Rng;
use crate::workload::talk;

const FRAMES: usize = 1_000;
const SIZES: [usize; 4] = [16, 200, 1_400, 1 << 20];

/// Headers of all lengths, as they come.
#[divan::bench]
fn header(bencher: Bencher<'_, '_>) {
    let mut rng = Rng::new(1);
    let headers: Vec<Vec<u8>> = (0..FRAMES)
        .map(|_| {
            let len = [5, 100, 1_000, 100_000][rng.below(4)];
            let dir = Dir::BOTH[rng.below(2)];
            let mut frame = Vec::new();
            talk::frame(&mut frame, &mut rng, dir, 0x81, &vec![b'x'; len]);
            frame.truncate(header::MAX_LEN);
            frame
        })
        .collect();
    bencher.counter(ItemsCount::new(FRAMES)).bench_local(|| {
        for header in &headers {
            assert!(black_box(Header::decode(black_box(header))).is_some());
        }
    });
}

#[divan::bench(args = SIZES)]
fn unmask(bencher: Bencher<'_, '_>, size: usize) {
    let data = Rng::new(2).bytes(size);
    let mut out = Vec::with_capacity(size + 16);
    bencher.counter(BytesCount::new(size)).bench_local(|| {
        out.clear();
        mask::unmask_into(&mut out, black_box(&data), black_box([0x37, 0xfa, 0x21, 0x3d]), 0);
        black_box(&out);
    });
}

#[divan::bench(args = SIZES)]
fn utf8_ascii(bencher: Bencher<'_, '_>, size: usize) {
    check(bencher, "The quick brown fox jumps over the lazy dog. ", size);
}

#[divan::bench(args = SIZES)]
fn utf8_mixed(bencher: Bencher<'_, '_>, size: usize) {
    check(bencher, "größer Müller 東京 привет, мир 🚀 señal ", size);
}

fn check(bencher: Bencher<'_, '_>, sample: &str, size: usize) {
    let mut text = sample.repeat(size / sample.len() + 1);
    let end = (0..=size).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or(0));
    // The first call finds out what the processor can do; that is not to be measured.
    assert_eq!(utf8::check(text.as_bytes(), 1), Utf8::Valid);
    bencher.counter(BytesCount::new(text.len())).bench_local(|| {
        assert_eq!(utf8::check(black_box(text.as_bytes()), 1), Utf8::Valid);
    });
}
