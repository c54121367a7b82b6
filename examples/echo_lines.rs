//! A protocol of your own on the public reactor: a server that sends every line back.
//!
//!     cargo run --example echo_lines -- 127.0.0.1:7777
//!     printf 'hello\nworld\n' | nc -N 127.0.0.1 7777
//!
//! What to look at: `Lines` is the complete protocol and uses no socket. The 25 lines at the end do
//! the rest, from the accepted socket to the timer. There are limits for the length of a line, for
//! silent clients and for clients that do not read.

use mio::net::TcpStream;
use std::net::SocketAddr;
use std::time::Duration;
use wirewright::buffer::Buffer;
use wirewright::error::Error;
use wirewright::net;
use wirewright::net::connection::{Application, Limits, NewConnection};
use wirewright::net::reactor::{Reactor, ReactorBuilder};
use wirewright::net::transport::{endpoint, stream::Stream};
use wirewright::session::{Received, Session, Wants};

/// The longest line in bytes, including its LF.
const LINE_BYTES_MAX: usize = 1000;
/// The number of unsent bytes at which the server stops reading.
const UNSENT_BYTES_MAX: usize = 64 << 10;
/// How long a client may be silent.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The protocol: lines that end in LF.
#[derive(Default)]
struct Lines {
    unsent: Vec<u8>,
    /// How many bytes were consumed.
    offset: u64,
    ended: bool,
    error: Option<Error>,
}

impl Lines {
    fn send(&mut self, line: &[u8]) {
        self.unsent.extend_from_slice(line);
    }

    fn too_long(&mut self) -> Error {
        let (max, section) = (LINE_BYTES_MAX as u64, "");
        let offset = self.offset + max;
        let error = Error::TooLarge { limit: "line_bytes_max", max, offset, section };
        self.error.insert(error).clone()
    }
}

impl Session for Lines {
    type Event<'a> = &'a [u8];

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _scratch: &'a mut [u8],
    ) -> Result<Received<&'a [u8]>, Error> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if self.unsent.len() >= UNSENT_BYTES_MAX {
            return Ok(Received::need_drain());
        }
        match input.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\n') {
            Some(at) => {
                self.offset += at as u64 + 1;
                Ok(Received::event(at + 1, &input[..=at]))
            }
            None if input.len() >= LINE_BYTES_MAX => Err(self.too_long()),
            // The driver keeps the part of a line and offers it again with what follows.
            None => Ok(Received::need_input(0)),
        }
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        self.ended = true;
        Ok(())
    }

    fn transmit(&mut self, out: &mut Buffer) {
        let len = self.unsent.len().min(out.free_len());
        if out.append(&self.unsent[..len]).is_ok() {
            self.unsent.drain(..len);
        }
    }

    fn wants(&self) -> Wants {
        let is_over = self.ended || self.error.is_some();
        if is_over && self.unsent.is_empty() { Wants::Close } else { Wants::Read }
    }

    fn idle_timeout(&self) -> Duration {
        IDLE_TIMEOUT
    }

    fn progress(&self) -> u64 {
        self.offset
    }

    fn memory(&self) -> usize {
        self.unsent.capacity()
    }
}

// The protocol ends here. The rest serves it.

#[derive(Default)]
struct Echo(Vec<u8>);

impl Application<Lines> for Echo {
    fn on_event(&mut self, line: &[u8]) -> Result<(), net::Error> {
        self.0.extend_from_slice(line);
        Ok(())
    }

    fn after_event(&mut self, session: &mut Lines) -> Result<(), net::Error> {
        session.send(&std::mem::take(&mut self.0));
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    let mut builder = ReactorBuilder::new()?;
    builder.stop_at_signals()?;
    let mut reactor = Reactor::new(builder, 1000, Limits::default());
    let listener = endpoint::listen(address.parse()?)?;
    println!("listening on {}", listener.local_addr()?);
    reactor.listen(listener, Box::new(accept))?;
    Ok(reactor.run()?)
}

fn accept(socket: TcpStream, _peer: SocketAddr) -> NewConnection {
    NewConnection::new(Stream::plain(socket), Lines::default(), Echo::default())
}
