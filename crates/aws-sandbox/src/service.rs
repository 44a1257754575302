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

/// The operations that the sandbox plays, of all services.
pub(crate) const OPERATIONS: [&str; 24] = [
    "CreatePipeline",
    "CreateTopic",
    "DescribeEvents",
    "DisableStageTransition",
    "EnableStageTransition",
    "GetJobDetails",
    "GetPipeline",
    "GetPipelineExecution",
    "GetPipelineState",
    "ListActionExecutions",
    "ListPipelineExecutions",
    "ListPipelines",
    "ListTagsForResource",
    "Publish",
    "PutJobFailureResult",
    "PutJobSuccessResult",
    "RetryStageExecution",
    "RollbackStage",
    "StartPipelineExecution",
    "StopPipelineExecution",
    "Subscribe",
    "TagResource",
    "UntagResource",
    "UpdatePipeline",
];
