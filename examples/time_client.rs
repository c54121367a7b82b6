//! The chapter's client of the date-and-time server: connects, reads, prints.
//!
//!     cargo run --example time_server &
//!     cargo run --example time_client
//!     cargo run --example time_client -- ADDR:PORT
//!     cargo run --example time_client -- ADDR:PORT udp
//!
//! It works with the Python server of the chapter as well.
//!
//! What to look at: the chapter's client calls `recv(1024)` once and takes the result for the
//! complete line. TCP is a stream, and a line may come in pieces: here it is complete at the end of
//! the stream, and at most 512 bytes are kept. Over UDP a datagram arrives complete or not at all,
//! so the request is sent again each second until a reply comes. RFC 867 does not define the format
//! of the line, so the line of another server may not be parsed: then it is printed as it came,
//! with control characters escaped.

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

    let line = get(&address, &Options::default().with_transport(transport))?;
    match Moment::parse(&line) {
        Ok(moment) => println!("{moment}: day {} of month {}", moment.date().2, moment.date().1),
        Err(_) => println!("{}", String::from_utf8_lossy(&line).escape_debug()),
    }
    Ok(())
}
