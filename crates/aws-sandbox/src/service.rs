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

/// The actions of IAM that the sandbox plays: the service's prefix, and the operation.
pub(crate) const ACTIONS: [(&str, &str); 24] = [
    ("codepipeline", "CreatePipeline"),
    ("codepipeline", "DisableStageTransition"),
    ("codepipeline", "EnableStageTransition"),
    ("codepipeline", "GetJobDetails"),
    ("codepipeline", "GetPipeline"),
    ("codepipeline", "GetPipelineExecution"),
    ("codepipeline", "GetPipelineState"),
    ("codepipeline", "ListActionExecutions"),
    ("codepipeline", "ListPipelineExecutions"),
    ("codepipeline", "ListPipelines"),
    ("codepipeline", "ListTagsForResource"),
    ("codepipeline", "PutJobFailureResult"),
    ("codepipeline", "PutJobSuccessResult"),
    ("codepipeline", "RetryStageExecution"),
    ("codepipeline", "RollbackStage"),
    ("codepipeline", "StartPipelineExecution"),
    ("codepipeline", "StopPipelineExecution"),
    ("codepipeline", "TagResource"),
    ("codepipeline", "UntagResource"),
    ("codepipeline", "UpdatePipeline"),
    ("health", "DescribeEvents"),
    ("sns", "CreateTopic"),
    ("sns", "Publish"),
    ("sns", "Subscribe"),
];

/// The prefix of the service that has this operation.
pub(crate) fn prefix_of(operation: &str) -> Option<&'static str> {
    let found = ACTIONS.iter().find(|(_, of)| *of == operation);
    found.map(|(prefix, _)| *prefix)
}
