//! Reads a policy from the texts that people wrote: the account's, one JSON object, and the action's
//! `UserParameters`, one JSON object or the comma-separated list of regions that the known sample of a health gate takes.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::Policy;
use super::error::{PolicyError, PolicyOrigin, PolicyProblem, ValueKind};
use super::form::Item as _;
use super::keys::Key;
use crate::region::Region;
use crate::text::shown;

/// What is accepted at the top of `UserParameters`.
const FORMS: &str = "`{\"regions\": [\"us-east-1\"]}` or `us-east-1,global`";
const OBJECT: &str = "`{\"regions\": [\"us-east-1\"]}`";

/// The default policy of an account, as the text that was configured. It is read with every job and not before: one
/// that is wrong fails the jobs with a message, where a function that does not start would let them hang.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountPolicy(Option<String>);

impl AccountPolicy {
    /// The text of `HEALTH_GATE_POLICY`. Absent or blank means the built-in defaults.
    pub fn new(text: Option<String>) -> Self {
        Self(text)
    }

    /// The policy of an action: its `UserParameters` over the account's policy over the built-in defaults, which
    /// know `own_region`. Absent or blank text changes nothing.
    ///
    /// # Errors
    /// [`PolicyError`] for anything but the documented forms: a gate that guesses what was meant would check
    /// the wrong thing.
    pub fn for_action(
        &self,
        user_parameters: Option<&str>,
        own_region: &Region,
    ) -> Result<Policy, PolicyError> {
        self.under(
            &[(
                PolicyOrigin::UserParameters,
                user_parameters.unwrap_or_default(),
            )],
            own_region,
        )
    }

    /// The policy that comes of several texts, each of which changes what those before it say, over the account's policy.
    ///
    /// # Errors
    /// As of [`for_action`](Self::for_action).
    pub fn under(
        &self,
        texts: &[(PolicyOrigin, &str)],
        own_region: &Region,
    ) -> Result<Policy, PolicyError> {
        let defaults = Policy::of_region(own_region);
        let mut policy = defaults.clone();
        let account = (
            PolicyOrigin::Account,
            self.0.as_deref().unwrap_or_default(),
            List::Refused,
        );
        let texts = texts
            .iter()
            .map(|(origin, text)| (*origin, *text, List::Accepted));
        for (origin, text, list) in std::iter::once(account).chain(texts) {
            apply(trimmed(text), list, &mut policy, &defaults)
                .map_err(|problem| PolicyError { origin, problem })?;
        }
        Ok(policy)
    }
}

/// Without white space around it, and without the byte order mark that some editors put in front.
fn trimmed(text: &str) -> &str {
    text.trim().trim_start_matches('\u{feff}').trim()
}

/// Whether a comma-separated list of regions is a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    Accepted,
    Refused,
}

fn apply(
    text: &str,
    list: List,
    policy: &mut Policy,
    defaults: &Policy,
) -> Result<(), PolicyProblem> {
    match text.chars().next() {
        None => Ok(()),
        Some('{') => apply_object(text, policy, defaults),
        Some('[' | '"') => Err(not_an_object(text, list)),
        Some(_) if list == List::Refused => Err(not_an_object(text, list)),
        Some(_) => {
            policy.regions = comma_separated_regions(text)?;
            Ok(())
        }
    }
}

fn not_an_object(text: &str, list: List) -> PolicyProblem {
    let accepted = if list == List::Accepted {
        FORMS
    } else {
        OBJECT
    };
    PolicyProblem::NotAnObject {
        value: shown(text),
        accepted: accepted.to_owned(),
    }
}

fn apply_object(text: &str, policy: &mut Policy, defaults: &Policy) -> Result<(), PolicyProblem> {
    let Object(members) = serde_json::from_str(text).map_err(|error| syntax(text, &error))?;
    let mut given = Vec::new();
    for (name, value) in members {
        let key = Key::find(&name)?;
        if given.contains(&key.name) {
            return Err(PolicyProblem::RepeatedKey { key: key.name });
        }
        given.push(key.name);
        key.apply(&value, policy, defaults)?;
    }
    Ok(())
}

fn syntax(text: &str, error: &serde_json::Error) -> PolicyProblem {
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    // The parser counts bytes.
    let begin = line.floor_char_boundary(error.column().saturating_sub(1).min(line.len()));
    let at = line.get(begin..).unwrap_or_default();
    let near: String = at.chars().take(20).collect();
    let hint = match at.chars().next() {
        Some('\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}') => {
            Some("JSON takes straight double quotes: \"")
        }
        Some('T' | 'F' | 'N') => Some("JSON writes `true`, `false` and `null` in lower case"),
        Some('}' | ']') if error.to_string().starts_with("trailing comma") => {
            Some("no comma after the last item")
        }
        Some(_) | None if error.is_eof() => Some("a bracket, brace or quote is not closed"),
        Some(_) | None => None,
    };
    PolicyProblem::Syntax {
        reason: error.to_string(),
        near: if near.is_empty() {
            String::new()
        } else {
            shown(&near)
        },
        hint: hint.map(str::to_owned),
    }
}

fn comma_separated_regions(text: &str) -> Result<Vec<Region>, PolicyProblem> {
    let list = text.strip_suffix(',').unwrap_or(text);
    let mut each_once = Vec::new();
    let mut seen = HashSet::new();
    for item in list.split(',').map(str::trim) {
        if item.is_empty() {
            return Err(PolicyProblem::EmptyItem { value: shown(text) });
        }
        let region = Region::read_item(item).map_err(|hint| PolicyProblem::InvalidValue {
            kind: ValueKind::Region,
            key: "regions",
            value: shown(item),
            accepted: format!("region names with commas between them, like `us-east-1,global`, or a JSON object, like {OBJECT}"),
            hint: hint.or_else(|| item.contains("#{").then(|| "a variable that CodePipeline has not resolved".to_owned())),
        })?;
        if seen.insert(item) {
            each_once.push(region);
        }
    }
    Ok(each_once)
}

/// A JSON object with its members in order, a repeated key as often as it stands there.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
