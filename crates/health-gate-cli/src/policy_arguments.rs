//! The policy of a command: a text or a file, and an option for each key.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use health_gate::{AccountPolicy, Policy, PolicyOrigin, Region};
use serde_json::{Map, Value};

use crate::input;

/// A policy. Its keys and forms are those of a gate action's `UserParameters`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyArguments {
    /// A policy: JSON, a list of regions, a file with either, or `-` for standard input. The options below change it.
    #[arg(long, value_name = "TEXT|FILE")]
    policy: Option<String>,
    /// Events of these regions count, `global` being one.
    #[arg(long, value_name = "REGION,…", value_delimiter = ',')]
    regions: Option<Vec<String>>,
    /// Events of these services count, by AWS Health's codes (EC2, LAMBDA).
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    services: Option<Vec<String>>,
    /// Events of these services do not count.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    ignore_services: Option<Vec<String>>,
    /// issue, scheduledChange, accountNotification.
    #[arg(long, value_name = "WORD,…", value_delimiter = ',')]
    categories: Option<Vec<String>>,
    /// Events of these types count; `*` is any run of characters.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    event_type_codes: Option<Vec<String>>,
    /// Events of these types do not count.
    #[arg(long, value_name = "CODE,…", value_delimiter = ',')]
    ignore_event_type_codes: Option<Vec<String>>,
    /// PUBLIC, ACCOUNT_SPECIFIC, NONE.
    #[arg(long, value_name = "WORD,…", value_delimiter = ',')]
    scopes: Option<Vec<String>>,
    /// These events do not count.
    #[arg(long, value_name = "ARN,…", value_delimiter = ',')]
    ignore_events: Option<Vec<String>>,
    /// An open event that was not updated for so long does not count.
    #[arg(long, value_name = "DURATION")]
    stale_after: Option<String>,
    /// Events that closed more recently than this count.
    #[arg(long, value_name = "DURATION")]
    quiet_period: Option<String>,
    /// fail, hold, warn.
    #[arg(long, value_name = "WORD")]
    on_incident: Option<String>,
    /// fail, hold, pass.
    #[arg(long, value_name = "WORD")]
    on_unknown: Option<String>,
    /// pass, check.
    #[arg(long, value_name = "WORD")]
    on_rollback: Option<String>,
    /// How long a hold lasts at most.
    #[arg(long, value_name = "DURATION")]
    max_hold: Option<String>,
    /// How often AWS Health is read during a hold.
    #[arg(long, value_name = "DURATION")]
    check_every: Option<String>,
    /// auto, never.
    #[arg(long, value_name = "WORD")]
    retry: Option<String>,
    /// How long a stopped stage may be retried.
    #[arg(long, value_name = "DURATION")]
    retry_within: Option<String>,
}

impl PolicyArguments {
    /// The policy that the arguments come to, over that of the account.
    ///
    /// # Errors
    /// If a file cannot be read, or the policy is not valid.
    pub(crate) fn policy(&self, account: &AccountPolicy, own_region: &Region) -> Result<Policy> {
        let text = self.policy.as_deref().map(text_of).transpose()?;
        let text = text.unwrap_or_default();
        let keys = self.keys();
        let keys = if keys.is_empty() {
            String::new()
        } else {
            Value::Object(keys).to_string()
        };
        let texts = [
            (PolicyOrigin::PolicyOption, text.as_str()),
            (PolicyOrigin::KeyOptions, keys.as_str()),
        ];
        Ok(account.under(&texts, own_region)?)
    }

    /// The options that are keys, as one JSON object.
    fn keys(&self) -> Map<String, Value> {
        let lists = [
            ("regions", &self.regions),
            ("services", &self.services),
            ("ignoreServices", &self.ignore_services),
            ("categories", &self.categories),
            ("eventTypeCodes", &self.event_type_codes),
            ("ignoreEventTypeCodes", &self.ignore_event_type_codes),
            ("scopes", &self.scopes),
            ("ignoreEvents", &self.ignore_events),
        ];
        let words = [
            ("staleAfter", &self.stale_after),
            ("quietPeriod", &self.quiet_period),
            ("onIncident", &self.on_incident),
            ("onUnknown", &self.on_unknown),
            ("onRollback", &self.on_rollback),
            ("maxHold", &self.max_hold),
            ("checkEvery", &self.check_every),
            ("retry", &self.retry),
            ("retryWithin", &self.retry_within),
        ];
        let lists = lists.into_iter().filter_map(|(key, list)| {
            let items = list.as_ref()?.iter().map(|item| item.trim().to_owned());
            Some((key.to_owned(), items.collect()))
        });
        let words = words
            .into_iter()
            .filter_map(|(key, word)| Some((key.to_owned(), word.clone()?.into())));
        lists.chain(words).collect()
    }
}

/// The text that an argument is, or the file that it names; `-` is standard input.
pub(crate) fn text_of(given: &str) -> Result<String> {
    if given == "-" || is_file(given) {
        return input::text(given, "the policy");
    }
    Ok(given.to_owned())
}

/// Whether an argument names a file: one that exists, or one that is meant, since no policy has a slash or ends so.
fn is_file(given: &str) -> bool {
    let is_text = given.trim_start().starts_with(['{', '[', '"']);
    !is_text && (given.contains('/') || given.ends_with(".json") || Path::new(given).is_file())
}
