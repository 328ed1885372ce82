//! Answers that are no WebSocket: the page, and refusals.

use std::borrow::Cow;

use super::traffic::Traffic;
use crate::endpoint::handshake::Refusal;
use crate::http::upgrade::Request;

/// An HTTP response.
pub(super) struct Page {
    pub(super) bytes: Vec<u8>,
    pub(super) status: u16,
    pub(super) why: Cow<'static, str>,
}

/// The answer to a request that does not ask for a WebSocket.
pub(super) fn answer(request: &Request, target: &str) -> Page {
    let head = request.method() == b"HEAD";
    if !head && request.method() != b"GET" {
        return refused(&Refusal::new(405, "only GET is understood"));
    }
    let path = target.split('?').next().unwrap_or_default();
    match path {
        "/" => {
            let body = if head { "" } else { PAGE };
            Page { bytes: response(200, PAGE_HEADERS, PAGE.len(), body), status: 200, why: "the page".into() }
        }
        "/favicon.ico" => {
            Page { bytes: response(204, "", 0, ""), status: 204, why: "there is no icon".into() }
        }
        _ if Traffic::of(target).is_some() => refused(&Refusal::new(426, "this path is a WebSocket")),
        _ => refused(&Refusal::new(404, "there is no such path")),
    }
}

/// A refusal as a response.
pub(super) fn refusal(refusal: &Refusal) -> Vec<u8> {
    let body = format!("{}\n", refusal.why);
    let headers = format!("{}Content-Type: text/plain; charset=utf-8\r\n", refusal.header());
    response(refusal.status, &headers, body.len(), &body)
}

fn refused(why: &Refusal) -> Page {
    Page { bytes: refusal(why), status: why.status, why: why.why.clone() }
}

fn response(status: u16, headers: &str, len: usize, body: &str) -> Vec<u8> {
    let reason = match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Error",
    };
    // A 426 has a Connection header already, to which this one is added as to a list.
    let length = if status == 204 { String::new() } else { format!("Content-Length: {len}\r\n") };
    let text = format!(
        "HTTP/1.1 {status} {reason}\r\n{headers}{length}Cache-Control: no-store\r\nConnection: close\r\n\r\n{body}"
    );
    text.into_bytes()
}

const PAGE: &str = include_str!("page.html");

/// What the page may do: talk to WebSockets, and nothing else.
const PAGE_HEADERS: &str = "Content-Type: text/html; charset=utf-8\r\nContent-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::upgrade::Response;
    use crate::item::At;

    #[test]
    fn responses_are_well_formed() {
        for (request, status) in [
            ("GET / HTTP/1.1", 200),
            ("HEAD / HTTP/1.1", 200),
            ("POST / HTTP/1.1", 405),
            ("GET /echo HTTP/1.1", 426),
            ("GET /nothing HTTP/1.1", 404),
            ("GET /favicon.ico HTTP/1.1", 204),
        ] {
            let head = format!("{request}\r\n\r\n");
            let request = Request::parse(head.as_bytes(), At::default(), At::default());
            let page = answer(&request, &String::from_utf8_lossy(request.target()));
            let end = crate::endpoint::handshake::head_end(&page.bytes).unwrap();
            let response = Response::parse(&page.bytes[..end], At::default(), At::default());
            assert_eq!((page.status, response.status, response.faults()), (status, status, &[][..]));
            let len: usize = response
                .header("content-length")
                .next()
                .map_or(0, |len| std::str::from_utf8(len).unwrap().parse().unwrap());
            assert_eq!(page.bytes.len() - end, if request.method() == b"HEAD" { 0 } else { len });
        }
    }

    #[test]
    fn the_page_loads_nothing() {
        for word in ["src=", "href=", "@import", "url(", "http://", "https://", "fetch("] {
            assert!(!PAGE.contains(word), "{word}");
        }
    }
}
