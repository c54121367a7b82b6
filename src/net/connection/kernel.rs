//! Sent bytes that the kernel keeps until the peer reads them.
//!
//! ```text
//!   write ─▶ unsent data (TCP_NOTSENT_LOWAT, and a segment) ─▶ in flight ─▶ acknowledged: freed
//!                └ while the peer does not read, data stays here and cannot be withdrawn
//! ```
//!
//! Asking how much the kernel holds takes system calls for each connection. So every written byte
//! is accounted, up to the most that the kernel may hold for one connection. Only when the sum
//! exceeds the budget is the kernel asked about each connection; a connection whose data was all
//! sent then counts as 0.

use super::shared::Shared;
use super::{Connection, Phase};
use crate::net::transport::endpoint;
use crate::net::transport::endpoint::{NOTSENT_LOWAT, NOTSENT_LOWAT_SCARCE};

/// The kernel may exceed the bound of unsent data by one segment, of at most this length in bytes.
const SEGMENT_BYTES: usize = 64 << 10;

/// What the kernel holds for one connection, as accounted.
#[derive(Debug, Default)]
pub(super) struct InKernel {
    bytes: usize,
    /// The bound of unsent data is [`NOTSENT_LOWAT_SCARCE`].
    scarce: bool,
    /// An upper bound of the unsent data, in bytes; `None` if it was not measured since the last
    /// write.
    unsent: Option<u32>,
}

impl InKernel {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn bound(&self) -> u32 {
        if self.scarce { NOTSENT_LOWAT_SCARCE } else { NOTSENT_LOWAT }
    }
}

impl Connection {
    /// Accounts `written` bytes that were written.
    pub(super) fn count_in_kernel(&mut self, written: usize, shared: &mut Shared) {
        let scarce = shared.is_kernel_scarce();
        if scarce != self.in_kernel.scarce {
            self.in_kernel.scarce = scarce;
            if let Some(socket) = self.stream.socket() {
                endpoint::set_unsent_max(socket, self.in_kernel.bound());
            }
        }
        if written > 0 {
            self.in_kernel.unsent = None;
        }
        let max = self.in_kernel.bound() as usize + SEGMENT_BYTES;
        let before = self.in_kernel.bytes;
        self.in_kernel.bytes = before.max((before + written).min(max));
        shared.kernel.change(before, self.in_kernel.bytes);
    }

    /// Whether at least `quantum` bytes of payload were sent since the last call or the last write.
    /// A blocked socket becomes writable only when half of what the kernel holds is sent, which
    /// takes minutes with a slow peer; this method sees progress before that.
    ///
    /// How much was unsent after the last write is not known, so the greatest possible amount is
    /// assumed. So the first call may return true for a peer that reads nothing; the second does
    /// not.
    pub(super) fn has_read_slowly(&mut self, quantum: u64) -> bool {
        let quantum = u32::try_from(quantum).unwrap_or(u32::MAX);
        let bound = self.in_kernel.bound();
        let unsent_max = bound + SEGMENT_BYTES as u32;
        let mut unsent = self.in_kernel.unsent.unwrap_or(unsent_max);
        let before = unsent;
        let is_payload = !self.out.is_empty() && self.progress_mark > self.written;
        let Some(socket) = self.stream.socket().filter(|_| is_payload) else { return false };
        if self.in_kernel.unsent.is_none() {
            endpoint::show_unsent(socket);
        }
        while unsent > quantum && endpoint::is_unsent_below(socket, unsent - quantum, bound) {
            unsent -= quantum;
        }
        self.in_kernel.unsent = Some(unsent);
        unsent < before
    }

    /// Asks the kernel whether all written data was sent, and if so accounts 0 bytes.
    pub(crate) fn ask_kernel(&mut self, shared: &mut Shared) {
        let bound = self.in_kernel.bound();
        let sent = match self.stream.socket() {
            Some(socket) if self.in_kernel.bytes > 0 => endpoint::is_sent(socket, bound),
            _ => return,
        };
        if sent {
            shared.kernel.change(std::mem::take(&mut self.in_kernel.bytes), 0);
        }
    }

    /// Called before the connection is closed. If output is still pending, the peer did not read it
    /// in time, so the kernel is told to drop its unsent data.
    pub(super) fn leave_kernel(&mut self, shared: &mut Shared) {
        shared.kernel.change(std::mem::take(&mut self.in_kernel.bytes), 0);
        let is_stuck = !self.out.is_empty() || self.stream.unsent() > 0;
        let is_lingering = matches!(self.phase, Phase::Lingering { .. });
        if is_stuck
            && !is_lingering
            && let Some(socket) = self.stream.socket()
        {
            endpoint::drop_unsent(socket);
        }
    }
}
