//! Where a process asks AWS Health, for people who want to know.

use crate::active_endpoint::{LOOK_UP_WITHIN, region_of};
use crate::clients::{Clients, HealthEndpoints};

/// Where a process asks AWS Health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndpointInUse {
    /// Where its configuration says, and nowhere else; signed for this region.
    Configured(String),
    /// In the region that the name's record names.
    LookedUp {
        /// The name.
        name: &'static str,
        /// The region.
        region: String,
    },
    /// In the usual region: the name was not found, or names none.
    Usual {
        /// The region.
        region: &'static str,
        /// Why the active one is not known.
        why: String,
    },
}

/// Finds out where these clients ask AWS Health.
pub async fn endpoint_in_use(clients: &Clients) -> EndpointInUse {
    let (endpoints, look_up) = match &clients.health_endpoints {
        HealthEndpoints::Configured { region } => {
            return EndpointInUse::Configured(region.clone());
        }
        HealthEndpoints::Active(endpoints, look_up) => (endpoints, look_up),
    };
    let region = endpoints.usual;
    let Some(name) = endpoints.global_name else {
        let why = "it has no other one in this partition".to_owned();
        return EndpointInUse::Usual { region, why };
    };
    match tokio::time::timeout(LOOK_UP_WITHIN, look_up.target(name)).await {
        Ok(Ok(target)) => match region_of(&target) {
            Some(region) => EndpointInUse::LookedUp {
                name,
                region: region.to_string(),
            },
            None => EndpointInUse::Usual {
                region,
                why: format!("{name} is {target}, which names no region"),
            },
        },
        Ok(Err(why)) => EndpointInUse::Usual { region, why },
        Err(_) => EndpointInUse::Usual {
            region,
            why: format!("the look-up of {name} took longer than 0.3 s"),
        },
    }
}
