use super::*;
use crate::item::At;
use crate::packet::segment::Endpoint;
use crate::rules;

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("sub/wscope.toml")).unwrap()
}

fn refused(text: &str) -> String {
    Config::parse(text, Path::new("wscope.toml")).unwrap_err().to_string()
}

fn subject(host: &str, path: &str) -> Subject {
    Subject {
        conn: 1,
        client: Endpoint::v4([10, 0, 0, 1], 50_000),
        server: Endpoint::v4([10, 0, 0, 2], 80),
        url: None,
        host: Some(host.to_owned()),
        path: Some(path.to_owned()),
        subprotocol: None,
        opened: At::default(),
    }
}

fn date(text: &str) -> Date {
    text.parse::<Datetime>().unwrap().date.unwrap()
}

const FINGERPRINT: &str = "00112233445566778899aabbccddeeff";

/// The example in the module's documentation.
fn example() -> String {
    let source = include_str!("../config.rs");
    let lines = source.lines().skip_while(|line| *line != "//! ```toml").skip(1);
    let lines = lines.take_while(|line| *line != "//! ```");
    lines.map(|line| line.trim_start_matches("//!").trim_start().to_owned() + "\n").collect()
}

#[test]
fn the_example() {
    let config = parse(&example());
    assert_eq!(config.rules.select.as_ref().map(Vec::len), Some(2));
    assert_eq!(config.rules.ignore, ["N".parse::<Selector>().unwrap()]);
    assert_eq!((config.severity, config.fail_on), (Some(Level::Warning), Some(Level::Error)));
    assert_eq!(config.baseline.as_deref(), Some(Path::new("sub/wscope-baseline.json")));
    assert_eq!((config.max_findings, config.strict, config.allow_empty), (Some(1000), true, false));
    let [suppression] = &*config.suppress else { panic!("{config:?}") };
    assert_eq!(suppression.reason, "the old client, see ticket 12");
    assert_eq!(suppression.direction, Some(Dir::C2s));
    assert_eq!(suppression.fingerprint.as_deref(), Some(FINGERPRINT));
    assert_eq!(suppression.expires, Some(Date { year: 2027, month: 1, day: 31 }));
    assert_eq!(config.place(suppression), "sub/wscope.toml:11");
    assert!(parse("").suppress.is_empty());
}

#[test]
fn faults_name_their_line() {
    for (text, expected) in [
        ("[check]\nselct = [\"F\"]", "wscope.toml:2: unknown key `selct`; did you mean `select`?"),
        ("\n[chekc]\n", "wscope.toml:2: unknown key `chekc`; did you mean `check`?"),
        ("colour = 1", "wscope.toml:1: unknown key `colour`; wscope.toml takes check, suppress"),
        (
            "[check]\nselect = [\"F\",\n\"client-unmaskd\"]",
            "wscope.toml:3: there is no rule `client-unmaskd`; did you mean `client-unmasked`?",
        ),
        ("[check]\nselect = 1", "wscope.toml:2: `select` must be a list"),
        ("[check]\nselect = [1]", "wscope.toml:2: `select` must be a string"),
        (
            "[check]\nseverity = \"bad\"",
            "wscope.toml:2: `severity` must be \"error\", \"warning\" or \"note\"",
        ),
        ("[check]\nstrict = 1", "wscope.toml:2: `strict` must be true or false"),
        ("[check]\nmax-findings = -1", "wscope.toml:2: `max-findings` must be a number from 0"),
        ("check = 1", "wscope.toml:1: `check` must be a table"),
        ("suppress = 1", "wscope.toml:1: `suppress` must be a list"),
        ("[suppress]\nrule = \"F\"", "wscope.toml:1: write [[suppress]], in two pairs of brackets"),
        (
            "[check]\nselect = \"\"",
            "wscope.toml:2: a rule is missing: write codes, their beginnings, names or all, by comma",
        ),
        ("suppress = [1]", "wscope.toml:1: `suppress` must be a table"),
        ("\n[[suppress]]\nrule = \"F\"", "wscope.toml:2: [[suppress]] needs `reason`"),
        ("[[suppress]]\nreason = \"x\"", "wscope.toml:1: [[suppress]] needs `rule`"),
        ("[[suppress]]\nrule = \"F\"\nreason = \" \"", "wscope.toml:3: a suppression needs a reason"),
        (
            "[[suppress]]\nrule = \"F\"\nreason = \"x\"\nreasn = \"x\"",
            "wscope.toml:4: unknown key `reasn`; did you mean `reason`?",
        ),
        (
            "[[suppress]]\nrule = \"F\"\nreason = \"x\"\nexpires = \"2027-01-31\"",
            "wscope.toml:4: `expires` must be a date, such as 2027-01-31",
        ),
        (
            "[[suppress]]\nrule = \"F\"\nreason = \"x\"\nexpires = 2027-01-31T00:00:00Z",
            "wscope.toml:4: `expires` must be a date, such as 2027-01-31",
        ),
        (
            "[[suppress]]\nrule = \"F\"\nreason = \"x\"\ndirection = \"up\"",
            "wscope.toml:4: `direction` must be \"c2s\" or \"s2c\"",
        ),
        (
            "[[suppress]]\nrule = \"F\"\nreason = \"x\"\nfingerprint = \"ab\"",
            "wscope.toml:4: `fingerprint` must be 32 hexadecimal digits, in lower case",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text}");
    }
    assert!(
        refused("[[suppress]]\nrule = \"F\"\nreason = \"x\"\nhost = \"[\"")
            .contains(":4: `[` is no pattern: ")
    );
    let syntax = refused("[check]\nselect = [");
    assert!(syntax.starts_with("wscope.toml:2: "), "{syntax}");
}

#[test]
fn what_a_suppression_covers() {
    let finding = Finding::new(rules::find("F004").unwrap(), Dir::C2s, At::default(), "x");
    let here = subject("eu.example.com:8080", "/api/7/chat");
    let covers = |lines: &str| {
        let config = parse(&format!("[[suppress]]\nreason = \"x\"\n{lines}"));
        config.suppress[0].matches(&finding, Some(&here), FINGERPRINT)
    };
    let rest = format!(
        "rule = \"F\"\nhost = \"*.Example.com\"\npath = \"/api/*/chat\"\ndirection = \"c2s\"\nfingerprint = \"{FINGERPRINT}\""
    );
    assert!(covers(&rest));
    assert!(covers("rule = \"client-unmasked\"\nhost = \"eu.example.com:8080\""));
    assert!(covers("rule = \"all\"\npath = \"/api/**\""));
    for lines in [
        "rule = \"F005\"",
        "rule = \"F\"\nhost = \"example.com\"",
        "rule = \"F\"\nhost = \"eu.example.com:80\"",
        "rule = \"F\"\npath = \"/api/*\"",
        "rule = \"F\"\npath = \"/API/**\"",
        "rule = \"F\"\ndirection = \"s2c\"",
        "rule = \"F\"\nfingerprint = \"ff112233445566778899aabbccddeeff\"",
    ] {
        assert!(!covers(lines), "{lines}");
    }
    let config = parse("[[suppress]]\nreason = \"x\"\nrule = \"F\"\nhost = \"[::1]\"");
    let six = [("[::1]:8080", true), ("[::1]", true), ("[::2]:8080", false)];
    for (host, covered) in six {
        assert_eq!(config.suppress[0].matches(&finding, Some(&subject(host, "/")), FINGERPRINT), covered);
    }
    let config = parse("[[suppress]]\nreason = \"x\"\nrule = \"F\"\nhost = \"*\"");
    assert!(!config.suppress[0].matches(&finding, None, FINGERPRINT), "no host is known");
}

#[test]
fn the_last_day_is_included() {
    let config = parse("[[suppress]]\nreason = \"x\"\nrule = \"F\"\nexpires = 2027-01-31");
    let on = |text: &str| config.suppress[0].expired(date(text));
    assert_eq!(["2026-12-31", "2027-01-31", "2027-02-01", "2028-01-01"].map(on), [false, false, true, true]);
    assert!(!parse("[[suppress]]\nreason = \"x\"\nrule = \"F\"").suppress[0].expired(date("9999-12-31")));
}

#[test]
fn days() {
    let date = |nanos| day(Timestamp::from_nanos(nanos)).unwrap().to_string();
    assert_eq!(date(1_795_168_800_000_000_000), "2026-11-20");
    assert_eq!(date(0), "1970-01-01");
    assert_eq!(date(i64::MAX), "2262-04-11");
}

#[test]
fn the_nearest_file_within_the_checkout() {
    let top = tempfile::tempdir().unwrap();
    let inner = top.path().join("repo/a/b");
    fs::create_dir_all(&inner).unwrap();
    fs::write(top.path().join(NAME), "").unwrap();
    assert_eq!(find(&inner), Some(top.path().join(NAME)));
    fs::create_dir(top.path().join("repo/.git")).unwrap();
    assert_eq!(find(&inner), None);
    fs::write(top.path().join("repo").join(NAME), "").unwrap();
    assert_eq!(find(&inner), Some(top.path().join("repo").join(NAME)));
    fs::write(inner.join(NAME), "").unwrap();
    assert_eq!(find(&inner), Some(inner.join(NAME)));
}

/// The example in the document on continuous integration, which is not in the published package.
#[test]
fn the_example_of_the_document() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md");
    let Ok(document) = fs::read_to_string(file) else { return };
    let lines = document.lines().skip_while(|line| *line != "```toml").skip(1);
    let example: Vec<&str> = lines.take_while(|line| *line != "```").collect();
    let config = parse(&example.join("\n"));
    // Whatever there is to say is said there.
    assert!(config.rules.select.is_some() && !config.rules.ignore.is_empty());
    assert!(config.severity.is_some() && config.fail_on.is_some() && config.max_findings.is_some());
    assert!(config.baseline.is_some() && config.strict && config.allow_empty);
    let [first, ..] = &*config.suppress else { panic!("{config:?}") };
    assert!(first.host.is_some() && first.path.is_some() && first.direction.is_some());
    assert!(first.fingerprint.is_some() && first.expires.is_some());
}
