//! One row for each situation: what is advised, or nothing.
//!
//! A row holds what really arrives: `tests/command/transfer/blaming.rs` and its siblings check the
//! important ones from end to end.

use super::*;
use std::io;
use wirewright::error::Error as Session;
use wirewright::net::Error;
use wirewright::net::files::FileError;
use wirewright::net::transport::dial::{Dial, Limits, Step};
use wirewright::session::{Wait, WaitKind};

/// How it failed.
enum How {
    /// A local file.
    File(FileError),
    /// The server said so, by this code.
    Said(&'static str),
    /// The system, for a connection.
    Net(Io),
    /// That, before the file was asked for.
    NotStarted(Box<How>),
    /// Anything else.
    Other(Error),
}

use How::{File, Net, NotStarted, Other, Said};
use Verb::{
    Classic, Datagrams, Download, Get, Http, List, Mail, Put, Read, Serve, Sms, Time, Write,
};

const MAIL: Verb = Mail { is_tls: false };
const MAILS: Verb = Mail { is_tls: true };

fn disk(kind: Io) -> How {
    File(FileError::from(io::Error::from(kind)))
}

/// Permission denied as the system says it, with its number.
fn denied() -> How {
    File(FileError::Io(io::Error::from_raw_os_error(13)))
}

fn session(error: Session) -> How {
    Other(Error::Session(error))
}

fn incomplete() -> How {
    session(Session::Incomplete { expected: "an answer", offset: 7, section: "§" })
}

/// It ended before its first byte.
fn mute() -> How {
    session(Session::Incomplete { expected: "the server's hello", offset: 0, section: "§" })
}

fn malformed() -> How {
    session(Session::Malformed { rule: "a rule".into(), offset: 0, section: "§" })
}

fn limited(limit: &'static str) -> How {
    session(Session::TooLarge { limit, max: 1, offset: 9, section: "" })
}

fn unreachable() -> How {
    let now = std::time::Instant::now();
    let mut dial = Dial::new(vec!["127.0.0.1:1".parse().unwrap()], &Limits::default(), now);
    while let Step::Try(address) = dial.next(now) {
        dial.failed(address, Io::ConnectionRefused.into(), now);
    }
    Other(Error::Unreachable(dial.into_attempts()))
}

fn timed_out() -> How {
    Other(Error::TimedOut { state: "an answer".into() })
}

/// The same, where the connection ended before the file was asked for.
fn not_started(why: Failure) -> Failure {
    let mut why = why;
    why.kind = Kind::NotStarted;
    why
}

fn tls(fault: Fault) -> How {
    Other(Error::Tls(fault))
}

fn certificate(fault: CertificateFault) -> How {
    tls(Fault::Certificate { fault, name: "a.example".to_owned() })
}

fn speaks(spoken: Spoken) -> How {
    let error = Session::Malformed { rule: "a rule".into(), offset: 0, section: "§" };
    Other(Error::Foreign { spoken, error })
}

/// Nothing came before time was over.
fn silent(kind: WaitKind, phrase: &'static str) -> How {
    Other(Error::TimedOut { state: Wait::new(kind, phrase) })
}

fn handshake() -> How {
    silent(WaitKind::Handshake, "the TLS handshake")
}

fn refused(code: &'static str) -> How {
    session(Session::Refused { code: code.into(), text: "words of the server".into() })
}

/// The situation, whether something is kept, and a part of the advice.
type Row = (Verb, How, bool, Option<&'static str>);

fn rows() -> Vec<Row> {
    let mut rows = local_rows();
    rows.extend(peer_rows());
    rows.extend(http_rows());
    rows.extend(mail_rows());
    rows.extend(connection_rows());
    rows.extend(tls_rows());
    rows.extend(foreign_rows());
    rows
}

fn local_rows() -> Vec<Row> {
    vec![
        (Get, disk(Io::NotFound), false, Some("create it first")),
        (Get, denied(), false, Some("may write there")),
        (Get, disk(Io::StorageFull), true, Some(GO_ON)),
        (Get, disk(Io::StorageFull), true, Some("free some space there")),
        (Get, disk(Io::QuotaExceeded), true, Some(GO_ON)),
        (Get, disk(Io::FileTooLarge), true, Some(GO_ON)),
        (Get, disk(Io::FileTooLarge), true, Some("ulimit -f")),
        (Download, disk(Io::StorageFull), true, Some(GO_ON)),
        (Get, disk(Io::ReadOnlyFilesystem), false, Some("another path with -o")),
        (Get, disk(Io::IsADirectory), false, Some("another path with -o")),
        (Get, disk(Io::FileTooLarge), false, Some("ulimit -f")),
        (Get, File(FileError::TooLarge(Some(5))), false, Some("ulimit -f")),
        (Get, disk(Io::InvalidFilename), false, Some("another name with -o")),
        (Get, File(FileError::Busy), false, Some("until the other transfer of that file")),
        (Get, File(FileError::Moved), false, None),
        (Get, File(FileError::Io(io::Error::from_raw_os_error(5))), true, None),
        (Classic, disk(Io::NotFound), false, Some("create it first")),
        (Classic, File(FileError::Exists), false, Some("use --overwrite to replace it")),
        (Classic, denied(), false, Some("may write there")),
        (Classic, disk(Io::StorageFull), false, Some("free some space there")),
        (Classic, disk(Io::ReadOnlyFilesystem), false, Some("another path with -o")),
        (Put, disk(Io::NotFound), false, Some("check the path")),
        (Put, File(FileError::NotRegular), false, Some("give a regular file")),
        (Put, denied(), false, Some("may read it")),
        (Put, File(FileError::Changed), true, Some("when nothing writes to it")),
        (Put, File(FileError::FalseSize), false, Some("copy it to a regular file")),
        (Put, File(FileError::Io(io::Error::from_raw_os_error(5))), true, None),
        (Serve, disk(Io::NotFound), false, Some("check the path")),
        (Serve, denied(), false, Some("may read it")),
        (Http, disk(Io::NotFound), false, Some("create it first")),
        (Http, denied(), false, Some("may write there")),
        (Http, disk(Io::StorageFull), false, Some("free some space there")),
        (Http, disk(Io::ReadOnlyFilesystem), false, Some("another path with -o")),
        (Http, disk(Io::InvalidFilename), false, Some("another name with -o")),
        (Http, disk(Io::FileTooLarge), false, Some("ulimit -f")),
        (Download, File(FileError::Exists), false, Some("or replace files with --overwrite")),
        (Download, disk(Io::IsADirectory), false, Some("another directory with -o")),
        (Download, disk(Io::InvalidFilename), false, Some("wirewright http -o FILE")),
        (Download, denied(), false, Some("may write there")),
        (Download, File(FileError::Busy), false, Some("until the other transfer")),
        (Read, disk(Io::NotFound), false, Some("check the path")),
        (Read, disk(Io::IsADirectory), false, Some("give a regular file")),
        (Read, denied(), false, Some("may read it")),
        (Write, disk(Io::NotFound), false, Some("create it first")),
        (Write, disk(Io::AlreadyExists), false, Some("another path with -o")),
        (Write, disk(Io::StorageFull), false, Some("free some space")),
        (MAIL, File(FileError::Changed), false, Some("when nothing writes to it")),
        (Datagrams, disk(Io::NotFound), false, Some("check the path")),
    ]
}

fn peer_rows() -> Vec<Row> {
    vec![
        (Get, Said("not_found"), false, Some("wirewright ls")),
        (Put, Said("not_found"), false, None),
        (List, Said("not_found"), false, None),
        (Put, Said("exists"), false, Some("--overwrite")),
        (Get, Said("exists"), false, None),
        (
            Put,
            Said("read_only"),
            false,
            Some("with --writable, on a file system that can be written"),
        ),
        (Get, Said("read_only"), false, None),
        (List, Said("read_only"), false, None),
        (Put, Said("bad_name"), false, Some("give the file another name")),
        (Get, Said("bad_name"), false, Some("a relative name")),
        (Put, Said("no_space"), true, Some("free some space on the server")),
        (Put, Said("too_large"), false, Some("ulimit -f")),
        (Get, Said("unauthorized"), false, Some("--token-file")),
        (List, refused("unauthorized"), false, Some("--token-file")),
        (Get, NotStarted(Box::new(refused("unauthorized"))), false, Some("--token-file")),
        (Put, NotStarted(Box::new(refused("unauthorized"))), false, Some("--token-file")),
        (Get, NotStarted(Box::new(refused("busy"))), false, Some("try again later")),
        (Put, NotStarted(Box::new(refused("shutting_down"))), false, Some("when it is back")),
        (Get, NotStarted(Box::new(malformed())), false, Some("--trace")),
        (Put, Said("busy"), false, Some("try again later")),
        (List, Said("busy"), false, Some("try again later")),
        (Get, Said("shutting_down"), true, Some("when it is back")),
        (Get, Said("unsupported"), false, Some("--digest")),
        (Put, Said("unsupported"), false, None),
        (Get, Said("changed"), false, Some("when nothing writes to that file")),
        (Get, Said("digest_mismatch"), false, Some("try again; if")),
        (Put, Said("checksum_mismatch"), false, Some("try again; if")),
        (Get, Said("io"), false, Some("on the server, check that the file can be read")),
        (Put, Said("io"), false, Some("on the server, check the permissions")),
        (List, Said("io"), false, None),
        (Get, Said("timed_out"), true, Some("network")),
        (Get, Said("a code of tomorrow"), true, None),
        (List, malformed(), false, Some("--trace")),
    ]
}

fn http_rows() -> Vec<Row> {
    vec![
        (Http, Said("http_401"), false, Some("--user and --password-file")),
        (Http, Said("http_403"), false, None),
        (Http, Said("http_404"), false, Some("check the URL")),
        (Http, Said("http_301"), false, Some("follow it with -L")),
        (Http, Said("http_418"), false, Some("leave out --fail to see")),
        (Download, Said("http_418"), false, Some("see what the server says with wirewright http")),
        (Http, Said("http_429"), false, Some("try again later")),
        (Http, Said("http_405"), false, Some("does not take that METHOD")),
        (Http, Said("http_421"), false, Some("check the host in the URL")),
        (Http, Said("http_500"), false, Some("try again later")),
        (Http, Said("http_501"), false, Some("does not take that METHOD")),
        (Download, Said("http_501"), false, Some("see what the server says")),
        (Http, Said("http_505"), false, Some("HTTP/1.1")),
        (Http, Said("http_511"), false, Some("log in to the network")),
        (Download, Said("http_503"), false, Some("try again later")),
        (Download, Said("http_506"), false, Some("see what the server says")),
        (Sms, Said("http_401"), false, Some("the account and its password")),
        (Sms, Said("http_404"), false, Some("check the URL")),
        (Sms, Said("http_418"), false, Some("the URL, the account and its password")),
        (Sms, Said("http_429"), false, Some("try again later")),
        (Sms, Said("http_500"), false, Some("ask the gateway before you send it again")),
        (Sms, Said("http_503"), false, Some("try again later")),
        (Sms, Said("http_504"), false, Some("ask the gateway before you send it again")),
        (Http, Said("content_coding"), false, Some("--identity")),
        (Http, limited("body_bytes_max"), false, Some("more with --max-body")),
        (Http, limited("decoded_bytes_max"), false, Some("more with --max-body")),
        (Http, limited("decoded_ratio_max"), false, Some("give --identity")),
        (Http, limited("redirects_max"), false, Some("follow more with --max-redirects N")),
        (Http, limited("interim_max"), false, Some("--trace")),
        (Download, limited("head_bytes_max"), false, Some("--trace")),
        (Download, limited("collected_bytes_max"), false, Some("divide the document")),
        (Sms, limited("body_bytes_max"), false, Some("--trace")),
        (Http, Said("proxy_refused"), false, Some("--no-proxy")),
        (Http, malformed(), false, Some("--trace")),
        (
            Http,
            silent(WaitKind::FirstByte, "the first byte of the response"),
            false,
            Some("--first-byte-timeout"),
        ),
        (Http, silent(WaitKind::Body, "the rest of the body"), false, Some("--min-rate")),
        (Http, handshake(), false, Some("more with --connect-timeout")),
        (Sms, handshake(), false, Some("more with --connect-timeout")),
        (MAIL, handshake(), false, Some("more with --timeout")),
        (Http, silent(WaitKind::Body, "the server to take the request"), false, Some("--min-rate")),
        (
            Download,
            silent(WaitKind::Other, "the name to be looked up"),
            false,
            Some("more with --timeout"),
        ),
        (
            Sms,
            silent(WaitKind::FirstByte, "the first byte of the response"),
            false,
            Some("more with --timeout"),
        ),
        (Sms, timed_out(), false, Some("allow more with --timeout")),
        (Http, incomplete(), false, Some("try again")),
        (Http, mute(), false, Some("https://")),
        (Http, Net(Io::NotFound), false, Some("check the host name")),
        (Http, unreachable(), false, Some("check the address")),
        (Download, Other(Error::Interrupted), false, None),
        (Download, Other(Error::Interrupted), true, Some(GO_ON)),
    ]
}

fn mail_rows() -> Vec<Row> {
    let between = Session::Malformed { rule: "x".into(), offset: 9, section: "RFC 3207 §4.2" };
    let login = Session::Malformed { rule: "x".into(), offset: 9, section: "RFC 4954 §4" };
    vec![
        (MAIL, refused("no-starttls"), false, Some("smtps://")),
        (MAIL, refused("no-tls"), false, Some("--insecure-auth")),
        (MAIL, refused("no-auth"), false, Some("leave out USER@, or give another port")),
        (MAILS, refused("no-auth"), false, Some("leave out USER@, or check the host")),
        (MAIL, refused("no-mechanism"), false, None),
        (MAIL, refused("535"), false, Some("the user name and password")),
        (MAIL, refused("530"), false, Some("--password-file")),
        (MAIL, refused("450"), false, Some("try again later")),
        (MAIL, refused("554"), false, None),
        (MAIL, session(between), false, Some("do not use this network")),
        (MAIL, session(login), false, Some("says with --trace")),
        (
            MAIL,
            silent(WaitKind::FirstWords, "the greeting"),
            false,
            Some("give smtps:// in --server"),
        ),
        (
            MAILS,
            silent(WaitKind::FirstWords, "the greeting"),
            false,
            Some("allow more with --timeout"),
        ),
        (MAIL, mute(), false, Some("give smtps:// in --server")),
        (MAIL, incomplete(), false, Some("the server's log")),
        (MAIL, malformed(), false, Some("for implicit TLS use smtps://")),
        (MAILS, malformed(), false, Some("an SMTP server listens on this port")),
        (MAIL, Net(Io::NotFound), false, Some("check the host name")),
        (MAIL, unreachable(), false, Some("check the address")),
        (MAIL, Other(Error::Interrupted), false, None),
    ]
}

fn connection_rows() -> Vec<Row> {
    vec![
        (Get, Net(Io::ConnectionRefused), false, Some("a server listens there")),
        (List, Net(Io::ConnectionRefused), false, Some("a server listens there")),
        (Time, Net(Io::ConnectionRefused), false, Some("a server listens there")),
        (Datagrams, Net(Io::ConnectionRefused), false, Some("wirewright udp recv")),
        (Put, Net(Io::HostUnreachable), false, Some("the address and the network")),
        (Put, Net(Io::NetworkUnreachable), false, Some("the address and the network")),
        (Get, Net(Io::ConnectionReset), true, Some(GO_ON)),
        (Get, Net(Io::ConnectionReset), false, Some("try again")),
        (List, Net(Io::ConnectionReset), false, Some("try again")),
        (Put, Net(Io::BrokenPipe), true, Some(GO_ON)),
        (Get, incomplete(), true, Some(GO_ON)),
        (Get, incomplete(), false, Some("the server's log")),
        (Classic, incomplete(), false, Some("the server's log")),
        (Get, timed_out(), true, Some("--timeout")),
        (List, timed_out(), false, Some("--timeout")),
        (Get, Net(Io::NotFound), false, Some("check the host name")),
        (Get, Other(Error::Interrupted), true, Some(GO_ON)),
        (Get, Other(Error::Interrupted), false, None),
        (Classic, Other(Error::Interrupted), false, None),
        (List, Other(Error::Interrupted), false, None),
        (Serve, Net(Io::AddrInUse), false, Some("another process uses that port")),
        (Serve, Net(Io::AddrNotAvailable), false, Some("an address of this machine")),
        (Serve, Net(Io::PermissionDenied), false, Some("below 1024")),
        (Serve, Net(Io::NotFound), false, Some("check the host name")),
        (Serve, Net(Io::OutOfMemory), false, None),
    ]
}

fn tls_rows() -> Vec<Row> {
    use CertificateFault::{Expired, SelfSigned, UnknownIssuer, WrongName};
    vec![
        (Get, tls(Fault::NotTls), false, Some("leave out --tls")),
        (Get, NotStarted(Box::new(tls(Fault::NotTls))), false, Some("leave out --tls")),
        (Http, tls(Fault::NotTls), false, Some("give http://")),
        (MAILS, tls(Fault::NotTls), false, Some("give smtp:// for STARTTLS")),
        (Get, tls(Fault::Needed), false, Some("give --tls")),
        (Http, tls(Fault::Needed), false, Some("give https://")),
        (MAIL, tls(Fault::Needed), false, Some("give smtps://")),
        (Time, tls(Fault::Needed), false, Some("check the port")),
        (Get, certificate(SelfSigned), false, Some("very certificate with --cacert FILE")),
        (Http, certificate(UnknownIssuer), false, Some("trust it with --cacert FILE")),
        (MAIL, certificate(UnknownIssuer), false, Some("trust it with --cacert FILE")),
        (List, certificate(WrongName), false, Some("--tls-name")),
        (Http, certificate(WrongName), false, Some("is for in the URL")),
        (MAIL, certificate(WrongName), false, Some("--tls-name")),
        (Http, certificate(Expired), false, Some("clock")),
        (Put, tls(Fault::Closed), false, Some("check the port; look at")),
        (Read, tls(Fault::Settings("x".to_owned())), false, Some("in PEM")),
        (
            Serve,
            tls(Fault::Settings("x".to_owned())),
            false,
            Some("a chain of certificates in PEM"),
        ),
        (Serve, tls(Fault::PrivateKey("x")), false, Some("in PEM and not encrypted")),
    ]
}

fn foreign_rows() -> Vec<Row> {
    vec![
        (Get, speaks(Spoken::Classic), false, Some("give --classic")),
        (Get, NotStarted(Box::new(speaks(Spoken::Classic))), false, Some("give --classic")),
        (List, speaks(Spoken::Classic), false, Some("only wirewright get --classic")),
        (Put, speaks(Spoken::Classic), false, Some("only wirewright get --classic")),
        (Classic, speaks(Spoken::Framed), false, Some("leave out --classic")),
        (
            Classic,
            silent(WaitKind::FirstWords, "the first byte of the file"),
            false,
            Some("leave out --classic"),
        ),
        (Get, speaks(Spoken::Http), false, Some("wirewright http")),
        (Get, speaks(Spoken::Smtp), false, Some("wirewright mail")),
        (Get, silent(WaitKind::FirstWords, "the server's hello"), false, Some("wirewright serve")),
        (Put, mute(), false, Some("whether it needs --tls")),
        (Http, speaks(Spoken::Framed), false, Some("use wirewright get")),
        (Http, speaks(Spoken::Classic), false, Some("wirewright get --classic")),
        (Http, speaks(Spoken::Smtp), false, Some("wirewright mail")),
        (MAIL, speaks(Spoken::Http), false, Some("wirewright http")),
    ]
}

fn why(how: How) -> Failure {
    match how {
        File(error) => Failure::from(&error),
        Said(code) => Failure::new(code, "words of the server"),
        Net(kind) => Failure::from(&Error::Io("connecting", kind.into())),
        NotStarted(how) => not_started(why(*how)),
        Other(error) => Failure::from(&error),
    }
}

#[test]
fn an_advice_is_true_or_none() {
    let rows = rows();
    assert!(rows.len() >= 60, "{}", rows.len());
    for (verb, how, is_kept, expected) in rows {
        let why = why(how);
        let told = decide(verb, &why, is_kept, Given::default());
        let case = format!("{verb:?} {why:?} {is_kept}");
        match (told.as_deref(), expected) {
            (Some(told), Some(expected)) => assert!(told.contains(expected), "{case}: {told}"),
            (told, expected) => assert_eq!(told, expected, "{case}"),
        }
    }
}

/// What the command line has given is not advised.
#[test]
fn what_was_given_is_not_advised() {
    let traced = Given { is_traced: true, ..Given::default() };
    for (verb, how, _, expected) in rows() {
        let why = why(how);
        let told = decide(verb, &why, false, traced).unwrap_or_default();
        assert!(!told.contains("--trace"), "{verb:?} {why:?}: {told} {expected:?}");
    }
    let known = Given { has_credentials: true, ..Given::default() };
    for verb in [Http, Download] {
        let refusal = why(Said("http_401"));
        assert_eq!(decide(verb, &refusal, false, known).unwrap(), "check the credentials");
        let told = decide(verb, &refusal, false, Given { follows: true, ..known }).unwrap();
        assert!(told.contains("after a redirect"), "{told}");
    }
    let chosen = Given { has_auth: true, ..Given::default() };
    let told = decide(MAIL, &why(refused("no-mechanism")), false, chosen).unwrap();
    assert!(told.contains("leave out --auth"), "{told}");
    let anew = Given { has_no_resume: true, ..Given::default() };
    let full = disk(Io::StorageFull);
    for how in [Other(Error::Interrupted), incomplete(), Net(Io::ConnectionReset), full] {
        let told = decide(Get, &why(how), true, anew).unwrap_or_default();
        assert!(!told.contains(GO_ON), "{told}");
    }
    let over = Given { has_overwrite: true, ..Given::default() };
    let told = decide(Put, &why(Said("exists")), false, over).unwrap();
    assert_eq!(told, "give the file another name");
    let late = Given { is_late: true, ..Given::default() };
    for (verb, how) in [
        (Http, silent(WaitKind::FirstByte, "the first byte of the response")),
        (Http, silent(WaitKind::Body, "the rest of the body")),
        (Get, silent(WaitKind::FirstWords, "the server's hello")),
        (MAIL, silent(WaitKind::FirstWords, "the greeting")),
        (List, timed_out()),
    ] {
        let told = decide(verb, &why(how), false, late).unwrap();
        assert!(told.contains("allow more time with --timeout"), "{verb:?}: {told}");
        assert!(!told.contains("--first-byte-timeout") && !told.contains("--min-rate"), "{told}");
    }
}

#[test]
fn what_is_not_known_is_asked_for_before_it_is_sent_again() {
    for (verb, expected) in [
        (Put, "counts as sent"),
        (Sms, "ask the gateway"),
        (MAIL, "before you send it again"),
        (Http, "ask the server"),
    ] {
        assert!(of_unknown(verb).unwrap().contains(expected), "{verb:?}");
    }
}

const ALL: [Verb; 14] = [
    Get, Classic, Put, List, Serve, Http, Download, Sms, MAIL, MAILS, Time, Datagrams, Read, Write,
];

/// Options that a verb does not have are not named. Those of `Read` and `Write` belong to
/// whatever command has the file.
fn has(verb: Verb, option: &str) -> bool {
    let is_mail = matches!(verb, Mail { .. });
    match option {
        "--overwrite" => matches!(verb, Put | Classic | Download),
        "--digest" => verb == Get,
        "-o" => verb.writes(),
        "--listen" => verb == Serve,
        "--identity" | "--max-body" | "--max-redirects" | "-L" | "-H" => {
            matches!(verb, Http | Download)
        }
        "--user" | "--first-byte-timeout" | "--min-rate" => matches!(verb, Http | Download),
        "--fail" => verb == Http,
        "--password-file" => is_mail || matches!(verb, Http | Download),
        "--no-proxy" | "--connect-timeout" => verb.is_http(),
        "--classic" => verb.is_transfer() || verb.is_http(),
        "--tls" => matches!(verb, Get | Classic | Put | List),
        "--tls-name" => is_mail || verb.is_transfer(),
        "--server" | "--starttls" | "--insecure-auth" | "--auth" | "--text" | "--attach" => is_mail,
        "--token-file" | "--trace" | "--timeout" | "-f" | "--writable" | "--cacert" => true,
        _ => panic!("{option} is not in this test"),
    }
}

#[test]
fn an_advice_names_no_option_of_another_command() {
    for (_, how, is_kept, _) in rows() {
        let why = why(how);
        for verb in ALL {
            let told = decide(verb, &why, is_kept, Given::default());
            let Some(told) = told else { continue };
            let options = told.split([' ', ',', ';', ')']).filter(|word| word.starts_with('-'));
            // What is said of another command has that command in front.
            let told = told.as_ref();
            options
                .filter(|option| !told.contains(&format!("wirewright http {option}")))
                .filter(|option| !told.contains(&format!("wirewright get {option}")))
                .for_each(|option| assert!(has(verb, option), "{verb:?} {why:?}: {told}"));
        }
    }
}
