use proptest::prelude::*;
use serde_json::json;
use time::macros::utc_datetime;

use super::*;
use crate::event::{EventCategory, EventScope, EventStatus};
use crate::finding::{Assessment, Finding};
use crate::policy::AccountPolicy;
use crate::reading::Reading;

const FROM: UtcDateTime = utc_datetime!(2026-11-20 00:00:00);
const UNTIL: UtcDateTime = utc_datetime!(2026-11-23 00:00:00);
const WINDOW: Window = Window {
    from: FROM,
    until: UNTIL,
};

fn policy(user_parameters: &str) -> Policy {
    let own_region = "us-east-1".parse().expect("a region");
    AccountPolicy::default()
        .for_action(Some(user_parameters), &own_region)
        .expect("a valid policy")
}

fn at(minutes: i64) -> UtcDateTime {
    FROM + Duration::minutes(minutes)
}

/// An issue of EC2 in us-east-1, begun and over so many minutes after the window begins.
fn closed(number: usize, from: i64, until: i64) -> Event {
    let mut event = open(number, from, until);
    event.status = Some(EventStatus::Closed);
    event.end_time = Some(at(until));
    event
}

/// The same, still open, begun and last updated.
fn open(number: usize, from: i64, updated: i64) -> Event {
    let arn = format!("arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/{number}");
    let mut event = Event::new(arn, "EC2", "AWS_EC2_OPERATIONAL_ISSUE");
    event.category = Some(EventCategory::Issue);
    event.region = Some("us-east-1".to_owned());
    event.scope = Some(EventScope::Public);
    event.status = Some(EventStatus::Open);
    event.start_time = Some(at(from));
    event.last_updated_time = Some(at(updated));
    event
}

fn in_region(mut event: Event, region: &str) -> Event {
    event.region = Some(region.to_owned());
    event
}

fn of_service(mut event: Event, service: &str) -> Event {
    event.service = Some(service.to_owned());
    event
}

fn backtest(user_parameters: &str, events: &[Event]) -> Backtest {
    Backtest::of(&policy(user_parameters), events, WINDOW)
}

/// When there was no way through, in minutes after the window begins.
fn spans(backtest: &Backtest) -> Vec<(i64, i64)> {
    let minutes = |at: UtcDateTime| (at - FROM).whole_minutes();
    let spans = backtest.spans.iter();
    spans
        .map(|span| (minutes(span.from), minutes(span.until)))
        .collect()
}

fn check(user_parameters: &str, events: &[Event], expected: &[(i64, i64)]) {
    let backtest = backtest(user_parameters, events);
    assert_eq!(spans(&backtest), expected, "{events:#?}");
}

#[test]
fn a_closed_event_blocks_from_its_start_to_the_later_of_its_end_and_its_last_update() {
    check("", &[closed(1, 60, 90)], &[(60, 90)]);
    let mut updated_later = closed(1, 60, 90);
    updated_later.last_updated_time = Some(at(100));
    check("", &[updated_later], &[(60, 100)]);
    let mut updated_sooner = closed(1, 60, 90);
    updated_sooner.last_updated_time = Some(at(70));
    check("", &[updated_sooner], &[(60, 90)]);
}

#[test]
fn an_open_event_whose_end_has_passed_is_over() {
    let mut event = open(1, 60, 70);
    event.end_time = Some(at(90));
    check("", std::slice::from_ref(&event), &[(60, 90)]);
    event.end_time = Some(UNTIL + Duration::minutes(1));
    check("", &[event], &[(60, 4_320)]);
}

#[test]
fn an_open_event_blocks_to_the_end_of_the_window_unless_it_is_stale() {
    check("", &[open(1, 60, 70)], &[(60, 4_320)]);
    check(r#"{"staleAfter": "2h"}"#, &[open(1, 60, 70)], &[(60, 190)]);
    let mut never_updated = open(1, 60, 70);
    never_updated.last_updated_time = None;
    check(r#"{"staleAfter": "2h"}"#, &[never_updated], &[(60, 4_320)]);
    let longer_than_time = r#"{"staleAfter": "99999999999999999d"}"#;
    check(longer_than_time, &[open(1, 60, 70)], &[(60, 4_320)]);
}

#[test]
fn a_closed_event_is_never_stale() {
    check(
        r#"{"staleAfter": "1h"}"#,
        &[closed(1, 60, 2_000)],
        &[(60, 2_000)],
    );
}

#[test]
fn what_is_missing_makes_an_event_no_shorter() {
    let mut no_start = closed(1, 60, 90);
    no_start.start_time = None;
    no_start.last_updated_time = Some(at(80));
    check("", std::slice::from_ref(&no_start), &[(80, 90)]);
    no_start.last_updated_time = None;
    check("", &[no_start], &[(0, 90)]);
    let mut no_end = closed(1, 60, 90);
    no_end.end_time = None;
    check("", std::slice::from_ref(&no_end), &[(60, 90)]);
    no_end.last_updated_time = None;
    check("", std::slice::from_ref(&no_end), &[(60, 4_320)]);
    assert_eq!(backtest("", &[no_end]).events[0].end, EventEnd::Unknown);
    let mut no_status = open(1, 60, 70);
    no_status.status = None;
    check("", &[no_status], &[(60, 4_320)]);
}

#[test]
fn an_event_that_has_not_begun_never_blocks() {
    let mut upcoming = open(1, 60, 70);
    upcoming.status = Some(EventStatus::Upcoming);
    check("", std::slice::from_ref(&upcoming), &[]);
    assert_eq!(backtest("", &[upcoming]).tally.not_begun, 1);
}

#[test]
fn the_quiet_period_follows_what_is_closed_and_not_what_is_stale() {
    check(
        r#"{"quietPeriod": "10m"}"#,
        &[closed(1, 60, 90)],
        &[(60, 100)],
    );
    let stale = r#"{"quietPeriod": "10m", "staleAfter": "2h"}"#;
    check(stale, &[open(1, 60, 70)], &[(60, 190)]);
    check(
        r#"{"quietPeriod": "10m"}"#,
        &[closed(1, -60, -5)],
        &[(0, 5)],
    );
}

#[test]
fn everything_is_clipped_to_the_window() {
    check(
        "",
        &[closed(1, -60, 30), closed(2, 4_000, 5_000)],
        &[(0, 30), (4_000, 4_320)],
    );
    let outside = [
        closed(1, -60, -30),
        closed(2, 5_000, 6_000),
        closed(3, 60, 60),
        closed(4, 90, 60),
    ];
    let backtest = backtest("", &outside);
    assert!(backtest.spans.is_empty() && backtest.events.is_empty());
    assert_eq!((backtest.tally.outside, backtest.tally.read), (4, 4));
}

#[test]
fn a_window_that_ends_before_it_begins_is_empty() {
    let window = Window {
        from: UNTIL,
        until: FROM,
    };
    let backtest = Backtest::of(&policy(""), &[open(1, 60, 70)], window);
    assert_eq!(backtest.blocked, Duration::ZERO);
    assert_eq!(backtest.blocked_share.to_bits(), 0.0_f64.to_bits());
}

#[test]
fn a_window_of_days_ends_when_it_is_told_to() {
    assert_eq!(Window::of_days(3, UNTIL), WINDOW);
    assert_eq!(Window::of_days(u32::MAX, UNTIL).until, UNTIL);
}

#[test]
fn events_that_overlap_or_touch_are_one_span() {
    let events = [
        closed(3, 200, 220),
        closed(1, 60, 90),
        closed(2, 90, 120),
        closed(4, 205, 210),
    ];
    let backtest = backtest("", &events);
    assert_eq!(spans(&backtest), [(60, 120), (200, 220)]);
    let numbers: Vec<Vec<char>> = backtest
        .spans
        .iter()
        .map(|span| {
            span.arns
                .iter()
                .filter_map(|arn| arn.chars().last())
                .collect()
        })
        .collect();
    assert_eq!(numbers, [vec!['1', '2'], vec!['3', '4']]);
    assert_eq!(backtest.blocked, Duration::minutes(80));
    assert_eq!(backtest.longest, Duration::minutes(60));
    assert_eq!(backtest.longest_span(), backtest.spans.first());
}

#[test]
fn of_an_event_that_comes_twice_the_copy_that_was_written_last_counts() {
    let events = [open(1, 60, 70), closed(1, 60, 90), open(1, 60, 65)];
    check("", &events, &[(60, 90)]);
    let written_at_once = [closed(1, 60, 90), open(1, 60, 90)];
    check("", &written_at_once, &[(60, 4_320)]);
    assert_eq!(backtest("", &events).tally.read, 1);
}

#[test]
fn events_without_an_arn_are_all_different() {
    let mut events = [closed(1, 60, 90), closed(2, 100, 110)];
    for event in &mut events {
        event.arn.clear();
    }
    check("", &events, &[(60, 90), (100, 110)]);
}

#[test]
fn groups_count_what_their_events_block_together() {
    let mut nameless = closed(5, 300, 301);
    nameless.service = None;
    let events = [
        closed(1, 60, 90),
        closed(2, 80, 100),
        of_service(closed(3, 90, 190), "LAMBDA"),
        in_region(closed(4, 60, 70), "global"),
        nameless,
    ];
    let backtest = backtest("", &events);
    let groups = |groups: &[Group]| -> Vec<(String, usize, i64)> {
        let group = |group: &Group| {
            let name = group.name.clone().unwrap_or_default();
            (name, group.events, group.blocked.whole_minutes())
        };
        groups.iter().map(group).collect()
    };
    let row = |name: &str, events, minutes| (name.to_owned(), events, minutes);
    let services = [row("LAMBDA", 1, 100), row("EC2", 3, 40), row("", 1, 1)];
    assert_eq!(groups(&backtest.services), services);
    let regions = [row("us-east-1", 4, 131), row("global", 1, 10)];
    assert_eq!(groups(&backtest.regions), regions);
}

/// What each rule has done: events, those that are its own, minutes saved.
fn rules(backtest: &Backtest) -> Vec<(&'static str, usize, usize, i64)> {
    let rules = backtest.rules.iter();
    rules
        .map(|rule| {
            (
                rule.key,
                rule.events,
                rule.only_by_it,
                rule.saved.whole_minutes(),
            )
        })
        .collect()
}

#[test]
fn a_rule_has_saved_what_would_have_been_blocked_without_it() {
    let events = [
        closed(1, 60, 90),
        in_region(closed(2, 80, 120), "eu-west-1"),
        in_region(closed(3, 500, 600), "eu-west-1"),
        of_service(closed(4, 700, 710), "ABUSE"),
        in_region(of_service(closed(5, 800, 900), "ABUSE"), "eu-west-1"),
        // Would not have stood in the way in any case.
        in_region(closed(6, 5_000, 6_000), "eu-west-1"),
        open(7, 1_000, 1_010),
    ];
    let backtest = backtest(r#"{"staleAfter": "1h", "scopes": ["PUBLIC"]}"#, &events);
    assert_eq!(
        rules(&backtest),
        [
            ("regions", 3, 2, 130),
            ("categories", 0, 0, 0),
            ("ignoreServices", 2, 1, 10),
            ("scopes", 0, 0, 0),
            ("staleAfter", 1, 1, 3_250),
        ]
    );
    let tally = Tally {
        read: 7,
        blocking: 2,
        excluded: 4,
        outside: 1,
        ..Tally::default()
    };
    assert_eq!(backtest.tally, tally);
    assert_eq!(
        backtest.rules[0].value,
        Some(json!(["us-east-1", "global"]))
    );
}

#[test]
fn an_event_that_was_stale_all_the_time_is_counted_as_such() {
    let backtest = backtest("", &[open(1, -9_000, -8_000)]);
    assert_eq!(backtest.tally.stale, 1);
    assert!(backtest.events.is_empty());
    assert!(rules(&backtest).contains(&("staleAfter", 1, 1, 4_320)));
}

#[test]
fn the_own_quiet_period_is_among_the_others_once() {
    let events = [closed(1, 60, 90), closed(2, 110, 130)];
    let row = |quiet: &QuietPeriod| {
        let minutes = |length: Duration| length.whole_minutes();
        (
            minutes(quiet.length),
            quiet.own,
            minutes(quiet.blocked),
            quiet.spans,
        )
    };
    let with_ten = backtest(r#"{"quietPeriod": "10m"}"#, &events);
    assert_eq!(
        with_ten.quiet_periods.iter().map(row).collect::<Vec<_>>(),
        [
            (0, false, 50, 2),
            (5, false, 60, 2),
            (10, true, 70, 2),
            (30, false, 100, 1),
            (60, false, 130, 1),
            (120, false, 190, 1),
        ]
    );
    let with_twenty = backtest(r#"{"quietPeriod": "20m"}"#, &events);
    assert_eq!(with_twenty.quiet_periods.len(), 7);
    let own = with_twenty.own_quiet_period().map(row);
    assert_eq!(own, Some((20, true, 90, 1)));
}

#[test]
fn programs_read_whole_seconds_and_rfc_3339() {
    let mut event = closed(1, 60, 90);
    event.start_time = Some(at(60) + Duration::milliseconds(123));
    let backtest = Backtest::of(
        &policy("us-east-1"),
        &[event],
        Window::of_days(1, at(1_440)),
    );
    let json = serde_json::to_value(&backtest).expect("plain data");
    let arn = "arn:aws:health:us-east-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/1";
    assert_eq!(
        json["window"],
        json!({"from": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"})
    );
    assert_eq!(json["blockedSeconds"], 1_800);
    assert_eq!(json["blockedShare"], 1_800.0 / 86_400.0);
    assert_eq!(json["longestSeconds"], 1_800);
    assert_eq!(
        json["spans"],
        json!([{"from": "2026-11-20T01:00:00Z", "until": "2026-11-20T01:30:00Z", "seconds": 1_800, "arns": [arn]}])
    );
    assert_eq!(
        json["services"],
        json!([{"name": "EC2", "events": 1, "blockedSeconds": 1_800}])
    );
    assert_eq!(
        json["regions"],
        json!([{"name": "us-east-1", "events": 1, "blockedSeconds": 1_800}])
    );
    assert_eq!(
        json["rules"][0],
        json!({"key": "regions", "value": ["us-east-1"], "events": 0, "onlyByIt": 0, "savedSeconds": 0})
    );
    assert_eq!(
        json["quietPeriods"][1],
        json!({"quietPeriodSeconds": 300, "own": false, "blockedSeconds": 2_100, "spans": 1})
    );
    assert_eq!(
        json["tally"],
        json!({"read": 1, "blocking": 1, "excluded": 0, "stale": 0, "notBegun": 0, "outside": 0})
    );
    assert_eq!(
        json["events"],
        json!([{
            "arn": arn,
            "service": "EC2",
            "typeCode": "AWS_EC2_OPERATIONAL_ISSUE",
            "region": "us-east-1",
            "scope": "PUBLIC",
            "from": "2026-11-20T01:00:00Z",
            "until": "2026-11-20T01:30:00Z",
            "end": "closed",
            "link": format!("https://health.aws.amazon.com/health/status?eventID={arn}"),
        }])
    );
}

#[test]
fn lengths_are_in_hours_and_minutes() {
    for (seconds, text) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (270, "4 min 30 s"),
        (3_600, "1 h"),
        (3_659, "1 h"),
        (220_800, "61 h 20 min"),
        (3_600_000, "1,000 h"),
        (3_600_060, "1,000 h 1 min"),
    ] {
        assert_eq!(hours_and_minutes(Duration::seconds(seconds)), text);
    }
}

#[test]
fn thousands_of_large_numbers_stand_apart() {
    for (number, text) in [
        (0, "0"),
        (999, "999"),
        (1_000, "1,000"),
        (1_234_567, "1,234,567"),
    ] {
        assert_eq!(grouped(number), text);
    }
}

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
                Some(EventStatus::Open) | None => {
                    event.end_time.is_some_and(|end| end <= window.until)
                }
                Some(EventStatus::Upcoming | EventStatus::Other) => return false,
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

#[test]
fn lengths_are_told_as_parts_of_the_window() {
    let found = backtest("us-east-1", &[closed(1, 0, 432)]);
    assert_eq!(found.events[0].length(), Duration::minutes(432));
    // Of three days.
    assert_eq!(found.share_of_window(found.events[0].length()), 0.1);
    assert_eq!(found.share_of_window(Duration::ZERO), 0.0);
}
