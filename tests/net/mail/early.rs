//! A positive reply that is there before the end of the message was sent does not accept the
//! message, although the client had not read it yet: RFC 5321 §4.3.1.

use super::letters::{content, letter, options, sent};
use super::server::{Conn, PATIENCE, Server};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use wirewright::net::connection::{Tap, TapMaker};

/// Holds the client back behind the content until the server has replied.
struct Holding(Arc<Mutex<Receiver<()>>>);

impl Tap for Holding {
    fn sent(&mut self, bytes: &[u8]) {
        if bytes.windows(5).any(|five| five == b"hello") {
            let _ = self.0.lock().unwrap().recv_timeout(PATIENCE);
        }
    }

    fn received(&mut self, _bytes: &[u8]) {}

    fn remark(&mut self, _text: &str) {}
}

/// Replies once the content has come, and before its end is sent; gives what is told of it.
fn early(
    offers: &'static [&'static str],
    reply: impl Fn(&mut Conn) + Send + Sync + 'static,
) -> String {
    let (tell, replied) = channel();
    let server = Server::start(move |mut conn| {
        conn.open(offers);
        reply(&mut conn);
        tell.send(()).unwrap();
        conn.gone();
    });
    let replied = Arc::new(Mutex::new(replied));
    let mut options = options(&server);
    let tap: TapMaker = Arc::new(move |_| Box::new(Holding(replied.clone())));
    options.run.tap = Some(tap);
    options.chunking = true;
    let told = sent(options, vec![letter(1)]);
    assert_eq!(server.messages().len(), 0);
    told.join(" | ")
}

#[test]
fn a_reply_before_the_end() {
    for offers in [&[][..], &["PIPELINING"]] {
        let told = early(offers, |conn| {
            conn.envelope().unwrap();
            conn.some(content(1).len());
            conn.say(&["250 early"]);
        });
        assert!(told.starts_with("later: unsent; "), "{told}");
        assert!(told.contains("each reply answers a command"), "{told}");
    }
}

#[test]
fn a_reply_before_the_last_chunk() {
    for offers in [&["CHUNKING"][..], &["PIPELINING", "CHUNKING"]] {
        let told = early(offers, |conn| {
            for verb in ["MAIL", "RCPT"] {
                conn.hear_verb(verb);
                conn.say(&["250 Ok"]);
            }
            conn.hear_verb("BDAT");
            conn.some(content(1).len());
            conn.say(&["250 go on", "250 early"]);
        });
        assert!(told.starts_with("later: unsent; "), "{told}");
        assert!(told.contains("each reply answers a command"), "{told}");
    }
}
