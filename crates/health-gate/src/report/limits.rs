//! CodePipeline's limits, in bytes: the API counts characters, of which there are never more than bytes.

/// `executionDetails.summary`.
pub(super) const SUMMARY_BYTES: usize = 2_048;
/// `failureDetails.message`.
pub(super) const MESSAGE_BYTES: usize = 5_000;
/// One output variable. CodePipeline allows 122,880 bytes for all; a later action's configuration value, in
/// which a variable is put, takes 1,000 characters.
pub(super) const VARIABLE_BYTES: usize = 900;

const ELLIPSIS: &str = "…";

/// The text, or as much of its beginning as fits, with an ellipsis. Never cuts inside a character.
pub(super) fn cut(mut text: String, most_bytes: usize) -> String {
    if text.len() > most_bytes {
        text.truncate(text.floor_char_boundary(most_bytes - ELLIPSIS.len()));
        text.push_str(ELLIPSIS);
    }
    text
}
