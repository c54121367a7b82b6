//! A call of any façade is cancelled from another thread, in the states in which a peer can hold
//! it. The states of a lookup and of a pause are those of `reactor::opening`, tested there.

use super::*;
use crate::full_listener::full_listener;
use wirewright::net::http::{Fetch, Notice, Notify, Retries, Saving};
use wirewright::net::reactor::StopHandle;

const LEN: usize = 4_000_000;

fn cancellable() -> (RunOptions, StopHandle) {
    let cancel = StopHandle::new();
    (RunOptions::default().with_timeout(WAIT).with_cancel(cancel.clone()), cancel)
}

/// Starts calls, each on its own thread. What ended each of them, in their order.
fn start(
    calls: &[(&'static str, Call)],
    peer: SocketAddr,
    run: &RunOptions,
) -> impl FnOnce() -> Vec<(&'static str, Code)> + use<> {
    let threads: Vec<_> = calls
        .iter()
        .map(|(what, call)| (*what, *call, run.clone()))
        .map(|(what, call, run)| thread::spawn(move || (what, call(peer, run))))
        .collect();
    move || threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn assert_interrupted(ended: Vec<(&'static str, Code)>) {
    for (what, code) in ended {
        assert_eq!(code, "interrupted", "{what}");
    }
}

/// One handle serves them all. The peers have accepted, and say nothing.
#[test]
fn every_client_that_waits_for_its_peer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (run, cancel) = cancellable();
    let end = start(&OVER_TCP, listener.local_addr().unwrap(), &run);
    let accepted: Vec<_> = OVER_TCP.iter().map(|_| listener.accept().unwrap()).collect();
    cancel.stop();
    assert_interrupted(end());
    drop(accepted);
}

/// A sender that has begun says what it has sent.
#[test]
fn every_client_of_datagrams() {
    for ((what, call), expected) in OVER_UDP.into_iter().zip(["interrupted", ""]) {
        let (socket, there) = deaf();
        let (run, cancel) = cancellable();
        let end = start(&[(what, call)], there, &run);
        socket.recv(&mut [0; 1]).unwrap();
        cancel.stop();
        assert_eq!(end(), [(what, expected.to_owned())]);
    }
}

#[test]
fn every_client_that_connects() {
    let (address, _full) = full_listener();
    let (run, cancel) = cancellable();
    let end = start(&OVER_TCP, address.parse().unwrap(), &run);
    thread::sleep(SHORT);
    cancel.stop();
    assert_interrupted(end());
}

/// Nothing is begun.
#[test]
fn every_client_that_has_not_begun() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let (socket, there) = deaf();
    socket.set_nonblocking(true).unwrap();
    let (run, cancel) = cancellable();
    cancel.stop();
    assert_interrupted(start(&OVER_TCP, listener.local_addr().unwrap(), &run)());
    assert!(listener.accept().is_err());
    assert_interrupted(start(&OVER_UDP, there, &run)());
    assert!(socket.recv(&mut [0; 1]).is_err());
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    use wirewright::net::transport::tls::ClientTls;

    fn put_over_tls(peer: SocketAddr, run: RunOptions) -> Code {
        let tls = ClientTls::insecure().unwrap().named("localhost").unwrap();
        let options = transfer(run).with_tls(Some(tls));
        let reports = client::put(&peer.to_string(), &[(name("a"), here())], &options).unwrap();
        reports[0].outcome.clone().err().map_or(Code::new(), |why| why.code.to_string())
    }

    fn https(peer: SocketAddr, run: RunOptions) -> Code {
        let options = http::Options::default().with_run(run);
        let url = Url::parse(&format!("https://{peer}/")).unwrap();
        let asked = http::Client::new(options).unwrap().ask(Fetch::get(url));
        asked.err().map_or(Code::new(), |why| why.code.to_string())
    }

    fn smtps(peer: SocketAddr, run: RunOptions) -> Code {
        let server = mail::Server::parse(&format!("smtps://{peer}")).unwrap();
        let (_, why) = mail::check(mail::Options::new(server).with_run(run)).unwrap();
        why.map_or(Code::new(), |why| why.code().to_string())
    }

    /// The first bytes of the handshake have come, and are not answered.
    #[test]
    fn every_client_in_its_handshake() {
        let calls: [(_, Call); 3] = [("put", put_over_tls), ("https", https), ("smtps", smtps)];
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (run, cancel) = cancellable();
        let end = start(&calls, listener.local_addr().unwrap(), &run);
        let accept = |_| {
            let mut stream = listener.accept().unwrap().0;
            stream.read_exact(&mut [0; 1]).unwrap();
            stream
        };
        let accepted: Vec<_> = calls.iter().map(accept).collect();
        cancel.stop();
        assert_interrupted(end());
        drop(accepted);
    }
}

/// Cancels as soon as bytes of a file have travelled.
fn cancel_on_the_way(run: &RunOptions, cancel: StopHandle) -> thread::JoinHandle<()> {
    let meter = run.meter.clone();
    thread::spawn(move || {
        while meter.moved() == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        cancel.stop();
    })
}

/// A server of the file transfer that runs while `call` does.
fn served(folder: &std::path::Path, call: impl FnOnce(&str)) {
    let sources = Sources::Files(Root::open(folder).unwrap());
    let options = server::Options::new(sources).with_writable(true);
    let server = server::Server::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
    let (address, stop) = (server.local_addr(), server.stop_handle());
    let serving = thread::spawn(move || server.run().unwrap());
    call(&address.to_string());
    stop.stop();
    serving.join().unwrap();
}

#[test]
fn a_get_that_receives_is_resumed() {
    let (there, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(there.path().join("a"), vec![7; LEN]).unwrap();
    let into = Destination::Directory(here.path().to_owned());
    served(there.path(), |address| {
        let (run, cancel) = cancellable();
        let run = run.with_rate_limit(LEN as u64 / 4);
        let cancelling = cancel_on_the_way(&run, cancel);
        let got = client::get(address, &[name("a")], &into, &transfer(run)).unwrap();
        cancelling.join().unwrap();
        assert_eq!(got[0].outcome.as_ref().unwrap_err().code, "interrupted");
        assert!(!here.path().join("a").exists());
        let run = RunOptions::default().with_timeout(WAIT);
        let again = client::get(address, &[name("a")], &into, &transfer(run)).unwrap();
        assert_eq!(again[0].outcome, Ok(()));
        assert!(again[0].resumed_from > 0, "{again:?}");
    });
    assert_eq!(std::fs::read(here.path().join("a")).unwrap(), vec![7; LEN]);
}

#[test]
fn a_put_that_sends() {
    let (there, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = here.path().join("a");
    std::fs::write(&path, vec![7; LEN]).unwrap();
    served(there.path(), |address| {
        let (run, cancel) = cancellable();
        let run = run.with_rate_limit(LEN as u64 / 4);
        let cancelling = cancel_on_the_way(&run, cancel);
        let put = client::put(address, &[(name("a"), path)], &transfer(run)).unwrap();
        cancelling.join().unwrap();
        assert_eq!(put[0].outcome.as_ref().unwrap_err().code, "interrupted");
    });
    assert!(!there.path().join("a").exists());
}

/// The first connection is given half of the file and then nothing, the second one the other half.
#[test]
fn a_download_that_receives_is_resumed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/a", listener.local_addr().unwrap())).unwrap();
    let serving = thread::spawn(move || {
        let (mut first, _) = listener.accept().unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: {LEN}\r\n\r\n");
        first.write_all(&[head.as_bytes(), &vec![7; LEN / 2]].concat()).unwrap();
        let (mut second, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            second.read_exact(&mut byte).unwrap();
            request.extend_from_slice(&byte);
        }
        let request = String::from_utf8(request).unwrap();
        let range = request.split_once("bytes=").expect("a range is asked for").1;
        let from: usize = range.split_once('-').unwrap().0.parse().unwrap();
        let head = format!(
            "HTTP/1.1 206 OK\r\nETag: \"a\"\r\nContent-Length: {}\r\n\
             Content-Range: bytes {from}-{}/{LEN}\r\n\r\n",
            LEN - from,
            LEN - 1,
        );
        second.write_all(&[head.as_bytes(), &vec![7; LEN - from]].concat()).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let saving = Saving::new(Destination::Directory(folder.path().to_owned()));
    let (run, cancel) = cancellable();
    let cancelling = cancel_on_the_way(&run, cancel);
    let fetch = |run| {
        let mut client = http::Client::new(http::Options::default().with_run(run)).unwrap();
        http::download(&mut client, [Fetch::get(url.clone())], &saving).unwrap().remove(0)
    };
    let first = fetch(run);
    cancelling.join().unwrap();
    assert_eq!(first.report.outcome.as_ref().unwrap_err().code, "interrupted");
    let second = fetch(RunOptions::default().with_timeout(WAIT));
    assert_eq!(second.report.outcome, Ok(()));
    assert!(second.resumed_from > 0, "{second:?}");
    serving.join().unwrap();
    assert_eq!(std::fs::read(folder.path().join("a")).unwrap(), vec![7; LEN]);
}

/// Cancelled between two tries, and the client is of no use afterwards.
#[test]
fn a_fetch_that_waits_to_be_made_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let serving = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 503 later\r\nContent-Length: 0\r\n\r\n").unwrap();
        (listener, stream)
    });
    let (run, cancel) = cancellable();
    let notify: Notify = Arc::new(move |notice: &Notice<'_>| {
        if let Notice::Retry { .. } = notice {
            cancel.stop();
        }
    });
    let retries = Retries { count_max: 5, first_wait: WAIT / 2, ..Retries::default() };
    let options = http::Options::default().with_run(run).with_retries(retries).with_notify(notify);
    let mut client = http::Client::new(options).unwrap();
    client.ask(Fetch::get(url.clone())).unwrap_err();
    let (listener, _stream) = serving.join().unwrap();
    listener.set_nonblocking(true).unwrap();
    assert_eq!(client.ask(Fetch::get(url)).unwrap_err().code, "interrupted");
    assert!(listener.accept().is_err());
}

#[test]
fn every_server_stops_in_order() {
    let (run, cancel) = cancellable();
    let (give, take) = channel();
    for threads in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let (server, give) = (serve(threads, folder.path(), run.clone()), give.clone());
        thread::spawn(move || give.send(("serve", code(server.run()))));
    }
    for transport in [Transport::Tcp, Transport::Udp] {
        let (server, give) = (time_server(transport, run.clone()), give.clone());
        thread::spawn(move || give.send(("time", code(server.run()))));
    }
    let options = ReceiveOptions::default().with_run(run);
    let receiver = Receiver::bind("127.0.0.1:0".parse().unwrap(), options).unwrap();
    thread::spawn(move || give.send(("recv", code(receiver.run()))));
    cancel.stop();
    for _ in 0..5 {
        let (what, code) = take.recv_timeout(WAIT / 2).unwrap();
        assert_eq!(code, "", "{what}");
    }
}
