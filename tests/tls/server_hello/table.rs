//! The table of cases: a stream of records, and what comes of it.

use super::{extension, fixed, hello_13, message, outcome, record, retry, versions, with};

const TOLD: &str = "TLSv1.3, TLS_AES_256_GCM_SHA384";

fn judge(table: &[(&str, Vec<u8>, &str)]) {
    let wrong = table.iter().filter_map(|(name, stream, expected)| {
        let got = outcome(stream, name);
        (got != *expected).then(|| format!("{name}: expected {expected}, got {got}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A message alone in its record.
fn alone(body: &[u8]) -> Vec<u8> {
    record(22, &message(2, body))
}

#[test]
fn versions_and_suites() {
    let plain = |version, suite| fixed(version, [7; 32], 0, suite);
    let modern = |version, suite| with(plain(0x0303, suite), &[versions(version)]);
    judge(&[
        ("1.3", alone(&modern(0x0304, 0x1301)), "TLSv1.3, TLS_AES_128_GCM_SHA256"),
        ("1.3, CCM", alone(&modern(0x0304, 0x1305)), "TLSv1.3, TLS_AES_128_CCM_8_SHA256"),
        ("a draft of 1.3", alone(&modern(0x7F1C, 0x1302)), "TLS 0x7F1C, TLS_AES_256_GCM_SHA384"),
        ("a later version", alone(&modern(0x0305, 0x13AB)), "TLS 0x0305, 0x13AB"),
        ("1.2 without extensions", alone(&plain(0x0303, 0xCCA9)), {
            "TLSv1.2, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
        }),
        ("1.2 with none of them", alone(&with(plain(0x0303, 0xC030), &[])), {
            "TLSv1.2, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
        }),
        (
            "1.2 with others",
            alone(&with(plain(0x0303, 0x009E), &[extension(65281, &[0]), extension(23, &[])])),
            "TLSv1.2, TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        ),
        ("1.2, CBC", alone(&plain(0x0303, 0xC028)), "TLSv1.2, 0xC028"),
        ("1.1", alone(&plain(0x0302, 0xC014)), "TLSv1.1, 0xC014"),
        ("1.0", alone(&plain(0x0301, 0x0005)), "TLSv1.0, 0x0005"),
        ("SSL 3", alone(&plain(0x0300, 0x0005)), "TLS 0x0300, 0x0005"),
        ("SSL 2", alone(&plain(0x0002, 0x0005)), "refused"),
        ("1.3 in the old place", alone(&plain(0x0304, 0x1301)), "refused"),
        ("1.2 in the new place", alone(&modern(0x0303, 0x1301)), "refused"),
        ("1.3 over 1.1", alone(&with(plain(0x0302, 0x1301), &[versions(0x0304)])), "refused"),
    ]);
}

#[test]
fn bodies_that_break_the_grammar() {
    let plain = || fixed(0x0303, [7; 32], 0, 0x1302);
    let cut = |body: &[u8], len: usize| alone(&body[..body.len() - len]);
    let whole = with(plain(), &[versions(0x0304)]);
    judge(&[
        ("empty", alone(&[]), "refused"),
        ("only a version", alone(&[3, 3]), "refused"),
        ("without compression", cut(&plain(), 1), "refused"),
        ("half a suite", cut(&plain(), 2), "refused"),
        ("a session id of 32", alone(&fixed(0x0303, [7; 32], 32, 0xC028)), "TLSv1.2, 0xC028"),
        ("a session id of 33", alone(&fixed(0x0303, [7; 32], 33, 0xC028)), "refused"),
        ("a session id beyond the end", alone(&[&[3; 34][..], &[200, 0, 0]].concat()), "refused"),
        ("half a length of extensions", alone(&[&plain()[..], &[0]].concat()), "refused"),
        ("extensions that end early", cut(&whole, 1), "refused"),
        ("a byte behind the extensions", alone(&[&whole[..], &[0]].concat()), "refused"),
        ("an extension behind them", alone(&[&whole[..], &extension(23, &[])].concat()), "refused"),
        ("half an extension", alone(&with(plain(), &[vec![0, 43, 0]])), "refused"),
        ("an extension beyond the end", alone(&with(plain(), &[vec![0, 1, 0, 9, 0]])), "refused"),
        ("a version of 1 byte", alone(&with(plain(), &[extension(43, &[3])])), "refused"),
        ("a version of 3 bytes", alone(&with(plain(), &[extension(43, &[3, 4, 0])])), "refused"),
        ("two versions", alone(&with(plain(), &[versions(0x0304), versions(0x0304)])), "refused"),
    ]);
}

#[test]
fn records_and_fragments() {
    let hello = hello_13();
    let halves = |cut: usize| [record(22, &hello[..cut]), record(22, &hello[cut..])].concat();
    let warning = record(21, &[1, 112]);
    let within = [record(22, &hello[..9]), warning.clone(), record(22, &hello[9..])].concat();
    judge(&[
        ("nothing", Vec::new(), "waits"),
        ("a header", record(22, &hello)[..5].to_vec(), "waits"),
        ("all but a byte", record(22, &hello)[..4 + hello.len()].to_vec(), "waits"),
        ("in one record", record(22, &hello), TOLD),
        ("in two, within the prefix", halves(2), TOLD),
        ("in two, behind the prefix", halves(4), TOLD),
        ("in two, but for a byte", halves(hello.len() - 1), TOLD),
        ("byte by byte", super::oracle::records(&hello, 1), TOLD),
        (
            "a certificate behind it",
            record(22, &[&hello[..], &message(11, &[0; 99])].concat()),
            TOLD,
        ),
        ("a version of its own", [&[22, 9, 9], &record(22, &hello)[3..]].concat(), TOLD),
        ("an empty fragment", [record(22, &[]), record(22, &hello)].concat(), "refused"),
        ("a warning first", [warning.clone(), record(22, &hello)].concat(), TOLD),
        ("two warnings", [warning.clone(), warning.clone(), record(22, &hello)].concat(), TOLD),
        ("half a warning", warning[..6].to_vec(), "waits"),
        ("a warning within", within, "refused"),
        ("a fatal alert", [record(21, &[2, 40]), record(22, &hello)].concat(), "refused"),
        ("a long alert", record(21, &[1, 112, 0]), "refused"),
        ("a short alert", record(21, &[1]), "refused"),
        ("change_cipher_spec first", [record(20, &[1]), record(22, &hello)].concat(), "refused"),
        ("data first", [record(23, &[1]), record(22, &hello)].concat(), "refused"),
        ("a heartbeat", record(24, &[1, 0, 0]), "refused"),
        (
            "another message first",
            record(22, &[message(0, &[]), hello.clone()].concat()),
            "refused",
        ),
        ("a ClientHello", record(22, &message(1, &hello[4..])), "refused"),
        ("a length of 2^24-1", record(22, &[2, 255, 255, 255, 3, 3]), "refused"),
        (
            "a length that is too short",
            record(22, &[&[2, 0, 0, 44], &hello[4..]].concat()),
            "refused",
        ),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "refused"),
        ("SMTP", b"220 mx.example ESMTP\r\n".to_vec(), "refused"),
        ("zeros", vec![0; 64], "refused"),
    ]);
}

#[test]
fn hello_retry_requests() {
    let (hello, again) = (record(22, &hello_13()), record(22, &retry()));
    let change = record(20, &[1]);
    let joined = |parts: &[&[u8]]| parts.concat();
    let other = fixed(0x0303, super::RETRY_RANDOM, 0, 0xC028);
    judge(&[
        ("alone", again.clone(), "waits"),
        ("then the real one", joined(&[&again, &hello]), TOLD),
        ("change_cipher_spec between", joined(&[&again, &change, &hello]), TOLD),
        ("a warning between", joined(&[&again, &record(21, &[1, 90]), &hello]), TOLD),
        ("an alert between", joined(&[&again, &record(21, &[2, 40]), &hello]), "refused"),
        ("twice", joined(&[&again, &again, &hello]), "refused"),
        ("a wrong change_cipher_spec", joined(&[&again, &record(20, &[2]), &hello]), "refused"),
        ("a long change_cipher_spec", joined(&[&again, &record(20, &[1, 1]), &hello]), "refused"),
        ("in one record with the real one", record(22, &[retry(), hello_13()].concat()), TOLD),
        (
            "change_cipher_spec within the real one",
            joined(&[
                &again,
                &record(22, &hello_13()[..9]),
                &change,
                &record(22, &hello_13()[9..]),
            ]),
            "refused",
        ),
        ("its random in TLS 1.2", joined(&[&alone(&other), &hello]), TOLD),
    ]);
}
