//! A terminal with a program at it: what the program shows there, and a person who answers its question.

use std::io::{Read as _, Write as _};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::command::redacted;
use crate::program::PATIENCE;

/// Runs a program at a terminal of so many columns. The first question is answered with these keys.
pub(crate) async fn run(command: CommandBuilder, columns: u16, keys: &'static str) -> Shown {
    let program = format!("{:?}", command.get_argv());
    let size = PtySize {
        cols: columns,
        rows: 50,
        ..PtySize::default()
    };
    let terminal = native_pty_system()
        .openpty(size)
        .expect("there are terminals");
    let mut child = terminal
        .slave
        .spawn_command(command)
        .expect("the program is built");
    // The output ends when nobody has the other side any more.
    drop(terminal.slave);
    let mut killer = child.clone_killer();
    let mut output = terminal.master.try_clone_reader().expect("it is read once");
    let mut input = terminal.master.take_writer().expect("it is written once");
    let work = tokio::task::spawn_blocking(move || {
        let mut raw = Vec::new();
        let mut chunk = [0; 4096];
        let mut keys = Some(keys).filter(|keys| !keys.is_empty());
        loop {
            let count = output.read(&mut chunk).expect("a terminal can be read");
            let Some(read) = chunk.get(..count).filter(|read| !read.is_empty()) else {
                break;
            };
            raw.extend_from_slice(read);
            let is_asked = String::from_utf8_lossy(&raw).contains("[y/N]");
            if let Some(keys) = keys.take_if(|_| is_asked) {
                input
                    .write_all(keys.as_bytes())
                    .expect("somebody reads at the other side");
            }
        }
        let code = child.wait().expect("it can be waited for").exit_code();
        let raw = String::from_utf8(raw).expect("the output is text");
        Shown { code, raw }
    });
    // A thread cannot be given up: what it reads from has to end.
    let Ok(shown) = tokio::time::timeout(PATIENCE, work).await else {
        killer.kill().expect("it can be killed");
        panic!("the command ends within two minutes: {program}");
    };
    shown.expect("the terminal's thread ends")
}

/// What a terminal got.
pub(crate) struct Shown {
    pub(crate) code: u32,
    /// With all that moves the cursor and colours.
    pub(crate) raw: String,
}

impl Shown {
    /// What stays on the screen: without colours, and of what was drawn over, the last.
    pub(crate) fn screen(&self) -> String {
        let plain = anstream::adapter::strip_str(&self.raw).to_string();
        let lines = plain.lines().map(|line| {
            let line = line.trim_end_matches('\r');
            line.rsplit('\r').next().unwrap_or_default()
        });
        let lines: Vec<&str> = lines.collect();
        redacted(&lines.join("\n"))
    }

    /// Everything that was shown at some time.
    pub(crate) fn flashes(&self) -> String {
        redacted(&anstream::adapter::strip_str(&self.raw).to_string())
    }
}
