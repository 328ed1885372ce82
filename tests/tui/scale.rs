//! How long keys take on a capture of any size, with the threads that a user has. By hand:
//! `WSCOPE_BIG=CAPTURE cargo test --release --test tui keys_are_quick -- --ignored --nocapture`;
//! `WSCOPE_KEYS` names the keys, with spaces between them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use wscope::engine::Config;
use wscope::tui::app::App;
use wscope::tui::feed::Feed;
use wscope::tui::keys::Key;
use wscope::tui::model::Model;
use wscope::tui::reopen::Reopener;
use wscope::tui::workers::Workers;

/// Every list from its beginning to its end, by what is slow there: jumps, orders, chips, searches, groups.
const KEYS: &str = "j G g s s s S s s n N 2 G g j Ctrl-d H H o o o o o D D D ! n N ! s S G s s s G g R G L G g L \
                    n N x c u G 3 Esc 4 G g j n N s s s s s s S v v v G 5 n N Right z 6 7 G g 1";

/// A slice of work between two looks at the keyboard.
const SLICE: Duration = Duration::from_millis(8);

/// An interface on a file.
struct Big {
    app: App,
    buffer: Buffer,
    slowest: Duration,
}

impl Big {
    /// One round of the loop: work, and a frame. Returns what it took.
    fn round(&mut self) -> Duration {
        let since = Instant::now();
        self.app.tick(SLICE);
        self.app.effects();
        self.buffer.reset();
        self.app.draw(&mut self.buffer);
        let took = since.elapsed();
        self.slowest = self.slowest.max(took);
        took
    }

    /// Goes on until nothing changes for a while.
    fn settle(&mut self) -> Duration {
        let (since, mut last) = (Instant::now(), Instant::now());
        while last.elapsed() < Duration::from_millis(40) && since.elapsed() < Duration::from_secs(60) {
            let before = self.buffer.clone();
            self.round();
            if self.app.busy() || !self.app.settled() || before != self.buffer {
                last = Instant::now();
            } else {
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        last.duration_since(since)
    }
}

#[test]
#[ignore = "needs a large capture and a release build; prints figures"]
fn keys_are_quick() {
    let path = PathBuf::from(std::env::var_os("WSCOPE_BIG").expect("WSCOPE_BIG names a capture"));
    let keys = std::env::var("WSCOPE_KEYS").unwrap_or_else(|_| KEYS.to_owned());
    let since = Instant::now();
    let feed = Feed::start(&[path], Config::default(), || {}).unwrap();
    let reopener = Reopener::new(feed.files(), &Config::default());
    let model = Model::new("big".to_owned(), Workers::start(|| {}), Some(reopener));
    let buffer = Buffer::empty(Rect::new(0, 0, 120, 36));
    let mut big = Big { app: App::new(model, Some(feed)), buffer, slowest: Duration::ZERO };
    while big.app.model.store.conns().is_empty() {
        big.round();
    }
    eprintln!("first rows {:.1?}", since.elapsed());
    big.settle();
    let store = &big.app.model.store;
    let (messages, bytes) = (store.messages(), store.bytes());
    eprintln!(
        "all read {:.1?}, slowest round {:.1?}: {messages} messages, {} connections, {} findings; {} bytes a message",
        since.elapsed(),
        big.slowest,
        store.conns().len(),
        store.findings().len(),
        bytes / messages.max(1),
    );
    let mut worst = Duration::ZERO;
    for name in keys.split_whitespace() {
        let key: Key = name.parse().unwrap();
        big.slowest = Duration::ZERO;
        let since = Instant::now();
        big.app.event(Event::Key(KeyEvent::new(key.code, key.modifiers)), since.elapsed());
        big.buffer.reset();
        big.app.draw(&mut big.buffer);
        let answered = since.elapsed();
        let settled = answered + big.settle();
        let slowest = big.slowest;
        let view = big.app.model.view.name();
        eprintln!(
            "{view:12} {name:>7}  answered {answered:>9.1?}  settled {settled:>9.1?}  slowest {slowest:>9.1?}"
        );
        worst = worst.max(answered).max(slowest);
    }
    eprintln!("slowest of all: {worst:.1?}");
}
