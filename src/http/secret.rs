//! What a handshake keeps secret: the one list that the rules and all output share.
//!
//! Enough is shown to tell that a secret is there; for people also how long it is.

use std::ops::Range;

/// Header fields whose whole value is a secret.
const FIELDS: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "set-cookie"];

/// Words in the name of a field or query parameter that make its value a secret.
const WORDS: [&str; 13] = [
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
    "credential",
];

/// Query parameters that are secrets but whose names are too short to be searched for in others.
const PARAMETERS: [&str; 9] = ["key", "auth", "sig", "sid", "code", "pwd", "pass", "authorization", "bearer"];

/// Digits of a `code` that is none to log in with, but of an error or a Close.
const SHORT_CODE: usize = 4;

/// The value of a header field as people see it; `None` = as it is.
#[must_use]
pub fn field(name: &[u8], value: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    if name == "sec-websocket-protocol" {
        return protocols(&String::from_utf8_lossy(value));
    }
    let secret = FIELDS.iter().any(|field| name == *field) || WORDS.iter().any(|word| name.contains(word));
    secret.then(|| masked(value.len()))
}

/// A URL, or the target of a request, as people see it: how long each secret is, in its place.
#[must_use]
pub fn url(url: &[u8]) -> Vec<u8> {
    replaced(url, |len| masked(len).into_bytes())
}

/// A URL, or the target of a request, for other programs and for findings: `***` for each secret, so that
/// it is still a URL.
#[must_use]
pub fn redacted(url: &[u8]) -> Vec<u8> {
    replaced(url, |_| STARS.as_bytes().to_vec())
}

/// [`redacted`] for text.
#[must_use]
pub fn redacted_text(url: &str) -> String {
    String::from_utf8_lossy(&redacted(url.as_bytes())).into_owned()
}

/// What stands for a secret in output that programs read.
pub const STARS: &str = "***";

/// A secret in a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// What it is: the name of the parameter, `password`, or `JWT`.
    pub name: String,
    /// Where its value stands.
    pub value: Range<usize>,
}

/// The secrets in a URL, or the target of a request, in order.
///
/// The values of parameters with a telling name, in query or fragment; the password before the host; and
/// whatever has the shape of a JSON Web Token (RFC 7519), wherever it stands.
#[must_use]
pub fn secrets(url: &[u8]) -> Vec<Secret> {
    let mut found = Vec::new();
    // Most have nothing that a secret could stand behind.
    let token = url.windows(3).any(|window| window == b"eyJ");
    if memchr::memchr3(b'?', b'#', b'@', url).is_none() && !token {
        return found;
    }
    found.extend(password(url));
    let query = url.iter().position(|byte| matches!(byte, b'?' | b'#')).map_or(url.len(), |at| at + 1);
    let mut start = query;
    for part in url.get(query..).unwrap_or_default().split(|byte| matches!(byte, b'&' | b'#' | b';')) {
        found.extend(
            parameter(part).map(|(name, value)| Secret { name, value: start + value..start + part.len() }),
        );
        start += part.len() + 1;
    }
    for value in tokens(url).take_while(|_| token) {
        if !found.iter().any(|secret| secret.value.start < value.end && value.start < secret.value.end) {
            found.push(Secret { name: "JWT".to_owned(), value });
        }
    }
    found.sort_by_key(|secret| secret.value.start);
    found
}

fn replaced(url: &[u8], by: impl Fn(usize) -> Vec<u8>) -> Vec<u8> {
    let mut shown = Vec::with_capacity(url.len());
    let mut from = 0;
    for Secret { value, .. } in secrets(url) {
        shown.extend_from_slice(url.get(from..value.start).unwrap_or_default());
        shown.extend(by(value.len()));
        from = value.end;
    }
    shown.extend_from_slice(url.get(from..).unwrap_or_default());
    shown
}

/// The name of a secret parameter, and where in the part its value begins.
fn parameter(part: &[u8]) -> Option<(String, usize)> {
    let equals = part.iter().position(|byte| *byte == b'=').filter(|at| at + 1 < part.len())?;
    let name = part.get(..equals)?;
    let is = |window: &[u8], word: &str| window.eq_ignore_ascii_case(word.as_bytes());
    let value = part.get(equals + 1..).unwrap_or_default();
    if is(name, "code") && value.len() <= SHORT_CODE && value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let secret = PARAMETERS.iter().any(|word| is(name, word))
        || WORDS.iter().any(|word| name.windows(word.len()).any(|window| is(window, word)));
    secret.then(|| (String::from_utf8_lossy(name).into_owned(), equals + 1))
}

/// The password of `scheme://user:password@host`.
fn password(url: &[u8]) -> Option<Secret> {
    let start = memchr::memmem::find(url, b"://")? + 3;
    let authority = url.get(start..)?.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()?;
    // Of a target that begins with a path, what looks like this is in its query.
    if url.first() == Some(&b'/') {
        return None;
    }
    let at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', authority.get(..at)?)?;
    (colon + 1 < at).then(|| Secret { name: "password".to_owned(), value: start + colon + 1..start + at })
}

/// What has the shape of a JSON Web Token: three parts of base64url, of which the first begins as `{"` does.
fn tokens(url: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let belongs = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut start = 0;
    url.split(move |byte| !belongs(byte)).filter_map(move |run| {
        let (begin, end) = (start, start + run.len());
        start = end + 1;
        token(run).map(|offset| begin + offset..end)
    })
}

/// Where in a run of base64url and dots a JSON Web Token begins.
fn token(run: &[u8]) -> Option<usize> {
    let mut offset = 0;
    let mut parts = run.split(|byte| *byte == b'.').peekable();
    while let Some(head) = parts.next() {
        if head.starts_with(b"eyJ") && head.len() > 4 {
            let body = parts.next()?;
            return (!body.is_empty() && parts.peek().is_some()).then_some(offset);
        }
        offset += head.len() + 1;
    }
    None
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

/// What stands behind the length of a secret that people see: how to see it. Where that is not on a command line, it is
/// to be replaced.
pub const HINT: &str = "--reveal shows them";

fn masked(len: usize) -> String {
    format!("({len} byte{}, {HINT})", if len == 1 { "" } else { "s" })
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
        let masked = url(b"ws://a/?x=1&access_token=abc&key=k&token=");
        assert_eq!(
            String::from_utf8(masked).unwrap(),
            "ws://a/?x=1&access_token=(3 bytes, --reveal shows them)&key=(1 byte, --reveal shows them)&token="
        );
    }

    /// The token is the example of RFC 7519 section 3.1.
    #[test]
    fn what_programs_see() {
        let jwt = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        for (url, shown) in [
            ("/chat?room=1", "/chat?room=1"),
            ("/?token=abc&room=1", "/?token=***&room=1"),
            ("/?a=1;PWD=x", "/?a=1;PWD=***"),
            ("/close?code=1011&reason=x", "/close?code=1011&reason=x"),
            ("/?code=123456", "/?code=***"),
            ("/?code=a1", "/?code=***"),
            ("/?keyboard=qwerty&monkey=1", "/?keyboard=qwerty&monkey=1"),
            ("/#access_token=abc", "/#access_token=***"),
            ("ws://joe:pass@host/a@b", "ws://joe:***@host/a@b"),
            ("ws://joe@host/", "ws://joe@host/"),
            ("/?next=http://a:b@c", "/?next=http://a:b@c"),
            (&format!("/live/{jwt}/x"), "/live/***/x"),
            (&format!("/?t={jwt}"), "/?t=***"),
            (&format!("/?token={jwt}&x=2"), "/?token=***&x=2"),
            ("/eyJhbGciOiJub25lIn0.eyJhIjoxfQ.", "/***"),
            ("/eyJhbGci.eyJzdWIi", "/eyJhbGci.eyJzdWIi"),
            ("/eyJs.x.y", "/eyJs.x.y"),
            ("/v1.eyJhbGci.eyJzdWIi.c2ln", "/v1.***"),
        ] {
            assert_eq!(redacted_text(url), shown);
        }
        let names: Vec<String> =
            secrets(format!("/{jwt}?sig=a&x=1").as_bytes()).into_iter().map(|secret| secret.name).collect();
        assert_eq!(names, ["JWT", "sig"]);
    }
}
