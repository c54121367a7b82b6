//! HTTP/1.1 from the client's side: from a URL to the bytes of a request, and from the bytes of a
//! response to its events.
//!
//! ```text
//!   HTTP/1.1 103 Early Hints CR LF … CR LF       any number of interim responses   head
//!   HTTP/1.1 200 OK CR LF                        status line ┐
//!   Transfer-Encoding: chunked CR LF             fields      ├ the final head      head
//!   CR LF                                        empty line  ┘
//!   5 CR LF hello CR LF                          body, as the fields frame it      body, chunked
//!   0 CR LF
//!   Digest: … CR LF CR LF                        trailer fields, behind chunks     chunked, head
//!   HTTP/1.1 200 OK CR LF …                      the response to the next request
//! ```
//!
//! Specification: RFC 9110 (what messages mean) and RFC 9112 (how they travel), which replaced
//! RFC 7230 and 7231 in 2022; RFC 3986 for URLs.
//!
//! # How a response is framed
//!
//! A response does not say in one place how long it is. Its status, the method of the request and
//! two fields decide together, and each combination that two programs could read differently is a
//! way to hide a second response in the body of the first. [`body::framing`] is that decision, in
//! the order of RFC 9112 §6.3:
//!
//! ```text
//!                    HEAD, 1xx, 204, 304 ─▶ none ────────────────────────┐
//!                    2xx to CONNECT      ─▶ none, a tunnel               │
//!   head ─▶ framing ─ Transfer-Encoding  ─▶ chunked: up to the last chunk├─▶ end ─▶ reuse?
//!                    Content-Length      ─▶ length: so many bytes        │
//!                    neither             ─▶ close: up to the end of the ─┘
//!                                                  stream, if it is a proper one
//! ```
//!
//! # What is refused, and why
//!
//! - Two lengths that differ; a length with a sign, a prefix, a space, or none at all: two readers
//!   would end the body in two places.
//! - `chunked` twice, not last, with parameters or misspelt, and other transfer codings: nobody
//!   knows where the body ends, or what it says.
//! - Chunk sizes with a sign or a prefix, and anything but CR LF behind the data: what is the next
//!   size to one reader is body to another.
//! - A CR without LF, NUL, other control characters: some take them for a line end, some for a
//!   space, some for the end of the text.
//! - White space before a colon, a line without one, a fold before the first field: some skip the
//!   line, some take it for a field of that name.
//! - A status that is not 100 to 999, another major version, HTTP/0.9: it is another protocol.
//! - 101 unasked, bytes when no request is outstanding: it is an answer to somebody else.
//! - A stream that ends early, or in another way than by its proper end: a part would pass for the
//!   whole.
//!
//! What is wrong without any doubt about its meaning is tolerated with a [`config::Remark`], or an
//! error under [`config::Policy::Strict`]: a bare LF in a head, folded lines, a missing reason
//! phrase, a length said twice, a length beside `chunked` (which then closes the connection), and
//! some more that the RFC asks to be forgiven. Each stands at its check.
//!
//! # Where to look
//!
//! - [`exchange`]: the session, which holds all of this together; begin there.
//! - [`head`], [`headers`]: lines into fields. [`body`]: framing. [`chunked`]: the coding.
//! - [`reuse`]: why a connection has to be closed.
//! - [`url`], [`request`]: what is asked for. [`redirect`]: where to ask next. [`form`]: what to
//!   send along.
//! - [`coding`]: gzip and deflate. [`range`]: going on where a download stopped.
//! - [`config`]: every limit.
//!
//! Offsets count from the beginning of the stream of the connection, so that they can be found in a
//! capture of it.
//!
//! ```
//! use wirewright::buffer::Buffer;
//! use wirewright::http::config::Config;
//! use wirewright::http::exchange::{Event, Exchange};
//! use wirewright::http::request::{Method, Request};
//! use wirewright::http::url::Url;
//! use wirewright::session::Session as _;
//!
//! let mut exchange = Exchange::new(Config::default());
//! exchange.send(&Request::new(Method::GET, &Url::parse("http://example.org/")?))?;
//! let mut out = Buffer::with_limit(4096);
//! exchange.transmit(&mut out);
//! assert_eq!(out.readable(), b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
//!
//! let mut input = &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..];
//! let mut room = [0; 64];
//! let mut body = Vec::new();
//! loop {
//!     let received = exchange.receive(input, &mut room)?;
//!     input = &input[received.consumed..];
//!     match received.event {
//!         Some(Event::Body(bytes)) => body.extend_from_slice(bytes),
//!         Some(Event::End(end)) => break assert!(end.close.is_empty()),
//!         Some(_) => {}
//!         None => unreachable!("there is more input"),
//!     }
//! }
//! assert_eq!(body, b"hello");
//! # Ok::<(), wirewright::error::Error>(())
//! ```

pub mod body;
pub mod chunked;
pub mod coding;
pub mod config;
pub mod exchange;
pub mod form;
pub mod head;
pub mod headers;
pub mod range;
pub mod redirect;
mod reference;
pub mod request;
pub mod reuse;
pub mod url;
