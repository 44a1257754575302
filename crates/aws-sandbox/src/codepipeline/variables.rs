//! Variables in an action's configuration: `#{namespace.key}` (user guide, "Variables reference").

use std::collections::BTreeMap;

use regex_lite::{Captures, Regex};

use super::declaration::ActionDeclaration;
use super::execution::Execution;
use super::pipeline::Pipeline;
use super::status::Status;

/// The reference of a variable, with its namespace and its key.
const REFERENCE: &str = r"#\{([A-Za-z0-9@_\-]+)\.([A-Za-z0-9@_\-]+)\}";

/// The namespace of the pipeline's own variables.
pub(super) const PIPELINE: &str = "variables";
/// The namespace of what CodePipeline knows by itself.
pub(super) const CODEPIPELINE: &str = "codepipeline";

/// A reference in a text.
#[derive(Debug)]
pub(super) struct Reference<'a> {
    pub(super) text: &'a str,
    pub(super) namespace: &'a str,
}

fn pattern() -> Regex {
    Regex::new(REFERENCE).expect("a constant pattern")
}

/// The references in a text.
pub(super) fn references(text: &str) -> Vec<Reference<'_>> {
    let found = pattern();
    let found = found.captures_iter(text).filter_map(|captures| {
        let (whole, namespace) = (captures.get(0)?, captures.get(1)?);
        Some(Reference {
            text: &text[whole.start() + 2..whole.end() - 1],
            namespace: &text[namespace.start()..namespace.end()],
        })
    });
    found.collect()
}

/// An action's configuration with the variables replaced.
///
/// # Errors
/// What to tell people, if a variable has no value.
pub(super) fn resolve(
    pipeline: &Pipeline,
    execution: &Execution,
    action: &ActionDeclaration,
) -> Result<BTreeMap<String, String>, String> {
    let pattern = pattern();
    let mut is_missing = false;
    let mut replaced = |captures: &Captures<'_>| {
        let value = value(pipeline, execution, &captures[1], &captures[2]);
        is_missing |= value.is_none();
        value.unwrap_or_default()
    };
    let resolved = action
        .configuration
        .iter()
        .map(|(key, text)| {
            (
                key.clone(),
                pattern.replace_all(text, &mut replaced).into_owned(),
            )
        })
        .collect();
    if is_missing {
        // The words that people report.
        return Err(format!(
            "An action in this pipeline failed because one or more variables could not be resolved: Action name={}. This \
             can result when a variable is referenced that does not exist. Validate the configuration for this action.",
            action.name
        ));
    }
    Ok(resolved)
}

fn value(pipeline: &Pipeline, execution: &Execution, namespace: &str, key: &str) -> Option<String> {
    match namespace {
        CODEPIPELINE => (key == "PipelineExecutionId").then(|| execution.id.clone()),
        PIPELINE => execution.variables.get(key).cloned(),
        _ => {
            // A rollback runs with what its target's actions brought.
            let of = |id: &str| {
                let mut attempts = pipeline.attempts.iter().rev();
                attempts.find(|attempt| {
                    attempt.place.execution == id
                        && attempt.status == Status::Succeeded
                        && attempt.declaration.namespace.as_deref() == Some(namespace)
                })
            };
            let attempt = of(&execution.id).or_else(|| of(execution.rollback_of.as_deref()?))?;
            attempt.output_variables.get(key).cloned()
        }
    }
}
