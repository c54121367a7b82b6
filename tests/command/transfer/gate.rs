//! A relay between client and server that stops in the middle, until it is opened, or ends there.
//!
//! ```text
//!   client ─────▶ gate ─────▶ server
//!          ◀──┤├──           one direction passes so many bytes, then waits
//! ```

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

/// Which direction stops.
#[derive(Clone, Copy, PartialEq)]
pub enum Stops {
    ToClient,
    ToServer,
}

type Latch = Arc<(Mutex<bool>, Condvar)>;

pub struct Gate {
    pub address: String,
    opened: Latch,
}

impl Gate {
    /// Passes `len` bytes of that direction of each connection.
    pub fn new(server: &str, stops: Stops, len: usize) -> Gate {
        Gate::start(server, stops, len, false)
    }

    /// Ends that direction of each connection after so many bytes.
    pub fn cutting(server: &str, stops: Stops, len: usize) -> Gate {
        Gate::start(server, stops, len, true)
    }

    fn start(server: &str, stops: Stops, len: usize, cuts: bool) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (opened, server) = (Latch::default(), server.to_owned());
        let latch = opened.clone();
        // It ends with the process of the test.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { return };
                let Ok(server) = TcpStream::connect(&server) else { return };
                let (client_too, server_too) =
                    (client.try_clone().unwrap(), server.try_clone().unwrap());
                let limit = |way| if stops == way { len } else { usize::MAX };
                let (to_server, to_client) = (limit(Stops::ToServer), limit(Stops::ToClient));
                let (one, other) = (latch.clone(), latch.clone());
                std::thread::spawn(move || relay(client, server, to_server, cuts, &one));
                std::thread::spawn(move || relay(server_too, client_too, to_client, cuts, &other));
            }
        });
        Gate { address, opened }
    }

    /// Lets the rest pass.
    pub fn open(&self) {
        *self.opened.0.lock().unwrap() = true;
        self.opened.1.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

fn relay(mut from: TcpStream, mut to: TcpStream, mut left: usize, cuts: bool, latch: &Latch) {
    let mut piece = vec![0; 65_536];
    loop {
        if left == 0 && cuts {
            break;
        }
        if left == 0 {
            let opened = latch.0.lock().unwrap();
            drop(latch.1.wait_while(opened, |opened| !*opened).unwrap());
            left = usize::MAX;
        }
        let len = piece.len().min(left);
        let read = from.read(&mut piece[..len]).unwrap_or(0);
        if read == 0 || to.write_all(&piece[..read]).is_err() {
            break;
        }
        left -= read;
    }
    // Each end may have gone already.
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
