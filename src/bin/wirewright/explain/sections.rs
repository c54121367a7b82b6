//! The requirement of each section that an explained parser names, as grammar or a sentence.
//!
//! ```text
//!   RFC 9110 §8.6   ─▶   Content-Length = 1*DIGIT
//! ```
//!
//! A requirement that the specification gives as ABNF (RFC 5234) is quoted as ABNF. A test reads
//! the sources of the parsers and fails if a section that they name is missing.

/// The requirement of a section.
pub fn demand(section: &str) -> Option<&'static str> {
    let tables = [PROTOCOL, JSON, HTTP, SMTP];
    tables.iter().flat_map(|table| table.iter()).find(|row| row.0 == section).map(|row| row.1)
}

/// What the specification says about a limit.
pub fn limit(name: &str) -> Option<&'static str> {
    LIMITS.iter().find(|row| row.0 == name).map(|row| row.1)
}

type Table = &'static [(&'static str, &'static str)];

/// `PROTOCOL.md`, the framed wire.
const PROTOCOL: Table = &[
    ("PROTOCOL §3.1", "frame = length object; length = 4 bytes, big-endian"),
    ("PROTOCOL §3.2", "1 <= length < 2^24, so the first byte of every frame is 00"),
    ("PROTOCOL §3.3", "length <= 65,536 until both hellos are through, then as they say"),
    ("PROTOCOL §3.4", "the bytes of a frame are exactly one JSON object"),
    ("PROTOCOL §3.5", "a stream ends between two frames, not inside one"),
    ("PROTOCOL §4", "the members that the table names for this type, each of its kind"),
    ("PROTOCOL §4.2", "65,536 <= max_frame < 2^24"),
    ("PROTOCOL §4.3", "ids begin at 1 or later and rise on a connection"),
    ("PROTOCOL §4.4", "etag = 1*128 visible ASCII characters"),
    ("PROTOCOL §4.6", "a page with \"more\":true has at least one entry"),
    ("PROTOCOL §5.2", "a chunk carries at least one byte"),
    ("PROTOCOL §5.4", "crc32 = 8 lower-case hexadecimal digits"),
    ("PROTOCOL §6.1", "digest = ( \"blake3:\" / \"sha256:\" ) and 64 digits, or null"),
    ("PROTOCOL §7.2", "a get with an offset above 0 names the etag it began with"),
    ("PROTOCOL §8.1", "nonce = 16 to 64 bytes as lower-case hexadecimal digits"),
    ("PROTOCOL §13", "the table of limits; both sides keep them"),
];

/// The object, and the payload in it.
const JSON: Table = &[
    ("RFC 8259 §2", "JSON-text = ws value ws; ws = *( space / tab / LF / CR )"),
    ("RFC 8259 §3", "value = false / null / true / object / array / number / string"),
    ("RFC 8259 §3 and §6", "value = false / null / true / object / array / number / string"),
    ("RFC 8259 §4", "object = \"{\" [ member *( \",\" member ) ] \"}\"; names SHOULD be unique"),
    ("RFC 8259 §4 and §5", "objects end with \"}\", arrays with \"]\""),
    ("RFC 8259 §4 and §7", "member = string \":\" value; string = %x22 *char %x22"),
    ("RFC 8259 §5", "array = \"[\" [ value *( \",\" value ) ] \"]\""),
    ("RFC 8259 §6", "number = [ \"-\" ] int [ frac ] [ exp ]; int = \"0\" / ( digit1-9 *DIGIT )"),
    ("RFC 8259 §7", "char = any but \" \\ and controls, or \\ and one of \" \\ / b f n r t u"),
    ("RFC 8259 §8.1", "JSON text between systems is UTF-8, without a byte order mark"),
    ("RFC 8259 §8.2", "an unpaired surrogate has no defined meaning"),
    ("RFC 8259 §9", "a parser may set limits on size, depth, numbers and strings"),
    ("RFC 4648 §3.2", "base64 is padded with \"=\" to a multiple of 4 characters"),
    ("RFC 4648 §3.3", "characters outside the alphabet are refused, \"=\" before the end too"),
    ("RFC 4648 §3.5", "the bits that padding leaves unused are zero"),
    ("RFC 4648 §4", "A-Z a-z 0-9 + /; 4 characters carry 3 bytes, the last with = or =="),
];

/// Responses.
const HTTP: Table = &[
    ("RFC 9110 §5.1", "field-name = token"),
    ("RFC 9110 §5.4", "a recipient may limit the length of what it takes"),
    ("RFC 9110 §5.5", "field-value = *field-content; CR, LF and NUL are invalid"),
    ("RFC 9110 §5.6.1", "#element => [ element ] *( OWS \",\" OWS [ element ] )"),
    ("RFC 9110 §6.5.1", "what frames or routes a message is no trailer field"),
    ("RFC 9110 §7.8", "a server switches only to a protocol that the request named in Upgrade"),
    ("RFC 9110 §8.6", "Content-Length = 1*DIGIT"),
    ("RFC 9110 §9.3.6", "a 2xx to CONNECT begins a tunnel: no body"),
    ("RFC 9110 §10.1.4", "TE lists the transfer codings that a client accepts, beside chunked"),
    ("RFC 9110 §15.2", "a 1xx response has no body, and another response follows"),
    ("RFC 9112 §2.1", "HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ body ]"),
    ("RFC 9112 §2.2", "a line ends with CR LF; a CR alone is invalid"),
    ("RFC 9112 §2.3", "HTTP-version = \"HTTP/\" DIGIT \".\" DIGIT"),
    ("RFC 9112 §4", "status-line = HTTP-version SP 3DIGIT SP [ reason-phrase ]"),
    ("RFC 9112 §5", "field-line = field-name \":\" OWS field-value OWS"),
    ("RFC 9112 §5.1", "no white space between the field name and the colon"),
    ("RFC 9112 §5.2", "a sender must not fold a field over several lines"),
    ("RFC 9112 §6.1", "chunked is the last transfer coding, and applied once"),
    ("RFC 9112 §6.2", "Content-Length counts the bytes of the body"),
    ("RFC 9112 §6.3", "the body ends in one place, by the first rule of eight that fits"),
    ("RFC 9112 §7.1", "chunk = 1*HEXDIG [ chunk-ext ] CRLF chunk-data CRLF"),
    ("RFC 9112 §7.1.1", "chunk-ext = *( BWS \";\" BWS name [ BWS \"=\" BWS value ] )"),
    ("RFC 9112 §7.1.2", "trailer-section = *( field-line CRLF )"),
    ("RFC 9112 §8", "a message that ends early is incomplete, not short"),
    ("RFC 9112 §9.2", "bytes without an outstanding request are no response"),
    ("RFC 9112 §9.3", "a connection persists unless something speaks against it"),
    ("RFC 9112 §9.6", "a connection that closes carries no further request"),
    ("RFC 9112 §9.8", "a body that ends with the stream needs a proper end of it"),
];

/// Replies.
const SMTP: Table = &[
    ("RFC 5321 §2.3.8", "lines end with CR LF, and with nothing else"),
    ("RFC 5321 §4.2", "Reply-line = *( code \"-\" [ text ] CRLF ) code [ SP text ] CRLF"),
    ("RFC 5321 §4.2.1", "code = %x32-35 %x30-35 %x30-39, the same on all lines"),
    ("RFC 5321 §4.5.3.1.5", "a reply line has at most 512 bytes; here 4,096 are accepted"),
];

/// Our limits, and those of `PROTOCOL.md`.
const LIMITS: Table = &[
    ("members_max", "RFC 8259 §9 sets no limit, and lets a parser set one"),
    ("rest_bytes_max", "RFC 8259 §9 sets no limit, and lets a parser set one"),
    ("frame_bytes_max", "PROTOCOL §3.3: 65,536 for the first frame, then as the hellos say"),
    ("agent_bytes_max", "PROTOCOL §13 sets it"),
    ("versions_max", "PROTOCOL §13 sets it"),
    ("digests_max", "PROTOCOL §13 sets it"),
    ("digest_name_bytes_max", "PROTOCOL §13 sets it"),
    ("page_entries_max", "PROTOCOL §13 sets it"),
    ("line_bytes_max", "RFC 9110 §5.4 sets no limit, and lets a recipient set one"),
    ("head_bytes_max", "RFC 9110 §5.4 sets no limit, and lets a recipient set one"),
    ("trailer_bytes_max", "RFC 9110 §5.4 sets no limit, and lets a recipient set one"),
    ("fields_max", "RFC 9110 §5.4 sets no limit, and lets a recipient set one"),
    ("interim_max", "RFC 9110 §15.2 sets no limit on the number of 1xx responses"),
    ("chunk_ext_bytes_max", "RFC 9112 §7.1.1 sets no limit, and tells servers to have one"),
    ("chunk_ext_total_bytes_max", "RFC 9112 §7.1.1 sets no limit, and tells servers to have one"),
    ("body_bytes_max", "RFC 9110 §8.6 sets no limit on the length of a body"),
    ("reply_line_bytes_max", "RFC 5321 §4.5.3.1.5 sets 512 bytes; here more are accepted"),
    ("reply_bytes_max", "RFC 5321 §4.2.1 sets no limit on the lines of a reply"),
    ("reply_lines_max", "RFC 5321 §4.2.1 sets no limit on the lines of a reply"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The parsers that are explained.
    const SOURCES: [&str; 17] = [
        include_str!("../../../transfer/chunk.rs"),
        include_str!("../../../transfer/frame.rs"),
        include_str!("../../../transfer/form.rs"),
        include_str!("../../../transfer/message.rs"),
        include_str!("../../../transfer/reader.rs"),
        include_str!("../../../base64.rs"),
        include_str!("../../../envelope/decode.rs"),
        include_str!("../../../envelope/rule.rs"),
        include_str!("../../../envelope/state.rs"),
        include_str!("../../../http/message/body.rs"),
        include_str!("../../../http/message/chunked.rs"),
        include_str!("../../../http/exchange.rs"),
        include_str!("../../../http/exchange/response.rs"),
        include_str!("../../../http/exchange/state.rs"),
        include_str!("../../../http/message/head.rs"),
        include_str!("../../../http/message/headers.rs"),
        include_str!("../../../smtp/reply.rs"),
    ];

    /// Every text in quotes that names a section.
    fn named() -> BTreeSet<&'static str> {
        let texts = SOURCES.iter().flat_map(|source| source.split('"').skip(1));
        let is_name = |text: &&str| {
            ["RFC ", "PROTOCOL §"].iter().any(|begin| text.starts_with(begin))
                && !text.contains('\n')
        };
        texts.filter(is_name).collect()
    }

    #[test]
    fn every_section_is_known() {
        let named = named();
        assert!(named.len() > 30 && named.contains("RFC 9112 §6.3"), "{named:?}");
        let unknown: Vec<_> = named.iter().filter(|name| demand(name).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    /// Every limit that an explained parser names: what the specification says of it is told.
    #[test]
    fn every_limit_is_known() {
        let texts = SOURCES.iter().flat_map(|source| source.split('"').skip(1));
        let is_name = |text: &&str| {
            text.ends_with("_max") && text.bytes().all(|c| c == b'_' || c.is_ascii_lowercase())
        };
        let named: BTreeSet<&str> = texts.filter(is_name).collect();
        assert!(named.len() > 15 && named.contains("fields_max"), "{named:?}");
        let unknown: Vec<_> = named.iter().filter(|name| limit(name).is_none()).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
