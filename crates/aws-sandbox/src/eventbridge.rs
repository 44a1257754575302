//! EventBridge, as far as it brings events to topics: rules with a pattern, and the notification rules of the developer
//! tools, which bring the same events in a shape of their own (AWS CodeStar Notifications).

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ACCOUNT_ID;
use crate::agenda::Agenda;
use crate::codepipeline::event::{ACTION, PIPELINE, STAGE};
use crate::duration;
use crate::pattern::Pattern;
use crate::timestamp::Timestamp;
use crate::turn::{Effect, Event, Turn};

const EVENT_TYPE_PREFIX: &str = "codepipeline-pipeline-";
/// The event types of notification rules on pipelines (Developer Tools console guide).
const EVENT_TYPES: [&str; 15] = [
    "action-execution-canceled",
    "action-execution-failed",
    "action-execution-started",
    "action-execution-succeeded",
    "pipeline-execution-canceled",
    "pipeline-execution-failed",
    "pipeline-execution-resumed",
    "pipeline-execution-started",
    "pipeline-execution-succeeded",
    "pipeline-execution-superseded",
    "stage-execution-canceled",
    "stage-execution-failed",
    "stage-execution-resumed",
    "stage-execution-started",
    "stage-execution-succeeded",
];

/// The state of EventBridge.
#[derive(Debug, Default)]
pub struct EventBridge {
    /// How long events take.
    pub delays: EventDelays,
    rules: Vec<Rule>,
    /// With their ARNs.
    notification_rules: Vec<(String, NotificationRule)>,
    on_their_way: Agenda<(String, String)>,
}

/// How long events take from what they tell to their topic. The defaults are what was seen in one run with AWS: with them
/// an action's failure arrives after the retry that it calls for has begun, if somebody is quick.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct EventDelays {
    /// An action has started.
    #[serde(with = "duration")]
    pub action_started: Duration,
    /// An action has ended.
    #[serde(with = "duration")]
    pub action_ended: Duration,
    /// The status of a stage has changed.
    #[serde(with = "duration")]
    pub stage: Duration,
    /// A stage was retried.
    #[serde(with = "duration")]
    pub stage_resumed: Duration,
    /// The status of an execution has changed.
    #[serde(with = "duration")]
    pub pipeline: Duration,
    /// An event of AWS Health was written.
    #[serde(with = "duration")]
    pub health: Duration,
}

impl Default for EventDelays {
    fn default() -> Self {
        Self {
            action_started: Duration::from_millis(5_500),
            action_ended: Duration::from_secs(11),
            stage: Duration::from_millis(400),
            stage_resumed: Duration::from_secs(11),
            pipeline: Duration::from_secs(7),
            health: Duration::from_secs(10),
        }
    }
}

impl EventDelays {
    /// Everything arrives at once.
    pub const NONE: Self = Self {
        action_started: Duration::ZERO,
        action_ended: Duration::ZERO,
        stage: Duration::ZERO,
        stage_resumed: Duration::ZERO,
        pipeline: Duration::ZERO,
        health: Duration::ZERO,
    };

    fn of(&self, event: &Value) -> Duration {
        let state = event["detail"]["state"].as_str();
        match event["detail-type"].as_str() {
            Some(ACTION) if state == Some("STARTED") => self.action_started,
            Some(ACTION) => self.action_ended,
            Some(STAGE) if state == Some("RESUMED") => self.stage_resumed,
            Some(STAGE) => self.stage,
            Some(PIPELINE) => self.pipeline,
            Some(_) | None => self.health,
        }
    }
}

#[derive(Debug)]
struct Rule {
    region: String,
    text: String,
    pattern: Pattern,
    topic_arn: String,
}

/// A notification rule of a pipeline.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NotificationRule {
    /// The pipeline's ARN.
    pub resource: String,
    /// Which events: `codepipeline-pipeline-stage-execution-failed`.
    pub event_type_ids: Vec<String>,
    /// How much they tell.
    pub detail_type: DetailType,
    /// Where to.
    pub topic_arn: String,
}

/// How much a notification tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DetailType {
    /// With why an action failed.
    Full,
    /// Without.
    Basic,
}

impl EventBridge {
    /// From now on events of a region that look like the pattern go to the topic.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn put_rule(
        &mut self,
        region: &str,
        pattern: &Value,
        topic_arn: &str,
    ) -> Result<(), String> {
        let rule = Rule {
            region: region.to_owned(),
            text: pattern.to_string(),
            pattern: Pattern::new(pattern)?,
            topic_arn: topic_arn.to_owned(),
        };
        let is_same = |known: &Rule| {
            (&known.region, &known.text, &known.topic_arn)
                == (&rule.region, &rule.text, &rule.topic_arn)
        };
        if !self.rules.iter().any(is_same) {
            self.rules.push(rule);
        }
        Ok(())
    }

    /// From now on events of a pipeline go to a topic, in the shape of notifications.
    ///
    /// # Errors
    /// If there is no such type of event.
    pub fn put_notification_rule(&mut self, rule: NotificationRule) -> Result<(), String> {
        let is_known = |id: &&String| {
            let id = id.strip_prefix(EVENT_TYPE_PREFIX);
            EVENT_TYPES.iter().any(|known| id == Some(known))
        };
        if let Some(unknown) = rule.event_type_ids.iter().find(|id| !is_known(id)) {
            return Err(format!(
                "no event type `{unknown}`; there are, after `{EVENT_TYPE_PREFIX}`: {}",
                EVENT_TYPES.join(", ")
            ));
        }
        let number = self.notification_rules.len() + 1;
        let region = rule.resource.split(':').nth(3).unwrap_or_default();
        let arn = format!(
            "arn:aws:codestar-notifications:{region}:{ACCOUNT_ID}:notificationrule/{number:032x}"
        );
        self.notification_rules.push((arn, rule));
        Ok(())
    }

    /// Takes an event.
    pub(crate) fn tell(&mut self, turn: &mut Turn<'_>, Event { event, additional }: Event) {
        if self.rules.is_empty() && self.notification_rules.is_empty() {
            return;
        }
        let text = event.to_string();
        let of_region = self
            .rules
            .iter()
            .filter(|rule| event["region"] == rule.region);
        let matching = of_region.filter(|rule| rule.pattern.matches(&text));
        let messages = matching.map(|rule| (rule.topic_arn.clone(), text.clone()));
        let type_id = event_type_id(&event);
        let wants = |(_, rule): &&(String, NotificationRule)| {
            let wanted = |id: &String| rule.event_type_ids.contains(id);
            event["resources"][0] == rule.resource && type_id.as_ref().is_some_and(wanted)
        };
        let notified = self.notification_rules.iter().filter(wants);
        let notified = notified.map(|(arn, rule)| {
            let message = notification(&event, &additional, arn, rule);
            (rule.topic_arn.clone(), message.to_string())
        });
        let messages: Vec<_> = messages.chain(notified).collect();
        let at = turn.now + self.delays.of(&event);
        for message in messages {
            self.on_their_way.schedule(at, message);
        }
    }

    /// When the next event arrives.
    pub(crate) fn next_step(&self) -> Option<Timestamp> {
        self.on_their_way.next()
    }

    /// Publishes the next event that has arrived. False if there is none.
    pub(crate) fn step(&mut self, turn: &mut Turn<'_>) -> bool {
        let Some((topic_arn, message)) = self.on_their_way.take(turn.now) else {
            return false;
        };
        turn.effects.push(Effect::Publish { topic_arn, message });
        true
    }
}

/// The event type of a notification rule: `codepipeline-pipeline-stage-execution-failed`.
fn event_type_id(event: &Value) -> Option<String> {
    let part = match event["detail-type"].as_str()? {
        ACTION => "action",
        STAGE => "stage",
        PIPELINE => "pipeline",
        _ => return None,
    };
    let state = event["detail"]["state"].as_str()?.to_lowercase();
    Some(format!("codepipeline-pipeline-{part}-execution-{state}"))
}

/// The message of a notification rule: the event without id and version, with the rule, and in FULL detail with why.
fn notification(event: &Value, additional: &Value, arn: &str, rule: &NotificationRule) -> Value {
    let mut detail = event["detail"].clone();
    let mut additional = additional.clone();
    if rule.detail_type == DetailType::Basic {
        additional = json!({});
        if let Some(result) = detail["execution-result"].as_object_mut() {
            result.remove("external-execution-summary");
        }
    }
    json!({
        "account": event["account"],
        "detailType": event["detail-type"],
        "region": event["region"],
        "source": event["source"],
        "time": event["time"],
        "notificationRuleArn": arn,
        "detail": detail,
        "resources": event["resources"],
        "additionalAttributes": additional,
    })
}
