//! A relay between client and server that counts what passes, and for how long.
//!
//! ```text
//!   client ─────▶ relay ─────▶ server       bytes of both directions, over all connections,
//!          ◀─────       ◀─────              from the first one's beginning to the last one's end
//! ```

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(Default)]
struct Counted {
    bytes: u64,
    begun: Option<Instant>,
    /// When bytes moved last, or a side ended.
    last: Option<Instant>,
}

/// See the head of this file. Its threads end with the process of the test.
pub struct Relay {
    pub address: String,
    counted: Arc<Mutex<Counted>>,
}

impl Relay {
    /// Relays to a server.
    pub fn new(server: &str) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, server) = (listener.local_addr().unwrap().to_string(), server.to_owned());
        let counted: Arc<Mutex<Counted>> = Arc::default();
        let count = counted.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { return };
                count.lock().unwrap().begun.get_or_insert_with(Instant::now);
                let both = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (one, other) = (count.clone(), count.clone());
                std::thread::spawn(move || pass(client, server, &one));
                std::thread::spawn(move || pass(both.1, both.0, &other));
            }
        });
        Relay { address, counted }
    }

    /// Bytes that passed, and for how long they did.
    pub fn counted(&self) -> (u64, Duration) {
        let counted = self.counted.lock().unwrap();
        let begun = counted.begun.expect("nobody has come");
        (counted.bytes, counted.last.expect("nothing has come") - begun)
    }

    /// For at least two seconds, so many bytes a second passed, and not more than a fifth above.
    pub fn assert_rate(&self, rate: u64) {
        let (bytes, took) = self.counted();
        let seconds = took.as_secs_f64();
        let ratio = bytes as f64 / seconds / rate as f64;
        assert!(seconds >= 2.0, "{bytes} bytes in {seconds} s");
        assert!((0.5..1.2).contains(&ratio), "{ratio} of the rate: {bytes} bytes in {seconds} s");
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, counted: &Mutex<Counted>) {
    let mut piece = vec![0; 4096];
    loop {
        let read = from.read(&mut piece).unwrap_or(0);
        let passed = read > 0 && to.write_all(&piece[..read]).is_ok();
        let mut counted = counted.lock().unwrap();
        counted.bytes += read as u64;
        counted.last = Some(Instant::now());
        if !passed {
            break;
        }
    }
    // Each end may have gone already.
    let _ = to.shutdown(Shutdown::Write);
}
