//! Instructions, counted by callgrind: the same however busy the machine is.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::aws::{Aws, Way};
use crate::function::{Function, Subject};

/// Instructions of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instructions {
    /// From the start of the process until it waits for an event, with AWS in plain HTTP.
    pub(crate) init_plain: u64,
    /// The same with TLS, and with everything that the function does ahead of an event.
    pub(crate) init: u64,
    /// Of the first invocation, over TLS: what has to be connected for it that was not connected before is in it.
    pub(crate) first: u64,
    /// Of an invocation after it.
    pub(crate) warm: u64,
}

/// Invocations that a figure of warm ones is the mean of.
const WARM: u64 = 10;

/// What one function may call for.
pub(crate) const EVENTS: usize = 2 + WARM as usize;

impl Instructions {
    /// Counts those of a subject: processes that do the same, and one more thing each.
    pub(crate) async fn count(subject: &Subject, aws: &mut Aws, folder: &Path) -> io::Result<Self> {
        let init_plain = total(subject, aws, Way::Plain, folder, 0).await?;
        let init = total(subject, aws, Way::Tls, folder, 0).await?;
        let one = total(subject, aws, Way::Tls, folder, 1).await?;
        let many = total(subject, aws, Way::Tls, folder, 1 + WARM).await?;
        Ok(Self {
            init_plain,
            init,
            first: one.saturating_sub(init),
            warm: many.saturating_sub(one) / WARM,
        })
    }
}

async fn total(
    subject: &Subject,
    aws: &mut Aws,
    way: Way,
    folder: &Path,
    invocations: u64,
) -> io::Result<u64> {
    let mut out = OsString::from("--callgrind-out-file=");
    out.push(folder.join("callgrind.out"));
    let valgrind = ["valgrind".into(), "--tool=callgrind".into(), out];
    let mut function = Function::start(subject, aws, way, &valgrind).await?;
    function.asks().await;
    for _ in 0..invocations {
        function.invoke(aws).await;
    }
    function.usage().await?;
    let said = function.end().await?;
    let total = said.lines().find_map(|line| {
        let (_, number) = line.split_once("Collected :")?;
        number.trim().parse().ok()
    });
    total.ok_or_else(|| io::Error::other(format!("valgrind says no total: {said}")))
}
