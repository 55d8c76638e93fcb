//! What the program says goes to standard error, in whole lines; when nobody reads them, the delivery goes on.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes one line with the program's name in front.
pub(crate) fn say(line: impl Display) {
    show(format_args!("deliver: {line}\n"));
}

/// Writes a text of several lines as it is.
pub(crate) fn show(text: impl Display) {
    // In one piece, so that no other output gets in between. A reader that has gone away is no reason to stop.
    let _ = io::stderr().write_all(text.to_string().as_bytes());
}
