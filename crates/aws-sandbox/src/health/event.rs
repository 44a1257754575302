//! An event of AWS Health.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// An event, as DescribeEvents returns it. What is `None` is left out of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Identifies the event.
    pub arn: String,
    /// `EC2`.
    pub service: String,
    /// `AWS_EC2_OPERATIONAL_ISSUE`.
    pub event_type_code: String,
    /// `issue`, `scheduledChange` or `accountNotification`.
    pub event_type_category: String,
    /// The impacted region, or `global`.
    pub region: String,
    /// When it began.
    pub start_time: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// When it was last written to.
    pub last_updated_time: Timestamp,
    /// `open`, `closed` or `upcoming`.
    pub status_code: String,
    /// `PUBLIC`, `ACCOUNT_SPECIFIC` or `NONE`.
    pub event_scope_code: String,
}

impl Event {
    /// A public operational issue that begins at `start`: `EC2` in `us-east-1`, say. The name tells apart issues
    /// of the same service and region.
    pub fn operational_issue(service: &str, region: &str, name: &str, start: Timestamp) -> Self {
        let code = format!("AWS_{service}_OPERATIONAL_ISSUE");
        Self {
            arn: format!("arn:aws:health:{region}::event/{service}/{code}/{code}_{name}"),
            service: service.to_owned(),
            event_type_code: code,
            event_type_category: "issue".to_owned(),
            region: region.to_owned(),
            start_time: start,
            end_time: None,
            last_updated_time: start,
            status_code: "open".to_owned(),
            event_scope_code: "PUBLIC".to_owned(),
        }
    }
}
