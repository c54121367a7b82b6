//! Oracles of what a client says: URLs stay what they are when they are written and read again,
//! references lead to URLs of the same kind, redirects never lead to less safety, and a request
//! that was put together is one request to another reader, httparse.

use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::http::config::Limits;
use wirewright::http::message::headers::Headers;
use wirewright::http::redirect::Chain;
use wirewright::http::request::{Method, Request, RequestBody};
use wirewright::http::url::{Scheme, Url};

/// The property. Parts are divided by NUL: a byte of choices, then a URL, a reference, a method,
/// and names and values of fields.
pub fn check(data: &[u8]) {
    let Some((&choice, text)) = data.split_first() else { return };
    let mut parts = text.split(|byte| *byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (url, reference, method) = (next(), next(), next());
    let Some(url) = parsed(&String::from_utf8_lossy(url)) else { return };
    if let Some(joined) = joined(&url, reference) {
        redirected(choice, &url, &joined);
    }
    let Some(method) = method_of(&String::from_utf8_lossy(method)) else { return };
    let fields: Vec<&[u8]> = parts.collect();
    requested(choice, method, &url, &fields);
}

/// An error has its place in the text.
fn lies_within(error: &Error, len: usize) {
    assert!(error.offset().is_some_and(|offset| offset <= len as u64), "{error} in {len} bytes");
}

fn parsed(text: &str) -> Option<Url> {
    match Url::parse(text) {
        Ok(url) => {
            let is_odd = |byte: u8| byte <= b' ' || byte == 0x7F || byte == b'\\';
            assert!(!text.bytes().any(is_odd), "{text:?}");
            is_a_url(&url);
            Some(url)
        }
        Err(error) => {
            lies_within(&error, text.len());
            None
        }
    }
}

/// What holds for every URL.
fn is_a_url(url: &Url) {
    let text = url.to_string();
    assert!(text.bytes().all(|byte| (0x21..0x7F).contains(&byte) && byte != b'#'), "{text}");
    assert!(text.starts_with("http://") || text.starts_with("https://"));
    let again = Url::parse(&text).expect("what was written is read");
    assert_eq!((again.to_string(), again.origin()), (text.clone(), url.origin()));
    assert_eq!((again.path(), again.query()), (url.path(), url.query()));
    assert!(url.path().starts_with('/'));
    assert!(!url.path().split('/').any(|segment| matches!(segment, "." | "..")), "{text}");
    assert!(url.port() > 0 && text.ends_with(url.origin_form()));
    assert!(url.authority_form().ends_with(&format!(":{}", url.port())));
}

fn joined(base: &Url, reference: &[u8]) -> Option<Url> {
    let here = base.join(b"").expect("the same document");
    assert_eq!(here.to_string(), base.to_string());
    match base.join(reference) {
        Ok(url) => {
            is_a_url(&url);
            assert_eq!(base.join(url.to_string().as_bytes()).as_ref().map(Url::to_string), {
                Ok(url.to_string())
            });
            if !reference.contains(&b'#') {
                let marked = [reference, b"#x"].concat();
                assert_eq!(base.join(&marked).as_ref(), Ok(&url), "a fragment changes nothing");
            }
            if !reference.contains(&b':') && !reference.starts_with(b"//") {
                assert_eq!(url.origin(), base.origin());
            }
            Some(url)
        }
        Err(error) => {
            lies_within(&error, reference.len());
            None
        }
    }
}

/// A chain of two redirects: away and back.
fn redirected(choice: u8, from: &Url, to: &Url) {
    let status = [301, 302, 303, 307, 308][usize::from(choice) % 5];
    let mut chain = Chain::new(&Limits::default(), &Method::POST, from);
    let Ok(redirect) = chain.follow(status, 0, &location(to)) else {
        let is_loop = from.to_string() == to.to_string() && status > 303;
        let is_unsafe = (from.scheme(), to.scheme()) == (Scheme::Https, Scheme::Http);
        assert!(is_loop || is_unsafe || from.userinfo().is_some() || to.userinfo().is_some());
        return;
    };
    assert!(from.scheme() == Scheme::Http || redirect.url.scheme() == Scheme::Https);
    assert_eq!(redirect.drop_credentials, from.origin() != to.origin());
    assert_eq!(redirect.keep_body, redirect.method == Method::POST);
    if let Ok(back) = chain.follow(status, 0, &location(from)) {
        assert!(back.drop_credentials >= redirect.drop_credentials, "once away, always away");
    }
}

fn location(url: &Url) -> Headers {
    let mut headers = Headers::new();
    headers.push("Location", url.to_string().as_bytes()).expect("a URL is a good value");
    headers
}

fn method_of(text: &str) -> Option<Method> {
    match Method::new(text) {
        Ok(method) => Some(method),
        Err(error) => {
            lies_within(&error, text.len());
            None
        }
    }
}

/// Whatever was let in is one request, with just these fields.
fn requested(choice: u8, method: Method, url: &Url, fields: &[&[u8]]) {
    let mut request = match choice & 1 {
        0 => Request::new(method.clone(), url),
        _ => Request::to_proxy(method.clone(), url),
    };
    request.set_body(match choice & 6 {
        0 => RequestBody::None,
        2 => RequestBody::Chunked,
        _ => RequestBody::Length(choice.into()),
    });
    let mut expected: Vec<(String, Vec<u8>)> = Vec::new();
    for pair in fields.chunks_exact(2).take(20) {
        let name = String::from_utf8_lossy(pair[0]);
        if request.header(&name, pair[1]).is_ok() {
            expected.push((name.into_owned(), pair[1].trim_ascii().to_vec()));
        }
    }
    let mut out = Buffer::with_limit(1 << 20);
    request.encode(&mut out).expect("space in the output");
    let mut slots = [httparse::EMPTY_HEADER; 32];
    let mut other = httparse::Request::new(&mut slots);
    let parsed = other.parse(out.readable()).expect("a request");
    assert_eq!(parsed, httparse::Status::Complete(out.len()), "one request and nothing behind it");
    assert_eq!(other.method, Some(method.as_str()));
    let target = if choice & 1 == 0 { url.origin_form().to_owned() } else { url.absolute_form() };
    assert_eq!(other.path, Some(&*target));
    let framing = ["Content-Length", "Transfer-Encoding"];
    let said = other.headers.iter().filter(|field| !framing.contains(&field.name));
    let said: Vec<(String, Vec<u8>)> =
        said.map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
    let is_host = |pair: &&(String, Vec<u8>)| pair.0.eq_ignore_ascii_case("Host");
    let host = expected.iter().find(is_host).cloned();
    let host = host.unwrap_or(("Host".to_owned(), url.host_and_port().into_bytes()));
    let others = expected.iter().filter(|pair| !is_host(pair)).cloned();
    assert_eq!(said, std::iter::once(host).chain(others).collect::<Vec<_>>());
}
