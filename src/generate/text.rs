//! Messages as applications send them: JSON of chats, feeds and devices.

use std::io::Write;

use super::rng::Rng;

/// Appends a JSON object of about `len` bytes; every fourth has words that are not ASCII.
pub(super) fn json(out: &mut Vec<u8>, rng: &mut Rng, len: usize) {
    let end = out.len() + len;
    match rng.below(4) {
        0 => put(out, format_args!("{{\"t\":\"tick\",\"s\":\"{}\",\"seq\":", rng.pick(&SYMBOLS))),
        1 => put(out, format_args!("{{\"type\":\"chat\",\"room\":{},\"user\":", rng.below(5_000))),
        2 => put(out, format_args!("{{\"jsonrpc\":\"2.0\",\"id\":")),
        _ => put(out, format_args!("{{\"event\":\"{}\",\"ts\":17000", rng.pick(&WORDS))),
    }
    number(out, rng.below(100_000_000));
    let foreign = rng.percent(25);
    while out.len() + 24 < end {
        let room = end - out.len();
        out.extend_from_slice(b",\"");
        out.extend_from_slice(rng.pick(&WORDS).as_bytes());
        match rng.below(5) {
            0 => {
                out.extend_from_slice(b"\":");
                number(out, rng.below(70_000));
                out.push(b'.');
                number(out, rng.range(10, 99));
            }
            1 if room > 60 => {
                out.extend_from_slice(b"\":[");
                for _ in 0..rng.range(1, 4) {
                    number(out, rng.below(10_000));
                    out.push(b',');
                }
                number(out, rng.below(10_000));
                out.push(b']');
            }
            2 if room > 80 => {
                out.extend_from_slice(b"\":\"");
                words(out, rng, foreign, end);
                out.push(b'"');
            }
            3 => out.extend_from_slice(if rng.percent(50) { b"\":true" } else { b"\":null" }),
            _ => {
                out.extend_from_slice(b"\":");
                number(out, rng.below(1_000_000));
            }
        }
    }
    out.push(b'}');
}

/// Appends a line of a chat.
pub(super) fn chat(out: &mut Vec<u8>, rng: &mut Rng, len: usize) {
    put(out, format_args!("{{\"type\":\"message\",\"room\":\"{}\",\"from\":\"", rng.pick(&WORDS)));
    put(out, format_args!("{}\",\"id\":{},\"text\":\"", rng.pick(&NAMES), rng.below(1_000_000)));
    let (foreign, end) = (rng.percent(25), out.len() + len);
    words(out, rng, foreign, end);
    out.extend_from_slice(b"\"}");
}

/// Appends a feed's records of trades, about `len` bytes: what compression is used for.
pub(super) fn trades(out: &mut Vec<u8>, rng: &mut Rng, len: usize) {
    let (symbol, price) = (rng.pick(&SYMBOLS), rng.range(100, 60_000));
    let (mut id, mut time) = (rng.below(1_000_000_000), rng.below(1_000_000_000));
    let end = out.len() + len;
    put(out, format_args!("{{\"channel\":\"trades\",\"symbol\":\"{symbol}\",\"events\":["));
    loop {
        out.extend_from_slice(b"{\"id\":");
        number(out, id);
        out.extend_from_slice(b",\"price\":\"");
        number(out, price + rng.below(20));
        out.push(b'.');
        number(out, rng.range(10, 99));
        out.extend_from_slice(b"\",\"quantity\":\"0.");
        number(out, rng.range(1_000, 9_999));
        let side: &[u8] = if rng.percent(50) { b"\",\"side\":\"buy\"" } else { b"\",\"side\":\"sell\"" };
        out.extend_from_slice(side);
        out.extend_from_slice(b",\"timestamp\":1700");
        number(out, time);
        out.extend_from_slice(b",\"venue\":\"primary\",\"flags\":[]}");
        if out.len() + 120 > end {
            out.extend_from_slice(b"]}");
            return;
        }
        out.push(b',');
        id += rng.range(1, 3);
        time += rng.below(50);
    }
}

/// Words up to about `end`, one at least.
fn words(out: &mut Vec<u8>, rng: &mut Rng, foreign: bool, end: usize) {
    for n in 0.. {
        if n > 0 {
            out.push(b' ');
        }
        let word = if foreign && rng.percent(33) { rng.pick(&FOREIGN) } else { rng.pick(&WORDS) };
        out.extend_from_slice(word.as_bytes());
        if out.len() + 12 > end {
            break;
        }
    }
}

/// Appends a number in decimal.
pub(super) fn number(out: &mut Vec<u8>, number: u64) {
    put(out, format_args!("{number}"));
}

/// Appends text.
pub(super) fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to a `Vec` cannot fail.
    let _ = out.write_fmt(text);
}

const WORDS: [&str; 123] = [
    "account", "action", "active", "alert", "amount", "answer", "array", "balance", "batch", "before",
    "board", "bottom", "branch", "buffer", "button", "cancel", "center", "channel", "check", "client",
    "close", "cloud", "column", "commit", "config", "content", "context", "control", "copy", "count",
    "create", "cursor", "data", "default", "delete", "deliver", "device", "direct", "display", "document",
    "domain", "driver", "editor", "effect", "element", "enable", "engine", "entry", "error", "event",
    "export", "factor", "field", "filter", "folder", "format", "forward", "frame", "gateway", "general",
    "global", "group", "handle", "header", "health", "history", "host", "image", "import", "index", "input",
    "insert", "invoice", "item", "kernel", "label", "layer", "leave", "level", "light", "limit", "list",
    "local", "login", "manager", "market", "member", "memory", "message", "method", "metric", "minute",
    "mobile", "model", "module", "monitor", "native", "network", "notice", "number", "object", "offset",
    "online", "option", "order", "output", "owner", "packet", "payment", "player", "position", "price",
    "profile", "region", "release", "report", "sensor", "session", "status", "stream", "ticket", "update",
    "window",
];
const FOREIGN: [&str; 10] =
    ["Müller", "größer", "東京", "価格", "данные", "привет", "señal", "été", "🚀", "소식"];
const SYMBOLS: [&str; 8] = ["BTC-USD", "ETH-USD", "SOL-USD", "EUR-USD", "AAPL", "MSFT", "NVDA", "XAU-USD"];
const NAMES: [&str; 8] = ["ada", "grace", "linus", "margaret", "edsger", "barbara", "dennis", "radia"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_json_of_about_the_length() {
        let mut rng = Rng::new(1, 1);
        let mut foreign = 0;
        for n in 0..2_000 {
            let len = rng.size(20, 2_000);
            let mut text = Vec::new();
            match n % 3 {
                0 => json(&mut text, &mut rng, len),
                1 => chat(&mut text, &mut rng, len),
                _ => trades(&mut text, &mut rng, len),
            }
            let shown = String::from_utf8(text).unwrap();
            serde_json::from_str::<serde_json::Value>(&shown).unwrap_or_else(|e| panic!("{e}: {shown}"));
            assert!(shown.len() < len + 220, "{len}: {shown}");
            foreign += usize::from(!shown.is_ascii());
        }
        assert!(foreign > 100, "{foreign}");
    }
}
