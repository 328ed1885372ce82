//! The layering that docs/architecture.md promises, checked against the imports in `src/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The table of docs/architecture.md: module → modules that it may import.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| module | may import |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .flat_map(|line| {
            let cells: Vec<Vec<String>> = line
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect())
                .collect();
            let [modules, imports] = <[Vec<String>; 2]>::try_from(cells).expect("two columns");
            modules.into_iter().map(move |module| (module, imports.iter().cloned().collect()))
        })
        .collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules that a source file names, outside its tests.
fn imports(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .flat_map(|(n, line)| {
            line.match_indices("crate::").map(move |(at, found)| {
                let rest = &line[at + found.len()..];
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                (n + 1, rest[..end].to_owned())
            })
        })
        .collect()
}

#[test]
fn no_module_imports_a_higher_layer() {
    let table = table();
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let mut faults = Vec::new();
    for file in files {
        let relative = file.strip_prefix(root().join("src")).unwrap();
        if relative
            .components()
            .any(|part| ["tests", "tests.rs", "sample.rs"].contains(&&*part.as_os_str().to_string_lossy()))
        {
            continue;
        }
        let module = relative.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        if ["lib", "main"].contains(&&*module) {
            continue;
        }
        let Some(allowed) = table.get(&module) else {
            faults.push(format!(
                "src/{}: `{module}` is not in the table of docs/architecture.md",
                relative.display()
            ));
            continue;
        };
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for (line, import) in imports(code) {
            if import != module
                && !import.is_empty()
                && table.contains_key(&import)
                && !allowed.contains(&import)
            {
                faults.push(format!(
                    "src/{}:{line}: `{module}` must not import `{import}`",
                    relative.display()
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_has_no_cycles() {
    let table = table();
    assert!(table.len() > 10, "the table was not found");
    let mut done = BTreeSet::new();
    while done.len() < table.len() {
        let free: Vec<&String> = table
            .iter()
            .filter(|(name, needs)| !done.contains(*name) && needs.iter().all(|need| done.contains(need)))
            .map(|(name, _)| name)
            .collect();
        assert!(
            !free.is_empty(),
            "a cycle among {:?}",
            table.keys().filter(|name| !done.contains(*name)).collect::<Vec<_>>()
        );
        done.extend(free);
    }
}
