//! Certificates that are not to be trusted, and servers that speak something else.

use super::server::{End, ask, client, ok, serve};
use crate::authority::Authority;
use crate::installed::has_program;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use wirewright::net::transport::tls::ClientTls;

#[test]
fn each_fault_has_its_own_words() {
    if !has_program("openssl", "version", "each_fault_has_its_own_words") {
        return;
    }
    let authority = Authority::new();
    authority.sign("stranger", "other", "");
    authority.sign_dated("old", true);
    authority.sign_dated("early", false);
    authority.sign_itself("itself");
    authority.sign("good", "ca", "");
    for (name, host, words) in [
        ("stranger", "127.0.0.1", "unknown authority"),
        ("old", "127.0.0.1", "expired"),
        ("early", "127.0.0.1", "not valid yet"),
        ("itself", "127.0.0.1", "self-signed"),
        ("good", "localhost", "is not valid for localhost"),
    ] {
        let (server, heads) = serve(&authority, name, ok("secret"), End::Stay);
        let url = format!("https://{host}:{}/", server.port());
        let failure = ask(&mut client(&authority, |_| {}), &url).unwrap_err();
        assert_eq!(failure.code, "tls", "{name}: {failure}");
        assert!(failure.to_string().contains(words), "{name}: {failure}");
        assert!(heads.lock().unwrap().is_empty(), "{name}: it heard a request");
        let insecure = |options: &mut wirewright::net::http::Options| {
            options.tls = Some(ClientTls::insecure().unwrap());
        };
        let answer = ask(&mut client(&authority, insecure), &url).unwrap();
        assert_eq!(answer.body, b"secret", "{name}");
    }
}

#[test]
fn a_server_that_does_not_speak_tls_is_said_to() {
    if !has_program("openssl", "version", "a_server_that_does_not_speak_tls_is_said_to") {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut hello = [0; 64];
        assert!(socket.read(&mut hello).unwrap() > 0);
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let failure = ask(&mut client(&Authority::new(), |_| {}), &format!("https://{server}/"));
    let failure = failure.unwrap_err();
    assert_eq!(failure.code, "tls");
    assert!(failure.to_string().contains("does not speak TLS"), "{failure}");
    thread.join().unwrap();
}
