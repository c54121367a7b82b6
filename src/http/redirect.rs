//! Redirects: whether to follow one, with which method, and which fields are not sent again.
//!
//! ```text
//!   301, 302   POST becomes GET, other methods stay
//!   303        every method but HEAD becomes GET
//!   307, 308   method and body are repeated
//!
//!   http://a/ ─▶ https://a/ ─▶ https://b/      another scheme, host or port: from there on, also
//!                └ no secrets from here on      back at the first one, no Authorization, Cookie
//!                                               or Proxy-Authorization
//! ```
//!
//! Specification: RFC 9110 §15.4; §10.2.2 for Location; §4.2.4 for userinfo, which is refused in
//! it.

use super::config::{Limits, Remark};
use super::message::headers::{Field, Headers, text};
use super::request::Method;
use super::url::{HTTP_URI, Scheme, Url};
use crate::error::Error;
use crate::text::PeerText;

const SECTION: &str = "RFC 9110 §15.4";

/// The request that follows a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Its method.
    pub method: Method,
    /// Its URL.
    pub url: Url,
    /// Whether the body is sent again.
    pub keep_body: bool,
    /// Whether the secrets of the first request are not sent again.
    pub drop_credentials: bool,
    /// What was tolerated in the `Location`.
    pub remarks: Vec<Remark>,
}

/// Fields that are sent to the first origin only.
const CREDENTIALS: [&str; 3] = ["Authorization", "Cookie", "Proxy-Authorization"];

/// Fields that describe a body, and are removed with it: RFC 9110 §15.4.
const BODY_FIELDS: [&str; 6] = [
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Type",
    "Digest",
    "Last-Modified",
];

impl Redirect {
    /// Removes the fields of the first request that are not sent again.
    pub fn prune(&self, headers: &mut Headers) {
        let secrets = CREDENTIALS.iter().filter(|_| self.drop_credentials);
        let of_body = BODY_FIELDS.iter().filter(|_| !self.keep_body);
        secrets.chain(of_body).for_each(|name| headers.remove(name));
        // A `Host` that was set for the first origin is wrong for another one.
        if self.drop_credentials {
            headers.remove("Host");
        }
    }
}

/// Whether a status is a redirect that can be followed.
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// One redirect with `status` to `location`, as the answer to a request of `method` for `from`.
///
/// # Errors
/// [`Error::Malformed`] with the offset in the stream, if `location` is not an `http` or `https`
/// URL, has userinfo, or leads from `https` to `http`.
pub fn follow(
    method: &Method,
    status: u16,
    from: &Url,
    location: Field<'_>,
) -> Result<Redirect, Error> {
    let joined = from.join_repaired(location.value);
    let (url, is_repaired) = joined.map_err(|error| misled(&error, location))?;
    let refused = |rule, section| Err(Error::malformed(rule, location.offset, section));
    if url.userinfo().is_some() {
        return refused("a redirect must not name a user", "RFC 9110 §4.2.4");
    }
    if (from.scheme(), url.scheme()) == (Scheme::Https, Scheme::Http) {
        return refused("a redirect must not lead from https to http", SECTION);
    }
    let becomes_get = match status {
        301 | 302 => method.as_str() == "POST",
        303 => !method.is_head(),
        _ => false,
    };
    let drop_credentials = url.origin() != from.origin();
    let method = if becomes_get { Method::GET } else { method.clone() };
    let text = "a Location with a space, a \\ or a % without its digits";
    let remark = Remark { text, offset: location.offset, section: "RFC 3986 §2" };
    let remarks = if is_repaired { vec![remark] } else { Vec::new() };
    let keep_body = !becomes_get && status != 303;
    Ok(Redirect { method, url, keep_body, drop_credentials, remarks })
}

/// The error of a `Location` that is no URL to follow: the user gave another one, so it is shown.
fn misled(error: &Error, location: Field<'_>) -> Error {
    let shown = without_userinfo(text(location.value).as_raw_str());
    let shown = PeerText::from(shown);
    let why = match error.section() {
        Some(HTTP_URI) => String::new(),
        _ => format!(" ({})", error.reason()),
    };
    let rule = format!(
        "a redirect must lead to an http or https URL, and this one leads to {}{why}",
        shown.short()
    );
    Error::Malformed { rule: rule.into(), offset: location.offset, section: SECTION }
}

/// A reference with `***` in the place of its user and password.
fn without_userinfo(reference: &str) -> String {
    let begin = reference.find("//").map_or(reference.len(), |at| at + 2);
    let (front, rest) = reference.split_at(begin);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => [front, "***", &rest[at..]].concat(),
        None => reference.to_owned(),
    }
}

/// A chain of redirects: counts them, finds circles, and drops the secrets for the rest of the
/// chain once it has left the first origin.
#[derive(Debug, Clone)]
pub struct Chain {
    method: Method,
    /// The first request, and every one after it.
    urls: Vec<(Method, Url)>,
    redirects_max: usize,
    drop_credentials: bool,
}

impl Chain {
    /// A chain that begins with this request.
    pub fn new(limits: &Limits, method: &Method, url: &Url) -> Chain {
        Chain {
            method: method.clone(),
            urls: vec![(method.clone(), url.clone())],
            redirects_max: limits.redirects_max,
            drop_credentials: false,
        }
    }

    /// The next redirect: `status` and `headers` are those of the response, `at` is the offset of
    /// its head in the stream.
    ///
    /// # Errors
    /// Those of [`follow`]; [`Error::Malformed`] if there is no `Location`, if there are several
    /// that differ, or for a request that the chain has already made; [`Error::TooLarge`] for more
    /// than [`redirects_max`](Limits::redirects_max).
    pub fn follow(&mut self, status: u16, at: u64, headers: &Headers) -> Result<Redirect, Error> {
        let mut locations = headers.all("Location");
        let location = locations.next();
        let Some(location) = location else {
            let rule = "a redirect must have a Location, and this one has none";
            return Err(Error::malformed(rule, at, "RFC 9110 §10.2.2"));
        };
        let further = locations.next().map(|field| field.offset);
        if headers.all("Location").any(|other| other.value != location.value) {
            let rule = "a redirect must have one Location, and this one has several";
            return Err(Error::malformed(rule, at, "RFC 9110 §10.2.2"));
        }
        if self.urls.len() > self.redirects_max {
            let max = self.redirects_max as u64;
            return Err(Error::too_large("redirects_max", max, location.offset, SECTION));
        }
        let from = self.urls.last().map(|(_, url)| url.clone());
        let Some(from) = from else { return Err(Error::Misuse("the chain has no first request")) };
        let mut redirect = follow(&self.method, status, &from, location)?;
        if let Some(offset) = further {
            let text = "a repeated Location";
            redirect.remarks.push(Remark { text, offset, section: "RFC 9110 §5.3" });
        }
        let step = (redirect.method.clone(), redirect.url.clone());
        if self.urls.contains(&step) {
            let rule = "a redirect must not lead back to where it came from";
            return Err(Error::malformed(rule, location.offset, SECTION));
        }
        self.drop_credentials |= redirect.drop_credentials;
        redirect.drop_credentials = self.drop_credentials;
        self.method = redirect.method.clone();
        self.urls.push(step);
        Ok(redirect)
    }
}
