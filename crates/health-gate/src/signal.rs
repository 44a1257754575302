//! What a message on the topic of signals says: where to look, and never what to do.

/// A message, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// An action of this pipeline has failed.
    Failure {
        /// The pipeline's name.
        pipeline: String,
    },
    /// Look at every pipeline.
    Sweep,
    /// Nothing that a stopped stage could hang on.
    Ignored {
        /// Why, for the log.
        why: String,
    },
}
