//! What to do about an error of the file transfer: one function decides it for every command, and
//! says nothing where no advice is true.

use std::io::ErrorKind as Io;
use wirewright::net::{Failure, FailureKind as Kind};

/// What the command was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Getting files.
    Get,
    /// Getting the file of a classic server.
    Classic,
    /// Putting files.
    Put,
    /// Listing files.
    List,
    /// Listening.
    Serve,
    /// Anything else.
    Other,
}

/// Advice about a failure. `is_kept`: what there is of the file stays for the next run.
pub fn advice(verb: Verb, why: &Failure, is_kept: bool) -> Option<&'static str> {
    let code = why.code.as_raw_str();
    match why.kind {
        Kind::Unknown => Some(
            "run the same command again: what stands there with the same content counts as sent",
        ),
        Kind::Interrupted => is_kept.then_some(GO_ON),
        Kind::Local => local(verb, code, why.io),
        Kind::Peer => of_peer(verb, code),
        _ => of_connection(verb, code, why.io, is_kept),
    }
}

/// The words for a failure where those of the library leave open which file is meant.
pub fn words(verb: Verb, why: &Failure) -> String {
    let writes = matches!(verb, Verb::Get | Verb::Classic);
    match (why.kind, why.io) {
        (Kind::Local, Some(Io::NotFound)) if writes => "no such directory".to_owned(),
        _ => why.text.to_string(),
    }
}

const GO_ON: &str = "run the same command again to go on";

/// About a local file.
fn local(verb: Verb, code: &str, io: Option<Io>) -> Option<&'static str> {
    let reads = matches!(verb, Verb::Put | Verb::Serve);
    let writes = matches!(verb, Verb::Get | Verb::Classic);
    Some(match (code, io) {
        (_, Some(Io::PermissionDenied)) if writes => "see that this user may write there",
        (_, Some(Io::PermissionDenied)) => "see that this user may read it",
        (_, Some(Io::FileTooLarge)) => "allow more with ulimit -f",
        (_, Some(Io::InvalidData)) if reads => "copy it to a regular file, and send that",
        (_, Some(Io::InvalidInput)) if reads => "name a regular file",
        ("not_found", _) if reads => "see that the file is there",
        ("not_found", _) if writes => "make it first",
        (_, Some(Io::AlreadyExists)) if verb == Verb::Classic => {
            "use --overwrite to replace it, or give another place with -o"
        }
        ("exists" | "read_only", _) if writes => "give another place with -o",
        ("bad_name", _) if writes => "give another name with -o",
        ("busy", _) => "wait for the other transfer of that file",
        ("no_space", _) => "make room there",
        ("changed", _) => "wait until the file is at rest",
        _ => return None,
    })
}

/// About what the peer said: codes of `PROTOCOL.md` §9, and faults in what it said.
fn of_peer(verb: Verb, code: &str) -> Option<&'static str> {
    Some(match (code, verb) {
        ("not_found", Verb::Get) => "see wirewright ls for the names it has",
        ("exists", Verb::Put) => "use --overwrite to replace a file",
        ("read_only", Verb::Put) => "a server takes files if it serves a directory with --writable",
        ("bad_name", Verb::Put) => "give the file another name",
        ("bad_name", _) => "use a relative name without .. and control characters",
        ("unauthorized", _) => "give both sides the same --token-file",
        ("no_space", _) => "make room on the server",
        ("busy", _) => "try again later",
        ("shutting_down", _) => "try again when it is back",
        ("timed_out", _) => "look at the network",
        ("unsupported", Verb::Get) => "choose another --digest",
        ("changed", _) => "wait until the file is at rest",
        ("malformed" | "too_large" | "unexpected", _) => "look at the other side with --trace",
        ("checksum_mismatch" | "digest_mismatch", _) => {
            "run it again; look at the disks and the network"
        }
        ("io", Verb::Get | Verb::Put) => "look at the file on the server",
        _ => return None,
    })
}

/// About the connection, or the socket that listens.
fn of_connection(verb: Verb, code: &str, io: Option<Io>, is_kept: bool) -> Option<&'static str> {
    let listens = verb == Verb::Serve;
    Some(match (code, io) {
        ("timed_out", _) => "look at the network, or allow more with --timeout",
        ("tls", _) => "look at the certificate, --cacert and --tls-name",
        (_, Some(Io::AddrInUse)) if listens => {
            "choose another port with --listen; port 0 is a free one"
        }
        (_, Some(Io::AddrNotAvailable)) if listens => {
            "give an address of this machine with --listen"
        }
        (_, Some(Io::PermissionDenied)) if listens => {
            "a port below 1024 needs a privilege; choose another with --listen"
        }
        (_, Some(Io::ConnectionRefused)) => "see that a server listens there",
        (_, Some(Io::HostUnreachable | Io::NetworkUnreachable)) => {
            "look at the address and the network"
        }
        _ if is_kept => GO_ON,
        ("incomplete", _) => "look at the server, and with --trace at what it said",
        (_, Some(Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe)) => "try again",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
