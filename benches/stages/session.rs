//! The bytes of a connection into frames and messages.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use wscope::item::{At, Dir, Item};
use wscope::limits::Limits;
use wscope::ws::deflate::Inflater;
use wscope::ws::fact::{Listener, Out, Single};
use wscope::ws::session::{Budget, Session, Setup, Tools, Want};

use crate::workload::Kind;
use crate::workload::rng::Rng;
use crate::workload::talk::Talk;

/// Bytes of each stream, about.
const BYTES: usize = 256 << 10;
const SEGMENT: usize = 1_448;

/// Payloads are wanted, as for an export.
#[divan::bench(args = [Kind::Tiny, Kind::Chatty, Kind::Fragmented])]
fn feed(bencher: Bencher<'_, '_>, kind: Kind) {
    let mut talk = Talk::default();
    let mut rng = Rng::new(3);
    while talk.waiting[0].len() < BYTES {
        talk.say(kind, &mut rng);
    }
    let limits = Limits::default();
    let (mut inflater, mut scratch, mut spare) = (Inflater::new(), Vec::new(), Vec::new());
    let mut budget = Budget::default();
    let bytes: usize = talk.waiting.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(bytes)).counter(ItemsCount::new(talk.frames)).bench_local(|| {
        let want = Want { payload: usize::MAX, ..Want::default() };
        let mut tools = Tools {
            limits: &limits,
            want,
            inflater: &mut inflater,
            scratch: &mut scratch,
            spare: &mut spare,
            budget: &mut budget,
        };
        let mut session = Session::new(&Setup::default());
        let mut count = Count(0);
        for dir in Dir::BOTH {
            for segment in talk.waiting[dir.index()].chunks(SEGMENT) {
                session.feed(dir, Item::Data(black_box(segment)), At::default(), &mut tools, &mut count);
            }
        }
        assert_eq!(count.0, talk.frames);
    });
}

/// Counts frames, in one step where they are told in one.
struct Count(u64);

impl Listener for Count {
    fn tell(&mut self, out: Out<'_>) {
        match out {
            Out::Frame(frame) => self.0 += u64::from(black_box(frame).header.len < u64::MAX),
            Out::Message(message) => assert!(black_box(message).complete()),
            Out::Trouble { what, .. } => panic!("{what:?}"),
        }
    }

    fn single(&mut self, single: &Single<'_>) {
        self.0 += u64::from(black_box(single).header.len < u64::MAX);
    }
}
