//! SMTP: replies against tables of cases, each run whole, byte by byte, at every cut and with
//! trailing bytes; conversations; messages on the wire; logging in; and the oracles.

#[path = "../fuzz/oracles/smtp_data.rs"]
mod data_oracle;
#[path = "../fuzz/oracles/smtp_reply.rs"]
mod reply_oracle;
#[path = "../fuzz/oracles/smtp_session.rs"]
mod session_oracle;

#[path = "smtp/auth.rs"]
mod auth;
#[path = "smtp/capabilities.rs"]
mod capabilities;
#[path = "smtp/cases.rs"]
mod cases;
#[path = "smtp/commands.rs"]
mod commands;
#[path = "smtp/conversations.rs"]
mod conversations;
#[path = "smtp/data.rs"]
mod data;
#[path = "smtp/limits.rs"]
mod limits;
#[path = "smtp/properties.rs"]
mod properties;
#[path = "smtp/sending.rs"]
mod sending;
#[path = "shared/cases.rs"]
mod shared_cases;
#[path = "shared/text.rs"]
mod text;
