//! A reading of AWS Health: at the active endpoint, or at the other one when that is down, within a time.

use std::pin::pin;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use health_gate::{Event, Query, Reading, Region, UnknownCause, Unread};

use crate::active_endpoint::{CnameLookUp, Endpoints};
use crate::clients::{Clients, HealthEndpoints};
use crate::describe_events::describe_events;

/// A reading of AWS Health, and what it took.
#[derive(Debug, Clone)]
pub struct HealthReading {
    /// What was read.
    pub reading: Reading,
    /// The region of the endpoint that was asked last.
    pub endpoint: Region,
    /// How many pages were asked for, at all endpoints. Attempts of the SDK at the same page are one.
    pub calls: usize,
    /// How long it took.
    pub took: Duration,
}

/// Reads AWS Health, within `budget`. A page that could not be read makes the reading unknown; the events of the
/// pages before it are kept.
///
/// The reading begins at once at the endpoint that is usually active, and which one is, is looked up beside it. If the active
/// endpoint cannot be reached, does not answer or fails, the other one is asked; its data may be behind.
pub async fn read_health(clients: &Clients, query: &Query, budget: Duration) -> HealthReading {
    let begin = clients.clock.now();
    let calls = AtomicUsize::new(0);
    let reader = Reader {
        clients,
        query,
        calls: &calls,
    };
    let (reading, endpoint) = match &clients.health_endpoints {
        HealthEndpoints::Configured { region } => {
            let PartialReading { seen, unread, .. } = reader.at(region, budget).await;
            let reading = Reading {
                events: seen,
                unread,
                may_be_behind: false,
            };
            (reading, region.clone())
        }
        HealthEndpoints::Active(endpoints, look_up) => {
            reader.at_active(*endpoints, look_up, budget).await
        }
    };
    HealthReading {
        reading,
        endpoint: endpoint.parse().unwrap_or_else(|_| Region::global()),
        calls: calls.into_inner(),
        took: (clients.clock.now() - begin).try_into().unwrap_or_default(),
    }
}

struct Reader<'a> {
    clients: &'a Clients,
    query: &'a Query,
    calls: &'a AtomicUsize,
}

/// What one endpoint gave.
#[derive(Default)]
struct PartialReading {
    seen: Vec<Event>,
    unread: Option<Unread>,
    /// The endpoint is to blame, not what it was asked or by whom.
    is_endpoints_fault: bool,
}

impl Reader<'_> {
    async fn at_active(
        &self,
        endpoints: Endpoints,
        look_up: &CnameLookUp,
        budget: Duration,
    ) -> (Reading, String) {
        let begin = tokio::time::Instant::now();
        // A silent endpoint leaves the other one as much time.
        let first_budget = if endpoints.other.is_some() {
            budget / 2
        } else {
            budget
        };
        let (active, first) = {
            let mut unusual = pin!(look_up.unusual_region(endpoints));
            let mut usual = pin!(self.at(endpoints.usual, first_budget));
            // The look-up first: one that is known already begins no reading that would be thrown away.
            let (unusual, usual) = tokio::select! {
                biased;
                region = &mut unusual => match region {
                    Some(region) => (Some(region), PartialReading::default()),
                    None => (None, usual.await),
                },
                reading = &mut usual => (unusual.await, reading),
            };
            match unusual {
                Some(region) => {
                    let active = region.to_string();
                    let reading = self.at(&active, first_budget).await;
                    (active, reading)
                }
                None => (endpoints.usual.to_owned(), usual),
            }
        };
        let other = if active == endpoints.usual {
            endpoints.other
        } else {
            Some(endpoints.usual)
        };
        let Some(other) = other.filter(|_| first.is_endpoints_fault) else {
            return (
                Reading {
                    events: first.seen,
                    unread: first.unread,
                    may_be_behind: false,
                },
                active,
            );
        };
        let second = self.at(other, budget.saturating_sub(begin.elapsed())).await;
        let mut events = first.seen;
        events.extend(second.seen);
        match second.unread {
            // What is known of the first is of the first: an incident that it showed is one.
            None => (
                Reading {
                    events,
                    unread: None,
                    may_be_behind: true,
                },
                other.to_owned(),
            ),
            Some(second) => {
                let unread = first.unread.map(|first| Unread {
                    detail: format!(
                        "{} (and at the other endpoint, {other}: {})",
                        first.detail, second.detail
                    ),
                    ..first
                });
                (
                    Reading {
                        events,
                        unread,
                        may_be_behind: false,
                    },
                    active,
                )
            }
        }
    }

    async fn at(&self, endpoint: &str, budget: Duration) -> PartialReading {
        let mut seen = Vec::new();
        let (unread, is_endpoints_fault) = match tokio::time::timeout(
            budget,
            describe_events(self.clients, endpoint, self.query, self.calls, &mut seen),
        )
        .await
        {
            Ok(Ok(())) => (None, false),
            Ok(Err(failure)) => (Some(failure.unread), failure.is_endpoints_fault),
            Err(_) => {
                let detail = match budget.as_secs_f64() {
                    0.0 => "the invocation had no time left to ask".to_owned(),
                    seconds => format!("the gate waited {seconds:.1} s"),
                };
                (
                    Some(Unread {
                        cause: UnknownCause::TimedOut,
                        detail,
                    }),
                    true,
                )
            }
        };
        PartialReading {
            seen,
            unread,
            is_endpoints_fault,
        }
    }
}
