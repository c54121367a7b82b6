//! The chapter's client: connects, sends nothing, receives one file.
//!
//!     cargo run --example classic_server &
//!     cargo run --example classic_client                       into the folder for temporary files
//!     cargo run --example classic_client -- ADDR:PORT FOLDER
//!
//! It works with the Python server of the chapter as well.
//!
//! What to look at: the chapter says that its client handles no exceptional situation; this one
//! does. A truncated stream is an error and leaves no partial file. The server cannot choose a path
//! with `../` in the name. The file gets its name when it is complete. Memory does not depend on
//! the size of the file.

use std::error::Error;
use std::path::PathBuf;
use wirewright::net::files::Destination;
use wirewright::net::transfer::client;
use wirewright::net::transfer::client::Options;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:5566".to_owned());
    let folder = args.next().map_or_else(std::env::temp_dir, PathBuf::from);

    let into = Destination::Directory(folder);
    let report = client::get_classic(&address, &into, &Options::default())?;

    let path = report.path.ok_or("the file was not stored")?;
    println!("{}: {} bytes", path.display(), report.bytes);
    Ok(())
}
