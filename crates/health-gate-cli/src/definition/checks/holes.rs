//! `UserParameters` with parts that are not known yet: variables of CodePipeline (`#{SourceVariables.BranchName}`), and names that
//! only the deployment of a template knows (`${Regions}`). What is wrong whatever they become is wrong.

use health_gate::{Policy, PolicyError, PolicyProblem};
use serde_json::Value;

use super::PolicyCheck;

/// How what is not known begins, and when it is known.
pub(super) struct Holes {
    marks: &'static [&'static str],
    reason: &'static str,
}

/// Variables of CodePipeline.
pub(super) const VARIABLES: Holes = Holes {
    marks: &["#{"],
    reason: "known only when the pipeline runs",
};

/// Names of a template, and variables of CodePipeline.
pub(super) const NAMES_AND_VARIABLES: Holes = Holes {
    marks: &["${", "#{"],
    reason: "known only when the template is deployed",
};

/// Checks what is known of the text.
pub(super) fn check(
    text: &str,
    holes: &Holes,
    read: impl Fn(&str) -> Result<Policy, PolicyError>,
) -> PolicyCheck {
    if !holes.are_in(text) {
        return read(text).into();
    }
    let begin = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let known = match begin.chars().next() {
        // It may become anything.
        Some(_) if holes.marks.iter().any(|mark| begin.starts_with(mark)) => None,
        Some('{') if holes.are_outside_strings(text) => None,
        Some('{') => match read(text) {
            Err(error) if is_about_all(&error) => return error.into(),
            Ok(_) | Err(_) => known_members(text, holes),
        },
        Some('[' | '"') => Some(text.to_owned()),
        Some(_) | None => Some(known_items(text, holes)),
    };
    match known.map(|known| read(&known)) {
        Some(Err(error)) => error.into(),
        Some(Ok(_)) | None => PolicyCheck::NotChecked {
            reason: holes.reason,
        },
    }
}

/// Whether an error has nothing to do with what a single member becomes.
fn is_about_all(error: &PolicyError) -> bool {
    matches!(
        error.problem,
        PolicyProblem::Syntax { .. } | PolicyProblem::RepeatedKey { .. }
    )
}

/// The comma-separated list without the items that have holes.
fn known_items(text: &str, holes: &Holes) -> String {
    let items: Vec<&str> = text.split(',').filter(|item| !holes.are_in(item)).collect();
    items.join(",")
}

/// The object without the members that have holes.
fn known_members(text: &str, holes: &Holes) -> Option<String> {
    let object: serde_json::Map<String, Value> = serde_json::from_str(text.trim()).ok()?;
    let members: Vec<String> = object
        .into_iter()
        .map(|(key, value)| format!("{}:{value}", Value::String(key)))
        .filter(|member| !holes.are_in(member))
        .collect();
    Some(format!("{{{}}}", members.join(",")))
}

impl Holes {
    fn are_in(&self, text: &str) -> bool {
        self.marks
            .iter()
            .any(|mark| matches!(text.split_once(mark), Some((_, rest)) if rest.contains('}')))
    }

    /// Whether one stands where JSON has no string, and may become anything.
    fn are_outside_strings(&self, text: &str) -> bool {
        let mut in_string = false;
        let mut escaped = false;
        for (at, c) in text.char_indices() {
            let rest = text.get(at..).unwrap_or_default();
            if !in_string && self.marks.iter().any(|mark| rest.starts_with(mark)) {
                return true;
            }
            match c {
                _ if escaped => escaped = false,
                '\\' if in_string => escaped = true,
                '"' => in_string = !in_string,
                _ => {}
            }
        }
        false
    }
}
