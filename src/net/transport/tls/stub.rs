//! The types of this module in a build without the feature `tls`. No value of them can exist.
//!
//! The functions that would make one answer with [`Fault::NotBuilt`]. All others take a value, so
//! they can never be called, and the compiler removes them.

use super::fault::Fault;
use crate::net::transport::error::Error;
use crate::net::transport::socket::Socket;
use crate::text::PeerText;
use std::convert::Infallible;
use std::io;
use std::ops::ControlFlow;

/// TLS settings of a client. This build has no TLS, so there is no value of this type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientTls(Infallible);

impl ClientTls {
    /// Would trust the system's roots and those of `roots`.
    ///
    /// # Errors
    /// Always [`Fault::NotBuilt`].
    pub fn new(roots: Option<&[u8]>) -> Result<ClientTls, Error> {
        let _ = roots;
        Err(Fault::NotBuilt.into())
    }

    /// Would verify nothing.
    ///
    /// # Errors
    /// Always [`Fault::NotBuilt`].
    pub fn insecure() -> Result<ClientTls, Error> {
        Err(Fault::NotBuilt.into())
    }

    /// Whether verification is switched off.
    pub fn is_insecure(&self) -> bool {
        match self.0 {}
    }

    /// The settings for one server.
    ///
    /// # Errors
    /// Never, because this method cannot be called.
    pub fn named(&self, name: &str) -> Result<NamedTls, Error> {
        let _ = name;
        match self.0 {}
    }
}

/// TLS settings and the name of one server. This build has no TLS, so there is no value of this
/// type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamedTls(ClientTls);

impl NamedTls {
    /// The name that the certificate must be valid for.
    pub fn name(&self) -> &str {
        match self.0.0 {}
    }

    /// The settings.
    pub fn tls(&self) -> &ClientTls {
        &self.0
    }

    pub(crate) fn handshake(&self, _: Socket) -> Box<Handshake> {
        match self.0.0 {}
    }
}

/// A certificate and its key. This build has no TLS, so there is no value of this type.
#[derive(Clone)]
pub struct ServerTls(Infallible);

impl ServerTls {
    /// Would take a certificate chain and its private key.
    ///
    /// # Errors
    /// Always [`Fault::NotBuilt`].
    pub fn new(certificates: &[u8], key: &[u8]) -> Result<ServerTls, Error> {
        let _ = (certificates, key);
        Err(Fault::NotBuilt.into())
    }

    pub(crate) fn handshake(&self, _: Socket) -> Box<Handshake> {
        match self.0 {}
    }
}

/// Storage for records: none, because there are no records.
#[derive(Debug, Default)]
pub struct Spare(());

pub(crate) enum Handshake {}

impl Handshake {
    pub(crate) fn has_begun(&self) -> bool {
        match *self {}
    }

    pub(crate) fn may_begin(&mut self) -> bool {
        match *self {}
    }

    pub(crate) fn go_on(self) -> Result<ControlFlow<Box<Secure>, Box<Handshake>>, Fault> {
        match self {}
    }

    pub(crate) fn sealed(&mut self) -> &mut Sealed {
        match *self {}
    }
}

pub(crate) enum Secure {}

impl Secure {
    pub(crate) fn sealed(&mut self) -> &mut Sealed {
        match *self {}
    }

    pub(crate) fn remarks(&self) -> Vec<PeerText<'static>> {
        match *self {}
    }

    pub(crate) fn unsent(&self) -> usize {
        match *self {}
    }

    pub(crate) fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match *self {}
    }

    pub(crate) fn send_close_notify(&mut self) -> io::Result<()> {
        match *self {}
    }
}

pub(crate) enum Sealed {}

impl Sealed {
    pub(crate) fn socket(&mut self) -> &mut Socket {
        match *self {}
    }

    pub(crate) fn memory(&self) -> usize {
        match *self {}
    }

    pub(crate) fn lend(&mut self, _: &mut Spare, _: usize) {
        match *self {}
    }

    pub(crate) fn give_back(&mut self, _: &mut Spare, _: bool) {
        match *self {}
    }
}
