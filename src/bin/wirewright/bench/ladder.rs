//! The list of rungs. Each rung adds one step to an earlier one, and has a limit.
//!
//! A rung is a name, a limit, a run and a check. A rung that is added to the list is measured in
//! the same rounds as the others, and shown beside them.

use super::rung::{Check, Limit, Place, Run, Rung};
use super::setup::Setup;
use super::{compute, file, memory, raw, reactor, smtp, wire};

/// Bytes of FILE for each byte on the wire: base64 makes 4 bytes of 3.
const OF_THE_WIRE: f64 = 0.75;

/// All rungs, those with the least work first.
pub fn ladder() -> Vec<Rung> {
    let mut all = in_cache();
    all.extend(in_memory());
    all.extend(on_the_wire());
    let again =
        kernel("copy-again", "the first rung repeated, for noise", compute::copy, Check::Bytes);
    all.push(again.within(Limit::Share("copy", 1.0)));
    all
}

/// A rung in cache without a limit.
fn kernel(name: &'static str, what: &'static str, run: Run, check: Check) -> Rung {
    let (place, limit) = (Place::Cache, Limit::None);
    Rung { name, what, place, block: Setup::chunk, limit, run, check }
}

/// A rung whose limit is the rate of the wire, less the share that base64 adds.
fn wired(name: &'static str, what: &'static str, run: Run) -> Rung {
    let (limit, block) = (Limit::Share("loopback-raw", OF_THE_WIRE), Setup::block as _);
    Rung { place: Place::Wire, block, limit, ..kernel(name, what, run, Check::Bytes) }
}

impl Rung {
    fn within(self, limit: Limit) -> Rung {
        Rung { limit, ..self }
    }

    /// The limit of the rung is that of other rungs, one after the other.
    fn series(self, parts: &'static [&'static str]) -> Rung {
        self.within(Limit::Series(parts))
    }
}

fn in_cache() -> Vec<Rung> {
    use Check::{Bytes, Own};
    use compute::*;
    vec![
        kernel("copy", "memory copy, in cache", copy, Bytes),
        kernel("base64-encode", "the kernel alone", encode, Own(check_encode)),
        kernel("base64-decode", "the kernel alone", decode, Bytes),
        kernel("search", "the next quote (memchr2)", search, Own(check_search)),
        kernel("envelope-encode", "one JSON object", envelope_encode, Own(check_envelope_encode))
            .series(&["base64-encode"]),
        kernel("envelope-decode", "one JSON object", envelope_decode, Bytes)
            .series(&["base64-decode", "search"]),
        kernel("crc32", "of each chunk", crc32, Own(check_crc32)),
        kernel("blake3", "of the whole file", blake3, Own(check_blake3)),
    ]
}

fn in_memory() -> Vec<Rung> {
    let session = |name, what, run| kernel(name, what, run, Check::Bytes);
    vec![
        session("session", "frames and messages, no checksums", memory::session)
            .series(&["envelope-encode", "envelope-decode"]),
        session("session-crc32", "client and server, chunks checked", memory::session_crc32)
            .series(&["envelope-encode", "crc32", "envelope-decode", "crc32"]),
        session("session-blake3", "the same with the default digest", memory::session_blake3)
            .series(&["envelope-encode", "crc32", "blake3", "envelope-decode", "crc32", "blake3"]),
    ]
}

fn on_the_wire() -> Vec<Rung> {
    let raw = Limit::Share("loopback-raw", 1.0);
    let constant = wired("loopback-constant", "the same, all bytes zero", wire::framed);
    let mail = wired("smtp", "a cached file by mail, one message", smtp::run);
    vec![
        wired("loopback-raw", "bytes over TCP, best of a sweep", raw::run).within(Limit::None),
        wired("loopback-system", "the same, sockets of the system", raw::run_system).within(raw),
        wired("reactor-raw", "bytes through reactor and driver", reactor::run).within(raw),
        wired("loopback", "framed, memory to memory, no digest", wire::framed),
        Rung { block: Setup::constant, ..constant },
        wired("loopback-blake3", "framed, with the default digest", wire::blake3),
        wired("get-null", "cached file to /dev/null, no digest", file::null),
        wired("file", "file to file, blake3, not synced", file::cached),
        wired("file-durable", "the same, fsynced: the defaults", file::durable),
        #[cfg(feature = "tls")]
        wired("tls", "as loopback, with encryption", wire::tls),
        wired("connections", "as loopback, over many at once", wire::connections),
        wired("classic", "unframed, memory to memory", wire::classic),
        mail.within(Limit::Share("loopback-raw", smtp::OF_THE_WIRE)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rung::Transfer;
    use crate::bench::setup::tests::small;

    #[test]
    fn names_are_unique_and_limits_name_rungs_that_come_before() {
        let all = ladder();
        for (at, rung) in all.iter().enumerate() {
            let before = |name: &str| all[..at].iter().any(|other| other.name == name);
            assert!(!before(rung.name), "{}", rung.name);
            assert!(rung.limit.parts().iter().all(|part| before(part)), "{}", rung.name);
        }
    }

    #[test]
    fn every_rung_moves_bytes() {
        let setup = small();
        for rung in ladder() {
            let moved = (rung.run)(&Transfer::timed(&setup, (rung.block)(&setup))).unwrap();
            assert!(moved.bytes > 0, "{}", rung.name);
        }
    }
}
