//! Other HTTP clients, used as their documentation shows.
//!
//! ```text
//!   http_peers reqwest URL              the body, discarded
//!   http_peers ureq URL                 the same
//!   http_peers reqwest-many N DIR       the URLs on stdin into DIR, N in flight, on two threads
//! ```

use futures_util::{StreamExt as _, TryStreamExt as _};
use std::io::{self, Read};

type Outcome = Result<u64, Box<dyn std::error::Error + Send + Sync>>;

async fn reqwest(url: &str) -> Outcome {
    let mut body = reqwest::get(url).await?.error_for_status()?.bytes_stream();
    let mut bytes = 0;
    while let Some(piece) = body.try_next().await? {
        bytes += piece.len() as u64;
    }
    Ok(bytes)
}

async fn reqwest_many(jobs: usize, directory: &str) -> Outcome {
    let client = reqwest::Client::new();
    let urls: Vec<String> = io::stdin().lines().collect::<Result<_, _>>()?;
    let fetches = urls.into_iter().map(|url| {
        let client = client.clone();
        let name = url.rsplit('/').next().unwrap_or("").to_owned();
        let path = format!("{directory}/{name}");
        tokio::spawn(async move {
            let body = client.get(url).send().await?.error_for_status()?.bytes().await?;
            // As wirewright does: a temporary file beside it, then renamed.
            let part = format!("{path}.part");
            std::fs::write(&part, &body)?;
            std::fs::rename(&part, path)?;
            Outcome::Ok(body.len() as u64)
        })
    });
    let mut running = futures_util::stream::iter(fetches).buffer_unordered(jobs);
    let mut bytes = 0;
    while let Some(done) = running.next().await {
        bytes += done??;
    }
    Ok(bytes)
}

fn ureq(url: &str) -> Outcome {
    let mut body = ureq::get(url).call()?.into_body().into_reader();
    let (mut block, mut bytes) = (vec![0; 256 << 10], 0);
    loop {
        match body.read(&mut block)? {
            0 => return Ok(bytes),
            read => bytes += read as u64,
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
    };
    let bytes = match args[..] {
        ["reqwest", url] => runtime()?.block_on(reqwest(url))?,
        ["reqwest-many", jobs, directory] => {
            runtime()?.block_on(reqwest_many(jobs.parse()?, directory))?
        }
        ["ureq", url] => ureq(url)?,
        _ => return Err("http_peers reqwest URL | ureq URL | reqwest-many N DIR < URLS".into()),
    };
    println!("{bytes}");
    Ok(())
}
