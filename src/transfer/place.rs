//! The offsets of a message and its members in the stream, for errors.

use crate::envelope::Decoder;

/// The place of a message in the stream. Finding a member parses the message again, so that is only
/// done for an error.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    members: &'a Decoder,
    body_at: u64,
}

impl<'a> Place<'a> {
    /// The place of the message in `members`, whose frame's body begins at offset `body_at`.
    pub(super) fn new(members: &'a Decoder, body_at: u64) -> Place<'a> {
        Place { members, body_at }
    }

    /// Offset of the body of the frame.
    pub fn start(self) -> u64 {
        self.body_at
    }

    /// Offset of the value of a member, or of the end of the message if there is no such member.
    pub fn value(self, name: &str) -> u64 {
        self.body_at + self.members.value_offset(name, None)
    }

    /// Offset of an element of the array that is the value of a member.
    pub fn element(self, name: &str, index: usize) -> u64 {
        self.body_at + self.members.value_offset(name, Some(index))
    }
}
