//! The writer: files that are not as long as they were said to be, and its order of calls.

use crate::golden::{attachment, octets};
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::mime::{Builder, Date, Limits, Mailbox, Message, MsgId, OUT_MIN, Step, Writer};

fn builder() -> Builder {
    let from = Mailbox::parse("a@b").unwrap();
    let id = MsgId::parse("1@b").unwrap();
    Builder::new(from, Date::new(0, 0).unwrap(), id, 0, Limits::default())
}

fn message(len: usize) -> Message {
    let mut builder = builder();
    builder.text("x").unwrap();
    assert_eq!(builder.attach(attachment("f", "a/b", len)), Ok(0));
    builder.build().unwrap()
}

#[test]
fn a_file_that_is_longer() {
    for pieces in [&[11][..], &[10, 1], &[5, 6]] {
        let (mut writer, mut out) = (Writer::new(message(10)), Buffer::with_limit(4096));
        assert_eq!(writer.next(&mut out), Ok(Step::NeedFile(0)));
        let results: Vec<_> =
            pieces.iter().map(|len| writer.offer(&vec![0; *len], &mut out)).collect();
        let error = results.last().unwrap().clone().unwrap_err();
        assert!(matches!(error, Error::TooLarge { max: 10, .. }), "{error}");
        assert_eq!(writer.next(&mut out), Err(error.clone()));
        assert_eq!(writer.offer(b"", &mut out), Err(error.clone()));
        assert_eq!(writer.end_file(), Err(error));
    }
}

#[test]
fn a_file_that_is_shorter() {
    for len in [0, 9] {
        let (mut writer, mut out) = (Writer::new(message(10)), Buffer::with_limit(4096));
        assert_eq!(writer.next(&mut out), Ok(Step::NeedFile(0)));
        assert_eq!(writer.offer(&vec![0; len], &mut out), Ok(len));
        assert_eq!(writer.next(&mut out), Ok(Step::NeedFile(0)), "it is not forgotten");
        let error = writer.end_file().unwrap_err();
        assert!(matches!(error, Error::Incomplete { .. }), "{error}");
        assert_eq!(error.offset(), Some(len as u64));
        assert_eq!(writer.next(&mut out), Err(error));
        assert!(out.len() as u64 <= writer.message().size());
    }
}

#[test]
fn nothing_is_taken_out_of_turn() {
    let misuse = |result: Result<usize, Error>| matches!(result, Err(Error::Misuse(_)));
    let (mut writer, mut out) = (Writer::new(message(1)), Buffer::with_limit(4096));
    assert!(misuse(writer.offer(b"x", &mut out)));
    assert!(matches!(writer.end_file(), Err(Error::Misuse(_))));
    assert_eq!(writer.next(&mut out), Ok(Step::NeedFile(0)), "misuse changes nothing");
    assert_eq!(writer.offer(b"x", &mut out), Ok(1));
    writer.end_file().unwrap();
    assert!(misuse(writer.offer(b"", &mut out)));
    assert_eq!(writer.next(&mut out), Ok(Step::Done));
    assert_eq!(writer.next(&mut out), Ok(Step::Done));
    assert!(misuse(writer.offer(b"", &mut out)));
}

#[test]
fn the_least_room() {
    for (limit, good) in [(OUT_MIN - 1, false), (OUT_MIN, true), (OUT_MIN + 1, true)] {
        let mut out = Buffer::with_limit(limit);
        assert_eq!(Writer::new(message(1)).next(&mut out).is_ok(), good, "{limit}");
    }
}

#[test]
fn a_message_is_sent_again() {
    let message = message(3);
    let whole = octets(&message, &[b"abc".to_vec()]);
    let (mut writer, mut out) = (Writer::new(message), Buffer::with_limit(4096));
    for _ in 0..3 {
        out.consume(out.len());
        assert_eq!(writer.next(&mut out), Ok(Step::NeedFile(0)));
        assert_eq!(writer.offer(b"ab", &mut out), Ok(2));
        writer.restart();
    }
    out.consume(out.len());
    writer.next(&mut out).unwrap();
    writer.offer(b"abc", &mut out).unwrap();
    writer.end_file().unwrap();
    assert_eq!(writer.next(&mut out), Ok(Step::Done));
    assert_eq!(out.readable(), whole);
}

#[test]
fn memory_does_not_follow_a_file() {
    let len = 64 << 20;
    let message = message(len);
    let held = message.held();
    assert!(held < 4096, "{held}");
    let (mut writer, mut out) = (Writer::new(message), Buffer::with_limit(16_384));
    let (piece, mut left) = (vec![7; 10_000], len);
    loop {
        match writer.next(&mut out).unwrap() {
            Step::Done => break,
            Step::NeedFile(_) if left == 0 => writer.end_file().unwrap(),
            Step::NeedFile(_) => {
                left -= writer.offer(&piece[..left.min(piece.len())], &mut out).unwrap();
            }
            Step::Bytes => {}
        }
        out.consume(out.len());
    }
    assert_eq!(writer.made(), writer.message().size());
    assert!(out.capacity() <= 32_768 && writer.message().held() == held);
}

#[test]
fn what_does_not_go_together() {
    let cid = || MsgId::parse("c@d").unwrap();
    let mut without = builder();
    without.inline(attachment("f", "a/b", 0), cid()).unwrap();
    assert!(matches!(without.clone().build(), Err(Error::Misuse(_))));
    let again = without.inline(attachment("g", "a/b", 0), cid());
    assert!(matches!(again, Err(Error::Misuse(_))));
    without.html("").unwrap();
    assert!(without.build().is_ok());
}

#[test]
fn an_address_that_is_not_ascii_makes_a_message_that_needs_smtputf8() {
    let unicode = || Mailbox::parse("用户@example.org").unwrap();
    let other = |change: fn(&mut Builder, Mailbox)| {
        let mut builder = builder();
        change(&mut builder, unicode());
        let ascii = builder.ascii_only().map(|ascii| ascii.build().unwrap().needs_smtputf8());
        (builder.build().unwrap().needs_smtputf8(), ascii)
    };
    assert_eq!(other(|builder, mailbox| builder.to(mailbox).unwrap()), (true, Some(false)));
    assert_eq!(other(|builder, mailbox| builder.reply_to(mailbox).unwrap()), (true, Some(false)));
    let bcc = other(|builder, mailbox| builder.bcc(mailbox).unwrap());
    assert_eq!(bcc, (false, None), "it stands in no field");
    let from = Builder::new(
        unicode(),
        Date::new(0, 0).unwrap(),
        MsgId::parse("1@b").unwrap(),
        0,
        Limits::default(),
    );
    assert!(from.ascii_only().is_none(), "a message has an author");
    assert!(from.build().unwrap().needs_smtputf8());
}

#[test]
fn texts_are_refused_where_they_go_wrong() {
    for (text, wrong) in [("a\r\nBcc: b", 1), ("a\nb", 1), ("é\0", 2), ("\u{1B}[2J", 0)] {
        let error = builder().subject(text).unwrap_err();
        assert_eq!(error.offset(), Some(wrong), "{text:?}");
    }
    assert_eq!(builder().subject("\u{10A}\u{10D}\u{2028}"), Ok(()));
    assert_eq!(builder().text("a\0").unwrap_err().offset(), Some(1));
    assert_eq!(builder().html("\0").unwrap_err().offset(), Some(0));
}
