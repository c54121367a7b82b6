//! Interrupted is not lost: either side is killed again and again, and the file still arrives,
//! resumed rather than restarted, and never under its name before it is whole.

use crate::client::run;
use crate::serving::{BINARY, Process, Serving};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// Of the file. A record is due every 4 MiB.
const SIZE: u64 = 32 << 20;

/// What may travel twice for each interruption, in bytes.
const TWICE_MAX: u64 = 16 << 20;

/// Interruptions of each direction.
const ROUNDS: usize = 52;

/// How long any process may need to end by itself.
const END_WAIT: Duration = Duration::from_secs(60);

/// How long one round is waited for.
const ROUND_WAIT: Duration = Duration::from_secs(20);

/// How often a client finds that the server has not heard of the last one's death.
const BUSY_MAX: usize = 50;

/// Numbers by chance, the same in every run: an LCG.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % end
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Get,
    Put,
}

struct Scene {
    way: Way,
    /// Where the file comes from and where it goes to.
    from: tempfile::TempDir,
    to: tempfile::TempDir,
    serving: Option<Serving>,
    /// Which part stood there when a round ended, in bytes.
    part: u64,
    twice: u64,
    resumed: usize,
}

/// What a client did before its end or its death.
struct Heard {
    /// Where it went on.
    offset: Option<u64>,
    busy: bool,
}

/// Listens to a client's trace on a thread, so that it is not held up.
fn listen(stderr: impl std::io::Read + Send + 'static) -> JoinHandle<Heard> {
    std::thread::spawn(move || {
        let mut heard = Heard { offset: None, busy: false };
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let Some(message) = line.strip_prefix("<- ") else { continue };
            let Ok(message) = serde_json::from_str::<Value>(message) else { continue };
            match message["type"].as_str() {
                Some("file" | "ready") => heard.offset = message["offset"].as_u64(),
                Some("error") => heard.busy |= message["code"] == "busy",
                _ => {}
            }
        }
        heard
    })
}

impl Scene {
    fn new(way: Way) -> Scene {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut chance = Chance(way as u64);
        let bytes: Vec<u8> =
            (0..SIZE / 4).flat_map(|_| (chance.below(1 << 31) as u32).to_le_bytes()).collect();
        std::fs::write(from.path().join("file"), bytes).unwrap();
        Scene { way, from, to, serving: None, part: 0, twice: 0, resumed: 0 }
    }

    fn target(&self) -> PathBuf {
        self.to.path().join("file")
    }

    fn client(&self) -> Vec<String> {
        let address = self.serving.as_ref().unwrap().address.clone();
        let path = |path: &Path| path.to_str().unwrap().to_owned();
        let to = path(self.to.path()) + "/";
        match self.way {
            Way::Get => ["get", &address, "file", "-o", &to, "--durability", "none"]
                .map(str::to_owned)
                .to_vec(),
            Way::Put => vec!["put".to_owned(), address, path(&self.from.path().join("file"))],
        }
    }

    fn serve(&mut self) {
        if self.serving.is_none() {
            self.serving = Some(match self.way {
                Way::Get => Serving::start(self.from.path(), &[]),
                Way::Put => Serving::start(self.to.path(), &["--writable", "--durability", "none"]),
            });
        }
    }

    /// Length of the part that stands beside the final name, if there is one.
    fn part_len(&self) -> u64 {
        let entries = std::fs::read_dir(self.to.path()).unwrap().flatten();
        let parts = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(".part"));
        parts.filter_map(|part| part.metadata().ok()).map(|part| part.len()).max().unwrap_or(0)
    }

    /// Runs a client until a random moment, then kills it or the server. Gives whether the file has
    /// arrived.
    fn round(&mut self, chance: &mut Chance) -> bool {
        self.serve();
        let mut command = Command::new(BINARY);
        command.args(self.client()).arg("--trace").stdin(Stdio::null()).stdout(Stdio::null());
        let mut client = Process(command.stderr(Stdio::piped()).spawn().unwrap());
        let heard = listen(client.0.stderr.take().unwrap());
        let (by_time, kills_server) = (chance.below(3) == 0, chance.below(2) == 0);
        let moment = Duration::from_micros(1000 + chance.below(59_000));
        let grown = self.part + chance.below(14 << 20);
        let begun = Instant::now();
        while begun.elapsed() < ROUND_WAIT && client.0.try_wait().unwrap().is_none() {
            let now = match by_time {
                true => begun.elapsed() >= moment,
                false => self.part_len() > grown,
            };
            if now {
                break;
            }
            sleep(Duration::from_micros(200));
        }
        assert!(begun.elapsed() < ROUND_WAIT, "neither an end nor a moment to kill");
        if kills_server {
            let serving = self.serving.take();
            serving.unwrap().process.0.kill().unwrap();
            // It has to notice, and to end by itself.
            client.wait(END_WAIT);
        }
        drop(client);
        self.judge(&heard.join().unwrap())
    }

    /// What stands there after a round, and what it cost.
    fn judge(&mut self, heard: &Heard) -> bool {
        if let Some(offset) = heard.offset {
            let lost = self.part.saturating_sub(offset);
            assert!(lost <= TWICE_MAX, "{lost} bytes of {} travel twice", self.part);
            self.twice += lost;
            self.resumed += usize::from(offset > 0);
        }
        if self.target().exists() {
            same(&self.from.path().join("file"), &self.target());
            // From the beginning, for the next round.
            std::fs::remove_file(self.target()).unwrap();
            self.part = 0;
            return true;
        }
        // A client that came to nothing has moved nothing.
        self.part = self.part_len();
        false
    }

    /// The last run, undisturbed. Gives its report.
    fn finish(&mut self) -> Value {
        self.serve();
        for _ in 0..BUSY_MAX {
            let mut words = self.client();
            words.push("--json".to_owned());
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ran = run(&words, END_WAIT);
            if ran.status == Some(1) && ran.out.contains("busy") {
                sleep(Duration::from_millis(20));
                continue;
            }
            assert_eq!(ran.status, Some(0), "{} {}", ran.out, ran.err);
            let report: Value = serde_json::from_str(&ran.out).unwrap();
            return report["files"][0].clone();
        }
        panic!("the part stays locked though its writer is dead");
    }
}

/// Whether two files are equal, read in blocks.
fn same(one: &Path, other: &Path) {
    let (mut one, mut other) = (File::open(one).unwrap(), File::open(other).unwrap());
    assert_eq!(one.metadata().unwrap().len(), other.metadata().unwrap().len());
    let (mut left, mut right) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    for block in 0.. {
        let count = one.read(&mut left).unwrap();
        if count == 0 {
            break;
        }
        other.read_exact(&mut right[..count]).unwrap();
        assert!(left[..count] == right[..count], "they differ about block {block}");
    }
}

fn endure(way: Way) {
    let mut scene = Scene::new(way);
    let mut chance = Chance(20_261_121 + way as u64);
    let (mut arrived, begun) = (0, Instant::now());
    for _ in 0..ROUNDS {
        arrived += usize::from(scene.round(&mut chance));
    }
    // The last round of all leaves something to go on with.
    let mut more = 0;
    while scene.part < 8 << 20 {
        scene.round(&mut chance);
        more += 1;
        assert!(more < ROUNDS, "nothing is ever left to go on with");
    }
    let part = scene.part;
    let report = scene.finish();
    let moved = report["received"].as_u64().or(report["sent"].as_u64()).unwrap();
    let resumed_from = report["resumed_from"].as_u64().unwrap();
    println!(
        "{} rounds, {arrived} arrivals, {} resumed, {} bytes twice, the last run went on at \
         {resumed_from} of {part}, {:?}",
        ROUNDS + more,
        scene.resumed,
        scene.twice,
        begun.elapsed()
    );
    assert!(resumed_from > 0 && part - resumed_from.min(part) <= TWICE_MAX);
    assert_eq!(resumed_from + moved, SIZE);
    assert!(scene.resumed >= ROUNDS / 4, "mostly restarted: {}", scene.resumed);
    same(&scene.from.path().join("file"), &scene.target());
    assert_eq!(std::fs::read_dir(scene.to.path()).unwrap().count(), 1, "something is left");
}

#[test]
fn a_get_survives_kills_of_either_side() {
    endure(Way::Get);
}

#[test]
fn a_put_survives_kills_of_either_side() {
    endure(Way::Put);
}
