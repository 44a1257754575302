//! The words that a policy takes.

use super::form::Word;
use super::{OnIncident, OnRollback, OnUnknown, Retry};
use crate::event::{EventCategory, EventScope};

impl Word for OnIncident {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("fail", Self::Fail),
        ("hold", Self::Hold),
        ("warn", Self::Warn),
    ];
}

impl Word for OnUnknown {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("fail", Self::Fail),
        ("hold", Self::Hold),
        ("pass", Self::Pass),
    ];
}

impl Word for OnRollback {
    const WORDS: &'static [(&'static str, Self)] = &[("pass", Self::Pass), ("check", Self::Check)];
}

impl Word for Retry {
    const WORDS: &'static [(&'static str, Self)] = &[("auto", Self::Auto), ("never", Self::Never)];
}

impl Word for EventCategory {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("issue", Self::Issue),
        ("scheduledChange", Self::ScheduledChange),
        ("accountNotification", Self::AccountNotification),
    ];

    fn hint(text: &str) -> Option<String> {
        (text == "investigation")
            .then(|| "AWS Health lists this category and does not support it".to_owned())
    }
}

impl Word for EventScope {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("PUBLIC", Self::Public),
        ("ACCOUNT_SPECIFIC", Self::AccountSpecific),
        ("NONE", Self::None),
    ];
}
