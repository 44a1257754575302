//! Connections that are opened while a function starts.

use std::time::Duration;

use aws_types::SdkConfig;
use futures_util::future::join_all;
use http::Uri;

use crate::active_endpoint::Endpoints;
use crate::clients::configured_endpoint;
use crate::https::Https;

/// A function that starts waits no longer than this. What is open later is there for a later request.
const OPEN_WITHIN: Duration = Duration::from_secs(1);

/// Opens a connection to AWS Health and one to CodePipeline, side by side: a function that starts has a whole core, and
/// one that is invoked has a fourteenth of one (128 MB).
///
/// What cannot be opened is no error here: the call that needs it says so.
pub(crate) async fn open_connections(config: &SdkConfig, https: &Https) {
    let Some(region) = config.region() else {
        return;
    };
    let Ok(own) = region.as_ref().parse() else {
        return;
    };
    let health = Endpoints::of_partition(&own).usual;
    macro_rules! endpoint {
        ($sdk:ident, $service:literal, $region:expr) => {{
            use $sdk::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
            let params = Params::builder()
                .region($region)
                .set_use_fips(config.use_fips())
                .set_use_dual_stack(config.use_dual_stack())
                .set_endpoint(configured_endpoint(config, $service))
                .build();
            match params {
                Ok(params) => match DefaultResolver::new().resolve_endpoint(&params).await {
                    Ok(endpoint) => endpoint.url().parse::<Uri>().ok(),
                    Err(_) => None,
                },
                Err(_) => None,
            }
        }};
    }
    let places = [
        endpoint!(aws_sdk_health, "Health", health),
        endpoint!(aws_sdk_codepipeline, "CodePipeline", region.as_ref()),
    ];
    let opening = join_all(places.into_iter().flatten().map(|place| {
        let https = https.clone();
        tokio::spawn(async move { https.open(place).await })
    }));
    let _ = tokio::time::timeout(OPEN_WITHIN, opening).await;
}

#[cfg(test)]
mod tests {
    use aws_config::{BehaviorVersion, Region};
    use tokio::net::TcpListener;
    use tokio::time::Instant;

    use super::*;

    /// In virtual time: the limit of a connection is a longer one.
    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_connections_and_says_nothing_is_waited_for_no_longer_than_the_limit()
     {
        let silent = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = silent.local_addr().expect("it is bound");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .endpoint_url(format!("https://{address}"))
            .build();
        let began = Instant::now();
        open_connections(&config, &Https::of_function()).await;
        assert_eq!(began.elapsed(), OPEN_WITHIN);
    }
}
