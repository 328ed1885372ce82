//! What was known before: a JSON file with the fingerprints of findings.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::rules::Finding;

use super::fingerprint::is_fingerprint;

/// Different findings that a baseline may hold.
pub const MOST: usize = 100_000;

/// Findings that are known, read from a file. A finding is known if its fingerprint is there, however often
/// it was found then and now.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// The file as it is named in messages.
    pub file: PathBuf,
    /// Fingerprint to what is said of it.
    entries: HashMap<String, Known>,
}

#[derive(Clone, Debug)]
struct Known {
    rule: Option<String>,
    text: String,
    used: bool,
}

/// A baseline that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It cannot be read.
    #[error("cannot read the baseline {}", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// It is none.
    #[error("{} is no baseline and no JSON report: {message}", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
}

/// What is read: a baseline, or a report that says more.
#[derive(Deserialize)]
struct Document {
    findings: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    fingerprint: String,
    #[serde(default)]
    rule: serde_json::Value,
    #[serde(default)]
    text: serde_json::Value,
    suppressed: Option<IgnoredAny>,
}

impl Baseline {
    /// Reads a baseline, or the JSON report of an earlier audit; what a suppression covered there is not
    /// known by that.
    ///
    /// # Errors
    /// Where the file cannot be read, or has no list of findings with fingerprints.
    pub fn read(file: &Path) -> Result<Self, BaselineError> {
        let bytes = fs::read(file).map_err(|error| BaselineError::Io(file.to_owned(), error))?;
        Self::parse(&bytes, file)
    }

    /// Takes the content of a file that is named `file` in messages.
    ///
    /// # Errors
    /// As [`Baseline::read`].
    pub fn parse(bytes: &[u8], file: &Path) -> Result<Self, BaselineError> {
        let fault = |message| BaselineError::Content { file: file.to_owned(), message };
        let document: Document = serde_json::from_slice(bytes).map_err(|error| fault(error.to_string()))?;
        let mut entries = HashMap::new();
        for listed in document.findings {
            if !is_fingerprint(&listed.fingerprint) {
                let message =
                    format!("the fingerprint `{}` is not 32 hexadecimal digits", listed.fingerprint);
                return Err(fault(message));
            }
            if listed.suppressed.is_some() {
                continue;
            }
            // A report may say more of the rule than its code.
            let rule = listed.rule.get("code").unwrap_or(&listed.rule).as_str().map(str::to_owned);
            let text = listed.text.as_str().unwrap_or_default().to_owned();
            entries.entry(listed.fingerprint).or_insert(Known { rule, text, used: false });
        }
        Ok(Self { file: file.to_owned(), entries })
    }

    /// Whether a finding is known; if so, its entry was needed.
    pub fn knows(&mut self, fingerprint: &str) -> bool {
        let known = self.entries.get_mut(fingerprint);
        known.map(|known| known.used = true).is_some()
    }

    /// Entries that were not needed, of rules that were looked at: fingerprint, rule and text in a line.
    pub(super) fn unused(&self, looked_at: impl Fn(&str) -> bool) -> Vec<String> {
        let unused = self.entries.iter().filter(|(_, known)| !known.used);
        let mut lines: Vec<String> = unused
            .filter(|(_, known)| known.rule.as_deref().is_none_or(&looked_at))
            .map(|(fingerprint, Known { rule, text, .. })| match rule {
                Some(rule) if text.is_empty() => format!("{rule} {fingerprint}"),
                Some(rule) => format!("{rule} {fingerprint}: {text}"),
                None => fingerprint.clone(),
            })
            .collect();
        lines.sort_unstable();
        lines
    }
}

/// Findings that a new baseline is to hold.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// By rule and fingerprint, which is the order in the file.
    entries: BTreeMap<(String, String), Counted>,
    full: bool,
}

#[derive(Clone, Debug)]
struct Counted {
    count: u64,
    /// That of the first finding.
    text: String,
}

/// The number of the form in which a baseline is written.
const FORMAT: u32 = 1;

/// A baseline to which something is added. What it holds besides is not known, and would be lost.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    format: u32,
    findings: Vec<KeptEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptEntry {
    fingerprint: String,
    #[serde(default)]
    rule: String,
    #[serde(default = "one")]
    count: u64,
    #[serde(default)]
    text: String,
}

const fn one() -> u64 {
    1
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    findings: Vec<WrittenEntry<'a>>,
}

#[derive(Serialize)]
struct WrittenEntry<'a> {
    fingerprint: &'a str,
    rule: &'a str,
    count: u64,
    text: &'a str,
}

impl Draft {
    /// Begins with what a baseline holds; with nothing where there is no such file yet.
    ///
    /// # Errors
    /// Where the file cannot be read, or is no baseline. The report of an audit is none: it would be written over.
    pub fn open(file: &Path) -> Result<Self, BaselineError> {
        let bytes = match fs::read(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            read => read.map_err(|error| BaselineError::Io(file.to_owned(), error))?,
        };
        Baseline::parse(&bytes, file)?;
        let fault = |message| BaselineError::Content { file: file.to_owned(), message };
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| fault(error.to_string()))?;
        if kept.format != FORMAT {
            return Err(fault(format!("format {} is not known", kept.format)));
        }
        let entries = kept.findings.into_iter().map(|entry| {
            let KeptEntry { fingerprint, rule, count, text } = entry;
            ((rule, fingerprint), Counted { count, text })
        });
        Ok(Self { entries: entries.collect(), full: false })
    }

    /// It holds this fingerprint.
    #[must_use]
    pub fn knows(&self, fingerprint: &str) -> bool {
        self.entries.keys().any(|(_, known)| known == fingerprint)
    }

    /// Adds a finding that stands for `weight`.
    pub fn add(&mut self, finding: &Finding, fingerprint: &str, weight: u64) {
        let key = (finding.rule.code.to_owned(), fingerprint.to_owned());
        if let Some(counted) = self.entries.get_mut(&key) {
            counted.count = counted.count.saturating_add(weight);
        } else if self.entries.len() < MOST {
            self.entries.insert(key, Counted { count: weight, text: finding.text.clone() });
        } else {
            self.full = true;
        }
    }

    /// How many different findings it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// It holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes it to `file`, all or nothing: what was there stays until the new file is complete. What is no
    /// regular file, such as a device, is written to as it is.
    ///
    /// # Errors
    /// Where the file cannot be written, or there are more than [`MOST`] different findings.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        if self.full {
            return Err(io::Error::other(format!("there are more than {MOST} different findings")));
        }
        // Through a link to what it names.
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        if fs::metadata(&file).is_ok_and(|metadata| !metadata.is_file()) {
            return fs::OpenOptions::new().write(true).open(&file)?.write_all(&self.json()?);
        }
        let mut temporary = crate::file::part(&file, ".wscope-baseline")?;
        temporary.write_all(&self.json()?)?;
        temporary.as_file().sync_all()?;
        temporary.persist(&file).map_err(|error| error.error)?;
        Ok(())
    }

    fn json(&self) -> io::Result<Vec<u8>> {
        let findings = self.entries.iter().map(|((rule, fingerprint), counted)| WrittenEntry {
            fingerprint,
            rule,
            count: counted.count,
            text: &counted.text,
        });
        let mut json = serde_json::to_vec_pretty(&Written { format: FORMAT, findings: findings.collect() })?;
        json.push(b'\n');
        Ok(json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    const ONE: &str = "00112233445566778899aabbccddeeff";
    const THREE: &str = "aa112233445566778899aabbccddeeff";
    const TWO: &str = "ff112233445566778899aabbccddeeff";

    fn finding(code: &str, text: &str) -> Finding {
        Finding::whole_capture(rules::find(code).unwrap(), text.to_owned())
    }

    fn parse(json: &str) -> Result<Baseline, BaselineError> {
        Baseline::parse(json.as_bytes(), Path::new("b.json"))
    }

    /// A device or a pipe must not become a file.
    #[cfg(unix)]
    #[test]
    fn what_is_no_file_stays() {
        use std::os::unix::fs::FileTypeExt as _;
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        Draft::default().write(&pipe).unwrap();
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        assert!(Baseline::parse(&reader.join().unwrap(), &pipe).is_ok());
    }

    #[test]
    fn round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("b.json");
        fs::write(&file, "what was there").unwrap();
        let mut draft = Draft::default();
        draft.add(&finding("N001", "first"), TWO, 1);
        draft.add(&finding("F004", "a"), TWO, 1);
        draft.add(&finding("F004", "b"), ONE, 2);
        draft.add(&finding("F004", "c"), ONE, 5);
        draft.write(&file).unwrap();
        insta::assert_snapshot!(fs::read_to_string(&file).unwrap());
        let mut baseline = Baseline::read(&file).unwrap();
        assert!(baseline.knows(ONE) && !baseline.knows(&ONE.replace('0', "1")));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let other = folder.path().join("other");
            fs::write(&other, "").unwrap();
            let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode(&file), mode(&other));
        }
    }

    #[test]
    fn a_report_serves_too() {
        let report = format!(
            "{{\"format\":1,\"findings\":[{{\"fingerprint\":\"{ONE}\",\"rule\":{{\"code\":\"F004\"}},\"at\":{{}}}},{{\"fingerprint\":\"{TWO}\",\"text\":\"x\"}},{{\"fingerprint\":\"{THREE}\",\"suppressed\":{{\"reason\":\"x\"}}}}],\"summary\":{{}}}}"
        );
        let mut baseline = parse(&report).unwrap();
        assert_eq!(baseline.unused(|_| true), [format!("F004 {ONE}"), TWO.to_owned()]);
        assert_eq!(baseline.unused(|_| false), [TWO]);
        assert!(baseline.knows(TWO) && baseline.knows(ONE) && !baseline.knows(THREE));
        assert!(baseline.unused(|_| true).is_empty());
    }

    #[test]
    fn what_is_no_baseline() {
        for (json, what) in [
            ("", "EOF"),
            ("[]", "invalid"),
            ("{}", "missing field `findings`"),
            ("{\"findings\":[{}]}", "missing field `fingerprint`"),
            ("{\"findings\":[{\"fingerprint\":\"x\"}]}", "the fingerprint `x` is not 32 hexadecimal digits"),
        ] {
            let told = parse(json).unwrap_err().to_string();
            assert!(told.starts_with("b.json is no baseline and no JSON report: "), "{told}");
            assert!(told.contains(what), "{told}");
        }
        let missing = Baseline::read(Path::new("there/is/none")).unwrap_err();
        assert!(matches!(missing, BaselineError::Io(..)));
    }

    #[test]
    fn what_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Draft::default().write(&folder.path().join("no/b.json")).is_err());
        let full = Draft { full: true, ..Draft::default() };
        assert!(full.write(&folder.path().join("b.json")).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_baseline_grows() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("baseline.json");
        let finding = Finding::whole_capture(rules::find("F004").unwrap(), "facts".to_owned());
        let (one, other) = ("0".repeat(32), "1".repeat(32));
        let mut draft = Draft::open(&file).unwrap();
        assert!(draft.is_empty() && !draft.knows(&one));
        draft.add(&finding, &one, 7);
        draft.write(&file).unwrap();
        let mut draft = Draft::open(&file).unwrap();
        assert!(draft.knows(&one) && !draft.knows(&other));
        draft.add(&finding, &other, 1);
        draft.write(&file).unwrap();
        let written: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let counts: Vec<_> =
            written["findings"].as_array().unwrap().iter().map(|entry| entry["count"].as_u64()).collect();
        assert_eq!(counts, [Some(7), Some(1)]);
        assert!(Baseline::read(&file).unwrap().knows(&one));
        // What would be lost is not written over.
        for text in [
            "{\"findings\": []}",
            "{\"format\": 2, \"findings\": []}",
            "{\"format\": 1, \"findings\": [], \"tool\": \"x\"}",
            "not JSON",
        ] {
            fs::write(&file, text).unwrap();
            assert!(matches!(Draft::open(&file), Err(BaselineError::Content { .. })), "{text}");
        }
    }
}
