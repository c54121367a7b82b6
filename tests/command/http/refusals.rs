//! Arguments that are refused before anything is sent.

use super::server::{Reply, Server, run_in};
use crate::command::assert_fails;

/// Runs `args`, in which `URL` is the server's: a usage error that says `what`, and no connection.
fn refused(args: &[&str], what: &str) {
    let server = Server::new(|_| Reply::ok(""));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let args: Vec<String> = args.iter().map(|arg| arg.replace("URL", &server.url)).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    assert_fails(&run_in(folder.path(), &args), 2, what);
    assert_eq!(server.accepted(), 0, "{args:?}");
}

#[test]
fn line_ends_in_every_argument() {
    let message = ["--mobile", "1", "--content", "c"];
    let account = ["sms", "--account", "a", "--password-file", "password", "--gateway"];
    for end in ["\r\n", "\r", "\n"] {
        let with = |text: &str| text.replace('|', end);
        let injected = with("|X-Injected: 1");
        for (args, what) in [
            (vec!["http", &with("GE|T"), "URL/"], "METHOD: invalid method: a method is a token"),
            (vec!["http", &with("GET|"), "URL/"], "METHOD: invalid method: a method is a token"),
            (vec!["http", &format!("URL/{injected}")], "a URL holds no line end"),
            (vec!["http", &with("URL/|")], "a URL holds no line end"),
            (vec!["http", "URL/", "-H", &format!("A: b{injected}")], "-H: a field value"),
            (vec!["http", "URL/", "-H", &with("A: b|")], "-H: a field value"),
            (
                vec!["http", "URL/", "-H", &with("A|: b")],
                "a field name is a token (RFC 9110 §5.1); give",
            ),
            (vec!["http", "URL/", "-H", &with("A:|b")], "-H: a field value"),
            (
                vec!["http", "URL/", "--user", &with("a|"), "--password-file", "password"],
                "--user: a name holds no control character",
            ),
            (vec!["download", &with("URL/a|")], "a URL holds no line end"),
            (vec!["download", "URL/", "-H", &with("A: b|")], "-H: a field value"),
            (vec!["download", "--from", &with("URL/|")], "a URL holds no line end"),
            ([&account[..], &[&with("URL/|")], &message].concat(), "a URL holds no line end"),
        ] {
            refused(&args, what);
        }
    }
}

#[test]
fn what_makes_no_sense() {
    for (args, what) in [
        (&["http", "GE T", "URL/"][..], "METHOD: "),
        (&["http", "", "URL/"], "METHOD: "),
        (&["http", "CONNECT", "URL/"], "METHOD: CONNECT asks for a tunnel"),
        (&["http", "GET"], "URL: invalid URL \"GET\": a URL begins with http:// or https://"),
        (&["http", "ftp://h/"], "a URL begins with http:// or https://"),
        (&["http", "http://"], "URL: "),
        (&["http", "ftp://me:secret@h/"], "URL: invalid URL: a URL begins with"),
        (&["http", "http://h:0/"], "a port"),
        (&["http", "http://h/a b"], "a URL holds no space"),
        (&["http", "URL/", "-H", "no colon"], "-H: the colon between"),
        (&["http", "URL/", "-H", ": x"], "-H: "),
        (&["http", "URL/", "-H", "a b: x"], "-H: "),
        (&["http", "URL/", "-H", "A: \u{7}"], "-H: "),
        (&["http", "URL/", "-H", "Content-Length: 5"], "-H: Content-Length"),
        (&["http", "URL/", "-H", "transfer-encoding: chunked"], "-H: transfer-encoding"),
        (&["http", "URL/", "-H", "Expect: 100-continue"], "-H: Expect"),
        (&["http", "URL/", "-H", "Upgrade: h2c"], "-H: Upgrade"),
        (&["http", "URL/", "-H", "Host: a", "-H", "host: b"], "-H: there is one Host"),
        (
            &["http", "URL/", "--json-body", "{"],
            "--json-body: it is not JSON: it ends too early; look",
        ),
        (
            &["http", "URL/", "--json-body", "1 2"],
            "it is not JSON: the fault is in line 1, column 3; look",
        ),
        (&["http", "URL/", "--json-body", "@password"], "--json-body: it is not JSON"),
        (&["http", "URL/", "--form", "x"], "--form"),
        (&["http", "URL/", "-d", "x", "--form", "a=b"], "cannot be used with"),
        (
            &["http", "URL/", "-d", "@-", "--user", "a", "--password-file", "-"],
            "--password-file: the body comes from stdin, too",
        ),
        (&["http", "URL/", "--timeout", "18446744073709551615"], "at most 315360000 seconds"),
        (&["http", "URL/", "--connect-timeout", "99999999999"], "at most 315360000 seconds"),
        (&["download", "URL/", "--first-byte-timeout", "1e9"], "seconds, such as"),
        (&["download", "URL/", "--first-byte-timeout", "315360001"], "at most 315360000 seconds"),
        (
            &["download", "--from", "-", "--user", "a", "--password-file", "-"],
            "--password-file: the document comes from stdin, too",
        ),
        (&["download"], "required"),
        (&["download", "URL/", "-o", "-"], "-o: many files do not go to one descriptor"),
        (&["download", "URL/", "-H", "range: bytes=1-"], "-H: Range belongs to resuming"),
        (&["download", "--from", "URL/", "--select", "x"], "--select: a pointer begins with /"),
        (&["download", "--from", "URL/", "--select", "/~2"], "--select: 0 or 1 stands behind ~"),
    ] {
        refused(args, what);
    }
}

#[test]
fn a_text_message_that_makes_no_sense() {
    let whole = [
        ("--gateway", "URL/"),
        ("--account", "a"),
        ("--password-file", "password"),
        ("--mobile", "1"),
        ("--content", "c"),
    ];
    for (option, value, what) in [
        ("--mobile", "13x", "digits"),
        ("--mobile", "1&content=x", "digits"),
        ("--mobile", "+", "digits"),
        ("--content", "", "not empty"),
        ("--field", "password=x", "--field: password has its own option; use --password-file"),
        ("--field", "mobile=x", "--field: mobile has its own option; use --mobile"),
        ("--field", "x", "NAME=VALUE"),
        ("--success", "code", "NAME=VALUE"),
        (
            "--gateway",
            "gateway.example",
            "--gateway URL: invalid URL \"gateway.example\": a URL begins with",
        ),
    ] {
        let others = whole.iter().filter(|(name, _)| *name != option);
        let mut args = vec!["sms", option, value];
        args.extend(others.flat_map(|(name, value)| [*name, *value]));
        refused(&args, what);
    }
}
