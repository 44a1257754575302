//! A region as a policy names it. Only the syntax is checked, never a list: new regions appear.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// An AWS Region name (`us-east-1`), or `global`, under which AWS Health files events of services without a
/// region (IAM, billing).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Region(String);

impl Region {
    /// The pseudo-region `global`.
    pub fn global() -> Self {
        Self("global".to_owned())
    }

    /// The name, as AWS Health writes it in an event's `region`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a region name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a region name: `{0}`")]
pub struct InvalidRegion(pub String);

impl FromStr for Region {
    type Err = InvalidRegion;

    fn from_str(text: &str) -> Result<Self, InvalidRegion> {
        if text == "global" || is_region_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidRegion(text.to_owned()))
        }
    }
}

/// `^[a-z]{2,4}(-[a-z]+)+-\d+$`, as every region of every partition has been named so far.
fn is_region_name(text: &str) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let mut parts = text.split('-');
    let (Some(first), Some(last)) = (parts.next(), parts.next_back()) else {
        return false;
    };
    let middle: Vec<_> = parts.collect();
    // The most that AWS Health's filter takes.
    text.len() <= 25
        && letters(first)
        && (2..=4).contains(&first.len())
        && !middle.is_empty()
        && middle.into_iter().all(letters)
        && !last.is_empty()
        && last.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn region_names_of_every_partition_are_accepted() {
        for name in [
            "us-east-1",
            "eu-central-2",
            "us-gov-west-1",
            "cn-north-1",
            "us-isob-east-1",
            "eusc-de-east-1",
            "global",
        ] {
            assert_eq!(
                name.parse::<Region>().map(|r| r.to_string()),
                Ok(name.to_owned())
            );
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for name in [
            "",
            "us-east",
            "us-east-1a",
            "US-EAST-1",
            "us_east_1",
            "Global",
            "us--1",
            "-east-1",
            "u-east-1",
            "europe-west-1",
            "us-east-1 ",
            "us-1",
            "us-averyveryverylongname-1",
        ] {
            assert_eq!(
                name.parse::<Region>(),
                Err(InvalidRegion(name.to_owned())),
                "{name:?}"
            );
        }
    }
}
