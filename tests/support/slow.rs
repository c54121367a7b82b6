//! A relay between client and server that is a slow line in one direction.
//!
//! ```text
//!   client ◀──── so many bytes a second ──── relay ◀──── server
//!          ─────────── at once ────────────▶       ────▶
//! ```

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often a piece is passed.
const STEPS_PER_SECOND: usize = 20;

/// When how many bytes had been passed in the slow direction, of all connections.
type Log = Arc<Mutex<Vec<(Instant, usize)>>>;

/// How the line behaves.
#[derive(Clone, Copy)]
pub struct Line {
    /// Whether the way to the server is the slow one; otherwise it is that to the client.
    pub to_server: bool,
    pub bytes_per_second: usize,
    /// A byte of base64 that arrives as another.
    pub wrong_at: Option<usize>,
}

/// See the head of this file. It ends with the process of the test.
pub struct SlowLine {
    pub address: String,
    log: Log,
    is_fast: Arc<AtomicBool>,
}

impl SlowLine {
    pub fn new(server: &str, line: Line) -> SlowLine {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let is_fast = Arc::new(AtomicBool::new(false));
        let quickened = is_fast.clone();
        let (log, server) = (Log::default(), server.to_owned());
        let noted = log.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(server) = TcpStream::connect(&server) else { return };
                let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (slow_way, fast_way) = match line.to_server {
                    false => ((server, client), ends),
                    true => ((client, server), (ends.1, ends.0)),
                };
                let (log, is_fast) = (noted.clone(), quickened.clone());
                std::thread::spawn(move || {
                    pass_slowly(slow_way.0, slow_way.1, line, &log, &is_fast);
                });
                std::thread::spawn(move || pass(fast_way.0, fast_way.1));
            }
        });
        SlowLine { address, log, is_fast }
    }

    /// Is as fast as it can from now on.
    pub fn quicken(&self) {
        self.is_fast.store(true, Ordering::Relaxed);
    }

    /// How many bytes the slow direction has passed.
    pub fn passed(&self) -> usize {
        self.log.lock().unwrap().last().map_or(0, |(_, bytes)| *bytes)
    }

    /// How many it had passed that long ago.
    pub fn passed_before(&self, ago: Duration) -> usize {
        let log = self.log.lock().unwrap();
        let then = log.iter().rev().find(|(at, _)| at.elapsed() >= ago);
        then.map_or(0, |(_, bytes)| *bytes)
    }
}

fn pass_slowly(
    mut from: TcpStream,
    mut to: TcpStream,
    line: Line,
    log: &Log,
    is_fast: &AtomicBool,
) {
    let (mut piece, mut passed) = (vec![0; line.bytes_per_second / STEPS_PER_SECOND], 0);
    while let Ok(read @ 1..) = from.read(&mut piece) {
        let wrong = line.wrong_at.and_then(|at| at.checked_sub(passed));
        if let Some(byte) = wrong.and_then(|at| piece[..read].get_mut(at)) {
            *byte = if *byte == b'A' { b'B' } else { b'A' };
        }
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
        passed += read;
        log.lock().unwrap().push((Instant::now(), passed));
        if !is_fast.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_secs(1) / STEPS_PER_SECOND as u32);
        }
    }
    end(&from, &to);
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    let mut piece = vec![0; 65_536];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    end(&from, &to);
}

/// Each end may have gone already.
fn end(from: &TcpStream, to: &TcpStream) {
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
