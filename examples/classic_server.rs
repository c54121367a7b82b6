//! The chapter's file server: sends each client one JSON object with the file, then closes.
//!
//!     cargo run --example classic_server                       serves this file on port 5566
//!     cargo run --example classic_server -- FILE ADDR:PORT
//!
//! Clients: `cargo run --example classic_client`, or ten lines of Python: `socket`, `recv(1024)` to
//! the end, `json.loads`, `b64decode`.
//!
//! What to look at: there is no thread for each client and no copy of the file in memory. One
//! reactor serves all clients, and encodes a piece of the file when a client's socket is writable.

use std::error::Error;
use std::path::PathBuf;
use wirewright::net::RunOptions;
use wirewright::net::files::Root;
use wirewright::net::files::Sources;
use wirewright::net::transfer::server::{Options, Server};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let this_page = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/classic_server.rs");
    let path = PathBuf::from(args.next().unwrap_or_else(|| this_page.to_owned()));
    let address = args.next().unwrap_or_else(|| "127.0.0.1:5566".to_owned()).parse()?;

    // The root is one file, so a peer can name no other.
    let root = Root::open(&path)?;
    let name = root.single_name().ok_or("the classic wire serves one file")?.clone();

    // SIGINT and SIGTERM stop accepting; running transfers may finish.
    let run = RunOptions::default().with_stop_at_signals(true);
    let options = Options::new(Sources::Files(root)).with_classic(name).with_run(run);
    let server = Server::bind(address, options)?;
    println!("listening on {}", server.local_addr());
    server.run()?;
    Ok(())
}
