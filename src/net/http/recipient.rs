//! Who hears a response.

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

/// What is to be done after a whole response.
#[derive(Debug)]
pub enum After {
    /// Nothing.
    Done,
    /// A job on another thread has to end well.
    Pending(Pending),
    /// Ask again: [`prepare`](Recipient::prepare) has other fields now.
    Again,
}

/// What is known of a body when its head has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Announced {
    /// Its length in bytes as [`Recipient::body`] will get it, where that is known.
    pub len: Option<u64>,
    /// Whether its content codings are undone before [`Recipient::body`] gets it.
    pub is_decoded: bool,
    /// The content codings of it that cannot be undone, as the server names them. Such a body is
    /// never told: a recipient that wants it fails the fetch.
    pub undecodable: Option<PeerText<'static>>,
}

impl Announced {
    /// What a recipient is told of a body that has this length on its way.
    pub(super) fn of(len: Option<u64>, coded: &Coded) -> Announced {
        let is_decoded = matches!(coded, Coded::With(_));
        let undecodable =
            if let Coded::Unknown(names) = coded { Some(names.clone()) } else { None };
        Announced { len: len.filter(|_| !is_decoded), is_decoded, undecodable }
    }

    /// Why a body that is wanted cannot be had.
    pub(super) fn failure(&self) -> Failure {
        let names = self.undecodable.as_ref().map(PeerText::short).unwrap_or_default();
        let what = format!(
            "the server coded the body with {names}, which wirewright cannot decode (RFC 9110 §8.4)"
        );
        Failure::new("content_coding", what)
    }
}

/// Why a body that came whole is not what its content codings say. The connection is not at fault,
/// so that the same server would send the same again.
pub(super) fn undecoded(error: Error) -> Failure {
    let failure = Failure::from(&NetError::Session(error.clone()));
    if let Error::TooLarge { .. } = error {
        return failure;
    }
    let text = format!("the body cannot be decoded: {}", failure.text);
    Failure { section: failure.section, ..Failure::new("content_coding", text) }
}

/// Hears the response to one fetch: that which counts, behind all redirects that are followed.
///
/// ```text
///   prepare … ─▶ (interim)* ─▶ head ─▶ body* ─▶ (trailers) ─▶ end      again, where it says so
///                                             or restart, and again from the beginning
///                                             or failed
/// ```
pub trait Recipient {
    /// Adds fields to a request that is about to be sent. False where it is not ready yet: it is
    /// called again when others have had their turn. `scratch` is for reading files.
    ///
    /// # Errors
    /// Why the fetch cannot be made.
    fn prepare(&mut self, headers: &mut Headers, scratch: &mut [u8]) -> Result<bool, Failure> {
        let _ = (headers, scratch);
        Ok(true)
    }

    /// An interim (1xx) response.
    fn interim(&mut self, head: &Head) {
        let _ = head;
    }

    /// The head of the final response, and what it says of its body. False: the body is of no
    /// interest; it is read away where it is short, and the connection is closed where it is not.
    ///
    /// # Errors
    /// Why the response is of no use; the connection is closed.
    fn head(
        &mut self,
        head: &Head,
        announced: &Announced,
        finisher: &mut Finisher,
    ) -> Result<bool, Failure>;

    /// Bytes of a response as they came, its head and the framing of its body among them: those of
    /// a head before [`head`](Recipient::head). The response may turn out to be a redirect.
    ///
    /// # Errors
    /// Why no more is wanted.
    fn raw(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let _ = bytes;
        Ok(())
    }

    /// Bytes of the body, its content codings undone where [`Options::codings`] says so.
    ///
    /// [`Options::codings`]: super::Options::codings
    ///
    /// # Errors
    /// Why no more is wanted.
    fn body(&mut self, bytes: &[u8]) -> Result<(), Failure>;

    /// When [`tick`](Recipient::tick) is to be called though nothing comes.
    fn tick_at(&self) -> Option<Instant> {
        None
    }

    /// The time has come, or has passed.
    fn tick(&mut self, now: Instant) {
        let _ = now;
    }

    /// Fields behind a chunked body.
    fn trailers(&mut self, headers: &Headers) {
        let _ = headers;
    }

    /// The response was whole, or as much of it as was wanted.
    ///
    /// # Errors
    /// Why the fetch has failed all the same.
    fn end(&mut self, finisher: &mut Finisher) -> Result<After, Failure>;

    /// A try has failed, and the fetch could be made again, from [`prepare`](Recipient::prepare)
    /// on. False if output already written cannot be undone: then the fetch has failed.
    fn restart(&mut self) -> bool {
        false
    }

    /// There will be no whole response.
    fn failed(&mut self) {}

    /// The file that the body goes to, where there is one.
    fn path(&self) -> Option<PathBuf> {
        None
    }

    /// How many bytes are kept for a later fetch, after a failure.
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
