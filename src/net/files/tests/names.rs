//! What a name may lead to, and what it may not.
//!
//! ```text
//!   inside → file          yes          out → /etc/hostname     no
//!   fifo, device, socket, directory     no, and nobody waits
//! ```

use super::*;
use crate::net::files::{Durability, SourceFile};
use crate::transfer::Code;
use rustix::fs::{CWD, FileType, Mode};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::mpsc;
use std::time::Duration;

fn read(root: &Root, text: &str) -> Result<Vec<u8>, FileError> {
    let source = root.source(&name(text))?;
    let mut bytes = vec![0; source.size() as usize + 1];
    let len = source.read_at(&mut bytes, 0).unwrap();
    assert_eq!(len as u64, source.size());
    bytes.truncate(len);
    Ok(bytes)
}

#[test]
fn regular_files_of_any_name() {
    let (dir, root) = scene();
    for text in ["a", "with space", "汇总 données.xlsx", "d/e/f g", "..a", "-n"] {
        let path = dir.path().join(text);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        assert_eq!(read(&root, text).unwrap(), text.as_bytes());
        assert!(root.exists(&name(text)));
    }
    assert_eq!(code(root.source(&name("b"))), "not_found");
    assert_eq!(code(root.source(&name("a/b"))), "not_found");
    assert!(!root.exists(&name("b")));
}

#[test]
fn symlinks_are_followed_inside_and_refused_outside() {
    let (dir, root) = scene();
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("d/file"), "inside").unwrap();
    let link = |to: &Path, at: &str| symlink(to, dir.path().join(at)).unwrap();
    link("d/file".as_ref(), "in");
    link("../d/file".as_ref(), "d/round");
    link("d".as_ref(), "dir");
    for text in ["in", "d/round", "dir/file"] {
        assert_eq!(read(&root, text).unwrap(), b"inside", "{text}");
    }
    link(&outside.path().join("secret"), "out");
    link(outside.path(), "outdir");
    let up = format!("../{}/secret", outside.path().file_name().unwrap().to_str().unwrap());
    link(up.as_ref(), "up");
    link("loop".as_ref(), "loop");
    link("nowhere".as_ref(), "dangling");
    assert!(fs::read(dir.path().join("up")).is_ok(), "the link itself leads to the secret");
    for text in ["out", "outdir/secret", "up", "loop", "dangling"] {
        assert_eq!(code(root.source(&name(text))), "not_found", "{text}");
    }
    assert_eq!(code(root.partial(&name("outdir/new"))), "not_found");
    assert!(root.exists(&name("dangling")), "something stands there");
}

#[test]
fn a_directory_swapped_for_a_symlink_leads_nowhere() {
    let (dir, root) = scene();
    let outside = TempDir::new().unwrap();
    fs::write(outside.path().join("f"), "secret").unwrap();
    let (real, aside) = (dir.path().join("d"), dir.path().join("aside"));
    fs::create_dir(&real).unwrap();
    fs::write(real.join("f"), "public").unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    let target = outside.path().to_owned();
    let swapper = std::thread::spawn(move || {
        while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
            fs::rename(&real, &aside).unwrap();
            symlink(&target, &real).unwrap();
            fs::remove_file(&real).unwrap();
            fs::rename(&aside, &real).unwrap();
        }
    });
    // On a busy machine the other thread may stand still for long while the directory is away.
    let mut good = 0;
    for round in 0..5_000_000 {
        if round >= 20_000 && good > 0 {
            break;
        }
        match read(&root, "d/f") {
            Ok(bytes) => assert_eq!(bytes, b"public"),
            Err(error) => assert!(matches!(error, FileError::NotFound | FileError::Io(_))),
        }
        good += usize::from(read(&root, "d/f").is_ok());
    }
    drop(stop);
    swapper.join().unwrap();
    assert!(good > 0);
}

#[test]
fn what_is_no_regular_file_is_not_there_and_nobody_waits() {
    let (dir, root) = scene();
    fs::create_dir(dir.path().join("d")).unwrap();
    let fifo = dir.path().join("fifo");
    rustix::fs::mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(dir.path().join("socket")).unwrap();
    let (done, finished) = mpsc::channel();
    std::thread::spawn(move || {
        let devices = Root::open("/dev".as_ref()).unwrap();
        let codes = [
            code(root.source(&name("d"))),
            code(root.source(&name("fifo"))),
            code(root.source(&name("socket"))),
            code(devices.source(&name("null"))),
            code(SourceFile::from_path(&fifo)),
            code(SourceFile::from_path("/dev/null".as_ref())),
            // Past the check that comes first: a FIFO that was swapped in does not block either.
            code(SourceFile::from_path(&fifo).or_else(|_| {
                let flags = rustix::fs::OFlags::RDONLY | super::super::source_file::quiet_flags();
                SourceFile::from_file(rustix::fs::open(&fifo, flags, Mode::empty())?.into())
            })),
        ];
        done.send(codes).unwrap();
    });
    let codes = finished.recv_timeout(Duration::from_secs(10)).expect("an open that does not wait");
    assert_eq!(codes[..4], ["not_found"; 4]);
    assert_eq!(codes[4..], ["not_regular"; 3]);
    assert_eq!(FileError::NotRegular.wire_code(), Code::NotFound);
}

#[test]
fn a_single_file_is_served_under_its_base_name_alone() {
    let (dir, _) = scene();
    let path = dir.path().join("guido.jpg");
    fs::write(&path, "GIF89a").unwrap();
    fs::write(dir.path().join("other"), "x").unwrap();
    let link = dir.path().join("link");
    symlink("guido.jpg", &link).unwrap();
    for (path, text) in [(&path, "guido.jpg"), (&link, "link")] {
        let root = Root::open(path).unwrap();
        assert_eq!(root.single_name(), Some(&name(text)));
        assert_eq!(read(&root, text).unwrap(), b"GIF89a");
        assert!(root.exists(&name(text)) && !root.exists(&name("other")));
        assert_eq!(code(root.source(&name("other"))), "not_found");
        assert_eq!(code(root.partial(&name("other"))), "read_only");
        let entries: Vec<_> = root.walk().map(|entry| (entry.name, entry.size)).collect();
        assert_eq!(entries, [(name(text), 6)]);
    }
    let kind = |path: &str| Root::open(path.as_ref()).unwrap_err().kind();
    assert_eq!(kind("/dev/null"), io::ErrorKind::InvalidInput);
    assert_eq!(kind("/no/such/thing"), io::ErrorKind::NotFound);
}

#[test]
fn an_etag_changes_with_the_file() {
    let (dir, root) = scene();
    let path = dir.path().join("f");
    fs::write(&path, "one").unwrap();
    let source = root.source(&name("f")).unwrap();
    assert!(source.unchanged().unwrap());
    assert_eq!(source.etag(), root.source(&name("f")).unwrap().etag());
    assert_eq!(source.etag(), SourceFile::from_path(&path).unwrap().etag());
    assert!(source.etag().len() <= 128 && source.etag().bytes().all(|b| b.is_ascii_graphic()));
    std::thread::sleep(Duration::from_millis(20));
    fs::write(&path, "two").unwrap();
    assert!(!source.unchanged().unwrap());
    assert_ne!(source.etag(), root.source(&name("f")).unwrap().etag());
}

#[test]
fn reads_at_an_offset_up_to_the_end() {
    let (dir, root) = scene();
    fs::write(dir.path().join("f"), "0123456789").unwrap();
    let source = root.source(&name("f")).unwrap();
    let mut buffer = [b'-'; 4];
    assert_eq!((source.read_at(&mut buffer, 3).unwrap(), &buffer), (4, b"3456"));
    assert_eq!((source.read_at(&mut buffer, 8).unwrap(), &buffer), (2, b"8956"));
    assert_eq!(source.read_at(&mut buffer, 11).unwrap(), 0);
}

#[test]
fn errors_speak_the_words_of_the_wire() {
    use rustix::io::Errno;
    for (errno, expected) in [
        (Errno::NOENT, "not_found"),
        (Errno::NOTDIR, "not_found"),
        (Errno::LOOP, "not_found"),
        (Errno::EXIST, "exists"),
        (Errno::ISDIR, "exists"),
        (Errno::NOSPC, "no_space"),
        (Errno::DQUOT, "no_space"),
        (Errno::ROFS, "read_only"),
        (Errno::NAMETOOLONG, "bad_name"),
        (Errno::FBIG, "too_large"),
        (Errno::ACCESS, "io"),
        (Errno::IO, "io"),
    ] {
        let error = FileError::from(io::Error::from(errno));
        assert_eq!(error.code(), expected, "{errno:?}");
        assert!(!error.to_string().contains('\n'), "{error}");
    }
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = io::Write::write_all(&mut &full, b"x").unwrap_err();
    assert_eq!(FileError::from(error).code(), "no_space");
}

#[test]
fn durability_is_spelt_one_way() {
    for one in [Durability::Fsync, Durability::Rename, Durability::None] {
        assert_eq!(one.as_str().parse(), Ok(one));
    }
    assert!("Fsync".parse::<Durability>().is_err());
    assert_eq!(Durability::default(), Durability::Fsync);
}
