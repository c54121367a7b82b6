//! The end of a connection that a server of the framed wire refuses.

use crate::peer::Peer;
use serde_json::Value;

/// What a server says last: an error that ends the connection, then a clean end of the stream.
pub fn last_words(peer: &mut Peer, case: &str) -> Value {
    let mut last = None;
    loop {
        match peer.hear() {
            Ok(Some(message)) => last = Some(message),
            Ok(None) => break,
            Err(error) => panic!("{case}: the end of the stream was not clean: {error}"),
        }
    }
    let last = last.unwrap_or_else(|| panic!("{case}: the server closed without a word"));
    assert_eq!((&last["type"], &last["fatal"]), (&"error".into(), &true.into()), "{case}: {last}");
    last
}
