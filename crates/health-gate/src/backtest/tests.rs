mod comparisons;
mod output;
mod property;

use time::macros::utc_datetime;

use super::*;
use crate::event::{EventCategory, EventScope, EventStatus};
use crate::policy::AccountPolicy;

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
