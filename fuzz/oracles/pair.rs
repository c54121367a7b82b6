//! Oracles of the two sessions: a client and a server joined in memory over a link that cuts,
//! stalls and delivers in pieces, and each of them alone against a hostile peer.
//!
//! ```text
//!   plan ─▶ ClientApp ─ Client ─ out ═══ link ═══▶ input ─ Server ─ ServerApp
//!                            input ◀══════════════ out
//! ```
//!
//! The input is a tape of decisions; where it ends, everything goes well. Then, and whatever
//! happened before: all that was asked is answered once, all files arrive equal, nothing is
//! skipped.

#[path = "pair/client.rs"]
mod client;
#[path = "pair/content.rs"]
mod content;
#[path = "pair/end.rs"]
mod end;
#[path = "pair/greeting.rs"]
mod greeting;
#[path = "pair/hostile.rs"]
mod hostile;
#[path = "pair/plan.rs"]
mod plan;
#[path = "pair/server.rs"]
mod server;
#[path = "pair/tape.rs"]
mod tape;

use client::ClientApp;
use end::{End, deliver};
use plan::Plan;
use server::ServerApp;
use std::sync::Arc;
use tape::Tape;
use wirewright::session::{Session, Wants};
use wirewright::transfer::client::Client;
use wirewright::transfer::server::Server;

/// The properties; the first bit chooses which.
pub fn check(data: &[u8]) {
    match data {
        [] => {}
        [how, rest @ ..] if how & 0x80 != 0 => hostile::check(*how, rest),
        _ => honest(&mut Tape::new(data)),
    }
}

/// Two honest peers over a bad link.
fn honest(tape: &mut Tape<'_>) {
    let plan = Plan::read(tape);
    let mut client = ClientApp::new(&plan);
    let mut server = ServerApp::new(&plan);
    let mut connections = 0;
    while !client.is_over() {
        connections += 1;
        (client, server) = connection(&plan, connections, client, server, tape);
    }
    client.check_end();
}

/// One connection, up to its end or to a cut.
fn connection(
    plan: &Plan,
    number: u32,
    client: ClientApp,
    server: ServerApp,
    tape: &mut Tape<'_>,
) -> (ClientApp, ServerApp) {
    let session = Client::new(plan.client.clone(), &format!("c{number:031x}"));
    let mut client = End::new(session, client, plan.client_out, plan.client_room);
    let session = Server::new(Arc::clone(&plan.server), &format!("5{number:031x}"));
    let mut server = End::new(session, server, plan.server_out, plan.server_room);
    while !tape.is_over() && !client.app.is_over() {
        if step(&mut client, &mut server, tape) {
            return cut(client, server, tape);
        }
    }
    let mut rounds_left = plan.rounds_max(server.app.bytes());
    while !client.app.is_over() || client.session.pending() > 0 {
        rounds_left = rounds_left.checked_sub(1).expect("it ends");
        round(&mut client, &mut server, tape);
    }
    close(client, server, tape)
}

/// One decision. Gives true if the link is cut.
fn step(client: &mut End<ClientApp>, server: &mut End<ServerApp>, tape: &mut Tape<'_>) -> bool {
    match tape.below(16) {
        1 => client.turn(tape),
        2 => server.turn(tape),
        3 | 4 => {
            deliver(&mut client.out, &mut server.input, tape.amount());
            server.turn(tape);
        }
        5 | 6 => {
            deliver(&mut server.out, &mut client.input, tape.amount());
            client.turn(tape);
        }
        7 => client.app.cancel(&mut client.session, tape),
        8 => server.app.change(&mut server.session, tape),
        9 => server.app.fail(&mut server.session),
        10 => server.app.hold = tape.below(8),
        11 => client.app.hold = tape.below(8),
        12 => return true,
        13 => {
            for _ in 0..tape.below(24) {
                deliver(&mut client.out, &mut server.input, 1);
                server.turn(tape);
                deliver(&mut server.out, &mut client.input, 1);
                client.turn(tape);
            }
        }
        _ => round(client, server, tape),
    }
    false
}

/// Both sides have a turn, and all they said arrives.
fn round(client: &mut End<ClientApp>, server: &mut End<ServerApp>, tape: &mut Tape<'_>) {
    client.turn(tape);
    deliver(&mut client.out, &mut server.input, usize::MAX);
    server.turn(tape);
    deliver(&mut server.out, &mut client.input, usize::MAX);
}

/// The link breaks at some byte in each direction; the sides may be told or not.
fn cut(
    mut client: End<ClientApp>,
    mut server: End<ServerApp>,
    tape: &mut Tape<'_>,
) -> (ClientApp, ServerApp) {
    let told = tape.below(4);
    if told & 1 != 0 {
        deliver(&mut server.out, &mut client.input, tape.amount());
        client.turn(tape);
        let answered = client.session.pending() == 0;
        assert!(answered || client.eof().is_err(), "something was still to come");
    }
    if told & 2 != 0 {
        deliver(&mut client.out, &mut server.input, tape.amount());
        server.turn(tape);
        let was_receiving = server.app.is_receiving();
        let ended = server.eof();
        assert!(!server.app.is_receiving(), "nothing more can come");
        assert!(!was_receiving || ended.is_err() || !server.session.is_idle(), "it is told");
    }
    client.app.lose(tape);
    server.app.lose(tape);
    (client.app, server.app)
}

/// All was answered: both sides part in peace.
fn close(
    mut client: End<ClientApp>,
    mut server: End<ServerApp>,
    tape: &mut Tape<'_>,
) -> (ClientApp, ServerApp) {
    round(&mut client, &mut server, tape);
    client.session.end();
    assert_eq!(client.session.wants(), Wants::Close);
    client.turn(tape);
    deliver(&mut client.out, &mut server.input, usize::MAX);
    server.turn(tape);
    assert!(server.session.is_idle(), "nothing is left to answer");
    assert_eq!(server.session.wants(), Wants::Read);
    for eof in [server.eof(), client.eof()] {
        assert_eq!(eof, Ok(()), "an end between frames");
    }
    assert_eq!(server.session.wants(), Wants::Close);
    assert!(client.out.is_empty() && server.out.is_empty() && client.input.is_empty());
    (client.app, server.app)
}
