//! The filter language.

use std::io;
use std::sync::OnceLock;

use wscope::capture::open::from_bytes;
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event, Summary};
use wscope::filter::{Context, Facts, Filter, Row};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox, Sink};
use wscope::script::Script;
use wscope::time::Timestamp;
use wscope::ws::fact::{Frame, Message};
use wscope::ws::session::Want;

/// A conversation with something for most fields.
const TALK: &str = r#"
    open permessage-deflate
    c text z '{"type":"subscribe","list":[1,{"px":2.5}],"null":null}'
    s text z '{"type":"error","code":-7}'
    s ping 'are you there'
    c pong 'are you there'
    s binary 00 ff 'abc'
    c text nomask ff
    c close 1000 'bye'
    s close 1000 'bye'
    fin s
    fin c
    connection
    request GET /admin?token=secret HTTP/1.1
    response HTTP/1.1 403 Forbidden
      + Content-Length: 0
"#;

/// An event, with what is remembered of those before it.
type Kept = (Connection, Event<'static>, Facts);

/// Keeps all events, for good: a filter is asked sooner than a capture is read.
#[derive(Default)]
struct Keeper {
    context: Context,
}

fn forever<T>(thing: T) -> &'static T {
    Box::leak(Box::new(thing))
}

impl Observer for Keeper {
    type Record = Kept;

    fn event(&mut self, conn: &Connection, event: Event<'_>, out: &mut Outbox<Kept>) {
        let facts = self.context.feed(conn, event);
        let event = match event {
            Event::Opened => Event::Opened,
            Event::Message(message) => {
                let payload = forever(message.payload.to_vec());
                let &Message { dir, n, kind, first, last, frames, first_frame, wire_len, len, .. } = message;
                let &Message { compressed, final_block, exceeded, fault, utf8, sha256, .. } = message;
                Event::Message(forever(Message {
                    text: None,
                    dir,
                    n,
                    kind,
                    first,
                    last,
                    frames,
                    first_frame,
                    wire_len,
                    len,
                    compressed,
                    final_block,
                    exceeded,
                    fault,
                    payload,
                    utf8,
                    sha256,
                }))
            }
            Event::Frame(&Frame { dir, n, first, last, offset, header, seen, .. }) => {
                Event::Frame(forever(Frame { dir, n, first, last, offset, header, seen, wire: &[] }))
            }
            Event::Finding(finding) => Event::Finding(forever(finding.clone())),
            Event::Closed(closing) => Event::Closed(forever(closing.clone())),
            Event::Reaction(_) => return,
        };
        out.push((conn.clone(), event, facts));
    }
}

#[derive(Default)]
struct Collected(Vec<Kept>);

impl Sink<Kept> for Collected {
    fn record(&mut self, _: u32, record: Kept, _: &[u8]) -> io::Result<()> {
        self.0.push(record);
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}

/// The events of the conversation.
fn events() -> Vec<Kept> {
    let capture = Script::parse(TALK).unwrap().capture();
    let mut opened = from_bytes("talk", capture, &Limits::default()).unwrap();
    let want = Want { payload: usize::MAX, hash: false, frame_bytes: 0 };
    let config = Config { want, ..Config::default() };
    let mut events = Collected::default();
    engine::run(&mut *opened.source, &config, &Keeper::default, &mut events, &|_| {}).unwrap();
    assert!(events.0.len() > 20);
    events.0
}

/// A filter: what is printed of it reads back as the same, and says the same of any row.
pub fn filter(data: &[u8]) {
    static EVENTS: OnceLock<Vec<Kept>> = OnceLock::new();
    let Ok(text) = std::str::from_utf8(data) else { return };
    let saved = |name: &str| (!name.is_empty()).then(|| "ping || .a".to_owned());
    let filter = match Filter::parse_with(text, &saved) {
        Ok(filter) => filter,
        Err(error) => {
            assert!(error.span.start <= error.span.end, "{error:?}");
            assert!(error.to_string().lines().count() >= 3);
            return;
        }
    };
    let printed = Filter::parse(&filter.to_string()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(printed, filter, "{filter}");
    assert_eq!(printed.to_string(), filter.to_string());
    let negation = Filter::parse(&format!("!({filter})")).unwrap_or_else(|error| panic!("{error}"));
    let _ = (filter.of_connections(), filter.require_no_interface(), filter.remarks());
    let end = Timestamp::from_nanos(1_700_000_001_000_000_000);
    let [filter, printed, negation] = [filter, printed, negation].map(|filter| filter.at_end(end));
    for (conn, event, facts) in EVENTS.get_or_init(events) {
        // What a payload was read as is kept with a row, and must not matter.
        let row = || Row::of(conn, *event, *facts).expect("reactions were left out");
        let asked = row();
        let holds = filter.matches(&asked);
        assert_eq!(filter.matches(&asked), holds, "{filter}, asked again");
        assert_eq!(printed.matches(&row()), holds, "{filter}");
        assert_eq!(negation.matches(&row()), !holds, "{filter}");
        let _ = filter.selects(&asked);
    }
}
