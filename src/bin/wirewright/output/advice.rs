//! Advice about errors. One function decides it for all commands, and gives none where no advice
//! would be correct.
//!
//! ```text
//!   Failure { kind: Local, … }        ─▶ local           the file, directory or stream here
//!           { kind: Peer, code, … }   ─▶ of_peer         what the other side said
//!           { tls | spoken | … }      ─▶ of_protocol     another protocol than expected
//!           { kind: Connection, … }   ─▶ of_connection   the network, or the socket that listens
//! ```

mod given;
mod local;
mod path;
mod peer;

pub use given::Given;
pub use local::{failed_file, is_device, local_failure, local_failure_below, of_descriptors};

use std::borrow::Cow;
use std::io::ErrorKind as Io;
use wirewright::net::transport::tls::{CertificateFault, Fault};
use wirewright::net::{Awaited, Failure, FailureKind as Kind, Spoken};

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
    /// Making one HTTP request.
    Http,
    /// Fetching many URLs into a directory.
    Download,
    /// Asking a gateway to send a text message.
    Sms,
    /// Sending mail.
    Mail {
        /// TLS from the beginning: smtps.
        is_tls: bool,
    },
    /// Asking for the time.
    Time,
    /// Sending datagrams.
    Datagrams,
    /// Reading a file that an argument names.
    Read,
    /// Writing the file that -o names.
    Write,
}

impl Verb {
    /// Whether a local file is written: the one that -o names, or one below that directory.
    fn writes(self) -> bool {
        matches!(self, Verb::Get | Verb::Classic | Verb::Http | Verb::Download | Verb::Write)
    }

    /// Whether a local file is read.
    fn reads(self) -> bool {
        matches!(self, Verb::Put | Verb::Serve | Verb::Read | Verb::Mail { .. } | Verb::Datagrams)
    }

    fn is_http(self) -> bool {
        matches!(self, Verb::Http | Verb::Download | Verb::Sms)
    }

    /// Whether it speaks the framed or the classic file transfer.
    fn is_transfer(self) -> bool {
        matches!(self, Verb::Get | Verb::Classic | Verb::Put | Verb::List)
    }
}

/// A fixed text, or a formatted one.
pub type Advice = Cow<'static, str>;

/// What to do where something is kept.
pub const GO_ON: &str = "run the same command again to go on";

/// Advice about a failure. `is_kept`: the unfinished file is kept for the next run.
pub fn advice(verb: Verb, why: &Failure, is_kept: bool) -> Option<Advice> {
    decide(verb, why, is_kept, Given::now())
}

/// The same, with the options of the command line.
fn decide(verb: Verb, why: &Failure, is_kept: bool, given: Given) -> Option<Advice> {
    let code = why.code.as_raw_str();
    let is_kept = is_kept && !given.has_no_resume;
    let text = match why.kind {
        Kind::Unknown => of_unknown(verb),
        Kind::Interrupted => is_kept.then_some(GO_ON),
        Kind::Local => local::advice(verb, code, why.io, is_kept && verb.writes()),
        _ => {
            if let Some(advice) = of_protocol(verb, why, given) {
                return Some(advice);
            }
            of_connection(verb, why, given)
                // What was not started has failed with the connection, whose peer may have refused.
                .or_else(|| why.io.is_none().then(|| peer::advice(verb, why, given)).flatten())
                .or_else(|| (is_kept && why.kind != Kind::Peer).then_some(GO_ON))
                .or_else(|| of_loss(verb, code, why.io, given))
        }
    };
    text.map(Cow::Borrowed)
}

/// The server may have accepted what was sent, and its answer is lost.
pub fn of_unknown(verb: Verb) -> Option<&'static str> {
    Some(match verb {
        Verb::Put => {
            "run the same command again: a file that is there with the same content counts as sent"
        }
        Verb::Sms => "ask the gateway before you send it again",
        Verb::Mail { .. } => {
            "ask the recipients, or look at the server's log, before you send it again"
        }
        Verb::Http => "ask the server before you send it again",
        _ => return None,
    })
}

// ---- another protocol than expected ------------------------------------------------------------

/// The other side speaks something else, or the two disagree about TLS.
fn of_protocol(verb: Verb, why: &Failure, given: Given) -> Option<Advice> {
    if let Some(fault) = &why.tls {
        return Some(of_tls(verb, fault));
    }
    let text = match (why.spoken, verb) {
        (Some(Spoken::Classic), Verb::Get) => "give --classic, and no NAME",
        (Some(Spoken::Classic), Verb::List | Verb::Put) => {
            "only wirewright get --classic can use this server"
        }
        (Some(Spoken::Framed), Verb::Classic) => "leave out --classic, and give NAME",
        (Some(Spoken::Classic), _) if verb.is_http() => "use wirewright get --classic",
        (Some(Spoken::Framed), _) if verb.is_http() => "use wirewright get",
        (Some(Spoken::Http), _) if !verb.is_http() => "use wirewright http, or check the port",
        (Some(Spoken::Smtp), _) => "use wirewright mail, or check the port",
        (Some(_), _) => "check the port",
        (None, Verb::Mail { .. }) if why.section == Some("RFC 3207 §4.2") => {
            "an attacker may intercept the connection; do not use this network"
        }
        (None, _) if why.is_mute => return of_mute(verb, given),
        (None, _) => return None,
    };
    Some(Cow::Borrowed(text))
}

/// The peer said nothing at all. A server that speaks something else often waits for the client,
/// or closes at once.
fn of_mute(verb: Verb, given: Given) -> Option<Advice> {
    let text = match verb {
        Verb::Get | Verb::List | Verb::Put => {
            "check that wirewright serve listens on that port, and whether it needs --tls"
        }
        Verb::Classic => "if the server speaks the framed file transfer, leave out --classic",
        Verb::Http | Verb::Download | Verb::Sms => {
            "check the port, and whether the URL has to begin with https:// or http://"
        }
        Verb::Mail { is_tls: false } => {
            "if the server speaks TLS there from the beginning, give smtps:// in --server"
        }
        _ => return None,
    };
    Some(match given.is_late {
        true => format!("allow more time with --timeout, or {text}").into(),
        false => text.into(),
    })
}

/// The options that bear on TLS are those of the command.
fn of_tls(verb: Verb, fault: &Fault) -> Advice {
    let text = match (fault, verb) {
        (Fault::NotTls, Verb::Get | Verb::Put | Verb::List | Verb::Classic) => {
            "check the port, or leave out --tls"
        }
        (Fault::NotTls, Verb::Http | Verb::Download | Verb::Sms) => {
            "check the port, or give http:// for a server without TLS"
        }
        (Fault::NotTls | Fault::Closed, Verb::Mail { is_tls: true }) => {
            "check the port: 465 is usual for smtps://; give smtp:// for STARTTLS"
        }
        (Fault::Needed, Verb::Get | Verb::Put | Verb::List | Verb::Classic) => "give --tls",
        (Fault::Needed, Verb::Http | Verb::Download | Verb::Sms) => "give https://",
        (Fault::Needed, Verb::Mail { .. }) => "give smtps:// in --server",
        (Fault::Needed, _) => "check the port",
        (Fault::Settings(_), Verb::Serve) => "give a chain of certificates in PEM",
        (Fault::Settings(_), _) => "give a file of certificates in PEM",
        (Fault::Certificate { fault, .. }, _) => return of_certificate(verb, fault),
        _ => fault.advice(),
    };
    Cow::Borrowed(text)
}

fn of_certificate(verb: Verb, fault: &CertificateFault) -> Advice {
    let is_mail = matches!(verb, Verb::Mail { .. });
    let option = match fault {
        CertificateFault::SelfSigned => " with --cacert FILE",
        CertificateFault::UnknownIssuer => {
            let text = "if you know the issuer, trust it with --cacert FILE; the server must also \
                send its intermediate certificates";
            return Cow::Borrowed(text);
        }
        CertificateFault::WrongName if is_mail => " in --server, or say which with --tls-name",
        CertificateFault::WrongName if verb.is_transfer() => ", or say which with --tls-name",
        CertificateFault::WrongName if verb.is_http() => " in the URL",
        _ => return Cow::Borrowed(fault.advice()),
    };
    Cow::Owned([fault.advice(), option].concat())
}

// ---- the connection ----------------------------------------------------------------------------

/// About the connection, or the socket that listens.
fn of_connection(verb: Verb, why: &Failure, given: Given) -> Option<&'static str> {
    let listens = verb == Verb::Serve;
    let may_wait = matches!(verb, Verb::Http | Verb::Download);
    Some(match (why.code.as_raw_str(), why.io) {
        (_, Some(Io::QuotaExceeded)) => "allow more open files with ulimit -n",
        _ if why.is_of_proxy => "check http_proxy, https_proxy and all_proxy, or use --no-proxy",
        ("timed_out", _) if given.is_late => "allow more time with --timeout, or check the network",
        ("timed_out", _) if verb.is_http() && why.awaited == Some(Awaited::Handshake) => {
            "check the server, or allow more with --connect-timeout"
        }
        ("timed_out", _) if may_wait && why.awaited == Some(Awaited::FirstByte) => {
            "check the server, or allow more with --first-byte-timeout"
        }
        ("timed_out", _) if may_wait && why.awaited == Some(Awaited::Body) => {
            "check the network, or allow a slower body with --min-rate"
        }
        ("timed_out", _) => "check the network, or allow more with --timeout",
        ("unreachable", _) => "check the address, and that the server is running",
        (_, Some(Io::AddrInUse)) if listens => {
            "another process uses that port; choose another with --listen, or 0 for a free one"
        }
        (_, Some(Io::AddrNotAvailable)) if listens => {
            "give an address of this machine with --listen"
        }
        (_, Some(Io::PermissionDenied)) if listens => {
            "a port below 1024 needs a privilege; choose another with --listen"
        }
        (_, Some(Io::ConnectionRefused)) if verb == Verb::Datagrams => {
            "start wirewright udp recv there first"
        }
        (_, Some(Io::ConnectionRefused)) => "check that a server listens there",
        (_, Some(Io::HostUnreachable | Io::NetworkUnreachable)) => {
            "check the address and the network"
        }
        // No other call for a connection fails so.
        (_, Some(Io::NotFound)) => "check the host name",
        _ => return None,
    })
}

/// The connection was lost, and nothing is kept.
fn of_loss(verb: Verb, code: &str, io: Option<Io>, given: Given) -> Option<&'static str> {
    Some(match (code, io) {
        ("incomplete", _) if matches!(verb, Verb::Mail { .. }) => {
            "look at the server's log: the server or the network ended the connection"
        }
        ("incomplete", _) if verb.is_http() => {
            "try again: the server or the network ended the connection"
        }
        ("incomplete", _) if given.is_traced => "look at the server's log",
        ("incomplete", _) => "look at the server's log, or see what it says with --trace",
        (_, Some(Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe)) => "try again",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
