//! `wscope inspect`.

use crate::run::{file, output, run};
use crate::support::talk::{self, Talk, Who, capture};

#[test]
fn places() {
    for (file, place) in [
        ("chromium-echo.pcapng", "1.f1"),
        ("chromium-echo.pcapng", "1.f2"),
        ("chromium-echo.pcapng", "1.m1"),
        ("chromium-echo.pcapng", "1.h"),
        ("fragments-pings.pcapng", "1.f6"),
        ("fragments-pings.pcapng", "1.m9"),
        ("fragments-pings.pcapng", "1.f4"),
        ("large-messages.pcap.gz", "1.f3"),
        ("close-codes.pcapng", "6"),
        ("close-codes.pcapng", "6.m3"),
        ("refused-then-accepted.pcapng", "1"),
        ("mid-stream.pcapng", "1"),
        ("mid-stream.pcapng", "1.h"),
        ("snaplen-96.pcap", "1.m1"),
    ] {
        insta::assert_snapshot!(format!("inspect_{file}_{place}"), output(&["inspect", file, place]));
    }
}

#[test]
fn ascii_is_ascii() {
    for place in ["1", "1.h", "1.f1", "1.m9", "1.m18", "1.m23"] {
        let text = output(&["inspect", "--ascii", "chromium-echo.pcapng", place]);
        assert!(text.is_ascii(), "{text}");
    }
    assert!(output(&["inspect", "--ascii", "large-messages.pcap.gz", "1.f3"]).is_ascii());
}

#[test]
fn places_that_are_not_there() {
    for (file, place, remark) in [
        (
            "close-codes.pcapng",
            "11",
            "there is no connection 11: the capture holds 1 to 10; `wscope ls` lists them",
        ),
        ("mid-stream.pcapng", "2.f1", "there is no connection 2: the capture holds only connection 1"),
        ("close-codes.pcapng", "6.f9", "there is no 6.f9: connection 6 has 6.f1 to 6.f4"),
        ("close-codes.pcapng", "6.m9", "there is no 6.m9: connection 6 has 6.m1 to 6.m4"),
        ("refused-then-accepted.pcapng", "1.m1", "there is no 1.m1: connection 1 has no messages"),
    ] {
        let ran = run(&["inspect", file, place]);
        assert_eq!(ran.all(), format!("--- stderr ---\nerror: {remark}\n--- exit 2 ---\n"));
    }
}

#[test]
fn secrets_are_masked_until_asked_for() {
    let mut talk = Talk::open();
    let mut request = talk::request(
        "Authorization: Bearer hunter2\r\nCookie: sid=hunter2; a=b\r\nX-Api-Key: hunter2\r\nOrigin: http://fine\r\n",
    );
    let target = b"GET /chat?room=1&access_token=hunter2&key=hunter2 HTTP/1.1";
    request.splice(..b"GET /chat HTTP/1.1".len(), target.iter().copied());
    talk.send(Who::Client, &request, 9_999);
    talk.send(Who::Server, &talk::response("Set-Cookie: s=hunter2; Path=/\r\n"), 9_999);
    let (_folder, path) = file("a.pcap", &capture(&talk.segments));
    let path = path.to_str().unwrap();
    for place in ["1", "1.h"] {
        let text = output(&["inspect", path, place]);
        assert!(!text.contains("hunter2"), "{text}");
        for shown in ["room=1", "http://fine", "Cookie: (16 bytes, --reveal shows them)"] {
            assert!(text.contains(shown), "{text}");
        }
        let revealed = output(&["inspect", "--reveal", path, place]);
        assert_eq!(revealed.matches("hunter2").count(), 8, "{revealed}");
    }
}
