//! How a function starts: what it needs is made once, then it asks Lambda for events.

use std::error::Error;
use std::process::ExitCode;

use crate::active_endpoint::CnameLookUp;
use crate::clients::{Clients, RegionError};
use crate::clock::Clock;
use crate::function_config::function_config;
use crate::https::Https;
use crate::logging;
use crate::open_connections::open_connections;
use crate::sdk_error::error_chain;
use crate::settings::Settings;

/// Runs a function until Lambda ends the process: `serve` is given its clients and settings, and asks for events.
///
/// What keeps it from running is logged, under the function's `name`; the process has failed then.
pub async fn run_function(
    name: &str,
    serve: impl AsyncFnOnce(Clients, Settings) -> Result<(), Box<dyn Error + Send + Sync>>,
) -> ExitCode {
    let clock = Clock::default();
    let settings = Settings::from_env();
    logging::init(&settings, clock.clone());
    let served = match start(&clock).await {
        Ok(clients) => Box::pin(serve(clients, settings)).await,
        Err(error) => Err(error.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{name} cannot run: {}", error_chain(&*error));
            ExitCode::FAILURE
        }
    }
}

/// Makes the clients, and opens the connections that each invocation needs.
async fn start(clock: &Clock) -> Result<Clients, RegionError> {
    let https = Https::of_function();
    let config = function_config(clock, &https);
    let clients = Clients::new(&config, CnameLookUp::system)?;
    open_connections(&config, &https).await;
    Ok(clients)
}
