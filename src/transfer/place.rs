//! Where a message and its members stand in the stream, for errors.

use crate::envelope::Decoder;

/// The place of a message. Looking a member up walks the message again, so it is done for an error
/// only.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    members: &'a Decoder,
    body_at: u64,
}

impl<'a> Place<'a> {
    /// Of the message that `members` has gathered; its frame's body begins at `body_at`.
    pub(super) fn new(members: &'a Decoder, body_at: u64) -> Place<'a> {
        Place { members, body_at }
    }

    /// Offset of the body of the frame.
    pub fn start(self) -> u64 {
        self.body_at
    }

    /// Offset of the value of a member; of the end of the message where it has no such member.
    pub fn value(self, name: &str) -> u64 {
        self.body_at + self.members.value_offset(name, None)
    }

    /// Offset of an element of a member that is an array.
    pub fn element(self, name: &str, index: usize) -> u64 {
        self.body_at + self.members.value_offset(name, Some(index))
    }
}
