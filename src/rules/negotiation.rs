//! D001 to D005, D014: what is offered and agreed of permessage-deflate (RFC 7692 section 7.1).

use std::collections::HashSet;

use crate::http::extension::{DeflateKind, Extension, window_bits};
use crate::http::upgrade::{Header, Headers};
use crate::item::{At, Dir};
use crate::rule;

use super::facts::Opening;
use super::finding::{Evidence, Finding};
use super::{Rule, head};

/// The family's first half.
pub static RULES: &[&Rule] =
    &[&PARAMETER_UNKNOWN, &PARAMETER_VALUE, &PARAMETER_REPEATED, &RESPONSE_UNASKED, &RESPONSE_WEAKER];

/// The family's last.
pub static LEGACY: &[&Rule] = &[&LEGACY_EXTENSION];

rule! {
    /// permessage-deflate has four parameters. An offer with another one is to be declined, as it may ask for
    /// anything; a response with another one is to fail the connection. Usual causes: a misspelt name, or a
    /// parameter of another extension behind a semicolon where a comma was meant. Of an offer this is
    /// reported only where the server accepted it.
    pub static PARAMETER_UNKNOWN = {
        code: "D001", name: "parameter-unknown", level: Error, source: "RFC 7692 7.1",
        quote: "The negotiation offer contains an extension parameter not defined for use in an offer.",
        summary: "a parameter of permessage-deflate that RFC 7692 does not define",
        reaction: "A server declines the offer; a client fails the connection.",
        bad: [
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; level=9\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate",
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate; level=9",
        ],
        good: [
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; level=9\nresponse",
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; level=9, permessage-deflate\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate",
        ],
    }
}

rule! {
    /// The two window parameters take a number from 8 to 15 without leading zeros, which only
    /// client_max_window_bits may leave out, and only in an offer. The two no_context_takeover parameters
    /// take no value. An endpoint that guesses what was meant compresses with a window that its peer does not
    /// have.
    pub static PARAMETER_VALUE = {
        code: "D002", name: "parameter-value", level: Error, source: "RFC 7692 7.1",
        quote: "The negotiation offer contains an extension parameter with an invalid value.",
        summary: "an invalid value of a permessage-deflate parameter",
        reaction: "A server declines the offer; a client fails the connection.",
        bad: [
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=16\nresponse",
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover=true\nresponse",
            "open permessage-deflate; client_max_window_bits=08",
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        ],
        good: [
            "open permessage-deflate; client_max_window_bits=\"8\"; server_max_window_bits=15",
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\nresponse",
        ],
    }
}

rule! {
    /// A parameter stands twice in one offer or response, so the two sides may not agree on the one that
    /// counts. A second offer is parted by a comma, not by a semicolon.
    pub static PARAMETER_REPEATED = {
        code: "D003", name: "parameter-repeated", level: Error, source: "RFC 7692 7.1",
        quote: "The negotiation offer contains multiple extension parameters with the same name.",
        summary: "a permessage-deflate parameter stands twice in one offer or response",
        reaction: "A server declines the offer; a client fails the connection.",
        bad: [
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; server_max_window_bits=10\nresponse",
            "open permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        ],
        good: ["request\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9, permessage-deflate; server_max_window_bits=10\nresponse"],
    }
}

rule! {
    /// The response limits the client's window although the client did not say, by client_max_window_bits,
    /// that it can limit it. A client without that ability goes on with its own window, which the server may
    /// not be able to inflate.
    pub static RESPONSE_UNASKED = {
        code: "D004", name: "response-unasked", level: Error, source: "RFC 7692 7.1.2.2",
        quote: "the corresponding extension negotiation response to the offer MUST NOT include the \"client_max_window_bits\" extension parameter",
        summary: "client_max_window_bits in a response whose offer lacked it",
        reaction: "The client fails the connection.",
        bad: ["request\n+ Sec-WebSocket-Extensions: permessage-deflate\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10"],
        good: ["request\n+ Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate; client_max_window_bits\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10"],
    }
}

rule! {
    /// The response agrees to less than the client asks of the server: it does not repeat
    /// server_no_context_takeover, or gives server_max_window_bits above the offer's value or not at all. The
    /// client may lack the memory for what the server then sends. A server that cannot do it has to decline
    /// the offer.
    pub static RESPONSE_WEAKER = {
        code: "D005", name: "response-weaker", level: Error, source: "RFC 7692 7.1.2.1",
        quote: "with the same or smaller value as the offer",
        summary: "a response that agrees to less than was offered",
        reaction: "The client fails the connection, or cannot inflate what the server sends.",
        bad: [
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate",
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=11",
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate",
        ],
        good: [
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9",
            "request\n+ Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10, permessage-deflate\nresponse\n+ Sec-WebSocket-Extensions: permessage-deflate",
        ],
    }
}

rule! {
    /// The endpoints agreed on a forerunner of permessage-deflate: x-webkit-deflate-frame, which compresses
    /// frame by frame, or permessage-deflate with the parameter names of its drafts (`c2s_…`, `s2c_…`).
    /// wscope decodes both. Current software does not know them.
    pub static LEGACY_EXTENSION = {
        code: "D014", name: "legacy-extension", level: Note, source: "drafts",
        quote: "",
        summary: "a forerunner of permessage-deflate was agreed",
        reaction: "Endpoints that know only RFC 7692 decline it.",
        bad: ["open x-webkit-deflate-frame", "open permessage-deflate; s2c_max_window_bits=10"],
        good: ["open permessage-deflate; server_max_window_bits=10"],
    }
}

const EXTENSIONS: &str = "sec-websocket-extensions";
const CLIENT_BITS: &str = "client_max_window_bits";
const SERVER_BITS: &str = "server_max_window_bits";
const SERVER_TAKEOVER: &str = "server_no_context_takeover";
const FLAGS: [&str; 2] = [SERVER_TAKEOVER, "client_no_context_takeover"];
/// What the drafts called them.
const DRAFTS: [&str; 4] =
    ["c2s_no_context_takeover", "s2c_no_context_takeover", "c2s_max_window_bits", "s2c_max_window_bits"];

/// One side of the negotiation.
struct Side<'a> {
    dir: Dir,
    at: At,
    headers: Headers<'a>,
    /// Its permessage-deflate elements.
    list: Vec<&'a Extension>,
}

impl Side<'_> {
    /// A finding that points at a parameter, `name` or `name=value`.
    fn finding(&self, rule: &'static Rule, text: String, param: &str, label: &'static str) -> Finding {
        let finding = Finding::new(rule, self.dir, self.at, text);
        let lines = || self.headers.named(EXTENSIONS);
        let holds = |line: &Header<'_>| memchr::memmem::find(line.value, param.as_bytes()).is_some();
        match lines().find(holds).or_else(|| lines().next()) {
            Some(line) => finding.with(head::part_of(line, param.as_bytes(), label)),
            None => finding.with(Evidence::None),
        }
    }

    /// `the offer` or `the response`.
    const fn name(&self) -> &'static str {
        match self.dir {
            Dir::C2s => "the offer",
            Dir::S2c => "the response",
        }
    }
}

/// The rules on offers and answers.
pub(super) fn check(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    let offer = opening.handshake.request.as_ref().map(|request| Side {
        dir: Dir::C2s,
        at: request.first,
        headers: request.headers(),
        list: deflates(&opening.offered().list),
    });
    if let Some(offer) = &offer {
        parameters(offer, found);
    }
    let Some(response) = opening.handshake.response.as_ref().filter(|response| response.status == 101) else {
        return;
    };
    let list = &opening.accepted().list;
    legacy(list, response.first, response.headers(), found);
    let answer =
        Side { dir: Dir::S2c, at: response.first, headers: response.headers(), list: deflates(list) };
    parameters(&answer, found);
    for unknown in answer.list.iter().copied().flat_map(unknown_parameters) {
        unknown_parameter(&answer, unknown, found);
    }
    let whole = opening.handshake.request.as_ref().is_some_and(|request| request.missing == 0);
    if let (Some(offer), Some(agreed)) = (offer.filter(|_| whole), answer.list.first().copied()) {
        answers(&offer, &answer, agreed, found);
    }
}

fn deflates(list: &[Extension]) -> Vec<&Extension> {
    let kind = Some(DeflateKind::PermessageDeflate);
    list.iter().filter(|extension| extension.deflate_kind() == kind).collect()
}

/// D002 and D003: what is wrong with an offer or a response by itself.
fn parameters(side: &Side<'_>, found: &mut Vec<Finding>) {
    for extension in &side.list {
        let mut names = HashSet::new();
        for (name, value) in &extension.params {
            let shown = shown(name, value.as_deref());
            if let Some(expected) = expected_value(name, value.as_deref(), side.dir) {
                let text =
                    format!("{} has {}: expected {expected}", side.name(), head::quoted(shown.as_bytes()));
                found.push(side.finding(&PARAMETER_VALUE, text, &shown, "not a valid value"));
            }
            if !names.insert(name.to_ascii_lowercase()) {
                let text = format!("{} has {} more than once", side.name(), head::quoted(name.as_bytes()));
                found.push(side.finding(&PARAMETER_REPEATED, text, &shown, "once at most"));
            }
        }
    }
}

/// What a parameter's value is to be, where it is not that; `None` also for unknown ones.
fn expected_value(name: &str, value: Option<&str>, dir: Dir) -> Option<&'static str> {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if FLAGS.iter().any(|flag| is(flag)) {
        return value.map(|_| "no value");
    }
    if !is(CLIENT_BITS) && !is(SERVER_BITS) {
        return None;
    }
    let valid = match value {
        Some(value) => window_bits(value).is_some(),
        None => is(CLIENT_BITS) && dir == Dir::C2s,
    };
    (!valid).then_some("8 to 15")
}

fn unknown_parameters(extension: &Extension) -> impl Iterator<Item = &(String, Option<String>)> {
    let known = FLAGS.iter().chain(&[CLIENT_BITS, SERVER_BITS]).chain(&DRAFTS);
    extension
        .params
        .iter()
        .filter(move |(name, _)| !known.clone().any(|known| name.eq_ignore_ascii_case(known)))
}

fn unknown_parameter(side: &Side<'_>, (name, value): &(String, Option<String>), found: &mut Vec<Finding>) {
    let text =
        format!("{} has the parameter {}, which is not defined", side.name(), head::quoted(name.as_bytes()));
    found.push(side.finding(&PARAMETER_UNKNOWN, text, &shown(name, value.as_deref()), "not defined"));
}

/// A parameter as it is written as a rule.
fn shown(name: &str, value: Option<&str>) -> String {
    value.map_or_else(|| name.to_owned(), |value| format!("{name}={value}"))
}

/// What is wrong with a response as the answer to an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Misfit {
    ClientBitsUnasked,
    TakeoverDropped,
    ServerBitsDropped,
    ServerBitsAbove(u8),
}

/// D001 of an offer, D004 and D005: one of the offers must explain the response.
fn answers(offers: &Side<'_>, answer: &Side<'_>, agreed: &Extension, found: &mut Vec<Finding>) {
    let fits: Vec<(&Extension, Vec<Misfit>)> =
        offers.list.iter().map(|offer| (*offer, misfits(offer, agreed))).collect();
    let explained = fits.iter().filter(|(_, misfits)| misfits.is_empty());
    let defined = |offer: &Extension| unknown_parameters(offer).next().is_none();
    if explained.clone().any(|(offer, _)| defined(offer)) {
        return;
    }
    // The least that must be wrong.
    let Some((offer, misfits)) = fits.iter().min_by_key(|(offer, misfits)| (misfits.len(), !defined(offer)))
    else {
        return;
    };
    if fits.iter().all(|(offer, _)| !defined(offer)) || misfits.is_empty() {
        for unknown in unknown_parameters(offer) {
            unknown_parameter(offers, unknown, found);
        }
    }
    let asked = offer.param(SERVER_BITS).flatten().unwrap_or_default();
    for misfit in misfits {
        let (rule, text, param, label) = match misfit {
            Misfit::ClientBitsUnasked => (
                &RESPONSE_UNASKED,
                format!("the response has {CLIENT_BITS}, the offer has not"),
                CLIENT_BITS,
                "not in the offer",
            ),
            Misfit::TakeoverDropped => (
                &RESPONSE_WEAKER,
                format!("the offer asks for {SERVER_TAKEOVER}, the response has it not"),
                agreed.name.as_str(),
                "lacks server_no_context_takeover",
            ),
            Misfit::ServerBitsDropped => (
                &RESPONSE_WEAKER,
                format!("the offer asks for {SERVER_BITS}={asked}, the response has none"),
                agreed.name.as_str(),
                "lacks server_max_window_bits",
            ),
            Misfit::ServerBitsAbove(bits) => (
                &RESPONSE_WEAKER,
                format!("the offer asks for {SERVER_BITS}={asked}, the response gives {bits}"),
                SERVER_BITS,
                "above the offer's",
            ),
        };
        found.push(answer.finding(rule, text, param, label));
    }
}

fn misfits(offer: &Extension, agreed: &Extension) -> Vec<Misfit> {
    let draft = |extension: &Extension| DRAFTS.iter().any(|name| extension.param(name).is_some());
    if draft(offer) || draft(agreed) {
        return Vec::new();
    }
    let mut misfits = Vec::new();
    if agreed.param(CLIENT_BITS).is_some() && offer.param(CLIENT_BITS).is_none() {
        misfits.push(Misfit::ClientBitsUnasked);
    }
    if offer.param(SERVER_TAKEOVER).is_some() && agreed.param(SERVER_TAKEOVER).is_none() {
        misfits.push(Misfit::TakeoverDropped);
    }
    // What is no number is D002's.
    if let Some(asked) = offer.param(SERVER_BITS).flatten().and_then(window_bits) {
        match agreed.param(SERVER_BITS) {
            None => misfits.push(Misfit::ServerBitsDropped),
            Some(given) => misfits.extend(
                given.and_then(window_bits).filter(|bits| *bits > asked).map(Misfit::ServerBitsAbove),
            ),
        }
    }
    misfits
}

/// D014.
fn legacy(accepted: &[Extension], at: At, headers: Headers<'_>, found: &mut Vec<Finding>) {
    let draft = |extension: &Extension| {
        let param =
            extension.params.iter().find(|(name, _)| DRAFTS.iter().any(|d| name.eq_ignore_ascii_case(d)));
        match extension.deflate_kind()? {
            DeflateKind::WebkitDeflateFrame => Some((extension.name.clone(), extension.name.clone())),
            DeflateKind::PermessageDeflate => {
                param.map(|(name, _)| (format!("{} with {name}", extension.name), name.clone()))
            }
        }
    };
    if let Some((what, part)) = accepted.iter().find_map(draft) {
        let side = Side { dir: Dir::S2c, at, headers, list: Vec::new() };
        found.push(side.finding(
            &LEGACY_EXTENSION,
            format!("the server accepts {what}"),
            &part,
            "a draft's form",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::head::tests::found;

    fn negotiated(offer: &str, response: &str) -> String {
        let of = |list: &str| {
            if list.is_empty() { String::new() } else { format!("+Sec-WebSocket-Extensions: {list}") }
        };
        found(check, &of(offer), &of(response)).join("|")
    }

    const PMD: &str = "permessage-deflate";

    #[test]
    fn values() {
        for (params, offer, response) in [
            ("client_max_window_bits", None, Some("8 to 15")),
            ("server_max_window_bits", Some("8 to 15"), Some("8 to 15")),
            ("Server_Max_Window_Bits=9", None, None),
            ("client_max_window_bits=7", Some("8 to 15"), Some("8 to 15")),
            ("client_max_window_bits=015", Some("8 to 15"), Some("8 to 15")),
            ("server_no_context_takeover=1", Some("no value"), Some("no value")),
            ("client_no_context_takeover", None, None),
        ] {
            let expect = |who: &str, expected: Option<&str>| {
                expected
                    .map(|expected| format!("D002 the {who} has \"{params}\": expected {expected}"))
                    .unwrap_or_default()
            };
            let list = format!("{PMD}; {params}");
            assert_eq!(negotiated(&list, ""), expect("offer", offer), "{params}");
            // No request that could explain it: only the response is looked at.
            assert_eq!(negotiated("", &list), expect("response", response), "{params}");
        }
        assert_eq!(negotiated("foo; client_max_window_bits=99; a; a", ""), "");
    }

    #[test]
    fn repeated_and_unknown() {
        let twice = format!("{PMD}; client_no_context_takeover; CLIENT_no_context_takeover");
        assert_eq!(
            negotiated(&twice, ""),
            "D003 the offer has \"CLIENT_no_context_takeover\" more than once"
        );
        assert_eq!(
            negotiated("", &format!("{PMD}; x")),
            "D001 the response has the parameter \"x\", which is not defined"
        );
        let unknown = "D001 the offer has the parameter \"x\", which is not defined";
        let offer = format!("{PMD}; x=1");
        assert_eq!(negotiated(&offer, PMD), unknown);
        assert_eq!(negotiated(&offer, ""), "", "declined, as it must be");
        assert_eq!(negotiated(&format!("{offer}, {PMD}"), PMD), "", "the other offer was accepted");
        assert_eq!(
            negotiated(
                &format!("{offer}; server_max_window_bits=9, {PMD}"),
                &format!("{PMD}; server_max_window_bits=9")
            ),
            "",
            "a server may limit its own window unasked"
        );
        assert_eq!(
            negotiated(
                &format!("{offer}; client_max_window_bits, {PMD}"),
                &format!("{PMD}; client_max_window_bits=9")
            ),
            unknown
        );
    }

    #[test]
    fn answers_to_offers() {
        const D004: &str = "D004 the response has client_max_window_bits, the offer has not";
        for (offer, response, expect) in [
            ("", "client_max_window_bits=9", D004),
            ("client_max_window_bits", "client_max_window_bits=9", ""),
            ("", "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8", ""),
            (
                "server_no_context_takeover",
                "",
                "D005 the offer asks for server_no_context_takeover, the response has it not",
            ),
            ("server_no_context_takeover", "server_no_context_takeover", ""),
            (
                "server_max_window_bits=9",
                "",
                "D005 the offer asks for server_max_window_bits=9, the response has none",
            ),
            (
                "server_max_window_bits=9",
                "server_max_window_bits=10",
                "D005 the offer asks for server_max_window_bits=9, the response gives 10",
            ),
            ("server_max_window_bits=9", "server_max_window_bits=9", ""),
            ("server_max_window_bits=9, permessage-deflate", "", ""),
            (
                "server_max_window_bits=9, permessage-deflate; client_max_window_bits",
                "client_max_window_bits=9",
                "",
            ),
            (
                "server_max_window_bits=9; server_no_context_takeover, permessage-deflate",
                "client_max_window_bits=9",
                D004,
            ),
            // The drafts' names say what is agreed in their own way.
            ("s2c_max_window_bits=9", "client_max_window_bits=9", ""),
        ] {
            let of =
                |params: &str| if params.is_empty() { PMD.to_owned() } else { format!("{PMD}; {params}") };
            assert_eq!(negotiated(&of(offer), &of(response)), expect, "{offer} / {response}");
        }
        // A request with bytes missing explains nothing.
        let of = |params: &str| format!("+Sec-WebSocket-Extensions: {PMD}; {params}");
        assert!(found(check, "?", &of("client_max_window_bits=9")).is_empty());
        assert!(
            found(
                check,
                &of("server_max_window_bits=9"),
                "HTTP/1.1 400 Bad\n+Sec-WebSocket-Extensions: permessage-deflate"
            )
            .is_empty()
        );
    }

    #[test]
    fn forerunners() {
        for (response, expect) in [
            ("x-webkit-deflate-frame", "D014 the server accepts x-webkit-deflate-frame"),
            ("deflate-frame; max_window_bits=8", "D014 the server accepts deflate-frame"),
            (
                "permessage-deflate; c2s_max_window_bits=8",
                "D014 the server accepts permessage-deflate with c2s_max_window_bits",
            ),
            ("foo", ""),
        ] {
            assert_eq!(negotiated(response, response), expect);
            assert_eq!(negotiated(response, ""), "");
        }
    }
}
