//! Answers have an end. The SDK reads each to its end before it looks at it; one that never ends, of a proxy or of whatever has taken
//! AWS's address, would fill the memory of the smallest function in a second, and a job would not be answered.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use aws_types::SdkConfig;
use http_body_util::Limited;

/// The longest answer that is read, in bytes: a page of 100 events or executions has some hundred thousand. AWS's limits allow longer
/// ones (a page of executions whose output variables are all as long as they may be); such a one is not read, and nothing is decided on it.
const LONGEST: usize = 8 * 1024 * 1024;

/// The same configuration, with a client that fails a call whose answer is longer than [`LONGEST`].
pub(crate) fn bounded(config: &SdkConfig) -> SdkConfig {
    let Some(client) = config.http_client() else {
        return config.clone();
    };
    let client = SharedHttpClient::new(Bounded(client));
    config.clone().into_builder().http_client(client).build()
}

/// A client, or a connector of one.
#[derive(Debug)]
struct Bounded<T>(T);

impl HttpClient for Bounded<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Bounded(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_base_client_config(components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.validate_final_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

impl HttpConnector for Bounded<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move { Ok(answer.await?.map(with_an_end)) })
    }
}

fn with_an_end(body: SdkBody) -> SdkBody {
    // What is in memory as a whole has come to its end.
    if body.bytes().is_some() {
        return body;
    }
    SdkBody::from_body_1_x(Limited::new(body, LONGEST))
}
