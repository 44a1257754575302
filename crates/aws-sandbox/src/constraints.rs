//! The constraints of AWS's service models, and the words in which a service refuses what breaks them.

use std::ops::RangeInclusive;

use regex_lite::Regex;

use crate::service_error::ServiceError;

/// Collects what is wrong with an input, so that one answer can name all of it.
#[derive(Debug, Default)]
pub(crate) struct Constraints(Vec<String>);

impl Constraints {
    /// Refuses the input if anything is wrong with it.
    pub(crate) fn finish(self) -> Result<(), ServiceError> {
        let errors = self.0;
        if errors.is_empty() {
            return Ok(());
        }
        let noun = if errors.len() == 1 { "error" } else { "errors" };
        let message = format!(
            "{} validation {noun} detected: {}",
            errors.len(),
            errors.join("; ")
        );
        Err(ServiceError::new("ValidationException", message))
    }

    pub(crate) fn broken(&mut self, path: &str, constraint: &str) {
        self.0.push(format!(
            "Value at '{path}' failed to satisfy constraint: {constraint}"
        ));
    }

    pub(crate) fn required<T>(&mut self, path: &str, value: Option<&T>) {
        if value.is_none() {
            self.broken(path, "Member must not be null");
        }
    }

    /// The length of a string or a list.
    pub(crate) fn length(
        &mut self,
        path: &str,
        length: Option<usize>,
        allowed: RangeInclusive<usize>,
    ) {
        let Some(length) = length else { return };
        if length > *allowed.end() {
            self.broken(
                path,
                &format!(
                    "Member must have length less than or equal to {}",
                    allowed.end()
                ),
            );
        }
        if length < *allowed.start() {
            self.broken(
                path,
                &format!(
                    "Member must have length greater than or equal to {}",
                    allowed.start()
                ),
            );
        }
    }

    pub(crate) fn text(
        &mut self,
        path: &str,
        text: Option<&String>,
        allowed: RangeInclusive<usize>,
    ) {
        self.length(path, text.map(|text| text.chars().count()), allowed);
    }

    pub(crate) fn range(&mut self, path: &str, number: Option<i64>, allowed: RangeInclusive<i64>) {
        let Some(number) = number else { return };
        if number > *allowed.end() {
            self.broken(
                path,
                &format!(
                    "Member must have value less than or equal to {}",
                    allowed.end()
                ),
            );
        }
        if number < *allowed.start() {
            self.broken(
                path,
                &format!(
                    "Member must have value greater than or equal to {}",
                    allowed.start()
                ),
            );
        }
    }

    pub(crate) fn pattern(&mut self, path: &str, text: Option<&String>, pattern: &str) {
        let Some(text) = text else { return };
        let whole = Regex::new(&format!("^(?:{pattern})$")).expect("the pattern of a model");
        if !whole.is_match(text) {
            self.broken(
                path,
                &format!("Member must satisfy regular expression pattern: {pattern}"),
            );
        }
    }

    pub(crate) fn one_of(&mut self, path: &str, text: Option<&String>, allowed: &[&str]) {
        if text.is_some_and(|text| !allowed.contains(&text.as_str())) {
            self.broken(
                path,
                &format!(
                    "Member must satisfy enum value set: [{}]",
                    allowed.join(", ")
                ),
            );
        }
    }

    /// A list of strings: its length, and every item by `check`, at `path.N.member` counted from one.
    pub(crate) fn list(
        &mut self,
        path: &str,
        items: Option<&Vec<String>>,
        allowed: RangeInclusive<usize>,
        check: impl Fn(&mut Self, &str, &String),
    ) {
        self.length(path, items.map(Vec::len), allowed);
        for (number, item) in items.into_iter().flatten().enumerate() {
            check(self, &format!("{path}.{}.member", number + 1), item);
        }
    }
}
