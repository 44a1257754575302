//! The configuration that all clients of a process share.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::tls;

use crate::clock::Clock;

/// Loads the configuration from the environment, as every AWS SDK does: region, credentials, `AWS_ENDPOINT_URL`
/// and its variants for single services.
///
/// The loader costs a function about 0.8 MB against a configuration built by hand, and is what makes the endpoint
/// variables work. TLS is rustls with ring: a function comes out about 0.8 MB smaller than with aws-lc, and a
/// fresh build needs no cmake. The trust store is the system's.
pub async fn load_sdk_config(clock: &Clock) -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(https)
        .time_source(clock.time_source())
        .load()
        .await
}
