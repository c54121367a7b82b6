//! `wirewright mail --check`: probes a server without sending a message.
//!
//! ```text
//!   address    127.0.0.1:587
//!   greeting   mx.example.org ESMTP
//!   TLS        by STARTTLS
//!   login      PLAIN
//!   SIZE       10240000        the extensions, one line each, as in the reply to EHLO
//!   remark     …               a violation that was tolerated
//! ```

use super::{outcome, reach};
use crate::args::mail::Mail;
use crate::output::report::Out;
use crate::{Exit, Failure};
use serde_json::{Value, json};
use wirewright::net::mail::{Server, ServerProbe, check};
use wirewright::smtp::reply::Remark;

pub fn run(args: &Mail) -> Result<Exit, Failure> {
    let options = reach::options(args)?;
    let server = options.server.clone();
    let (probe, why) = match check(options) {
        Ok((probe, why)) => (probe, why),
        Err(error) => (ServerProbe::default(), Some(error.into())),
    };
    let mut out = Out::new();
    if args.common.json {
        let mut document = document(&probe, &server);
        if let Some(why) = &why {
            document["error"] = json!({ "code": why.code(), "text": outcome::words(why) });
        }
        out.json(&document)?;
    } else {
        for (name, value) in rows(&probe, &server) {
            out.line(format!("{name:<20} {value}").trim_end())?;
        }
    }
    out.flush()?;
    match why {
        None => Ok(Exit::Done),
        Some(why) => {
            let hint = outcome::advice(&why, &server);
            Err(Failure::advised(&server, outcome::words(&why), hint))
        }
    }
}

/// How TLS was established; `None` without TLS.
fn tls(probe: &ServerProbe, server: &Server) -> Option<&'static str> {
    probe.under_tls.as_ref()?;
    Some(if server.is_tls { "from the beginning" } else { "STARTTLS" })
}

fn rows(probe: &ServerProbe, server: &Server) -> Vec<(String, String)> {
    let Some(address) = probe.address else { return Vec::new() };
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![row("address", address.to_string())];
    rows.extend(probe.greeting.iter().map(|greeting| row("greeting", greeting.to_string())));
    rows.push(row("TLS", tls(probe, server).unwrap_or("none").to_owned()));
    let login = probe.mechanism.map_or("none", |mechanism| mechanism.name());
    rows.push(row("login", login.to_owned()));
    let offered = probe.capabilities().map_or(&[][..], |offered| &offered.lines);
    let offered = offered.iter().map(ToString::to_string);
    rows.extend(offered.filter(|line| !line.trim().is_empty()).map(|line| {
        let (keyword, parameters) = line.split_once(' ').unwrap_or((&line, ""));
        row(keyword, parameters.to_owned())
    }));
    let remarks = probe.remarks.iter();
    rows.extend(
        remarks.map(|Remark { text, section, .. }| row("remark", format!("{text} ({section})"))),
    );
    rows
}

fn document(probe: &ServerProbe, server: &Server) -> Value {
    let offered = probe.capabilities();
    json!({
        "address": probe.address.map(|address| address.to_string()),
        "greeting": probe.greeting,
        "tls": tls(probe, server),
        "login": probe.mechanism.map(|mechanism| mechanism.name()),
        "capabilities": offered.map_or(&[][..], |offered| &offered.lines),
        "auth": offered.map_or(&[][..], |offered| &offered.auth),
        "size_max": offered.and_then(|offered| offered.size_max),
        "remarks": probe.remarks.iter().map(remark).collect::<Vec<_>>(),
    })
}

fn remark(remark: &Remark) -> Value {
    json!({ "text": remark.text, "offset": remark.offset, "spec": remark.section })
}
