//! S004: cross-site WebSocket hijacking.

use std::net::IpAddr;

use crate::http::upgrade::Request;
use crate::item::Dir;
use crate::rule;
use crate::rules::facts::Opening;
use crate::rules::finding::Finding;
use crate::rules::head;

rule! {
    /// A page of one site opened a WebSocket to another one, its cookies went along, and the server accepted.
    /// Browsers do not keep pages from this, so a page of an attacker can talk to the service in the name of
    /// whoever visits it, unless the server checks Origin. Where the two sites belong together nothing is
    /// wrong. Two names are taken for one site where their last two labels are equal: an approximation, as
    /// `co.uk` and its like are not known.
    pub(super) static ORIGIN_FOREIGN = {
        code: "S004", name: "origin-foreign", level: Warning, source: "RFC 6455 10.2",
        quote: "Servers that are not intended to process input from any web page but only for certain sites SHOULD verify the |Origin| field is an origin they expect.",
        summary: "another site's page is accepted with cookies",
        reaction: "A server that does not expect the origin answers 403.",
        bad: ["request\n+ Origin: https://evil.example.net\n+ Cookie: id=1\nresponse"],
        good: ["request\n+ Origin: https://evil.example.net\nresponse"],
    }
}

pub(super) fn check(opening: &Opening<'_>, found: &mut Vec<Finding>) {
    let handshake = opening.handshake;
    let Some(request) = handshake.request.as_ref().filter(|_| handshake.upgraded()) else { return };
    let header = |name| request.headers().named(name).next();
    let (Some(origin), Some(_)) = (header("origin"), header("cookie")) else { return };
    let (Some(from), Some(to)) = (origin_host(origin.value), target_host(request)) else { return };
    if !same_site(&from, &to) {
        let text = format!("a page of {from} was accepted with cookies by {to}");
        let finding = Finding::new(&ORIGIN_FOREIGN, Dir::C2s, request.first, text);
        found.push(finding.with(head::line(origin, "another site than Host")));
    }
}

/// The host of a web page's origin; `null` and origins of other schemes have none.
fn origin_host(origin: &[u8]) -> Option<String> {
    let origin = std::str::from_utf8(origin).ok()?;
    let (scheme, authority) = origin.split_once("://")?;
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    web.then(|| host(authority)).flatten()
}

/// The host that is asked: of a whole URI in the target, else of Host.
fn target_host(request: &Request) -> Option<String> {
    let target = std::str::from_utf8(request.target()).unwrap_or_default();
    if let Some((_, rest)) = target.split_once("://").filter(|_| !target.starts_with('/')) {
        return host(rest.split(['/', '?']).next()?);
    }
    host(std::str::from_utf8(request.header("host").next()?).ok()?)
}

/// Of `host:port` the host in lower case, without the brackets of an IPv6 address and a dot at its end.
fn host(authority: &str) -> Option<String> {
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => authority.split(':').next()?,
    };
    let valid =
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':'));
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    (valid && !host.is_empty()).then_some(host)
}

fn same_site(one: &str, other: &str) -> bool {
    let address = |host: &str| host.parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
    let local = |host: &str| {
        host == "localhost"
            || host.ends_with(".localhost")
            || address(host).is_some_and(|ip| ip.is_loopback())
    };
    if one == other || local(one) && local(other) {
        return true;
    }
    match (address(one), address(other)) {
        (None, None) => site(one) == site(other),
        (one, other) => one == other,
    }
}

/// The last two labels.
fn site(host: &str) -> &str {
    host.rmatch_indices('.').nth(1).map_or(host, |(at, _)| host.get(at + 1..).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::rules::head::tests::found;

    #[test]
    fn sites() {
        for (origin, host, foreign) in [
            ("https://evil.example.net", "server.example.com", true),
            ("https://evil.com:8443", "bank.com", true),
            ("https://localhost", "bank.com", true),
            ("http://192.0.2.1", "192.0.2.2", true),
            ("http://192.0.2.1", "10.0.2.1", true),
            ("http://[2001:db8::1]", "[2001:db8::2]:80", true),
            ("https://localhost.evil.com", "localhost", true),
            ("https://www.example.com", "server.example.com:8080", false),
            ("https://EXAMPLE.com.", "a.b.example.COM", false),
            ("http://localhost:3000", "127.0.0.1:8080", false),
            ("http://app.localhost", "[::1]:80", false),
            ("http://[2001:db8:0::1]:1", "[2001:db8::1]", false),
            ("null", "bank.com", false),
            ("file://", "bank.com", false),
            ("chrome-extension://abc", "bank.com", false),
            ("https://", "bank.com", false),
            ("https://evil.com", "", false),
        ] {
            let request = |rest: &str| format!("-Host\n+Host: {host}\n+Origin: {origin}\n{rest}");
            let all = found(check, &request("+Cookie: a=b"), "");
            assert_eq!(!all.is_empty(), foreign, "{origin} {host}: {all:?}");
            assert!(found(check, &request(""), "").is_empty(), "no cookies");
            assert!(found(check, &request("+Cookie: a=b"), "HTTP/1.1 403 Forbidden").is_empty(), "refused");
        }
        assert_eq!(
            found(check, "+Origin: https://evil.com\n+Cookie: a=b", ""),
            ["S004 a page of evil.com was accepted with cookies by server.example.com"]
        );
        let absolute =
            "GET ws://bank.com/x HTTP/1.1\n-Host\n+Host: evil.com\n+Origin: http://evil.com\n+Cookie: a";
        assert_eq!(found(check, absolute, "").len(), 1);
    }
}
