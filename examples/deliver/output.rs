//! What B writes, compared with what A read as it is written: exact, and without a second copy in memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use crate::failure::Failure;
use crate::input::Input;
use crate::options::Options;

/// Where the lines go.
pub(crate) struct Output<'a> {
    what: String,
    writer: BufWriter<Box<dyn Write + Send>>,
    /// What has not been written yet; only compared with, never written.
    expected: &'a [u8],
    differs: bool,
}

impl<'a> Output<'a> {
    /// Opens `--output` or standard output.
    pub(crate) fn open(options: &Options, input: &'a Input) -> Result<Self, Failure> {
        let (what, writer): (_, Box<dyn Write + Send>) = match &options.output {
            Some(path) => {
                let what = path.display().to_string();
                match File::create(path) {
                    Ok(file) => (what, Box::new(file)),
                    Err(source) => return Err(Failure::Write { what, source }),
                }
            }
            None => ("standard output".to_string(), Box::new(io::stdout())),
        };
        Ok(Self { what, writer: BufWriter::new(writer), expected: input.bytes(), differs: false })
    }

    pub(crate) fn write(&mut self, line: &[u8]) -> Result<(), Failure> {
        match self.expected.strip_prefix(line) {
            Some(rest) => self.expected = rest,
            None => self.differs = true,
        }
        self.writer.write_all(line).map_err(|source| self.failure(source))
    }

    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.writer.flush().map_err(|source| self.failure(source))
    }

    /// Whether all that was written is what was expected, as far as it goes.
    pub(crate) fn is_right(&self) -> bool {
        !self.differs
    }

    /// Whether everything was written, and nothing else.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_right() && self.expected.is_empty()
    }

    fn failure(&self, source: io::Error) -> Failure {
        Failure::Write { what: self.what.clone(), source }
    }
}
