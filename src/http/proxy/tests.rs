//! Tables of variables and URLs, and the proxy of each.

use super::*;

/// Names and values.
type Variables<'a> = &'a [(&'a str, &'a str)];

fn proxies(variables: Variables<'_>) -> Result<Proxies, Unusable> {
    Proxies::from_lookup(|name| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn url(text: &str) -> Url {
    Url::parse(text).expect(text)
}

/// `HOST:PORT` of the proxy for `target`, or `-`.
fn asked(variables: Variables<'_>, target: &str) -> String {
    let proxies = proxies(variables).expect(target);
    proxies.for_url(&url(target)).map_or_else(|| "-".to_owned(), Proxy::to_string)
}

#[test]
fn which_variable_counts() {
    let cases: [(Variables<'_>, &str, &str); 15] = [
        (&[], "http://a.test/", "-"),
        (&[("http_proxy", "p:1")], "http://a.test/", "p:1"),
        (&[("http_proxy", "p:1")], "https://a.test/", "-"),
        (&[("https_proxy", "p:1")], "http://a.test/", "-"),
        (&[("https_proxy", "p:1")], "https://a.test/", "p:1"),
        (&[("all_proxy", "p:1")], "http://a.test/", "p:1"),
        (&[("all_proxy", "p:1")], "https://a.test/", "p:1"),
        (&[("all_proxy", "p:1"), ("http_proxy", "q:2")], "http://a.test/", "q:2"),
        (&[("all_proxy", "p:1"), ("http_proxy", "q:2")], "https://a.test/", "p:1"),
        (&[("HTTP_PROXY", "p:1"), ("HTTPS_PROXY", "p:1")], "http://a.test/", "-"),
        (&[("ALL_PROXY", "p:1")], "https://a.test/", "-"),
        (&[("http_proxy", "p:1"), ("NO_PROXY", "*")], "http://a.test/", "p:1"),
        (&[("http_proxy", "")], "http://a.test/", "-"),
        (&[("http_proxy", " "), ("all_proxy", "p:1")], "http://a.test/", "p:1"),
        (&[("http_proxy", "p:1"), ("no_proxy", "")], "http://a.test/", "p:1"),
    ];
    for (variables, target, expected) in cases {
        assert_eq!(asked(variables, target), expected, "{variables:?} {target}");
    }
}

#[test]
fn how_a_proxy_is_written() {
    for (text, expected, authorization) in [
        ("http://proxy.test:3128", "proxy.test:3128", None),
        ("http://proxy.test:3128/", "proxy.test:3128", None),
        ("HTTP://Proxy.TEST:3128", "proxy.test:3128", None),
        ("proxy.test:3128", "proxy.test:3128", None),
        (" proxy.test:3128\n", "proxy.test:3128", None),
        ("proxy.test", "proxy.test:80", None),
        ("http://proxy.test", "proxy.test:80", None),
        ("http://10.0.0.1:8080", "10.0.0.1:8080", None),
        ("http://[::1]:8080", "[::1]:8080", None),
        ("[fd00::1]", "[fd00::1]:80", None),
        // The example of RFC 7617 §2.
        ("http://Aladdin:open%20sesame@p.test:1", "p.test:1", Some("QWxhZGRpbjpvcGVuIHNlc2FtZQ==")),
        // That of §2.1: pound sign as UTF-8.
        ("http://test:123%C2%A3@p.test:1", "p.test:1", Some("dGVzdDoxMjPCow==")),
        ("test:123£@p.test:1", "p.test:1", Some("dGVzdDoxMjPCow==")),
        // python3: base64.b64encode(b"user:"), b":word", b"u:a:b@/?#", b"u:\xff"
        ("user@p.test:1", "p.test:1", Some("dXNlcjo=")),
        ("http://:word@p.test:1", "p.test:1", Some("OndvcmQ=")),
        ("u:a:b%40%2F%3F%23@p.test:1", "p.test:1", Some("dTphOmJALz8j")),
        ("u:%FF@p.test:1", "p.test:1", Some("dTr/")),
        ("http://@p.test:1", "p.test:1", None),
        ("http://:@p.test:1", "p.test:1", None),
    ] {
        let proxies = proxies(&[("http_proxy", text)]).expect(text);
        let proxy = proxies.for_url(&url("http://a.test/")).expect(text);
        assert_eq!(proxy.to_string(), expected, "{text}");
        let value = proxy.authorization.as_ref().map(Authorization::value);
        let expected = authorization.map(|text| format!("Basic {text}"));
        assert_eq!(value, expected.as_deref(), "{text}");
    }
}

#[test]
fn what_cannot_be_used_is_an_error_without_the_value() {
    let scheme = "only http://HOST:PORT is understood, no socks and no https proxy";
    let follows = "nothing follows the host and port; in a password / is written %2F, ? %3F \
                  and # %23";
    let port = "a port is a number from 1 to 65535 (RFC 3986 §3.2.3)";
    let control = "neither user nor password holds a control character (RFC 7617 §2)";
    for (text, why) in [
        ("socks5://me:hunter2@p.test:1080", scheme),
        ("socks5h://hunter2", scheme),
        ("https://me:hunter2@p.test:443", scheme),
        ("me:hunter2://@p.test", scheme),
        ("http://p.test:1/hunter2", follows),
        ("http://me:1#hunter2@p.test:3128", follows),
        ("http://me:1/hunter2@p.test:3128", follows),
        ("http://me:1?hunter2@p.test:3128", follows),
        ("http://p.test:3128//", follows),
        ("http:/p.test:3128", follows),
        ("http://p.test:hunter2", port),
        ("p.test:0", port),
        ("p.test:65536", port),
        ("p.test:+80", port),
        ("http://", "a host is not empty (RFC 9110 §4.2)"),
        ("http://me:hunter2@", "a host is not empty (RFC 9110 §4.2)"),
        ("me:hun ter2@p.test", "a URL holds no space; it is written %20 (RFC 3986 §2)"),
        (
            "me:hunter%2@p.test",
            "two hexadecimal digits follow %; the sign itself is written \
                               %25 (RFC 3986 §2.1)",
        ),
        (
            "me:hunter@2@p.test",
            "a host is ASCII letters, digits, `-`, `.` and `_`; other scripts \
                               as xn-- (RFC 3986 §3.2.2)",
        ),
        ("me%3Ahunter2@p.test", "no user name holds a colon (RFC 7617 §2)"),
        ("me:hunter2%0D%0A@p.test", control),
        ("me%00:hunter2@p.test", control),
        ("me:hunter2%7F@p.test", control),
    ] {
        for variable in ["http_proxy", "https_proxy", "all_proxy"] {
            let error = proxies(&[(variable, text)]).expect_err(text);
            assert_eq!((error.variable, error.why.as_str()), (variable, why), "{text}");
            assert_eq!(error.to_string(), format!("environment variable {variable}: {why}"));
        }
    }
}

#[test]
fn all_proxy_is_not_read_where_nothing_would_use_it() {
    let both = [("http_proxy", "p:1"), ("https_proxy", "q:2"), ("all_proxy", "socks5://r:3")];
    assert_eq!(asked(&both, "http://a.test/"), "p:1");
    assert_eq!(asked(&both, "https://a.test/"), "q:2");
    assert_eq!(proxies(&both[1..]).expect_err("it is used").variable, "all_proxy");
}

/// `no_proxy`, URL, whether it is requested without a proxy.
const DIRECT: [(&str, &str, bool); 78] = [
    ("*", "http://a.test/", true),
    ("*", "http://127.0.0.1/", true),
    ("*", "http://[::1]/", true),
    ("other.test, *", "http://a.test/", true),
    ("*:81", "http://a.test:81/", true),
    ("*:81", "http://a.test/", false),
    ("a.test", "http://a.test/", true),
    ("a.test", "http://a.test:8080/", true),
    ("a.test", "http://b.a.test/", true),
    ("a.test", "http://c.b.a.test/", true),
    ("a.test", "http://ba.test/", false),
    ("a.test", "http://a.test.evil/", false),
    ("a.test", "http://test/", false),
    (".a.test", "http://a.test/", true),
    (".a.test", "http://b.a.test/", true),
    (".a.test", "http://ba.test/", false),
    ("*.a.test", "http://a.test/", true),
    ("*.a.test", "http://b.a.test/", true),
    ("*.a.test", "http://ba.test/", false),
    ("*a.test", "http://ba.test/", false),
    ("A.Test", "http://a.tEST/", true),
    ("a.test.", "http://a.test/", true),
    ("a.test", "http://a.test./", true),
    (".", "http://a.test/", false),
    ("*.", "http://a.test/", false),
    ("test", "http://a.test/", true),
    ("a.test:81", "http://a.test:81/", true),
    ("a.test:81", "http://b.a.test:81/", true),
    ("a.test:81", "http://a.test/", false),
    ("a.test:80", "http://a.test/", true),
    ("a.test:443", "https://a.test/", true),
    ("a.test:", "http://a.test/", false),
    ("a.test:x", "http://a.test/", false),
    ("b.test,a.test", "http://a.test/", true),
    (" b.test , a.test ", "http://a.test/", true),
    ("b.test a.test", "http://a.test/", true),
    ("b.test\ta.test\n", "http://a.test/", true),
    (",,a.test,", "http://a.test/", true),
    ("b.test,c.test", "http://a.test/", false),
    ("", "http://localhost/", false),
    ("", "http://127.0.0.1/", false),
    ("localhost", "http://localhost/", true),
    ("localhost", "http://127.0.0.1/", false),
    ("<local>", "http://a/", false),
    ("127.0.0.1", "http://127.0.0.1/", true),
    ("127.0.0.1", "http://127.0.0.2/", false),
    ("127.0.0.1:81", "http://127.0.0.1:81/", true),
    ("127.0.0.1:81", "http://127.0.0.1/", false),
    ("0.0.1", "http://127.0.0.1/", false),
    (".0.0.1", "http://127.0.0.1/", false),
    ("10.0.0.0/8", "http://10.255.255.255/", true),
    ("10.0.0.0/8", "http://11.0.0.0/", false),
    ("10.9.9.9/8", "http://10.0.0.0/", true),
    ("10.0.0.0/8", "http://10.test/", false),
    ("192.168.1.128/25", "http://192.168.1.128/", true),
    ("192.168.1.128/25", "http://192.168.1.127/", false),
    ("192.168.1.1/32", "http://192.168.1.1/", true),
    ("192.168.1.1/32", "http://192.168.1.0/", false),
    ("0.0.0.0/0", "http://8.8.8.8/", true),
    ("0.0.0.0/0", "http://[::1]/", false),
    ("10.0.0.0/33", "http://10.0.0.0/", false),
    ("10.0.0.0/+8", "http://10.0.0.0/", false),
    ("a.test:+80", "http://a.test/", false),
    ("10.0.0.0/", "http://10.0.0.0/", false),
    ("169.254/16", "http://169.254.0.1/", false),
    ("::1", "http://[::1]/", true),
    ("[::1]", "http://[::1]/", true),
    ("[::1]:81", "http://[::1]:81/", true),
    ("[::1]:81", "http://[::1]/", false),
    ("::1:81", "http://[::1]:81/", false),
    ("[127.0.0.1]", "http://127.0.0.1/", false),
    ("FD00::/8", "http://[fdff::1]/", true),
    ("fd00::/8", "http://[fe00::1]/", false),
    ("[fd00::]/8", "http://[fd00::1]/", true),
    ("::/0", "http://[2001:db8::1]/", true),
    ("::/0", "http://8.8.8.8/", false),
    ("10.0.0.0/8", "http://[::ffff:10.0.0.1]/", true),
    ("::ffff:10.0.0.0/104", "http://10.1.2.3/", true),
];

#[test]
fn what_is_asked_for_without_a_proxy() {
    for (no_proxy, target, direct) in DIRECT {
        let variables = [("all_proxy", "p:1"), ("no_proxy", no_proxy)];
        let expected = if direct { "-" } else { "p:1" };
        assert_eq!(asked(&variables, target), expected, "{no_proxy:?} {target}");
    }
}

#[test]
fn the_secret_never_shows() {
    let proxies = proxies(&[("all_proxy", "http://zaphod:hunter2@p.test:1")]).expect("it is good");
    let proxy = proxies.for_url(&url("http://a.test/")).expect("there is one");
    let secret = proxy.authorization.as_ref().expect("there is one").value();
    for shown in [format!("{proxies:?}"), format!("{proxies:#?}"), format!("{proxy} {proxy:?}")] {
        assert!(shown.contains("p.test"), "{shown}");
        for part in ["hunter2", "zaphod", secret.trim_start_matches("Basic ")] {
            assert!(!shown.contains(part), "{shown}");
        }
    }
}
