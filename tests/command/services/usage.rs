//! Arguments that make no sense: the line names the command, and the help that is meant.

use crate::command::{assert_fails, command};
use crate::process::{self, Ended};

fn run(args: &[&str]) -> Ended {
    process::run(&mut command(&std::env::temp_dir(), args))
}

/// Numbers are refused in our own words, whatever is wrong with them.
#[test]
fn a_number_that_is_none_names_its_range() {
    for (args, expected) in [
        (&["get", "h:1", "a", "-j"][..], "'--jobs <N>': a number from 1 to 256; see"),
        (&["serve", ".", "--threads"], "'--threads <N>': a number from 1 to 256; see"),
        (&["serve", ".", "--max-connections"], "a number from 1 to 4294967295; see"),
        (&["http", "h", "--retry"], "'--retry <N>': a number from 0 to 4294967295; see"),
        (&["download", "h", "-L", "--max-redirects"], "a number from 1 to 1000; see"),
        (&["download", "h", "--jobs"], "'--jobs <N>': a number from 1 to 4096; see"),
        (&["download", "h", "--per-host"], "a number from 1 to 65535; see"),
        (&["mail", "--boundary-seed"], "a number from 0 to 18446744073709551615; see"),
        (&["udp", "send", "h:1", "--size"], "a number from 32 to 65507; see"),
        (&["explain", "smtp", "--width"], "a number from 80 to 100; see"),
        (&["bench", "--connections"], "a number from 1 to 5000; see"),
        (&["bench", "--threads"], "a number from 1 to 256; see"),
        (&["bench", "smtp", "--messages"], "a number from 1 to 100000000; see"),
        (&["bench", "smtp", "--rounds"], "a number from 1 to 1000; see"),
    ] {
        for wrong in ["x", "99999999999999999999", "1.5"] {
            let args = [args, &[wrong]].concat();
            let ended = run(&args);
            assert_fails(&ended, 2, expected);
        }
    }
}

#[test]
fn the_command_is_named_as_deep_as_it_goes() {
    for (args, expected) in [
        (
            &["udp", "send", "--nix"][..],
            "error: udp send: unexpected argument '--nix' found; see wirewright udp send",
        ),
        (&["udp", "send"], "error: udp send: the following required arguments were not provided: "),
        (&["time", "serve", "--nix"], "; see wirewright time serve --help"),
        (&["time", "get"], "error: time get: "),
        (&["udp", "recv", "--seconds", "x"], "error: udp recv: "),
        (
            &["get", "--nix"],
            "error: get: unexpected argument '--nix' found; see wirewright get --help",
        ),
        (&["udp", "nix"], "error: udp: unrecognized subcommand 'nix'; see wirewright udp --help"),
    ] {
        assert_fails(&run(args), 2, expected);
    }
}

/// The commands of HTTP have a test of their own.
#[test]
fn one_family_of_addresses() {
    let mail = ["mail", "--check", "--starttls", "never", "--server", "smtp://127.0.0.1:1"];
    for args in [
        &["ls", "127.0.0.1:1"][..],
        &["get", "127.0.0.1:1", "a"],
        &["get", "--classic", "127.0.0.1:1"],
        &["put", "127.0.0.1:1", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")],
        &mail,
        &["time", "get", "127.0.0.1:1"],
        &["time", "get", "--udp", "127.0.0.1:1"],
        &["udp", "send", "127.0.0.1:1"],
    ] {
        assert_fails(&run(&[args, &["-6"]].concat()), 1, "no IPv6 address");
        assert_fails(&run(&[args, &["-4", "-6"]].concat()), 2, "cannot be used with");
    }
}

#[test]
fn a_command_that_is_missing_is_asked_for() {
    let udp = "error: udp: a command is missing: send or recv; see wirewright udp --help\n";
    let time = "error: time: a command is missing: serve or get; see wirewright time --help\n";
    for (command, expected) in [("udp", udp), ("time", time)] {
        let ended = run(&[command]);
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(2), expected));
    }
}

#[test]
fn options_stand_behind_the_command() {
    for (args, option, command) in [
        (&["--trace", "ls", "h:1"][..], "--trace", "ls"),
        (&["-v", "get", "h:1", "a"], "-v", "get"),
        (&["--json", "udp", "send", "h:1"], "--json", "udp send"),
        (&["--nix", "http", "http://h/"], "--nix", "http"),
    ] {
        let line = format!(
            "error: wirewright: {option} must come after the command; see wirewright \
             {command} --help\n"
        );
        let ended = run(args);
        assert_eq!((ended.status.code(), ended.stderr), (Some(2), line));
    }
}

#[test]
fn help_about_help_is_help() {
    for args in [&["help", "--help"][..], &["help", "-h"], &["udp", "help", "--help"]] {
        let ended = run(args);
        assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{args:?}");
        assert!(String::from_utf8(ended.stdout).unwrap().contains("Usage: wirewright"));
    }
}

#[test]
fn what_the_words_of_http_mean_is_said() {
    let hint = "give [METHOD] URL, data with -d, and several URLs to wirewright download";
    for (args, expected) in [
        (&["http", "http://h/", "word"][..], hint),
        (&["http", "http://h/", "http://i/"], hint),
        (
            &["http", "-H", "X", "http://h/"],
            "error: -H: the colon between name and value is missing",
        ),
        (&["get", "h", "a"], "give HOST:PORT, such as localhost:5566"),
        (&["get", "h:1"], "; give NAME, DIR/ or --all; see wirewright get --help\n"),
        (&["get", "h:1", "-o", "x"], "; give NAME, DIR/ or --all; see wirewright get --help\n"),
        (&["get"], "; see wirewright get --help\n"),
        (&["put", "h:1"], "<FILE>...; see wirewright put --help\n"),
    ] {
        assert_fails(&run(args), 2, expected);
    }
    // A field may hold a secret.
    let ended = run(&["http", "-H", "Authorization Bearer sesame", "http://h/"]);
    assert!(!ended.stderr.contains("sesame"), "{}", ended.stderr);
}

/// A file that cannot be read is told in the same words everywhere, without the number of the
/// system's error.
#[test]
fn a_file_that_is_missing_has_no_number() {
    let ended = run(&["explain", "smtp", "no/such/file"]);
    assert_fails(&ended, 1, "error: no/such/file: no such file; check the path\n");
}
