//! A body of any size passes through the HTTP client in bounded memory. Alone in its process, whose
//! memory is what is measured.
#![cfg(all(feature = "net", target_os = "linux"))]

#[path = "../support/memory.rs"]
mod memory;

use memory::kib;
use std::cell::Cell;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;
use wirewright::http::message::head::Head;
use wirewright::http::url::Url;
use wirewright::net::files::finisher::Finisher;
use wirewright::net::http::{After, Announced, Client, Fetch, Options, Recipient};
use wirewright::net::{Failure, RunOptions};

/// The bound of all of this process, the server counted, in KiB.
const RESIDENT_KIB_MAX: u64 = 32 << 10;

const BLOCK_BYTES: usize = 256 << 10;

/// One gibibyte.
const BLOCKS: usize = 4096;

/// Counts, and keeps nothing.
struct Counting(Rc<Cell<u64>>);

impl Recipient for Counting {
    fn head(&mut self, _: &Head, _: &Announced, _: &mut Finisher) -> Result<bool, Failure> {
        Ok(true)
    }

    fn body(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.0.set(self.0.get() + bytes.len() as u64);
        Ok(())
    }

    fn end(&mut self, _: &mut Finisher) -> Result<After, Failure> {
        Ok(After::Done)
    }
}

/// Each framing, on a connection of its own.
#[test]
fn a_gibibyte_passes_in_bounded_memory() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    let total = (BLOCKS * BLOCK_BYTES) as u64;
    let length = format!("Content-Length: {total}\r\n");
    let framings = [(length, false), ("Transfer-Encoding: chunked\r\n".to_owned(), true)];
    let count = framings.len();
    let server = std::thread::spawn(move || {
        for (field, is_chunked) in framings {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 4096]).unwrap() > 0);
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n{field}\r\n").unwrap();
            let block = vec![7; BLOCK_BYTES];
            let block = match is_chunked {
                true => [format!("{BLOCK_BYTES:x}\r\n").as_bytes(), &block, b"\r\n"].concat(),
                false => block,
            };
            (0..BLOCKS).for_each(|_| stream.write_all(&block).unwrap());
            stream.write_all(if is_chunked { b"0\r\n\r\n" } else { b"" }).unwrap();
        }
    });
    let run = RunOptions::default().with_timeout(Duration::from_secs(300));
    let mut client = Client::new(Options::default().with_run(run)).unwrap();
    for _ in 0..count {
        let counted = Rc::new(Cell::new(0));
        let recipient: Box<dyn Recipient> = Box::new(Counting(counted.clone()));
        let reports = client.run([(Fetch::get(url.clone()), recipient)]).unwrap();
        assert_eq!(reports[0].outcome, Ok(()), "{:?}", reports[0]);
        assert_eq!((counted.get(), reports[0].received), (total, total));
    }
    server.join().unwrap();
    let peak = kib(std::process::id(), "VmHWM").unwrap();
    println!("peak of the client and its server: {peak} KiB");
    assert!(peak <= RESIDENT_KIB_MAX, "{peak} KiB");
}
