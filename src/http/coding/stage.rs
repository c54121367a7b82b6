//! Decodes one content coding: gzip or deflate.
//!
//! ```text
//!   gzip      1f 8b 08 flags …  ┌ deflate data ┐ CRC-32 length      members       RFC 1952
//!   deflate   78 9c             │ deflate data │ Adler-32           zlib format   RFC 1950
//!             (or nothing)      └ deflate data ┘                    raw deflate   RFC 1951
//! ```
//!
//! Specification: RFC 9110 §8.4.1; the note in §8.4.1.2 says that some servers send `deflate`
//! without the zlib format, so both are accepted and told apart by the first two bytes.

use super::super::config::Limits;
use super::{Coding, Step};
use crate::error::Error;
use flate2::{Decompress, FlushDecompress, Status};

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The fixed part of a gzip header, of which so many bytes were read.
    Header(usize),
    /// The extra field: two bytes of length, then its bytes.
    Extra {
        seen: usize,
        left: usize,
    },
    /// The file name, then the comment, each up to a NUL.
    Name,
    Comment,
    /// The CRC-16 of the header, of which so many bytes were read.
    HeaderCrc(usize),
    Data,
    /// The CRC-32 and the length of a gzip member, of which so many bytes were read.
    Trailer(usize),
    /// After a complete member: another one, or the end.
    Between,
    /// The first two bytes of `deflate`, which tell whether it has the zlib format.
    DetectZlib,
    Done,
}

/// Decodes one coding.
#[derive(Debug)]
pub(super) struct Stage {
    limits: Limits,
    gzip: bool,
    state: State,
    inflate: Box<Decompress>,
    /// The flags of the header whose optional parts are still to be read.
    flags: u8,
    /// The bytes of the header CRC or the trailer.
    collected: [u8; 8],
    header_crc: crc32fast::Hasher,
    data_crc: crc32fast::Hasher,
    member_len: u32,
    /// The first two bytes of `deflate`, stored until the format is known.
    prefix: Vec<u8>,
    offset: u64,
    produced: u64,
    failed: Option<Box<Error>>,
}

const FLAG_CRC: u8 = 2;
const FLAG_EXTRA: u8 = 4;
const FLAG_NAME: u8 = 8;
const FLAG_COMMENT: u8 = 16;
const FLAGS_RESERVED: u8 = 0xE0;

/// Length of the fixed part of a gzip header: RFC 1952 §2.3.
const HEADER_LEN: usize = 10;

impl Stage {
    /// A stage at the beginning of a coded body.
    pub(super) fn new(coding: Coding, limits: Limits) -> Stage {
        let (gzip, state) = match coding {
            Coding::Gzip => (true, State::Header(0)),
            Coding::Deflate => (false, State::DetectZlib),
        };
        Stage {
            limits,
            gzip,
            state,
            inflate: Box::new(Decompress::new(false)),
            flags: 0,
            collected: [0; 8],
            header_crc: crc32fast::Hasher::new(),
            data_crc: crc32fast::Hasher::new(),
            member_len: 0,
            prefix: Vec::new(),
            offset: 0,
            produced: 0,
            failed: None,
        }
    }

    /// Consumes a prefix of `input` and decodes it into `scratch`, which must not be empty. Call it
    /// again, with the rest of the input, until nothing is consumed and nothing produced.
    ///
    /// # Errors
    /// [`Error::Misuse`] if `scratch` is empty; [`Error::Malformed`] and [`Error::TooLarge`] with
    /// the offset in the coded body. Every later call returns the same error.
    pub(super) fn feed(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        if scratch.is_empty() {
            return Err(Error::Misuse("the scratch space is empty"));
        }
        let mut consumed = 0;
        loop {
            let rest = &input[consumed..];
            let step = match self.state {
                State::Data => self.inflate(rest, scratch),
                _ if rest.is_empty() => return Ok(Step { consumed, produced: 0 }),
                _ => self.take_byte(rest[0]).map(|()| Step { consumed: 1, produced: 0 }),
            };
            let step = step.inspect_err(|error| self.failed = Some(Box::new(error.clone())))?;
            consumed += step.consumed;
            self.offset += step.consumed as u64;
            let is_stuck = self.state == State::Data && step.consumed == 0;
            if step.produced > 0 || is_stuck {
                return Ok(Step { consumed, produced: step.produced });
            }
        }
    }

    /// Tells the stage that the coded body has ended.
    ///
    /// # Errors
    /// [`Error::Incomplete`] if the coded data is cut off; the earlier error of a stage that
    /// failed.
    pub(super) fn finish(&self) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err((**error).clone());
        }
        let expected = match self.state {
            State::Done | State::Between => return Ok(()),
            // An empty body decodes to nothing: servers send it for HEAD and for empty files.
            State::Header(0) | State::DetectZlib if self.offset == 0 => return Ok(()),
            State::Trailer(_) => "the checksum of compressed data",
            State::Data | State::DetectZlib => "the end of compressed data",
            _ => "the end of a gzip header",
        };
        Err(Error::Incomplete { expected, offset: self.offset, section: self.section() })
    }

    /// The section that specifies the format of the coding.
    fn section(&self) -> &'static str {
        if self.gzip { "RFC 1952 §2.2" } else { "RFC 9110 §8.4.1.2" }
    }

    fn malformed(&self, rule: &'static str, section: &'static str) -> Error {
        Error::malformed(rule, self.offset, section)
    }

    /// Takes one byte outside the compressed data.
    fn take_byte(&mut self, byte: u8) -> Result<(), Error> {
        match self.state {
            State::Header(seen) => return self.take_header(seen, byte),
            State::Between => {
                self.restart_member();
                return self.take_header(0, byte);
            }
            State::Extra { seen, left } => self.state = extra(seen, left, byte),
            State::Name | State::Comment if byte != 0 => {}
            State::Name | State::Comment => self.state = State::HeaderCrc(0),
            State::HeaderCrc(seen) => {
                self.collected[seen] = byte;
                return self.end_header_crc(seen + 1);
            }
            State::Trailer(seen) => {
                self.collected[seen] = byte;
                self.state = State::Trailer(seen + 1);
                return if seen == 7 { self.end_member() } else { Ok(()) };
            }
            State::DetectZlib => {
                self.detect_zlib(byte);
                return Ok(());
            }
            State::Done => {
                return Err(self.malformed("nothing follows compressed data", self.section()));
            }
            State::Data => {}
        }
        self.header_crc.update(&[byte]);
        if self.state == State::HeaderCrc(0) {
            self.next_optional();
        }
        Ok(())
    }

    fn restart_member(&mut self) {
        self.inflate.reset(false);
        self.header_crc = crc32fast::Hasher::new();
        self.data_crc = crc32fast::Hasher::new();
        self.member_len = 0;
    }

    /// Takes a byte of the fixed header: `1f 8b 08`, flags, and six bytes that are ignored.
    fn take_header(&mut self, seen: usize, byte: u8) -> Result<(), Error> {
        let is_good = match seen {
            0 => byte == 0x1F,
            1 => byte == 0x8B,
            2 => byte == 8,
            3 => byte & FLAGS_RESERVED == 0,
            _ => true,
        };
        if !is_good {
            let (rule, section) = match self.offset as usize == seen {
                true => ("a gzip body begins with 1f 8b 08 and known flags", "RFC 1952 §2.3.1"),
                false => ("only another member follows a gzip member", "RFC 1952 §2.2"),
            };
            return Err(self.malformed(rule, section));
        }
        if seen == 3 {
            self.flags = byte;
        }
        self.header_crc.update(&[byte]);
        self.state = State::Header(seen + 1);
        if seen + 1 == HEADER_LEN {
            self.next_optional();
        }
        Ok(())
    }

    /// Moves to the next optional part of the header, in the order of RFC 1952 §2.3.
    fn next_optional(&mut self) {
        let parts = [
            (FLAG_EXTRA, State::Extra { seen: 0, left: 0 }),
            (FLAG_NAME, State::Name),
            (FLAG_COMMENT, State::Comment),
            (FLAG_CRC, State::HeaderCrc(0)),
        ];
        let next = parts.iter().find(|(flag, _)| self.flags & flag != 0);
        self.state = next.map_or(State::Data, |(_, state)| *state);
        self.flags &= !next.map_or(0, |(flag, _)| *flag);
    }

    fn end_header_crc(&mut self, seen: usize) -> Result<(), Error> {
        self.state = State::HeaderCrc(seen);
        if seen == 2 {
            let expected = u16::from_le_bytes([self.collected[0], self.collected[1]]);
            if expected != self.header_crc.clone().finalize() as u16 {
                return Err(self.malformed("the CRC of a gzip header is right", "RFC 1952 §2.3.1"));
            }
            self.state = State::Data;
        }
        Ok(())
    }

    fn end_member(&mut self) -> Result<(), Error> {
        let [crc, len] = [0, 4].map(|at| {
            let bytes = &self.collected[at..at + 4];
            bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte))
        });
        if crc != self.data_crc.clone().finalize() || len != self.member_len {
            return Err(
                self.malformed("the checksum of compressed data is right", "RFC 1952 §2.3.1")
            );
        }
        self.state = State::Between;
        Ok(())
    }

    /// Detects the zlib format by its header: method 8, and a multiple of 31 (RFC 1950 §2.2).
    fn detect_zlib(&mut self, byte: u8) {
        self.prefix.push(byte);
        if let [first, second] = self.prefix[..] {
            let check = u16::from(first) << 8 | u16::from(second);
            self.inflate.reset(first & 0x0F == 8 && check.is_multiple_of(31));
            self.state = State::Data;
        }
    }

    fn inflate(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        if self.prefix.is_empty() {
            return self.inflate_some(input, scratch);
        }
        let prefix = std::mem::take(&mut self.prefix);
        let step = self.inflate_some(&prefix, scratch)?;
        self.prefix = prefix[step.consumed..].to_vec();
        Ok(Step { consumed: 0, produced: step.produced })
    }

    fn inflate_some(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        let max = self.limits.decoded_bytes_max;
        let left = usize::try_from(max - self.produced).unwrap_or(usize::MAX);
        let (mut beyond, len) = ([0], left.min(scratch.len()));
        let scratch = if left == 0 { &mut beyond[..] } else { &mut scratch[..len] };
        let step = self.run(input, scratch)?;
        if left == 0 && step.produced > 0 {
            return Err(Error::too_large("decoded_bytes_max", max, self.offset, ""));
        }
        self.produced += step.produced as u64;
        if self.gzip {
            self.data_crc.update(&scratch[..step.produced]);
            self.member_len = self.member_len.wrapping_add(step.produced as u32);
        }
        self.check_ratio(self.offset + step.consumed as u64)?;
        Ok(step)
    }

    fn run(&mut self, input: &[u8], scratch: &mut [u8]) -> Result<Step, Error> {
        let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, scratch, FlushDecompress::None);
        let consumed = (self.inflate.total_in() - before_in) as usize;
        let produced = (self.inflate.total_out() - before_out) as usize;
        match status {
            Ok(Status::StreamEnd) => {
                self.state = if self.gzip { State::Trailer(0) } else { State::Done };
            }
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => {
                // With `deflate` it may also be the checksum of the zlib format.
                let section = if self.gzip { "RFC 1951 §3.2" } else { self.section() };
                return Err(self.malformed("compressed data can be decompressed", section));
            }
        }
        Ok(Step { consumed, produced })
    }

    /// Checks the ratio of decoded bytes to `consumed` bytes.
    fn check_ratio(&self, consumed: u64) -> Result<(), Error> {
        let max = self.limits.decoded_ratio_max;
        let allowed = consumed.saturating_mul(max).max(self.limits.decoded_ratio_from_bytes);
        if self.produced > allowed {
            return Err(Error::too_large("decoded_ratio_max", max, self.offset, ""));
        }
        Ok(())
    }
}

/// The state after a byte of the extra field.
fn extra(seen: usize, left: usize, byte: u8) -> State {
    let left = match seen {
        0 => usize::from(byte),
        1 => left | usize::from(byte) << 8,
        _ => left - 1,
    };
    match (seen, left) {
        (1.., 0) => State::HeaderCrc(0),
        _ => State::Extra { seen: seen + 1, left },
    }
}
