//! The messages of these tests as Python's `email` package reads them.

use crate::golden;
use crate::installed::has_program;
use crate::oracle::{Sample, build, write};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// What Python makes of each message.
fn understood(messages: &[Vec<u8>]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    for (at, message) in messages.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{at:04}.eml")), message).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mime/parse.py");
    let run = Command::new("python3").arg(script).arg(folder.path()).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let lines = String::from_utf8(run.stdout).unwrap();
    let reports: Vec<Value> = lines.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(reports.len(), messages.len());
    reports
}

fn coded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[test]
fn the_golden_messages() {
    if !has_program("python3", "--version", "the_golden_messages") {
        return;
    }
    let (message, contents) = golden::files();
    let messages = [golden::octets(&golden::text(), &[]), golden::octets(&message, &contents)];
    let reports = understood(&messages);
    let text = "大家好，\r\n会议改到周三上午十点。\r\n\r\n小雨\r\n";
    let expected = json!({
        "from": [["林小雨", "xiaoyu@example.org"]],
        "to": [["周明", "ming@example.net"], ["Zhou, Jr.", "jr@example.com"]],
        "cc": [["陈", "chen@example.net"]],
        "bcc": [],
        "subject": "关于下周会议的安排 (agenda)",
        "date": 1_795_310_820,
        "id": "<20261122.1@example.org>",
        "texts": [{"type": "text/plain", "content": coded(text.as_bytes())}],
        "files": [],
        "names": [],
        "old_subject": "关于下周会议的安排 (agenda)",
        "references": null,
        "sweep": null,
        "defects": [],
    });
    assert_eq!(reports[0], expected);
    let text = "附件里是十一月的数据，请查收。";
    let html = "<p>See <b>below</b>: <img src=\"cid:dot@example.org\"></p>\r\n";
    let excel = "application/vnd.ms-excel";
    let file = |kind: &str, name: &str, content: &[u8]| {
        json!({"type": kind, "name": name, "content": coded(content),
               "disposition": "attachment", "id": null})
    };
    let sheet = golden::sheet();
    let expected = json!({
        "from": [["林小雨", "xiaoyu@example.org"]],
        "to": [["", "ming@example.net"]],
        "cc": [],
        "bcc": [],
        "subject": "十一月数据",
        "date": 1_795_310_820,
        "id": "<20261122.2@example.org>",
        "texts": [{"type": "text/plain", "content": coded(text.as_bytes())},
                  {"type": "text/html", "content": coded(html.as_bytes())}],
        "files": [{"type": "image/gif", "name": "dot.gif", "content": coded(b"GIF89a"),
                   "disposition": "inline", "id": "<dot@example.org>"},
                  file("text/plain", "hello.txt", golden::HELLO),
                  file(excel, "month-data.xlsx", &sheet),
                  file(excel, "十一月数据汇总表.xlsx", &sheet)],
        "names": [["dot.gif", "dot.gif"], ["hello.txt", "hello.txt"],
                  ["month-data.xlsx", "month-data.xlsx"],
                  ["十一月数据汇总表.xlsx", "十一月数据汇总表.xlsx"]],
        "old_subject": "十一月数据",
        "references": null,
        "sweep": null,
        "defects": [],
    });
    assert_eq!(reports[1], expected);
}

/// Subjects, names, file names and texts of many kinds.
const TEXTS: [&str; 16] = [
    "plain",
    "two words",
    "Re: 示例代码实验邮件 (draft)",
    "café au lait, s'il vous plaît, avec beaucoup de sucre et très chaud, merci mille fois",
    "王大锤骆昊王大锤骆昊王大锤骆昊王大锤骆昊王大锤骆昊王大锤骆昊王大锤骆昊",
    "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
    "a \"quoted\" one",
    "back\\slash and (brackets) [and] <more>, @: ;",
    "=?UTF-8?Q?literal?=",
    "half =? of one",
    "100% = sure_ly?",
    "a very long value that has to be folded, more than once, because it never wants to come to \
     an end and goes on and on and on until at last it is a little longer than two lines",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "e\u{301} combining, \u{202E} turned",
    "mixed 中文 and English 和 more 中文 words in 一行 which is long enough to be folded 两次 yes",
    "'single' {curly} ~tilde^ `tick` |bar| #hash $dollar *star* +plus!",
];

#[test]
fn values_of_many_kinds() {
    if !has_program("python3", "--version", "values_of_many_kinds") {
        return;
    }
    let sample = |text: &str| Sample {
        subject: Some(text.to_owned()),
        mailboxes: vec![
            format!("\"{}\" <a@b.example>", text.replace('\\', "\\\\").replace('"', "\\\"")),
            "\"x y\"@b.example".to_owned(),
        ],
        text: Some(format!("{text}\n.\nFrom {text} \n\n")),
        html: Some(text.repeat(30)),
        files: vec![(text.replace(['\\', '/'], "-"), text.as_bytes().to_vec(), false)],
        ..Sample::default()
    };
    let samples: Vec<Sample> = TEXTS.iter().map(|text| sample(text)).collect();
    let messages: Vec<Vec<u8>> =
        samples.iter().map(|sample| write(&build(sample), sample, 57, 4096)).collect();
    for (sample, report) in samples.iter().zip(understood(&messages)) {
        let subject = sample.subject.as_deref().unwrap();
        assert_eq!(report["subject"], *subject);
        assert_eq!(report["defects"], json!([]), "{subject}");
        assert_eq!(report["bcc"], json!([]));
        // Where a name is divided between two words, some versions of Python show a space more.
        let without_spaces = |text: &str| text.replace(' ', "");
        let name = report["to"][0][0].as_str().unwrap();
        assert_eq!(without_spaces(name), without_spaces(subject));
        assert_eq!(report["to"][0][1], "a@b.example");
        assert_eq!(report["to"][1], json!(["", "\"x y\"@b.example"]));
        let lines =
            |text: &Option<String>| coded(text.as_ref().unwrap().replace('\n', "\r\n").as_bytes());
        assert_eq!(report["texts"][0]["content"], lines(&sample.text), "{subject}");
        assert_eq!(report["texts"][1]["content"], lines(&sample.html), "{subject}");
        let (name, content, _) = &sample.files[0];
        assert_eq!(report["files"][0]["name"], *name);
        assert_eq!(report["files"][0]["content"], coded(content));
    }
}

/// Names that a parser could take for something else.
fn suspicious_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "it's.txt",
        "'",
        "''",
        "'a'",
        "utf-8''x",
        "utf-8'en'%41",
        "UTF-8''%E6%B1%87.xlsx",
        "a*=b",
        "a*",
        "*",
        "*0*",
        "filename*=utf-8''x",
        "%41",
        "100%.txt",
        "%",
        "%zz",
        "=?utf-8?q?x?=",
        "a =?utf-8?q?x?= b",
        "a\"b",
        "\"",
        "\"a",
        "a\"",
        "a\"b;c",
        "a;b=c; d",
        "a=b",
        "(a)",
        "a (b)",
        "[a]",
        "a,b",
        "a@b",
        "a:b",
        "<a",
        "a>",
        "a b  c",
        "~`!#$^&+{}|",
        "x.tar.gz",
        "é'%*\";.txt",
        "it's 100% 王.txt",
    ]
    .map(str::to_owned)
    .to_vec();
    for (name, lengths) in [("x", [60, 66, 67, 200, 255, 900]), ("x'y ", [15, 17, 18, 60, 80, 250])]
    {
        names.extend(lengths.map(|len| format!("{}.txt", name.repeat(len))));
    }
    names.push(format!("{}.txt", "é%'".repeat(80)));
    names
}

#[test]
fn names_that_look_like_something_else() {
    if !has_program("python3", "--version", "names_that_look_like_something_else") {
        return;
    }
    let sample = |name: &String, compat_names| Sample {
        files: vec![(name.clone(), b"x".to_vec(), false)],
        compat_names,
        ..Sample::default()
    };
    // The whole name in quotes or brackets: `get_filename` of the newer parser takes them away,
    // however they are written.
    let wrapped = ["\"a\"", "<a>", "<a;b>"].map(str::to_owned);
    // Blanks at the ends: the older `get_filename` takes them away, however they are written.
    let blank = [" a.txt", "a.txt ", " ", "  a b  "].map(str::to_owned);
    let names = suspicious_names();
    let all = || names.iter().chain(&wrapped).chain(&blank);
    let samples = all().flat_map(|name| [sample(name, false), sample(name, true)]);
    let messages: Vec<Vec<u8>> =
        samples.map(|sample| write(&build(&sample), &sample, 57, 4096)).collect();
    let reports = understood(&messages);
    for (name, reports) in all().zip(reports.chunks(2)) {
        for report in reports {
            let old = if blank.contains(name) { name.trim() } else { name };
            assert_eq!(report["names"], json!([[old, name]]), "{name}");
            let is_read = wrapped.contains(name) || report["files"][0]["name"] == *old;
            assert!(is_read, "{name}: {report}");
        }
        assert_eq!(reports[0]["defects"], json!([]), "{name}");
    }
}

/// Fields whose first word has every length up to one that no line can hold.
#[test]
fn first_words_of_every_length() {
    if !has_program("python3", "--version", "first_words_of_every_length") {
        return;
    }
    let sample = |len: usize| {
        let word = "x".repeat(len);
        let rest = " and some more words, so that there is more than one line of them in all cases";
        let mut headers = vec![("X-Sweep".to_owned(), format!("{word}{rest}"))];
        // A word that cannot be encoded has to fit into a line.
        if len <= 890 {
            headers.push(("References".to_owned(), format!("<{word}@b> <c@d>")));
        }
        let mailboxes = match len {
            0..1000 => vec![format!("{word}{} <a@b>", rest.replace(',', ""))],
            _ => Vec::new(),
        };
        let subject = Some(format!("{word}{}", if len.is_multiple_of(2) { rest } else { " é" }));
        Sample { subject, mailboxes, headers, ..Sample::default() }
    };
    let samples: Vec<Sample> = (1..=1100).map(sample).collect();
    let messages: Vec<Vec<u8>> =
        samples.iter().map(|sample| write(&build(sample), sample, 57, 4096)).collect();
    for message in &messages {
        let text = std::str::from_utf8(message).unwrap();
        for line in text.split("\r\n").take_while(|line| !line.is_empty()) {
            assert!(line.len() <= 998 && !line.ends_with(':'), "{line}");
            assert!(line.len() <= 78 || !line.trim().splitn(2, ": ").last().unwrap().contains(' '));
        }
    }
    for (sample, report) in samples.iter().zip(understood(&messages)) {
        let subject = sample.subject.as_deref().unwrap();
        assert_eq!(
            (&report["subject"], &report["old_subject"]),
            (&json!(subject), &json!(subject))
        );
        assert_eq!(report["sweep"], sample.headers[0].1, "{subject}");
        assert_eq!(report["defects"], json!([]), "{subject}");
        let references = sample.headers.get(1).map_or(Value::Null, |(_, value)| json!(value));
        assert_eq!(report["references"], references);
        if let Some(mailbox) = sample.mailboxes.first() {
            // Some versions of Python show a space more between two encoded words of a name.
            let without_spaces = |text: &str| text.replace(' ', "");
            let name = report["to"][0][0].as_str().unwrap();
            assert_eq!(without_spaces(name), without_spaces(mailbox.trim_end_matches(" <a@b>")));
        }
    }
}
