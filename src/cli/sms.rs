//! `wirewright sms`: a text message by a gateway that takes a form over HTTP.
//!
//! ```text
//!   POST … account=…&password=…&mobile=…&content=…&format=json ─▶
//!                              ◀─ 2xx {"code":2, …}    as --success says       accepted   0
//!                              ◀─ anything else whole                          refused    1
//!   no connection: nothing was sent                                            refused    1
//!   sent, and no whole answer: the gateway may have acted on it                unknown    4
//! ```
//!
//! It is sent once: POST is not idempotent, so the library never repeats it, and no redirect is
//! followed. What became of it is judged before anything is printed: an accepted message whose
//! reply cannot be printed ends with 4, never with 1. The password is in the form alone; whatever
//! is shown of what the gateway says goes through [`Secret`] first, whole, and is cut after that.

use super::advice::{Advice, Verb, advice, of_unknown};
use super::args::http::Sms;
use super::decimal::Decimal;
use super::report::Out;
use super::tokens::Tokens;
use super::{Exit, Failure, input, watch, web};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use wirewright::http::form;
use wirewright::http::headers::{MASK, text};
use wirewright::http::redirect::is_redirect;
use wirewright::http::request::Method;
use wirewright::net::Failure as Why;
use wirewright::net::http::{Client, Fetch, Mark, Report, Trace};
use wirewright::text::PeerText;

/// The longest reply, in bytes.
const REPLY_BYTES_MAX: usize = 64 << 10;

/// So many characters of the form are shown in a trace.
const TRACED_CHARS_MAX: usize = 2048;

/// How long all of it may take, unless --timeout says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Fields that have options of their own.
const OURS: [&str; 4] = ["account", "password", "mobile", "content"];

pub fn run(args: &Sms) -> Result<Exit, Failure> {
    let url = web::url("--gateway", &args.gateway)?;
    let secret = Arc::new(Secret::read(args)?);
    let mut fetch = Fetch::new(Method::POST, url);
    let form = form(args, &secret)?;
    fetch.set_form(form.clone());
    let accept = fetch.headers.push("Accept", b"text/plain");
    accept.map_err(|error| Failure::new("Accept", error, "tell the authors"))?;
    let mut options = web::options(&args.reach, &args.common)?;
    options.timeout = Some(watch::left().unwrap_or(TIMEOUT));
    options.heads = true;
    // A reply may repeat the password in notations that only a reader of JSON would find.
    let shown = std::mem::take(&mut options.trace_content).then(|| secret.hide(&form));
    options.trace = options.trace.map(|trace| masking(trace, secret.clone(), shown));
    let place = secret.hide(&fetch.url.to_string());
    let mut client =
        Client::new(options).map_err(|error| web::failed(Verb::Sms, &place, &error))?;
    watch::may_be_taken();
    let answer = match client.gather(fetch, REPLY_BYTES_MAX) {
        Ok((report, body)) => Answer::new(&report, &body, args, &secret),
        // The reactor itself has failed, at a moment that is not known.
        Err(error) => Answer::lost(&Why::from(&error), true, &secret),
    };
    answer.tell(&place, args)
}

/// The form.
fn form(args: &Sms, secret: &Secret) -> Result<String, Failure> {
    let mut text = String::new();
    let ours = [&args.account, &secret.password, &args.mobile, &args.content];
    OURS.iter().zip(ours).for_each(|(name, value)| form::push(&mut text, name, value));
    if args.fields.iter().all(|(name, _)| name != "format") {
        form::push(&mut text, "format", "json");
    }
    for (name, value) in &args.fields {
        if OURS.contains(&&**name) {
            let hint = "a password stands in a file, never in the arguments";
            return Err(Failure::usage("--field", format!("{name} has an option"), hint));
        }
        form::push(&mut text, name, value);
    }
    Ok(text)
}

// ---- the secret ------------------------------------------------------------------------------

/// The password, and all forms in which a gateway may repeat it, the longest first.
struct Secret {
    password: String,
    forms: Vec<String>,
}

impl Secret {
    fn read(args: &Sms) -> Result<Secret, Failure> {
        let wrong = |what| {
            let hint = "put the password of the account into it";
            Err(Failure::new(args.password_file.display(), what, hint))
        };
        match String::from_utf8(input::secret(&args.password_file)?) {
            Ok(password) if password.is_empty() => wrong("the password is empty"),
            Ok(password) if password.contains('\0') => wrong("a password holds no NUL"),
            Ok(password) => Ok(Secret::new(password)),
            Err(_) => wrong("the password is not UTF-8"),
        }
    }

    fn new(password: String) -> Secret {
        let mut encoded = String::new();
        form::push(&mut encoded, "", &password);
        let encoded = encoded.split_off(1);
        let spaced = encoded.replace('+', "%20");
        let mut forms = vec![lower_hex(&encoded), encoded, lower_hex(&spaced), spaced];
        for plain in std::iter::once(password.clone()).chain(json_notations(&password)) {
            // Where any byte of a reply is not UTF-8, all of it is shown as Latin-1.
            forms.push(plain.bytes().map(char::from).collect());
            forms.push(plain);
        }
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        forms.dedup();
        Secret { password, forms }
    }

    /// Text without the password in any of its forms.
    fn hide(&self, text: &str) -> String {
        self.forms.iter().fold(text.to_owned(), |text, form| text.replace(&**form, MASK))
    }

    /// The beginning of what a gateway says, without the password.
    fn words(&self, text: &str) -> PeerText<'static> {
        PeerText::from(self.hide(text)).short().keep()
    }

    /// A valid JSON text in one line, without the password: not as a string in any notation, and
    /// not as a number.
    fn hide_in_json(&self, json: &str) -> String {
        Tokens(json).fold(String::with_capacity(json.len()), |out, token| {
            let meant = serde_json::from_str::<String>(token).unwrap_or_else(|_| token.to_owned());
            let hidden = self.hide(&meant);
            match hidden == meant {
                true => out + token,
                false => out + &Value::from(hidden).to_string(),
            }
        })
    }
}

/// How JSON writers put a text between quotes: other characters as they are or as `\\u`, its digits
/// in either case, and a slash with and without a backslash.
fn json_notations(text: &str) -> impl Iterator<Item = String> {
    let quoted = Value::from(text).to_string();
    let quoted = quoted[1..quoted.len() - 1].to_owned();
    let ascii = |upper: bool| {
        quoted.encode_utf16().fold(String::new(), |out, unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => out + &char::from(byte).to_string(),
            _ if upper => out + &format!("\\u{unit:04X}"),
            _ => out + &format!("\\u{unit:04x}"),
        })
    };
    let all = [ascii(false), ascii(true), quoted];
    all.into_iter().flat_map(|form| [form.replace('/', "\\/"), form])
}

/// The digits of percent-encoding in lower case.
fn lower_hex(encoded: &str) -> String {
    let mut left = 0;
    let lower = encoded.chars().map(|c| {
        left = if c == '%' { 3 } else { left };
        let is_digit = left > 0;
        left = left.max(1) - 1;
        if is_digit { c.to_ascii_lowercase() } else { c }
    });
    lower.collect()
}

/// A trace without the password. `form` is shown in place of the length of the request's body.
fn masking(trace: Trace, secret: Arc<Secret>, form: Option<String>) -> Trace {
    let form = form.map(|form| form.chars().take(TRACED_CHARS_MAX).collect::<String>());
    Arc::new(move |mark, is_tls, connection, line: &PeerText<'_>| {
        let line = line.as_raw_str();
        let is_body = mark == Mark::Out && line.ends_with(" bytes of body]");
        let line = match form.as_ref().filter(|_| is_body) {
            Some(form) => form.clone(),
            None => secret.hide(line),
        };
        trace(mark, is_tls, connection, &PeerText::from(&*line));
    })
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

/// What is known in the end, the password taken out of all of it.
struct Answer {
    outcome: Outcome,
    status: Option<u16>,
    /// The reply, if it is JSON, in one line.
    reply: Option<String>,
    /// The gateway's own words, or why there are none.
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
        let reply: Option<Value> = serde_json::from_slice(body).ok();
        let hidden = reply.as_ref().map(|_| secret.hide_in_json(said));
        // What is cut first may end within the password, which is then not found.
        let words = match (reply.as_ref().and_then(|reply| reply["msg"].as_str()), &hidden) {
            (Some(msg), _) => secret.words(msg),
            (None, Some(hidden)) => PeerText::from(&**hidden).short().keep(),
            (None, None) => secret.words(said.trim()),
        };
        let members = reply.as_ref().map(|_| members(body));
        let fault = judge(report, status, members.as_ref(), &words, args, secret).err();
        Answer {
            outcome: if fault.is_some() { Outcome::Refused } else { Outcome::Accepted },
            status: report.status,
            reply: hidden,
            text: words,
            fault,
        }
    }

    /// There is no whole answer.
    fn lost(why: &Why, sent: bool, secret: &Secret) -> Answer {
        let why_not = secret.words(why.text.as_raw_str());
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

    /// Prints the reply. What became of the message decides the status; that it could not be
    /// printed is said where it would read as success otherwise.
    fn tell(&self, place: &str, args: &Sms) -> Result<Exit, Failure> {
        let printed = self.print(args).is_ok();
        let Some((_, what, hint)) = &self.fault else {
            return match printed {
                true => Ok(Exit::Done),
                false => Err(Failure::new(
                    place,
                    "the gateway accepted the message, but its reply could not be printed",
                    "do not send it again; look at where the output goes",
                )
                .of_unknown()),
            };
        };
        let unprinted = if printed { "" } else { " (and the report could not be printed)" };
        let failure = Failure::advised(place, format!("{what}{unprinted}"), hint.as_ref());
        Err(if self.outcome == Outcome::Unknown { failure.of_unknown() } else { failure })
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

/// Whether the gateway took it; if not, a code, its words, and what to do. The password is taken
/// out of `words` before, and here out of all else.
fn judge(
    report: &Report,
    status: u16,
    members: Option<&Members<'_>>,
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
        let what = format!("the gateway answered {status} and points to {to}");
        return Err((
            code,
            what.into(),
            Some("give that URL if you trust it; nothing is sent to it by itself".into()),
        ));
    }
    if !(200..300).contains(&status) {
        let what = format!("the gateway answered {status}: {words}");
        let hint = "check the URL, the account and its password";
        return Err((code, what.into(), Some(hint.into())));
    }
    let Some(members) = members else {
        let what = format!("the reply is no JSON: {words}");
        return Err((
            "malformed".into(),
            what.into(),
            Some("check the URL, or give --field format=json".into()),
        ));
    };
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
    fn a_password_is_hidden_in_every_form() {
        let secret = Secret::new("p+ä \"/5".to_owned());
        for (text, hidden) in [
            ("say p+ä \"/5!", "say ***!"),
            ("password=p%2B%C3%A4+%22%2F5&x=p", "password=***&x=p"),
            ("p%2b%c3%a4+%22%2f5", "***"),
            ("p%2B%C3%A4%20%22%2F5", "***"),
            ("p%2b%c3%a4%20%22%2f5", "***"),
            ("p+\u{c3}\u{a4} \"/5", "***"),
            ("p+ä \\\"/5 p+\\u00e4 \\\"\\/5 p+\\u00E4 \\\"/5", "*** *** ***"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(secret.hide(text), hidden);
        }
        let json = "{\n \"a\" : [\"x p+\\u00e4 \\\"\\/5\", 2.50],\t\"p+ä \\\"/5\":null}";
        assert_eq!(secret.hide_in_json(json), "{\"a\":[\"x ***\",2.50],\"***\":null}");
        let secret = Secret::new("147258".to_owned());
        let json = "{\"code\":2,\"n\":147258,\"m\":[0147258e1]}".replace("0147258", "9147258");
        assert_eq!(secret.hide_in_json(&json), "{\"code\":2,\"n\":\"***\",\"m\":[\"9***e1\"]}");
    }

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
