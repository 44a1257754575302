//! What an invocation has read of AWS Health, by its calls alone.

use std::collections::BTreeSet;

use aws_sandbox::{Call, Fault, Outcome};
use serde_json::Value;

use super::Look;
use crate::plan::Policy;

/// A question that was answered to its last page, at an endpoint.
#[derive(Debug)]
struct Answered {
    endpoint: String,
    filter: Value,
    /// Nothing went wrong with any page, and each was waited for: whoever asked has got the answer.
    is_sure: bool,
    /// Each page was waited for.
    has_come: bool,
}

/// The questions that were answered.
#[derive(Debug)]
pub(super) struct Reading {
    answered: Vec<Answered>,
    /// The endpoints that were asked.
    asked: BTreeSet<String>,
    /// The events that were certainly read, with their endpoints.
    events: Vec<(String, String)>,
    /// Something was asked, and not answered without anything going wrong.
    pub(super) lacks_an_answer: bool,
    /// It took more than one page.
    has_pages: bool,
    /// Some call was made.
    pub(super) was_asked: bool,
    /// Some call went wrong.
    pub(super) went_wrong: bool,
}

impl Reading {
    pub(super) fn of(look: &Look<'_>) -> Self {
        let calls: Vec<&Call> = look
            .calls
            .iter()
            .filter(|call| call.operation == "DescribeEvents")
            .collect();
        let went_wrong = look.went_wrong("DescribeEvents");
        let mut answered = Vec::new();
        let mut seen = Vec::new();
        // The page that each question waits for.
        let mut asked: Vec<(Answered, Option<String>)> = Vec::new();
        for call in &calls {
            let Some((events, next)) = page(call) else {
                continue;
            };
            let token = call.input["nextToken"].as_str();
            let filter = call.input["filter"].clone();
            let known = asked.iter().position(|(question, waits_for)| {
                question.endpoint == call.region
                    && question.filter == filter
                    && waits_for.as_deref() == token
                    && token.is_some()
            });
            let mut question = match known {
                Some(position) => asked.remove(position).0,
                None if token.is_none() => Answered {
                    endpoint: call.region.clone(),
                    filter,
                    is_sure: true,
                    has_come: true,
                },
                None => continue,
            };
            let has_come = look.was_waited_for(call);
            question.has_come &= has_come;
            // Who gives up although nothing went wrong has no excuse.
            let is_sure = call.fault.is_none() && (has_come || !went_wrong);
            question.is_sure &= is_sure;
            if is_sure {
                let arns = events.iter().filter_map(|event| event["arn"].as_str());
                seen.extend(arns.map(|arn| (call.region.clone(), arn.to_owned())));
            }
            match next {
                Some(next) => asked.push((question, Some(next))),
                None => answered.push(question),
            }
        }
        let is_answered = |call: &&Call| {
            let mut surely = answered.iter().filter(|answered| answered.is_sure);
            surely.any(|answered| answered.filter == call.input["filter"])
        };
        Self {
            lacks_an_answer: !calls.iter().all(is_answered),
            answered,
            asked: calls.iter().map(|call| call.region.clone()).collect(),
            events: seen,
            has_pages: calls.iter().any(|call| call.input["nextToken"].is_string()),
            was_asked: look.has_called("DescribeEvents"),
            went_wrong,
        }
    }

    /// The events that were certainly read: at which endpoint, and their ARNs.
    pub(super) fn events(&self) -> impl Iterator<Item = (&str, &str)> {
        self.events
            .iter()
            .map(|(endpoint, arn)| (&**endpoint, &**arn))
    }

    /// The endpoints at which everything was read that a policy needs.
    pub(super) fn complete_at(&self, policy: &Policy) -> Vec<&str> {
        self.complete_by(policy, |answered| answered.has_come)
    }

    /// The endpoints at which nothing went wrong with it.
    pub(super) fn surely_complete_at(&self, policy: &Policy) -> Vec<&str> {
        self.complete_by(policy, |answered| answered.is_sure)
    }

    /// What stood in the way of a policy all the time of a window, whichever endpoint's answer was taken.
    pub(super) fn blocked(
        &self,
        policy: &Policy,
        look: &Look<'_>,
        (from, to): (i64, i64),
    ) -> Option<String> {
        // What stands on a page may stand on another one by then.
        if self.has_pages && look.truth.has_written(from, to) {
            return None;
        }
        let judged_by = self.judged_by(policy, look, (from, to));
        let blocking = judged_by.into_iter().map(|endpoint| {
            let blocking = look.truth.blocked_throughout(policy, endpoint, from, to);
            blocking
                .first()
                .map(|incident| format!("{} at {endpoint}", incident.arn()))
        });
        let blocking: Option<Vec<String>> = blocking.collect();
        blocking
            .filter(|all| !all.is_empty())
            .map(|all| all.join(", "))
    }

    /// Whether something stood in the way of a policy at some time of a window, by what was read or at least asked.
    pub(super) fn was_blocked(
        &self,
        policy: &Policy,
        look: &Look<'_>,
        (from, to): (i64, i64),
    ) -> bool {
        let judged_by = self.judged_by(policy, look, (from, to));
        let endpoints = if judged_by.is_empty() {
            self.asked.iter().map(|endpoint| &**endpoint).collect()
        } else {
            judged_by
        };
        look.truth.was_blocked(policy, &endpoints, from, to)
    }

    /// The endpoints by which a decision is judged: those at which everything was read, or, if everybody knows which is the active one and
    /// it was surely read, that alone.
    fn judged_by(&self, policy: &Policy, look: &Look<'_>, (from, to): (i64, i64)) -> Vec<&str> {
        let active = self
            .surely_complete_at(policy)
            .into_iter()
            .find(|endpoint| look.truth.stayed_active(endpoint, from, to));
        active
            .filter(|_| look.plan.finds_the_active_endpoint())
            .map_or_else(|| self.complete_at(policy), |active| vec![active])
    }

    fn complete_by(&self, policy: &Policy, counts: impl Fn(&Answered) -> bool) -> Vec<&str> {
        let answered: Vec<&Answered> = self
            .answered
            .iter()
            .filter(|answered| counts(answered))
            .collect();
        let mut endpoints: Vec<&str> = answered
            .iter()
            .map(|answered| &*answered.endpoint)
            .collect();
        endpoints.sort_unstable();
        endpoints.dedup();
        let statuses: &[&str] = if policy.millis("quietPeriod") > 0 {
            &["open", "closed"]
        } else {
            &["open"]
        };
        let has = |answered: &Answered, member: &str, value: &str| {
            answered.filter[member]
                .as_array()
                .is_some_and(|list| list.iter().any(|item| item == value))
        };
        endpoints.retain(|endpoint| {
            policy.regions().iter().all(|region| {
                statuses.iter().all(|status| {
                    let at_endpoint = answered
                        .iter()
                        .filter(|answered| answered.endpoint == *endpoint);
                    at_endpoint
                        .filter(|answered| {
                            has(answered, "regions", region)
                                && has(answered, "eventStatusCodes", status)
                        })
                        .any(|answered| {
                            policy
                                .categories()
                                .iter()
                                .all(|category| has(answered, "eventTypeCategories", category))
                        })
                })
            })
        });
        endpoints
    }
}

/// The events of a page, and the token of the next one; `None` if it is no page.
fn page(call: &Call) -> Option<(&Vec<Value>, Option<String>)> {
    if matches!(call.fault, Some(Fault::Cut)) {
        return None;
    }
    let Outcome::Output(output) = &call.outcome else {
        return None;
    };
    let events = output["events"].as_array()?;
    Some((events, output["nextToken"].as_str().map(str::to_owned)))
}
