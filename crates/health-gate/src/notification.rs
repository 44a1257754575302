//! What people are told over SNS: for chats in the schema of Amazon Q Developer's custom notifications (version 1.0),
//! for e-mail as plain text.

mod retries;

use serde_json::{Map, Value, json};

use crate::decision::{Decision, Ending, Invalid, Obstacle, Pass};
use crate::hold::HoldState;
use crate::pipeline_context::PipelineContext;
use crate::reading::UnknownCause;
use crate::report::{Report, cut};
use crate::text::one_line;

/// The schema's limits (Amazon Q Developer in chat applications, "Custom notifications"), in bytes.
const TITLE_BYTES: usize = 250;
const DESCRIPTION_BYTES: usize = 8_000;
const STEP_BYTES: usize = 350;
/// SNS takes fewer than 100 characters (API reference, `Publish`).
const SUBJECT_BYTES: usize = 99;
/// What is listed in a chat. The failure message has more.
const MOST_DETAILS: usize = 10;

pub use retries::{RetriedStage, plural};

/// A message for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The subject of an e-mail: printable ASCII, fewer than 100 characters.
    pub subject: String,
    /// For chats: a JSON object.
    pub chat: String,
    /// For e-mail.
    pub text: String,
}

impl Notification {
    /// What people are told about a decision: every failure, the start and the end of a hold, every use of an override.
    /// `previous` is the hold that the job continues. `None`: it is nothing to tell.
    pub fn of(
        report: &Report<'_>,
        context: Option<&PipelineContext>,
        previous: Option<&HoldState>,
    ) -> Option<Self> {
        let what = title(report, previous)?;
        let place = context.map_or_else(|| "unknown pipeline".to_owned(), PipelineContext::place);
        let title = one_line(&format!("{what}: {place}"));
        let headline = report.headline();
        let details = report.details();
        let next = report
            .next()
            .map(|next| one_line(next.trim_start_matches("next: ")));

        let mut lines = vec![headline.clone()];
        lines.extend(details.iter().take(MOST_DETAILS).cloned());
        if details.len() > MOST_DETAILS {
            lines.push(format!("and {} more", details.len() - MOST_DETAILS));
        }
        let thread = thread(report, context, previous);
        let more = context.map(members).unwrap_or_default();
        Some(Self::new(&title, &lines, next.as_deref(), &thread, more))
    }

    fn new(
        title: &str,
        lines: &[String],
        next: Option<&str>,
        thread: &str,
        more: Map<String, Value>,
    ) -> Self {
        let text: Vec<&str> = [title, ""]
            .into_iter()
            .chain(lines.iter().map(String::as_str))
            .chain(next)
            .collect();
        Self {
            subject: ascii(title),
            chat: chat(title, lines, next, thread, more).to_string(),
            text: text.join("\n"),
        }
    }
}

/// What happened. `None`: nothing that people need to be told.
fn title(report: &Report<'_>, previous: Option<&HoldState>) -> Option<String> {
    let held = previous.is_some();
    let what = match report.decision {
        Decision::Pass(Pass::Overridden(..)) if held => "override used, deployment goes on",
        Decision::Pass(Pass::Overridden(..)) => "override used",
        Decision::Pass(_) if held => "deployment goes on",
        Decision::Pass(_) => return None,
        Decision::Hold(hold) if hold.state.notified => return None,
        Decision::Hold(_) => return Some("Deployment held".to_owned()),
        Decision::Fail(fail) => match (&fail.ending, &fail.obstacle) {
            (Some(Ending::Stopped), _) => "deployment stopped by a person",
            (_, Obstacle::Incident(_)) => "deployment blocked",
            (_, Obstacle::Unknown(unread)) if unread.cause == UnknownCause::Internal => {
                "deployment stopped, the gate itself failed"
            }
            (_, Obstacle::Unknown(_)) => "deployment stopped, AWS Health unread",
            (_, Obstacle::Invalid(Invalid::Token(_))) => {
                "deployment stopped, state of its hold unreadable"
            }
            (_, Obstacle::Invalid(Invalid::Policy(_))) => "deployment stopped, policy invalid",
        },
    };
    let ran_out = matches!(report.decision, Decision::Fail(fail) if matches!(fail.ending, Some(Ending::RanOut(_))));
    Some(match (held, ran_out) {
        (_, true) => format!("Hold ran out, {what}"),
        (true, false) => format!("Hold ended, {what}"),
        (false, false) => {
            let (first, rest) = what.split_at(1);
            first.to_uppercase() + rest
        }
    })
}

/// Where a job belongs.
fn members(context: &PipelineContext) -> Map<String, Value> {
    let members = [
        ("pipeline", Some(&context.pipeline)),
        ("stage", context.stage.as_ref()),
        ("action", context.action.as_ref()),
        (
            "pipelineExecutionId",
            context.pipeline_execution_id.as_ref(),
        ),
    ];
    members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), json!(one_line(value?)))))
        .collect()
}

fn chat(
    title: &str,
    lines: &[String],
    next: Option<&str>,
    thread: &str,
    more: Map<String, Value>,
) -> Value {
    let title = cut(plain(title), TITLE_BYTES);
    let description = cut(plain(&lines.join("\n")), DESCRIPTION_BYTES);
    let mut content = Map::new();
    content.insert("textType".to_owned(), json!("client-markdown"));
    content.insert("title".to_owned(), json!(title));
    content.insert("description".to_owned(), json!(description));
    if let Some(next) = next {
        content.insert(
            "nextSteps".to_owned(),
            json!([cut(plain(next), STEP_BYTES)]),
        );
    }
    json!({
        "version": "1.0",
        "source": "custom",
        "content": content,
        "metadata": {"threadId": one_line(thread), "summary": title, "additionalContext": more},
    })
}

/// Reports about the same incident have the same thread, and so have all reports about the same hold.
fn thread(
    report: &Report<'_>,
    context: Option<&PipelineContext>,
    previous: Option<&HoldState>,
) -> String {
    let of_hold = match report.decision {
        Decision::Hold(hold) => Some(&hold.state),
        Decision::Pass(_) | Decision::Fail(_) => previous,
    };
    of_hold
        .and_then(|hold| hold.thread.clone())
        .unwrap_or_else(|| match report.decision.obstacle() {
            // A policy is the pipeline's own; an incident, or what keeps all gates from reading AWS Health, is one trouble.
            Some(Obstacle::Invalid(_)) | None => {
                let pipeline = context
                    .map(|context| context.pipeline.as_str())
                    .unwrap_or_default();
                format!("{}:{pipeline}", report.reason())
            }
            Some(obstacle) => obstacle.thread().to_owned(),
        })
}

/// A chat makes mentions and links of what stands in angle brackets, links of brackets before parentheses, and hides the signs
/// of its mark-up; the text is of people and services, and means what it shows.
fn plain(text: &str) -> String {
    const MARK_UP: [(&str, &str); 5] = [
        ("<", "‹"),
        (">", "›"),
        ("](", "] ("),
        ("*", "∗"),
        ("~", "∼"),
    ];
    let shown = |text: String, (sign, instead): (&str, &str)| text.replace(sign, instead);
    MARK_UP.into_iter().fold(text.to_owned(), shown)
}

fn ascii(text: &str) -> String {
    let printable = |c: char| {
        if c.is_ascii_graphic() || c == ' ' {
            c
        } else {
            '?'
        }
    };
    text.chars().map(printable).take(SUBJECT_BYTES).collect()
}

#[cfg(test)]
mod tests;
