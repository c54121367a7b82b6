//! Contents for tests.

/// Pseudo-random bytes, which are the same in every run and others for every length.
pub fn bytes(len: usize) -> Vec<u8> {
    let mut state = len as u64 ^ 0x9E37_79B9_7F4A_7C15;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect()
}
