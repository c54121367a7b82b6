//! An outcome as the tables and conversations write it.

use crate::oracle::{Outcome, Seen};
use std::fmt::Write as _;
use wirewright::http::message::headers::Headers;

/// An outcome in one line, as the tables of cases write it.
pub fn shown(outcome: &Outcome) -> String {
    let mut out: Vec<String> = outcome.seen.iter().map(one).collect();
    if let Some(error) = &outcome.error {
        let (offset, section) = (error.offset().expect("an offset"), error.section().expect("§"));
        out.push(format!("{} {offset} {section}", error.kind()));
    }
    if !outcome.leftover.is_empty() {
        out.push(format!("leftover {}", outcome.leftover.len()));
    }
    out.join(" | ")
}

pub fn one(seen: &Seen) -> String {
    let fields = |headers: &Headers| {
        headers.iter().fold(String::new(), |mut out, field| {
            let value = field.value.escape_ascii();
            let _ = write!(out, " {}: {value};", field.name);
            out
        })
    };
    match seen {
        Seen::Remark { offset, section, .. } => format!("~{offset} {section}"),
        Seen::Interim(head) => format!("interim {}", head.status),
        Seen::Head(head, framing) => {
            let reason = head.reason().escape_ascii();
            let fields = fields(&head.headers);
            format!("1.{} {} {reason} {{{fields} }} {}", head.minor, head.status, framing.as_str())
        }
        Seen::Body(bytes) => format!("\"{}\"", bytes.escape_ascii()),
        Seen::Trailers(headers) => format!("trailers {{{} }}", fields(headers)),
        Seen::End { body_len, close, .. } if close.is_empty() => format!("end {body_len} keep"),
        Seen::End { body_len, .. } => format!("end {body_len} close"),
    }
}
