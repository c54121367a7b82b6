//! Adapts transactions with addresses that are not ASCII to servers without SMTPUTF8.
//!
//! ```text
//!                              offered            not offered
//!   sender is not ASCII        unchanged          refused for all recipients, at MAIL
//!   recipient is not ASCII     unchanged          refused at RCPT; sent to the others
//!   fields are not ASCII       unchanged          the ASCII form, or refused if there is none
//! ```
//!
//! Specification: RFC 6531 §3.2: a client must not send such addresses to a server that does not
//! offer SMTPUTF8. The ASCII form of a message is made by this side before anything is sent (RFC
//! 6530 §8.1), so that no server has to change the message.

use super::message::{Content, OutgoingMessage};
use crate::error::Error;
use crate::smtp::client::{Envelope, Stage};
use crate::text::PeerText;

/// A transaction adapted to a server.
pub(super) struct Fitted {
    pub(super) content: Content,
    /// Whether `content` needs SMTPUTF8.
    pub(super) needs_smtputf8: bool,
    /// The recipients that this side refuses, by index in the envelope, with the stage and the
    /// reason.
    pub(super) refused: Vec<(usize, Stage, Error)>,
}

/// Adapts a transaction of a message to a server. `is_offered`: the server offers SMTPUTF8.
pub(super) fn fit(outgoing: &OutgoingMessage, envelope: &Envelope, is_offered: bool) -> Fitted {
    let whole = |needs_smtputf8, content: &Content| Fitted {
        content: content.clone(),
        needs_smtputf8,
        refused: Vec::new(),
    };
    let needs_smtputf8 = outgoing.envelope.needs_smtputf8;
    if is_offered {
        return whole(needs_smtputf8, &outgoing.content);
    }
    let of_all = match (&outgoing.ascii_content, needs_smtputf8) {
        _ if envelope.from.needs_smtputf8() => Some(envelope.from.as_str()),
        (None, true) => Some("a field of the message"),
        _ => None,
    };
    if let Some(what) = of_all {
        let all = 0..envelope.recipients.len();
        let refused = all.map(|index| (index, Stage::Mail, missing(what))).collect();
        return Fitted { refused, ..whole(true, &outgoing.content) };
    }
    let content = outgoing.ascii_content.as_ref().filter(|_| needs_smtputf8);
    let foreign = envelope.recipients.iter().enumerate().filter(|(_, path)| path.needs_smtputf8());
    let refused = foreign.map(|(index, path)| (index, Stage::Rcpt, missing(path.as_str())));
    let refused = refused.collect();
    Fitted { refused, ..whole(false, content.unwrap_or(&outgoing.content)) }
}

fn missing(what: &str) -> Error {
    let text = format!("the server does not offer SMTPUTF8 (RFC 6531), which {what} needs");
    Error::Refused { code: PeerText::from("no-smtputf8"), text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mime::Limits;
    use crate::mime::{Builder, Date, FileName, Mailbox, MediaType, MsgId};
    use crate::smtp::command::Path;

    fn builder(from: &str, to: &[&str]) -> Builder {
        let mailbox = |text: &str| Mailbox::parse(text).unwrap();
        let (date, id) = (Date::new(0, 0).unwrap(), MsgId::parse("1@b").unwrap());
        let mut builder = Builder::new(mailbox(from), date, id, 7, Limits::default());
        to.iter().for_each(|to| builder.to(mailbox(to)).unwrap());
        builder
    }

    fn outgoing(from: &str, to: &[&str]) -> OutgoingMessage {
        let builder = builder(from, to);
        let ascii = builder.ascii_only().map(|ascii| ascii.build().unwrap());
        let outgoing = OutgoingMessage::new(builder.build().unwrap(), Vec::new()).unwrap();
        match ascii {
            Some(ascii) => outgoing.with_ascii(ascii).unwrap(),
            None => outgoing,
        }
    }

    #[test]
    fn what_a_server_takes() {
        use Stage::{Mail, Rcpt};
        let null = Some(Path::null());
        for (from, sender, to, is_offered, needs, refused) in [
            ("a@b", None, &["c@d"][..], false, false, &[][..]),
            ("a@b", None, &["c@d"], true, false, &[]),
            ("a@b", None, &["é@d", "c@d"], true, true, &[]),
            ("a@b", None, &["é@d", "c@d"], false, false, &[(0, Rcpt)]),
            ("a@b", None, &["c@d", "é@d", "ü@d"], false, false, &[(1, Rcpt), (2, Rcpt)]),
            ("é@b", None, &["c@d", "ü@d"], false, true, &[(0, Mail), (1, Mail)]),
            ("é@b", None, &["c@d"], true, true, &[]),
            ("é@b", null.clone(), &["c@d"], false, true, &[(0, Mail)]),
            ("é@b", null, &["c@d"], true, true, &[]),
        ] {
            let mut outgoing = outgoing(from, to);
            outgoing.envelope.from = sender.unwrap_or(outgoing.envelope.from);
            let fitted = fit(&outgoing, &outgoing.envelope, is_offered);
            let found = fitted.refused.iter().map(|(index, stage, _)| (*index, *stage));
            let found = (fitted.needs_smtputf8, found.collect::<Vec<_>>());
            assert_eq!(found, (needs, refused.to_vec()), "{from} {to:?} {is_offered}");
            // Each by its own address, where the address is the reason.
            for (index, stage, why) in &fitted.refused {
                let is_named = why.reason().contains(&*format!(" {} needs", to[*index]));
                assert_eq!(is_named, *stage == Rcpt, "{why}");
            }
        }
    }

    #[test]
    fn a_message_in_ascii_is_the_same_message() {
        let foreign = || builder("a@b", &["é@d"]);
        let outgoing = || OutgoingMessage::new(foreign().build().unwrap(), Vec::new()).unwrap();
        assert!(outgoing().with_ascii(foreign().ascii_only().unwrap().build().unwrap()).is_ok());
        assert!(outgoing().with_ascii(foreign().build().unwrap()).is_err(), "it is not ASCII");
        let mut other = foreign();
        let (name, media_type) = (FileName::new("f").unwrap(), MediaType::parse("a/b").unwrap());
        let attachment = crate::mime::Attachment { name, media_type, len: 0 };
        other.attach(attachment).unwrap();
        let other = other.ascii_only().unwrap().build().unwrap();
        assert!(outgoing().with_ascii(other).is_err(), "it has another file");
    }
}
