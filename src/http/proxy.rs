//! Proxies from the environment variables `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`.
//!
//! ```text
//!   http_proxy=http://user:password@proxy.example:3128    http:// URLs    ┐ all_proxy if
//!   https_proxy=proxy.example:3128                        https:// URLs   ┘ not set
//!   no_proxy=localhost,.example.com,10.0.0.0/8,[::1]:8080       requested without a proxy
//! ```
//!
//! Specification: none for the variables, which are a convention. RFC 9110 §7.3.2 (requests to a
//! proxy), RFC 7617 (Basic), RFC 4632 and RFC 4291 §2.3 (address prefixes).
//!
//! Only the lower-case names are read. A server passes the fields of a request to a CGI program as
//! variables named `HTTP_` and the field name, so that `Proxy: evil.example` becomes `HTTP_PROXY`.
//! Then the sender of the request would choose the proxy of the CGI program (httpoxy,
//! CVE-2016-5385). An empty variable counts as not set.
//!
//! # Differences between programs
//!
//! Programs interpret the four variables differently. Compared: curl 7.88, urllib and requests on
//! Python 3.11.
//!
//! | | others | here |
//! |---|---|---|
//! | upper case | curl: all but `HTTP_PROXY`; Python: all, but `HTTP_PROXY` not under CGI | none |
//! | no port | curl: 1080; Python: 80 | 80, as in any `http://` URL |
//! | no scheme | both: `http://` | the same |
//! | localhost | both: requested through the proxy | the same |
//! | `*` | both: only as the whole value | an item like any other |
//! | `example.com` | both: the host and its subdomains | the same |
//! | `.example.com` | both: the same as without the dot | the same |
//! | `*.example.com` | both: matches nothing | the same as `example.com` |
//! | `example.com.` | curl: the same as without the dot; Python: matches nothing | as curl |
//! | `example.com:81` | curl: matches nothing; Python: that port alone | as Python |
//! | `0.0.1` | curl: matches nothing; Python: the end of `127.0.0.1` | as curl |
//! | `10.0.0.0/8` | curl, requests: a block; urllib: matches nothing | a block, IPv6 as well |
//! | `[::1]` | curl: only without brackets; urllib: only with them | both |
//! | `a b` | curl: two items; Python: one that matches nothing | two |
//!
//! An item of another form matches nothing, as in the other programs: many programs share the
//! variable, and some add their own forms (`<local>`, `169.254/16`). A proxy that cannot be used is
//! an error, because a direct connection is not what the user asked for. Host names are not
//! resolved to compare them with address blocks.

use crate::base64::{encode_into, encoded_len};
use crate::error::Error;
use crate::http::url::{Host, Scheme, Url, Userinfo};
use core::net::IpAddr;
use std::fmt;
use std::str::FromStr;

/// A variable with a proxy that cannot be used. Its value is not repeated, since it may have a
/// password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// The name of the variable.
    pub variable: &'static str,
    /// What is wrong with its value, for people.
    pub why: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "environment variable {}: {}", self.variable, self.why)
    }
}

impl std::error::Error for Unusable {}

/// The value of `Proxy-Authorization`: a secret, which `Debug` does not print.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Authorization(Box<str>);

impl Authorization {
    /// The value of the field, for requests to the proxy only.
    pub fn value(&self) -> &str {
        &self.0
    }

    /// The credentials of RFC 7617 §2, without a colon in the user name, which the proxy would take
    /// for the separator.
    fn basic(userinfo: &Userinfo) -> Result<Authorization, &'static str> {
        let Userinfo { user, password } = userinfo;
        if user.contains(&b':') {
            return Err("no user name holds a colon (RFC 7617 §2)");
        }
        if user.iter().chain(password).any(u8::is_ascii_control) {
            return Err("neither user nor password holds a control character (RFC 7617 §2)");
        }
        let plain = [user, &b":"[..], password].concat();
        let mut text = vec![0; encoded_len(plain.len())];
        encode_into(&plain, &mut text);
        let text = text.into_iter().map(char::from);
        Ok(Authorization("Basic ".chars().chain(text).collect::<String>().into()))
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authorization(…)")
    }
}

/// A proxy over plain TCP. `Display` writes `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// The host to connect to.
    pub host: Host,
    /// The port to connect to.
    pub port: u16,
    /// The credentials for the proxy: RFC 9110 §11.7.2.
    pub authorization: Option<Authorization>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Proxy {
    /// Parses `[http://][USER[:PASSWORD]@]HOST[:PORT][/]`.
    fn parse(text: &str) -> Result<Proxy, String> {
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            None => text,
            Some(_) => {
                let rule = "only http://HOST:PORT is understood, no socks and no https proxy";
                return Err(rule.to_owned());
            }
        };
        // With one of these unencoded in the password, the part before it would be taken for host
        // and port.
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            let rule = "nothing follows the host and port; in a password / is written %2F, \
                        ? %3F and # %23";
            return Err(rule.to_owned());
        }
        let url = Url::parse(&format!("http://{authority}")).map_err(reason)?;
        let is_given = |info: &&Userinfo| !info.user.is_empty() || !info.password.is_empty();
        let userinfo = url.userinfo().filter(is_given);
        let authorization = userinfo.map(Authorization::basic).transpose()?;
        Ok(Proxy { host: url.host().clone(), port: url.port(), authorization })
    }
}

/// The rule and its section, without the offset, which counts in another text than the user's.
fn reason(error: Error) -> String {
    format!("{} ({})", error.reason(), error.section().unwrap_or(""))
}

/// The proxies for each scheme, and the hosts without a proxy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    /// What is requested without a proxy.
    direct: Vec<Item>,
}

impl Proxies {
    /// Reads the variables; `all_proxy` only if one of the others is not set.
    ///
    /// # Errors
    /// The first variable with a proxy that cannot be used.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Proxies, Unusable> {
        let set = |variable| lookup(variable).filter(|value| !value.trim().is_empty());
        let read = |variable| {
            let proxy = set(variable).map(|value| Proxy::parse(value.trim())).transpose();
            proxy.map_err(|why| Unusable { variable, why })
        };
        let (mut http, mut https) = (read("http_proxy")?, read("https_proxy")?);
        if http.is_none() || https.is_none() {
            let all = read("all_proxy")?;
            http = http.or_else(|| all.clone());
            https = https.or(all);
        }
        let direct = set("no_proxy").unwrap_or_default();
        let items = direct.split(|c: char| c == ',' || c.is_whitespace());
        Ok(Proxies { http, https, direct: items.filter_map(Item::parse).collect() })
    }

    /// The proxy for `url`; `None` for a direct connection.
    pub fn for_url(&self, url: &Url) -> Option<&Proxy> {
        let proxy = match url.scheme() {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        };
        proxy.filter(|_| !self.direct.iter().any(|item| item.matches(url)))
    }

    /// The credentials for all proxies, for callers that have to keep them out of logs.
    pub fn authorizations(&self) -> impl Iterator<Item = &Authorization> {
        [&self.http, &self.https]
            .into_iter()
            .flatten()
            .filter_map(|proxy| proxy.authorization.as_ref())
    }
}

/// An item of `no_proxy`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    hosts: Hosts,
    /// The port; `None` for every port.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name in lower case, and its subdomains.
    Domain(String),
    /// The addresses that share a number of leading bits with this one.
    Block(IpAddr, u32),
}

impl Item {
    /// Parses an item; `None` for a form that matches nothing.
    fn parse(text: &str) -> Option<Item> {
        if let Some(block) = block(text) {
            return Some(Item { hosts: block, port: None });
        }
        let (hosts, port) = match text.rsplit_once(':') {
            Some((hosts, port)) => (hosts, Some(number(port)?)),
            None => (text, None),
        };
        let hosts = match hosts {
            "*" => Hosts::All,
            _ => block(hosts).or_else(|| domain(hosts))?,
        };
        Some(Item { hosts, port })
    }

    fn matches(&self, url: &Url) -> bool {
        let address = match *url.host() {
            Host::Name(_) => None,
            Host::V4(address) => Some(IpAddr::V4(address)),
            Host::V6(address) => Some(address.to_canonical()),
        };
        let is_host = match (&self.hosts, url.host(), address) {
            (Hosts::All, ..) => true,
            (Hosts::Domain(domain), Host::Name(name), _) => is_subdomain(name, domain),
            (Hosts::Block(block, len), _, Some(address)) => shares(*block, address, *len),
            (Hosts::Domain(_) | Hosts::Block(..), ..) => false,
        };
        is_host && self.port.is_none_or(|port| port == url.port())
    }
}

/// Parses `ADDRESS` or `ADDRESS/LENGTH`; an IPv6 address may be in brackets.
fn block(text: &str) -> Option<Hosts> {
    let (address, len) = match text.split_once('/') {
        Some((address, len)) => (address, Some(number::<u32>(len)?)),
        None => (text, None),
    };
    let inner = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let address: IpAddr = match inner {
        Some(inner) => IpAddr::V6(inner.parse().ok()?),
        None => address.parse().ok()?,
    };
    let (bits, canonical) = (width(address), address.to_canonical());
    let len = len.unwrap_or(bits);
    // IPv4 addresses that are written as IPv4-mapped IPv6 addresses.
    let before = bits - width(canonical);
    match len {
        _ if len > bits => None,
        _ if len < before => Some(Hosts::Block(address, len)),
        _ => Some(Hosts::Block(canonical, len - before)),
    }
}

/// A number in digits: `parse` alone would accept a sign.
fn number<T: FromStr>(digits: &str) -> Option<T> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Whether both addresses are of the same family and share the first `len` bits.
fn shares(block: IpAddr, address: IpAddr, len: u32) -> bool {
    let same = (bits(block) ^ bits(address)).leading_zeros();
    block.is_ipv4() == address.is_ipv4() && same >= len
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The bits of an address, left-aligned.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Parses a domain, with an optional `.` or `*.` before it and `.` after it.
fn domain(text: &str) -> Option<Hosts> {
    let name = text.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(text);
    let name = undotted(name.strip_prefix('.').unwrap_or(name));
    (!name.is_empty()).then(|| Hosts::Domain(name.to_ascii_lowercase()))
}

/// Whether `name` is the domain or a subdomain of it.
fn is_subdomain(name: &str, domain: &str) -> bool {
    let before = undotted(name).strip_suffix(domain);
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// The name without the trailing dot of the root.
fn undotted(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests;
