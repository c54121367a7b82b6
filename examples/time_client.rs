//! The chapter's client of the date-and-time server: connect, read, print.
//!
//!     cargo run --example time_server &
//!     cargo run --example time_client
//!     cargo run --example time_client -- ADDR:PORT
//!     cargo run --example time_client -- ADDR:PORT udp
//!
//! It works with the Python server of the chapter as well.
//!
//! What to look at: the chapter's client calls `recv(1024)` once and takes what comes for the
//! whole. TCP is a stream and does not promise that: a line may come in pieces. Here it is whole
//! when the stream has ended, and at most 512 bytes of it are kept, whoever the server is. Over UDP
//! it is the other way round: a datagram comes whole or not at all, so the question is asked again
//! each second until an answer comes. RFC 867 does not say how a line is written, so the last step
//! may fail for other servers: then the line is shown as it came, with whatever would move the
//! cursor escaped.

use std::error::Error;
use wirewright::daytime::Moment;
use wirewright::net::daytime::{Options, Transport, get};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:6789".to_owned());
    let transport = match args.next().as_deref() {
        None | Some("tcp") => Transport::Tcp,
        Some("udp") => Transport::Udp,
        Some(other) => return Err(format!("{other}: tcp or udp").into()),
    };

    let line = get(&address, &Options { transport, ..Options::default() })?;
    match Moment::parse(&line) {
        Ok(moment) => println!("{moment}: day {} of month {}", moment.date().2, moment.date().1),
        Err(_) => println!("{}", String::from_utf8_lossy(&line).escape_debug()),
    }
    Ok(())
}
