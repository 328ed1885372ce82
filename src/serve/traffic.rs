//! What each path says.

use std::time::Duration;

use crate::time::{Timestamp, span};
use crate::ws::fact::{Kind, close_code_is_known};

/// What a connection is for, from its path and query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Traffic {
    /// `/echo`, and `/`: every message comes back.
    Echo,
    /// `/slow`: every message comes back, its bytes one by one.
    Slow(Duration),
    /// `/chat`: every message goes to everybody there.
    Chat,
    /// `/close`: a Close by the server, after so many messages.
    Close(super::Close),
    /// `/time`, `/json`, `/binary`: messages by the clock.
    Ticks(Duration, Tick),
    /// `/ping`: a Ping by the clock, and a message that tells how long the Pong took.
    Ping(Duration),
}

/// What comes by the clock.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tick {
    /// The time of day.
    Time,
    /// The trades of a market.
    Json(Market),
    /// So many bytes: a number, and noise.
    Binary(usize, u64),
}

/// Prices that walk at random.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Market {
    random: u64,
    sequence: u64,
    /// In hundredths.
    prices: [u64; SYMBOLS.len()],
}

impl Traffic {
    /// What a target is for; `None` = there is no such path.
    pub(super) fn of(target: &str) -> Option<Result<Self, String>> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = Query(query);
        Some(match path {
            "/" | "/echo" => Ok(Self::Echo),
            "/chat" => Ok(Self::Chat),
            "/slow" => query.every(20).map(Self::Slow),
            "/ping" => query.every(1_000).map(Self::Ping),
            "/time" => query.every(1_000).map(|every| Self::Ticks(every, Tick::Time)),
            "/json" => query.every(100).map(|every| Self::Ticks(every, Tick::Json(Market::new()))),
            "/binary" => query.every(250).and_then(|every| {
                let size = query.number("size", 256)?;
                if size > MAX_BINARY {
                    return Err(format!("`size` is at most {MAX_BINARY}"));
                }
                Ok(Self::Ticks(every, Tick::Binary(size as usize, 0)))
            }),
            "/close" => query.close().map(Self::Close),
            _ => return None,
        })
    }
}

impl Tick {
    /// The next message.
    pub(super) fn next(&mut self, now: Timestamp) -> (Kind, Vec<u8>) {
        match self {
            Self::Time => (Kind::Text, now.to_string().into_bytes()),
            Self::Json(market) => (Kind::Text, market.next(now).into_bytes()),
            Self::Binary(size, n) => {
                let mut random = *n;
                let mut bytes = n.to_be_bytes().to_vec();
                bytes.resize_with(*size, || (step(&mut random) >> 56) as u8);
                bytes.truncate(*size);
                *n += 1;
                (Kind::Binary, bytes)
            }
        }
    }
}

impl Market {
    const fn new() -> Self {
        Self { random: 1, sequence: 0, prices: [6_412_350, 318_425, 10_842, 187_012] }
    }

    fn next(&mut self, now: Timestamp) -> String {
        self.sequence += 1;
        let random = step(&mut self.random) >> 16;
        let which = random as usize % SYMBOLS.len();
        let symbol = SYMBOLS.get(which).copied().unwrap_or_default();
        let mut price = 0;
        if let Some(slot) = self.prices.get_mut(which) {
            // Up or down by at most a thousandth.
            let reach = *slot / 1_000 + 1;
            *slot = (*slot + (random >> 8) % (2 * reach + 1)).saturating_sub(reach).max(1);
            price = *slot;
        }
        let (size, side) = ((random >> 24) % 900 + 1, if random >> 40 & 1 == 0 { "buy" } else { "sell" });
        format!(
            "{{\"type\":\"trade\",\"seq\":{},\"time\":\"{now}\",\"symbol\":\"{symbol}\",\"side\":\"{side}\",\"price\":{}.{:02},\"size\":{}.{:02}}}",
            self.sequence,
            price / 100,
            price % 100,
            size / 100,
            size % 100,
        )
    }
}

/// A linear congruential generator: numbers that look like noise are all that is wanted.
const fn step(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state
}

/// `a=b&c=d`.
struct Query<'a>(&'a str);

impl Query<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .split('&')
            .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
            .map(|(_, value)| value)
    }

    fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        let Some(value) = self.get(name) else { return Ok(default) };
        value.parse().map_err(|_| format!("`{name}` must be a number"))
    }

    fn every(&self, default: u64) -> Result<Duration, String> {
        let Some(value) = self.get("every") else { return Ok(Duration::from_millis(default)) };
        let nanos = span(value).map_err(|error| format!("`every`: {error}"))?;
        Ok(Duration::from_nanos(nanos.unsigned_abs()).clamp(SHORTEST, LONGEST))
    }

    fn close(&self) -> Result<super::Close, String> {
        let code = u16::try_from(self.number("code", 1000)?).ok();
        let code = code.filter(|code| close_code_is_known(*code) && *code != CLIENTS_ONLY);
        let code = code.ok_or_else(|| "`code` must be one that a server may send".to_owned())?;
        let reason = decode(self.get("reason").unwrap_or_default());
        Ok(super::Close { code, reason, after: self.number("after", 0)? })
    }
}

/// Without `%20` and `+`.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, later)) = rest.split_first() {
        rest = later;
        let digit = |at: usize| later.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                rest = later.get(2..).unwrap_or_default();
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A close code that asks for an extension.
const CLIENTS_ONLY: u16 = 1010;
const SYMBOLS: [&str; 4] = ["BTC-EUR", "ETH-EUR", "EUR-USD", "XAU-EUR"];
const MAX_BINARY: u64 = 1 << 20;
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets() {
        let of = |target: &str| Traffic::of(target).map(Result::ok);
        assert_eq!(of("/"), Some(Some(Traffic::Echo)));
        assert_eq!(of("/echo?x=1"), Some(Some(Traffic::Echo)));
        assert_eq!(of("/Echo"), None);
        let close = |code, reason: &str, after| {
            Traffic::Close(super::super::Close { code, reason: reason.into(), after })
        };
        assert_eq!(of("/close"), Some(Some(close(1000, "", 0))));
        assert_eq!(of("/close?code=1011&reason=a%20b+%c3%a4%&after=3"), Some(Some(close(1011, "a b ä%", 3))));
        assert_eq!(of("/close?code=1006"), Some(None));
        assert_eq!(of("/slow?every=5ms"), Some(Some(Traffic::Slow(Duration::from_millis(5)))));
        assert_eq!(of("/time?every=soon"), Some(None));
        assert_eq!(of("/binary?size=9999999"), Some(None));
    }

    #[test]
    fn trades_are_json() {
        let mut market = Tick::Json(Market::new());
        for n in 1..500 {
            let (kind, text) = market.next(Timestamp::from_nanos(n));
            let trade: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert_eq!((kind, trade["seq"].as_i64()), (Kind::Text, Some(n)));
            assert!(trade["price"].as_f64().unwrap() > 0.0);
        }
    }

    #[test]
    fn binary_ticks_have_their_size() {
        for size in [0, 3, 8, 1000] {
            let mut tick = Tick::Binary(size, 0);
            assert_eq!(tick.next(Timestamp::default()).1.len(), size);
            assert_eq!(tick, Tick::Binary(size, 1));
        }
    }
}
