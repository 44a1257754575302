//! The simulation itself: what once failed, that a seed is a story, and deaths at every point. `simulate` plays many seeds.

use simulation::{Seeds, Story, deaths, play};

fn holds(story: &Story) {
    assert!(story.violation.is_none(), "{}", story.text());
}

/// Defects that the simulation has found: what they need happens, and everything holds. Each has a test of its own, too.
mod what_once_failed {
    use aws_sandbox::Call;
    use simulation::{Story, what_once_failed};

    use super::holds;

    #[test]
    fn throttled() {
        let story = what_once_failed::throttled();
        holds(&story);
        let throttled = (
            "ThrottlingException".to_owned(),
            "DescribeEvents".to_owned(),
        );
        assert!(story.faults.contains_key(&throttled), "{}", story.text());
        let failures = story
            .calls
            .iter()
            .filter(|call| call.operation == "PutJobFailureResult");
        assert_eq!(failures.count(), 0, "{}", story.text());
    }

    #[test]
    fn stopped() {
        let story = what_once_failed::stopped();
        holds(&story);
        let message = |call: &Call| {
            let message = call.input["failureDetails"]["message"].as_str();
            message.unwrap_or_default().contains("stopped by a person")
        };
        let told = story.calls.iter().filter(|call| message(call)).count();
        assert_eq!(told, 1, "{}", story.text());
    }

    #[test]
    fn abandoned() {
        let story = what_once_failed::abandoned();
        holds(&story);
        let retries = story
            .calls
            .iter()
            .filter(|call| call.operation == "RetryStageExecution" && call.caller.is_some());
        assert_eq!(retries.count(), 1, "{}", story.text());
        assert!(
            story.timeline.contains("Deploy was abandoned"),
            "{}",
            story.text()
        );
    }

    #[test]
    fn retried_whole() {
        let story = what_once_failed::retried_whole();
        holds(&story);
        let failed = |gate: &str| story.timeline.contains(&format!("/ {gate} has failed"));
        assert!(failed("Gate") && failed("SecondGate"), "{}", story.text());
        first(&story, "RetryStageExecution");
    }

    #[test]
    fn reopened() {
        let story = what_once_failed::reopened();
        holds(&story);
        let message = &first(&story, "PutJobFailureResult").input["failureDetails"]["message"];
        let message = message.as_str().unwrap_or_default();
        assert!(
            message.starts_with("health-gate blocked: 1 open"),
            "{}",
            story.text()
        );
    }

    #[test]
    fn without_stages() {
        let story = what_once_failed::without_stages();
        holds(&story);
        let is_nothing =
            |call: &&Call| call.operation == "GetPipelineState" && call.fault.is_some();
        let nothing = story.calls.iter().filter(is_nothing).count();
        assert!(nothing > 0, "{}", story.text());
    }

    fn first<'a>(story: &'a Story, operation: &str) -> &'a Call {
        let mut calls = story.calls.iter();
        calls
            .find(|call| call.operation == operation)
            .expect(operation)
    }
}

#[test]
fn some_seeds_hold() {
    let seeds = Seeds::play(0..60);
    if let Some(failure) = seeds.failure {
        holds(&Story::shortest(failure.seed).unwrap_or_else(|| play(failure.seed)));
    }
}

/// One seed drives everything: ids, back-offs, the order in which things happen.
#[test]
fn a_seed_tells_the_same_story_before_and_after_fifty_others() {
    let tell = |seed| {
        let story = play(seed);
        // The SDK numbers the clients of a process.
        let lines = story
            .log
            .lines()
            .filter(|line| !line.contains("IdentityCachePartition"));
        (story.timeline, lines.collect::<Vec<_>>().join("\n"))
    };
    // With all that was sent and answered.
    let calls = |seed| format!("{:?}", play(seed).calls);
    let seeds = [3, 17, 40];
    let first = seeds.map(calls);
    let before = seeds.map(tell);
    for seed in 1_000..1_050 {
        play(seed);
    }
    for ((seed, first), before) in seeds.into_iter().zip(first).zip(before) {
        let after = tell(seed);
        assert!(first == calls(seed), "the calls of seed {seed}");
        assert_eq!(first_difference(&before.0, &after.0), None, "seed {seed}");
        assert_eq!(
            first_difference(&before.1, &after.1),
            None,
            "the log of seed {seed}"
        );
        assert!(
            before.0.lines().count() > 20 && before.1.lines().count() > 5,
            "{}",
            before.0
        );
    }
}

/// The first line that differs.
fn first_difference<'a>(
    before: &'a str,
    after: &'a str,
) -> Option<(Option<&'a str>, Option<&'a str>)> {
    let (mut before, mut after) = (before.lines(), after.lines());
    loop {
        match (before.next(), after.next()) {
            (None, None) => return None,
            (before, after) if before != after => return Some((before, after)),
            _ => {}
        }
    }
}

/// Before and after each call that a function makes.
#[test]
fn wherever_a_function_dies_everything_holds() {
    let stories = deaths();
    let died = stories
        .iter()
        .filter(|(_, story)| story.has_interruption())
        .count();
    for (name, story) in &stories {
        assert!(story.violation.is_none(), "{name}\n{}", story.text());
    }
    // Of the gate four or five calls, of stage-retry seven or eight, in four pipelines, each in four ways.
    assert!(died >= 90, "{died} deaths");
}
