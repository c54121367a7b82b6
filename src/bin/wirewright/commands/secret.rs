//! Secrets that are sent over HTTP, and all forms in which a server may repeat them.
//!
//! ```text
//!   p+/ ─▶ p%2B%2F  p%2b%2f  p+\/ …    hidden where a server says one of them
//! ```
//!
//! A password of one to three characters occurs in many words by chance. It is hidden where it is a
//! word of what the server says; addresses and URLs of our own stay as they are.

use super::tokens::Tokens;
use crate::Failure;
use serde_json::Value;
use std::sync::Arc;
use wirewright::base64::{decode_strict, decoded_len_max};
use wirewright::http::form;
use wirewright::http::message::headers::{Headers, MASK, text};
use wirewright::net::http::Report;
use wirewright::net::http::{Mark, Trace};
use wirewright::net::{Failure as Why, FailureKind};
use wirewright::text::PeerText;

/// So many characters of the form are shown in a trace.
const TRACED_CHARS_MAX: usize = 2048;

/// A password, or a form of it, with fewer characters is looked for as a whole word only.
const SHORT_CHARS: usize = 4;

/// The fields in which credentials are sent.
const AUTHORIZATIONS: [&str; 2] = ["Authorization", "Proxy-Authorization"];

/// All forms in which a server may repeat the secrets of a request, the longest first.
pub struct Secret {
    forms: Vec<String>,
}

impl Secret {
    pub fn new(password: &str) -> Secret {
        let mut forms = forms_of(password);
        tidy(&mut forms);
        Secret { forms }
    }

    /// The credentials of a request as they are sent, and the password of `Basic` (RFC 7617 §2).
    pub fn of_headers(headers: &Headers) -> Secret {
        let mut forms = Vec::new();
        for field in AUTHORIZATIONS.iter().flat_map(|name| headers.all(name)) {
            let value = text(field.value);
            let value = value.as_raw_str().trim();
            let (scheme, sent) = value.split_once(' ').unwrap_or(("", value));
            let sent = sent.trim();
            forms.extend(forms_of(sent));
            // Who repeats it may leave the padding out.
            forms.extend(forms_of(sent.trim_end_matches('=')));
            if scheme.eq_ignore_ascii_case("Basic") {
                forms.extend(password_of(sent).iter().flat_map(|password| forms_of(password)));
            }
        }
        tidy(&mut forms);
        Secret { forms }
    }

    /// Words of our own, such as an address, without the password in any of its forms. A short form
    /// occurs in many words where the password was never put, so it is left alone here.
    pub fn hide(&self, text: &str) -> String {
        let long = self.forms.iter().filter(|form| !is_short(form));
        long.fold(text.to_owned(), |text, form| text.replace(&**form, MASK))
    }

    /// What a gateway says, which may repeat the password: a short form of it is hidden where it is
    /// a word of its own.
    pub fn hide_said(&self, text: &str) -> String {
        let short = self.forms.iter().filter(|form| is_short(form));
        short.fold(self.hide(text), |text, form| hide_word(&text, form))
    }

    /// The beginning of what a gateway says, without the password.
    pub fn words(&self, text: &str) -> PeerText<'static> {
        PeerText::from(self.hide_said(text)).short().keep()
    }

    /// Why a request failed, without the secret. The words about a connection hold its address,
    /// and nothing that the server said.
    pub fn hide_why(&self, why: &Why) -> Why {
        let said = why.text.as_raw_str();
        let text = match why.kind {
            FailureKind::Peer => self.hide_said(said),
            _ => self.hide(said),
        };
        let mut hidden = why.clone();
        hidden.text = PeerText::from(text);
        hidden
    }

    /// The same in a report.
    pub fn hide_in_report(&self, report: &mut Report) {
        if let Err(why) = &mut report.outcome {
            *why = self.hide_why(why);
        }
    }

    /// The line of a failure. It may hold a URL that the server gave.
    pub fn hide_in_failure(&self, failure: Failure) -> Failure {
        let what = self.hide(&failure.what);
        Failure { line: failure.line.map(|line| self.hide(&line)), what, ..failure }
    }

    /// A valid JSON text in one line, without the password: not as a string in any notation, and
    /// not as a number.
    pub fn hide_in_json(&self, json: &str) -> String {
        Tokens(json).fold(String::with_capacity(json.len()), |out, token| {
            let meant = serde_json::from_str::<String>(token).unwrap_or_else(|_| token.to_owned());
            let hidden = self.hide_said(&meant);
            match hidden == meant {
                true => out + token,
                false => out + &Value::from(hidden).to_string(),
            }
        })
    }
}

/// The forms of one secret.
fn forms_of(password: &str) -> Vec<String> {
    let mut encoded = String::new();
    form::push(&mut encoded, "", password);
    let encoded = encoded.split_off(1);
    let spaced = encoded.replace('+', "%20");
    let mut forms = vec![lower_hex(&encoded), encoded, lower_hex(&spaced), spaced];
    for plain in std::iter::once(password.to_owned()).chain(json_notations(password)) {
        // Where any byte of a reply is not UTF-8, all of it is shown as Latin-1.
        forms.push(plain.bytes().map(char::from).collect());
        forms.push(plain);
    }
    forms
}

/// The longest first, each once. An empty one stands nowhere.
fn tidy(forms: &mut Vec<String>) {
    forms.retain(|form| !form.is_empty());
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    forms.dedup();
}

/// The password in the credentials of `Basic`.
fn password_of(credentials: &str) -> Option<String> {
    let mut pair = vec![0; decoded_len_max(credentials.len())];
    let len = decode_strict(credentials.as_bytes(), &mut pair)?;
    let colon = pair[..len].iter().position(|byte| *byte == b':')?;
    Some(text(&pair[colon + 1..len]).as_raw_str().to_owned())
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

/// Whether it occurs in many words by chance.
fn is_short(form: &str) -> bool {
    form.chars().count() < SHORT_CHARS
}

/// The text with a short secret masked where neither a letter nor a digit stands beside it.
fn hide_word(text: &str, word: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (mut hidden, mut kept) = (String::new(), 0);
    for (at, _) in text.match_indices(word) {
        let end = at + word.len();
        let is_word =
            !is_part(text[..at].chars().next_back()) && !is_part(text[end..].chars().next());
        if is_word {
            hidden.push_str(&text[kept..at]);
            hidden.push_str(MASK);
            kept = end;
        }
    }
    hidden + &text[kept..]
}

/// A trace without the password. `form` is shown in place of the length of the request's body.
pub fn masking(trace: Trace, secret: Arc<Secret>, form: Option<String>) -> Trace {
    let form = form.map(|form| form.chars().take(TRACED_CHARS_MAX).collect::<String>());
    Arc::new(move |mark, is_tls, connection, line: &PeerText<'_>| {
        let line = line.as_raw_str();
        let is_body = mark == Mark::Out && line.ends_with(" bytes of body]");
        let line = match (form.as_ref().filter(|_| is_body), mark) {
            (Some(form), _) => form.clone(),
            (None, Mark::In) => secret.hide_said(line),
            // What is sent of the password is in the body.
            (None, Mark::Out | Mark::Remark) => secret.hide(line),
        };
        trace(mark, is_tls, connection, &PeerText::from(&*line));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_hidden_in_every_form() {
        let secret = Secret::new("p+ä \"/5");
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
        let secret = Secret::new("147258");
        let json = "{\"code\":2,\"n\":147258,\"m\":[0147258e1]}".replace("0147258", "9147258");
        assert_eq!(secret.hide_in_json(&json), "{\"code\":2,\"n\":\"***\",\"m\":[\"9***e1\"]}");
    }

    /// It is hidden where a gateway repeats it, and nowhere else.
    #[test]
    fn a_short_password_is_hidden_as_a_word() {
        for (password, said, hidden) in [
            ("p", "http://h/p?x=p no p, \"p\": ppp", "http://h/***?x=*** no ***, \"***\": ppp"),
            ("tp", "wrong password tp (http tp1 tp)", "wrong password *** (http tp1 ***)"),
            ("1", "127.0.0.1 11 1", "127.0.0.*** 11 ***"),
            ("+", "a+b %2B x%2Bx", "a+b *** x%2Bx"),
            ("äö", "äö äöü", "*** äöü"),
        ] {
            let secret = Secret::new(password);
            assert_eq!(secret.hide_said(said), hidden);
            let own = "no connection: http://127.0.0.1:80/p";
            assert_eq!(secret.hide(own), own);
        }
        let json = "{\"code\":2,\"msg\":\"http: p is wrong\",\"p\":\"stop\"}";
        let hidden = "{\"code\":2,\"msg\":\"http: *** is wrong\",\"***\":\"stop\"}";
        assert_eq!(Secret::new("p").hide_in_json(json), hidden);
    }
}
