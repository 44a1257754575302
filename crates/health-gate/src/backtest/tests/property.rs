//! Blocked time, held against a look at each half minute.

use proptest::prelude::*;

use super::*;
use crate::finding::{Assessment, Finding};
use crate::reading::Reading;

/// The window of the property tests ends between two minutes, so that nothing ends in the moment in which it is judged.
const WINDOW_OF_MINUTES: Window = Window {
    from: FROM,
    until: utc_datetime!(2026-11-20 05:00:30),
};

prop_compose! {
    fn any_event()(
        number in 0..1_000_000_usize,
        from in prop::option::of(-60..290_i64),
        end in prop::option::of(-60..300_i64),
        updated in prop::option::of(-60..300_i64),
        status in prop::option::of(prop_oneof![
            Just(EventStatus::Open),
            Just(EventStatus::Closed),
            Just(EventStatus::Upcoming),
        ]),
        region in prop_oneof![Just("us-east-1"), Just("global"), Just("eu-west-1")],
        service in prop_oneof![Just("EC2"), Just("LAMBDA"), Just("ABUSE")],
    ) -> Event {
        let mut event = in_region(of_service(open(number, 0, 0), service), region);
        event.status = status;
        event.start_time = from.map(at);
        event.end_time = end.map(at);
        event.last_updated_time = updated.map(at);
        event
    }
}

fn any_policy() -> impl Strategy<Value = Policy> {
    (0..70_i64, 60..240_i64).prop_map(|(quiet, stale)| {
        policy(&format!(
            r#"{{"quietPeriod": "{quiet}m", "staleAfter": "{stale}m"}}"#
        ))
    })
}

fn any_events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(any_event(), 0..20)
}

/// Looks at each half minute by itself.
fn brute_force(policy: &Policy, events: &[Event], window: Window) -> Duration {
    let half_minutes =
        (0..window.length().whole_seconds() / 30).map(|n| window.from + Duration::seconds(30 * n));
    let stands_in_the_way = |now: UtcDateTime| {
        events.iter().any(|event| {
            let from = event.start_time.or(event.last_updated_time);
            let over = event.end_time.max(event.last_updated_time);
            let is_over = match event.status {
                Some(EventStatus::Closed) => true,
                Some(EventStatus::Open | EventStatus::Other) | None => {
                    event.end_time.is_some_and(|end| end <= window.until)
                }
                Some(EventStatus::Upcoming) => return false,
            };
            let until = if is_over {
                over.map(|over| over + policy.quiet_period.duration())
            } else {
                event
                    .last_updated_time
                    .map(|updated| updated + policy.stale_after.duration())
            };
            policy.matches(event)
                && from.is_none_or(|from| from <= now)
                && until.is_none_or(|until| now < until)
        })
    };
    Duration::seconds(30) * half_minutes.filter(|now| stands_in_the_way(*now)).count() as i32
}

proptest! {
    #[test]
    fn blocked_time_is_that_of_a_look_at_each_half_minute(policy in any_policy(), events in any_events()) {
        let backtest = Backtest::of(&policy, &events, WINDOW_OF_MINUTES);
        let distinct: Vec<Event> = each_once(&events).into_iter().cloned().collect();
        prop_assert_eq!(backtest.blocked, brute_force(&policy, &distinct, WINDOW_OF_MINUTES));
        let sum: Duration = backtest.spans.iter().map(BlockedSpan::length).sum();
        prop_assert_eq!(backtest.blocked, sum);
        prop_assert!(backtest.spans.windows(2).all(|pair| pair[0].until < pair[1].from));
        let tally = backtest.tally;
        prop_assert_eq!(tally.read, tally.blocking + tally.excluded + tally.stale + tally.not_begun + tally.outside);
        prop_assert_eq!(tally.blocking, backtest.events.len());
        prop_assert_eq!(tally.blocking, backtest.spans.iter().map(|span| span.arns.len()).sum::<usize>());
        prop_assert_eq!(tally.blocking, backtest.services.iter().map(|group| group.events).sum::<usize>());
        prop_assert_eq!(tally.blocking, backtest.regions.iter().map(|group| group.events).sum::<usize>());
        let own = backtest.own_quiet_period().expect("always there");
        prop_assert_eq!((own.blocked, own.spans), (backtest.blocked, backtest.spans.len()));
    }

    /// The gate, asked at the end of the window, says what the back-test says of that moment. When the end of an event is not
    /// known, the back-test is the stricter one.
    #[test]
    fn at_the_end_of_the_window_it_says_what_the_gate_says(policy in any_policy(), events in any_events()) {
        let events: Vec<Event> = events
            .into_iter()
            .filter(|event| event.end_time.max(event.last_updated_time).is_some())
            .collect();
        let backtest = Backtest::of(&policy, &events, WINDOW_OF_MINUTES);
        let distinct: Vec<Event> = each_once(&events).into_iter().cloned().collect();
        let assessment = Assessment::of(&policy, &Reading::known(distinct), WINDOW_OF_MINUTES.until);
        let stopped = matches!(assessment.finding, Finding::Incident(_));
        let blocked = backtest.spans.last().is_some_and(|span| span.until == WINDOW_OF_MINUTES.until);
        prop_assert_eq!(blocked, stopped);
    }

    #[test]
    fn one_more_event_never_shortens_the_blocked_time(policy in any_policy(), events in any_events(), event in any_event()) {
        let mut more = events.clone();
        if !events.iter().any(|other| other.arn == event.arn) {
            more.push(event);
        }
        let (less, more) = (Backtest::of(&policy, &events, WINDOW_OF_MINUTES), Backtest::of(&policy, &more, WINDOW_OF_MINUTES));
        prop_assert!(less.blocked <= more.blocked);
    }

    #[test]
    fn the_order_of_the_events_does_not_matter(policy in any_policy(), events in any_events().prop_shuffle(), copies in any_events()) {
        let mut events = events;
        let arns: Vec<String> = events.iter().map(|event| event.arn.clone()).collect();
        // Some of them once more, otherwise.
        events.extend(copies.into_iter().zip(arns).map(|(copy, arn)| Event { arn, ..copy }));
        let mut reversed = events.clone();
        reversed.reverse();
        prop_assert_eq!(Backtest::of(&policy, &events, WINDOW_OF_MINUTES), Backtest::of(&policy, &reversed, WINDOW_OF_MINUTES));
    }

    #[test]
    fn a_longer_quiet_period_never_blocks_less(policy in any_policy(), events in any_events()) {
        let backtest = Backtest::of(&policy, &events, WINDOW_OF_MINUTES);
        prop_assert!(backtest.quiet_periods.is_sorted_by_key(|quiet| (quiet.length, quiet.blocked)));
        prop_assert!(backtest.quiet_periods.is_sorted_by_key(|quiet| quiet.blocked));
    }

    /// A rule has saved nothing but by the events that are its own.
    #[test]
    fn a_rule_without_events_of_its_own_has_saved_nothing(policy in any_policy(), events in any_events()) {
        for rule in Backtest::of(&policy, &events, WINDOW_OF_MINUTES).rules {
            prop_assert!(rule.only_by_it <= rule.events);
            prop_assert!(rule.only_by_it > 0 || rule.saved.is_zero());
            prop_assert!(rule.saved >= Duration::ZERO);
        }
    }
}
