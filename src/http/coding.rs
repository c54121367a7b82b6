//! Content codings: decodes gzip and deflate bodies, with limits against decompression bombs.
//!
//! ```text
//!   Content-Encoding: deflate, gzip      the server applied deflate first, then gzip
//!
//!   body ─▶ [gzip] ─▶ piece ─▶ [deflate] ─▶ scratch   decoded in the reverse order
//! ```
//!
//! Specification: RFC 9110 §8.4. A chain is decoded only if every coding in it is supported: a
//! partly decoded body is not the representation that was requested.
//!
//! A few bytes can decode to gigabytes. The decoder stores no body, so its memory is bounded. Two
//! limits bound its output: the decoded length, and the ratio of decoded to coded bytes. Both hold
//! for the whole chain, and the ratio also for each coding in it.

mod stage;

use super::config::Limits;
use super::message::headers::{Headers, text};
use crate::error::Error;
use crate::text::PeerText;
use stage::Stage;

/// A supported coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952; `x-gzip` is the same (RFC 9110 §8.4.1.3).
    Gzip,
    /// RFC 1950, or RFC 1951 alone.
    Deflate,
}

/// The content coding of a body, according to the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Coded {
    /// None.
    Plain,
    /// These, in the order in which they were applied.
    With(Vec<Coding>),
    /// At least one that is not supported, or more than [`codings_max`](Limits::codings_max): the
    /// names as in the field.
    Unknown(PeerText<'static>),
}

/// The codings of a body: RFC 9110 §8.4. `identity` and empty elements are ignored.
pub fn coded(headers: &Headers, limits: &Limits) -> Coded {
    let is_coding = |name: &&[u8]| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity");
    let names = headers.list("Content-Encoding").map(|(name, _)| name);
    let names: Vec<&[u8]> = names.filter(is_coding).collect();
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

/// The result of one call of [`Decoder::feed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many bytes of the input were consumed.
    pub consumed: usize,
    /// How many decoded bytes were written to the beginning of the scratch space. If both counts
    /// are 0, more input is needed.
    pub produced: usize,
}

/// The size of the buffer between two stages, in bytes.
const PIECE_BYTES: usize = 16 << 10;

/// An upper bound of the memory of one inflater with its window, in bytes.
const STAGE_BYTES: usize = 64 << 10;

/// Decodes the content codings of one body.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// The coding that was applied last, which is decoded first.
    first: Stage,
    /// The others, in the order in which they are decoded.
    chained: Vec<ChainedStage>,
    consumed: u64,
    produced: u64,
    failed: Option<Box<Error>>,
}

/// A stage whose input is the output of the one before it.
#[derive(Debug)]
struct ChainedStage {
    stage: Stage,
    piece: Vec<u8>,
    /// The part of `piece` that is not consumed yet.
    rest: std::ops::Range<usize>,
}

impl Decoder {
    /// A decoder at the beginning of a body with these codings, in the order in which they were
    /// applied; `None` if there are none.
    pub fn new(codings: &[Coding], limits: &Limits) -> Option<Decoder> {
        let (last, before) = codings.split_last()?;
        // The limit of the length is for the fully decoded body only.
        let between = Limits { decoded_bytes_max: u64::MAX, ..*limits };
        let bounds = |at: usize| if at == 0 { *limits } else { between };
        let chained = before.iter().enumerate().rev().map(|(at, coding)| ChainedStage {
            stage: Stage::new(*coding, bounds(at)),
            piece: vec![0; PIECE_BYTES],
            rest: 0..0,
        });
        Some(Decoder {
            limits: *limits,
            first: Stage::new(*last, bounds(before.len())),
            chained: chained.collect(),
            consumed: 0,
            produced: 0,
            failed: None,
        })
    }

    /// Consumes a prefix of `input` and decodes it into `scratch`, which must not be empty. Call it
    /// again, with the rest of the input, until nothing is consumed and nothing produced.
    ///
    /// # Errors
    /// [`Error::Misuse`] if `scratch` is empty; [`Error::Malformed`] and [`Error::TooLarge`] with
    /// the offset in the output of the coding that failed. For the coding that was applied last
    /// that is the body itself. Every later call returns the same error.
    pub fn feed(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let step = pull(&mut self.first, &mut self.chained, input, scratch);
        let step = step.and_then(|step| self.count(step));
        step.inspect_err(|error| self.failed = Some(Box::new(error.clone())))
    }

    /// Counts the bytes of a step, and checks the ratio of the whole chain.
    fn count(&mut self, step: Step) -> Result<Step, Error> {
        self.consumed += step.consumed as u64;
        self.produced += step.produced as u64;
        let Limits { decoded_ratio_max: max, decoded_ratio_from_bytes: from, .. } = self.limits;
        if self.produced > self.consumed.saturating_mul(max).max(from) {
            return Err(Error::too_large("decoded_ratio_max", max, self.consumed, ""));
        }
        Ok(step)
    }

    /// Tells the decoder that the coded body has ended.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if the coded data is cut off; the earlier error of a decoder that
    /// failed.
    pub fn finish(&self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        self.first.finish()?;
        self.chained.iter().try_for_each(|chained| chained.stage.finish())
    }

    /// How many bytes were decoded so far.
    pub fn produced(&self) -> u64 {
        self.produced
    }

    /// An upper bound of the memory that a chain takes beyond that of one coding, in bytes.
    pub fn chain_capacity(&self) -> usize {
        self.chained.len() * (STAGE_BYTES + PIECE_BYTES)
    }
}

/// Pulls bytes out of the last stage, and out of the stage before it when the last one needs input.
fn pull(
    first: &mut Stage,
    chained: &mut [ChainedStage],
    input: &[u8],
    scratch: &mut [u8],
) -> Result<Step, Error> {
    let Some((last, before)) = chained.split_last_mut() else { return first.feed(input, scratch) };
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
