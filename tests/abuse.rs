//! Everything under "abuse and its answer" against a running server: each test ends with an
//! ordinary get, and with the memory back.
#![cfg(all(feature = "cli", target_os = "linux"))]

#[path = "abuse/budget.rs"]
mod budget;
#[path = "abuse/bytes.rs"]
mod bytes;
#[path = "robust/client.rs"]
mod client;
#[path = "abuse/crowds.rs"]
mod crowds;
#[path = "abuse/descriptors.rs"]
mod descriptors;
#[path = "abuse/disk.rs"]
mod disk;
#[path = "abuse/floods.rs"]
mod floods;
#[path = "abuse/host.rs"]
mod host;
#[path = "robust/memory.rs"]
mod memory;
#[path = "shared/mounted.rs"]
mod mounted;
#[path = "abuse/names.rs"]
mod names;
#[path = "robust/peer.rs"]
mod peer;
#[path = "robust/serving.rs"]
mod serving;
#[path = "abuse/stop.rs"]
mod stop;
#[path = "abuse/tls.rs"]
#[cfg(feature = "tls")]
mod tls;
#[path = "abuse/work.rs"]
mod work;
