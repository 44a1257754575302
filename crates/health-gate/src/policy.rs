//! Which events of AWS Health count for a deployment.

use crate::event::{Event, EventCategory};
use crate::region::Region;

/// The rules of one gate action, from its `UserParameters`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Events of exactly these regions count. Not empty.
    pub regions: Vec<Region>,
}

impl Policy {
    /// The policy of an action without `UserParameters`: the gate's own region, and `global`.
    pub fn of_region(own_region: &Region) -> Self {
        Self {
            regions: vec![own_region.clone(), Region::global()],
        }
    }

    /// Whether an event counts at all. Region and category are checked although AWS Health was asked for
    /// them: it has been seen to return others.
    pub fn matches(&self, event: &Event) -> bool {
        let region = event.region.as_deref();
        let region_counts =
            region.is_none_or(|region| self.regions.iter().any(|r| r.as_str() == region));
        region_counts && matches!(event.category, Some(EventCategory::Issue) | None)
    }
}
