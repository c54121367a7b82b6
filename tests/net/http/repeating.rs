//! Fetches that failed and are made again by themselves: when, how often, after which wait.

use super::downloads::{into, names, one};
use super::server::{Conn, Request, Server, answer, ok};
use crate::asking::{client, code, fetch_all, get, request, url, why};
use crate::bytes::bytes;
use crate::listening::WAIT;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};
use wirewright::net::files::http_date;
use wirewright::net::http::{Client, Download, Fetch, Notice, Options, Retries, download};

const TAG: &str = "ETag: \"v1\"\r\n";

/// Waits are short, so that tests are.
const SHORT: Duration = Duration::from_millis(10);

/// A client that makes each fetch again up to so many times.
fn patient(count_max: u32) -> Client {
    patient_with(count_max, |_| {})
}

fn patient_with(count_max: u32, set: impl FnOnce(&mut Options)) -> Client {
    client(|options| {
        options.retries = Retries { count_max, first_wait: SHORT, ..Retries::default() };
        set(options);
    })
}

/// One download with these retries; what stands in the folder afterwards is given, too.
fn fetched(client: &mut Client, what: Fetch) -> (Download, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let got = one(client, what, &into(folder.path()));
    (got, folder)
}

/// Where a request wants to go on.
fn from(request: &Request) -> Option<usize> {
    let range = request.get("Range")?;
    Some(range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap())
}

/// Serves `content` under this tag, and ends each of the first `deaths` connections `cut` bytes
/// behind where its request begins.
fn dying(content: Vec<u8>, tag: &'static str, deaths: usize, cut: usize) -> Server {
    Server::start(move |mut conn| {
        while let Some(request) = conn.request() {
            let from = from(&request).unwrap_or(0);
            let (size, rest) = (content.len(), &content[from..]);
            let head = match from {
                0 => format!("HTTP/1.1 200 OK\r\n{tag}Content-Length: {size}\r\n\r\n"),
                from => format!(
                    "HTTP/1.1 206 Part\r\n{tag}Content-Range: bytes {from}-{}/{size}\r\n\
                     Content-Length: {}\r\n\r\n",
                    size - 1,
                    rest.len()
                ),
            };
            conn.send(head);
            if conn.number <= deaths {
                conn.send(&rest[..cut.min(rest.len() - 1)]);
                return;
            }
            conn.send(rest);
        }
    })
}

#[test]
fn a_lost_connection_is_gone_on_with() {
    const SIZE: usize = 9 << 20;
    const CUT: usize = 4_400_000;
    let server = dying(bytes(SIZE), TAG, 2, CUT);
    let (got, folder) = fetched(&mut patient(2), get(*server, "/f"));
    assert_eq!(code(&got.report), "ok", "{got:?}");
    assert_eq!((got.report.retries, got.resumed_from, got.bytes), (2, 0, SIZE as u64));
    assert_eq!((got.report.received, got.report.taken), (SIZE as u64, SIZE as u64));
    let asked: Vec<_> = server.requests().iter().map(from).collect();
    assert_eq!(asked, [None, Some(CUT), Some(2 * CUT)]);
    assert!(server.requests()[1].get("If-Range") == Some("\"v1\""));
    assert!(std::fs::read(folder.path().join("f")).unwrap() == bytes(SIZE));
    assert_eq!(names(folder.path()), ["f"]);
}

/// The retries are counted for each fetch in all: that bytes came gives none back. What has come is
/// kept, and said.
#[test]
fn the_budget_ends() {
    const SIZE: usize = 20 << 20;
    const CUT: usize = 5_000_000;
    let server = dying(bytes(SIZE), TAG, 4, CUT);
    let folder = tempfile::tempdir().unwrap();
    let got = one(&mut patient(2), get(*server, "/f"), &into(folder.path()));
    assert_eq!((code(&got.report), got.report.retries), ("incomplete", 2), "{got:?}");
    assert_eq!((got.report.kept, got.bytes), (3 * CUT as u64, 3 * CUT as u64));
    assert_eq!(server.requests().len(), 3);
    let later = one(&mut patient(1), get(*server, "/f"), &into(folder.path()));
    assert_eq!((code(&later.report), later.resumed_from), ("ok", 3 * CUT as u64), "{later:?}");
    assert_eq!((later.report.retries, later.report.kept), (1, 0));
    assert!(std::fs::read(folder.path().join("f")).unwrap() == bytes(SIZE));
}

/// Short files are made without a name, and are gone on with all the same.
#[test]
fn a_short_file_is_gone_on_with() {
    for (size, cut) in [(2, 1), (100_000, 30_000), (4 << 20, 1 << 20)] {
        let server = dying(bytes(size), TAG, 3, cut);
        let folder = tempfile::tempdir().unwrap();
        let got = one(&mut patient(0), get(*server, "/f"), &into(folder.path()));
        assert_eq!((code(&got.report), got.report.kept), ("incomplete", cut as u64), "{size}");
        if size == 2 {
            continue;
        }
        let got = one(&mut patient(2), get(*server, "/f"), &into(folder.path()));
        assert_eq!((code(&got.report), got.report.retries), ("ok", 2), "{size}: {got:?}");
        assert_eq!((got.resumed_from, got.report.received), (cut as u64, (size - cut) as u64));
        let asked: Vec<_> = server.requests().iter().map(from).collect();
        assert_eq!(asked, [None, Some(cut), Some(2 * cut), Some(3 * cut)], "{size}");
        assert!(std::fs::read(folder.path().join("f")).unwrap() == bytes(size), "{size}");
        assert_eq!(names(folder.path()), ["f"], "{size}");
    }
}

/// A weak tag, or none, does not say that the bytes are the same.
#[test]
fn without_a_strong_tag_it_begins_again() {
    for tag in ["", "ETag: W/\"v1\"\r\n", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"] {
        let server = dying(bytes(6 << 20), tag, 1, 5 << 20);
        let (got, folder) = fetched(&mut patient(1), get(*server, "/f"));
        assert_eq!((code(&got.report), got.report.retries), ("ok", 1), "{tag}: {got:?}");
        assert_eq!(server.requests().iter().map(from).collect::<Vec<_>>(), [None, None]);
        assert!(std::fs::read(folder.path().join("f")).unwrap() == bytes(6 << 20));
    }
}

/// Cuts the first response of a file, and then serves another version, or no ranges.
#[test]
fn what_cannot_be_gone_on_with_begins_again() {
    for (what, tag) in [("changed", "ETag: \"v2\"\r\n"), ("no ranges", TAG)] {
        let (old, new) = (vec![b'o'; 6 << 20], vec![b'n'; 5 << 20]);
        let server = Server::start(move |mut conn| {
            while conn.request().is_some() {
                if conn.number == 1 {
                    let size = old.len();
                    conn.send(format!("HTTP/1.1 200 OK\r\n{TAG}Content-Length: {size}\r\n\r\n"));
                    conn.send(&old[..5 << 20]);
                    return;
                }
                conn.send(answer("200 OK", tag, &new));
            }
        });
        let (got, folder) = fetched(&mut patient(1), get(*server, "/f"));
        assert_eq!((code(&got.report), got.resumed_from), ("ok", 0), "{what}: {got:?}");
        assert_eq!(server.requests().iter().map(from).collect::<Vec<_>>(), [None, Some(5 << 20)]);
        assert!(std::fs::read(folder.path().join("f")).unwrap() == vec![b'n'; 5 << 20], "{what}");
        assert_eq!(names(folder.path()), ["f"], "{what}");
    }
}

/// Answers the first `count` requests in this way.
fn at_first(count: usize, first: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Server {
    let asked = AtomicUsize::new(0);
    Server::answering(move |request| match asked.fetch_add(1, Ordering::SeqCst) < count {
        true => first(),
        false => ok(request.target()),
    })
}

#[test]
fn statuses_that_pass() {
    for status in [408, 429, 500, 502, 503, 504, 522, 524] {
        let server = at_first(2, move || answer(&format!("{status} Later"), "", "not the file"));
        let (got, folder) = fetched(&mut patient(2), get(*server, "/f"));
        // A 408 on a connection that was used before costs no retry: see `unasked`.
        let retries = if status == 408 { 1 } else { 2 };
        assert_eq!((code(&got.report), got.report.retries), ("ok", retries), "{status}: {got:?}");
        assert_eq!((got.report.taken, got.bytes), (2, 2), "an error page is no file");
        assert_eq!(std::fs::read(folder.path().join("f")).unwrap(), b"/f");
    }
    for status in [400, 401, 403, 404, 410, 425, 501, 505] {
        let server = at_first(1, move || answer(&format!("{status} No"), "", "not the file"));
        let (got, _) = fetched(&mut patient(2), get(*server, "/f"));
        assert_eq!((code(&got.report), got.report.retries), (&*format!("http_{status}"), 0));
        assert_eq!((server.requests().len(), got.report.taken), (1, 0));
    }
}

/// The last answer is told as it is.
#[test]
fn a_server_that_stays_busy() {
    let server = at_first(9, || answer("503 Busy", "", ""));
    for (count_max, requests) in [(0, 1), (1, 3), (3, 7)] {
        let (got, _) = fetched(&mut patient(count_max), get(*server, "/f"));
        assert_eq!((code(&got.report), got.report.retries), ("http_503", count_max));
        assert_eq!(why(&got.report), "the server answered 503 Busy");
        assert_eq!(server.requests().len(), requests);
    }
}

/// How long the client waits after a 503 with this field.
fn waited(field: &str) -> (Duration, Download) {
    let field = field.to_owned();
    let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let noted = times.clone();
    let server = Server::answering(move |request| {
        let mut times = noted.lock().unwrap();
        times.push(Instant::now());
        match times.len() {
            1 => answer("503 Busy", &field, ""),
            _ => ok(request.target()),
        }
    });
    let (got, _) = fetched(&mut patient(1), get(*server, "/f"));
    let times = times.lock().unwrap();
    (times.last().unwrap().duration_since(times[0]), got)
}

#[test]
fn a_server_may_ask_for_a_wait() {
    let (wait, got) = waited("Retry-After: 1\r\n");
    assert_eq!((code(&got.report), wait >= Duration::from_secs(1)), ("ok", true), "{wait:?}");
    let later = SystemTime::now() + Duration::from_secs(3);
    let (wait, got) = waited(&format!("Retry-After: {}\r\n", http_date(later).unwrap()));
    assert_eq!((code(&got.report), wait >= Duration::from_secs(1)), ("ok", true), "{wait:?}");
}

/// These ask for no wait, or say nothing: the client waits as it does without.
#[test]
fn waits_that_are_none() {
    for value in ["0", "-7", "soon", "", "1e3", "Sun, 06 Nov 1994 08:49:37 GMT", "0\r\nX: y"] {
        let (wait, got) = waited(&format!("Retry-After: {value}\r\n"));
        assert_eq!((code(&got.report), got.report.retries), ("ok", 1), "{value}: {got:?}");
        assert!(wait >= SHORT && wait < WAIT, "{value}: {wait:?}");
    }
}

/// A wait that is longer than the limit is not waited, and the error says so.
#[test]
fn a_wait_that_is_too_long() {
    let far = SystemTime::now() + Duration::from_secs(86_400);
    for value in ["601", "99999999999999999999999", &http_date(far).unwrap()] {
        let (_, got) = waited(&format!("Retry-After: {value}\r\n"));
        assert_eq!((code(&got.report), got.report.retries), ("http_503", 0), "{value}");
        let said = why(&got.report);
        assert!(said.contains("Retry-After") && said.contains("600 s (wait_max)"), "{said}");
        // A number that no counter holds is not shown as the largest that one holds.
        assert!(!said.contains(&u64::MAX.to_string()), "{said}");
    }
}

/// A timeout of the whole call that would come before the next try: the reason is told at once, and
/// why there is no retry. Where there would be none anyway, the timeout is not the reason.
#[test]
fn the_timeout_bounds_the_whole() {
    let server = at_first(99, || answer("503 Busy", "Retry-After: 500\r\n", ""));
    let missing = at_first(99, || answer("404 No", "Retry-After: 500\r\n", ""));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let asked = "; not retried: a wait of 500 s (Retry-After) would exceed the timeout";
    let own = "; not retried: a wait of 120 s would exceed the timeout";
    let began = Instant::now();
    for (count_max, to, said, expected) in [
        (2, *server, "http_503", asked),
        (0, *server, "http_503", ""),
        (2, *missing, "http_404", ""),
        (2, free, "unreachable", own),
        (0, free, "unreachable", ""),
    ] {
        let mut client = patient_with(count_max, |options| {
            options.retries.first_wait = Duration::from_secs(120);
        });
        let (got, _) = fetched(&mut client, get(to, "/f"));
        assert_eq!((code(&got.report), got.report.retries), (said, 0), "{got:?}");
        let why = why(&got.report);
        assert!(why.ends_with(expected), "{why}");
        assert_eq!(why.contains("not retried"), !expected.is_empty(), "{why}");
    }
    assert!(began.elapsed() < WAIT, "{:?}", began.elapsed());

    // One that is not idempotent would not be made again with more time, either.
    let folder = tempfile::tempdir().unwrap();
    let post = request("POST", *server, "/f", Some(b"x"));
    let got = one(&mut patient(2), post, &into(folder.path()));
    assert_eq!(why(&got.report), "the server answered 503 Busy");
}

/// A limit of the waits beyond all times is no fault.
#[test]
fn a_wait_without_end_is_refused() {
    let server = at_first(9, || answer("503 Busy", "Retry-After: 18446744073709551615\r\n", ""));
    let mut client = patient_with(1, |options| {
        options.retries.wait_max = Duration::MAX;
        options.run.timeout = None;
    });
    let (got, _) = fetched(&mut client, get(*server, "/f"));
    assert_eq!((code(&got.report), got.report.retries), ("http_503", 0), "{got:?}");
}

/// What follows a failure to connect, and what does not.
#[test]
fn refused_and_silent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (got, _) = fetched(&mut patient(2), get(free, "/f"));
    assert_eq!((code(&got.report), got.report.retries), ("unreachable", 2), "{got:?}");

    let silent = Server::start(|mut conn| {
        let request = conn.must();
        if conn.number == 1 {
            return conn.gone();
        }
        conn.send(ok(request.target()));
        conn.gone();
    });
    let mut client = patient_with(1, |options| {
        options.session.limits.first_byte_wait = Duration::from_millis(300);
    });
    let (got, _) = fetched(&mut client, get(*silent, "/f"));
    assert_eq!((code(&got.report), got.report.retries), ("ok", 1), "{got:?}");

    let garbage = Server::start(|mut conn| {
        conn.must();
        conn.send("SSH-2.0-x\r\n\r\n");
    });
    let (got, _) = fetched(&mut patient(2), get(*garbage, "/f"));
    assert_eq!((code(&got.report), got.report.retries), ("malformed", 0), "{got:?}");
    assert_eq!(garbage.accepts(), 1);
}

/// A connection that is reset before, in the middle of and behind the head.
#[test]
fn resets() {
    for sent in [
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        "HTTP/1.1 200 \
        OK\r\nContent-Length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\
        \r\n2\r\n/f\r\n",
    ] {
        let server = Server::start(move |mut conn: Conn| {
            while let Some(request) = conn.request() {
                if conn.number == 1 {
                    conn.send(sent);
                    // A reset would overtake the bytes.
                    std::thread::sleep(Duration::from_millis(30));
                    return conn.reset();
                }
                conn.send(ok(request.target()));
            }
        });
        let (got, folder) = fetched(&mut patient(1), get(*server, "/f"));
        assert_eq!((code(&got.report), got.report.retries), ("ok", 1), "{sent:?}: {got:?}");
        assert_eq!(std::fs::read(folder.path().join("f")).unwrap(), b"/f", "{sent:?}");
    }
}

/// One that is not idempotent is never made again, whatever happens to it, and neither is one whose
/// recipient cannot take back what it was told.
#[test]
fn what_is_never_made_again() {
    let server = at_first(99, || answer("503 Busy", "", ""));
    for method in ["POST", "PATCH"] {
        let (got, _) = fetched(&mut patient(5), request(method, *server, "/f", Some(b"x")));
        assert_eq!((code(&got.report), got.report.retries), ("http_503", 0), "{method}");
    }
    assert_eq!(server.requests().len(), 2);
    let told = fetch_all(&mut patient(5), vec![get(*server, "/")]);
    assert_eq!((code(&told[0].0), told[0].1.status, told[0].0.retries), ("ok", 503, 0));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let told = fetch_all(&mut patient(5), vec![request("POST", free, "/", None)]);
    assert_eq!((code(&told[0].0), told[0].0.retries), ("unreachable", 0));
}

/// The first URL is asked for again, with its own fields, and not where it led.
#[test]
fn a_redirect_is_followed_anew() {
    let other = at_first(1, || answer("502 Bad", "", ""));
    let moved = format!("Location: http://{}/there\r\n", *other);
    let server = Server::answering(move |request| {
        assert_eq!(request.get("Authorization"), Some("secret"));
        answer("302 Found", &moved, "")
    });
    let mut what = get(*server, "/f");
    what.headers.push("Authorization", b"secret").unwrap();
    let mut client = patient_with(1, |options| options.redirects = true);
    let (got, _) = fetched(&mut client, what);
    assert_eq!((code(&got.report), got.report.retries), ("ok", 1), "{got:?}");
    assert_eq!(got.report.url, url(*other, "/there"));
    assert_eq!((got.report.redirects.len(), server.requests().len()), (1, 2));
    let asked = other.requests();
    assert!(asked.len() == 2 && asked.iter().all(|request| request.get("Authorization").is_none()));
}

/// Others go on while some wait for another try, and each has retries of its own.
#[test]
fn others_go_on_meanwhile() {
    let (others, slow) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let counted = others.clone();
    let server = Server::answering(move |request| {
        if !request.target().starts_with("/busy") {
            counted.fetch_add(1, Ordering::SeqCst);
            return ok(request.target());
        }
        match slow.fetch_add(1, Ordering::SeqCst) {
            0..3 => answer("429 Slow down", "Retry-After: 1\r\n", ""),
            // All of the others were served while these waited.
            _ => ok(counted.load(Ordering::SeqCst).to_string()),
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let mut client = patient_with(1, |options| options.in_flight_max = 2);
    let paths = (0..3).map(|n| format!("/busy{n}")).chain((0..40).map(|n| format!("/{n}")));
    let fetches: Vec<Fetch> = paths.map(|path| get(*server, &path)).collect();
    for got in download(&mut client, fetches, &into(folder.path())).unwrap() {
        let is_busy = got.name.as_raw_str().starts_with("busy");
        let seen = (code(&got.report), got.report.retries);
        assert_eq!(seen, ("ok", u32::from(is_busy)), "{got:?}");
        if is_busy {
            let path = folder.path().join(got.name.as_raw_str());
            assert_eq!(std::fs::read_to_string(path).unwrap(), "40");
        }
    }
    assert_eq!(others.load(Ordering::SeqCst), 40);
}

/// What is told while a call runs: each retry with its reason and its wait, and each end.
#[test]
fn retries_and_ends_are_told() {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = told.clone();
    let server = at_first(2, || answer("503 Busy", "", ""));
    let mut client = patient_with(2, |options| {
        options.notify = Some(Arc::new(move |notice| {
            noted.lock().unwrap().push(match notice {
                Notice::Retry { url, why, wait, retry, retries_max } => {
                    format!("{} {why} {wait:?} {retry}/{retries_max}", url.path())
                }
                Notice::Ended(report) => format!("{} {}", report.url.path(), code(report)),
                _ => unreachable!(),
            });
        }));
    });
    fetched(&mut client, get(*server, "/f"));
    assert_eq!(
        *told.lock().unwrap(),
        [
            "/f the server answered 503 Busy 10ms 1/2",
            "/f the server answered 503 Busy 20ms 2/2",
            "/f ok",
        ]
    );
}
