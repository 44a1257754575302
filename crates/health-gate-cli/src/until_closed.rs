//! Standard output that somebody may stop reading.

use std::io::{self, Write};

/// Writes as long as somebody reads: what nobody reads any more is no error, so that the exit code still says what came of it.
pub(crate) struct UntilClosed<W> {
    inner: W,
    is_closed: bool,
}

impl<W: Write> UntilClosed<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            is_closed: false,
        }
    }

    /// What fails when nobody reads.
    pub(crate) fn inner(&mut self) -> &mut W {
        &mut self.inner
    }

    fn unless_closed(&mut self, written: io::Result<()>) -> io::Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(())
            }
            written => written,
        }
    }
}

impl<W: Write> Write for UntilClosed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_closed {
            let written = self.inner.write_all(bytes);
            self.unless_closed(written)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let flushed = self.inner.flush();
        self.unless_closed(flushed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails with this kind of error.
    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn only_a_closed_pipe_is_no_error() {
        let mut closed = UntilClosed::new(Broken(io::ErrorKind::BrokenPipe));
        assert!(writeln!(closed, "blocked").is_ok() && closed.flush().is_ok());
        let mut full = UntilClosed::new(Broken(io::ErrorKind::StorageFull));
        assert!(writeln!(full, "blocked").is_err() && full.flush().is_err());
        let mut read = UntilClosed::new(Vec::new());
        assert!(write!(read, "blocked").is_ok());
        assert_eq!(read.inner, b"blocked");
    }
}
