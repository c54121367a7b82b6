//! Building a message with an attachment.
//!
//! `cargo bench --bench mime`. Bytes of the file a second. The size of every message is checked,
//! and one message is decoded again; the limit is a copy of the same number of bytes. mail-builder
//! and lettre hold the file and the message in memory; ours passes the file through a buffer of
//! 256 KiB, as for a connection. lettre takes the file by value; the copy for that is not measured.

use base64::Engine as _;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::Arc;
use wirewright::buffer::Buffer;
use wirewright::mime::{
    Attachment, Builder, Date, FileName, Limits, Mailbox, MediaType, Message, MsgId, Step, Writer,
};

const LEN: usize = 25 << 20;
const ROOM: usize = 256 << 10;

fn random(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn message(len: usize) -> Arc<Message> {
    let from = Mailbox::parse("Sender <a@example.org>").unwrap();
    let (date, id) = (Date::new(0, 0).unwrap(), MsgId::parse("1@example.org").unwrap());
    let mut builder = Builder::new(from, date, id, 1, Limits::default());
    builder.to(Mailbox::parse("b@example.net").unwrap()).unwrap();
    builder.text("See the file.").unwrap();
    let attachment = Attachment {
        name: FileName::new("data.bin").unwrap(),
        media_type: MediaType::parse("application/octet-stream").unwrap(),
        len: len as u64,
    };
    builder.attach(attachment).unwrap();
    Arc::new(builder.build().unwrap())
}

/// Writes the message and passes each filled buffer to `sink`.
fn write(message: &Arc<Message>, content: &[u8], out: &mut Buffer, mut sink: impl FnMut(&[u8])) {
    let (mut writer, mut rest) = (Writer::new(message.clone()), content);
    loop {
        let step = writer.next(out).unwrap();
        if let Step::NeedFile(_) = step {
            let taken = writer.offer(rest, out).unwrap();
            rest = &rest[taken..];
            if rest.is_empty() {
                writer.end_file().unwrap();
                continue;
            }
        }
        sink(out.readable());
        out.consume(out.len());
        if step == Step::Done {
            return;
        }
    }
}

fn mail_builder(content: &[u8]) -> Vec<u8> {
    mail_builder::MessageBuilder::new()
        .from(("Sender", "a@example.org"))
        .to("b@example.net")
        .message_id("1@example.org")
        .date(0_i64)
        .text_body("See the file.")
        .attachment("application/octet-stream", "data.bin", content)
        .write_to_vec()
        .unwrap()
}

/// Builds the message with lettre, which takes the file by value.
fn lettre(content: Vec<u8>) -> Vec<u8> {
    use lettre::message::header::ContentType;
    use lettre::message::{Attachment, MultiPart, SinglePart};
    let kind = ContentType::parse("application/octet-stream").unwrap();
    let parts = MultiPart::mixed()
        .singlepart(SinglePart::plain("See the file.".to_owned()))
        .singlepart(Attachment::new("data.bin".to_owned()).body(content, kind));
    lettre::Message::builder()
        .from("Sender <a@example.org>".parse().unwrap())
        .to("b@example.net".parse().unwrap())
        .message_id(Some("<1@example.org>".to_owned()))
        .multipart(parts)
        .unwrap()
        .formatted()
}

/// The file in a message, decoded by the crate `base64`.
fn file_in(octets: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(octets).unwrap();
    let at = text.rfind("base64").unwrap();
    let body = &text[at..][text[at..].find("\r\n\r\n").unwrap() + 4..];
    let body: String = body.split("\r\n").take_while(|line| !line.starts_with("--")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}

fn attachment(criterion: &mut Criterion) {
    let (content, message) = (random(LEN), message(LEN));
    let mut whole = Vec::new();
    let mut out = Buffer::with_limit(ROOM);
    write(&message, &content, &mut out, |bytes| whole.extend_from_slice(bytes));
    assert!(file_in(&whole) == content, "ours is wrong");
    assert!(file_in(&mail_builder(&content)) == content, "mail-builder is wrong");
    assert!(file_in(&lettre(content.clone())) == content, "lettre is wrong");

    let mut group = criterion.benchmark_group("attachment");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(LEN as u64));
    group.bench_function("wirewright", |bencher| {
        bencher.iter(|| {
            let mut made = 0;
            write(&message, black_box(&content), &mut out, |bytes| made += black_box(bytes).len());
            assert_eq!(made as u64, message.size());
        });
    });
    group.bench_function("mail-builder", |bencher| {
        bencher.iter(|| assert!(black_box(mail_builder(black_box(&content))).len() > LEN));
    });
    group.bench_function("lettre", |bencher| {
        let copy = || content.clone();
        let build = |content| assert!(black_box(lettre(black_box(content))).len() > LEN);
        bencher.iter_batched(copy, build, BatchSize::LargeInput);
    });
    let mut copy = vec![0; LEN];
    group.bench_function("limit: a copy", |bencher| {
        bencher.iter(|| {
            copy.copy_from_slice(black_box(&content));
            black_box(&copy);
        });
    });
    group.finish();
}

criterion_group!(benches, attachment);
criterion_main!(benches);
