//! The states of a body in chunks, as the chart of the coding names them.
//!
//! Specification: RFC 9112 §7.1.

use super::{EXTENSIONS, SECTION};

/// What the next byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A digit of a size, or what stands behind it.
    Size,
    /// White space behind the size, which has to end in a `;`.
    Space,
    /// A byte of an extension, or the CR behind it.
    Extension,
    /// The LF behind a size line.
    SizeEnd,
    /// A byte of the body.
    Data,
    /// The CR behind the data.
    DataCr,
    /// The LF behind that.
    DataLf,
    /// A byte of the trailer section.
    Trailers,
    /// Of the next message.
    Done,
}

impl State {
    /// Its name in the chart.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Size => "Size",
            State::Space => "Space",
            State::Extension => "Extension",
            State::SizeEnd => "SizeEnd",
            State::Data => "Data",
            State::DataCr => "DataCr",
            State::DataLf => "DataLf",
            State::Trailers => "Trailers",
            State::Done => "Done",
        }
    }

    /// The section that rules what is expected.
    pub fn section(self) -> &'static str {
        match self {
            State::Space | State::Extension => EXTENSIONS,
            State::Trailers => "RFC 9112 §7.1.2",
            _ => SECTION,
        }
    }
}
