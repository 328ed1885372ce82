//! The filter language.

use std::sync::OnceLock;

use wscope::capture::open::from_bytes;
use wscope::engine::{self, Config};
use wscope::event::{Connection, Event, Summary};
use wscope::filter::{Context, Filter, Row};
use wscope::limits::Limits;
use wscope::observe::{Observer, Outbox, Sink};
use wscope::script::Script;
use wscope::time::Timestamp;
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

/// A filter, its printed form and its negation, asked of every event.
struct Asker {
    filters: [Filter; 3],
    context: Context,
}

impl Observer for Asker {
    type Record = ();

    fn event(&mut self, conn: &Connection, event: Event<'_>, _: &mut Outbox<()>) {
        let facts = self.context.feed(conn, event);
        // What a payload was read as is kept with a row, and must not matter.
        let row = || Row::of(conn, event, facts);
        if let (Some(one), Some(same), Some(not)) = (row(), row(), row()) {
            let [filter, printed, negation] = &self.filters;
            let holds = filter.matches(&one);
            assert_eq!(printed.matches(&same), holds, "{filter}");
            assert_eq!(negation.matches(&not), !holds, "{filter}");
            assert_eq!(filter.matches(&one), holds, "{filter}, asked again");
            let _ = filter.selects(&one);
        }
    }
}

struct Nowhere;

impl Sink<()> for Nowhere {
    fn record(&mut self, _: u32, (): (), _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }

    fn bytes(&mut self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }

    fn finish(&mut self, _: &Summary) -> std::io::Result<()> {
        Ok(())
    }
}

/// A filter: what is printed of it reads back as the same, and says the same of any row.
pub fn filter(data: &[u8]) {
    static CAPTURE: OnceLock<Vec<u8>> = OnceLock::new();
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
    let filters = [filter, printed, negation].map(|filter| filter.at_end(end));
    let capture = CAPTURE.get_or_init(|| Script::parse(TALK).unwrap().capture());
    let mut opened = from_bytes("talk", capture.clone(), &Limits::default()).unwrap();
    let want = Want { payload: usize::MAX, hash: false, frame_bytes: 0 };
    let config = Config { want, ..Config::default() };
    let asker = || Asker { filters: filters.clone(), context: Context::default() };
    engine::run(&mut *opened.source, &config, &asker, &mut Nowhere, &|_| {}).unwrap();
}
