//! What codes, names and types mean, each in a few plain words and with its section.
//!
//! ```text
//!   chunk ─▶ bytes of the file           PROTOCOL §5
//!   404   ─▶ there is nothing like it    RFC 9110 §15.5.5
//!   250   ─▶ done                        RFC 5321 §4.2.3
//! ```

/// A key, what it means, where that is written.
type Row<K> = (K, &'static str, &'static str);

fn look_up<K: Copy>(
    table: &[Row<K>],
    is_it: impl Fn(K) -> bool,
) -> Option<(&'static str, &'static str)> {
    table.iter().find(|row| is_it(row.0)).map(|row| (row.1, row.2))
}

// ---- messages of the framed wire ---------------------------------------------------------------

const MESSAGES: &[Row<&str>] = &[
    ("hello", "the first message of a side: this is what I can do", "PROTOCOL §4.1"),
    ("auth", "the client proves the token", "PROTOCOL §8.3"),
    ("welcome", "the server proves the token", "PROTOCOL §8.3"),
    ("list", "what is there?", "PROTOCOL §4"),
    ("entries", "a page of what is there", "PROTOCOL §4.6"),
    ("get", "send me this file", "PROTOCOL §4"),
    ("file", "here it comes, from that offset", "PROTOCOL §4"),
    ("put", "may I send this file?", "PROTOCOL §4"),
    ("ready", "yes, from this offset", "PROTOCOL §7.3"),
    ("chunk", "bytes of the file, from that offset", "PROTOCOL §5"),
    ("end", "all chunks are out; this is the digest", "PROTOCOL §6"),
    ("done", "the file stands under its name", "PROTOCOL §7.6"),
    ("cancel", "end that request", "PROTOCOL §4.5"),
    ("error", "it did not work, and why", "PROTOCOL §9"),
];

/// What a message of that type means, and where that is written.
pub fn message(kind: &str) -> (&'static str, &'static str) {
    let unknown = ("a message of unknown type", "PROTOCOL §4");
    look_up(MESSAGES, |name| name == kind).unwrap_or(unknown)
}

/// Whether there is such a message.
pub fn is_message(kind: &str) -> bool {
    MESSAGES.iter().any(|row| row.0 == kind)
}

// ---- HTTP --------------------------------------------------------------------------------------

const STATUSES: &[Row<u16>] = &[
    (100, "go on and send the body", "RFC 9110 §15.2.1"),
    (103, "a hint of what the response will hold", "RFC 8297 §2"),
    (200, "it went well; here is what was asked for", "RFC 9110 §15.3.1"),
    (201, "something new was made", "RFC 9110 §15.3.2"),
    (202, "taken, but not done yet", "RFC 9110 §15.3.3"),
    (204, "it went well, and there is nothing to send", "RFC 9110 §15.3.5"),
    (206, "here is the part that was asked for", "RFC 9110 §15.3.7"),
    (301, "it has moved for good: ask there", "RFC 9110 §15.4.2"),
    (302, "it is elsewhere for now: ask there", "RFC 9110 §15.4.3"),
    (303, "the answer is elsewhere: get it there", "RFC 9110 §15.4.4"),
    (304, "what you have is still good", "RFC 9110 §15.4.5"),
    (307, "elsewhere for now: ask there in the same way", "RFC 9110 §15.4.8"),
    (308, "moved for good: ask there in the same way", "RFC 9110 §15.4.9"),
    (400, "the server does not understand the request", "RFC 9110 §15.5.1"),
    (401, "who are you? Log in", "RFC 9110 §15.5.2"),
    (403, "understood, and refused", "RFC 9110 §15.5.4"),
    (404, "there is nothing of that name", "RFC 9110 §15.5.5"),
    (405, "not with this method", "RFC 9110 §15.5.6"),
    (408, "the server did not get the whole request in time", "RFC 9110 §15.5.9"),
    (410, "it was here, and is gone", "RFC 9110 §15.5.11"),
    (412, "a condition of the request does not hold", "RFC 9110 §15.5.13"),
    (416, "there is no such part of it", "RFC 9110 §15.5.17"),
    (429, "too many requests: wait", "RFC 6585 §4"),
    (500, "the server failed", "RFC 9110 §15.6.1"),
    (502, "the server behind the gateway failed", "RFC 9110 §15.6.3"),
    (503, "not now, overloaded or being repaired", "RFC 9110 §15.6.4"),
    (504, "the server behind the gateway took too long", "RFC 9110 §15.6.5"),
];

/// What a status means, by its class if by nothing else, and where that is written.
pub fn status(status: u16) -> (&'static str, &'static str) {
    let class = match status / 100 {
        1 => ("not the answer yet; it follows", "RFC 9110 §15.2"),
        2 => ("it went well", "RFC 9110 §15.3"),
        3 => ("more has to be done: look at the fields", "RFC 9110 §15.4"),
        4 => ("the request is at fault", "RFC 9110 §15.5"),
        5 => ("the server is at fault", "RFC 9110 §15.6"),
        _ => ("a status of no known class", "RFC 9110 §15"),
    };
    look_up(STATUSES, |code| code == status).unwrap_or(class)
}

const FIELDS: &[Row<&str>] = &[
    ("Accept-Ranges", "whether parts of it can be asked for", "RFC 9110 §14.3"),
    ("Age", "how long a cache has held it, in seconds", "RFC 9111 §5.1"),
    ("Allow", "the methods that may be used", "RFC 9110 §10.2.1"),
    ("Cache-Control", "what caches may do with it", "RFC 9111 §5.2"),
    ("Connection", "what holds for this connection alone", "RFC 9110 §7.6.1"),
    ("Content-Disposition", "the name to store it under", "RFC 6266 §4"),
    ("Content-Encoding", "how the body was packed", "RFC 9110 §8.4"),
    ("Content-Language", "for readers of which language", "RFC 9110 §8.5"),
    ("Content-Length", "the length of the body in bytes", "RFC 9110 §8.6"),
    ("Content-Location", "under which name exactly this is found", "RFC 9110 §8.7"),
    ("Content-Range", "which part of the whole this is", "RFC 9110 §14.4"),
    ("Content-Type", "what kind of data the body is", "RFC 9110 §8.3"),
    ("Date", "when the server wrote this", "RFC 9110 §6.6.1"),
    ("ETag", "a name of this very version of it", "RFC 9110 §8.8.3"),
    ("Expires", "until when it may be held", "RFC 9111 §5.3"),
    ("Keep-Alive", "how long the connection may wait; a hint", "RFC 9112 §9.3"),
    ("Last-Modified", "when it was last changed", "RFC 9110 §8.8.2"),
    ("Link", "what it is related to", "RFC 8288 §3"),
    ("Location", "where to ask next, or what was made", "RFC 9110 §10.2.2"),
    ("Retry-After", "how long to wait before asking again", "RFC 9110 §10.2.3"),
    ("Server", "the program that answers", "RFC 9110 §10.2.4"),
    ("Set-Cookie", "to be sent along with later requests", "RFC 6265 §4.1"),
    ("Strict-Transport-Security", "use TLS from now on", "RFC 6797 §6.1"),
    ("Trailer", "fields that will stand behind the body", "RFC 9110 §6.6.2"),
    (
        "Transfer-Encoding",
        "transfer codings of the body; chunked: in pieces, each with its size",
        "RFC 9112 §6.1",
    ),
    ("Upgrade", "other protocols this connection could speak", "RFC 9110 §7.8"),
    ("Vary", "which request fields the answer depends on", "RFC 9110 §12.5.5"),
    ("Via", "through whom it came", "RFC 9110 §7.6.3"),
    ("WWW-Authenticate", "how to log in", "RFC 9110 §11.6.1"),
];

/// What a field of that name says, and where that is written.
pub fn field(name: &str) -> (&'static str, &'static str) {
    let unknown = ("a field that the reader hands on as it is", "RFC 9110 §5.1");
    look_up(FIELDS, |known| known.eq_ignore_ascii_case(name)).unwrap_or(unknown)
}

// ---- SMTP --------------------------------------------------------------------------------------

const REPLIES: &[Row<u16>] = &[
    (211, "this is how it stands", "RFC 5321 §4.2.3"),
    (214, "this is how it works", "RFC 5321 §4.2.3"),
    (220, "here I am; go on", "RFC 5321 §4.2.3"),
    (221, "good bye", "RFC 5321 §4.2.3"),
    (235, "you are logged in", "RFC 4954 §6"),
    (250, "done", "RFC 5321 §4.2.3"),
    (251, "done, he has moved, it is passed on", "RFC 5321 §4.2.3"),
    (252, "perhaps, it will be tried", "RFC 5321 §4.2.3"),
    (334, "go on logging in, answer this", "RFC 4954 §4"),
    (354, "go on, send the message, a lone dot ends it", "RFC 5321 §4.2.3"),
    (421, "not now, the server closes", "RFC 5321 §4.2.3"),
    (432, "a password has to be changed first", "RFC 4954 §6"),
    (450, "not now, the mailbox is busy", "RFC 5321 §4.2.3"),
    (451, "not now, something failed at the server", "RFC 5321 §4.2.3"),
    (452, "not now, no room left", "RFC 5321 §4.2.3"),
    (454, "not now, that cannot be done at the moment", "RFC 4954 §6"),
    (500, "no, that is no command", "RFC 5321 §4.2.3"),
    (501, "no, a parameter is wrong", "RFC 5321 §4.2.3"),
    (502, "no, not done here", "RFC 5321 §4.2.3"),
    (503, "no, not in this order", "RFC 5321 §4.2.3"),
    (504, "no, not with this parameter", "RFC 5321 §4.2.3"),
    (530, "no, log in first", "RFC 4954 §6"),
    (534, "no, with a stronger mechanism", "RFC 4954 §6"),
    (535, "no, that is not you", "RFC 4954 §6"),
    (538, "no, under TLS alone", "RFC 4954 §6"),
    (550, "no, not this mailbox", "RFC 5321 §4.2.3"),
    (551, "no, he is not here, try there", "RFC 5321 §4.2.3"),
    (552, "no, it is too much", "RFC 5321 §4.2.3"),
    (553, "no, that is no name of a mailbox", "RFC 5321 §4.2.3"),
    (554, "no, it failed", "RFC 5321 §4.2.3"),
];

/// What a reply means, by its first two digits if by nothing else, and where that is written.
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

/// What the first digit of a reply says.
pub fn reply_class(code: u16) -> &'static str {
    match code / 100 {
        2 => "done",
        3 => "go on",
        4 => "not now",
        _ => "no",
    }
}

/// What the second number of an enhanced code is about: RFC 3463 §2.
pub fn subject(subject: u16) -> &'static str {
    match subject {
        1 => "an address",
        2 => "a mailbox",
        3 => "the mail system",
        4 => "the network, or the way there",
        5 => "the protocol",
        6 => "what the message holds",
        7 => "what is allowed, or secret",
        _ => "something else",
    }
}
