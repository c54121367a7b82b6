//! The opening of a session: greeting, EHLO, STARTTLS, AUTH.
//!
//! ```text
//!   220 ─▶ EHLO ─2yz─▶ STARTTLS? ─220─▶ (TLS) ─▶ EHLO ─2yz─▶ AUTH? ─235─▶ ready
//!            └5yz─▶ HELO, where neither TLS nor AUTH is required
//! ```
//!
//! After 501 or 504 to AUTH, the next mechanism of
//! [`Config::mechanisms`](super::super::config::Config::mechanisms) that the server offers is
//! tried. These two codes are about the mechanism: 504 means that it is not supported, 501 that the
//! server does not understand its messages. 535 refuses the credentials, 534 and 538 ask for a
//! stronger mechanism or for TLS, and 4yz is a temporary failure: these end the attempt. In clear,
//! a mechanism that reveals the password is never tried after one that does not.
//!
//! Specification: RFC 5321 §3.1, §3.2, §4.1.1.1; RFC 3207 §4; RFC 4954 §4.

use super::super::auth::{Credentials, Mechanism, Sasl};
use super::super::capabilities::Capabilities;
use super::super::command::{AUTH_LINE_MAX, Command};
use super::super::config::StartTls;
use super::super::reply::Remark;
use super::rows::Expect;
use super::{Client, Due, Phase, Refusal};
use crate::error::Error;
use crate::text::PeerText;

impl Client {
    pub(super) fn send_hello(&mut self) {
        self.row.set(Command::Ehlo(&self.config.name), Expect::Ehlo);
    }

    pub(super) fn on_greeting(&mut self) -> Result<(), Error> {
        self.due.push_back(Due::Greeting);
        match self.parser.reply().code() {
            220 => self.send_hello(),
            400.. => return Err(self.parser.reply().refusal()),
            _ => return self.wrong("a server greets with 220", "RFC 5321 §3.1"),
        }
        Ok(())
    }

    pub(super) fn on_ehlo(&mut self) -> Result<(), Error> {
        let reply = self.parser.reply();
        if reply.is_positive() {
            self.capabilities = Capabilities::of(reply);
            self.due.push_back(Due::Capabilities);
            return self.after_hello();
        }
        if reply.is_intermediate() {
            return self.wrong("the reply to EHLO is 2yz, 4yz or 5yz", "RFC 5321 §4.3.2");
        }
        let needs_tls = !self.is_tls && self.config.starttls == StartTls::Required;
        let needs_ehlo = needs_tls || self.is_upgraded || self.config.credentials.is_some();
        if reply.is_transient() || needs_ehlo {
            return Err(reply.refusal());
        }
        self.remark("the server does not support EHLO, so HELO is used", "RFC 5321 §3.2");
        self.row.set(Command::Helo(&self.config.name), Expect::Helo);
        Ok(())
    }

    pub(super) fn on_helo(&mut self) -> Result<(), Error> {
        let reply = self.parser.reply();
        if reply.is_intermediate() {
            return self.wrong("the reply to HELO is 2yz, 4yz or 5yz", "RFC 5321 §4.3.2");
        }
        if !reply.is_positive() {
            return Err(reply.refusal());
        }
        let Capabilities { host, .. } = Capabilities::of(reply);
        self.capabilities = Capabilities { host, ..Capabilities::default() };
        self.due.push_back(Due::Capabilities);
        self.after_hello()
    }

    /// After the reply to EHLO: STARTTLS first, then AUTH.
    fn after_hello(&mut self) -> Result<(), Error> {
        let wants_tls = !self.is_tls && self.config.starttls != StartTls::Never;
        if wants_tls && self.capabilities.starttls && !self.tls_refused {
            self.row.set(Command::StartTls, Expect::StartTls);
            return Ok(());
        }
        if wants_tls && self.config.starttls == StartTls::Required {
            let text = "TLS is required, and the server does not offer STARTTLS";
            return Err(Refusal::NoStartTls.because(text));
        }
        match self.config.credentials.clone() {
            Some(credentials) => self.log_in(&credentials),
            None => self.begin(),
        }
    }

    pub(super) fn on_starttls(&mut self) -> Result<(), Error> {
        let reply = self.parser.reply();
        match reply.code() {
            220 => {
                self.phase = Phase::Upgrading;
                // An attacker may have forged what came in clear: RFC 3207 §4.2.
                self.capabilities = Capabilities::default();
                Ok(())
            }
            400.. if self.config.starttls == StartTls::Required => Err(reply.refusal()),
            400.. => {
                self.tls_refused = true;
                self.remark("the server offers STARTTLS and refuses it", "RFC 3207 §4");
                self.after_hello()
            }
            _ => self.wrong("the reply to STARTTLS is 220, 4yz or 5yz", "RFC 3207 §4"),
        }
    }

    fn log_in(&mut self, credentials: &Credentials) -> Result<(), Error> {
        if !self.is_tls && !self.config.insecure_auth {
            let text = "the connection has no TLS, and credentials are not sent in clear";
            return Err(Refusal::NoTls.because(text));
        }
        let Some(mechanism) = self.mechanism(credentials) else {
            return Err(match &*self.capabilities.auth {
                [] => Refusal::NoAuth.because("the server offers no AUTH"),
                names => {
                    let names = names.join(", ");
                    let text = match &*self.config.mechanisms {
                        [one] => format!("{} cannot be used (offered: {names})", one.name()),
                        _ => format!("no supported authentication mechanism (offered: {names})"),
                    };
                    Refusal::NoMechanism.because(text)
                }
            });
        };
        self.begin_auth(mechanism, credentials)
    }

    fn begin_auth(&mut self, mechanism: Mechanism, credentials: &Credentials) -> Result<(), Error> {
        let mut sasl = Sasl::new(mechanism, credentials, &self.config.nonce, &self.config.limits);
        let line = sasl.begin();
        credentials.hide(&mut self.secrets);
        self.sasl = Some(Box::new(sasl));
        self.send_auth(&line)
    }

    /// The best mechanism that both sides can use and the server has not refused.
    fn mechanism(&self, credentials: &Credentials) -> Option<Mechanism> {
        let is_offered = |mechanism: &Mechanism| {
            self.capabilities.auth.iter().any(|name| **name == *mechanism.name())
        };
        let can_be = |mechanism: &Mechanism| {
            !self.refused.contains(mechanism) && mechanism.takes(credentials, &self.config.nonce)
        };
        self.config.mechanisms.iter().copied().filter(can_be).find(is_offered)
    }

    /// The server refuses this mechanism: tries the next one, or fails with the refusal.
    fn try_next_mechanism(&mut self, refused: Mechanism) -> Result<(), Error> {
        self.refused.push(refused);
        let credentials = self.config.credentials.clone();
        let next = credentials.and_then(|credentials| {
            // In clear an attacker may have forged the reply to obtain the password.
            let is_safe = |next: &Mechanism| {
                self.is_tls || refused.reveals_secret() || !next.reveals_secret()
            };
            let next = self.mechanism(&credentials).filter(is_safe)?;
            Some((next, credentials))
        });
        let Some((next, credentials)) = next else { return Err(self.parser.reply().refusal()) };
        self.remark("the server refuses this mechanism, so the next one is tried", "RFC 4954 §4");
        self.begin_auth(next, &credentials)
    }

    fn send_auth(&mut self, line: &str) -> Result<(), Error> {
        if line.len() + 2 > AUTH_LINE_MAX {
            let (max, offset) = (AUTH_LINE_MAX as u64, self.parser.offset());
            return Err(Error::too_large("AUTH_LINE_MAX", max, offset, "RFC 4954 §4"));
        }
        // `AUTH LOGIN` without an initial response holds no secret.
        let said =
            line.strip_prefix("AUTH ").map_or(Some(line), |rest| Some(rest.split_once(' ')?.1));
        self.secrets.add(said.unwrap_or_default().as_bytes());
        self.row.set_line(&[line.as_bytes(), b"\r\n"], Expect::Auth);
        Ok(())
    }

    pub(super) fn on_auth(&mut self) -> Result<(), Error> {
        let reply = self.parser.reply();
        let Some(sasl) = &mut self.sasl else { return Ok(()) };
        match reply.code() {
            334 => {
                let challenge = reply.lines().next().unwrap_or_default();
                let answer = sasl.answer(challenge, reply.offset())?;
                self.send_auth(&answer)
            }
            235 if sasl.is_done() => {
                let mechanism = sasl.mechanism();
                self.sasl = None;
                self.due.push_back(Due::Authenticated(mechanism));
                self.begin()
            }
            // Not 535: it refuses the password, which another mechanism would send again.
            501 | 504 => {
                let mechanism = sasl.mechanism();
                self.try_next_mechanism(mechanism)
            }
            235 => self.wrong("235 follows the last step of AUTH", "RFC 4954 §4"),
            400.. => Err(reply.refusal()),
            code => {
                let text = PeerText::from(reply.text().to_string());
                let rule = format!(
                    "the reply to AUTH must be 235, 334, 4yz or 5yz, and it is {code} {}",
                    text.short()
                );
                let (offset, section) = (reply.offset(), "RFC 4954 §4");
                Err(Error::Malformed { rule: rule.into(), offset, section })
            }
        }
    }

    /// Ends the opening: messages can be sent.
    fn begin(&mut self) -> Result<(), Error> {
        self.phase = Phase::Ready;
        self.due.push_back(Due::Ready);
        Ok(())
    }

    /// Adds a remark on the last reply.
    fn remark(&mut self, text: &'static str, section: &'static str) {
        let offset = self.parser.reply().offset();
        self.due.push_back(Due::Remark(Remark { text, offset, section }));
    }

    /// The error that the last reply breaks a rule.
    pub(super) fn wrong(&self, rule: &'static str, section: &'static str) -> Result<(), Error> {
        Err(Error::malformed(rule, self.parser.reply().offset(), section))
    }
}
