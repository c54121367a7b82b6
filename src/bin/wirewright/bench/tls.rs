//! Both sides of TLS for the rung `tls`, with a self-signed certificate for localhost.
//!
//! Specification: RFC 8446. The certificate and its key are part of the program, which is client
//! and server at once.

use super::said;
use wirewright::net::transport::tls::{ClientTls, NamedTls, ServerTls};

/// A certificate for `localhost`, until the year 2120.
const CERTIFICATE: &[u8] = include_bytes!("localhost.pem");

/// The key of the certificate, PKCS #8.
const KEY: &[u8] = include_bytes!("localhost.key");

pub struct Both {
    pub client: NamedTls,
    pub server: ServerTls,
}

impl Both {
    pub fn new() -> Result<Both, String> {
        let client = ClientTls::new(Some(CERTIFICATE)).and_then(|tls| tls.named("localhost"));
        let client = client.map_err(said)?;
        let server = ServerTls::new(CERTIFICATE, KEY).map_err(said)?;
        Ok(Both { client, server })
    }
}
