//! Decisions read from the bytes of the fuzzer. Behind its end a tape says 0, which means well.

/// A tape of decisions.
#[derive(Debug, Clone)]
pub struct Tape<'a>(&'a [u8]);

impl<'a> Tape<'a> {
    pub fn new(bytes: &'a [u8]) -> Tape<'a> {
        Tape(bytes)
    }

    pub fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `end`, which is at most 256.
    pub fn below(&mut self, end: usize) -> usize {
        usize::from(self.byte()) % end
    }

    /// One of some.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Some bytes of a stream: a few or many.
    pub fn amount(&mut self) -> usize {
        match self.byte() {
            byte @ 0..128 => usize::from(byte),
            byte => (usize::from(byte) - 127) * 509,
        }
    }
}
