//! What a network does to UDP datagrams. The chapter describes UDP without a program.
//!
//!     cargo run --example udp_pair
//!     cargo run --example udp_pair -- LISTEN TO        the relay alone, for one run from elsewhere
//!
//! What to look at: a sender and a receiver in one process, and between them a relay that drops
//! every tenth datagram, duplicates every seventh and delays every fifth behind the next. The
//! sender sees no error. TCP would retransmit, and only become slower; UDP delivers what arrives.
//! So each datagram has a number and a time stamp, and the receiver keeps statistics, as RTP
//! (RFC 3550) does for telephony and video. The last datagrams hold the number sent: without them
//! loss at the end could not be detected.
//!
//! The same between two machines, where the network takes the place of the relay:
//!
//!     wirewright udp recv --listen 0.0.0.0:5567
//!     wirewright udp send HOST:5567 --rate 20M --seconds 5

use std::error::Error;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use wirewright::datagram::Datagram;
use wirewright::net::udp::{ReceiveOptions, Receiver, SendOptions, send};

/// How many end marks the sender sends.
const ENDS: u32 = 5;
/// How long the relay waits for a datagram.
const PATIENCE: Duration = Duration::from_secs(60);

/// Forwards datagrams like a bad network, until the last end mark.
fn relay(socket: &UdpSocket, to: SocketAddr) -> std::io::Result<()> {
    socket.set_read_timeout(Some(PATIENCE))?;
    let (mut room, mut held, mut ends) = ([0; 65_536], None::<Vec<u8>>, 0);
    while ends < ENDS {
        let len = socket.recv(&mut room)?;
        let bytes = &room[..len];
        let Ok(datagram) = Datagram::decode(bytes) else { continue };
        let number = datagram.sequence;
        if datagram.kind.is_end() {
            ends += 1;
        } else if number % 10 == 9 {
            continue; // lost
        } else if number % 5 == 1 {
            held = Some(bytes.to_vec()); // to be overtaken
            continue;
        }
        socket.send_to(bytes, to)?;
        if !datagram.kind.is_end() && number % 7 == 0 {
            socket.send_to(bytes, to)?; // doubled
        }
        if let Some(held) = held.take() {
            socket.send_to(&held, to)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    if let (Some(listen), Some(to)) = (args.next(), args.next()) {
        let network = UdpSocket::bind(listen)?;
        println!("listening on {}", network.local_addr()?);
        return Ok(relay(&network, to.parse()?)?);
    }
    let receiver = Receiver::bind("127.0.0.1:0".parse()?, ReceiveOptions::default())?;
    let to = receiver.local_addr();
    let network = UdpSocket::bind("127.0.0.1:0")?;
    let through = network.local_addr()?.to_string();

    let network = std::thread::spawn(move || relay(&network, to));
    let sender = std::thread::spawn(move || {
        let span = Duration::from_secs(1);
        send(&through, &SendOptions::default().with_rate(2_000_000).with_size(500).with_span(span))
    });
    let report = receiver.run()?.report;
    network.join().map_err(|_| "the relay panicked")??;
    let sent = sender.join().map_err(|_| "the sender panicked")??;

    println!("sent       {}", sent.sent);
    println!("received   {}", report.received);
    println!("lost       {}", report.lost);
    println!("duplicated {}", report.duplicated);
    println!("reordered  {}", report.reordered);
    println!("jitter     {:?}", Duration::from_nanos(report.jitter_ns));
    println!("rate       {:.1} Mbit/s", report.bits_per_second as f64 / 1e6);
    Ok(())
}
