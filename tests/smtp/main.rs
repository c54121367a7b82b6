//! SMTP: replies against tables of cases, each run whole, byte by byte, at every cut and with
//! trailing bytes; conversations; messages on the wire; logging in; and the oracles.

#[path = "../../fuzz/oracles/smtp_data.rs"]
mod data_oracle;
#[path = "../../fuzz/oracles/smtp_reply.rs"]
mod reply_oracle;
#[path = "../../fuzz/oracles/smtp_session.rs"]
mod session_oracle;

mod auth;
mod capabilities;
mod cases;
mod commands;
mod conversations;
mod data;
mod limits;
mod properties;
mod sending;
#[path = "../support/cases.rs"]
mod shared_cases;
#[path = "../support/text.rs"]
mod text;
