//! A reading of AWS Health: at the active endpoint, or at the other one when that is down, within a time.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use health_gate::{Event, Query, Reading, UnknownCause, Unread};
use time::UtcDateTime;

use crate::active_endpoint::{CnameLookUp, Endpoints};
use crate::clients::{Clients, HealthEndpoints};
use crate::describe_events::{Progress, Requests, describe_events};

/// The longest first attempt at a page.
const FIRST_ATTEMPT: Duration = Duration::from_secs(5);

/// A reading of AWS Health, and what it took.
#[derive(Debug, Clone)]
pub struct HealthReading {
    /// What was read.
    pub reading: Reading,
    /// The region of the endpoint that was asked last.
    pub endpoint: String,
    /// How many pages were asked for, at all endpoints. Attempts of the SDK at the same page are one.
    pub calls: usize,
    /// How long it took.
    pub took: Duration,
}

/// Reads AWS Health, within `budget`. A page that could not be read makes the reading unknown; the events of the
/// pages before it are kept.
///
/// An endpoint that is silent at first is asked once more, or the other one is, and that attempt
/// has all the time that is left: a slow answer is better than none.
///
/// The reading begins at once at the endpoint that is usually active, and which one is, is looked up beside it. If the active
/// endpoint cannot be reached, does not answer or fails, the other one is asked; its data may be behind.
pub async fn read_health(clients: &Clients, query: &Query, budget: Duration) -> HealthReading {
    read(clients, &Requests::of(query), budget).await
}

/// Reads everything that AWS Health shows as going on or to come, and what AWS wrote to at `since` or later (it keeps 90 days), of
/// all regions and categories; in the same way.
pub async fn read_history(
    clients: &Clients,
    since: UtcDateTime,
    budget: Duration,
) -> HealthReading {
    read(clients, &Requests::of_history(since), budget).await
}

async fn read(clients: &Clients, requests: &Requests, budget: Duration) -> HealthReading {
    let begin = clients.clock.now();
    let progress = Progress::default();
    let reader = Reader {
        clients,
        requests,
        progress: &progress,
    };
    let (reading, endpoint) = match &clients.health_endpoints {
        HealthEndpoints::Configured { region } => {
            let PartialReading { seen, unread, .. } = reader
                .at(region, first_attempt(budget), budget, budget)
                .await;
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
        endpoint,
        calls: progress.asked.into_inner(),
        took: (clients.clock.now() - begin).try_into().unwrap_or_default(),
    }
}

/// What the first attempt at a page may take: AWS Health answers within a second, and an attempt
/// that takes this long is better made again.
fn first_attempt(budget: Duration) -> Duration {
    FIRST_ATTEMPT.min(budget / 3)
}

struct Reader<'a> {
    clients: &'a Clients,
    requests: &'a Requests,
    progress: &'a Progress,
}

/// What one endpoint gave.
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
        let attempt = first_attempt(budget);
        // An endpoint that fails leaves the other one half of the time, a silent one most of it;
        // one that has begun to answer may use all of it.
        let patience = if endpoints.other.is_some() {
            budget / 2
        } else {
            budget
        };
        // The usual endpoint's reading, or the region that is active instead.
        let usual = {
            let mut unusual = pin!(look_up.unusual_region(endpoints));
            let mut usual = pin!(self.at(endpoints.usual, attempt, patience, budget));
            // The look-up first: one that is known already begins no reading that would be thrown away.
            tokio::select! {
                biased;
                region = &mut unusual => match region {
                    None => Ok(usual.await),
                    Some(region) => Err(region),
                },
                reading = &mut usual => unusual.await.map_or(Ok(reading), Err),
            }
        };
        let (active, first) = match usual {
            Ok(reading) => (endpoints.usual.to_owned(), reading),
            Err(region) => {
                let active = region.to_string();
                let left = budget.saturating_sub(begin.elapsed());
                let reading = self.at(&active, attempt, patience.min(left), left).await;
                (active, reading)
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
        let left = budget.saturating_sub(begin.elapsed());
        let second = self.at(other, left, left, left).await;
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

    /// Gives up after `patience` if no page has come by then, and after `budget` in any case. The
    /// first attempt at a page takes `attempt` at most. If there is more time than `patience`, it
    /// is for another endpoint: then a silent one is not asked again.
    async fn at(
        &self,
        endpoint: &str,
        attempt: Duration,
        patience: Duration,
        budget: Duration,
    ) -> PartialReading {
        let mut seen = Vec::new();
        let answered = || self.progress.answered.load(Ordering::Relaxed);
        let before = answered();
        let outcome = {
            let mut reading = Box::pin(describe_events(
                self.clients,
                endpoint,
                attempt,
                patience < budget,
                self.requests,
                self.progress,
                &mut seen,
            ));
            match tokio::time::timeout(patience, &mut reading).await {
                Err(_) if answered() > before => {
                    tokio::time::timeout(budget.saturating_sub(patience), &mut reading)
                        .await
                        .map_err(|_| budget)
                }
                outcome => outcome.map_err(|_| patience),
            }
        };
        let (unread, is_endpoints_fault) = match outcome {
            Ok(Ok(())) => (None, false),
            Ok(Err(failure)) => (Some(failure.unread), failure.is_endpoints_fault),
            Err(waited) => {
                let detail = match waited.as_secs_f64() {
                    0.0 => "the invocation had no time left to ask".to_owned(),
                    seconds => format!("the gate waited {seconds:.1} s"),
                };
                let cause = UnknownCause::TimedOut;
                (Some(Unread { cause, detail }), true)
            }
        };
        PartialReading {
            seen,
            unread,
            is_endpoints_fault,
        }
    }
}
