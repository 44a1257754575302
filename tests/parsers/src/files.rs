//! Files that people hand to the command.

use health_gate::{Policy, Window, is_invisible};
use health_gate_cli::texts;

use crate::{NOW, assert_one_line, own_region};

/// A pipeline's definition.
pub(crate) fn definition(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match texts::validate(&text, &own_region()) {
        Err(error) => assert_one_line(&error, 2_000),
        Ok((text, json)) => {
            assert_lines(&text);
            let _: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        }
    }
}

/// Events of AWS Health.
pub(crate) fn history(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let policy = Policy::of_region(&own_region());
    if let Ok((text, page)) = texts::backtest(&text, &policy, Window::of_days(90, NOW)) {
        assert_lines(&text);
        assert_lines(&page);
    }
}

/// Lines that show all of themselves, in the styles that are the command's own.
fn assert_lines(text: &str) {
    const STYLES: [&str; 8] = ["0", "1", "2", "4", "31", "32", "33", "36"];
    let mut text = text.to_owned();
    for style in STYLES {
        text = text.replace(&format!("\u{1b}[{style}m"), "");
    }
    let hidden = text.find(|c| c != '\n' && is_invisible(c));
    assert_eq!(hidden, None, "{text}");
}
