//! The latency of the machine itself: the same number of bytes sent to and fro between two threads,
//! without a reactor and without a protocol.
//!
//! ```text
//!   REQUEST_BYTES ─▶ a thread that blocks in read(2) ─▶ ANSWER_BYTES
//! ```

use crate::bench::said;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread::JoinHandle;

/// The lengths on the wire of a `get` and of the answer with a file of 1 KiB.
const REQUEST_BYTES: usize = 41;
const ANSWER_BYTES: usize = 1605;

/// A thread that answers. It ends when this is dropped.
pub struct Echo {
    stream: Option<TcpStream>,
    thread: Option<JoinHandle<()>>,
}

impl Echo {
    pub fn start() -> Result<Echo, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(said)?;
        let stream = TcpStream::connect(listener.local_addr().map_err(said)?).map_err(said)?;
        let (server, _) = listener.accept().map_err(said)?;
        for end in [&stream, &server] {
            end.set_nodelay(true).map_err(said)?;
        }
        stream.set_nonblocking(true).map_err(said)?;
        let thread = std::thread::Builder::new().spawn(move || answer(server)).map_err(said)?;
        Ok(Echo { stream: Some(stream), thread: Some(thread) })
    }

    /// Sends one request, and polls until the answer is complete.
    pub fn ask(&mut self) -> Result<(), String> {
        let Some(stream) = &mut self.stream else { return Err("the echo has ended".to_owned()) };
        stream.write_all(&[0; REQUEST_BYTES]).map_err(said)?;
        let (mut buffer, mut len) = ([0; ANSWER_BYTES], 0);
        while len < ANSWER_BYTES {
            match stream.read(&mut buffer[len..]) {
                Ok(0) => return Err("the stream ended early".to_owned()),
                Ok(read) => len += read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(said(error)),
            }
        }
        Ok(())
    }
}

/// Answers requests until the other end closes.
fn answer(mut stream: TcpStream) {
    let mut request = [0; REQUEST_BYTES];
    while stream.read_exact(&mut request).is_ok() {
        if stream.write_all(&[0; ANSWER_BYTES]).is_err() {
            return;
        }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.stream = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_until_it_is_dropped() {
        let mut echo = Echo::start().unwrap();
        assert_eq!((echo.ask(), echo.ask()), (Ok(()), Ok(())));
        echo.stream = None;
        assert!(echo.ask().is_err());
    }
}
