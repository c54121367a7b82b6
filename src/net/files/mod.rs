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
//! | [`ANONYMOUS_BYTES_MAX`] | 4,194,304 | losing more by a kill than is quickly sent again |
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
//! | `destination` | [`Destination`]: where files that are received go |
//! | `receiver` | one file that is received: what is here is verified, the rest written |
//! | `sender` | one file that is sent: hashed up to an offset, and sent from there |
//! | `source_file` | [`SourceFile`]: a regular file open for reading, and its etag |
//! | `partial` | [`Partial`]: an unfinished file and what of it counts; its records by time |
//! | `place` | where a file will stand: its directory, its three names, the lock |
//! | `ours` | which files under a reserved name are ours |
//! | `attributes` | owner, mode and access list of a file that gets its name |
//! | `journal` | the text file that says what has been proven |
//! | `verify` | reads again what a journal claims |
//! | `finish` | [`Finish`], [`Durability`]: sync, rename, sync |
//! | `write_behind` | [`WriteBehind`]: a thread that writes while the next chunk is decoded |
//! | `anonymous` | [`AnonymousFile`]: a short file that has no name at all before it is whole |
//! | `existing` | [`ExistingFile`]: a file that is there already and is compared with what is put |
//! | `sparse` | [`SparseFile`]: a file that is written in any order |
//! | `size_limit` | the limit of the process for the length of a file, and its signal |
//! | `time` | [`rfc3339`] |
//!
//! Two walls stand before a name that came from a peer: the grammar of
//! [`Name`](crate::name::Name), and the kernel, which resolves every path beneath the
//! root (`openat2` with `RESOLVE_BENEATH`, through cap-std). Nothing but [`WriteBehind`] starts a
//! thread; every call blocks for one disk operation of bounded size, except [`Finish::run`], which
//! may take long.

mod anonymous;
mod attributes;
mod destination;
mod error;
mod existing;
mod finish;
mod journal;
mod ours;
mod partial;
mod place;
mod provenance;
mod receiver;
mod root;
mod sender;
mod size_limit;
mod source_file;
mod sparse;
mod time;
mod verify;
mod walk;
mod write_behind;

pub mod descriptor;
pub mod finisher;
pub mod outlet;
mod source;
#[cfg(test)]
mod tests;

pub use anonymous::{ANONYMOUS_BYTES_MAX, AnonymousFile};
pub use destination::{Destination, SinkFn};
pub use error::FileError;
pub(crate) use error::is_out_of_descriptors;
pub use existing::ExistingFile;
pub use finish::{Durability, Finish, UnknownDurability};
pub use journal::{ETAG_BYTES_MAX, SEGMENT_BYTES_MIN};
pub use partial::{Partial, RECORD_WAIT, SIZE_UNKNOWN};
pub use provenance::{Provenance, http_date, parse_http_date};
pub(crate) use receiver::FileReceiver;
pub use root::Root;
pub(crate) use sender::FileSender;
pub use size_limit::{catch_size_signal, file_bytes_max};
pub use source::{Memory, Source, Sources};
pub use source_file::SourceFile;
pub use sparse::SparseFile;
pub use time::rfc3339;
pub use walk::{Entry, Limits, NotOffered, Step, Walk};
pub use write_behind::{WRITE_BEHIND_FROM, WriteBehind};
