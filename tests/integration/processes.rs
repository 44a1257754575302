//! The functions' programs, unmodified, on bad days: killed between any two calls, with little memory, with nobody who reads what
//! they print, and with texts that somebody has written to harm them. `.ci/run` prints what these tests count.
#![expect(clippy::print_stdout, reason = "the counts are for reading")]

mod hostile;
mod kills;
mod memory;
