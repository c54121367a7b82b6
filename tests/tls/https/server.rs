//! A server of HTTP over TLS, a proxy that opens tunnels, and a client that trusts the server.

use crate::authority::Authority;
use native_tls::{Identity, TlsAcceptor, TlsStream};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use wirewright::http::url::Url;
use wirewright::net::http::{Answer, Client, Fetch, Options};
use wirewright::net::transport::tls::ClientTls;
use wirewright::net::{Failure, RunOptions};

/// Whoever waits longer than this has lost.
const SILENCE: Duration = Duration::from_secs(60);

/// How a connection ends when its answer is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It does not: another request may come.
    Stay,
    /// With TLS's own end.
    Proper,
    /// Without it, as if somebody had cut the line.
    Bare,
}

pub type Heads = Arc<Mutex<Vec<String>>>;

/// Answers each request with the same bytes; keeps the heads that came.
pub fn serve(authority: &Authority, name: &str, answer: Vec<u8>, end: End) -> (SocketAddr, Heads) {
    let (certificate, key) =
        (authority.read(&format!("{name}.pem")), authority.read(&format!("{name}.key")));
    let identity = Identity::from_pkcs8(&certificate, &key).unwrap();
    let acceptor = TlsAcceptor::new(identity).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, heads) = (listener.local_addr().unwrap(), Heads::default());
    let kept = heads.clone();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let (acceptor, answer, heads) = (acceptor.clone(), answer.clone(), kept.clone());
            thread::spawn(move || {
                let socket = socket.unwrap();
                socket.set_read_timeout(Some(SILENCE)).unwrap();
                // A client that does not trust the certificate hangs up.
                let Ok(stream) = acceptor.accept(socket) else { return };
                talk(stream, &answer, end, &heads);
            });
        }
    });
    (address, heads)
}

fn talk(mut stream: TlsStream<TcpStream>, answer: &[u8], end: End, heads: &Heads) {
    while let Some(head) = head(&mut stream) {
        heads.lock().unwrap().push(head);
        if stream.write_all(answer).is_err() {
            return;
        }
        match end {
            End::Stay => {}
            End::Proper => return drop(stream.shutdown()),
            End::Bare => {
                return drop(stream.get_ref().shutdown(std::net::Shutdown::Both));
            }
        }
    }
}

/// Up to the empty line; none where the connection ends before.
pub fn head(stream: &mut impl Read) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(head).unwrap())
}

pub fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A proxy that says `reply` to every request, and opens the tunnel where that is a 2xx.
pub fn proxy(reply: &'static str) -> (SocketAddr, Heads) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, heads) = (listener.local_addr().unwrap(), Heads::default());
    let kept = heads.clone();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, heads) = (client.unwrap(), kept.clone());
            thread::spawn(move || {
                client.set_read_timeout(Some(SILENCE)).unwrap();
                let Some(head) = head(&mut client) else { return };
                let target = head.split(' ').nth(1).unwrap().to_owned();
                heads.lock().unwrap().push(head);
                client.write_all(reply.as_bytes()).unwrap();
                if reply.split(' ').nth(1).unwrap().starts_with('2') {
                    relay(client, TcpStream::connect(target).unwrap());
                }
            });
        }
    });
    (address, heads)
}

fn relay(client: TcpStream, server: TcpStream) {
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    let back = thread::spawn(move || {
        let (mut from, mut to) = (server, client);
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(std::net::Shutdown::Write);
    back.join().unwrap();
}

/// A client that trusts the authority and no other.
pub fn client(authority: &Authority, set: impl FnOnce(&mut Options)) -> Client {
    let mut options = Options::default()
        .with_tls(Some(ClientTls::new(Some(&authority.read("ca.pem"))).unwrap()))
        .with_run(RunOptions::default().with_timeout(SILENCE));
    set(&mut options);
    Client::new(options).unwrap()
}

pub fn ask(client: &mut Client, url: &str) -> Result<Answer, Failure> {
    client.ask(Fetch::get(Url::parse(url).unwrap()))
}
