//! The forms that the values of a policy take. Of names only the syntax is checked, never a list: new ones appear.

use serde::Serialize;
use serde_json::Value;

use super::error::{ValueKind, shown};
use super::span::{NoSpan, Span};
use super::{OnIncident, OnRollback, OnUnknown, Retry};
use crate::event::{EventCategory, EventScope};
use crate::region::Region;
use crate::wildcard::Wildcard;

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
trait Word: Copy + 'static {
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
            let alike = |word: &&(&str, W)| word.0.eq_ignore_ascii_case(text.trim());
            let alike = W::WORDS
                .iter()
                .find(alike)
                .map(|(word, _)| did_you_mean(word));
            Err(alike.or_else(|| W::hint(text)))
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

fn did_you_mean(text: &str) -> String {
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
        for value in items {
            let text = value.as_str().ok_or_else(|| wrong_type(value, None))?;
            let item = T::read_item(text).map_err(|hint| Misfit::Value {
                kind: T::KIND,
                value: shown(text),
                hint,
            })?;
            if !each_once.contains(&item) {
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
        let text = value.as_str().ok_or_else(|| wrong_type(value, None))?;
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

impl Item for Region {
    const KIND: ValueKind = ValueKind::Region;

    fn accepted_list() -> String {
        "a list of region names, like `[\"us-east-1\", \"global\"]`".to_owned()
    }

    fn read_item(text: &str) -> Result<Self, Option<String>> {
        text.parse().map_err(|_| {
            let plain = text.trim().to_lowercase().replace(['_', ' '], "-");
            let zone = plain
                .strip_suffix(|c: char| c.is_ascii_lowercase())
                .unwrap_or_default();
            let is_region = |text: &&str| text.parse::<Self>().is_ok();
            let several: Vec<&str> = text
                .split([';', ' ', '|', '/'])
                .filter(|part| !part.is_empty())
                .collect();
            if several.len() > 1 && several.iter().all(is_region) {
                return Some(did_you_mean(&several.join(",")));
            }
            if let Some(zone) = Some(zone).filter(is_region) {
                Some(format!("an availability zone of {}", shown(zone)))
            } else {
                Some(&*plain).filter(is_region).map(did_you_mean)
            }
        })
    }
}

/// A service's code in AWS Health: `EC2`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service(String);

impl Service {
    pub(super) fn known(code: &str) -> Self {
        Self(code.to_owned())
    }

    /// The code, as AWS Health writes it in an event's `service`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Item for Service {
    const KIND: ValueKind = ValueKind::Service;

    fn accepted_list() -> String {
        "a list of AWS Health's service codes, like `[\"EC2\", \"LAMBDA\"]`: 2 to 30 capital letters, digits and `_`".to_owned()
    }

    fn read_item(text: &str) -> Result<Self, Option<String>> {
        let is_code = |text: &str| {
            (2..=30).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        };
        if is_code(text) {
            return Ok(Self(text.to_owned()));
        }
        let capital = text.trim().to_uppercase().replace(['-', ' '], "_");
        let prefixes = ["AMAZON", "AWS"];
        let short = prefixes
            .iter()
            .find_map(|prefix| capital.strip_prefix(prefix))
            .map(|rest| rest.trim_start_matches('_').to_owned());
        let capital = short.unwrap_or(capital);
        Err(Some(capital)
            .filter(|text| is_code(text))
            .map(|text| did_you_mean(&text)))
    }
}

impl Item for Wildcard {
    const KIND: ValueKind = ValueKind::EventTypeCode;

    fn accepted_list() -> String {
        "a list of event type codes, like `[\"AWS_EC2_*\"]`: at most 100 letters, digits, `_`, `-`, and `*` for any run of characters".to_owned()
    }

    fn read_item(text: &str) -> Result<Self, Option<String>> {
        let is_code = |text: &str| {
            (1..=100).contains(&text.len())
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-*".contains(&b))
        };
        if is_code(text) {
            Ok(Self::new(text))
        } else {
            Err(Some(text.trim())
                .filter(|text| is_code(text))
                .map(did_you_mean))
        }
    }
}

/// The ARN of an event of AWS Health: `arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventArn(String);

impl EventArn {
    /// The ARN.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Item for EventArn {
    const KIND: ValueKind = ValueKind::EventArn;

    fn accepted_list() -> String {
        "a list of ARNs of events, like `[\"arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1\"]`".to_owned()
    }

    fn read_item(text: &str) -> Result<Self, Option<String>> {
        let word = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        let is_arn = |text: &str| {
            let mut parts = text.splitn(6, ':');
            let mut part = || parts.next().unwrap_or_default();
            part() == "arn" && part().starts_with("aws") && part() == "health" && {
                let (_region, _account) = (part(), part());
                part()
                    .strip_prefix("event/")
                    .is_some_and(|path| path.split('/').count() == 3 && path.split('/').all(word))
            }
        };
        if is_arn(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Some(text.trim())
                .filter(|text| is_arn(text))
                .map(did_you_mean))
        }
    }
}

impl Word for OnIncident {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("fail", Self::Fail),
        ("hold", Self::Hold),
        ("warn", Self::Warn),
    ];
}

impl Word for OnUnknown {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("fail", Self::Fail),
        ("hold", Self::Hold),
        ("pass", Self::Pass),
    ];
}

impl Word for OnRollback {
    const WORDS: &'static [(&'static str, Self)] = &[("pass", Self::Pass), ("check", Self::Check)];
}

impl Word for Retry {
    const WORDS: &'static [(&'static str, Self)] = &[("auto", Self::Auto), ("never", Self::Never)];
}

impl Word for EventCategory {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("issue", Self::Issue),
        ("scheduledChange", Self::ScheduledChange),
        ("accountNotification", Self::AccountNotification),
    ];

    fn hint(text: &str) -> Option<String> {
        (text == "investigation")
            .then(|| "AWS Health lists this category and does not support it".to_owned())
    }
}

impl Word for EventScope {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("PUBLIC", Self::Public),
        ("ACCOUNT_SPECIFIC", Self::AccountSpecific),
        ("NONE", Self::None),
    ];
}
