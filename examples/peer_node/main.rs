//! A node of a network without a centre: it serves a folder, and fetches what its peers have and
//! it has not. Both at once, on one thread.
//!
//!     cargo run --example peer_node -- FOLDER_A 127.0.0.1:5571
//!     cargo run --example peer_node -- FOLDER_B 127.0.0.1:5572 127.0.0.1:5571
//!     cargo run --example peer_node -- FOLDER_C 127.0.0.1:5573 127.0.0.1:5572 127.0.0.1:5571
//!
//! What to look at: *client* and *server* are sides of a connection, not kinds of program. Here are
//! both sessions, `Server` and `Client`, and one reactor that drives them: it asks all of them the
//! same questions and does not know which is which. End the first node before the third comes: its
//! files are still there. Any client reads them: `wirewright ls 127.0.0.1:5573`.
//!
//! What is missing to a BitTorrent: to find peers, to ask several for parts of one file, and to
//! hold against a digest that was known before what a peer sends with its own.

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

/// Lets guests in: each is given a session of its own.
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

/// 16 random bytes: what a token is proved over, where there is one.
fn nonce() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Visits one peer, while the reactor serves others.
fn call(peer: &str, root: &Root, reactor: &mut Reactor) -> Result<(), getrandom::Error> {
    let session = Client::new(Default::default(), &nonce()?);
    let visitor = Visitor::new(root.clone(), peer);
    let named = peer.to_owned();
    reactor.open(peer, move |reactor, socket| {
        let added = socket.and_then(|socket| {
            let new = NewConnection::new(Stream::plain(socket), session, visitor);
            reactor.add(new).map_err(|error| Error::Io("starting", error))
        });
        // A peer that is not there is an ordinary thing in such a network.
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
