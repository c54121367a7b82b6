//! What a turn costs: an application that always has more to say does not keep the others waiting.

use super::*;
use crate::session::Received;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

/// A session without a protocol.
struct Chatterbox;

impl Session for Chatterbox {
    type Event<'a> = ();

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _: &'a mut [u8],
    ) -> Result<Received<()>, crate::error::Error> {
        Ok(Received::need_input(input.len()))
    }

    fn receive_eof(&mut self) -> Result<(), crate::error::Error> {
        Ok(())
    }

    fn transmit(&mut self, _: &mut Buffer) {}

    fn wants(&self) -> Wants {
        Wants::Read
    }

    fn idle_timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn progress(&self) -> u64 {
        0
    }
}

/// Says one byte a turn, and always has more.
struct Chatting(Rc<Cell<usize>>);

impl Application<Chatterbox> for Chatting {
    fn on_event(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }

    fn poll(&mut self, _: &mut Chatterbox, out: &mut Buffer, _: &mut [u8]) -> Result<Turn, Error> {
        self.0.set(self.0.get() + 1);
        out.append(b"x")?;
        Ok(Turn::Done)
    }

    fn has_more(&self, _: &Chatterbox) -> bool {
        true
    }
}

#[test]
fn turns_that_move_little_use_the_budget_up_all_the_same() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let stream = Stream::plain(mio::net::TcpStream::from_std(socket));
    stream.ready().writable.set(true);
    let turns = Rc::<Cell<usize>>::default();
    let now = Instant::now();
    let new = NewConnection::new(stream, Chatterbox, Chatting(turns.clone()));
    let mut connection = Connection::new(new, now);
    let limits = Limits::default();
    let mut shared = Shared::new(limits);
    assert_eq!(connection.drive(&mut shared, now), Verdict::Again);
    assert_eq!(turns.get(), limits.wake_bytes_budget / TURN_COST);
    // With many others a turn is due to them sooner.
    (shared.busy, _) = (1000, turns.replace(0));
    assert_eq!(connection.drive(&mut shared, now), Verdict::Again);
    assert_eq!(turns.get(), (256 << 10) / TURN_COST);
}
