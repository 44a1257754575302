//! Where something happens in a pipeline.

/// Where something happens: a stage of an execution, by its place in the execution's own version of the pipeline.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) pipeline: String,
    pub(super) execution: String,
    pub(super) stage: usize,
}
