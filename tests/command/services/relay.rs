//! A relay that treats datagrams as a bad network does, by a seed, and remembers what it did.
//!
//! ```text
//!   sender ─▶ relay ─▶ receiver       drops · doubles · swaps, each one in eight
//! ```

use std::collections::HashSet;
use std::net::UdpSocket;
use std::time::Duration;
use wirewright::datagram::Datagram;

/// For a machine that is busy.
const WAIT: Duration = Duration::from_secs(60);

/// What came out of the relay, as a naive reading of the definitions counts it.
#[derive(Debug, Default)]
pub struct Passed {
    order: Vec<u64>,
    pub datagrams: u64,
}

impl Passed {
    /// Those of the first `count` that never came out.
    pub fn lost(&self, count: u64) -> Vec<u64> {
        let came: HashSet<u64> = self.order.iter().copied().collect();
        (0..count).filter(|number| !came.contains(number)).collect()
    }

    pub fn received(&self) -> u64 {
        self.order.iter().collect::<HashSet<_>>().len() as u64
    }

    pub fn duplicated(&self) -> u64 {
        self.order.len() as u64 - self.received()
    }

    /// RFC 4737 §3.3, of first copies.
    pub fn reordered(&self) -> u64 {
        let (mut seen, mut next, mut reordered) = (HashSet::new(), 0, 0);
        for number in &self.order {
            if seen.insert(*number) {
                reordered += u64::from(*number < next);
                next = next.max(number + 1);
            }
        }
        reordered
    }
}

pub struct Relay {
    socket: UdpSocket,
    to: String,
    state: u64,
    passed: Passed,
    held: Option<Vec<u8>>,
}

impl Relay {
    pub fn new(to: &str, seed: u64) -> Relay {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(WAIT)).unwrap();
        Relay { socket, to: to.to_owned(), state: seed, passed: Passed::default(), held: None }
    }

    pub fn address(&self) -> String {
        self.socket.local_addr().unwrap().to_string()
    }

    fn chance(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.state >> 33
    }

    /// Sends anything to the receiver.
    pub fn inject(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, &self.to).unwrap();
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.passed.order.push(Datagram::decode(bytes).unwrap().sequence);
        self.inject(bytes);
    }

    /// Passes a run on, up to and with `ends` of its ends; each other end is dropped.
    pub fn run(mut self, ends: usize, between: impl Fn(&Relay, &[u8])) -> Passed {
        let (mut room, mut seen) = ([0; 2000], 0);
        while seen < 5 {
            let len = self.socket.recv(&mut room).unwrap();
            let bytes = &room[..len];
            if Datagram::decode(bytes).unwrap().kind.is_end() {
                // What is held goes behind the first end: it is late, but not lost.
                seen += 1;
                if seen <= ends {
                    self.inject(bytes);
                }
                if let Some(held) = self.held.take() {
                    self.pass(&held);
                }
                continue;
            }
            self.passed.datagrams += 1;
            match self.chance() % 8 {
                0 => {}
                1 => {
                    self.pass(bytes);
                    self.pass(bytes);
                }
                2 if self.held.is_none() => self.held = Some(bytes.to_vec()),
                _ => self.pass(bytes),
            }
            if self.chance().is_multiple_of(4)
                && let Some(held) = self.held.take()
            {
                self.pass(&held);
            }
            between(&self, bytes);
        }
        self.passed
    }
}
