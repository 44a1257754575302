//! The output variables of a passed job, which later actions use as `#{namespace.Verdict}`. All of them are
//! always there: a reference to a missing variable fails a pipeline.

use std::collections::BTreeMap;

use super::limits::{VARIABLE_BYTES, cut};
use super::{Report, Verdict};
use crate::decision::{Decision, Obstacle, Pass};
use crate::instant::rfc3339;
use crate::region::Region;
use crate::text::one_line;

const NONE: &str = "none";

pub(super) fn of(report: &Report<'_>, verdict: Verdict) -> BTreeMap<&'static str, String> {
    let incidents = report
        .decision
        .incidents()
        .map(|incidents| incidents.list())
        .unwrap_or_default();
    // Unread is not none.
    let is_unread = matches!(
        report.decision.obstacle(),
        Some(Obstacle::Unknown(_) | Obstacle::Invalid(_))
    ) || matches!(report.decision, Decision::Pass(Pass::Unknown(_)));
    let count = (!is_unread).then(|| incidents.len().to_string());
    let arns = incidents.iter().map(|incident| match &*incident.event.arn {
        "" => "unknown",
        arn => arn,
    });
    let overridden = match report.decision {
        Decision::Pass(Pass::Overridden(overridden, _)) => Some(overridden),
        Decision::Pass(_) | Decision::Hold(_) | Decision::Fail(_) => None,
    };
    let or_none = |value: Option<String>| value.unwrap_or_else(|| NONE.to_owned());
    let variables = [
        ("Verdict", verdict.to_string()),
        ("CheckedAt", rfc3339(report.checked_at)),
        ("Regions", list(report.regions().iter().map(Region::as_str))),
        ("IncidentCount", or_none(count)),
        ("IncidentArns", list(arns)),
        ("OverriddenBy", or_none(overridden.map(|o| o.by.clone()))),
        (
            "OverriddenUntil",
            or_none(overridden.map(|o| rfc3339(o.until))),
        ),
        (
            "OverrideReason",
            or_none(overridden.map(|o| o.reason.clone())),
        ),
    ];
    variables
        .map(|(name, value)| (name, variable(&value)))
        .into()
}

/// A value is one line that fits, and never empty.
fn variable(value: &str) -> String {
    if value.is_empty() {
        NONE.to_owned()
    } else {
        cut(one_line(value), VARIABLE_BYTES)
    }
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
        // As much as fits: an item more would not.
        assert!(
            text.len() <= VARIABLE_BYTES && text.len() > VARIABLE_BYTES - 40,
            "{} bytes",
            text.len()
        );
        let (shown, rest) = text.rsplit_once(",+").expect("a count at the end");
        assert_eq!(
            shown.split(',').count() + rest.parse::<usize>().expect("a number"),
            200
        );
        assert_eq!(list([&*"x".repeat(1_000)].into_iter()), "+1");
    }

    #[test]
    fn the_last_item_may_fill_the_value() {
        let text = |last: usize| {
            list(
                ["x".repeat(449), "y".repeat(last)]
                    .iter()
                    .map(String::as_str),
            )
        };
        assert_eq!(text(450).len(), VARIABLE_BYTES);
        assert!(text(451).ends_with("x,+1"), "{}", text(451));
    }
}
