//! What a handshake keeps secret: enough is shown to tell that it is there, and how long it is.

/// Header fields whose whole value is a secret.
const FIELDS: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "set-cookie"];

/// Words in the name of a field or query parameter that make its value a secret.
const WORDS: [&str; 12] = [
    "token",
    "secret",
    "password",
    "passwd",
    "api-key",
    "api_key",
    "apikey",
    "access_key",
    "access-key",
    "jwt",
    "signature",
    "session",
];

/// Query parameters that are secrets but whose names are too short to be searched for in others.
const PARAMETERS: [&str; 6] = ["key", "auth", "sig", "sid", "code", "pwd"];

/// The value of a header field as it is shown; `None` = as it is.
pub(super) fn field(name: &[u8], value: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    if name == "sec-websocket-protocol" {
        return protocols(&String::from_utf8_lossy(value));
    }
    let secret = FIELDS.iter().any(|field| name == *field) || WORDS.iter().any(|word| name.contains(word));
    secret.then(|| masked(value.len()))
}

/// A URL, or the target of a request, with the values of its secret parameters masked.
pub(super) fn url(url: &[u8]) -> Vec<u8> {
    masked_url(url, masked)
}

/// The same for output that nothing reveals.
pub(super) fn hidden_url(url: &[u8]) -> Vec<u8> {
    masked_url(url, |_| "***".to_owned())
}

fn masked_url(url: &[u8], mask: fn(usize) -> String) -> Vec<u8> {
    let Some(query) = url.iter().position(|byte| *byte == b'?') else { return url.to_vec() };
    let (before, query) = url.split_at(query + 1);
    let parts: Vec<Vec<u8>> = query.split(|byte| *byte == b'&').map(|part| parameter(part, mask)).collect();
    [before, &parts.join(&b'&')].concat()
}

fn parameter(part: &[u8], mask: fn(usize) -> String) -> Vec<u8> {
    let Some(equals) = part.iter().position(|byte| *byte == b'=') else { return part.to_vec() };
    let (name, value) = part.split_at(equals + 1);
    let lower = String::from_utf8_lossy(&name[..equals]).to_ascii_lowercase();
    let secret = PARAMETERS.contains(&&*lower) || WORDS.iter().any(|word| lower.contains(word));
    if secret && !value.is_empty() { [name, mask(value.len()).as_bytes()].concat() } else { part.to_vec() }
}

/// Browsers cannot set header fields of their own, so tokens travel as subprotocols. What no
/// registered name looks like is taken for one.
fn protocols(list: &str) -> Option<String> {
    let is_token = |name: &str| name.len() > 40 && name.bytes().any(|byte| byte.is_ascii_digit());
    list.split(',').any(|name| is_token(name.trim())).then(|| {
        let shown = list.split(',').map(str::trim);
        shown
            .map(|name| if is_token(name) { masked(name.len()) } else { name.to_owned() })
            .collect::<Vec<_>>()
            .join(", ")
    })
}

fn masked(len: usize) -> String {
    format!("({len} byte{}, --reveal shows them)", if len == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let shown = |name: &str, value: &str| field(name.as_bytes(), value.as_bytes());
        for name in ["Cookie", "authorization", "Set-Cookie", "X-Auth-Token", "X-API-Key"] {
            assert_eq!(shown(name, "abc").as_deref(), Some("(3 bytes, --reveal shows them)"), "{name}");
        }
        for name in ["Host", "Sec-WebSocket-Key", "Sec-WebSocket-Accept", "Origin"] {
            assert_eq!(shown(name, "abc"), None, "{name}");
        }
        assert_eq!(shown("Sec-WebSocket-Protocol", "chat.v1, v1.kernel.websocket.jupyter.org"), None);
        let token = format!("chat, base64url.bearer.authorization.k8s.io.{}", "a1".repeat(20));
        assert_eq!(
            shown("Sec-WebSocket-Protocol", &token).as_deref(),
            Some("chat, (78 bytes, --reveal shows them)")
        );
    }

    #[test]
    fn urls() {
        assert_eq!(url(b"/chat?name=\xff&room=1"), b"/chat?name=\xff&room=1");
        assert_eq!(hidden_url(b"ws://a/?x=1&token=abc"), b"ws://a/?x=1&token=***");
        let masked = url(b"ws://a/?x=1&access_token=abc&key=k&token=");
        assert_eq!(
            String::from_utf8(masked).unwrap(),
            "ws://a/?x=1&access_token=(3 bytes, --reveal shows them)&key=(1 byte, --reveal shows them)&token="
        );
    }
}
