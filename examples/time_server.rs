//! The chapter's date-and-time server: sends each client one line, then closes.
//!
//!     cargo run --example time_server                          on port 6789 of this machine
//!     cargo run --example time_server -- ADDR:PORT
//!     cargo run --example time_server -- ADDR:PORT udp         a datagram for each one received
//!
//! Clients: `telnet 127.0.0.1 6789`, `nc`, `cargo run --example time_client`, or the chapter's own
//! client: `socket`, `connect`, `recv(1024)`, `print`.
//!
//! What to look at: the chapter's server serves one client at a time. This one serves thousands on
//! one thread and does not wait for any of them. The server does not close right after the line:
//! if a client has sent bytes that were not read, closing would reset the connection, and the reset
//! could destroy the line in flight. So the server ends its half of the connection, reads and drops
//! input for a moment, then closes.

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

    // SIGINT and SIGTERM stop the server after the lines that it has begun.
    let run = RunOptions::default().with_stop_at_signals(true);
    let options = Options::default().with_transport(transport).with_run(run);
    let server = Server::bind(address, options)?;
    println!("listening on {}", server.local_addr());
    server.run()?;
    Ok(())
}
