//! `explain smtp`: what a server says, reply by reply, as the client would read it.
//!
//! Specification: RFC 5321 §4.2, RFC 2034, RFC 3463.

use super::{Page, Stop, Subject};
use crate::cli::Failure;
use serde::Serialize;
use std::borrow::Cow;
use wirewright::smtp::config::{Limits, Remark};
use wirewright::smtp::reply::{Parser, Reply, text};

const SPEC_REPLY: &str = "RFC 5321 §4.2";
const SPEC_LINES: &str = "RFC 5321 §4.2.1";

/// The parser, at its place in the stream.
pub struct Smtp {
    parser: Parser,
}

#[derive(Serialize)]
struct ReplyEvent<'a> {
    event: &'static str,
    code: u16,
    enhanced: Option<String>,
    lines: Vec<Cow<'a, str>>,
}

#[derive(Serialize)]
struct RemarkEvent {
    event: &'static str,
    offset: u64,
    text: &'static str,
    spec: &'static str,
}

impl Smtp {
    /// At the beginning of what a server says on a connection.
    pub fn new() -> Smtp {
        Smtp { parser: Parser::new(&Limits::default()) }
    }

    fn write_remarks(&mut self, page: &mut Page) -> Result<(), Failure> {
        while let Some(Remark { text, offset, section: spec }) = self.parser.take_remark() {
            match page.json {
                true => page.out.json(&RemarkEvent { event: "remark", offset, text, spec })?,
                false => page.line(offset, "remark", text, spec)?,
            }
        }
        Ok(())
    }
}

impl Subject for Smtp {
    fn feed(&mut self, mut piece: &[u8], page: &mut Page) -> Result<(), Stop> {
        while !piece.is_empty() {
            let (taken, is_whole) = self.parser.feed(piece)?;
            piece = &piece[taken..];
            if is_whole {
                self.write_remarks(page)?;
                write_reply(self.parser.reply(), page)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, _page: &mut Page) -> Result<(), Stop> {
        Ok(self.parser.finish()?)
    }

    fn settle(&mut self, page: &mut Page) -> Result<(), Failure> {
        self.write_remarks(page)
    }
}

fn write_reply(reply: &Reply, page: &mut Page) -> Result<(), Failure> {
    let (code, enhanced) = (reply.code(), reply.enhanced().map(|enhanced| enhanced.to_string()));
    if page.json {
        let lines = reply.lines().map(text).collect();
        return page.out.json(&ReplyEvent { event: "reply", code, enhanced, lines });
    }
    let words = format!("{code} {}", meaning(code));
    page.line(reply.offset(), "reply", &words, SPEC_REPLY)?;
    if let Some(enhanced) = enhanced {
        page.line(reply.offset(), "enhanced", &enhanced, "RFC 3463 §2")?;
    }
    for (at, line) in reply.placed_lines() {
        page.line(at, "line", &text(line), SPEC_LINES)?;
    }
    Ok(())
}

/// What the first two digits say: RFC 5321 §4.2.1.
fn meaning(code: u16) -> String {
    let class = match code / 100 {
        2 => "done",
        3 => "go on",
        4 => "not now, try again later",
        _ => "no",
    };
    let about = match code / 10 % 10 {
        0 => "syntax",
        1 => "information",
        2 => "the connection",
        5 => "the mail system",
        _ => return class.to_owned(),
    };
    format!("{class}: {about}")
}
