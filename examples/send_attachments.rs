//! The chapter's mail with attachments: a text, a file of text, and a table under another name.
//!
//!     python3 examples/sink.py &
//!     cargo run --example send_attachments -- hello.txt 汇总数据.xlsx       any text, any table
//!
//! What to look at: the chapter reads each file into memory and encodes it there. Here a file is
//! opened and its length noted. The length of the message is computed before the first byte, and
//! the file is read and encoded while it is sent, so that a gigabyte takes no more memory than a
//! kilobyte. If a file changes meanwhile, the connection is closed before the end of the message,
//! and the server discards the message.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, SystemTime};
use wirewright::mime::{Attachment, Builder, Date, FileName, Limits, Mailbox, MediaType, MsgId};
use wirewright::net::mail::{AttachedFile, Options, OutgoingMessage, Server, send};
use wirewright::smtp::client::Verdict;
use wirewright::smtp::config::StartTls;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(text), Some(table)) = (args.next(), args.next()) else {
        return Err("give a text, a table and perhaps smtp://HOST:PORT".into());
    };
    let server = args.next().unwrap_or_else(|| "smtp://127.0.0.1:2525".to_owned());

    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let date = Date::new(i64::try_from(now.as_secs())?, 0)?;
    let id = MsgId::parse(&format!("{}.{}@example.org", now.as_nanos(), std::process::id()))?;
    let from = Mailbox::parse("王大锤 <wang@example.org>")?;
    let mut builder = Builder::new(from, date, id, 1, Limits::default());
    builder.to(Mailbox::parse("骆昊 <luo@example.net>")?)?;
    builder.subject("本月数据")?;
    builder.text("附件中有本月数据请查收")?;

    let mut files = Vec::new();
    for (path, name, media_type) in [
        (&text, "hello.txt", "text/plain; charset=utf-8"),
        (&table, "month-data.xlsx", "application/vnd.ms-excel"),
    ] {
        let file = AttachedFile::at_path(Path::new(path))?;
        let (name, media_type) = (FileName::new(name)?, MediaType::parse(media_type)?);
        builder.attach(Attachment { name, media_type, len: file.size() })?;
        files.push(file);
    }

    let mut options = Options::new(Server::parse(&server)?);
    // The sink on this machine has no TLS. By default TLS is required.
    options.starttls = StartTls::Never;
    options.run.timeout = Some(Duration::from_secs(60));
    let reports = send(options, vec![OutgoingMessage::new(builder.build()?, files)?])?;
    for report in &reports {
        println!("{:?}: {} bytes", report.verdict, report.size);
    }
    match reports.iter().all(|report| report.verdict == Verdict::Accepted) {
        true => Ok(()),
        false => Err("the message was not accepted for all recipients".into()),
    }
}
