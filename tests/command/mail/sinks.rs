//! Real servers: Postfix's `smtp-sink`, and aiosmtpd with STARTTLS and AUTH.

use super::server::{MESSAGE, mail, send_from};
use crate::command::{assert_fails, json, report};
use crate::process::{Process, run, wait_for};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Whether something is there. Where `CI` is set it has to be.
fn has(found: bool, what: &str) -> bool {
    assert!(found || std::env::var_os("CI").is_none(), "{what} is missing");
    if !found {
        eprintln!("skipped: there is no {what}");
    }
    found
}

/// A port that is free now, and a moment when somebody listens there.
fn free() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait_until_it_listens(port: u16) {
    wait_for("somebody to listen", || TcpStream::connect(("127.0.0.1", port)).ok());
}

// ---- smtp-sink -------------------------------------------------------------------------------

fn smtp_sink(args: &[&str]) -> Option<(Process, String)> {
    let places = ["/usr/sbin/smtp-sink", "/usr/libexec/postfix/smtp-sink", "/usr/bin/smtp-sink"];
    let program = places.iter().map(PathBuf::from).find(|place| place.exists());
    if !has(program.is_some(), "smtp-sink") {
        return None;
    }
    let port = free();
    let mut command = Command::new(program?);
    // It gives up being root, where it is that.
    if run(Command::new("id").arg("-u")).stdout == b"0\n" {
        command.args(["-u", "nobody"]);
    }
    let address = format!("127.0.0.1:{port}");
    let process = Process::start(command.args(args).args([&address, "100"]).stdin(Stdio::null()));
    wait_until_it_listens(port);
    Some((process, format!("smtp://{address}")))
}

#[test]
fn smtp_sink_takes_all() {
    let Some((_sink, to)) = smtp_sink(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.bin"), vec![b'.'; 2 << 20]).unwrap();
    let told = report(&send_from(folder.path(), &to, &["--attach", "a.bin", "--json"]));
    assert_eq!((&told["outcome"], &told["reply"]["code"]), (&"accepted".into(), &250.into()));
}

#[test]
fn smtp_sink_with_its_faults() {
    let folder = std::env::temp_dir();
    for (fault, status, outcome) in [
        (&["-p"][..], 0, "accepted"),
        (&["-e"], 0, "accepted"),
        (&["-r", "mail"], 1, "refused"),
        (&["-r", "rcpt"], 1, "refused"),
        (&["-r", "data"], 1, "refused"),
        (&["-r", "."], 1, "refused"),
        (&["-f", "rcpt"], 1, "refused"),
        (&["-q", "mail"], 1, "refused"),
        (&["-q", "data"], 1, "refused"),
        (&["-q", "."], 4, "unknown"),
        (&["-a"], 0, "accepted"),
    ] {
        let Some((_sink, to)) = smtp_sink(fault) else { return };
        let ended = send_from(&folder, &to, &["--json"]);
        assert_eq!(ended.status.code(), Some(status), "{fault:?}: {}", ended.stderr);
        assert_eq!(json(&ended.stdout)["outcome"], outcome, "{fault:?}");
    }
}

// ---- aiosmtpd --------------------------------------------------------------------------------

/// `AIOSMTPD_PYTHON` names a Python that has aiosmtpd; else it is `python3`.
fn python() -> Option<String> {
    let python = std::env::var("AIOSMTPD_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut probe = Command::new(&python);
    probe.args(["-c", "import aiosmtpd"]).stdout(Stdio::null()).stderr(Stdio::null());
    let found = probe.status().is_ok_and(|status| status.success());
    has(found, "aiosmtpd").then_some(python)
}

fn openssl(folder: &Path, args: &str) {
    let ended = run(Command::new("openssl").args(args.split(' ')).current_dir(folder));
    assert!(ended.status.success(), "openssl {args}: {}", ended.stderr);
}

/// `ca.pem`, and `server.pem` with `server.key` for mx.example; `other.pem` signed nothing.
fn certificates(folder: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for name in ["ca", "other"] {
        let made = format!("-keyout {name}.key -out {name}.pem -days 30 -subj /CN={name}");
        openssl(folder, &format!("req -x509 {key} {made}"));
    }
    let names = "subjectAltName=DNS:mx.example\nbasicConstraints=CA:FALSE\n";
    std::fs::write(folder.join("extensions"), names).unwrap();
    openssl(folder, &format!("req {key} -keyout server.key -out server.csr -subj /CN=mx.example"));
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
         -extfile extensions -out server.pem",
    );
}

struct Daemon {
    folder: TempDir,
    address: String,
    _process: Process,
}

/// aiosmtpd as tests/command/mail/daemon.py starts it; messages go to `inbox`.
fn daemon(kind: &str) -> Option<Daemon> {
    let (python, folder) = (python()?, tempfile::tempdir().unwrap());
    if !has(run(Command::new("openssl").arg("version")).status.success(), "openssl") {
        return None;
    }
    certificates(folder.path());
    std::fs::write(folder.path().join("password"), "secret 147258\n").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command/mail/daemon.py");
    let mut command = Command::new(python);
    command.arg(script).arg(kind).current_dir(folder.path()).stdin(Stdio::null());
    let mut process = Process::start(&mut command);
    let address = process.address();
    Some(Daemon { folder, address, _process: process })
}

impl Daemon {
    fn send(&self, scheme: &str, args: &[&str]) -> crate::process::Ended {
        let to = format!("{scheme}://{}", self.address);
        mail(self.folder.path(), &[&["--server", &to], &MESSAGE[..], args].concat())
    }
}

const TRUST: [&str; 4] = ["--cacert", "ca.pem", "--tls-name", "mx.example"];

#[test]
fn starttls_and_a_login() {
    let Some(daemon) = daemon("starttls") else { return };
    let to = format!("smtp://me@example.org@{}", daemon.address);
    for auth in ["plain", "login"] {
        let login = ["--password-file", "password", "--auth", auth, "--trace"];
        let how = [&["--server", &to], &MESSAGE[..], &TRUST, &login].concat();
        let ended = mail(daemon.folder.path(), &how);
        assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
        for line in [
            "-> STARTTLS\n",
            "** TLS is up: TLSv1.",
            "** certificate: subject ",
            "~> AUTH ",
            "<~ 235 ",
        ] {
            assert!(ended.stderr.contains(line), "{line:?} in {}", ended.stderr);
        }
        assert!(!ended.stderr.contains("c2VjcmV0") && !ended.stderr.contains("147258"));
    }
    let dry = mail(daemon.folder.path(), &[&["--dry-run"], &MESSAGE[..]].concat()).stdout;
    let inbox = std::fs::read(daemon.folder.path().join("inbox")).unwrap();
    assert_eq!(inbox, [&dry[..], &dry].concat());
    // A wrong password, and none at all.
    std::fs::write(daemon.folder.path().join("password"), "wrong").unwrap();
    let how = [&["--server", &to], &MESSAGE[..], &TRUST, &["--password-file", "password"]].concat();
    assert_fails(&mail(daemon.folder.path(), &how), 1, "check the user name and password");
    assert_fails(&daemon.send("smtp", &TRUST), 1, "530");
}

#[test]
fn certificates_are_checked() {
    for (kind, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let Some(daemon) = daemon(kind) else { return };
        for (args, what) in [
            (&["--cacert", "other.pem", "--tls-name", "mx.example"][..], "--cacert"),
            (&["--cacert", "ca.pem", "--tls-name", "mx.other"], "--tls-name"),
            (&["--cacert", "ca.pem"], "--tls-name"),
            (&["--cacert", "other.pem", "--starttls", "opportunistic"], "certificate"),
        ] {
            assert_fails(&daemon.send(scheme, args), 1, what);
        }
        assert!(!daemon.folder.path().join("inbox").exists());
    }
}

#[test]
fn tls_from_the_beginning() {
    let Some(daemon) = daemon("tls") else { return };
    let to = format!("smtps://me@{}", daemon.address);
    let login = ["--password-file", "password", "--json"];
    let how = [&["--server", &to], &MESSAGE[..], &TRUST, &login].concat();
    assert_eq!(report(&mail(daemon.folder.path(), &how))["outcome"], "accepted");
    let check = [&["--check", "--server", &to], &TRUST[..], &login].concat();
    let told = report(&mail(daemon.folder.path(), &check));
    assert_eq!(told["tls"], "from the beginning");
    assert!(told["login"].is_string(), "{told}");
}

#[test]
fn an_address_that_is_not_ascii() {
    let Some(daemon) = daemon("smtputf8") else { return };
    let args = ["--to", "用户@bücher.example", "--starttls", "never", "--json"];
    let told = report(&daemon.send("smtp", &args));
    assert_eq!(
        told["accepted"],
        serde_json::json!(["luo@example.net", "用户@xn--bcher-kva.example"])
    );
    let file = |name| std::fs::read(daemon.folder.path().join(name)).unwrap();
    let envelope = "wang@example.org luo@example.net 用户@xn--bcher-kva.example\n";
    assert_eq!(String::from_utf8(file("envelopes")).unwrap(), envelope);
    let how = [&["--dry-run"], &MESSAGE[..], &args[..2]].concat();
    let dry = mail(daemon.folder.path(), &how).stdout;
    assert_eq!((file("inbox"), &told["size"]), (dry.clone(), &dry.len().into()));
}
