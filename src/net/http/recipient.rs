//! The consumer of a response.

use crate::error::Error;
use crate::http::coding::Coded;
use crate::http::message::head::Head;
use crate::http::message::headers::Headers;
use crate::net::files::finisher::{Finisher, Pending};
use crate::net::report::Failure;
use crate::net::transport::Error as NetError;
use crate::text::PeerText;
use std::path::PathBuf;
use std::time::Instant;

/// What follows a complete response.
#[derive(Debug)]
pub enum After {
    /// Nothing: the fetch has succeeded.
    Done,
    /// A job of the finisher thread, such as fsync and rename. The fetch succeeds if the job does.
    Pending(Pending),
    /// Send the request again: [`prepare`](Recipient::prepare) adds other fields now.
    Again,
}

/// The properties of a body that are known after its head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// The length of the body in bytes as [`Recipient::body`] gets it; `None` where unknown.
    pub len: Option<u64>,
    /// Whether the body is decoded before [`Recipient::body`] gets it.
    pub is_decoded: bool,
    /// The content codings that cannot be decoded, as the server names them. Such a body is never
    /// passed to [`Recipient::body`]: the fetch fails if [`Recipient::head`] wants the body.
    pub undecodable: Option<PeerText<'static>>,
}

impl Announced {
    /// The properties of a body of `len` encoded bytes.
    pub(super) fn of(len: Option<u64>, coded: &Coded) -> Announced {
        let is_decoded = matches!(coded, Coded::With(_));
        let undecodable =
            if let Coded::Unknown(names) = coded { Some(names.clone()) } else { None };
        Announced { len: len.filter(|_| !is_decoded), is_decoded, undecodable }
    }

    /// The failure of a fetch whose body is wanted and cannot be decoded.
    pub(super) fn failure(&self) -> Failure {
        let names = self.undecodable.as_ref().map(PeerText::short).unwrap_or_default();
        let what = format!(
            "the server coded the body with {names}, which wirewright cannot decode (RFC 9110 §8.4)"
        );
        Failure::new("content_coding", what)
    }
}

/// The failure of a complete body that is not valid in its content coding. Its kind is not
/// `Connection`: the same server would send the same body again.
pub(super) fn undecoded(error: Error) -> Failure {
    let failure = Failure::from(&NetError::Session(error.clone()));
    if let Error::TooLarge { .. } = error {
        return failure;
    }
    let text = format!("the body cannot be decoded: {}", failure.text);
    Failure { section: failure.section, ..Failure::new("content_coding", text) }
}

/// Consumes the response to one fetch: the final one, after all redirects that are followed.
///
/// ```text
///   prepare … ─▶ (interim)* ─▶ head ─▶ body* ─▶ (trailers) ─▶ end      prepare, after After::Again
///                                             or restart ─▶ prepare …
///                                             or failed
/// ```
pub trait Recipient {
    /// Adds fields to a request that is about to be sent. False if the recipient is not ready yet:
    /// this method is then called again after other connections were served. `scratch` is a buffer
    /// for reading files.
    ///
    /// # Errors
    /// Fails the fetch.
    fn prepare(&mut self, headers: &mut Headers, scratch: &mut [u8]) -> Result<bool, Failure> {
        let _ = (headers, scratch);
        Ok(true)
    }

    /// Receives an interim (1xx) response.
    fn interim(&mut self, head: &Head) {
        let _ = head;
    }

    /// Receives the head of the final response and the properties of its body. False if the body is
    /// not wanted: it is discarded up to [`Options::discard_bytes_max`], and the connection is
    /// closed where the body is longer.
    ///
    /// [`Options::discard_bytes_max`]: super::Options::discard_bytes_max
    ///
    /// # Errors
    /// Fails the fetch and closes the connection.
    fn head(
        &mut self,
        head: &Head,
        announced: &Announced,
        finisher: &mut Finisher,
    ) -> Result<bool, Failure>;

    /// Receives the bytes of a response as they are on the wire, with its head and the framing of
    /// its body. The bytes of a head come before [`head`](Recipient::head) is called. The response
    /// may be a redirect.
    ///
    /// # Errors
    /// Fails the fetch and closes the connection.
    fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let _ = bytes;
        Ok(())
    }

    /// Receives bytes of the body, decoded where [`Options::codings`] says so.
    ///
    /// [`Options::codings`]: super::Options::codings
    ///
    /// # Errors
    /// Fails the fetch and closes the connection.
    fn body(&mut self, bytes: &[u8]) -> Result<(), Failure>;

    /// When [`tick`](Recipient::tick) has to be called next, whether input comes or not.
    fn tick_at(&self) -> Option<Instant> {
        None
    }

    /// Called at or after the time of [`tick_at`](Recipient::tick_at).
    fn tick(&mut self, now: Instant) {
        let _ = now;
    }

    /// Receives the trailer fields of a chunked body.
    fn trailers(&mut self, headers: &Headers) {
        let _ = headers;
    }

    /// The response is complete, or the rest of its unwanted body was not read.
    ///
    /// # Errors
    /// Fails the fetch.
    fn end(&mut self, finisher: &mut Finisher) -> Result<After, Failure>;

    /// An attempt has failed and can be retried: the next call is [`prepare`](Recipient::prepare).
    /// False if the recipient cannot start again, such as after output to a pipe: the fetch fails.
    fn restart(&mut self) -> bool {
        false
    }

    /// The fetch has failed: there is no complete response.
    fn failed(&mut self) {}

    /// The file that the body is written to; `None` if there is none.
    fn path(&self) -> Option<PathBuf> {
        None
    }

    /// After a failure: the bytes that are kept for a later fetch to resume.
    fn kept(&self) -> u64 {
        0
    }
}

/// Why a redirect is not followed.
pub(super) fn unfollowed(error: Error) -> Failure {
    let failure = Failure::from(&NetError::Session(error.clone()));
    match error {
        Error::TooLarge { limit, max, .. } => {
            Failure { text: format!("more than {max} redirects ({limit})").into(), ..failure }
        }
        _ => failure,
    }
}
