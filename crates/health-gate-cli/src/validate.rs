//! `health-gate validate`: a policy, or each gate of a pipeline's definition, before anything is deployed.

use std::io::Write;

use anyhow::{Result, anyhow};
use clap::Args;
use health_gate::{AccountPolicy, Policy, Region, Severity};
use health_gate_aws::Settings;
use serde_json::json;

use crate::definition::checks::{Checked, CheckedPipeline, Checks, PolicyCheck};
use crate::definition::{self, DefinitionError};
use crate::exit_code::ExitCode;
use crate::gate_arguments::GateArguments;
use crate::input;
use crate::output::{
    BAD, Format, FormatArgument, GOOD, HEADING, QUIET, WARNING, print_json, styled,
};
use crate::policy_arguments::{PolicyArguments, text_of};

/// The arguments of `health-gate validate`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A pipeline's definition: the output of `aws codepipeline get-pipeline`, or a CloudFormation template (JSON, YAML); `-` for
    /// standard input. Without it, the policy of the options is validated.
    #[arg(conflicts_with = "PolicyArguments")]
    definition: Option<String>,
    /// The policy of the account that the gates' policies change, as in HEALTH_GATE_POLICY: JSON, or a file with it.
    #[arg(long, value_name = "TEXT|FILE", requires = "definition")]
    account_policy: Option<String>,
    /// The region of the pipelines: what a policy without `regions` means.
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    region: Region,
    #[command(flatten)]
    format: FormatArgument,
    #[command(flatten)]
    gates: GateArguments,
    #[command(flatten)]
    policy: PolicyArguments,
}

/// Validates. What is wrong is data, and exit code 1.
pub(crate) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    match &arguments.definition {
        None => policy(arguments, out),
        Some(file) => definition(arguments, file, out),
    }
}

fn policy(arguments: &Arguments, out: &mut impl Write) -> Result<ExitCode> {
    let policy = arguments
        .policy
        .policy(&Settings::from_env().account_policy, &arguments.region);
    let policy: Result<Policy, health_gate::PolicyError> = match policy {
        Ok(policy) => Ok(policy),
        Err(error) => Err(error.downcast()?),
    };
    match (arguments.format.format, &policy) {
        (Format::Json, Ok(policy)) => {
            print_json(out, &json!({"status": "valid", "policy": policy}))?
        }
        (Format::Json, Err(error)) => print_json(
            out,
            &json!({"status": "invalid", "code": error.code(), "problem": error.to_string()}),
        )?,
        (Format::Text, Ok(policy)) => {
            writeln!(out, "{}, and comes to", styled(GOOD, "valid"))?;
            print_json(out, policy)?;
        }
        (Format::Text, Err(error)) => writeln!(out, "{}: {error}", styled(BAD, "invalid"))?,
    }
    Ok(if policy.is_ok() {
        ExitCode::Pass
    } else {
        ExitCode::Blocked
    })
}

fn definition(arguments: &Arguments, file: &str, out: &mut impl Write) -> Result<ExitCode> {
    let text = input::text(file, "a definition")?;
    let definitions = definition::read(&text).map_err(|error| {
        let hint = if matches!(error, DefinitionError::NoPipeline { .. }) {
            "\nA policy is validated with --policy."
        } else {
            ""
        };
        anyhow!("{file}: {error}{hint}")
    })?;
    let account = match arguments.account_policy.as_deref() {
        Some(given) => AccountPolicy::new(Some(text_of(given)?)),
        None => Settings::from_env().account_policy,
    };
    let checks = Checks {
        names: &arguments.gates.names(),
        account: &account,
        region: &arguments.region,
    };
    let checked = checks.of(definitions);
    match arguments.format.format {
        Format::Json => print_json(out, &checked)?,
        Format::Text => print(&checked, out)?,
    }
    Ok(if checked.has_errors() {
        ExitCode::Blocked
    } else {
        ExitCode::Pass
    })
}

/// All that was found.
pub(crate) fn print(checked: &Checked, out: &mut impl Write) -> Result<()> {
    for pipeline in &checked.pipelines {
        print_pipeline(pipeline, out)?;
    }
    for unread in &checked.unread {
        let text = format!(
            "not checked: {} at {}, which only CloudFormation knows",
            unread.written, unread.place
        );
        writeln!(out, "{}", styled(WARNING, text))?;
    }
    let gates: usize = checked
        .pipelines
        .iter()
        .map(|pipeline| pipeline.gates.len())
        .sum();
    let invalid = |pipeline: &CheckedPipeline| {
        let gates = pipeline.gates.iter();
        gates
            .filter(|gate| matches!(gate.policy, PolicyCheck::Invalid { .. }))
            .count()
    };
    let count = |severity| -> usize {
        let advice = checked
            .pipelines
            .iter()
            .flat_map(|pipeline| &pipeline.advice);
        advice.filter(|advice| advice.severity == severity).count()
    };
    let errors = count(Severity::Error) + checked.pipelines.iter().map(invalid).sum::<usize>();
    let summary = format!(
        "{}, {}: {}, {}",
        health_gate::plural(checked.pipelines.len(), "pipeline"),
        health_gate::plural(gates, "gate"),
        health_gate::plural(errors, "error"),
        health_gate::plural(count(Severity::Warning), "warning"),
    );
    let style = if checked.has_errors() { BAD } else { GOOD };
    Ok(writeln!(out, "{}", styled(style, summary))?)
}

/// A pipeline: its gates, and what is wrong with where they are.
pub(crate) fn print_pipeline(pipeline: &CheckedPipeline, out: &mut impl Write) -> Result<()> {
    writeln!(out, "{}", styled(HEADING, &pipeline.name))?;
    for gate in &pipeline.gates {
        let name = format!("{} / {}", gate.stage, gate.action);
        match &gate.policy {
            PolicyCheck::Valid { policy } => {
                let regions: Vec<&str> = policy
                    .regions
                    .iter()
                    .map(|region| region.as_str())
                    .collect();
                writeln!(
                    out,
                    "  {}  {name}: {}",
                    styled(GOOD, "valid"),
                    regions.join(", ")
                )?;
            }
            PolicyCheck::Invalid {
                problem, remedy, ..
            } => {
                writeln!(out, "  {}  {name}: {problem}", styled(BAD, "invalid"))?;
                writeln!(out, "    at {}", gate.place)?;
                if let Some(remedy) = remedy {
                    writeln!(out, "    {remedy}")?;
                }
            }
            PolicyCheck::NotChecked { reason } => {
                writeln!(
                    out,
                    "  {}  {name}: {reason}",
                    styled(WARNING, "not checked")
                )?;
            }
        }
    }
    for action in &pipeline.not_known {
        writeln!(
            out,
            "  {}  {} / {} invokes {}; if it is a gate, name it with --gate-action",
            styled(WARNING, "not known"),
            action.stage,
            action.action,
            action.function
        )?;
    }
    for advice in &pipeline.advice {
        let word = match advice.severity {
            Severity::Error => styled(BAD, "error"),
            Severity::Warning => styled(WARNING, "warning"),
            Severity::Note => styled(QUIET, "note"),
        };
        writeln!(out, "  {word}  {}", advice.problem)?;
        if !advice.place.path.is_empty() {
            writeln!(out, "    at {}", advice.place)?;
        }
        writeln!(out, "    {}", advice.remedy)?;
    }
    Ok(writeln!(out)?)
}
