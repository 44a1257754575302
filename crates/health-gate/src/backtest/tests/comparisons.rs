//! What is counted apart: groups, rules of a policy, quiet periods.

use serde_json::json;

use super::*;

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
