//! Segments into streams.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use wscope::item::{At, Item};
use wscope::limits::Limits;
use wscope::packet::segment::{Endpoint, Flags, FlowKey, Place, Segment};
use wscope::tcp::{Connection, Output};
use wscope::time::Timestamp;

const SEGMENTS: usize = 1_000;
const PAYLOAD: usize = 200;
static BYTES: [u8; PAYLOAD] = [b'x'; PAYLOAD];

/// Two segments from each side in turn, in order.
#[divan::bench]
fn in_order(bencher: Bencher<'_, '_>) {
    bench(bencher, &segments());
}

/// The same, the second of each two before the first.
#[divan::bench]
fn reordered_pairs(bencher: Bencher<'_, '_>) {
    let mut segments = segments();
    // The first two establish where the streams start.
    for pair in segments[4..].chunks_exact_mut(2) {
        pair.swap(0, 1);
    }
    bench(bencher, &segments);
}

fn bench(bencher: Bencher<'_, '_>, segments: &[Segment<'_>]) {
    let limits = Limits::default();
    let all = SEGMENTS * PAYLOAD;
    bencher.counter(BytesCount::new(all)).counter(ItemsCount::new(SEGMENTS)).bench_local(|| {
        let mut connection = Connection::new(&segments[0]);
        let mut bytes = 0;
        for segment in segments {
            connection.segment(black_box(segment), &limits, &(), &mut |output| {
                if let Output::Item { item: Item::Data(data), .. } = output {
                    bytes += black_box(data).len();
                }
            });
        }
        assert_eq!(bytes, all);
    });
}

fn segments() -> Vec<Segment<'static>> {
    let (client, server) = (Endpoint::v4([10, 0, 0, 1], 40_000), Endpoint::v4([192, 168, 7, 1], 80));
    let (key, client_is_low) = FlowKey::new(client, server);
    let mut seq = [1_000_u32, 2_000_000];
    let segment = |number: usize| {
        let from = number / 2 % 2;
        let at = At { packet: number as u64 + 1, time: Timestamp::from_nanos(number as i64 * 10_000) };
        let segment = Segment {
            key,
            from_low: client_is_low == (from == 0),
            at,
            seq: seq[from],
            ack: seq[1 - from],
            flags: Flags(Flags::ACK),
            payload: BYTES.as_slice(),
            cut: 0,
            place: Place::default(),
            earlier: &[],
        };
        seq[from] += PAYLOAD as u32;
        segment
    };
    (0..SEGMENTS).map(segment).collect()
}
