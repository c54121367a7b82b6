//! The endpoint of a connection and the protocol spoken there.
//!
//! Specification: RFC 9112 §3.2.2 (absolute-form, to a proxy), RFC 9110 §9.3.6 (CONNECT).
//!
//! ```text
//!   http://a/    no proxy   a:80                    GET /
//!   http://a/    proxy p    p:8080                  GET http://a/          one for all origins
//!   https://a/   no proxy   a:443, TLS as a         GET /
//!   https://a/   proxy p    p:8080, CONNECT a:443, TLS as a   GET /
//! ```

use crate::http::proxy::{Proxies, Proxy};
use crate::http::request::{Method, Request};
use crate::http::url::{Host, Origin, Scheme, Url};
use std::fmt;

/// Connections with equal routes are interchangeable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Route {
    /// To the origin itself.
    Direct(Origin),
    /// To a proxy, for `http` URLs of any origin.
    Proxied(Proxy),
    /// Through a tunnel of a proxy, with TLS to the origin.
    Tunnelled(Origin, Proxy),
}

impl Route {
    /// The route to the origin of `url`.
    pub(super) fn new(url: &Url, proxies: &Proxies) -> Route {
        match (proxies.for_url(url), url.scheme()) {
            (None, _) => Route::Direct(url.origin().clone()),
            (Some(proxy), Scheme::Http) => Route::Proxied(proxy.clone()),
            (Some(proxy), Scheme::Https) => Route::Tunnelled(url.origin().clone(), proxy.clone()),
        }
    }

    /// The TCP endpoint: a name or an address, and a port.
    pub(super) fn endpoint(&self) -> (String, u16) {
        let (host, port) = self.peer();
        (bare(host), port)
    }

    fn peer(&self) -> (&Host, u16) {
        match self {
            Route::Direct(origin) => (&origin.host, origin.port),
            Route::Proxied(proxy) | Route::Tunnelled(_, proxy) => (&proxy.host, proxy.port),
        }
    }

    /// The proxy, where the connection goes to one.
    pub(super) fn proxy(&self) -> Option<&Proxy> {
        match self {
            Route::Direct(_) => None,
            Route::Proxied(proxy) | Route::Tunnelled(_, proxy) => Some(proxy),
        }
    }

    /// Whether the endpoint has a name to resolve.
    pub(super) fn has_name(&self) -> bool {
        matches!(self.peer().0, Host::Name(_))
    }

    /// The name that the certificate has to match; `None` without TLS.
    pub(super) fn tls_name(&self) -> Option<String> {
        match self {
            Route::Direct(origin) | Route::Tunnelled(origin, _) => {
                (origin.scheme == Scheme::Https).then(|| bare(&origin.host))
            }
            Route::Proxied(_) => None,
        }
    }

    /// The same, but `None` where TLS begins behind a tunnel.
    pub(super) fn begins_with_tls(&self) -> Option<String> {
        self.tls_name().filter(|_| matches!(self, Route::Direct(_)))
    }

    /// The CONNECT request; `None` without a tunnel.
    pub(super) fn connect(&self) -> Option<Request> {
        let Route::Tunnelled(origin, proxy) = self else { return None };
        let mut request = Request::connect(origin);
        authorize(&mut request, proxy);
        Some(request)
    }

    /// A request for `url` in the form of this route (RFC 9112 §3.2).
    pub(super) fn request(&self, method: Method, url: &Url) -> Request {
        let Route::Proxied(proxy) = self else { return Request::new(method, url) };
        let mut request = Request::to_proxy(method, url);
        authorize(&mut request, proxy);
        request
    }
}

fn authorize(request: &mut Request, proxy: &Proxy) {
    if let Some(authorization) = &proxy.authorization {
        let added = request.header("Proxy-Authorization", authorization.value().as_bytes());
        debug_assert!(added.is_ok(), "base64 is a field value");
    }
}

/// The host without the brackets that an IPv6 address has in a URL.
fn bare(host: &Host) -> String {
    match host {
        Host::V6(address) => address.to_string(),
        host => host.to_string(),
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Route::Direct(origin) => f.write_str(&origin.authority_form()),
            Route::Proxied(proxy) => write!(f, "the proxy {proxy}"),
            Route::Tunnelled(origin, proxy) => {
                write!(f, "{} through the proxy {proxy}", origin.authority_form())
            }
        }
    }
}
