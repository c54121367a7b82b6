//! Content codings: what a body was packed with, and how that is undone, with an eye on bombs.
//!
//! ```text
//!   Content-Encoding: deflate, gzip      the server applied deflate first, then gzip
//!
//!   body ─▶ [gzip] ─▶ piece ─▶ [deflate] ─▶ room      undone in the reverse order
//! ```
//!
//! Specification: RFC 9110 §8.4. A chain is undone only where every coding in it is understood:
//! a body that is still coded is no representation that anybody asked for.
//!
//! A few bytes can become gigabytes. Nothing is gathered here, so memory is safe; what is bounded
//! is how much comes out in all, and how much for each byte that went in. Both bounds hold for the
//! chain as a whole, and the second one for each coding in it, too.

mod stage;

use super::config::{Limits, too_large};
use super::message::headers::{Headers, text};
use crate::error::Error;
use crate::text::PeerText;
use stage::Stage;

/// A coding that is undone here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952; `x-gzip` is the same (RFC 9110 §8.4.1.3).
    Gzip,
    /// RFC 1950, or RFC 1951 alone.
    Deflate,
}

/// What a head says of the coding of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coded {
    /// With nothing.
    Plain,
    /// With these, in the order in which they were applied.
    With(Vec<Coding>),
    /// With at least one that is not understood, or with more than
    /// [`codings_max`](Limits::codings_max): the names, as they stand there.
    Unknown(PeerText<'static>),
}

/// The codings of a body: RFC 9110 §8.4. `identity` and empty elements stand for nothing.
pub fn coded(headers: &Headers, limits: &Limits) -> Coded {
    let is_packing = |name: &&[u8]| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity");
    let names = headers.list("Content-Encoding").map(|(name, _)| name);
    let names: Vec<&[u8]> = names.filter(is_packing).collect();
    let codings = names.iter().map(|name| known(name)).collect::<Option<Vec<Coding>>>();
    match codings {
        Some(codings) if codings.is_empty() => Coded::Plain,
        Some(codings) if codings.len() <= limits.codings_max => Coded::With(codings),
        _ => Coded::Unknown(text(&names.join(&b", "[..])).keep()),
    }
}

fn known(name: &[u8]) -> Option<Coding> {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    match () {
        () if is("gzip") || is("x-gzip") => Some(Coding::Gzip),
        () if is("deflate") => Some(Coding::Deflate),
        () => None,
    }
}

/// What one call of [`Decoder::feed`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many bytes of the input were eaten.
    pub consumed: usize,
    /// How many bytes were laid into the beginning of the room. 0 and nothing consumed: more
    /// input, please.
    pub produced: usize,
}

/// Bytes between two stages.
const PIECE_BYTES: usize = 16 << 10;

/// An upper bound of what the state of one inflater takes, its window counted.
const STAGE_BYTES: usize = 64 << 10;

/// Undoes the codings of one body.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// The coding that was applied last, which is undone first.
    first: Stage,
    /// The others, in the order in which they are undone.
    further: Vec<Further>,
    consumed: u64,
    produced: u64,
    failed: Option<Box<Error>>,
}

/// A stage that is fed by the one before it.
#[derive(Debug)]
struct Further {
    stage: Stage,
    piece: Vec<u8>,
    /// What of the piece is still to be eaten.
    rest: std::ops::Range<usize>,
}

impl Decoder {
    /// A decoder at the beginning of a body that was packed with these, in the order in which they
    /// were applied; `None` where there are none.
    pub fn new(codings: &[Coding], limits: &Limits) -> Option<Decoder> {
        let (last, before) = codings.split_last()?;
        // The length of what stands between two stages is nobody's business.
        let between = Limits { decoded_bytes_max: u64::MAX, ..*limits };
        let bounds = |at: usize| if at == 0 { *limits } else { between };
        let further = before.iter().enumerate().rev().map(|(at, coding)| Further {
            stage: Stage::new(*coding, bounds(at)),
            piece: vec![0; PIECE_BYTES],
            rest: 0..0,
        });
        Some(Decoder {
            limits: *limits,
            first: Stage::new(*last, bounds(before.len())),
            further: further.collect(),
            consumed: 0,
            produced: 0,
            failed: None,
        })
    }

    /// Eats a prefix of `input` and lays what it becomes into `scratch`, which is not empty. Call
    /// it again, with the rest of the input, until nothing is consumed and nothing produced.
    ///
    /// # Errors
    /// [`Error::Misuse`] if there is no room;
    /// [`Error::Malformed`] and [`Error::TooLarge`] with the offset in what that coding
    /// made, which is the body itself for the coding that was applied last; the same again on
    /// every later call.
    pub fn feed(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let step = pull(&mut self.first, &mut self.further, input, scratch);
        let step = step.and_then(|step| self.count(step));
        step.inspect_err(|error| self.failed = Some(Box::new(error.clone())))
    }

    /// Counts a step, and holds the whole chain to the bound of its ratio.
    fn count(&mut self, step: Step) -> Result<Step, Error> {
        self.consumed += step.consumed as u64;
        self.produced += step.produced as u64;
        let Limits { decoded_ratio_max: max, decoded_ratio_from_bytes: from, .. } = self.limits;
        if self.produced > self.consumed.saturating_mul(max).max(from) {
            return Err(too_large("decoded_ratio_max", max, self.consumed, ""));
        }
        Ok(step)
    }

    /// The packed body ended here.
    ///
    /// # Errors
    /// [`Error::Incomplete`] unless all of it was there, or the error it is in.
    pub fn finish(&self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        self.first.finish()?;
        self.further.iter().try_for_each(|further| further.stage.finish())
    }

    /// Bytes unpacked so far.
    pub fn produced(&self) -> u64 {
        self.produced
    }

    /// An upper bound of the memory that a chain takes beyond that of one coding, in bytes.
    pub fn chain_capacity(&self) -> usize {
        self.further.len() * (STAGE_BYTES + PIECE_BYTES)
    }
}

/// Asks the last stage for bytes, which asks the one before it when it has eaten all it had.
fn pull(
    first: &mut Stage,
    further: &mut [Further],
    input: &[u8],
    scratch: &mut [u8],
) -> Result<Step, Error> {
    let Some((last, before)) = further.split_last_mut() else { return first.feed(input, scratch) };
    let mut consumed = 0;
    loop {
        let step = last.stage.feed(&last.piece[last.rest.clone()], scratch)?;
        last.rest.start += step.consumed;
        if step.produced > 0 {
            return Ok(Step { consumed, produced: step.produced });
        }
        if step.consumed > 0 {
            continue;
        }
        let step = pull(first, before, &input[consumed..], &mut last.piece)?;
        last.rest = 0..step.produced;
        consumed += step.consumed;
        if step.produced == 0 && step.consumed == 0 {
            return Ok(Step { consumed, produced: 0 });
        }
    }
}
