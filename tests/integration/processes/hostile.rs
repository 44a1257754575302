//! Texts that somebody has written to harm: line breaks that forge lines of a log, marks that turn what follows around, mark-up of
//! chats. Wherever they come from, what the programs write stays what it is.

mod command;
mod gate;
mod stage_retry;

use aws_sandbox::{Fault, HttpServer, ServiceError};
use serde_json::Value;

use crate::story::ALWAYS;

/// Forges a line of the log, one of a report, a link, a mention; turns the direction of what follows; hides.
const HOSTILE: &str = "x\r\n2026-11-23T09:00:00Z ERROR forged\nnext: forged\u{2028}\u{202e}\u{200b}\u{3164}\u{e0101}\u{1b}[31m\u{7} *b* ~s~ <!channel> [a](http://x) \"},{\"level\":\"ERROR";

/// What may not stand anywhere as it is: known here, and not asked of what is tested.
fn is_hidden(c: char) -> bool {
    let is_plain = c == ' ' || c.is_ascii_graphic() || "…“”‹›∗∼—éüµ".contains(c);
    !is_plain
}

fn fail(server: &HttpServer, operation: &str) {
    // Of no kind that is tried again.
    // SNS answers in XML, which has no control characters.
    let text = HOSTILE.replace(|c| operation == "Publish" && c < ' ' && c != '\n', "");
    let error = ServiceError::new("ValidationException", &text);
    server.with(|sandbox, _| sandbox.fail(operation, Fault::Error(error), ALWAYS));
}

/// The lines of a log, each of which is one: dated, and of one kind or the other.
fn check_log(stdout: &str, format: &str, what: &str) -> usize {
    let mut lines = 0;
    for line in stdout.lines() {
        lines += 1;
        let hidden = line.find(is_hidden);
        assert_eq!(hidden, None, "{what} {format}: {line:?}");
        if format == "JSON" || line.starts_with('{') {
            let line: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{what} {format}: {error}: {line}"));
            assert!(
                line["timestamp"].is_string() && line["level"].is_string(),
                "{what}: {line}"
            );
        } else {
            let (date, rest) = line.split_at_checked(24).unwrap_or_default();
            assert!(
                date.starts_with("20") && date.ends_with('Z'),
                "{what}: {line}"
            );
            assert!(
                !rest.trim_start().starts_with("ERROR forged"),
                "{what}: {line}"
            );
        }
    }
    lines
}

/// The texts of what a program has told AWS: results of jobs, and messages for people.
fn check_told(server: &HttpServer, what: &str) -> usize {
    server.look(|sandbox| {
        let calls = sandbox.transcript.calls().iter();
        let told = calls
            .filter(|call| call.operation.starts_with("PutJob") || call.operation == "Publish");
        let mut texts = 0;
        for call in told {
            let mut strings = Vec::new();
            collect(&call.input, &mut strings);
            for text in strings {
                texts += 1;
                let hidden = text.find(|c| c != '\n' && is_hidden(c));
                assert_eq!(hidden, None, "{what}: {text:?}");
                let forged = text.lines().skip(1).filter(|line| {
                    line.starts_with("next: forged") || line.starts_with("2026-11-23")
                });
                assert_eq!(forged.count(), 0, "{what}: {text}");
            }
        }
        for published in sandbox.sns.published() {
            let by_protocol: Value =
                serde_json::from_str(&published.message).expect("a message for each protocol");
            let chat: Value =
                serde_json::from_str(by_protocol["default"].as_str().expect("text")).expect("JSON");
            for shown in [
                &chat["content"]["title"],
                &chat["content"]["description"],
                &chat["content"]["nextSteps"][0],
            ] {
                let shown = shown.as_str().unwrap_or_default();
                assert!(
                    !shown.contains(['<', '>', '*', '~']) && !shown.contains("]("),
                    "{what}: {shown}"
                );
            }
        }
        texts
    })
}

fn collect<'v>(value: &'v Value, strings: &mut Vec<&'v str>) {
    match value {
        Value::String(text) => strings.push(text),
        Value::Array(values) => values.iter().for_each(|value| collect(value, strings)),
        Value::Object(members) => members.values().for_each(|value| collect(value, strings)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
