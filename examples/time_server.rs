//! The chapter's date-and-time server: whoever connects gets one line, then the end.
//!
//!     cargo run --example time_server                          on port 6789 of this machine
//!     cargo run --example time_server -- ADDR:PORT
//!     cargo run --example time_server -- ADDR:PORT udp         a datagram for each one received
//!
//! Visit it with `telnet 127.0.0.1 6789`, with `nc`, with `cargo run --example time_client`, or
//! with the chapter's own client: `socket`, `connect`, `recv(1024)`, `print`.
//!
//! What to look at: the chapter remarks that its server serves one client at a time. This one
//! serves thousands on one thread, for nobody is waited for: who connects and says nothing has his
//! line already. And the end of the line is not the end of the connection: where a client has said
//! something that nobody read, closing at once would reset the connection, and the reset may
//! overtake the line. So our half ends, what the client still says is read away for a moment, and
//! only then it is closed.

use std::error::Error;
use wirewright::net::RunOptions;
use wirewright::net::daytime::{Options, Server, Transport};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:6789".to_owned()).parse()?;
    let transport = match args.next().as_deref() {
        None | Some("tcp") => Transport::Tcp,
        Some("udp") => Transport::Udp,
        Some(other) => return Err(format!("{other}: tcp or udp").into()),
    };

    // SIGINT and SIGTERM stop it; lines that were begun are finished.
    let run = RunOptions::default().with_stop_at_signals(true);
    let options = Options { transport, run, ..Options::default() };
    let server = Server::bind(address, options)?;
    println!("listening on {}", server.local_addr());
    server.run()?;
    Ok(())
}
