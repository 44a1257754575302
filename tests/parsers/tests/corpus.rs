//! Every kept input, and every beginning of it, through its parser.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use parsers::{PARSERS, check};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &Path, suffix: &str) -> BTreeSet<String> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("UTF-8");
    let names = entries.map(|entry| name(entry.expect("an entry")));
    names
        .filter_map(|name| name.strip_suffix(suffix).map(str::to_owned))
        .collect()
}

#[test]
fn every_parser_has_a_fuzz_target_and_a_corpus() {
    let parsers: BTreeSet<String> = PARSERS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz().join("fuzz_targets"), ".rs"), parsers);
    assert_eq!(names(&fuzz().join("corpus"), ""), parsers);
    for parser in parsers {
        assert!(
            names(&fuzz().join("corpus").join(&parser), "").len() > 1,
            "{parser}"
        );
        let target = fs::read_to_string(fuzz().join("fuzz_targets").join(format!("{parser}.rs")))
            .expect("a target");
        assert!(
            target.contains(&format!("parsers::check(\"{parser}\", input)")),
            "{target}"
        );
    }
}

#[test]
fn every_input_of_the_corpus_holds_what_has_to_hold() {
    for (parser, _) in PARSERS {
        for name in names(&fuzz().join("corpus").join(parser), "") {
            let input = fs::read(fuzz().join("corpus").join(parser).join(&name)).expect("an input");
            let step = (input.len() / 40).max(1);
            for end in (0..input.len()).step_by(step).chain([input.len()]) {
                check(parser, &input[..end]);
            }
        }
    }
}
