//! The configuration of the command: what a person has on a machine.

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use crate::clock::Clock;
use crate::function_config::behavior;
use crate::https::Https;
use crate::sdk_error::head_of_chain;

/// Which account and region are meant. What is not said is what the environment and the AWS CLI's files say.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// A profile of the AWS CLI's configuration.
    pub name: Option<String>,
    /// A region.
    pub region: Option<String>,
}

/// Loads the configuration of a person's machine, as every AWS SDK does: environment, files, SSO, roles, `AWS_ENDPOINT_URL` and its variables
/// for single services.
pub async fn load_sdk_config(clock: &Clock, chosen: Profile) -> SdkConfig {
    let https = Https::of_person().shared();
    let mut loader = aws_config::defaults(behavior())
        .http_client(https.clone())
        .time_source(clock.time_source());
    if let Some(region) = chosen.region {
        loader = loader.region(Region::new(region));
    }
    let Some(profile) = chosen.name else {
        return loader.load().await;
    };
    let config = loader.profile_name(&profile).load().await;
    // A profile that was named counts before credentials in the environment, as with the AWS CLI.
    let provider = ProviderConfig::without_region()
        .with_http_client(https)
        .with_time_source(clock.time_source())
        .with_region(config.region().cloned());
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&provider)
        .profile_name(profile)
        .build();
    config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build()
}

/// Whether the configuration has credentials to sign calls with.
///
/// # Errors
/// Why it has none, for people. No part of a credential is ever in it.
pub async fn find_credentials(config: &SdkConfig) -> Result<(), String> {
    let provider = config.credentials_provider();
    let provider = provider.ok_or("no source of credentials is configured")?;
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(error) => Err(head_of_chain(&error)),
    }
}
