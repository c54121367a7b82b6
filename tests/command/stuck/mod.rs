//! Commands whose input never comes, or whose output nobody reads: they end by `--timeout`, and by
//! a signal, wherever they are blocked.

use rustix::fs::{FileType, Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

#[cfg(feature = "tls")]
mod signals;

const BINARY: &str = env!("CARGO_BIN_EXE_wirewright");

/// How long an end is waited for: not a measurement, but a bound for a machine that is busy.
const WAIT: Duration = Duration::from_secs(60);

/// A process that a test started; killed when it is dropped.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Process {
    fn end(&mut self, what: &str) -> ExitStatus {
        let begun = Instant::now();
        while begun.elapsed() < WAIT {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{what} does not end");
    }

    /// Waits until its main thread sleeps, and goes on sleeping.
    fn sleeps(&self) {
        let (begun, mut in_a_row) = (Instant::now(), 0);
        while in_a_row < 20 && begun.elapsed() < WAIT {
            let stat = format!("/proc/{0}/task/{0}/stat", self.0.id());
            let stat = std::fs::read_to_string(stat).unwrap_or_default();
            if stat.contains(") Z ") {
                return;
            }
            let is_asleep = stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S'));
            in_a_row = if is_asleep { in_a_row + 1 } else { 0 };
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A pipe that is full, and that nobody reads: its end for reading, and the one for writing.
fn full_pipe() -> (File, File) {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    while writer.write(b"x").is_ok() {}
    rustix::fs::fcntl_setfl(&writer, flags).unwrap();
    (File::from(OwnedFd::from(reader)), writer)
}

/// A FIFO that nobody else opens; its name.
fn make_fifo(folder: &Path) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("fifo{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let (kind, mode) = (FileType::Fifo, Mode::RUSR | Mode::WUSR);
    rustix::fs::mknodat(rustix::fs::CWD, folder.join(&name), kind, mode, 0).unwrap();
    name
}

/// What blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stuck {
    Stdout,
    Stderr,
    Stdin,
    /// A FIFO that nobody else opens: the word `fifo`.
    Fifo,
}

/// A command that is stuck, with the ends of pipes that have to stay open.
fn start(words: &[&str], stuck: Stuck, folder: &Path) -> (Process, Vec<File>) {
    let mut command = Command::new(BINARY);
    let fifo = make_fifo(folder);
    command.args(words.iter().map(|word| word.replace("fifo", &fifo)));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    // The lookup of a name without a dot never ends: glibc opens its file of aliases first.
    command.stderr(Stdio::piped()).env("HOSTALIASES", folder.join(&fifo));
    let mut kept = Vec::new();
    match stuck {
        Stuck::Stdout | Stuck::Stderr => {
            let (reader, writer) = full_pipe();
            kept.push(reader);
            match stuck {
                Stuck::Stdout => command.stdout(writer),
                _ => command.stderr(writer),
            };
        }
        Stuck::Stdin => {
            let (reader, writer) = std::io::pipe().unwrap();
            kept.push(File::from(OwnedFd::from(writer)));
            command.stdin(reader);
        }
        Stuck::Fifo => {}
    }
    (Process(command.spawn().unwrap()), kept)
}

/// What a stuck client is told on stderr, where that is read.
fn stderr_of(process: &mut Process) -> String {
    let mut text = String::new();
    if let Some(mut stderr) = process.0.stderr.take() {
        stderr.read_to_string(&mut text).unwrap();
    }
    text
}

/// A folder with a file, a FIFO, and a server of both kinds beside it.
struct Place {
    folder: tempfile::TempDir,
    servers: Vec<Process>,
    framed: String,
    classic: String,
    clock: String,
}

fn serve(words: &[&str], folder: &Path) -> (Process, String) {
    serve_saying(words, folder, Stdio::null())
}

fn serve_saying(words: &[&str], folder: &Path, stderr: Stdio) -> (Process, String) {
    let mut command = Command::new(BINARY);
    command.args(words).current_dir(folder).stdin(Stdio::null()).stderr(stderr);
    let mut process = Process(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    let stdout = process.0.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ").unwrap().to_owned();
    (process, address)
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    std::fs::write(root.join("file"), vec![b'a'; 1 << 20]).unwrap();
    std::fs::write(root.join("password"), "secret\n").unwrap();
    std::fs::write(root.join("reply"), b"220 mx\r\n".repeat(20_000)).unwrap();
    let any = ["--listen", "127.0.0.1:0", "--grace", "0"];
    let (one, framed) = serve(&[&["serve", "file"][..], &any].concat(), root);
    let (two, classic) = serve(&[&["serve", "file", "--classic"][..], &any].concat(), root);
    let (three, clock) = serve(&["time", "serve", "--listen", "127.0.0.1:0"], root);
    Place { folder, servers: vec![one, two, three], framed, classic, clock }
}

impl Place {
    /// Every output that can be stuck, every input that may never come.
    fn cases(&self) -> Vec<(Vec<String>, Stuck)> {
        let dry = "mail --dry-run --from a@b.example --to c@d.example --subject x";
        let send = "mail --server smtp://u@127.0.0.1:9 --starttls never --insecure-auth \
                    --from a@b.example --to c@d.example --subject x --text x";
        let (framed, classic, clock) = (&self.framed, &self.classic, &self.clock);
        [
            (format!("get {framed} file -o -"), Stuck::Stdout),
            (format!("get {framed} file --json -o copy"), Stuck::Stdout),
            (format!("get --classic {classic} -o -"), Stuck::Stdout),
            (format!("get {framed} file -o fifo"), Stuck::Fifo),
            (format!("get --classic {classic} -o fifo"), Stuck::Fifo),
            (format!("get {framed} file -o /dev/null --trace"), Stuck::Stderr),
            (format!("get {framed} missing"), Stuck::Stderr),
            (format!("ls {framed}"), Stuck::Stdout),
            (format!("ls --json {framed}"), Stuck::Stdout),
            (format!("{dry} --text x"), Stuck::Stdout),
            (format!("{dry} --text x -o fifo"), Stuck::Fifo),
            (format!("{dry} --raw-eml -"), Stuck::Stdin),
            (format!("{send} --password-file -"), Stuck::Stdin),
            (format!("time get {clock}"), Stuck::Stdout),
            ("http http://127.0.0.1:9/ -d @-".to_owned(), Stuck::Stdin),
            ("http http://127.0.0.1:9/ -o fifo".to_owned(), Stuck::Fifo),
            ("http http://127.0.0.1:9/ -d @fifo".to_owned(), Stuck::Fifo),
            (format!("ls {framed} --token-file -"), Stuck::Stdin),
            (format!("ls {framed} --token-file fifo"), Stuck::Fifo),
            ("download http://127.0.0.1:9/x --json -o new/".to_owned(), Stuck::Stdout),
            ("sms --gateway http://127.0.0.1:9/ --account a --password-file password --mobile 1 \
              --content x --json"
                .to_owned(), Stuck::Stdout),
        ]
        .into_iter()
        .filter(|(line, _)| !(line.contains("--raw-eml") && line.contains("--subject")))
        .map(|(line, stuck)| (line.split_whitespace().map(str::to_owned).collect(), stuck))
        .chain([(
            ["mail", "--dry-run", "--raw-eml", "-", "--from", "a@b.example", "--to", "c@d.example"]
                .map(str::to_owned)
                .to_vec(),
            Stuck::Stdin,
        )])
        .collect()
    }

    /// Those without `--timeout`: they end by signals alone.
    fn cases_without_timeout(&self) -> Vec<(Vec<String>, Stuck)> {
        let lines = [
            ("explain smtp --json reply", Stuck::Stdout),
            ("explain smtp", Stuck::Stdin),
            ("explain http fifo", Stuck::Fifo),
            ("bench copy --json --seconds 0.001", Stuck::Stdout),
            ("completions bash", Stuck::Stdout),
            ("serve --help", Stuck::Stdout),
        ];
        lines.map(|(line, stuck)| (line.split(' ').map(str::to_owned).collect(), stuck)).to_vec()
    }
}

/// A few at a time, for each of them mostly waits.
fn each_of(cases: Vec<(Vec<String>, Stuck)>, check: impl Fn(&[&str], Stuck) + Sync) {
    let wrong = std::sync::Mutex::new(Vec::new());
    for some in cases.chunks(6) {
        std::thread::scope(|scope| {
            for (words, stuck) in some {
                let (check, wrong) = (&check, &wrong);
                scope.spawn(move || {
                    let words: Vec<&str> = words.iter().map(String::as_str).collect();
                    let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        check(&words, *stuck)
                    }));
                    if checked.is_err() {
                        wrong.lock().unwrap().push(words.join(" "));
                    }
                });
            }
        });
    }
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_timeout_ends_every_command_wherever_it_is_stuck() {
    let place = place();
    assert_eq!(place.servers.len(), 3);
    each_of(place.cases(), |words, stuck| {
        let timed = [words, &["--timeout", "1"]].concat();
        let (mut process, kept) = start(&timed, stuck, place.folder.path());
        let status = process.end(&words.join(" "));
        assert!(matches!(status.code(), Some(1 | 4)), "{words:?}: {status:?}");
        if stuck != Stuck::Stderr {
            let told = stderr_of(&mut process);
            assert!(told.contains("error: "), "{words:?}: {told}");
        }
        drop(kept);
    });
}

/// Where a file cannot be opened nothing has begun that could end in order: the time that is left
/// for that is not waited for. The file is named.
#[test]
fn a_timeout_ends_the_opening_of_a_fifo_at_once() {
    let place = place();
    let lines = [
        "http http://127.0.0.1:9/ -o fifo",
        "http http://127.0.0.1:9/ -d @fifo",
        "get 127.0.0.1:9 file -o fifo",
        "ls 127.0.0.1:9 --token-file fifo",
        "mail --dry-run --from a@b.example --to c@d.example --subject s --text @fifo",
    ];
    for line in lines {
        let words: Vec<&str> = line.split(' ').chain(["--timeout", "0.3"]).collect();
        // The machine may be busy.
        let mut tries = (0..3).map(|_| {
            let begun = Instant::now();
            let (mut process, _kept) = start(&words, Stuck::Fifo, place.folder.path());
            assert_eq!(process.end(line).code(), Some(1), "{line}");
            let told = stderr_of(&mut process);
            assert!(told.starts_with("error: ") && told.contains("fifo"), "{line}: {told}");
            assert!(told.contains("--timeout") && told.lines().count() == 1, "{line}: {told}");
            begun.elapsed()
        });
        assert!(tries.any(|took| took < Duration::from_millis(1900)), "{line}");
    }
}

/// A server that still reads its files ends by the first signal, and when its time is over.
#[test]
fn a_server_that_reads_its_secrets_ends_at_once() {
    let place = place();
    let lines = [
        "serve . --listen 127.0.0.1:0 --token-file fifo",
        "serve . --listen 127.0.0.1:0 --tls-cert fifo --tls-key fifo",
    ];
    for (line, signal) in lines.into_iter().zip([Signal::INT, Signal::TERM]) {
        let words: Vec<&str> = line.split(' ').collect();
        let (mut process, _kept) = start(&words, Stuck::Fifo, place.folder.path());
        process.sleeps();
        kill_process(Pid::from_child(&process.0), signal).unwrap();
        assert_eq!(process.end(line).signal(), Some(signal.as_raw()), "{line}");
        let words: Vec<&str> = line.split(' ').chain(["--timeout", "0.3"]).collect();
        let (mut process, _kept) = start(&words, Stuck::Fifo, place.folder.path());
        assert_eq!(process.end(line).code(), Some(1), "{line}");
        let told = stderr_of(&mut process);
        assert!(told.contains("fifo") && told.contains("--timeout"), "{line}: {told}");
    }
}

#[test]
fn a_signal_ends_every_client_wherever_it_is_stuck() {
    let place = place();
    let cases = [place.cases(), place.cases_without_timeout()].concat();
    let slowest = std::sync::Mutex::new(Duration::ZERO);
    each_of(cases, |words, stuck| {
        let signal = if words.len() % 2 == 0 { Signal::INT } else { Signal::TERM };
        let (mut process, kept) = start(words, stuck, place.folder.path());
        process.sleeps();
        let ended = process.0.try_wait().unwrap();
        assert!(ended.is_none(), "{words:?} ended by itself: {ended:?}");
        let begun = Instant::now();
        kill_process(Pid::from_child(&process.0), signal).unwrap();
        let status = process.end(&words.join(" "));
        assert_eq!(status.signal(), Some(signal.as_raw()), "{words:?}: {status:?}");
        if stuck == Stuck::Fifo {
            let told = stderr_of(&mut process);
            let is_one = told.starts_with("error: ") && told.lines().count() == 1;
            assert!(is_one && told.contains("fifo"), "{words:?}: {told}");
        }
        let mut slowest = slowest.lock().unwrap();
        *slowest = begun.elapsed().max(*slowest);
        drop(kept);
    });
    println!("the slowest end took {:?}", slowest.into_inner().unwrap());
}

/// The second signal does not wait for the grace period, which is said.
#[test]
fn a_server_ends_at_the_second_signal() {
    let folder = tempfile::tempdir().unwrap();
    File::create(folder.path().join("file")).unwrap().set_len(1 << 36).unwrap();
    let words = ["serve", "file", "--listen", "127.0.0.1:0", "--grace", "1000", "--quiet"];
    let said = folder.path().join("said");
    let stderr = File::create(&said).unwrap().into();
    let (mut server, address) = serve_saying(&words, folder.path(), stderr);
    let (client, _kept) =
        start(&["get", &address, "file", "-o", "-"], Stuck::Stdout, folder.path());
    client.sleeps();
    kill_process(Pid::from_child(&server.0), Signal::INT).unwrap();
    server.sleeps();
    assert!(server.0.try_wait().unwrap().is_none(), "it waits for the transfer");
    kill_process(Pid::from_child(&server.0), Signal::INT).unwrap();
    assert_eq!(server.end("serve").signal(), Some(Signal::INT.as_raw()));
    let said = std::fs::read_to_string(said).unwrap();
    assert_eq!(said, "warning: a second signal: what still ran was cut off\n");
}

/// A step waits longer than by itself where `--timeout` allows more: nobody who asks for 12 seconds
/// is told after 10 that they are over.
#[test]
fn a_longer_timeout_raises_the_wait_of_each_step() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let datagrams = silent.local_addr().unwrap().to_string();
    // Connected is who is in the backlog; nothing is said to anybody.
    let (https, smtps) = (format!("https://{address}/f"), format!("smtps://{address}"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x"), "secret").unwrap();
    let sms = ["sms", "--account", "a", "--password-file", "x", "--mobile", "1", "--content", "x"];
    let sms = [&sms[..], &["--gateway", &https, "--no-proxy"]].concat();
    let mail = [
        "mail",
        "--from",
        "a@b.c",
        "--to",
        "d@e.f",
        "--subject",
        "x",
        "--text",
        "x",
        "--server",
        &smtps,
    ];
    let cases: [(&[&str], &str); 10] = [
        (&["ls", &address, "--tls"], "TLS handshake"),
        (&["get", &address, "x", "--tls"], "TLS handshake"),
        (&["get", "--classic", &address, "--tls"], "TLS handshake"),
        (&["put", &address, "x", "--tls"], "TLS handshake"),
        (&["http", &https, "--no-proxy"], "the connection to be established"),
        (&["download", &https, "--no-proxy", "--retry=0"], "the connection to be established"),
        (&sms, "the connection to be established"),
        (&mail, "TLS handshake"),
        (&["time", "get", &address], "timed out"),
        (&["time", "get", &datagrams, "--udp"], "timed out"),
    ];
    std::thread::scope(|scope| {
        for (words, said) in cases {
            let words = [words, &["--timeout", "12"]].concat();
            let folder = folder.path();
            scope.spawn(move || {
                let begun = Instant::now();
                let (mut process, _kept) = start(&words, Stuck::Fifo, folder);
                process.end(&words.join(" "));
                let took = begun.elapsed();
                let error = stderr_of(&mut process);
                assert!(took >= Duration::from_secs(12), "{words:?} after {took:?}: {error}");
                assert!(error.contains(said), "{words:?}: {error}");
            });
        }
    });
}
