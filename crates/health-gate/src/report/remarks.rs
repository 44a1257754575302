//! What people should know beside what decided: pages that are missing, events that do not count, notes.

use super::Report;
use super::incident_lines::name;
use super::limits::cut;
use crate::reading::Unread;
use crate::text::one_line;

/// A remark takes less room than an incident: what blocks is what people look for.
const REMARK_BYTES: usize = 400;

pub(super) fn remarks(report: &Report<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if let Some(unread) = report
        .decision
        .incidents()
        .and_then(|incidents| incidents.unread())
    {
        remarks.push(format!("there may be more, {}", cause(unread)));
    }
    if let (Some(policy), [first, ..]) = (report.policy, report.stale) {
        let others = match report.stale.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        remarks.push(format!(
            "note: not updated for {} and so not counted: {} ({}){others}",
            policy.stale_after,
            name(first),
            first.arn
        ));
    }
    remarks.extend(report.notes.iter().map(|note| format!("note: {note}")));
    remarks
        .iter()
        .map(|remark| cut(one_line(remark), REMARK_BYTES))
        .collect()
}

/// Why something could not be read.
pub(super) fn cause(unread: &Unread) -> String {
    if unread.detail.is_empty() {
        unread.cause.to_string()
    } else {
        format!("{}: {}", unread.cause, unread.detail)
    }
}
