//! Reads a policy from the text that people put into an action's `UserParameters`: one JSON object, or the
//! comma-separated list of regions that the known sample of a health gate takes.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::policy::Policy;
use crate::region::Region;

/// The keys of a policy.
const KEYS: [&str; 1] = ["regions"];

const REGION_FORM: &str = "a region name like `us-east-1`, or `global`";
const REGIONS_FORM: &str = "a list of region names, like `[\"us-east-1\", \"global\"]`";

/// Why `UserParameters` are refused. The text of each names the key, the value and what is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The value of `UserParameters` in the job event is no string.
    #[error(
        "UserParameters must be a string, and not {found}; accepted: a string with one JSON object, or a comma-separated list of regions"
    )]
    NotAString {
        /// What stands there, like `an object`.
        found: &'static str,
    },
    /// A list or a string at the top, where an object belongs.
    #[error(
        "UserParameters must be one JSON object: {value}; accepted: `{{\"regions\": [\"us-east-1\"]}}` or `us-east-1,global`"
    )]
    NotAnObject {
        /// The text, shortened.
        value: String,
    },
    /// Not JSON, although it begins like an object.
    #[error(
        "UserParameters are not valid JSON: {reason}; accepted: one object, like `{{\"regions\": [\"us-east-1\"]}}`"
    )]
    Syntax {
        /// Where and what, in the words of the JSON parser.
        reason: String,
    },
    /// A key that no policy has.
    #[error("unknown key in UserParameters: {key}{}; accepted: {}", did_you_mean(.nearest), accepted_keys())]
    UnknownKey {
        /// The key, shortened.
        key: String,
        /// The key that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The same key twice. Which of them counts would be a guess.
    #[error("key given more than once in UserParameters: `{key}`; accepted: each key at most once")]
    RepeatedKey {
        /// The key.
        key: &'static str,
    },
    /// A value of the wrong JSON type.
    #[error("wrong type for `{key}` in UserParameters: {value}; accepted: {accepted}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// The value, shortened.
        value: String,
        /// The form that the key takes.
        accepted: &'static str,
    },
    /// A list without items: whether it means "nothing" or "everything" would be a guess.
    #[error(
        "empty list for `{key}` in UserParameters; accepted: {accepted}; leave the key out for its default"
    )]
    EmptyList {
        /// The key.
        key: &'static str,
        /// The form that the key takes.
        accepted: &'static str,
    },
    /// An item that is no region name.
    #[error("not a region name in `regions` of UserParameters: {value}; accepted: {REGION_FORM}")]
    InvalidRegion {
        /// The item, shortened.
        value: String,
    },
    /// Two commas in a row, or one at the start.
    #[error(
        "empty item in the comma-separated list of UserParameters: {value}; accepted: {REGION_FORM} between the commas"
    )]
    EmptyItem {
        /// The whole text, shortened.
        value: String,
    },
}

impl PolicyError {
    /// The stable reason code for logs and alarms.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAString { .. } => "policy.not-a-string",
            Self::NotAnObject { .. } => "policy.not-an-object",
            Self::Syntax { .. } => "policy.syntax",
            Self::UnknownKey { .. } => "policy.unknown-key",
            Self::RepeatedKey { .. } => "policy.repeated-key",
            Self::WrongType { .. } => "policy.wrong-type",
            Self::EmptyList { .. } => "policy.empty-list",
            Self::InvalidRegion { .. } => "policy.invalid-region",
            Self::EmptyItem { .. } => "policy.empty-item",
        }
    }
}

impl Policy {
    /// Reads the policy of an action. Absent or blank text means the default policy for `own_region`.
    ///
    /// # Errors
    /// [`PolicyError`] for anything but the documented forms: a gate that guesses what was meant would check
    /// the wrong thing.
    pub fn from_user_parameters(
        text: Option<&str>,
        own_region: &Region,
    ) -> Result<Self, PolicyError> {
        let text = text.unwrap_or_default().trim();
        let mut policy = Self::of_region(own_region);
        match text.chars().next() {
            None => {}
            Some('{') => apply_object(text, &mut policy)?,
            Some('[' | '"') => return Err(PolicyError::NotAnObject { value: shown(text) }),
            Some(_) => policy.regions = each_once(comma_separated_regions(text)?),
        }
        Ok(policy)
    }
}

fn apply_object(text: &str, policy: &mut Policy) -> Result<(), PolicyError> {
    let Object(members) = serde_json::from_str(text).map_err(|error| PolicyError::Syntax {
        reason: error.to_string(),
    })?;
    let mut given = Vec::new();
    for (name, value) in members {
        let Some(key) = KEYS.into_iter().find(|key| *key == name) else {
            return Err(PolicyError::UnknownKey {
                nearest: nearest_key(&name),
                key: shown(&name),
            });
        };
        if given.contains(&key) {
            return Err(PolicyError::RepeatedKey { key });
        }
        given.push(key);
        // `null` resets a key to its default, which stands in `policy` already.
        if !value.is_null() {
            policy.regions = each_once(region_list(key, &value)?);
        }
    }
    Ok(())
}

fn region_list(key: &'static str, value: &Value) -> Result<Vec<Region>, PolicyError> {
    let accepted = REGIONS_FORM;
    let wrong_type = |value: &Value| PolicyError::WrongType {
        key,
        value: shown(&value.to_string()),
        accepted,
    };
    let items = value.as_array().ok_or_else(|| wrong_type(value))?;
    if items.is_empty() {
        return Err(PolicyError::EmptyList { key, accepted });
    }
    items
        .iter()
        .map(|item| {
            item.as_str()
                .ok_or_else(|| wrong_type(item))
                .and_then(region)
        })
        .collect()
}

fn comma_separated_regions(text: &str) -> Result<Vec<Region>, PolicyError> {
    let list = text.strip_suffix(',').unwrap_or(text);
    list.split(',')
        .map(str::trim)
        .map(|item| {
            if item.is_empty() {
                Err(PolicyError::EmptyItem { value: shown(text) })
            } else {
                region(item)
            }
        })
        .collect()
}

/// Without the repetitions of a region.
fn each_once(regions: Vec<Region>) -> Vec<Region> {
    let mut known = std::collections::BTreeSet::new();
    regions
        .into_iter()
        .filter(|region| known.insert(region.clone()))
        .collect()
}

fn region(text: &str) -> Result<Region, PolicyError> {
    text.parse()
        .map_err(|_| PolicyError::InvalidRegion { value: shown(text) })
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

/// A value as an error shows it: quoted, on one line, not longer than a line.
fn shown(value: &str) -> String {
    const LONGEST: usize = 80;
    let mut line: String = value
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if value.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    format!("`{line}`")
}

fn nearest_key(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let distance = |key: &str| strsim::damerau_levenshtein(&name, &key.to_lowercase());
    // Two slips of the finger in a word of four letters are another word.
    KEYS.into_iter()
        .map(|key| (distance(key), key))
        .min()
        .filter(|(distance, key)| *distance <= 2.min(key.len() / 3))
        .map(|(_, key)| key)
}

fn did_you_mean(nearest: &Option<&'static str>) -> String {
    nearest
        .map(|key| format!(" (did you mean `{key}`?)"))
        .unwrap_or_default()
}

fn accepted_keys() -> String {
    KEYS.map(|key| format!("`{key}`")).join(", ")
}

#[cfg(test)]
mod tests;
