//! What the functions may be: a size, and instructions that grow only in a commit that says why.

use std::collections::BTreeMap;
use std::env::consts::ARCH;

use serde::{Deserialize, Serialize};

use crate::instructions::Instructions;

/// The committed figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Budget {
    /// The largest that a program may be, in bytes, for each processor.
    pub(crate) bytes: u64,
    /// What each function was counted at, by processor.
    pub(crate) instructions: BTreeMap<String, BTreeMap<String, Instructions>>,
}

/// Instructions vary a little: hash maps are seeded at random, and answers arrive in other pieces.
const GROWTH: f64 = 1.10;

impl Budget {
    /// What is over the budget of a program's size.
    pub(crate) fn size(&self, name: &str, bytes: u64) -> Option<String> {
        (bytes > self.bytes).then(|| {
            format!(
                "{name} has {bytes} bytes; `bytes` in tests/footprint/budget.json allows {}",
                self.bytes
            )
        })
    }

    /// Puts what was counted in the place of what was committed.
    pub(crate) fn commit(&mut self, name: &str, counted: Instructions) {
        let functions = self.instructions.entry(ARCH.to_owned()).or_default();
        functions.insert(name.to_owned(), counted);
    }

    /// What has grown too much since the figures were committed.
    pub(crate) fn growth(&self, name: &str, counted: &Instructions) -> Vec<String> {
        let of_processor = self.instructions.get(ARCH);
        let Some(committed) = of_processor.and_then(|functions| functions.get(name)) else {
            return vec![format!(
                "{name} has no committed figures for {ARCH}: `.ci/footprint commit` writes them"
            )];
        };
        let figures = [
            ("init, plain HTTP", counted.init_plain, committed.init_plain),
            ("init, TLS", counted.init, committed.init),
            ("first invocation", counted.first, committed.first),
            ("warm invocation", counted.warm, committed.warm),
        ];
        let grown = figures
            .into_iter()
            .filter(|(_, now, then)| *now as f64 > *then as f64 * GROWTH);
        grown
            .map(|(what, now, then)| {
                format!("{name}, {what}: {now} instructions, committed are {then}, and 10 % more are allowed; what has to be so: `.ci/footprint commit`, in a commit that says why")
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_the_budget_is_said() {
        let committed = Instructions {
            init_plain: 1_000,
            init: 1_000,
            first: 1_000,
            warm: 1_000,
        };
        let mut budget = Budget {
            bytes: 100,
            instructions: BTreeMap::new(),
        };
        budget.commit("gate", committed);
        assert_eq!(budget.size("gate", 100), None);
        assert_eq!(
            budget.size("gate", 101).as_deref(),
            Some("gate has 101 bytes; `bytes` in tests/footprint/budget.json allows 100")
        );
        let grown = Instructions {
            init_plain: 7,
            init: 1_100,
            first: 1_101,
            warm: 2,
        };
        assert_eq!(
            budget.growth("gate", &grown),
            [
                "gate, first invocation: 1101 instructions, committed are 1000, and 10 % more are allowed; what has to be so: `.ci/footprint commit`, in a commit that says why"
            ]
        );
        assert_eq!(
            budget.growth("retry", &grown),
            [format!(
                "retry has no committed figures for {ARCH}: `.ci/footprint commit` writes them"
            )]
        );
    }
}
