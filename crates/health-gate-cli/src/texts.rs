//! What the command makes of a file's text, without the file around it: for what tries many texts.

use health_gate::{
    AccountPolicy, Backtest, GateFunctions, GateNames, Policy, Region, Wildcards, Window,
};

use crate::backtest::history;
use crate::backtest::page::{self, About};
use crate::definition;
use crate::definition::checks::Checks;
use crate::output::print_json;
use crate::{backtest, validate};

/// What `validate` prints of a pipeline's definition, as text and as JSON.
///
/// # Errors
/// Why it is no definition, for people.
pub fn validate(text: &str, region: &Region) -> Result<(String, String), String> {
    let definitions = definition::read(text).map_err(|error| error.to_string())?;
    let checks = Checks {
        names: &GateNames {
            functions: GateFunctions::from_list("pipeline-gate"),
            actions: Wildcards::from_list("HealthGate"),
        },
        account: &AccountPolicy::default(),
        region,
    };
    let checked = checks.of(definitions);
    let (mut as_text, mut as_json) = (Vec::new(), Vec::new());
    validate::print(&checked, &mut as_text).map_err(|error| error.to_string())?;
    print_json(&mut as_json, &checked).map_err(|error| error.to_string())?;
    Ok((lossy(&as_text), lossy(&as_json)))
}

/// What `backtest` prints of a file of events, and its page.
///
/// # Errors
/// Why these are no events, for people.
pub fn backtest(text: &str, policy: &Policy, window: Window) -> Result<(String, String), String> {
    let events = history::parse(text).map_err(|error| format!("{error:#}"))?;
    let backtest = Backtest::of(policy, &events, window);
    let mut as_text = Vec::new();
    backtest::text::print(&backtest, "a text", &mut as_text).map_err(|error| error.to_string())?;
    let about = About {
        policy: serde_json::to_string_pretty(policy).map_err(|error| error.to_string())?,
        source: "a text".to_owned(),
        made_at: window.until,
    };
    let page = page::page(&backtest, &about).map_err(|error| error.to_string())?;
    Ok((lossy(&as_text), page))
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
