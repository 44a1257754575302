//! An error as a service of AWS reports it.

use http::StatusCode;

/// What a client gets to see: status, code and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The name of the exception, without namespace.
    pub code: String,
    /// The text. Some of AWS's errors have none.
    pub message: Option<String>,
}

impl ServiceError {
    /// An error of the client, with status 400.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: code.into(),
            message: Some(message.into()),
        }
    }

    /// Throttled: CodePipeline sends status 400 and no message at all.
    pub fn throttling() -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "ThrottlingException".to_owned(),
            message: None,
        }
    }

    /// The service itself failed.
    pub fn internal_failure() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "InternalFailure".to_owned(),
            message: None,
        }
    }

    /// What AWS Health answers an account whose support plan does not include its API.
    pub fn subscription_required() -> Self {
        Self::new(
            "SubscriptionRequiredException",
            "The AWS Health API is only available to accounts with a Business, Enterprise On-Ramp or Enterprise Support plan.",
        )
    }

    /// IAM refuses an action.
    pub fn access_denied(action: &str) -> Self {
        let message = format!(
            "User: arn:aws:sts::{}:assumed-role/sandbox is not authorized to perform: {action} on resource: *",
            crate::ACCOUNT_ID
        );
        Self::new("AccessDeniedException", message)
    }

    /// KMS refuses SNS a key in the name of who publishes.
    pub(crate) fn no_access_to_key() -> Self {
        Self::new(
            "KMSAccessDenied",
            "The ciphertext references a key that doesn't exist or that you don't have access to",
        )
    }

    /// The service has no such operation, or the sandbox does not play it.
    pub(crate) fn unknown_operation(service: &str, operation: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("the sandbox has no operation {operation} of {service}"),
        )
    }

    /// The body cannot be read as the operation's input.
    pub(crate) fn serialization(reason: impl std::fmt::Display) -> Self {
        Self::new(
            "SerializationException",
            format!("the sandbox cannot read this input: {reason}"),
        )
    }
}
