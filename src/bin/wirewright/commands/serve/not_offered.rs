//! The files that a server cannot offer, named once when it starts.

use crate::say_line;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::{Duration, Instant};
use wirewright::net::files::{Root, Step};

/// The maximum number of files that are named.
const NAMED_MAX: usize = 10;

/// The maximum duration of the search before the server starts.
const LOOKED_FOR: Duration = Duration::from_secs(1);

/// Prints which files and directories below the root cannot be offered, and why.
pub fn say_not_offered(root: &Root) {
    let (mut walk, until, mut count) = (root.walk(), Instant::now() + LOOKED_FOR, 0);
    let whole = loop {
        match walk.step() {
            Step::End => break true,
            Step::NotOffered(file) => {
                if count < NAMED_MAX {
                    say_line(&format!("not offered: {}: {}", shown(&file.path), file.why));
                }
                count += 1;
            }
            Step::Entry(_) | Step::More if Instant::now() >= until => break false,
            Step::Entry(_) | Step::More => {}
        }
    };
    if count > NAMED_MAX {
        say_line(&format!("not offered: {} more", count - NAMED_MAX));
    }
    if !whole {
        say_line("there are many files: whether others cannot be offered was not looked for");
    }
}

/// A path as text; bytes that are not UTF-8 as `\xff`.
fn shown(path: &Path) -> String {
    path.as_os_str().as_bytes().utf8_chunks().fold(String::new(), |text, chunk| {
        let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        text + chunk.valid() + &invalid.collect::<String>()
    })
}
