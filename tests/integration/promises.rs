//! ARCHITECTURE.md's table of promises: each has tests, and these tests are there.
#![expect(clippy::print_stdout, reason = "the count is for reading")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of the table: a promise, and what holds it.
fn promises() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("it is there");
    let (_, table) = text
        .split_once("\n| promise | held by |\n|---|---|\n")
        .expect("the table");
    let rows = table.lines().take_while(|line| line.starts_with("| "));
    let row = |row: &str| {
        let (promise, held_by) = row
            .trim_matches(['|', ' '])
            .split_once(" | ")
            .expect("two columns");
        let names = held_by.split(", ").map(|name| {
            let name = name
                .strip_prefix('`')
                .and_then(|name| name.strip_suffix('`'));
            name.unwrap_or_else(|| panic!("names alone: {held_by}"))
                .to_owned()
        });
        (promise.to_owned(), names.collect())
    };
    rows.map(row).collect()
}

/// The names of the tests of a folder's files, and the files that they are in.
fn tests(folder: &Path, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path
                .file_stem()
                .and_then(|name| name.to_str())
                .expect("UTF-8");
            let text = fs::read_to_string(&path).expect("UTF-8");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                assert!(
                    !line.starts_with("#[ignore"),
                    "{file}: a test that is ignored holds nothing"
                );
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if let Some((_, name)) = line.split_once("fn ") {
                    let name = name.split(['(', '<']).next().expect("a name");
                    if std::mem::take(&mut is_test) {
                        found
                            .entry(name.to_owned())
                            .or_default()
                            .insert(file.to_owned());
                    }
                }
            }
        }
    }
}

#[test]
fn every_promise_has_tests() {
    let mut known = BTreeMap::new();
    tests(&root().join("crates"), &mut known);
    tests(&root().join("tests"), &mut known);
    let promises = promises();
    assert!(promises.len() > 30, "the table is read: {promises:?}");
    let mut named = BTreeSet::new();
    for (promise, held_by) in &promises {
        for name in held_by {
            named.insert(name);
            if name.contains(['/', '.']) {
                assert!(root().join(name).exists(), "{promise}: there is no {name}");
                continue;
            }
            let (file, test) = name.split_once("::").unwrap_or(("", name));
            let files = known
                .get(test)
                .unwrap_or_else(|| panic!("{promise}: there is no test {name}"));
            assert!(
                if file.is_empty() {
                    files.len() == 1
                } else {
                    files.contains(file)
                },
                "{promise}: {name} is in {files:?}: say which, as in `file::test`"
            );
        }
    }
    println!(
        "{} promises, {} tests and checks that hold them",
        promises.len(),
        named.len()
    );
}
