//! The commands, one file each, and the code that they share: arguments → the library → a report.

pub mod download;
pub mod get;
pub mod http;
pub mod input;
pub mod listing;
pub mod ls;
pub mod mail;
pub mod manual;
pub mod put;
pub mod running;
pub mod secret;
pub mod select;
pub mod serve;
pub mod sms;
pub mod time;
pub mod tokens;
pub mod udp;
pub mod web;
pub mod wire;
