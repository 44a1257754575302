//! The policies of a world, and which incidents count under each: a table that was written by hand, so that what is
//! checked never rests on the code that is checked.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::incident::{KINDS, KNOWN_ISSUE};

/// One way to say which events count.
struct Filter {
    /// The keys; `HOME` and `OTHER` are regions, `KNOWN` is the ARN of one event. A text without braces is a list of regions.
    keys: &'static str,
    /// For each kind of incident, in the order of [`KINDS`]: `x` if it counts.
    counts: [&'static str; KINDS.len()],
}

/// How many labels the table has.
pub(crate) const LABELS: usize = FILTERS.len() * KINDS.len();

impl Filter {
    fn with_names(&self, regions: Regions) -> String {
        self.keys
            .replace("HOME", regions.home)
            .replace("OTHER", regions.other)
            .replace("KNOWN", &KNOWN_ISSUE.replace("HOME", regions.home))
    }

    /// The keys of the policy.
    fn object(&self, regions: Regions) -> Map<String, Value> {
        let keys = self.with_names(regions);
        serde_json::from_str(&keys)
            .unwrap_or_else(|_| Map::from_iter([("regions".to_owned(), json!([keys]))]))
    }
}

#[rustfmt::skip]
const FILTERS: [Filter; 13] = [
    //                                                    ec2  lam  els  iam  lrg  own  pln  bil  rsk  knw  non
    Filter { keys: "{}",                         counts: ["x", "x", ".", "x", "x", "x", ".", ".", ".", "x", "x"] },
    Filter { keys: "HOME",                       counts: ["x", "x", ".", ".", "x", "x", ".", ".", ".", "x", "x"] },
    Filter { keys: r#"{"regions": ["OTHER"]}"#,  counts: [".", ".", "x", ".", ".", ".", ".", ".", ".", ".", "."] },
    Filter { keys: r#"{"regions": ["global"]}"#, counts: [".", ".", ".", "x", ".", ".", ".", ".", ".", ".", "."] },
    Filter { keys: r#"{"services": ["LAMBDA"]}"#,
                                                 counts: [".", "x", ".", ".", "x", ".", ".", ".", ".", ".", "."] },
    Filter { keys: r#"{"ignoreServices": ["EC2", "MULTIPLE_SERVICES"]}"#,
                                                 counts: [".", "x", ".", "x", ".", ".", ".", "x", ".", "x", "x"] },
    Filter { keys: r#"{"categories": ["issue", "scheduledChange"]}"#,
                                                 counts: ["x", "x", ".", "x", "x", "x", "x", ".", ".", "x", "x"] },
    Filter { keys: r#"{"categories": ["accountNotification"], "ignoreServices": ["BILLING"]}"#,
                                                 counts: [".", ".", ".", ".", ".", ".", ".", ".", "x", ".", "."] },
    Filter { keys: r#"{"eventTypeCodes": ["AWS_EC2_*"]}"#,
                                                 counts: ["x", ".", ".", ".", ".", "x", ".", ".", ".", ".", "."] },
    Filter { keys: r#"{"ignoreEventTypeCodes": ["*_OPERATIONAL_ISSUE"]}"#,
                                                 counts: [".", ".", ".", ".", ".", "x", ".", ".", ".", ".", "."] },
    Filter { keys: r#"{"scopes": ["ACCOUNT_SPECIFIC"]}"#,
                                                 counts: [".", ".", ".", ".", ".", "x", ".", ".", ".", ".", "."] },
    Filter { keys: r#"{"ignoreEvents": ["KNOWN"]}"#,
                                                 counts: ["x", "x", ".", "x", "x", "x", ".", ".", ".", ".", "x"] },
    // More than AWS Health takes in one call.
    Filter { keys: r#"{"regions": ["ap-east-1", "ap-south-1", "ca-west-1", "eu-north-1", "eu-south-1", "eu-south-2", "me-south-1",
                                   "sa-east-1", "us-west-1", "HOME", "global", "OTHER"]}"#,
                                                 counts: ["x", "x", "x", "x", "x", "x", ".", ".", ".", "x", "x"] },
];

/// The keys that say what is done, the values that are tried, and first the one that counts if nothing is said.
const RULES: [(&str, &[&str]); 9] = [
    ("onIncident", &["fail", "fail", "hold", "hold", "warn"]),
    ("onUnknown", &["fail", "hold", "pass"]),
    ("onRollback", &["pass", "check"]),
    ("quietPeriod", &["0s", "2m", "10m"]),
    ("staleAfter", &["72h", "1h"]),
    ("maxHold", &["4h", "1m", "5m", "10m"]),
    ("checkEvery", &["60s", "0s", "5m"]),
    ("retry", &["auto", "auto", "never"]),
    ("retryWithin", &["24h", "10m", "7d"]),
];

/// What keys that nobody knows look like.
const INVALID: [&str; 3] = [
    r#"{"region": ["us-east-1"]}"#,
    r#"{"regions": ["us-east-1"#,
    r#"{"maxHold": "4 hours"}"#,
];

/// The regions in which something happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Regions {
    /// That of the functions.
    pub(crate) home: &'static str,
    pub(crate) other: &'static str,
}

/// The policy of the whole account, `HEALTH_GATE_POLICY`.
#[derive(Debug, Clone, Default)]
pub(crate) struct AccountPolicy {
    /// Which of the filters.
    filter: Option<usize>,
    /// What that says.
    filter_keys: Map<String, Value>,
    rules: BTreeMap<&'static str, &'static str>,
    /// It cannot be read.
    invalid: Option<&'static str>,
}

impl AccountPolicy {
    pub(crate) fn random(rng: &mut Rng, regions: Regions) -> Self {
        let mut policy = Self::default();
        if rng.u32(..5) == 0 {
            let filter = rng.usize(2..FILTERS.len());
            policy.filter = Some(filter);
            policy.filter_keys = FILTERS[filter].object(regions);
        }
        match rng.u32(..20) {
            0 => policy.invalid = rng.choice(INVALID),
            1..=6 => {
                for _ in 0..=rng.usize(..2) {
                    let (key, values) = RULES[rng.usize(..RULES.len())];
                    policy.rules.insert(key, values[rng.usize(..values.len())]);
                }
            }
            _ => {}
        }
        policy
    }

    /// The variable's value.
    pub(crate) fn text(&self) -> Option<String> {
        if let Some(invalid) = self.invalid {
            return Some(invalid.to_owned());
        }
        let mut keys = self.filter_keys.clone();
        keys.extend(
            self.rules
                .iter()
                .map(|(key, value)| ((*key).to_owned(), json!(value))),
        );
        (!keys.is_empty()).then(|| Value::Object(keys).to_string())
    }
}

/// The policy of a gate's action, with that of the account.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    /// `UserParameters`.
    pub(crate) user_parameters: Option<String>,
    /// It can be read, and the account's too.
    pub(crate) is_valid: bool,
    /// Which of the filters it has.
    filter: usize,
    counts: [bool; KINDS.len()],
    /// What AWS Health has to be asked for.
    regions: Vec<String>,
    categories: Vec<String>,
    rules: BTreeMap<&'static str, &'static str>,
}

impl Policy {
    pub(crate) fn random(rng: &mut Rng, regions: Regions, account: &AccountPolicy) -> Self {
        // What most people write is what happens most.
        let filter = if rng.bool() {
            rng.usize(..2)
        } else {
            rng.usize(..FILTERS.len())
        };
        let mut rules = account.rules.clone();
        let mut own: Map<String, Value> = Map::new();
        for (key, values) in RULES {
            let is_said = match key {
                // A hold of hours has hundreds of rounds.
                "maxHold" => {
                    rules.get("onIncident") == Some(&"hold")
                        || rules.get("onUnknown") == Some(&"hold")
                }
                "onIncident" => rng.bool(),
                _ => rng.u32(..6) == 0,
            };
            if !is_said {
                continue;
            }
            if account.rules.contains_key(key) && rng.bool() {
                own.insert(key.to_owned(), Value::Null);
                rules.remove(key);
            } else {
                let value = values[rng.usize(1..values.len())];
                own.insert(key.to_owned(), json!(value));
                rules.insert(key, value);
            }
        }
        // What the account's filter says counts, unless the action says everything itself.
        let inherited = account.filter.filter(|_| rng.u32(..3) == 0);
        let number = inherited.unwrap_or(filter);
        let filter = &FILTERS[number];
        let object = filter.object(regions);
        let list = |key: &str, usual: &[&str]| {
            let said = object.get(key).and_then(Value::as_array);
            let said = said.map(|list| list.iter().filter_map(Value::as_str).collect());
            let list: Vec<&str> = said.unwrap_or_else(|| usual.to_vec());
            list.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let asked_for = (
            list("regions", &[regions.home, "global"]),
            list("categories", &["issue"]),
        );
        let resets = account.filter_keys.keys();
        let resets = resets.filter(|key| !object.contains_key(*key));
        own.extend(resets.map(|key| (key.clone(), Value::Null)));
        let keys = if inherited.is_some() {
            own.retain(|key, _| !account.filter_keys.contains_key(key));
            Value::Object(own).to_string()
        } else if filter.keys.starts_with('{') || !own.is_empty() {
            own.extend(object);
            Value::Object(own).to_string()
        } else {
            filter.with_names(regions)
        };
        let invalid = (rng.u32(..25) == 0).then(|| rng.choice(INVALID)).flatten();
        Self {
            is_valid: invalid.is_none() && account.invalid.is_none(),
            user_parameters: Some(invalid.map_or(keys, str::to_owned)).filter(|text| text != "{}"),
            filter: number,
            counts: filter.counts.map(|mark| mark == "x"),
            regions: asked_for.0,
            categories: asked_for.1,
            rules,
        }
    }

    /// The usual events, and these rules.
    pub(super) fn of_rules(regions: Regions, rules: &[(&'static str, &'static str)]) -> Self {
        let rules: BTreeMap<_, _> = rules.iter().copied().collect();
        Self {
            user_parameters: Some(json!(rules).to_string()),
            is_valid: true,
            filter: 0,
            counts: FILTERS[0].counts.map(|mark| mark == "x"),
            regions: vec![regions.home.to_owned(), "global".to_owned()],
            categories: vec!["issue".to_owned()],
            rules,
        }
    }

    /// The row of the table.
    pub(crate) fn filter(&self) -> usize {
        self.filter
    }

    /// Whether an incident of this kind blocks while it is open.
    pub(crate) fn counts(&self, kind: usize) -> bool {
        self.counts[kind]
    }

    /// The regions that AWS Health has to be asked for.
    pub(crate) fn regions(&self) -> &[String] {
        &self.regions
    }

    /// The categories that it has to be asked for.
    pub(crate) fn categories(&self) -> &[String] {
        &self.categories
    }

    fn rule(&self, key: &str) -> &'static str {
        let (_, values) = RULES
            .iter()
            .find(|(known, _)| *known == key)
            .expect("a key of the table");
        self.rules.get(key).copied().unwrap_or(values[0])
    }

    /// Whether a key has this value.
    pub(crate) fn says(&self, key: &str, value: &str) -> bool {
        self.rule(key) == value
    }

    /// The duration of a key, in milliseconds.
    pub(crate) fn millis(&self, key: &str) -> i64 {
        let text = self.rule(key);
        let (number, unit) = text.split_at(text.len() - 1);
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            _ => 86_400,
        };
        number.parse::<i64>().expect("a number") * seconds * 1_000
    }
}
