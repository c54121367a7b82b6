//! Internet messages with MIME bodies: built from addresses, texts and files, written as the
//! octets that SMTP carries.
//!
//! ```text
//!   Date: Sun, 22 Nov 2026 09:27:00 +0800 CR LF          fields, each at most once  message
//!   From: =?UTF-8?B?546L5aSn6ZSk?= <wang@example.org>    in encoded words  mailbox, word
//!   To: =?UTF-8?B?6aqG5piK?= <luo@example.org>,          folded at 78 columns       header
//!    b@example.net
//!   Subject: =?UTF-8?B?5pys5pyI5pWw5o2u?=
//!   Message-ID: <1@example.org>                                                     id, date
//!   MIME-Version: 1.0
//!   Content-Type: multipart/mixed; boundary="=_8f3…"
//!
//!   --=_8f3…                                             a line in no part          structure
//!   Content-Type: text/plain; charset=utf-8
//!   Content-Transfer-Encoding: base64                    7bit, quoted-printable or
//!                                                        base64: transfer_encoding
//!   6ZmE5Lu25Lit5pyJ5pys5pyI5pWw5o2u6K+35p+l5pS2
//!   --=_8f3…
//!   Content-Type: application/vnd.ms-excel
//!   Content-Transfer-Encoding: base64
//!   Content-Disposition: attachment; filename=month-data.xlsx                       param
//!
//!   UEsDBBQABgAIAAAAIQ…                                  streamed, never held       writer
//!   --=_8f3…--
//! ```
//!
//! What it is for: to build a message of text, HTML and files of any size that every mail program
//! shows alike. The length is known before the first octet is written. `net::mail` and the command
//! `mail` send it.
//!
//! Specification: RFC 5322 (fields, addresses, dates), RFC 2045 and 2046 (bodies and their parts),
//! RFC 2047 (words that are not ASCII), RFC 2183 and 2231 (file names), RFC 2387 and 2392 (pictures
//! within HTML), RFC 6532 (addresses that are not ASCII). UTF-8 occurs in addresses alone. All
//! other octets of a message are ASCII, so a message without such addresses needs no extension of
//! SMTP.
//!
//! # Grammar
//!
//! ABNF of RFC 5322 §2 and §3.4, RFC 2047 §2, RFC 2231 §3 and §4, and RFC 2046 §5.1.1, limited to
//! the forms that are written here:
//!
//! ```text
//! message      = *( field CRLF ) CRLF body
//! field        = field-name ":" SP value                   folded: CRLF only before SP or HTAB
//! mailbox      = [ 1*( word / encoded-word ) ] "<" local "@" domain ">" / local "@" domain
//! encoded-word = "=?UTF-8?" ( "B?" base64 / "Q?" q-text ) "?="    at most 75, whole characters
//! parameter    = ";" name "=" ( token / quoted-string )
//!              / ";" name "*" [ number "*" ] "=" percent-encoded  file names beyond ASCII
//! multipart    = 1*( CRLF "--" boundary CRLF part ) CRLF "--" boundary "--" CRLF
//! ```
//!
//! # Guarantees
//!
//! - **No header injection.** Every value of a header is of a type whose constructor refuses
//!   control characters. Characters are never truncated to octets, so U+010A does not become a
//!   line feed.
//! - **Exact size.** [`Message::size`] is computed from the lengths of the contents before
//!   the first octet is written. A file that is longer or shorter than announced is an error.
//! - **Bounded memory.** Fields and texts are held in memory; files are encoded in the pieces in
//!   which they are read.
//! - **No duplicate fields.** `Date`, `Message-ID`, `MIME-Version` and the other fields of the
//!   builder are written once; `Bcc` is not written.
//! - **Deterministic.** Date, identifier and the seed of the boundaries are arguments: the same
//!   arguments give the same octets.
//!
//! # States
//!
//! A message is built once and never changes. Its [`Writer`] has states:
//!
//! ```text
//!   Builder ─ from, to, text, attach … ─ build ─▶ Message ─▶ Writer
//!
//!   Writer   next(out) ─┬─▶ Bytes         out is full: send it, call next again
//!                       ├─▶ NeedFile(n)   offer(…) until the file ends, end_file(), next again
//!                       └─▶ Done          restart() for another server
//! ```
//!
//! # The parts
//!
//! ```text
//!   multipart/mixed                   if there are attachments
//!   ├─ multipart/related              if the HTML shows inline parts
//!   │  ├─ multipart/alternative       if there are a text and an HTML
//!   │  │  ├─ text/plain
//!   │  │  └─ text/html                <img src="cid:…">
//!   │  └─ image/png …                 Content-ID: <…>, inline
//!   └─ application/pdf …              attachment
//! ```
//!
//! A multipart with one part is not written: the part takes its place. A boundary begins with `=_`,
//! which occurs in neither base64 nor quoted-printable (RFC 2045 §6.7); texts in 7bit are searched
//! for it.
//!
//! # Limits
//!
//! [`Limits`]; lengths in bytes, those of texts in bytes of UTF-8.
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`recipients_max`] | 10,000 | more recipients than a server accepts |
//! | [`name_bytes_max`] | 1,024 | a display name that hides the address |
//! | [`value_bytes_max`] | 65,536 | a field longer than servers accept |
//! | [`headers_max`] | 256 | an unbounded number of fields |
//! | [`file_name_bytes_max`] | 1,024 | a name longer than file systems accept |
//! | [`files_max`] | 1,000 | more open files than the system allows |
//! | [`text_bytes_max`] | 8,388,608 | memory: texts are held, files are not |
//! | [`message_bytes_max`] | 1,099,511,627,776 | overflow in the arithmetic of lengths |
//!
//! [`recipients_max`]: Limits::recipients_max
//! [`name_bytes_max`]: Limits::name_bytes_max
//! [`value_bytes_max`]: Limits::value_bytes_max
//! [`headers_max`]: Limits::headers_max
//! [`file_name_bytes_max`]: Limits::file_name_bytes_max
//! [`files_max`]: Limits::files_max
//! [`text_bytes_max`]: Limits::text_bytes_max
//! [`message_bytes_max`]: Limits::message_bytes_max
//!
//! # Example
//!
//! ```
//! use wirewright::buffer::Buffer;
//! use wirewright::mime::{Builder, Date, Limits, Mailbox, MsgId, Step, Writer};
//!
//! let from = Mailbox::parse("王大锤 <wang@example.org>")?;
//! let (date, id) = (Date::new(1_795_310_820, 480)?, MsgId::parse("1@example.org")?);
//! let mut builder = Builder::new(from, date, id, 7, Limits::default());
//! builder.to(Mailbox::parse("luo@example.net")?)?;
//! builder.subject("示例")?;
//! builder.text("Good morning")?;
//! let message = builder.build()?;
//! let size = message.size();
//!
//! let (mut writer, mut out) = (Writer::new(message), Buffer::with_limit(4096));
//! assert_eq!(writer.next(&mut out)?, Step::Done);
//! assert_eq!(out.len() as u64, size);
//! assert!(out.readable().starts_with(b"Date: Sun, 22 Nov 2026 09:27:00 +0800\r\n"));
//! assert!(out.readable().ends_with(b"\r\n\r\nGood morning\r\n"));
//! # Ok::<(), wirewright::error::Error>(())
//! ```

mod date;
mod header;
mod id;
mod mailbox;
mod message;
mod param;
mod raw;
mod structure;
mod transfer_encoding;
mod word;
mod writer;

pub use date::Date;
pub use header::{Header, LINE_MAX, LINE_PREFERRED_MAX, NAME_MAX, OWNED, is_owned};
pub use id::{ID_MAX, MsgId};
pub use mailbox::{DOMAIN_MAX, LOCAL_MAX, Mailbox, ToAscii};
pub use message::{Builder, Message};
pub use param::{FileName, MEDIA_NAME_MAX, MediaType};
pub use raw::Normaliser;
pub use structure::Attachment;
pub use transfer_encoding::{Base64Lines, OUT_MIN, TransferEncoding, base64_len};
pub use word::{Encoding, WORD_LINE_MAX, WORD_MAX};
pub use writer::{Step, Writer};

/// Limits on a message that is built. Limits that a specification sets are constants beside the
/// code that checks them: [`LINE_MAX`], [`LOCAL_MAX`], [`WORD_MAX`] and others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest number of mailboxes in `To`, `Cc` and `Bcc` together.
    pub recipients_max: usize,
    /// The longest display name in bytes of UTF-8.
    pub name_bytes_max: usize,
    /// The longest value of a field, including the subject, in bytes of UTF-8.
    pub value_bytes_max: usize,
    /// The largest number of fields added with [`Builder::header`].
    pub headers_max: usize,
    /// The longest name of a file in bytes of UTF-8.
    pub file_name_bytes_max: usize,
    /// The largest number of attachments and inline parts together.
    pub files_max: usize,
    /// The greatest length of text and HTML together in bytes of UTF-8. Both are held in memory.
    pub text_bytes_max: usize,
    /// The longest message in bytes, encoded, before dot-stuffing.
    pub message_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            recipients_max: 10_000,
            name_bytes_max: 1024,
            value_bytes_max: 65_536,
            headers_max: 256,
            file_name_bytes_max: 1024,
            files_max: 1000,
            text_bytes_max: 8 << 20,
            message_bytes_max: 1 << 40,
        }
    }
}
