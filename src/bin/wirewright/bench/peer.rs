//! `wirewright bench --peer tokio`: the obvious implementation, measured in the same run.
//!
//! ```text
//!   sweep     peer: 64 KiB  192 KiB  1 MiB  4 MiB  16 MiB  whole       ─▶ its best chunk
//!   round 1   loopback-raw  loopback  own-two-processes  peer-tokio  peer-tokio-whole
//!   round 2   loopback-raw  loopback  …                                ─▶ ratios of medians
//! ```
//!
//! The peer is a program of its own (`benches/peer_tokio.rs`), for it needs crates that the product
//! does without. It moves made-up bytes from memory to memory, without checksums. What is held
//! against it is this very command as `serve` and `get --digest none -o /dev/null`: two processes
//! too, a file in the page cache, checksums of all chunks. Both are measured from outside in the
//! same way. `loopback-raw` and `loopback` are the rungs of the ladder, for scale.

mod pair;
mod report;

use super::bytes::Compared;
use super::file::write_block;
use super::ladder;
use super::machine::{Machine, Ticks};
use super::rung::Figure;
use super::said;
use super::setup::{ROUNDS, Setup};
use super::stats::Spread;
use crate::args::Bench;
use crate::output::drawing::Steps;
use crate::output::report::{Out, size as size_text};
use crate::{Exit, Failure};
use pair::{Commands, Pair};
use report::{ChunkRate, PeerReport, PeerRung, Ratios};
use std::path::{Path, PathBuf};

/// How often each chunk size of the peer is tried.
const SWEEP_ROUNDS: usize = 3;

/// The chunk sizes of the peer in bytes; 0 is the whole file as one.
const CHUNKS: [u64; 6] = [64 << 10, 192 << 10, 1 << 20, 4 << 20, 16 << 20, WHOLE];
const WHOLE: u64 = 0;

/// The greatest file that fits a frame of the peer's: its length is 32 bits, and base64 takes a
/// third more.
const SIZE_MAX: u64 = 3 << 30;

/// The rungs of the ladder that are measured in between.
const LADDER: [&str; 2] = ["loopback-raw", "loopback"];

pub fn run(args: &Bench) -> Result<Exit, Failure> {
    let peer = program(args.peer_program.as_deref())?;
    if args.size > SIZE_MAX {
        let most = format!("the peer's frames hold {} at most", size_text(SIZE_MAX));
        return Err(Failure::usage("--size", most, "give less"));
    }
    let report = measure(args, &peer).map_err(|error| {
        Failure::new("bench --peer tokio", error, "this is a fault of the product or machine")
    })?;
    let mut out = Out::new();
    match args.json {
        true => out.json(&serde_json::json!(report))?,
        false => out.raw(&report::text(&report))?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Where the peer is: where it was said to be, or where cargo puts it beside this command.
fn program(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.join("examples/peer_tokio"));
    let path = given.map(Path::to_owned).or_else(beside).unwrap_or_default();
    if path.is_file() {
        return Ok(path);
    }
    let hint = "build it with `cargo build --release --example peer_tokio`, or say where it is \
                with --peer-program";
    Err(Failure::usage(path.display(), "the peer is not there", hint))
}

fn measure(args: &Bench, peer: &Path) -> Result<PeerReport, String> {
    let ticks = Ticks::now();
    let steps = CHUNKS.len() * SWEEP_ROUNDS + ROUNDS;
    let progress = Steps::new("bench", steps, "measurements", !args.quiet);
    let setup = Setup::new(args)?;
    let sweep = sweep(args.size, peer, &progress)?;
    let chunked = sweep.iter().filter(|(chunk, _)| *chunk != WHOLE);
    let best = chunked.max_by(|(_, a), (_, b)| a.median().total_cmp(&b.median()));
    let best = best.map_or(CHUNKS[0], |(chunk, _)| *chunk);
    let peer_at = |name, chunk| Commands { name, ..tokio(peer, args.size, chunk) };
    let mut pairs = [own(&setup)?, peer_at("peer-tokio", best), peer_at("peer-tokio-whole", WHOLE)]
        .map(Pair::new);
    let all = ladder::ladder();
    let ladder = all.iter().filter(|rung| LADDER.contains(&rung.name));
    let mut ladder: Vec<Figure> = ladder.map(Figure::new).collect();
    ladder.iter().try_for_each(|figure| figure.rung.check(&setup))?;
    for pair in &mut pairs {
        pair.start()?;
        pair.check()?;
    }
    for round in 0..ROUNDS {
        ladder.iter_mut().try_for_each(|figure| figure.measure(&setup))?;
        pairs.iter_mut().try_for_each(|pair| pair.measure(setup.slice))?;
        progress.done(CHUNKS.len() * SWEEP_ROUNDS + round + 1);
    }
    progress.finish();
    pairs.iter_mut().for_each(Pair::stop);
    Ok(report_of(&setup, &ladder, &pairs, &sweep, Machine::after(ticks)))
}

fn report_of(
    setup: &Setup,
    ladder: &[Figure],
    pairs: &[Pair; 3],
    sweep: &[(u64, Pair)],
    machine: Machine,
) -> PeerReport {
    let peer = pairs[1].median();
    let [own, best, whole] = pairs.each_ref().map(|pair| PeerRung::of_pair(pair, peer));
    let ratios = Ratios::of(&own, &best, &whole);
    let ladder = ladder.iter().map(|figure| PeerRung::of_figure(figure, peer));
    let chunk_rate = |(chunk, pair): &(u64, Pair)| ChunkRate {
        chunk_bytes: Some(*chunk).filter(|chunk| *chunk != WHOLE),
        gb_per_s: Spread::of(&pair.rates),
    };
    PeerReport {
        peer: "tokio".to_owned(),
        rungs: ladder.chain([own, best, whole]).collect(),
        sweep: sweep.iter().map(chunk_rate).collect(),
        ratios,
        machine,
        size: setup.size,
    }
}

/// The peer at all its chunk sizes, in interleaved rounds.
fn sweep(size: u64, peer: &Path, progress: &Steps) -> Result<Vec<(u64, Pair)>, String> {
    let mut pairs: Vec<(u64, Pair)> =
        CHUNKS.iter().map(|chunk| (*chunk, Pair::new(tokio(peer, size, *chunk)))).collect();
    for round in 0..SWEEP_ROUNDS {
        for (at, (_, pair)) in pairs.iter_mut().enumerate() {
            // One at a time: the one of whole files holds a whole file.
            pair.start()?;
            if round == 0 {
                pair.check()?;
            }
            pair.measure(std::time::Duration::ZERO)?;
            pair.stop();
            progress.done(round * CHUNKS.len() + at + 1);
        }
    }
    Ok(pairs)
}

fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

/// The peer at a chunk size.
fn tokio(program: &Path, size: u64, chunk: u64) -> Commands {
    let what = match chunk {
        WHOLE => "the peer, the whole file as one frame".to_owned(),
        chunk => format!("the peer, chunks of {}, memory to memory", size_text(chunk)),
    };
    let (size_word, chunk_word) = (size.to_string(), chunk.to_string());
    Commands {
        name: "peer-tokio",
        what,
        program: program.to_owned(),
        bytes: size,
        serve: words(["serve", "--size", &size_word, "--chunk", &chunk_word]),
        get: words(["get", pair::ADDRESS]),
        check: words(["get", pair::ADDRESS, "--verify", &chunk_word]),
        compare: None,
    }
}

/// This very command on a file in the page cache.
fn own(setup: &Setup) -> Result<Commands, String> {
    let (file, copy) = (setup.folder.path().join("peer"), setup.folder.path().join("copy"));
    write_block(&file, &setup.block, setup.size)?;
    let (path, block, size) = (copy.clone(), setup.block.clone(), setup.size);
    let compare = move || {
        let compared = Compared::new(&block);
        compared.note_file(&path)?;
        compared.verdict(size)?;
        std::fs::remove_file(&path).map_err(said)
    };
    let get = ["get", "--quiet", "--digest", "none", pair::ADDRESS, "peer", "-o"];
    let into = |to: &str| words(get).into_iter().chain([to.to_owned()]).collect();
    let (file, copy) = (file.to_string_lossy(), copy.to_string_lossy());
    Ok(Commands {
        name: "own-two-processes",
        what: "serve and get --digest none, cached file to /dev/null".to_owned(),
        program: std::env::current_exe().map_err(said)?,
        bytes: setup.size,
        serve: words(["serve", "--quiet", "--listen", "127.0.0.1:0", &file]),
        get: into("/dev/null"),
        check: into(&copy),
        compare: Some(Box::new(compare)),
    })
}
