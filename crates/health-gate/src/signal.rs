//! What a message on the topic of signals says: where to look, and never what to do.

/// A message, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// An action, a stage or an execution of this pipeline has failed.
    Failure {
        /// The pipeline's name.
        pipeline: String,
        /// The execution. `None`: the message does not say, any may be meant.
        execution: Option<String>,
    },
    /// An event of AWS Health is over: look at every pipeline.
    IncidentClosed {
        /// The event's ARN.
        event: Option<String>,
    },
    /// Look at every pipeline.
    Sweep,
    /// Nothing that a stopped stage could hang on.
    Ignored {
        /// Why, for the log.
        why: String,
    },
}
