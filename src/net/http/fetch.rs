//! The request of a fetch.

use crate::http::form;
use crate::http::message::headers::Headers;
use crate::http::request::Method;
use crate::http::url::Url;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// The body of a request. It can be re-sent after a redirect or on another connection.
#[derive(Debug, Clone, Default)]
pub enum Body {
    /// No body.
    #[default]
    None,
    /// A body in memory.
    Bytes(Arc<[u8]>),
    /// A file, read from its beginning, and its length in bytes.
    File(Arc<File>, u64),
}

impl Body {
    /// Length in bytes; `None` where there is no body.
    pub fn len(&self) -> Option<u64> {
        match self {
            Body::None => None,
            Body::Bytes(bytes) => Some(bytes.len() as u64),
            Body::File(_, len) => Some(*len),
        }
    }

    /// Whether there is no body, or an empty one.
    pub fn is_empty(&self) -> bool {
        self.len().unwrap_or(0) == 0
    }

    /// At most `max` bytes from `offset` on, borrowed or read into `scratch`.
    ///
    /// # Errors
    /// Those of the file; [`io::ErrorKind::UnexpectedEof`] if it is shorter than its given length.
    pub(super) fn read<'a>(
        &'a self,
        offset: u64,
        max: u64,
        scratch: &'a mut [u8],
    ) -> io::Result<&'a [u8]> {
        match self {
            Body::None => Ok(&[]),
            Body::Bytes(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                let rest = &bytes[from..];
                Ok(&rest[..rest.len().min(usize::try_from(max).unwrap_or(usize::MAX))])
            }
            Body::File(file, _) => {
                let len = scratch.len().min(usize::try_from(max).unwrap_or(usize::MAX));
                match file.read_at(&mut scratch[..len], offset)? {
                    0 if len > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
                    read => Ok(&scratch[..read]),
                }
            }
        }
    }
}

/// A request, without the fields that the client adds.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The method.
    pub method: Method,
    /// The URL. Its fragment and userinfo are not sent.
    pub url: Url,
    /// The fields, without `Host` and those of the framing. `User-Agent`, `Accept` and
    /// `Accept-Encoding` are added where they are missing.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

impl Fetch {
    /// A request without a body.
    pub fn new(method: Method, url: Url) -> Fetch {
        Fetch { method, url, headers: Headers::new(), body: Body::None }
    }

    /// A GET request.
    pub fn get(url: Url) -> Fetch {
        Fetch::new(Method::GET, url)
    }

    /// A POST request with a form as `application/x-www-form-urlencoded`.
    pub fn post_form(url: Url, fields: &[(&str, &str)]) -> Fetch {
        let mut text = String::new();
        for (name, value) in fields {
            form::push(&mut text, name, value);
        }
        let mut fetch = Fetch::new(Method::POST, url);
        fetch.set_form(text);
        fetch
    }

    /// Sets the body to a form that is urlencoded already, and `Content-Type` if it is missing.
    pub fn set_form(&mut self, form: String) {
        self.body = Body::Bytes(form.into_bytes().into());
        self.set_type("application/x-www-form-urlencoded");
    }

    /// Sets `Content-Type` if it is missing.
    pub fn set_type(&mut self, media_type: &'static str) {
        if self.headers.get("Content-Type").is_none() {
            let pushed = self.headers.push("Content-Type", media_type.as_bytes());
            debug_assert!(pushed.is_ok(), "the media types of this crate are field values");
        }
    }

    /// What the fetch is called where progress is shown: the last segment of the path, or the host.
    pub(super) fn label(&self) -> String {
        let path = self.url.path().trim_end_matches('/');
        match path.rsplit('/').next() {
            Some(segment) if !segment.is_empty() => segment.to_owned(),
            _ => self.url.host().to_string(),
        }
    }
}
