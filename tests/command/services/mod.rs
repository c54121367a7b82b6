//! `time` and `udp` as a user meets them: the binary, over loopback.

mod daytime;
mod file;
mod lossy;
mod manual;
mod progress;
mod relay;
mod usage;
