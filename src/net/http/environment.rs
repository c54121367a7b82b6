//! The proxies that the environment of this process names.

use crate::http::proxy::{Proxies, Unusable};
use std::env;
use std::ffi::OsString;

impl Proxies {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// Those of [`from_lookup`](Proxies::from_lookup), and a value that is not UTF-8.
    pub fn from_env() -> Result<Proxies, Unusable> {
        from_variables(|variable| env::var_os(variable))
    }
}

/// Reads what `lookup` finds, as [`Proxies::from_env`] does.
fn from_variables(lookup: impl Fn(&str) -> Option<OsString>) -> Result<Proxies, Unusable> {
    for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        if lookup(variable).is_some_and(|value| value.to_str().is_none()) {
            return Err(Unusable { variable, why: "it is not UTF-8".to_owned() });
        }
    }
    Proxies::from_lookup(|variable| lookup(variable).and_then(|value| value.into_string().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::proxy::Proxy;
    use crate::http::url::Url;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    // The environment is given as a function. A test that set it in a second process would start
    // one, and a process that is being started holds every lock of the tests beside this one.
    #[test]
    fn the_environment_is_read() {
        let broken = Unusable { variable: "all_proxy", why: "it is not UTF-8".to_owned() };
        for (variable, value, expected) in [
            ("unrelated", &b"p:1"[..], Ok(None)),
            ("HTTP_PROXY", b"p:1", Ok(None)),
            ("http_proxy", b"p:1", Ok(Some("p:1".to_owned()))),
            ("all_proxy", b"me:\xff@p:1", Err(broken)),
        ] {
            let lookup =
                |asked: &str| (asked == variable).then(|| OsStr::from_bytes(value).to_os_string());
            let url = Url::parse("http://a.test/").unwrap();
            let found =
                from_variables(lookup).map(|found| found.for_url(&url).map(Proxy::to_string));
            assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{variable}");
        }
    }
}
