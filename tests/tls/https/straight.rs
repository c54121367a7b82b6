//! Straight to the server.

use super::server::{End, ask, client, ok, serve};
use crate::authority::Authority;
use crate::installed::has_program;
#[cfg(feature = "cli")]
use std::process::Command;

#[test]
fn a_connection_is_used_again() {
    if !has_program("openssl", "version", "a_connection_is_used_again") {
        return;
    }
    let authority = Authority::new();
    authority.sign("good", "ca", "");
    let (server, heads) = serve(&authority, "good", ok("hello"), End::Stay);
    let mut client = client(&authority, |_| {});
    for at in 0..3 {
        let answer = ask(&mut client, &format!("https://{server}/{at}")).unwrap();
        assert_eq!((answer.status, &*answer.body), (200, &b"hello"[..]));
        let timings = answer.report.timings;
        assert_eq!(answer.report.reused, at > 0);
        assert_eq!((timings.connect.is_some(), timings.tls.is_some()), (at == 0, at == 0));
        assert!(timings.tls <= timings.first_byte && timings.first_byte <= timings.last_byte);
    }
    assert_eq!(heads.lock().unwrap().len(), 3);
    assert!(heads.lock().unwrap()[2].starts_with("GET /2 HTTP/1.1\r\n"));
}

/// RFC 9112 §9.8: what ends with the stream is whole only where TLS says that it has ended.
#[test]
fn an_end_without_close_notify_cuts_what_ends_with_the_stream() {
    if !has_program(
        "openssl",
        "version",
        "an_end_without_close_notify_cuts_what_ends_with_the_stream",
    ) {
        return;
    }
    let authority = Authority::new();
    authority.sign("good", "ca", "");
    let by_close = b"HTTP/1.1 200 OK\r\n\r\nhello".to_vec();
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec();
    for (answer, end, expected) in [
        (by_close.clone(), End::Proper, Ok("hello")),
        (by_close, End::Bare, Err("incomplete")),
        (ok("hello"), End::Bare, Ok("hello")),
        (chunked.clone(), End::Bare, Err("incomplete")),
        (chunked, End::Proper, Err("incomplete")),
    ] {
        let (server, _) = serve(&authority, "good", answer, end);
        let answer = ask(&mut client(&authority, |_| {}), &format!("https://{server}/"));
        let got = answer.map(|answer| String::from_utf8(answer.body).unwrap());
        let got = got.as_deref().map_err(|failure| failure.code.as_raw_str());
        assert_eq!(got, expected, "{end:?}");
    }
}

#[test]
fn a_redirect_does_not_lead_into_the_clear() {
    if !has_program("openssl", "version", "a_redirect_does_not_lead_into_the_clear") {
        return;
    }
    let authority = Authority::new();
    authority.sign("good", "ca", "");
    let moved = b"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
    let (server, _) = serve(&authority, "good", moved.to_vec(), End::Stay);
    let mut client = client(&authority, |options| options.redirects = true);
    let failure = ask(&mut client, &format!("https://{server}/")).unwrap_err();
    assert_eq!(failure.code, "malformed");
    assert!(failure.to_string().contains("https to http"), "{failure}");
}

#[test]
fn openssl_serves() {
    if !has_program("openssl", "version", "openssl_serves") {
        return;
    }
    let authority = Authority::new();
    authority.sign("good", "ca", "");
    authority.write("page.txt", "a page\n");
    let server = authority.serve("good", "-WWW");
    let mut client = client(&authority, |_| {});
    let answer = ask(&mut client, &format!("https://{}/page.txt", server.address)).unwrap();
    assert_eq!((answer.status, &*answer.body), (200, &b"a page\n"[..]));
}

#[cfg(feature = "cli")]
#[test]
fn the_command_speaks_tls() {
    if !has_program("openssl", "version", "the_command_speaks_tls") {
        return;
    }
    let authority = Authority::new();
    authority.sign("good", "ca", "");
    let (server, _) = serve(&authority, "good", ok("hello"), End::Stay);
    let ca = authority.path().join("ca.pem").display().to_string();
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
        command.args(["http", &format!("https://{server}/"), "--trace"]).args(more);
        let ended = command.env("no_proxy", "*").output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (ended.status.code(), text(ended.stdout), text(ended.stderr))
    };
    let (status, body, said) = run(&["--cacert", &ca]);
    assert_eq!((status, &*body), (Some(0), "hello"), "{said}");
    let lines = [
        "** TLS is up: TLSv1.",
        "** certificate: subject CN=files.example; issuer CN=ca\n",
        "** certificate: valid from ",
        "** certificate: for ",
        "** certificate: verified for 127.0.0.1\n~> GET / HTTP/1.1\n",
    ];
    assert!(lines.iter().all(|line| said.contains(line)), "{said}");
    let (status, _, said) = run(&["--insecure"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("** certificate: not verified, as asked for\n~> GET /"), "{said}");
    assert!(said.contains("<~ HTTP/1.1 200 OK\n"), "{said}");
    let (status, body, said) = run(&[]);
    assert_eq!((status, &*body), (Some(1), ""), "{said}");
    let error = said.lines().last().unwrap();
    assert!(error.starts_with("error: ") && error.contains("--cacert"), "{said}");
    let (status, body, said) = run(&["--insecure"]);
    assert_eq!((status, &*body), (Some(0), "hello"), "{said}");
    assert!(said.contains("warning: --insecure"), "{said}");
}

/// The version and the cipher suite of a trace are those that the server was told to choose.
#[cfg(feature = "cli")]
#[test]
fn a_trace_tells_what_the_server_chose() {
    if !has_program("openssl", "version", "a_trace_tells_what_the_server_chose") {
        return;
    }
    let authority = Authority::new();
    authority.sign("good", "ca", "");
    authority.write("page.txt", "a page\n");
    let ca = authority.path().join("ca.pem").display().to_string();
    for (options, expected) in [
        ("-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256", {
            "TLSv1.3, TLS_CHACHA20_POLY1305_SHA256"
        }),
        // A client first offers a key of another group, so the server sends a HelloRetryRequest.
        ("-groups P-384 -ciphersuites TLS_AES_128_GCM_SHA256", "TLSv1.3, TLS_AES_128_GCM_SHA256"),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", {
            "TLSv1.2, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
        }),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA256", "TLSv1.2, 0xC023"),
    ] {
        let server = authority.serve("good", &format!("-WWW {options}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
        command.args(["http", &format!("https://{}/page.txt", server.address), "--trace"]);
        let ended = command.args(["--cacert", &ca]).env("no_proxy", "*").output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.stdout, b"a page\n", "{options}: {said}");
        assert!(said.contains(&format!("** TLS is up: {expected}\n")), "{options}: {said}");
    }
}
