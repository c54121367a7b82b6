//! Names: every address is tried, and what is not reached is told.

use super::letters::{TAKEN, letter, named, sent};
use super::server::Server;
use std::net::TcpListener;
use wirewright::net::mail::check;
use wirewright::smtp::config::StartTls;

fn polite() -> Server {
    Server::start(|mut conn| {
        conn.open(&[]);
        conn.take_all();
    })
}

/// `localhost` may be `::1` as well, where nobody listens.
#[test]
fn one_address_of_two_is_dead() {
    let server = polite();
    let url = format!("smtp://localhost:{}", server.address().port());
    let mut options = named(&url);
    options.starttls = StartTls::Never;
    options.connections_max = 2;
    let (probe, why) = check(options.clone()).unwrap();
    assert!(why.is_none(), "{why:?}");
    assert_eq!(probe.address, Some(server.address()));
    assert_eq!(sent(options, vec![letter(1), letter(2)]), [TAKEN; 2]);
}

#[test]
fn nobody_is_reached() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut options = named(&format!("smtp://{address}"));
    options.starttls = StartTls::Never;
    options.connections_max = 3;
    let told = sent(options, (1..=5).map(letter).collect());
    let why = format!("later: unsent; no connection: {address}: connection refused");
    assert_eq!(told, [0; 5].map(|_| why.clone()));
}

#[test]
fn a_name_that_cannot_be() {
    let long = format!("smtp://{}invalid", "label.".repeat(50));
    let mut options = named(&long);
    options.starttls = StartTls::Never;
    let told = sent(options, vec![letter(1)]);
    assert!(told[0].starts_with("later: unsent; looking the name up: "), "{told:?}");
}
