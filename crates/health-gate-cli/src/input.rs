//! Reads what people hand to the command: a file, or standard input.

use std::io::{self, Read};

use anyhow::{Context as _, Result, ensure};

use crate::exit_code::WrongUsage;

/// No file that the command reads is longer: 64 MB.
const LONGEST: u64 = 64 << 20;

/// The text of a file; `-` is standard input. `what` it is, with an article, is for errors.
///
/// # Errors
/// If it cannot be read, is no UTF-8, or is longer than anything that is meant to be read.
pub(crate) fn text(file: &str, what: &str) -> Result<String> {
    if file == "-" {
        return bounded(io::stdin(), "standard input")
            .with_context(|| format!("cannot read {what} from standard input"));
    }
    let opened = std::fs::File::open(file).map_err(anyhow::Error::from);
    opened
        .and_then(|opened| bounded(opened, file))
        .with_context(|| format!("cannot read {what} from {file}"))
}

fn bounded(input: impl Read, name: &str) -> Result<String> {
    let mut text = String::new();
    input.take(LONGEST + 1).read_to_string(&mut text)?;
    ensure!(
        text.len() as u64 <= LONGEST,
        WrongUsage(format!(
            "{name} is longer than {} MB, which nothing is that belongs here",
            LONGEST >> 20
        ))
    );
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_is_refused_and_never_cut() {
        let text = |length| bounded(io::repeat(b'x').take(length), "a file");
        assert_eq!(text(LONGEST).expect("it fits").len() as u64, LONGEST);
        let error = text(LONGEST + 1).expect_err("a byte too many");
        assert!(error.to_string().contains("longer than 64 MB"), "{error}");
        assert!(bounded(&b"\xff"[..], "a file").is_err());
    }
}
