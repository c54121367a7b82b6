//! The states of an exchange that its users see.
//!
//! Specification: RFC 9112, RFC 9110 §15.2.

use super::Stage;
use crate::http::message::chunked;

/// What is next in the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No request is outstanding.
    Idle,
    /// Lines of a head.
    Lines,
    /// A complete interim head is to be reported.
    Interim,
    /// The complete final head is to be reported.
    Final,
    /// The rest of a body of known length.
    Length,
    /// A chunked body, or its trailer section.
    Chunked(chunked::State),
    /// A body up to the end of the stream.
    Close,
    /// Trailer fields are to be reported.
    Trailers,
    /// The end is to be reported.
    End,
    /// The stream is a tunnel: its bytes are not HTTP any more.
    Tunnel,
    /// No further request is taken.
    Closing,
}

impl State {
    /// The name of the state; in a chunked body the name of [`chunked::State`].
    pub fn as_str(self) -> &'static str {
        match self {
            State::Idle => "Idle",
            State::Lines => "Lines",
            State::Interim => "Interim",
            State::Final => "Final",
            State::Length => "Length",
            State::Chunked(state) => state.as_str(),
            State::Close => "Close",
            State::Trailers => "Trailers",
            State::End => "End",
            State::Tunnel => "Tunnel",
            State::Closing => "Closing",
        }
    }

    /// The section of the specification that states what is next.
    pub fn section(self) -> &'static str {
        match self {
            State::Idle => "RFC 9112 §9.2",
            State::Lines => "RFC 9112 §2.1",
            State::Interim => "RFC 9110 §15.2",
            State::Final | State::End => "RFC 9112 §6.3",
            State::Length => "RFC 9112 §6.2",
            State::Chunked(state) => state.section(),
            State::Close => "RFC 9112 §6.3",
            State::Trailers => "RFC 9112 §7.1.2",
            State::Tunnel => "RFC 9110 §9.3.6",
            State::Closing => "RFC 9112 §9.6",
        }
    }
}

impl From<&Stage> for State {
    fn from(stage: &Stage) -> State {
        match stage {
            Stage::Idle => State::Idle,
            Stage::Lines(_) => State::Lines,
            Stage::Interim => State::Interim,
            Stage::Final => State::Final,
            Stage::Length(_) => State::Length,
            Stage::Chunked(decoder) => State::Chunked(decoder.state()),
            Stage::Close => State::Close,
            Stage::Trailers => State::Trailers,
            Stage::End => State::End,
            Stage::Tunnel => State::Tunnel,
            Stage::Closing => State::Closing,
        }
    }
}
