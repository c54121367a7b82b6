//! Peers that say what would harm a terminal, or cost memory: what the command prints, and what it
//! holds.

mod memory;
mod servers;
mod texts;
