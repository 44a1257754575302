//! The names in a policy's lists. Only their syntax is checked, never a list: new ones appear.

use serde::Serialize;

use super::error::ValueKind;
use super::form::{Item, did_you_mean};
use crate::region::Region;
use crate::text::shown;
use crate::wildcard::Wildcard;

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
            if !several.is_empty() && several.iter().all(is_region) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_named_by_its_whole_arn() {
        let arn = "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_1";
        assert!(EventArn::read_item(arn).is_ok());
        assert!(
            EventArn::read_item("arn:aws-cn:health:global:111122223333:event/a/b-c/d_1").is_ok()
        );
        for no_arn in [
            "",
            "urn:aws:health:us-east-1::event/EC2/X/Y",
            "arn:gcp:health:us-east-1::event/EC2/X/Y",
            "arn:aws:s3:us-east-1::event/EC2/X/Y",
            "arn:aws:health:us-east-1::pipeline/EC2/X/Y",
            "arn:aws:health:us-east-1::event/EC2/X",
            "arn:aws:health:us-east-1::event/EC2/X/Y/Z",
            "arn:aws:health:us-east-1::event/EC2//Y",
            "arn:aws:health:us-east-1::event/EC2/X/Y.",
            "arn:aws:health:us-east-1::event/EC2/X/*",
        ] {
            assert_eq!(EventArn::read_item(no_arn), Err(None), "{no_arn}");
        }
        let short = "arn:aws:health:us-east-1::event/EC2/X/Y";
        let hint = EventArn::read_item(&format!(" {short}")).expect_err("a space");
        assert!(hint.is_some_and(|hint| hint.contains(short)));
    }

    #[test]
    fn what_is_meant_by_no_region_is_proposed_if_it_comes_to_mind() {
        let hint = |text| Region::read_item(text).expect_err("no region");
        for (text, meant) in [
            ("US_East-1", "us-east-1"),
            ("us-east-1a", "an availability zone of"),
            ("us-east-1; eu-west-1", "us-east-1,eu-west-1"),
            ("us-east-1;", "`us-east-1`"),
        ] {
            let hint = hint(text).unwrap_or_default();
            assert!(hint.contains(meant), "{text}: {hint}");
        }
        for text in ["moon", "us-east-1; moon", ";", ""] {
            assert_eq!(hint(text), None, "{text}");
        }
    }
}
