//! Advice about errors of the peer: codes of `PROTOCOL.md` §9, HTTP statuses, SMTP reply codes, and
//! violations of a protocol.

use super::{Failure, Given, Verb};
use wirewright::smtp::client::Refusal;
use wirewright::transfer::Code;

pub fn advice(verb: Verb, why: &Failure, given: Given) -> Option<&'static str> {
    let code = why.code.as_raw_str();
    match verb {
        Verb::Http | Verb::Download | Verb::Sms if why.limit.is_some() => {
            Some(of_limit(verb, why.limit, given))
        }
        Verb::Http | Verb::Download | Verb::Sms => of_http(verb, code, given),
        Verb::Mail { is_tls } => of_mail(is_tls, why, given),
        _ => of_transfer(verb, code, given),
    }
}

fn of_transfer(verb: Verb, code: &str, given: Given) -> Option<&'static str> {
    Some(match (Code::of(code)?, verb) {
        (Code::NotFound, Verb::Get) => {
            "see wirewright ls for the names it has; DIR/ fetches what is below a directory"
        }
        // A directory or a special file has the name: --overwrite does not replace it.
        (Code::Exists, Verb::Put) if given.has_overwrite => "give the file another name",
        (Code::Exists, Verb::Put) => "use --overwrite to replace it",
        (Code::ReadOnly, Verb::Put) => {
            "it has to serve a directory with --writable, on a file system that can be written to"
        }
        (Code::BadName, Verb::Put) => "give the file another name",
        (Code::BadName, _) => "use a relative name without .. and control characters",
        (Code::Unauthorized, _) => "give both sides the same --token-file",
        (Code::NoSpace, _) => "free some space on the server",
        (Code::Busy, Verb::Get | Verb::Put | Verb::List) => "try again later",
        (Code::ShuttingDown, _) => "try again when it is back",
        (Code::Unsupported, Verb::Get) => "choose another --digest",
        (Code::Changed, _) => "try again when nothing writes to that file any more",
        (Code::TooLarge, Verb::Put) => {
            "send a shorter file, or allow longer ones on the server with ulimit -f"
        }
        (Code::Malformed | Code::TooLarge | Code::Unexpected, _) => given.see_trace(),
        (Code::ChecksumMismatch | Code::DigestMismatch, _) => {
            "try again; if it happens again, check the disks and the network"
        }
        (Code::Io, Verb::Get) => "on the server, check that the file can be read",
        (Code::Io, Verb::Put) => {
            "on the server, check the permissions and the disk of its directory"
        }
        _ => return None,
    })
}

fn of_http(verb: Verb, code: &str, given: Given) -> Option<&'static str> {
    Some(match code {
        _ if matches!(Code::of(code), Some(Code::Malformed | Code::Unexpected)) => {
            given.see_trace()
        }
        "content_coding" if verb != Verb::Sms => {
            "give --identity to have the body as the server sends it"
        }
        "proxy_refused" => "check http_proxy and https_proxy, or use --no-proxy",
        _ => return of_status(verb, code.strip_prefix("http_")?.parse().ok()?, given),
    })
}

/// A limit that the response passed: an option raises some of them.
fn of_limit(verb: Verb, limit: Option<&str>, given: Given) -> &'static str {
    match limit {
        _ if verb == Verb::Sms => given.see_trace(),
        Some("body_bytes_max" | "decoded_bytes_max") => "allow more with --max-body",
        Some("redirects_max") => "follow more with --max-redirects N",
        Some("decoded_ratio_max") => "give --identity to have the body as the server sends it",
        Some("collected_bytes_max") => "divide the document",
        // Heads, interim responses, chunk extensions: no server needs so many.
        _ => given.see_trace(),
    }
}

/// A status of RFC 9110 §15 that is a failure. Without --fail the command `http` never fails so.
fn of_status(verb: Verb, status: u16, given: Given) -> Option<&'static str> {
    Some(match status {
        408 | 425 | 429 | 503 => "try again later",
        505 => "the server does not take HTTP/1.1, which is all that wirewright speaks",
        511 => "log in to the network, as with a browser",
        // What the gateway says about the account belongs to `sms`.
        401 | 403 if verb == Verb::Sms => "check the account and its password",
        404 | 405 | 410 | 501 if verb == Verb::Sms => "check the URL",
        // The server may have acted on it.
        500.. if verb == Verb::Sms => return super::of_unknown(verb),
        _ if verb == Verb::Sms => "check the URL, the account and its password",
        401 if given.has_credentials && given.follows => {
            "check the credentials; after a redirect only the first origin receives them"
        }
        401 if given.has_credentials => "check the credentials",
        403 => return None,
        401 => "give --user and --password-file, or a field with -H",
        404 | 410 => "check the URL",
        300..400 => "follow it with -L",
        421 => "check the host in the URL, or the Host that -H gives",
        405 | 501 if verb == Verb::Http => "the server does not take that METHOD for that URL",
        500 | 502 | 504 | 507 | 520..=524 => "try again later",
        400.. if verb == Verb::Http => "leave out --fail to see what the server says",
        400.. => "see what the server says with wirewright http",
        _ => return None,
    })
}

/// A code of our own session, or a reply code of RFC 5321 §4.2.
fn of_mail(is_tls: bool, why: &Failure, given: Given) -> Option<&'static str> {
    let code = why.code.as_raw_str();
    let is_of_login = why.section.is_some_and(|section| section.starts_with("RFC 4954"));
    if Code::of(code) == Some(Code::Malformed) {
        return Some(match is_tls {
            // The server has greeted and answered EHLO, so it is an SMTP server.
            _ if is_of_login => given.see_trace(),
            true => "check that an SMTP server listens on this port",
            false => {
                "check that an SMTP server listens on this port; for implicit TLS use smtps://"
            }
        });
    }
    Some(match Refusal::of(code)? {
        Refusal::NoStartTls => {
            "try smtps:// (port 465), or allow clear text with --starttls opportunistic or never"
        }
        Refusal::NoTls if given.has_no_starttls => {
            "leave out --starttls never, or allow it with --insecure-auth"
        }
        Refusal::NoTls => "see that the server offers STARTTLS, or allow it with --insecure-auth",
        Refusal::NoAuth if is_tls => "leave out USER@, or check the host and the port",
        Refusal::NoAuth => "leave out USER@, or give another port: 587 and 465 log in",
        Refusal::NoMechanism if given.has_auth => "leave out --auth, or choose another one",
        Refusal::Size => "send less, or a link to the file",
        Refusal::No8BitMime => "send it as a message of --text and --attach, which is ASCII",
        Refusal::NoSmtpUtf8 => "use an address that is ASCII",
        Refusal::Reply(530) => {
            "the server requires TLS or authentication: give smtp://USER@HOST and --password-file"
        }
        Refusal::Reply(534 | 535 | 538) => {
            "check the user name and password; many providers require an app password"
        }
        Refusal::Reply(400..500) => "try again later",
        _ => return None,
    })
}
