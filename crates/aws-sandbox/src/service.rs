//! The services that the sandbox plays.

/// The services, with the names that requests have for them.
const SERVICES: [(&str, &str); 3] = [
    ("Health", "AWSHealth_20160804"),
    ("CodePipeline", "CodePipeline_20150709"),
    ("SNS", "SNS"),
];

pub(crate) fn service_name(id: &str) -> &'static str {
    let mut services = SERVICES.iter();
    services
        .find(|(_, of)| *of == id)
        .map_or("unknown service", |(name, _)| name)
}

pub(crate) fn is_service(name: &str) -> bool {
    SERVICES.iter().any(|(of, _)| *of == name)
}

pub(crate) fn service_id(name: &str) -> &str {
    let mut services = SERVICES.iter();
    services
        .find(|(of, _)| *of == name)
        .map_or(name, |(_, id)| id)
}

/// What an action is done to (Service Authorization Reference).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Resource {
    /// Nothing that has a name.
    Any,
    /// What this member names by its ARN.
    Arn(&'static str),
    /// The pipeline that this member names.
    Pipeline(&'static str),
    /// The stage of `pipelineName` and `stageName`.
    Stage,
    /// The pipeline that is declared.
    NewPipeline,
    /// The topic of `Name`.
    Topic,
}

/// The actions of IAM that the sandbox plays: the service's prefix, the operation, and what it is done to.
pub(crate) const ACTIONS: [(&str, &str, Resource); 24] = [
    ("codepipeline", "CreatePipeline", Resource::NewPipeline),
    ("codepipeline", "DisableStageTransition", Resource::Stage),
    ("codepipeline", "EnableStageTransition", Resource::Stage),
    ("codepipeline", "GetJobDetails", Resource::Any),
    ("codepipeline", "GetPipeline", Resource::Pipeline("name")),
    (
        "codepipeline",
        "GetPipelineExecution",
        Resource::Pipeline("pipelineName"),
    ),
    (
        "codepipeline",
        "GetPipelineState",
        Resource::Pipeline("name"),
    ),
    (
        "codepipeline",
        "ListActionExecutions",
        Resource::Pipeline("pipelineName"),
    ),
    (
        "codepipeline",
        "ListPipelineExecutions",
        Resource::Pipeline("pipelineName"),
    ),
    ("codepipeline", "ListPipelines", Resource::Any),
    (
        "codepipeline",
        "ListTagsForResource",
        Resource::Arn("resourceArn"),
    ),
    ("codepipeline", "PutJobFailureResult", Resource::Any),
    ("codepipeline", "PutJobSuccessResult", Resource::Any),
    ("codepipeline", "RetryStageExecution", Resource::Stage),
    ("codepipeline", "RollbackStage", Resource::Stage),
    (
        "codepipeline",
        "StartPipelineExecution",
        Resource::Pipeline("name"),
    ),
    (
        "codepipeline",
        "StopPipelineExecution",
        Resource::Pipeline("pipelineName"),
    ),
    ("codepipeline", "TagResource", Resource::Arn("resourceArn")),
    (
        "codepipeline",
        "UntagResource",
        Resource::Arn("resourceArn"),
    ),
    ("codepipeline", "UpdatePipeline", Resource::NewPipeline),
    ("health", "DescribeEvents", Resource::Any),
    ("sns", "CreateTopic", Resource::Topic),
    ("sns", "Publish", Resource::Arn("TopicArn")),
    ("sns", "Subscribe", Resource::Arn("TopicArn")),
];

/// The prefix of the service that has this operation, and what it is done to.
pub(crate) fn action_of(operation: &str) -> Option<(&'static str, Resource)> {
    let found = ACTIONS.iter().find(|(_, of, _)| *of == operation);
    found.map(|(prefix, _, resource)| (*prefix, *resource))
}
