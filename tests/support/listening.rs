//! A listener of a test: a thread for each connection, which does what a script says.

pub use crate::asking::WAIT;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// See the head of this file. Ends when it is dropped, and then fails if a script has failed; the
/// client has to be gone by then.
pub struct Listening {
    pub address: SocketAddr,
    accepted: Arc<Mutex<Vec<JoinHandle<()>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listening {
    /// Gives every connection to a script, numbered from 1.
    pub fn start(
        listener: TcpListener,
        script: impl Fn(usize, TcpStream) + Send + Sync + 'static,
    ) -> Listening {
        let (address, script) = (listener.local_addr().unwrap(), Arc::new(script));
        let (accepted, stop) = (Arc::default(), Arc::default());
        let mut listening = Listening { address, accepted, stop, thread: None };
        let (accepted, stop) = (listening.accepted.clone(), listening.stop.clone());
        let accept = move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Acquire) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                stream.set_read_timeout(Some(WAIT)).unwrap();
                stream.set_write_timeout(Some(WAIT)).unwrap();
                stream.set_nodelay(true).unwrap();
                let mut accepted = accepted.lock().unwrap();
                let (number, script) = (accepted.len() + 1, script.clone());
                accepted.push(std::thread::spawn(move || script(number, stream)));
            }
        };
        listening.thread = Some(std::thread::spawn(accept));
        listening
    }

    /// How many connections have come.
    pub fn accepts(&self) -> usize {
        self.accepted.lock().unwrap().len()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // So that accept returns once more.
        drop(TcpStream::connect(self.address));
        let mut threads: Vec<_> = self.thread.take().into_iter().collect();
        threads.append(&mut self.accepted.lock().unwrap_or_else(PoisonError::into_inner));
        let failed = threads.into_iter().filter_map(|thread| thread.join().err()).count();
        assert!(failed == 0 || std::thread::panicking(), "{failed} scripts have failed");
    }
}
