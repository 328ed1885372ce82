//! What a client does.

use super::{BOMB, CLIENT_ALONE, EXTENSIONS, SMALL, close, ends, example, head, pong, steps, wanting};
use crate::endpoint::Role::Client;
use crate::endpoint::breach::{Answer, Breach, Edit, Then};
use crate::endpoint::negotiate::Wanted;
use crate::rules::Rule;

pub(super) fn breach(rule: &Rule) -> Result<Breach, &'static str> {
    let goes_on = |number| example(rule, number, Client, Then::GoesOn);
    let closes = |number| example(rule, number, Client, Then::Closing);
    let says = |script: &str| steps(&format!("open\n{script}"), Client, Then::GoesOn);
    let deflated = |script: &str| steps(&format!("open permessage-deflate\n{script}"), Client, Then::GoesOn);
    match rule.code {
        "F001" => says("c text +rsv2 'Hello'"),
        "F002" | "F003" | "F014" | "F015" => goes_on(0),
        "F004" => says("c 81 05 'Hello'"),
        "F006" => says("c 82 fe 0005 mask:37fa213d 'Hello'"),
        // No frame can follow one that has no end.
        "F007" => steps("open\nc 82 ff 8000000000000005 mask:37fa213d 'Hello'", Client, Then::Closing),
        "F008" => says("c 09 85 mask:37fa213d 'Hello'"),
        "F009" => says("c ping 'x' *126"),
        "F010" => says("c cont 'Hello'"),
        "F011" => says("c text -fin 'Hel'\nc text 'again'\nc cont 'lo'"),
        "F012" => steps("open\nc text -fin 'Hel'", Client, Then::Ends),
        "F013" => steps("open\nc 81 85 mask:37fa213d 'Hel'", Client, Then::Ends),
        "F016" => says(&format!("c text -fin ''{}\nc cont 'x'", "\nc cont -fin ''".repeat(64))),
        "T001" => says("c text 'caf\\xe9!'"),
        "T002" => says("c text 'caf\\xc3'"),
        "C001" | "C002" | "C003" | "C004" | "C006" | "C007" | "C015" => closes(0),
        "C005" | "C013" => closes(1),
        "C008" => close(Answer::Never),
        "C009" => close(Answer::Empty),
        "C010" => ends(Then::Ends),
        "C011" => ends(Then::Resets),
        "C012" => Ok(Breach { ends_first: true, ..Breach::default() }),
        "C014" => {
            steps("open\nc close 1000\nc 'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'", Client, Then::Closing)
        }
        "K001" => pong(Answer::Never),
        "K002" => pong(Answer::Empty),
        "K003" => says("c pong 'Hello'"),
        "D001" => offering("; level=9"),
        "D002" => offering("; server_max_window_bits=16"),
        "D003" => offering("; server_max_window_bits=9; server_max_window_bits=10"),
        "D006" => deflated("c text -fin z 'Hel'\nc cont +rsv1 z 'lo'"),
        "D007" => deflated("c ping +rsv1 'Hello'"),
        "D008" => deflated("c text +rsv1 ffff"),
        "D009" => wanting(
            deflated(
                "c text z 'a long beginning of a message' '0123456789ABCDEF' *64 'a long beginning of a message'",
            ),
            Wanted { client_max_window_bits: Some(SMALL), ..Wanted::default() },
        ),
        "D010" => wanting(
            deflated("c text z 'Hello Hello'\nc text z 'Hello Hello'"),
            Wanted { client_no_context_takeover: true, ..Wanted::default() },
        ),
        "D011" => deflated("c text +rsv1 f3 48 cd c9 c9 07 00 00"),
        "D012" => deflated(&format!("c text z {BOMB}")),
        "D013" => deflated("c text z 'a'\nc text z 'b'\nc text z 'c'\nc text z 'd'"),
        "D014" => Err("it takes a server that agrees to it"),
        "H001" => head([Edit::First("GET", "POST")]),
        "H002" => head([Edit::First("HTTP/1.1", "HTTP/1.0")]),
        "H003" => head([Edit::First(" HTTP/1.1", "#top HTTP/1.1")]),
        "H004" => head([Edit::Remove("Host")]),
        "H005" => head([Edit::Remove("Upgrade")]),
        "H006" => head([Edit::Remove("Connection")]),
        "H007" => head([Edit::Remove("Sec-WebSocket-Key")]),
        "H008" => head([Edit::Set("Sec-WebSocket-Key", "Hello")]),
        "H009" => head([Edit::Add("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==")]),
        "H010" => head([Edit::Remove("Sec-WebSocket-Version")]),
        // Broken where the server accepts it, as is D001.
        "H011" => head([Edit::Set("Sec-WebSocket-Version", "8")]),
        "H013" => head([Edit::Set("Sec-WebSocket-Protocol", "chat,")]),
        "H014" => head([Edit::Set(EXTENSIONS, "permessage-deflate;")]),
        "H015" => Ok(Breach { early: b"Hello".to_vec(), ..head([Edit::Add("Content-Length: 5")])? }),
        "H016" => {
            let early = says("c text 'early'")?;
            Ok(Breach { early: early.say, ..Breach::default() })
        }
        "H030" => head([Edit::Add("X-Note : a")]),
        "S002" => head([Edit::First(" HTTP/1.1", "?access_token=abc HTTP/1.1")]),
        "S003" => head([Edit::Set("Cookie", "id=1")]),
        "S004" => head([Edit::Set("Origin", "https://evil.example.net"), Edit::Set("Cookie", "id=1")]),
        _ => Err(CLIENT_ALONE),
    }
}

/// More than may be offered, behind an offer.
fn offering(more: &'static str) -> Result<Breach, &'static str> {
    wanting(head([Edit::Append(EXTENSIONS, more)]), Wanted::default())
}
