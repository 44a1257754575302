//! What AWS Health tells EventBridge of an event (user guide, "AWS Health events Amazon EventBridge schema", "Choosing a
//! region"): one message in the impacted region and a copy in the backup region, each in pages if it is long.

use serde_json::json;

use super::{Event, Health};
use crate::ACCOUNT_ID;
use crate::timestamp::Timestamp;
use crate::turn::{self, Effect, Turn};

/// Where events of region `global` are told.
const GLOBAL: &str = "us-east-1";

/// The region that gets a copy of what another one is told.
fn backup_of(region: &str) -> &'static str {
    if region == "us-west-2" {
        "us-east-1"
    } else {
        "us-west-2"
    }
}

impl Health {
    /// Tells EventBridge of an event as it is now.
    pub(crate) fn tell(&self, turn: &mut Turn<'_>, arn: &str) {
        let Some(event) = self.event(arn) else { return };
        let region = if event.region == "global" {
            GLOBAL
        } else {
            &event.region
        };
        let pages = self.pages.get(arn).copied().unwrap_or(1);
        let communication = turn.ids.uuid().replace('-', "");
        for (region, is_backup) in [(region, false), (backup_of(region), true)] {
            for page in 1..=pages {
                let id = format!("{communication}-{page}");
                let event = message(turn, event, region, is_backup, (page, pages), &id);
                turn.effects.push(Effect::Event(event));
            }
        }
    }
}

/// Pages and `backupEvent` are strings, times are in the form of RFC 1123.
fn message(
    turn: &mut Turn<'_>,
    event: &Event,
    region: &str,
    is_backup: bool,
    (page, pages): (u32, u32),
    communication: &str,
) -> turn::Event {
    let time = |at: Timestamp| httpdate::fmt_http_date(at.into());
    let mut detail = json!({
        "eventArn": event.arn,
        "service": event.service,
        "eventTypeCode": event.event_type_code,
        "eventTypeCategory": event.event_type_category,
        "eventScopeCode": event.event_scope_code,
        "communicationId": communication,
        "startTime": time(event.start_time),
        "lastUpdatedTime": time(event.last_updated_time),
        "statusCode": event.status_code,
        "eventRegion": event.region,
        "eventDescription": [{"language": "en_US", "latestDescription": format!("{} in {}", event.event_type_code, event.region)}],
        "page": page.to_string(),
        "totalPages": pages.to_string(),
        "backupEvent": is_backup.to_string(),
        "affectedAccount": ACCOUNT_ID,
    });
    if let Some(end) = event.end_time {
        detail["endTime"] = json!(time(end));
    }
    let event = json!({
        "version": "0",
        "id": turn.ids.uuid(),
        "detail-type": "AWS Health Event",
        "source": "aws.health",
        "account": ACCOUNT_ID,
        "time": turn.now.rfc3339_seconds(),
        "region": region,
        "resources": [],
        "detail": detail,
    });
    turn::Event {
        event,
        additional: json!({}),
    }
}
