//! Names in which `*` stands for any run of characters.

use std::fmt;

use serde::Serialize;

/// A pattern. Case counts, and `*` is the only character with a meaning of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wildcard(String);

impl Wildcard {
    /// A pattern.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Whether the pattern describes all of `text`.
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };
        for piece in pieces {
            let Some(at) = rest.find(piece) else {
                return false;
            };
            rest = rest.get(at + piece.len()..).unwrap_or_default();
        }
        rest.ends_with(last)
    }
}

impl fmt::Display for Wildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A list of patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wildcards(Vec<Wildcard>);

impl Wildcards {
    /// Reads a comma-separated list. Spaces around a pattern do not count, nor do empty items.
    pub fn from_list(text: &str) -> Self {
        let items = text.split(',').map(str::trim);
        Self(
            items
                .filter(|item| !item.is_empty())
                .map(Wildcard::new)
                .collect(),
        )
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them describes all of `text`.
    pub fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_empty_without_a_pattern() {
        assert!(Wildcards::from_list(" , ,").is_empty());
        let list = Wildcards::from_list("a, b*,");
        assert!(!list.is_empty() && list.matches("a") && list.matches("bc") && !list.matches("c"));
    }

    #[test]
    fn a_star_is_any_run_of_characters() {
        for (pattern, text, matches) in [
            (
                "AWS_EC2_OPERATIONAL_ISSUE",
                "AWS_EC2_OPERATIONAL_ISSUE",
                true,
            ),
            (
                "AWS_EC2_OPERATIONAL_ISSUE",
                "AWS_EC2_OPERATIONAL_ISSUES",
                false,
            ),
            ("AWS_EC2_*", "AWS_EC2_OPERATIONAL_ISSUE", true),
            ("AWS_EC2_*", "AWS_EC2_", true),
            ("AWS_EC2_*", "aws_ec2_operational_issue", false),
            ("*_ISSUE", "AWS_EC2_API_ISSUE", true),
            ("*_ISSUE", "AWS_EC2_ISSUE_X", false),
            ("AWS_*_ISSUE", "AWS_EC2_API_ISSUE", true),
            ("AWS_*EC2*_ISSUE", "AWS_EC2_API_ISSUE", true),
            ("AWS*AWS", "AWS", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("a*b*b", "ab", false),
        ] {
            assert_eq!(
                Wildcard::new(pattern).matches(text),
                matches,
                "{pattern} {text}"
            );
            assert_eq!(Wildcard::new(pattern).to_string(), pattern);
        }
    }
}
