//! What to do about what the other side said: codes of `PROTOCOL.md` §9, statuses of HTTP, codes of
//! SMTP, and faults in what it said.

use super::Verb;

pub fn advice(verb: Verb, code: &str) -> Option<&'static str> {
    match verb {
        Verb::Http | Verb::Download | Verb::Sms => of_http(verb, code),
        Verb::Mail { is_tls } => of_mail(is_tls, code),
        _ => of_transfer(verb, code),
    }
}

fn of_transfer(verb: Verb, code: &str) -> Option<&'static str> {
    Some(match (code, verb) {
        ("not_found", Verb::Get) => {
            "see wirewright ls for the names it has; DIR/ fetches what is below a directory"
        }
        ("exists", Verb::Put) => "use --overwrite to replace it",
        ("read_only", Verb::Put) => "it has to serve a writable directory with --writable",
        ("bad_name", Verb::Put) => "give the file another name",
        ("bad_name", _) => "use a relative name without .. and control characters",
        ("unauthorized", _) => "give both sides the same --token-file",
        ("no_space", _) => "free some space on the server",
        ("busy", Verb::Get | Verb::Put | Verb::List) => "try again later",
        ("shutting_down", _) => "try again when it is back",
        ("unsupported", Verb::Get) => "choose another --digest",
        ("changed", _) => "try again when nothing writes to that file any more",
        ("malformed" | "too_large" | "unexpected", _) => "see what it says with --trace",
        ("checksum_mismatch" | "digest_mismatch", _) => {
            "try again; if it happens again, check the disks and the network"
        }
        ("io", Verb::Get) => "on the server, check that the file can be read",
        ("io", Verb::Put) => "on the server, check the permissions and the disk of its directory",
        _ => return None,
    })
}

fn of_http(verb: Verb, code: &str) -> Option<&'static str> {
    Some(match code {
        "malformed" | "unexpected" => "see what the server says with --trace",
        "content_coding" if verb != Verb::Sms => {
            "give --identity to have the body as the server sends it"
        }
        "too_large" if verb == Verb::Sms => "see what the server says with --trace",
        "too_large" => "the server sends more than is taken: see --max-body and --max-redirects",
        "proxy_refused" => "check http_proxy and https_proxy, or give --no-proxy",
        // What the gateway says about the account belongs to `sms`.
        _ if verb == Verb::Sms => return None,
        "http_401" | "http_403" => "give --user and --password-file, or a field with -H",
        "http_404" | "http_410" => "check the URL",
        code if code.starts_with("http_3") => "follow it with -L",
        code if code.starts_with("http_4") => "see what the server says about the request",
        code if code.starts_with("http_5") => "try again later",
        _ => return None,
    })
}

/// A code of our own session, or a reply code of RFC 5321 §4.2.
fn of_mail(is_tls: bool, code: &str) -> Option<&'static str> {
    Some(match code {
        "no-starttls" => {
            "try smtps:// (port 465), or allow clear text with --starttls opportunistic or never"
        }
        "no-tls" => "see that the server offers STARTTLS, or allow it with --insecure-auth",
        "no-auth" => {
            "choose one of its mechanisms with --auth, or another port: 587 and 465 log in"
        }
        "size" => "send less, or a link to the file",
        "no-8bitmime" => "send it as a message of --text and --attach, which is ASCII",
        "no-smtputf8" => "use an address that is ASCII",
        "530" => "the server wants TLS or a login: give smtp://USER@HOST and --password-file",
        "534" | "535" | "538" => "look at USER and its password; many want one made for programs",
        "malformed" if is_tls => "check that it is a mail server, with --trace",
        "malformed" => {
            "check that it is a mail server, with --trace, and not one of TLS (smtps://)"
        }
        code if code.starts_with('4') => "try again later",
        code if code.starts_with('5') => "see what the server says with --trace",
        _ => return None,
    })
}
