//! Files over TCP as length-prefixed JSON.
pub mod name;
