//! The messages of a load: identical, of a given length.
//!
//! ```text
//!   up to 64 KiB   From To Date Message-ID … ─ text that fills the rest
//!   beyond         the same ─ one line of text ─ an attachment, read from a file while it is sent
//! ```
//!
//! Specification: RFC 2045 §6.8 (57 bytes of a file become a line of 76 columns and CR LF).

use super::super::file::write_block;
use super::super::said;
use super::super::setup::Setup;
use std::path::Path;
use wirewright::mime::{Attachment, Builder, Date, FileName, Limits, Mailbox, MediaType, MsgId};
use wirewright::net::mail::{AttachedFile, OutgoingMessage};

/// The longest message that is text alone, in bytes.
const TEXT_BYTES_MAX: u64 = 64 << 10;

/// The bytes of a line of base64 with its line end, and the bytes of FILE in it.
const LINE: (u64, u64) = (78, 57);

/// The length of a line of text in bytes, without its CR LF.
const TEXT_LINE: usize = 70;

/// Bytes of FILE for each byte on the wire, with base64 in lines.
pub const OF_THE_WIRE: f64 = LINE.1 as f64 / LINE.0 as f64;

fn builder() -> Result<Builder, String> {
    let from = Mailbox::parse("a@example.org").map_err(said)?;
    let date = Date::new(1_795_310_820, 480).map_err(said)?;
    let id = MsgId::parse("bench@example.org").map_err(said)?;
    let mut builder = Builder::new(from, date, id, 7, Limits::default());
    builder.to(Mailbox::parse("b@example.net").map_err(said)?).map_err(said)?;
    builder.subject("A message of a benchmark").map_err(said)?;
    Ok(builder)
}

/// A message with a text of `len` bytes.
fn with_text(len: usize) -> Result<OutgoingMessage, String> {
    let line = "x".repeat(TEXT_LINE) + "\r\n";
    let mut text = line.repeat(len / line.len() + 1);
    text.truncate(len.saturating_sub(2));
    // A lone CR at the end would change the length.
    let text = text.trim_end_matches('\r').to_owned() + "\r\n";
    let mut builder = builder()?;
    builder.text(&text).map_err(said)?;
    OutgoingMessage::new(builder.build().map_err(said)?, Vec::new()).map_err(said)
}

/// A message with a file of `len` bytes of the repeated block.
pub fn with_file(setup: &Setup, block: &[u8], len: u64) -> Result<OutgoingMessage, String> {
    let path = setup.folder.path().join(format!("attachment-{len}"));
    if !path.is_file() {
        write_block(&path, block, len)?;
    }
    attach(&path)
}

fn attach(path: &Path) -> Result<OutgoingMessage, String> {
    let file = AttachedFile::at_path(path).map_err(said)?;
    let mut builder = builder()?;
    builder.text("See the file.").map_err(said)?;
    let attachment = Attachment {
        name: FileName::new("data.bin").map_err(said)?,
        media_type: MediaType::parse("application/octet-stream").map_err(said)?,
        len: file.size(),
    };
    builder.attach(attachment).map_err(said)?;
    OutgoingMessage::new(builder.build().map_err(said)?, vec![file]).map_err(said)
}

/// A message of `size` bytes, and the length of its file. With a file the message may be shorter by
/// up to one line.
pub fn of_size(setup: &Setup, size: u64) -> Result<(OutgoingMessage, u64), String> {
    if size > TEXT_BYTES_MAX {
        let head = with_file(setup, &setup.block, 1)?.content.size();
        let lines = (size - head) / LINE.0;
        let len = lines * LINE.1;
        return Ok((with_file(setup, &setup.block, len)?, len));
    }
    let least = with_text(2)?.content.size();
    let Some(rest) = size.checked_sub(least) else {
        return Err(format!("a message has at least {least} bytes"));
    };
    let message = with_text(rest as usize + 2)?;
    Ok((message, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn messages_have_the_length_that_was_asked_for() {
        let setup = small();
        let least = with_text(2).unwrap().content.size();
        for size in (least..least + 300).chain([1024, 4000, TEXT_BYTES_MAX]) {
            let (message, file) = of_size(&setup, size).unwrap();
            let off = size - message.content.size();
            assert!(off <= 2 && file == 0, "{size}: {off} less");
        }
        assert!(of_size(&setup, least - 1).is_err());
        for size in [TEXT_BYTES_MAX + 1, 100_000, 100_078, 3_000_000] {
            let (message, file) = of_size(&setup, size).unwrap();
            let less = size - message.content.size();
            assert!(less < 2 * LINE.0, "{size}: {less} less");
            assert!(file > size * 7 / 10, "{size}: {file}");
        }
    }
}
