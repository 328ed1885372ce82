//! HTTP: a conversation up to its upgrade, heads by themselves, the extension header.

use wscope::endpoint::handshake::{Policy, answer};
use wscope::http::extension::{Deflate, Extensions};
use wscope::http::h1::{Pair, Step};
use wscope::http::head::fields;
use wscope::http::probe::probe;
use wscope::http::secret;
use wscope::http::upgrade::{Handshake, HeadFault, Header, Request, Response};
use wscope::item::{At, Dir, End, Item, Missing};
use wscope::limits::Limits;
use wscope::time::Timestamp;

use super::bytes::Bytes;

/// A byte that chooses: a conversation, or a head, or the values of the extension header.
pub fn http(data: &[u8]) {
    let mut input = Bytes(data);
    match input.u8() % 4 {
        0 => conversation(input, Pair::new()),
        1 => conversation(input, Pair::inside()),
        2 => head(input.0),
        _ => extensions(input.0),
    }
}

/// Items: a byte that says what and whose, then a length or a piece.
fn conversation(mut input: Bytes<'_>, mut pair: Pair) {
    let limits = Limits { before_response: 500, http_head: 400, ..Limits::default() };
    let (mut ended, mut packet) = ([false; 2], 0);
    let mut told: Vec<Handshake> = Vec::new();
    while !input.is_empty() {
        let what = input.u8();
        let dir = Dir::BOTH[usize::from(what & 1)];
        let item = match what >> 1 & 7 {
            6 => Item::Gap { len: u64::from(input.u16()) + 1, why: Missing::Lost },
            7 => Item::End(End::Fin),
            _ => Item::Data(input.piece()),
        };
        if ended[dir.index()] || item == Item::Data(&[]) {
            continue;
        }
        ended[dir.index()] = matches!(item, Item::End(_));
        packet += 1;
        let at = At { packet, time: Timestamp::from_nanos(packet as i64 * 1_000_000) };
        match pair.feed(dir, item, at, &limits, &mut |handshake| told.push(*handshake)) {
            Step::Continue | Step::Full => {
                let _ = pair.is_lost();
            }
            Step::Upgraded { handshake, held, used } => {
                assert!(matches!(item, Item::Data(data) if used <= data.len()) || used == 0);
                assert!(held.iter().all(|held| held.item() != Item::Data(&[])));
                describe(&handshake);
                return;
            }
            Step::Tunnel { .. } | Step::Opaque(_) => return,
        }
    }
    if let Some((handshake, _)) = pair.force_upgrade() {
        describe(&handshake);
    } else {
        pair.finish(&mut |handshake| told.push(*handshake));
    }
    told.iter().for_each(describe);
}

/// All that is asked of a handshake.
fn describe(handshake: &Handshake) {
    let _ = (handshake.upgraded(), handshake.accept(), handshake.subprotocol(), handshake.deflate());
    let _ = (handshake.offered_subprotocols(), handshake.extensions(), handshake.deflate_unknown());
    let _ = (handshake.url(false), handshake.url(true));
}

/// A head is read as httparse reads it, where that accepts it; and secrets of a URL are found within it.
fn head(head: &[u8]) {
    let (request, response) = (
        Request::parse(head, At::default(), At::default()),
        Response::parse(head, At::default(), At::default()),
    );
    assert_eq!(request.headers, response.headers);
    assert_eq!(fields(head).count(), request.headers.len());
    // Empty lines before a head are no part of it.
    let whole = head;
    let head = &head[head.iter().take_while(|byte| b"\r\n".contains(byte)).count()..];
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut oracle = httparse::Request::new(&mut slots);
    if let Ok(httparse::Status::Complete(len)) = oracle.parse(head) {
        let ours = Request::parse(&head[..len], At::default(), At::default());
        assert_eq!(Some(&ours.method[..]), oracle.method.map(str::as_bytes));
        assert_eq!(Some(&ours.target[..]), oracle.path.map(str::as_bytes));
        assert_eq!(&ours.version[..], if oracle.version == Some(1) { b"1.1" } else { b"1.0" });
        same(&ours.headers, &ours.faults, oracle.headers);
        let _ = answer(&ours, &Policy::default());
    }
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut oracle = httparse::Response::new(&mut slots);
    if let Ok(httparse::Status::Complete(len)) = oracle.parse(head) {
        let ours = Response::parse(&head[..len], At::default(), At::default());
        assert_eq!(Some(ours.status), oracle.code);
        same(&ours.headers, &ours.faults, oracle.headers);
    }
    let _ = (probe(whole), secret::url(whole), secret::redacted(whole), secret::field(b"cookie", whole));
    for found in secret::secrets(whole) {
        let _ = format!("{found:?}");
    }
    describe(&Handshake { request: Some(request), response: Some(response), ..Handshake::default() });
}

fn same(ours: &[Header], faults: &[HeadFault], oracle: &[httparse::Header<'_>]) {
    let ours: Vec<_> = ours.iter().map(|header| (&header.name[..], &header.value[..])).collect();
    let oracle: Vec<_> = oracle.iter().map(|header| (header.name.as_bytes(), header.value)).collect();
    assert_eq!(ours, oracle);
    assert!(faults.iter().all(|fault| *fault == HeadFault::BareLf), "{faults:?}");
}

/// Lines of a header: what is read of them is written so that it is read again.
fn extensions(lines: &[u8]) {
    let read = Extensions::parse(lines.split(|byte| *byte == b'\n'));
    let written: Vec<String> = read.list.iter().map(ToString::to_string).collect();
    let again = Extensions::parse([written.join(", ").as_bytes()]);
    assert_eq!(again.list, read.list);
    assert!(read.list.is_empty() || again.malformed.is_empty());
    for (at, _) in read.list.iter().enumerate() {
        let _ = Deflate::agreed(&read.list[..at], &read.list[at..]);
    }
}
