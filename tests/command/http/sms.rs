//! `wirewright sms`: the gateway of the chapter, and others.

use super::server::{Reply, Server, run_in, wirewright};
use crate::command::{assert_fails, json};
use crate::process::Ended;
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::process::Stdio;

const PASSWORD: &str = "p+\u{e4}ss & w\u{f6}rd/";
const ENCODED: &str = "p%2B%C3%A4ss+%26+w%C3%B6rd%2F";
const CONTENT: &str = "您的验证码是：147258。请不要把验证码泄露给其他人。";

fn send_to(url: &str, folder: &Path, args: &[&str]) -> Ended {
    std::fs::write(folder.join("password"), format!("{PASSWORD}\n")).unwrap();
    let message = ["--mobile", "13512345678", "--content", CONTENT];
    let account = ["--account", "me", "--password-file", "password"];
    let all = [&["sms", "--gateway", url], &account[..], &message, args].concat();
    let ended = run_in(folder, &all);
    let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
    for secret in [PASSWORD, ENCODED, &ENCODED.to_lowercase(), "\\u00e4ss", "p+\\"] {
        assert!(!said.contains(secret), "{said}");
    }
    ended
}

/// Sends the message to a gateway that answers so.
fn send(server: &Server, args: &[&str]) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    send_to(&server.at("/webservice/sms.php?method=Submit"), folder.path(), args)
}

#[test]
fn the_program_of_the_chapter() {
    let reply = "{\"code\":2,\"msg\":\"提交成功\",\"smsid\":\"16\"}";
    let server = Server::new(move |_| Reply::ok(reply));
    let ended = send(&server, &[]);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), format!("{reply}\n"));
    let request = server.request();
    assert_eq!(request.line(), "POST /webservice/sms.php?method=Submit HTTP/1.1");
    assert_eq!(request.get("Content-Type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.get("Accept"), Some("text/plain"));
    // urllib.parse.urlencode of Python says the same.
    let content = "%E6%82%A8%E7%9A%84%E9%AA%8C%E8%AF%81%E7%A0%81%E6%98%AF%EF%BC%9A147258%E3%80%82\
        %E8%AF%B7%E4%B8%8D%E8%A6%81%E6%8A%8A%E9%AA%8C%E8%AF%81%E7%A0%81%E6%B3%84%E9%9C%B2%E7%BB%99\
        %E5%85%B6%E4%BB%96%E4%BA%BA%E3%80%82";
    assert_eq!(
        request.text(),
        format!("account=me&password={ENCODED}&mobile=13512345678&content={content}&format=json")
    );
}

/// A line end in a field is data of the form.
#[test]
fn line_ends_in_fields() {
    let server = Server::new(|_| Reply::ok("{\"code\":2}"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "p\r\nq").unwrap();
    let url = server.at("/");
    let args = [
        ["sms", "--gateway", &url, "--account", "a\nb", "--password-file", "password"],
        ["--mobile", "1", "--content", "two\r\nlines\n", "--field", "x\ny=1\r2", "-q"],
    ];
    let ended = run_in(folder.path(), &args.concat());
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    assert_eq!(
        server.request().text(),
        "account=a%0Ab&password=p%0D%0Aq&mobile=1&content=two%0D%0Alines%0A&format=json&x%0Ay=1%0D2"
    );
}

#[test]
fn further_fields_and_other_successes() {
    let server = Server::new(|_| Reply::new("201 Created", "{\"state\":\"ok\",\"n\":0}"));
    let fields = ["--field", "format=xml", "--field", "sign=a&b"];
    let success = ["--success", "state=ok", "--success", "n=0"];
    let ended = send(&server, &[&fields[..], &success].concat());
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    let text = server.request().text().to_owned();
    assert!(text.ends_with("&format=xml&sign=a%26b") && text.matches("format=").count() == 1);
    let ended = send(&server, &["--success", "state=ok", "--success", "n=1"]);
    assert_fails(&ended, 1, "(n is 0, not 1)");
}

#[test]
fn the_document() {
    let server = Server::new(|_| Reply::ok("{\n \"smsid\" : \"7\\u009b\", \"code\": \"2\"}\n"));
    let ended = send(&server, &["--json"]);
    assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""));
    assert!(!String::from_utf8(ended.stdout.clone()).unwrap().contains('\u{9b}'));
    let told = json(&ended.stdout);
    assert_eq!((&told["outcome"], &told["status"]), (&json!("accepted"), &json!(200)));
    assert_eq!(told["reply"], json!({"smsid": "7\u{9b}", "code": "2"}));
    assert_eq!(told.get("error"), None);
    let ended = send(&server, &[]);
    let line = "{\"smsid\":\"7\\u009b\",\"code\":\"2\"}\n";
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), line);
}

#[test]
fn what_is_refused() {
    let refused = |status: &'static str, reply: &'static str, what: &str| {
        let server = Server::new(move |_| Reply::new(status, reply));
        let ended = send(&server, &["--json"]);
        assert_fails(&ended, 1, what);
        let told = json(&ended.stdout);
        assert_eq!(told["outcome"], "refused", "{told}");
        let status: u16 = status[..3].parse().unwrap();
        assert_eq!(told["status"], status);
        assert_eq!(server.requests().len(), 1);
        told
    };
    let told = refused(
        "200 OK",
        "{\"code\":405,\"msg\":\"用户名或密码不正确\u{202e}\"}",
        "the gateway refused: 用户名或密码不正确\\u{202e} (code is 405, not 2)",
    );
    assert_eq!(told["reply"]["code"], 405);
    assert_eq!(told["text"], "用户名或密码不正确\u{202e}");
    refused("200 OK", "{\"msg\":\"what\"}", "the gateway refused: what (without code)");
    refused("200 OK", "{\"code\":22}", "(code is 22, not 2)");
    refused("200 OK", "{\"code\":\"2 \"}", "(code is \"2 \", not 2)");
    refused("200 OK", "[2]", "(without code)");
    for status in ["501 No", "503 Busy", "505 Old"] {
        refused(status, "", &format!("HTTP {} from the gateway; ", &status[..3]));
    }
    refused("511 Log in", "", "HTTP 511 from the gateway; log in to the network");
    refused("400 Bad Request", "{\"code\":2", "HTTP 400 from the gateway: {\"code\":2;");
    let told =
        refused("503 Busy", "{\"code\":2,\"msg\":\"later\"}", "HTTP 503 from the gateway: later");
    assert_eq!(told["error"]["code"], "http_503");
}

/// Ways to say that it was taken, as gateways do.
#[test]
fn the_same_value_in_another_notation_is_success() {
    for (reply, args) in [
        ("\u{feff}{\"code\":2}", &[][..]),
        ("\u{feff} {\"code\":\"2\"}\r\n", &[]),
        ("{\"code\":2.0}", &[]),
        ("{\"code\":20e-1}", &[]),
        ("{\"code\":2}", &["--success", "code=2.0"]),
        ("{\"success\":true}", &["--success", "success=true"]),
        ("{\"success\":\"true\"}", &["--success", "success=true"]),
        (
            "{\"error\":null,\"late\":false}",
            &["--success", "error=null", "--success", "late=false"],
        ),
    ] {
        let server = Server::new(move |_| Reply::ok(reply));
        for more in [&[][..], &["--json"]] {
            let ended = send(&server, &[args, more].concat());
            assert_eq!((ended.status.code(), &*ended.stderr), (Some(0), ""), "{reply}");
            let said = String::from_utf8(ended.stdout).unwrap();
            assert!(!said.contains("feff") && !said.contains('\u{feff}'), "{said}");
        }
    }
    for (reply, args, what) in [
        ("{\"code\":2.0000000000000000001}", &[][..], "(code is 2.0000000000000000001, not 2)"),
        ("{\"code\":\"2.0\"}", &[], "(code is \"2.0\", not 2)"),
        ("{\"code\":null}", &[], "(code is null, not 2)"),
        ("{\"code\":[2]}", &[], "(code is [2], not 2)"),
        ("{\"code\":2,\"code\":3}", &[], "(code is 3, not 2)"),
        ("{\"x\":null}", &["--success", "error=null"], "(without error)"),
        ("{\"success\":1}", &["--success", "success=true"], "(success is 1, not true)"),
        ("{\"success\":\"True\"}", &["--success", "success=true"], "is \"True\", not true)"),
    ] {
        let server = Server::new(move |_| Reply::ok(reply));
        assert_fails(&send(&server, args), 1, what);
    }
}

#[test]
fn a_redirect_is_not_followed() {
    let other = Server::new(|_| Reply::ok("{\"code\":2}"));
    for status in ["301 Moved", "307 Again"] {
        let location = format!("Location: {}", other.at(&format!("/?password={ENCODED}")));
        let server = Server::new(move |_| Reply::with(status, &[&location], "{\"code\":2}"));
        let ended = send(&server, &[]);
        let to = other.at("/?password=***");
        assert_fails(
            &ended,
            1,
            &format!("HTTP {} from the gateway, a redirect to {to}", &status[..3]),
        );
        assert_eq!(server.requests().len(), 1);
    }
    assert_eq!(other.accepted(), 0);
}

#[test]
fn a_lost_answer_may_have_been_sent() {
    for reply in [
        Reply::raw("").and_close(),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Le").and_close(),
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":2").and_close(),
        Reply::raw("").and_silence(),
        Reply::raw("SMTP? \u{1b}").and_close(),
        Reply::ok(vec![b' '; 70_000]),
    ] {
        let server = Server::new(move |_| reply.clone());
        let ended = send(&server, &["--json", "--timeout", "5"]);
        assert_fails(&ended, 4, ": the message may have been sent: ");
        let told = json(&ended.stdout);
        assert_eq!((&told["outcome"], &told["reply"]), (&json!("unknown"), &Value::Null));
        let requests = server.requests();
        assert_eq!(requests.len(), 1);
        assert!(requests[0].text().ends_with("&format=json"));
        assert_eq!(server.accepted(), 1);
    }
}

/// The response is whole as HTTP, but the gateway's answer is not in it (cli.md: exit status 4).
#[test]
fn a_response_that_does_not_tell_is_unknown() {
    let cut = |body: &[u8]| {
        let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
        Reply::raw([&head[..], body].concat()).and_close()
    };
    for (reply, status, what) in [
        (cut(b"{\"code\":2"), 200, "the reply is cut off: {\"code\":2;"),
        (cut(b"{\"msg\":\"\xe6\x8f"), 200, "the reply is cut off: "),
        (cut(b"{\"code\":2,\"ok\":tru"), 200, "the reply is cut off: "),
        (cut(b""), 200, "the reply of 200 is empty;"),
        (Reply::ok("{\"code\":405,"), 200, "the reply is cut off: {\"code\":405,;"),
        (Reply::ok(" \r\n"), 200, "the reply of 200 is empty;"),
        (Reply::ok("\u{feff}"), 200, "the reply of 200 is empty;"),
        (Reply::new("202 Accepted", ""), 202, "the reply of 202 is empty;"),
        (Reply::new("504 Late", ""), 504, "HTTP 504 from the gateway;"),
        (Reply::new("504 Late", "{\"code\":2}"), 504, "HTTP 504 from the gateway: {"),
        (Reply::new("500 Broken", "<p>"), 500, "HTTP 500 from the gateway: <p>;"),
        (Reply::new("502 Bad Gateway", ""), 502, "HTTP 502 from the gateway;"),
        (Reply::new("524 Late", ""), 524, "HTTP 524 from the gateway;"),
        (Reply::ok("OK, sent"), 200, "the reply is not JSON: OK, sent;"),
        (Reply::ok("2}"), 200, "the reply is not JSON: 2};"),
        (Reply::ok("<p>\u{1b}[31mhi"), 200, "the reply is not JSON: <p>\\u{1b}[31mhi;"),
        (Reply::ok("\u{feff}\u{feff}{\"code\":2}"), 200, "the reply is not JSON: "),
    ] {
        let server = Server::new(move |_| reply.clone());
        let ended = send(&server, &["--json"]);
        assert_fails(&ended, 4, &format!("the message may have been sent: {what}"));
        let hints = ["try again", "format=json"];
        assert!(!hints.iter().any(|hint| ended.stderr.contains(hint)), "{}", ended.stderr);
        let told = json(&ended.stdout);
        assert_eq!((&told["outcome"], &told["status"]), (&json!("unknown"), &json!(status)));
        let code = match status {
            500.. => format!("http_{status}"),
            _ if what.contains("not JSON") => "malformed".to_owned(),
            _ => "incomplete".to_owned(),
        };
        assert_eq!(told["error"]["code"], *code);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn what_was_never_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{free}/");
    let ended = send_to(&url, folder.path(), &["--json"]);
    assert_fails(&ended, 1, &format!("error: {url}: not sent: no connection"));
    let told = json(&ended.stdout);
    assert_eq!((&told["outcome"], &told["status"]), (&json!("refused"), &Value::Null));
    assert_eq!(told["error"]["code"], "unreachable");
}

#[test]
fn a_gateway_that_repeats_the_password() {
    let escaped: String = PASSWORD.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let reply = format!(
        "{{\"code\":9,\"msg\":\"no {escaped} here\",\"form\":\"password={}\",\"{escaped}\":1}}",
        ENCODED.replace("%C3%A4", "%c3%a4").replace("%C3%B6", "%c3%b6").replace("%2B", "%2b")
    );
    let server = Server::new(move |_| {
        let fields = [&*format!("X-Seen: {ENCODED}"), &*format!("X-Raw: {PASSWORD}")];
        Reply::with(&format!("200 OK {PASSWORD}"), &fields, &reply)
    });
    for args in [&[][..], &["--json"], &["--trace"], &["--trace", "--json"]] {
        let ended = send(&server, args);
        assert_eq!(ended.status.code(), Some(1), "{}", ended.stderr);
        assert!(ended.stderr.contains("the gateway refused: no *** here"), "{}", ended.stderr);
    }
    let ended = send(&server, &["--trace"]);
    for line in ["-> POST /webservice/sms.php?method=Submit HTTP/1.1", "<- X-Seen: ***"] {
        assert!(ended.stderr.lines().any(|said| said == line), "{}", ended.stderr);
    }
    assert!(ended.stderr.contains(" bytes of body]"));
    assert!(!ended.stderr.contains("13512345678"), "{}", ended.stderr);
}

/// The form is shown without the password; a reply, which may repeat it, as its length.
#[test]
fn a_trace_with_content_shows_the_form() {
    let server = Server::new(|_| Reply::ok(format!("{{\"code\":2,\"you\":\"{PASSWORD}\"}}")));
    let ended = send(&server, &["--trace-content"]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    let form = ended.stderr.lines().find(|line| line.starts_with("-> account=")).unwrap();
    assert!(form.contains("&password=***&mobile=13512345678&content="), "{form}");
    assert!(!ended.stderr.contains(PASSWORD) && !ended.stderr.contains(ENCODED));
    let reply = |line: &str| line.starts_with("<- [") && line.ends_with(" bytes of body]");
    assert!(ended.stderr.lines().any(reply), "{}", ended.stderr);
}

#[test]
fn a_password_at_the_cut_between_quotes_and_in_latin_1() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--account", "a", "--password-file", "password", "--mobile", "1"];
    let long = format!("{}pa\"ss\\word/{0}", "x".repeat(194));
    for (password, status, body, parts) in [
        ("pa\"ss\\word/", "200 OK", long.clone().into_bytes(), &["pa\"", "word"][..]),
        ("pa\"ss\\word/", "500 No", json!({"msg": long}).to_string().into_bytes(), &["pa", "word"]),
        (
            "pa\"ss\\word/",
            "200 OK",
            br#"{"code":{"you sent":"pa\"ss\\word/"}}"#.to_vec(),
            &["word"],
        ),
        ("pa\"ss\\word/", "500 No", br#"{"e":"pa\"ss\\word\/"}"#.to_vec(), &["word"]),
        ("pa\"ss\\word/", "500 No", br#"not JSON: "pa\"ss\\word\/""#.to_vec(), &["word"]),
        ("w\u{f6}rd", "500 No", [b"\xff ".as_slice(), "w\u{f6}rd".as_bytes()].concat(), &["rd"]),
    ] {
        std::fs::write(folder.path().join("password"), password).unwrap();
        let sent = body.clone();
        let server = Server::new(move |_| Reply::new(status, &sent));
        let all = [&["sms", "--gateway", &server.url, "--content", "c"], &args[..]].concat();
        for json in [&[][..], &["--json"]] {
            let ended = run_in(folder.path(), &[&all[..], json].concat());
            let exit = if status.starts_with("500") || &body[..1] != b"{" { 4 } else { 1 };
            assert_fails(&ended, exit, "");
            let said = format!("{}{}", String::from_utf8_lossy(&ended.stdout), ended.stderr);
            let said = said.replace("password", "").replace("check the URL, the account", "");
            assert!(parts.iter().all(|part| !said.contains(part)), "{password}: {said}");
        }
    }
}

#[test]
fn what_cannot_be_printed_was_sent_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "secret").unwrap();
    let args = ["--account", "a", "--password-file", "password", "--mobile", "1"];
    for (reply, json, status, what) in [
        (Reply::ok("{\"code\":2}"), &[][..], 4, "accepted the message, but the result could not"),
        (
            Reply::ok("{\"code\":2}"),
            &["--json"],
            4,
            "accepted the message, but the result could not",
        ),
        (Reply::raw("").and_close(), &["--json"], 4, "the message may have been sent: "),
        (Reply::ok("{\"code\":3}"), &["--json"], 1, "refused"),
    ] {
        let server = Server::new(move |_| reply.clone());
        let all = [&["sms", "--gateway", &server.url, "--content", "c"], &args[..], json].concat();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (reader, closed) = std::io::pipe().unwrap();
        drop(reader);
        for stdout in [Stdio::from(full), Stdio::from(closed)] {
            let mut command = wirewright(folder.path(), &all);
            let ended = command.stdout(stdout).stderr(Stdio::piped()).output().unwrap();
            let stderr = String::from_utf8(ended.stderr).unwrap();
            let ended = Ended { status: ended.status, stdout: ended.stdout, stderr };
            assert_fails(&ended, status, what);
        }
    }
}

#[test]
fn the_user_of_a_url_is_no_account() {
    let server = Server::new(|_| Reply::ok("{\"code\":2}"));
    let folder = tempfile::tempdir().unwrap();
    let ended = send_to(&server.url.replace("http://", "http://me@"), folder.path(), &[]);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("give --account NAME") && !ended.stderr.contains("--user"));
}

#[test]
fn passwords_that_cannot_be_used() {
    let server = Server::new(|_| Reply::ok("{\"code\":2}"));
    let folder = tempfile::tempdir().unwrap();
    for (password, what) in [
        (&b"\n"[..], "error: secret: the password is empty"),
        (b"a\0b", "error: secret: a password holds no NUL"),
        (b"\xff", "error: secret: the password is not UTF-8"),
    ] {
        std::fs::write(folder.path().join("secret"), password).unwrap();
        let args = ["--account", "a", "--password-file", "secret", "--mobile", "1"];
        let all = [&["sms", "--gateway", &server.url, "--content", "c"], &args[..]].concat();
        assert_fails(&run_in(folder.path(), &all), 1, what);
    }
    assert_eq!(server.accepted(), 0);
}

#[test]
fn line_ends_are_part_of_a_message() {
    let server = Server::new(|_| Reply::ok("{\"code\":2}"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "x").unwrap();
    let account = ["--account", "a", "--password-file", "password", "--mobile", "+49 1-2"];
    let message = ["--content", "one\r\ntwo\n"];
    let all = [&["sms", "--gateway", &server.url], &account[..], &message].concat();
    assert_eq!(run_in(folder.path(), &all).status.code(), Some(0));
    let text = "account=a&password=x&mobile=%2B49+1-2&content=one%0D%0Atwo%0A&format=json";
    assert_eq!(server.request().text(), text);
}

/// A password of a few characters is hidden where the gateway repeats it, and touches no address.
#[test]
fn a_short_password_touches_no_address() {
    let server = Server::new(|_| {
        Reply::with("200 OK", &["X-Seen: tp"], "{\"code\":9,\"msg\":\"http: no account for tp\"}")
    });
    let (folder, gone) = (tempfile::tempdir().unwrap(), "http://127.0.0.2:9/http");
    std::fs::write(folder.path().join("password"), "tp").unwrap();
    let send = |url: &str| {
        let account = ["--account", "a", "--password-file", "password", "--mobile", "1"];
        let message = ["--content", "x", "--trace"];
        run_in(folder.path(), &[&["sms", "--gateway", url], &account[..], &message].concat())
    };
    let ended = send(&server.at("/http"));
    let line =
        format!("error: {}: the gateway refused: http: no account for *** ", server.at("/http"));
    assert!(ended.stderr.contains(&line), "{}", ended.stderr);
    for line in ["-> POST /http HTTP/1.1", "<- HTTP/1.1 200 OK", "<- X-Seen: ***"] {
        assert!(ended.stderr.lines().any(|said| said == line), "{}", ended.stderr);
    }
    // The form that is shown holds it once.
    let account = ["--account", "a", "--password-file", "password", "--mobile", "1"];
    let message = ["--content", "http", "--trace-content"];
    let url = server.at("/http");
    let args = [&["sms", "--gateway", &url], &account[..], &message].concat();
    let ended = run_in(folder.path(), &args);
    let form = "-> account=a&password=***&mobile=1&content=http&format=json";
    assert!(ended.stderr.lines().any(|said| said == form), "{}", ended.stderr);
    let ended = send(gone);
    let line = format!("error: {gone}: not sent: no connection: 127.0.0.2:9: connection refused; ");
    assert!(ended.stderr.contains(&line), "{}", ended.stderr);
}
