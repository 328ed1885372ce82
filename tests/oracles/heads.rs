//! HTTP heads as httparse reads them. It refuses what is not proper; whatever it reads, we read the same.

use proptest::prelude::*;
use wscope::http::upgrade::{Header, Request, Response};
use wscope::item::At;

use crate::support::talk;

fn headers(theirs: &[httparse::Header<'_>]) -> Vec<Header> {
    theirs
        .iter()
        .map(|header| Header { name: header.name.as_bytes().to_vec(), value: header.value.to_vec() })
        .collect()
}

fn compare_request(head: &[u8]) -> Result<bool, TestCaseError> {
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut theirs = httparse::Request::new(&mut slots);
    let Ok(httparse::Status::Complete(len)) = theirs.parse(head) else { return Ok(false) };
    // The empty lines that may precede a request are taken off before a head is read.
    let start = head.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let ours = Request::parse(&head[start..len], At::default(), At::default());
    prop_assert_eq!(&ours.method[..], theirs.method.unwrap().as_bytes());
    prop_assert_eq!(&ours.target[..], theirs.path.unwrap().as_bytes());
    prop_assert_eq!(ours.version, format!("1.{}", theirs.version.unwrap()).into_bytes());
    prop_assert_eq!(ours.headers, headers(theirs.headers));
    Ok(true)
}

fn compare_response(head: &[u8]) -> Result<bool, TestCaseError> {
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut theirs = httparse::Response::new(&mut slots);
    let Ok(httparse::Status::Complete(len)) = theirs.parse(head) else { return Ok(false) };
    let start = head.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let ours = Response::parse(&head[start..len], At::default(), At::default());
    prop_assert_eq!(ours.status, theirs.code.unwrap());
    prop_assert_eq!(ours.version, format!("1.{}", theirs.version.unwrap()).into_bytes());
    // A reason that is no ASCII is left out there, and white space around it left in.
    if ours.reason.is_ascii() {
        prop_assert_eq!(&ours.reason[..], theirs.reason.unwrap().as_bytes().trim_ascii());
    }
    prop_assert_eq!(ours.headers, headers(theirs.headers));
    Ok(true)
}

fn lines() -> impl Strategy<Value = String> {
    prop::collection::vec("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}:[ \t]{0,3}[ -~\t]{0,24}[ \t]{0,2}\r?\n", 0..8)
        .prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_heads(blank in "(\r\n){0,2}", lines in lines(), method in "[A-Z]{1,8}", target in "/[!-~]{0,30}", reason in "[ -~]{0,12}", code in 100..1000_u16) {
        let request = format!("{blank}{method} {target} HTTP/1.1\r\n{lines}\r\n");
        prop_assert!(compare_request(request.as_bytes())?, "{request:?}");
        let response = format!("{blank}HTTP/1.1 {code} {reason}\r\n{lines}\r\n");
        prop_assert!(compare_response(response.as_bytes())?, "{response:?}");
    }

    #[test]
    fn heads_with_faults(faults in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let (mut request, mut response) = (talk::request("X-Y:  a b \r\n"), talk::response("Set-Cookie:\ta=b;\r\n"));
        for head in [&mut request, &mut response] {
            for (at, byte) in &faults {
                let at = at.index(head.len());
                head[at] = *byte;
            }
        }
        compare_request(&request)?;
        compare_response(&response)?;
    }
}
