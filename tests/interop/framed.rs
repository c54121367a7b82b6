//! `examples/peer.py`, a second implementation of the framed wire, in both directions.

use crate::installed::has_program;
use crate::process::run;
use crate::{bytes, files_in, good, listening, python, wirewright};
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use tempfile::TempDir;

const PEER: &str = "examples/peer.py";

/// On each side of a group of three and of a chunk, and many chunks.
const SIZES: [usize; 8] = [0, 1, 2, 3, 196_607, 196_608, 196_609, 5_000_000];

/// One of each kind: each starts Python again.
const FEW: [usize; 3] = [0, 2, 196_609];

/// What both sides are told besides, and the sizes of the files.
const VARIANTS: [(&[&str], &[usize]); 4] = [
    (&["--digest", "sha256"], &SIZES),
    (&["--digest", "none"], &FEW),
    (&["--digest", "sha256", "--token-file", "../token"], &FEW),
    (&["--digest", "none", "--token-file", "../token"], &FEW),
];

/// A folder with a token and the folders `here` and `there`; in `there` a file of each size.
fn folders(sizes: &[usize]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["there", "here"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("token"), "correct horse\n").unwrap();
    for &size in sizes {
        std::fs::write(folder.path().join("there").join(name(size)), bytes(size)).unwrap();
    }
    folder
}

fn name(size: usize) -> String {
    format!("ü 漢 {size}")
}

fn assert_all_in(folder: &Path, sizes: &[usize]) {
    for &size in sizes {
        let there = std::fs::read(folder.join(name(size))).unwrap();
        assert!(there == bytes(size), "{size} in {folder:?}");
    }
    assert_eq!(files_in(folder).len(), sizes.len(), "nothing is left beside the files");
}

/// The options without the digest, for commands that have none.
fn without_digest<'a>(variant: &'a [&'a str]) -> &'a [&'a str] {
    &variant[2..]
}

#[test]
fn our_client_and_peer_py() {
    if !has_program("python3", "--version", "our_client_and_peer_py") {
        return;
    }
    for (variant, sizes) in VARIANTS {
        let folders = folders(sizes);
        let (there, here) = (folders.path().join("there"), folders.path().join("here"));
        let args = [&["serve", ".", "--port", "0", "--writable"], variant].concat();
        let (_server, address) = listening(&mut python(&there, PEER, &args));
        let names: Vec<String> = sizes.iter().map(|size| name(*size)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let get = [&["get", &address], &names[..], variant].concat();
        good(&mut wirewright(&here, &get));
        assert_all_in(&here, sizes);
        let digest = &variant[..2];
        // `ls` and `put` have no --digest: they take the first that both sides can do.
        if digest[1] == "sha256" {
            let ls = [&["ls", &address, "--json"], without_digest(variant)].concat();
            let listed = good(&mut wirewright(&here, &ls));
            let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
            assert_eq!(listed["entries"].as_array().unwrap().len(), sizes.len());
            let put = [&["put", &address], &names[..], without_digest(variant)].concat();
            // The same content again is success; other content is a conflict.
            good(&mut wirewright(&here, &put));
            let last = there.join(names.last().unwrap());
            let mut other = std::fs::read(&last).unwrap();
            other[0] ^= 1;
            std::fs::write(&last, &other).unwrap();
            let refused = run(&mut wirewright(&here, &put));
            assert!(refused.stderr.contains("--overwrite"), "{}", refused.stderr);
            assert_eq!(std::fs::read(&last).unwrap(), other);
            files_in(&there).iter().for_each(|path| std::fs::remove_file(path).unwrap());
            good(&mut wirewright(&here, &put));
            assert_all_in(&there, sizes);
        }
    }
}

#[test]
fn peer_py_and_our_server() {
    if !has_program("python3", "--version", "peer_py_and_our_server") {
        return;
    }
    for (variant, sizes) in VARIANTS {
        let folders = folders(sizes);
        let (there, here) = (folders.path().join("there"), folders.path().join("here"));
        let serve = ["serve", ".", "--listen", "127.0.0.1:0", "--writable"];
        let args = [&serve[..], without_digest(variant)].concat();
        let (_server, address) = listening(&mut wirewright(&there, &args));
        let peer = |verb: &str, rest: &[&str]| {
            python(&here, PEER, &[&[verb, &address], rest, variant].concat())
        };
        assert_eq!(good(&mut peer("ls", &[])).lines().count(), sizes.len());
        for &size in sizes {
            good(&mut peer("get", &[&name(size)]));
        }
        assert_all_in(&here, sizes);
        let first = name(sizes[0]);
        // The same content again is success, where a digest says that it is the same.
        let again = run(&mut peer("put", &[&first]));
        assert_eq!(again.status.success(), variant[1] == "sha256", "{}", again.stderr);
        std::fs::write(there.join(&first), "another").unwrap();
        assert!(!run(&mut peer("put", &[&first])).status.success(), "it exists");
        good(&mut peer("put", &[&first, "--overwrite"]));
        files_in(&there).iter().for_each(|path| std::fs::remove_file(path).unwrap());
        for &size in sizes {
            good(&mut peer("put", &[&name(size)]));
        }
        assert_all_in(&there, sizes);
    }
}

#[test]
fn tokens_that_differ() {
    if !has_program("python3", "--version", "tokens_that_differ") {
        return;
    }
    let folders = folders(&[3]);
    let (there, here) = (folders.path().join("there"), folders.path().join("here"));
    std::fs::write(folders.path().join("wrong"), "wrong horse\n").unwrap();
    let file = name(3);
    let theirs = ["serve", ".", "--port", "0", "--token-file", "../token"];
    let (_theirs, address) = listening(&mut python(&there, PEER, &theirs));
    for token in [&[][..], &["--token-file", "../wrong"]] {
        let get = [&["get", &address, &file], token].concat();
        let ended = run(&mut wirewright(&here, &get));
        assert_eq!(ended.status.code(), Some(1));
        assert!(ended.stderr.contains("unauthorized"), "{}", ended.stderr);
    }
    let ours = ["serve", ".", "--listen", "127.0.0.1:0", "--token-file", "../token"];
    let (_ours, address) = listening(&mut wirewright(&there, &ours));
    for token in [&[][..], &["--token-file", "../wrong"]] {
        let get = [&["get", &address, &file], token].concat();
        assert_eq!(run(&mut python(&here, PEER, &get)).status.code(), Some(1));
    }
    assert_eq!(files_in(&here).len(), 0);
}

/// A digest that the other side cannot do is refused, not passed over.
#[test]
fn no_common_digest() {
    if !has_program("python3", "--version", "no_common_digest") {
        return;
    }
    let folders = folders(&[3]);
    let (there, here) = (folders.path().join("there"), folders.path().join("here"));
    let args = ["serve", ".", "--port", "0"];
    let (_server, address) = listening(&mut python(&there, PEER, &args));
    let get = ["get", &address, &name(3), "--digest", "blake3"];
    let ended = run(&mut wirewright(&here, &get));
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.stderr.contains("unsupported"), "{}", ended.stderr);
    assert_eq!(files_in(&here).len(), 0);
}

/// What a server says to a client's frames until it ends the stream, in few words.
fn said_to(address: &str, texts: &[&str], behind: &[u8]) -> Vec<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    let frame = |text: &&str| [&(text.len() as u32).to_be_bytes(), text.as_bytes()].concat();
    let mut flight: Vec<u8> = texts.iter().flat_map(frame).collect();
    flight.extend_from_slice(behind);
    stream.write_all(&flight).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    let (mut rest, mut said) = (&heard[..], Vec::new());
    while let Some((prefix, behind)) = rest.split_first_chunk::<4>() {
        let (body, behind) = behind.split_at(u32::from_be_bytes(*prefix) as usize);
        let message: serde_json::Value = serde_json::from_slice(body).unwrap();
        let mut words = vec![message["type"].as_str().unwrap().to_owned()];
        words.extend(message["id"].as_u64().map(|id| id.to_string()));
        words.extend(message["code"].as_str().map(str::to_owned));
        // Whether a put that cannot be carried on hears `ready` first is left open.
        if words[0] != "ready" {
            said.push(words.join(" "));
        }
        rest = behind;
    }
    said
}

/// The decisions on the wire that are easily got wrong: both servers answer the same.
#[test]
fn peer_py_and_our_server_answer_alike() {
    if !has_program("python3", "--version", "peer_py_and_our_server_answer_alike") {
        return;
    }
    let folders = folders(&[3]);
    let there = folders.path().join("there");
    std::fs::write(there.join("f"), "abc").unwrap();
    let args = ["serve", ".", "--port", "0", "--writable"];
    let (_theirs, python_address) = listening(&mut python(&there, PEER, &args));
    let args = ["serve", ".", "--listen", "127.0.0.1:0", "--writable"];
    let (_ours, our_address) = listening(&mut wirewright(&there, &args));
    let hello = concat!(
        r#"{"type":"hello","versions":[1],"max_frame":65536,"digests":["sha256"],"#,
        r#""nonce":"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"}"#
    );
    let get = |id| format!(r#"{{"type":"get","id":{id},"name":"f"}}"#);
    let put = r#"{"type":"put","id":2,"name":"new","size":6,"etag":"e"}"#;
    let (one, three, list) = (get(1), get(3), r#"{"type":"list","id":4}"#);
    let got = |id| [format!("file {id}"), format!("chunk {id}"), format!("end {id}")];
    let cases: [(Vec<&str>, &[u8], Vec<String>); 6] = [
        (
            vec![hello, &one, put, &three, list],
            b"x",
            [
                &got(1)[..],
                &["error 2 cancelled".into()],
                &got(3),
                &["entries 4".into(), "error malformed".into()],
            ]
            .concat(),
        ),
        (vec![hello, &one, r#"{"type":"done","id":1,"size":0,"durability":"none"}"#], b"", {
            [&got(1)[..], &["error unexpected".into()]].concat()
        }),
        (vec![hello, r#"{"type":"get","id":1,"name":"f","offset":1}"#], b"", {
            vec!["error malformed".into()]
        }),
        (vec![hello, r#"{"type":"get","id":1,"name":"f","etag":"other"}"#], b"", {
            vec!["error 1 changed".into()]
        }),
        (vec![hello, r#"{"type":"chunk","id":9,"offset":0,"filedata":"YWJj"}"#], b"", {
            vec!["error unexpected".into()]
        }),
        (vec![hello, r#"{"type":"note","id":9}"#, &one], b"", {
            [&["error 9 unknown_type".into()], &got(1)[..]].concat()
        }),
    ];
    for (texts, behind, expected) in cases {
        for address in [&python_address, &our_address] {
            let said = said_to(address, &texts, behind);
            assert_eq!(said[0], "hello");
            assert_eq!(said[1..], expected, "{texts:?} to {address}, python is {python_address}");
        }
    }
    assert_eq!(files_in(&there).len(), 2, "nothing is left of what was cut off");
}
