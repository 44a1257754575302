//! Texts of AWS and of people in everything that is told: results of jobs, output variables, chats, e-mails.

use health_gate::{
    AccountPolicy, Assessment, Case, Circumstances, Decision, Event, EventScope, EventStatus,
    HoldState, JobResult, Note, Notification, Override, PipelineContext, Reading, Report,
    RetriedStage, UnknownCause, Unread, decide,
};
use serde_json::Value;
use time::Duration;

use crate::{NOW, assert_one_line, own_region, texts};

const POLICIES: [&str; 4] = [
    "{}",
    r#"{"onIncident": "warn", "onUnknown": "pass", "eventTypeCodes": ["*"]}"#,
    r#"{"onIncident": "hold", "onUnknown": "hold"}"#,
    r#"{"quietPeriod": "1h", "retry": "never", "staleAfter": "2h"}"#,
];

/// The first two bytes say what happens; the texts after them, with zero bytes between them, are those of an event, of an
/// override, of an error of AWS and of the pipeline.
pub(crate) fn report(input: &[u8]) {
    let [policy, what, input @ ..] = input else {
        return;
    };
    let mut texts = texts(input);
    let mut text = || texts.next().unwrap_or_default();
    let policy =
        AccountPolicy::default().for_action(Some(POLICIES[usize::from(policy % 4)]), &own_region());
    let policy = policy.expect("it is valid");
    let has = |bit: u8| what & (1 << bit) != 0;

    let mut event = Event::new(text(), text(), text());
    event.region = has(0).then(&mut text);
    event.status = Some(if has(1) {
        EventStatus::Open
    } else {
        EventStatus::Closed
    });
    event.scope = has(2).then_some(EventScope::Public);
    event.last_updated_time = Some(NOW - Duration::minutes(i64::from(*what)));
    let events = vec![event; 1 + usize::from(*what % 32)];
    let (cause, detail) = (UnknownCause::Unavailable, text());
    let reading = if has(3) {
        Reading::known(events)
    } else {
        Reading::unknown(events, Unread { cause, detail })
    };
    let overridden = has(4).then(|| Override {
        until: NOW + Duration::hours(1),
        by: text(),
        reason: text(),
    });
    let notes = [Note::StageUnread(text()), Note::MayBeBehind(text())];
    let hold = has(5).then(|| HoldState {
        thread: Some(text()),
        pipeline: Some(text()),
        ..HoldState::begin(NOW - Duration::hours(2))
    });
    let circumstances = Circumstances {
        overridden,
        rollback: has(6),
        stopping: has(7),
    };
    let context = PipelineContext {
        pipeline: text(),
        pipeline_arn: None,
        pipeline_execution_id: Some(text()),
        stage: Some(text()),
        action: Some(text()),
    };

    let Assessment { finding, stale, .. } = Assessment::of(&policy, &reading, NOW);
    let decision = decide(
        Case::Found {
            policy: &policy,
            finding,
            hold: hold.clone(),
        },
        &circumstances,
        NOW,
    );
    let report = Report {
        decision: &decision,
        policy: Some(&policy),
        stale: &stale,
        notes: &notes,
        checked_at: NOW,
    };
    check_result(&report, &decision);
    if let Some(told) = Notification::of(&report, Some(&context), hold.as_ref()) {
        check_notification(&told);
    }
    let retried = RetriedStage {
        pipeline: context.pipeline,
        stage: context.stage.unwrap_or_default(),
        pipeline_execution_id: String::new(),
        why: text(),
    };
    let told = Notification::of_retries(&[retried], Some(&text()), Some(&text()));
    check_notification(&told.expect("there is a stage"));
}

fn check_result(report: &Report<'_>, decision: &Decision) {
    match report.job_result() {
        JobResult::Success {
            summary,
            output_variables,
        } => {
            assert_one_line(&summary, 2_048);
            assert_eq!(output_variables.len(), 8);
            for (name, value) in output_variables {
                assert!(!value.is_empty(), "{name}");
                assert_one_line(&value, 900);
            }
        }
        JobResult::InProgress {
            summary,
            continuation_token,
        } => {
            assert_one_line(&summary, 2_048);
            assert!(continuation_token.len() <= 2_048);
            HoldState::read(&continuation_token, NOW).expect("its own token");
        }
        JobResult::Failure { message, .. } => {
            assert!(
                message.len() <= 5_000 && message.starts_with("health-gate "),
                "{message}"
            );
            let lines: Vec<&str> = message.lines().collect();
            lines.iter().for_each(|line| assert_one_line(line, 5_000));
            // Its head, the incidents or how many more there are, at most four remarks, what comes next: no text adds a line.
            let incidents = decision
                .incidents()
                .map_or(0, |incidents| incidents.list().len());
            assert!(lines.len() <= incidents + 7, "{incidents}: {message}");
            assert!(
                lines.len() == 1 || lines.last().is_some_and(|last| last.starts_with("next: ")),
                "{message}"
            );
        }
    }
}

fn check_notification(told: &Notification) {
    let Notification {
        subject,
        chat,
        text,
    } = told;
    assert!(!subject.is_empty() && subject.len() < 100);
    assert!(
        subject.bytes().all(|b| b == b' ' || b.is_ascii_graphic()),
        "{subject}"
    );
    text.lines().for_each(|line| assert_one_line(line, 100_000));
    let chat: Value = serde_json::from_str(chat).expect("JSON");
    let shown = [
        &chat["content"]["title"],
        &chat["content"]["description"],
        &chat["content"]["nextSteps"][0],
        &chat["metadata"]["summary"],
    ];
    for (shown, most_bytes) in shown.into_iter().zip([250, 8_000, 350, 250]) {
        let shown = shown.as_str().unwrap_or_default();
        shown
            .lines()
            .for_each(|line| assert_one_line(line, most_bytes));
        assert!(shown.len() <= most_bytes, "{} bytes", shown.len());
        // Neither mentions, nor links that show another address, nor text that is struck out or bold.
        for mark_up in ["<", ">", "](", "*", "~"] {
            assert!(!shown.contains(mark_up), "{shown}");
        }
    }
    let title = chat["content"]["title"].as_str().unwrap_or_default();
    assert!(!title.is_empty() && !title.contains('\n'), "{title}");
}
