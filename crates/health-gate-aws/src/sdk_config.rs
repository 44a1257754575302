//! The configuration of the command: what a person has on a machine.

use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::{self, ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use crate::clock::Clock;
use crate::environment::variable;
use crate::function_config::behavior;
use crate::https::Https;
use crate::sdk_error::head_of_chain;
use health_gate::shown;

/// Which account and region are meant. What is not said is what the environment and the AWS CLI's files say.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    /// A profile of the AWS CLI's configuration.
    pub name: Option<String>,
    /// A region.
    pub region: Option<String>,
}

/// A profile that no file of the AWS CLI has.
#[derive(Debug, thiserror::Error)]
#[error("the AWS profile {} is not configured", shown(.0))]
pub struct UnknownProfile(String);

/// Loads the configuration of a person's machine, as every AWS SDK does: environment, files, SSO, roles, `AWS_ENDPOINT_URL` and its variables
/// for single services.
///
/// # Errors [`UnknownProfile`] when the profile that was chosen, or that `AWS_PROFILE` names, is in
/// no file: as the AWS CLI, and even if the environment has credentials, which may be another
/// account's.
pub async fn load_sdk_config(clock: &Clock, chosen: Profile) -> Result<SdkConfig, UnknownProfile> {
    if let Some(name) = chosen.name.clone().or_else(|| variable("AWS_PROFILE")) {
        ensure_configured(name).await?;
    }
    let https = Https::of_person().shared();
    let mut loader = aws_config::defaults(behavior())
        .http_client(https.clone())
        .time_source(clock.time_source());
    // The SDK's own look at the environment takes an empty AWS_REGION for a region.
    let named = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let region = chosen
        .region
        .or_else(|| named.into_iter().find_map(variable));
    let in_profile = match &chosen.name {
        Some(name) => ProfileFileRegionProvider::builder().profile_name(name),
        None => ProfileFileRegionProvider::builder(),
    };
    loader = loader.region(
        RegionProviderChain::first_try(region.map(Region::new)).or_else(in_profile.build()),
    );
    let Some(profile) = chosen.name else {
        return Ok(loader.load().await);
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
    Ok(config
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build())
}

/// The profile `default` need not be configured. Files that cannot be read say so when credentials
/// are looked for.
async fn ensure_configured(name: String) -> Result<(), UnknownProfile> {
    let files = EnvConfigFiles::default();
    match profile::load(&Fs::real(), &Env::real(), &files, None).await {
        Ok(profiles) if name != "default" && profiles.get_profile(&name).is_none() => {
            Err(UnknownProfile(name))
        }
        Ok(_) | Err(_) => Ok(()),
    }
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
