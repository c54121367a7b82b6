//! Several letters at once, by the library: none is lost, and none is sent twice.

use super::server::{CLOSE, END, SILENT, Server};
use std::sync::atomic::{AtomicUsize, Ordering};
use wirewright::mime::{Attachment, Builder, Date, FileName, Limits, Mailbox, MediaType, MsgId};
use wirewright::net::RunOptions;
use wirewright::net::mail::{AttachedFile, Options, OutgoingMessage, Report, send};
use wirewright::smtp::client::Verdict;
use wirewright::smtp::config::StartTls;

/// A letter with that subject, and the content of a file.
fn letter(subject: &str, file: Option<&std::path::Path>) -> OutgoingMessage {
    let from = Mailbox::parse("a@example.org").unwrap();
    let id = MsgId::parse("1@example.org").unwrap();
    let mut builder = Builder::new(from, Date::new(0, 0).unwrap(), id, 0, Limits::default());
    builder.to(Mailbox::parse("b@example.net").unwrap()).unwrap();
    builder.subject(subject).unwrap();
    let files: Vec<AttachedFile> =
        file.map(|path| AttachedFile::at_path(path).unwrap()).into_iter().collect();
    for source in &files {
        let (name, media_type) = (FileName::new("f").unwrap(), MediaType::parse("a/b").unwrap());
        builder.attach(Attachment { name, media_type, len: source.size() }).unwrap();
    }
    OutgoingMessage::new(builder.build().unwrap(), files).unwrap()
}

fn options(server: &Server) -> Options {
    let to = wirewright::net::mail::Server::parse(&format!("smtp://{}", server.address)).unwrap();
    Options::new(to).with_starttls(StartTls::Never)
}

fn sent(server: &Server, letters: Vec<OutgoingMessage>) -> Vec<Report> {
    send(options(server), letters).unwrap()
}

fn verdicts(reports: &[Report]) -> Vec<Verdict> {
    reports.iter().map(|report| report.verdict).collect()
}

/// What the server heard of subjects, in its order.
fn subjects(server: &Server) -> Vec<String> {
    let messages = server.heard().messages;
    let texts = messages.iter().map(|message| String::from_utf8_lossy(message).into_owned());
    let subject = |text: String| {
        text.lines().find_map(|line| line.strip_prefix("Subject: ").map(str::to_owned)).unwrap()
    };
    texts.map(subject).collect()
}

/// Many servers take so many messages on a connection, and close it. The next envelope is on its
/// way by then.
#[test]
fn letters_outlive_the_connection_that_began_them() {
    for ending in [CLOSE, "421 4.7.0 enough for now"] {
        for offers in ["250-mx\r\n250 PIPELINING", "250 mx"] {
            let count = AtomicUsize::new(0);
            let server = Server::new(move |line| match line.split(' ').next()? {
                "greeting" => {
                    count.store(0, Ordering::SeqCst);
                    None
                }
                "EHLO" => Some(offers.to_owned()),
                "MAIL" if count.fetch_add(1, Ordering::SeqCst) == 2 => Some(ending.to_owned()),
                _ => None,
            });
            let names = ["0", "1", "2", "3", "4", "5", "6"];
            let reports = sent(&server, names.iter().map(|name| letter(name, None)).collect());
            assert_eq!(verdicts(&reports), [Verdict::Accepted; 7], "{ending} {offers}");
            assert_eq!(subjects(&server), names);
        }
    }
}

/// One that takes nothing is not called again and again.
#[test]
fn a_server_that_takes_nothing_is_called_once() {
    for ending in [CLOSE, "421 4.7.0 not now"] {
        let server = Server::new(move |line| line.starts_with("MAIL").then(|| ending.to_owned()));
        let reports = sent(&server, vec![letter("0", None), letter("1", None)]);
        assert_eq!(verdicts(&reports), [Verdict::Refused { retryable: true }; 2]);
        assert_eq!(server.heard().those("EHLO").len(), 1);
    }
}

/// The reply to its end does not come: what was behind it goes on, it does not.
#[test]
fn an_unknown_letter_is_not_sent_again() {
    let count = AtomicUsize::new(0);
    let server = Server::new(move |line| {
        (line == END && count.fetch_add(1, Ordering::SeqCst) == 1).then(|| CLOSE.to_owned())
    });
    let reports = sent(&server, ["0", "1", "2"].map(|name| letter(name, None)).to_vec());
    let expected = [Verdict::Accepted, Verdict::Unknown, Verdict::Accepted];
    assert_eq!(verdicts(&reports), expected);
    assert_eq!(subjects(&server), ["0", "1", "2"]);
}

#[test]
fn a_file_that_changed_ends_its_own_letter_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    std::fs::write(&path, vec![7; 1 << 20]).unwrap();
    let letters = vec![letter("0", Some(&path)), letter("1", None), letter("2", None)];
    std::fs::write(&path, "short").unwrap();
    let server = Server::polite();
    let reports = sent(&server, letters);
    let refused = Verdict::Refused { retryable: true };
    assert_eq!(verdicts(&reports), [refused, Verdict::Accepted, Verdict::Accepted]);
    assert_eq!(subjects(&server), ["1", "2"]);
    assert!(reports[0].failure.as_ref().unwrap().to_string().contains("changed"));
}

/// What ends every connection that it comes on is begun twice, and the others go on.
#[test]
fn a_letter_that_ends_its_connection_does_not_end_the_others() {
    for ending in [CLOSE, "garbage", "421 4.7.0 not that"] {
        let server = Server::new(move |line| line.contains("bad@").then(|| ending.to_owned()));
        let mut letters = ["0", "1", "2", "3"].map(|name| letter(name, None)).to_vec();
        letters[1].envelope.from = wirewright::smtp::command::Path::parse("bad@b").unwrap();
        let reports = sent(&server, letters);
        let (good, refused) = (Verdict::Accepted, Verdict::Refused { retryable: true });
        assert_eq!(verdicts(&reports), [good, refused, good, good], "{ending}");
        assert_eq!(server.heard().those("MAIL FROM:<bad@").len(), 2);
        assert_eq!(subjects(&server), ["0", "2", "3"]);
    }
}

#[test]
fn several_connections_share_the_letters() {
    let server = Server::new(|line| line.contains("bad@").then(|| CLOSE.to_owned()));
    let names: Vec<String> = (10..50).map(|n| n.to_string()).collect();
    let mut letters: Vec<OutgoingMessage> = names.iter().map(|name| letter(name, None)).collect();
    for at in [7, 8, 20] {
        letters[at].envelope.from = wirewright::smtp::command::Path::parse("bad@b").unwrap();
    }
    let reports = send(options(&server).with_connections_max(4), letters).unwrap();
    let refused: Vec<usize> =
        (0..40).filter(|at| reports[*at].verdict != Verdict::Accepted).collect();
    let mut heard = subjects(&server);
    heard.sort();
    heard.dedup();
    assert_eq!((heard.len(), server.heard().messages.len()), (40 - refused.len(), heard.len()));
    assert!([7, 8, 20].iter().all(|at| refused.contains(at)), "{refused:?}");
}

/// Time is over: nothing more is begun, and every letter has its report.
#[test]
fn a_time_out_leaves_no_letter_without_a_report() {
    let server = Server::new(|line| (line == END).then(|| SILENT.to_owned()));
    let run = RunOptions::default().with_timeout(std::time::Duration::from_secs(1));
    for connections_max in [1, 3] {
        let letters = ["0", "1", "2", "3", "4"].map(|name| letter(name, None)).to_vec();
        let options = options(&server).with_connections_max(connections_max).with_run(run.clone());
        let reports = send(options, letters).unwrap();
        let unknown = reports.iter().filter(|report| report.verdict == Verdict::Unknown);
        assert!((1..=connections_max).contains(&unknown.count()));
        for report in reports {
            let why = report.failure.unwrap().to_string();
            assert!(why.contains("timed out"), "{why}");
            assert!(matches!(report.verdict, Verdict::Unknown | Verdict::Refused { .. }));
        }
    }
}
