//! The form of what CodePipeline is told, on which people, later actions and stage-retry rely.

use aws_sandbox::Call;
use serde_json::Value;

use super::decided::{ANSWER, Decided};
use super::{Checked, Checks, Invariant};

/// The variables of a success.
const VARIABLES: [&str; 8] = [
    "CheckedAt",
    "IncidentArns",
    "IncidentCount",
    "OverriddenBy",
    "OverriddenUntil",
    "OverrideReason",
    "Regions",
    "Verdict",
];

impl Checks {
    pub(super) fn report(&mut self, decided: &Decided<'_>, result: &Call) -> Checked {
        let input = &result.input;
        let broken = if result.operation == "PutJobFailureResult" {
            let text = |name: &str| input["failureDetails"][name].as_str().unwrap_or_default();
            wrong_failure(decided, text("type"), text("message"))
        } else if let Some(token) = input["continuationToken"].as_str() {
            wrong_token(
                decided,
                token,
                self.holds.get(&decided.context.action_execution_id),
            )
        } else {
            wrong_variables(&input["outputVariables"])
        };
        self.hold(Invariant::Report, true, decided.look.world.now(), broken)
    }
}

/// The clock of a hold lives in its token.
fn wrong_token(decided: &Decided<'_>, token: &str, hold: Option<&(i64, i64)>) -> Option<String> {
    let state: Value = serde_json::from_str(token).unwrap_or_default();
    let since = state["heldSince"].as_i64().unwrap_or_default() * 1_000;
    let is_right = state["v"] == 1
        && token.len() <= 2_048
        && since <= decided.to
        && decided.goes_on() == (since < decided.from - 1_000)
        && hold.is_none_or(|(first, _)| {
            !decided.goes_on() || (first - ANSWER..=*first).contains(&since)
        });
    (!is_right).then(|| format!("a continuation token that does not tell of the hold: {token}"))
}

fn wrong_variables(variables: &Value) -> Option<String> {
    let Some(variables) = variables.as_object() else {
        return Some("a success without output variables".to_owned());
    };
    if !variables.keys().eq(VARIABLES) {
        return Some(format!(
            "a success with other output variables than promised: {variables:?}"
        ));
    }
    let fits = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| !text.is_empty() && text.len() <= 900)
    };
    let wrong = variables.iter().find(|(_, value)| !fits(value));
    wrong.map(|(name, value)| {
        format!("an output variable that is empty or too long: {name}: {value}")
    })
}

/// The marker and the type of a failure are what stage-retry goes by.
fn wrong_failure(decided: &Decided<'_>, failure_type: &str, message: &str) -> Option<String> {
    let Decided {
        look,
        context,
        policy,
        from,
        to,
        ..
    } = decided;
    let saw = |code: &str| {
        look.calls.iter().any(|call| {
            call.fault
                .as_ref()
                .is_some_and(|fault| fault.name() == code)
        })
    };
    let markers = [
        ("health-gate blocked: ", failure_type == "JobFailed"),
        (
            "health-gate invalid: ",
            failure_type == "ConfigurationError",
        ),
        (
            "health-gate unknown: ",
            match failure_type {
                "ConfigurationError" => saw("SubscriptionRequiredException"),
                "PermissionError" => saw("AccessDeniedException"),
                failure_type => failure_type == "SystemUnavailable" && !decided.is_for_people(),
            },
        ),
    ];
    let Some((marker, has_type)) = markers
        .iter()
        .find(|(marker, _)| message.starts_with(marker))
    else {
        return Some(format!("a failure without a marker: {message}"));
    };
    if message.chars().count() > 5_000 {
        return Some(format!(
            "a failure's message of {} characters",
            message.chars().count()
        ));
    }
    if !has_type {
        return Some(format!(
            "a failure of type {failure_type} that says: {message}"
        ));
    }
    if *marker == "health-gate invalid: " {
        return None;
    }
    if *marker == "health-gate blocked: " {
        let unnamed = decided.reading.events().find_map(|(endpoint, arn)| {
            let blocking = look.truth.blocked_throughout(policy, endpoint, *from, *to);
            let incident = blocking
                .into_iter()
                .find(|incident| incident.arn() == arn)?;
            (!message.contains(incident.code())).then(|| arn.to_owned())
        });
        if let Some(unnamed) = unnamed {
            return Some(format!("a failure that does not name {unnamed}: {message}"));
        }
    }
    let is_left_to_people = message.contains("stopped by a person")
        || policy.says("retry", "never")
        || (!decided.is_parallel() && look.truth.is_rollback(&context.pipeline_execution_id));
    let promises =
        message.contains("retried automatically") && !message.contains("not retried automatically");
    (promises && is_left_to_people && !decided.in_the_dark || !promises && !is_left_to_people)
        .then(|| format!("a failure that says wrongly whether it is retried: {message}"))
}
