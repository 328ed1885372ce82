//! How an endpoint breaks a rule of the catalogue on purpose, and which rules it cannot break.
//!
//! What it says is taken from the rules' own examples where these show its side, so what `check` finds of it is what
//! the rule's test finds.

mod client;
mod server;

use crate::endpoint::Role;
use crate::endpoint::breach::{Answer, Breach, Edit, Then};
use crate::endpoint::negotiate::Wanted;
use crate::item::Dir;
use crate::rules::{self, Rule};
use crate::script::Script;

/// What an endpoint does to break a rule.
///
/// # Errors
/// Why one in this role cannot break it.
pub fn breach(rule: &Rule, role: Role) -> Result<Breach, &'static str> {
    let breach = match (everywhere(rule.code), role) {
        (Some(why), _) => Err(why),
        (None, Role::Server) => server::breach(rule),
        (None, Role::Client) => client::breach(rule),
    }?;
    Ok(Breach { code: rule.code, ..breach })
}

/// All rules, each with its breach or why there is none.
pub fn all(role: Role) -> impl Iterator<Item = (&'static Rule, Result<Breach, &'static str>)> {
    rules::all().map(move |rule| (rule, breach(rule, role)))
}

/// Why no endpoint can break it, if so.
fn everywhere(code: &str) -> Option<&'static str> {
    Some(match code {
        "S001" => "it is about where the endpoints are",
        "S005" => "it takes two connections with the same key",
        "S006" => "the segments are TCP's affair",
        _ if code.starts_with('N') => "it is about the capture, not about what is said",
        _ => return None,
    })
}

/// Says what the side says in the rule's example with this number.
fn example(rule: &Rule, number: usize, role: Role, then: Then) -> Result<Breach, &'static str> {
    let script = rule.bad.get(number).ok_or(UNREADABLE)?;
    steps(script, role, then)
}

/// Says what the side says in a script. Where that agrees on compression, it is needed.
fn steps(script: &str, role: Role, then: Then) -> Result<Breach, &'static str> {
    let side = if role == Role::Server { Dir::S2c } else { Dir::C2s };
    let compressed = script.starts_with("open permessage-deflate");
    let script = Script::parse(script).map_err(|_| UNREADABLE)?;
    let said = script.payloads().into_iter().filter(|(from, _)| *from == side);
    let say = said.flat_map(|(_, bytes)| bytes).collect();
    Ok(Breach { say, compressed, then, ..Breach::default() })
}

/// Changes the head.
fn head<const N: usize>(edits: [Edit; N]) -> Result<Breach, &'static str> {
    Ok(Breach { head: edits.into(), ..Breach::default() })
}

/// Answers Pings otherwise.
fn pong(pong: Answer) -> Result<Breach, &'static str> {
    Ok(Breach { pong, ..Breach::default() })
}

/// Answers a Close otherwise.
fn close(close: Answer) -> Result<Breach, &'static str> {
    Ok(Breach { close, ..Breach::default() })
}

/// Ends TCP instead of the first message.
fn ends(then: Then) -> Result<Breach, &'static str> {
    Ok(Breach { then, ..Breach::default() })
}

/// The same with other wishes for the compression.
fn wanting(breach: Result<Breach, &'static str>, wanted: Wanted) -> Result<Breach, &'static str> {
    Ok(Breach { deflate: Some(wanted), ..breach? })
}

const SERVER_ALONE: &str = "it is about clients";
const CLIENT_ALONE: &str = "it is about servers";
const UNREADABLE: &str = "its example cannot be read";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions";
/// 16 MB in 16 kB, past the ratio that is taken for a bomb.
const BOMB: &str = "'x' *16000000";
/// So large a window.
const SMALL: u8 = 9;
