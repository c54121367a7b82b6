//! Parsers of single arguments: sizes, durations, addresses, names from a list.

use super::What;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;
use wirewright::digest::DigestKind;
use wirewright::http::request::Method;
use wirewright::net::transport::idn::to_ascii;

/// The units of a size, in bytes. K, M, G and T are powers of 1024, as in `dd`.
const UNITS: [(&str, u64); 13] = [
    ("", 1),
    ("b", 1),
    ("k", 1 << 10),
    ("kib", 1 << 10),
    ("kb", 1_000),
    ("m", 1 << 20),
    ("mib", 1 << 20),
    ("mb", 1_000_000),
    ("g", 1 << 30),
    ("gib", 1 << 30),
    ("gb", 1_000_000_000),
    ("t", 1 << 40),
    ("tib", 1 << 40),
];

/// The longest duration: ten years, in seconds. Adding a longer one to a clock could overflow.
const SECONDS_MAX: u64 = 10 * 365 * 24 * 60 * 60;

/// A whole number in a range.
pub fn number<T: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let is_plain = !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit());
        let number = text.parse::<u64>().ok().filter(|number| is_plain && range.contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| format!("a number from {} to {}", range.start(), range.end()))
    }
}

/// A number of bytes, at least 1: `4096`, `64M`, `4KiB`, `1MB`.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.to_ascii_lowercase();
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    match (number.parse::<u64>(), factor) {
        (Ok(0), Some(_)) => Err("at least 1 byte".to_owned()),
        (Ok(number), Some(factor)) => {
            number.checked_mul(factor).ok_or_else(|| "fewer than 2^64 bytes".to_owned())
        }
        _ => Err("give bytes, such as 4096, 64M, 1G, 4KiB or 1MB".to_owned()),
    }
}

/// Bytes a second, at least 1, in the units of [`size`].
pub fn byte_rate(text: &str) -> Result<u64, String> {
    let advice = "give a rate of at least 1 byte a second, such as 4096, 100K, 2M or 2MB";
    size(text).map_err(|_| format!("{advice}; whole numbers only"))
}

/// Bits a second, at least 1: `800`, `64k`, `100M`, `1G`. Units are powers of 1000.
pub fn bit_rate(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 5] =
        [("", 1), ("k", 1_000), ("m", 1_000_000), ("g", 1_000_000_000), ("t", 1_000_000_000_000)];
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.to_ascii_lowercase();
    let factor = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor);
    let number = number.parse::<u64>().ok().filter(|number| *number > 0);
    let rate = number.zip(factor).and_then(|(number, factor)| number.checked_mul(factor));
    rate.ok_or_else(|| "give bits a second, such as 64k, 100M or 1G".to_owned())
}

/// Seconds, with or without a fraction, at most ten years.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let plain = text.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    let number = text.parse::<f64>().ok().filter(|_| plain);
    let number = number.ok_or_else(|| "give seconds, such as 10 or 0.5".to_owned())?;
    let span = Duration::try_from_secs_f64(number).ok();
    span.filter(|span| *span <= Duration::from_secs(SECONDS_MAX))
        .ok_or_else(|| format!("at most {SECONDS_MAX} seconds, which are ten years"))
}

/// Seconds, as [`seconds`], but more than 0.
pub fn seconds_not_0(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => Err("more than 0 seconds".to_owned()),
        span => Ok(span),
    }
}

/// A host and a port; an IPv6 address is in brackets.
pub fn address(text: &str) -> Result<String, String> {
    let wanted = || "give HOST:PORT, such as localhost:5566 or [::1]:5566".to_owned();
    let (host, port) = text.rsplit_once(':').ok_or_else(wanted)?;
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let host_is_good = !host.is_empty() && (bracketed || !host.contains(['[', ']', ':']));
    if !host_is_good || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(wanted());
    }
    let is_digits = !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(_) if is_digits => Ok(text.to_owned()),
        Err(_) if is_digits => {
            Err(format!("invalid port {port}: a port is a number from 0 to {}", u16::MAX))
        }
        _ => Err(wanted()),
    }
}

/// The name in a certificate: a domain name as A-labels, or an IP address.
pub fn tls_name(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<IpAddr>().is_ok() {
        return Ok(bare.to_owned());
    }
    let wrong = || "give the name of a host, such as files.example, or an IP address".to_owned();
    let name = to_ascii(text).map_err(|_| wrong())?;
    let name = name.strip_suffix('.').unwrap_or(&name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name whose last label is a number would be an IPv4 address, and this one is not valid.
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_name = name.len() <= 253
        && name.split('.').all(is_label)
        && !last.bytes().all(|c| c.is_ascii_digit());
    if is_name { Ok(name.to_owned()) } else { Err(wrong()) }
}

/// A name and a value, divided at the first `=`.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("NAME=VALUE".to_owned()),
    }
}

/// A telephone number as people write it.
pub fn mobile(text: &str) -> Result<String, String> {
    let is_written_so = text.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c));
    match is_written_so && text.contains(|c: char| c.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("give digits, with +, - and spaces, such as +49 170 1234567".to_owned()),
    }
}

/// A message with at least one character in it.
pub fn content(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a message that is not empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}

/// A digest by its name on the wire.
pub fn digest(text: &str) -> Result<DigestKind, String> {
    DigestKind::from_name(text).ok_or_else(|| "blake3, sha256 or none".to_owned())
}

/// The format to explain.
pub fn what(text: &str) -> Result<What, String> {
    match text {
        "frame" => Ok(What::Frame),
        "envelope" => Ok(What::Envelope),
        "http" => Ok(What::Http),
        "smtp" => Ok(What::Smtp),
        _ => Err("frame, envelope, http or smtp".to_owned()),
    }
}

/// The method whose response is explained. Other methods do not affect the framing of a response.
pub fn method(text: &str) -> Result<Method, String> {
    match text {
        "GET" => Ok(Method::GET),
        "HEAD" => Ok(Method::HEAD),
        _ => Err("GET or HEAD".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("1", 1),
            ("4096", 4096),
            ("7B", 7),
            ("64M", 64 << 20),
            ("64m", 64 << 20),
            ("64MiB", 64 << 20),
            ("64MB", 64_000_000),
            ("1G", 1 << 30),
            ("2gb", 2_000_000_000),
            ("4KiB", 4096),
            ("4kB", 4000),
            ("3T", 3 << 40),
            ("18446744073709551615", u64::MAX),
            ("16777215T", 16_777_215 << 40),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in [
            "",
            "0",
            "0G",
            "M",
            "-1",
            "+1",
            "1.5G",
            "1 M",
            " 1",
            "1X",
            "1MM",
            "0x10",
            "1é",
            "18446744073709551616",
            "16777216T",
        ] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers() {
        let small = number::<u16>(1..=256);
        assert_eq!((small("1"), small("256"), small("007")), (Ok(1), Ok(256), Ok(7)));
        for text in ["", "0", "257", "65537", "-1", "+1", "1.5", "x", "99999999999999999999"] {
            assert_eq!(small(text), Err("a number from 1 to 256".to_owned()), "{text}");
        }
        assert_eq!(number::<u64>(0..=u64::MAX)("18446744073709551615"), Ok(u64::MAX));
    }

    #[test]
    fn rates() {
        for (text, rate) in [
            ("1", 1),
            ("64k", 64_000),
            ("64K", 64_000),
            ("100M", 100_000_000),
            ("1G", 1_000_000_000),
            ("2t", 2_000_000_000_000),
        ] {
            assert_eq!(bit_rate(text), Ok(rate), "{text}");
        }
        for text in ["", "0", "0M", "M", "-1", "1.5G", "1 M", "1Mi", "99999999T", "1Mbit"] {
            assert!(bit_rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans() {
        assert_eq!(seconds("10"), Ok(Duration::from_secs(10)));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for text in ["", ".", "-1", "+1", "1e3", "inf", "nan", "1s", "99999999999999999999999"] {
            assert!(seconds(text).is_err(), "{text}");
        }
        assert_eq!(seconds("315360000"), Ok(Duration::from_secs(SECONDS_MAX)));
        for text in ["315360000.1", "315360001", "18446744073709551615"] {
            assert!(seconds(text).is_err_and(|said| said.contains("at most 315360000")), "{text}");
        }
        assert!(seconds_not_0("0.0").is_err());
        assert!(seconds_not_0("0.001").is_ok());
    }

    #[test]
    fn pairs_and_numbers() {
        let both = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(pair("a=b=c"), both("a", "b=c"));
        assert_eq!(pair("a="), both("a", ""));
        assert!(pair("a").is_err() && pair("=b").is_err() && pair("").is_err());
        for text in ["1", "+49 170-123", "13012345678"] {
            assert_eq!(mobile(text).as_deref(), Ok(text));
        }
        for text in ["", "+", " ", "1x", "1\n2", "\u{661}"] {
            assert!(mobile(text).is_err(), "{text:?}");
        }
        assert!(content("").is_err() && content(" ").is_ok());
    }

    #[test]
    fn names_in_certificates() {
        let long = format!("{}.example", "a".repeat(63));
        for (text, name) in [
            ("files.example", "files.example"),
            ("files.example.", "files.example"),
            ("localhost", "localhost"),
            ("a_b-c.1x", "a_b-c.1x"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("[::1]", "::1"),
            (&long, &long),
        ] {
            assert_eq!(tls_name(text).as_deref(), Ok(name), "{text}");
        }
        let (label, name) = ("a".repeat(64), "a.".repeat(127) + "a");
        for text in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a b",
            "a\0",
            "a/b",
            "a:1",
            "*.example",
            "-a",
            "a-.b",
            "1.2.3",
            "300.1.1.1",
            "[]",
            "[a]",
            "@",
            "\u{2026}",
            "a\u{ad}..b",
            &label,
            &name,
        ] {
            assert!(tls_name(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses() {
        for text in ["h:1", "127.0.0.1:0", "[::1]:65535", "a-b.example:80"] {
            assert_eq!(address(text).as_deref(), Ok(text));
        }
        for text in ["", "h", ":1", "h:", "h:65536", "h:+1", "::1:80", "h :1", "[::1:80", "h\n:1"] {
            assert!(address(text).is_err(), "{text}");
        }
        for text in ["localhost:99999", "[::1]:65536", "h:18446744073709551616"] {
            assert!(address(text).is_err_and(|said| said.starts_with("invalid port ")), "{text}");
        }
    }
}
