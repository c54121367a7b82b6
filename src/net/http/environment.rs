//! The proxies that the environment of this process names.

use crate::http::proxy::{Proxies, Unusable};
use std::env::{self, VarError};

impl Proxies {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// Those of [`from_lookup`](Proxies::from_lookup), and a value that is not UTF-8.
    pub fn from_env() -> Result<Proxies, Unusable> {
        for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            if let Err(VarError::NotUnicode(_)) = env::var(variable) {
                return Err(Unusable { variable, why: "it is not UTF-8".to_owned() });
            }
        }
        Proxies::from_lookup(|variable| env::var(variable).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::proxy::Proxy;
    use crate::http::url::Url;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::process::Command;

    /// Says to a second process of this test what it is to find.
    const EXPECTED: &str = "WIREWRIGHT_TEST_EXPECTED";

    /// An environment cannot be changed safely while threads run, so each is given to a process.
    #[test]
    fn the_environment_is_read() {
        if let Ok(expected) = env::var(EXPECTED) {
            let asked = |found: Proxies| {
                found.for_url(&Url::parse("http://a.test/").unwrap()).map(Proxy::to_string)
            };
            let found = Proxies::from_env().map(asked);
            return assert_eq!(format!("{found:?}"), expected);
        }
        let broken = Unusable { variable: "all_proxy", why: "it is not UTF-8".to_owned() };
        for (variable, value, expected) in [
            ("unrelated", &b"p:1"[..], "Ok(None)".to_owned()),
            ("HTTP_PROXY", b"p:1", "Ok(None)".to_owned()),
            ("http_proxy", b"p:1", "Ok(Some(\"p:1\"))".to_owned()),
            ("all_proxy", b"me:\xff@p:1", format!("{:?}", Err::<(), _>(broken))),
        ] {
            let output = Command::new(env::current_exe().expect("this test"))
                .args(["--exact", "net::http::environment::tests::the_environment_is_read"])
                .env_clear()
                .env(EXPECTED, expected)
                .env(variable, OsStr::from_bytes(value))
                .output()
                .expect("it runs");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{variable}: {said}");
        }
    }
}
