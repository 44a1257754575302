//! Texts that come from elsewhere, as they are shown: whoever wrote them, they stay on one line and show all of themselves.

/// What [`shown`] shows of a text, in characters.
const SHOWN: usize = 80;

/// On one line, each invisible character a space: what comes from elsewhere may hold line breaks, which would forge lines of
/// ours, and marks that make text read as what it is not.
pub fn one_line(text: &str) -> String {
    text.replace(is_invisible, " ")
}

/// Control characters, and those of Unicode that break lines, have no width, or turn the direction of what follows: what a
/// reader does not see, or what makes other text look different.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
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
        ] {
            assert_eq!(one_line(text), line);
        }
    }

    #[test]
    fn a_value_is_shown_as_far_as_a_line_goes() {
        assert_eq!(shown("a\nb"), "`a b`");
        assert_eq!(shown(&"é".repeat(80)), format!("`{}`", "é".repeat(80)));
        assert_eq!(shown(&"é".repeat(81)), format!("`{}…`", "é".repeat(80)));
    }
}
