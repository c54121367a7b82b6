//! What is no rate, and which commands take one.

use crate::command::{assert_fails, command};
use crate::process::run;

const COMMANDS: [&[&str]; 6] = [
    &["get", "127.0.0.1:1", "name"],
    &["put", "127.0.0.1:1", "name"],
    &["serve", "."],
    &["http", "http://127.0.0.1:1/"],
    &["download", "http://127.0.0.1:1/"],
    &["mail", "--server", "smtp://127.0.0.1:1", "--from", "a@b", "--to", "c@d"],
];

#[test]
fn what_is_no_rate_is_a_usage_error() {
    let refused = |args: &[&str], rate: &str| {
        let limit = format!("--limit-rate={rate}");
        let ended = run(&mut command(&std::env::temp_dir(), &[args, &[&limit]].concat()));
        assert_fails(&ended, 2, "--limit-rate");
        assert_fails(&ended, 2, "give a rate of at least 1 byte a second");
    };
    COMMANDS.iter().for_each(|args| refused(args, "0"));
    for rate in ["0K", "", "fast", "-1", "1.5M", "1 M", "1X", "99999999999999999999"] {
        refused(COMMANDS[0], rate);
    }
}

#[test]
fn the_help_says_what_a_unit_is() {
    for args in COMMANDS {
        let ended = run(&mut command(&std::env::temp_dir(), &[args[0], "--help"]));
        let help = String::from_utf8(ended.stdout).unwrap();
        let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            words.contains("--limit-rate <RATE> Limit the total transfer rate"),
            "{args:?}: {help}"
        );
        assert!(words.contains("(K = 1024, as in curl and wget)"), "{args:?}: {help}");
        assert!(words.contains("(KB = 1000). Whole numbers only"), "{args:?}: {help}");
    }
}
