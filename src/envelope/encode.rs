//! The encoder: it writes the members first and the payload member last, in one pass.
//!
//! Specification: RFC 8259 for the object, RFC 4648 §4 for the payload.
//!
//! ```text
//!   begin:  {"type":"chunk","id":7,…        members as serde writes them, without the last brace
//!           ,"filedata":"                   the payload member opens
//!   push:   R0lGODlhAQABAIAAAAUEBA…         whole groups of three bytes; up to two are carried
//!   finish: =="}                            the carried ones, padding, the end
//! ```

use crate::base64::{encode_into, encoded_len};
use crate::buffer::Buffer;
use crate::error::Error;
use serde::Serialize;

/// Writes the beginning of an envelope: the members of `head`, then the payload member up to its
/// opening quote.
///
/// # Errors
/// [`Error::Misuse`] if `head` is not an object with text keys, [`Error::TooLarge`] if it does not
/// fit into `out`. `out` is then unchanged.
pub fn begin<T: Serialize>(head: &T, payload_key: &str, out: &mut Buffer) -> Result<(), Error> {
    let before = out.len();
    let written = write_begin(head, payload_key, out, before);
    if written.is_err() {
        out.truncate(before);
    }
    written
}

fn write_begin<T: Serialize>(
    head: &T,
    payload_key: &str,
    out: &mut Buffer,
    before: usize,
) -> Result<(), Error> {
    write_json(head, out)?;
    if out.readable()[before] != b'{' {
        return Err(Error::Misuse("the head of an envelope is an object"));
    }
    out.truncate(out.len() - 1);
    if out.len() > before + 1 {
        out.append(b",")?;
    }
    write_json(&payload_key, out)?;
    out.append(b":\"")
}

/// Appends `value` as JSON.
fn write_json<T: Serialize>(value: &T, out: &mut Buffer) -> Result<(), Error> {
    serde_json::to_writer(&mut *out, value).map_err(|error| match error.is_io() {
        true => does_not_fit(out),
        false => Error::Misuse("the head of an envelope is an object with text keys"),
    })
}

fn does_not_fit(out: &Buffer) -> Error {
    let max = out.limit() as u64;
    Error::TooLarge { limit: "buffer_bytes", max, offset: 0, section: "" }
}

/// Writes the end of an envelope after its payload.
///
/// # Errors
/// [`Error::TooLarge`] if it does not fit into `out`.
pub fn finish(out: &mut Buffer) -> Result<(), Error> {
    out.append(b"\"}")
}

/// Encodes a payload that comes in pieces of any length.
#[derive(Debug, Default)]
pub struct Encoder {
    carry: [u8; 2],
    carried: usize,
}

impl Encoder {
    /// An encoder at the beginning of a payload.
    pub fn new() -> Encoder {
        Encoder::default()
    }

    /// How many bytes of raw payload fit into `room` bytes of output, together with the end of the
    /// envelope.
    pub fn raw_len_max(room: usize) -> usize {
        (room.saturating_sub(2) / 4 * 3).saturating_sub(3)
    }

    /// Encodes `raw` and appends it to `out`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it does not fit into `out`. Nothing is then taken.
    pub fn push(&mut self, mut raw: &[u8], out: &mut Buffer) -> Result<(), Error> {
        if encoded_len(self.carried + raw.len()) > out.free_len() {
            return Err(does_not_fit(out));
        }
        if self.carried > 0 {
            let Some((missing, after)) = raw.split_at_checked(3 - self.carried) else {
                self.carry(raw);
                return Ok(());
            };
            let mut group = [0; 3];
            group[..self.carried].copy_from_slice(&self.carry[..self.carried]);
            group[self.carried..].copy_from_slice(missing);
            self.carried = 0;
            append_encoded(&group, out)?;
            raw = after;
        }
        let (whole, after) = raw.split_at(raw.len() / 3 * 3);
        append_encoded(whole, out)?;
        self.carry(after);
        Ok(())
    }

    /// Encodes the last one or two bytes with padding, and writes the end of the envelope.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it does not fit into `out`.
    pub fn finish(self, out: &mut Buffer) -> Result<(), Error> {
        append_encoded(&self.carry[..self.carried], out)?;
        finish(out)
    }

    fn carry(&mut self, bytes: &[u8]) {
        self.carry[self.carried..self.carried + bytes.len()].copy_from_slice(bytes);
        self.carried += bytes.len();
    }
}

/// Appends `raw` as base64, padded if its length is not a multiple of three.
fn append_encoded(raw: &[u8], out: &mut Buffer) -> Result<(), Error> {
    let len = encode_into(raw, out.space(encoded_len(raw.len()))?);
    out.commit(len);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn encode(head: &serde_json::Value, pieces: &[&[u8]]) -> serde_json::Value {
        let mut out = Buffer::with_limit(1 << 20);
        begin(head, "filedata", &mut out).unwrap();
        let mut encoder = Encoder::new();
        for piece in pieces {
            encoder.push(piece, &mut out).unwrap();
        }
        encoder.finish(&mut out).unwrap();
        serde_json::from_slice(out.readable()).unwrap()
    }

    #[test]
    fn whole_envelopes() {
        assert_eq!(encode(&json!({}), &[]), json!({"filedata": ""}));
        assert_eq!(
            encode(&json!({"a": 1}), &[b"f", b"o", b"", b"oba"]),
            json!({"a": 1, "filedata": "Zm9vYmE="})
        );
    }

    #[test]
    fn a_head_that_does_not_fit_leaves_nothing() {
        let mut out = Buffer::with_limit(12);
        assert!(matches!(
            begin(&json!({"a": 1}), "filedata", &mut out),
            Err(Error::TooLarge { .. })
        ));
        assert!(out.is_empty());
        assert!(matches!(begin(&json!([1]), "f", &mut out), Err(Error::Misuse(_))));
        assert!(out.is_empty());
    }

    #[test]
    fn push_takes_all_or_nothing() {
        let mut out = Buffer::with_limit(8);
        let mut encoder = Encoder::new();
        assert!(encoder.push(b"sevenby", &mut out).is_err());
        assert!(out.is_empty());
        encoder.push(b"sixbyt", &mut out).unwrap();
        assert_eq!(out.readable(), b"c2l4Ynl0");
    }

    proptest! {
        #[test]
        fn any_pieces_give_one_text(raw in proptest::collection::vec(any::<u8>(), 0..500),
                                    cuts in proptest::collection::vec(0usize..500, 0..6)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(raw.len())).collect();
            cuts.extend([0, raw.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &raw[pair[0]..pair[1]]).collect();
            let head = json!({"x": null});
            prop_assert_eq!(encode(&head, &pieces), encode(&head, &[&raw]));
        }
    }
}
