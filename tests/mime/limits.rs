//! Every limit of a message at one less, exactly, and one more.

use crate::golden::attachment;
use wirewright::error::Error;
use wirewright::mime::{Builder, Date, Header, Limits, Mailbox, MsgId};

fn builder(limits: Limits) -> Builder {
    let from = Mailbox::parse("a@b").unwrap();
    let id = MsgId::parse("1@b").unwrap();
    Builder::new(from, Date::new(0, 0).unwrap(), id, 0, limits)
}

/// Fails with the name of the limit, or goes through.
fn passes(name: &str, result: Result<(), Error>) -> bool {
    match result {
        Ok(()) => true,
        Err(Error::TooLarge { limit, .. }) if limit == name => false,
        Err(error) => panic!("{error}"),
    }
}

/// Runs an amount of something against a limit of 10.
fn around_ten(name: &str, limits: Limits, run: impl Fn(&mut Builder, usize) -> Result<(), Error>) {
    for (amount, good) in [(9, true), (10, true), (11, false)] {
        let result = run(&mut builder(limits), amount);
        assert_eq!(passes(name, result), good, "{name}: {amount}");
    }
}

#[test]
fn counts() {
    let limits = Limits { recipients_max: 10, headers_max: 10, files_max: 10, ..Limits::default() };
    let one = || Mailbox::parse("a@b").unwrap();
    around_ten("recipients_max", limits, |builder, count| {
        (0..count).try_for_each(|at| match at % 3 {
            0 => builder.to(one()),
            1 => builder.cc(one()),
            _ => builder.bcc(one()),
        })
    });
    around_ten("headers_max", limits, |builder, count| {
        (0..count).try_for_each(|_| builder.header(Header::new("X", "y").unwrap()))
    });
    around_ten("files_max", limits, |builder, count| {
        (0..count).try_for_each(|_| builder.attach(attachment("f", "a/b", 0)).map(|_| ()))
    });
}

/// No line passes 998 characters, so no word of a field can be of any length.
#[test]
fn media_types() {
    use wirewright::mime::{MEDIA_NAME_MAX, MediaType};
    for (len, good) in
        [(MEDIA_NAME_MAX - 1, true), (MEDIA_NAME_MAX, true), (MEDIA_NAME_MAX + 1, false)]
    {
        let long = "x".repeat(len);
        for text in [
            format!("{long}/b"),
            format!("a/{long}"),
            format!("a/b; {long}=c"),
            format!("a/b; c={long}"),
        ] {
            let read = MediaType::parse(&text).map(|_| ());
            assert_eq!(passes("MEDIA_NAME_MAX", read), good, "{text}");
        }
    }
}

#[test]
fn lengths() {
    let limits = Limits {
        name_bytes_max: 10,
        value_bytes_max: 10,
        file_name_bytes_max: 10,
        text_bytes_max: 10,
        ..Limits::default()
    };
    let text = |len: usize| "x".repeat(len);
    around_ten("value_bytes_max", limits, |builder, len| builder.subject(&text(len)));
    around_ten("value_bytes_max", limits, |builder, len| {
        builder.header(Header::new("X", &text(len)).unwrap())
    });
    let named = |len| Mailbox::parse(&format!("{} <a@b>", text(len))).unwrap();
    around_ten("name_bytes_max", limits, |builder, len| builder.to(named(len)));
    around_ten("name_bytes_max", limits, |builder, len| builder.reply_to(named(len)));
    around_ten("file_name_bytes_max", limits, |builder, len| {
        builder.attach(attachment(&text(len), "a/b", 0)).map(|_| ())
    });
    around_ten("text_bytes_max", limits, |builder, len| builder.text(&text(len)));
    around_ten("text_bytes_max", limits, |builder, len| {
        builder.html("four")?;
        builder.text(&text(len - 4))
    });
}

#[test]
fn a_whole_message() {
    let build = |max: u64| {
        let mut builder = builder(Limits { message_bytes_max: max, ..Limits::default() });
        builder.attach(attachment("f", "a/b", 100)).unwrap();
        builder.build().map(|message| message.size())
    };
    let size = build(u64::MAX).unwrap();
    assert_eq!(build(size + 1), Ok(size));
    assert_eq!(build(size), Ok(size));
    assert!(!passes("message_bytes_max", build(size - 1).map(|_| ())));
}

#[test]
fn a_message_beyond_64_bits() {
    let mut builder = builder(Limits { message_bytes_max: u64::MAX, ..Limits::default() });
    let mut huge = attachment("f", "a/b", 0);
    huge.len = u64::MAX / 4 * 2;
    builder.attach(huge.clone()).unwrap();
    assert!(builder.clone().build().is_ok());
    builder.attach(huge).unwrap();
    assert!(!passes("message_bytes_max", builder.build().map(|_| ())));
}
