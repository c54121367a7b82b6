//! One row for each situation: what is said to do, or nothing.
//!
//! A row of another command needs its [`Verb`], if it has other options, and its line here.

use super::*;
use std::io;
use wirewright::error::Error as Session;
use wirewright::net::Error;
use wirewright::net::files::FileError;

/// How it failed.
enum How {
    /// A local file.
    File(FileError),
    /// The server said so, by this code.
    Said(&'static str),
    /// The system, for a connection.
    Net(Io),
    /// Anything else.
    Other(Error),
}

use How::{File, Net, Other, Said};
use Verb::{Classic, Get, List, Put, Serve};

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
    session(Session::Incomplete { expected: "an answer", offset: 0, section: "§" })
}

fn malformed() -> How {
    session(Session::Malformed { rule: "a rule".into(), offset: 0, section: "§" })
}

fn timed_out() -> How {
    Other(Error::TimedOut { state: "an answer" })
}

/// The situation, whether something is kept, and a part of the advice.
fn rows() -> Vec<(Verb, How, bool, Option<&'static str>)> {
    let mut rows = local_rows();
    rows.extend(peer_rows());
    rows.extend(connection_rows());
    rows
}

fn local_rows() -> Vec<(Verb, How, bool, Option<&'static str>)> {
    vec![
        (Get, disk(Io::NotFound), false, Some("make it first")),
        (Get, denied(), false, Some("may write there")),
        (Get, disk(Io::StorageFull), true, Some("make room there")),
        (Get, disk(Io::QuotaExceeded), true, Some("make room there")),
        (Get, disk(Io::ReadOnlyFilesystem), false, Some("another place with -o")),
        (Get, disk(Io::IsADirectory), false, Some("another place with -o")),
        (Get, disk(Io::FileTooLarge), false, Some("ulimit -f")),
        (Get, File(FileError::TooLarge(Some(5))), false, Some("ulimit -f")),
        (Get, disk(Io::InvalidFilename), false, Some("another name with -o")),
        (Get, File(FileError::Busy), false, Some("wait for the other transfer")),
        (Get, File(FileError::Moved), false, None),
        (Get, File(FileError::Io(io::Error::from_raw_os_error(5))), true, None),
        (Classic, disk(Io::NotFound), false, Some("make it first")),
        (Classic, File(FileError::Exists), false, Some("use --overwrite to replace it")),
        (Classic, denied(), false, Some("may write there")),
        (Classic, disk(Io::StorageFull), false, Some("make room there")),
        (Classic, disk(Io::ReadOnlyFilesystem), false, Some("another place with -o")),
        (Put, disk(Io::NotFound), false, Some("see that the file is there")),
        (Put, File(FileError::NotRegular), false, Some("name a regular file")),
        (Put, denied(), false, Some("may read it")),
        (Put, File(FileError::Changed), true, Some("at rest")),
        (Put, File(FileError::FalseSize), false, Some("copy it to a regular file")),
        (Put, File(FileError::Io(io::Error::from_raw_os_error(5))), true, None),
        (Serve, disk(Io::NotFound), false, Some("see that the file is there")),
        (Serve, denied(), false, Some("may read it")),
    ]
}

fn peer_rows() -> Vec<(Verb, How, bool, Option<&'static str>)> {
    vec![
        (Get, Said("not_found"), false, Some("wirewright ls")),
        (Put, Said("not_found"), false, None),
        (List, Said("not_found"), false, None),
        (Put, Said("exists"), false, Some("--overwrite")),
        (Get, Said("exists"), false, None),
        (Put, Said("read_only"), false, Some("--writable")),
        (Get, Said("read_only"), false, None),
        (List, Said("read_only"), false, None),
        (Put, Said("bad_name"), false, Some("give the file another name")),
        (Get, Said("bad_name"), false, Some("a relative name")),
        (Put, Said("no_space"), true, Some("make room on the server")),
        (Get, Said("unauthorized"), false, Some("--token-file")),
        (List, Said("unauthorized"), false, Some("--token-file")),
        (Put, Said("busy"), false, Some("try again later")),
        (List, Said("busy"), false, Some("try again later")),
        (Get, Said("shutting_down"), true, Some("when it is back")),
        (Get, Said("unsupported"), false, Some("--digest")),
        (Put, Said("unsupported"), false, None),
        (Get, Said("changed"), false, Some("at rest")),
        (Get, Said("digest_mismatch"), false, Some("run it again")),
        (Put, Said("checksum_mismatch"), false, Some("run it again")),
        (Get, Said("io"), false, Some("file on the server")),
        (List, Said("io"), false, None),
        (Get, Said("timed_out"), true, Some("network")),
        (Get, Said("a code of tomorrow"), true, None),
        (List, malformed(), false, Some("--trace")),
    ]
}

fn connection_rows() -> Vec<(Verb, How, bool, Option<&'static str>)> {
    vec![
        (Get, Net(Io::ConnectionRefused), false, Some("a server listens there")),
        (List, Net(Io::ConnectionRefused), false, Some("a server listens there")),
        (Put, Net(Io::HostUnreachable), false, Some("the address and the network")),
        (Put, Net(Io::NetworkUnreachable), false, Some("the address and the network")),
        (Get, Net(Io::ConnectionReset), true, Some(GO_ON)),
        (Get, Net(Io::ConnectionReset), false, Some("try again")),
        (List, Net(Io::ConnectionReset), false, Some("try again")),
        (Put, Net(Io::BrokenPipe), true, Some(GO_ON)),
        (Get, incomplete(), true, Some(GO_ON)),
        (Get, incomplete(), false, Some("look at the server")),
        (Classic, incomplete(), false, Some("look at the server")),
        (Get, timed_out(), true, Some("--timeout")),
        (List, timed_out(), false, Some("--timeout")),
        (Get, Other(Error::Interrupted), true, Some(GO_ON)),
        (Get, Other(Error::Interrupted), false, None),
        (Classic, Other(Error::Interrupted), false, None),
        (List, Other(Error::Interrupted), false, None),
        (Serve, Net(Io::AddrInUse), false, Some("another port with --listen")),
        (Serve, Net(Io::AddrNotAvailable), false, Some("an address of this machine")),
        (Serve, Net(Io::PermissionDenied), false, Some("below 1024")),
        (Serve, Net(Io::OutOfMemory), false, None),
    ]
}

fn why(how: How) -> Failure {
    match how {
        File(error) => Failure::from(&error),
        Said(code) => Failure::new(code, "words of the server"),
        Net(kind) => Failure::from(&Error::Io("connecting", kind.into())),
        Other(error) => Failure::from(&error),
    }
}

#[test]
fn an_advice_is_true_or_none() {
    let rows = rows();
    assert!(rows.len() >= 60, "{}", rows.len());
    for (verb, how, is_kept, expected) in rows {
        let why = why(how);
        let told = advice(verb, &why, is_kept);
        let case = format!("{verb:?} {why:?} {is_kept}");
        match (told, expected) {
            (Some(told), Some(expected)) => assert!(told.contains(expected), "{case}: {told}"),
            (told, expected) => assert_eq!(told, expected, "{case}"),
        }
    }
}

/// Options that a verb does not have are not named.
#[test]
fn an_advice_names_no_option_of_another_command() {
    let has = |verb: Verb, option: &str| match option {
        "--overwrite" => matches!(verb, Put | Classic),
        "--digest" | "-o" => matches!(verb, Get | Classic),
        "--listen" => verb == Serve,
        "--token-file" | "--trace" | "--timeout" | "-f" | "--writable" => true,
        _ => panic!("{option} is not in this test"),
    };
    for (_, how, is_kept, _) in rows() {
        let why = why(how);
        for verb in [Get, Classic, Put, List, Serve, Verb::Other] {
            let Some(told) = advice(verb, &why, is_kept) else { continue };
            let options = told.split([' ', ',', ';']).filter(|word| word.starts_with('-'));
            options.for_each(|option| assert!(has(verb, option), "{verb:?} {why:?}: {told}"));
        }
    }
}
