//! Oracles of URLs that name a server: `http://`, `https://`, `smtp://` and `smtps://`. A second
//! reading of RFC 3986 by splitting and folding accepts the same texts and finds the same parts,
//! and what was written is read again as the same.

use std::net::{Ipv4Addr, Ipv6Addr};
use wirewright::http::url::{Host, Scheme, Url};
use wirewright::smtp::url::Server;

/// The property, for any text.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    web(&text);
    mail(&text);
}

fn web(text: &str) {
    let (url, expected) = (Url::parse(text), naive_web(text));
    assert_eq!(url.is_ok(), expected.is_some(), "{text:?}: {url:?}");
    let translated = Url::parse_with(text, |_| Ok("other.example".into()));
    match (url, expected) {
        (Ok(url), Some(expected)) => {
            assert_eq!(parts(&url), expected, "{text:?}");
            assert_eq!(translated, Ok(url), "{text:?}: there was nothing to translate");
        }
        (Err(error), _) => {
            assert!(error.offset().is_some_and(|at| at <= text.len() as u64), "{text:?}: {error}");
            let host = translated.map(|url| url.host().to_string());
            assert!(host.is_err() || host == Ok("other.example".to_owned()), "{text:?}");
        }
        (Ok(_), None) => unreachable!("compared above"),
    }
}

/// What a URL leads to.
#[derive(Debug, PartialEq)]
struct Parts {
    is_https: bool,
    host: Host,
    port: u16,
    login: Option<(Vec<u8>, Vec<u8>)>,
    target: String,
}

fn parts(url: &Url) -> Parts {
    Parts {
        is_https: url.scheme() == Scheme::Https,
        host: url.host().clone(),
        port: url.port(),
        login: url.userinfo().map(|info| (info.user.clone(), info.password.clone())),
        target: url.origin_form().to_owned(),
    }
}

/// RFC 3986 §3 and RFC 9110 §4.2, with what `http::url` says that it refuses.
fn naive_web(text: &str) -> Option<Parts> {
    let is_odd = |c: char| c <= ' ' || c == '\x7f' || c == '\\';
    let escapes = text.split('%').skip(1);
    let mut escapes = escapes.map(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit));
    if text.contains(is_odd) || escapes.any(|digits| digits.count() < 2) {
        return None;
    }
    let text = text.split('#').next()?;
    let (text, query) = text.split_once('?').map_or((text, None), |(a, b)| (a, Some(b)));
    let (scheme, rest) = text.split_once("://")?;
    let is_https = match &*scheme.to_lowercase() {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut halves: Vec<&str> = authority.split('@').collect();
    let (host, port) = naive_host(halves.pop()?)?;
    let login = match halves[..] {
        [] => None,
        [login] => {
            let colon = login.find(':');
            let password = colon.map_or("", |at| &login[at + 1..]);
            Some((unescaped(&login[..colon.unwrap_or(login.len())]), unescaped(password)))
        }
        _ => return None,
    };
    let path = if path.is_empty() { "/" } else { path };
    let target = without_dots(escaped(path))
        + &query.map_or(String::new(), |q| "?".to_owned() + &escaped_query(q));
    let port = port.unwrap_or(if is_https { 443 } else { 80 });
    Some(Parts { is_https, host, port, login, target })
}

/// A host and its port; `None` within it: none was said.
fn naive_host(text: &str) -> Option<(Host, Option<u16>)> {
    if let Some(inner) = text.strip_prefix('[') {
        let (address, rest) = inner.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return Some((Host::V6(address), naive_port(rest)?));
    }
    let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let mut labels: Vec<&str> = name.split('.').collect();
    if labels.len() > 1 && labels.last() == Some(&"") {
        labels.pop();
    }
    if !name.chars().all(is_plain) || labels.contains(&"") {
        return None;
    }
    let last = labels[labels.len() - 1].to_lowercase();
    let is_hex = last.strip_prefix("0x").is_some_and(|x| x.chars().all(|c| c.is_ascii_hexdigit()));
    let host = match is_hex || last.chars().all(|c| c.is_ascii_digit()) {
        true if !name.ends_with('.') => Host::V4(naive_v4(&labels)?),
        true => return None,
        false => Host::Name(name.to_lowercase()),
    };
    Some((host, naive_port(rest)?))
}

/// Four decimal numbers, without zeros in front.
fn naive_v4(labels: &[&str]) -> Option<Ipv4Addr> {
    let number = |label: &&str| (0..=255u8).find(|number| number.to_string() == **label);
    let numbers: Vec<u8> = labels.iter().map(number).collect::<Option<_>>()?;
    Some(<[u8; 4]>::try_from(numbers).ok()?.into())
}

/// What stands behind a host.
fn naive_port(text: &str) -> Option<Option<u16>> {
    match text.chars().next() {
        None => Some(None),
        Some(':') if text.len() == 1 => Some(None),
        Some(':') => number(&text[1..]).map(Some),
        Some(_) => None,
    }
}

/// A number from 1 to 65535 in digits.
fn number(digits: &str) -> Option<u16> {
    let add = |sum: u32, c: char| Some((sum * 10 + c.to_digit(10)?).min(99_999));
    let value = digits.chars().try_fold(0, add)?;
    u16::try_from(value).ok().filter(|port| *port > 0)
}

fn escaped(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_graphic() && !b"\"<>[]^`{|}\\?#".contains(&byte);
    let one = |byte: u8| match kept(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn escaped_query(text: &str) -> String {
    text.split('?').map(escaped).collect::<Vec<_>>().join("?")
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut halves = text.split('%');
    let mut bytes = halves.next().unwrap_or("").as_bytes().to_vec();
    for half in halves {
        let digits = half.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.map(|digits| u8::from_str_radix(digits, 16).expect("digits")) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend_from_slice(&half.as_bytes()[2..]);
            }
            None => {
                bytes.push(b'%');
                bytes.extend_from_slice(half.as_bytes());
            }
        }
    }
    bytes
}

/// The two buffers of RFC 3986 §5.2.4, step by step, for a path that begins with `/`.
fn without_dots(mut input: String) -> String {
    let mut output = String::new();
    while !input.is_empty() {
        if input.starts_with("/./") || input == "/." {
            input = "/".to_owned() + input.get(3..).unwrap_or("");
        } else if input.starts_with("/../") || input == "/.." {
            input = "/".to_owned() + input.get(4..).unwrap_or("");
            output.truncate(output.rfind('/').unwrap_or(0));
        } else {
            let end = input[1..].find('/').map_or(input.len(), |at| at + 1);
            output.push_str(&input[..end]);
            input.drain(..end);
        }
    }
    output
}

fn mail(text: &str) {
    let (server, expected) = (Server::parse(text), naive_mail(text));
    assert_eq!(server.clone().ok(), expected, "{text:?}: {server:?}");
    let Ok(server) = server else {
        let offset = server.unwrap_err().offset();
        assert!(offset.is_some_and(|at| at <= text.len() as u64), "{text:?}: {offset:?}");
        return;
    };
    let scheme = if server.is_tls { "smtps" } else { "smtp" };
    let user = server.user.iter().flat_map(|user| user.bytes().map(|b| format!("%{b:02x}")));
    let at = if server.user.is_some() { "@" } else { "" };
    let written = format!("{scheme}://{}{at}{server}/", user.collect::<String>());
    assert_eq!(Server::parse(&written), Ok(server), "{text:?}: {written}");
}

/// What the page of `smtp::url` says, from both ends of the text.
fn naive_mail(text: &str) -> Option<Server> {
    let at = text.find("://")?;
    let is_tls = match &*text[..at].to_lowercase() {
        "smtp" => false,
        "smtps" => true,
        _ => return None,
    };
    let authority = &text[at + 3..];
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (Some(naive_user(user)?), place),
        None => (None, authority),
    };
    let (host, rest) = match place.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = inner.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, rest)
        }
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let is_named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    if host.is_empty() || !host.chars().all(is_named) {
        return None;
    }
    let port = match rest {
        "" if is_tls => 465,
        "" => 587,
        rest => number(rest.strip_prefix(':')?)?,
    };
    Some(Server { host: host.to_owned(), port, is_tls, user })
}

fn naive_user(text: &str) -> Option<String> {
    let user = String::from_utf8(unescaped(text)).ok()?;
    let is_good = !text.contains(':') && !user.is_empty() && !user.chars().any(char::is_control);
    is_good.then_some(user)
}
