//! `wirewright download`: many URLs at once, each written to its own file.
//!
//! ```text
//!   URL … ──────────────────────────┐
//!   --from API_URL ─▶ JSON ─ select ┴▶ fetches, N in flight ─▶ DIR/name … ─▶ outcome
//! ```
//!
//! Fields with credentials are sent to one origin only: that of the API, or else of the first URL.
//! An element of the document that is not a URL is a failure; the other elements are fetched.

mod list;
mod outcome;

use super::secret::{Secret, masking};
use super::select::Selector;
use super::web;
use crate::args::http::Download as Args;
use crate::output::advice::Verb;
use crate::output::destination::failed_place;
use crate::output::drawing::{Drawing, Label};
use crate::{Exit, Failure};
use outcome::{is_told, rows, tell, tell_faults, tell_notice};
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wirewright::http::message::headers::Headers;
use wirewright::http::url::{Origin, Url};
use wirewright::net::Failure as Why;
use wirewright::net::files::{Destination, descriptor};
use wirewright::net::http::{Client, Fetch, Options, Saving, download};
use wirewright::net::transport::endpoint;
use wirewright::text::{PeerText, in_short};

/// The maximum size of a document with URLs, in bytes.
const DOCUMENT_BYTES_MAX: usize = 8 << 20;

/// The maximum number of URLs in a document: each takes about 1 KiB of memory.
const URLS_MAX: usize = 10_000;

/// The default number of requests in flight.
const JOBS: u16 = 16;

/// Descriptors that do not belong to a request: the poll, the standard streams, the directory.
const DESCRIPTORS_KEPT: u64 = 32;

/// Descriptors of one request: its socket, its file, its journal.
const DESCRIPTORS_EACH: u64 = 3;

/// The code of an element of the document that is not a URL.
const NO_URL: &str = "no_url";

/// The advice for a document without the expected URLs, with --select and without.
const SELECT_ADVICE: &str = "look at the document and --select";
const NO_SELECT_ADVICE: &str =
    "look at the document, and say with --select where in it the URLs stand";

/// Fields that the client sets to resume a file.
const RESERVED: [&str; 2] = ["Range", "If-Range"];

pub fn run(args: &Args) -> Result<Exit, Failure> {
    let urls: Result<Vec<Url>, Failure> =
        args.urls.iter().map(|text| web::url("URL", text)).collect();
    let urls = urls?;
    let from_stdin = args.from.as_deref() == Some("-");
    web::check_stdin(&args.asking, from_stdin.then_some("the document"))?;
    let headers = headers(args)?;
    let proxies = web::proxies(&args.reach)?;
    let secret = Arc::new(Secret::of_request(&headers, &proxies));
    fetch_all(args, urls, headers, &secret).map_err(|failure| secret.hide_in_failure(failure))
}

fn fetch_all(
    args: &Args,
    urls: Vec<Url>,
    headers: Headers,
    secret: &Arc<Secret>,
) -> Result<Exit, Failure> {
    let began = Instant::now();
    let source = Source::of(args)?;
    let trusted = trusted(source.as_ref(), &urls);
    let destination = destination(args)?;
    let options = options(args, secret)?;
    let run = options.run.clone();
    let mut client =
        Client::new(options).map_err(|error| web::failed(Verb::Download, "starting", &error))?;
    let mut wanted: Vec<Wanted> = urls.into_iter().map(Ok).collect();
    if let Some(source) = &source {
        wanted.extend(source.read(&mut client, &headers, secret)?);
        let left = |timeout: Duration| timeout.saturating_sub(began.elapsed());
        client.set_timeout(args.common.timeout.map(left));
    }
    let saving = Saving::new(destination)
        .with_durability(args.durability.into())
        .with_resume(!args.no_resume)
        .with_overwrite(args.overwrite);
    let (urls, faults) = divided(wanted);
    let label = Label::Files { count: urls.len(), before: run.meter.ended() };
    let drawing = Drawing::start(&run, label, &args.common);
    if is_told(args) {
        tell_faults(&faults);
        let secret = secret.clone();
        client.set_notify(Some(Arc::new(move |notice| tell_notice(notice, &secret))));
    }
    let bare = without_secrets(&headers);
    let fetches = urls.into_iter().map(move |url| {
        let is_trusted = trusted.as_ref() == Some(url.origin());
        asked(url, if is_trusted { &headers } else { &bare })
    });
    let done = download(&mut client, fetches, &saving);
    drop(drawing);
    let mut done = done.map_err(|error| web::failed(Verb::Download, "fetching", &error))?;
    done.iter_mut().for_each(|one| secret.hide_in_report(&mut one.report));
    tell(&rows(&done, &faults), began.elapsed(), saving.durability, args, secret)
}

// ---- what is asked for -----------------------------------------------------------------------

/// A URL, or an element of the document that is not a URL.
type Wanted = Result<Url, Box<NoUrl>>;

/// An element that is not a URL.
struct NoUrl {
    /// The place of the element in the document.
    document: Rc<str>,
    why: Why,
    /// The advice.
    advice: &'static str,
}

/// The URLs, and for each wanted element its error, if it is not a URL.
fn divided(wanted: Vec<Wanted>) -> (Vec<Url>, Vec<Option<Box<NoUrl>>>) {
    let mut urls = Vec::with_capacity(wanted.len());
    let faults = wanted.into_iter().map(|one| one.map(|url| urls.push(url)).err()).collect();
    (urls, faults)
}

/// The only origin that receives credentials: neither the author of the document nor another server
/// may receive them.
fn trusted(source: Option<&Source>, urls: &[Url]) -> Option<Origin> {
    let api = source.and_then(|source| source.url.as_ref());
    api.or(urls.first()).map(|url| url.origin().clone())
}

fn asked(url: Url, headers: &Headers) -> Fetch {
    Fetch { headers: headers.clone(), ..Fetch::get(url) }
}

fn headers(args: &Args) -> Result<Headers, Failure> {
    let headers = web::headers(&args.asking)?;
    match RESERVED.iter().find(|name| headers.get(name).is_some()) {
        Some(name) => {
            let what = format!("{name} belongs to resuming");
            Err(Failure::usage("-H", what, "fetch a part with wirewright http"))
        }
        None => Ok(headers),
    }
}

/// The fields for any other origin: those without credentials.
fn without_secrets(headers: &Headers) -> Headers {
    let mut bare = headers.clone();
    ["Authorization", "Cookie", "Proxy-Authorization", "Host"].iter().for_each(|name| {
        bare.remove(name);
    });
    bare
}

/// The number of requests in flight: that of --jobs, or as many as the descriptor limit allows.
fn jobs(args: &Args) -> Result<u16, Failure> {
    let allowed = endpoint::descriptors_max();
    let affordable = allowed.saturating_sub(DESCRIPTORS_KEPT) / DESCRIPTORS_EACH;
    let Some(jobs) = args.jobs else {
        return Ok(u16::try_from(affordable).unwrap_or(u16::MAX).clamp(1, JOBS));
    };
    // If there are too few for one request, its file reports the error.
    if u64::from(jobs) <= affordable.max(1) {
        return Ok(jobs);
    }
    let needed = u64::from(jobs) * DESCRIPTORS_EACH + DESCRIPTORS_KEPT;
    let what = format!("they need {needed} descriptors, and {allowed} are allowed");
    Err(Failure::usage("--jobs", what, "give a smaller number, or raise ulimit -n"))
}

fn options(args: &Args, secret: &Arc<Secret>) -> Result<Options, Failure> {
    let jobs = jobs(args)?;
    let mut options = web::options(&args.reach, &args.common, args.asking.speed.limit_rate)?;
    web::take(&args.asking, &mut options);
    options.trace = options.trace.map(|trace| masking(trace, secret.clone(), None));
    options.retries.count_max = args.retry;
    if is_told(args) {
        let secret = secret.clone();
        options.notify = Some(Arc::new(move |notice| web::tell_retry(notice, &secret)));
    }
    options.in_flight_max = usize::from(jobs);
    options.per_host_max = args.per_host.map_or(usize::MAX, usize::from);
    Ok(options)
}

/// The directory of -o, with or without a slash at its end.
fn destination(args: &Args) -> Result<Destination, Failure> {
    let is_descriptor = descriptor::at_path(&args.output).is_some();
    if is_descriptor || args.output.as_os_str() == "-" {
        let what = "many files do not go to one descriptor";
        return Err(Failure::usage("-o", what, "give a directory, or fetch with wirewright http"));
    }
    if std::fs::metadata(file_of(&args.output)).is_ok_and(|about| !about.is_dir()) {
        let hint = "give a directory with -o, or fetch one file with wirewright http -o FILE";
        return Err(Failure::new(args.output.display(), "it is not a directory", hint));
    }
    // One slash at the end: the reports show the paths of files below it.
    let mut path = file_of(&args.output).into_os_string();
    path.push("/");
    let path = PathBuf::from(path);
    Destination::from_path(&path).map_err(|error| failed_place(&args.output, &error))
}

/// A path without trailing slashes; empty for `/`.
fn file_of(path: &Path) -> PathBuf {
    let bytes = path.as_os_str().as_bytes();
    let len = bytes.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    PathBuf::from(OsStr::from_bytes(&bytes[..len]))
}

/// The source of the document, and the selector of its URLs.
struct Source {
    /// `None` for stdin.
    url: Option<Url>,
    selector: Selector,
    /// Whether the user gave --select.
    is_selected: bool,
}

impl Source {
    fn of(args: &Args) -> Result<Option<Source>, Failure> {
        let Some(from) = &args.from else { return Ok(None) };
        let selector = match &args.select {
            Some(pointer) => Selector::parse(pointer).map_err(|what| {
                Failure::usage("--select", what, "give a pointer such as '/newslist/*/picUrl'")
            })?,
            None => Selector::elements(),
        };
        let url = if from == "-" { None } else { Some(web::url("--from", from)?) };
        Ok(Some(Source { url, selector, is_selected: args.select.is_some() }))
    }

    /// Whether the document is a plain list: there is no --select, and it does not begin like a
    /// JSON value that can hold URLs.
    fn is_list(&self, document: &[u8]) -> bool {
        let first = document.trim_ascii_start().first();
        !self.is_selected && !matches!(first, None | Some(b'[' | b'{' | b'"'))
    }

    /// Reads the document.
    fn read(
        &self,
        client: &mut Client,
        headers: &Headers,
        secret: &Secret,
    ) -> Result<Vec<Wanted>, Failure> {
        let (place, base, document) = match &self.url {
            Some(url) => {
                let (place, document) = ask(client, asked(url.clone(), headers), secret)?;
                (place.to_string(), Some(place), document)
            }
            None => ("stdin".to_owned(), None, stdin()?),
        };
        let document = web::without_mark(&document);
        if document.trim_ascii().is_empty() {
            let hint = "give a JSON document, or a list with one URL a line";
            return Err(Failure::new(&place, "it is empty", hint));
        }
        let urls = match self.is_list(document) {
            true => list::urls(document, base.as_ref(), URLS_MAX),
            false => self.selector.urls(document, base.as_ref(), URLS_MAX),
        };
        let advice = match self.is_selected {
            true => SELECT_ADVICE,
            false if self.is_list(document) => "look at the list",
            false => NO_SELECT_ADVICE,
        };
        let urls =
            urls.map_err(|what| Failure::new(&place, PeerText::from(what).short(), advice))?;
        let document: Rc<str> = place.into();
        let no_url = |text| {
            let (code, text) = (PeerText::from(NO_URL), PeerText::from(text));
            Box::new(NoUrl { document: document.clone(), why: Why::new(code, text), advice })
        };
        Ok(urls.into_iter().map(|url| url.map_err(no_url)).collect())
    }
}

/// Fetches the document; returns its final URL and its body.
fn ask(client: &mut Client, fetch: Fetch, secret: &Secret) -> Result<(Url, Vec<u8>), Failure> {
    let url = fetch.url.clone();
    let asked = client.gather(fetch, DOCUMENT_BYTES_MAX);
    let (mut report, document) =
        asked.map_err(|error| web::failed(Verb::Download, &url, &error))?;
    secret.hide_in_report(&mut report);
    let status = report.status.unwrap_or(0);
    match report.outcome {
        Err(why) => Err(web::failure(Verb::Download, &report.url, &why)),
        Ok(()) if !(200..300).contains(&status) => {
            let what = format!("the server answered {status}");
            let why = Why::new(format!("http_{status}"), what);
            Err(web::failure(Verb::Download, &report.url, &why))
        }
        Ok(()) => Ok((report.url, document)),
    }
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut document = Vec::new();
    let mut from = std::io::stdin().lock().take(DOCUMENT_BYTES_MAX as u64 + 1);
    let hint = "give a JSON document";
    from.read_to_end(&mut document)
        .map_err(|error| Failure::new("stdin", in_short(&error), hint))?;
    if document.len() > DOCUMENT_BYTES_MAX {
        let what = format!("more than {DOCUMENT_BYTES_MAX} bytes");
        return Err(Failure::new("stdin", what, "divide the document"));
    }
    Ok(document)
}
