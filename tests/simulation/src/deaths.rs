//! A function dies at each point between two calls, one after the other, and everything holds all the same.

use aws_sandbox::codepipeline::ExecutionMode;

use crate::plan::{Function, Interruption, Moment, Plan};
use crate::story::Story;

/// What each release comes to while a function dies, with where it dies. The points are those that the function reaches: of each kind
/// of death there is one story in which it is over before.
pub fn deaths() -> Vec<(String, Story)> {
    let rules: [&[(&str, &str)]; 2] = [&[], &[("onIncident", "hold"), ("maxHold", "1m")]];
    let mut stories = Vec::new();
    for mode in [ExecutionMode::Superseded, ExecutionMode::Parallel] {
        for rules in rules {
            for function in [Function::PipelineGate, Function::StageRetry] {
                for moment in [Moment::Before, Moment::After] {
                    for hangs in [false, true] {
                        let points = (0..).map(|call| {
                            let interruption = Interruption {
                                call,
                                moment,
                                hangs,
                            };
                            let story =
                                Story::of(&Plan::scene(mode, rules, function, interruption));
                            let name =
                                format!("{mode:?} {rules:?}: {} {interruption}", function.name());
                            (name, story)
                        });
                        for (name, story) in points {
                            let has_died = story.has_interruption();
                            stories.push((name, story));
                            if !has_died {
                                break;
                            }
                        }
                    }
                }
            }
        }
    }
    stories
}
