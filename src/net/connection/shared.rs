//! What the connections of a reactor share: buffers and budgets.

use super::budget::{Account, Memory, variable_bytes_max};
use super::limits::Limits;
use crate::buffer::Buffer;
use crate::net::transport::rate::out_bytes_max;

/// Length of the buffer that payload is decoded into, in bytes: one chunk, which fits into the L2
/// cache.
pub(super) const PAYLOAD_BYTES: usize = crate::transfer::sender::CHUNK_BYTES;

/// The largest read of a connection that is not receiving payload, in bytes.
const SMALL_READ: usize = 16 << 10;

/// A connection gets one in so many parts of what is left of the budget for output.
const OUT_SHARE: usize = 4;

/// The least output that a connection may hold when memory is scarce, in bytes.
const OUT_BYTES_SCARCE: usize = 4096;

/// What the connections of a reactor share.
pub struct Shared {
    pub(super) limits: Limits,
    pub(super) input: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) scratch: Vec<u8>,
    pub(super) spare: Vec<u8>,
    pub(super) sealed: crate::net::transport::stream::Spare,
    /// Memory that connections hold beyond their fixed costs.
    pub(super) process: Account,
    /// Memory that the kernel holds for them.
    pub(super) kernel: Account,
    /// How many connections there are.
    pub(crate) live: usize,
    /// How many connections have work now.
    pub(crate) busy: usize,
    /// Bytes of files that were read since the last nap.
    pub(super) bulk_read: usize,
}

impl Shared {
    /// Buffers are allocated when they are first needed.
    pub fn new(limits: Limits) -> Shared {
        Shared {
            limits,
            input: Vec::new(),
            payload: Vec::new(),
            scratch: Vec::new(),
            spare: Vec::new(),
            sealed: crate::net::transport::stream::Spare::default(),
            process: Account::default(),
            kernel: Account::default(),
            live: 0,
            busy: 1,
            bulk_read: 0,
        }
    }

    /// How much output a connection may hold now, in bytes. The limit depends on what all
    /// connections hold already, not on their number: output that the kernel accepts at once is not
    /// held, and large writes keep a thousand connections as fast as one.
    pub(super) fn out_limit(&self) -> usize {
        let floor = match self.is_scarce() {
            true => OUT_BYTES_SCARCE,
            false => self.limits.out_bytes_min,
        };
        let limit = (self.buffers_left() / OUT_SHARE).clamp(floor, self.limits.write_bytes_max);
        match self.limits.rate() {
            Some(rate) => limit.min(out_bytes_max(rate).max(OUT_BYTES_SCARCE)),
            None => limit,
        }
    }

    /// What is left of the budget for buffers, in bytes.
    fn buffers_left(&self) -> usize {
        let max = self.limits.out_bytes_budget.min(self.variable_bytes_max());
        max.saturating_sub(self.process.held())
    }

    fn variable_bytes_max(&self) -> usize {
        variable_bytes_max(&self.limits, self.live)
    }

    /// Whether connections hold more than half of their memory budget. Then each one that waits
    /// holds as little as it can.
    pub(super) fn is_scarce(&self) -> bool {
        self.process.held() > self.variable_bytes_max() / 2
    }

    /// Whether the kernel holds more than half of its budget.
    pub(super) fn is_kernel_scarce(&self) -> bool {
        self.kernel.held() > self.limits.kernel_bytes_budget / 2
    }

    /// Which memory is over its budget, and how many bytes have to be freed.
    pub(crate) fn excess(&self) -> Option<(Memory, usize)> {
        let process = self.process.excess(self.variable_bytes_max());
        let kernel = || self.kernel.excess(self.limits.kernel_bytes_budget);
        process
            .map(|bytes| (Memory::Process, bytes))
            .or_else(|| kernel().map(|bytes| (Memory::Kernel, bytes)))
    }

    /// How much variable memory all connections hold together, in bytes.
    pub(crate) fn held(&self) -> usize {
        self.process.held()
    }

    /// How much all connections together may hold, in bytes.
    pub(super) fn bytes_max(&self, memory: Memory) -> usize {
        match memory {
            Memory::Process => self.limits.memory_bytes_budget,
            Memory::Kernel => self.limits.kernel_bytes_budget,
        }
    }

    /// Time has passed: a search for peers that do not read may now find more.
    pub(crate) fn search_again(&mut self) {
        self.kernel.search_again();
    }

    /// Whether the kernel holds more than its budget, so that another search is due later.
    pub(crate) fn is_kernel_exceeded(&self) -> bool {
        self.kernel.held() > self.limits.kernel_bytes_budget
    }

    /// A search for connections that hold too much has ended.
    pub(crate) fn searched(&mut self) {
        self.process.searched(self.variable_bytes_max());
        self.kernel.searched(self.limits.kernel_bytes_budget);
    }

    /// Sleeps for a moment while a file is received faster than it is sent, so that several
    /// segments arrive together. Otherwise each segment wakes this thread, which costs both sides
    /// more than moving the bytes.
    pub(crate) fn nap(&mut self) {
        if std::mem::take(&mut self.bulk_read) >= self.limits.nap_after_bytes {
            std::thread::sleep(self.limits.nap);
        }
    }

    /// How many bytes one connection may move before others are driven.
    pub(super) fn wake_budget(&self) -> usize {
        (self.limits.wake_bytes_budget / self.busy.max(1)).max(256 << 10)
    }

    /// Grows the input buffer to the length of the next read, and returns that length.
    pub(super) fn read_len(&mut self, bulk: bool) -> usize {
        let len = match bulk {
            true => self.limits.read_bytes_max,
            false => SMALL_READ,
        };
        // Input is held as long as the peer does not read its answers.
        let len = len.min(self.buffers_left().max(SMALL_READ));
        grow(&mut self.input, len);
        len
    }
}

pub(super) fn grow(buffer: &mut Vec<u8>, len: usize) {
    if buffer.len() < len {
        buffer.resize(len, 0);
    }
}

/// Copies bytes into storage of exactly their length.
pub(super) fn copy(bytes: &[u8]) -> Buffer {
    let mut copy = Buffer::with_limit(bytes.len());
    let kept = copy.append(bytes);
    debug_assert!(kept.is_ok(), "the limit is the length");
    copy
}
