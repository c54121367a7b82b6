//! The proxies of the environment variables of this process.

use crate::http::proxy::{Proxies, Unusable};
use std::env;
use std::ffi::OsString;

impl Proxies {
    /// Reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` from the environment.
    ///
    /// # Errors
    /// Those of [`from_lookup`](Proxies::from_lookup); [`Unusable`] for a value that is not UTF-8.
    pub fn from_env() -> Result<Proxies, Unusable> {
        from_variables(|variable| env::var_os(variable))
    }
}

/// [`Proxies::from_env`] with `lookup` in place of the environment.
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

    // The environment is a function here: changing it in this process would affect other tests, and
    // a child process would inherit the file locks that other tests hold.
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
