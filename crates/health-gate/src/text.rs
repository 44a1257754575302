//! Texts that come from elsewhere, as they are shown: whoever wrote them, they stay on one line and show all of themselves.

use std::borrow::Cow;

use crate::report::cut;

/// What [`shown`] shows of a text, in characters.
const SHOWN: usize = 80;
/// What [`one_short_line`] keeps of a text.
const SHORT_BYTES: usize = 1_000;

/// On one line, each invisible character a space: what comes from elsewhere may hold line breaks, which would forge lines of
/// ours, and marks that make text read as what it is not.
pub fn one_line(text: &str) -> String {
    text.replace(is_invisible, " ")
}

/// A foreign text on one line, at most 1,000 bytes of it. AWS's own error texts have some hundred;
/// a log line or a message of 256 KB, which is all that CloudWatch and SNS take, would be lost with
/// everything else that it says.
pub fn one_short_line(text: &str) -> String {
    cut(one_line(text), SHORT_BYTES)
}

/// As JSON escapes it, each invisible character as `\u202e`: a text of JSON stays what it is, and any other shows what it has.
pub fn escaped(text: &str) -> Cow<'_, str> {
    // Most texts are plain ASCII; each log line is one.
    let is_plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if is_plain || !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_invisible(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Control characters, those that break lines or turn the direction of what follows, and those that nobody sees (Unicode's
/// `Default_Ignorable_Code_Point`, and blanks that are no spaces): what a reader does not notice, or what makes other text look
/// different.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        )
}

/// As an error shows a value: quoted, on one line, not longer than a line.
pub fn shown(value: &str) -> String {
    let mut line: String = value.chars().take(SHOWN).collect();
    if value.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    format!("`{}`", one_line(&line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_a_space() {
        for (text, line) in [
            ("EC2 in us-east-1: “é” 日本", "EC2 in us-east-1: “é” 日本"),
            ("a\r\nb\tc\u{1b}[31md\u{7f}e\u{85}f", "a  b c [31md e f"),
            (
                "a\u{2028}b\u{202e}c\u{2066}d\u{200b}e\u{feff}f\u{e0041}g",
                "a b c d e f g",
            ),
            // Blanks that are letters, and selectors that may carry a text of their own.
            (
                "a\u{3164}b\u{115f}c\u{2800}d\u{fe0f}e\u{e0101}f\u{34f}g",
                "a b c d e f g",
            ),
        ] {
            assert_eq!(one_line(text), line);
        }
    }

    #[test]
    fn what_is_escaped_is_the_same_json() {
        let text = "a\u{202e}b\u{e0101}c";
        let json = serde_json::Value::from(text).to_string();
        assert_eq!(escaped(&json), r#""a\u202eb\udb40\udd01c""#);
        let read: String = serde_json::from_str(&escaped(&json)).expect("JSON");
        assert_eq!(read, text);
        assert!(matches!(escaped("“é” 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_value_is_shown_as_far_as_a_line_goes() {
        assert_eq!(shown("a\nb"), "`a b`");
        assert_eq!(shown(&"é".repeat(80)), format!("`{}`", "é".repeat(80)));
        assert_eq!(shown(&"é".repeat(81)), format!("`{}…`", "é".repeat(80)));
    }
}
