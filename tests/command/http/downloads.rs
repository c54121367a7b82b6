//! `wirewright download`: names, how many at once, what is told.

use super::server::{Reply, Server, run_in};
use crate::command::{assert_fails, json, names_in, report};
use crate::process::run;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Barrier, Mutex};

/// A server that answers with the path that was asked for.
fn echo() -> Server {
    Server::new(|request| Reply::ok(request.target().as_bytes()))
}

fn names(told: &Value) -> Vec<&str> {
    let files = told["files"].as_array().unwrap();
    files.iter().map(|file| file["name"].as_str().unwrap()).collect()
}

#[test]
fn names_are_safe_and_differ() {
    let server = echo();
    let folder = tempfile::tempdir().unwrap();
    let paths = [
        "/a/x.jpg?1",
        "/b/x.jpg",
        "/X.jpg",
        "/",
        "/a/",
        "/..%2F..%2Fup",
        "/.hidden",
        "/-rf",
        "/%00%0a",
        "/a%2fb",
        "/a/x.jpg?1",
    ];
    let urls: Vec<String> = paths.iter().map(|path| server.at(path)).collect();
    let mut args = vec!["download", "--json", "-o", "to/there"];
    args.extend(urls.iter().map(String::as_str));
    let told = report(&run_in(folder.path(), &args));
    let expected = [
        "x.jpg",
        "x-2.jpg",
        "X-3.jpg",
        "index.html",
        "index-2.html",
        "_._.._up",
        "_hidden",
        "_rf",
        "__",
        "a_b",
        "x-4.jpg",
    ];
    assert_eq!(names(&told), expected);
    let there = folder.path().join("to/there");
    for ((path, name), url) in paths.iter().zip(expected).zip(&urls) {
        assert_eq!(std::fs::read_to_string(there.join(name)).unwrap(), *path);
        let files = told["files"].as_array().unwrap();
        let file = files.iter().find(|file| file["name"] == name).unwrap();
        assert_eq!(file["url"], **url);
        assert_eq!(Path::new(file["path"].as_str().unwrap()).file_name().unwrap(), name);
    }
    assert_eq!(names_in(&there).len(), expected.len());
    // The user asked for each, so each was fetched.
    assert_eq!(server.requests().len(), paths.len());
}

#[test]
fn the_document() {
    let server = Server::new(|request| match request.target() {
        "/good" => Reply::ok("good"),
        _ => Reply::new("404 Nothing", "nothing here"),
    });
    let folder = tempfile::tempdir().unwrap();
    let args = ["download", "--json", &server.at("/good"), &server.at("/bad"), "-j", "1"];
    let ended = run_in(folder.path(), &args);
    let bad = server.at("/bad");
    assert_fails(
        &ended,
        3,
        &format!("error: {bad}: the server answered 404 Nothing; check the URL"),
    );
    let told = json(&ended.stdout);
    for (at, expected) in [
        json!({"name": "good", "path": "./good", "url": server.at("/good"), "status": 200,
            "bytes": 4, "received": 4, "resumed_from": 0, "reused": false, "attempts": 1}),
        json!({"name": "bad", "path": null, "url": bad, "status": 404, "bytes": 0,
            "received": 12, "resumed_from": 0, "reused": true, "attempts": 1, "kept": 0,
            "error": {"code": "http_404", "text": "the server answered 404 Nothing"}}),
    ]
    .iter()
    .enumerate()
    {
        let mut file = told["files"][at].clone();
        let seconds = file.as_object_mut().unwrap().remove("seconds").unwrap();
        assert!(seconds.as_f64().is_some_and(|seconds| seconds >= 0.0));
        if let Some(path) = file["path"].as_str() {
            file["path"] = json!(format!("./{}", Path::new(path).file_name().unwrap().display()));
        }
        assert_eq!(file, *expected);
    }
    assert_eq!((&told["bytes"], &told["failed"]), (&json!(4), &json!(1)));
    assert_eq!(told["durability"], "rename");
    assert!(told["seconds"].as_f64().is_some());
    assert_eq!(names_in(folder.path()), ["good"]);
}

#[test]
fn the_table() {
    let server = Server::new(|request| match request.target() {
        path if path.starts_with("/good") => Reply::ok("good"),
        _ => Reply::new("501 Broken", "an error page is no file"),
    });
    let folder = tempfile::tempdir().unwrap();
    let ask = |paths: &[String]| {
        let urls: Vec<String> = paths.iter().map(|path| server.at(path)).collect();
        let args: Vec<&str> = ["download"].into_iter().chain(urls.iter().map(|u| &**u)).collect();
        run_in(folder.path(), &args)
    };
    let ended = ask(&["/good".to_owned(), "/bad".to_owned()]);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert_eq!((ended.status.code(), lines.len()), (Some(3), 3), "{}", ended.stderr);
    let bad = server.at("/bad");
    assert_eq!(
        lines[0],
        format!(
            "error: {bad}: the server answered 501 Broken; \
             see what the server says with wirewright http"
        )
    );
    assert!(lines[1].starts_with("good  200         4 B "), "{}", lines[1]);
    assert!(lines[2].starts_with("1 file, 4 B in ") && lines[2].ends_with(", 1 failed"));
    assert_eq!(ended.stdout, b"");

    let many: Vec<String> = (0..60).map(|number| format!("/good{number}")).collect();
    let ended = ask(&many);
    assert_eq!((ended.status.code(), ended.stderr.lines().count()), (Some(0), 1));
    let all_bad: Vec<String> = (0..60).map(|number| format!("/bad{number}")).collect();
    let ended = ask(&all_bad);
    assert_eq!((ended.status.code(), ended.stderr.lines().count()), (Some(1), 61));
    let said =
        ended.stderr.lines().filter(|line| line.contains(": the server answered 501 Broken"));
    assert_eq!(said.count(), 60, "each once: {}", ended.stderr);
    assert!(ended.stderr.lines().last().unwrap().starts_with("0 files, 0 B in "));
}

#[test]
fn exactly_so_many_are_in_flight() {
    const JOBS: usize = 5;
    static INSIDE: Mutex<(usize, usize)> = Mutex::new((0, 0));
    static ALL_THERE: Barrier = Barrier::new(JOBS);
    let server = Server::new(|_| {
        {
            let (now, most) = &mut *INSIDE.lock().unwrap();
            *now += 1;
            *most = (*most).max(*now);
        }
        // Whoever had fewer in flight would wait here in vain.
        ALL_THERE.wait();
        INSIDE.lock().unwrap().0 -= 1;
        Reply::ok("x")
    });
    let folder = tempfile::tempdir().unwrap();
    let urls: Vec<String> = (0..4 * JOBS).map(|number| server.at(&format!("/{number}"))).collect();
    let mut args = vec!["download", "--json", "-j", "5"];
    args.extend(urls.iter().map(String::as_str));
    let told = report(&run_in(folder.path(), &args));
    assert_eq!((told["failed"].as_u64(), names(&told).len()), (Some(0), 4 * JOBS));
    assert_eq!(INSIDE.lock().unwrap().1, JOBS);
    assert_eq!(server.accepted(), JOBS);
    let reused = told["files"].as_array().unwrap().iter().filter(|file| file["reused"] == true);
    assert_eq!(reused.count(), 3 * JOBS);
}

#[test]
fn so_many_to_one_host() {
    static INSIDE: Mutex<(usize, usize)> = Mutex::new((0, 0));
    let server = Server::new(|_| {
        let mut inside = INSIDE.lock().unwrap();
        inside.0 += 1;
        inside.1 = inside.1.max(inside.0);
        drop(inside);
        std::thread::yield_now();
        INSIDE.lock().unwrap().0 -= 1;
        Reply::ok("x")
    });
    let folder = tempfile::tempdir().unwrap();
    let urls: Vec<String> = (0..40).map(|number| server.at(&format!("/{number}"))).collect();
    let mut args = vec!["download", "--json", "-j", "8", "--per-host", "2"];
    args.extend(urls.iter().map(String::as_str));
    assert_eq!(report(&run_in(folder.path(), &args))["failed"], 0);
    assert!(INSIDE.lock().unwrap().1 <= 2);
    assert_eq!(server.accepted(), 2);
}

#[test]
fn the_limit_of_descriptors_is_raised_as_far_as_it_goes() {
    let server = echo();
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_wirewright");
    for (limits, jobs, status) in [
        ("ulimit -S -n 64", "-j 100", 0),
        ("ulimit -n 64", "-j 100", 2),
        // Where nobody says how many, there are as many as can be.
        ("ulimit -n 64", "", 0),
        ("ulimit -n 24", "", 0),
        ("ulimit -n 20", "-j 1", 0),
        ("ulimit -n 20", "-j 2", 2),
        // No smaller number would help.
        ("ulimit -n 10", "-j 1", 1),
    ] {
        let mut shell = std::process::Command::new("sh");
        let script = format!(
            "{limits}; exec {program} download --quiet --overwrite {jobs} {}",
            server.at("/x")
        );
        shell.args(["-c", &script]).current_dir(folder.path()).env_remove("http_proxy");
        let ended = run(&mut shell);
        match status {
            0 => assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), "")),
            1 => assert_fails(&ended, 1, "(ulimit -n) is too low: starting: too many open files"),
            _ => {
                assert_fails(&ended, 2, "--jobs: they need ");
                assert_fails(&ended, 2, " are allowed; give a smaller number, or raise ulimit -n");
            }
        }
    }
}

#[test]
fn all_or_some_or_none_failed() {
    let server = echo();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let gone = format!("http://{free}/x");
    for (urls, status) in [
        (vec![server.at("/1"), server.at("/2")], 0),
        (vec![server.at("/1"), gone.clone()], 3),
        (vec![gone.clone(), gone.clone()], 1),
        (vec![gone], 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut args = vec!["download", "--quiet"];
        args.extend(urls.iter().map(String::as_str));
        let ended = run_in(folder.path(), &args);
        match status {
            0 => assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), "")),
            status => assert_fails(&ended, status, "no connection"),
        }
    }
}

#[test]
fn secrets_go_to_the_origin_of_the_first_url_alone() {
    let (first, other) = (echo(), echo());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let urls = [first.at("/1"), other.at("/2"), first.at("/3")];
    for secret in [
        &["--user", "me", "--password-file", "password"][..],
        &["-H", "Authorization: s", "-H", "Cookie: s", "-H", "Proxy-Authorization: s"],
    ] {
        let mut args = vec!["download", "--json", "--overwrite", "-o", "to"];
        args.extend(urls.iter().map(String::as_str).chain(secret.iter().copied()));
        report(&run_in(folder.path(), &args));
    }
    let count = |server: &Server, name: &str| {
        server.requests().iter().filter(|request| request.get(name).is_some()).count()
    };
    for (name, sent) in [("Authorization", 4), ("Cookie", 2), ("Proxy-Authorization", 2)] {
        assert_eq!((count(&first, name), count(&other, name)), (sent, 0), "{name}");
    }
    assert_eq!((first.requests().len(), other.requests().len()), (4, 2));
}

#[test]
fn a_long_reason_is_cut() {
    let reason = "so ".repeat(1000);
    let server = Server::new(move |_| Reply::new(&format!("404 {reason}"), ""));
    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(folder.path(), &["download", &server.at("/x")]);
    assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
    assert_eq!(ended.stderr.matches('…').count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.lines().all(|line| line.chars().count() < 400), "{}", ended.stderr);
}

#[test]
fn half_of_a_file_is_no_file() {
    let server =
        Server::new(|_| Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf").and_close());
    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(folder.path(), &["download", &server.at("/x"), "--quiet"]);
    assert_fails(&ended, 1, "the stream ended at byte ");
    assert_eq!(names_in(folder.path()), Vec::<String>::new());
}

#[test]
fn redirects_and_unasked_parts() {
    let server = Server::new(|request| match request.target() {
        "/moved" => Reply::with("302 Found", &["Location: /other%20name"], ""),
        "/part" => Reply::with("206 Part", &["Content-Range: bytes 0-3/9"], "half"),
        _ => Reply::ok("there"),
    });
    let folder = tempfile::tempdir().unwrap();
    let quiet = ["download", "--quiet"];
    let moved = server.at("/moved");
    let ended = run_in(folder.path(), &[&quiet[..], &[&moved]].concat());
    assert_fails(&ended, 1, "the server answered 302 Found; follow it with -L");
    let ended = run_in(folder.path(), &[&quiet[..], &[&server.at("/part")]].concat());
    assert_fails(&ended, 1, "the server answered 206 Part");
    let ended = run_in(folder.path(), &[&quiet[..], &[&moved, "-L"]].concat());
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    assert_eq!(std::fs::read(folder.path().join("moved")).unwrap(), b"there");
    assert_eq!(names_in(folder.path()), ["moved"]);
}

#[test]
fn a_file_is_in_the_way() {
    let server = echo();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let ended = run_in(folder.path(), &["download", &server.at("/x"), "-o", "file"]);
    assert_fails(&ended, 1, "error: file: ");
    assert_eq!(server.accepted(), 0);
    std::fs::create_dir(folder.path().join("x")).unwrap();
    let ended = run_in(folder.path(), &["download", &server.at("/x"), "--quiet"]);
    assert_fails(&ended, 1, "it is a directory; choose another directory with -o\n");
}

/// The directory is one whether a slash ends it or not, and its path has one slash.
#[test]
fn paths_below_the_directory() {
    let server = echo();
    let folder = tempfile::tempdir().unwrap();
    let absolute = format!("{}/", folder.path().display());
    for (directory, expected) in [
        ("new/", "new/x"),
        ("new", "new/x"),
        ("new//", "new/x"),
        ("./new/", "./new/x"),
        (".", "./x"),
        (&absolute, &format!("{absolute}x")),
    ] {
        let args = ["download", "--json", "--overwrite", &server.at("/x"), "-o", directory];
        let told = json(&run_in(folder.path(), &args).stdout);
        assert_eq!(told["files"][0]["path"], *expected, "{directory}");
    }
    // So it is in an error.
    let ended = run_in(folder.path(), &["download", "-q", &server.at("/x"), "-o", "new/"]);
    assert_fails(&ended, 1, "error: new/x: ");
}

#[test]
fn the_output_has_to_be_a_directory() {
    let server = echo();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    std::os::unix::fs::symlink("file", folder.path().join("link")).unwrap();
    for output in ["/dev/null", "file", "file/", "link"] {
        let ended = run_in(folder.path(), &["download", &server.at("/x"), "-o", output]);
        let what = "it is not a directory; give a directory with -o, or fetch one file with \
                    wirewright http -o FILE";
        assert_fails(&ended, 1, &format!("error: {output}: {what}"));
    }
    assert_eq!(server.accepted(), 0);
}
