//! Oracles of the two sessions: a client and a server joined in memory over a link that cuts,
//! stalls and delivers in pieces, and each of them alone against a hostile peer.
//!
//! ```text
//!   plan ─▶ ClientApp ─ Client ─ out ═══ link ═══▶ input ─ Server ─ ServerApp
//!                            input ◀══════════════ out
//! ```
//!
//! The input is a sequence of choices; when it ends, no further faults occur. In the end each
//! request has one answer, all files arrive with equal content, and none is skipped.

#[path = "pair/choices.rs"]
mod choices;
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

use choices::Choices;
use client::ClientApp;
use end::{End, deliver};
use plan::Plan;
use server::ServerApp;
use std::sync::Arc;
use wirewright::session::{Session, Wants};
use wirewright::transfer::client::Client;
use wirewright::transfer::server::Server;

/// The properties; the first bit chooses which.
pub fn check(data: &[u8]) {
    match data {
        [] => {}
        [how, rest @ ..] if how & 0x80 != 0 => hostile::check(*how, rest),
        _ => honest(&mut Choices::new(data)),
    }
}

/// Two honest peers over a bad link.
fn honest(choices: &mut Choices<'_>) {
    let plan = Plan::read(choices);
    let mut client = ClientApp::new(&plan);
    let mut server = ServerApp::new(&plan);
    let mut connections = 0;
    while !client.is_over() {
        connections += 1;
        (client, server) = connection(&plan, connections, client, server, choices);
    }
    client.check_end();
}

/// One connection, up to its end or to a cut.
fn connection(
    plan: &Plan,
    number: u32,
    client: ClientApp,
    server: ServerApp,
    choices: &mut Choices<'_>,
) -> (ClientApp, ServerApp) {
    let session = Client::new(plan.client.clone(), &format!("c{number:031x}"));
    let mut client = End::new(session, client, plan.client_out, plan.client_room);
    let session = Server::new(Arc::clone(&plan.server), &format!("5{number:031x}"));
    let mut server = End::new(session, server, plan.server_out, plan.server_room);
    while !choices.is_over() && !client.app.is_over() {
        if step(&mut client, &mut server, choices) {
            return cut(client, server, choices);
        }
    }
    let mut rounds_left = plan.rounds_max(server.app.bytes());
    while !client.app.is_over() || client.session.pending() > 0 {
        rounds_left = rounds_left.checked_sub(1).expect("it ends");
        round(&mut client, &mut server, choices);
    }
    close(client, server, choices)
}

/// Carries out one choice. True if the link is cut.
fn step(
    client: &mut End<ClientApp>,
    server: &mut End<ServerApp>,
    choices: &mut Choices<'_>,
) -> bool {
    match choices.below(16) {
        1 => client.turn(choices),
        2 => server.turn(choices),
        3 | 4 => {
            deliver(&mut client.out, &mut server.input, choices.amount());
            server.turn(choices);
        }
        5 | 6 => {
            deliver(&mut server.out, &mut client.input, choices.amount());
            client.turn(choices);
        }
        7 => client.app.cancel(&mut client.session, choices),
        8 => server.app.change(&mut server.session, choices),
        9 => server.app.fail(&mut server.session),
        10 => server.app.hold = choices.below(8),
        11 => client.app.hold = choices.below(8),
        12 => return true,
        13 => {
            for _ in 0..choices.below(24) {
                deliver(&mut client.out, &mut server.input, 1);
                server.turn(choices);
                deliver(&mut server.out, &mut client.input, 1);
                client.turn(choices);
            }
        }
        _ => round(client, server, choices),
    }
    false
}

/// Drives both sides once, and delivers all their output.
fn round(client: &mut End<ClientApp>, server: &mut End<ServerApp>, choices: &mut Choices<'_>) {
    client.turn(choices);
    deliver(&mut client.out, &mut server.input, usize::MAX);
    server.turn(choices);
    deliver(&mut server.out, &mut client.input, usize::MAX);
}

/// Cuts the link at some byte in each direction; the sides may see the end of the stream or not.
fn cut(
    mut client: End<ClientApp>,
    mut server: End<ServerApp>,
    choices: &mut Choices<'_>,
) -> (ClientApp, ServerApp) {
    let told = choices.below(4);
    if told & 1 != 0 {
        deliver(&mut server.out, &mut client.input, choices.amount());
        client.turn(choices);
        let answered = client.session.pending() == 0;
        assert!(answered || client.eof().is_err(), "something was still to come");
    }
    if told & 2 != 0 {
        deliver(&mut client.out, &mut server.input, choices.amount());
        server.turn(choices);
        let was_receiving = server.app.is_receiving();
        let ended = server.eof();
        assert!(!server.app.is_receiving(), "nothing more can come");
        assert!(
            !was_receiving || ended.is_err() || !server.session.is_idle(),
            "the loss of a put is reported"
        );
    }
    client.app.lose(choices);
    server.app.lose(choices);
    (client.app, server.app)
}

/// All requests are answered: both sides close.
fn close(
    mut client: End<ClientApp>,
    mut server: End<ServerApp>,
    choices: &mut Choices<'_>,
) -> (ClientApp, ServerApp) {
    round(&mut client, &mut server, choices);
    client.session.end();
    assert_eq!(client.session.wants(), Wants::Close);
    client.turn(choices);
    deliver(&mut client.out, &mut server.input, usize::MAX);
    server.turn(choices);
    assert!(server.session.is_idle(), "nothing is left to answer");
    assert_eq!(server.session.wants(), Wants::Read);
    for eof in [server.eof(), client.eof()] {
        assert_eq!(eof, Ok(()), "an end between frames");
    }
    assert_eq!(server.session.wants(), Wants::Close);
    assert!(client.out.is_empty() && server.out.is_empty() && client.input.is_empty());
    (client.app, server.app)
}
