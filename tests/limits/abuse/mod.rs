//! Everything under "abuse and its answer" against a running server: each test ends with an
//! ordinary get, and with the memory back.

mod budget;
mod bytes;
mod crowds;
mod descriptors;
mod disk;
mod host;
mod names;
mod stop;
#[cfg(feature = "tls")]
mod tls;
mod work;
