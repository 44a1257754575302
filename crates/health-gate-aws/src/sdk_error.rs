//! The text of an SDK error. Its `Display` says "service error" and no more; what happened is in its sources.

use std::error::Error;

/// The error and all its sources, from the outside in: `dispatch failure: io error: connection refused`.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        // Many wrappers repeat what they wrap.
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        source = error.source();
    }
    texts.join(": ")
}
