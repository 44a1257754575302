//! What has to hold of each parser of ours, whatever bytes it is given: it neither panics nor takes long, what it says is short and
//! on one line, and what it has read and written is read as the same.
//!
//! Each function takes the bytes of one input and panics if something does not hold. `fuzz/` makes up inputs;
//! the tests replay those that are kept in `fuzz/corpus/`.

mod aws;
mod files;
mod functions;
mod report;
mod sandbox;

use health_gate::{Region, is_invisible};
use time::UtcDateTime;
use time::macros::utc_datetime;

/// Panics if something does not hold of an input.
pub type Check = fn(&[u8]);

/// The parsers, by the names of their fuzz targets.
pub const PARSERS: [(&str, Check); 10] = [
    ("continuation_token", functions::continuation_token),
    ("definition", files::definition),
    ("history", files::history),
    ("job_event", aws::job_event),
    ("override_tag", functions::override_tag),
    ("policy", functions::policy),
    ("report", report::report),
    ("sandbox_request", sandbox::request),
    ("scenario", sandbox::scenario),
    ("sns_message", aws::sns_message),
];

/// Gives an input to a parser.
///
/// # Panics
/// If there is no such parser, or something does not hold that has to.
pub fn check(parser: &str, input: &[u8]) {
    let found = PARSERS.iter().find(|(name, _)| *name == parser);
    let (_, check) = found.unwrap_or_else(|| panic!("no parser {parser}"));
    check(input);
}

const NOW: UtcDateTime = utc_datetime!(2026-11-23 09:00:00);

fn own_region() -> Region {
    "us-east-1".parse().expect("a region")
}

/// What people read is one line that shows all of itself, and no longer than they read.
fn assert_one_line(text: &str, most_bytes: usize) {
    assert!(
        !text.contains(is_invisible),
        "an invisible character in {text:?}"
    );
    assert!(text.len() <= most_bytes, "{} bytes: {text}", text.len());
}

/// The texts of an input: what stands between its zero bytes.
fn texts(input: &[u8]) -> impl Iterator<Item = String> {
    input
        .split(|byte| *byte == 0)
        .map(|text| String::from_utf8_lossy(text).into_owned())
}
