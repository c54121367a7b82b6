//! What the command says about itself: completion scripts, manual pages, and what was meant by a
//! word that is not known.

use crate::command::{assert_fails, command};
use crate::process::Ended;
use std::path::Path;

fn run(args: &[&str]) -> Ended {
    crate::process::run(&mut command(Path::new("."), args))
}

fn printed(args: &[&str]) -> String {
    let ended = run(args);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{args:?}");
    String::from_utf8(ended.stdout).unwrap()
}

#[test]
fn every_shell_has_a_completion_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&["completions", shell]);
        for word in ["wirewright", "download", "overwrite", "completions"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn bash_accepts_its_script() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("wirewright.bash");
    std::fs::write(&script, printed(&["completions", "bash"])).unwrap();
    let test = "source wirewright.bash; COMP_WORDS=(wirewright put --over); COMP_CWORD=2; \
                _wirewright wirewright --over put; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = std::process::Command::new("bash")
        .args(["-c", test])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    let completed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(completed.trim(), "--overwrite");
}

#[test]
fn every_command_has_a_manual_page_with_its_options() {
    for (path, option) in [
        (&["man"][..], "help"),
        (&["man", "serve"], "writable"),
        (&["man", "get"], "no\\-resume"),
        (&["man", "mail"], "dry\\-run"),
        (&["man", "time", "serve"], "udp"),
        (&["man", "udp", "send"], "rate"),
        (&["man", "man"], "help"),
    ] {
        let page = printed(path);
        let title = ["wirewright"].iter().chain(&path[1..]).copied().collect::<Vec<_>>().join("-");
        assert!(page.contains(&format!(".TH {title} 1 ")), "{path:?}: {page}");
        assert!(page.contains(&format!("\\-\\-{option}")), "{path:?} has {option}");
    }
}

#[test]
fn a_manual_page_of_nothing_is_a_usage_error() {
    for path in [&["man", "nothing"][..], &["man", "get", "more"], &["man", ""]] {
        assert_fails(&run(path), 2, "there is no command");
    }
}

#[test]
fn an_unknown_word_is_answered_by_what_was_meant() {
    for (args, meant) in [
        (&["put", "h:1", "x", "--overwrit"][..], "did you mean --overwrite?"),
        (&["gett", "h:1"], "did you mean get?"),
        (&["udp", "sned", "h:1"], "did you mean send?"),
        (&["bench", "--sweep", "latenc"], "did you mean latency?"),
        (&["completions", "bsh"], "did you mean bash?"),
        (&["explain", "http", "--methd", "GET"], "did you mean --method?"),
        (&["get", "h:1", "x", "--nothing-like-it"], "see wirewright get --help"),
        (&["frobnicate"], "see wirewright --help"),
    ] {
        assert_fails(&run(args), 2, meant);
    }
}

/// An option that commands share is explained by what is true of each.
#[test]
fn what_the_trace_shows_is_true_of_every_command() {
    for command in ["ls", "get", "time get", "udp send", "mail", "http", "sms"] {
        let args: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let page = printed(&args);
        let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, help) = page.split_once(" --trace-content ").unwrap();
        let (help, _) = help.split_once(" --timeout ").unwrap();
        assert!(help.contains("the text of messages and bodies"), "{command}: {help}");
        for word in ["HTTP", "SMS", "dots", "mail"] {
            assert!(!help.contains(word), "{command}: {help}");
        }
    }
}

#[test]
fn explain_says_what_is_not_checked_in_a_frame() {
    let page = printed(&["explain", "--help"]);
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for what in [
        "length prefixes, and the form of each message (PROTOCOL.md §4 and §13)",
        "Not checked are checksums, names, and rules that need both directions",
    ] {
        assert!(page.contains(what), "{page}");
    }
}
