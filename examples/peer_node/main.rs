//! A node of a peer-to-peer network: it serves a folder and fetches the files of its peers that it
//! does not have, both on one thread.
//!
//!     cargo run --example peer_node -- FOLDER_A 127.0.0.1:5571
//!     cargo run --example peer_node -- FOLDER_B 127.0.0.1:5572 127.0.0.1:5571
//!     cargo run --example peer_node -- FOLDER_C 127.0.0.1:5573 127.0.0.1:5572 127.0.0.1:5571
//!
//! What to look at: *client* and *server* are sides of a connection, not kinds of program. One
//! reactor drives both sessions, `Server` and `Client`, through the same trait. End the first node
//! before the third starts: the second still has its files. Any client can list them:
//! `wirewright ls 127.0.0.1:5573`.
//!
//! Missing, compared with BitTorrent: finding peers, fetching parts of one file from several peers,
//! and verifying a file against a digest that is known in advance.

mod host;
mod visitor;

use host::Host;
use std::path::Path;
use std::sync::Arc;
use visitor::Visitor;
use wirewright::net::Error;
use wirewright::net::connection::{Limits, NewConnection};
use wirewright::net::files::Root;
use wirewright::net::reactor::{Accept, Accepted, Reactor, ReactorBuilder};
use wirewright::net::transport::endpoint;
use wirewright::net::transport::stream::Stream;
use wirewright::transfer::{client::Client, server, server::Server};

/// How many connections a node holds at a time.
const CONNECTIONS_MAX: usize = 1000;

/// Accepts connections, each with a session of its own.
struct Acceptor(Root, Arc<server::Config>);

impl Acceptor {
    fn guest(&self, socket: mio::net::TcpStream) -> Option<NewConnection> {
        endpoint::tune(&socket).ok()?;
        let session = Server::new(self.1.clone(), &nonce().ok()?);
        let host = Host::new(self.0.clone());
        Some(NewConnection::new(Stream::plain(socket), session, host))
    }
}

impl Accept for Acceptor {
    fn accept(&mut self, socket: mio::net::TcpStream, _: std::net::SocketAddr) -> Accepted {
        self.guest(socket).into()
    }
}

/// 16 random bytes in hexadecimal: the nonce of a hello (PROTOCOL.md §8).
fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Connects to one peer, while the reactor serves others.
fn call(peer: &str, root: &Root, reactor: &mut Reactor) -> Result<(), getrandom::Error> {
    let session = Client::new(Default::default(), &nonce()?);
    let visitor = Visitor::new(root.clone(), peer);
    let named = peer.to_owned();
    reactor.open(peer, move |reactor, socket| {
        let added = socket.and_then(|socket| {
            let new = NewConnection::new(Stream::plain(socket), session, visitor);
            reactor.add(new).map_err(|error| Error::Io("starting", error))
        });
        // A peer that cannot be reached is not an error.
        if let Err(error) = added {
            println!("{named}: {error}");
        }
    });
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, address, peers @ ..] = &args[..] else {
        return Err("give a folder, ADDR:PORT to listen on, and peers".into());
    };
    let root = Root::open(Path::new(folder))?;

    let mut builder = ReactorBuilder::new()?;
    builder.stop_at_signals()?;
    let mut reactor = Reactor::new(builder, CONNECTIONS_MAX, Limits::default());
    let socket = endpoint::listen(address.parse()?)?;
    println!("listening on {}", socket.local_addr()?);
    reactor.listen(socket, Box::new(Acceptor(root.clone(), Arc::default())))?;

    for peer in peers {
        call(peer, &root, &mut reactor)?;
    }
    Ok(reactor.run()?)
}
