//! Each fault has its own words: servers of openssl with bad certificates, servers that speak no
//! TLS, and what the client says of them.

use crate::authority::Authority;
use crate::call::{Call, Heard, call};
use crate::installed::has_program;
use crate::peer::{Peer, reset};
use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use wirewright::net::Error;
use wirewright::net::transport::tls::CertificateFault::{
    BadSignature, Expired, NotYetValid, SelfSigned, UnknownIssuer, Weak, WrongName, WrongPurpose,
};
use wirewright::net::transport::tls::{CertificateFault, ClientTls, Fault, NamedTls};

/// Calls, says something, and listens until the end.
fn ask(address: SocketAddr, tls: NamedTls) -> Heard {
    call(address, Call { tls: Some(tls), says: b"hello\n".to_vec(), ..Call::default() })
}

/// Only shakes hands.
fn greet(address: SocketAddr, tls: NamedTls) -> Heard {
    call(address, Call { tls: Some(tls), enough: 1, ..Call::default() })
}

fn fault(heard: &Heard) -> &Fault {
    let Error::Tls(fault) = heard.error() else { panic!("{:?}", heard.outcome) };
    fault
}

/// A case: the file of the server, its options, the name that is asked for, the fault.
type Case = (&'static str, &'static str, &'static str, CertificateFault);

const FILES: &str = "files.example";

/// All the certificates of the table.
fn certificates() -> Authority {
    let authority = Authority::new();
    authority.sign("good", "ca", "");
    authority.sign("stranger", "other", "");
    authority.write("nobody", "authorityKeyIdentifier=none\nsubjectAltName=DNS:files.example\n");
    authority.sign("forged", "false", "-extfile nobody");
    authority.write("client", "extendedKeyUsage=clientAuth\nsubjectAltName=DNS:files.example\n");
    authority.sign("client", "ca", "-extfile client");
    authority.sign_key("short", "rsa:1024", "ca", "");
    authority.sign("old", "ca", "-sha1");
    authority.sign_dated("expired", true);
    authority.sign_dated("early", false);
    authority.sign_itself("alone");
    authority
}

#[test]
fn each_fault_of_a_certificate_has_its_own_words() {
    if !has_program("openssl", "version", "each_fault_of_a_certificate_has_its_own_words") {
        return;
    }
    let cases: [Case; 11] = [
        ("expired", "", FILES, Expired),
        ("early", "", FILES, NotYetValid),
        ("alone", "", FILES, SelfSigned),
        ("stranger", "", FILES, UnknownIssuer),
        ("stranger", "-cert_chain other.pem", FILES, UnknownIssuer),
        ("good", "", "other.example", WrongName),
        ("good", "", "127.0.0.2", WrongName),
        ("client", "", FILES, WrongPurpose),
        ("short", "-cipher DEFAULT@SECLEVEL=0", FILES, Weak),
        ("old", "-cipher DEFAULT@SECLEVEL=0", FILES, Weak),
        ("forged", "", FILES, BadSignature),
    ];
    let authority = certificates();
    let tls = ClientTls::new(Some(&authority.read("ca.pem"))).unwrap();
    let mut told = HashSet::new();
    for (file, options, name, expected) in &cases {
        let server = authority.serve(file, options);
        let heard = greet(server.address, tls.named(name).unwrap());
        let expected = Fault::Certificate { fault: expected.clone(), name: (*name).to_owned() };
        assert_eq!(fault(&heard), &expected, "{file} {options}");
        assert_eq!(heard.secured, 0, "{file}");
        assert!(expected.to_string().contains(name) && !expected.advice().is_empty());
        told.insert(expected.to_string());
    }
    assert_eq!(told.len(), 9, "faults differ in their words: {told:#?}");
}

#[test]
fn good_certificates_are_good() {
    if !has_program("openssl", "version", "good_certificates_are_good") {
        return;
    }
    let authority = certificates();
    let both = [authority.read("other.pem"), authority.read("ca.pem")].concat();
    let (one, bundle) = (authority.read("ca.pem"), ClientTls::new(Some(&both)).unwrap());
    let one = ClientTls::new(Some(&one)).unwrap();
    let insecure = ClientTls::insecure().unwrap();
    for (tls, file, name) in [
        (&one, "good", FILES),
        (&one, "good", "FILES.example."),
        (&one, "good", "127.0.0.1"),
        (&bundle, "good", FILES),
        (&bundle, "stranger", FILES),
        (&insecure, "alone", "whoever"),
        (&insecure, "expired", "127.0.0.9"),
    ] {
        let server = authority.serve(file, "-rev");
        let tls = tls.named(name).unwrap();
        let says = b"abc\n".to_vec();
        let heard =
            call(server.address, Call { tls: Some(tls), says, enough: 4, ..Call::default() });
        assert_eq!(heard.bytes, b"cba\n", "{file} {name} {:?}", heard.outcome);
    }
}

#[test]
fn the_other_side_breaks_off() {
    if !has_program("openssl", "version", "the_other_side_breaks_off") {
        return;
    }
    let authority = certificates();
    let tls = ClientTls::new(Some(&authority.read("ca.pem"))).unwrap();
    for (options, expected) in [
        ("-Verify 1 -verify_return_error -tls1_3", Fault::Alert(116)),
        ("-Verify 1 -verify_return_error -tls1_2", Fault::Alert(40)),
        ("-tls1_1 -cipher DEFAULT@SECLEVEL=0", Fault::Version),
        ("-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", Fault::Alert(40)),
    ] {
        let server = authority.serve("good", options);
        let heard = ask(server.address, tls.named(FILES).unwrap());
        assert_eq!(fault(&heard), &expected, "{options}");
    }
}

#[test]
fn what_speaks_no_tls_is_told_as_such() {
    let tls = ClientTls::new(None).unwrap();
    for said in
        ["HTTP/1.1 400 Bad Request\r\n\r\n", "220 mail ESMTP\r\n", "SSH-2.0-x\r\n", "+OK \r\n"]
    {
        let peer = Peer::start(move |mut socket| {
            socket.read_exact(&mut [0; 5]).unwrap();
            socket.write_all(said.as_bytes()).unwrap();
            // Until the other side hangs up, with a reset where it has not read all.
            let _ = socket.read_to_end(&mut Vec::new());
        });
        let heard = greet(peer.address, tls.named(FILES).unwrap());
        peer.finish();
        assert_eq!(fault(&heard), &Fault::NotTls, "{said:?}");
    }
}

#[test]
fn an_end_in_the_middle_of_the_handshake() {
    let tls = ClientTls::new(None).unwrap();
    for resets in [false, true] {
        let peer = Peer::start(move |mut socket| {
            // All of it, so that the close is none that destroys.
            let mut hello = [0; 5];
            socket.read_exact(&mut hello).unwrap();
            let len = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
            socket.read_exact(&mut vec![0; len]).unwrap();
            if resets {
                reset(&socket);
            }
        });
        let heard = greet(peer.address, tls.named(FILES).unwrap());
        peer.finish();
        assert_eq!(fault(&heard), &Fault::Closed, "{resets}");
    }
}
