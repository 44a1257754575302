//! The signals that stage-retry gets, and the looks that it takes because of them.

use std::time::SystemTime;

use serde_json::Value;

use super::{Checked, Checks, Ended, Invariant, Look};
use crate::functions::Ending;
use crate::plan::Plan;

/// The id of messages that call for nothing.
pub(crate) const IDLE: &str = "calls-for-nothing";

/// What a message calls for.
enum CallsFor {
    /// A look at all pipelines.
    Scan,
    /// A look at this one.
    Pipeline(String),
    Nothing,
}

impl CallsFor {
    /// By what people were promised of each kind of message.
    fn of(ended: &Ended, plan: &Plan) -> Self {
        let payload = &ended.invocation.payload;
        let message = payload["Records"][0]["Sns"]["Message"].as_str();
        let message: Value = message
            .and_then(|message| serde_json::from_str(message).ok())
            .unwrap_or_default();
        let is_own =
            message["account"] == aws_sandbox::ACCOUNT_ID && message["region"] == plan.regions.home;
        let detail = &message["detail"];
        let end = detail["endTime"].as_str();
        let end = end.and_then(|end| httpdate::parse_http_date(end).ok());
        let is_over = detail["statusCode"] == "closed"
            || end.is_some_and(|end| end <= SystemTime::from(ended.began));
        match message["source"].as_str() {
            _ if message["id"] == IDLE => Self::Nothing,
            Some("health-gate") => Self::Scan,
            Some("aws.health") if is_own && is_over && detail["backupEvent"] != "true" => {
                Self::Scan
            }
            Some("aws.codepipeline") if is_own => {
                Self::Pipeline(detail["pipeline"].as_str().unwrap_or_default().to_owned())
            }
            _ => Self::Nothing,
        }
    }
}

impl Checks {
    /// What a message calls for is looked at, and nothing else.
    pub(super) fn looks(&mut self, look: &Look<'_>) -> Checked {
        if !matches!(look.ending, Some(Ending::Returned(_))) {
            return Ok(());
        }
        let name = &look.ended.name;
        let scans = look.has_called("ListPipelines");
        let looked_at: Vec<&str> = look
            .calls
            .iter()
            .filter(|call| call.operation == "GetPipelineState")
            .filter_map(|call| call.input["name"].as_str())
            .collect();
        let (danger, broken) = match CallsFor::of(look.ended, look.plan) {
            CallsFor::Nothing => {
                let made = &look.ended.made;
                let what =
                    format!("{name} was told nothing that it has to look at, and called {made:?}");
                (true, (!made.is_empty()).then_some(what))
            }
            CallsFor::Scan => {
                let other = looked_at
                    .iter()
                    .find(|pipeline| !look.plan.is_scanned(pipeline));
                // Each is asked for, or counted.
                let scanned = look
                    .plan
                    .pipelines
                    .iter()
                    .filter(|pipeline| look.plan.is_scanned(pipeline.name));
                let missing: Vec<&str> = scanned
                    .map(|pipeline| pipeline.name)
                    .filter(|pipeline| !looked_at.contains(pipeline))
                    .collect();
                let is_counted = unread(look) >= missing.len() as u64;
                let broken = match other {
                    // Without the time for its first call it fails, and Lambda tries again.
                    _ if !scans && unread(look) == 0 => {
                        Some(format!("{name} was told to look, and did not"))
                    }
                    _ if !is_counted => Some(format!(
                        "{name} did not look at {missing:?}, and does not say so"
                    )),
                    Some(other) => Some(format!(
                        "{name} looked at {other}, which PIPELINES does not stand for"
                    )),
                    None => None,
                };
                (true, broken)
            }
            CallsFor::Pipeline(pipeline) => {
                let other = looked_at.iter().any(|other| *other != pipeline);
                let has_looked = look.has_called("GetPipelineState") || unread(look) > 0;
                let what = format!("{name} was told of {pipeline}, and looked at {looked_at:?}");
                (false, (scans || other || !has_looked).then_some(what))
            }
        };
        self.hold(Invariant::SignalsWake, danger, look.world.now(), broken)
    }
}

/// How many pipelines an invocation says it has not read.
fn unread(look: &Look<'_>) -> u64 {
    match look.ending {
        Some(Ending::Returned(Ok(account))) => account["unread"].as_u64().unwrap_or_default(),
        Some(Ending::Returned(Err(_)) | Ending::Crashed) | None => u64::MAX,
    }
}
