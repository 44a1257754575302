//! A function dies at each point between two calls, one after the other, and everything holds all the same.

use std::time::Duration;

use aws_sandbox::codepipeline::ExecutionMode;

use crate::plan::{Function, ISSUE_ENDS, Interruption, Moment, Plan};
use crate::story::Story;

/// What is going on when a function dies.
struct Scene {
    what: &'static str,
    rules: &'static [(&'static str, &'static str)],
    pipelines: &'static [&'static str],
    dies: (Duration, Function),
}

const HOLD: &[(&str, &str)] = &[("onIncident", "hold"), ("checkEvery", "0s")];

const SCENES: [Scene; 6] = [
    Scene {
        what: "the gate in a job that fails",
        rules: &[],
        pipelines: &["checkout"],
        dies: (Duration::ZERO, Function::PipelineGate),
    },
    Scene {
        what: "the gate in the first round of a hold",
        rules: HOLD,
        pipelines: &["checkout"],
        dies: (Duration::ZERO, Function::PipelineGate),
    },
    Scene {
        what: "the gate in a later round",
        rules: HOLD,
        pipelines: &["checkout"],
        dies: (Duration::from_secs(90), Function::PipelineGate),
    },
    Scene {
        what: "the gate in the round that ends a hold",
        rules: HOLD,
        pipelines: &["checkout"],
        dies: (ISSUE_ENDS, Function::PipelineGate),
    },
    Scene {
        what: "stage-retry, with a stage to retry",
        rules: &[("onIncident", "hold"), ("maxHold", "1m")],
        pipelines: &["checkout"],
        dies: (ISSUE_ENDS, Function::StageRetry),
    },
    Scene {
        what: "stage-retry, with stages of several pipelines",
        rules: &[],
        pipelines: &["checkout", "billing"],
        dies: (ISSUE_ENDS, Function::StageRetry),
    },
];

/// What releases come to while a function dies, with where it dies. The points are those that the function reaches: of each kind
/// of death there is one story in which it is over before.
pub fn deaths() -> Vec<(String, Story)> {
    let mut stories = Vec::new();
    for mode in [ExecutionMode::Superseded, ExecutionMode::Parallel] {
        for scene in &SCENES {
            for moment in [Moment::Before, Moment::After] {
                for hangs in [false, true] {
                    for call in 0.. {
                        let interruption = Interruption {
                            call,
                            moment,
                            hangs,
                        };
                        let plan = Plan::scene(
                            mode,
                            scene.rules,
                            scene.pipelines,
                            scene.dies,
                            interruption,
                        );
                        let story = Story::of(&plan);
                        let has_died = story.has_interruption();
                        stories.push((
                            format!("{mode:?}, {}: it {interruption}", scene.what),
                            story,
                        ));
                        if !has_died {
                            break;
                        }
                    }
                }
            }
        }
    }
    stories
}
