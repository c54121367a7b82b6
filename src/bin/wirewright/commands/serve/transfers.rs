//! The transfers of a server: a line for each, and their sum as JSON.

use crate::output::report::{rate, size};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use wirewright::net::transfer::Log;
use wirewright::net::transfer::server::{Direction, OnTransfer, Transfer};

/// Files and bytes of one direction.
#[derive(Debug, Default)]
struct Sum {
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Sum {
    fn add(&self, bytes: u64) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    fn json(&self) -> Value {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        json!({ "files": read(&self.files), "bytes": read(&self.bytes) })
    }
}

/// The sums of all transfers of a server.
#[derive(Debug)]
pub struct Sums {
    since: Instant,
    sent: Sum,
    received: Sum,
    failed: AtomicU64,
}

impl Sums {
    pub fn new() -> Arc<Sums> {
        let (sent, received) = (Sum::default(), Sum::default());
        Arc::new(Sums { since: Instant::now(), sent, received, failed: AtomicU64::new(0) })
    }

    /// A callback that counts each transfer and logs a line about it.
    pub fn listener(self: &Arc<Sums>, says: Option<Log>) -> OnTransfer {
        let sums = self.clone();
        Arc::new(move |transfer: &Transfer| {
            sums.add(transfer);
            if let Some(says) = &says {
                says(&line(transfer));
            }
        })
    }

    fn add(&self, transfer: &Transfer) {
        match (&transfer.outcome, transfer.direction) {
            (Ok(()), Direction::Sent) => self.sent.add(transfer.bytes),
            (Ok(()), Direction::Received) => self.received.add(transfer.bytes),
            (Err(_), _) => drop(self.failed.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// The JSON report of a server that listened on `address`.
    pub fn json(&self, address: SocketAddr) -> Value {
        json!({
            "address": address.to_string(),
            "seconds": self.since.elapsed().as_secs_f64(),
            "sent": self.sent.json(),
            "received": self.received.json(),
            "failed": self.failed.load(Ordering::Relaxed),
        })
    }
}

fn line(transfer: &Transfer) -> String {
    let Transfer { peer, name, bytes, elapsed, .. } = transfer;
    let did = match transfer.direction {
        Direction::Sent => "sent",
        Direction::Received => "received",
    };
    match (&transfer.outcome, bytes) {
        (Ok(()), 0) => format!("{peer}: {name}: nothing to transfer (empty or unchanged)"),
        (Ok(()), _) => {
            format!("{peer}: {did} {name}, {} at {}", size(*bytes), rate(*bytes, *elapsed))
        }
        (Err(why), 0) => format!("{peer}: not {did}: {name}: {why}"),
        (Err(why), _) => format!("{peer}: not {did}: {name}: {why}, after {}", size(*bytes)),
    }
}
