//! How mail is sent, and what the client insists on.

use crate::error::Error;
use crate::net::run::RunOptions;
use crate::net::transport::tls::ClientTls;
use crate::smtp::auth::{Credentials, Mechanism};
use crate::smtp::command::Domain;
use crate::smtp::config::{self, Config, StartTls};
use crate::smtp::url::Server;
use std::net::SocketAddr;
use std::time::Duration;

/// See the head of this module.
#[derive(Clone)]
pub struct Options {
    /// Where the mail goes first.
    pub server: Server,
    /// The name of this host, for EHLO. Without one it is the address of our end of the connection
    /// (RFC 5321 §4.1.4).
    pub name: Option<Domain>,
    /// When TLS is begun on a connection that began in clear.
    pub starttls: StartTls,
    /// Who logs in. With credentials, nothing is ever sent without having logged in.
    pub credentials: Option<Credentials>,
    /// The mechanisms that may be used, the best first.
    pub mechanisms: Vec<Mechanism>,
    /// Whether credentials may travel in clear.
    pub insecure_auth: bool,
    /// Whether one refused recipient of a message means that it is sent to nobody. All its
    /// recipients are then named in one transaction.
    pub all_or_nothing: bool,
    /// Whether messages go in chunks (RFC 3030) where the server offers that.
    pub chunking: bool,
    /// Bounds and waits of the sessions.
    pub session_limits: config::Limits,
    /// How many connections are open at the same time, at most.
    pub connections_max: usize,
    /// Whom TLS trusts; without it, the system's roots.
    pub tls: Option<ClientTls>,
    /// The name that the server's certificate has to bear; without it, that of the server.
    pub tls_name: Option<String>,
    /// What all façades have in common. Its meter counts bytes of messages as they are taken for
    /// sending.
    pub run: RunOptions,
}

impl Options {
    /// The usual: TLS required, nobody logs in, one connection.
    pub fn new(server: Server) -> Options {
        Options {
            server,
            name: None,
            starttls: StartTls::default(),
            credentials: None,
            mechanisms: Mechanism::PREFERRED.to_vec(),
            insecure_auth: false,
            all_or_nothing: false,
            chunking: false,
            session_limits: config::Limits::default(),
            connections_max: 1,
            tls: None,
            tls_name: None,
            run: RunOptions::default(),
        }
    }

    /// Raises every wait of a step that is shorter than `time`: for a client that wants to wait so
    /// long.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Options {
        let session_limits = self.session_limits.with_waits_of_at_least(time);
        Options { session_limits, run: self.run.with_waits_of_at_least(time), ..self }
    }

    /// Whether TLS may be spoken.
    pub(super) fn may_need_tls(&self) -> bool {
        self.server.is_tls || self.starttls != StartTls::Never
    }

    /// What a session on a connection with that end of ours is made with.
    pub(super) fn config(&self, ours: SocketAddr) -> Result<Config, Error> {
        let mut config = Config::new(match &self.name {
            Some(name) => name.clone(),
            None => literal(ours)?,
        });
        config.limits = self.session_limits;
        config.starttls = self.starttls;
        config.credentials.clone_from(&self.credentials);
        config.mechanisms.clone_from(&self.mechanisms);
        config.insecure_auth = self.insecure_auth;
        config.nonce = nonce();
        config.chunking = self.chunking;
        config.all_or_nothing = self.all_or_nothing;
        if self.all_or_nothing {
            config.limits.transaction_recipients_max = config.limits.recipients_max;
        }
        Ok(config)
    }
}

/// An address as a domain: RFC 5321 §4.1.3.
fn literal(ours: SocketAddr) -> Result<Domain, Error> {
    match ours.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => Domain::parse(&format!("[{ip}]")),
        std::net::IpAddr::V6(ip) => Domain::parse(&format!("[IPv6:{ip}]")),
    }
}

/// Chance for SCRAM. Without a source of it there is none, and SCRAM is not used.
fn nonce() -> Box<str> {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
        Err(_) => Box::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_name_it_is_the_address_of_our_end() {
        let options = Options::new(Server::parse("smtp://h").unwrap());
        for (ours, name) in [
            ("127.0.0.1:9", "[127.0.0.1]"),
            ("[::1]:9", "[IPv6:::1]"),
            ("[::ffff:192.0.2.1]:9", "[192.0.2.1]"),
        ] {
            let config = options.config(ours.parse().unwrap()).unwrap();
            assert_eq!(config.name.as_str(), name);
        }
        assert_ne!(nonce(), nonce());
    }
}
