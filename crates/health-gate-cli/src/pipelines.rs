//! The pipelines that a command is about: those with a gate, some at a time, a progress bar while it takes.

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use futures_util::stream::{self, StreamExt as _};
use health_gate::{
    ActionDefinition, PipelineDefinition, Recognition, RetryOutcome, Wildcards, one_line,
};
use health_gate_aws::{Clients, PipelineRef, Refusal, list_pipelines, pipeline_definition};

use crate::exit_code::WrongUsage;
use crate::gate_arguments::GateArguments;
use crate::progress;

/// How many pipelines are asked at a time.
pub(crate) const IN_FLIGHT: usize = 10;

/// Which pipelines.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Pipelines")]
pub(crate) struct Selection {
    /// Names with commas between them, `*` is any run of characters.
    #[arg(long = "pipelines", value_name = "NAME,…", default_value = "*")]
    pub(crate) names: String,
    #[command(flatten)]
    pub(crate) gates: GateArguments,
}

/// A pipeline, as it is defined.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) at: PipelineRef,
    pub(crate) definition: PipelineDefinition,
}

/// A pipeline that could not be read.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) pipeline: String,
    pub(crate) why: String,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Pipelines with a gate, by name.
    pub(crate) gated: Vec<Pipeline>,
    /// Pipelines without one, by name.
    pub(crate) ungated: Vec<Pipeline>,
    pub(crate) unread: Vec<Unread>,
}

impl Pipeline {
    /// Its gates, each with the stage that it is in.
    pub(crate) fn gates<'p>(
        &'p self,
        gates: &'p GateArguments,
    ) -> impl Iterator<Item = (&'p str, &'p ActionDefinition)> {
        let names = gates.names();
        let actions = self.definition.stages.iter().flat_map(|stage| {
            let actions = stage.actions.iter();
            actions.map(|action| (stage.name.as_str(), action))
        });
        actions.filter(move |(_, action)| names.recognize(action) == Recognition::Gate)
    }
}

/// Reads the definitions of the selected pipelines.
///
/// # Errors
/// If they cannot be listed, or there is none.
pub(crate) async fn find(clients: &Clients, selection: &Selection) -> Result<Found> {
    let patterns = Wildcards::from_list(&selection.names);
    ensure!(
        !patterns.is_empty(),
        WrongUsage(
            "--pipelines names no pipeline; accepted: names with commas between them, `*` allowed"
                .to_owned()
        )
    );
    let spinner = progress::spinner("listing the pipelines");
    let listed = list_pipelines(clients).await;
    drop(spinner);
    let listed = listed.map_err(|refusal| told(&refusal, "codepipeline:ListPipelines", clients))?;
    let region = &clients.region;
    ensure!(
        !listed.is_empty(),
        "there are no pipelines in {region}\nSay another region with --region."
    );
    let given = selection
        .names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    for pattern in given {
        let matches = Wildcards::from_list(pattern);
        ensure!(
            listed.iter().any(|name| matches.matches(name)),
            "no pipeline in {region} is called {}\n`aws codepipeline list-pipelines --region {region}` shows their names.",
            one_line(pattern)
        );
    }
    let mut names: Vec<String> = listed
        .into_iter()
        .filter(|name| patterns.matches(name))
        .collect();
    names.sort();
    let bar = progress::steps(names.len(), "reading pipelines");
    let read = names.into_iter().map(|name| async {
        let read = pipeline_definition(clients, &name).await;
        bar.step();
        (name, read)
    });
    let mut found = Found::default();
    let read: Vec<_> = stream::iter(read).buffered(IN_FLIGHT).collect().await;
    for (name, read) in read {
        match read {
            Ok((at, definition)) => {
                let pipeline = Pipeline { at, definition };
                let is_gated = pipeline.gates(&selection.gates).next().is_some();
                let list = if is_gated {
                    &mut found.gated
                } else {
                    &mut found.ungated
                };
                list.push(pipeline);
            }
            Err(refusal) => found.unread.push(Unread {
                pipeline: name,
                why: refusal.why,
            }),
        }
    }
    Ok(found)
}

/// A refusal as an error, with what to do about it.
fn told(refusal: &Refusal, action: &str, clients: &Clients) -> anyhow::Error {
    let what = if refusal.outcome == RetryOutcome::Denied {
        format!("These credentials need `{action}`.")
    } else {
        let region = &clients.region;
        format!("See whether CodePipeline can be reached in {region}, and try again.")
    };
    anyhow!("the pipelines cannot be listed: {}\n{what}", refusal.why)
}
