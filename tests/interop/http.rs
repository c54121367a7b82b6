//! Servers of the world: nginx and Python's http.server. Skipped where they are not installed,
//! unless `CI` is set.

use crate::asking::{WAIT, client, code, fetch, fetch_all, get, good, request, why};
use crate::bytes::bytes;
use crate::process::run;
use crate::{files_in, wirewright};
use serde_json::Value;
use std::cell::Cell;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use wirewright::http::message::head::Head;
use wirewright::net::Failure;
use wirewright::net::files::finisher::Finisher;
use wirewright::net::http::{After, Announced, Recipient};

/// Where Debian has nginx, which need not be in the path of an ordinary user.
const NGINX: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

/// The first of these that can be started. Where `CI` is set there has to be one.
fn installed(test: &str, programs: &[&'static str], argument: &str) -> Option<&'static str> {
    let starts = |program: &&&str| {
        let mut command = Command::new(program);
        command.arg(argument).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = programs.iter().find(starts).copied();
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "{test} needs {programs:?}");
    if found.is_none() {
        eprintln!("{test} is skipped: there is no {}", programs[0]);
    }
    found
}

/// A server in a process of its own, which ends with it.
struct Real {
    folder: TempDir,
    address: SocketAddr,
    process: Child,
}

impl Drop for Real {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Real {
    /// Starts a program over a folder with `www/` in it, at a port that was free a moment ago;
    /// again at another one where somebody else was faster.
    fn start(mut command: impl FnMut(&Path, u16) -> Command) -> Real {
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("www")).unwrap();
            let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let mut command = command(folder.path(), free.port());
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let process = command.spawn().unwrap();
            let mut real = Real { folder, address: free, process };
            if real.is_up() {
                return real;
            }
        }
        panic!("it does not come up");
    }

    /// Waits until it accepts; false if it has ended.
    fn is_up(&mut self) -> bool {
        let until = Instant::now() + WAIT;
        while Instant::now() < until {
            if self.process.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn put(&self, name: &str, content: &[u8]) {
        std::fs::write(self.folder.path().join("www").join(name), content).unwrap();
    }
}

/// One process, so that ending it ends all of it. It may be started by root, whose workers would
/// belong to nobody and not read the folder.
fn nginx(program: &str, settings: &'static str) -> Real {
    Real::start(|folder, port| {
        let at = folder.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {at}/{name};\n"))
            .concat();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\n\
             events {{}}\nhttp {{\n{temporary}access_log off;\ndefault_type text/plain;\n\
             gzip_types text/plain;\ngzip_min_length 1;\n{settings}\n\
             server {{\nlisten 127.0.0.1:{port};\nroot {at}/www;\n\
             location /packed/ {{ gzip on; alias {at}/www/; }}\n\
             location /moved {{ return 301 /small; }}\n}}\n}}\n"
        );
        std::fs::write(folder.join("nginx.conf"), config).unwrap();
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
        command.arg("-e").arg(folder.join("error.log"));
        command
    })
}

#[test]
fn nginx_serves() {
    let Some(program) = installed("nginx_serves", &NGINX, "-v") else { return };
    let server = nginx(program, "");
    server.put("small", b"hello");
    server.put("large", &bytes(3 << 20));
    let text = "a line of text\n".repeat(10_000);
    server.put("text", text.as_bytes());
    let here = server.address;
    let mut client = client(|options| options.redirects = true);
    assert_eq!(good(&mut client, get(here, "/small")).1.text(), "hello");
    let (report, heard) = good(&mut client, get(here, "/large"));
    assert!(heard.body == bytes(3 << 20) && report.reused);
    let (report, heard) = good(&mut client, get(here, "/packed/text"));
    assert_eq!(heard.headers.get("Transfer-Encoding").unwrap().value, b"chunked");
    assert_eq!(heard.headers.get("Content-Encoding").unwrap().value, b"gzip");
    assert!(heard.text() == text && report.received < 10_000, "{report:?}");
    let (report, heard) = good(&mut client, get(here, "/moved"));
    assert_eq!((heard.text(), report.redirects.len()), ("hello", 1));
    assert_eq!(good(&mut client, get(here, "/nothing")).1.status, 404);
    assert_eq!(good(&mut client, request("HEAD", here, "/large", None)).1.len, Some(0));
    assert_eq!(good(&mut client, request("POST", here, "/small", Some(b"x"))).1.status, 405);
    let mut bad = get(here, "/small");
    bad.headers.push("Host", b"a b").unwrap();
    let (_, heard) = good(&mut client, bad);
    assert_eq!(heard.status, 400);
}

/// It closes connections under us, each after three requests.
#[test]
fn nginx_closes_after_a_few_requests() {
    let name = "nginx_closes_after_a_few_requests";
    let Some(program) = installed(name, &NGINX, "-v") else { return };
    let server = nginx(program, "keepalive_requests 3;");
    server.put("small", b"hello");
    let mut client = client(|options| options.in_flight_max = 4);
    let fetches = (0..50).map(|_| get(server.address, "/small")).collect();
    for (report, heard) in fetch_all(&mut client, fetches) {
        assert_eq!((code(&report), heard.body.len()), ("ok", 5), "{report:?}");
    }
}

/// A POST after the pause would not be sent again, so the dead connection was not used.
#[test]
fn nginx_closes_after_a_pause() {
    let name = "nginx_closes_after_a_pause";
    let Some(program) = installed(name, &NGINX, "-v") else { return };
    let server = nginx(program, "keepalive_timeout 1s;");
    server.put("small", b"hello");
    let mut client = client(|_| {});
    good(&mut client, get(server.address, "/small"));
    assert!(good(&mut client, get(server.address, "/small")).0.reused);
    std::thread::sleep(Duration::from_millis(1500));
    let (report, _) = good(&mut client, request("POST", server.address, "/small", Some(b"x")));
    assert_eq!((report.reused, report.retried, report.status), (false, false, Some(405)));
}

/// Has had enough after so many bytes.
struct Enough(Rc<Cell<usize>>);

impl Recipient for Enough {
    fn head(&mut self, _: &Head, _: &Announced, _: &mut Finisher) -> Result<bool, Failure> {
        Ok(true)
    }

    fn body(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let left = self.0.get().checked_sub(bytes.len());
        let stopped = Failure::new("enough", "enough of it");
        self.0.set(left.ok_or(stopped)?);
        Ok(())
    }

    fn end(&mut self, _: &mut Finisher) -> Result<After, Failure> {
        Ok(After::Done)
    }
}

#[test]
fn nginx_goes_on_with_a_download() {
    let Some(program) = installed("nginx_goes_on_with_a_download", &NGINX, "-v") else { return };
    // So slow that the whole does not fit into the time of the first call.
    let server = nginx(program, "limit_rate_after 6m;\nlimit_rate 100k;");
    let content = bytes(7 << 20);
    server.put("f", &content);
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}/f", server.address);
    let hasty = ["download", &url, "--quiet", "--retry", "0", "--timeout", "2"];
    let cut = run(&mut wirewright(folder.path(), &hasty));
    assert!(!cut.status.success() && cut.stderr.contains("timed out"), "{}", cut.stderr);
    assert!(!folder.path().join("f").exists());
    let got = crate::good(&mut wirewright(folder.path(), &["download", &url, "--json"]));
    let got = &serde_json::from_str::<Value>(&got).unwrap()["files"][0];
    assert_eq!(got["status"], 206, "{got}");
    assert!(got["resumed_from"].as_u64().unwrap() > 4 << 20, "{got}");
    assert!(std::fs::read(folder.path().join("f")).unwrap() == content);
    assert_eq!(files_in(folder.path()), [folder.path().join("f")]);
}

#[test]
fn nginx_survives_one_who_leaves() {
    let Some(program) = installed("nginx_survives_one_who_leaves", &NGINX, "-v") else { return };
    let server = nginx(program, "");
    server.put("large", &bytes(3 << 20));
    let mut client = client(|_| {});
    let left = Rc::new(Cell::new(100_000));
    let leaving: Box<dyn Recipient> = Box::new(Enough(left));
    let reports = client.run([(get(server.address, "/large"), leaving)]).unwrap();
    assert_eq!((code(&reports[0]), why(&reports[0])), ("enough", "enough of it"));
    let (report, heard) = good(&mut client, get(server.address, "/large"));
    assert!(!report.reused && heard.body.len() == 3 << 20);
}

/// HTTP/1.0, and a connection for each file; or HTTP/1.1, which keeps them.
#[test]
fn python_serves() {
    let Some(program) = installed("python_serves", &["python3"], "-V") else { return };
    for version in ["HTTP/1.0", "HTTP/1.1"] {
        let server = Real::start(|folder, port| {
            let script = format!(
                "import http.server as s\n\
                 s.SimpleHTTPRequestHandler.protocol_version = '{version}'\n\
                 s.ThreadingHTTPServer(('127.0.0.1', {port}), \
                 s.SimpleHTTPRequestHandler).serve_forever()\n"
            );
            let mut command = Command::new(program);
            command.arg("-c").arg(script).current_dir(folder.join("www"));
            command
        });
        server.put("large", &bytes(300_000));
        server.put("small", b"hello");
        let mut client = client(|options| options.in_flight_max = 3);
        let (_, heard) = good(&mut client, get(server.address, "/"));
        assert!(heard.text().contains("href=\"small\""), "{}", heard.text());
        let paths = (0..30).map(|at| if at % 2 == 0 { "/large" } else { "/small" });
        let all = fetch_all(&mut client, paths.map(|path| get(server.address, path)).collect());
        for (at, (report, heard)) in all.iter().enumerate() {
            assert_eq!(code(report), "ok", "{report:?}");
            assert!(if at % 2 == 0 {
                heard.body == bytes(300_000)
            } else {
                heard.text() == "hello"
            });
        }
        let reused = all.iter().filter(|(report, _)| report.reused).count();
        assert!(if version == "HTTP/1.0" { reused == 0 } else { reused >= 27 }, "{reused}");
        let (report, heard) = fetch(&mut client, get(server.address, "/nothing"));
        assert_eq!((code(&report), heard.status), ("ok", 404), "{report:?}");
    }
}
