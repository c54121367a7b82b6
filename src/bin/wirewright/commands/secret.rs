//! Secrets that are sent over HTTP, and all forms in which a server may repeat them.
//!
//! ```text
//!   p+/ ─▶ p%2B%2F  p%2b%2f  p+\/ …    hidden where a server says one of them
//! ```
//!
//! A password of one to three characters occurs in many words by chance. It is hidden where it is a
//! word of what the server says; addresses and URLs of our own stay as they are, and so do the
//! version and the status of a response, which are no words of the server.
//!
//! A cookie is a secret where it opens a session, and such a value is long. Others say `de` or `1`:
//! to hide these wherever they occur would hide half of what a server says.
//!
//! A long text is cut for being shown, perhaps within a secret: so before a `…` the beginning of a
//! secret is hidden, however short.

use super::tokens::Tokens;
use crate::Failure;
use serde_json::Value;
use std::sync::Arc;
use wirewright::base64::{decode_strict, decoded_len_max};
use wirewright::http::form;
use wirewright::http::message::headers::{Headers, MASK, text};
use wirewright::http::proxy::{Authorization, Proxies};
use wirewright::net::http::Report;
use wirewright::net::http::{Mark, Trace};
use wirewright::net::{Failure as Why, FailureKind};
use wirewright::text::PeerText;

/// The maximum number of characters of the form in a trace.
const TRACED_CHARS_MAX: usize = 2048;

/// A password, or a form of it, with fewer characters is looked for as a whole word only.
const SHORT_CHARS: usize = 4;

/// The value of a cookie with fewer characters is not looked for.
const COOKIE_CHARS_MIN: usize = 8;

/// Marks the place where a text was cut.
const CUT: char = '…';

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

    /// The credentials and the cookies of a request, and what is sent to the proxies.
    pub fn of_request(headers: &Headers, proxies: &Proxies) -> Secret {
        let mut forms = Vec::new();
        for field in AUTHORIZATIONS.iter().flat_map(|name| headers.all(name)) {
            forms.extend(forms_of_authorization(text(field.value).as_raw_str()));
        }
        for field in headers.all("Cookie") {
            forms.extend(forms_of_cookies(text(field.value).as_raw_str()));
        }
        Secret { forms }.and_of(proxies)
    }

    /// Together with what is sent to the proxies.
    pub fn and_of(mut self, proxies: &Proxies) -> Secret {
        let sent = proxies.authorizations().map(Authorization::value);
        self.forms.extend(sent.flat_map(forms_of_authorization));
        tidy(&mut self.forms);
        self
    }

    /// A text of this program, such as an address, with the password masked in all its forms. Short
    /// forms are not masked here: they occur in many words by chance.
    pub fn hide(&self, text: &str) -> String {
        let long = || self.forms.iter().filter(|form| !is_short(form));
        hide_begun(long().fold(text.to_owned(), |text, form| text.replace(&**form, MASK)), long())
    }

    /// A text of the gateway, which may repeat the password: a short form is masked where it is a
    /// whole word.
    pub fn hide_said(&self, text: &str) -> String {
        let short = || self.forms.iter().filter(|form| is_short(form));
        hide_begun(short().fold(self.hide(text), |text, form| hide_word(&text, form)), short())
    }

    /// The same of a line of a trace.
    fn hide_line(&self, line: &str) -> String {
        let line = self.hide(line);
        let (syntax, said) = line.split_at(syntax_len(&line));
        syntax.to_owned() + &self.hide_said(said)
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
            FailureKind::Peer => {
                let status = why.code.as_raw_str().strip_prefix("http_");
                let ours = status.map(|status| format!("the server answered {status}"));
                let ours = ours.filter(|ours| said.starts_with(&**ours)).unwrap_or_default();
                format!("{ours}{}", self.hide_said(&said[ours.len()..]))
            }
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

/// Sorts the forms, the longest first, without duplicates and empty ones.
fn tidy(forms: &mut Vec<String>) {
    forms.retain(|form| !form.is_empty());
    forms.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
    forms.dedup();
}

/// The forms of the value of a field with credentials: as they are sent, and the password of
/// `Basic` (RFC 7617 §2).
fn forms_of_authorization(value: &str) -> Vec<String> {
    let value = value.trim();
    let (scheme, sent) = value.split_once(' ').unwrap_or(("", value));
    let sent = sent.trim();
    let mut forms = forms_of(sent);
    // A server may repeat the value without its padding.
    forms.extend(forms_of(sent.trim_end_matches('=')));
    if scheme.eq_ignore_ascii_case("Basic") {
        forms.extend(password_of(sent).iter().flat_map(|password| forms_of(password)));
    }
    forms
}

/// The forms of the cookies of a field (RFC 6265 §4.2.1), and of all of them as they are sent.
fn forms_of_cookies(value: &str) -> Vec<String> {
    let each = value.split(';').filter_map(|pair| Some(pair.split_once('=')?.1.trim()));
    let values = each.flat_map(|value| [value, value.trim_matches('"')]);
    let all = values.chain([value.trim()]);
    let long = all.filter(|value| value.chars().count() >= COOKIE_CHARS_MIN);
    long.flat_map(forms_of).collect()
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

/// The text with the beginning of a form masked, where the text was cut within it.
fn hide_begun<'a>(text: String, forms: impl Iterator<Item = &'a String>) -> String {
    let Some((before, _)) = text.rsplit_once(CUT) else { return text };
    match forms.filter_map(|form| begun_len(before, form)).max() {
        Some(len) => [&before[..before.len() - len], MASK, &text[before.len()..]].concat(),
        None => text,
    }
}

/// How much of the beginning of a form a text ends in; of a short one as the beginning of a word.
fn begun_len(text: &str, form: &str) -> Option<usize> {
    let mut lens = (1..form.len()).rev().filter(|len| form.is_char_boundary(*len));
    let len = lens.find(|len| text.ends_with(&form[..*len]))?;
    let before = text[..text.len() - len].chars().next_back();
    let is_word = !before.is_some_and(char::is_alphanumeric);
    (is_word || !is_short(form)).then_some(len)
}

/// How much of a line of a trace is protocol: the version and the status of a response, or the
/// length of a body.
fn syntax_len(line: &str) -> usize {
    match line.as_bytes() {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', _, b' ', code @ ..] => {
            let digits = code.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 3 { 12 } else { 0 }
        }
        _ => {
            let len = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(BODY_END));
            let is_len = len.is_some_and(|len| len.bytes().all(|byte| byte.is_ascii_digit()));
            if is_len { line.len() } else { 0 }
        }
    }
}

/// How a line ends that tells the length of a body.
const BODY_END: &str = " bytes of body]";

/// A trace without the password. `form` is shown in place of the length of the request's body.
pub fn masking(trace: Trace, secret: Arc<Secret>, form: Option<String>) -> Trace {
    let form = form.map(|form| form.chars().take(TRACED_CHARS_MAX).collect::<String>());
    Arc::new(move |mark, is_tls, connection, line: &PeerText<'_>| {
        let line = line.as_raw_str();
        let is_body = mark == Mark::Out && line.ends_with(BODY_END);
        let line = match (form.as_ref().filter(|_| is_body), mark) {
            (Some(form), _) => form.clone(),
            (None, Mark::In) => secret.hide_line(line),
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

    #[test]
    fn version_and_status_are_no_words_of_the_server() {
        for (password, line, hidden) in [
            ("1", "HTTP/1.1 401 want 1", "HTTP/1.1 401 want ***"),
            ("401", "HTTP/1.1 401 401", "HTTP/1.1 401 ***"),
            ("401", "HTTP/1.1 401 ", "HTTP/1.1 401 "),
            ("10", "[10 bytes of body]", "[10 bytes of body]"),
            ("10", "[x 10 bytes of body]", "[x *** bytes of body]"),
            ("1", "HTTP/1.1 4019 1", "HTTP/***.*** 4019 ***"),
            ("1", "Via: 1.1 x", "Via: ***.*** x"),
            ("Hunter2", "HTTP/1.1 401 Hunter2", "HTTP/1.1 401 ***"),
        ] {
            assert_eq!(Secret::new(password).hide_line(line), hidden, "{password}");
        }
        let why = Why::new("http_401", "the server answered 401 no 401");
        let hidden = Secret::new("401").hide_why(&why);
        assert_eq!(hidden.text, "the server answered 401 no ***");
    }

    /// What is left of a secret at the end of a text that was cut is hidden, too.
    #[test]
    fn the_beginning_of_a_secret_is_hidden_where_a_text_was_cut() {
        for (password, said, hidden) in [
            ("Hunter2Secret", "want Hunter2Secre…", "want ***…"),
            ("Hunter2Secret", "want H… (3000 bytes in all)", "want ***… (3000 bytes in all)"),
            ("Hunter2Secret", "want Hunter2Secret…", "want ***…"),
            ("Hunter2Secret", "want xHu…", "want x***…"),
            ("Hunter2Secret", "want Hunter2 x…", "want Hunter2 x…"),
            ("p+ä \"/5", "p%2B%C3%A…", "***…"),
            ("abc", "an ab…", "an ***…"),
            ("abc", "cab…", "cab…"),
        ] {
            assert_eq!(Secret::new(password).hide_said(said), hidden, "{password}: {said}");
        }
    }

    #[test]
    fn cookies_and_proxies() {
        let mut headers = Headers::new();
        let cookies = b"lang=de; session=\"0123456789abcdef\"; n=1234567; id=abcd+efgh";
        headers.push("Cookie", cookies).unwrap();
        let lookup = |name: &str| {
            (name == "https_proxy").then(|| "http://me:pass%20word@proxy.example:1".to_owned())
        };
        let secret = Secret::of_request(&headers, &Proxies::from_lookup(lookup).unwrap());
        for (said, hidden) in [
            ("lang=de session=0123456789abcdef n=1234567", "lang=de session=*** n=1234567"),
            ("abcd%2Befgh abcd+efgh abcd", "*** *** abcd"),
            (str::from_utf8(cookies).unwrap(), "***"),
            ("pass word, pass%20word, bWU6cGFzcyB3b3Jk", "***, ***, ***"),
        ] {
            assert_eq!(secret.hide_said(said), hidden);
        }
    }
}
