//! The chapter's file server: whoever connects gets one JSON object with the file, then the end.
//!
//!     cargo run --example classic_server                       serves this very page on port 5566
//!     cargo run --example classic_server -- FILE ADDR:PORT
//!
//! Visit it with `cargo run --example classic_client`, or with the ten lines of Python that every
//! student writes: `socket`, `recv(1024)` to the end, `json.loads`, `b64decode`.
//!
//! What to look at: there is no thread per client and no copy of the file in memory. One reactor
//! serves them all, and encodes a piece of the file whenever a client's socket has room.

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

    // A root that is one file: nothing else can be named beneath it.
    let root = Root::open(&path)?;
    let name = root.single_name().ok_or("the classic wire serves one file")?.clone();

    let options = Options {
        classic: Some(name),
        // SIGINT and SIGTERM stop accepting; running transfers may finish.
        run: RunOptions::default().with_stop_at_signals(true),
        ..Options::new(Sources::Files(root))
    };
    let server = Server::bind(address, options)?;
    println!("listening on {}", server.local_addr());
    server.run()?;
    Ok(())
}
