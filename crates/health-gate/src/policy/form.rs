//! The forms that the values of a policy take: words, lists, durations.

use std::collections::HashSet;

use serde_json::Value;

use super::error::ValueKind;
use super::span::{NoSpan, Span};
use crate::text::shown;

/// Why a value does not have the form of its key.
#[derive(Debug)]
pub(super) enum Misfit {
    Type {
        value: String,
        hint: Option<String>,
    },
    EmptyList,
    Value {
        kind: ValueKind,
        value: String,
        hint: Option<String>,
    },
    Range {
        value: String,
    },
}

/// Something that is read from the value of a key.
pub(super) trait Form: Sized {
    /// What is accepted, for an error.
    fn accepted() -> String;
    fn read(value: &Value) -> Result<Self, Misfit>;
}

/// Something that is read from a text in a list.
pub(super) trait Item: Sized {
    const KIND: ValueKind;
    /// What the list is, for an error.
    fn accepted_list() -> String;
    /// The item, or else what was probably meant, if anything comes to mind.
    fn read_item(text: &str) -> Result<Self, Option<String>>;
}

/// One of a few words.
pub(super) trait Word: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];
    /// A hint for a word that is not one of them.
    fn hint(_: &str) -> Option<String> {
        None
    }
}

fn read_word<W: Word>(text: &str) -> Result<W, Option<String>> {
    let known = |name: &str| W::WORDS.iter().find(|(word, _)| *word == name);
    match known(text) {
        Some((_, word)) => Ok(*word),
        None => {
            // Another case, or one or two slips of the finger.
            let plain = text.trim().to_lowercase();
            let distance = |word: &str| strsim::damerau_levenshtein(&plain, &word.to_lowercase());
            let nearest = W::WORDS
                .iter()
                .map(|(word, _)| (distance(word), *word))
                .min();
            let alike = nearest.filter(|(distance, word)| *distance <= 2.min(word.len() / 3));
            Err(alike
                .map(|(_, word)| did_you_mean(word))
                .or_else(|| W::hint(text)))
        }
    }
}

fn words<W: Word>() -> String {
    let quoted: Vec<String> = W::WORDS
        .iter()
        .map(|(word, _)| format!("`{word}`"))
        .collect();
    quoted.join(", ")
}

pub(super) fn did_you_mean(text: &str) -> String {
    format!("did you mean {}?", shown(text))
}

fn wrong_type(value: &Value, hint: Option<String>) -> Misfit {
    Misfit::Type {
        value: shown(&value.to_string()),
        hint,
    }
}

impl<W: Word> Form for W {
    fn accepted() -> String {
        format!("one of {}", words::<W>())
    }

    fn read(value: &Value) -> Result<Self, Misfit> {
        let text = value.as_str().ok_or_else(|| wrong_type(value, None))?;
        read_word(text).map_err(|hint| Misfit::Value {
            kind: ValueKind::Word,
            value: shown(text),
            hint,
        })
    }
}

impl<W: Word> Item for W {
    const KIND: ValueKind = ValueKind::Word;

    fn accepted_list() -> String {
        format!("a list with any of {}", words::<W>())
    }

    fn read_item(text: &str) -> Result<Self, Option<String>> {
        read_word(text)
    }
}

impl<T: Item + PartialEq> Form for Vec<T> {
    fn accepted() -> String {
        T::accepted_list()
    }

    fn read(value: &Value) -> Result<Self, Misfit> {
        let items = match value {
            Value::Array(items) if items.is_empty() => return Err(Misfit::EmptyList),
            Value::Array(items) => items,
            // Items without their brackets.
            Value::String(text)
                if text
                    .split(',')
                    .all(|item| T::read_item(item.trim()).is_ok()) =>
            {
                let items: Vec<&str> = text.split(',').map(str::trim).collect();
                return Err(wrong_type(
                    value,
                    Some(did_you_mean(&Value::from(items).to_string())),
                ));
            }
            Value::String(_)
            | Value::Number(_)
            | Value::Object(_)
            | Value::Bool(_)
            | Value::Null => {
                return Err(wrong_type(value, None));
            }
        };
        let mut each_once = Vec::new();
        // What is written in the same way is the same.
        let mut seen = HashSet::new();
        for value in items {
            let text = value.as_str().ok_or_else(|| wrong_type(value, None))?;
            let item = T::read_item(text).map_err(|hint| Misfit::Value {
                kind: T::KIND,
                value: shown(text),
                hint,
            })?;
            if seen.insert(text) {
                each_once.push(item);
            }
        }
        Ok(each_once)
    }
}

/// A list that is everything when it is not given.
impl<T: Item + PartialEq> Form for Option<Vec<T>> {
    fn accepted() -> String {
        Vec::<T>::accepted()
    }

    fn read(value: &Value) -> Result<Self, Misfit> {
        Vec::read(value).map(Some)
    }
}

impl<const MIN: u64, const MAX: u64> Form for Span<MIN, MAX> {
    fn accepted() -> String {
        Self::accepted()
    }

    fn read(value: &Value) -> Result<Self, Misfit> {
        let zero = (value.as_u64() == Some(0) && MIN == 0).then(|| did_you_mean("0s"));
        let text = value.as_str().ok_or_else(|| wrong_type(value, zero))?;
        Self::read(text).map_err(|no_span| match no_span {
            NoSpan::Range => Misfit::Range { value: shown(text) },
            NoSpan::Form => {
                let squeezed: String = text.split_whitespace().collect::<String>().to_lowercase();
                // `4 hours`, `4H`, `90min`: the number and the first letter of the unit.
                let digits = squeezed.bytes().take_while(u8::is_ascii_digit).count();
                let (number, unit) = squeezed.split_at(digits);
                let spelled = [
                    "s", "sec", "secs", "second", "seconds", "m", "min", "mins", "minute",
                    "minutes", "h", "hr", "hrs", "hour", "hours", "d", "day", "days",
                ];
                let meant = spelled
                    .contains(&unit)
                    .then(|| format!("{number}{}", unit.get(..1).unwrap_or_default()));
                let hint = meant
                    .filter(|meant| Self::read(meant).is_ok())
                    .map(|meant| did_you_mean(&meant));
                Misfit::Value {
                    kind: ValueKind::Duration,
                    value: shown(text),
                    hint,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventCategory, EventScope};
    use crate::region::Region;
    use serde_json::json;

    fn hint<F: Form + std::fmt::Debug>(value: Value) -> Option<String> {
        match F::read(&value).expect_err("it does not fit") {
            Misfit::Type { hint, .. } | Misfit::Value { hint, .. } => hint,
            Misfit::EmptyList | Misfit::Range { .. } => None,
        }
    }

    /// Two slips in a long word, one in a short one.
    #[test]
    fn a_word_with_slips_is_recognized() {
        let meant = |text: &str| hint::<EventScope>(json!(text));
        assert_eq!(meant("PUBLLICC"), Some("did you mean `PUBLIC`?".to_owned()));
        assert_eq!(meant("public"), Some("did you mean `PUBLIC`?".to_owned()));
        assert_eq!(meant("PRIVATE"), None);
        assert_eq!(
            hint::<EventCategory>(json!("isue")),
            Some("did you mean `issue`?".to_owned())
        );
        assert_eq!(hint::<EventCategory>(json!("isxxe")), None);
    }

    #[test]
    fn a_list_without_its_brackets_is_recognized() {
        let meant = hint::<Vec<Region>>(json!("us-east-1, global")).unwrap_or_default();
        assert!(meant.contains(r#"["us-east-1","global"]"#), "{meant}");
        assert_eq!(hint::<Vec<Region>>(json!("us-east-1, the moon")), None);
    }

    #[test]
    fn zero_is_a_span_only_where_it_is_in_range() {
        assert!(hint::<Span<0, 60>>(json!(0)).is_some_and(|hint| hint.contains("`0s`")));
        assert_eq!(hint::<Span<0, 60>>(json!(5)), None);
        assert_eq!(hint::<Span<1, 60>>(json!(0)), None);
    }
}
