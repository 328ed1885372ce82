//! Autobahn's section 7: the closing handshake.

use super::*;

#[test]
fn section_7_closing() {
    run(&[
        ("7.1.1", "c text 'Hello World!' | close 1000\ns text 'Hello World!' | close 1000", None),
        ("7.1.2", "c close 1000 | close 1000\ns close 1000", None),
        ("7.1.3", "c close 1000 | ping\ns close 1000", None),
        ("7.1.4", "c close 1000 | text 'Hello World!'\ns close 1000", None),
        ("7.1.5", "c text -fin 'fragment1' | close 1000 | cont 'fragment2'\ns close 1000", None),
        ("7.3.1", "c close\ns close", None),
        ("7.3.2", "c close 61", Some(1002)),
        ("7.3.3", "c close 1000\ns close 1000", None),
        ("7.3.4", "c close 1000 'Hello World!'\ns close 1000", None),
        ("7.3.5", "c close 1000 '*' *123\ns close 1000", None),
        ("7.3.6", "c close 1000 '*' *124", Some(1002)),
        ("7.5.1", "c close 1000 cebae1bdb9cf83cebcceb5eda080656469746564", Some(1007)),
    ]);
}

#[test]
fn section_7_7_codes_that_may_be_sent() {
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        let script = format!("c close {code}\ns close {code}");
        run(&[(&script, &script, None)]);
    }
    // A client's code, which a server must not send.
    run(&[("7.7.8", "c close 1010\ns close 1000", None)]);
}

#[test]
fn section_7_9_codes_that_may_not() {
    for code in
        ["0000", "0999", "1004", "1005", "1006", "1015", "1016", "1100", "2000", "2999", "5000", "65535"]
    {
        let script = format!("c close {code}");
        run(&[(&script, &script, Some(1002))]);
    }
}

/// 7.1.6: a large message, then a Close, then a Ping.
#[test]
fn section_7_1_6_behind_a_large_message() {
    let script = "c text 'BAsd7&jh23' *26214 | text 'Hello World!' | close 1000 | ping\ns text 'BAsd7&jh23' *26214 | text 'Hello World!' | close 1000";
    run(&[("7.1.6", script, None)]);
}

#[test]
fn what_was_closed_is_told() {
    let answer = echo(&bytes("c close 3001 'so long'", Dir::C2s));
    assert_eq!(answer.events, [Event::Closed { code: Some(3001), reason: "so long".into() }]);
    assert!(answer.endpoint.is_over());
}
