//! The chapter's client: connect, say nothing, take the one file that comes.
//!
//!     cargo run --example classic_server &
//!     cargo run --example classic_client                       into the folder for temporary files
//!     cargo run --example classic_client -- ADDR:PORT FOLDER
//!
//! It works with the Python server of the chapter as well.
//!
//! What to look at: what the chapter calls "no exceptional situation is handled" is handled here. A
//! stream that is cut off is an error and leaves no short file; a file name with `../` in it is
//! refused; the file appears under its name only when it is whole; and memory stays the same,
//! whatever the size.

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

    let path = report.path.ok_or("it was not stored")?;
    println!("{}: {} bytes", path.display(), report.bytes);
    Ok(())
}
