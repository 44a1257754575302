//! The form of what CodePipeline is told, on which people, later actions and stage-retry rely.

use aws_sandbox::{Call, Timestamp};
use serde_json::Value;

use super::decided::Decided;
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
            wrong_token(token)
        } else {
            wrong_variables(decided, &input["outputVariables"])
        };
        // Of what is simply clear there is little to say.
        let danger = input["outputVariables"]["Verdict"] != "clear";
        self.hold(Invariant::Report, danger, decided.look.world.now(), broken)
    }
}

/// What a token says of the times is looked at where the hold is.
fn wrong_token(token: &str) -> Option<String> {
    let state: Value = serde_json::from_str(token).unwrap_or_default();
    let is_right = state["v"] == 1 && token.len() <= 2_048;
    (!is_right).then(|| format!("a continuation token that does not tell of the hold: {token}"))
}

fn wrong_variables(decided: &Decided<'_>, written: &Value) -> Option<String> {
    let Some(variables) = written.as_object() else {
        return Some("a success without output variables".to_owned());
    };
    if !variables.keys().eq(VARIABLES) {
        return Some(format!(
            "a success with other output variables than promised: {written}"
        ));
    }
    let fits = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| !text.is_empty() && text.len() <= 900)
    };
    let wrong = variables.iter().find(|(_, value)| !fits(value));
    if let Some((name, value)) = wrong {
        return Some(format!(
            "an output variable that is empty or too long: {name}: {value}"
        ));
    }
    let text = |name: &str| variables[name].as_str().unwrap_or_default();
    let verdict = text("Verdict");
    let is_overridden = verdict == "overridden";
    let or_none = |value| if is_overridden { value } else { "none" };
    let is_valid = decided.policy.is_valid;
    let regions = decided.policy.regions().join(",");
    let arns = text("IncidentArns");
    let listed = if arns == "none" {
        0
    } else {
        arns.split(',').count()
    };
    // Of an AWS Health that was not read, nobody knows how many there are.
    let count = match listed {
        0 if verdict != "clear" => "none".to_owned(),
        listed => listed.to_string(),
    };
    // To the second, in one form: as texts they are in order.
    let second = |millis| Timestamp::from_millis(millis).rfc3339()[..19].to_owned();
    let window = second(decided.from)..=second(decided.to);
    let checked_at = text("CheckedAt").trim_end_matches('Z').to_owned();
    let unnamed = decided.seen().filter(|arn| {
        let names_incidents = ["warned", "overridden", "rollback"].contains(&verdict);
        names_incidents && is_valid && !arns.contains(arn)
    });
    let is_wrong = [
        ("OverriddenBy", text("OverriddenBy") != or_none("alice")),
        (
            "OverrideReason",
            text("OverrideReason") != or_none("INC-42 hotfix"),
        ),
        (
            "OverriddenUntil",
            is_overridden == (text("OverriddenUntil") == "none"),
        ),
        ("Regions", is_valid && text("Regions") != regions),
        ("IncidentCount", text("IncidentCount") != count),
        (
            "IncidentArns",
            unnamed.is_some() || verdict == "clear" && listed > 0,
        ),
        ("CheckedAt", !window.contains(&checked_at)),
    ];
    let wrong = is_wrong.iter().find(|(_, is_wrong)| *is_wrong);
    wrong.map(|(name, _)| format!("an output variable that is wrong: {name} of {written}"))
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
            let fault = call.fault.as_ref();
            call.operation == "DescribeEvents" && fault.is_some_and(|fault| fault.name() == code)
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
        let unnamed = decided.read_events().find_map(|(endpoint, arn)| {
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
    (promises
        && is_left_to_people
        && !decided.is_in_the_dark("GetPipelineState")
        && decided.is_taken
        || !promises && !is_left_to_people)
        .then(|| format!("a failure that says wrongly whether it is retried: {message}"))
}
