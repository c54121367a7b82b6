//! `wirewright explain` for people: its pages, whole, against files that were looked at.
//!
//! `tests/data/explain/GRAMMAR….bin` are the bytes, `.txt` beside it the page. A page that changed
//! is printed by the test that fails; look at it, then store it.

use super::run::{assert_error_line, run, text};
use crate::installed::has_program;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/explain")
}

/// Name, bytes and page of each.
fn pages() -> Vec<(String, Vec<u8>, String)> {
    let mut pages = Vec::new();
    for entry in std::fs::read_dir(folder()).expect("pages") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|end| end == "bin") {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let page = std::fs::read_to_string(path.with_extension("txt"));
            pages.push((name, std::fs::read(&path).unwrap(), page.unwrap_or_default()));
        }
    }
    pages.sort();
    pages
}

/// The grammar is the first word of the name.
fn explain(name: &str, more: &[&str], input: &[u8]) -> Output {
    let grammar = name.split('-').next().unwrap();
    run(&[&["explain", grammar], more].concat(), input)
}

#[test]
fn each_grammar_has_a_good_page_and_a_bad_one() {
    let names: Vec<String> = pages().into_iter().map(|page| page.0).collect();
    for grammar in ["envelope", "frame", "http", "smtp"] {
        for name in [grammar.to_owned(), format!("{grammar}-bad")] {
            assert!(names.contains(&name), "{name}");
        }
    }
}

#[test]
fn pages_are_as_they_were_looked_at() {
    for (name, input, page) in pages() {
        let output = explain(&name, &[], &input);
        assert_eq!(text(&output.stdout), page, "{name}:\n{}", text(&output.stdout));
        let is_refused = page.contains("\nrefused ");
        assert_eq!(output.status.code(), Some(i32::from(is_refused)), "{name}");
        match is_refused {
            true => assert_error_line(&output, "stdin: "),
            false => assert_eq!(text(&output.stderr), "", "{name}"),
        }
    }
}

#[test]
fn the_page_of_the_readme_is_real() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(path).expect("a README");
    let output = explain("http", &[], b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nhi");
    let page = format!("```text\n{}```\n", text(&output.stdout));
    assert!(readme.contains(&page), "{page}");
}

#[test]
fn no_cut_changes_a_page() {
    for (name, input, page) in pages() {
        for split in 1..=input.len() {
            let cut = explain(&name, &["--split", &split.to_string()], &input);
            assert_eq!(text(&cut.stdout), page, "{name}, split {split}");
        }
    }
}

/// Every byte that the parser saw stands in a row once, in order, and fits its page.
#[test]
fn pages_are_narrow_and_leave_nothing_out() {
    for (name, input, _) in pages() {
        for width in [80, 91, 100] {
            let output = explain(&name, &["--width", &width.to_string()], &input);
            let page = text(&output.stdout);
            let widest = page.lines().map(|line| line.chars().count()).max();
            assert!(widest.is_some_and(|columns| columns <= width), "{name}: {widest:?}\n{page}");
            let bar = page.lines().skip(4).take_while(|line| !line.contains('┴'));
            assert!(bar.into_iter().all(|line| line.chars().nth(45) == Some('│')), "{page}");
        }
    }
    let (_, input, page) = pages().into_iter().find(|page| page.0 == "envelope-bad").unwrap();
    let hex: Vec<String> = page
        .lines()
        .skip(4)
        .take_while(|line| !line.contains('┴'))
        .flat_map(|line| line[11..35].split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter(|word| word != "^^")
        .collect();
    let seen: Vec<String> = input[..34].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, seen, "up to the byte that was refused");
}

/// The words of a page, wherever its lines are broken.
fn words(page: &str) -> String {
    page.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A refusal names the state in which the byte was met, and shows that byte.
#[test]
fn a_refusal_shows_its_byte_and_its_state() {
    let framed = |object: &[u8]| [&[0, 0, 0, object.len() as u8], object].concat();
    let twice = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\n";
    for (name, input, says) in [
        // The bare LF is remarked on and lets the head be judged: two things at one byte.
        ("http", twice.to_vec(), &["Lines ─▶ refused", "seen       56 bytes: "][..]),
        ("frame", framed(b"{\"filedata\":\"aGk=\" x}"), &["After ─▶ refused", "found: 78 `x`"]),
        ("frame", framed(b"{\"a\"x}"), &["Colon ─▶ refused", "found: 78 `x`"]),
        ("frame", framed(b"{")[..5].to_vec(), &["Key ─▶ refused", "found: the end of the frame"]),
        ("frame", b"\0\0\0\x05{\"a\":1}".to_vec(), &["found: the end of the frame"]),
        (
            "frame",
            b"\0\0\0\x09{\"a\":1".to_vec(),
            &["Value ─▶ refused", "found: the end of the stream"],
        ),
        ("frame", framed(b"{\"a\":tru}"), &["Value ─▶ refused", "found: 7d `}`"]),
        ("frame", b"{\"a\":1}".to_vec(), &["JSON without a frame?", "found: 7b `{`"]),
    ] {
        let page = text(&explain(name, &[], &input).stdout).to_owned();
        let begins_right = input[0] == 0 || name == "http";
        assert!(says.iter().all(|says| page.contains(says)), "{page}");
        assert!(!begins_right || !page.contains("JSON without a frame?"), "{page}");
    }
}

/// The byte above the mark of a page, in hex; blank where something is missing.
fn marked(page: &str) -> String {
    let lines: Vec<&str> = page.lines().collect();
    let mark = lines.iter().position(|line| line.contains("^^")).expect("a mark");
    let column = lines[mark].find("^^").expect("a mark");
    lines[mark - 1][column..column + 2].to_owned()
}

/// The mark stands under the character that is at fault, also where that shows only behind it.
#[test]
fn the_mark_stands_under_the_character_at_fault() {
    for (payload, hex, section) in [
        // Unused bits, which show at the padding.
        ("QR==", "52", "RFC 4648 §3.5"),
        ("Zm9vZm9vQR==", "52", "RFC 4648 §3.5"),
        ("Zm9=", "39", "RFC 4648 §3.5"),
        ("Q\\u0052==", "5c", "RFC 4648 §3.5"),
        // Outside of the alphabet.
        ("Q*==", "2a", "RFC 4648 §3.3"),
        ("Zm9v-m9v", "2d", "RFC 4648 §3.3"),
        ("Zm9v Zm9v", "20", "RFC 4648 §3.3"),
        // Padding in the middle, too early, and more of it than there may be.
        ("QQ==Zm9v", "5a", "RFC 4648 §3.3"),
        ("Zg=x", "78", "RFC 4648 §4"),
        ("Z===", "3d", "RFC 4648 §4"),
        ("Zm9v====", "3d", "RFC 4648 §4"),
        // Padding is missing: the quotation mark stands in its place.
        ("QQ", "22", "RFC 4648 §3.2"),
        ("QQ=", "22", "RFC 4648 §3.2"),
        ("Zm9vZ", "22", "RFC 4648 §3.2"),
    ] {
        for behind in ["", ",\"size\":2"] {
            let input = format!("{{\"filedata\":\"{payload}\"{behind}}}");
            let page = text(&explain("envelope", &[], input.as_bytes()).stdout);
            assert_eq!(marked(&page), hex, "{payload}\n{page}");
            assert!(page.contains(section), "{payload}\n{page}");
        }
    }
}

/// The right side of a page in one line.
fn right_side(page: &str) -> String {
    let lines = page.lines().filter_map(|line| Some(line.split_once('│')?.1.trim()));
    lines.collect::<Vec<_>>().join(" ")
}

/// A limit says whose it is, and what the specification says of such a limit.
#[test]
fn our_limits_and_those_of_a_specification_are_told_apart() {
    let long = "x".repeat(140_000);
    let fields = "a:b\r\n".repeat(300);
    let hello = format!(
        "{{\"type\":\"hello\",\"versions\":[1],\"max_frame\":65536,\"digests\":[],\
         \"nonce\":\"{}\",\"agent\":\"{}\"}}",
        "0f".repeat(16),
        &long[..257]
    );
    let frame = [&(hello.len() as u32).to_be_bytes()[..], hello.as_bytes()].concat();
    for (grammar, input, whose, specification) in [
        ("smtp", format!("220 {long}").into(), "our", "RFC 5321 §4.5.3.1.5 sets 512 bytes"),
        ("http", format!("HTTP/1.1 200 {long}").into(), "our", "RFC 9110 §5.4 sets no limit"),
        ("http", format!("HTTP/1.1 200 OK\r\n{fields}").into(), "our", "sets no limit"),
        ("envelope", format!("{{\"a\":\"{long}").into_bytes(), "our", "RFC 8259 §9 sets no limit"),
        ("frame", frame, "the", "PROTOCOL §13 sets it"),
    ] {
        let page = text(&explain(grammar, &[], &input).stdout);
        let says = right_side(&page);
        assert!(says.contains(&format!("more than {whose} limit of ")), "{page}");
        assert!(says.contains(specification), "{page}");
    }
}

/// The members of a frame may be more than what is held of the stream to be shown.
#[test]
fn a_byte_that_passed_long_ago_is_not_called_the_end() {
    let page_of = |before: usize| {
        let (before, behind) = (vec![b'x'; before], vec![b'x'; 300_000]);
        let object = [&b"{\"a\":\""[..], &before, b"\xff", &behind, b"\"}"].concat();
        // The first frame has a lower limit.
        let first = b"\0\0\0\x0c{\"type\":\"x\"}";
        let input = [first, &(object.len() as u32).to_be_bytes()[..], &object].concat();
        text(&explain("frame", &[], &input).stdout).to_owned()
    };
    // It still stands at the beginning of the run, which is shown.
    let page = page_of(0);
    assert!(page.contains("found: ff, at byte 26\n") && page.contains("^^"), "{page}");
    let page = page_of(99);
    assert!(page.contains("found: a byte which passed too long ago"), "{page}");
    assert!(page.contains("300,072 bytes more") && !page.contains("^^"), "{page}");
    assert!(page.contains("refused    at byte 125: the text is valid UTF-8"), "{page}");
}

/// A remark about one of many chunks is told behind all of them.
#[test]
fn a_remark_that_is_told_late_still_names_its_byte() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("2000\r\n{}\r\n", "x".repeat(0x2000));
    let few = "1\r\nx\r\n".repeat(4);
    for (more, marks) in [(1, 1), (40, 0)] {
        let more = chunk.repeat(more);
        let input = format!("{head}{few}1 ;a=b\r\nx\r\n{more}0\r\n\r\n");
        let page = text(&explain("http", &[], input.as_bytes()).stdout).to_owned();
        assert_eq!(page.matches("^^").count(), marks, "{page}");
        let says = "at byte 72, which passed too long ago to be shown";
        assert_eq!(words(&page).contains(says), marks == 0, "{page}");
    }
}

#[test]
fn types_of_messages_are_counted_each_as_long_as_they_are_few() {
    let types = (0..33).chain([0, 31, 32, 33]);
    let frame = |index| format!("\0\0\0\x0f{{\"type\":\"t{index:02}\"}} ");
    let input: String = types.map(frame).collect();
    let page = text(&explain("frame", &[], input.as_bytes()).stdout).to_owned();
    let told = words(&page);
    assert!(told.contains("messages t00 ×2, t01, "), "{page}");
    assert!(told.contains(", t31 ×2, of other types ×3 payload"), "{page}");
}

#[test]
fn zeros_in_front_of_a_chunk_size_are_no_extension() {
    for zeros in [0, 3, 255, 256, 257, 1000] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let size = format!("{}1A", "0".repeat(zeros));
        let body = "x".repeat(26);
        let input = format!("{head}{size}\r\n{body}\r\n{size};a=b\r\n{body}\r\n0\r\n\r\n");
        let page = text(&explain("http", &[], input.as_bytes()).stdout).to_owned();
        assert_eq!(page.matches("a chunk of 26 bytes follows").count(), 2, "{page}");
        assert_eq!(page.matches("an extension, ignored").count(), 1, "{page}");
        assert!(page.contains("beside the size: 4 bytes; our limit: 4,096"), "{page}");
    }
}

/// The exercise "Cut off" of the lesson plan.
#[test]
fn what_was_decoded_before_a_refusal_is_told() {
    let page = explain("envelope", &[], b"{\"filename\":\"a\",\"filedata\":\"aGVsbG8");
    assert!(text(&page.stdout).contains("\npayload    3 bytes decoded before that\n"));
    let page = explain("envelope", &[], b"{\"filename\":\"a\",\"filedata\":\"");
    assert!(!text(&page.stdout).contains("\npayload    "));
}

/// What a peer says does nothing to a terminal; what is no text stands as it can.
#[test]
fn text_of_a_peer_is_harmless() {
    for (name, input) in [
        ("envelope", "{\"a\":\"\u{9b}31m\u{202e}\"}".as_bytes()),
        ("http", b"HTTP/1.1 200 \xc2\x9b\xe2\x80\xae\r\nX: \xff\xc2\x85\r\n\r\n"),
        ("smtp", b"421 4.3.2 \xe2\x80\xae\xc2\x9b\xff\r\n"),
        ("frame", b"\0\0\0\x12{\"type\":\"\xc2\x9b\xe2\x80\xae\"}\n\n"),
    ] {
        let output = explain(name, &[], input);
        let page = text(&output.stdout);
        let is_bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!page.contains(is_bad), "{page}");
        assert!(name == "http" || output.status.success(), "{page}");
    }
}

/// Gigabytes would take long here; what is held does not grow after the first megabytes.
#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_input() {
    let mut begin = b"{\"filedata\":\"".to_vec();
    begin.resize(begin.len() + (8 << 20), b'A');
    let chunk = [&b"2000\r\n"[..], &[b'x'; 0x2000], b"\r\n"].concat();
    let chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunks = [chunks, chunk.repeat(1024), b"0\r\n\r\n".to_vec()].concat();
    for (name, input, says) in [
        ("envelope", [&begin[..], b"\"}"].concat(), "8,388,608 characters of base64 for"),
        ("http", [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &begin].concat(), "bytes more"),
        ("http", chunks, "1,021 chunks more, each a size, data and CR LF"),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wirewright"))
            .args(["explain", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&input).unwrap();
        // It has read all but what a pipe holds, and waits for more.
        let peak = crate::memory::kib(child.id(), "VmHWM").unwrap();
        drop(stdin);
        let page = text(&child.wait_with_output().unwrap().stdout);
        assert!(peak < 24 << 10, "{name}: {peak} KiB");
        assert!(page.contains(says) && page.len() < 10_000, "{page}");
    }
}

// ---- colours -----------------------------------------------------------------------------------

#[test]
fn colours_change_nothing_but_colours() {
    for (name, input, page) in pages() {
        let output = explain(&name, &["--color", "always"], &input);
        let coloured = text(&output.stdout);
        assert!(coloured.contains("\x1b[1;36m") || name == "frame-json", "{coloured}");
        assert_eq!(plain(&coloured), page, "{name}");
        let never = explain(&name, &["--color", "never"], &input);
        assert_eq!(text(&never.stdout), page, "{name}");
    }
}

/// Without what ECMA-48 calls SGR.
fn plain(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split("\x1b[").enumerate() {
        let part = if at == 0 { part } else { part.split_once('m').expect("SGR").1 };
        out.push_str(part);
    }
    out
}

/// Runs the command on a terminal of so many columns, and gives what that shows.
const ON_A_TERMINAL: &str = "
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
out = b''
try:
    while piece := os.read(fd, 65536):
        out += piece
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.buffer.write(out)
";

fn on_a_terminal(columns: u16, environment: (&str, &str), args: &[&str]) -> String {
    let output = Command::new("python3")
        .args(["-c", ON_A_TERMINAL, &columns.to_string(), env!("CARGO_BIN_EXE_wirewright")])
        .args(args)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .env(environment.0, environment.1)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).replace("\r\n", "\n")
}

#[test]
fn a_terminal_has_colours_and_a_width() {
    if !has_program("python3", "--version", "a_terminal_has_colours_and_a_width") {
        return;
    }
    let file = folder().join("http.bin");
    let args = ["explain", "http", file.to_str().unwrap()];
    let show = |columns, environment| on_a_terminal(columns, environment, &args);
    let page = show(86, ("NO_COLOR", ""));
    assert!(page.contains("\x1b[1;36mstatus line\x1b[0m"), "{page}");
    let widest = plain(&page).lines().map(|line| line.chars().count()).max();
    assert_eq!(widest, Some(86), "{page}");
    for (columns, expected) in [(40, 80), (300, 100)] {
        let page = show(columns, ("NO_COLOR", "1"));
        assert!(!page.contains('\x1b'), "{page}");
        assert_eq!(page.lines().map(|line| line.chars().count()).max(), Some(expected));
    }
    let dumb = show(100, ("TERM", "dumb"));
    assert_eq!(dumb, std::fs::read_to_string(file.with_extension("txt")).unwrap());
}

/// `--trace` has the same colours, on the same conditions.
#[test]
fn a_trace_has_the_same_style() {
    if !has_program("python3", "--version", "a_trace_has_the_same_style") {
        return;
    }
    let mut server = Command::new(env!("CARGO_BIN_EXE_wirewright"))
        .args(["time", "serve", "--listen", "127.0.0.1:0", "--quiet"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().rsplit(' ').next().unwrap();
    let args = ["time", "get", address, "--trace"];
    let said = on_a_terminal(100, ("NO_COLOR", ""), &args);
    let without = on_a_terminal(100, ("NO_COLOR", "1"), &args);
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(said.contains("\x1b[1;36m<-\x1b[0m "), "{said:?}");
    assert!(without.contains("<- ") && !without.contains('\x1b'), "{without:?}");
}

#[test]
fn the_help_says_it_all() {
    let help = text(&run(&["explain", "--help"], b"").stdout);
    for word in ["--split", "--width", "--color", "NO_COLOR", "--json", "states", "limit", "^^"] {
        assert!(help.contains(word), "{word} in {help}");
    }
    for args in [["--width", "79"], ["--width", "101"], ["--color", "red"]] {
        let output = run(&["explain", "smtp", args[0], args[1]], b"");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}
