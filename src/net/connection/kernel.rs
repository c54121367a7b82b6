//! Sent bytes that the kernel keeps until the peer reads them.
//!
//! ```text
//!   write ─▶ unsent data (TCP_NOTSENT_LOWAT, and a segment) ─▶ in flight ─▶ acknowledged: freed
//!                └ the peer does not read: it stays here, and cannot be taken back
//! ```
//!
//! The kernel does not tell how much it holds without a call for each connection, so what was
//! written counts, up to the most that it may keep. Only where all of that together is more than
//! the budget each connection is asked about, and whoever reads is found to hold nothing.

use super::shared::Shared;
use super::{Connection, Phase};
use crate::net::transport::endpoint;
use crate::net::transport::endpoint::{NOTSENT_LOWAT, NOTSENT_LOWAT_SCARCE};

/// A segment is filled before the bound of unsent data is looked at again, in bytes.
const SEGMENT_BYTES: usize = 64 << 10;

/// What the kernel keeps for one connection.
#[derive(Debug, Default)]
pub(super) struct InKernel {
    bytes: usize,
    /// The bound of unsent data is the one for many peers that do not read.
    scarce: bool,
    /// How much was found to be unsent since the last write, at most, in bytes.
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
    /// Bytes were written: counts them.
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

    /// Whether the peer has taken payload that was written before, so many bytes of it, since this
    /// was asked last or something was written. A full socket takes more only when half of what the
    /// kernel holds is sent: a slow peer may need minutes for that.
    ///
    /// How much was unsent after the last write is not known, so the most that may have been
    /// counts: a peer that reads nothing is found out when this is asked again.
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

    /// Asks the kernel whether it still holds what was written.
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

    /// The connection is about to be closed: the kernel does not keep what a peer did not read that
    /// had its time.
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
