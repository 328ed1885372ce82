//! The opening handshake.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use wscope::http::h1::{Pair, Step};
use wscope::item::{At, Dir, Item};
use wscope::limits::Limits;

use crate::workload::connection::{DEFLATE, REQUEST, RESPONSE};

#[divan::bench]
fn upgrade(bencher: Bencher<'_, '_>) {
    let request = format!("{REQUEST}{DEFLATE}\r\n");
    let response = format!("{RESPONSE}{DEFLATE}\r\n");
    let limits = Limits::default();
    let bytes = BytesCount::new(request.len() + response.len());
    bencher.counter(bytes).counter(ItemsCount::new(1_u8)).bench_local(|| {
        let mut pair = Pair::new();
        let mut feed = |dir, head: &str| {
            let item = Item::Data(black_box(head.as_bytes()));
            pair.feed(dir, item, At::default(), &limits, &mut |_| panic!("it is not refused"))
        };
        assert!(matches!(feed(Dir::C2s, &request), Step::Continue));
        match feed(Dir::S2c, &response) {
            Step::Upgraded { handshake, .. } => {
                assert!(handshake.accept().is_some_and(|accept| accept.valid));
                handshake.deflate()
            }
            step => panic!("{step:?}"),
        }
    });
}
