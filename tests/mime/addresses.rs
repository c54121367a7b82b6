//! Mailboxes: what is read, what is refused and where.

use crate::oracle::{Sample, check_sample};
use wirewright::mime::Mailbox;

#[test]
fn mailboxes_are_read() {
    for (text, name, address) in [
        ("a@b", None, "a@b"),
        ("  a@b  ", None, "a@b"),
        ("<a@b>", None, "a@b"),
        ("王大锤 <wang@example.org>", Some("王大锤"), "wang@example.org"),
        ("John Q. Public <j@x.org>", Some("John Q. Public"), "j@x.org"),
        ("John   Public<j@x.org>", Some("John Public"), "j@x.org"),
        ("\"Name, quoted\" <a@b>", Some("Name, quoted"), "a@b"),
        ("\"a \\\"b\\\" \\\\ c\" <a@b>", Some("a \"b\" \\ c"), "a@b"),
        ("\"A\" B <a@b>", Some("A B"), "a@b"),
        ("\"\" <a@b>", None, "a@b"),
        ("=?UTF-8?Q?x?= <a@b>", Some("=?UTF-8?Q?x?="), "a@b"),
        ("\"a b\"@c", None, "\"a b\"@c"),
        ("\"a.b\"@c", None, "a.b@c"),
        ("\"a..b\"@c", None, "\"a..b\"@c"),
        ("\"a@b\"@c", None, "\"a@b\"@c"),
        ("\"a\\\"b\"@c", None, "\"a\\\"b\"@c"),
        ("a!#$%&'*+-/=?^_`{|}~@b", None, "a!#$%&'*+-/=?^_`{|}~@b"),
        ("a@[192.0.2.1]", None, "a@[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", None, "a@[IPv6:2001:db8::1]"),
        ("a@xn--fiq228c.example", None, "a@xn--fiq228c.example"),
        ("a@under_score.example", None, "a@under_score.example"),
    ] {
        let mailbox = Mailbox::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((mailbox.name(), mailbox.address().as_str()), (name, address), "{text}");
        assert!(!mailbox.needs_smtputf8());
        assert_eq!(Mailbox::parse(&mailbox.to_string()), Ok(mailbox), "{text}");
    }
}

#[test]
fn mailboxes_are_refused_where_they_go_wrong() {
    for (text, at, section) in [
        ("", 0, "RFC 5322 §3.4.1"),
        ("a", 1, "RFC 5322 §3.4.1"),
        ("@b", 0, "RFC 5322 §3.4.1"),
        ("a@", 2, "RFC 5321 §4.1.2"),
        ("a@b, c@d", 3, "RFC 5322 §3.4"),
        ("A, B <a@b>", 1, "RFC 5322 §3.4"),
        ("<a@b>, <c@d>", 5, "RFC 5322 §3.4"),
        ("group: a@b;", 5, "RFC 5322 §3.4"),
        ("a@b (comment)", 4, "RFC 5322 §3.2.2"),
        ("(comment) a@b", 0, "RFC 5322 §3.2.2"),
        ("a@b c", 4, "RFC 5322 §3.4"),
        ("a @b", 2, "RFC 5322 §3.4"),
        ("A <a@b", 6, "RFC 5322 §3.4"),
        ("A <a@b> c", 8, "RFC 5322 §3.4"),
        ("A <>", 3, "RFC 5322 §3.4.1"),
        ("A <<a@b>>", 3, "RFC 5322 §3.4.1"),
        ("a@b@c", 3, "RFC 5322 §3.4"),
        ("a..b@c", 0, "RFC 5322 §3.4.1"),
        (".a@c", 0, "RFC 5322 §3.4.1"),
        ("a.@c", 0, "RFC 5322 §3.4.1"),
        ("a@b..c", 4, "RFC 5321 §4.1.2"),
        ("a@b.", 4, "RFC 5321 §4.1.2"),
        ("a@-b", 2, "RFC 5321 §4.1.2"),
        ("a@b!", 2, "RFC 5321 §4.1.2"),
        ("a@例子.example", 2, "RFC 5890 §2.3.2.1"),
        ("a@[192.0.2]", 2, "RFC 5321 §4.1.3"),
        ("a@[192.0.2.1", 2, "RFC 5321 §4.1.3"),
        ("a@[2001:db8::1]", 2, "RFC 5321 §4.1.3"),
        ("\"a@b", 4, "RFC 5322 §3.2.4"),
        ("\"a\\\"@b", 6, "RFC 5322 §3.2.4"),
        ("a@b\r\nBcc: c@d", 3, "RFC 5322 §3.4"),
        ("A\nB <a@b>", 1, "RFC 5322 §3.4"),
        ("\"A\rB\" <a@b>", 2, "RFC 5322 §3.4"),
        ("a\0@b", 1, "RFC 5322 §3.4"),
        ("a\t<a@b>", 1, "RFC 5322 §3.4"),
        ("a\u{7F}@b", 1, "RFC 5322 §3.4"),
        ("a\u{85}@b", 1, "RFC 5322 §3.4"),
    ] {
        let error = Mailbox::parse(text).unwrap_err();
        assert_eq!((error.kind(), error.offset()), ("malformed", Some(at)), "{text:?}: {error}");
        assert_eq!(error.section(), Some(section), "{text:?}: {error}");
    }
}

/// RFC 5321 §4.5.3.1 lets a client try more than every server has to take. A local part is
/// counted as it is written, with its quotes.
#[test]
fn lengths_are_exact() {
    let label = "d".repeat(63);
    let domain = |len: usize| format!("{label}.").repeat(5)[..len - 1].to_owned() + "d";
    for (text, limit) in [
        (format!("{}@b", "l".repeat(65)), None),
        (format!("{}@b", "l".repeat(254)), None),
        (format!("{}@b", "l".repeat(255)), None),
        (format!("{}@b", "l".repeat(256)), Some("local_bytes_max")),
        (format!("\"{} \"@b", "l".repeat(251)), None),
        (format!("\"{} \"@b", "l".repeat(252)), None),
        (format!("\"{} \"@b", "l".repeat(253)), Some("local_bytes_max")),
        (format!("\"{}\\\"\"@b", "l".repeat(251)), None),
        (format!("\"{}\\\"\"@b", "l".repeat(252)), Some("local_bytes_max")),
        (format!("{}@b", "é".repeat(127)), None),
        (format!("{}@b", "é".repeat(128)), Some("local_bytes_max")),
        (format!("a@{}", domain(254)), None),
        (format!("a@{}", domain(255)), None),
        (format!("a@{}", domain(256)), Some("DOMAIN_MAX")),
        (format!("{}@{}", "l".repeat(255), domain(255)), None),
    ] {
        let found = match Mailbox::parse(&text) {
            Ok(mailbox) => {
                let path = wirewright::smtp::command::Path::parse(&mailbox.address());
                assert!(path.is_ok(), "it can be told to a server: {text}");
                None
            }
            Err(wirewright::error::Error::TooLarge { limit, .. }) => Some(limit),
            Err(error) => panic!("{error}"),
        };
        assert_eq!(found, limit, "{text}");
    }
    assert!(Mailbox::parse(&format!("a@{label}")).is_ok());
    assert!(Mailbox::parse(&format!("a@{label}d")).is_err());
}

/// The longest address fits into a line, whichever field it stands in.
#[test]
fn the_longest_address_stands_in_a_field() {
    let domain = format!("{}d", format!("{}.", "d".repeat(63)).repeat(4)[..254].to_owned());
    let address = format!("{}@{domain}", "l".repeat(255));
    let mailboxes = vec![address.clone(), format!("\"{}\" <{address}>", "n\"".repeat(40))];
    check_sample(&Sample { mailboxes, ..Sample::default() });
}

#[test]
fn a_local_part_that_is_not_ascii_needs_smtputf8() {
    for text in ["用户@example.org", "A <用户@example.org>", "\"用 户\"@example.org", "\u{10A}@b"]
    {
        let mailbox = Mailbox::parse(text).unwrap();
        assert!(mailbox.needs_smtputf8(), "{text}");
        assert_eq!(Mailbox::parse(&mailbox.to_string()), Ok(mailbox));
    }
}
