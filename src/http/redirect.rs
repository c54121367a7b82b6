//! Redirects: whether to follow one, with which method, and what must not come along.
//!
//! ```text
//!   301, 302   POST becomes GET, other methods stay
//!   303        every method but HEAD becomes GET
//!   307, 308   method and body are repeated
//!
//!   http://a/ ─▶ https://a/ ─▶ https://b/      another scheme, host or port: from there on, also
//!                └ no secrets from here on      back at the first one, no Authorization, Cookie,
//!                                               Proxy-Authorization
//! ```
//!
//! Specification: RFC 9110 §15.4; §10.2.2 for Location; §4.2.4 for why userinfo in one is refused.

use super::config::{Limits, Remark, too_large};
use super::message::headers::{Field, Headers};
use super::request::Method;
use super::url::{Scheme, Url};
use crate::error::Error;

const SECTION: &str = "RFC 9110 §15.4";

/// Where to ask next, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// With which method.
    pub method: Method,
    /// For what.
    pub url: Url,
    /// Whether the body is sent again.
    pub keep_body: bool,
    /// Whether the secrets of the first request stay behind.
    pub drop_credentials: bool,
    /// What was tolerated in its `Location`.
    pub remarks: Vec<Remark>,
}

/// Fields that go to the first origin alone.
const CREDENTIALS: [&str; 3] = ["Authorization", "Cookie", "Proxy-Authorization"];

/// Fields that describe a body, and go when it does: RFC 9110 §15.4.
const BODY_FIELDS: [&str; 6] = [
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Type",
    "Digest",
    "Last-Modified",
];

impl Redirect {
    /// Takes out of the fields of the first request what must not come along.
    pub fn prune(&self, headers: &mut Headers) {
        let secrets = CREDENTIALS.iter().filter(|_| self.drop_credentials);
        let of_body = BODY_FIELDS.iter().filter(|_| !self.keep_body);
        secrets.chain(of_body).for_each(|name| headers.remove(name));
        // What was said for the first host is wrong for another one.
        if self.drop_credentials {
            headers.remove("Host");
        }
    }
}

/// Whether a status sends a client elsewhere.
pub fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// One step: what a redirect of `status` to `location` means for a request for `from`.
///
/// # Errors
/// [`Error::Malformed`] with the offset of the `Location`, or the place in it, in the stream: it is
/// no URL, names a user, leaves `http` and `https`, or leads from `https` back to `http`.
pub fn follow(
    method: &Method,
    status: u16,
    from: &Url,
    location: Field<'_>,
) -> Result<Redirect, Error> {
    let joined = from.join_mended(location.value);
    let (url, is_mended) = joined.map_err(|error| error.shifted(location.offset))?;
    let refused = |rule, section| Err(Error::malformed(rule, location.offset, section));
    if url.userinfo().is_some() {
        return refused("a redirect names no user", "RFC 9110 §4.2.4");
    }
    if (from.scheme(), url.scheme()) == (Scheme::Https, Scheme::Http) {
        return refused("a redirect does not lead from https to http", SECTION);
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
    let remarks = if is_mended { vec![remark] } else { Vec::new() };
    let keep_body = !becomes_get && status != 303;
    Ok(Redirect { method, url, keep_body, drop_credentials, remarks })
}

/// A chain of redirects from one request on: counts them, knows where it has been, and forgets
/// secrets for good.
#[derive(Debug, Clone)]
pub struct Chain {
    method: Method,
    /// The first place, and every one after it.
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

    /// The next step. `head` is that of the response with `status`; its `Location` counts.
    ///
    /// # Errors
    /// Those of [`follow`]; [`Error::Malformed`] if there is no `Location`, or some that differ, or
    /// it leads where the chain has been with that method; [`Error::TooLarge`] beyond
    /// [`redirects_max`](Limits::redirects_max).
    pub fn follow(&mut self, status: u16, at: u64, headers: &Headers) -> Result<Redirect, Error> {
        let mut locations = headers.all("Location");
        let rule = "a redirect has one Location";
        let location = locations.next();
        let Some(location) = location else {
            return Err(Error::malformed(rule, at, "RFC 9110 §10.2.2"));
        };
        let further = locations.next().map(|field| field.offset);
        if headers.all("Location").any(|other| other.value != location.value) {
            return Err(Error::malformed(rule, at, "RFC 9110 §10.2.2"));
        }
        if self.urls.len() > self.redirects_max {
            let max = self.redirects_max as u64;
            return Err(too_large("redirects_max", max, location.offset, SECTION));
        }
        let from = self.urls.last().map(|(_, url)| url.clone());
        let Some(from) = from else { return Err(Error::Misuse("a chain has a beginning")) };
        let mut redirect = follow(&self.method, status, &from, location)?;
        if let Some(offset) = further {
            let text = "a Location said again";
            redirect.remarks.push(Remark { text, offset, section: "RFC 9110 §5.3" });
        }
        let step = (redirect.method.clone(), redirect.url.clone());
        if self.urls.contains(&step) {
            let rule = "a redirect does not lead back to where it came from";
            return Err(Error::malformed(rule, location.offset, SECTION));
        }
        self.drop_credentials |= redirect.drop_credentials;
        redirect.drop_credentials = self.drop_credentials;
        self.method = redirect.method.clone();
        self.urls.push(step);
        Ok(redirect)
    }
}
