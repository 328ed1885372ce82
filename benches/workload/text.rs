//! Texts as applications send them.

use std::fmt::Write;

use super::rng::Rng;

const WORDS: [&str; 24] = [
    "account", "amount", "balance", "channel", "client", "count", "created", "depth", "event", "filter",
    "group", "index", "label", "market", "message", "order", "price", "quantity", "region", "status",
    "symbol", "ticket", "update", "volume",
];
const FOREIGN: [&str; 8] = ["Müller", "größer", "東京", "価格", "данные", "привет", "señal", "🚀"];
const SYMBOLS: [&str; 5] = ["BTC-USD", "ETH-USD", "AAPL", "MSFT", "XAU-USD"];

/// A JSON object of about `len` bytes; every fourth has words that are not ASCII.
pub(crate) fn json(rng: &mut Rng, len: usize) -> String {
    let foreign = rng.per_mille(250);
    let mut text = format!("{{\"t\":\"{}\",\"seq\":{}", rng.pick(&SYMBOLS), rng.below(100_000_000));
    while text.len() + 24 < len {
        let word = rng.pick(&WORDS);
        // Writing to a `String` cannot fail.
        let _ = match rng.below(4) {
            0 => write!(text, ",\"{word}\":{}.{}", rng.below(70_000), rng.below(100)),
            1 => write!(text, ",\"{word}\":true"),
            2 => write!(text, ",\"{word}\":[{},{}]", rng.below(1_000), rng.below(1_000)),
            _ if foreign => write!(text, ",\"{word}\":\"{} {}\"", rng.pick(&FOREIGN), rng.pick(&WORDS)),
            _ => write!(text, ",\"{word}\":\"{} {}\"", rng.pick(&WORDS), rng.pick(&WORDS)),
        };
    }
    text.push('}');
    text
}

/// A feed of trades of about `len` bytes: what compression is used for.
pub(crate) fn trades(rng: &mut Rng, len: usize) -> String {
    let symbol = rng.pick(&SYMBOLS);
    let (mut id, mut time, price) =
        (rng.below(1_000_000_000), rng.below(1_000_000_000), rng.range(100, 60_000));
    let mut text = format!("{{\"channel\":\"trades\",\"symbol\":\"{symbol}\",\"events\":[");
    loop {
        let _ = write!(
            text,
            "{{\"id\":{id},\"price\":\"{}.{}\",\"quantity\":\"0.{}\",\"side\":\"{}\",\"time\":1700{time},\"flags\":[]}}",
            price + rng.below(20),
            rng.range(10, 99),
            rng.range(1_000, 9_999),
            rng.pick(&["buy", "sell"]),
        );
        if text.len() + 110 > len {
            text.push_str("]}");
            return text;
        }
        text.push(',');
        id += rng.range(1, 3);
        time += rng.below(50);
    }
}
