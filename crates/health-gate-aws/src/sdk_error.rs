//! What an SDK error says. Its `Display` is "service error" and no more; what happened is in its sources.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_codepipeline::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_codepipeline::operation::RequestId;
use health_gate::one_short_line;

/// The text of a failed call, for people, on one line: the service's code and message, or else the error and what caused it.
pub(crate) fn text<E>(error: &SdkError<E>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let text = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => match error.raw_response() {
            Some(response) => format!(
                "HTTP {}, not an answer of AWS: {}",
                response.status().as_u16(),
                error_chain(error)
            ),
            None => error_chain(error),
        },
    };
    one_short_line(&text)
}

/// HTTP 429 (RFC 6585). A proxy or a load balancer throttles by it, without an error code of AWS.
pub(crate) const TOO_MANY_REQUESTS: u16 = 429;

/// Whether an error code asks to be called less often ("Common errors" of the AWS API references).
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "RequestLimitExceeded"
            | "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "TooManyRequestsException"
    )
}

/// Whether the same call may succeed a moment later: nothing answered, the service itself failed,
/// or it throttles.
pub(crate) fn is_transient<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    if let SdkError::ServiceError(service) = error {
        let status = service.raw().status();
        return status.is_server_error()
            || status.as_u16() == TOO_MANY_REQUESTS
            || error.code().is_some_and(is_throttling);
    }
    if let SdkError::DispatchFailure(failure) = error {
        // Not a server whose certificate is not trusted: it will have the same one a moment later.
        return failure.is_io() || failure.is_timeout() || failure.as_other().is_some();
    }
    !matches!(error, SdkError::ConstructionFailure(_))
}

/// Whether the call failed because there are no credentials to sign it with.
pub(crate) fn is_without_credentials(error: &(dyn Error + 'static)) -> bool {
    sources(error).any(|source| source.is::<CredentialsError>())
}

/// Whoever has answered is AWS: its services give each answer an id. What AWS is told has no answer but that it was; a proxy that says
/// so as well has not done it.
pub(crate) fn is_of_aws(answer: &impl RequestId) -> bool {
    answer.request_id().is_some()
}

/// What an answer is that is not of AWS.
pub(crate) const NOT_OF_AWS: &str = "HTTP 200, not an answer of AWS: it has no request id";

/// An error and all its sources, from the outside in: `dispatch failure: io error: connection refused`.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    one_short_line(&chain(error))
}

/// The same as far as its first line: the SDK lists all that it has tried below that.
pub(crate) fn head_of_chain(error: &(dyn Error + 'static)) -> String {
    one_short_line(chain(error).lines().next().unwrap_or_default())
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for text in sources(error).map(ToString::to_string) {
        // The SDK shows the whole request to which an unusable endpoint was to be applied.
        let text = match text.split_once(" to request `Request {") {
            Some((before, _)) => before.to_owned(),
            None => text,
        };
        // Many wrappers repeat what they wrap.
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
    }
    texts.join(": ")
}

fn sources<'e>(
    error: &'e (dyn Error + 'static),
) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        (*error).source()
    })
}
