//! The rungs from the bottom up, each adding one thing to one before it, and what it is held
//! against.
//!
//! A rung is a name, a limit, a run and a check: whoever has another one, of another program even,
//! adds it to the list, and it is measured in the same rounds and shown beside the others.

use super::rung::{Check, Limit, Place, Run, Rung};
use super::{compute, file, memory, raw, reactor, smtp, wire};

/// What base64 leaves of a wire.
const OF_THE_WIRE: f64 = 0.75;

/// All rungs, from the bottom.
pub fn ladder() -> Vec<Rung> {
    let mut all = in_cache();
    all.extend(in_memory());
    all.extend(on_the_wire());
    let again = free("copy-again", "the first rung once more: noise", compute::copy);
    all.push(again.checked(compute::check_copy).within(Limit::Share("copy", 1.0)));
    all
}

/// A rung in cache that is a limit itself.
fn free(name: &'static str, what: &'static str, run: Run) -> Rung {
    let check = |_: &_| Err("it has no check".to_owned());
    Rung { name, what, place: Place::Cache, limit: Limit::None, run, check }
}

/// A rung that can be as fast as the wire, less what base64 takes of it.
fn wired(name: &'static str, what: &'static str, run: Run) -> Rung {
    let limit = Limit::Share("loopback-raw", OF_THE_WIRE);
    Rung { place: Place::Wire, limit, ..free(name, what, run) }
}

impl Rung {
    fn checked(self, check: Check) -> Rung {
        Rung { check, ..self }
    }

    fn within(self, limit: Limit) -> Rung {
        Rung { limit, ..self }
    }

    /// It can be as fast as others give one after the other.
    fn series(self, parts: &'static [&'static str]) -> Rung {
        self.within(Limit::Series(parts))
    }
}

fn in_cache() -> Vec<Rung> {
    vec![
        free("copy", "memory copy, in cache", compute::copy).checked(compute::check_copy),
        free("base64-encode", "the kernel alone", compute::encode).checked(compute::check_encode),
        free("base64-decode", "the kernel alone", compute::decode).checked(compute::check_decode),
        free("search", "the end of a run (memchr2)", compute::search)
            .checked(compute::check_search),
        free("envelope-encode", "a whole object", compute::envelope_encode)
            .checked(compute::check_envelope_encode)
            .series(&["base64-encode"]),
        free("envelope-decode", "a whole object", compute::envelope_decode)
            .checked(compute::check_envelope_decode)
            .series(&["base64-decode", "search"]),
        free("crc32", "of each chunk", compute::crc32).checked(compute::check_crc32),
        free("blake3", "of the whole file", compute::blake3).checked(compute::check_blake3),
    ]
}

fn in_memory() -> Vec<Rung> {
    vec![
        free("session", "frames and messages, no checksums", memory::session)
            .checked(memory::check_session)
            .series(&["envelope-encode", "envelope-decode"]),
        free("session-crc32", "client and server, chunks checked", memory::session_crc32)
            .checked(memory::check_session_crc32)
            .series(&["envelope-encode", "crc32", "envelope-decode", "crc32"]),
        free("session-blake3", "the same with the default digest", memory::session_blake3)
            .checked(memory::check_session_blake3)
            .series(&["envelope-encode", "crc32", "blake3", "envelope-decode", "crc32", "blake3"]),
    ]
}

fn on_the_wire() -> Vec<Rung> {
    vec![
        wired("loopback-raw", "bytes over TCP, best of a sweep", raw::run)
            .checked(raw::check)
            .within(Limit::None),
        wired("loopback-system", "the same, sockets of the system", raw::run_system)
            .checked(raw::check_system)
            .within(Limit::Share("loopback-raw", 1.0)),
        wired("reactor-raw", "bytes through our reactor and pump", reactor::run)
            .checked(reactor::check)
            .within(Limit::Share("loopback-raw", 1.0)),
        wired("loopback", "framed, memory to memory, no digest", wire::framed)
            .checked(wire::check_framed),
        wired("loopback-constant", "the same, all bytes zero", wire::constant)
            .checked(wire::check_constant),
        wired("loopback-blake3", "framed, with the default digest", wire::blake3)
            .checked(wire::check_framed),
        wired("get-null", "cached file to /dev/null, no digest", file::null).checked(file::check),
        wired("file", "file to file, blake3, not synced", file::cached).checked(file::check),
        wired("file-durable", "the same, fsynced: the defaults", file::durable)
            .checked(file::check),
        #[cfg(feature = "tls")]
        wired("tls", "as loopback; the cipher is in it", wire::tls).checked(wire::check_tls),
        wired("connections", "as loopback, over many at once", wire::connections)
            .checked(wire::check_connections),
        wired("classic", "unframed, memory to memory", wire::classic).checked(wire::check_classic),
        wired("smtp", "a cached file by mail, one message", smtp::run)
            .checked(smtp::check)
            .within(Limit::Share("loopback-raw", smtp::OF_THE_WIRE)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn every_rung_moves_bytes_and_passes_its_check() {
        let setup = small();
        for rung in ladder() {
            assert_eq!((rung.check)(&setup), Ok(()), "{}", rung.name);
            let moved = (rung.run)(&setup).unwrap();
            assert!(moved.bytes > 0, "{}", rung.name);
        }
    }

    #[test]
    fn a_rung_without_a_check_fails() {
        assert!((free("x", "", compute::copy).check)(&small()).is_err());
    }
}
