//! Oracles of the variables that name proxies: a second reading of the four of them, which compares
//! labels of names and bits of addresses one by one, sends every URL the same way; and no password
//! is repeated.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::net::{IpAddr, Ipv6Addr};
use wirewright::http::proxy::{Proxies, Proxy};
use wirewright::http::url::{Host, Scheme, Url};

/// The variables, in the order of the parts of an input.
const VARIABLES: [&str; 4] = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// The property. Parts are divided by NUL: the variables, then URLs.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let parts: Vec<&str> = text.split('\0').collect();
    let value = |variable: &str| {
        let at = VARIABLES.iter().position(|known| *known == variable).expect("no other is asked");
        parts.get(at).map(|value| (*value).to_owned())
    };
    let (proxies, expected) = (Proxies::from_lookup(value), naive(&value));
    let (proxies, ways) = match (proxies, expected) {
        (Ok(proxies), Ok(ways)) => (proxies, ways),
        (Err(error), Err(variable)) => {
            assert_eq!(error.variable, variable, "{parts:?}");
            return;
        }
        (proxies, expected) => panic!("{parts:?}: {proxies:?}, {expected:?}"),
    };
    keeps_secrets(&proxies);
    let direct = value("no_proxy").unwrap_or_default();
    for url in parts.iter().skip(VARIABLES.len()).take(20).filter_map(|url| Url::parse(url).ok()) {
        let way = match url.scheme() {
            Scheme::Http => &ways[0],
            Scheme::Https => &ways[1],
        };
        let is_direct =
            direct.split(',').flat_map(str::split_whitespace).any(|item| match naive_hosts(item) {
                Some(block @ Hosts::Block(..)) => block.hold(url.host()),
                hosts => at_port(item, hosts, &url),
            });
        let way = way.as_ref().filter(|_| !is_direct);
        assert_eq!(proxies.for_url(&url).map(shown).as_ref(), way, "{url} in {parts:?}");
    }
}

/// Where a proxy is, and what it wants to know.
type Way = (String, Option<String>);

fn shown(proxy: &Proxy) -> Way {
    let secret = proxy.authorization.as_ref().map(|secret| secret.value().to_owned());
    (proxy.to_string(), secret)
}

fn keeps_secrets(proxies: &Proxies) {
    let shown = format!("{proxies:?}");
    let mut secrets = proxies.authorizations().map(|secret| &secret.value()["Basic ".len()..]);
    assert!(!secrets.any(|secret| secret.len() > 12 && shown.contains(secret)), "{shown}");
}

/// The ways of `http` and of `https`, or the variable that is wrong.
fn naive(value: &dyn Fn(&str) -> Option<String>) -> Result<[Option<Way>; 2], &'static str> {
    let way = |variable: &'static str| match value(variable) {
        Some(text) if !text.trim().is_empty() => match naive_way(text.trim()) {
            Some(way) => Ok(Some(way)),
            None => Err(variable),
        },
        _ => Ok(None),
    };
    let ways = [way("http_proxy")?, way("https_proxy")?];
    if ways.iter().all(Option::is_some) {
        return Ok(ways);
    }
    let all = way("all_proxy")?;
    Ok(ways.map(|way| way.or(all.clone())))
}

/// `[http://][USER[:PASSWORD]@]HOST[:PORT][/]`; `urls` checks what a URL is.
fn naive_way(text: &str) -> Option<Way> {
    let rest = match text.to_lowercase().starts_with("http://") {
        true => &text["http://".len()..],
        false => text,
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#']) {
        return None;
    }
    let url = Url::parse(&format!("http://{authority}/")).ok()?;
    let secret = match url.userinfo() {
        Some(info) if [&info.user[..], &info.password].concat().is_empty() => None,
        Some(info) => {
            let plain = [&info.user[..], b":", &info.password].concat();
            if info.user.contains(&b':') || plain.iter().any(|b| *b < b' ' || *b == 0x7f) {
                return None;
            }
            Some(format!("Basic {}", STANDARD.encode(plain)))
        }
        None => None,
    };
    Some((url.authority_form(), secret))
}

/// What an item without a port stands for.
enum Hosts {
    All,
    /// The labels of a name.
    Below(Vec<String>),
    /// The bits that addresses of a family begin with.
    Block(bool, Vec<bool>),
}

impl Hosts {
    fn hold(&self, host: &Host) -> bool {
        match (self, host) {
            (Hosts::All, _) => true,
            (Hosts::Below(end), Host::Name(name)) => labels(name).ends_with(end),
            (Hosts::Below(_), _) | (Hosts::Block(..), Host::Name(_)) => false,
            (Hosts::Block(is_v4, begin), Host::V4(address)) => {
                *is_v4 && bits((*address).into()).starts_with(begin)
            }
            (Hosts::Block(is_v4, begin), Host::V6(address)) => {
                let address = mapped(*address).unwrap_or((*address).into());
                *is_v4 == address.is_ipv4() && bits(address).starts_with(begin)
            }
        }
    }
}

/// For an item that is no address: what stands before its last colon, and the port behind it.
fn at_port(item: &str, whole: Option<Hosts>, url: &Url) -> bool {
    let (hosts, is_port) = match item.rsplit_once(':') {
        Some((before, port)) => {
            let port = port.trim_start_matches('0');
            (naive_hosts(before), port == url.port().to_string())
        }
        None => (whole, true),
    };
    is_port && hosts.is_some_and(|hosts| hosts.hold(url.host()))
}

fn naive_hosts(text: &str) -> Option<Hosts> {
    let (address, len) = text.split_once('/').map_or((text, None), |(a, len)| (a, Some(len)));
    let address: Option<IpAddr> = match address.starts_with('[') && address.ends_with(']') {
        true => address[1..address.len() - 1].parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        false => address.parse().ok(),
    };
    let Some(address) = address else {
        return match text {
            "*" => Some(Hosts::All),
            _ => naive_name(text),
        };
    };
    let mut bits_of = bits(address);
    if let Some(len) = len {
        let is_number = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
        let digits = len.trim_start_matches('0');
        let len = (0..=bits_of.len()).find(|n| *n > 0 && digits == n.to_string());
        let len = if digits.is_empty() { Some(0) } else { len };
        match len.filter(|_| is_number) {
            Some(len) => bits_of.truncate(len),
            None => return naive_name(text),
        }
    }
    match address {
        IpAddr::V6(v6) if mapped(v6).is_some() && bits_of.len() >= 96 => {
            Some(Hosts::Block(true, bits_of.split_off(96)))
        }
        _ => Some(Hosts::Block(address.is_ipv4(), bits_of)),
    }
}

fn naive_name(text: &str) -> Option<Hosts> {
    let text = text.to_ascii_lowercase();
    let bare = ["*.", "."].iter().find_map(|mark| text.strip_prefix(mark)).unwrap_or(&text);
    let end = labels(bare);
    (!end.concat().is_empty()).then_some(Hosts::Below(end))
}

/// Without the empty one of the root.
fn labels(name: &str) -> Vec<String> {
    name.strip_suffix('.').unwrap_or(name).split('.').map(str::to_owned).collect()
}

/// RFC 4291 §2.5.5.2: an IPv4 address that is written as one of IPv6.
fn mapped(address: Ipv6Addr) -> Option<IpAddr> {
    match address.octets() {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d] => Some([a, b, c, d].into()),
        _ => None,
    }
}

fn bits(address: IpAddr) -> Vec<bool> {
    let octets = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    octets.iter().flat_map(|octet| (0..8).map(move |bit| octet & (0x80 >> bit) != 0)).collect()
}
