use time::macros::utc_datetime;

use super::*;
use crate::event::{EventCategory, EventScope, EventStatus};
use crate::policy::{AccountPolicy, Filter};
use crate::reading::UnknownCause;

const NOW: UtcDateTime = utc_datetime!(2026-11-23 07:00:00);
const ARN: &str = "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1";

fn policy(user_parameters: &str) -> Policy {
    let own_region = "us-east-1".parse().expect("a region");
    AccountPolicy::default()
        .for_action(Some(user_parameters), &own_region)
        .expect("a valid policy")
}

/// An open issue in us-east-1, updated just now.
fn open_issue() -> Event {
    let mut event = Event::new(ARN, "EC2", "AWS_EC2_OPERATIONAL_ISSUE");
    event.category = Some(EventCategory::Issue);
    event.region = Some("us-east-1".to_owned());
    event.status = Some(EventStatus::Open);
    event.scope = Some(EventScope::Public);
    event.last_updated_time = Some(NOW);
    event
}

fn assess(user_parameters: &str, events: Vec<Event>) -> Assessment {
    Assessment::of(&policy(user_parameters), &Reading::known(events), NOW)
}

fn blocks(user_parameters: &str, event: Event) -> bool {
    matches!(
        assess(user_parameters, vec![event]).finding,
        Finding::Incident(_)
    )
}

#[test]
fn each_filter_lets_through_what_it_names() {
    for (user_parameters, blocks_it) in [
        ("", true),
        ("us-east-1", true),
        ("eu-west-1", false),
        (r#"{"services": ["EC2"]}"#, true),
        (r#"{"services": ["LAMBDA"]}"#, false),
        (r#"{"ignoreServices": ["EC2"]}"#, false),
        (r#"{"services": ["EC2"], "ignoreServices": ["EC2"]}"#, false),
        (r#"{"categories": ["issue", "scheduledChange"]}"#, true),
        (r#"{"categories": ["scheduledChange"]}"#, false),
        (r#"{"eventTypeCodes": ["AWS_EC2_*"]}"#, true),
        (r#"{"eventTypeCodes": ["aws_ec2_*"]}"#, false),
        (r#"{"eventTypeCodes": ["*_API_ISSUE"]}"#, false),
        (r#"{"ignoreEventTypeCodes": ["*_OPERATIONAL_*"]}"#, false),
        (r#"{"ignoreEventTypeCodes": ["AWS_EC2"]}"#, true),
        (r#"{"scopes": ["PUBLIC"]}"#, true),
        (r#"{"scopes": ["ACCOUNT_SPECIFIC", "NONE"]}"#, false),
        (
            r#"{"ignoreEvents": ["arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1"]}"#,
            false,
        ),
        (
            r#"{"ignoreEvents": ["arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/2"]}"#,
            true,
        ),
    ] {
        assert_eq!(
            blocks(user_parameters, open_issue()),
            blocks_it,
            "{user_parameters}"
        );
    }
}

/// AWS files its largest outages under `MULTIPLE_SERVICES`: a list of services that lacks it must not miss those.
#[test]
fn the_largest_outages_count_whatever_services_are_named() {
    let outage = || Event {
        service: Some("MULTIPLE_SERVICES".to_owned()),
        ..open_issue()
    };
    assert!(blocks(r#"{"services": ["LAMBDA"]}"#, outage()));
    assert!(!blocks(
        r#"{"services": ["LAMBDA"], "ignoreServices": ["MULTIPLE_SERVICES"]}"#,
        outage()
    ));
}

#[test]
fn services_about_the_account_itself_do_not_count_by_default() {
    for service in ["RISK", "ABUSE", "BILLING", "ACCOUNT"] {
        let event = || Event {
            service: Some(service.to_owned()),
            ..open_issue()
        };
        assert!(!blocks("", event()), "{service}");
        assert!(
            blocks(r#"{"ignoreServices": ["EC2"]}"#, event()),
            "{service}: a given list replaces the default"
        );
    }
}

/// A gap in an answer never makes the gate looser.
#[test]
fn a_member_that_an_event_lacks_passes_its_filter() {
    let bare = || Event {
        region: None,
        category: None,
        status: None,
        service: None,
        type_code: None,
        scope: None,
        last_updated_time: None,
        ..open_issue()
    };
    for user_parameters in [
        "eu-west-1",
        r#"{"services": ["LAMBDA"]}"#,
        r#"{"categories": ["scheduledChange"]}"#,
        r#"{"eventTypeCodes": ["AWS_EC2_*"], "ignoreEventTypeCodes": ["*"]}"#,
        r#"{"scopes": ["ACCOUNT_SPECIFIC"]}"#,
        r#"{"staleAfter": "1h"}"#,
    ] {
        assert!(blocks(user_parameters, bare()), "{user_parameters}");
    }
}

#[test]
fn a_category_or_scope_that_nobody_knows_is_none_that_was_named() {
    let event = || Event {
        category: Some(EventCategory::Other),
        ..open_issue()
    };
    assert!(!blocks("", event()));
    let event = || Event {
        scope: Some(EventScope::Other),
        ..open_issue()
    };
    assert!(blocks("", event()));
    assert!(!blocks(r#"{"scopes": ["PUBLIC"]}"#, event()));
}

#[test]
fn only_what_is_open_blocks() {
    for (status, is_open) in [
        (EventStatus::Closed, false),
        (EventStatus::Upcoming, false),
        // Unread is never nothing found.
        (EventStatus::Other, true),
    ] {
        let event = Event {
            status: Some(status),
            ..open_issue()
        };
        assert_eq!(blocks("", event), is_open, "{status:?}");
    }
    let ends = |at| Event {
        end_time: Some(at),
        ..open_issue()
    };
    assert!(!blocks("", ends(NOW)));
    assert!(blocks("", ends(utc_datetime!(2026-11-23 07:00:01))));
}

#[test]
fn an_event_that_was_not_updated_for_long_is_reported_and_does_not_block() {
    let updated = |at| Event {
        last_updated_time: Some(at),
        ..open_issue()
    };
    let stale = updated(utc_datetime!(2026-11-20 07:00:00));
    let assessment = assess("", vec![stale.clone()]);
    assert_eq!(
        (assessment.finding, assessment.stale),
        (Finding::Clear, vec![stale.clone()])
    );
    assert!(blocks("", updated(utc_datetime!(2026-11-20 07:00:01))));
    assert!(blocks(r#"{"staleAfter": "7d"}"#, stale));
    let old = Event {
        start_time: Some(utc_datetime!(2026-01-01 00:00:00)),
        last_updated_time: None,
        ..open_issue()
    };
    assert!(blocks("", old), "without an update time it is never stale");
}

#[test]
fn the_quiet_period_counts_from_the_later_of_end_and_update() {
    let closed = |end, update| Event {
        status: Some(EventStatus::Closed),
        end_time: end,
        last_updated_time: update,
        ..open_issue()
    };
    let (early, late) = (
        Some(utc_datetime!(2026-11-23 06:00:00)),
        Some(utc_datetime!(2026-11-23 06:55:00)),
    );
    for (event, closed_at) in [
        (closed(early, late), late),
        (closed(late, early), late),
        (closed(late, None), late),
        (closed(None, late), late),
        (closed(None, None), None),
        (
            Event {
                status: Some(EventStatus::Open),
                ..closed(early, late)
            },
            late,
        ),
    ] {
        let Finding::Incident(incidents) =
            assess(r#"{"quietPeriod": "10m"}"#, vec![event.clone()]).finding
        else {
            panic!("{event:?} does not block")
        };
        assert_eq!(incidents.list()[0].closed, Some(closed_at));
        assert!(!blocks("", event.clone()), "no quiet period by default");
        if closed_at.is_some() {
            assert!(
                !blocks(r#"{"quietPeriod": "5m"}"#, event),
                "five minutes are over"
            );
        }
    }
}

#[test]
fn an_event_that_was_returned_twice_counts_once_and_at_its_worst() {
    let open = open_issue();
    let closed = Event {
        status: Some(EventStatus::Closed),
        last_updated_time: Some(utc_datetime!(2026-11-23 07:00:01)),
        ..open_issue()
    };
    for events in [
        vec![open.clone(), closed.clone()],
        vec![closed, open.clone(), open.clone()],
    ] {
        let assessment = assess(r#"{"quietPeriod": "1h"}"#, events);
        let Finding::Incident(incidents) = assessment.finding else {
            panic!("expected an incident")
        };
        assert_eq!(
            incidents.list(),
            [Incident {
                event: open.clone(),
                closed: None
            }]
        );
        assert_eq!(assessment.matched, 1);
    }
    let nameless = Event {
        arn: String::new(),
        ..open_issue()
    };
    let Finding::Incident(incidents) = assess("", vec![nameless.clone(), nameless]).finding else {
        panic!("expected an incident")
    };
    assert_eq!(incidents.list().len(), 2);
}

#[test]
fn the_first_incident_is_the_one_that_began_first() {
    let event = |arn: &str, start| Event {
        arn: arn.to_owned(),
        start_time: start,
        ..open_issue()
    };
    let events = vec![
        event("c", None),
        event("b", Some(utc_datetime!(2026-11-23 05:00:00))),
        event("a", Some(utc_datetime!(2026-11-23 06:00:00))),
    ];
    let Finding::Incident(incidents) = assess("", events).finding else {
        panic!("expected an incident")
    };
    assert_eq!(incidents.first().map(|event| event.arn.as_str()), Some("b"));
}

#[test]
fn missing_pages_are_never_nothing() {
    let unread = Unread {
        cause: UnknownCause::Throttled,
        detail: String::new(),
    };
    let assess = |events| {
        Assessment::of(&policy(""), &Reading::unknown(events, unread.clone()), NOW).finding
    };
    assert_eq!(assess(vec![]), Finding::Unknown(unread.clone()));
    assert!(
        matches!(assess(vec![open_issue()]), Finding::Incident(incidents) if incidents.unread() == Some(&unread))
    );
}

/// An event that does not count says which filter it does not pass; one that fails several, all of them in the policy's order.
#[test]
fn each_filter_that_an_event_does_not_pass_is_told() {
    let event = open_issue();
    let arn = &event.arn;
    let ignored = format!(r#"{{"ignoreEvents": ["{arn}"]}}"#);
    for (user_parameters, filters) in [
        ("us-east-1", &[][..]),
        ("eu-west-3", &[Filter::Regions]),
        (
            r#"{"categories": ["scheduledChange"]}"#,
            &[Filter::Categories],
        ),
        (r#"{"services": ["LAMBDA"]}"#, &[Filter::Services]),
        (r#"{"ignoreServices": ["EC2"]}"#, &[Filter::IgnoreServices]),
        (
            r#"{"eventTypeCodes": ["AWS_LAMBDA_*"]}"#,
            &[Filter::EventTypeCodes],
        ),
        (
            r#"{"ignoreEventTypeCodes": ["*_EC2_*"]}"#,
            &[Filter::IgnoreEventTypeCodes],
        ),
        (r#"{"scopes": ["NONE"]}"#, &[Filter::Scopes]),
        (ignored.as_str(), &[Filter::IgnoreEvents]),
        (
            r#"{"regions": ["eu-west-3"], "services": ["LAMBDA"], "ignoreServices": ["EC2"]}"#,
            &[Filter::Regions, Filter::Services, Filter::IgnoreServices],
        ),
    ] {
        let found: Vec<Filter> = policy(user_parameters).exclusions(&event).collect();
        assert_eq!(found, filters, "{user_parameters}");
        let ruling = Ruling::of(&policy(user_parameters), &event, NOW);
        match filters.first() {
            Some(first) => assert_eq!(ruling, Ruling::Excluded(*first)),
            None => assert_eq!(ruling, Ruling::Open),
        }
    }
}

/// All events of a reading are judged, those that do not count too, the most recently updated first; of copies the worst counts.
#[test]
fn rulings_are_of_all_events_each_once() {
    let open = open_issue();
    let mut closed = open.clone();
    closed.status = Some(EventStatus::Closed);
    let mut foreign = open.clone();
    foreign.arn = format!("{ARN}0");
    foreign.region = Some("eu-west-3".to_owned());
    foreign.last_updated_time = Some(NOW - time::Duration::hours(1));
    let reading = Reading::known(vec![foreign.clone(), closed, open.clone()]);
    let rulings = Ruling::of_all(&policy("us-east-1"), &reading, NOW);
    let excluded = Ruling::Excluded(Filter::Regions);
    assert_eq!(rulings, [(Ruling::Open, open), (excluded, foreign)]);
    for (ruling, counts) in [
        (Ruling::Open, true),
        (Ruling::JustClosed(None), true),
        (Ruling::Stale, false),
        (Ruling::Closed(None), false),
        (Ruling::NotBegun, false),
        (excluded, false),
    ] {
        assert_eq!(ruling.counts(), counts, "{ruling:?}");
    }
}
