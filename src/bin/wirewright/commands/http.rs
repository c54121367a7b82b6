//! `wirewright http`: sends one request and prints or stores the response.
//!
//! ```text
//!   argv ─▶ Fetch ─▶ download into one place ─▶ stdout | FILE | DIR/ | the document of --json
//! ```
//!
//! A terminal gets a body with its control characters escaped, unless `-o -` was given.

use super::secret::{Secret, masking};
use super::{input, web};
use crate::args::http::Http;
use crate::output::advice::{Verb, failed_file, local_failure, of_unknown};
use crate::output::destination::{Stdout, check_beside_json, place};
use crate::output::drawing::{Drawing, Label};
use crate::output::report::{Out, rate, size};
use crate::output::screen::Screen;
use crate::output::watch;
use crate::{Exit, Failure};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufReader, IsTerminal as _, Seek as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wirewright::http::form;
use wirewright::http::redirect::is_redirect;
use wirewright::http::request::Method;
use wirewright::net::files::Destination;
use wirewright::net::files::Durability;
use wirewright::net::http::{Accepts, Body, Client, Download, Fetch, Options, Saving, download};
use wirewright::net::{Error, Failure as Why, FailureKind};

/// The longest body that is put into the document of --json, in bytes.
const DOCUMENT_BODY_BYTES_MAX: usize = 1 << 20;

pub fn run(args: &Http) -> Result<Exit, Failure> {
    args.output.as_deref().map_or(Ok(()), |path| check_beside_json(path, args.common.json))?;
    let fetch = fetch(args)?;
    let proxies = web::proxies(&args.reach)?;
    let secret = Arc::new(Secret::of_request(&fetch.headers, &proxies));
    ask(fetch, args, &secret).map_err(|failure| secret.hide_in_failure(failure))
}

fn ask(fetch: Fetch, args: &Http, secret: &Arc<Secret>) -> Result<Exit, Failure> {
    let url = fetch.url.to_string();
    let here = args.remote_name.then_some(Path::new("./"));
    let output = here.or(args.output.as_deref());
    let is_stdout = output.is_none_or(|path| path.as_os_str() == "-");
    let kept = Arc::new(Mutex::new(Kept::default()));
    let is_terminal = std::io::stdout().is_terminal();
    let screen = Arc::new(Mutex::new(Screen::new(Stdout::new())));
    let destination = match (output, is_stdout && args.common.json) {
        (_, true) => keeping(&kept),
        (None, false) if is_terminal => showing(&screen),
        (None, false) => place(Path::new("-"))?,
        (Some(path), false) => place(path)?,
    };
    let saving = Saving::new(destination)
        .with_durability(args.durability.into())
        .with_resume(false)
        .with_accepts(if args.fail { Accepts::NoError } else { Accepts::Any })
        .with_overwrite(true)
        .with_head((args.include || args.head) && !(is_stdout && args.common.json))
        .with_raw(args.raw);
    let options = options(args, secret)?;
    let drawn = !args.common.quiet && !args.common.is_traced();
    let drawn = drawn && !(is_stdout && is_terminal);
    let drawing = Drawing::start_if(drawn, &options.run, Label::Words(url.clone()));
    if !fetch.method.is_idempotent() {
        watch::may_be_taken();
    }
    let mut made = Client::new(options)
        .and_then(|mut client| download(&mut client, vec![fetch], &saving))
        .map_err(|error| web::failed(Verb::Http, &url, &error))?;
    drop(drawing);
    let shown = lock(&screen).finish().map_err(|error| Failure::stdout(&error));
    made.iter_mut().for_each(|done| secret.hide_in_report(&mut done.report));
    let Some(done) = made.first() else { return Ok(Exit::Done) };
    let printed = match args.common.json {
        true => {
            let body = is_stdout.then(|| lock(&kept));
            let mut out = Out::new();
            let printed = out.json(&document(done, saving.durability, body.as_deref(), secret));
            printed.and_then(|()| out.flush())
        }
        false => shown,
    };
    let ended = ended(done, output, args);
    match answered(done).filter(|_| is_accepted(done)) {
        Some(accepted) => Failure::after_report(&done.report.url, &accepted, printed, ended),
        None => printed.and(ended),
    }
}

/// The status of the response, for people.
fn answered(done: &Download) -> Option<String> {
    done.report.status.map(|status| format!("the server answered {status}"))
}

/// Whether the server has accepted what must not be sent again.
fn is_accepted(done: &Download) -> bool {
    let is_refused = done.report.status.is_none_or(|status| (400..500).contains(&status));
    !done.report.method.is_idempotent() && !is_refused
}

/// Whether a local file failed. A reader that has closed the output is no failure.
fn is_local(why: &Why) -> bool {
    why.kind == FailureKind::Local && why.code != Error::Unread.code()
}

/// What the run ends with, where its report is printed.
fn ended(done: &Download, output: Option<&Path>, args: &Http) -> Result<Exit, Failure> {
    match &done.report.outcome {
        Err(why) if is_local(why) || (why.kind == FailureKind::Local && is_accepted(done)) => {
            let path = done.path.as_deref().or(output).unwrap_or(Path::new("stdout"));
            match answered(done).filter(|_| is_accepted(done)) {
                Some(answered) => {
                    let more = format!("; {answered}: do not send it again");
                    Err(local_failure(Verb::Http, path, why, &more, false).of_unknown())
                }
                None => Err(local_failure(Verb::Http, path, why, "", false)),
            }
        }
        Err(why) if is_unknown(done) => {
            let hint = of_unknown(Verb::Http);
            Err(Failure::advised(&done.report.url, unknown(why), hint).of_unknown())
        }
        Err(why) if was_acted_on(done) => {
            let what = why.text.short();
            Err(Failure::advised(&done.report.url, what, of_unknown(Verb::Http)))
        }
        Err(why) => Err(web::failure(Verb::Http, &done.report.url, why)),
        Ok(()) => {
            if !args.common.json && !args.common.quiet {
                say(done, args);
            }
            Ok(Exit::Done)
        }
    }
}

// ---- what is asked for -----------------------------------------------------------------------

fn options(args: &Http, secret: &Arc<Secret>) -> Result<Options, Failure> {
    let mut options = web::options(&args.reach, &args.common, args.asking.speed.limit_rate)?;
    web::take(&args.asking, &mut options);
    options.trace = options.trace.map(|trace| masking(trace, secret.clone(), None));
    options.codings &= !args.raw;
    options.heads = true;
    options.retries.count_max = args.retry;
    if !args.common.quiet && !args.common.json {
        let secret = secret.clone();
        options.notify = Some(Arc::new(move |notice| web::tell_retry(notice, &secret)));
    }
    Ok(options)
}

fn fetch(args: &Http) -> Result<Fetch, Failure> {
    let (method, url) = match (&*args.target, &args.method) {
        ([_, _], Some(_)) => {
            let what = "there is a METHOD before the URL, too";
            return Err(Failure::usage("-X", what, "give one of them"));
        }
        ([method, _], None) if method.contains("://") => {
            let what = "unexpected extra argument";
            let hint = "give [METHOD] URL, data with -d, and several URLs to wirewright download";
            return Err(Failure::usage("URL", what, hint));
        }
        ([method, url], None) => (Some(web::method(method)?), url),
        ([url], Some(method)) => (Some(web::method(method)?), url),
        ([url], None) => (args.head.then_some(Method::HEAD), url),
        _ => return Err(Failure::usage("URL", "it is required", "give [METHOD] URL")),
    };
    if args.head && method.as_ref().is_some_and(|method| !method.is_head()) {
        return Err(Failure::usage("-I", "there is another METHOD, too", "give one of them"));
    }
    let has_body = args.data.is_some() || args.json_body.is_some() || !args.form.is_empty();
    let method = method.unwrap_or(if has_body { Method::POST } else { Method::GET });
    let mut fetch = Fetch::new(method, web::url("URL", url)?);
    let from_stdin = [&args.data, &args.json_body].into_iter().flatten().any(|body| *body == *"@-");
    web::check_stdin(&args.asking, from_stdin.then_some("the body"))?;
    fetch.headers = web::headers(&args.asking)?;
    if let Some(data) = &args.data {
        fetch.body = data_body(data)?;
        fetch.set_type(form::MEDIA_TYPE);
    } else if let Some(text) = &args.json_body {
        fetch.body = data_body(text)?;
        check_json(&fetch.body)?;
        fetch.set_type("application/json");
    } else if !args.form.is_empty() {
        let mut text = String::new();
        for (name, value) in &args.form {
            form::push(&mut text, name, value);
        }
        fetch.set_form(text);
    }
    Ok(fetch)
}

/// Bytes of argv, or behind `@` a file.
fn data_body(data: &OsStr) -> Result<Body, Failure> {
    match input::file_of(data) {
        Some(path) => input::body(path),
        None => Ok(Body::Bytes(data.as_encoded_bytes().into())),
    }
}

/// Checks that the body is JSON. A file is read, but not kept in memory.
fn check_json(body: &Body) -> Result<(), Failure> {
    let judged = match body {
        Body::None => return Ok(()),
        Body::Bytes(bytes) => match str::from_utf8(bytes) {
            Ok(text) => serde_json::from_str::<IgnoredAny>(text),
            // RFC 8259 §8.1 requires UTF-8; serde_json does not check strings that it ignores.
            Err(_) => {
                let what = "it is not JSON: it is not UTF-8";
                return Err(Failure::usage("--json-body", what, "look at the text"));
            }
        },
        Body::File(file, _) => {
            let mut file = &**file;
            let rewound = file.rewind();
            rewound.map_err(|error| failed_file(Verb::Read, Path::new("--json-body"), error))?;
            serde_json::from_reader(BufReader::new(file))
        }
    };
    judged
        .map(|_| ())
        .map_err(|error| Failure::usage("--json-body", input::not_json(&error), "look at the text"))
}

// ---- where it goes ---------------------------------------------------------------------------

/// A body that is kept for the document, unless it is long.
#[derive(Debug, Default)]
struct Kept {
    bytes: Vec<u8>,
    omitted: bool,
}

impl Kept {
    fn push(&mut self, bytes: &[u8]) {
        self.omitted |= bytes.len() > DOCUMENT_BODY_BYTES_MAX - self.bytes.len();
        match self.omitted {
            true => self.bytes = Vec::new(),
            false => self.bytes.extend_from_slice(bytes),
        }
    }

    /// Its members of the document.
    fn put_into(&self, document: &mut Value) {
        match (self.omitted, str::from_utf8(&self.bytes)) {
            (true, _) => {
                document["body"] = Value::Null;
                document["body_omitted"] = json!(true);
            }
            (false, Ok(text)) => document["body"] = json!(text),
            (false, Err(_)) => document["body_base64"] = json!(web::base64(&self.bytes)),
        }
    }
}

fn keeping(kept: &Arc<Mutex<Kept>>) -> Destination {
    let kept = kept.clone();
    Destination::Function(Arc::new(move |_, bytes: &[u8]| lock(&kept).push(bytes)))
}

fn showing(screen: &Arc<Mutex<Screen<Stdout>>>) -> Destination {
    let screen = screen.clone();
    Destination::Function(Arc::new(move |_, bytes: &[u8]| lock(&screen).push(bytes)))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

// ---- what became of it -----------------------------------------------------------------------

fn document(
    done: &Download,
    durability: Durability,
    body: Option<&Kept>,
    secret: &Secret,
) -> Value {
    let mut document = web::document(&done.report, secret);
    let path = done.path.as_ref().filter(|_| done.report.outcome.is_ok());
    document["bytes"] = json!(done.bytes);
    document["path"] = json!(path.map(|path| path.to_string_lossy()));
    document["durability"] = json!(path.map(|_| durability.as_str()));
    match &done.report.outcome {
        Err(why) => {
            document["error"] = web::error(why);
            if is_unknown(done) {
                document["error"]["text"] = json!(unknown(why));
            }
        }
        Ok(()) => body.into_iter().for_each(|kept| kept.put_into(&mut document)),
    }
    document
}

/// The words where [`is_unknown`].
fn unknown(why: &Why) -> String {
    format!("{}: the server may have accepted what was sent", why.text.short())
}

/// Whether the server may have acted on the request although the response is lost. A request with
/// an idempotent method can be sent again, so its outcome is not unknown.
fn is_unknown(done: &Download) -> bool {
    let Download { report, .. } = done;
    let is_answered = report.status.is_some_and(is_redirect)
        // A server of TLS has not read a request in clear.
        || matches!(&report.outcome, Err(why) if why.tls.is_some())
        || matches!(&report.outcome, Err(why) if why.code.as_raw_str().starts_with("http_"))
        || matches!(&report.outcome, Err(why) if why.code == Error::Unread.code());
    report.sent && !report.method.is_idempotent() && !is_answered
}

/// Whether an answer of --fail leaves open what the server did: it is not to be sent again without
/// a look (RFC 9110 §9.2.2).
fn was_acted_on(done: &Download) -> bool {
    let Download { report, .. } = done;
    !report.method.is_idempotent() && matches!(report.status, Some(500 | 502 | 504 | 520..=524))
}

/// Prints the violations that were tolerated, and the outcome of a file.
fn say(done: &Download, args: &Http) {
    let report = &done.report;
    if !args.common.is_traced() {
        web::say_remarks(&report.remarks);
    }
    if let Some(path) = &done.path {
        let elapsed = report.timings.last_byte.unwrap_or_default();
        crate::say_line(&format!(
            "{}: {}, {} at {}",
            path.to_string_lossy(),
            report.status.unwrap_or(0),
            size(done.bytes),
            rate(report.received, elapsed),
        ));
    }
}
