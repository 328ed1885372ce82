//! The list of messages.

use std::path::PathBuf;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use wscope::filter::heartbeat;
use wscope::item::Dir;
use wscope::tui::drive::Driver;
use wscope::tui::model::{By, Kinds, Model, Narrow};
use wscope::tui::view::ViewId;
use wscope::ws::fact::Kind;

use super::support::talk::{self, Talk, Who};
use super::{open, picture, pictures};

/// A capture of one's own making.
fn made(name: &str, bytes: &[u8]) -> Driver {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    Driver::open(&[path], 120, 36).unwrap()
}

fn script(name: &str, text: &str) -> Driver {
    made(name, &wscope::script::Script::parse(text).unwrap().capture())
}

fn id(driver: &Driver) -> String {
    let (row, _) = driver.app.model.current_message().unwrap();
    format!("{}.m{}", row.conn, row.n)
}

fn shown(model: &Model) -> Vec<usize> {
    (0..model.shown.len(&model.store)).map(|index| model.shown.get(&model.store, index).unwrap()).collect()
}

fn with_line<'a>(text: &'a str, needle: &str) -> &'a str {
    text.lines().find(|line| line.contains(needle)).unwrap_or_else(|| panic!("{needle:?} is not in\n{text}"))
}

/// A chat with something of everything.
const ODD: &str = "open
    c text '{\"type\":\"hello\"}'
    s text 'welcome'
    s ping 'are you there'
    c pong 'are you there'
    s 81 05 'Hello'
    s 01 03 'abc'
    s ping ''
    s 80 03 'def'
    c pong ''
    s 81 02 ff fe
    c 81 03 'raw'
    c close 1000 'bye'
    s close 1000
    fin s
    fin c";

#[test]
fn pictures_of_messages() {
    pictures("messages", open("fragments-pings.pcapng").press("<Enter>jjj"));
}

#[test]
fn pictures_of_findings_and_fragments() {
    let mut driver = script("odd.pcapng", ODD);
    driver.press("<Enter>jjjjjj");
    assert_eq!(id(&driver), "1.m7");
    driver.press("l");
    pictures("messages_tree", &mut driver);
}

#[test]
fn pictures_of_the_ladder() {
    pictures("ladder", script("odd_ladder.pcapng", ODD).press("<Enter>jjjjjjlL"));
    pictures("ladder_long", open("fragments-pings.pcapng").press("<Enter>GLkkkk"));
}

#[test]
fn pictures_of_frames() {
    pictures("frames", open("fragments-pings.pcapng").press("<Enter>jjjujj"));
}

#[test]
fn pictures_of_all_connections() {
    pictures("messages_all", open("feed-deflate-node-ws.pcapng").press("2jj"));
}

#[test]
fn pictures_of_what_is_missing() {
    pictures("messages_cut", open("snaplen-96.pcap").press("<Enter>"));
}

#[test]
fn pictures_of_empty_states() {
    pictures("messages_refused", open("refused-then-accepted.pcapng").press("<Enter>"));
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("<Enter>oooo");
    pictures("messages_none_match", &mut driver);
    assert!(driver.text().contains("only binary messages  (o)"), "{}", driver.text());
    driver.press("R");
    assert_eq!(driver.app.model.narrow, Narrow { conn: Some(1), ..Narrow::default() });
    assert_eq!(shown(&driver.app.model).len(), driver.app.model.store.conn(1).unwrap().messages.len());
}

#[test]
fn fragments_are_shown_below_their_message() {
    let mut driver = script("odd_tree.pcapng", ODD);
    driver.resize(80, 24).press("<Enter>jjjjjjl");
    let text = driver.text();
    assert!(with_line(&text, "├ f6 ").contains("fin=0"), "{text}");
    assert!(with_line(&text, "├ f7 ").contains("(interleaved)"), "{text}");
    assert!(with_line(&text, "└ f8 ").contains("fin=1"), "{text}");
    // The cursor goes through them; the model knows which frame is meant.
    driver.press("j");
    assert_eq!((id(&driver).as_str(), driver.app.model.frame), ("1.m7", Some(6)));
    driver.press("j");
    assert_eq!((id(&driver).as_str(), driver.app.model.frame), ("1.m6", Some(7)), "the ping is a message");
    driver.press("j");
    assert_eq!((id(&driver).as_str(), driver.app.model.frame), ("1.m7", Some(8)));
    driver.press("j");
    assert_eq!((id(&driver).as_str(), driver.app.model.frame), ("1.m8", None));
    driver.press("kkh");
    assert_eq!((id(&driver).as_str(), driver.app.model.frame), ("1.m7", None));
    assert!(!driver.text().contains("├ f6"));
    // To the message with frame 7.
    driver.press("lj<Enter>");
    assert_eq!((driver.app.model.view, driver.app.model.frame), (ViewId::Inspect, Some(6)));
    driver.press("q");
    assert_eq!((driver.app.model.view, driver.app.model.frame), (ViewId::Messages, Some(6)));
    assert!(with_line(&driver.text(), "├ f6 ").starts_with('>'), "{}", driver.text());
}

#[test]
fn findings_are_gone_through() {
    let mut driver = script("odd_findings.pcapng", ODD);
    driver.press("<Enter>x");
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(id(&driver));
        driver.press("x");
    }
    let last = seen.last().unwrap().clone();
    seen.dedup();
    assert!(seen.len() >= 2 && driver.text().contains("no further message"), "{seen:?} {}", driver.text());
    let model = &driver.app.model;
    for place in shown(model) {
        let (row, _) = model.store.message(place).unwrap();
        let id = format!("1.m{}", row.n);
        let has = model.store.findings_on(row).next().is_some();
        if row.n > 1 {
            assert_eq!(has, seen.contains(&id), "{id}");
        }
    }
    driver.press("X");
    assert_ne!(id(&driver), last);
}

#[test]
fn each_chip_leaves_what_it_says() {
    for name in
        ["chat-node-ws.pcapng", "feed-deflate-node-ws.pcapng", "fragments-pings.pcapng", "lossy.pcapng"]
    {
        let mut driver = open(name);
        let mut wanted = Vec::new();
        for conn in [None, Some(1), Some(2)] {
            for kinds in [Kinds::All, Kinds::Data, Kinds::Control, Kinds::Text, Kinds::Binary] {
                for dir in [None, Some(Dir::C2s), Some(Dir::S2c)] {
                    for (no_heartbeats, findings) in
                        [(false, false), (true, false), (false, true), (true, true)]
                    {
                        wanted.push(Narrow { conn, kinds, dir, no_heartbeats, findings });
                    }
                }
            }
        }
        for narrow in wanted {
            driver.app.model.narrow = narrow.clone();
            driver.app.model.narrowed();
            while !driver.app.model.settled() {
                driver.app.tick(std::time::Duration::from_millis(9));
            }
            let model = &driver.app.model;
            let left: Vec<usize> = (0..model.store.messages())
                .filter(|place| {
                    let (row, preview) = model.store.message(*place).unwrap();
                    let data = matches!(row.kind, Kind::Text | Kind::Binary);
                    narrow.conn.is_none_or(|conn| conn == row.conn)
                        && match narrow.kinds {
                            Kinds::All => true,
                            Kinds::Data => data,
                            Kinds::Control => !data,
                            Kinds::Text => row.kind == Kind::Text,
                            Kinds::Binary => row.kind == Kind::Binary,
                        }
                        && narrow.dir.is_none_or(|dir| dir == row.dir)
                        && !(narrow.no_heartbeats && heartbeat(row.kind, preview.as_bytes()))
                        && !(narrow.findings && model.store.findings_on(row).next().is_none())
                })
                .collect();
            assert_eq!(shown(model), left, "{name} {narrow:?}");
            for (index, place) in left.iter().enumerate() {
                assert_eq!(model.shown.index_of(&model.store, *place), index);
            }
        }
    }
}

#[test]
fn every_order_is_one() {
    let mut driver = open("feed-deflate-node-ws.pcapng");
    driver.press("2");
    for conn in [None, Some(1)] {
        for (by, reversed) in [
            (None, true),
            (Some(By::Id), false),
            (Some(By::Delta), false),
            (Some(By::Op), true),
            (Some(By::Len), false),
            (Some(By::Len), true),
            (Some(By::Summary), false),
            (Some(By::Summary), true),
        ] {
            driver.app.model.narrow.conn = conn;
            driver.app.model.narrowed();
            driver.app.model.shown.sort(by, reversed);
            driver.draw();
            let model = &driver.app.model;
            let store = &model.store;
            let mut wanted: Vec<usize> = (0..store.messages())
                .filter(|p| conn.is_none_or(|c| store.message(*p).unwrap().0.conn == c))
                .collect();
            wanted.sort_by_key(|place| {
                let (row, preview) = store.message(*place).unwrap();
                let before =
                    model.store.before(row).map_or(i64::MIN, |before| row.last.time.since(before.last.time));
                match by {
                    None => (0, 0, String::new()),
                    Some(By::Id) => (i64::from(row.conn), i64::from(row.n), String::new()),
                    Some(By::Delta) => (before, 0, String::new()),
                    Some(By::Op) => (row.kind as i64, row.dir as i64, String::new()),
                    Some(By::Len) => (row.len as i64, 0, String::new()),
                    Some(By::Summary) => (0, 0, preview.to_owned()),
                }
            });
            if reversed {
                wanted.reverse();
            }
            assert_eq!(shown(model), wanted, "{by:?} {reversed} {conn:?}");
            for (index, place) in wanted.iter().enumerate() {
                assert_eq!(model.shown.index_of(store, *place), index, "{by:?} {reversed}");
            }
        }
    }
}

#[test]
fn the_selection_survives() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("2jjjjj");
    let before = id(&driver);
    let survives = |driver: &mut Driver, keys: &str| {
        driver.press(keys).draw();
        assert_eq!(id(driver), before, "{keys}");
        if keys == "u" && driver.text().contains("· frames") {
            return;
        }
        let short = before.split_once('.').unwrap().1.to_owned();
        let line =
            driver.text().lines().find(|line| line.contains('>') && line.contains(&short)).map(str::to_owned);
        assert!(line.is_some(), "{keys}\n{}", driver.text());
    };
    for keys in ["s", "s", "S", "s", "R", "c", "c", "t", "L", "L", "u", "u", "DDD", "z", "z", "|", "|", "|"] {
        survives(&mut driver, keys);
    }
    for (width, height) in [(30, 8), (200, 60), (80, 24)] {
        driver.resize(width, height);
        survives(&mut driver, "");
    }
    // Hidden, the cursor is beside it, and back as soon as it is shown again.
    let kind = driver.app.model.current_message().unwrap().0.kind;
    driver.app.model.narrow.kinds = if kind.is_data() { Kinds::Control } else { Kinds::Data };
    driver.app.model.narrowed();
    driver.draw();
    assert_ne!(id(&driver), before);
    driver.app.model.narrow.kinds = Kinds::All;
    driver.app.model.narrowed();
    survives(&mut driver, "");
}

#[test]
fn frames_and_ladder_are_of_one_connection() {
    let mut driver = open("fragments-pings.pcapng");
    driver.press("2GL");
    assert_eq!(driver.app.model.narrow.conn, driver.app.model.conn);
    assert!(driver.text().contains("c goes back to all connections"), "{}", driver.text());
    driver.press("c");
    assert_eq!(driver.app.model.narrow.conn, None);
    assert!(driver.text().contains("all · messages"));
    driver.press("u");
    assert!(driver.text().contains("· frames"));
    driver.press("G");
    let conn = driver.app.model.conn.unwrap();
    let total: u64 =
        driver.app.model.store.conn(conn).unwrap().totals().iter().map(|totals| totals.frames).sum();
    assert_eq!(driver.app.model.frame, Some(total));
    // Every frame belongs to the message that says so.
    driver.press("g");
    for n in 1..=total {
        let model = &driver.app.model;
        assert_eq!(model.frame, Some(n));
        let (row, _) = model.current_message().unwrap();
        assert!(
            u64::from(row.first_frame) <= n && (row.frames > 1 || u64::from(row.first_frame) == n),
            "{n} {row:?}"
        );
        driver.press("j");
    }
}

#[test]
fn all_frames_find_their_messages() {
    for name in ["fragments-pings.pcapng", "chromium-echo.pcapng", "lossy.pcapng"] {
        let mut driver = open(name);
        for place in 0..driver.app.model.store.messages() {
            let (row, _) = driver.app.model.store.message(place).unwrap();
            let (conn, dir) = (row.conn, row.dir);
            let detail = driver.app.model.detail(place).ready().unwrap();
            let frames: Vec<u64> = detail.frames.iter().map(|frame| frame.frame().n).collect();
            for n in frames {
                assert_eq!(
                    driver.app.model.store.place_of_frame(conn, n, Some(dir)),
                    Some(place),
                    "{name} {conn}.f{n}"
                );
            }
        }
    }
}

#[test]
fn marks_are_set_and_taken() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("2<Space>jj<Space>");
    assert_eq!(driver.app.model.marks, [0, 2]);
    assert!(driver.text().contains("2 messages are marked; d shows"), "{}", driver.text());
    driver.press("<Space>");
    assert_eq!(driver.app.model.marks, [0]);
}

fn click(driver: &mut Driver, column: u16, row: u16) {
    let kind = MouseEventKind::Down(MouseButton::Left);
    driver.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
}

#[test]
fn the_mouse_selects_opens_sorts_and_scrolls() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("2");
    let row = |driver: &Driver, needle: &str| {
        driver.text().lines().position(|line| line.contains(needle)).unwrap() as u16
    };
    let third = row(&driver, "1.m3");
    click(&mut driver, 8, third);
    assert_eq!(id(&driver), "1.m3");
    click(&mut driver, 8, third);
    assert_eq!(driver.app.model.view, ViewId::Inspect);
    driver.press("q");
    let head = row(&driver, "summary");
    let at = driver.line(head.into()).chars().position(|c| c == 'l').unwrap() as u16;
    click(&mut driver, at, head);
    assert_eq!(driver.app.model.shown.sorted(), (Some(By::Len), false));
    click(&mut driver, at, head);
    assert_eq!(driver.app.model.shown.sorted(), (Some(By::Len), true));
    driver.press("R");
    let kind = MouseEventKind::ScrollDown;
    driver.press("g").mouse(MouseEvent { kind, column: 9, row: 9, modifiers: KeyModifiers::NONE });
    // A chip.
    let chip = driver.line(2).chars().position(|c| c == '♥').unwrap() as u16;
    click(&mut driver, chip, 2);
    assert!(driver.app.model.narrow.no_heartbeats);
}

#[test]
fn panes_have_the_focus_in_turn() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("2<Tab>J");
    assert_eq!(id(&driver), "1.m2");
    driver.press("<Esc>j");
    assert_eq!(id(&driver), "1.m3");
    assert_eq!(driver.app.model.view, ViewId::Messages);
    driver.press("z");
    assert!(!driver.text().contains('┌'), "{}", driver.text());
    driver.press("<Esc><Esc>");
    assert_eq!(driver.app.model.view, ViewId::Conns);
}

/// Many messages: the list is made in slices, and stays in order as it grows.
#[test]
fn long_lists_are_listed_and_sorted() {
    let mut driver = made("long.pcap", &long(50_000));
    driver.press("<Enter>G");
    assert_eq!(id(&driver), "1.m50000");
    driver.press("H");
    assert!(driver.text().contains("of 50,000 messages"), "{}", driver.text());
    driver.press("Hg");
    assert_eq!(id(&driver), "1.m1");
    driver.press("sssss");
    assert_eq!(driver.app.model.shown.sorted().0, Some(By::Id));
    driver.press("sss");
    let model = &driver.app.model;
    assert_eq!(model.shown.sorted(), (Some(By::Op), false));
    let kinds: Vec<Kind> =
        shown(model).iter().map(|place| model.store.message(*place).unwrap().0.kind).collect();
    assert!(kinds.is_sorted());
    assert_eq!(kinds.len(), 50_000);
    assert_eq!(id(&driver), "1.m1");
}

/// So many messages on one connection, several in a packet.
fn long(count: usize) -> Vec<u8> {
    let mut talk = Talk::open();
    talk.send(Who::Client, &talk::request(""), 9_999).send(Who::Server, &talk::response(""), 9_999);
    let mut bytes = Vec::new();
    for n in 0..count {
        let (first, payload) = if n % 10 == 9 {
            (0x89, format!("{n}"))
        } else {
            (0x81, format!("{{\"n\":{n},\"px\":{}}}", n * 7919 % 1000))
        };
        bytes.extend(talk::frame(first, None, payload.as_bytes()));
    }
    talk.send(Who::Server, &bytes, 1_400);
    talk::capture(&talk.segments)
}

#[test]
fn the_line_is_copied() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("<Enter>yyyi");
    let copied = format!("{:?}", driver.effects);
    assert!(copied.contains("id 1.m1") && copied.contains("TEXT"), "{copied}");
    assert!(!picture(&driver).is_empty());
}

/// From a key to the screen, with a million messages. By hand:
/// `cargo test --release --test tui a_million -- --ignored --nocapture`.
#[test]
#[ignore = "takes a release build; prints figures"]
fn a_million_messages_are_quick() {
    use std::time::{Duration, Instant};

    use crossterm::event::Event;
    use wscope::engine::Config;
    use wscope::tui::app::App;
    use wscope::tui::feed::Feed;
    use wscope::tui::keys::Key;
    use wscope::tui::reopen::Reopener;
    use wscope::tui::workers::Workers;

    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("million.pcap");
    let count = std::env::var("WSCOPE_MESSAGES").map_or(1_000_000, |count| count.parse().unwrap());
    std::fs::write(&path, long(count)).unwrap();
    let feed = Feed::start(&[path], Config::default(), || {}).unwrap();
    let reopener = Reopener::new(feed.files(), &Config::default());
    let model = Model::new("million.pcap".to_owned(), Workers::start(|| {}), Some(reopener));
    let mut app = App::new(model, Some(feed));
    app.settle();
    let budget = Duration::from_millis(8);
    let mut buffer = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 120, 36));
    let mut worst = Duration::ZERO;
    let names = [
        "2", "G", "g", "j", "Ctrl-d", "H", "H", "o", "o", "o", "o", "o", "D", "D", "D", "!", "!", "s", "S",
        "G", "s", "s", "s", "G", "g", "R", "G", "L", "g", "L", "x", "c", "u", "G",
    ];
    for name in names {
        let key: Key = name.parse().unwrap();
        let since = Instant::now();
        let event = Event::Key(crossterm::event::KeyEvent::new(key.code, key.modifiers));
        app.event(event, Duration::from_secs(9));
        app.tick(budget);
        buffer.reset();
        app.draw(&mut buffer);
        let first = since.elapsed();
        let mut slowest = first;
        while app.busy() || app.model.shown.is_sorting(&app.model.store) {
            let round = Instant::now();
            app.tick(budget);
            buffer.reset();
            app.draw(&mut buffer);
            slowest = slowest.max(round.elapsed());
        }
        eprintln!(
            "{name:>7}  first frame {first:>9.1?}  slowest {slowest:>9.1?}  all done {:>9.1?}",
            since.elapsed()
        );
        worst = worst.max(slowest);
    }
    eprintln!("slowest of all: {worst:?}");
    assert!(cfg!(debug_assertions) || worst < Duration::from_millis(16), "{worst:?}");
}

/// An interface whose capture comes in bit by bit.
struct Growing {
    app: wscope::tui::app::App,
    buffer: ratatui::buffer::Buffer,
}

impl Growing {
    fn new(name: &str, count: usize) -> Self {
        use wscope::tui::app::App;
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, long(count)).unwrap();
        let feed = wscope::tui::feed::Feed::start(&[path], wscope::engine::Config::default(), || {}).unwrap();
        let model = Model::new(name.to_owned(), wscope::tui::workers::Workers::inline(), None);
        let area = ratatui::layout::Rect::new(0, 0, 80, 24);
        let mut growing =
            Self { app: App::new(model, Some(feed)), buffer: ratatui::buffer::Buffer::empty(area) };
        while growing.messages() < 2_000 {
            growing.grow();
        }
        growing
    }

    fn messages(&self) -> usize {
        self.app.model.store.messages()
    }

    fn reading(&self) -> bool {
        matches!(self.app.model.store.state(), wscope::tui::store::State::Reading)
    }

    fn grow(&mut self) {
        // As much as there is, but no more than a batch.
        self.app.tick(std::time::Duration::ZERO);
        self.draw();
    }

    fn draw(&mut self) -> String {
        self.buffer.reset();
        self.app.draw(&mut self.buffer);
        self.buffer
            .content
            .chunks(80)
            .map(|row| row.iter().map(|cell| cell.symbol()).collect::<String>() + "\n")
            .collect()
    }

    fn press(&mut self, key: &str) -> String {
        self.app.key(key.parse().unwrap());
        self.app.effects();
        self.draw()
    }
}

#[test]
fn the_tail_is_followed() {
    let mut growing = Growing::new("tail.pcap", 30_000);
    growing.press("2");
    let before = growing.messages();
    while growing.messages() == before {
        growing.grow();
    }
    assert_eq!(growing.app.model.message, Some(0), "the cursor stays where it is");
    let new = growing.messages() - before;
    assert!(new > 0 && growing.draw().contains(" new "), "{}", growing.draw());
    growing.press("G");
    let mut last = 0;
    for _ in 0..6 {
        growing.grow();
        assert_eq!(growing.app.model.message, Some(growing.messages() - 1));
        assert!(!growing.reading() || growing.draw().contains("▼ tail"), "{}", growing.draw());
        last = growing.messages() - 1;
    }
    assert!(growing.reading(), "the capture is too short for this test");
    growing.press("k");
    let at = growing.app.model.message;
    assert_eq!(at, Some(last - 1));
    while growing.messages() == last + 1 {
        growing.grow();
    }
    assert_eq!(growing.app.model.message, at);
    growing.press("F");
    growing.grow();
    assert_eq!(growing.app.model.message, Some(growing.messages() - 1));
}

#[test]
fn what_comes_later_is_sorted_in() {
    let mut growing = Growing::new("sorted.pcap", 30_000);
    growing.press("2");
    growing.app.model.shown.sort(Some(By::Summary), false);
    growing.app.model.narrow.kinds = Kinds::Text;
    growing.app.model.narrowed();
    growing.press("j");
    let selected = growing.app.model.message;
    while growing.reading() {
        growing.grow();
        assert_eq!(growing.app.model.message, selected);
        let model = &growing.app.model;
        let index = model.shown.index_of(&model.store, selected.unwrap());
        assert_eq!(model.shown.get(&model.store, index), selected);
    }
    growing.app.settle();
    let model = &growing.app.model;
    let previews = |place: &usize| model.store.message(*place).unwrap().1.to_owned();
    let list = shown(model);
    assert_eq!(list.len(), 27_000);
    assert!(list.iter().map(|place| (previews(place), *place)).is_sorted());
    // And the other way round.
    growing.app.model.shown.sort(Some(By::Summary), true);
    let model = &growing.app.model;
    assert!(shown(model).iter().rev().eq(&list));
}

#[test]
fn columns_are_hidden_and_bookmarks_shown() {
    let mut driver = open("chat-node-ws.pcapng");
    driver.press("2j").resize(80, 24);
    driver.app.model.hidden.insert(ViewId::Messages, vec![1, 4]);
    driver.press("m");
    let head = with_line(&driver.text(), "summary").to_owned();
    assert!(!head.contains("time") && !head.contains("len"), "{head}");
    assert!(with_line(&driver.text(), "1.m2 ").starts_with("> *1.m2"), "{}", driver.text());
    driver.press("R");
    assert!(with_line(&driver.text(), "summary").contains("len"));
}

#[test]
fn every_size_is_drawn() {
    let mut driver = script("odd_sizes.pcapng", ODD);
    driver.press("<Enter>jjjjjjl");
    for keys in ["", "L", "Lu", "u!oo", "R|", "|", "<Tab>z"] {
        driver.press(keys);
        for (width, height) in [
            (30, 8),
            (31, 9),
            (44, 11),
            (48, 12),
            (60, 17),
            (84, 46),
            (99, 30),
            (100, 30),
            (119, 29),
            (120, 11),
            (300, 90),
        ] {
            driver.resize(width, height);
            driver.press("Gggjk");
        }
    }
}

/// Keys that are typed ahead, before anything is drawn.
#[test]
fn keys_typed_ahead_find_the_view_ready() {
    let mut driver = super::open_script(super::TROUBLE);
    let now = std::time::Duration::ZERO;
    for key in ["j", "Enter", "x"] {
        let key: wscope::tui::keys::Key = key.parse().unwrap();
        driver.app.event(
            crossterm::event::Event::Key(crossterm::event::KeyEvent::new(key.code, key.modifiers)),
            now,
        );
    }
    driver.draw();
    assert!(
        driver.text().lines().any(|line| line.contains(">x") && line.contains("not masked")),
        "{}",
        driver.text()
    );
}

#[test]
fn one_arrives_with_what_was_before() {
    let mut driver = open("feed-deflate-node-ws.pcapng");
    driver.resize(80, 24).press("<Enter>:").type_text("1.m60").press("<Enter>");
    let row = |driver: &Driver| driver.text().lines().position(|line| line.starts_with('>')).unwrap();
    assert!(driver.text().contains("m59") && driver.text().contains("m57"), "{}", driver.text());
    // What is in sight stays where it is.
    let before = row(&driver);
    driver.press("3JJ<Esc>");
    assert_eq!((id(&driver), row(&driver)), ("1.m62".to_owned(), before + 2));
    // A ladder begins with the handshake.
    driver.press("gL");
    assert!(driver.text().contains("GET /"), "{}", driver.text());
}

#[test]
fn nothing_is_scrolled_that_is_not_cut() {
    let mut driver = script("short.pcapng", "open\n c text 'hi'");
    driver.press("<Enter>l");
    assert!(
        driver.text().contains("nothing is cut off") && driver.text().contains("hi"),
        "{}",
        driver.text()
    );
    let mut driver = open("feed-deflate-node-ws.pcapng");
    driver.resize(80, 24).press("<Enter>l");
    assert!(driver.text().contains("…ibe\": [\"NOKIA\""), "{}", driver.text());
}
