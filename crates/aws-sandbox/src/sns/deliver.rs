//! Delivery: how a message reaches a subscribed function, and what may happen to it on the way.

use std::ops::Range;
use std::time::Duration;

use serde_json::{Value, json};

use super::Sns;
use super::subscribe::Subscription;
use crate::lambda::Invoke;
use crate::timestamp::Timestamp;
use crate::turn::{Effect, Turn};

/// What happens to a delivery. SNS promises to deliver at least once, in no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disturbance {
    /// It comes twice.
    Twice,
    /// It comes so much later, and so maybe after younger ones.
    Late(Duration),
    /// Lambda cannot take it so many times; SNS tries again (developer guide, "Amazon SNS message delivery retries").
    Retried(u32),
    /// It does not come: somebody has removed a rule, or SNS's permission.
    Lost,
}

/// The disturbances to come.
#[derive(Debug, Default)]
pub(super) struct Disturbances {
    planned: Vec<(Disturbance, Range<usize>)>,
    /// The deliveries since.
    seen: usize,
    /// What deliveries have met, ever.
    met: Vec<Disturbance>,
}

impl Disturbances {
    fn take(&mut self) -> Option<Disturbance> {
        let number = self.seen;
        self.seen += 1;
        let mut planned = self.planned.iter();
        let met = planned
            .find(|(_, deliveries)| deliveries.contains(&number))
            .map(|(disturbance, _)| *disturbance);
        self.met.extend(met);
        met
    }
}

impl Sns {
    /// Some of the coming deliveries are disturbed: those whose number, counted from zero and from now on, is in
    /// `deliveries`. Replaces what was planned before.
    pub fn disturb(&mut self, disturbance: Disturbance, deliveries: Range<usize>) {
        self.disturbances.planned = vec![(disturbance, deliveries)];
        self.disturbances.seen = 0;
    }

    /// The disturbances that deliveries have met, oldest first.
    pub fn disturbed(&self) -> &[Disturbance] {
        &self.disturbances.met
    }

    /// Sends a message to everyone who has subscribed to its topic.
    pub(super) fn deliver(
        &mut self,
        turn: &mut Turn<'_>,
        topic_arn: &str,
        message_id: &str,
        subject: Option<&str>,
        message: &str,
    ) {
        for subscription in self.topics.get(topic_arn).into_iter().flatten() {
            let passes = |filter: &crate::pattern::Pattern| filter.matches(message);
            if !subscription.filter.as_ref().is_none_or(passes) {
                continue;
            }
            let invoke = Invoke {
                region: subscription.region.clone(),
                function: subscription.function.clone(),
                payload: notification(
                    turn.now,
                    subscription,
                    topic_arn,
                    message_id,
                    subject,
                    message,
                ),
            };
            match self.disturbances.take() {
                None => turn.effects.push(Effect::Invoke(invoke)),
                Some(Disturbance::Twice) => {
                    turn.effects.push(Effect::Invoke(invoke.clone()));
                    turn.effects.push(Effect::Invoke(invoke));
                }
                Some(Disturbance::Late(by)) => self.on_their_way.schedule(turn.now + by, invoke),
                Some(Disturbance::Retried(times)) => {
                    self.on_their_way
                        .schedule(turn.now + retries_take(times), invoke);
                }
                Some(Disturbance::Lost) => {}
            }
        }
    }

    /// When the next delivery arrives.
    pub(crate) fn next_step(&self) -> Option<Timestamp> {
        self.on_their_way.next()
    }

    /// Hands over the next message that has arrived. False if there is none.
    pub(crate) fn step(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some(invoke) = self.on_their_way.take(turn.now) else {
            return false;
        };
        turn.effects.push(Effect::Invoke(invoke));
        true
    }
}

/// How long it takes until the attempt that succeeds after `times` that did not: three at once, two a second apart, ten with
/// 1 s to 20 s between them, the rest every 20 s.
fn retries_take(times: u32) -> Duration {
    const ATTEMPTS: u32 = 100_015;
    let seconds = (1..=times.min(ATTEMPTS)).map(|attempt| match attempt {
        0..=3 => 0,
        4..=5 => 1,
        6..=15 => u64::from((attempt - 5) * 2).min(20),
        _ => 20,
    });
    Duration::from_secs(seconds.sum())
}

/// The event with which SNS invokes a function, one record a message (Lambda developer guide, "Invoking Lambda functions
/// with Amazon SNS notifications").
fn notification(
    now: Timestamp,
    subscription: &Subscription,
    topic_arn: &str,
    message_id: &str,
    subject: Option<&str>,
    message: &str,
) -> Value {
    json!({"Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": topic_arn,
            "Subject": subject,
            "Message": message,
            "Timestamp": now.rfc3339(),
            "SignatureVersion": "1",
            "Signature": "EXAMPLE",
            "SigningCertUrl": "EXAMPLE",
            "UnsubscribeUrl": "EXAMPLE",
            "MessageAttributes": {},
        },
    }]})
}
