//! The options for sending mail.

use crate::error::Error;
use crate::net::run::RunOptions;
use crate::net::transport::tls::ClientTls;
use crate::smtp::auth::{Credentials, Mechanism};
use crate::smtp::command::Domain;
use crate::smtp::config::{self, Config, StartTls};
use crate::smtp::url::Server;
use std::net::SocketAddr;
use std::time::Duration;

/// How mail is sent. By default with TLS required, no login, over one connection.
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// The server that the mail is submitted to.
    pub server: Server,
    /// The name of this host for EHLO. `None` is the local address of the connection, as a literal
    /// (RFC 5321 §4.1.4).
    pub name: Option<Domain>,
    /// Whether STARTTLS is used on a connection that began in clear.
    pub starttls: StartTls,
    /// The credentials for AUTH. With credentials, no message is sent without authentication.
    pub credentials: Option<Credentials>,
    /// The SASL mechanisms that may be used, the preferred first.
    pub mechanisms: Vec<Mechanism>,
    /// Whether credentials may be sent without TLS.
    pub insecure_auth: bool,
    /// Whether a message is sent to nobody if one of its recipients is refused. All recipients then
    /// share one transaction.
    pub all_or_nothing: bool,
    /// Whether messages are sent with BDAT (RFC 3030) if the server offers CHUNKING.
    pub chunking: bool,
    /// The limits and waits of the sessions.
    pub session_limits: config::Limits,
    /// How many connections are open at the same time, at most; 0 is taken for 1.
    pub connections_max: usize,
    /// Which certificates TLS trusts; `None` is the system's roots.
    pub tls: Option<ClientTls>,
    /// The name that the server's certificate must be valid for; `None` is the host of `server`.
    pub tls_name: Option<String>,
    /// The common options. The meter counts bytes of messages when they are passed to the session.
    pub run: RunOptions,
}

impl Options {
    /// The defaults: TLS required, no login, one connection.
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

    /// Sets [`server`](Options::server).
    #[must_use]
    pub fn with_server(self, server: Server) -> Options {
        Options { server, ..self }
    }

    /// Sets [`name`](Options::name).
    #[must_use]
    pub fn with_name(self, name: impl Into<Option<Domain>>) -> Options {
        Options { name: name.into(), ..self }
    }

    /// Sets [`starttls`](Options::starttls).
    #[must_use]
    pub fn with_starttls(self, starttls: StartTls) -> Options {
        Options { starttls, ..self }
    }

    /// Sets [`credentials`](Options::credentials).
    #[must_use]
    pub fn with_credentials(self, credentials: impl Into<Option<Credentials>>) -> Options {
        Options { credentials: credentials.into(), ..self }
    }

    /// Sets [`mechanisms`](Options::mechanisms).
    #[must_use]
    pub fn with_mechanisms(self, mechanisms: Vec<Mechanism>) -> Options {
        Options { mechanisms, ..self }
    }

    /// Sets [`insecure_auth`](Options::insecure_auth).
    #[must_use]
    pub fn with_insecure_auth(self, insecure_auth: bool) -> Options {
        Options { insecure_auth, ..self }
    }

    /// Sets [`all_or_nothing`](Options::all_or_nothing).
    #[must_use]
    pub fn with_all_or_nothing(self, all_or_nothing: bool) -> Options {
        Options { all_or_nothing, ..self }
    }

    /// Sets [`chunking`](Options::chunking).
    #[must_use]
    pub fn with_chunking(self, chunking: bool) -> Options {
        Options { chunking, ..self }
    }

    /// Sets [`session_limits`](Options::session_limits).
    #[must_use]
    pub fn with_session_limits(self, session_limits: config::Limits) -> Options {
        Options { session_limits, ..self }
    }

    /// Sets [`connections_max`](Options::connections_max).
    #[must_use]
    pub fn with_connections_max(self, connections_max: usize) -> Options {
        Options { connections_max, ..self }
    }

    /// Sets [`tls`](Options::tls).
    #[must_use]
    pub fn with_tls(self, tls: impl Into<Option<ClientTls>>) -> Options {
        Options { tls: tls.into(), ..self }
    }

    /// Sets [`tls_name`](Options::tls_name).
    #[must_use]
    pub fn with_tls_name(self, tls_name: impl Into<Option<String>>) -> Options {
        Options { tls_name: tls_name.into(), ..self }
    }

    /// Sets [`run`](Options::run).
    #[must_use]
    pub fn with_run(self, run: RunOptions) -> Options {
        Options { run, ..self }
    }

    /// Raises the wait of every step to at least `time`, for a client that accepts longer waits.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> Options {
        let session_limits = self.session_limits.with_waits_of_at_least(time);
        Options { session_limits, run: self.run.with_waits_of_at_least(time), ..self }
    }

    /// Whether TLS may be used.
    pub(super) fn may_need_tls(&self) -> bool {
        self.server.is_tls || self.starttls != StartTls::Never
    }

    /// The configuration of a session whose connection has the local address `ours`.
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

/// An address literal (RFC 5321 §4.1.3).
fn literal(ours: SocketAddr) -> Result<Domain, Error> {
    match ours.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => Domain::parse(&format!("[{ip}]")),
        std::net::IpAddr::V6(ip) => Domain::parse(&format!("[IPv6:{ip}]")),
    }
}

/// A random nonce for SCRAM; empty if there is no randomness, and SCRAM is then not used.
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
