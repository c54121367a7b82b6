//! Raw bytes through the product's own reactor and pump: what the event loop costs, without a
//! protocol.
//!
//! ```text
//!   block ─ copied ─▶ out ─ pump ─▶ socket ─▶ pump ─▶ receive ─▶ dropped
//! ```

use super::bytes::{is_block, piece, verdict};
use super::rung::Moved;
use super::running::Running;
use super::setup::Setup;
use super::{said, sides};
use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use wirewright::buffer::Buffer;
use wirewright::net::Error;
use wirewright::net::connection::{Conversation, Limits, Turn};
use wirewright::net::reactor::{Guest, Reactor, Seat, Welcome, Welcomed};
use wirewright::net::transport::endpoint;
use wirewright::net::transport::stream::Stream;
use wirewright::session::Wants;

/// How long a side may wait for the other.
const PATIENCE: Duration = Duration::from_secs(30);

/// What sends, reduced to what is its own.
pub trait Spring {
    /// Hears what the peer says, all of it where it means nothing.
    ///
    /// # Errors
    /// Ends the connection.
    fn hear(&mut self, input: &[u8], _room: &mut [u8]) -> Result<usize, Error> {
        Ok(input.len())
    }

    /// Appends what there is room for.
    ///
    /// # Errors
    /// As [`hear`](Spring::hear).
    fn pour(&mut self, out: &mut Buffer) -> Result<(), Error>;

    /// Whether all was sent.
    fn is_dry(&self) -> bool;
}

/// A spring as the pump drives it.
pub struct Pouring<S> {
    pub spring: S,
    /// How often it was asked.
    pub steps: u64,
}

impl<S: Spring> Conversation for Pouring<S> {
    fn receive(&mut self, input: &[u8], room: &mut [u8]) -> Result<usize, Error> {
        self.spring.hear(input, room)
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn transmit(&mut self, out: &mut Buffer, _: &mut [u8]) -> Result<Turn, Error> {
        self.steps += 1;
        self.spring.pour(out)?;
        Ok(Turn::Done)
    }

    fn wants(&self) -> Wants {
        if self.spring.is_dry() { Wants::Close } else { Wants::Payload }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn progress(&self) -> u64 {
        self.steps
    }

    fn memory(&self) -> usize {
        0
    }

    fn waits_for(&self) -> &'static str {
        "room in the socket"
    }

    fn closed(&mut self, _: Result<(), Error>) {}
}

/// Sends bytes of a block again and again.
struct Flood {
    block: Arc<[u8]>,
    sent: u64,
    size: u64,
}

impl Spring for Flood {
    fn pour(&mut self, out: &mut Buffer) -> Result<(), Error> {
        let bytes = piece(&self.block, self.sent, out.tail_room(), self.size);
        out.append(bytes)?;
        self.sent += bytes.len() as u64;
        Ok(())
    }

    fn is_dry(&self) -> bool {
        self.sent == self.size
    }
}

/// What a drain has to say when it is over.
#[derive(Default)]
struct Drained {
    bytes: u64,
    error: Option<Error>,
}

/// Is shown what arrives: offset, bytes.
type Show = Box<dyn FnMut(u64, &[u8])>;

/// Takes `size` bytes and shows them to `seen`.
struct Drain {
    seen: Show,
    came: u64,
    size: u64,
    outcome: Rc<RefCell<Drained>>,
}

impl Conversation for Drain {
    fn receive(&mut self, input: &[u8], _: &mut [u8]) -> Result<usize, Error> {
        (self.seen)(self.came, input);
        self.came += input.len() as u64;
        Ok(input.len())
    }

    /// Too few bytes are noticed when it is over.
    fn receive_eof(&mut self) -> Result<(), Error> {
        self.size = self.came;
        Ok(())
    }

    fn transmit(&mut self, _: &mut Buffer, _: &mut [u8]) -> Result<Turn, Error> {
        Ok(Turn::Done)
    }

    fn wants(&self) -> Wants {
        if self.came < self.size { Wants::Read } else { Wants::Close }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn progress(&self) -> u64 {
        self.came
    }

    fn is_receiving(&self) -> bool {
        true
    }

    fn memory(&self) -> usize {
        0
    }

    fn waits_for(&self) -> &'static str {
        "bytes"
    }

    fn wind_down(&mut self) {
        self.size = self.came;
    }

    fn closed(&mut self, outcome: Result<(), Error>) {
        *self.outcome.borrow_mut() = Drained { bytes: self.came, error: outcome.err() };
    }
}

/// Makes a spring for whoever comes.
struct Door<F>(F);

impl<S: Spring + 'static, F: FnMut() -> Result<S, Error>> Door<F> {
    fn guest(&mut self, socket: mio::net::TcpStream) -> Option<Guest> {
        endpoint::tune(&socket).ok()?;
        let conversation = Box::new(Pouring { spring: (self.0)().ok()?, steps: 0 });
        Some(Guest { stream: Stream::plain(socket), conversation, tap: None })
    }
}

impl<S: Spring + 'static, F: FnMut() -> Result<S, Error>> Welcome for Door<F> {
    fn welcome(&mut self, socket: mio::net::TcpStream, _: SocketAddr) -> Welcomed {
        self.guest(socket).into()
    }
}

/// A reactor on a thread of its own, with a spring of `make` for whoever comes.
pub fn serve<S, F>(make: F) -> Result<Running, String>
where
    S: Spring + 'static,
    F: FnMut() -> Result<S, Error> + Send + 'static,
{
    let socket = endpoint::listen((Ipv4Addr::LOCALHOST, 0).into()).map_err(said)?;
    let address = socket.local_addr().map_err(said)?.to_string();
    let seat = Seat::new().map_err(said)?;
    let stopper = seat.stopper();
    Running::spawn(address, stopper, move || {
        let mut reactor = Reactor::new(seat, usize::MAX, Limits::default());
        reactor.set_grace(Duration::ZERO);
        // What goes wrong there is seen by the client.
        if reactor.listen(socket, Box::new(Door(make))).is_ok() {
            let _ = reactor.run();
        }
    })
}

/// Moves `size` bytes of a block; what arrives goes to `seen`.
fn move_raw(block: &Arc<[u8]>, size: u64, seen: Show) -> Result<Moved, String> {
    let block = block.clone();
    let server = serve(move || Ok(Flood { block: block.clone(), sent: 0, size }))?;
    drain(&server, size, seen)
}

/// Takes `size` bytes from a server, and shows them to `seen`.
fn drain(server: &Running, size: u64, seen: Show) -> Result<Moved, String> {
    let outcome = Rc::new(RefCell::new(Drained::default()));
    let mut reactor = Reactor::new(Seat::new().map_err(said)?, usize::MAX, Limits::default());
    let addresses = endpoint::resolve(&server.endpoint).map_err(said)?;
    let stream = Stream::plain(endpoint::connect(&addresses, None).map_err(said)?);
    let conversation = Box::new(Drain { seen, came: 0, size, outcome: outcome.clone() });
    reactor.add(Guest { stream, conversation, tap: None }).map_err(said)?;
    reactor.run().map_err(said)?;
    let Drained { bytes, error } = outcome.take();
    match error {
        Some(error) => Err(said(error)),
        None if bytes != size => Err(format!("{bytes} bytes came of {size}")),
        None => Ok(Moved { bytes, sender: sides::servers() }),
    }
}

pub fn run(setup: &Setup) -> Result<Moved, String> {
    let seen = |_, bytes: &[u8]| {
        std::hint::black_box(bytes);
    };
    move_raw(&setup.block, setup.size, Box::new(seen))
}

pub fn check(setup: &Setup) -> Result<(), String> {
    check_of(&setup.block, &setup.block)
}

fn check_of(sent: &Arc<[u8]>, expected: &Arc<[u8]>) -> Result<(), String> {
    let right = Rc::new(RefCell::new(true));
    let (notes, expected) = (right.clone(), expected.clone());
    let seen =
        move |offset, bytes: &[u8]| *notes.borrow_mut() &= is_block(&expected, offset, bytes);
    move_raw(sent, sent.len() as u64 + 7, Box::new(seen))?;
    verdict(right.take())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::setup::tests::small;

    #[test]
    fn other_bytes_are_noticed() {
        let setup = small();
        assert_eq!(check(&setup), Ok(()));
        assert!(check_of(setup.constant(), &setup.block).is_err());
    }

    #[test]
    fn too_few_bytes_are_an_error() {
        let block: Arc<[u8]> = Arc::from([1; 10]);
        let server = serve(move || Ok(Flood { block: block.clone(), sent: 0, size: 9 })).unwrap();
        assert_eq!(drain(&server, 9, Box::new(|_, _| ())).unwrap().bytes, 9);
        assert!(drain(&server, 10, Box::new(|_, _| ())).is_err());
    }
}
