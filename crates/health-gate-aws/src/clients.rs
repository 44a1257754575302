//! The SDK clients, built once a process and shared by all its invocations.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use health_gate::{InvalidRegion, Region};

use crate::active_endpoint::{CnameLookUp, Endpoints, region_of};
use crate::bounded::bounded;
use crate::clock::Clock;
use crate::pace::Pace;
use crate::patience::LastAttemptWaits;
use crate::too_many_requests::TooManyRequests;

/// What the gate needs of AWS.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) health: aws_sdk_health::Client,
    pub(crate) health_endpoints: HealthEndpoints,
    pub(crate) codepipeline: aws_sdk_codepipeline::Client,
    /// The client for job results. [`put_job_result`](crate::put_job_result) makes its attempts
    /// itself.
    pub(crate) job_results: aws_sdk_codepipeline::Client,
    /// Made when there is something to tell: most deployments pass.
    pub(crate) sns: Arc<LazySns>,
    pub(crate) pace: Pace,
    /// The clock of the configuration that the clients were made from.
    pub clock: Clock,
    /// The region that the process runs in. CodePipeline takes a job's result only there.
    pub region: Region,
}

type LazySns = LazyLock<aws_sdk_sns::Client, Box<dyn FnOnce() -> aws_sdk_sns::Client + Send>>;

/// Where AWS Health is asked.
#[derive(Debug, Clone)]
pub(crate) enum HealthEndpoints {
    /// At the endpoint that the configuration names (`AWS_ENDPOINT_URL_HEALTH`), and nowhere else.
    Configured {
        /// The region that it takes signatures for.
        region: String,
    },
    /// At the active endpoint, which is looked up at each reading.
    Active(Endpoints, CnameLookUp),
}

/// The configuration names no usable region.
#[derive(Debug, thiserror::Error)]
pub enum RegionError {
    /// No region at all.
    #[error("no AWS region is configured; set AWS_REGION (Lambda sets it for every function)")]
    Missing,
    /// Not a region.
    #[error("the configured AWS region is {0}; accepted: a region name like `us-east-1`")]
    Invalid(#[from] InvalidRegion),
}

impl Clients {
    /// Makes the clients. `look_up` finds AWS Health's active endpoint; it is not made when the configuration names one.
    ///
    /// # Errors
    /// [`RegionError`] when the configuration has no region.
    pub fn new(
        config: &SdkConfig,
        look_up: impl FnOnce() -> CnameLookUp,
    ) -> Result<Self, RegionError> {
        let region: Region = config
            .region()
            .ok_or(RegionError::Missing)?
            .as_ref()
            .parse()?;
        if region == Region::global() {
            return Err(InvalidRegion(region.to_string()).into());
        }

        // Every call has a time limit. The SDK's protection against stalled streams would end a
        // slow call before it.
        let config = bounded(config)
            .into_builder()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let config = &config;
        // An attempt that takes longer than these is better tried again: both services answer within a second.
        let timeouts = |attempt| {
            TimeoutConfig::builder()
                .operation_attempt_timeout(Duration::from_secs(attempt))
                .build()
        };
        let retries = |attempts| {
            RetryConfig::standard()
                .with_max_attempts(attempts)
                .with_initial_backoff(Duration::from_millis(250))
                .with_max_backoff(Duration::from_secs(2))
        };
        // The SDK's retry budget lives as long as the process: a few jobs in a brown-out would
        // leave none for the jobs after it. Attempts are limited by their number and by the
        // invocation's time instead.
        let partition = |service| {
            RetryPartition::custom(service)
                .token_bucket(TokenBucket::unlimited())
                .build()
        };

        let endpoints = Endpoints::of_partition(&region);
        let health = aws_sdk_health::config::Builder::from(config)
            .region(aws_sdk_health::config::Region::new(endpoints.usual))
            .interceptor(LastAttemptWaits)
            .retry_classifier(TooManyRequests)
            // AWS Health throttles for seconds: the last of five attempts comes about two seconds after the first.
            .retry_config(retries(5))
            .retry_partition(partition("health"))
            .build();
        let codepipeline = |retry_config, service| {
            let config = aws_sdk_codepipeline::config::Builder::from(config)
                .timeout_config(timeouts(3))
                .retry_config(retry_config)
                .retry_classifier(TooManyRequests)
                .retry_partition(partition(service))
                .build();
            aws_sdk_codepipeline::Client::from_conf(config)
        };
        // Telling people must not keep a job waiting.
        let sns = aws_sdk_sns::config::Builder::from(config)
            .timeout_config(timeouts(2))
            .retry_config(retries(2))
            .retry_classifier(TooManyRequests)
            .retry_partition(partition("sns"))
            .build();
        let health_endpoints = match configured_endpoint(config, "Health") {
            // An address of AWS names the region; anything else stands for the usual one.
            Some(url) => HealthEndpoints::Configured {
                region: region_of_url(&url)
                    .map_or_else(|| endpoints.usual.to_owned(), |region| region.to_string()),
            },
            None => HealthEndpoints::Active(endpoints, look_up()),
        };
        Ok(Self {
            sns: Arc::new(LazyLock::new(Box::new(|| {
                aws_sdk_sns::Client::from_conf(sns)
            }))),
            health_endpoints,
            health: aws_sdk_health::Client::from_conf(health),
            codepipeline: codepipeline(retries(5), "codepipeline"),
            job_results: codepipeline(RetryConfig::disabled(), "job results"),
            pace: Pace::default(),
            clock: Clock::new(config.time_source().unwrap_or_default()),
            region,
        })
    }

    /// The same clients, for much work without hurry: so many calls of CodePipeline a second, results of jobs apart, and fewer as long
    /// as it throttles. 0 is as many as there are. A call that fails is tried twice more, out of turn and after a back-off.
    #[must_use]
    pub fn paced(self, calls_a_second: f64) -> Self {
        let adaptive = RetryConfig::adaptive()
            .with_max_attempts(3)
            .with_initial_backoff(Duration::from_millis(250))
            .with_max_backoff(Duration::from_secs(2));
        let config = self.codepipeline.config().to_builder();
        let config = config.retry_config(adaptive).build();
        Self {
            codepipeline: aws_sdk_codepipeline::Client::from_conf(config),
            pace: Pace::per_second(calls_a_second),
            ..self
        }
    }

    /// Waits for the turn of a call of CodePipeline. [`retry_stage`](crate::retry_stage) does not wait itself.
    pub async fn turn(&self) {
        self.pace.turn().await;
    }

    /// How many calls of CodePipeline have been made, results of jobs apart. Attempts of the SDK at the same call are one.
    pub fn calls(&self) -> usize {
        self.pace.taken()
    }
}

/// The endpoint that the configuration names, for a service or for all of AWS.
pub(crate) fn configured_endpoint(config: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_service = config
        .service_config()
        .zip(key.ok())
        .and_then(|(config, key)| config.load_config(key));
    of_service.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// The region of `https://health.us-east-2.amazonaws.com`.
fn region_of_url(url: &str) -> Option<Region> {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    region_of(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_aws_names_the_region_that_it_takes_signatures_for() {
        for (url, region) in [
            ("https://health.us-east-2.amazonaws.com", Some("us-east-2")),
            ("https://health.us-east-2.api.aws/", Some("us-east-2")),
            ("http://127.0.0.1:4566", None),
            ("https://vpce-1.health.us-east-1.vpce.amazonaws.com", None),
        ] {
            assert_eq!(
                region_of_url(url)
                    .map(|region| region.to_string())
                    .as_deref(),
                region,
                "{url}"
            );
        }
    }
}
