//! The input: bytes cut into lines, each with its own line ending, so that all of them together are the input again.
//!
//! It is FILE, or standard input, or the built-in text: that stands in where no FILE is named and standard input is a
//! terminal or has nothing on it. FILE is delivered as it is, also when it is empty, and so is standard input when FILE
//! is `-`.
//!
//! It is read to its end first. A line that fits in no datagram must be named before anything is sent, and standard
//! input can be read only once.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::time::Duration;

use crate::failure::Failure;
use crate::options::Options;
use crate::patience;
use crate::say::say;
use crate::wire::PAYLOAD_LIMIT;

/// What is to be delivered.
#[derive(Debug)]
pub(crate) struct Input {
    bytes: Vec<u8>,
}

impl Input {
    /// Reads what the command line asks for.
    pub(crate) fn read(options: &Options) -> Result<Self, Failure> {
        let (stdin, typed) = (|| Ok(io::stdin()), io::stdin().is_terminal());
        let given = match &options.file {
            Some(path) if path.as_os_str() == "-" => {
                Some(read("standard input", if typed { CTRL_D } else { "" }, stdin)?)
            }
            Some(path) => Some(read(&path.display().to_string(), "", || File::open(path))?),
            None if typed => None,
            None => Some(read("standard input", DEV_NULL, stdin)?).filter(|bytes| !bytes.is_empty()),
        };
        Self::new(given.unwrap_or_else(|| {
            say("no FILE and nothing on standard input: delivering the built-in text");
            BUILT_IN.to_vec()
        }))
    }

    fn new(bytes: Vec<u8>) -> Result<Self, Failure> {
        let input = Self { bytes };
        let too_long = input.lines().enumerate().find(|(_, line)| line.len() > PAYLOAD_LIMIT);
        if let Some((index, line)) = too_long {
            return Err(Failure::TooLong { line: index + 1, length: line.len(), limit: PAYLOAD_LIMIT });
        }
        Ok(input)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The lines, each with the bytes that end it; the last may have none.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.split_inclusive(|byte| *byte == b'\n')
    }

    /// The length of a line on average; 0 when there is none.
    pub(crate) fn average(&self) -> usize {
        self.bytes.len().checked_div(self.lines().count()).unwrap_or(0)
    }
}

/// Reads to the end and says what is waited for when that takes long; `hint` helps who did not mean to give anything.
fn read<R: Read>(what: &str, hint: &str, open: impl FnOnce() -> io::Result<R>) -> Result<Vec<u8>, Failure> {
    let tell = |bytes| match bytes {
        0 => say(format_args!("waiting for {what}: nothing so far{hint}")),
        1 => say(format_args!("waiting for the end of {what}: 1 byte so far")),
        _ => say(format_args!("waiting for the end of {what}: {bytes} bytes so far")),
    };
    patience::read(open, PATIENCE, tell).map_err(|source| Failure::Read { what: what.to_string(), source })
}

const CTRL_D: &str = " (Ctrl-D ends it)";
const DEV_NULL: &str = " (the built-in text comes with </dev/null)";
/// After how long the user is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
const BUILT_IN: &[u8] = include_bytes!("text.txt");

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
        Input::new(bytes.to_vec()).expect("every line is short").lines().map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn a_line_keeps_the_bytes_that_end_it() {
        assert_eq!(lines(b"a\n\r\n\nb\r\n\xff\x00"), [&b"a\n"[..], b"\r\n", b"\n", b"b\r\n", b"\xff\x00"]);
    }

    #[test]
    fn an_empty_input_has_no_line_and_a_lone_newline_has_one() {
        assert!(lines(b"").is_empty());
        assert_eq!(lines(b"\n"), [b"\n"]);
    }

    #[test]
    fn all_lines_together_are_the_input() {
        for bytes in [&b""[..], b"\n\n", b"no end", b"a\rb\n\nc", BUILT_IN] {
            assert_eq!(lines(bytes).concat(), bytes);
        }
    }

    #[test]
    fn a_line_at_the_limit_passes_and_one_byte_more_is_named() {
        let mut bytes = b"short\n".to_vec();
        bytes.resize(bytes.len() + PAYLOAD_LIMIT, b'x');
        assert_eq!(lines(&bytes).len(), 2);
        bytes.push(b'x');
        let failure = Input::new(bytes).unwrap_err().to_string();
        assert!(failure.contains("line 2 ") && failure.contains(&PAYLOAD_LIMIT.to_string()), "{failure}");
    }
}
