//! Fields as they are written, octet by octet, and what is refused in them.

use crate::golden;
use crate::oracle::{Sample, build, check_sample, write};
use wirewright::mime::{FileName, Header, MediaType, NAME_MAX, OWNED};

/// The lines of a field of the message, line ends shown as `|`.
fn field(sample: &Sample, name: &str) -> String {
    check_sample(sample);
    let octets = String::from_utf8(write(&build(sample), sample, 7, 4096)).unwrap();
    let from = octets.find(&format!("{name}:")).unwrap();
    let mut field = String::new();
    for line in octets[from..].split("\r\n") {
        if !field.is_empty() && !line.starts_with([' ', '\t']) {
            break;
        }
        field += if field.is_empty() { "" } else { "|" };
        field += line;
    }
    field
}

fn subject(text: &str) -> String {
    field(&Sample { subject: Some(text.to_owned()), ..Sample::default() }, "Subject")
}

#[test]
fn unstructured_values() {
    let seventy = "x".repeat(70);
    for (text, written) in [
        ("", "Subject:".to_owned()),
        ("Hello", "Subject: Hello".to_owned()),
        ("Two  spaces and a\ttab", "Subject: Two  spaces and a\ttab".to_owned()),
        ("示例代码实验邮件", "Subject: =?UTF-8?B?56S65L6L5Luj56CB5a6e6aqM6YKu5Lu2?=".to_owned()),
        ("Re: café au lait", "Subject: Re: =?UTF-8?B?Y2Fmw6k=?= au lait".to_owned()),
        ("é b é", "Subject: =?UTF-8?B?w6kgYiDDqQ==?=".to_owned()),
        ("a  é", "Subject: =?UTF-8?B?YSAgw6k=?=".to_owned()),
        (" a", "Subject: =?UTF-8?Q?_a?=".to_owned()),
        ("a ", "Subject: =?UTF-8?Q?a_?=".to_owned()),
        (" ", "Subject: =?UTF-8?Q?_?=".to_owned()),
        ("=?UTF-8?Q?x?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=".to_owned()),
        // Nothing is folded behind the colon: the first line would be empty.
        (&"x".repeat(69), format!("Subject: {}", "x".repeat(69))),
        (&seventy, format!("Subject: {seventy}")),
        (&format!("{seventy} y z"), format!("Subject: {seventy}| y z")),
        (&format!("y {seventy}y"), format!("Subject: y| {seventy}y")),
        (&"x".repeat(100), format!("Subject: {}", "x".repeat(100))),
    ] {
        assert_eq!(subject(text), written, "{text:?}");
    }
}

#[test]
fn long_values_keep_every_line() {
    for text in ["王".repeat(100), "é ".repeat(100), "x".repeat(2000), "🦀 word ".repeat(50)] {
        for line in subject(&text).split('|') {
            assert!(line.len() <= 76, "{line}");
        }
    }
}

#[test]
fn mailboxes_in_a_field() {
    for (texts, written) in [
        (&["a@b", "c@d"][..], "To: a@b, c@d".to_owned()),
        (&["王大锤 <w@b>"], "To: =?UTF-8?B?546L5aSn6ZSk?= <w@b>".to_owned()),
        (&["\"骆, 昊\" <l@b>"], "To: =?UTF-8?B?6aqGLCDmmIo=?= <l@b>".to_owned()),
        (&["John Q. Public <j@b>"], "To: \"John Q. Public\" <j@b>".to_owned()),
        (&["\"a \\\"b\\\"\" <j@b>"], "To: \"a \\\"b\\\"\" <j@b>".to_owned()),
        (&["\"=?x\" <j@b>"], "To: =?UTF-8?B?PT94?= <j@b>".to_owned()),
        (&["A B <j@b>", "\"\" <c@d>"], "To: A B <j@b>, c@d".to_owned()),
        (
            &["A <aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org>", "Bbbbbbbb Cccccccccc <b@x.org>"],
            "To: A <aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.org>, Bbbbbbbb Cccccccccc| <b@x.org>"
                .to_owned(),
        ),
    ] {
        let mailboxes = texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(field(&Sample { mailboxes, ..Sample::default() }, "To"), written);
    }
}

#[test]
fn file_names() {
    let (long, long_quoted) = ("x".repeat(300), "x ".repeat(150) + "x");
    for (name, written) in [
        ("hello.txt", "attachment; filename=hello.txt"),
        ("month data.xlsx", "attachment; filename=\"month data.xlsx\""),
        ("a\"b.txt", "attachment; filename=\"a\\\"b.txt\""),
        ("a=b", "attachment; filename=\"a=b\""),
        // RFC 2231 §7: no attribute-char, so Python's `email` divides a token at each of them.
        ("it's.txt", "attachment; filename=\"it's.txt\""),
        ("utf-8''x", "attachment; filename=\"utf-8''x\""),
        ("100%.txt", "attachment; filename=\"100%.txt\""),
        ("a*=b", "attachment; filename=\"a*=b\""),
        ("a*", "attachment; filename=\"a*\""),
        // Python's `email` takes such quotes and brackets away from a quoted string.
        ("\"a\"", "attachment; filename*=UTF-8''%22a%22"),
        ("<a>", "attachment; filename*=UTF-8''%3Ca%3E"),
        (&long, &format!("attachment;| filename={long}")),
        (&long_quoted, &format!("attachment;| filename=\"{long_quoted}\"")),
        ("=?UTF-8?Q?x?=", "attachment; filename*=UTF-8''%3D%3FUTF-8%3FQ%3Fx%3F%3D"),
        (
            "汇总数据.xlsx",
            "attachment;| filename*=UTF-8''%E6%B1%87%E6%80%BB%E6%95%B0%E6%8D%AE.xlsx",
        ),
        (
            "二〇二六年十一月汇总.xlsx",
            "attachment;| filename*0*=UTF-8''\
             %E4%BA%8C%E3%80%87%E4%BA%8C%E5%85%AD%E5%B9%B4%E5%8D%81;\
             | filename*1*=%E4%B8%80%E6%9C%88%E6%B1%87%E6%80%BB.xlsx",
        ),
    ] {
        let files = vec![(name.to_owned(), b"x".to_vec(), false)];
        let sample = Sample { files, ..Sample::default() };
        let found = field(&sample, "Content-Disposition");
        assert_eq!(found, format!("Content-Disposition: {written}"), "{name}");
        assert_eq!(
            field(&sample, "Content-Type"),
            "Content-Type: application/octet-stream",
            "no second copy"
        );
    }
}

/// Parameters of a media type are quoted where Python's `email` would divide a token.
#[test]
fn parameters_of_a_media_type() {
    for (media_type, written) in [
        ("text/x; a=b", "text/x; a=b"),
        ("text/x; a=b'c; d=%41", "text/x; a=\"b'c\"; d=\"%41\""),
        ("text/x; a=*", "text/x; a=\"*\""),
    ] {
        let mut builder = golden::builder("1@example.org");
        builder.attach(golden::attachment("f", media_type, 0)).unwrap();
        let octets = golden::octets(&builder.build().unwrap(), &[Vec::new()]);
        let text = String::from_utf8(octets).unwrap();
        assert!(text.contains(&format!("Content-Type: {written}\r\n")), "{text}");
    }
}

#[test]
fn compat_names_are_a_second_copy() {
    for (name, written) in [
        ("hello.txt", " name=hello.txt".to_owned()),
        ("汇总.xlsx", " name=\"=?UTF-8?B?5rGH5oC7Lnhsc3g=?=\"".to_owned()),
        (
            &"汇".repeat(20),
            format!(
                "| name=\"=?UTF-8?B?{}?=| =?UTF-8?B?{}?=\"",
                "5rGH".repeat(14),
                "5rGH".repeat(6)
            ),
        ),
    ] {
        let files = vec![(name.to_owned(), b"x".to_vec(), false)];
        let sample = Sample { files, compat_names: true, ..Sample::default() };
        let found = field(&sample, "Content-Type");
        assert_eq!(found, format!("Content-Type: application/octet-stream;{written}"), "{name}");
    }
}

#[test]
fn fields_of_the_caller() {
    for (line, wrong) in [
        ("X-Mailer: me", None),
        ("X-Empty:", None),
        ("X-Text:  示例 ", None),
        ("List-Id: <a.b>", None),
        ("X", Some(1)),
        (": x", Some(0)),
        ("X Y: z", Some(1)),
        ("X\u{10A}: z", Some(1)),
        ("X-A: b\r\nBcc: c", Some(6)),
        ("X-A: b\nBcc: c", Some(6)),
        ("X-A: b\r c", Some(6)),
        ("X-A: b\0", Some(6)),
        ("X-A: b\u{85}c", Some(6)),
        ("X-A\r\nBcc: c", Some(3)),
        ("bcc: a@b", Some(0)),
        ("SUBJECT: again", Some(0)),
        ("Content-Type: text/html", Some(0)),
        ("content-foo: x", Some(0)),
        ("Resent-Bcc: a@b", Some(0)),
        ("Sender: 王 <a@b>", Some(8)),
        ("List-Unsubscribe: <é>", Some(19)),
    ] {
        let found = Header::parse(line);
        let offset = found.as_ref().err().map(|error| error.offset().unwrap());
        assert_eq!(offset, wrong, "{line:?}: {found:?}");
    }
    assert!(Header::new("X-A", "a\u{10A}b\u{10D}").is_ok(), "samples are no line ends");
    for name in OWNED {
        assert!(Header::new(&name.to_lowercase(), "x").is_err(), "{name}");
    }
    for (len, good) in [(NAME_MAX - 1, true), (NAME_MAX, true), (NAME_MAX + 1, false)] {
        assert_eq!(Header::new(&"X".repeat(len), "y").is_ok(), good, "{len}");
    }
    for (len, good) in [(899, true), (900, true), (901, false)] {
        assert_eq!(Header::new("List-Id", &"y".repeat(len)).is_ok(), good, "{len}");
    }
}

#[test]
fn names_of_files_and_types() {
    for (name, wrong) in [
        ("a", None),
        (".a", None),
        ("", Some(0)),
        (".", Some(0)),
        ("..", Some(0)),
        ("../a", Some(2)),
        ("a\\b", Some(1)),
        ("a\tb", Some(1)),
        ("é\r\nX: y", Some(2)),
        ("a\u{9F}", Some(1)),
    ] {
        let found = FileName::new(name).err().map(|error| error.offset().unwrap());
        assert_eq!(found, wrong, "{name:?}");
    }
    for (text, wrong) in [
        ("text/plain", None),
        ("Text/Plain; charset=utf-8", None),
        ("application/vnd.ms-excel", None),
        ("text", Some(0)),
        ("/plain", Some(0)),
        ("text/", Some(0)),
        ("text/plain/x", Some(0)),
        ("text/pl ain", Some(0)),
        ("text/plain\r\nX: y", Some(0)),
        ("multipart/mixed", Some(0)),
        ("message/rfc822", Some(0)),
        ("text/plain;", Some(11)),
        ("text/plain; charset", Some(11)),
        ("text/plain; a=b;a=c", Some(16)),
        ("text/plain; name=x", Some(11)),
        ("text/plain; a*=x", Some(11)),
        ("text/plain; a'b=x", Some(11)),
        ("text/plain; a%=x", Some(11)),
        ("text/plain; a=b'c*%", None),
        ("text/plain; a=\"x\"", Some(11)),
    ] {
        let found = MediaType::parse(text).err().map(|error| error.offset().unwrap());
        assert_eq!(found, wrong, "{text:?}");
    }
}
