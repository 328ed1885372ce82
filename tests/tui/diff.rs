//! Two messages compared.

use wscope::tui::drive::Driver;
use wscope::tui::model::Effect;

use super::{open_script, pictures};

const ORDERS: &str = r#"
    open
    s text '{"type":"order","id":88121,"status":"open","filled":0,"tags":["a","b"]}'
    s ping 'x'
    c pong 'x'
    s text '{"type":"order","id":88121,"status":"filled","filled":1.25,"tags":["a","b"],"fee":{"ccy":"USDT","amount":0.61}}'
    s text '{"type":"order","id":88121,"status":"filled","filled":1.25,"tags":["a","b"],"fee":{"ccy":"USDT","amount":0.61}}'
"#;

fn orders() -> Driver {
    let mut driver = open_script(ORDERS);
    driver.press("2");
    driver.app.model.select_message(3);
    driver
}

#[test]
fn without_marks_it_is_the_one_before_of_its_kind() {
    let mut driver = orders();
    pictures("diff", driver.press("d"));
    driver.press("n");
    driver.press("y");
    let copied = driver.effects.iter().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.clone()),
        _ => None,
    });
    let patch = copied.unwrap();
    assert!(patch.contains("-   \"filled\": 0\n+   \"status\": \"filled\"\n"), "{patch}");
    driver.press("<Esc>");
    assert_eq!(driver.app.depth(), 1);
}

#[test]
fn marks_say_which() {
    let mut driver = orders();
    driver.app.model.marks = vec![4, 3];
    driver.press("d");
    assert!(driver.text().contains("0 changed · 0 removed · 0 added"), "{}", driver.text());
    assert!(driver.text().contains("1.m4") && driver.text().contains("1.m5"));
    driver.press("<Esc>");
    driver.app.model.marks = vec![4];
    driver.app.model.select_message(0);
    driver.press("d");
    assert!(driver.text().contains("1.m1") && driver.text().contains("1.m5"));
}

#[test]
fn one_alone_cannot_be_compared() {
    let mut driver = orders();
    driver.app.model.select_message(1);
    driver.press("d");
    assert!(driver.line(35).contains("nothing to compare"), "{}", driver.line(35));
}
