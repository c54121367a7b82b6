//! A request, and its encoding.
//!
//! ```text
//!   POST /submit?x=1 HTTP/1.1 CR LF     method SP request-target SP version    §3
//!   Host: example.org CR LF             first of the fields                    RFC 9110 §7.2
//!   Accept: text/plain CR LF
//!   Content-Length: 11 CR LF            or Transfer-Encoding: chunked          §6
//!   CR LF
//!   hello=world                         the body, through Session::offer
//! ```
//!
//! Specification: RFC 9112 §3 and §6, RFC 9110 §7.2, §8.6, §9.
//!
//! Every part is checked when it is set, so every request can be encoded, and none can smuggle a
//! second one. Only the encoder sets the framing: a `Content-Length` of the caller could contradict
//! the body. `Expect` is not used, since an early response is processed anyway.

use super::message::headers::{Headers, is_token};
use super::url::{Origin, Url};
use crate::buffer::Buffer;
use crate::error::Error;
use std::borrow::Cow;
use std::fmt;

/// Fields that the encoder sets itself, or that are not supported.
const RESERVED: [&str; 7] =
    ["Content-Length", "Expect", "HTTP2-Settings", "TE", "Trailer", "Transfer-Encoding", "Upgrade"];

/// A request method: a case-sensitive token (RFC 9110 §9.1).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Method(Cow<'static, str>);

impl Method {
    /// GET
    pub const GET: Method = Method(Cow::Borrowed("GET"));
    /// HEAD
    pub const HEAD: Method = Method(Cow::Borrowed("HEAD"));
    /// POST
    pub const POST: Method = Method(Cow::Borrowed("POST"));
    /// CONNECT
    pub const CONNECT: Method = Method(Cow::Borrowed("CONNECT"));

    /// Checks a method.
    ///
    /// # Errors
    /// [`Error::Malformed`] if `name` is not a token, with the offset in it.
    pub fn new(name: &str) -> Result<Method, Error> {
        match name.bytes().position(|byte| !is_token(byte)) {
            None if !name.is_empty() => Ok(Method(Cow::Owned(name.to_owned()))),
            wrong => {
                let at = wrong.unwrap_or(0) as u64;
                Err(Error::malformed("a method is a token", at, "RFC 9110 §9.1"))
            }
        }
    }

    /// The method as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is HEAD, whose responses have no body: RFC 9110 §9.3.2.
    pub fn is_head(&self) -> bool {
        self.0 == "HEAD"
    }

    /// Whether it is CONNECT, which requests a tunnel: RFC 9110 §9.3.6.
    pub fn is_connect(&self) -> bool {
        self.0 == "CONNECT"
    }

    /// Whether it is idempotent, so that a request may be retried automatically: RFC 9110 §9.2.2.
    pub fn is_idempotent(&self) -> bool {
        matches!(&*self.0, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
    }

    /// Whether it anticipates a body, so that `Content-Length: 0` is sent without one: RFC 9110
    /// §8.6.
    fn anticipates_body(&self) -> bool {
        matches!(&*self.0, "POST" | "PUT" | "PATCH")
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The body of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RequestBody {
    /// No body.
    #[default]
    None,
    /// A body of so many bytes.
    Length(u64),
    /// A body in chunks, of unknown length.
    Chunked,
}

/// A request without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    method: Method,
    target: String,
    host: String,
    headers: Headers,
    body: RequestBody,
}

impl Request {
    /// A request to the origin of `url`: origin-form (RFC 9112 §3.2.1).
    pub fn new(method: Method, url: &Url) -> Request {
        Request::with_target(method, url.origin_form().to_owned(), url.host_and_port())
    }

    /// A request to a proxy for `url`: absolute-form (RFC 9112 §3.2.2).
    pub fn to_proxy(method: Method, url: &Url) -> Request {
        Request::with_target(method, url.absolute_form(), url.host_and_port())
    }

    /// A request to a proxy for a tunnel to `origin`: authority-form (RFC 9112 §3.2.3).
    pub fn connect(origin: &Origin) -> Request {
        Request::with_target(Method::CONNECT, origin.authority_form(), origin.authority_form())
    }

    fn with_target(method: Method, target: String, host: String) -> Request {
        Request { method, target, host, headers: Headers::new(), body: RequestBody::None }
    }

    /// Adds a field. `Host` replaces that of the URL.
    ///
    /// # Errors
    /// Those of [`Headers::push`]; [`Error::Misuse`] for fields that only the encoder may set or
    /// that are not supported: `Content-Length`, `Transfer-Encoding`, `Expect`, `TE`, `Trailer`,
    /// `Upgrade` and `HTTP2-Settings`.
    pub fn header(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
            return Err(Error::Misuse(
                "this field cannot be set: the encoder sets it, or it is not supported",
            ));
        }
        self.headers.push(name, value)
    }

    /// Sets the body.
    pub fn set_body(&mut self, body: RequestBody) {
        self.body = body;
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The fields that were added, so without those of the framing and without `Host` unless it was
    /// set.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> RequestBody {
        self.body
    }

    /// Appends the head to `out`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] if it does not fit into `out`. Nothing is then appended.
    pub fn encode(&self, out: &mut Buffer) -> Result<(), Error> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                head.extend_from_slice(part);
            }
        };
        let is_host = |name: &str| name.eq_ignore_ascii_case("Host");
        match self.headers.get("Host") {
            Some(host) => line(host.name, host.value),
            None => line("Host", self.host.as_bytes()),
        }
        self.headers.iter().filter(|field| !is_host(field.name)).for_each(|field| {
            line(field.name, field.value);
        });
        match self.body {
            RequestBody::Length(length) => line("Content-Length", length.to_string().as_bytes()),
            RequestBody::Chunked => line("Transfer-Encoding", b"chunked"),
            RequestBody::None if self.method.anticipates_body() => line("Content-Length", b"0"),
            RequestBody::None => {}
        }
        head.extend_from_slice(b"\r\n");
        out.append(&head)
    }
}
