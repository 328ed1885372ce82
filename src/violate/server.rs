//! What a server does.

use super::{BOMB, EXTENSIONS, SERVER_ALONE, SMALL, close, ends, example, head, pong, steps, wanting};
use crate::endpoint::Role::Server;
use crate::endpoint::breach::{Answer, Breach, Edit, Then};
use crate::endpoint::negotiate::Wanted;
use crate::rules::Rule;

pub(super) fn breach(rule: &Rule) -> Result<Breach, &'static str> {
    let goes_on = |number| example(rule, number, Server, Then::GoesOn);
    let closes = |number| example(rule, number, Server, Then::Closing);
    let each_alone = Wanted { server_no_context_takeover: true, ..Wanted::default() };
    let small = Wanted { server_max_window_bits: Some(SMALL), ..Wanted::default() };
    match rule.code {
        "F001" => steps("open\ns text +rsv2 'Hello'", Server, Then::GoesOn),
        "F002" | "F003" => goes_on(1),
        "F005" | "F006" | "F008" | "F009" | "F010" | "F011" | "F016" => goes_on(0),
        // No frame can follow one that has no end.
        "F007" => closes(0),
        "F012" | "F013" => example(rule, 0, Server, Then::Ends),
        "T001" => steps("open\ns text 'caf\\xe9!'", Server, Then::GoesOn),
        "T002" => goes_on(0),
        "C001" | "C002" | "C003" | "C004" | "C006" | "C007" | "C015" => closes(1),
        "C005" | "C013" | "C014" => closes(0),
        "C008" => close(Answer::Never),
        "C009" => close(Answer::Empty),
        "C010" => ends(Then::Ends),
        "C011" => ends(Then::Resets),
        "K001" => pong(Answer::Never),
        "K002" => pong(Answer::Empty),
        "K003" => steps("open\ns pong 'Hello'", Server, Then::GoesOn),
        "D001" => head([Edit::Append(EXTENSIONS, "; level=9")]),
        "D002" => head([Edit::Append(EXTENSIONS, "; server_max_window_bits=08")]),
        "D003" => wanting(head([Edit::Append(EXTENSIONS, "; server_no_context_takeover")]), each_alone),
        "D004" => {
            let edits = head([Edit::Append(EXTENSIONS, "; client_max_window_bits=10")])?;
            Ok(Breach { unless_offered: Some("client_max_window_bits"), ..edits })
        }
        "D005" => head([Edit::Bare(EXTENSIONS)]),
        "D006" | "D007" | "D008" | "D011" | "D013" => goes_on(0),
        "D009" => wanting(goes_on(0), small),
        "D010" => wanting(goes_on(0), each_alone),
        "D012" => steps(&format!("open permessage-deflate\ns text z {BOMB}"), Server, Then::GoesOn),
        "D014" => head([Edit::Append(EXTENSIONS, "; s2c_max_window_bits=10")]),
        "H014" => head([Edit::Add("Sec-WebSocket-Extensions:")]),
        "H020" => Ok(Breach { refusal: Some(403), ..Breach::default() }),
        "H021" => head([Edit::Remove("Upgrade")]),
        "H022" => head([Edit::Remove("Connection")]),
        "H023" => head([Edit::Remove("Sec-WebSocket-Accept")]),
        "H024" => head([Edit::Set("Sec-WebSocket-Accept", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")]),
        "H025" => head([Edit::Repeat("Sec-WebSocket-Accept")]),
        "H026" => head([Edit::Set("Sec-WebSocket-Protocol", "not-offered")]),
        "H027" => head([Edit::Remove("Sec-WebSocket-Protocol")]),
        "H028" => head([Edit::Add("Sec-WebSocket-Extensions: not-offered")]),
        "H029" => head([Edit::Add("Content-Length: 5")]),
        "H030" => head([Edit::Add("X-Note: a\rb")]),
        "H031" => head([Edit::Add("Sec-WebSocket-Version: 13")]),
        "H012" => Err("it takes a client that asks for another version"),
        _ => Err(SERVER_ALONE),
    }
}
