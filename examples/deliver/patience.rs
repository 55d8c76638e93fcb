//! Input may take its time, but not in silence: when its end is long in coming, the user is told what is waited for.

use std::io::{self, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Opens and reads to the end; if that takes longer than `patience`, calls `tell` once with the number of bytes so far.
///
/// Opening counts too: a named pipe opens only when somebody writes to it.
pub(crate) fn read<R: Read>(
    open: impl FnOnce() -> io::Result<R>,
    patience: Duration,
    tell: impl FnOnce(usize) + Send,
) -> io::Result<Vec<u8>> {
    let so_far = &AtomicUsize::new(0);
    let (reading, end) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            // Nothing is ever sent; dropping `reading` is the signal.
            if end.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
                tell(so_far.load(Ordering::Relaxed));
            }
        });
        let mut bytes = Vec::new();
        let result = open().and_then(|reader| Counted { reader, so_far }.read_to_end(&mut bytes));
        drop(reading);
        result.map(|_| bytes)
    })
}

struct Counted<'a, R> {
    reader: R,
    so_far: &'a AtomicUsize,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.so_far.fetch_add(length, Ordering::Relaxed);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Gives one text, and its end only when somebody was told that it is waited for.
    struct Slow(&'static [u8], mpsc::Receiver<()>);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                self.1.recv().expect("told before the end");
            }
            self.0.read(buffer)
        }
    }

    #[test]
    fn what_ends_soon_is_read_without_a_word_and_without_a_wait() {
        let read = read(|| Ok(&b"soon"[..]), LONG, |_| panic!("a minute has not passed"));
        assert_eq!(read.expect("a slice can be read"), b"soon");
    }

    #[test]
    fn what_does_not_end_is_told_once_with_the_bytes_so_far() {
        for text in [&b""[..], b"late"] {
            let (told, wait) = mpsc::channel();
            let mut counts = Vec::new();
            let tell = |count| {
                counts.push(count);
                told.send(()).expect("the reader waits for it");
            };
            let read = read(|| Ok(Slow(text, wait)), Duration::from_millis(100), tell);
            assert_eq!(read.expect("it ends after all"), text);
            assert_eq!(counts, [text.len()]);
        }
    }

    #[test]
    fn what_cannot_be_opened_is_an_error_at_once() {
        let missing = || io::Result::<&[u8]>::Err(io::ErrorKind::NotFound.into());
        let read = read(missing, LONG, |_| panic!("a minute has not passed"));
        assert_eq!(read.expect_err("there is nothing").kind(), io::ErrorKind::NotFound);
    }
}
