//! Where data goes: descriptors that `-o` names, standard output that is closed, and a reader that
//! has gone.

use crate::mounted::Mounted;
use crate::process::{Ended, Process, run};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What every command writes in these tests, except mail.
const CONTENT: &str = "content of a file\n";

/// The servers that the commands visit, and a folder with a file that they serve.
struct World {
    folder: TempDir,
    framed: Served,
    classic: Served,
    http: String,
}

struct Served {
    address: String,
    _process: Process,
}

fn wirewright(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wirewright"));
    command.args(args).current_dir(folder);
    without_proxies(&mut command);
    command
}

fn without_proxies(command: &mut Command) {
    ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].iter().for_each(|name| {
        command.env_remove(name);
    });
}

fn serve(folder: &Path, args: &[&str]) -> Served {
    let args = [&["serve"], args, &["--listen", "127.0.0.1:0"]].concat();
    let mut process = Process::start(&mut wirewright(folder, &args));
    Served { address: process.address(), _process: process }
}

/// An HTTP server that answers every request with these bytes, and ends with the test's process;
/// its URL.
fn serve_http(body: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", body.len());
        for mut socket in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(&socket).lines();
            lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            // The client may have heard enough.
            let _ = socket.write_all(head.as_bytes());
            let _ = socket.write_all(b"Connection: close\r\n\r\n");
            let _ = socket.write_all(&body);
        }
    });
    url
}

/// The status, exactly one line of error, and `what` in it.
fn assert_fails(ended: &Ended, status: i32, what: &str) {
    let line = &ended.stderr;
    assert_eq!(ended.status.code(), Some(status), "{line:?}");
    assert!(line.starts_with("error: ") && line.lines().count() == 1, "{line:?}");
    assert!(line.contains(what), "{line:?} says {what:?}");
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), CONTENT).unwrap();
        let framed = serve(folder.path(), &["."]);
        let classic = serve(folder.path(), &["file", "--classic"]);
        let http = serve_http(CONTENT.into());
        World { folder, framed, classic, http }
    }

    /// A command with the servers' addresses in it.
    fn line(&self, text: &str) -> String {
        let text = text.replace("FRAMED", &self.framed.address);
        text.replace("CLASSIC", &self.classic.address).replace("URL", &self.http)
    }
}

/// Runs a script in `folder`; `wirewright` is the command.
fn shell(folder: &Path, script: &str) -> Ended {
    let script =
        format!("wirewright() {{ {} \"$@\"; }}\n{script}", env!("CARGO_BIN_EXE_wirewright"));
    let mut command = Command::new("sh");
    command.args(["-c", &script]).current_dir(folder);
    without_proxies(&mut command);
    run(&mut command)
}

const MAIL: &str = "mail --dry-run --from a@b.org --to c@d.org --subject s --text t \
                    --message-id m@b.org --date 2026-11-21T18:43:00Z";

/// Commands with `-o`, to be completed by a path.
fn with_output() -> [String; 4] {
    [
        "get FRAMED file -q -o".to_owned(),
        "get --classic CLASSIC -q -o".to_owned(),
        "http URL/x -q -o".to_owned(),
        format!("{MAIL} -q -o"),
    ]
}

#[test]
fn a_path_to_a_descriptor_is_written_through_it() {
    let world = World::new();
    let link = |name: &str, to: &str| {
        std::os::unix::fs::symlink(to, world.folder.path().join(name)).unwrap();
    };
    // The links keep the device of the machine out of reach of a fault.
    link("out", "/dev/stdout");
    link("outer", "out");
    link("err", "/dev/stderr");
    for command in with_output() {
        let command = world.line(&command);
        let folder = tempfile::tempdir().unwrap();
        let here = world.folder.path();
        let all = folder.path().join("all");
        let all = all.to_str().unwrap();
        let expected = {
            let ended = shell(here, &format!("wirewright {command} -"));
            assert_eq!(ended.status.code(), Some(0), "{command}: {}", ended.stderr);
            String::from_utf8(ended.stdout).unwrap()
        };
        for (path, redirection) in [
            ("out", ">"),
            ("outer", ">"),
            ("err", "2>"),
            ("/dev/fd/3", "3>"),
            ("/proc/self/fd/3", "3>>"),
            ("/dev/fd/3", "3<>"),
            ("out", "| cat >"),
        ] {
            let number = if redirection.starts_with('3') { ">&3" } else { "" };
            let number = if path == "err" { ">&2" } else { number };
            let script = format!(
                ": > {all}; {{ printf 'before ' {number}; wirewright {command} {path}; \
                 echo $? > {all}.status; printf ' after' {number}; }} {redirection} {all}"
            );
            let ended = shell(here, &script);
            assert_eq!(ended.stderr, "", "{script}");
            let status = std::fs::read_to_string(format!("{all}.status")).unwrap();
            assert_eq!(status, "0\n", "{script}");
            let written = std::fs::read_to_string(all).unwrap();
            assert_eq!(written, format!("before {expected} after"), "{script}");
        }
    }
    for link in ["out", "outer", "err"] {
        let about = std::fs::symlink_metadata(world.folder.path().join(link)).unwrap();
        assert!(about.is_symlink(), "{link}");
    }
    assert_eq!(names_in(world.folder.path()), ["err", "file", "out", "outer"]);
}

#[test]
fn a_descriptor_that_is_not_open_for_writing_is_an_error() {
    let world = World::new();
    for command in with_output() {
        let command = world.line(&command);
        for (path, redirection, what) in [
            ("/dev/fd/9", "", "/dev/fd/9: no such descriptor is open"),
            // Whatever the command opens itself has such a number.
            ("/dev/fd/3", "", "/dev/fd/3: no such descriptor is open"),
            ("/dev/fd/3", "3< file", "/dev/fd/3: it is open for reading only"),
            ("/dev/fd/2", "", ""),
        ] {
            let ended =
                shell(world.folder.path(), &format!("wirewright {command} {path} {redirection}"));
            match what {
                "" => assert_eq!(ended.status.code(), Some(0), "{command} {path}"),
                what => assert_fails(&ended, 1, what),
            }
        }
    }
    for (command, what) in [
        ("download URL/x -o /dev/fd/1", "-o: many files do not go to one descriptor"),
        ("udp recv --listen 127.0.0.1:0 -o /dev/fd/1", "parts come in any order"),
    ] {
        let ended =
            shell(world.folder.path(), &format!("wirewright {} | cat; exit", world.line(command)));
        assert!(ended.stderr.contains(what), "{}", ended.stderr);
    }
    assert_eq!(names_in(world.folder.path()), ["file"]);
}

/// The document of `--json` is all that goes to standard output.
#[test]
fn data_and_a_document_do_not_share_standard_output() {
    let world = World::new();
    std::os::unix::fs::symlink("/dev/stdout", world.folder.path().join("out")).unwrap();
    let get = ["get FRAMED file", "get --classic CLASSIC", "http URL", MAIL];
    for (command, path) in get.iter().flat_map(|command| {
        ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "out"].map(|path| (command, path))
    }) {
        let line = format!("wirewright {} --json -o {path}", world.line(command));
        let ended = shell(world.folder.path(), &line);
        assert_fails(&ended, 2, "-o: ");
        assert_eq!(ended.stdout, b"", "{line}");
        // Another descriptor does not mix the two.
        let ended =
            shell(world.folder.path(), &line.replace(&format!("-o {path}"), "-o /dev/fd/2"));
        assert_eq!(ended.status.code(), Some(0), "{line}: {}", ended.stderr);
    }
    let ended = shell(world.folder.path(), &format!("wirewright {MAIL} --json"));
    assert_fails(&ended, 2, "-o: ");
}

/// Commands that write data to standard output.
fn to_stdout() -> Vec<String> {
    let explained = "explain envelope";
    [
        "get FRAMED file -o -",
        "get FRAMED file -o /dev/fd/1",
        "get FRAMED file --json -o /dev/null",
        "get --classic CLASSIC -o -",
        "get --classic CLASSIC --json -o /dev/null",
        "ls FRAMED",
        "ls FRAMED --json",
        "http URL",
        "http URL -o -",
        "http URL --json",
        "download URL/x --overwrite -o down --json",
        "help",
        "get --help",
        "--version",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([MAIL.to_owned(), format!("{MAIL} -o -")])
    .chain(["", " --json"].map(|json| format!("{explained}{json} document")))
    .collect()
}

/// A status of 1 would read as if the server had not accepted it.
#[test]
fn what_a_server_has_accepted_is_not_told_as_a_failure() {
    let world = World::new();
    for line in ["http URL -d x", "http URL -d x --json", "http URL -d x -o /dev/full"] {
        let line = format!("wirewright {} > /dev/full", world.line(line));
        let ended = shell(world.folder.path(), &line);
        assert_fails(&ended, 4, "the server answered 200");
        assert_fails(&ended, 4, "do not send it again");
    }
    // A request that may be repeated is not told so.
    let line = format!("wirewright {} > /dev/full", world.line("http URL"));
    assert_fails(&shell(world.folder.path(), &line), 1, "error: stdout: no space left");
}

#[test]
fn standard_output_that_is_closed_or_full_is_an_error() {
    let world = World::new();
    let document = "{\"filename\":\"a\",\"filedata\":\"YQ==\"}";
    std::fs::write(world.folder.path().join("document"), document).unwrap();
    for command in to_stdout() {
        let command = world.line(&command);
        for (redirection, what) in [(">&-", "closed"), ("> /dev/full", "o space left")] {
            let ended = shell(world.folder.path(), &format!("wirewright {command} {redirection}"));
            assert_fails(&ended, 1, what);
        }
        // A parent gives /dev/null open for both, as Python and Node.js do, and this is no fault.
        for redirection in ["> /dev/null", "1<> /dev/null"] {
            let ended = shell(world.folder.path(), &format!("wirewright {command} {redirection}"));
            assert_eq!(ended.status.code(), Some(0), "{command} {redirection}: {}", ended.stderr);
        }
    }
    // Nothing is written there by these, so nothing is wrong.
    for command in
        ["get FRAMED file -q -o got", "http URL -q -o got", "download URL/x --overwrite -q -o down"]
    {
        let ended =
            shell(world.folder.path(), &format!("wirewright {} >&- 2>&-", world.line(command)));
        assert_eq!(ended.status.code(), Some(0), "{command}: {}", ended.stderr);
    }
}

#[test]
fn a_reader_that_has_gone_ends_the_command_without_a_line() {
    let world = World::new();
    let large = vec![b'x'; 8 << 20];
    std::fs::write(world.folder.path().join("large"), &large).unwrap();
    std::fs::write(world.folder.path().join("document"), "{\"filedata\":\"YQ==\"}").unwrap();
    let classic = serve(world.folder.path(), &["large", "--classic"]);
    let http = serve_http(large);
    let large = [
        format!("get {} large -o -", world.framed.address),
        format!("get --classic {} -o -", classic.address),
        format!("http {} -o -", http),
        format!("http {}", http),
    ];
    for line in to_stdout().into_iter().chain(large) {
        let line = world.line(&line);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let args: Vec<&str> = line.split_whitespace().collect();
        let mut command = wirewright(world.folder.path(), &args);
        let ended = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{line}");
        assert_eq!(ended.status.code(), Some(1), "{line}");
    }
}

/// Every command names the path here, and no server.
#[test]
fn a_read_only_file_system_is_told_by_its_path_if_a_tmpfs_may_be_mounted() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::tmpfs(folder.path().join("ro"), "ro") else {
        println!("skipped: mounting a tmpfs is not permitted here");
        return;
    };
    let why = "the file system is read-only; give another path with -o";
    for command in with_output().iter().map(String::as_str).chain(["download URL/x -q -o"]) {
        for (output, path) in [("ro/x", "ro/x"), ("ro/", "ro/"), ("ro/new/", "ro/new/")] {
            let script = format!("wirewright {} {output}", world.line(command));
            let ended = shell(folder.path(), &script);
            assert_fails(&ended, 1, why);
            let begin = format!("error: {}", path.trim_end_matches('/'));
            assert!(ended.stderr.starts_with(&begin), "{script}: {}", ended.stderr);
            assert!(!ended.stderr.contains("127.0.0.1"), "{script}: {}", ended.stderr);
        }
    }
}

/// The same for a disk that is full.
#[test]
fn a_full_disk_is_told_by_its_path_if_a_tmpfs_may_be_mounted() {
    let mut world = World::new();
    std::fs::write(world.folder.path().join("file"), vec![b'x'; 300_000]).unwrap();
    world.http = serve_http(vec![b'x'; 300_000]);
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::tmpfs(folder.path().join("small"), "size=64k") else {
        println!("skipped: mounting a tmpfs is not permitted here");
        return;
    };
    let attached = format!("{MAIL} --attach {}/file -q -o", world.folder.path().display());
    let [framed, classic, http, _] = with_output();
    for command in [framed, classic, http, "download URL/x -q -o".to_owned(), attached] {
        let script = format!("wirewright {} small/", world.line(&command));
        let ended = shell(folder.path(), &script);
        assert_fails(&ended, 1, "no space left; free some space there");
        assert!(ended.stderr.starts_with("error: small/"), "{script}: {}", ended.stderr);
    }
}

/// What a server cannot store it says when it starts, and to whoever puts.
#[test]
fn a_server_that_can_store_nothing_says_so_if_a_tmpfs_may_be_mounted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), CONTENT).unwrap();
    let mounted = Mounted::tmpfs(folder.path().join("ro"), "ro");
    if mounted.is_none() {
        println!("skipped in part: mounting a tmpfs is not permitted here");
    }
    let read_only = "warning: ro: --writable has no effect: read-only file system\n";
    let one = "warning: file: --writable has no effect: it is a file, and files are stored in a";
    let hint = "; it has to serve a directory with --writable, on a";
    for (path, warning, why) in [
        ("ro", read_only, "the file system is read-only"),
        ("file", one, "this server offers one file, and takes none"),
    ] {
        if path == "ro" && mounted.is_none() {
            continue;
        }
        let args = ["serve", path, "--writable", "--listen", "127.0.0.1:0", "--timeout", "60"];
        let mut server = Process::start(&mut wirewright(folder.path(), &args));
        let address = server.address();
        let ended = run(&mut wirewright(folder.path(), &["put", &address, "file"]));
        assert_fails(&ended, 1, &format!("error: {address}: file: {why}{hint}"));
        let pid = server.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        let said = server.finish().stderr;
        assert!(said.starts_with(warning), "{said}");
    }
    // A directory that can be written is not warned about.
    let args = ["serve", ".", "--writable", "--listen", "127.0.0.1:0", "--timeout", "0.1"];
    assert_eq!(run(&mut wirewright(folder.path(), &args)).stderr, "");
}

/// The sizes of files in `/proc` and `/sys` are false: that is said when the server starts.
#[test]
fn a_file_system_of_false_sizes_is_warned_about() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["serve", "/proc/sys/kernel", "--listen", "127.0.0.1:0"];
    let mut server = Process::start(&mut wirewright(folder.path(), &args));
    let address = server.address();
    let ended = run(&mut wirewright(folder.path(), &["get", &address, "ostype"]));
    assert_fails(&ended, 1, &format!("error: {address}: ostype: "));
    assert_fails(&ended, 1, "another size than the file has");
    let pid = server.child.id().to_string();
    assert!(Command::new("kill").arg(pid).status().unwrap().success());
    let said = server.finish().stderr;
    let warning = "warning: /proc/sys/kernel: the sizes of files in /proc and /sys are false: ";
    assert!(said.starts_with(warning), "{said}");
    let ended = run(&mut wirewright(folder.path(), &["serve", "/proc/version"]));
    assert_fails(&ended, 1, "error: /proc/version: the file system gives another size");
    assert_fails(&ended, 1, "; copy it to a regular file, and give the copy");
}
