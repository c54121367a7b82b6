//! What a turn costs: an application that always has more to say does not keep the others waiting.

use super::*;
use crate::session::Received;
use std::cell::{Cell, RefCell};
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

/// Consumes whole lines only, and leaves a part of a line over.
#[derive(Default)]
struct WholeLines {
    lines: Vec<Vec<u8>>,
    ended: bool,
}

impl Session for WholeLines {
    type Event<'a> = ();

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _: &'a mut [u8],
    ) -> Result<Received<()>, crate::error::Error> {
        let end = input.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.lines.extend((end > 0).then(|| input[..end].to_vec()));
        Ok(Received::need_input(end))
    }

    fn receive_eof(&mut self) -> Result<(), crate::error::Error> {
        self.ended = true;
        Ok(())
    }

    fn transmit(&mut self, _: &mut Buffer) {}

    fn wants(&self) -> Wants {
        if self.ended { Wants::Done } else { Wants::Read }
    }

    fn idle_timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn progress(&self) -> u64 {
        self.lines.len() as u64
    }
}

type Lines = Result<Vec<Vec<u8>>, Error>;

/// Keeps what the session has when the connection ends.
struct Keeping(Rc<RefCell<Option<Lines>>>);

impl Application<WholeLines> for Keeping {
    fn on_event(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }

    fn closed(&mut self, session: &mut WholeLines, outcome: Result<(), Error>) {
        let lines = std::mem::take(&mut session.lines);
        *self.0.borrow_mut() = Some(outcome.map(|()| lines));
    }
}

/// What comes of pieces that are sent one after the other.
fn lines_of(pieces: &[&[u8]], limits: Limits) -> Lines {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    peer.set_nodelay(true).unwrap();
    let (socket, _) = listener.accept().unwrap();
    socket.set_nonblocking(true).unwrap();
    let watched = socket.try_clone().unwrap();
    let stream = Stream::plain(mio::net::TcpStream::from_std(socket));
    let kept = Rc::default();
    let new = NewConnection::new(stream, WholeLines::default(), Keeping(Rc::clone(&kept)));
    let mut connection = Connection::new(new, Instant::now());
    let mut shared = Shared::new(limits);
    let mut drive = |connection: &mut Connection| {
        connection.stream().ready().readable.set(true);
        connection.stream().ready().writable.set(true);
        connection.drive(&mut shared, Instant::now())
    };
    for piece in pieces {
        peer.write_all(piece).unwrap();
        // On loopback the bytes are there when the write has returned.
        assert!(watched.peek(&mut [0]).unwrap() > 0);
        if drive(&mut connection) == Verdict::Closed {
            break;
        }
    }
    drop(peer);
    for _ in 0..3 {
        if drive(&mut connection) == Verdict::Closed {
            break;
        }
    }
    connection.close(&mut shared);
    kept.take().unwrap()
}

#[test]
fn a_part_of_a_message_is_offered_again_with_what_follows() {
    let lines = |pieces: &[&[u8]]| lines_of(pieces, Limits::default()).unwrap();
    let whole: [&[u8]; 2] = [b"one\n", b"two\n"];
    assert_eq!(lines(&[b"one\ntwo\n"]), whole);
    assert_eq!(lines(&[b"o", b"n", b"e", b"\nt", b"wo\n"]), whole);
    for cut in 1..8 {
        let (head, tail) = b"one\ntwo\n".split_at(cut);
        assert_eq!(lines(&[head, tail]), whole, "{cut}");
        assert_eq!(lines(&[head, tail, b"rest"]), whole, "{cut}");
    }
}

#[test]
fn what_a_session_leaves_over_is_bounded() {
    let limits = Limits { leftover_bytes_max: 8, ..Limits::default() };
    for (len, is_right) in [(7, true), (8, true), (9, false)] {
        let line = [vec![b'x'; len - 1], vec![b'\n']].concat();
        let came = lines_of(&[&line[..3], &line[3..]], limits);
        match is_right {
            true => assert_eq!(came.unwrap(), [line]),
            false => assert!(matches!(came, Err(Error::Session(_))), "{came:?}"),
        }
    }
}

/// What it hears is a refusal.
struct Refusing;

impl Session for Refusing {
    type Event<'a> = ();

    fn receive<'a>(
        &'a mut self,
        input: &'a [u8],
        _: &'a mut [u8],
    ) -> Result<Received<()>, crate::error::Error> {
        match input {
            [] => Ok(Received::need_input(0)),
            text => Err(crate::error::Error::Refused {
                code: crate::text::PeerText::from("421").keep(),
                text: crate::text::PeerText::from(str::from_utf8(text).unwrap()).keep(),
            }),
        }
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

/// Between the read and the write of its turn the peer refuses and resets the connection.
struct Interrupting {
    peer: Option<std::net::TcpStream>,
    outcome: Rc<RefCell<Option<Result<(), Error>>>>,
}

impl Application<Refusing> for Interrupting {
    fn on_event(&mut self, (): ()) -> Result<(), Error> {
        Ok(())
    }

    fn poll(&mut self, _: &mut Refusing, out: &mut Buffer, _: &mut [u8]) -> Result<Turn, Error> {
        use std::io::Write;
        if let Some(mut peer) = self.peer.take() {
            peer.write_all(b"closing").unwrap();
            socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
        }
        out.append(b"x")?;
        Ok(Turn::Done)
    }

    fn closed(&mut self, _: &mut Refusing, outcome: Result<(), Error>) {
        *self.outcome.borrow_mut() = Some(outcome);
    }
}

/// The reset makes the write fail; what was said before it is still read.
#[test]
fn a_refusal_that_no_event_has_told_of_is_heard_when_a_write_fails() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let peer = Some(listener.accept().unwrap().0);
    socket.set_nonblocking(true).unwrap();
    let stream = Stream::plain(mio::net::TcpStream::from_std(socket));
    let outcome = Rc::default();
    let application = Interrupting { peer, outcome: Rc::clone(&outcome) };
    let mut connection =
        Connection::new(NewConnection::new(stream, Refusing, application), Instant::now());
    let mut shared = Shared::new(Limits::default());
    connection.stream().ready().readable.set(false);
    connection.stream().ready().writable.set(true);
    while connection.drive(&mut shared, Instant::now()) != Verdict::Closed {}
    connection.close(&mut shared);
    let error = outcome.take().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "refused: 421: closing");
}
