//! A server of the framed wire: list, get and put, verified and resumed, over one reactor.
//!
//!     cargo run --example framed_server                        serves examples/ on port 5566
//!     cargo run --example framed_server -- FOLDER ADDR:PORT [--writable]
//!
//! Clients: `cargo run --example framed_client`, `python3 examples/peer.py ls 127.0.0.1:5566`,
//! `wirewright ls 127.0.0.1:5566`.
//!
//! What to look at: `Root`. A peer can only name files below it; no `..`, no absolute path and no
//! symbolic link leads out. And `Options`: the defaults are safe, so a server is read-only unless
//! told otherwise.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use wirewright::net::RunOptions;
use wirewright::net::files::Root;
use wirewright::net::files::Sources;
use wirewright::net::transfer::Log;
use wirewright::net::transfer::server::{Options, Server};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let writable = args.iter().any(|arg| arg == "--writable");
    args.retain(|arg| arg != "--writable");
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let folder = args.first().map_or_else(|| PathBuf::from(examples), PathBuf::from);
    let address = args.get(1).map_or("127.0.0.1:5566", String::as_str).parse()?;

    // One line for each request that is refused and each connection that fails. The line may hold
    // text of a peer, so it is escaped.
    let log: Log = Arc::new(|line: &str| eprintln!("{}", line.escape_debug()));
    let options = Options::new(Sources::Files(Root::open(&folder)?))
        .with_writable(writable)
        .with_run(RunOptions::default().with_stop_at_signals(true))
        .with_log(log);
    let server = Server::bind(address, options)?;
    println!("listening on {}", server.local_addr());
    server.run()?;
    Ok(())
}
