//! Goodput of all connections together against their number, and the cost of idle connections.
//!
//! ```text
//!   this process: N clients in one reactor  ◀── loopback ──  another: wirewright serve
//!   each gets a file of total / N bytes, so that the total is the same for every N
//! ```

use super::clients::Clients;
use crate::bench::bytes::{Compared, discard};
use crate::bench::file::write_block;
use crate::bench::process::ServerProcess;
use crate::bench::result::{Measure, Point, Sweep, Unit};
use crate::bench::setup::{ROUNDS, Setup};
use crate::bench::stats::{Spread, median};
use crate::bench::{gb_per_s, machine, said, sides};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The total as a multiple of the size of a rung. With less, a thousand connections would have less
/// than a few chunks each, and opening files would dominate.
const TIMES: u64 = 4;

/// The keys of the further numbers.
const SERVER_CPU: &str = "server_cpu_s_per_gb";
const SERVER_PEAK: &str = "server_peak_rss_bytes";
const IDLE_CPU: &str = "cpu_s";

const COUNTS: [usize; 5] = [1, 10, 100, 1_000, 10_000];

/// How long idle connections are measured.
const IDLE: Duration = Duration::from_secs(1);

/// Descriptors for other things than connections.
const DESCRIPTORS_KEPT: u64 = 64;

/// The numbers of connections for which the descriptors suffice, and a note if some are left out. A
/// server has two descriptors for each connection: the socket and the file.
fn counts(descriptors: u64) -> (Vec<usize>, Vec<String>) {
    let most = usize::try_from(descriptors.saturating_sub(DESCRIPTORS_KEPT) / 2);
    let most = most.unwrap_or(usize::MAX).max(1);
    let mut counts: Vec<usize> = COUNTS.into_iter().filter(|count| *count <= most).collect();
    let Some(missed) = COUNTS.into_iter().find(|count| *count > most) else {
        return (counts, Vec::new());
    };
    let show = |count: usize| Unit::Count.show(count as f64);
    let mut note = format!(
        "{} connections and more do not fit into {} descriptors: a server has a socket and a file \
         for each",
        show(missed),
        show(usize::try_from(descriptors).unwrap_or(usize::MAX))
    );
    if counts.last().is_some_and(|last| most >= 2 * last) {
        note += &format!("; {} were measured", show(most));
        counts.push(most);
    }
    (counts, vec![note])
}

/// The name of the file that each of `count` connections gets.
fn file(count: usize) -> String {
    format!("of-{count}")
}

fn each(setup: &Setup, count: usize) -> u64 {
    (setup.size * TIMES / count as u64).max(1)
}

fn folder(setup: &Setup, counts: &[usize]) -> Result<PathBuf, String> {
    let folder = setup.folder.path().join("connections");
    std::fs::create_dir_all(&folder).map_err(said)?;
    for count in counts {
        write_block(&folder.join(file(*count)), &setup.block, each(setup, *count))?;
    }
    Ok(folder)
}

/// One number of connections, and their server.
struct Place {
    count: usize,
    server: ServerProcess,
    rates: Vec<f64>,
    /// The server's processor seconds for 10⁹ bytes.
    spent: Vec<f64>,
}

impl Place {
    fn clients<'a>(&'a self, setup: &Setup, file: &'a str) -> Clients<'a> {
        let (endpoint, connections) = (&*self.server.endpoint, self.count);
        Clients { endpoint, connections, file, each: each(setup, connections), sink: discard() }
    }

    /// A first round, not measured, that compares the received bytes.
    fn check(&self, setup: &Setup) -> Result<(), String> {
        let (file, compared) = (file(self.count), Compared::new(&setup.block));
        let clients = Clients { sink: compared.sink(), ..self.clients(setup, &file) };
        clients.run(|| ())?;
        compared.verdict(clients.each * self.count as u64)
    }

    fn measure(&mut self, setup: &Setup) -> Result<(), String> {
        let file = file(self.count);
        let clients = self.clients(setup, &file);
        let bytes = clients.each * self.count as u64;
        let server = &self.server;
        let (elapsed, before) = clients.run(|| server.spent())?;
        let spent = server.spent().saturating_sub(before);
        self.rates.push(gb_per_s(bytes, elapsed));
        self.spent.push(spent.as_secs_f64() / (bytes as f64 / 1e9));
        Ok(())
    }

    fn point(&self) -> Point {
        let more = [
            (SERVER_CPU.to_owned(), median(&self.spent)),
            (SERVER_PEAK.to_owned(), self.server.peak_rss() as f64),
        ];
        let point = Point::new("", self.count as f64, Spread::of(&self.rates));
        Point { more: more.into(), ..point }
    }
}

pub fn connections(setup: &Setup) -> Result<Sweep, String> {
    let (counts, notes) = counts(machine::raise_descriptors());
    let folder = folder(setup, &counts)?;
    let serve = |count: &usize| -> Result<Place, String> {
        let server = ServerProcess::serve(&folder, setup.threads)?;
        Ok(Place { count: *count, server, rates: Vec::new(), spent: Vec::new() })
    };
    let mut places = counts.iter().map(serve).collect::<Result<Vec<Place>, _>>()?;
    for place in &places {
        place.check(setup)?;
    }
    for _ in 0..ROUNDS {
        for place in &mut places {
            place.measure(setup)?;
        }
    }
    let what = "all connections together, from a server in a process of its own; they are greeted \
                first and begin at the same time; the same bytes in all, from the page cache, no \
                digest";
    let axes = [("connections", Unit::Count), ("GB/s of file", Unit::GbPerS)];
    let points = places.iter().map(Place::point).collect();
    let measures = vec![
        Measure::new(SERVER_CPU, "server cpu s/GB", Unit::Seconds),
        Measure::new(SERVER_PEAK, "server peak", Unit::Bytes),
    ];
    Ok(Sweep { measures, notes, ..Sweep::new("connections", what, axes, points) })
}

// ---- idle connections --------------------------------------------------------------------------

/// The cost of idle connections: bytes of memory of each, processor seconds of all per second.
struct Cost {
    bytes: f64,
    spent: f64,
}

/// Memory and processor time of either side for connections that are idle after `hello`. This sweep
/// has to run first: memory freed by other measurements would be reused and not be counted.
pub fn idle(setup: &Setup) -> Result<Sweep, String> {
    let (counts, notes) = counts(machine::raise_descriptors());
    let most = counts.last().copied().unwrap_or(1);
    let folder = folder(setup, &[most])?;
    let point = |(side, cost): (&str, Cost)| {
        let more = [(IDLE_CPU.to_owned(), cost.spent)].into();
        Point { more, ..Point::new(side, most as f64, Spread::of(&[cost.bytes])) }
    };
    let what = "resident memory that each connection adds on either side which has said hello and \
                then sits, and the processor time of all of them; one round, two processes";
    let axes = [("idle connections", Unit::Count), ("memory of each", Unit::Bytes)];
    let points = watch(setup, most, &folder)?.map(point).to_vec();
    let measures = vec![Measure::new(IDLE_CPU, "cpu s of all in a second", Unit::Seconds)];
    Ok(Sweep { measures, notes, ..Sweep::new("connections-idle", what, axes, points) })
}

fn watch(setup: &Setup, count: usize, folder: &Path) -> Result<[(&'static str, Cost); 2], String> {
    let server = ServerProcess::serve(folder, setup.threads)?;
    let file = file(count);
    let clients = |connections| Clients {
        endpoint: &server.endpoint,
        connections,
        file: &file,
        each: each(setup, count),
        sink: discard(),
    };
    // The first connection allocates memory that all share.
    clients(1).run(|| ())?;
    let rss = || (server.rss(), machine::rss("self").unwrap_or(0));
    let spent = || (server.spent(), sides::process());
    let before = rss();
    let (_, (memory, time)) = clients(count).run(|| {
        let memory = rss();
        let (began, first) = (Instant::now(), spent());
        std::thread::sleep(IDLE);
        let (last, elapsed) = (spent(), began.elapsed().as_secs_f64());
        let share = |a: Duration, b: Duration| a.saturating_sub(b).as_secs_f64() / elapsed;
        (memory, (share(last.0, first.0), share(last.1, first.1)))
    })?;
    let each = |now: u64, then: u64| now.saturating_sub(then) as f64 / count as f64;
    Ok([
        ("server", Cost { bytes: each(memory.0, before.0), spent: time.0 }),
        ("client", Cost { bytes: each(memory.1, before.1), spent: time.1 }),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_measured_and_what_does_not_is_said() {
        let (all, notes) = counts(20_064);
        assert_eq!((&all[..], notes.len()), (&COUNTS[..], 0));
        let (most, notes) = counts(20_000);
        assert_eq!(most, [1, 10, 100, 1_000, 9_968]);
        assert!(notes[0].contains("10,000 connections") && notes[0].contains("9,968"), "{notes:?}");
        let (few, notes) = counts(300);
        assert_eq!((&few[..], notes.len()), (&[1, 10, 100][..], 1));
        assert_eq!(counts(3).0, [1]);
    }
}
