//! The states of a chunked body.
//!
//! Specification: RFC 9112 §7.1.

use super::{EXTENSIONS, SECTION};

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A digit of a size, or the byte after it.
    Size,
    /// White space after the size, which has to end with `;`.
    Space,
    /// A byte of an extension, or the CR after it.
    Extension,
    /// The LF of a size line.
    SizeEnd,
    /// A byte of the body.
    Data,
    /// The CR after the data.
    DataCr,
    /// The LF after the data.
    DataLf,
    /// A byte of the trailer section.
    Trailers,
    /// The next message.
    Done,
}

impl State {
    /// The name of the state.
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

    /// The section of the specification that states what is expected.
    pub fn section(self) -> &'static str {
        match self {
            State::Space | State::Extension => EXTENSIONS,
            State::Trailers => "RFC 9112 §7.1.2",
            _ => SECTION,
        }
    }
}
