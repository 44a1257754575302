//! The output variables of a passed job, which later actions use as `#{namespace.Verdict}`. All of them are
//! always there: a reference to a missing variable fails a pipeline.

use std::collections::BTreeMap;

use super::limits::{VARIABLE_BYTES, cut};
use super::{Report, Verdict};
use crate::instant::rfc3339;
use crate::region::Region;

const NONE: &str = "none";

pub(super) fn of(report: &Report<'_>, verdict: Verdict) -> BTreeMap<&'static str, String> {
    let none = || NONE.to_owned();
    BTreeMap::from([
        ("Verdict", verdict.to_string()),
        ("CheckedAt", rfc3339(report.checked_at)),
        ("Regions", list(report.regions.iter().map(Region::as_str))),
        ("IncidentCount", "0".to_owned()),
        ("IncidentArns", none()),
        ("OverriddenBy", none()),
        ("OverriddenUntil", none()),
        ("OverrideReason", none()),
    ])
}

/// The items with commas between them. What does not fit is counted at the end: `a,b,+3`.
fn list<'a>(items: impl ExactSizeIterator<Item = &'a str>) -> String {
    // Room for a comma, a plus and any count.
    const COUNT_BYTES: usize = 22;
    let mut text = String::new();
    let mut left = items.len();
    for item in items {
        let separator = if text.is_empty() { "" } else { "," };
        let room = if left == 1 {
            VARIABLE_BYTES
        } else {
            VARIABLE_BYTES - COUNT_BYTES
        };
        if text.len() + separator.len() + item.len() > room {
            text.push_str(&format!("{separator}+{left}"));
            break;
        }
        text.push_str(separator);
        text.push_str(item);
        left -= 1;
    }
    if text.is_empty() {
        NONE.to_owned()
    } else {
        cut(text, VARIABLE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_fits_is_whole() {
        assert_eq!(
            list(["us-east-1", "global"].into_iter()),
            "us-east-1,global"
        );
        assert_eq!(list([].into_iter()), "none");
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let items = vec!["abcdefghi"; 200];
        let text = list(items.into_iter());
        assert!(text.len() <= VARIABLE_BYTES);
        let (shown, rest) = text.rsplit_once(",+").expect("a count at the end");
        assert_eq!(
            shown.split(',').count() + rest.parse::<usize>().expect("a number"),
            200
        );
        assert_eq!(list([&*"x".repeat(1_000)].into_iter()), "+1");
    }
}
