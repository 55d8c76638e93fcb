//! The input: bytes cut into lines, each with its own line ending, so that all of them together are the input again.
//!
//! It is read to its end first. A line that fits in no datagram must be named before anything is sent, and standard
//! input can be read only once.

use std::fs;
use std::io::{self, IsTerminal, Read};

use crate::failure::Failure;
use crate::options::Options;
use crate::wire::PAYLOAD_LIMIT;

/// What is to be delivered.
#[derive(Debug)]
pub(crate) struct Input {
    bytes: Vec<u8>,
}

impl Input {
    /// Reads FILE, or standard input, or takes the built-in text when there is neither.
    pub(crate) fn read(options: &Options) -> Result<Self, Failure> {
        let stdin = io::stdin();
        let (what, read) = match &options.file {
            Some(path) => (path.display().to_string(), fs::read(path)),
            None if stdin.is_terminal() => ("the built-in text".to_string(), Ok(BUILT_IN.to_vec())),
            None => {
                let mut bytes = Vec::new();
                let read = stdin.lock().read_to_end(&mut bytes).map(|_| bytes);
                ("standard input".to_string(), read)
            }
        };
        Self::new(read.map_err(|source| Failure::Read { what, source })?)
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
