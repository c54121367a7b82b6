//! The ServerHello: the TLS version and the cipher suite that a handshake negotiates.
//!
//! A trace shows the version and the cipher suite, and the TLS library does not report them. The
//! server sends both unencrypted at the beginning of the handshake, where [`Reader`] parses them
//! from the bytes that the server sends. The reader does not judge the handshake: only the TLS
//! library does. Bytes that the reader does not understand end its work without a result.
//!
//! Specification: RFC 8446 §5.1 (records), §4 (handshake messages), §4.1.3 (ServerHello), §4.1.4
//! (HelloRetryRequest), §4.2.1 (supported_versions), §B.4 (cipher suites); RFC 5246 §7.4.1.3 (the
//! ServerHello of TLS 1.2) and §7.2 (alerts).
//!
//! ```text
//!   record      type (22) │ legacy version, 2 │ length, 2 │ fragment
//!   message     type (2)  │ length, 3 │ body; over one record or several
//!   body        legacy version, 2 │ random, 32 │ length, 1; session id │ cipher suite, 2
//!               │ compression, 1 │ length, 2; extensions (TLS 1.2: or nothing)
//!   extension   type, 2 │ length, 2 │ data; supported_versions (43): version, 2
//! ```
//!
//! A ServerHello whose random is [`RETRY_RANDOM`] is a HelloRetryRequest. The server then sends its
//! ServerHello later, and may send a record of type change_cipher_spec in between. An alert of the
//! level warning may precede each of the two messages.
//!
//! ```
//! use wirewright::server_hello::Reader;
//!
//! let mut reader = Reader::default();
//! reader.feed(b"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03");
//! reader.feed(&[7; 32]);
//! reader.feed(b"\x00\xc0\x2f\x00");
//! let hello = reader.server_hello().expect("the message is complete");
//! assert_eq!(hello.to_string(), "TLSv1.2, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
//! ```
//!
//! # States
//!
//! ```text
//!   Header ─▶ Fragment ─▶ Header ─▶ … ─▶ Ended: ServerHello read, or not understood
//! ```
//!
//! # Limits
//!
//! | limit | value | |
//! |---|---|---|
//! | [`FRAGMENT_BYTES_MAX`] | 16,384 | of the fragment of an unencrypted record (RFC 8446 §5.1) |
//! | [`MESSAGE_BYTES_MAX`] | 16,384 | of the body of a ServerHello, which is stored |

mod ciphers;

use std::fmt;

/// The longest fragment of an unencrypted record, in bytes. All records up to the ServerHello are
/// unencrypted.
pub const FRAGMENT_BYTES_MAX: usize = 1 << 14;

/// The longest body of a ServerHello or HelloRetryRequest that is read, in bytes. Real ones have
/// about 100 bytes, and 1,200 with a post-quantum key share.
pub const MESSAGE_BYTES_MAX: usize = 1 << 14;

/// The random of a HelloRetryRequest: the SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
pub const RETRY_RANDOM: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// The header of a record: its type, a version and the length of its fragment.
const HEADER_BYTES: usize = 5;

/// The header of a handshake message: its type and the length of its body.
const MESSAGE_HEADER_BYTES: usize = 4;

/// The longest session id, in bytes.
const SESSION_ID_BYTES_MAX: usize = 32;

/// The type of the message ServerHello.
const SERVER_HELLO: u8 = 2;

/// The type of the extension supported_versions.
const SUPPORTED_VERSIONS: [u8; 2] = 43u16.to_be_bytes();

/// The alert level of a warning.
const WARNING: u8 = 1;

const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

/// The result of a ServerHello. `Display` writes `TLSv1.3, TLS_AES_256_GCM_SHA384`, with numbers in
/// place of unknown names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerHello {
    /// The TLS version: 0x0303 for 1.2, 0x0304 for 1.3.
    pub version: u16,
    /// The cipher suite, by its number in IANA's registry.
    pub cipher_suite: u16,
}

impl fmt::Display for ServerHello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            0x0301 => f.write_str("TLSv1.0")?,
            0x0302 => f.write_str("TLSv1.1")?,
            TLS_1_2 => f.write_str("TLSv1.2")?,
            TLS_1_3 => f.write_str("TLSv1.3")?,
            other => write!(f, "TLS 0x{other:04X}")?,
        }
        match ciphers::name(self.cipher_suite) {
            Some(name) => write!(f, ", {name}"),
            None => write!(f, ", 0x{:04X}", self.cipher_suite),
        }
    }
}

/// The types of records that may precede or hold the ServerHello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ContentType {
    ChangeCipherSpec,
    Alert,
    Handshake,
}

/// Named for what is expected next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The header of a record, of which `filled` bytes were received.
    Header { filled: usize },
    /// `left` more bytes of the fragment of a record.
    Fragment { kind: ContentType, left: usize },
    /// Nothing: the ServerHello was parsed, or something was not understood.
    Ended,
}

/// Parses a ServerHello from all bytes that a server sends on a connection, in pieces of any size.
#[derive(Debug)]
pub struct Reader {
    state: State,
    header: [u8; HEADER_BYTES],
    /// The incomplete handshake message, with its header.
    message: Vec<u8>,
    /// A HelloRetryRequest was received.
    retried: bool,
    hello: Option<ServerHello>,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader {
            state: State::Header { filled: 0 },
            header: [0; HEADER_BYTES],
            message: Vec::new(),
            retried: false,
            hello: None,
        }
    }
}

impl Reader {
    /// Takes the next bytes that the server sent. They are ignored once the reader has ended.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.state != State::Ended {
            let (count, next) = match self.state {
                State::Header { filled } => self.header(filled, bytes),
                State::Fragment { kind, left } => self.fragment(kind, left, bytes),
                State::Ended => return,
            };
            bytes = &bytes[count..];
            self.state = next.unwrap_or(State::Ended);
            if self.state == State::Ended {
                self.message = Vec::new();
            }
        }
    }

    /// The ServerHello. `None` until it is complete, and if it was not understood.
    pub fn server_hello(&self) -> Option<ServerHello> {
        self.hello
    }

    /// Whether the reader needs no more bytes.
    pub fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Allocated memory, in bytes; 0 once the reader has ended.
    pub fn memory(&self) -> usize {
        self.message.capacity()
    }

    /// Takes bytes of a header. Returns how many, and the next state, or `None` if the header is
    /// not understood.
    fn header(&mut self, filled: usize, bytes: &[u8]) -> (usize, Option<State>) {
        let count = bytes.len().min(HEADER_BYTES - filled);
        self.header[filled..filled + count].copy_from_slice(&bytes[..count]);
        let filled = filled + count;
        if filled < HEADER_BYTES {
            return (count, Some(State::Header { filled }));
        }
        let next = self.record_type_and_length().map(|(kind, left)| State::Fragment { kind, left });
        (count, next)
    }

    /// The type and length that the complete header announces. Its version is ignored (RFC 8446
    /// §5.1). Records of another type are not allowed within a handshake message.
    fn record_type_and_length(&self) -> Option<(ContentType, usize)> {
        let [number, _, _, high, low] = self.header;
        let left = usize::from(u16::from_be_bytes([high, low]));
        let kind = match (number, left) {
            (22, 1..=FRAGMENT_BYTES_MAX) => return Some((ContentType::Handshake, left)),
            (21, 2) => ContentType::Alert,
            (20, 1) if self.retried => ContentType::ChangeCipherSpec,
            _ => return None,
        };
        self.message.is_empty().then_some((kind, left))
    }

    /// Takes bytes of a fragment. Returns how many, and the next state, or `None` if they are not
    /// understood.
    fn fragment(&mut self, kind: ContentType, left: usize, bytes: &[u8]) -> (usize, Option<State>) {
        let taken = match kind {
            ContentType::Handshake => self.handshake(&bytes[..bytes.len().min(left)]),
            // First the level, then the description.
            ContentType::Alert => (left == 1 || bytes[0] == WARNING).then_some(1),
            ContentType::ChangeCipherSpec => (bytes[0] == 1).then_some(1),
        };
        let Some(count) = taken else { return (0, None) };
        let left = left - count;
        let next = match (self.hello, left) {
            (Some(_), _) => State::Ended,
            (None, 0) => State::Header { filled: 0 },
            (None, _) => State::Fragment { kind, left },
        };
        (count, Some(next))
    }

    /// Takes bytes of the current handshake message, none beyond its end. Returns how many, or
    /// `None` if they are not understood.
    fn handshake(&mut self, bytes: &[u8]) -> Option<usize> {
        let needed = self.needed()? - self.message.len();
        let count = bytes.len().min(needed);
        self.message.extend_from_slice(&bytes[..count]);
        if self.message.len() < self.needed()? {
            return Some(count);
        }
        let (hello, is_retry) = parse(&self.message[MESSAGE_HEADER_BYTES..])?;
        self.message.clear();
        match is_retry {
            true if self.retried => return None,
            true => self.retried = true,
            false => self.hello = Some(hello),
        }
        Some(count)
    }

    /// How many bytes of the current message are needed next: those of its header, then of the
    /// whole message.
    fn needed(&self) -> Option<usize> {
        let Some(&[kind, high, middle, low]) = self.message.first_chunk::<MESSAGE_HEADER_BYTES>()
        else {
            return Some(MESSAGE_HEADER_BYTES);
        };
        let len = u32::from_be_bytes([0, high, middle, low]) as usize;
        (kind == SERVER_HELLO && len <= MESSAGE_BYTES_MAX).then_some(MESSAGE_HEADER_BYTES + len)
    }
}

/// Parses the body of a ServerHello; true for a HelloRetryRequest. `None` if the body does not
/// conform to the grammar.
fn parse(body: &[u8]) -> Option<(ServerHello, bool)> {
    let (&legacy, rest) = body.split_first_chunk::<2>()?;
    let (random, rest) = rest.split_first_chunk::<32>()?;
    let (&len, rest) = rest.split_first()?;
    let (session_id, rest) = rest.split_at_checked(usize::from(len))?;
    let (&cipher_suite, rest) = rest.split_first_chunk::<2>()?;
    let (_compression, rest) = rest.split_first()?;
    if session_id.len() > SESSION_ID_BYTES_MAX {
        return None;
    }
    let selected = if rest.is_empty() { None } else { selected_version(rest)? };
    let version = version(u16::from_be_bytes(legacy), selected)?;
    let hello = ServerHello { version, cipher_suite: u16::from_be_bytes(cipher_suite) };
    Some((hello, *random == RETRY_RANDOM))
}

/// The version of supported_versions; `Some(None)` without this extension, `None` if the extensions
/// do not conform to the grammar.
fn selected_version(extensions: &[u8]) -> Option<Option<u16>> {
    let (&len, mut rest) = extensions.split_first_chunk::<2>()?;
    if rest.len() != usize::from(u16::from_be_bytes(len)) {
        return None;
    }
    let mut selected = None;
    while !rest.is_empty() {
        let (&kind, behind) = rest.split_first_chunk::<2>()?;
        let (&len, behind) = behind.split_first_chunk::<2>()?;
        let (data, behind) = behind.split_at_checked(usize::from(u16::from_be_bytes(len)))?;
        rest = behind;
        if kind == SUPPORTED_VERSIONS {
            let version = u16::from_be_bytes(data.try_into().ok()?);
            if selected.replace(version).is_some() {
                return None;
            }
        }
    }
    Some(selected)
}

/// The negotiated version. Up to TLS 1.2 that is the field legacy_version. From TLS 1.3 on that
/// field is 0x0303, and the version is in supported_versions (RFC 8446 §4.2.1).
fn version(legacy: u16, selected: Option<u16>) -> Option<u16> {
    match selected {
        None => (0x0300..=TLS_1_2).contains(&legacy).then_some(legacy),
        Some(version) => (legacy == TLS_1_2 && version >= TLS_1_3).then_some(version),
    }
}
