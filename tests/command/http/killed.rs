//! A kill on a slow line costs what came in the last second, and no more (cli.md).

use super::server::{Reply, Server, run_in, wirewright};
use crate::bytes::bytes;
use crate::command::{names_in, report};
use crate::process::{Process, wait_for};
use crate::slow::{Line, SlowLine};
use std::time::Duration;

/// What came within so long before the kill may be lost: one second, and two for a machine that is
/// busy.
const LOST: Duration = Duration::from_secs(3);

const LINE: Line = Line { to_server: false, bytes_per_second: 40 << 10, wrong_at: None };

/// After how many bytes the run is killed.
const ENOUGH: usize = 220 << 10;

/// More than what comes before the body of a response, in bytes.
const HEAD: usize = 1024;

/// Serves `content`, and whatever is left of it.
fn server_with(content: Vec<u8>) -> Server {
    Server::new(move |request| {
        let tag = "ETag: \"one\"";
        let Some(range) = request.get("Range") else {
            return Reply::with("200 OK", &[tag], &content);
        };
        let from: usize = range["bytes=".len()..].trim_end_matches('-').parse().unwrap();
        let range = format!("Content-Range: bytes {from}-{}/{}", content.len() - 1, content.len());
        Reply::with("206 Partial Content", &[&range, tag], &content[from..])
    })
}

fn a_kill_costs_a_second(len: usize) {
    let content = bytes(len);
    let server = server_with(content.clone());
    let folder = tempfile::tempdir().unwrap();
    let line = SlowLine::new(&server.address, LINE);
    let url = format!("http://{}/file", line.address);
    let client = Process::start(&mut wirewright(folder.path(), &["download", &url]));
    wait_for("a part of a file", || (line.passed() >= ENOUGH).then_some(()));
    let kept = line.passed_before(LOST).saturating_sub(HEAD);
    assert!(kept > 32 << 10, "{kept}");
    drop(client);
    line.quicken();
    let told = report(&run_in(folder.path(), &["download", "--json", &url]));
    let from = told["files"][0]["resumed_from"].as_u64().unwrap() as usize;
    assert!(from >= kept && from < len, "{from} {kept}");
    assert!(std::fs::read(folder.path().join("file")).unwrap() == content);
    assert_eq!(names_in(folder.path()), ["file"]);
}

#[test]
fn a_download_that_is_killed() {
    a_kill_costs_a_second(6 << 20);
}

/// A short file has no name before it is whole, unless it takes long.
#[test]
fn a_short_download_that_is_killed() {
    a_kill_costs_a_second(1 << 20);
}

/// One that is not killed leaves nothing beside it, and stands there whole.
#[test]
fn a_short_download_that_takes_long() {
    let content = bytes(100 << 10);
    let server = server_with(content.clone());
    let folder = tempfile::tempdir().unwrap();
    let line = SlowLine::new(&server.address, LINE);
    let url = format!("http://{}/file", line.address);
    let mut client = Process::start(&mut wirewright(folder.path(), &["download", "--json", &url]));
    wait_for("a journal", || {
        assert!(client.child.try_wait().unwrap().is_none(), "no journal before the end");
        names_in(folder.path()).iter().any(|name| name.ends_with(".journal")).then_some(())
    });
    let ended = client.finish();
    assert_eq!(report(&ended)["files"][0]["bytes"], content.len());
    assert!(std::fs::read(folder.path().join("file")).unwrap() == content);
    assert_eq!(names_in(folder.path()), ["file"]);
}
