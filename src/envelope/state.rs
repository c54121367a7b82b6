//! The states of a decoder, as the chart of this room names them.
//!
//! ```text
//!  Start ─{─▶ Key ─"…"─▶ Colon ─:─▶ Value ─┬─ scalar, string, nested ─▶ After ─,─▶ Key
//!                                          └─ payload member: "  ─▶ Payload ─"─▶ After ─}─▶ Done
//!                                                                   └ \ ─▶ Escape ─▶ Payload
//! ```
//!
//! Specification: RFC 8259, RFC 4648 §4.

use super::scan::Place;

/// What a [`Decoder`](super::Decoder) expects next. Within a name or a value it is still that name
/// or value which is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// White space, then the brace that opens the object.
    Start,
    /// The name of a member, or what is left of it; behind the opening brace also the closing one.
    Key,
    /// The colon behind a name.
    Colon,
    /// The value of a member, or what is left of it.
    Value,
    /// Base64, or the quote that ends it.
    Payload,
    /// What is left of an escape in the payload.
    Escape,
    /// A comma, or the closing brace.
    After,
    /// White space, or nothing.
    Done,
}

impl State {
    /// Its name in the chart.
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

    /// The section that rules what is expected.
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

impl From<Place> for State {
    fn from(place: Place) -> State {
        match place {
            Place::Start => State::Start,
            Place::FirstKey | Place::Key | Place::InKey => State::Key,
            Place::Colon => State::Colon,
            Place::Value | Place::Text | Place::Scalar | Place::Nested | Place::NestedText => {
                State::Value
            }
            Place::After => State::After,
            Place::Done => State::Done,
        }
    }
}
