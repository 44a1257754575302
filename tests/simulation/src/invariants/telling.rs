//! What people are told.

use aws_sandbox::Call;
use serde_json::Value;

use super::decided::Decided;
use super::{Checked, Checks, Invariant, Look};
use crate::functions::Ending;

impl Checks {
    /// People are told of each failure, of the start and the end of a hold and of an override, and
    /// of the start once: before the job is answered, so that they know even if the invocation ends
    /// there. A result that replaces another one is told after it.
    pub(super) fn told_of_a_job(
        &mut self,
        decided: &Decided<'_>,
        result: &Call,
        is_taken: bool,
    ) -> Checked {
        let look = decided.look;
        let has_returned = matches!(look.ending, Some(Ending::Returned(_)));
        if !is_taken || decided.is_form_refused() && !has_returned {
            return Ok(());
        }
        let input = &result.input;
        let data = &look.ended.invocation.payload["CodePipeline.job"]["data"];
        let was_told = is_told(&data["continuationToken"]);
        let has_told = look.has_called("Publish");
        let is_held = input["continuationToken"].is_string();
        let is_news = if is_held {
            !was_told && decided.reading.was_asked
        } else {
            decided.goes_on()
                || result.operation == "PutJobFailureResult"
                || input["outputVariables"]["Verdict"] == "overridden"
        };
        let knows = was_told || has_told && !look.went_wrong("Publish");
        let broken = if has_two_texts(look) {
            Some(format!("people were told two things at once: {input}"))
        } else if has_told != is_news {
            let not = if has_told { "" } else { "not " };
            Some(format!("people were {not}told of this: {input}"))
        } else if is_held && knows && !is_told(&input["continuationToken"]) {
            // Of a message with which something went wrong nobody knows.
            Some(format!(
                "a token that is wrong about what people were told: {input}"
            ))
        } else {
            None
        };
        let danger = is_news || is_held;
        self.hold(Invariant::PeopleAreTold, danger, look.world.now(), broken)
    }

    /// People are told of what was retried, and of nothing else.
    pub(super) fn told_of_retries(&mut self, look: &Look<'_>) -> Checked {
        let Some(Ending::Returned(Ok(account))) = look.ending else {
            return Ok(());
        };
        let mut stages = account["stages"].as_array().into_iter().flatten();
        let has_retried = stages.any(|stage| stage["outcome"] == "retried");
        let has_told = look.has_called("Publish");
        let broken = (has_told != has_retried || has_two_texts(look)).then(|| {
            format!(
                "{} retried {has_retried}, and told {has_told}",
                look.ended.name
            )
        });
        self.hold(
            Invariant::PeopleAreTold,
            has_retried,
            look.world.now(),
            broken,
        )
    }
}

/// Whether an invocation has told people different things.
fn has_two_texts(look: &Look<'_>) -> bool {
    let mut texts = look.calls.iter().filter(|call| call.operation == "Publish");
    let first = texts.next();
    texts.any(|call| first.is_some_and(|first| first.input != call.input))
}

/// Whether a continuation token says that people know of the hold.
fn is_told(token: &Value) -> bool {
    state(token)["notified"] == true
}

/// What a continuation token says.
pub(super) fn state(token: &Value) -> Value {
    let token = token.as_str();
    token
        .and_then(|token| serde_json::from_str(token).ok())
        .unwrap_or_default()
}
