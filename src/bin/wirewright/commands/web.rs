//! Shared by the HTTP commands: options, requests, errors and reports.

use super::input::{BUILD_WITH_TLS, need_tls, read_file, secret};
use super::running::run_options;
use super::secret::Secret;
use crate::args::Common;
use crate::args::http::{Asking, Reach};
use crate::output::advice::{Verb, advice, of_descriptors};
use crate::output::progress::span;
use crate::output::trace;
use crate::{Failure, say_line};
use serde_json::{Value, json};
use std::fmt::Display;
use std::path::Path;
use std::time::Duration;
use wirewright::base64::{encode_into, encoded_len};
use wirewright::http::config::{Policy, Remark};
use wirewright::http::message::headers::{Headers, text};
use wirewright::http::proxy::Proxies;
use wirewright::http::request::{Method, Request};
use wirewright::http::url::{Host, Origin, Scheme, Url};
use wirewright::net::http::{Notice, Options, Report};
use wirewright::net::transport::idn::to_ascii;
use wirewright::net::transport::tls::ClientTls;
use wirewright::net::{self, Error};
use wirewright::text::escape;

// ---- options ---------------------------------------------------------------------------------

/// The options of a client.
pub fn options(reach: &Reach, common: &Common, rate: Option<u64>) -> Result<Options, Failure> {
    let mut options = Options::default()
        .with_trace(trace::Style::of(common).map(trace::http))
        .with_trace_content(common.trace_content);
    options.proxies = proxies(reach)?;
    if reach.insecure {
        say_line(
            "warning: --insecure: no certificate is checked; whoever stands between can read and \
             change everything",
        );
    }
    set_tls(&mut options, reach)?;
    options.run = run_options(common, None, rate);
    options.run.connect.family = reach.family.only();
    Ok(with_waits(options, reach))
}

/// The proxies of the environment, unless --no-proxy is given.
pub fn proxies(reach: &Reach) -> Result<Proxies, Failure> {
    if reach.no_proxy {
        return Ok(Proxies::default());
    }
    Proxies::from_env().map_err(|error| {
        let hint = "give it a proxy that can be used, or --no-proxy";
        Failure::usage(error.variable, error.why, hint)
    })
}

/// The options with the timeouts of argv: the timeout of a step is at least --timeout, unless the
/// step has its own option.
fn with_waits(options: Options, reach: &Reach) -> Options {
    let least = options.run.timeout.unwrap_or_default();
    let mut options = options.with_waits_of_at_least(least);
    if let Some(wait) = reach.connect_timeout {
        options.run.connect.dial.connect_wait = wait;
        options.run.limits.handshake_wait = wait;
    }
    if let Some(wait) = reach.first_byte_timeout {
        options.session.limits.first_byte_wait = wait;
    }
    options
}

fn set_tls(options: &mut Options, reach: &Reach) -> Result<(), Failure> {
    need_tls("--cacert", reach.cacert.is_some(), BUILD_WITH_TLS)?;
    let place = reach.cacert.as_ref().map_or("TLS".into(), |path| path.to_string_lossy());
    // Otherwise the client reads the roots of the system when it needs them first. This takes
    // longer than a request without TLS.
    options.tls = match (&reach.cacert, reach.insecure) {
        (_, true) => Some(ClientTls::insecure()),
        (Some(path), false) => Some(ClientTls::new(Some(&read_file(path)?))),
        (None, false) => None,
    }
    .transpose()
    .map_err(|error| failed(Verb::Http, place, &error))?;
    Ok(())
}

/// Applies the limits for responses.
pub fn take(asking: &Asking, options: &mut Options) {
    let limits = &mut options.session.limits;
    options.redirects = asking.location;
    limits.redirects_max = usize::from(asking.max_redirects);
    options.codings = !asking.identity;
    if asking.strict {
        options.session.policy = Policy::Strict;
    }
    if let Some(max) = asking.max_body {
        (limits.body_bytes_max, limits.decoded_bytes_max) = (max, max);
    }
    if let Some(rate) = asking.min_rate {
        limits.payload_quantum = rate.saturating_mul(limits.body_wait.as_secs()).max(1);
    }
}

// ---- what is asked for -----------------------------------------------------------------------

/// A URL of argv. Its userinfo is never sent; a warning says so.
pub fn url(argument: &str, text: &str) -> Result<Url, Failure> {
    let url = Url::parse_with(text, to_ascii).map_err(|error| {
        let hint = "give a URL such as http://example.org/a?b=c";
        let place = format!("{argument}{}", if argument == "URL" { "" } else { " URL" });
        let at = error.offset().unwrap_or(0);
        // The userinfo may hold a password.
        let shown = if text.contains('@') { "" } else { text };
        let what = format!("invalid URL \"{}\": {} (at byte {at})", escape(shown), error.reason());
        Failure::usage(place, what.replace(" \"\"", ""), hint)
    })?;
    if url.userinfo().is_some() {
        let option = if argument == "--gateway" { "--account" } else { "--user" };
        say_line(&format!(
            "warning: the user in the URL is not sent; give {option} NAME --password-file FILE \
             for that"
        ));
    }
    Ok(url)
}

/// The method.
pub fn method(text: &str) -> Result<Method, Failure> {
    let hint = "give a word such as GET, HEAD, POST or PUT";
    match Method::new(text) {
        Ok(method) if method.is_connect() => {
            Err(Failure::usage("METHOD", "CONNECT asks for a tunnel, not for a response", hint))
        }
        Ok(method) => Ok(method),
        Err(error) => {
            Err(Failure::usage("METHOD", format_args!("invalid method: {}", error.reason()), hint))
        }
    }
}

/// The fields of -H, and the credentials of --user.
pub fn headers(asking: &Asking) -> Result<Headers, Failure> {
    let mut headers = Headers::new();
    for field in &asking.headers {
        push(&mut headers, field)?;
    }
    let (Some(user), Some(file)) = (&asking.user, &asking.password_file) else {
        return Ok(headers);
    };
    if headers.get("Authorization").is_some() {
        let what = "-H has an Authorization, too";
        return Err(Failure::usage("--user", what, "give one of them"));
    }
    let basic = basic(user, file)?;
    let pushed = headers.push("Authorization", basic.as_bytes());
    pushed.map_err(|error| Failure::usage("--user", error.reason(), "give another name"))?;
    Ok(headers)
}

/// Fails if two inputs would read stdin; `taken` names the other one.
pub fn check_stdin(asking: &Asking, taken: Option<&str>) -> Result<(), Failure> {
    let password = asking.password_file.as_deref() == Some(Path::new("-"));
    match taken.filter(|_| password) {
        Some(what) => {
            let what = format!("{what} comes from stdin, too");
            Err(Failure::usage("--password-file", what, "read one of them from a file"))
        }
        None => Ok(()),
    }
}

fn push(headers: &mut Headers, field: &str) -> Result<(), Failure> {
    let hint = "give a field such as 'Accept: text/plain'";
    let wrong = |what: &dyn Display| Err(Failure::usage("-H", what, hint));
    let Some((name, value)) = field.split_once(':') else {
        // The field is not shown: it may hold a secret.
        return wrong(&"the colon between name and value is missing");
    };
    // Before trimming, which would remove a line end.
    if value.contains(['\r', '\n', '\0']) {
        return wrong(&"a field value holds no line end and no NUL");
    }
    let value = value.trim_matches([' ', '\t']);
    if name.eq_ignore_ascii_case("Host") && headers.get("Host").is_some() {
        return wrong(&"there is one Host");
    }
    // The encoder knows which fields are its own.
    let host = Host::Name("localhost".to_owned());
    let mut probe = Request::connect(&Origin { scheme: Scheme::Http, host, port: 80 });
    match probe.header(name, value.as_bytes()).and_then(|()| headers.push(name, value.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) => {
            let section = error.section().map_or(String::new(), |section| format!(" ({section})"));
            wrong(&format_args!("{}: {}{section}", escape(name), error.reason()))
        }
    }
}

/// The credentials of `Basic` (RFC 7617 §2). Refuses control characters, and a colon in the name.
fn basic(user: &str, file: &Path) -> Result<String, Failure> {
    let wrong = |what| Err(Failure::usage("--user", what, "give another name"));
    if user.contains(':') {
        return wrong("a name holds no colon (RFC 7617 §2)");
    }
    if user.contains(|c: char| c.is_ascii_control()) {
        return wrong("a name holds no control character (RFC 7617 §2)");
    }
    let password = secret(file)?;
    if password.iter().any(u8::is_ascii_control) {
        let what = "a password holds no control character (RFC 7617 §2)";
        return Err(Failure::usage("--password-file", what, "look at the file"));
    }
    Ok(format!("Basic {}", base64(&[user.as_bytes(), b":", &password].concat())))
}

/// The document without its byte order mark. RFC 8259 §8.1 forbids to send one, and lets a
/// recipient ignore it.
pub fn without_mark(document: &[u8]) -> &[u8] {
    document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document)
}

/// Base64 with its padding.
pub fn base64(bytes: &[u8]) -> String {
    let mut text = vec![0; encoded_len(bytes.len())];
    encode_into(bytes, &mut text);
    text.into_iter().map(char::from).collect()
}

// ---- errors ----------------------------------------------------------------------------------

/// The failure of a fetch. A closed output pipe is not reported.
pub fn failure(verb: Verb, place: impl Display, why: &net::Failure) -> Failure {
    match why.code == Error::Unread.code() {
        true => Failure::unread(),
        false => of_descriptors(verb, why).unwrap_or_else(|| {
            Failure::advised(place, why.text.short(), advice(verb, why, false)).with_code(&why.code)
        }),
    }
}

/// The failure of a call, outside of its fetches.
pub fn failed(verb: Verb, place: impl Display, error: &Error) -> Failure {
    failure(verb, place, &net::Failure::from(error))
}

// ---- reports ---------------------------------------------------------------------------------

/// Prints the violations that were tolerated.
pub fn say_remarks(remarks: &[Remark]) {
    for remark in remarks {
        say_line(&format!("remark: {} ({})", remark.text, remark.section));
    }
}

/// The JSON document of one fetch whose head was kept. Secrets are masked in the description of the
/// exchange, but not in the fields and the body, which are reported as the server sent them.
pub fn document(report: &Report, secret: &Secret) -> Value {
    let head = report.head.as_deref();
    let shown = |url: &Url| secret.hide(&url.to_string());
    let redirect = |(status, url): &(u16, Url)| json!({"status": status, "url": shown(url)});
    let remark = |r: &Remark| json!({"text": r.text, "section": r.section});
    let seconds = |span: Option<Duration>| span.map(|span| span.as_secs_f64());
    json!({
        "url": shown(&report.url),
        "method": report.method.as_str(),
        "status": report.status,
        "reason": head.map(|head| secret.hide_said(text(head.reason()).as_raw_str())),
        "version": head.map(|head| format!("1.{}", head.minor)),
        "headers": head.map_or_else(|| json!([]), |head| fields(&head.headers)),
        "trailers": fields(&report.trailers),
        "redirects": report.redirects.iter().map(redirect).collect::<Vec<_>>(),
        "address": report.address.map(|address| address.to_string()),
        "reused": report.reused,
        "attempts": report.retries + 1,
        "timings": {
            "name": seconds(report.timings.name),
            "connect": seconds(report.timings.connect),
            "tls": seconds(report.timings.tls),
            "first_byte": seconds(report.timings.first_byte),
            "last_byte": seconds(report.timings.last_byte),
        },
        "received": report.received,
        "remarks": report.remarks.iter().map(remark).collect::<Vec<_>>(),
    })
}

fn fields(headers: &Headers) -> Value {
    headers.iter().map(|field| json!([field.name, text(field.value)])).collect()
}

/// A failure as JSON.
pub fn error(why: &net::Failure) -> Value {
    json!({ "code": why.code, "text": why.text })
}

// ---- while a call runs ------------------------------------------------------------------------

/// Prints that a retry follows.
pub fn tell_retry(notice: &Notice<'_>, secret: &Secret) {
    if let Notice::Retry { url, why, wait, retry, retries_max } = notice {
        let (why, wait) = (secret.hide_why(why), seconds_text(*wait));
        let (url, why) = (secret.hide(&url.to_string()), why.text.short());
        say_line(&format!("{url}: {why}; retry {retry} of {retries_max} in {wait}"));
    }
}

fn seconds_text(wait: Duration) -> String {
    if wait < Duration::from_secs(60) { format!("{:.1} s", wait.as_secs_f64()) } else { span(wait) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        reach: Reach,
    }

    /// In seconds: `--timeout`, the other options, and the waits for an address, for a handshake
    /// and for the first byte.
    #[test]
    fn a_step_waits_as_long_as_the_whole_unless_its_own_option_says_otherwise() {
        for (timeout, args, waits) in [
            (None, &[][..], [10, 10, 60]),
            (Some(5), &[], [10, 10, 60]),
            (Some(20), &[], [20, 20, 60]),
            (Some(600), &[], [600, 600, 600]),
            (Some(600), &["--connect-timeout", "3"], [3, 3, 600]),
            (None, &["--connect-timeout", "30"], [30, 30, 60]),
            (Some(600), &["--first-byte-timeout", "7"], [600, 600, 7]),
            (None, &["--first-byte-timeout", "90"], [10, 10, 90]),
        ] {
            let Line { reach } = Line::parse_from(["x"].iter().chain(args));
            let timeout = timeout.map(Duration::from_secs);
            let run = net::RunOptions::default().with_timeout(timeout);
            let options = with_waits(Options::default().with_run(run), &reach);
            let connect = options.run.connect;
            let of_body = options.session.limits.body_wait.max(connect.name_wait);
            assert_eq!(of_body, timeout.unwrap_or_default().max(Duration::from_secs(30)));
            let its = [
                connect.dial.connect_wait,
                options.run.limits.handshake_wait,
                options.session.limits.first_byte_wait,
            ];
            assert_eq!(its.map(|wait| wait.as_secs()), waits, "{timeout:?} {args:?}");
            assert_eq!(options.run.timeout, timeout);
        }
    }
}
