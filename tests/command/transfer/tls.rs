//! TLS on both sides, with a certificate authority that openssl makes for the test.

use super::gate::{Gate, Stops};
use super::setup::{assert_fails, blake3, bytes, command, report};
use crate::installed::has_program;
use crate::process::{Process, run};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

fn openssl(folder: &Path, args: &str) {
    let ended = run(Command::new("openssl").args(args.split(' ')).current_dir(folder));
    assert!(ended.status.success(), "openssl {args}: {}", ended.stderr);
}

/// A folder with `ca.pem`, and `server.pem` with `server.key` for files.example and 127.0.0.1;
/// `other.pem` is an authority that signed nothing.
fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for name in ["ca", "other"] {
        openssl(
            at,
            &format!(
                "req -x509 {key} -keyout {name}.key -out {name}.pem -days 30 -subj /CN={name}"
            ),
        );
    }
    let names = "subjectAltName=DNS:files.example,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n";
    std::fs::write(at.join("extensions"), names).unwrap();
    openssl(at, &format!("req {key} -keyout server.key -out server.csr -subj /CN=files.example"));
    openssl(
        at,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
         -extfile extensions -out server.pem",
    );
    folder
}

/// A server under TLS with a folder `served` beside its certificates.
struct Secured {
    folder: TempDir,
    address: String,
    process: Process,
}

fn secured(args: &[&str]) -> Secured {
    let folder = certificates();
    std::fs::create_dir(folder.path().join("served")).unwrap();
    std::fs::write(folder.path().join("served/a"), "content").unwrap();
    let tls = ["--tls-cert", "server.pem", "--tls-key", "server.key"];
    let serve = ["serve", "served", "--listen", "127.0.0.1:0", "--writable"];
    let mut process =
        Process::start(&mut command(folder.path(), &[&serve[..], &tls, args].concat()));
    let address = process.address();
    Secured { folder, address, process }
}

impl Secured {
    /// Runs a client beside the certificates.
    fn client(&self, verb: &str, args: &[&str]) -> crate::process::Ended {
        let args = [&[verb, self.address.as_str()], args].concat();
        run(&mut command(self.folder.path(), &args))
    }
}

#[test]
fn several_mib_each_way() {
    if !has_program("openssl", "version", "several_mib_each_way") {
        return;
    }
    let server = secured(&[]);
    let content = bytes(5_000_001);
    let trust = ["--tls", "--cacert", "ca.pem"];
    std::fs::write(server.folder.path().join("big"), &content).unwrap();
    let told = report(&server.client("put", &[&["--json", "big"], &trust[..]].concat()));
    assert_eq!(told["files"][0]["sent"], content.len());
    let stored = std::fs::read(server.folder.path().join("served/big")).unwrap();
    assert!(stored == content);
    let args = [&["--json", "big", "-o", "back/"], &trust[..]].concat();
    let told = report(&server.client("get", &args));
    assert_eq!(told["files"][0]["digest"].as_str(), Some(&*blake3(&content)));
    assert!(std::fs::read(server.folder.path().join("back/big")).unwrap() == content);
    let listed = report(&server.client("ls", &[&["--json"], &trust[..]].concat()));
    assert_eq!(listed["entries"].as_array().unwrap().len(), 2);
    let args = [&["a", "--trace", "--quiet", "-o", "back/"], &trust[..]].concat();
    let ended = server.client("get", &args);
    assert_eq!(ended.status.code(), Some(0));
    assert!(ended.stderr.lines().any(|line| line.starts_with("~> {\"type\":\"hello\"")));
    assert!(ended.stderr.lines().any(|line| line.starts_with("<~ {\"type\":\"chunk\"")));
    let marks = ["~> ", "<~ ", "** "];
    assert!(ended.stderr.lines().all(|line| marks.iter().any(|mark| line.starts_with(mark))));
}

/// What the certificate says is text of a peer, and one that is not checked may say anything.
#[test]
fn a_trace_tells_of_the_handshake() {
    if !has_program("openssl", "version", "a_trace_tells_of_the_handshake") {
        return;
    }
    let server = secured(&["--trace"]);
    let trust = ["a", "--trace", "--tls", "--cacert", "ca.pem", "--tls-name", "files.example"];
    let ended = server.client("get", &trust);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    for line in [
        "** TLS is up: TLSv1.3, TLS_",
        "** certificate: subject CN=files.example; issuer CN=ca\n",
        "** certificate: valid from ",
        " GMT to ",
        "** certificate: for files.example, 127.0.0.1\n",
        "** certificate: verified for files.example\n~> ",
    ] {
        assert!(ended.stderr.contains(line), "{line:?} in {}", ended.stderr);
    }
    // A refusal shows no certificate that was trusted.
    let ended = server.client("get", &["a", "--trace", "--tls"]);
    assert!(!ended.stderr.contains("verified for"), "{}", ended.stderr);

    kill_process(Pid::from_child(&server.process.child), Signal::TERM).unwrap();
    let said = server.process.finish().stderr;
    let is_up = |line: &str| {
        line.starts_with("** 127.0.0.1:") && line.contains(" TLS is up: TLSv1.3, TLS_")
    };
    assert!(said.lines().any(is_up), "{said}");
    assert!(!said.contains("certificate: "), "clients show none: {said}");
}

/// A server names the version and the cipher suite that each client asked for.
#[test]
fn a_trace_of_a_server_tells_what_was_chosen() {
    if !has_program("openssl", "version", "a_trace_of_a_server_tells_what_was_chosen") {
        return;
    }
    let server = classic(b"guido", &["--trace"]);
    let choices = [
        ("-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256", "TLSv1.3, TLS_AES_128_GCM_SHA256"),
        ("-ciphersuites TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3, TLS_CHACHA20_POLY1305_SHA256"),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", {
            "TLSv1.2, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
        }),
    ];
    for (options, _) in choices {
        let said = s_client(&server, options);
        assert!(said.contains("Z3VpZG8="), "{options}: {said}");
    }
    kill_process(Pid::from_child(&server.process.child), Signal::TERM).unwrap();
    let said = server.process.finish().stderr;
    let told = said.lines().filter_map(|line| line.split_once(" TLS is up: "));
    let told: Vec<&str> = told.map(|(_, told)| told).collect();
    assert_eq!(told, choices.map(|(_, expected)| expected), "{said}");
}

#[test]
fn a_hostile_certificate_is_escaped_in_a_trace() {
    if !has_program("openssl", "version", "a_hostile_certificate_is_escaped_in_a_trace") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::write(at.join("a"), "content").unwrap();
    let names: Vec<String> = (0..300).map(|n| format!("DNS:n{n}.example")).collect();
    let config = format!(
        "[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\nutf8=yes\n\
         [dn]\nO=\u{202e}gpj.exe\nCN=a\x1b]0;title\x07b\n\
         [ext]\nsubjectAltName=IP:127.0.0.1,IP:::1,email:a@b.example,{}\n",
        names.join(",")
    );
    std::fs::write(at.join("config"), config).unwrap();
    openssl(
        at,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
         -keyout key.pem -out cert.pem -config config",
    );
    let serve = ["serve", "a", "--listen", "127.0.0.1:0", "--tls-cert", "cert.pem"];
    let mut server =
        Process::start(&mut command(at, &[&serve[..], &["--tls-key", "key.pem"]].concat()));
    let address = server.address();
    let get = ["get", &address, "a", "-o", "b", "--trace", "--tls", "--cacert", "cert.pem"];
    let ended = run(&mut command(at, &get));
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let unseen = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!ended.stderr.contains(unseen), "{:?}", ended.stderr);
    for words in [
        "O=\\u{202e}gpj.exe, CN=a\\u{1b}]0;title\\u{7}b",
        "certificate: for 127.0.0.1, ::1, a@b.example, n0.example, ",
        ", n16.example, and 283 more\n",
    ] {
        assert!(ended.stderr.contains(words), "{words:?} in {}", ended.stderr);
    }
}

#[test]
fn certificates_are_checked() {
    if !has_program("openssl", "version", "certificates_are_checked") {
        return;
    }
    let server = secured(&[]);
    let right = ["--tls", "--cacert", "ca.pem"];
    for (args, good) in [
        (&right[..], true),
        (&["--tls", "--cacert", "ca.pem", "--tls-name", "files.example"], true),
        (&["--tls"], false),
        (&["--tls", "--cacert", "other.pem"], false),
        (&["--tls", "--cacert", "ca.pem", "--tls-name", "other.example"], false),
        (&["--tls", "--tls-name", "files.example"], false),
    ] {
        for (verb, names) in [("ls", &[][..]), ("get", &["a"]), ("put", &["ca.pem"])] {
            let ended = server.client(verb, &[names, args].concat());
            match good {
                true => assert_eq!(ended.status.code(), Some(0), "{args:?} {}", ended.stderr),
                false => assert_fails(&ended, 1, "certificate"),
            }
            // Only where there was trust anything has arrived.
            for (arrives, name) in [("get", "a"), ("put", "served/ca.pem")] {
                let removed = std::fs::remove_file(server.folder.path().join(name));
                assert_eq!(removed.is_ok(), good && verb == arrives, "{verb} {args:?} {name}");
            }
        }
    }
    for args in [&["--tls", "--cacert", "missing"][..], &["--tls", "--cacert", "server.key"]] {
        assert_fails(&server.client("ls", args), 1, "");
    }
    assert_fails(&server.client("ls", &["--cacert", "ca.pem"]), 2, "--tls");
    assert_fails(&server.client("ls", &["--tls-name", "x"]), 2, "--tls");
}

#[test]
fn the_other_side_does_not_speak_tls() {
    if !has_program("openssl", "version", "the_other_side_does_not_speak_tls") {
        return;
    }
    let mut server = secured(&[]);
    assert_fails(&server.client("ls", &[]), 1, &server.address);
    // Here both sides wait for the other to begin.
    let ended = server.client("get", &["--classic", "--timeout", "0.5"]);
    assert_fails(&ended, 1, "timed out");
    // After that it serves as before.
    let trust = ["--tls", "--cacert", "ca.pem"];
    assert_eq!(server.client("ls", &trust).status.code(), Some(0));
    let plain = ["serve", "served", "--listen", "127.0.0.1:0"];
    server.process = Process::start(&mut command(server.folder.path(), &plain));
    server.address = server.process.address();
    assert_fails(&server.client("ls", &trust), 1, "TLS");
    assert_eq!(server.client("ls", &[]).status.code(), Some(0));
}

#[test]
fn certificates_and_keys_that_do_not_fit() {
    if !has_program("openssl", "version", "certificates_and_keys_that_do_not_fit") {
        return;
    }
    let folder = certificates();
    let at = |name: &str| folder.path().join(name);
    let encrypt = ["pkey", "-in", "server.key", "-aes128", "-passout", "pass:x", "-out", "secret"];
    let made = Command::new("openssl").args(encrypt).current_dir(folder.path()).status().unwrap();
    assert!(made.success());
    std::fs::write(at("garbage"), "garbage").unwrap();
    let text = |name| std::fs::read_to_string(at(name)).unwrap();
    std::fs::write(at("cut.key"), &text("server.key")[..200]).unwrap();
    std::fs::write(at("cut.pem"), text("server.pem").replacen("MII", "M!!", 1)).unwrap();
    for (certificate, key, said) in [
        ("server.pem", "ca.key", "ca.key: TLS: the private key does not belong to the certificate"),
        ("server.pem", "secret", "secret: TLS: the private key is encrypted; give the private key"),
        ("server.pem", "garbage", "garbage: TLS: there is no private key in PEM in it; "),
        ("server.pem", "server.pem", "server.pem: TLS: there is no private key in PEM in it; "),
        ("server.pem", "cut.key", "cut.key: TLS: the private key is damaged, or of a kind that"),
        ("server.key", "server.key", "server.key: TLS: there is no certificate in it; give a"),
        ("garbage", "server.key", "garbage: TLS: there is no certificate in it; give a chain"),
        ("cut.pem", "server.key", "cut.pem: TLS: a certificate in it is damaged; give a chain"),
        ("missing", "server.key", "missing: no such file"),
    ] {
        let pair = ["--tls-cert", certificate, "--tls-key", key];
        let args = [&["serve", ".", "--listen", "127.0.0.1:0"], &pair[..]].concat();
        let ended = run(&mut command(folder.path(), &args));
        assert_fails(&ended, 1, &format!("error: {said}"));
    }
}

#[test]
fn a_token_and_the_classic_wire_under_tls() {
    if !has_program("openssl", "version", "a_token_and_the_classic_wire_under_tls") {
        return;
    }
    let folder = certificates();
    let content = bytes(2_000_000);
    std::fs::write(folder.path().join("file"), &content).unwrap();
    std::fs::write(folder.path().join("token"), "secret").unwrap();
    let tls = ["--tls-cert", "server.pem", "--tls-key", "server.key"];
    let trust = ["--tls", "--cacert", "ca.pem", "--tls-name", "files.example"];
    let serve = |args: &[&str]| {
        let serve = ["serve", "file", "--listen", "127.0.0.1:0"];
        let args = [&serve[..], &tls, args].concat();
        let mut server = Process::start(&mut command(folder.path(), &args));
        (server.address(), server)
    };
    let get = |address: &str, args: &[&str]| {
        let args = [&["get", address, "--json"], args, &trust].concat();
        run(&mut command(folder.path(), &args))
    };
    let (address, _server) = serve(&["--classic"]);
    report(&get(&address, &["--classic", "-o", "one/"]));
    assert!(std::fs::read(folder.path().join("one/file")).unwrap() == content);
    let (address, _server) = serve(&["--token-file", "token"]);
    report(&get(&address, &["file", "--token-file", "token", "-o", "two/"]));
    assert!(std::fs::read(folder.path().join("two/file")).unwrap() == content);
    assert_fails(&get(&address, &["file", "-o", "three/"]), 1, "unauthorized");
}

/// A classic server under TLS with a file of that content, beside its certificates.
fn classic(content: &[u8], args: &[&str]) -> Secured {
    let folder = certificates();
    std::fs::write(folder.path().join("file"), content).unwrap();
    let tls = ["--tls-cert", "server.pem", "--tls-key", "server.key", "--classic"];
    let serve = ["serve", "file", "--listen", "127.0.0.1:0"];
    let mut process =
        Process::start(&mut command(folder.path(), &[&serve[..], &tls, args].concat()));
    let address = process.address();
    Secured { folder, address, process }
}

/// What the client of openssl says and hears until the server ends.
fn s_client(server: &Secured, options: &str) -> String {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-connect", &server.address, "-CAfile", "ca.pem", "-ign_eof"]);
    client.args(options.split_whitespace()).current_dir(server.folder.path());
    let ended = run(&mut client);
    String::from_utf8_lossy(&ended.stdout).into_owned() + &ended.stderr
}

#[test]
fn tls_1_3_and_1_2_are_offered_and_nothing_older() {
    if !has_program("openssl", "version", "tls_1_3_and_1_2_are_offered_and_nothing_older") {
        return;
    }
    let server = classic(b"guido", &[]);
    for (options, version) in [
        ("", "TLSv1.3"),
        ("-tls1_3", "TLSv1.3"),
        ("-tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3"),
        ("-tls1_2", "TLSv1.2"),
    ] {
        let said = s_client(&server, options);
        assert!(said.contains(&format!("New, {version}, Cipher is")), "{options}: {said}");
        assert!(said.contains("Z3VpZG8=") && said.contains("Verify return code: 0"), "{said}");
    }
    for options in ["-tls1_1 -cipher DEFAULT@SECLEVEL=0", "-tls1 -cipher DEFAULT@SECLEVEL=0"] {
        let said = s_client(&server, options);
        assert!(!said.contains("Z3VpZG8=") && said.contains("alert protocol version"), "{said}");
    }
}

#[test]
fn a_session_is_resumed_by_its_ticket() {
    if !has_program("openssl", "version", "a_session_is_resumed_by_its_ticket") {
        return;
    }
    let server = classic(b"guido", &[]);
    for version in ["-tls1_3", "-tls1_2"] {
        let first = s_client(&server, &format!("{version} -sess_out session.pem"));
        assert!(first.contains("Z3VpZG8="), "{first}");
        for _ in 0..2 {
            let again = s_client(&server, &format!("{version} -sess_in session.pem"));
            assert!(again.contains("Reused, TLSv1.") && again.contains("Z3VpZG8="), "{again}");
        }
    }
}

/// Tickets come behind the handshake, before anything the server says: with them alone nothing has
/// come, and an end there is none.
#[test]
fn an_end_behind_the_tickets_is_not_the_end_of_a_file() {
    if !has_program("openssl", "version", "an_end_behind_the_tickets_is_not_the_end_of_a_file") {
        return;
    }
    let content = bytes(1 << 20);
    let server = classic(&content, &[]);
    let trust = ["--tls", "--cacert", "ca.pem", "--tls-name", "files.example"];
    // Both flights of a handshake are some 1,500 bytes; the rest is cut off at ever later places.
    for len in [1000, 2000, 3000, 20_000, 1_000_000] {
        let gate = Gate::cutting(&server.address, Stops::ToClient, len);
        let args = [&["get", &gate.address, "--classic", "-o", "cut"], &trust[..]].concat();
        assert_fails(&run(&mut command(server.folder.path(), &args)), 1, &gate.address);
        assert!(!server.folder.path().join("cut").exists(), "cut at {len}");
    }
    let args = ["--classic", "-o", "whole"];
    let ended = server.client("get", &[&args[..], &trust].concat());
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(std::fs::read(server.folder.path().join("whole")).unwrap() == content);
}

#[test]
fn whoever_is_over_the_limit_of_connections_hears_it_under_tls_too() {
    if !has_program("openssl", "version", "whoever_is_over_the_limit_hears_it_under_tls") {
        return;
    }
    for threads in ["1", "2"] {
        let server = secured(&["--max-connections", "1", "--threads", threads]);
        let trust = ["--tls", "--cacert", "ca.pem"];
        let first = std::net::TcpStream::connect(&server.address).unwrap();
        let busy = crate::process::wait_for("the first to be let in", || {
            let ended = server.client("ls", &trust);
            (!ended.status.success()).then_some(ended)
        });
        assert_fails(&busy, 1, "connection limit reached");
        // A client that says nothing itself.
        let began = std::time::Instant::now();
        let said = s_client(&server, "-tls1_3");
        assert!(said.contains(r#""code":"busy""#), "{said}");
        assert!(began.elapsed() < std::time::Duration::from_secs(10), "{:?}", began.elapsed());
        drop(first);
        crate::process::wait_for("a place", || {
            server.client("ls", &trust).status.success().then_some(())
        });
    }
}
