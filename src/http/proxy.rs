//! Proxies, as the environment names them.
//!
//! ```text
//!   http_proxy=http://user:password@proxy.example:3128    http:// URLs    ┐ all_proxy, where
//!   https_proxy=proxy.example:3128                        https:// URLs   ┘ one is not set
//!   no_proxy=localhost,.example.com,10.0.0.0/8,[::1]:8080       asked for without a proxy
//! ```
//!
//! Specification: none; the names are a habit. RFC 9110 §7.3.2 (what a proxy is for),
//! RFC 7617 (Basic), RFC 4632 and RFC 4291 §2.3 (blocks of addresses).
//!
//! Only the lower-case names are read. A server hands the fields of a request to a CGI program as
//! `HTTP_` and the name, so that `Proxy: evil.example` becomes `HTTP_PROXY`: whoever sends a
//! request would choose the proxy of what it starts (httpoxy, CVE-2016-5385). An empty variable is
//! not set.
//!
//! # Where programs differ
//!
//! The four variables have no common reading. Compared: curl 7.88, urllib and requests on Python
//! 3.11.
//!
//! | | they | here |
//! |---|---|---|
//! | upper case | curl: all but `HTTP_PROXY`; Python: all, but `HTTP_PROXY` not under CGI | none |
//! | no port | curl: 1080; Python: 80 | 80, as in any `http://` URL |
//! | no scheme | both: `http://` | the same |
//! | localhost | both: asked for through the proxy | the same |
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
//! An item of none of these forms matches nothing, as in all of them: the variable is shared by
//! many programs, and each adds words of its own (`<local>`, `169.254/16`). A proxy that cannot be
//! used is an error: to go without it would be to go where the user did not want to. Names are not
//! looked up to compare them with blocks.

use crate::base64::{encode_into, encoded_len};
use crate::error::Error;
use crate::http::url::{Host, Scheme, Url, Userinfo};
use core::net::IpAddr;
use std::fmt;
use std::str::FromStr;

/// A variable that names a proxy that cannot be used. What it holds is not repeated: it may hold a
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

/// The value of `Proxy-Authorization`. It is a secret and prints as none.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Authorization(Box<str>);

impl Authorization {
    /// What goes onto the wire to the proxy, and nowhere else.
    pub fn value(&self) -> &str {
        &self.0
    }

    /// RFC 7617 §2: what could not be told apart on the other side is refused.
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

/// A proxy that is spoken to in clear. Its text is `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    /// Whom to connect to.
    pub host: Host,
    /// At which port.
    pub port: u16,
    /// What it wants to know of us: RFC 9110 §11.7.2.
    pub authorization: Option<Authorization>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Proxy {
    /// Reads `[http://][USER[:PASSWORD]@]HOST[:PORT][/]`.
    fn parse(text: &str) -> Result<Proxy, String> {
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            None => text,
            Some(_) => {
                let rule = "only http://HOST:PORT is understood, no socks and no https proxy";
                return Err(rule.to_owned());
            }
        };
        // A password in which one of these was not encoded would end here, and its first half be
        // taken for the port.
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            let rule = "nothing stands behind the host and port; in a password / is written %2F, \
                        ? %3F and # %23";
            return Err(rule.to_owned());
        }
        let url = Url::parse(&format!("http://{authority}")).map_err(reason)?;
        let is_said = |info: &&Userinfo| !info.user.is_empty() || !info.password.is_empty();
        let userinfo = url.userinfo().filter(is_said);
        let authorization = userinfo.map(Authorization::basic).transpose()?;
        Ok(Proxy { host: url.host().clone(), port: url.port(), authorization })
    }
}

/// The rule and its section. The offset would be that in another text than the user's.
fn reason(error: Error) -> String {
    format!("{} ({})", error.reason(), error.section().unwrap_or(""))
}

/// Which proxy to ask for which URL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    /// What is asked for without one.
    direct: Vec<Item>,
}

impl Proxies {
    /// Asks for each variable that matters: `all_proxy` only where one of the others is not set.
    ///
    /// # Errors
    /// The first variable that names a proxy that cannot be used.
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

    /// The proxy to ask for `url`; `None`: ask its own host.
    pub fn for_url(&self, url: &Url) -> Option<&Proxy> {
        let proxy = match url.scheme() {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        };
        proxy.filter(|_| !self.direct.iter().any(|item| item.matches(url)))
    }

    /// What proxies are sent to know the user by, for those who have to keep it out of a log.
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
    /// Every port if none is said.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name in lower case, and all below it.
    Domain(String),
    /// The addresses that share so many leading bits with this one.
    Block(IpAddr, u32),
}

impl Item {
    /// `None` where it is of no form that could match.
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
            (Hosts::Domain(domain), Host::Name(name), _) => is_below(name, domain),
            (Hosts::Block(block, len), _, Some(address)) => shares(*block, address, *len),
            (Hosts::Domain(_) | Hosts::Block(..), ..) => false,
        };
        is_host && self.port.is_none_or(|port| port == url.port())
    }
}

/// `ADDRESS` or `ADDRESS/LENGTH`; around an IPv6 address there may be brackets.
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
    // A block of IPv4 addresses that is written as one of IPv6.
    let before = bits - width(canonical);
    match len {
        _ if len > bits => None,
        _ if len < before => Some(Hosts::Block(address, len)),
        _ => Some(Hosts::Block(canonical, len - before)),
    }
}

/// A number in digits: `parse` alone would take a sign.
fn number<T: FromStr>(digits: &str) -> Option<T> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// Whether both are of one family and share the first `len` bits.
fn shares(block: IpAddr, address: IpAddr, len: u32) -> bool {
    let same = (bits(block) ^ bits(address)).leading_zeros();
    block.is_ipv4() == address.is_ipv4() && same >= len
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The bits of an address from the left.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// A name, with or without `.` or `*.` before it and `.` behind.
fn domain(text: &str) -> Option<Hosts> {
    let name = text.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(text);
    let name = undotted(name.strip_prefix('.').unwrap_or(name));
    (!name.is_empty()).then(|| Hosts::Domain(name.to_ascii_lowercase()))
}

/// Whether `name` is the domain or ends with a dot and the domain.
fn is_below(name: &str, domain: &str) -> bool {
    let before = undotted(name).strip_suffix(domain);
    before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Without the dot of the root.
fn undotted(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests;
