//! The meanings of message types, status codes, fields and reply codes, each with its section.
//!
//! ```text
//!   chunk ─▶ bytes of the file, from this offset     PROTOCOL §5
//!   404   ─▶ Not Found: there is no such resource    RFC 9110 §15.5.5
//!   250   ─▶ the command succeeded                   RFC 5321 §4.2.3
//! ```

/// A key, its meaning, its section.
type Row<K> = (K, &'static str, &'static str);

fn look_up<K: Copy>(
    table: &[Row<K>],
    is_it: impl Fn(K) -> bool,
) -> Option<(&'static str, &'static str)> {
    table.iter().find(|row| is_it(row.0)).map(|row| (row.1, row.2))
}

// ---- messages of the framed wire ---------------------------------------------------------------

const MESSAGES: &[Row<&str>] = &[
    ("hello", "the first message of a side: its versions, limits and digests", "PROTOCOL §4.1"),
    ("auth", "the client proves that it knows the token", "PROTOCOL §8.3"),
    ("welcome", "the server proves that it knows the token", "PROTOCOL §8.3"),
    ("list", "a request for the list of files", "PROTOCOL §4"),
    ("entries", "one page of the list of files", "PROTOCOL §4.6"),
    ("get", "a request to send this file", "PROTOCOL §4"),
    ("file", "the answer to get: the file follows, from this offset", "PROTOCOL §4"),
    ("put", "a request to store this file", "PROTOCOL §4"),
    ("ready", "the server takes the file, from this offset", "PROTOCOL §7.3"),
    ("chunk", "bytes of the file, from this offset", "PROTOCOL §5"),
    ("end", "all chunks were sent; the digest of the whole file", "PROTOCOL §6"),
    ("done", "the file is stored under its name", "PROTOCOL §7.6"),
    ("cancel", "ends that request", "PROTOCOL §4.5"),
    ("error", "the request failed, and why", "PROTOCOL §9"),
];

/// The meaning of a message type, and its section.
pub fn message(kind: &str) -> (&'static str, &'static str) {
    let unknown = ("a message of unknown type", "PROTOCOL §4");
    look_up(MESSAGES, |name| name == kind).unwrap_or(unknown)
}

/// Whether `PROTOCOL.md` has a message of this type.
pub fn is_message(kind: &str) -> bool {
    MESSAGES.iter().any(|row| row.0 == kind)
}

// ---- HTTP --------------------------------------------------------------------------------------

const STATUSES: &[Row<u16>] = &[
    (100, "Continue: the client sends the body now", "RFC 9110 §15.2.1"),
    (103, "Early Hints: fields that the final response will probably have", "RFC 8297 §2"),
    (200, "OK: the request succeeded", "RFC 9110 §15.3.1"),
    (201, "Created: the request created a resource", "RFC 9110 §15.3.2"),
    (202, "Accepted: the server has not finished the request yet", "RFC 9110 §15.3.3"),
    (204, "No Content: the request succeeded, and there is no body", "RFC 9110 §15.3.5"),
    (206, "Partial Content: the part that was requested", "RFC 9110 §15.3.7"),
    (301, "Moved Permanently: Location is the new address", "RFC 9110 §15.4.2"),
    (302, "Found: Location is the address for now", "RFC 9110 §15.4.3"),
    (303, "See Other: the answer is at Location, with GET", "RFC 9110 §15.4.4"),
    (304, "Not Modified: the stored copy is still valid", "RFC 9110 §15.4.5"),
    (307, "Temporary Redirect: the same request again, at Location", "RFC 9110 §15.4.8"),
    (308, "Permanent Redirect: the same request from now on, at Location", "RFC 9110 §15.4.9"),
    (400, "Bad Request: the server cannot read the request", "RFC 9110 §15.5.1"),
    (401, "Unauthorized: the request needs valid credentials", "RFC 9110 §15.5.2"),
    (403, "Forbidden: the server refuses the request", "RFC 9110 §15.5.4"),
    (404, "Not Found: there is no such resource", "RFC 9110 §15.5.5"),
    (405, "Method Not Allowed: the resource does not support this method", "RFC 9110 §15.5.6"),
    (408, "Request Timeout: the request did not arrive in time", "RFC 9110 §15.5.9"),
    (410, "Gone: the resource was removed for good", "RFC 9110 §15.5.11"),
    (412, "Precondition Failed: a condition of the request is false", "RFC 9110 §15.5.13"),
    (416, "Range Not Satisfiable: the resource has no such part", "RFC 9110 §15.5.17"),
    (429, "Too Many Requests: the client has to wait", "RFC 6585 §4"),
    (500, "Internal Server Error: the server failed", "RFC 9110 §15.6.1"),
    (502, "Bad Gateway: another server behind it sent an invalid response", "RFC 9110 §15.6.3"),
    (503, "Service Unavailable: the server is overloaded or maintained", "RFC 9110 §15.6.4"),
    (504, "Gateway Timeout: another server behind it did not answer", "RFC 9110 §15.6.5"),
];

/// The meaning of a status, or else of its class (RFC 9110 §15), and its section.
pub fn status(status: u16) -> (&'static str, &'static str) {
    let class = match status / 100 {
        1 => ("an interim response; the final one follows", "RFC 9110 §15.2"),
        2 => ("the request succeeded", "RFC 9110 §15.3"),
        3 => ("a redirection", "RFC 9110 §15.4"),
        4 => ("an error in the request", "RFC 9110 §15.5"),
        5 => ("an error of the server", "RFC 9110 §15.6"),
        _ => ("a status of no known class", "RFC 9110 §15"),
    };
    look_up(STATUSES, |code| code == status).unwrap_or(class)
}

const FIELDS: &[Row<&str>] = &[
    ("Accept-Ranges", "whether the server answers range requests", "RFC 9110 §14.3"),
    ("Age", "seconds that the response spent in caches", "RFC 9111 §5.1"),
    ("Allow", "the methods that the resource supports", "RFC 9110 §10.2.1"),
    ("Cache-Control", "what caches may do with the response", "RFC 9111 §5.2"),
    ("Connection", "options for this connection only", "RFC 9110 §7.6.1"),
    ("Content-Disposition", "the file name to store the body under", "RFC 6266 §4"),
    ("Content-Encoding", "the compression of the body", "RFC 9110 §8.4"),
    ("Content-Language", "the language of the intended readers", "RFC 9110 §8.5"),
    ("Content-Length", "the length of the body in bytes", "RFC 9110 §8.6"),
    ("Content-Location", "the address of exactly this content", "RFC 9110 §8.7"),
    ("Content-Range", "which part of the whole this is", "RFC 9110 §14.4"),
    ("Content-Type", "the media type of the body", "RFC 9110 §8.3"),
    ("Date", "when the server generated the response", "RFC 9110 §6.6.1"),
    ("ETag", "an identifier of this version of the resource", "RFC 9110 §8.8.3"),
    ("Expires", "when the response becomes stale", "RFC 9111 §5.3"),
    ("Keep-Alive", "how long an idle connection stays open; a hint", "RFC 9112 §9.3"),
    ("Last-Modified", "when the resource was last changed", "RFC 9110 §8.8.2"),
    ("Link", "related resources", "RFC 8288 §3"),
    ("Location", "the target of a redirection, or the new resource", "RFC 9110 §10.2.2"),
    ("Retry-After", "how long to wait before the next request", "RFC 9110 §10.2.3"),
    ("Server", "the software of the server", "RFC 9110 §10.2.4"),
    ("Set-Cookie", "a cookie that the client returns in later requests", "RFC 6265 §4.1"),
    ("Strict-Transport-Security", "this host is to be reached over TLS only", "RFC 6797 §6.1"),
    ("Trailer", "the fields that will follow the body", "RFC 9110 §6.6.2"),
    (
        "Transfer-Encoding",
        "transfer codings of the body; chunked: in pieces, each with its size",
        "RFC 9112 §6.1",
    ),
    ("Upgrade", "other protocols that the server offers on this connection", "RFC 9110 §7.8"),
    ("Vary", "the request fields that the response depends on", "RFC 9110 §12.5.5"),
    ("Via", "the proxies that the response passed", "RFC 9110 §7.6.3"),
    ("WWW-Authenticate", "the authentication schemes that the server accepts", "RFC 9110 §11.6.1"),
];

/// The meaning of a field, and its section.
pub fn field(name: &str) -> (&'static str, &'static str) {
    let unknown = ("a field that the client does not interpret", "RFC 9110 §5.1");
    look_up(FIELDS, |known| known.eq_ignore_ascii_case(name)).unwrap_or(unknown)
}

// ---- SMTP --------------------------------------------------------------------------------------

const REPLIES: &[Row<u16>] = &[
    (211, "the system status", "RFC 5321 §4.2.3"),
    (214, "a help text", "RFC 5321 §4.2.3"),
    (220, "the service is ready", "RFC 5321 §4.2.3"),
    (221, "the server closes the connection", "RFC 5321 §4.2.3"),
    (235, "authentication succeeded", "RFC 4954 §6"),
    (250, "the command succeeded", "RFC 5321 §4.2.3"),
    (251, "the user is not local; the server forwards the message", "RFC 5321 §4.2.3"),
    (252, "the user cannot be verified; the server will try to deliver", "RFC 5321 §4.2.3"),
    (334, "a challenge of the authentication; the client answers it", "RFC 4954 §4"),
    (354, "start of the message; a line with a single dot ends it", "RFC 5321 §4.2.3"),
    (421, "the service is not available; the server closes the connection", "RFC 5321 §4.2.3"),
    (432, "the password has to be changed first", "RFC 4954 §6"),
    (450, "the mailbox is not available at the moment", "RFC 5321 §4.2.3"),
    (451, "the server has an error at the moment", "RFC 5321 §4.2.3"),
    (452, "the server is out of storage at the moment", "RFC 5321 §4.2.3"),
    (454, "authentication is not possible at the moment", "RFC 4954 §6"),
    (500, "the server does not recognise the command", "RFC 5321 §4.2.3"),
    (501, "a parameter is not valid", "RFC 5321 §4.2.3"),
    (502, "the command is not implemented", "RFC 5321 §4.2.3"),
    (503, "the command is out of sequence", "RFC 5321 §4.2.3"),
    (504, "the parameter is not implemented", "RFC 5321 §4.2.3"),
    (530, "authentication is required", "RFC 4954 §6"),
    (534, "the authentication mechanism is too weak", "RFC 4954 §6"),
    (535, "the credentials are not valid", "RFC 4954 §6"),
    (538, "the mechanism requires encryption", "RFC 4954 §6"),
    (550, "the mailbox is not available", "RFC 5321 §4.2.3"),
    (551, "the user is not local; the text has another address", "RFC 5321 §4.2.3"),
    (552, "the message exceeds the storage of the mailbox", "RFC 5321 §4.2.3"),
    (553, "the mailbox name is not valid", "RFC 5321 §4.2.3"),
    (554, "the transaction failed", "RFC 5321 §4.2.3"),
];

/// The meaning of a reply code, or else of its first two digits, and its section.
pub fn reply(code: u16) -> (String, &'static str) {
    if let Some((meaning, section)) = look_up(REPLIES, |known| known == code) {
        return (meaning.to_owned(), section);
    }
    let about = match code / 10 % 10 {
        0 => ", about syntax",
        1 => ", about information",
        2 => ", about the connection",
        5 => ", about the mail system",
        _ => "",
    };
    (format!("{}{about}", reply_class(code)), "RFC 5321 §4.2.1")
}

/// The meaning of the first digit of a reply code: RFC 5321 §4.2.1.
pub fn reply_class(code: u16) -> &'static str {
    match code / 100 {
        2 => "success",
        3 => "intermediate",
        4 => "transient failure",
        _ => "permanent failure",
    }
}

/// The meaning of the second number of an enhanced code: RFC 3463 §2.
pub fn subject(subject: u16) -> &'static str {
    match subject {
        1 => "an address",
        2 => "the mailbox",
        3 => "the mail system",
        4 => "the network or routing",
        5 => "the mail protocol",
        6 => "the content of the message",
        7 => "security or policy",
        _ => "another subject",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A status of HTTP has a reason phrase, a reply code of SMTP has none.
    #[test]
    fn statuses_have_their_reason_phrases() {
        for (status, meaning, section) in STATUSES {
            let (phrase, rest) = meaning.split_once(": ").unwrap_or_default();
            let is_title = phrase.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(is_title && !rest.is_empty(), "{status}: {meaning} ({section})");
        }
    }
}
