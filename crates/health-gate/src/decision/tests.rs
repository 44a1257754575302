use proptest::prelude::*;
use time::UtcDateTime;
use time::macros::utc_datetime;

use super::*;
use crate::event::{Event, EventCategory, EventStatus};
use crate::policy::Policy;
use crate::reading::{Reading, UnknownCause};

const NOW: UtcDateTime = utc_datetime!(2026-11-23 07:00:00);

fn policy() -> Policy {
    Policy {
        regions: ["us-east-1", "global"]
            .map(|r| r.parse().expect("a region"))
            .to_vec(),
    }
}

/// An open issue in us-east-1, which the policy's first region is.
fn open_issue() -> Event {
    let mut event = Event::new(
        "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1",
        "EC2",
        "AWS_EC2_OPERATIONAL_ISSUE",
    );
    event.category = Some(EventCategory::Issue);
    event.region = Some("us-east-1".to_owned());
    event.status = Some(EventStatus::Open);
    event
}

fn blocks(event: Event) -> bool {
    matches!(
        decide(Finding::of(&policy(), &Reading::Known(vec![event]), NOW)),
        Decision::Fail(Block::Blocked(_))
    )
}

#[test]
fn an_open_issue_of_a_region_of_the_policy_blocks() {
    assert!(blocks(open_issue()));
    assert!(blocks(Event {
        region: Some("global".to_owned()),
        ..open_issue()
    }));
}

#[test]
fn an_event_outside_the_policy_does_not_block_although_it_was_returned() {
    assert!(!blocks(Event {
        region: Some("eu-west-1".to_owned()),
        ..open_issue()
    }));
    assert!(!blocks(Event {
        category: Some(EventCategory::ScheduledChange),
        ..open_issue()
    }));
    assert!(!blocks(Event {
        status: Some(EventStatus::Closed),
        ..open_issue()
    }));
    assert!(!blocks(Event {
        status: Some(EventStatus::Upcoming),
        ..open_issue()
    }));
}

#[test]
fn an_absent_member_counts_as_what_was_asked_for() {
    assert!(blocks(Event {
        region: None,
        category: None,
        status: None,
        ..open_issue()
    }));
}

#[test]
fn an_open_event_whose_end_has_passed_is_over() {
    assert!(!blocks(Event {
        end_time: Some(utc_datetime!(2026-11-23 07:00:00)),
        ..open_issue()
    }));
    assert!(blocks(Event {
        end_time: Some(utc_datetime!(2026-11-23 07:00:01)),
        ..open_issue()
    }));
}

/// Pages may shift while they are read, so that one event comes twice.
#[test]
fn an_event_that_was_returned_twice_counts_once() {
    let early = Event {
        last_updated_time: Some(utc_datetime!(2026-11-23 06:00:00)),
        ..open_issue()
    };
    let late = Event {
        last_updated_time: Some(utc_datetime!(2026-11-23 06:30:00)),
        ..open_issue()
    };
    let reading = Reading::Known(vec![early, late.clone()]);
    let Finding::Incident(incidents) = Finding::of(&policy(), &reading, NOW) else {
        panic!("expected an incident")
    };
    assert_eq!(incidents.events(), [late]);
}

#[test]
fn a_known_reading_without_events_passes() {
    assert_eq!(
        decide(Finding::of(&policy(), &Reading::Known(vec![]), NOW)),
        Decision::Pass(Pass::Clear)
    );
}

fn any_event() -> impl Strategy<Value = Event> {
    let region = prop_oneof![
        Just(None),
        Just(Some("us-east-1")),
        Just(Some("global")),
        Just(Some("eu-west-1"))
    ];
    let category = prop::option::of(prop_oneof![
        Just(EventCategory::Issue),
        Just(EventCategory::ScheduledChange),
        Just(EventCategory::Other)
    ]);
    let status = prop::option::of(prop_oneof![
        Just(EventStatus::Open),
        Just(EventStatus::Closed),
        Just(EventStatus::Upcoming)
    ]);
    let time = || prop::option::of((-7200i64..7200).prop_map(|s| NOW + time::Duration::seconds(s)));
    (0..6u8, region, category, status, time(), time()).prop_map(
        |(number, region, category, status, end_time, last_updated_time)| Event {
            arn: format!("arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/{number}"),
            region: region.map(str::to_owned),
            category,
            status,
            end_time,
            last_updated_time,
            ..open_issue()
        },
    )
}

fn any_reading() -> impl Strategy<Value = Reading> {
    let unread = Unread {
        cause: UnknownCause::Throttled,
        detail: String::new(),
    };
    (prop::collection::vec(any_event(), 0..8), any::<bool>()).prop_map(move |(seen, known)| {
        if known {
            Reading::Known(seen)
        } else {
            Reading::Unknown {
                seen,
                unread: unread.clone(),
            }
        }
    })
}

fn events(reading: &mut Reading) -> &mut Vec<Event> {
    match reading {
        Reading::Known(events) | Reading::Unknown { seen: events, .. } => events,
    }
}

fn decision_on(reading: &Reading) -> Decision {
    decide(Finding::of(&policy(), reading, NOW))
}

proptest! {
    /// Invariant: "could not read" is never taken for "nothing found".
    #[test]
    fn an_unknown_reading_never_passes(reading in any_reading()) {
        if matches!(reading, Reading::Unknown { .. }) {
            prop_assert!(matches!(decision_on(&reading), Decision::Fail(_)));
        }
    }

    /// Invariant: more incidents never loosen a decision.
    #[test]
    fn one_more_event_never_loosens_a_decision(reading in any_reading(), event in any_event()) {
        let mut more = reading.clone();
        events(&mut more).push(event);
        if matches!(decision_on(&reading), Decision::Fail(_)) {
            prop_assert!(matches!(decision_on(&more), Decision::Fail(_)));
        }
    }

    /// Invariant: the order of events never changes the decision.
    #[test]
    fn the_order_of_events_changes_nothing(reading in any_reading(), seed in any::<u64>()) {
        let mut shuffled = reading.clone();
        let list = events(&mut shuffled);
        for i in (1..list.len()).rev() {
            list.swap(i, (seed.rotate_left(i as u32) % (i as u64 + 1)) as usize);
        }
        let same_members = |decision: &Decision| match decision {
            Decision::Fail(Block::Blocked(incidents)) => incidents.events().iter().map(|e| (e.arn.clone(), e.last_seen())).collect(),
            Decision::Fail(_) | Decision::Pass(_) => Vec::new(),
        };
        let (a, b) = (decision_on(&reading), decision_on(&shuffled));
        prop_assert_eq!(same_members(&a), same_members(&b));
        prop_assert_eq!(std::mem::discriminant(&a), std::mem::discriminant(&b));
    }
}
