//! A process that is killed for good, at moments nobody chose.
//!
//! ```text
//!   parent: spawn child ── a few ms ── SIGKILL ── look: absent or whole; go on with what counts
//!   child:  begin, write, finish, over and over
//! ```

use super::*;
use crate::net::files::Durability;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROOM: &str = "WIREWRIGHT_TEST_KILLED_IN";
const SIZE: usize = 9 * MIB;

/// What the killed process does.
fn child(dir: &std::path::Path) {
    let (root, data) = (Root::open(dir).unwrap(), content(SIZE));
    // Not for ever: whoever should kill it may have died himself.
    let born = Instant::now();
    while born.elapsed() < Duration::from_secs(5) {
        let mut partial = root.partial(&name("f")).unwrap();
        verify(&mut partial, MIB);
        partial.begin("e", SIZE as u64).unwrap();
        let from = partial.verified() as usize;
        grow(&mut partial, &data, from, SIZE);
        partial.finish(Durability::Rename, true).run().unwrap();
    }
}

#[test]
fn killed_at_any_moment() {
    if let Some(dir) = std::env::var_os(ROOM) {
        return child(dir.as_ref());
    }
    let (dir, root) = scene();
    let data = content(SIZE);
    let (_, module) = module_path!().split_once("::").unwrap();
    let (mut absent, mut resumed) = (0, 0);
    for round in 0..24 {
        let _ = fs::remove_file(dir.path().join("f"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &format!("{module}::killed_at_any_moment")])
            .env(ROOM, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(8 + 9 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        match fs::read(dir.path().join("f")) {
            Ok(bytes) => assert!(bytes == data, "whole or absent"),
            Err(_) => absent += 1,
        }
        let part = with_extension(dir.path(), ".part");
        let len = part.map_or(0, |part| fs::metadata(part).unwrap().len());
        let seen = verify(&mut root.partial(&name("f")).unwrap(), MIB);
        assert!(seen == data[..seen.len()]);
        assert!(seen.len() + 4 * MIB + 2 * CHUNK > len as usize, "{} of {len}", seen.len());
        resumed += usize::from(!seen.is_empty());
        assert!(names_in(dir.path()).len() <= 3);
    }
    assert!(absent < 24, "a child that does nothing proves nothing");
    eprintln!("absent {absent}, resumed {resumed} of 24");
}
