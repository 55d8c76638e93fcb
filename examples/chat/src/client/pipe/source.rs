//! The lines to send: from standard input, or from a file and an offset in it.
//!
//! A line carries the offset behind it. Whoever stores that in the transaction that takes the line goes on exactly there
//! after a kill: no line twice, none left out.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::sync::mpsc;

use crate::MAX_TEXT;

/// Lines read ahead.
const AHEAD: usize = 64;
/// How often to look whether a followed file has grown.
const LOOK: Duration = Duration::from_millis(50);

/// Lines, as they can be read.
#[derive(Debug)]
pub struct Source {
    lines: mpsc::Receiver<Result<Line>>,
    waiting: VecDeque<Line>,
    ended: bool,
}

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub text: Arc<str>,
    /// The offset of what follows it.
    pub end: u64,
}

impl Source {
    /// Reads standard input.
    #[must_use]
    pub fn stdin() -> Self {
        Self::read(BufReader::new(std::io::stdin()), 0, false)
    }

    /// Reads a file from `offset` on; with `follow`, waits at its end for more.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or is shorter than what was already sent of it.
    pub fn file(path: &Path, offset: u64, follow: bool) -> Result<Self> {
        let open = || {
            let mut file = File::open(path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(offset))?;
            std::io::Result::Ok((file, length))
        };
        let (file, length) = open().with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(length >= offset, "{} is shorter than the {offset} bytes that were sent of it", path.display());
        Ok(Self::read(BufReader::new(file), offset, follow))
    }

    /// Reads on a thread of its own, a little ahead: neither standard input nor a file can be waited for otherwise.
    fn read(reader: impl BufRead + Send + 'static, offset: u64, follow: bool) -> Self {
        let (sender, lines) = mpsc::channel(AHEAD);
        thread::spawn(move || {
            let mut reader = Reader { reader, offset, follow, line: Vec::new() };
            while let Some(line) = reader.next().transpose() {
                let failed = line.is_err();
                if sender.blocking_send(line).is_err() || failed {
                    return;
                }
            }
        });
        Self { lines, waiting: VecDeque::new(), ended: false }
    }

    /// Waits until there are lines, or their end. Dropping the future loses nothing.
    ///
    /// # Errors
    ///
    /// They cannot be read, or a line cannot be sent.
    pub async fn fill(&mut self) -> Result<()> {
        match self.lines.recv().await {
            Some(line) => self.waiting.push_back(line?),
            None => self.ended = true,
        }
        while let Ok(line) = self.lines.try_recv() {
            self.waiting.push_back(line?);
        }
        Ok(())
    }

    /// The lines that were read and not taken.
    pub fn waiting(&mut self) -> &mut VecDeque<Line> {
        &mut self.waiting
    }

    /// Whether everything was read; some of it may still be waiting.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.ended
    }
}

struct Reader<R> {
    reader: R,
    offset: u64,
    follow: bool,
    line: Vec<u8>,
}

impl<R: BufRead> Reader<R> {
    /// The next line. At the end of a followed file it waits; at any other, what has no newline is a line too.
    fn next(&mut self) -> Result<Option<Line>> {
        loop {
            let limit = (MAX_TEXT + 1).saturating_sub(self.line.len());
            let mut part = Read::take(&mut self.reader, u64::try_from(limit).unwrap_or(u64::MAX));
            let count = part.read_until(b'\n', &mut self.line).context("cannot read the lines to send")?;
            let complete = self.line.last() == Some(&b'\n');
            if !complete && self.line.len() > MAX_TEXT {
                bail!("the line at offset {} is longer than {MAX_TEXT} bytes", self.offset);
            }
            if !complete && self.follow {
                thread::sleep(LOOK);
                continue;
            }
            if !complete && count > 0 {
                continue; // perhaps the end: the next read says so
            }
            if self.line.is_empty() {
                return Ok(None);
            }
            let end = self.offset + self.line.len() as u64;
            if complete {
                self.line.pop();
            }
            let Ok(text) = std::str::from_utf8(&self.line) else {
                bail!("the line at offset {} is not UTF-8", self.offset)
            };
            let line = Line { text: text.into(), end };
            self.offset = end;
            self.line.clear();
            return Ok(Some(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Result<Vec<(String, u64)>> {
        let mut reader = Reader { reader: bytes, offset: 0, follow: false, line: Vec::new() };
        let mut lines = Vec::new();
        while let Some(line) = reader.next()? {
            lines.push((line.text.to_string(), line.end));
        }
        Ok(lines)
    }

    #[test]
    fn a_line_ends_at_its_newline_or_at_the_end() {
        let expected = [("a", 2), ("", 3), ("b\r", 6), ("ü", 8)].map(|(text, end)| (text.to_owned(), end));
        assert_eq!(lines("a\n\nb\r\nü".as_bytes()).unwrap(), expected);
        assert_eq!(lines(b"").unwrap(), []);
    }

    #[test]
    fn the_longest_line_fits_and_one_byte_more_does_not() {
        let mut longest = vec![b'x'; MAX_TEXT];
        longest.push(b'\n');
        assert_eq!(lines(&longest).unwrap()[0].1, MAX_TEXT as u64 + 1);
        longest.insert(0, b'x');
        let error = lines(&longest).unwrap_err();
        assert_eq!(error.to_string(), format!("the line at offset 0 is longer than {MAX_TEXT} bytes"));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_place() {
        assert_eq!(lines(b"good\n\xff\n").unwrap_err().to_string(), "the line at offset 5 is not UTF-8");
    }
}
