//! `explain smtp --json`: what a server says, reply by reply, as the client would read it.
//!
//! Specification: RFC 5321 §4.2, RFC 2034, RFC 3463.

use super::super::{Stop, Subject};
use super::{RemarkEvent, write_error};
use crate::Failure;
use crate::output::report::Out;
use serde::Serialize;
use wirewright::error::Error;
use wirewright::smtp::config::{Limits, Remark};
use wirewright::smtp::reply::{Parser, Reply, text};
use wirewright::text::PeerText;

/// The parser, at its place in the stream.
pub struct Smtp {
    parser: Parser,
}

#[derive(Serialize)]
struct ReplyEvent<'a> {
    event: &'static str,
    code: u16,
    enhanced: Option<String>,
    lines: Vec<PeerText<'a>>,
}

impl Smtp {
    /// At the beginning of what a server says on a connection.
    pub fn new() -> Smtp {
        Smtp { parser: Parser::new(&Limits::default()) }
    }

    fn write_remarks(&mut self, out: &mut Out) -> Result<(), Failure> {
        while let Some(Remark { text, offset, section }) = self.parser.take_remark() {
            out.json(&RemarkEvent::new(offset, text, section))?;
        }
        Ok(())
    }
}

impl Subject for Smtp {
    fn feed(&mut self, mut piece: &[u8], out: &mut Out) -> Result<(), Stop> {
        while !piece.is_empty() {
            let (taken, is_whole) = self.parser.feed(piece)?;
            piece = &piece[taken..];
            if is_whole {
                self.write_remarks(out)?;
                write_reply(self.parser.reply(), out)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, _: &mut Out) -> Result<(), Stop> {
        Ok(self.parser.finish()?)
    }

    fn refuse(&mut self, error: &Error, out: &mut Out) -> Result<(), Failure> {
        self.write_remarks(out)?;
        write_error(error, out)
    }
}

fn write_reply(reply: &Reply, out: &mut Out) -> Result<(), Failure> {
    let enhanced = reply.enhanced().map(|enhanced| enhanced.to_string());
    let lines = reply.lines().map(text).collect();
    out.json(&ReplyEvent { event: "reply", code: reply.code(), enhanced, lines })
}
