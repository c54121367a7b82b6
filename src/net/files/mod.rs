//! Files beneath a root, by descriptor, and unfinished files that survive an interruption.
//!
//! Specification: `PROTOCOL.md` §6 (nothing has its name before it is verified), §7 (resume and
//! durability), §10 (names). The bytes beside a file `report.pdf` that is still growing:
//!
//! ```text
//!   <root>/inbox/.wirewright-1f0c…e2.part      ################??     what has arrived
//!   <root>/inbox/.wirewright-1f0c…e2.journal   header 4 MiB 8 MiB     what of it is proven
//!                                                        |       ^ torn tail: not counted
//!   <root>/inbox/report.pdf                    appears whole, by one rename
//! ```
//!
//! # States of a file that comes
//!
//! ```text
//!   partial ─▶ leftover? ─ verify_step … ─▶ begin ─▶ write_at, chunk_verified …
//!                 └ none ──────────────────▶┘           │
//!                                                       ├─ dropped ─▶ leftover again
//!                                                       └─ finish ──▶ Finish::run: its name
//! ```
//!
//! # Limits
//!
//! | name | value | what it guards against |
//! |---|---|---|
//! | [`SEGMENT_BYTES_MIN`] | 4,194,304 | a journal that is longer than what it saves |
//! | [`RECORD_WAIT`] | 500 ms | a kill that costs more than the last second |
//! | [`NAMELESS_BYTES_MAX`] | 4,194,304 | losing more by a kill than is quickly sent again |
//! | [`WRITE_BEHIND_FROM`] | 1,048,576 | waking a thread for a file that is through by then |
//! | [`ETAG_BYTES_MAX`] | 1,024 | a tag that is longer than its journal should be |
//! | [`names_held_max`] | 65,536 | a folder of millions, listed in order |
//! | [`name_bytes_held_max`] | 4,194,304 | the same, of long names |
//!
//! [`names_held_max`]: Limits::names_held_max
//! [`name_bytes_held_max`]: Limits::name_bytes_held_max
//!
//! # Where to look
//!
//! | file | subject |
//! |---|---|
//! | `root` | [`Root`]: the directory or the one file that is served, and all that is asked of it |
//! | `walk` | [`Walk`]: a listing in bounded memory |
//! | `source` | [`Source`]: a regular file open for reading, and its etag |
//! | `partial` | [`Partial`]: an unfinished file and what of it counts; its records by time |
//! | `place` | where a file will stand: its directory, its three names, the lock |
//! | `ours` | which files under a reserved name are ours |
//! | `attributes` | owner, mode and access list of a file that gets its name |
//! | `journal` | the text file that says what has been proven |
//! | `verify` | reads again what a journal claims |
//! | `finish` | [`Finish`], [`Durability`]: sync, rename, sync |
//! | `behind` | [`Behind`]: a thread that writes large files while the next chunk is decoded |
//! | `nameless` | [`Nameless`]: a short file that has no name at all before it is whole |
//! | `standing` | [`Standing`]: a file that is there already and is compared with what is put |
//! | `scattered` | [`Scattered`]: a file that is written in any order |
//! | `size_limit` | the limit of the process for the length of a file, and its signal |
//! | `time` | [`rfc3339`] |
//!
//! Two walls stand before a name that came from a peer: the grammar of
//! [`Name`](crate::name::Name), and the kernel, which resolves every path beneath the
//! root (`openat2` with `RESOLVE_BENEATH`, through cap-std). Nothing but [`Behind`] starts a
//! thread; every call blocks for one disk operation of bounded size, except [`Finish::run`], which
//! may take long.

mod attributes;
mod behind;
mod comparing;
mod error;
mod finish;
mod journal;
mod nameless;
mod ours;
mod partial;
mod place;
mod provenance;
mod root;
mod scattered;
mod size_limit;
mod source;
mod standing;
mod time;
mod verify;
mod walk;

pub mod descriptor;
pub mod finisher;
mod origin;
pub mod outlet;
mod target;
#[cfg(test)]
mod tests;

pub use behind::{Behind, WRITE_BEHIND_FROM};
pub(crate) use comparing::Comparing;
pub use error::FileError;
pub(crate) use error::is_out_of_descriptors;
pub use finish::{Durability, Finish, UnknownDurability};
pub use journal::{ETAG_BYTES_MAX, SEGMENT_BYTES_MIN};
pub use nameless::{NAMELESS_BYTES_MAX, Nameless};
pub use origin::{Memory, Origin, Supply};
pub use partial::{Partial, RECORD_WAIT, SIZE_UNKNOWN};
pub use provenance::{Provenance, http_date, parse_http_date};
pub use root::Root;
pub use scattered::Scattered;
pub use size_limit::{catch_size_signal, file_bytes_max};
pub use source::Source;
pub use standing::Standing;
pub(crate) use target::Target;
pub use target::{Destination, Sink};
pub use time::rfc3339;
pub use walk::{Entry, Limits, NotOffered, Step, Walk};
