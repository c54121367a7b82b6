//! What commands share that talk on a wire of ours: options, listening, errors, reports.

use super::input::{BUILD_WITH_TLS, need_tls, read_file, secret};
use crate::args::{Common, Peer};
use crate::output::advice::{
    Verb, advice, is_device, local_failure, local_failure_below, of_descriptors,
};
use crate::output::report::Out;
use crate::output::trace;
use crate::output::watch;
use crate::{Exit, Failure};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wirewright::net::reactor::StopHandle;
use wirewright::net::transfer::client::Options;
use wirewright::net::transport::tls::ClientTls;
use wirewright::net::{Error, Failure as Why, FailureKind, FileReport};
use wirewright::text::{PeerText, escape, in_short};
use wirewright::transfer::token::Token;

/// The options of a client.
pub fn client_options(peer: &Peer, common: &Common) -> Result<Options, Failure> {
    let mut options = Options {
        stop_at_signals: true,
        tap: trace::Style::of(common).map(trace::transfer),
        ..Options::default()
    };
    options.session.token = peer.token_file.as_deref().map(token).transpose()?;
    set_tls(&mut options, peer)?;
    // Last, because reading a token may have taken time.
    options.timeout = watch::left();
    Ok(options)
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

/// The one line that says where it listens: data, so stdout; with `--json` stderr.
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

/// Stops a server when `--timeout` is over.
pub fn stop_after(stopper: StopHandle, timeout: Option<Duration>) -> Result<(), Failure> {
    let Some(timeout) = timeout else { return Ok(()) };
    let stop = move || {
        std::thread::sleep(timeout);
        stopper.stop();
    };
    let started = std::thread::Builder::new().name("timeout".to_owned()).spawn(stop);
    let failed = |error| {
        let what = format!("no thread can be started: {}", in_short(&error));
        Failure::new("--timeout", what, "allow more processes with ulimit -u")
    };
    started.map(drop).map_err(failed)
}

/// Reads the token: the file without one trailing line end.
pub fn token(path: &Path) -> Result<Token, Failure> {
    let bytes = secret(path)?;
    match bytes.is_empty() {
        true => Err(Failure::new(path.display(), "the token is empty", "put a secret into it")),
        false => Ok(Token::new(&bytes)),
    }
}

/// What failed while that was done, and what to do about it.
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

/// Says on stdout (`--json`) or stderr what became of files, and gives the status. The one line of
/// error, where something failed, is the first failure's. `output` is where files go, for one that
/// has no path of its own.
pub fn report_files(
    verb: Verb,
    reports: &[FileReport],
    seconds: f64,
    server: &str,
    output: Option<&Path>,
    common: &Common,
) -> Result<Exit, Failure> {
    if common.json {
        write_document(reports, verb, output, seconds, None)?;
    } else if !common.quiet {
        for report in reports.iter().filter(|r| r.outcome.is_ok() && !r.is_skipped) {
            crate::say_line(&summary(report));
        }
        say_skipped(reports);
    }
    let failed = reports.iter().filter_map(|r| Some((r, r.outcome.as_ref().err()?)));
    let unknown = |why: &&Why| why.kind == FailureKind::Unknown;
    // What is not known has to be looked at: it is told first, and gives the status.
    let told = failed.clone().find(|(_, why)| unknown(why)).or(failed.clone().next());
    let Some((first, why)) = told else { return Ok(Exit::Done) };
    if why.code == Error::Unread.code() {
        return Err(Failure::unread());
    }
    let more = match failed.clone().count() {
        1 => String::new(),
        count => format!(" (and {} more failed)", count - 1),
    };
    // What is kept of a file: on the server, or beside the local file.
    let is_kept = verb != Verb::Classic
        && (verb == Verb::Put || first.path.is_some())
        && first.resumed_from + first.moved > 0;
    let failure = match (first.path.as_deref().or(output), why.kind) {
        (Some(path), FailureKind::Local) => {
            local_failure_below(verb, output, path, why, &more, is_kept)
        }
        _ => {
            let what = format!("{}: {}{more}", first.name, why.text);
            Failure::advised(server, what, advice(verb, why, is_kept))
        }
    };
    Err(match (why.kind, failed.count() < reports.len()) {
        (FailureKind::Unknown, _) => failure.of_unknown(),
        (_, true) => failure.of_some(),
        (_, false) => failure,
    })
}

/// How many files were here already; each of them is told with `--json`.
fn say_skipped(reports: &[FileReport]) {
    let skipped = reports.iter().filter(|report| report.is_skipped);
    let (files, bytes) =
        skipped.fold((0, 0), |(files, bytes), report| (files + 1, bytes + report.bytes));
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
    // A name that its server chose may be another one here.
    let name = Path::new(report.name.as_raw_str());
    let stored = report.path.as_deref().filter(|path| path.file_name() != name.file_name());
    let stored =
        stored.map_or(String::new(), |path| format!(" as {}", escape(&path.to_string_lossy())));
    format!(
        "{}{stored}: {} at {}{resumed}{kept}",
        report.name,
        crate::output::report::size(report.bytes),
        crate::output::report::rate(report.moved, report.elapsed),
    )
}

/// What is known about a file, in one word.
fn outcome(report: &FileReport) -> &'static str {
    match report.outcome.as_ref().map_err(|why| why.kind) {
        Ok(()) => "done",
        Err(FailureKind::Unknown) => "unknown",
        Err(FailureKind::NotStarted) => "not_started",
        Err(_) => "failed",
    }
}

/// The report of a file that was not asked for, since the whole run failed before.
pub fn not_started(name: &str, path: Option<PathBuf>, why: &Why) -> FileReport {
    let mut why = why.clone();
    why.kind = FailureKind::NotStarted;
    FileReport::failed(PeerText::from(name).keep(), path, why)
}

/// Writes the document file by file, so that it costs no memory for thousands of them. `output` is
/// where files go, and `error` is why the whole run failed.
pub fn write_document(
    reports: &[FileReport],
    verb: Verb,
    output: Option<&Path>,
    seconds: f64,
    error: Option<&Value>,
) -> Result<(), Failure> {
    let mut out = Out::new();
    out.raw("{\"files\":[")?;
    for (at, report) in reports.iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," })?;
        out.json_text(&file(report, verb, output).to_string())?;
    }
    let arrived = reports.iter().filter(|report| report.outcome.is_ok());
    let bytes: u64 = arrived.clone().map(|report| report.bytes).sum();
    let durability = arrived.clone().find_map(|report| report.durability);
    let durability = json!(durability);
    let skipped = reports.iter().filter(|report| report.is_skipped).count();
    if skipped > 0 {
        out.raw(&format!("],\"skipped\":{skipped}"))?;
    } else {
        out.raw("]")?;
    }
    out.raw(&format!(",\"bytes\":{bytes},\"seconds\":{seconds},\"durability\":{durability}"))?;
    if let Some(error) = error {
        out.raw(",\"error\":")?;
        out.json_text(&error.to_string())?;
    }
    out.raw("}\n")?;
    out.flush()
}

fn file(report: &FileReport, verb: Verb, output: Option<&Path>) -> Value {
    let moved_key = if verb == Verb::Put { "sent" } else { "received" };
    let path = report.path.as_deref().or_else(|| output.filter(|path| is_device(path)));
    let mut file = json!({
        "name": report.name,
        "path": path.map(Path::to_string_lossy),
        "bytes": report.bytes,
        moved_key: report.moved,
        "seconds": report.elapsed.as_secs_f64(),
        "resumed_from": report.resumed_from,
        "digest": report.digest,
        "outcome": outcome(report),
    });
    if report.is_skipped {
        file["skipped"] = true.into();
    }
    if let Err(why) = &report.outcome {
        file["error"] = match (why.kind, path) {
            // As the line says it: which directory is missing, for one.
            (FailureKind::Local, Some(path)) => {
                let text = local_failure_below(verb, output, path, why, "", false).what;
                json!({ "code": why.code, "text": text })
            }
            _ => json!({ "code": why.code, "text": why.text }),
        };
    }
    file
}
