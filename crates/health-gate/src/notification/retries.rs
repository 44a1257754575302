//! What people are told of stages that were retried: one message an invocation.

use std::collections::BTreeSet;

use serde_json::{Map, json};

use super::{MOST_DETAILS, Notification};
use crate::text::one_line;

/// A stage that was retried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetriedStage {
    /// The pipeline's name.
    pub pipeline: String,
    /// The stage's name.
    pub stage: String,
    /// The execution that goes on in it.
    pub pipeline_execution_id: String,
    /// Why, for people.
    pub why: String,
}

impl RetriedStage {
    /// `Retried 14 stages in 9 pipelines`. `None`: there is none.
    pub fn headline(retried: &[Self]) -> Option<String> {
        if retried.is_empty() {
            return None;
        }
        let pipelines: BTreeSet<&str> = retried.iter().map(|stage| &*stage.pipeline).collect();
        Some(format!(
            "Retried {} in {}",
            plural(retried.len(), "stage"),
            plural(pipelines.len(), "pipeline")
        ))
    }

    /// `checkout / Production`.
    fn place(&self) -> String {
        format!("{} / {}", self.pipeline, self.stage)
    }
}

/// `1 stage`, `14 stages`.
pub fn plural(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    }
}

impl Notification {
    /// What people are told of an invocation that has retried stages. `rest` says what became of the others, `thread` is the
    /// event of AWS Health that is over, if a message said so: its reports have it in common. `None`: nothing was retried.
    pub fn of_retries(
        retried: &[RetriedStage],
        rest: Option<&str>,
        thread: Option<&str>,
    ) -> Option<Self> {
        let title = RetriedStage::headline(retried)?;
        let title = match retried {
            [only] => format!("{title}: {}", only.place()),
            _ => title,
        };
        // In PARALLEL mode several executions may go on in the same stage.
        let has_twin = |stage: &RetriedStage| {
            let of_stage = |other: &&RetriedStage| other.place() == stage.place();
            retried.iter().filter(of_stage).count() > 1
        };
        let line = |stage: &RetriedStage| {
            let place = stage.place();
            let place = if has_twin(stage) {
                format!("{place}, execution {}", stage.pipeline_execution_id)
            } else {
                place
            };
            one_line(&format!("{place}: {}", stage.why))
        };
        let mut lines: Vec<String> = retried.iter().take(MOST_DETAILS).map(line).collect();
        if retried.len() > MOST_DETAILS {
            lines.push(format!("and {} more", retried.len() - MOST_DETAILS));
        }
        let mut more = Map::new();
        more.insert("retried".to_owned(), json!(retried.len().to_string()));
        let thread = thread.unwrap_or("health-gate:retried");
        let rest = rest.map(one_line);
        Some(Self::new(
            &one_line(&title),
            &lines,
            rest.as_deref(),
            thread,
            more,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn ten_stages_are_listed_and_of_more_the_others_counted() {
        let text = |count| {
            let retried: Vec<RetriedStage> = (0..count).map(stage).collect();
            let told = Notification::of_retries(&retried, None, None);
            told.expect("there are some").text
        };
        assert!(!text(10).contains("more"), "{}", text(10));
        assert!(text(11).contains("and 1 more"), "{}", text(11));
    }

    fn stage(number: usize) -> RetriedStage {
        RetriedStage {
            pipeline: format!("team-{}", number % 9),
            stage: format!("Region{number}"),
            pipeline_execution_id: format!("execution-{number}"),
            why: "AWS Health is clear".to_owned(),
        }
    }

    #[test]
    fn nothing_retried_is_nothing_to_tell() {
        assert_eq!(Notification::of_retries(&[], Some("2 blocked"), None), None);
    }

    #[test]
    fn one_message_tells_of_all_stages() {
        let retried: Vec<RetriedStage> = (0..14).map(stage).collect();
        let event = "arn:aws:health:us-east-1::event/EC2/X/1";
        let told = Notification::of_retries(&retried, Some("left alone: 3 blocked"), Some(event));
        let Notification {
            subject,
            chat,
            text,
        } = told.expect("there is something to tell");
        assert_eq!(subject, "Retried 14 stages in 9 pipelines");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            (lines.len(), lines[2]),
            (14, "team-0 / Region0: AWS Health is clear")
        );
        assert_eq!(lines[12..], ["and 4 more", "left alone: 3 blocked"]);
        let chat: Value = serde_json::from_str(&chat).expect("JSON");
        assert_eq!(chat["metadata"]["threadId"], event);
        assert_eq!(
            chat["content"]["nextSteps"],
            json!(["left alone: 3 blocked"])
        );
    }

    #[test]
    fn a_single_stage_is_named_in_the_subject() {
        let told = Notification::of_retries(&[stage(1)], None, None).expect("there is one");
        assert_eq!(
            told.subject,
            "Retried 1 stage in 1 pipeline: team-1 / Region1"
        );
        assert!(
            told.chat.contains("health-gate:retried"),
            "a thread of its own"
        );
    }

    #[test]
    fn executions_in_the_same_stage_are_told_apart() {
        let twins = [0, 1].map(|number| RetriedStage {
            stage: "Production".to_owned(),
            pipeline: "checkout".to_owned(),
            ..stage(number)
        });
        let told = Notification::of_retries(&twins, None, None).expect("there are two");
        assert!(
            told.text
                .contains("checkout / Production, execution execution-1: AWS Health is clear"),
            "{}",
            told.text
        );
    }
}
