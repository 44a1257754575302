//! How large what is deployed is.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// Bytes of a file, as it is and as a zip file has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) plain: u64,
    pub(crate) zipped: u64,
}

impl Size {
    pub(crate) async fn of(file: &Path) -> io::Result<Self> {
        let name_it =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
        let plain = std::fs::metadata(file).map_err(name_it)?.len();
        // A zip file's compression, at the level that zip tools and Python's zipfile use.
        let zipped = Command::new("gzip")
            .args(["-6", "--stdout"])
            .stdin(File::open(file).map_err(name_it)?)
            .stderr(Stdio::inherit())
            .output()
            .await?;
        Ok(Self {
            plain,
            zipped: u64::try_from(zipped.stdout.len()).unwrap_or(u64::MAX),
        })
    }
}
