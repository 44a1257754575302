//! By which names a command knows gates.

use clap::Args;
use health_gate::{GateFunctions, GateNames, Wildcards};

/// How gates are known.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Gates")]
pub(crate) struct GateArguments {
    /// The functions that are gates, as in GATE_FUNCTION_NAME: names with commas between them, `*` allowed.
    #[arg(
        long = "gate-function",
        value_name = "NAME,…",
        default_value = "pipeline-gate"
    )]
    functions: String,
    /// The actions that are gates where a template leaves open which function they invoke; `*` allowed.
    #[arg(
        long = "gate-action",
        value_name = "NAME,…",
        default_value = "HealthGate"
    )]
    actions: String,
}

impl GateArguments {
    /// The names.
    pub(crate) fn names(&self) -> GateNames {
        GateNames {
            functions: self.functions(),
            actions: Wildcards::from_list(&self.actions),
        }
    }

    /// The functions.
    pub(crate) fn functions(&self) -> GateFunctions {
        GateFunctions::from_list(&self.functions)
    }
}
