//! What a turn costs: a conversation that always has more to say does not keep the others waiting.

use super::*;
use std::time::Duration;

/// Says one byte a turn, and always has more.
struct Chatterbox {
    turns: std::rc::Rc<std::cell::Cell<usize>>,
}

impl Conversation for Chatterbox {
    fn receive(&mut self, input: &[u8], _: &mut [u8]) -> Result<usize, Error> {
        Ok(input.len())
    }

    fn receive_eof(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn transmit(&mut self, out: &mut Buffer, _: &mut [u8]) -> Result<Turn, Error> {
        self.turns.set(self.turns.get() + 1);
        out.append(b"x")?;
        Ok(Turn::Done)
    }

    fn wants(&self) -> Wants {
        Wants::Read
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn progress(&self) -> u64 {
        0
    }

    fn has_more(&self) -> bool {
        true
    }

    fn memory(&self) -> usize {
        0
    }

    fn waits_for(&self) -> &'static str {
        "nothing"
    }

    fn closed(&mut self, _: Result<(), Error>) {}
}

#[test]
fn turns_that_move_little_use_the_budget_up_all_the_same() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    socket.set_nonblocking(true).unwrap();
    let stream = Stream::plain(mio::net::TcpStream::from_std(socket));
    stream.ready().writable.set(true);
    let turns = std::rc::Rc::default();
    let conversation = Box::new(Chatterbox { turns: std::rc::Rc::clone(&turns) });
    let now = Instant::now();
    let mut connection = Connection::new(stream, conversation, None, now);
    let limits = Limits::default();
    let mut shared = Shared::new(limits);
    assert_eq!(connection.drive(&mut shared, now), Verdict::Again);
    assert_eq!(turns.get(), limits.wake_bytes_budget / TURN_COST);
    // With many others a turn is due to them sooner.
    (shared.busy, _) = (1000, turns.replace(0));
    assert_eq!(connection.drive(&mut shared, now), Verdict::Again);
    assert_eq!(turns.get(), (256 << 10) / TURN_COST);
}
