//! Throttling that comes without an error code.

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

use crate::sdk_error::TOO_MANY_REQUESTS;

/// Classifies HTTP 429 as throttling. The SDK knows throttling by AWS's error codes alone, which
/// the response of a proxy or a load balancer lacks.
#[derive(Debug)]
pub(crate) struct TooManyRequests;

impl ClassifyRetry for TooManyRequests {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let status = context
            .response()
            .map(|response| response.status().as_u16());
        if status == Some(TOO_MANY_REQUESTS) {
            RetryAction::throttling_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "TooManyRequests"
    }
}
