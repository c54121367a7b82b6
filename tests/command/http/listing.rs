//! What `--from` gives that is no list of URLs, and how much is said of it.

use super::server::{Reply, Server, go, run_in, wirewright};
use crate::command::{assert_fails, names_in};
use crate::process::run;

/// One error for the whole, also where nothing is quiet, and nothing is fetched.
#[test]
fn what_is_no_list_is_one_error() {
    let page = "<!DOCTYPE html>\n<html>\n".to_owned() + &"<p>text</p>\nmore text\n".repeat(4000);
    let program = std::fs::read(env!("CARGO_BIN_EXE_wirewright")).unwrap()[..100_000].to_vec();
    let many: String = (0..20_000).map(|n| format!("http://127.0.0.1:9/{n}\n")).collect();
    let cases = [
        (program, "it is neither JSON nor a list of URLs: byte "),
        (b"http://h/a\nhttp://h/\xe9\n".to_vec(), "byte 20 is not text"),
        (b"\x00".repeat(1_000_000), "byte 0 is not text"),
        (b"http://h/a\n\x1b]0;title\x07\n".to_vec(), "byte 11 is not text"),
        (page.into_bytes(), "it is neither JSON nor a list of URLs: "),
        (many.into_bytes(), "more than 10000 URLs"),
        (b"not a URL\n".to_vec(), "1 of 1 lines are not URLs; line 1: "),
        (b"[\x00\xff]".to_vec(), "it is not JSON: "),
        (vec![b'a'; 9 << 20], "more than 8388608 "),
    ];
    for (document, what) in cases {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("list"), &document).unwrap();
        let list = std::fs::File::open(folder.path().join("list")).unwrap();
        let mut command = wirewright(folder.path(), &["download", "--from", "-"]);
        let ended = crate::process::Process::start(command.stdin(list)).finish();
        assert_fails(&ended, 1, what);
        assert!(ended.stderr.starts_with("error: stdin: "), "{}", ended.stderr);
        let served = document.clone();
        let server = Server::new(move |_| Reply::ok(&served));
        let ended = run(&mut wirewright(folder.path(), &["download", "--from", &server.at("/l")]));
        assert_eq!((ended.status.code(), ended.stderr.lines().count()), (Some(1), 1), "{what}");
        assert_eq!(server.requests().len(), 1);
        assert_eq!(names_in(folder.path()), ["list"]);
    }
}

/// Of many elements that are no URLs some have a line of their own, and one line counts the others.
#[test]
fn many_elements_that_are_no_urls() {
    let list = format!("[\"/a\"{}]", ", null".repeat(5000));
    let server = Server::new(move |request| match request.target() {
        "/list" => Reply::ok(&list),
        path => Reply::ok(path),
    });
    let folder = tempfile::tempdir().unwrap();
    let ended = run_in(folder.path(), &["download", "--from", &server.at("/list")]);
    assert_eq!(ended.status.code(), Some(3), "{}", ended.stderr);
    let errors: Vec<&str> =
        ended.stderr.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 21, "{errors:?}");
    assert!(errors[20].contains("(and 4979 more that are no URLs)"), "{}", errors[20]);
    assert!(ended.stderr.lines().last().unwrap().ends_with(", 5000 failed"), "{}", ended.stderr);
    assert_eq!(names_in(folder.path()), ["a"]);
}

/// A pointer that leads nowhere: what is there instead, and no place in the text.
#[test]
fn a_pointer_that_leads_nowhere() {
    let server = Server::new(|_| Reply::ok("{\"newslist\": [\n{\"picUrl\": \"/a\"}]}"));
    for (pointer, what) in [
        ("/newsList/*/picUrl", "/newsList: it does not exist; the object has newslist; look at"),
        ("/newslist/1/picUrl", "/newslist/1: it does not exist; the array has 1 element; look at"),
        ("/newslist/0/url", "/newslist/0/url: it does not exist; the object has picUrl; look at"),
        ("/newslist", "/newslist: an array is not a string; look at"),
    ] {
        let ended = go(&["download", "--from", &server.at("/list"), "--select", pointer]);
        assert_fails(&ended, 1, what);
        assert!(!ended.stderr.contains("at line"), "{}", ended.stderr);
    }
}

/// The help says what the options do.
#[test]
fn the_help() {
    let ended = go(&["download", "--help"]);
    let help = String::from_utf8(ended.stdout).unwrap();
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "[default: the document is an array of URLs, or a plain list]",
        "unless an earlier run fetched it from the same URL and the server reports that it has \
         not changed",
        "429, 500, 502, 503, 504",
    ] {
        assert!(help.contains(words), "{words:?}: {help}");
    }
}
