//! CodePipeline's limits, in bytes: the API counts characters, of which there are never more than bytes.

/// `executionDetails.summary`.
pub(super) const SUMMARY_BYTES: usize = 2_048;
/// `failureDetails.message`.
pub(super) const MESSAGE_BYTES: usize = 5_000;
/// One line of the message: no single one takes more of it, whatever AWS or a person wrote into it.
pub(super) const LINE_BYTES: usize = 800;
/// One output variable. CodePipeline allows 122,880 bytes for all; a later action's configuration value, in
/// which a variable is put, takes 1,000 characters.
pub(super) const VARIABLE_BYTES: usize = 900;

const ELLIPSIS: &str = "…";

/// The text, or as much of its beginning as fits, with an ellipsis. Never cuts inside a character.
pub fn cut(mut text: String, most_bytes: usize) -> String {
    if text.len() > most_bytes {
        text.truncate(text.floor_char_boundary(most_bytes - ELLIPSIS.len()));
        text.push_str(ELLIPSIS);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_only_if_it_does_not_fit_and_never_inside_a_character() {
        for (text, most, cut_to) in [
            ("0123456789", 10, "0123456789"),
            ("0123456789a", 10, "0123456…"),
            ("01234é6789a", 10, "01234é…"),
            ("012345é789a", 10, "012345…"),
        ] {
            assert_eq!(cut(text.to_owned(), most), cut_to);
        }
    }
}
