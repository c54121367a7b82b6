//! Shared by the file transfer commands: options, listening, errors and reports.

pub mod batch;
pub mod document;

use super::input::{BUILD_WITH_TLS, need_tls, read_file, secret};
use super::running::run_options;
use crate::args::{Common, Peer};
use crate::output::advice::{Verb, advice, local_failure, local_failure_below, of_descriptors};
use crate::output::drawing;
use crate::output::report::Out;
use crate::output::trace;
use crate::output::watch;
use crate::{Exit, Failure};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Instant;
use wirewright::net::connection::Limits;
use wirewright::net::reactor::{Reactor, ReactorBuilder};
use wirewright::net::transfer::client::Options;
use wirewright::net::transport::tls::ClientTls;
use wirewright::net::{Error, Failure as Why, FailureKind, FileReport};
use wirewright::text::escape;
use wirewright::transfer::token::Token;

/// The options of a client.
pub fn client_options(peer: &Peer, common: &Common, rate: Option<u64>) -> Result<Options, Failure> {
    let mut options = Options::default();
    options.session.token = peer.token_file.as_deref().map(token).transpose()?;
    set_tls(&mut options, peer)?;
    // Last, because reading a token may have taken time.
    options.run = run_options(common, trace::Style::of(common).map(trace::transfer), rate);
    options.run.connect.family = peer.family.only();
    let least = options.run.timeout.unwrap_or_default();
    Ok(options.with_waits_of_at_least(least))
}

fn set_tls(options: &mut Options, peer: &Peer) -> Result<(), Failure> {
    need_tls("--tls", peer.tls, BUILD_WITH_TLS)?;
    if peer.tls {
        let root = peer.cacert.as_deref().map(read_file).transpose()?;
        let host = peer.server.rsplit_once(':').map_or(&*peer.server, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = peer.tls_name.as_deref().unwrap_or(host);
        let tls = ClientTls::new(root.as_deref()).map_err(|error| {
            let place = peer.cacert.as_ref().map_or("TLS".into(), |path| path.to_string_lossy());
            failure(Verb::Read, &place, &error)
        })?;
        let tls = tls.named(name);
        options.tls = Some(tls.map_err(|error| failure(Verb::Read, "--tls-name", &error))?);
    }
    Ok(())
}

/// The address to listen on: the first address of the name. A signal ends the lookup.
pub fn listen_address(listen: &str) -> Result<SocketAddr, Error> {
    watch::starting(|| {
        let failed = |error| Error::Io("starting", error);
        let builder = ReactorBuilder::new().map_err(failed)?;
        let mut reactor = Reactor::new(builder, 0, Limits::default());
        let found = Rc::new(RefCell::new(Err(Error::Interrupted)));
        let left = found.clone();
        reactor.resolve(listen, move |_, found| *left.borrow_mut() = found);
        reactor.run().map_err(failed)?;
        let addresses = found.replace(Err(Error::Interrupted))?;
        Ok(addresses[0])
    })
}

/// Prints the address that the server listens on to stdout; with `--json` to stderr.
pub fn announce(address: SocketAddr, json: bool) -> Result<(), Failure> {
    let text = format!("listening on {address}");
    if json {
        crate::say_line(&text);
        return Ok(());
    }
    let mut out = Out::new();
    out.raw(&text)?;
    out.raw("\n")?;
    out.flush()
}

/// Reads the token: the file without one trailing line end.
pub fn token(path: &Path) -> Result<Token, Failure> {
    let bytes = secret(path)?;
    match bytes.is_empty() {
        true => Err(Failure::new(path.display(), "the token is empty", "put a secret into it")),
        false => Ok(Token::new(&bytes)),
    }
}

/// The failure of a command, with advice.
pub fn failure(verb: Verb, place: &str, error: &Error) -> Failure {
    let why = Why::from(error);
    match error {
        Error::Unread => Failure::unread(),
        Error::File(_) => local_failure(verb, Path::new(place), &why, "", false),
        _ => of_descriptors(verb, &why).unwrap_or_else(|| {
            Failure::advised(escape(place), &why.text, advice(verb, &why, false))
                .with_code(&why.code)
        }),
    }
}

/// The maximum number of files that are reported one by one as not started, after a signal or
/// `--timeout`. There is no time to report more.
const NOT_STARTED_TOLD_MAX: u64 = 256;

/// Prints the reports of files one by one on stdout (`--json`) or stderr, and returns the exit
/// status. The one error line is that of the first failure.
pub struct Summary<'a> {
    verb: Verb,
    server: &'a str,
    /// The destination, for a file without its own path.
    output: Option<&'a Path>,
    common: &'a Common,
    began: Instant,
    /// Whether a report was printed.
    is_begun: bool,
    files: u64,
    failed: u64,
    not_started: u64,
    /// Files that were here already, and their bytes.
    skipped: (u64, u64),
    first_failed: Option<FileReport>,
    first_unknown: Option<FileReport>,
    /// Why the report cannot be printed, once that has failed.
    unprinted: Option<Failure>,
}

impl<'a> Summary<'a> {
    /// At the beginning of a run.
    pub fn new(
        verb: Verb,
        server: &'a str,
        output: Option<&'a Path>,
        common: &'a Common,
    ) -> Summary<'a> {
        Summary {
            verb,
            server,
            output,
            common,
            began: Instant::now(),
            is_begun: false,
            files: 0,
            failed: 0,
            not_started: 0,
            skipped: (0, 0),
            first_failed: None,
            first_unknown: None,
            unprinted: None,
        }
    }

    /// Prints the reports of some files.
    pub fn take(&mut self, reports: impl IntoIterator<Item = FileReport>) -> Result<(), Failure> {
        let reports = reports.into_iter();
        if self.common.json {
            // Standard output may be the terminal on which progress is drawn.
            drawing::above(|| {
                document::adding(|| reports.for_each(|report| self.take_one(report)));
            });
        } else {
            reports.for_each(|report| self.take_one(report));
        }
        match self.unprinted.take() {
            None => Ok(()),
            Some(why) => self.ended(Err(why)).map(drop),
        }
    }

    fn take_one(&mut self, report: FileReport) {
        if self.common.json {
            if self.unprinted.is_none() {
                self.unprinted = self.document(&report).err();
            }
        } else if !self.common.quiet && report.outcome.is_ok() && !report.is_skipped {
            crate::say_line(&summary(&report));
        }
        self.is_begun = true;
        self.files += 1;
        if report.is_skipped {
            self.skipped = (self.skipped.0 + 1, self.skipped.1 + report.bytes);
        }
        let Err(why) = &report.outcome else { return };
        self.failed += 1;
        if why.kind == FailureKind::Unknown && self.first_unknown.is_none() {
            self.first_unknown = Some(report);
        } else if self.first_failed.is_none() {
            self.first_failed = Some(report);
        }
    }

    fn document(&mut self, report: &FileReport) -> Result<(), Failure> {
        if !self.is_begun {
            document::begin(self.verb, self.output)?;
        }
        let kind = report.outcome.as_ref().err().map(|why| why.kind);
        if kind == Some(FailureKind::NotStarted) && watch::is_ending() {
            self.not_started += 1;
            if self.not_started > NOT_STARTED_TOLD_MAX {
                return document::count_not_started();
            }
        }
        document::add(report)
    }

    /// Prints the totals, after the last file.
    pub fn finish(self) -> Result<Exit, Failure> {
        let printed = match self.common.json {
            true => self.end_document(),
            false => Ok(()),
        };
        if !self.common.json && !self.common.quiet {
            say_skipped(self.skipped);
        }
        self.ended(printed)
    }

    fn end_document(&self) -> Result<(), Failure> {
        if !self.is_begun {
            document::begin(self.verb, self.output)?;
        }
        document::end(self.began.elapsed().as_secs_f64(), None)
    }

    /// What the run ends with. A server has stored what was put, whether or not that is printed.
    fn ended(&self, printed: Result<(), Failure>) -> Result<Exit, Failure> {
        // A file with an unknown outcome needs the user's attention: it has the error line and the
        // exit status.
        let told = self.first_unknown.as_ref().or(self.first_failed.as_ref());
        let told = told.and_then(|report| Some((report, report.outcome.as_ref().err()?)));
        let done = told.map_or(Ok(Exit::Done), |(first, why)| Err(self.failure(first, why)));
        match self.verb {
            Verb::Put => Failure::after_report(self.server, "the files are stored", printed, done),
            _ => printed.and(done),
        }
    }

    /// The error line of the first failure.
    fn failure(&self, first: &FileReport, why: &Why) -> Failure {
        if why.code == Error::Unread.code() {
            return Failure::unread();
        }
        let more = match self.failed {
            1 => String::new(),
            count => format!(" (and {} more failed)", count - 1),
        };
        // The kept part of a file is on the server, or beside the local file.
        let is_kept = self.verb != Verb::Classic
            && (self.verb == Verb::Put || first.path.is_some())
            && first.resumed_from + first.moved > 0;
        let failure = match (first.path.as_deref().or(self.output), why.kind) {
            (Some(path), FailureKind::Local) => {
                local_failure_below(self.verb, self.output, path, why, &more, is_kept)
            }
            _ => {
                let what = format!("{}: {}{more}", first.name, why.text);
                Failure::advised(self.server, what, advice(self.verb, why, is_kept))
            }
        };
        match (why.kind, self.failed < self.files) {
            (FailureKind::Unknown, _) => failure.of_unknown(),
            (_, true) => failure.of_some(),
            (_, false) => failure,
        }
    }
}

/// Prints the number and bytes of the files that were present already. `--json` reports each one.
fn say_skipped((files, bytes): (u64, u64)) {
    let size = crate::output::report::size(bytes);
    match files {
        0 => {}
        1 => {
            crate::say_line(&format!("1 file skipped: already here with the same content, {size}"))
        }
        _ => crate::say_line(&format!(
            "{files} files skipped: already here with the same content, {size}"
        )),
    }
}

fn summary(report: &FileReport) -> String {
    let kept = report.durability.map_or(String::new(), |kept| format!(", {}", kept.as_str()));
    if report.bytes > 0 && report.moved == 0 {
        let size = crate::output::report::size(report.bytes);
        return format!("{}: already there, {size}{kept}", report.name);
    }
    let resumed = match report.resumed_from {
        0 => String::new(),
        from => format!(", resumed at {}", crate::output::report::size(from)),
    };
    // A name that the server chose may be changed locally.
    let name = Path::new(report.name.as_raw_str());
    let stored = report.path.as_deref().filter(|path| path.file_name() != name.file_name());
    let stored = stored
        .map_or(String::new(), |path| format!(" saved as {}", escape(&path.to_string_lossy())));
    let name = if report.name.as_raw_str().is_empty() { "(empty name)" } else { "" };
    format!(
        "{name}{}{stored}: {} at {}{resumed}{kept}",
        report.name,
        crate::output::report::size(report.bytes),
        crate::output::report::rate(report.moved, report.elapsed),
    )
}
