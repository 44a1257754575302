//! The SDK clients, built once a process and shared by all its invocations.

use std::time::Duration;

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use health_gate::{InvalidRegion, Region};

use crate::clock::Clock;

/// What the gate needs of AWS.
#[derive(Debug, Clone)]
pub struct Clients {
    pub(crate) health: aws_sdk_health::Client,
    pub(crate) codepipeline: aws_sdk_codepipeline::Client,
    /// The clock of the configuration that the clients were made from.
    pub clock: Clock,
    /// The region that the process runs in. CodePipeline takes a job's result only there.
    pub region: Region,
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
    /// Makes the clients.
    ///
    /// # Errors
    /// [`RegionError`] when the configuration has no region.
    pub fn new(config: &SdkConfig) -> Result<Self, RegionError> {
        let region: Region = config
            .region()
            .ok_or(RegionError::Missing)?
            .as_ref()
            .parse()?;
        if region == Region::global() {
            return Err(InvalidRegion(region.to_string()).into());
        }

        // An attempt that takes longer than these is better tried again: both services answer within a second.
        let timeouts = |attempt| {
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(2))
                .operation_attempt_timeout(Duration::from_secs(attempt))
                .build()
        };
        let retries = |attempts| {
            RetryConfig::standard()
                .with_max_attempts(attempts)
                .with_initial_backoff(Duration::from_millis(250))
                .with_max_backoff(Duration::from_secs(2))
        };
        // The SDK keeps one retry budget a service and process. One for each set of clients is the same in a
        // function, which has one set, and keeps worlds in one test process apart.
        let partition = |service| {
            RetryPartition::custom(service)
                .token_bucket(TokenBucket::default())
                .build()
        };

        let health = aws_sdk_health::config::Builder::from(config)
            .region(aws_sdk_health::config::Region::new(health_region(&region)))
            .timeout_config(timeouts(5))
            .retry_config(retries(3))
            .retry_partition(partition("health"))
            .build();
        // The job's result is what must not get lost: more attempts, each shorter.
        let codepipeline = aws_sdk_codepipeline::config::Builder::from(config)
            .timeout_config(timeouts(3))
            .retry_config(retries(5))
            .retry_partition(partition("codepipeline"))
            .build();
        Ok(Self {
            health: aws_sdk_health::Client::from_conf(health),
            codepipeline: aws_sdk_codepipeline::Client::from_conf(codepipeline),
            clock: Clock::new(config.time_source().unwrap_or_default()),
            region,
        })
    }
}

/// The region of AWS Health in the partition of `region` (user guide, "Accessing the AWS Health API"; the isolated
/// partitions and the European one from botocore's endpoints). The SDK would make up an endpoint for any region, but
/// the service runs only here.
fn health_region(region: &Region) -> &'static str {
    const PARTITIONS: [(&str, &str); 7] = [
        ("cn-", "cn-northwest-1"),
        ("eu-isoe-", "eu-isoe-west-1"),
        ("eusc-", "eusc-de-east-1"),
        ("us-gov-", "us-gov-west-1"),
        ("us-iso-", "us-iso-east-1"),
        ("us-isob-", "us-isob-east-1"),
        ("us-isof-", "us-isof-south-1"),
    ];
    let of = PARTITIONS
        .iter()
        .find(|(prefix, _)| region.as_str().starts_with(prefix));
    of.map_or("us-east-1", |(_, health)| *health)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_health_is_asked_where_it_runs_in_each_partition() {
        for (own, health) in [
            ("us-east-1", "us-east-1"),
            ("ap-southeast-2", "us-east-1"),
            ("us-west-2", "us-east-1"),
            ("cn-north-1", "cn-northwest-1"),
            ("us-gov-east-1", "us-gov-west-1"),
            ("us-iso-west-1", "us-iso-east-1"),
            ("us-isob-east-1", "us-isob-east-1"),
            ("us-isof-east-1", "us-isof-south-1"),
            ("eu-isoe-west-1", "eu-isoe-west-1"),
            ("eusc-de-east-1", "eusc-de-east-1"),
        ] {
            assert_eq!(
                health_region(&own.parse().expect("a region")),
                health,
                "{own}"
            );
        }
    }
}
