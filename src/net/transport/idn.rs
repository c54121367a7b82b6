//! Internationalized domain names as A-labels, the form that DNS, SMTP and HTTP use.
//!
//! ```text
//!   bücher.example   ─▶   xn--bcher-kva.example        mapped and normalized (UTS 46), then each
//!                                                      label in Punycode (RFC 3492) behind xn--
//! ```
//!
//! Specification: RFC 5890 §2.3.2.1 (A-labels), RFC 5891 §4 (registration and lookup), UTS 46 with
//! non-transitional processing, as in browsers and curl.

use crate::error::Error;
use std::borrow::Cow;

/// Converts a domain name to A-labels. An ASCII name is returned unchanged.
///
/// # Errors
/// [`Error::Malformed`] with the offset of the first character that is not ASCII, if the name has
/// no such form: it holds a disallowed character, an empty label, or a label of more than 63
/// octets.
pub fn to_ascii(domain: &str) -> Result<Cow<'_, str>, Error> {
    if domain.is_ascii() {
        return Ok(Cow::Borrowed(domain));
    }
    let name = idna::domain_to_ascii_cow(domain.as_bytes(), idna::AsciiDenyList::URL).ok();
    let is_label = |label: &str| (1..=63).contains(&label.len());
    let is_name = |name: &str| name.strip_suffix('.').unwrap_or(name).split('.').all(is_label);
    name.filter(|name| is_name(name)).ok_or_else(|| {
        let at = domain.bytes().take_while(u8::is_ascii).count() as u64;
        Error::malformed("this is no internationalized domain name", at, "RFC 5891 §5")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_and_their_a_labels() {
        for (domain, ascii) in [
            ("plain.example", "plain.example"),
            ("As.It.Is", "As.It.Is"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("BÜCHER.Example", "xn--bcher-kva.example"),
            ("bu\u{308}cher.example", "xn--bcher-kva.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("王。example", "xn--qby.example"),
            ("faß.example", "xn--fa-hia.example"),
            ("a_b.é.example", "a_b.xn--9ca.example"),
            ("é.example.", "xn--9ca.example."),
            ("１２７.0.0.1", "127.0.0.1"),
        ] {
            assert_eq!(to_ascii(domain).as_deref(), Ok(ascii), "{domain}");
        }
    }

    #[test]
    fn domains_that_have_none() {
        let long = format!("a.{}.example", "é".repeat(63));
        for (domain, at) in [
            ("é..example", 0),
            ("a.\u{ad}.example", 2),
            ("xn--é", 4),
            ("é/example", 0),
            ("é%41.example", 0),
            ("a b.é", 4),
            ("a\u{378}", 1),
            ("a.\u{301}b", 2),
            ("א1a.example", 0),
            (&long, 2),
        ] {
            let error = to_ascii(domain).expect_err(domain);
            assert_eq!((error.kind(), error.offset()), ("malformed", Some(at)), "{domain}");
        }
    }
}
