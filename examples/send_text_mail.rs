//! The chapter's mail: a text in UTF-8, from one sender to two receivers on two domains.
//!
//!     python3 examples/sink.py &
//!     cargo run --example send_text_mail
//!     cargo run --example send_text_mail -- smtp://USER@HOST PASSWORD_FILE
//!
//! What to look at: the chapter writes a name and an address into one encoded word, which RFC 2047
//! §5 forbids; here a mailbox is a type, and only its name is encoded. Date and Message-ID are
//! arguments, as every message needs them. The result is a report for each recipient: one of them
//! may be refused while the other gets the message.
//!
//! With a user, TLS is required and the certificate is verified; without one this example sends to
//! the sink on this machine, in clear. The command does the same:
//!
//!     wirewright mail --server smtp://USER@HOST --password-file FILE --from A --to B --text TEXT
//!     …

use std::error::Error;
use std::time::{Duration, SystemTime};
use wirewright::mime::{Builder, Date, Limits, Mailbox, MsgId};
use wirewright::net::mail::{Options, OutgoingMessage, Server, send};
use wirewright::smtp::auth::Credentials;
use wirewright::smtp::client::Verdict;
use wirewright::smtp::config::StartTls;

fn main() -> Result<(), Box<dyn Error>> {
    let server = std::env::args().nth(1).unwrap_or_else(|| "smtp://127.0.0.1:2525".to_owned());
    let mut options = Options::new(Server::parse(&server)?);
    options.run.timeout = Some(Duration::from_secs(60));
    match (&options.server.user, std::env::args().nth(2)) {
        (Some(user), Some(file)) => {
            let password = std::fs::read_to_string(file)?;
            options.credentials = Some(Credentials::new(user, password.trim_end())?);
        }
        _ => options.starttls = StartTls::Never,
    }

    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let date = Date::new(i64::try_from(now.as_secs())?, 0)?;
    let id = MsgId::parse(&format!("{}.{}@example.org", now.as_nanos(), std::process::id()))?;
    let from = Mailbox::parse("王大锤 <wang@example.org>")?;
    let mut builder = Builder::new(from, date, id, 1, Limits::default());
    builder.to(Mailbox::parse("骆昊 <luo@example.net>")?)?;
    builder.to(Mailbox::parse("kui@example.com")?)?;
    builder.subject("示例代码实验邮件")?;
    builder.text("用户您好，这是一封实验邮件。")?;

    let letter = OutgoingMessage::new(builder.build()?, Vec::new())?;
    for report in send(options, vec![letter])? {
        for recipient in &report.recipients {
            println!("{}: {:?}", recipient.path, recipient.status);
        }
        if report.verdict != Verdict::Accepted {
            return Err(format!("{:?}: {:?}", report.verdict, report.failure).into());
        }
    }
    Ok(())
}
