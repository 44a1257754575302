//! What becomes of a call after an attempt at it has timed out.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    FinalizerInterceptorContextRef, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::timeout::TimeoutConfig;

/// Lifts the limit of an attempt once an attempt at the same call has timed out.
///
/// The first limit catches a lost connection. A service that was slow once is slow again, and a
/// slow response is better than none: the next attempt has all the time that the caller has.
#[derive(Debug)]
pub(crate) struct LastAttemptWaits;

#[dyn_dispatch_hint]
impl Intercept for LastAttemptWaits {
    fn name(&self) -> &'static str {
        "LastAttemptWaits"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let outcome = context.output_or_error();
        if outcome.is_some_and(|outcome| outcome.is_err_and(|error| error.is_timeout_error())) {
            let unlimited = TimeoutConfig::builder().disable_operation_attempt_timeout();
            cfg.interceptor_state().store_put(unlimited.build());
        }
        Ok(())
    }
}

/// Forbids another attempt at a call that nothing has answered: the time is for another endpoint.
#[derive(Debug)]
pub(crate) struct LeaveSilent;

impl ClassifyRetry for LeaveSilent {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let is_silent = context.output_or_error().is_some_and(|outcome| {
            outcome.is_err_and(|error| {
                let connector = error.as_connector_error();
                error.is_timeout_error() || connector.is_some_and(|error| error.is_timeout())
            })
        });
        if is_silent {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "LeaveSilent"
    }
}
