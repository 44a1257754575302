//! What can be said against a command before it is done: a slip in a scenario is told before the scenario begins.

use std::collections::BTreeMap;
use std::time::Duration;

use regex_lite::Regex;

use super::{Command, DisturbanceName, FaultName};
use crate::codepipeline::Delays;
use crate::commands::{changed, refused};
use crate::eventbridge::EventDelays;
use crate::health;
use crate::pattern::Pattern;
use crate::service::{ACTIONS, action_of, is_service};
use crate::service_error::ServiceError;

/// The most pages that EventBridge gets an event in.
const PAGES: u32 = 100;
/// The longest that Lambda lets a function run.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(15 * 60);

const FUNCTION: &str = "[A-Za-z0-9_-]{1,64}";
const REGION: &str = "[a-z]{2,4}(-[a-z]+)+-[0-9]+";

impl Command {
    /// Refuses what could not be done, or would do nothing. `programs` are those that functions may run.
    pub(crate) fn check(
        &self,
        programs: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), ServiceError> {
        match self {
            Self::Call {
                service, operation, ..
            } => {
                if !is_service(service) {
                    return Err(refused(format!(
                        "no service `{service}`; there are Health, CodePipeline, SNS"
                    )));
                }
                operation_name(operation)
            }
            Self::Pipeline { region, .. } => form("region", region, REGION),
            Self::Rule {
                region, pattern, ..
            } => {
                form("region", region, REGION)?;
                Pattern::new(pattern).map(drop).map_err(refused)
            }
            Self::OpenEvent(issue) => {
                form("service", &issue.service, "[A-Z0-9_]{2,30}")?;
                form("region", &issue.region, &format!("global|{REGION}"))?;
                form("name", &issue.name, "[A-Za-z0-9_-]{1,80}")?;
                match issue.pages {
                    Some(pages) if !(1..=PAGES).contains(&pages) => Err(refused(format!(
                        "`pages` is {pages}; accepted: 1 to {PAGES}"
                    ))),
                    Some(_) | None => Ok(()),
                }
            }
            Self::Health {
                active: Some(region),
                ..
            } if !health::REGIONS.contains(&region.as_str()) => Err(refused(format!(
                "AWS Health has no endpoint in `{region}`; accepted: {}",
                health::REGIONS.join(", ")
            ))),
            Self::Fault {
                operation,
                region,
                fault,
                by,
                ..
            } => {
                operation_name(operation)?;
                if let Some(region) = region {
                    form("region", region, REGION)?;
                }
                let wants = matches!(fault, FaultName::Late | FaultName::Slow);
                goes_with("by", "`late` and `slow`", wants, by.is_some())
            }
            Self::Limit { operation, .. } => operation_name(operation),
            Self::Delays(changes) => changed(&Delays::default(), changes.clone()).map(drop),
            Self::EventDelays(changes) => {
                changed(&EventDelays::default(), changes.clone()).map(drop)
            }
            Self::Disturb {
                disturbance,
                by,
                times,
                ..
            } => {
                let is_late = matches!(disturbance, DisturbanceName::Late);
                goes_with("by", "`late`", is_late, by.is_some())?;
                let is_retried = matches!(disturbance, DisturbanceName::Retried);
                goes_with("times", "`retried`", is_retried, times.is_some())
            }
            Self::ConnectSignals { region, function }
            | Self::DeleteFunction { region, function } => {
                form("region", region, REGION)?;
                form("function", function, FUNCTION)
            }
            Self::CreateFunction {
                function,
                region,
                runs,
                environment,
                timeout,
            } => {
                form("region", region, REGION)?;
                form("function", function, FUNCTION)?;
                for (name, value) in environment {
                    form("environment", name, "[A-Za-z_][A-Za-z0-9_]*")?;
                    if value.contains('\0') {
                        return Err(refused(format!("the value of `{name}` has a NUL byte")));
                    }
                }
                if !(Duration::from_secs(1)..=LONGEST_TIMEOUT).contains(timeout) {
                    return Err(refused(format!(
                        "`timeout` is {timeout:?}; accepted: 1s to 15m"
                    )));
                }
                if programs.contains_key(runs) {
                    return Ok(());
                }
                let known: Vec<&str> = programs.keys().map(String::as_str).collect();
                Err(refused(format!(
                    "no program `{runs}` can be run; there are: {}",
                    known.join(", ")
                )))
            }
            Self::Release { .. }
            | Self::UpdateEvent { .. }
            | Self::CloseEvent { .. }
            | Self::Health { .. }
            | Self::Deployment { .. }
            | Self::NotificationRule(_)
            | Self::Signal { .. } => Ok(()),
        }
    }
}

fn form(member: &str, text: &str, pattern: &str) -> Result<(), ServiceError> {
    let whole = Regex::new(&format!("^(?:{pattern})$")).expect("a constant pattern");
    if whole.is_match(text) {
        return Ok(());
    }
    Err(refused(format!(
        "`{member}` is {text:?}; accepted: {pattern}"
    )))
}

/// A slip in an operation's name would be a fault that never happens.
fn operation_name(operation: &str) -> Result<(), ServiceError> {
    if action_of(operation).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = ACTIONS.iter().map(|(_, operation, _)| *operation).collect();
    Err(refused(format!(
        "no operation `{operation}`; there are: {}",
        known.join(", ")
    )))
}

/// A member that some kinds need, and that means nothing for the others.
fn goes_with(
    member: &str,
    kinds: &str,
    is_needed: bool,
    is_given: bool,
) -> Result<(), ServiceError> {
    match (is_needed, is_given) {
        (true, false) => Err(refused(format!(
            "`{member}` is missing, which {kinds} need"
        ))),
        (false, true) => Err(refused(format!(
            "`{member}` means nothing here; it is for {kinds}"
        ))),
        (true, true) | (false, false) => Ok(()),
    }
}
