//! The configuration of a function: what Lambda has in its environment, and nothing else.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_types::app_name::AppName;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::clock::Clock;
use crate::environment::variable;
use crate::https::Https;

/// The version of the SDK's defaults that our programs are written for.
pub(crate) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

/// The configuration of a function: its region, its role's credentials and the endpoints of AWS, as its environment has them
/// (`AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL` and its variables for single
/// services, `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`,
/// `AWS_SDK_UA_APP_ID`).
///
/// What [`load_sdk_config`](crate::load_sdk_config) looks at besides (files, roles, containers, instances) no function has. It would cost a
/// function a tenth of its size, and at its start clients that are never used.
pub(crate) fn function_config(clock: &Clock, https: &Https) -> SdkConfig {
    if variable("AWS_ACCESS_KEY_ID").is_none() {
        tracing::warn!(
            "AWS_ACCESS_KEY_ID is not set, so no call of AWS can be signed: a function has its credentials in its environment, where Lambda puts \
             them; on your machine, `aws configure export-credentials --format env` prints them"
        );
    }
    let mut config = SdkConfig::builder()
        .behavior_version(behavior())
        .http_client(https.shared())
        .time_source(clock.time_source())
        .identity_cache(IdentityCache::lazy().build())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .credentials_provider(SharedCredentialsProvider::new(
            EnvironmentVariableCredentialsProvider::new(),
        ))
        .region(variable("AWS_REGION").map(Region::new));
    config.set_app_name(variable("AWS_SDK_UA_APP_ID").and_then(|name| AppName::new(name).ok()));
    config.set_use_fips(flag("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(flag("AWS_USE_DUALSTACK_ENDPOINT"));
    if flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") != Some(true) {
        config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
        config.set_service_config(Some(OfServices));
    }
    config.build()
}

/// `AWS_ENDPOINT_URL_CODEPIPELINE` and its like (AWS SDKs and tools reference guide, "Service-specific endpoints").
#[derive(Debug)]
struct OfServices;

impl LoadServiceConfig for OfServices {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace(' ', "_");
        variable(&format!("{}_{service}", key.env())).or_else(|| variable(key.env()))
    }
}

fn flag(name: &str) -> Option<bool> {
    variable(name).map(|text| text.eq_ignore_ascii_case("true"))
}
