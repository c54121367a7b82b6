//! Files that are received in a folder where an attacker has prepared the names of unfinished
//! files: by each command that stores something, as root and as an ordinary user.

use crate::installed::has_program;
use crate::process::{Ended, Process, run};
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const ATTACKER: u32 = 54_321;
const VICTIM: u32 = 54_322;

/// Large enough that it grows under a name of its own; the mail and the datagrams are short.
fn content() -> Vec<u8> {
    let mut bytes = vec![0; 9 << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut bytes);
    bytes
}

/// The command, as a user who need not be root.
fn wirewright(user: u32, folder: &Path, args: &[&str]) -> Command {
    let program = env!("CARGO_BIN_EXE_wirewright");
    let mut command = match user {
        0 => Command::new(program),
        user => {
            let mut command = Command::new("setpriv");
            let user = user.to_string();
            command.args(["--reuid", &user, "--regid", &user, "--clear-groups", program]);
            command
        }
    };
    command.args(args).current_dir(folder).stdin(Stdio::null());
    ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].iter().for_each(|name| {
        command.env_remove(name);
    });
    command
}

struct World {
    source: TempDir,
    framed: String,
    classic: String,
    http: String,
    _servers: [Process; 2],
}

impl World {
    fn new() -> World {
        let source = tempfile::tempdir().unwrap();
        open_to_all(source.path(), 0o755);
        fs::write(source.path().join("f"), content()).unwrap();
        fs::write(source.path().join("short"), "short").unwrap();
        let serve = |args: &[&str]| {
            let args = [&["serve"], args, &["--listen", "127.0.0.1:0"]].concat();
            let mut process = Process::start(&mut wirewright(0, source.path(), &args));
            (process.address(), process)
        };
        let (framed, one) = serve(&["."]);
        let (classic, two) = serve(&["f", "--classic"]);
        let http = serve_http(content());
        World { source, framed, classic, http, _servers: [one, two] }
    }
}

/// Answers every request with a length and a strong tag, so that it could be resumed; its URL.
fn serve_http(body: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/f", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: \"one\"\r\nConnection: close\r\n\r\n",
            body.len()
        );
        for mut socket in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(&socket).lines();
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            // The client may have heard enough.
            let _ = socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(&body));
        }
    });
    url
}

fn open_to_all(folder: &Path, mode: u32) {
    fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
}

/// The folder that everybody may write in, inside one that the test owns.
fn shared(mode: u32) -> (TempDir, PathBuf) {
    let outer = tempfile::tempdir().unwrap();
    open_to_all(outer.path(), 0o755);
    let inner = outer.path().join("shared");
    fs::create_dir(&inner).unwrap();
    open_to_all(&inner, mode);
    (outer, inner)
}

fn reserved(folder: &Path, base: &str, extension: &str) -> PathBuf {
    let stem = &blake3::hash(base.as_bytes()).to_hex()[..16];
    folder.join(format!(".wirewright-{stem}.{extension}"))
}

/// Bytes of the attacker under the names of the unfinished file, for everybody to write.
fn bait(folder: &Path, base: &str) {
    for extension in ["part", "journal"] {
        let path = reserved(folder, base, extension);
        fs::write(&path, "bytes of the attacker").unwrap();
        open_to_all(&path, 0o666);
        chown(&path, Some(ATTACKER), Some(ATTACKER)).unwrap();
    }
}

/// What stands in the folder now: `base`, of that user, and the bait as it was.
fn check(folder: &Path, base: &str, user: u32, expected: &[u8], what: &str) {
    let path = folder.join(base);
    assert!(fs::read(&path).unwrap() == expected, "{what}");
    let about = fs::symlink_metadata(&path).unwrap();
    assert_eq!((about.uid(), about.mode() & 0o022), (user, 0), "{what}");
    for extension in ["part", "journal"] {
        let path = reserved(folder, base, extension);
        assert_eq!(fs::read(&path).unwrap(), b"bytes of the attacker", "{what}");
        assert_eq!(fs::metadata(&path).unwrap().uid(), ATTACKER, "{what}");
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 3, "{what}");
}

fn succeeded(ended: &Ended, what: &str) {
    assert_eq!(ended.status.code(), Some(0), "{what}: {}", ended.stderr);
}

/// Only root can be the attacker, the victim and a third.
fn can_run(test: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        eprintln!("{test} is skipped: it has to run as root");
    }
    is_root && has_program("setpriv", "--version", test)
}

#[test]
fn every_command_begins_anew_beside_the_bait() {
    if !can_run("every_command_begins_anew_beside_the_bait") {
        return;
    }
    let world = World::new();
    let mail = "--from a@b.org --to c@d.org --subject s --text t --message-id m@b.org \
                --date 2026-11-21T18:43:00Z";
    let mail: Vec<&str> = ["mail", "--dry-run"].into_iter().chain(mail.split(' ')).collect();
    let mail: Vec<&str> = mail.into_iter().filter(|arg| !arg.is_empty()).collect();
    let message = run(&mut wirewright(0, Path::new("/"), &mail)).stdout;
    let whole = content();
    let commands: [(Vec<&str>, &str, &[u8]); 6] = [
        (vec!["get", &world.framed, "f"], "f", &whole),
        (vec!["get", &world.framed, "short", "-o", "f"], "f", b"short"),
        (vec!["get", "--classic", &world.classic, "-o", "f"], "f", &whole),
        (vec!["http", &world.http, "-o", "f"], "f", &whole),
        (vec!["download", &world.http], "f", &whole),
        ([&mail[..], &["-o", "f"]].concat(), "f", &message),
    ];
    for (args, base, expected) in &commands {
        for user in [0, VICTIM] {
            for mode in [0o1777, 0o777] {
                let what = format!("{args:?} as {user} in {mode:o}");
                let (_outer, folder) = shared(mode);
                bait(&folder, base);
                succeeded(&run(&mut wirewright(user, &folder, args)), &what);
                check(&folder, base, user, expected, &what);
                // The file that stands there now is replaced as well.
                let again = match args[1] == "--classic" || args[0] == "download" {
                    true => [&args[..], &["--quiet"]].concat(),
                    false => args.clone(),
                };
                fs::set_permissions(folder.join(base), Permissions::from_mode(0o600)).unwrap();
                if args[0] != "download" {
                    succeeded(&run(&mut wirewright(user, &folder, &again)), &what);
                    check(&folder, base, user, expected, &what);
                    let mode = fs::metadata(folder.join(base)).unwrap().mode();
                    assert_eq!(mode & 0o777, 0o600, "{what}");
                }
            }
        }
    }
}

#[test]
fn a_server_begins_anew_beside_the_bait() {
    if !can_run("a_server_begins_anew_beside_the_bait") {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("f"), content()).unwrap();
    for user in [0, VICTIM] {
        for mode in [0o1777, 0o777] {
            let (_outer, folder) = shared(mode);
            bait(&folder, "f");
            let args = ["serve", ".", "--writable", "--listen", "127.0.0.1:0"];
            let mut server = Process::start(&mut wirewright(user, &folder, &args));
            let put = ["put", &server.address(), "f"];
            succeeded(&run(&mut wirewright(0, source.path(), &put)), "put");
            check(&folder, "f", user, &content(), "put");
        }
    }
}

#[test]
fn received_datagrams_begin_anew_beside_the_bait() {
    if !can_run("received_datagrams_begin_anew_beside_the_bait") {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("f"), "parts of a file").unwrap();
    for user in [0, VICTIM] {
        let (_outer, folder) = shared(0o1777);
        bait(&folder, "f");
        let args = ["udp", "recv", "--listen", "127.0.0.1:0", "-o", "f"];
        let mut receiver = Process::start(&mut wirewright(user, &folder, &args));
        let send = ["udp", "send", &receiver.address(), "--file", "f"];
        succeeded(&run(&mut wirewright(0, source.path(), &send)), "udp send");
        succeeded(&receiver.finish(), "udp recv");
        check(&folder, "f", user, b"parts of a file", "udp recv");
    }
}

/// Whoever created the name first does not decide who may read what replaces it.
#[test]
fn a_file_of_the_attacker_under_the_final_name_gives_nothing_away() {
    if !can_run("a_file_of_the_attacker_under_the_final_name_gives_nothing_away") {
        return;
    }
    let world = World::new();
    for (args, expected) in [
        (["get", &world.framed, "f", "-o", "f"], content()),
        (["get", &world.framed, "short", "-o", "f"], b"short".to_vec()),
    ] {
        // In a sticky folder only root may replace it.
        let (_outer, folder) = shared(0o1777);
        let path = folder.join("f");
        fs::write(&path, "theirs").unwrap();
        open_to_all(&path, 0o666);
        chown(&path, Some(ATTACKER), Some(ATTACKER)).unwrap();
        succeeded(&run(&mut wirewright(0, &folder, &args)), "get");
        let about = fs::metadata(&path).unwrap();
        assert_eq!((about.uid(), about.mode() & 0o022), (0, 0));
        assert!(fs::read(&path).unwrap() == expected);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
    assert!(world.source.path().join("f").exists());
}
