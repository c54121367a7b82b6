//! Raw bytes through the product's reactor and driver: the cost of the event loop without a
//! protocol.
//!
//! ```text
//!   block ─ copied ─▶ out ─ driver ─▶ socket ─▶ driver ─▶ receive ─▶ dropped
//! ```

use super::bytes::piece;
use super::rung::{Moved, Transfer};
use super::running::Running;
use super::{said, sides};
use mio::net::{TcpListener, TcpStream};
use std::cell::RefCell;
use std::io;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use wirewright::buffer::Buffer;
use wirewright::error::Error as Fault;
use wirewright::net::Error;
use wirewright::net::connection::{Application, Limits, NewConnection, Turn};
use wirewright::net::files::SinkFn;
use wirewright::net::reactor::{Reactor, ReactorBuilder};
use wirewright::net::transport::endpoint;
use wirewright::net::transport::stream::Stream;
use wirewright::session::{Received, Session, Wants};

/// How long either side waits for the other.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A session without a protocol: every byte that is received is an event, and the application
/// writes to the output itself.
pub struct Raw {
    wants: Wants,
    progress: u64,
}

impl Raw {
    fn new(wants: Wants) -> Raw {
        Raw { wants, progress: 0 }
    }
}

impl Session for Raw {
    type Event<'a> = &'a [u8];

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _scratch: &'a mut [u8],
    ) -> Result<Received<&'a [u8]>, Fault> {
        self.progress += input.len() as u64;
        match input {
            [] => Ok(Received::need_input(0)),
            input => Ok(Received::event(input.len(), input)),
        }
    }

    fn receive_eof(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn transmit(&mut self, _out: &mut Buffer) {}

    fn wants(&self) -> Wants {
        self.wants
    }

    fn idle_timeout(&self) -> Duration {
        IDLE_TIMEOUT
    }

    fn progress(&self) -> u64 {
        self.progress
    }

    fn is_receiving(&self) -> bool {
        self.wants == Wants::Read
    }
}

/// Sends `size` bytes of a repeated block.
struct Flood {
    block: Arc<[u8]>,
    sent: u64,
    size: u64,
}

impl Application<Raw> for Flood {
    fn on_event(&mut self, _bytes: &[u8]) -> Result<(), Error> {
        Ok(())
    }

    fn poll(&mut self, raw: &mut Raw, out: &mut Buffer, _: &mut [u8]) -> Result<Turn, Error> {
        let bytes = piece(&self.block, self.sent, out.free_tail_len(), self.size);
        out.append(bytes)?;
        self.sent += bytes.len() as u64;
        raw.progress += 1;
        if self.sent == self.size {
            raw.wants = Wants::Close;
        }
        Ok(Turn::Done)
    }
}

/// The outcome of a [`Drain`].
#[derive(Default)]
struct Drained {
    bytes: u64,
    error: Option<Error>,
}

/// Receives `size` bytes, which go to `sink`.
struct Drain {
    sink: SinkFn,
    came: u64,
    size: u64,
    outcome: Rc<RefCell<Drained>>,
}

impl Application<Raw> for Drain {
    fn on_event(&mut self, bytes: &[u8]) -> Result<(), Error> {
        (self.sink)(self.came, bytes);
        self.came += bytes.len() as u64;
        Ok(())
    }

    fn after_event(&mut self, raw: &mut Raw) -> Result<(), Error> {
        if self.came >= self.size {
            raw.wants = Wants::Close;
        }
        Ok(())
    }

    /// The caller notices that too few bytes were received.
    fn on_eof(&mut self, raw: &mut Raw) -> Result<(), Error> {
        raw.wants = Wants::Close;
        Ok(())
    }

    fn closed(&mut self, _raw: &mut Raw, outcome: Result<(), Error>) {
        *self.outcome.borrow_mut() = Drained { bytes: self.came, error: outcome.err() };
    }
}

/// A reactor on a thread of its own, with a session and an application of `make` for every
/// connection.
pub fn serve<S, A, F>(make: F) -> Result<Running, String>
where
    S: Session + 'static,
    A: Application<S> + 'static,
    F: FnMut() -> (S, A) + Send + 'static,
{
    let socket = endpoint::listen((Ipv4Addr::LOCALHOST, 0).into()).map_err(said)?;
    let address = socket.local_addr().map_err(said)?.to_string();
    let builder = ReactorBuilder::new().map_err(said)?;
    let stop = builder.stop_handle();
    Running::spawn(address, stop, move || {
        // The client sees a failure of this side.
        let _ = accept_all(builder, socket, make);
    })
}

/// Accepts connections on this thread until the reactor is stopped.
pub fn accept_all<S, A, F>(
    builder: ReactorBuilder,
    socket: TcpListener,
    mut make: F,
) -> io::Result<()>
where
    S: Session + 'static,
    A: Application<S> + 'static,
    F: FnMut() -> (S, A) + 'static,
{
    let mut reactor = Reactor::new(builder, usize::MAX, Limits::default());
    reactor.set_grace(Duration::ZERO);
    let accept = move |socket: TcpStream, _| {
        endpoint::tune(&socket).ok()?;
        let (session, application) = make();
        Some(NewConnection::new(Stream::plain(socket), session, application))
    };
    reactor.listen(socket, Box::new(accept))?;
    reactor.run()
}

fn flood(block: &Arc<[u8]>, size: u64) -> (Raw, Flood) {
    (Raw::new(Wants::Payload), Flood { block: block.clone(), sent: 0, size })
}

/// Receives `size` bytes from a server, which go to `sink`.
fn drain(server: &Running, size: u64, sink: SinkFn) -> Result<Moved, String> {
    let outcome = Rc::new(RefCell::new(Drained::default()));
    let mut reactor =
        Reactor::new(ReactorBuilder::new().map_err(said)?, usize::MAX, Limits::default());
    let drain = Drain { sink, came: 0, size, outcome: outcome.clone() };
    let left = outcome.clone();
    reactor.open(&server.endpoint, move |reactor, socket| {
        let added = socket.and_then(|socket| {
            let new = NewConnection::new(Stream::plain(socket), Raw::new(Wants::Read), drain);
            reactor.add(new).map_err(|error| Error::Io("starting", error))
        });
        left.borrow_mut().error = added.err();
    });
    reactor.run().map_err(said)?;
    let Drained { bytes, error } = outcome.take();
    match error {
        Some(error) => Err(said(error)),
        None if bytes != size => Err(format!("{bytes} of {size} bytes were received")),
        None => Ok(Moved { bytes, sender: sides::servers() }),
    }
}

pub fn run(transfer: &Transfer<'_>) -> Result<Moved, String> {
    let (block, size) = (transfer.block.clone(), transfer.size);
    let server = serve(move || flood(&block, size))?;
    drain(&server, size, transfer.sink())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::bytes::discard;

    #[test]
    fn too_few_bytes_are_an_error() {
        let block: Arc<[u8]> = Arc::from([1; 10]);
        let server = serve(move || flood(&block, 9)).unwrap();
        assert_eq!(drain(&server, 9, discard()).unwrap().bytes, 9);
        assert!(drain(&server, 10, discard()).is_err());
    }
}
