//! HTTP/1.1 from the client's side: from a URL to the bytes of a request, and from the bytes of a
//! response to its events.
//!
//! ```text
//!   HTTP/1.1 103 Early Hints CR LF … CR LF       any interim responses         head
//!   HTTP/1.1 200 OK CR LF                        status line ┐
//!   Transfer-Encoding: chunked CR LF             fields      ├ the final head   head
//!   CR LF                                        empty line  ┘
//!   5 CR LF hello CR LF                          body, as the fields frame it   body, chunked
//!   0 CR LF
//!   Digest: … CR LF CR LF                        trailer fields, after chunks   chunked, head
//!   HTTP/1.1 200 OK CR LF …                      the response to the next request
//! ```
//!
//! What it is for: to fetch over HTTP, and to find the end of each response with certainty,
//! whatever a server sends. Programs use it through `net::http`; the commands are `http`,
//! `download` and `sms`.
//!
//! Specification: RFC 9110 (what messages mean) and RFC 9112 (how they travel), which replaced
//! RFC 7230 and 7231 in 2022; RFC 3986 for URLs.
//!
//! # Grammar
//!
//! ABNF of RFC 9112 §2.1, §4, §5 and §7.1, as it is read here:
//!
//! ```text
//! response    = status-line *( field-line CRLF ) CRLF [ body ]
//! status-line = "HTTP/1." DIGIT SP 3DIGIT SP [ reason-phrase ] CRLF
//! field-line  = token ":" OWS field-value OWS              no space before the colon
//! body        = *OCTET / chunked-body                      as the fields frame it, see below
//! chunked-body = *chunk last-chunk *( field-line CRLF ) CRLF
//! chunk       = 1*HEXDIG [ chunk-ext ] CRLF 1*OCTET CRLF   so many octets as the digits say
//! last-chunk  = 1*"0" [ chunk-ext ] CRLF
//! chunk-ext   = *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
//! ```
//!
//! # States
//!
//! ```text
//!   Idle ─send─▶ Lines ─ a head ─┬─ 1xx ──▶ Interim ─▶ Lines
//!                                └─ else ─▶ Final ─┬─▶ Chunked ─▶ Trailers ─┐
//!                                                  ├─▶ Length ──────────────┼─▶ End
//!                                                  ├─▶ Close ───────────────┤    │
//!                                                  └─ no body ──────────────┘    │
//!       ┌──────────────────┬───────────────────────────────────────┬─────────────┘
//!       ▼ may be reused    ▼ may not                               ▼ 2xx to CONNECT
//!     Idle              Closing                                 Tunnel
//!
//!   the body of the request, at the same time:
//!     Length, or Chunked ─finish_body─▶ LastChunk ─▶ Sent; Stopped by the response
//!
//!   within a chunked body, see `chunked`:
//!     Size ─▶ (Space, Extension ─▶) SizeEnd ─┬─▶ Data ─▶ DataCr ─▶ DataLf ─▶ Size …
//!                                            └0▶ Trailers ─▶ Done
//! ```
//!
//! # How a response is framed
//!
//! No single field tells where a response ends. Its status, the method of the request and two
//! fields decide together, and each combination that two programs could read differently is a way
//! to hide a second response in the body of the first. [`framing`](message::body::framing) is that
//! decision, in the order of RFC 9112 §6.3:
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
//! - `chunked` twice, not last, with parameters or misspelt, and other transfer codings: the end of
//!   the body, or its content, is unknown.
//! - Chunk sizes with a sign or a prefix, and anything but CR LF after the data: one parser takes
//!   for body what another takes for the next size.
//! - A CR without LF, NUL, other control characters: some take them for a line end, some for a
//!   space, some for the end of the text.
//! - White space before a colon, a line without one, a fold before the first field: some skip the
//!   line, some take it for a field of that name.
//! - A status that is not 100 to 999, another major version, HTTP/0.9: it is another protocol.
//! - 101 that was not requested, bytes when no request is outstanding: they answer no request of
//!   this client.
//! - A stream that ends early, or in another way than by its proper end: a part would pass for the
//!   whole.
//!
//! A fault that does not make the message ambiguous is tolerated with a [`config::Remark`], or an
//! error under [`config::Policy::Strict`]: a bare LF in a head, folded lines, a missing reason
//! phrase, a repeated length, a length beside `chunked` (which then closes the connection), and
//! some more that the RFC asks recipients to accept. Each is documented at its check.
//!
//! # Where to look
//!
//! - [`exchange`]: the session, which uses all other modules; begin there.
//! - [`message`]: lines into fields, the framing of the body, chunked coding.
//! - [`reuse`]: why a connection has to be closed.
//! - [`url`], [`request`]: the request. [`redirect`]: the request that follows a redirect.
//!   [`form`]: the body of a form.
//! - [`coding`]: gzip and deflate, also chained. [`range`]: resuming a download.
//! - [`config`]: every limit.
//!
//! # Limits
//!
//! [`config::Limits`]; lengths in bytes, for one connection or one response.
//!
//! | name | default | what it guards against |
//! |---|---|---|
//! | [`line_bytes_max`] | 16,384 | an endless line |
//! | [`head_bytes_max`] | 131,072 | an endless head |
//! | [`trailer_bytes_max`] | 16,384 | endless fields after the body |
//! | [`fields_max`] | 256 | many tiny fields, each of which costs memory |
//! | [`interim_max`] | 32 | endless 1xx responses without a final one |
//! | [`chunk_ext_bytes_max`] | 4,096 | an endless extension |
//! | [`chunk_ext_total_bytes_max`] | 1,048,576 | more extension than body |
//! | [`body_bytes_max`] | none | a body longer than the caller wants |
//! | [`decoded_bytes_max`] | none | the same, once its coding is undone |
//! | [`decoded_ratio_max`] | 250 | a few bytes that inflate to gigabytes |
//! | [`decoded_ratio_from_bytes`] | 16,777,216 | refusing short, regular bodies |
//! | [`codings_max`] | 5 | a chain of inflaters, each with its window |
//! | [`redirects_max`] | 10 | endless redirects |
//! | [`first_byte_wait`] | 60 s | a server that never answers |
//! | [`head_wait`] | 30 s | a head that arrives too slowly |
//! | [`body_wait`] | 30 s | a body that moves too slowly, in either direction |
//! | [`payload_quantum`] | 4,096 | single bytes sent to avoid the timeout |
//! | [`idle_wait`] | 60 s | connections that are kept but not used |
//!
//! [`line_bytes_max`]: config::Limits::line_bytes_max
//! [`head_bytes_max`]: config::Limits::head_bytes_max
//! [`trailer_bytes_max`]: config::Limits::trailer_bytes_max
//! [`fields_max`]: config::Limits::fields_max
//! [`interim_max`]: config::Limits::interim_max
//! [`chunk_ext_bytes_max`]: config::Limits::chunk_ext_bytes_max
//! [`chunk_ext_total_bytes_max`]: config::Limits::chunk_ext_total_bytes_max
//! [`body_bytes_max`]: config::Limits::body_bytes_max
//! [`decoded_bytes_max`]: config::Limits::decoded_bytes_max
//! [`decoded_ratio_max`]: config::Limits::decoded_ratio_max
//! [`decoded_ratio_from_bytes`]: config::Limits::decoded_ratio_from_bytes
//! [`codings_max`]: config::Limits::codings_max
//! [`redirects_max`]: config::Limits::redirects_max
//! [`first_byte_wait`]: config::Limits::first_byte_wait
//! [`head_wait`]: config::Limits::head_wait
//! [`body_wait`]: config::Limits::body_wait
//! [`payload_quantum`]: config::Limits::payload_quantum
//! [`idle_wait`]: config::Limits::idle_wait
//!
//! Offsets count from the beginning of the connection's stream, so that they can be found in a
//! packet capture.
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
//! let mut scratch = [0; 64];
//! let mut body = Vec::new();
//! loop {
//!     let received = exchange.receive(input, &mut scratch)?;
//!     input = &input[received.consumed..];
//!     match received.into_event() {
//!         Some(Event::Body(bytes)) => body.extend_from_slice(bytes),
//!         Some(Event::End(end)) => break assert!(end.close.is_empty()),
//!         Some(_) => {}
//!         None => unreachable!("there is more input"),
//!     }
//! }
//! assert_eq!(body, b"hello");
//! # Ok::<(), wirewright::error::Error>(())
//! ```

pub mod coding;
pub mod config;
pub mod exchange;
pub mod form;
pub mod message;
pub mod naming;
pub mod proxy;
pub mod range;
pub mod redirect;
mod reference;
pub mod request;
pub mod reuse;
pub mod url;
