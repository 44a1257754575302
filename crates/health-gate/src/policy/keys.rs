//! The keys of a policy: one row each. Everything that is done key by key is done by this table.

use serde_json::Value;

use super::Policy;
use super::error::PolicyProblem;
use super::form::{Form, Misfit};
use crate::text::shown;

/// A key, and the field of the policy that it stands for.
pub(super) struct Key {
    pub(super) name: &'static str,
    read: fn(&mut Policy, &Value) -> Result<(), PolicyProblem>,
    reset: fn(&mut Policy, Policy),
}

macro_rules! key {
    ($name:literal, $field:ident) => {
        Key {
            name: $name,
            read: |policy, value| {
                policy.$field = read($name, value)?;
                Ok(())
            },
            reset: |policy, defaults| policy.$field = defaults.$field,
        }
    };
}

pub(super) static KEYS: [Key; 17] = [
    key!("regions", regions),
    key!("services", services),
    key!("ignoreServices", ignore_services),
    key!("categories", categories),
    key!("eventTypeCodes", event_type_codes),
    key!("ignoreEventTypeCodes", ignore_event_type_codes),
    key!("scopes", scopes),
    key!("ignoreEvents", ignore_events),
    key!("staleAfter", stale_after),
    key!("quietPeriod", quiet_period),
    key!("onIncident", on_incident),
    key!("onUnknown", on_unknown),
    key!("onRollback", on_rollback),
    key!("maxHold", max_hold),
    key!("checkEvery", check_every),
    key!("retry", retry),
    key!("retryWithin", retry_within),
];

fn read<T: Form>(key: &'static str, value: &Value) -> Result<T, PolicyProblem> {
    T::read(value).map_err(|misfit| {
        let accepted = T::accepted();
        match misfit {
            Misfit::Type { value, hint } => PolicyProblem::WrongType {
                key,
                value,
                accepted,
                hint,
            },
            Misfit::EmptyList => PolicyProblem::EmptyList { key, accepted },
            Misfit::Value { kind, value, hint } => PolicyProblem::InvalidValue {
                kind,
                key,
                value,
                accepted,
                hint,
            },
            Misfit::Range { value } => PolicyProblem::OutOfRange {
                key,
                value,
                accepted,
            },
        }
    })
}

impl Key {
    /// The key of this name.
    pub(super) fn find(name: &str) -> Result<&'static Self, PolicyProblem> {
        KEYS.iter()
            .find(|key| key.name == name)
            .ok_or_else(|| PolicyProblem::UnknownKey {
                key: shown(name),
                nearest: nearest(name),
                accepted: names(),
            })
    }

    /// Sets the key's field; `null` sets it back to its default.
    pub(super) fn apply(
        &self,
        value: &Value,
        policy: &mut Policy,
        defaults: &Policy,
    ) -> Result<(), PolicyProblem> {
        if value.is_null() {
            (self.reset)(policy, defaults.clone());
            return Ok(());
        }
        (self.read)(policy, value)
    }
}

fn names() -> String {
    KEYS.each_ref()
        .map(|key| format!("`{}`", key.name))
        .join(", ")
}

fn nearest(name: &str) -> Option<&'static str> {
    // What is so long is no slip.
    if name.len() > 40 {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['_', '-', ' '], "");
    let name = plain(name);
    let distance = |key: &str| strsim::damerau_levenshtein(&name, &plain(key));
    // Two slips of the finger in a word of four letters are another word.
    KEYS.iter()
        .map(|key| (distance(key.name), key.name))
        .min()
        .filter(|(distance, key)| *distance <= 2.min(key.len() / 3))
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two slips in a long name, one in a short one.
    #[test]
    fn a_name_with_slips_is_recognized() {
        for (name, meant) in [
            ("region", Some("regions")),
            ("max_hold", Some("maxHold")),
            ("skopez", Some("scopes")),
            ("rtry", Some("retry")),
            ("rexrx", None),
            ("colour", None),
        ] {
            assert_eq!(nearest(name), meant, "{name}");
        }
    }

    /// 41 characters, however they end, are not compared with the keys.
    #[test]
    fn what_is_very_long_is_no_slip() {
        assert_eq!(nearest(&format!("{:_<40}", "retry")), Some("retry"));
        assert_eq!(nearest(&format!("{:_<41}", "retry")), None);
    }
}
