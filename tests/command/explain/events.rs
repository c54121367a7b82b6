//! What `explain` prints of a stream of protocol.

use super::run::{assert_error_line, run, text};

/// Runs it with `--json` and gives the lines.
pub fn events(args: &[&str], input: &[u8], good: bool) -> Vec<String> {
    let output = run(&[&["explain", "--json"], args].concat(), input);
    let shown = input.escape_ascii();
    assert_eq!(output.status.code(), Some(i32::from(!good)), "{shown}");
    match good {
        true => assert_eq!(text(&output.stderr), "", "{shown}"),
        false => assert_error_line(&output, "stdin: "),
    }
    let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
    for line in &lines {
        let event: serde_json::Value = serde_json::from_str(line).expect("JSON a line");
        assert!(event["event"].is_string());
    }
    lines
}

/// The event of an error.
pub fn error(kind: &str, offset: u64, reason: &str, spec: &str) -> String {
    format!(
        "{{\"event\":\"error\",\"kind\":\"{kind}\",\"offset\":{offset},\
         \"reason\":\"{reason}\",\"spec\":\"{spec}\"}}"
    )
}

/// Neither the events nor the error nor its offset depend on the cuts, in both forms.
pub fn assert_no_split_matters(parser: &str, input: &[u8], split_max: usize) {
    for form in [&[][..], &["--json"]] {
        let args = [&["explain", parser][..], form].concat();
        let whole = run(&args, input);
        assert!(!whole.stdout.is_empty());
        for split in 1..=input.len().min(split_max) {
            let split = split.to_string();
            let cut = run(&[&args[..], &["--split", &split]].concat(), input);
            let shown = input.escape_ascii();
            assert_eq!(text(&cut.stdout), text(&whole.stdout), "{shown}, split {split}");
            assert_eq!(text(&cut.stderr), text(&whole.stderr), "{shown}, split {split}");
            assert_eq!(cut.status, whole.status, "{shown}, split {split}");
        }
    }
}
