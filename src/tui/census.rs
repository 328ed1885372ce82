//! How often fields have which value, for those who write a filter.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::store::Store;
use crate::filter::Field;
use crate::ws::fact::Kind;

/// Rows that are looked at between two looks at the clock.
const SLICE: usize = 1 << 11;

/// Values counted, as far as was looked. It is made in slices, from when it is wanted first.
#[derive(Clone, Debug, Default)]
pub struct Census {
    wanted: bool,
    messages: usize,
    findings: usize,
    kinds: [u64; 5],
    dirs: [u64; 2],
    codes: BTreeMap<u16, u64>,
    rules: HashMap<&'static str, u64>,
}

const KINDS: [Kind; 5] = [Kind::Text, Kind::Binary, Kind::Close, Kind::Ping, Kind::Pong];

impl Census {
    /// Somebody wants to know.
    pub const fn want(&mut self) {
        self.wanted = true;
    }

    /// Goes on for about so long, and says whether more is known.
    pub(super) fn advance(&mut self, store: &Store, budget: Duration) -> bool {
        if self.done(store) {
            return false;
        }
        let since = Instant::now();
        while self.messages < store.messages() {
            let (from, mut end) = (self.messages, store.messages());
            for (n, (place, row, _)) in store.messages_from(from).enumerate() {
                if n >= SLICE {
                    end = place;
                    break;
                }
                if let Some(count) =
                    KINDS.iter().position(|kind| *kind == row.kind).and_then(|at| self.kinds.get_mut(at))
                {
                    *count += 1;
                }
                self.dirs[row.dir.index()] += 1;
                if let Some(code) = row.close_code {
                    *self.codes.entry(code).or_default() += 1;
                }
            }
            self.messages = end;
            if since.elapsed() >= budget {
                return true;
            }
        }
        for (_, found) in store.findings().since(self.findings) {
            *self.rules.entry(found.finding.rule.code).or_default() += found.finding.more.max(1);
        }
        self.findings = store.findings().len();
        true
    }

    /// It was not wanted, or all was looked at.
    pub(super) fn done(&self, store: &Store) -> bool {
        !self.wanted || self.messages >= store.messages() && self.findings >= store.findings().len()
    }

    /// The values that a field has, and how many messages (of rules: findings) have each. `None` where they are not counted.
    #[must_use]
    pub fn values(&self, field: Field, store: &Store) -> Option<Vec<(String, u64)>> {
        /// Connections that are looked at.
        const CONNS: usize = 1 << 12;
        let kind = |kind: Kind| {
            KINDS.iter().position(|other| *other == kind).and_then(|at| self.kinds.get(at)).copied()
        };
        let count = |kinds: &[Kind]| kinds.iter().filter_map(|k| kind(*k)).sum();
        let of_conns = |value: &dyn Fn(&super::store::Conn) -> Option<String>| {
            let mut values = BTreeMap::<String, u64>::new();
            for conn in store.conns().iter().take(CONNS) {
                if let Some(value) = value(conn) {
                    *values.entry(value).or_default() += conn.messages.count() as u64;
                }
            }
            let mut values: Vec<(String, u64)> = values.into_iter().collect();
            values.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            values
        };
        Some(match field {
            Field::Op => {
                let mut ops: Vec<(String, u64)> =
                    KINDS.iter().map(|kind| (kind.name().to_owned(), count(&[*kind]))).collect();
                ops.push(("data".to_owned(), count(&[Kind::Text, Kind::Binary])));
                ops.push(("control".to_owned(), count(&[Kind::Close, Kind::Ping, Kind::Pong])));
                ops
            }
            Field::Dir => {
                let [up, down] = self.dirs;
                vec![("c2s".to_owned(), up), ("s2c".to_owned(), down)]
            }
            Field::CloseCode => self.codes.iter().map(|(code, count)| (code.to_string(), *count)).collect(),
            Field::Finding => {
                let mut rules: Vec<(String, u64)> =
                    self.rules.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
                rules.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
                rules
            }
            Field::Conn => store
                .conns()
                .iter()
                .take(CONNS)
                .map(|conn| (conn.number.to_string(), conn.messages.count() as u64))
                .collect(),
            Field::Host => of_conns(&|conn| host(conn.url.as_deref()?)),
            Field::Subprotocol => of_conns(&|conn| conn.subprotocol.as_deref().map(str::to_owned)),
            Field::Status => of_conns(&|conn| conn.status.map(|status| status.to_string())),
            Field::Client => of_conns(&|conn| Some(conn.client.ip().to_string())),
            Field::Server => of_conns(&|conn| Some(conn.server.ip().to_string())),
            Field::ServerPort => of_conns(&|conn| Some(conn.server.port().to_string())),
            _ => return None,
        })
    }
}

/// The host of a URL, without its port.
fn host(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let port = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    Some(port.map_or(host, |(host, _)| host).to_owned())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts() {
        for (url, expected) in [
            ("ws://feed.local:80/x", Some("feed.local")),
            ("ws://[::1]/", Some("[::1]")),
            ("ws://[::1]:8080?a", Some("[::1]")),
            ("feed", None),
        ] {
            assert_eq!(host(url).as_deref(), expected);
        }
    }
}
