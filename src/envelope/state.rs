//! The states of a decoder that its users see.
//!
//! ```text
//!  Start ─{─▶ Key ─"…"─▶ Colon ─:─▶ Value ─┬─ scalar, string, nested ─▶ After ─,─▶ Key
//!                                          └─ payload member: "  ─▶ Payload ─"─▶ After ─}─▶ Done
//!                                                                   └ \ ─▶ Escape ─▶ Payload
//! ```
//!
//! Specification: RFC 8259, RFC 4648 §4.

use super::scan::ScanState;

/// What a [`Decoder`](super::Decoder) expects next. A name or a value is expected until its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// White space, then the brace that opens the object.
    Start,
    /// The name of a member, or its rest; after the opening brace also the closing one.
    Key,
    /// The colon after a name.
    Colon,
    /// The value of a member, or its rest.
    Value,
    /// Base64, or the quote that ends it.
    Payload,
    /// The rest of an escape in the payload.
    Escape,
    /// A comma, or the closing brace.
    After,
    /// White space, or the end of the stream.
    Done,
}

impl State {
    /// The name of the state.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Start => "Start",
            State::Key => "Key",
            State::Colon => "Colon",
            State::Value => "Value",
            State::Payload => "Payload",
            State::Escape => "Escape",
            State::After => "After",
            State::Done => "Done",
        }
    }

    /// The section of the specification that states what is expected.
    pub fn section(self) -> &'static str {
        match self {
            State::Start | State::Done => "RFC 8259 §2",
            State::Key | State::Colon | State::After => "RFC 8259 §4",
            State::Value => "RFC 8259 §3",
            State::Payload => "RFC 4648 §4",
            State::Escape => "RFC 8259 §7",
        }
    }
}

impl From<ScanState> for State {
    fn from(state: ScanState) -> State {
        match state {
            ScanState::Start => State::Start,
            ScanState::FirstKey | ScanState::Key | ScanState::InKey => State::Key,
            ScanState::Colon => State::Colon,
            ScanState::Value
            | ScanState::Text
            | ScanState::Scalar
            | ScanState::Nested
            | ScanState::NestedText => State::Value,
            ScanState::After => State::After,
            ScanState::Done => State::Done,
        }
    }
}
