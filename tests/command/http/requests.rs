//! What travels: methods, fields, who asks.

use super::server::{Reply, Server, go, good, run_in, wirewright};
use crate::command::assert_fails;
use crate::process::run;

#[test]
fn the_shortest_command() {
    let server = Server::new(|_| Reply::ok("hello\n"));
    let ended = go(&["http", &server.at("/a/../b?c=d#fragment")]);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    assert_eq!(ended.stdout, b"hello\n");
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "GET /b?c=d HTTP/1.1\r\nHost: {}\r\nUser-Agent: wirewright/{version}\r\nAccept: */*\r\n\
         Accept-Encoding: gzip, deflate\r\n\r\n",
        server.address
    );
    assert_eq!(server.request().head, expected);
}

#[test]
fn methods_and_bodies() {
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    for (args, method, body, media_type, length) in [
        (&["PUT"][..], "PUT", "", None, Some("0")),
        (&["DELETE"], "DELETE", "", None, None),
        (&["get"], "get", "", None, None),
        (&["OPTIONS"], "OPTIONS", "", None, None),
        (&["-d", "a=b&c"], "POST", "a=b&c", Some(form), Some("5")),
        (&["-d", ""], "POST", "", Some(form), Some("0")),
        (&["-d", "-x"], "POST", "-x", Some(form), Some("2")),
        (&["PUT", "-d", "x\r\ny"], "PUT", "x\r\ny", Some(form), Some("4")),
        (&["GET", "-d", "q"], "GET", "q", Some(form), Some("1")),
        (&["-d", "x", "-H", "content-type: text/x"], "POST", "x", Some("text/x"), Some("1")),
        (&["--form", "a=1=2", "--form", "b="], "POST", "a=1%3D2&b=", Some(form), Some("10")),
        (&["--form", "n\u{e4}me=a b&c"], "POST", "n%C3%A4me=a+b%26c", Some(form), Some("17")),
        // A line end in a form is data: it is percent-encoded, and ends nothing.
        (&["--form", "a=b\r\nc\n"], "POST", "a=b%0D%0Ac%0A", Some(form), Some("13")),
        (&["--form", "a\nb=\r"], "POST", "a%0Ab=%0D", Some(form), Some("9")),
        (
            &["--form", "a=x\r\nX-Injected: 1"],
            "POST",
            "a=x%0D%0AX-Injected%3A+1",
            Some(form),
            Some("24"),
        ),
        (&["--json-body", "{\"a\": [1]}"], "POST", "{\"a\": [1]}", Some(json), Some("10")),
        (&["PATCH", "--json-body", "-1"], "PATCH", "-1", Some(json), Some("2")),
    ] {
        let server = Server::new(|_| Reply::ok(""));
        let url = server.at("/x");
        let (method_given, options) = match args[0].starts_with('-') {
            true => (&[][..], args),
            false => args.split_at(1),
        };
        let all = [&["http"], method_given, &[url.as_str()], options].concat();
        good(&all);
        let request = server.request();
        assert_eq!(request.method(), method, "{args:?}");
        assert_eq!(request.text(), body, "{args:?}");
        assert_eq!(request.get("Content-Type"), media_type, "{args:?}");
        assert_eq!(request.get("Content-Length"), length, "{args:?}");
        assert_eq!(request.get("Transfer-Encoding"), None);
        assert_eq!(request.get("Expect"), None);
    }
}

#[test]
fn head_has_no_body() {
    let server =
        Server::new(|_| Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 99\r\nA: b\r\n\r\n"));
    let head = good(&["http", "HEAD", &server.url, "-i"]);
    assert_eq!(head, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nA: b\r\n\r\n");
    assert_eq!(server.request().line(), "HEAD / HTTP/1.1");
}

#[test]
fn fields() {
    let server = Server::new(|_| Reply::ok(""));
    let arguments = [
        ("-H", "X-One:  1 \t"),
        ("-H", "x-one: 2"),
        ("--header", "X-Empty:"),
        ("-H", "Host: other.example:81"),
        ("-H", "user-agent: me"),
        ("-H", "Accept: text/*"),
        ("-H", "X-Colon: a:b: c"),
        ("-H", "X-Wide: \u{e9}"),
    ];
    let arguments: Vec<&str> = arguments.iter().flat_map(|(a, b)| [*a, *b]).collect();
    good(&[&["http", &server.url, "--identity"], &arguments[..]].concat());
    let request = server.request();
    assert_eq!(request.all("x-one"), ["1", "2"]);
    assert_eq!(request.get("host"), Some("other.example:81"));
    assert_eq!(request.get("user-agent"), Some("me"));
    assert_eq!(request.get("accept"), Some("text/*"));
    assert_eq!(request.get("accept-encoding"), Some("identity"));
    assert_eq!(request.get("x-colon"), Some("a:b: c"));
    assert_eq!(request.get("x-wide"), Some("\u{e9}"));
    assert!(request.head.contains("\r\nX-Empty: \r\n"), "{}", request.head);
}

#[test]
fn basic_authentication() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "open sesame\n").unwrap();
    let server = Server::new(|_| Reply::ok(""));
    let args = ["http", &server.url, "--user", "Aladdin", "--password-file", "password"];
    let ended = run_in(folder.path(), &args);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    // RFC 7617 §2
    let expected = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    assert_eq!(server.request().get("Authorization"), Some(expected));

    for (user, password, what) in [
        ("a:b", "x", "--user: a name holds no colon"),
        ("a\nb", "x", "--user: a name holds no control character"),
        ("a", "x\u{1}y", "--password-file: a password holds no control character"),
        ("a", "x\n\n", "--password-file: a password holds no control character"),
    ] {
        std::fs::write(folder.path().join("password"), password).unwrap();
        let args = ["http", &server.url, "--user", user, "--password-file", "password"];
        assert_fails(&run_in(folder.path(), &args), 2, what);
    }
    let twice = ["-H", "authorization: Basic eA=="];
    let args = [&["http", &server.url, "--user", "a", "--password-file", "-"][..], &twice].concat();
    assert_fails(&run_in(folder.path(), &args), 2, "--user: -H has an Authorization");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn the_user_of_a_url_is_not_sent() {
    let server = Server::new(|_| Reply::ok("body"));
    let ended = go(&["http", &format!("http://user:geheim@{}/", server.address)]);
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(ended.stdout, b"body");
    assert!(ended.stderr.starts_with("warning: the user in the URL is not sent"));
    assert!(!ended.stderr.contains("geheim"), "{}", ended.stderr);
    let request = server.request();
    assert_eq!(request.get("Authorization"), None);
    assert!(!request.head.contains("geheim") && !request.head.contains('@'), "{}", request.head);
}

#[test]
fn a_proxy_of_the_environment() {
    let proxy = Server::new(|_| Reply::ok("from the proxy"));
    let origin = Server::new(|_| Reply::ok("from the origin"));
    let folder = std::env::temp_dir();
    let ask = |variable: &str, args: &[&str]| {
        let all = [&["http", "http://127.0.0.2:9/x"], args].concat();
        run(wirewright(&folder, &all).env(variable, &proxy.url))
    };
    assert_eq!(ask("http_proxy", &[]).stdout, b"from the proxy");
    assert_eq!(proxy.request().line(), "GET http://127.0.0.2:9/x HTTP/1.1");
    assert_eq!(proxy.request().get("Host"), Some("127.0.0.2:9"));
    // Only the names in lower case are read, and none with --no-proxy.
    for (variable, args) in [("http_proxy", &["--no-proxy"][..]), ("HTTP_PROXY", &[])] {
        assert_fails(&ask(variable, args), 1, "error: http://127.0.0.2:9/x: no connection");
    }
    let ended = run(wirewright(&folder, &["http", &origin.url])
        .env("http_proxy", &proxy.url)
        .env("no_proxy", "127.0.0.0/8"));
    assert_eq!(ended.stdout, b"from the origin");
    let ended = run(wirewright(&folder, &["http", &origin.url]).env("http_proxy", "socks://x"));
    assert_fails(&ended, 2, "error: http_proxy: ");
    // A proxy that cannot be reached is named, so that nobody looks at the server.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://{free}");
    let ended = run(wirewright(&folder, &["http", &origin.url]).env("http_proxy", &gone));
    let named = format!("error: {}/: the proxy {free}: no connection: ", origin.url);
    assert_fails(&ended, 1, &named);
    assert!(ended.stderr.contains("; check http_proxy, "), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("or use --no-proxy\n"), "{}", ended.stderr);
}

/// A host of another script is asked for by its A-labels, everywhere it is named.
#[test]
fn hosts_of_other_scripts() {
    let proxy = Server::new(|_| Reply::ok(""));
    for (url, line, host) in [
        (
            "http://b\u{fc}cher.example/\u{e9}",
            "http://xn--bcher-kva.example/%C3%A9",
            "xn--bcher-kva.example",
        ),
        (
            "http://\u{4f8b}\u{3048}.\u{30c6}\u{30b9}\u{30c8}:81",
            "http://xn--r8jz45g.xn--zckzah:81/",
            "xn--r8jz45g.xn--zckzah:81",
        ),
        ("http://B\u{dc}CHER.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example"),
    ] {
        let mut command = wirewright(&std::env::temp_dir(), &["http", url]);
        let ended = run(command.env("http_proxy", &proxy.url));
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{url}");
        let request = proxy.requests().pop().unwrap();
        assert_eq!(request.line(), format!("GET {line} HTTP/1.1"));
        assert_eq!(request.get("Host"), Some(host));
    }
    for (url, at) in
        [("http://a.\u{378}/", 9), ("http://u@\u{e9}..x/", 9), ("http://\u{e9}%41/", 7)]
    {
        assert_fails(&go(&["http", url]), 2, &format!("(at byte {at})"));
    }
}
