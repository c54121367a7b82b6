//! A client of the framed wire: lists the files, then gets them.
//!
//!     cargo run --example framed_server &
//!     cargo run --example framed_client                        all files of port 5566
//!     cargo run --example framed_client -- ADDR:PORT FOLDER [NAME...]
//!
//! What to look at: the report of each file. `Ok` means that the file was verified against the
//! server's digest, synced and renamed, and its directory synced. Kill this program during the
//! transfer of a large file and start it again: `resumed_from` is the offset where it resumed.

use std::cell::RefCell;
use std::error::Error;
use std::path::PathBuf;
use std::rc::Rc;
use wirewright::name::Name;
use wirewright::net::files::Destination;
use wirewright::net::transfer::client;
use wirewright::net::transfer::client::Options;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:5566".to_owned());
    let folder = args.next().map_or_else(|| std::env::temp_dir().join("framed"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;
    let options = Options::default().with_connections(2);

    // A `Name` from argv or from a peer has been checked against the grammar.
    let mut names = args.map(|arg| Name::new(&arg)).collect::<Result<Vec<Name>, _>>()?;
    if names.is_empty() {
        let listed = Rc::new(RefCell::new(Vec::new()));
        let each = listed.clone();
        client::list(&address, &options, move |entry| each.borrow_mut().push(entry.name))?;
        names = listed.take();
    }

    let reports = client::get(&address, &names, &Destination::Directory(folder), &options)?;
    let mut failed = 0;
    for report in &reports {
        match &report.outcome {
            Ok(()) => {
                let digest = report.digest.as_deref().unwrap_or("not verified");
                let (name, bytes, from) = (&report.name, report.bytes, report.resumed_from);
                println!("{name}: {bytes} bytes, resumed from {from}, {digest}");
            }
            Err(why) => {
                failed += 1;
                eprintln!("{}: {}", report.name, why.text);
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} of {} failed", reports.len()).into()),
    }
}
