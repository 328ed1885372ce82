//! What the fuzz targets in `fuzz/` found worth keeping, without a fuzzer: each input of `fuzz/corpus` through its parser.

mod seeds;
#[path = "../support/mod.rs"]
mod support;
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Runs a target on what it begins with, which is written where a fuzzer finds it, and on its corpus; says which input
/// it does not stand.
fn replay(name: &str, target: fn(&[u8])) {
    let seeds = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-seeds").join(name);
    let _ = fs::remove_dir_all(&seeds);
    fs::create_dir_all(&seeds).unwrap();
    for (n, seed) in seeds::of(name).iter().enumerate() {
        fs::write(seeds.join(format!("{n:03}")), seed).unwrap();
    }
    for folder in [seeds, folder().join("corpus").join(name)] {
        let inputs = names(&folder);
        assert!(!inputs.is_empty(), "{} is empty", folder.display());
        for input in inputs {
            let file = folder.join(input);
            let bytes = fs::read(&file).unwrap();
            if let Err(panic) = std::panic::catch_unwind(|| target(&bytes)) {
                eprintln!("{}", file.display());
                std::panic::resume_unwind(panic);
            }
        }
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        mod corpus {
            $(
                #[test]
                fn $name() {
                    super::replay(stringify!($name), super::targets::$name);
                }
            )*
        }
    };
}

targets! {
    config container decode endpoint filter fragments http inflate json keys packets pipeline resync script session
    sidecar tcp utf8
}

/// A target has its function, its program, its place in the manifest and its corpus; and there are no others.
#[test]
fn targets_are_complete() {
    let expected: BTreeSet<String> = NAMES.iter().map(ToString::to_string).collect();
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    let bins = manifest.split("[[bin]]\n").skip(1).map(|bin| bin.split('"').nth(1).unwrap().to_owned());
    assert_eq!(bins.collect::<BTreeSet<_>>(), expected);
    assert_eq!(names(&folder().join("corpus")), expected);
    let programs: BTreeSet<String> = expected.iter().map(|name| format!("{name}.rs")).collect();
    assert_eq!(names(&folder().join("fuzz_targets")), programs);
    for name in NAMES {
        let program = fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(program.contains(&format!("wscope_fuzz::{name}(data)")), "{name}");
    }
}
