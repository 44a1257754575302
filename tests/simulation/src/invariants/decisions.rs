//! What the gate decides, held against what is true and what it has read.

use serde_json::Value;

use super::decided::Decided;
use super::jobs::{is_accepted, is_result, is_same, job_id};
use super::reading::Reading;
use super::telling::state;
use super::{Checked, Checks, Hold, Invariant, Look};

/// Times in a token are whole seconds.
const SECOND: i64 = 1_000;

impl Checks {
    pub(super) fn decision(&mut self, look: &Look<'_>) -> Checked {
        let id = job_id(&look.ended.invocation.payload);
        let Some(result) = look.calls.iter().find(is_result) else {
            return Ok(());
        };
        let context = look
            .world
            .with(|sandbox, _| sandbox.codepipeline.job(id).map(|job| job.context.clone()));
        let Some(context) = context else {
            return Ok(());
        };
        let Some(policy) = look
            .plan
            .policy(&context.pipeline, &context.stage, &context.action)
        else {
            return Ok(());
        };
        let (from, to) = (look.ended.began.as_millis(), result.at.as_millis());
        let is_taken = look
            .calls
            .iter()
            .any(|call| is_same(call, result) && is_accepted(call));
        let reading = Reading::of(look);
        let decided = Decided {
            look,
            context: &context,
            policy,
            was_blocked: reading.was_blocked(policy, look, (from, to)),
            reading,
            from,
            to,
            is_taken,
        };
        // What must not pass, and what must not be taken for clear, whatever becomes of it.
        self.count(Invariant::NoPassWhileBlocked, decided.was_blocked);
        self.count(Invariant::UnknownIsNotClear, decided.is_unread());
        if !decided.reading.complete_at(policy).is_empty() {
            let kinds = look.truth.shown_throughout(policy, from, to);
            let cells = kinds.into_iter().map(|kind| (policy.filter(), kind));
            self.labels.extend(cells);
        }
        let message = result.input["failureDetails"]["message"].as_str();
        let panic = message.filter(|message| message.contains("a defect of health-gate"));
        let panic = panic.filter(|_| !decided.is_form_refused());
        self.hold(
            Invariant::NoPanic,
            false,
            look.world.now(),
            panic.map(str::to_owned),
        )?;
        self.report(&decided, result)?;
        self.told_of_a_job(&decided, result, is_taken)?;
        let input = &result.input;
        if input["continuationToken"].is_string() {
            self.held(&decided, &input["continuationToken"])
        } else if result.operation == "PutJobSuccessResult" {
            self.passed(
                &decided,
                input["outputVariables"]["Verdict"]
                    .as_str()
                    .unwrap_or_default(),
            )
        } else {
            self.failed(
                &decided,
                input["failureDetails"]["message"]
                    .as_str()
                    .unwrap_or_default(),
            )
        }
    }

    fn passed(&mut self, decided: &Decided<'_>, verdict: &str) -> Checked {
        let Decided {
            look,
            context,
            policy,
            reading,
            from,
            to,
            was_blocked,
            ..
        } = decided;
        let (from, to) = (*from, *to);
        let complete = reading.complete_at(policy);
        let of = format!(
            "job of {} / {} / {}",
            context.pipeline, context.stage, context.action
        );
        let unknown = (verdict == "clear" && complete.is_empty())
            .then(|| format!("the {of} passed as clear, and AWS Health was not read to its end"));
        self.hold(
            Invariant::UnknownIsNotClear,
            false,
            look.world.now(),
            unknown,
        )?;
        let blocking = reading.blocked(policy, look, (from, to));
        let seen = decided.seen();
        let says = |key, value| policy.is_valid && policy.says(key, value);
        let wrong = match verdict {
            "clear" if !policy.is_valid => Some("its policy cannot be read".to_owned()),
            "clear" if decided.is_refused_by_its_own_endpoint() => {
                Some("its endpoint has refused, and another one was asked".to_owned())
            }
            "clear" if blocking.is_some() => {
                Some(format!("it is blocked by {}", blocking.unwrap_or_default()))
            }
            "warned" if complete.is_empty() && !says("onUnknown", "pass") => {
                Some("what was not read may be more than a warning".to_owned())
            }
            "warned" if !says("onIncident", "warn") => {
                Some("its policy does not only warn".to_owned())
            }
            "warned" | "overridden" | "rollback"
                if !was_blocked && !decided.is_unread() && policy.is_valid =>
            {
                Some("nothing stood in its way".to_owned())
            }
            "overridden" if !look.truth.was_overridden(&context.pipeline, from, to) => {
                Some("no override was in force".to_owned())
            }
            "rollback" if !decided.is_free_rollback() || !policy.is_valid => {
                Some("it is no rollback that may pass".to_owned())
            }
            "unknown" if !says("onUnknown", "pass") => {
                Some("its policy does not let pass what is unknown".to_owned())
            }
            "unknown" if !decided.is_unread() => Some("AWS Health was read".to_owned()),
            "unknown" if !policy.says("onIncident", "warn") && seen.is_some() => Some(format!(
                "it has read of {}, which blocks",
                seen.unwrap_or_default()
            )),
            "clear" | "warned" | "overridden" | "rollback" | "unknown" => None,
            _ => Some("there is no such verdict".to_owned()),
        };
        let broken = wrong.map(|why| format!("the {of} passed as {verdict}, but {why}"));
        self.hold(
            Invariant::NoPassWhileBlocked,
            !policy.is_valid,
            look.world.now(),
            broken,
        )
    }

    fn held(&mut self, decided: &Decided<'_>, token: &Value) -> Checked {
        let is_accepted = decided.is_taken;
        let Decided {
            look,
            context,
            policy,
            reading,
            from,
            to,
            was_blocked,
            ..
        } = decided;
        let known = self.holds.get(&context.action_execution_id).copied();
        let of = format!(
            "the job of {} / {} / {} is held",
            context.pipeline, context.stage, context.action
        );
        let longest = policy.millis("maxHold");
        let says_since = held_since(token);
        // The first round begins it, and the others go on with it.
        let since = match decided.before() {
            Some(before) => held_since(before),
            None if (from - SECOND..=*to).contains(&says_since) => says_since,
            None => *from,
        };
        let broken = if says_since != since {
            Some(format!(
                "{of}, and its token is wrong about since when: {token}"
            ))
        } else if from - since >= longest {
            Some(format!(
                "{of} since {} s, and may be for {} s",
                (from - since) / 1_000,
                longest / 1_000
            ))
        } else {
            None
        };
        let danger = known.is_some();
        self.hold(Invariant::HoldsEnd, danger, look.world.now(), broken)?;
        let may = (*was_blocked && policy.says("onIncident", "hold"))
            || (decided.is_unread()
                && (decided.goes_on()
                    || policy.says("onUnknown", "hold") && !decided.is_for_people()));
        let wrong = if !policy.is_valid {
            Some("its policy cannot be read".to_owned())
        } else if let Some(why) = decided.is_let_go().filter(|_| reading.was_asked) {
            Some(why.to_owned())
        } else if reading.was_asked && decided.is_stopped() {
            Some("a person has stopped the execution".to_owned())
        } else if reading.was_asked {
            (!may).then(|| "nothing that its policy holds for stands in the way".to_owned())
        } else {
            (!decided.goes_on()).then(|| "AWS Health was not read".to_owned())
        };
        let wrong = wrong.or_else(|| wrong_reading(decided, token));
        if is_accepted {
            self.holds
                .insert(context.action_execution_id.clone(), Hold { since });
        }
        let broken = wrong.map(|why| format!("{of}, but {why}"));
        self.hold(
            Invariant::StopsHaveReasons,
            !was_blocked,
            look.world.now(),
            broken,
        )
    }

    fn failed(&mut self, decided: &Decided<'_>, message: &str) -> Checked {
        let Decided {
            look,
            context,
            policy,
            was_blocked,
            ..
        } = decided;
        let first_line = message.lines().next().unwrap_or_default();
        let is_stopped = first_line.contains("stopped by a person");
        let hold = self.holds.get(&context.action_execution_id);
        let has_held = hold.is_some() || decided.goes_on();
        let is_within_hold = decided.is_within_hold(hold) && !is_stopped;
        if hold.is_some_and(|hold| decided.to - hold.since >= policy.millis("maxHold")) {
            // It has run out, and could have been held.
            self.count(Invariant::HoldsEnd, true);
        }
        let was_stopped = || {
            let execution = &context.pipeline_execution_id;
            look.truth.was_stopped(execution, decided.from, decided.to)
        };
        let wrong = if is_stopped && !was_stopped() {
            Some("no person has stopped it")
        } else if let Some(why) = decided.is_let_go().filter(|_| !is_stopped) {
            Some(why)
        } else if message.starts_with("health-gate invalid:") {
            policy.is_valid.then_some("its policy can be read")
        } else if message.starts_with("health-gate blocked:") {
            if !was_blocked {
                Some("nothing stood in its way")
            } else if policy.says("onIncident", "warn") {
                Some("its policy only warns")
            } else if policy.says("onIncident", "hold") && !is_stopped && !has_held {
                Some("its policy holds")
            } else if policy.says("onIncident", "hold") && is_within_hold {
                Some("its hold may last longer")
            } else {
                None
            }
        } else if is_within_hold {
            Some("it was held, and what is unread does not end a hold")
        } else if !decided.is_unread() {
            Some("AWS Health was read")
        } else if policy.says("onUnknown", "pass") && !has_held && !was_blocked {
            Some("its policy lets pass what is unknown")
        } else if policy.says("onUnknown", "hold")
            && !has_held
            && !is_stopped
            && !decided.saw_people()
        {
            Some("its policy holds what is unknown")
        } else if !policy.says("onIncident", "warn") && decided.seen().is_some() {
            Some("it has read of an incident that blocks")
        } else {
            None
        };
        let broken = wrong.map(|why| {
            format!(
                "the job of {} / {} / {} failed ({first_line}), but {why}",
                context.pipeline, context.stage, context.action
            )
        });
        let overridden = look
            .truth
            .was_overridden(&context.pipeline, decided.from, decided.to);
        let danger = overridden || decided.is_free_rollback() || !was_blocked;
        self.hold(
            Invariant::StopsHaveReasons,
            danger,
            look.world.now(),
            broken,
        )
    }
}

/// What a round has done about the last reading, and says of it: AWS Health is read when `checkEvery` is over, and not before.
fn wrong_reading(decided: &Decided<'_>, token: &Value) -> Option<String> {
    let Decided {
        policy,
        reading,
        from,
        to,
        ..
    } = decided;
    let says_read = last_reading(token);
    let is_true = match decided.before().map(last_reading) {
        Some(before) => {
            let is_fresh = (0..policy.millis("checkEvery")).contains(&(from - before));
            if is_fresh == reading.was_asked {
                let ago = (from - before) / 1_000;
                let again = if is_fresh { "again" } else { "not again" };
                return Some(format!(
                    "AWS Health was read {ago} s before, and is read {again}"
                ));
            }
            reading.was_asked || says_read == before
        }
        None => true,
    };
    let is_now = !reading.was_asked || (from - SECOND..=*to).contains(&says_read);
    (!is_true || !is_now).then(|| format!("its token is wrong about the last reading: {token}"))
}

/// When a continuation token says that AWS Health was read last, in milliseconds.
fn last_reading(token: &Value) -> i64 {
    state(token)["lastReading"].as_i64().unwrap_or_default() * 1_000
}

/// Since when a continuation token says that the job is held, in milliseconds.
fn held_since(token: &Value) -> i64 {
    state(token)["heldSince"].as_i64().unwrap_or_default() * 1_000
}
