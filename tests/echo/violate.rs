//! Rules broken on purpose: what `check` finds in the recording is the rule, and nothing else.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use wscope::endpoint::breach::Breach;
use wscope::endpoint::client::Request;
use wscope::endpoint::handshake::{self, Policy};
use wscope::endpoint::negotiate::Wanted;
use wscope::endpoint::{Agreed, Codec, Endpoint, Event, Role, Settings};
use wscope::http::upgrade::{self, Response};
use wscope::item::{At, Dir};
use wscope::rules::{self, Rule};
use wscope::serve::record::{Flow, Recorder};
use wscope::violate;
use wscope::ws::fact::Kind;

use super::support::{export_file, of_type, records};

/// One end of a conversation without sockets.
struct End {
    endpoint: Endpoint,
    codec: Codec,
    out: Vec<u8>,
    echoes: bool,
    fin: bool,
}

impl End {
    fn new(role: Role, agreed: Agreed, breach: Option<&Breach>) -> Self {
        let mut key = 0_u32;
        let masker: wscope::endpoint::Masker = Box::new(move || {
            key = key.wrapping_add(0x9e37_79b9);
            key.to_be_bytes()
        });
        let settings = Settings {
            masker: (role == Role::Client).then_some(masker),
            breach: breach.cloned().unwrap_or_default(),
            ..Settings::default()
        };
        Self {
            endpoint: Endpoint::new(role, agreed, settings),
            codec: Codec::new(1 << 25),
            out: Vec::new(),
            echoes: role == Role::Server,
            fin: false,
        }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while let Some(event) = self.endpoint.receive(&mut bytes, &mut self.codec, &mut self.out) {
            if let Event::Message { kind, payload, .. } = event
                && self.echoes
            {
                self.endpoint.send(kind, &payload, &mut self.codec, &mut self.out);
            }
        }
    }

    fn send(&mut self, text: &str) {
        self.endpoint.send(Kind::Text, text.as_bytes(), &mut self.codec, &mut self.out);
    }
}

/// A conversation that is recorded.
struct Talk {
    recorder: Recorder,
    flow: Flow,
    client: End,
    server: End,
    over: bool,
}

impl Talk {
    /// Lets both speak until they have nothing more to say.
    fn exchange(&mut self) {
        while !self.over {
            let said = std::mem::take(&mut self.client.out);
            let answered = std::mem::take(&mut self.server.out);
            for (dir, bytes) in [(Dir::C2s, &said), (Dir::S2c, &answered)] {
                if !bytes.is_empty() {
                    self.recorder.data(&mut self.flow, dir, bytes).unwrap();
                }
            }
            self.server.take(&said);
            self.client.take(&answered);
            for (dir, end) in [(Dir::S2c, &mut self.server), (Dir::C2s, &mut self.client)] {
                if end.endpoint.resets() {
                    self.recorder.reset(&mut self.flow, dir).unwrap();
                    self.over = true;
                    return;
                }
                if end.endpoint.is_over() && end.endpoint.ends() && end.out.is_empty() && !end.fin {
                    end.fin = true;
                    self.recorder.fin(&mut self.flow, dir).unwrap();
                    self.over = true;
                }
            }
            if said.is_empty()
                && answered.is_empty()
                && self.client.out.is_empty()
                && self.server.out.is_empty()
            {
                return;
            }
        }
    }

    fn finish(mut self, client_first: bool) {
        let order = if client_first { [Dir::C2s, Dir::S2c] } else { [Dir::S2c, Dir::C2s] };
        if !self.client.endpoint.resets() && !self.server.endpoint.resets() {
            for dir in order {
                self.recorder.fin(&mut self.flow, dir).unwrap();
            }
        }
        self.recorder.flush().unwrap();
    }
}

/// Records a conversation in which one of both breaks a rule.
fn record(rule: &Rule, breach: &Breach, role: Role, path: &Path) {
    let ours = |side| (role == side).then_some(breach);
    let mut recorder = Recorder::create(path, false).unwrap();
    let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let mut flow = recorder.open(address(50_000), address(8_080), 1).unwrap();

    let request = Request {
        target: "/echo".into(),
        host: "localhost:8080".into(),
        key: "AQIDBAUGBwgJCgsMDQ4PEA==".into(),
        // What a rule needs to be broken.
        deflate: (rule.family() == 'D' && rule.code != "D004")
            .then(|| Wanted { server_no_context_takeover: rule.code == "D005", ..Wanted::default() }),
        subprotocols: if rule.code == "H027" { vec!["chat".into()] } else { vec![] },
        // Without client_max_window_bits, which we always offer.
        headers: if rule.code == "D004" {
            vec![("Sec-WebSocket-Extensions".into(), "permessage-deflate".into())]
        } else {
            vec![]
        },
    };
    let request = ours(Role::Client).map_or_else(|| request.clone(), |breach| request.breaching(breach));
    let plain = request.head();
    let head = ours(Role::Client).map_or_else(|| request.head(), |breach| breach.request(&request));
    recorder.data(&mut flow, Dir::C2s, &head).unwrap();
    let end = handshake::head_end(&head).unwrap();
    // A server that does not look.
    let lenient = role == Role::Client && LENIENT.contains(&rule.code);
    let seen = if lenient { &plain } else { &head[..end] };
    let asked = upgrade::Request::parse(seen, At::default(), At::default());
    let policy =
        Policy { deflate: Some(Wanted::default()), subprotocols: vec!["chat".into()], ..Policy::default() };
    let answer = handshake::answer_with(&asked, &policy, ours(Role::Server));
    let (agreed, answer) = match answer {
        Ok(answer) => answer,
        Err(refusal) => {
            let text = format!(
                "HTTP/1.1 {} No\r\n{}Content-Length: 0\r\nConnection: close\r\n\r\n",
                refusal.status,
                refusal.header()
            );
            recorder.data(&mut flow, Dir::S2c, text.as_bytes()).unwrap();
            recorder.fin(&mut flow, Dir::S2c).unwrap();
            recorder.fin(&mut flow, Dir::C2s).unwrap();
            return recorder.flush().unwrap();
        }
    };
    recorder.data(&mut flow, Dir::S2c, &answer).unwrap();
    let response = Response::parse(&answer[..], At::default(), At::default());
    let accepted = request.accept(&response);
    // A client that takes no notice shows what follows a faulty handshake.
    let mut client = End::new(Role::Client, accepted.unwrap_or_else(|_| agreed.clone()), ours(Role::Client));
    let mut server = End::new(Role::Server, agreed, ours(Role::Server));
    server.take(&head[end..]);
    client.send("Hello");
    let mut talk = Talk { recorder, flow, client, server, over: false };
    talk.exchange();
    match role {
        Role::Server => talk.client.endpoint.ping(b"there", &mut talk.client.out),
        Role::Client => talk.server.endpoint.ping(b"there", &mut talk.server.out),
    }
    talk.exchange();
    if rule.code == "K001" {
        talk.recorder.pass(Duration::from_secs(31));
    }
    talk.client.send("again");
    talk.exchange();
    match (role, rule.code) {
        (Role::Client, "C008" | "C009") => {
            talk.server.endpoint.close(Some(1000), "bye", &mut talk.server.out);
        }
        _ => talk.client.endpoint.close(Some(1000), "bye", &mut talk.client.out),
    }
    talk.exchange();
    talk.finish(breach.ends_first);
}

/// What `check` finds of it.
fn found(rule: &Rule, breach: &Breach, role: Role) -> BTreeSet<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("violation.pcapng");
    record(rule, breach, role, &path);
    let records = records(&export_file(&path, 1));
    let findings = of_type(&records, "finding");
    findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

/// Rules that a client breaks only where the server takes no notice.
const LENIENT: [&str; 2] = ["H011", "D001"];

/// What comes with it: cookies of another site are, without TLS, in clear; a faulty request is refused.
fn companions(role: Role, code: &str) -> &'static [&'static str] {
    match (role, code) {
        (Role::Client, "S004") => &["S003"],
        (Role::Client, code) if code.starts_with('H') => &["H020"],
        _ => &[],
    }
}

fn faults(role: Role) -> Vec<String> {
    let mut faults = Vec::new();
    for (rule, breach) in violate::all(role) {
        let Ok(breach) = breach else { continue };
        let found = found(rule, &breach, role);
        let others =
            found.iter().any(|code| code != rule.code && !companions(role, rule.code).contains(&&**code));
        if !found.contains(rule.code) || others {
            faults.push(format!("{} {}: {found:?}", rule.code, rule.name));
        }
    }
    faults
}

#[test]
fn a_server_breaks_each_rule_alone() {
    assert_eq!(faults(Role::Server), Vec::<String>::new());
}

#[test]
fn a_client_breaks_each_rule_alone() {
    assert_eq!(faults(Role::Client), Vec::<String>::new());
}

/// Without a breach nothing is found, so the conversation itself is sound.
#[test]
fn no_breach_no_finding() {
    let rule = rules::find("F005").unwrap();
    for role in [Role::Server, Role::Client] {
        assert_eq!(found(rule, &Breach::default(), role), BTreeSet::new());
    }
}

/// Every rule is one that an endpoint can break, in one role or the other, or says why not.
#[test]
fn every_rule_is_accounted_for() {
    let can = |role| -> BTreeSet<&str> {
        violate::all(role).filter(|(_, breach)| breach.is_ok()).map(|(rule, _)| rule.code).collect()
    };
    let (server, client) = (can(Role::Server), can(Role::Client));
    let neither: Vec<&str> = rules::all()
        .map(|rule| rule.code)
        .filter(|code| !server.contains(code) && !client.contains(code))
        .collect();
    assert_eq!(
        neither,
        ["H012", "S001", "S005", "S006", "N001", "N002", "N003", "N004", "N005", "N006", "N007"]
    );
}

/// docs/violate.md is made from the table; `UPDATE=1 cargo test --test echo` writes it.
#[test]
fn the_document_is_what_the_table_says() {
    let mut made = String::from(
        "# Rules broken on purpose\n\n`wscope echo --violate RULES` is a server that breaks rules, to test clients with; \
         `wscope talk --violate RULE` a client, to\ntest servers with. Codes, their beginnings (`F`, `C00`) and names are \
         taken. What is wrong is in the handshake, or said ahead of the first message,\nor an answer to a Ping or a Close; \
         all else is by the book. A recording of each is checked in the tests: `wscope check` finds the rule, and\nnothing \
         else. Of the rules on compression, those that are about messages are broken only where compression was agreed; H011 and D001 of a \
         client where the server accepts\nwhat it asks for, D004 of a server where the client does not offer client_max_window_bits, D005 where it asks for more \
         than permessage-deflate, H027 where\nit offers subprotocols.\n\n\
         | rule | | server | client |\n|---|---|---|---|\n",
    );
    for ((rule, server), (_, client)) in violate::all(Role::Server).zip(violate::all(Role::Client)) {
        let cell = |breach: Result<Breach, &'static str>| breach.map_or_else(|why| why, |_| "yes");
        made.push_str(&format!("| {} | {} | {} | {} |\n", rule.code, rule.name, cell(server), cell(client)));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/violate.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == made, "docs/violate.md is not up to date: UPDATE=1 cargo test --test echo");
}

/// Over sockets, connections take turns.
#[test]
fn a_server_breaks_one_rule_a_connection() {
    let breaches = ["F005", "C010", "C011", "H024"]
        .map(|code| violate::breach(rules::find(code).unwrap(), Role::Server).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("turns.pcapng");
    let options = wscope::serve::Options { breaches: breaches.into(), ..super::server::options() };
    let server = super::server::start_recording(options, &path);
    for n in 0..5 {
        let url = format!("ws://{}/", server.address);
        let client = tungstenite::client(url, super::server::socket(server.address));
        assert_eq!(client.is_ok(), n != 3);
        let Ok((mut client, _)) = client else { continue };
        client.send(tungstenite::Message::text("Hello")).unwrap();
        let error = loop {
            if let Err(error) = client.read() {
                break error.to_string();
            }
        };
        let expected = match n {
            0 | 4 => "masked frame",
            1 => "without closing handshake",
            _ => "reset",
        };
        assert!(error.to_lowercase().contains(expected), "{n}: {error}");
    }
    server.finish();
    let records = records(&export_file(&path, 1));
    let codes: BTreeSet<(u64, String)> = of_type(&records, "finding")
        .iter()
        .map(|finding| (finding["conn"].as_u64().unwrap(), finding["code"].as_str().unwrap().to_owned()))
        .collect();
    for (conn, code) in [(1, "F005"), (2, "C010"), (3, "C011"), (4, "H024"), (5, "F005")] {
        assert!(codes.contains(&(conn, code.to_owned())), "{codes:?}");
    }
}
