//! The opening handshake.

use wscope::tui::model::Effect;
use wscope::tui::view::ViewId;

use super::findings::scripted;
use super::{open, picture, pictures};

#[test]
fn pictures_of_a_handshake() {
    pictures("handshake", open("deflate-no-takeover-websockets.pcapng").press("6"));
    pictures("handshake_browser", open("chromium-echo.pcapng").press("6"));
}

#[test]
fn pictures_of_refusals() {
    let mut driver = open("refused-then-accepted.pcapng");
    driver.press("6");
    pictures("handshake_refused", &mut driver);
    driver.resize(120, 36).press("J");
    insta::assert_snapshot!("handshake_secret", picture(&driver));
    driver.press("JJ");
    insta::assert_snapshot!("handshake_426", picture(&driver));
}

#[test]
fn pictures_of_what_is_missing() {
    pictures("handshake_none", open("mid-stream.pcapng").press("6"));
    let (_folder, mut driver) = scripted("lan\nrequest\nc text 'early'");
    insta::assert_snapshot!("handshake_unanswered", picture(driver.press("6")));
}

#[test]
fn faults_stand_below_their_lines() {
    let script = "lan
        request
        + Cookie: session=abc
        - Upgrade
        response
        = Sec-WebSocket-Accept: nonsense
        + X-Hostile: a\x1b[2Jb
        s text 'x'";
    let (_folder, mut driver) = scripted(script);
    driver.press("6");
    insta::assert_snapshot!("handshake_faults", picture(&driver));
    assert!(driver.text().contains("no match"), "{}", driver.text());
    assert!(!driver.text().contains('\x1b'));
    driver.press("x");
    let first = driver.app.model.finding;
    driver.press("x");
    assert!(first.is_some() && driver.app.model.finding.is_some() && driver.app.model.finding != first);
    driver.press("<Enter>");
    assert_eq!(driver.app.model.view, ViewId::Findings);
}

#[test]
fn secrets_are_masked_until_they_are_asked_for() {
    let mut driver = open("refused-then-accepted.pcapng");
    driver.press("6J");
    assert!(driver.text().contains("V shows them"), "{}", driver.text());
    let masked = driver.text();
    driver.press("V");
    assert!(!driver.text().contains("V shows them"), "{}", driver.text());
    assert!(driver.text().contains("Authorization"));
    driver.press("V");
    assert_eq!(driver.text().lines().nth(6), masked.lines().nth(6));
}

#[test]
fn it_is_searched_and_copied() {
    let mut driver = open("deflate-no-takeover-websockets.pcapng");
    driver.press("6/").type_text("UPGRADE").press("<Enter>");
    let Some(line) =
        driver.text().lines().find(|line| line.to_lowercase().contains("upgrade")).map(str::to_owned)
    else {
        panic!("{}", driver.text());
    };
    driver.press("yy");
    let Some(Effect::Copy { text, .. }) = driver.effects.last() else { panic!() };
    assert!(text.to_lowercase().contains("upgrade"), "{text} {line}");
    let first = text.clone();
    driver.press("nyy");
    let Some(Effect::Copy { text, .. }) = driver.effects.last() else { panic!() };
    assert!(text.to_lowercase().contains("upgrade") && *text != first, "{text}");
    driver.press("/").type_text("nowhere at all").press("<Enter>");
    assert!(driver.text().contains("is not in this handshake"), "{}", driver.text());
    driver.press("yi");
    assert!(matches!(driver.effects.last(), Some(Effect::Copy { text, .. }) if text == "1.h"));
}

#[test]
fn connections_are_gone_through() {
    let mut driver = open("refused-then-accepted.pcapng");
    driver.press("6JJ");
    assert_eq!(driver.app.model.conn, Some(3));
    driver.press("KKK");
    assert_eq!(driver.app.model.conn, Some(1));
    assert!(driver.text().contains("first connection"), "{}", driver.text());
    driver.press("JJJJJJJJ");
    assert!(driver.text().contains("last connection"), "{}", driver.text());
}
