//! What holds for any policy, reading and hold.

use proptest::prelude::*;

use super::*;

fn any_policy() -> impl Strategy<Value = Policy> {
    let incident = prop_oneof![Just("fail"), Just("hold"), Just("warn")];
    let unknown = prop_oneof![Just("fail"), Just("hold"), Just("pass")];
    let rollback = prop_oneof![Just("pass"), Just("check")];
    let quiet = prop_oneof![Just("0s"), Just("10m"), Just("24h")];
    let stale = prop_oneof![Just("1h"), Just("72h")];
    (incident, unknown, rollback, quiet, stale).prop_map(|(incident, unknown, rollback, quiet, stale)| {
        policy(&format!(
            r#"{{"onIncident": "{incident}", "onUnknown": "{unknown}", "onRollback": "{rollback}", "quietPeriod": "{quiet}", "staleAfter": "{stale}"}}"#
        ))
    })
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
        Just(EventStatus::Upcoming),
        Just(EventStatus::Other)
    ]);
    let time = || prop::option::of((-7200i64..7200).prop_map(|s| NOW + Duration::seconds(s)));
    (0..6u8, region, category, status, time(), time(), time()).prop_map(
        |(number, region, category, status, start_time, end_time, last_updated_time)| Event {
            arn: format!("arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/{number}"),
            region: region.map(str::to_owned),
            category,
            status,
            start_time,
            end_time,
            last_updated_time,
            ..open_issue()
        },
    )
}

fn any_cause() -> impl Strategy<Value = UnknownCause> {
    prop_oneof![
        Just(UnknownCause::NoSupportPlan),
        Just(UnknownCause::AccessDenied),
        Just(UnknownCause::Throttled),
        Just(UnknownCause::TooManyPages)
    ]
}

fn any_reading() -> impl Strategy<Value = Reading> {
    (
        prop::collection::vec(any_event(), 0..8),
        prop::option::of(any_cause()),
        any::<bool>(),
    )
        .prop_map(|(events, cause, may_be_behind)| Reading {
            events,
            unread: cause.map(unread),
            may_be_behind,
        })
}

fn any_hold() -> impl Strategy<Value = Option<HoldState>> {
    prop::option::of(
        (0i64..36_000).prop_map(|seconds| HoldState::begin(NOW - Duration::seconds(seconds))),
    )
}

fn any_circumstances() -> impl Strategy<Value = Circumstances> {
    (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(with_override, rollback, stopping)| {
        Circumstances {
            overridden: with_override.then(overridden),
            rollback,
            stopping,
        }
    })
}

/// What one decision is made from.
type Facts = (Policy, Option<HoldState>, Circumstances);

fn any_facts() -> impl Strategy<Value = Facts> {
    (any_policy(), any_hold(), any_circumstances())
}

fn decision_on((policy, hold, circumstances): &Facts, reading: &Reading) -> Decision {
    let finding = Assessment::of(policy, reading, NOW).finding;
    decide(
        Case::Found {
            policy,
            finding,
            hold: hold.clone(),
        },
        circumstances,
        NOW,
    )
}

proptest! {
    /// Invariant: "could not read" is never taken for "nothing found". It passes only where it is said to.
    #[test]
    fn an_unknown_reading_never_passes_as_clear(facts in any_facts(), reading in any_reading()) {
        if reading.unread.is_some() {
            let (policy, hold, circumstances) = &facts;
            match decision_on(&facts, &reading) {
                Decision::Pass(Pass::Clear) => prop_assert!(false, "passed as clear"),
                Decision::Pass(Pass::Overridden(..)) => prop_assert!(circumstances.overridden.is_some()),
                Decision::Pass(Pass::Rollback(_)) => prop_assert!(circumstances.rollback && policy.on_rollback == OnRollback::Pass),
                Decision::Pass(Pass::Warned(_) | Pass::Unknown(_)) => {
                    prop_assert!(policy.on_unknown == OnUnknown::Pass && hold.is_none());
                }
                Decision::Hold(_) | Decision::Fail(_) => {}
            }
        }
    }

    /// Invariant: more incidents never loosen a decision: what stops goes on for no event more, and what is clear has none.
    #[test]
    fn one_more_event_never_loosens_a_decision(facts in any_facts(), reading in any_reading(), event in any_event()) {
        let mut more = reading.clone();
        more.events.push(event);
        let (less, more) = (decision_on(&facts, &reading), decision_on(&facts, &more));
        prop_assert!(less.passes() || !more.passes(), "{less:?} became {more:?}");
        prop_assert!(more != Decision::Pass(Pass::Clear) || less == Decision::Pass(Pass::Clear), "{less:?} became clear");
    }

    /// The same for what is not read: a page less never makes a decision looser, unless the policy says that the unknown passes.
    #[test]
    fn an_unread_page_never_makes_a_stop_a_pass(facts in any_facts(), reading in any_reading(), cause in any_cause()) {
        let known = Reading { unread: None, ..reading.clone() };
        let unknown = Reading { unread: Some(unread(cause)), ..reading };
        if !decision_on(&facts, &known).passes() {
            prop_assert!(!decision_on(&facts, &unknown).passes());
        }
    }

    /// Invariant: the order of events never changes anything.
    #[test]
    fn the_order_of_events_changes_nothing(facts in any_facts(), reading in any_reading(), seed in any::<u64>()) {
        let mut shuffled = reading.clone();
        let list = &mut shuffled.events;
        for i in (1..list.len()).rev() {
            list.swap(i, (seed.rotate_left(i as u32) % (i as u64 + 1)) as usize);
        }
        let members = |decision: &Decision| -> Vec<_> {
            let incidents = decision.incidents().map(|incidents| incidents.list()).unwrap_or_default();
            incidents.iter().map(|i| (i.event.arn.clone(), i.event.last_seen(), i.closed)).collect()
        };
        let (a, b) = (decision_on(&facts, &reading), decision_on(&facts, &shuffled));
        prop_assert_eq!(word(&a), word(&b));
        prop_assert_eq!(members(&a), members(&b));
    }

    /// A hold always ends: when it has run out, or a person stops it, nothing is held.
    #[test]
    fn a_hold_ends(facts in any_facts(), reading in any_reading()) {
        let (policy, hold, circumstances) = &facts;
        let is_over = circumstances.stopping || hold.as_ref().is_some_and(|hold| hold.has_run_out(policy, NOW));
        if is_over {
            prop_assert!(!matches!(decision_on(&facts, &reading), Decision::Hold(_)));
        }
    }
}
