//! A listener that takes no connection, so that whoever connects to it waits.

use socket2::{Domain, Socket, Type};
use std::net::SocketAddr;

/// The address of a socket that listens and takes no further connection, and what keeps it full.
pub fn full_listener() -> (String, Vec<Socket>) {
    let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let listener = socket();
    listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut kept = vec![listener];
    for _ in 0..4 {
        let client = socket();
        client.set_nonblocking(true).unwrap();
        // It is in progress.
        let _ = client.connect(&address);
        kept.push(client);
    }
    (address.as_socket().unwrap().to_string(), kept)
}
