//! `wirewright sms`: sends a text message through a gateway that accepts an HTTP form.
//!
//! ```text
//!   POST … account=…&password=…&mobile=…&content=…&format=json ─▶
//!                              ◀─ 2xx {"code":2, …}    as --success says       accepted   0
//!                              ◀─ 2xx with other JSON, or another status       refused    1
//!   no connection: nothing was sent                                            refused    1
//!   sent, no complete response: the gateway may have accepted the message      unknown    4
//!     (2xx whose reply is not JSON, and 5xx other than 501, 503, 505 and 511, do not tell)
//! ```
//!
//! The message is sent once: POST is not idempotent, so the library never repeats it, and redirects
//! are not followed. The outcome is decided before anything is printed: an accepted message whose
//! reply cannot be printed ends with status 4, never with 1. The password is only in the form.
//! [`Secret`] masks it in the whole reply, before the reply is shortened for display.

use super::secret::{Secret, masking};
use super::{input, web};
use crate::args::http::Sms;
use crate::output::advice::{Advice, Verb, advice, of_unknown};
use crate::output::decimal::Decimal;
use crate::output::report::Out;
use crate::output::watch;
use crate::{Exit, Failure};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wirewright::http::form;
use wirewright::http::message::headers::text;
use wirewright::http::redirect::is_redirect;
use wirewright::http::request::Method;
use wirewright::net::http::{Client, Fetch, Report};
use wirewright::net::{Failure as Why, FailureKind};
use wirewright::text::PeerText;

/// The longest reply, in bytes.
const REPLY_BYTES_MAX: usize = 64 << 10;

/// The default of --timeout.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Fields that have options of their own.
const OURS: [&str; 4] = ["account", "password", "mobile", "content"];

pub fn run(args: &Sms) -> Result<Exit, Failure> {
    let url = web::url("--gateway", &args.gateway)?;
    let password = password(args)?;
    let secret = Arc::new(Secret::new(&password).and_of(&web::proxies(&args.reach)?));
    let mut fetch = Fetch::new(Method::POST, url);
    let form = form(args, &password)?;
    fetch.set_form(form.clone());
    let accept = fetch.headers.push("Accept", b"text/plain");
    accept.map_err(|error| Failure::new("Accept", error, "tell the authors"))?;
    let mut options = web::options(&args.reach, &args.common, None)?;
    options.run.timeout = Some(watch::left().unwrap_or(TIMEOUT));
    options.heads = true;
    // A reply may repeat the password in JSON notations, such as `\u` escapes.
    let shown = std::mem::take(&mut options.trace_content).then(|| secret.hide_said(&form));
    options.trace = options.trace.map(|trace| masking(trace, secret.clone(), shown));
    let place = secret.hide(&fetch.url.to_string());
    let mut client =
        Client::new(options).map_err(|error| web::failed(Verb::Sms, &place, &error))?;
    watch::may_be_taken();
    let answer = match client.gather(fetch, REPLY_BYTES_MAX) {
        Ok((report, body)) => Answer::new(&report, &body, args, &secret),
        // The reactor has failed: the request may have been sent.
        Err(error) => Answer::lost(&Why::from(&error), true, &secret),
    };
    answer.tell(&place, args)
}

/// The password of the account.
fn password(args: &Sms) -> Result<String, Failure> {
    let wrong = |what| {
        let hint = "put the password of the account into it";
        Err(Failure::new(args.password_file.display(), what, hint))
    };
    match String::from_utf8(input::secret(&args.password_file)?) {
        Ok(password) if password.is_empty() => wrong("the password is empty"),
        Ok(password) if password.contains('\0') => wrong("a password holds no NUL"),
        Ok(password) => Ok(password),
        Err(_) => wrong("the password is not UTF-8"),
    }
}

/// The form.
fn form(args: &Sms, password: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let ours = [&*args.account, password, &args.mobile, &args.content];
    OURS.iter().zip(ours).for_each(|(name, value)| form::push(&mut text, name, value));
    if args.fields.iter().all(|(name, _)| name != "format") {
        form::push(&mut text, "format", "json");
    }
    for (name, value) in &args.fields {
        if OURS.contains(&&**name) {
            let hint = match &**name {
                "password" => {
                    "use --password-file FILE; a password is never an argument".to_owned()
                }
                name => format!("use --{name} in place of --field {name}=…"),
            };
            return Err(Failure::usage("--field", format!("{name} has its own option"), hint));
        }
        form::push(&mut text, name, value);
    }
    Ok(text)
}

// ---- the answer ------------------------------------------------------------------------------

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Accepted,
    Refused,
    Unknown,
}

/// The code of what failed, what failed, and what to do about it.
type Fault = (PeerText<'static>, PeerText<'static>, Option<Advice>);

/// The outcome, with the password masked.
struct Answer {
    outcome: Outcome,
    status: Option<u16>,
    /// The reply, if it is JSON, in one line.
    reply: Option<String>,
    /// The text of the gateway, or why there is none.
    text: PeerText<'static>,
    fault: Option<Fault>,
}

impl Answer {
    fn new(report: &Report, body: &[u8], args: &Sms, secret: &Secret) -> Answer {
        if let Err(why) = &report.outcome {
            return Answer { status: report.status, ..Answer::lost(why, report.sent, secret) };
        }
        let status = report.status.unwrap_or(0);
        let body = web::without_mark(body);
        let said = text(body);
        let said = said.as_raw_str();
        let parsed = serde_json::from_slice::<Value>(body);
        let reply = parsed.as_ref().ok();
        let hidden = reply.map(|_| secret.hide_in_json(said));
        // What is cut first may end within the password, which is then not found.
        let words = match (reply.and_then(|reply| reply["msg"].as_str()), &hidden) {
            (Some(msg), _) => secret.words(msg),
            (None, Some(hidden)) => PeerText::from(&**hidden).short().keep(),
            (None, None) => secret.words(said.trim()),
        };
        let members = reply.map_or_else(Members::new, |_| members(body));
        let (outcome, fault) = match untold(status, parsed.as_ref().err(), &words) {
            Some(fault) => (Outcome::Unknown, Some(fault)),
            None => match judge(report, status, &members, &words, args, secret) {
                Ok(()) => (Outcome::Accepted, None),
                Err(fault) => (Outcome::Refused, Some(fault)),
            },
        };
        Answer { outcome, status: report.status, reply: hidden, text: words, fault }
    }

    /// The outcome without a complete response.
    fn lost(why: &Why, sent: bool, secret: &Secret) -> Answer {
        // The words about a connection hold its address, and nothing that the gateway said.
        let why_not = match why.kind {
            FailureKind::Peer => secret.words(why.text.as_raw_str()),
            _ => PeerText::from(secret.hide(why.text.as_raw_str())).short().keep(),
        };
        // A server of TLS has not read a request in clear.
        let (outcome, text, hint) = match sent && why.tls.is_none() {
            true => (
                Outcome::Unknown,
                format!("the message may have been sent: {why_not}"),
                of_unknown(Verb::Sms).map(Advice::from),
            ),
            false => {
                (Outcome::Refused, format!("not sent: {why_not}"), advice(Verb::Sms, why, false))
            }
        };
        let text = PeerText::from(text);
        let fault = Some((why.code.clone(), text.clone(), hint));
        Answer { outcome, status: None, reply: None, text, fault }
    }

    /// Prints the reply. What became of the message decides the status.
    fn tell(&self, place: &str, args: &Sms) -> Result<Exit, Failure> {
        let done = self.fault.as_ref().map_or(Ok(Exit::Done), |(_, what, hint)| {
            let failure = Failure::advised(place, what, hint.as_ref());
            Err(if self.outcome == Outcome::Unknown { failure.of_unknown() } else { failure })
        });
        Failure::after_report(place, "the gateway accepted the message", self.print(args), done)
    }

    fn print(&self, args: &Sms) -> Result<(), Failure> {
        let mut out = Out::new();
        if args.common.json {
            out.json(&self.document())?;
        } else if let Some(reply) = &self.reply {
            out.json_text(reply)?;
            out.raw("\n")?;
        }
        out.flush()
    }

    fn document(&self) -> Value {
        let outcome = match self.outcome {
            Outcome::Accepted => "accepted",
            Outcome::Refused => "refused",
            Outcome::Unknown => "unknown",
        };
        let reply = self.reply.as_ref().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let mut document = json!({
            "outcome": outcome,
            "status": self.status,
            "reply": reply,
            "text": self.text,
        });
        if let Some((code, what, _)) = &self.fault {
            document["error"] = json!({ "code": code, "text": what });
        }
        document
    }
}

/// A response that does not tell whether the gateway took the message: a 2xx whose reply is not
/// JSON (`fault`), or a 5xx, as of a server that failed on the way or lost the answer of the one
/// behind it (RFC 9110 §15.6). With 501, 503, 505 and 511 nothing was done.
fn untold(status: u16, fault: Option<&serde_json::Error>, words: &PeerText<'_>) -> Option<Fault> {
    let said = words.as_raw_str();
    let (code, why) = match (status, fault) {
        (501 | 503 | 505 | 511, _) => return None,
        (500.., _) if said.is_empty() => {
            (format!("http_{status}"), format!("HTTP {status} from the gateway"))
        }
        (500.., _) => {
            (format!("http_{status}"), format!("HTTP {status} from the gateway: {words}"))
        }
        (200..300, Some(fault)) if fault.is_eof() && said.is_empty() => {
            ("incomplete".to_owned(), format!("the reply of {status} is empty"))
        }
        (200..300, Some(fault)) if fault.is_eof() => {
            ("incomplete".to_owned(), format!("the reply is cut off: {words}"))
        }
        (200..300, Some(_)) => ("malformed".to_owned(), format!("the reply is not JSON: {words}")),
        _ => return None,
    };
    let text = format!("the message may have been sent: {why}");
    Some((code.into(), text.into(), of_unknown(Verb::Sms).map(Advice::from)))
}

/// Whether the gateway took it; if not, a code, its words, and what to do. The password is taken
/// out of `words` before, and here out of all else.
fn judge(
    report: &Report,
    status: u16,
    members: &Members<'_>,
    words: &PeerText<'_>,
    args: &Sms,
    secret: &Secret,
) -> Result<(), Fault> {
    let code = PeerText::from(format!("http_{status}"));
    if is_redirect(status) {
        let head = report.head.as_deref();
        let to = head.and_then(|head| head.headers.get("Location"));
        let to = to.map_or(PeerText::from("nowhere"), |field| {
            secret.words(text(field.value).as_raw_str())
        });
        let what = format!("HTTP {status} from the gateway, a redirect to {to}");
        return Err((
            code,
            what.into(),
            Some("give that URL if you trust it; nothing is sent to it by itself".into()),
        ));
    }
    if !(200..300).contains(&status) {
        let words =
            if words.as_raw_str().is_empty() { String::new() } else { format!(": {words}") };
        let what = format!("HTTP {status} from the gateway{words}");
        let hint = advice(Verb::Sms, &Why::new(code.clone(), ""), false);
        return Err((code, what.into(), hint));
    }
    let said = |name: &str| members.get(name).map(|raw| raw.get());
    let missed =
        args.success.iter().find(|(name, value)| said(name).is_none_or(|said| !says(said, value)));
    let Some((name, value)) = missed else { return Ok(()) };
    let what = format!("the gateway refused: {words}");
    let (what, hint) = match said(name) {
        None => (
            format!("{what} (without {name})"),
            "the reply lacks the member that --success asks for; see the gateway's manual",
        ),
        Some(said) => {
            let said = PeerText::from(secret.hide_in_json(said));
            let what = format!("{what} ({name} is {}, not {value})", said.short());
            (what, "see the gateway's manual for that code")
        }
    };
    Err(("refused".into(), what.into(), Some(hint.into())))
}

/// The members of a reply as they are written; none where it is no object.
type Members<'a> = BTreeMap<String, &'a RawValue>;

fn members(reply: &[u8]) -> Members<'_> {
    serde_json::from_slice(reply).unwrap_or_default()
}

/// Whether a value is what was wanted: a number by its value, exactly; a string by its text; and
/// `true`, `false` and `null` by their names. An array or an object is never.
fn says(said: &str, wanted: &str) -> bool {
    match said.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(said).is_ok_and(|text| text == wanted),
        Some(b'[' | b'{') => false,
        _ => {
            let number = Decimal::parse(said);
            said == wanted || (number.is_some() && number == Decimal::parse(wanted))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared() {
        for (said, wanted, is_so) in [
            ("2", "2", true),
            ("2.0", "2", true),
            ("20e-1", "2", true),
            ("2", "2.00", true),
            ("-0.0", "0", true),
            ("9007199254740993", "9007199254740993", true),
            ("9007199254740993", "9007199254740992", false),
            ("2.0000000000000000001", "2", false),
            ("\"2\"", "2", true),
            ("\"\\u0032\"", "2", true),
            ("\"2.0\"", "2", false),
            ("\"ok\"", "ok", true),
            ("\"OK\"", "ok", false),
            ("\"\"", "", true),
            ("-1.5", "-1.5", true),
            ("2", "02", false),
            ("22", "2", false),
            ("true", "true", true),
            ("false", "false", true),
            ("null", "null", true),
            ("\"true\"", "true", true),
            ("true", "1", false),
            ("true", "True", false),
            ("false", "true", false),
            ("null", "", false),
            ("null", "0", false),
            ("[2]", "2", false),
            ("{}", "{}", false),
        ] {
            assert_eq!(says(said, wanted), is_so, "{said} {wanted}");
        }
    }
}
