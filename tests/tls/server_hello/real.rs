//! What OpenSSL sends, and how it names the suites.

use super::outcome;
use crate::installed::has_program;
use std::path::Path;
use std::process::Command;
use wirewright::server_hello::ServerHello;

/// The first records of handshakes of OpenSSL 3.0; they are the seeds of the fuzzer, behind two
/// bytes of choices.
#[test]
fn handshakes_of_openssl() {
    for (name, expected) in [
        ("openssl-1.3", "TLSv1.3, TLS_AES_256_GCM_SHA384"),
        ("openssl-1.2", "TLSv1.2, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("openssl-1.2-chacha", "TLSv1.2, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
        ("openssl-retry", "TLSv1.3, TLS_AES_256_GCM_SHA384"),
    ] {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/server_hello");
        let seed = std::fs::read(seeds.join(name)).unwrap();
        assert_eq!(outcome(&seed[2..], name), expected);
    }
}

/// All AEAD suites with ephemeral keys that are in use have the name that OpenSSL knows from the
/// same registry; the others have their number.
#[test]
fn the_names_are_those_of_openssl() {
    if !has_program("openssl", "version", "the_names_are_those_of_openssl") {
        return;
    }
    let listed = Command::new("openssl").args(["ciphers", "-V", "-stdname", "ALL"]).output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let kinds = ["TLS_AES", "TLS_CHACHA20", "TLS_DHE_RSA_", "TLS_ECDHE_RSA_", "TLS_ECDHE_ECDSA_"];
    let mut named = 0;
    for line in listed.lines() {
        let mut words = line.split_whitespace();
        let (number, name) = (words.next().unwrap(), words.nth(1).unwrap());
        let digits = number.replace("0x", "").replace(',', "");
        let cipher_suite = u16::from_str_radix(&digits, 16).unwrap();
        let is_ours = kinds.iter().any(|kind| name.starts_with(kind))
            && !["_CBC_", "ARIA", "CAMELLIA"].iter().any(|other| name.contains(other));
        let shown = ServerHello { version: 0x0303, cipher_suite }.to_string();
        let expected = if is_ours { name.to_owned() } else { format!("0x{digits}") };
        assert_eq!(shown, format!("TLSv1.2, {expected}"), "{line}");
        named += usize::from(is_ours);
    }
    assert!(named >= 10, "{listed}");
}
