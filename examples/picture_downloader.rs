//! The chapter's picture downloader: requests a list of pictures from an API, then fetches all of
//! them at once.
//!
//!     python3 examples/gateway.py &
//!     cargo run --example picture_downloader              into a folder beside temporary files
//!     cargo run --example picture_downloader -- API_URL FOLDER
//!
//! What to look at: the chapter starts one thread for each picture; here one thread fetches all of
//! them, over as few connections as the server allows. A picture gets its name when it is complete,
//! two pictures of the same name get two names, and no name of the API leads out of the folder. The
//! command does the same:
//!
//!     wirewright download --from API_URL --select '/newslist/*/picUrl' -o FOLDER/ --trace

use std::error::Error;
use std::path::PathBuf;
use wirewright::http::url::Url;
use wirewright::net::files::Destination;
use wirewright::net::http::{Client, Fetch, Options, Saving, download};

const API: &str = "http://127.0.0.1:8000/meinv/?key=APIKey&num=2";

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let api = Url::parse(&args.next().unwrap_or_else(|| API.to_owned()))?;
    let folder = args.next().map_or_else(|| std::env::temp_dir().join("pictures"), PathBuf::from);
    std::fs::create_dir_all(&folder)?;

    let mut client = Client::new(Options::default().with_redirects(true))?;
    let answer = client.ask(Fetch::get(api.clone()))?;
    let document: serde_json::Value = serde_json::from_slice(&answer.body)?;

    let pictures = document["newslist"].as_array().ok_or("the API names no pictures")?;
    let urls = pictures.iter().map(|picture| picture["picUrl"].as_str().unwrap_or(""));
    // A URL in the list may be relative to that of the API.
    let fetches: Vec<Fetch> =
        urls.map(|url| api.join(url.as_bytes()).map(Fetch::get)).collect::<Result<_, _>>()?;

    let saving = Saving::new(Destination::Directory(folder)).with_overwrite(true);
    for picture in download(&mut client, fetches, &saving)? {
        match &picture.report.outcome {
            Ok(()) => println!("{}: {} bytes", picture.name, picture.bytes),
            Err(failure) => println!("{}: {}", picture.report.url, failure),
        }
    }
    Ok(())
}
