//! Compressed messages of many connections in turn, through one inflater.

use std::ops::Range;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use flate2::{Compress, Compression};
use wscope::limits::Limits;
use wscope::ws::deflate::{Context, Inflater, Params};

use crate::workload::rng::Rng;
use crate::workload::{talk, text};

/// Messages of a connection before the measured ones: enough to fill its history.
const BEFORE: usize = 17;
const MEASURED: usize = 3;
const LEN: usize = 2_000;

/// With context takeover; about 500 bytes in, 2 kB out.
#[divan::bench(args = [100, 1_000], sample_count = 10, sample_size = 1)]
fn takeover(bencher: Bencher<'_, '_>, connections: u64) {
    let streams: Vec<Stream> = (0..connections).map(Stream::new).collect();
    let limits = Limits::default();
    let [mut warming, mut measured] = [Inflater::new(), Inflater::new()];
    let out: usize = streams.iter().map(|stream| stream.out).sum();
    let messages = streams.len() * MEASURED;
    bencher
        .counter(BytesCount::new(out))
        .counter(ItemsCount::new(messages))
        .with_inputs(|| {
            let mut contexts: Vec<Context> = streams.iter().map(|_| Context::new(Params::DEFAULT)).collect();
            inflate(&mut warming, &mut contexts, &streams, 0..BEFORE, &limits);
            contexts
        })
        .bench_local_refs(|contexts| {
            let bytes = inflate(&mut measured, contexts, &streams, BEFORE..BEFORE + MEASURED, &limits);
            assert_eq!(bytes, out);
        });
}

/// One message of each stream, then the next of each.
fn inflate(
    inflater: &mut Inflater,
    contexts: &mut [Context],
    streams: &[Stream],
    messages: Range<usize>,
    limits: &Limits,
) -> usize {
    let mut bytes = 0;
    for number in messages {
        for (context, stream) in contexts.iter_mut().zip(streams) {
            let inflated = inflater.inflate(context, &stream.messages[number], limits);
            assert_eq!(inflated.fault, None);
            bytes += inflated.output.len();
        }
    }
    bytes
}

/// The messages of one direction.
struct Stream {
    messages: Vec<Vec<u8>>,
    /// Bytes that the measured ones inflate to.
    out: usize,
}

impl Stream {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut compress = Compress::new(Compression::default(), false);
        let texts: Vec<String> = (0..BEFORE + MEASURED).map(|_| text::trades(&mut rng, LEN)).collect();
        let messages = texts.iter().map(|text| talk::deflate(&mut compress, text.as_bytes())).collect();
        Self { messages, out: texts[BEFORE..].iter().map(String::len).sum() }
    }
}
