//! The situations that the best TCP reassemblers test, one line each.

use super::wire::Wire;

fn outcome(script: &str) -> String {
    let mut wire = Wire::new();
    wire.run(script);
    wire.outcome()
}

/// Name, script, outcome.
type Scenario = (&'static str, &'static str, &'static str);

fn check(scenarios: &[Scenario]) {
    let mut wrong = String::new();
    for (name, script, expected) in scenarios {
        let outcome = outcome(script);
        if outcome != *expected {
            wrong += &format!("{name}:\n  {script}\n  expected {expected}\n  got      {outcome}\n");
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn order() {
    check(&[
        ("sequential", "c S -; s S; c; c 0 =abc; s 0 =xy a3; c 3 =def a2", "c:abc s:xy c:def"),
        ("swapped", "c S -; s S; c 3 =def; c 0 =abc", "c:abcdef"),
    ]);
}
