//! Downloads that go on where an interrupted one stopped.

use super::downloads::{into, names, one};
use super::server::{Request, Server, answer};
use crate::asking::{client, code, get};
use crate::bytes::bytes;
use std::fs::File;
use std::io::Write as _;
use std::sync::{Mutex, OnceLock};
use wirewright::net::http::Download;

/// Its length, where it is cut off, and so where the next run goes on.
const SIZE: usize = 9 << 20;
const CUT: usize = (5 << 20) + 12_345;

/// The file.
fn content() -> &'static [u8] {
    static CONTENT: OnceLock<Vec<u8>> = OnceLock::new();
    CONTENT.get_or_init(|| bytes(SIZE))
}

/// What the second and all further requests are answered with; `from` is what `Range` asks for.
type Answer = fn(request: &Request, from: Option<usize>, content: &[u8]) -> Vec<u8>;

fn from(request: &Request) -> Option<usize> {
    let range = request.get("Range")?;
    Some(range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse().unwrap())
}

/// Cuts the first response off, with these fields in its head.
fn cutting(first: &'static str, then: Answer) -> Server {
    let is_first = Mutex::new(true);
    Server::start(move |mut conn| {
        while let Some(request) = conn.request() {
            if std::mem::replace(&mut *is_first.lock().unwrap(), false) {
                let head = format!("HTTP/1.1 200 OK\r\n{first}Content-Length: {SIZE}\r\n\r\n");
                conn.send(head);
                conn.send(&content()[..CUT]);
                return;
            }
            let answer = then(&request, from(&request), content());
            conn.send(answer);
        }
    })
}

fn all(content: &[u8]) -> Vec<u8> {
    answer("200 OK", "ETag: \"v1\"\r\n", content)
}

fn part(fields: &str, body: &[u8]) -> Vec<u8> {
    answer("206 Partial Content", fields, body)
}

/// A range of the version that was left over.
fn range(first: usize, last: usize, size: usize) -> String {
    format!("{TAG}{}", bare_range(first, last, size))
}

fn bare_range(first: usize, last: usize, size: usize) -> String {
    format!("Content-Range: bytes {first}-{last}/{size}\r\n")
}

/// The right answer to whatever is asked.
fn right(request: &Request, from: Option<usize>, content: &[u8]) -> Vec<u8> {
    let Some(from) = from else { return all(content) };
    assert_eq!(request.get("If-Range"), Some("\"v1\""));
    part(&range(from, SIZE - 1, SIZE), &content[from..])
}

/// An interrupted run and the next one; the folder, what the next one gave and what it asked.
fn twice(first: &'static str, then: Answer) -> (tempfile::TempDir, Download, Vec<Request>) {
    let server = cutting(first, then);
    let folder = tempfile::tempdir().unwrap();
    let saving = into(folder.path());
    let mut client = client(|_| {});
    let cut = one(&mut client, get(*server, "/f"), &saving);
    assert_eq!((code(&cut.report), cut.bytes), ("incomplete", CUT as u64), "{cut:?}");
    assert!(!folder.path().join("f").exists());
    let got = one(&mut client, get(*server, "/f"), &saving);
    let asked = server.requests().split_off(1);
    (folder, got, asked)
}

const TAG: &str = "ETag: \"v1\"\r\n";

#[test]
fn the_rest_is_fetched() {
    let (folder, got, asked) = twice(TAG, right);
    assert_eq!(code(&got.report), "ok", "{got:?}");
    assert_eq!((got.bytes, got.resumed_from), (SIZE as u64, CUT as u64));
    assert_eq!(got.report.received, (SIZE - CUT) as u64);
    assert_eq!(asked.len(), 1);
    assert!(std::fs::read(folder.path().join("f")).unwrap() == content());
    assert_eq!(names(folder.path()), ["f"]);
}

/// Answers that do not carry the rest of what is left over: all is fetched anew, if need be with a
/// second request, and the file is right in the end.
#[test]
fn other_answers_mean_from_the_beginning() {
    let cases: [(&str, usize, Answer); 13] = [
        ("no ranges here", 1, |_, _, content| all(content)),
        ("changed", 1, |_, _, content| answer("200 OK", "ETag: \"v2\"\r\n", content)),
        ("changed, and without a tag", 1, |_, _, content| answer("200 OK", "", content)),
        ("from elsewhere", 2, |_, from, content| match from {
            Some(at) => part(&range(at - 1, SIZE - 2, SIZE), &content[at..]),
            None => all(content),
        }),
        ("less than the rest", 2, |_, from, content| match from {
            Some(at) => part(&range(at, at + 99, SIZE), &content[at..at + 100]),
            None => all(content),
        }),
        ("of another length", 2, |_, from, content| match from {
            Some(at) => part(&range(at, SIZE - 1, SIZE + 1), &content[at..]),
            None => all(content),
        }),
        ("a body of another length", 2, |_, from, content| match from {
            Some(at) => part(&range(at, SIZE - 1, SIZE), &content[at..SIZE - 1]),
            None => all(content),
        }),
        ("of another version", 2, |_, from, content| match from {
            Some(at) => {
                let fields = format!("ETag: \"v2\"\r\n{}", bare_range(at, SIZE - 1, SIZE));
                part(&fields, &content[at..])
            }
            None => all(content),
        }),
        ("of nobody knows which version", 2, |_, from, content| match from {
            Some(at) => part(&bare_range(at, SIZE - 1, SIZE), &vec![0; content.len() - at]),
            None => all(content),
        }),
        ("no Content-Range", 2, |_, from, content| match from {
            Some(at) => part("", &content[at..]),
            None => all(content),
        }),
        ("several parts", 2, |_, from, content| match from {
            Some(_) => part("Content-Type: multipart/byteranges; boundary=x\r\n", b"--x--\r\n"),
            None => all(content),
        }),
        ("not that long", 2, |_, from, content| match from {
            Some(_) => answer("416 Not There", "Content-Range: bytes */100\r\n", ""),
            None => all(content),
        }),
        ("packed", 2, |_, from, content| match from {
            Some(at) => {
                let fields = format!("Content-Encoding: gzip\r\n{}", range(at, SIZE - 1, SIZE));
                part(&fields, &content[at..])
            }
            None => all(content),
        }),
    ];
    anew(&cases);
}

/// What says that it is a part and does not fit, and what contradicts itself.
#[test]
fn contradictions_mean_from_the_beginning() {
    let cases: [(&str, usize, Answer); 8] = [
        ("the part as the whole", 2, |_, from, content| match from {
            Some(at) => answer("200 OK", &range(at, SIZE - 1, SIZE), &content[at..]),
            None => all(content),
        }),
        ("parts as the whole", 2, |_, from, content| match from {
            Some(_) => answer("200 OK", "Content-Type: Multipart/ByteRanges; boundary=x\r\n", "x"),
            None => all(content),
        }),
        ("two ranges", 2, |_, from, content| match from {
            Some(at) => {
                let fields = range(at, SIZE - 1, SIZE) + &bare_range(at, SIZE - 1, SIZE);
                part(&fields, &content[at..])
            }
            None => all(content),
        }),
        ("one part, and several", 2, |_, from, content| match from {
            Some(at) => {
                let kind = "Content-Type: multipart/byteranges;boundary=x\r\n";
                part(&format!("{kind}{}", range(at, SIZE - 1, SIZE)), &content[at..])
            }
            None => all(content),
        }),
        ("a weak tag", 2, |_, from, content| match from {
            Some(at) => {
                let fields = format!("ETag: W/\"v1\"\r\n{}", bare_range(at, SIZE - 1, SIZE));
                part(&fields, &content[at..])
            }
            None => all(content),
        }),
        ("that long, but there is less", 2, |_, from, content| match from {
            Some(_) => answer("416 No", &format!("{TAG}Content-Range: bytes */{SIZE}\r\n"), ""),
            None => all(content),
        }),
        ("not there, and not how long", 2, |_, from, content| match from {
            Some(_) => answer("416 No", TAG, ""),
            None => all(content),
        }),
        ("packed with something else", 2, |_, from, content| match from {
            Some(at) => {
                let fields = format!("Content-Encoding: br\r\n{}", range(at, SIZE - 1, SIZE));
                part(&fields, &content[at..])
            }
            None => all(content),
        }),
    ];
    anew(&cases);
}

/// After each of these answers, and so many requests, the file is right.
fn anew(cases: &[(&str, usize, Answer)]) {
    for (case, requests, then) in cases {
        let (folder, got, asked) = twice(TAG, *then);
        assert_eq!(code(&got.report), "ok", "{case}: {got:?}");
        assert_eq!((got.bytes, got.resumed_from), (SIZE as u64, 0), "{case}");
        let ranges: Vec<_> = asked.iter().map(from).collect();
        assert_eq!(ranges, [Some(CUT), None][..*requests], "{case}");
        assert!(std::fs::read(folder.path().join("f")).unwrap() == content(), "{case}");
        assert_eq!(names(folder.path()), ["f"], "{case}");
    }
}

/// A tag that does not promise the same bytes is none, and without a length nobody can say later
/// that it is whole.
#[test]
fn nothing_to_go_on_with() {
    for first in ["", "ETag: W/\"v1\"\r\n", "ETag: v1\r\n", "ETag: \"v1\"\r\nETag: \"v1\"\r\n"] {
        let (folder, got, asked) = twice(first, |_, from, content| {
            assert_eq!(from, None);
            all(content)
        });
        assert_eq!((code(&got.report), got.resumed_from), ("ok", 0), "{first}: {got:?}");
        assert_eq!((asked.len(), asked[0].get("If-Range")), (1, None), "{first}");
        assert_eq!(names(folder.path()), ["f"]);
    }
}

#[test]
fn a_failure_in_between_costs_nothing() {
    let server = cutting(TAG, |request, from, content| match request.all("X-Fail").len() {
        0 => right(request, from, content),
        _ => answer("503 Later", "", "words"),
    });
    let folder = tempfile::tempdir().unwrap();
    let saving = into(folder.path());
    let mut client = client(|_| {});
    one(&mut client, get(*server, "/f"), &saving);
    let mut failing = get(*server, "/f");
    failing.headers.push("X-Fail", b"1").unwrap();
    let got = one(&mut client, failing, &saving);
    assert_eq!(code(&got.report), "http_503", "{got:?}");
    let got = one(&mut client, get(*server, "/f"), &saving);
    assert_eq!((code(&got.report), got.resumed_from), ("ok", CUT as u64), "{got:?}");
    assert_eq!(names(folder.path()), ["f"]);
}

#[test]
fn cut_off_again_and_again() {
    const STEP: usize = 1 << 20;
    let server = Server::start(move |mut conn| {
        let request = conn.must();
        let from = from(&request).unwrap_or(0);
        let fields = match from {
            0 => format!("HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: {SIZE}\r\n\r\n"),
            from => format!(
                "HTTP/1.1 206 Part\r\n{}Content-Length: {}\r\n\r\n",
                range(from, SIZE - 1, SIZE),
                SIZE - from
            ),
        };
        conn.send(fields);
        conn.send(&content()[from..SIZE.min(from + STEP + 1)]);
    });
    let folder = tempfile::tempdir().unwrap();
    let saving = into(folder.path());
    let mut client = client(|_| {});
    for run in 0..8 {
        let got = one(&mut client, get(*server, "/f"), &saving);
        assert_eq!(code(&got.report), "incomplete", "{got:?}");
        assert_eq!(got.resumed_from, (run * (STEP + 1)) as u64, "{got:?}");
    }
    let got = one(&mut client, get(*server, "/f"), &saving);
    assert_eq!((code(&got.report), got.bytes), ("ok", SIZE as u64), "{got:?}");
    assert!(std::fs::read(folder.path().join("f")).unwrap() == content());
    assert_eq!(names(folder.path()), ["f"]);
}

/// All bytes came, but the file could not get its name. The next run asks for what is behind its
/// end, and hears that there is nothing.
#[test]
fn whole_without_a_further_byte() {
    let folder = tempfile::tempdir().unwrap();
    let in_the_way = folder.path().join("f");
    let made = in_the_way.clone();
    let server = Server::start(move |mut conn| {
        while let Some(request) = conn.request() {
            match from(&request) {
                None => {
                    conn.send(format!("HTTP/1.1 200 OK\r\n{TAG}Content-Length: {SIZE}\r\n\r\n"));
                    conn.send(&content()[..SIZE / 2]);
                    // By now it has begun.
                    std::thread::sleep(std::time::Duration::from_millis(100));
                    std::fs::create_dir(&made).unwrap();
                    conn.send(&content()[SIZE / 2..]);
                }
                Some(from) => {
                    assert_eq!(from, SIZE);
                    let fields = format!("Content-Range: bytes */{SIZE}\r\n");
                    conn.send(answer("416 Range Not Satisfiable", &fields, "nothing there"));
                }
            }
        }
    });
    let saving = into(folder.path());
    let mut client = client(|_| {});
    let got = one(&mut client, get(*server, "/f"), &saving);
    assert_eq!(code(&got.report), "exists", "{got:?}");
    std::fs::remove_dir(in_the_way).unwrap();
    let got = one(&mut client, get(*server, "/f"), &saving);
    assert_eq!(code(&got.report), "ok", "{got:?}");
    assert_eq!(
        (got.bytes, got.resumed_from, got.report.status),
        (SIZE as u64, SIZE as u64, Some(416))
    );
    assert!(std::fs::read(folder.path().join("f")).unwrap() == content());
    assert_eq!(names(folder.path()), ["f"]);
}

/// What is left over belongs to its URL, even where another one has the same name and tag.
#[test]
fn leftovers_of_another_url_are_not_used() {
    let server = cutting(TAG, |_, from, content| {
        assert_eq!(from, None);
        all(content)
    });
    let folder = tempfile::tempdir().unwrap();
    let saving = into(folder.path());
    let mut client = client(|_| {});
    let cut = one(&mut client, get(*server, "/1/f"), &saving);
    assert_eq!(code(&cut.report), "incomplete");
    let got = one(&mut client, get(*server, "/2/f"), &saving);
    assert_eq!((code(&got.report), got.resumed_from), ("ok", 0), "{got:?}");
    assert_eq!(names(folder.path()), ["f"]);
}

#[test]
fn leftovers_are_looked_at_and_can_be_refused() {
    for spoilt in [false, true] {
        let server = cutting(TAG, right);
        let folder = tempfile::tempdir().unwrap();
        let mut saving = into(folder.path());
        let mut client = client(|_| {});
        one(&mut client, get(*server, "/f"), &saving);
        match spoilt {
            // A bit of it has rotted: it does not count from there on.
            true => {
                let part = names(folder.path()).into_iter().map(|name| folder.path().join(name));
                let part = part.max_by_key(|path| path.metadata().unwrap().len()).unwrap();
                File::options().write(true).open(part).unwrap().write_all(b"rot").unwrap();
            }
            false => saving = saving.with_resume(false),
        }
        let got = one(&mut client, get(*server, "/f"), &saving);
        assert_eq!((code(&got.report), got.resumed_from), ("ok", 0), "{got:?}");
        assert!(std::fs::read(folder.path().join("f")).unwrap() == content());
        assert_eq!(names(folder.path()), ["f"]);
        assert_eq!(from(&server.requests()[1]), None);
    }
}

/// A 206 whose chunks hold less or more than it says: no file comes of it.
#[test]
fn chunks_of_another_length_than_the_range() {
    for more in [false, true] {
        let server = cutting(TAG, |request, from, _| {
            let from = from.unwrap();
            let len = SIZE - from - 1 + 2 * request.all("X-More").len();
            let head = format!(
                "HTTP/1.1 206 Part\r\n{}Transfer-Encoding: chunked\r\n\r\n{len:x}\r\n",
                range(from, SIZE - 1, SIZE)
            );
            [head.as_bytes(), &vec![7; len], b"\r\n0\r\n\r\n"].concat()
        });
        let folder = tempfile::tempdir().unwrap();
        let saving = into(folder.path());
        let mut client = client(|_| {});
        one(&mut client, get(*server, "/f"), &saving);
        let mut asked = get(*server, "/f");
        if more {
            asked.headers.push("X-More", b"1").unwrap();
        }
        let got = one(&mut client, asked, &saving);
        let expected = if more { "malformed" } else { "incomplete" };
        assert_eq!(code(&got.report), expected, "{got:?}");
        assert!(!folder.path().join("f").exists());
    }
}

/// What cannot be decoded is no reason to throw away what is left over.
#[test]
fn a_whole_that_cannot_be_decoded_removes_nothing() {
    let server = cutting(TAG, |request, from, content| match request.all("X-Brotli").len() {
        0 => right(request, from, content),
        _ => answer("200 OK", "Content-Encoding: br\r\n", "packed"),
    });
    let folder = tempfile::tempdir().unwrap();
    let saving = into(folder.path());
    let mut client = client(|_| {});
    one(&mut client, get(*server, "/f"), &saving);
    let mut asked = get(*server, "/f");
    asked.headers.push("X-Brotli", b"1").unwrap();
    let got = one(&mut client, asked, &saving);
    assert_eq!(code(&got.report), "content_coding", "{got:?}");
    let got = one(&mut client, get(*server, "/f"), &saving);
    assert_eq!((code(&got.report), got.resumed_from), ("ok", CUT as u64), "{got:?}");
    let asked = server.requests();
    let codings: Vec<_> = asked.iter().map(|request| request.get("Accept-Encoding")).collect();
    assert_eq!(codings, [Some("gzip, deflate"), Some("identity"), Some("identity"),][..]);
}

/// With codings left as they are, the coded bytes are the file, and are gone on with.
#[test]
fn a_coded_file_that_stays_coded_is_gone_on_with() {
    const FIELDS: &str = "ETag: \"v1\"\r\nContent-Encoding: gzip\r\n";
    let server = cutting(FIELDS, |_, from, content| {
        let at = from.expect("a range");
        let fields = format!("Content-Encoding: gzip\r\n{}", range(at, SIZE - 1, SIZE));
        part(&fields, &content[at..])
    });
    let folder = tempfile::tempdir().unwrap();
    let saving = into(folder.path());
    let mut client = client(|options| options.codings = false);
    one(&mut client, get(*server, "/f.tar.gz"), &saving);
    let got = one(&mut client, get(*server, "/f.tar.gz"), &saving);
    assert_eq!((code(&got.report), got.resumed_from), ("ok", CUT as u64), "{got:?}");
    assert!(std::fs::read(folder.path().join("f.tar.gz")).unwrap() == content());
}
