use health_gate::{AccountPolicy, Event, EventStatus};

use super::*;

/// 2026-11-23 00:00 UTC
const UNTIL: i64 = 1_795_392_000;

fn at(minutes_before: i64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(UNTIL - 60 * minutes_before).expect("a time")
}

/// An event of so many minutes.
fn event(number: usize, minutes_before: i64, minutes: i64) -> Event {
    let arn = format!("arn:aws:health:eu-west-1::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/{number}");
    let mut event = Event::new(arn, "EC2", "AWS_EC2_OPERATIONAL_ISSUE");
    event.region = Some("eu-west-1".to_owned());
    event.scope = Some(EventScope::Public);
    event.status = Some(EventStatus::Closed);
    event.start_time = Some(at(minutes_before));
    event.end_time = Some(at(minutes_before - minutes));
    event
}

fn backtest(events: &[Event]) -> Backtest {
    let own_region = "eu-west-1".parse().expect("a region");
    let policy = AccountPolicy::default().for_action(None, &own_region);
    let window = Window::of_days(90, at(0));
    Backtest::of(&policy.expect("defaults"), events, window)
}

fn about() -> About {
    About {
        policy: "{}".to_owned(),
        source: "events.json".to_owned(),
        made_at: at(0),
    }
}

fn page_of(events: &[Event]) -> String {
    page(&backtest(events), &about()).expect("a page")
}

#[test]
fn the_first_sentence_answers_the_question() {
    let answer = |events: &[Event]| {
        let page = page_of(events);
        let (_, rest) = page.split_once("<p class=\"answer\">").expect("an answer");
        let (answer, _) = rest.split_once("</p>").expect("its end");
        let mut text = String::new();
        let mut in_tag = false;
        for c in answer.chars() {
            match c {
                '<' => in_tag = true,
                '>' => in_tag = false,
                c if !in_tag => text.push(c),
                _ => {}
            }
        }
        text
    };
    let days = "From 25 August 2026 to 22 November 2026 this policy would have stopped";
    assert_eq!(answer(&[]), format!("{days} no deployment."));
    assert_eq!(
        answer(&[event(1, 1_000, 90)]),
        format!("{days} deployments once, for 1 h 30 min: less than 0.1 % of the time.")
    );
    assert_eq!(
        answer(&[
            event(1, 1_000, 90),
            event(2, 2_000, 1_000),
            event(3, 5_000, 30)
        ]),
        format!(
            "{days} deployments 2 times, for 18 h 40 min in all: 0.9 % of the time. \
             The longest stop lasted 18 h 10 min, from 2026-11-21 14:40."
        )
    );
}

#[test]
fn whatever_an_event_says_is_text() {
    const HOSTILE: &str =
        r#""><script>alert('1')</script></title><img src=x onerror=alert(1)>{{ 7 }}"#;
    let mut event = event(1, 1_000, 90);
    event.arn = format!("arn:aws:health:{HOSTILE}");
    event.service = Some(HOSTILE.to_owned());
    event.type_code = Some(HOSTILE.to_owned());
    let mut elsewhere = event.clone();
    elsewhere.arn.push('2');
    // A region that the policy does not know does not count; one that AWS leaves out does.
    elsewhere.region = None;
    let hostile_about = About {
        policy: HOSTILE.to_owned(),
        source: HOSTILE.to_owned(),
        made_at: at(0),
    };
    let page = page(&backtest(&[event, elsewhere]), &hostile_about).expect("a page");
    assert!(page.contains("&#60;script&#62;"), "it is shown");
    for tag in ["<script", "<img", "onerror=alert(1)>"] {
        assert!(!page.contains(tag), "{tag}");
    }
    assert!(page.contains("{{ 7 }}"));
}

#[test]
fn a_link_leads_to_nothing_but_aws() {
    let mut event = event(1, 1_000, 90);
    event.arn = "javascript:alert(1)".to_owned();
    assert!(!page_of(std::slice::from_ref(&event)).contains("href=\"javascript"));
    event.arn = "arn:aws:health:\"><b>".to_owned();
    let page = page_of(&[event]);
    let links: Vec<&str> = page.split("href=\"").skip(1).collect();
    let is_known = |link: &&str| {
        [
            "#",
            "data:,\"",
            "https://health.aws.amazon.com/health/status?eventID=",
        ]
        .iter()
        .any(|known| link.starts_with(known))
    };
    assert!(links.iter().all(is_known), "{links:#?}");
    assert!(!page.contains("<b>"));
}

#[test]
fn nothing_is_loaded_from_anywhere() {
    let page = page_of(&[event(1, 1_000, 90)]);
    for loads in [
        "<script", "src=", "@import", "url(", "<iframe", "<object", "srcset",
    ] {
        assert!(!page.contains(loads), "{loads}");
    }
}

#[test]
fn what_is_nearer_than_a_pixel_is_one_bar_that_says_so() {
    let events = [
        event(1, 5_000, 60),
        event(2, 4_930, 60),
        event(3, 1_000, 60),
    ];
    let time_line = TimeLine::of(&backtest(&events));
    let [all, row] = time_line.rows.as_slice() else {
        panic!("a row of blocked time, and one of the only service and region")
    };
    assert_eq!(all.bars.len(), 3);
    let bars: Vec<(usize, bool)> = row
        .bars
        .iter()
        .map(|bar| (bar.events, bar.is_thin))
        .collect();
    assert_eq!(bars, [(2, false), (1, true)]);
    assert_eq!(row.blocked, "3 h");
    assert_eq!(
        row.bars[0].title,
        "2026-11-19 12:40 to 2026-11-19 14:50 UTC (2 h 10 min): 2 events: AWS_EC2_OPERATIONAL_ISSUE in eu-west-1; \
         AWS_EC2_OPERATIONAL_ISSUE in eu-west-1"
    );
    assert_eq!(row.bars[0].arns.split(' ').count(), 2);
}

#[test]
fn few_services_and_regions_have_rows_of_their_own() {
    let of_service = |number: usize| {
        let mut event = event(number, 10_000 - 1_000, 60);
        event.service = Some(format!("SERVICE_{number}"));
        event
    };
    let few: Vec<Event> = (0..10).map(of_service).collect();
    assert_eq!(TimeLine::of(&backtest(&few)).rows.len(), 11);
    let many: Vec<Event> = (0..11).map(of_service).collect();
    let time_line = TimeLine::of(&backtest(&many));
    assert_eq!(time_line.rows.len(), 2);
    assert_eq!(
        (time_line.rows_are, time_line.rows[1].name.as_str()),
        ("region", "eu-west-1")
    );
}

#[test]
fn a_table_says_what_it_leaves_out() {
    let events: Vec<Event> = (0..1_600)
        .map(|n| event(n, 100_000 - 60 * n as i64, 30))
        .collect();
    let page = page_of(&events);
    let note = "The newest 500; 1,100 older ones are left out. The time line has them all.";
    assert_eq!(page.matches(note).count(), 2, "stops and events");
    assert_eq!(page.matches("<tr data-arn").count(), 500);
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(!page_of(&events[..500]).contains("left out. The"));
}

#[test]
fn thousands_of_events_stay_a_small_page() {
    let events: Vec<Event> = (0..20_000_i64)
        .map(|n| {
            let mut event = event(n as usize, 1 + n * 7 % 129_600, 1 + n % 90);
            event.region = [
                None,
                Some("eu-west-1".to_owned()),
                Some("global".to_owned()),
            ][(n % 3) as usize]
                .clone();
            event
        })
        .collect();
    assert!(page_of(&events).len() < 2_000_000);
}

#[test]
fn an_axis_has_marks_at_whole_hours_days_mondays_or_months() {
    let labels = |days| -> Vec<String> {
        let ticks = axis::ticks(Window::of_days(days, at(90)));
        ticks.into_iter().filter_map(|tick| tick.label).collect()
    };
    assert_eq!(
        labels(1)[..3],
        ["22 Nov 00:00", "22 Nov 03:00", "22 Nov 06:00"]
    );
    assert_eq!(labels(7)[..2], ["16 Nov", "17 Nov"]);
    assert_eq!(labels(90)[..2], ["31 Aug", "7 Sep"]);
    assert_eq!(labels(365)[..3], ["Dec", "2026", "Feb"]);
    assert_eq!(labels(3_650)[..2], ["2017", "2018"]);
    for days in [
        0, 1, 2, 5, 14, 30, 60, 90, 120, 180, 200, 365, 730, 3_650, 365_000,
    ] {
        assert!(labels(days).len() <= 14, "{days} days: {:?}", labels(days));
    }
}

#[test]
fn something_is_not_nothing_and_not_quite_all_is_not_all() {
    for (share, text) in [
        (0.0, "0 %"),
        (0.000_1, "less than 0.1 %"),
        (0.001, "0.1 %"),
        (0.028_4, "2.8 %"),
        (0.999_9, "more than 99.9 %"),
        (1.0, "100 %"),
    ] {
        assert_eq!(filters::percentage(share), text);
    }
}
