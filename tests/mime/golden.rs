//! Two messages as the chapter sends them, octet by octet, and what is never in them.

use wirewright::buffer::Buffer;
use wirewright::mime::{
    Attachment, Builder, Date, FileName, Header, Limits, Mailbox, MediaType, Message, MsgId, Step,
    Writer,
};

pub fn builder(id: &str) -> Builder {
    let from = Mailbox::parse("林小雨 <xiaoyu@example.org>").unwrap();
    let (date, id) = (Date::new(1_795_310_820, 480).unwrap(), MsgId::parse(id).unwrap());
    Builder::new(from, date, id, 20_261_122, Limits::default())
}

pub fn attachment(name: &str, media_type: &str, len: usize) -> Attachment {
    Attachment {
        name: FileName::new(name).unwrap(),
        media_type: MediaType::parse(media_type).unwrap(),
        len: len as u64,
    }
}

/// A text to several receivers on two domains.
pub fn text() -> Message {
    let mut builder = builder("<20261122.1@example.org>");
    builder.to(Mailbox::parse("周明 <ming@example.net>").unwrap()).unwrap();
    builder.to(Mailbox::parse("\"Zhou, Jr.\" <jr@example.com>").unwrap()).unwrap();
    builder.cc(Mailbox::parse("陈 <chen@example.net>").unwrap()).unwrap();
    builder.bcc(Mailbox::parse("geheim@example.org").unwrap()).unwrap();
    builder.subject("关于下周会议的安排 (agenda)").unwrap();
    builder.text("大家好，\n会议改到周三上午十点。\n\n小雨\n").unwrap();
    builder.build().unwrap()
}

pub const HELLO: &[u8] = "Hello, 世界!\n".as_bytes();

/// Stands for a spreadsheet.
pub fn sheet() -> Vec<u8> {
    b"PK\x03\x04".iter().copied().chain((0..=255).cycle().take(300)).collect()
}

/// A text and three files, one with a name that is not ASCII, and HTML with a picture.
pub fn files() -> (Message, Vec<Vec<u8>>) {
    let mut builder = builder("20261122.2@example.org");
    builder.reply_to(Mailbox::parse("office@example.org").unwrap()).unwrap();
    builder.to(Mailbox::parse("ming@example.net").unwrap()).unwrap();
    builder.subject("十一月数据").unwrap();
    builder.text("附件里是十一月的数据，请查收。").unwrap();
    builder.html("<p>See <b>below</b>: <img src=\"cid:dot@example.org\"></p>\n").unwrap();
    builder.header(Header::parse("X-Mailer: wirewright").unwrap()).unwrap();
    let sheet = sheet();
    let excel = "application/vnd.ms-excel";
    let contents = vec![HELLO.to_vec(), sheet.clone(), b"GIF89a".to_vec(), sheet];
    builder.attach(attachment("hello.txt", "text/plain; charset=utf-8", HELLO.len())).unwrap();
    builder.attach(attachment("month-data.xlsx", excel, contents[1].len())).unwrap();
    let cid = MsgId::parse("dot@example.org").unwrap();
    builder.inline(attachment("dot.gif", "image/gif", contents[2].len()), cid).unwrap();
    builder.attach(attachment("十一月数据汇总表.xlsx", excel, contents[3].len())).unwrap();
    (builder.build().unwrap(), contents)
}

/// The octets of a message, its files given whole.
pub fn octets(message: &Message, contents: &[Vec<u8>]) -> Vec<u8> {
    let (mut writer, mut out) = (Writer::new(message.clone()), Buffer::with_limit(1 << 20));
    loop {
        match writer.next(&mut out).unwrap() {
            Step::NeedFile(index) => {
                let content = &contents[index];
                assert_eq!(writer.offer(content, &mut out), Ok(content.len()));
                writer.end_file().unwrap();
            }
            Step::Done => break,
            Step::Bytes => panic!("there is room"),
        }
    }
    assert_eq!(out.len() as u64, message.size());
    out.readable().to_vec()
}

#[test]
fn a_text() {
    let made = octets(&text(), &[]);
    assert_eq!(made.escape_ascii().to_string(), TEXT.escape_ascii().to_string());
    let recipients: Vec<String> = text().recipients().iter().map(Mailbox::address).collect();
    let all = ["ming@example.net", "jr@example.com", "chen@example.net", "geheim@example.org"];
    assert_eq!(recipients, all);
    assert!(!String::from_utf8(made).unwrap().contains("geheim"), "Bcc stays hidden");
}

#[test]
fn files_of_all_kinds() {
    let (message, contents) = files();
    let made = octets(&message, &contents);
    assert_eq!(made.escape_ascii().to_string(), FILES.escape_ascii().to_string());
}

const TEXT: &[u8] = include_bytes!("../data/mime/text.eml");
const FILES: &[u8] = include_bytes!("../data/mime/files.eml");
