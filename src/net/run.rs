//! Options that the calls of all façades have in common.

use super::connection::{Limits, Tap, TapMaker};
use super::reactor::{ConnectOptions, Reactor, ReactorBuilder, StopHandle};
use super::report::Meter;
use super::transport::{Error, later};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Options that the calls of all façades have in common. The options of each façade hold one of
/// these as `run`, beside the options of its protocol.
///
/// Every façade obeys every field, except where a field does not apply: a server opens no
/// connections, and [`daytime`](super::daytime) transfers no files.
///
/// | field | clients | servers |
/// |---|---|---|
/// | [`timeout`] | the call fails with [`Error::TimedOut`] | graceful stop |
/// | [`stop_at_signals`] | the call ends gracefully | graceful stop |
/// | [`cancel`] | the call ends gracefully | graceful stop |
/// | [`limits`] | of their connections | of their connections |
/// | [`connect`] | each lookup and each connection | – |
/// | [`tap`] | each connection, each UDP socket | each connection, each UDP socket |
/// | [`meter`] | bytes, and which files are in flight | bytes |
///
/// Both sides of [`udp`](super::udp) count as clients: they fail with the timeout. Their meters
/// count only bytes.
///
/// There is no field for TLS, because `daytime` and `udp` would have to ignore it and would send in
/// clear although TLS was requested.
///
/// [`timeout`]: RunOptions::timeout
/// [`stop_at_signals`]: RunOptions::stop_at_signals
/// [`cancel`]: RunOptions::cancel
/// [`limits`]: RunOptions::limits
/// [`connect`]: RunOptions::connect
/// [`tap`]: RunOptions::tap
/// [`meter`]: RunOptions::meter
///
/// ```no_run
/// use std::time::Duration;
/// use wirewright::net::RunOptions;
/// use wirewright::net::daytime::{Options, get};
///
/// let run = RunOptions::default().with_timeout(Duration::from_secs(5)).with_stop_at_signals(true);
/// let line = get("localhost:13", &Options::default().with_run(run))?;
/// println!("{}", line.escape_ascii());
/// # Ok::<(), wirewright::net::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct RunOptions {
    /// How long the whole call may take, or how long a server serves; no limit by default.
    pub timeout: Option<Duration>,
    /// Whether SIGINT and SIGTERM end the call gracefully, in every state; false by default.
    pub stop_at_signals: bool,
    /// A handle that cancels the call from another thread, in every state; none by default. The
    /// received part of a file is kept, as with a signal, so that a later call can resume it.
    pub cancel: Option<StopHandle>,
    /// The limits of connections. UDP has no connections: of these limits only
    /// [`udp::send`](super::udp::send) obeys one,
    /// [`bytes_per_second_max`](Limits::bytes_per_second_max).
    pub limits: Limits,
    /// How connections are opened.
    pub connect: ConnectOptions,
    /// Makes a [`Tap`] for each connection and for each UDP socket; none by default.
    pub tap: Option<TapMaker>,
    /// Counts the bytes of files that are transferred.
    pub meter: Arc<Meter>,
}

impl RunOptions {
    /// Sets the [`timeout`](RunOptions::timeout); `None` is no limit. The waits of single steps are
    /// not changed.
    #[must_use]
    pub fn with_timeout(self, timeout: impl Into<Option<Duration>>) -> RunOptions {
        RunOptions { timeout: timeout.into(), ..self }
    }

    /// Raises the wait of every step to at least `time`, for a client that accepts longer waits.
    /// Not for servers: longer waits let idle peers occupy connections for longer.
    #[must_use]
    pub fn with_waits_of_at_least(self, time: Duration) -> RunOptions {
        let limits = self.limits.with_waits_of_at_least(time);
        let connect = self.connect.with_waits_of_at_least(time);
        RunOptions { limits, connect, ..self }
    }

    /// Sets [`stop_at_signals`](RunOptions::stop_at_signals).
    #[must_use]
    pub fn with_stop_at_signals(self, stop_at_signals: bool) -> RunOptions {
        RunOptions { stop_at_signals, ..self }
    }

    /// Sets what [`cancels`](RunOptions::cancel) the call; `None` is nothing. It cancels every call
    /// that is made with these options or with a clone of them, also those that begin later.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wirewright::net::reactor::StopHandle;
    /// use wirewright::net::{Error, RunOptions, daytime};
    ///
    /// let cancel = StopHandle::new();
    /// let run = RunOptions::default().with_cancel(cancel.clone());
    /// let options = daytime::Options::default().with_run(run);
    /// # let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// # let server = silent.local_addr()?.to_string();
    /// let call = std::thread::spawn(move || daytime::get(&server, &options));
    /// std::thread::sleep(Duration::from_millis(10));
    /// cancel.stop();
    /// assert!(matches!(call.join().unwrap(), Err(Error::Interrupted)));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn with_cancel(self, cancel: impl Into<Option<StopHandle>>) -> RunOptions {
        RunOptions { cancel: cancel.into(), ..self }
    }

    /// Sets the [`limits`](RunOptions::limits).
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> RunOptions {
        RunOptions { limits, ..self }
    }

    /// Sets the limit on [bytes a second](Limits::bytes_per_second_max); `None` is no limit.
    #[must_use]
    pub fn with_rate_limit(mut self, bytes_per_second: impl Into<Option<u64>>) -> RunOptions {
        self.limits.bytes_per_second_max = bytes_per_second.into().unwrap_or(u64::MAX);
        self
    }

    /// Sets how connections are [opened](RunOptions::connect).
    #[must_use]
    pub fn with_connect(self, connect: ConnectOptions) -> RunOptions {
        RunOptions { connect, ..self }
    }

    /// Sets the maker of [taps](RunOptions::tap); `None` is no tap.
    #[must_use]
    pub fn with_tap(self, tap: impl Into<Option<TapMaker>>) -> RunOptions {
        RunOptions { tap: tap.into(), ..self }
    }

    /// Sets the [`meter`](RunOptions::meter).
    #[must_use]
    pub fn with_meter(self, meter: Arc<Meter>) -> RunOptions {
        RunOptions { meter, ..self }
    }

    /// The deadline of a call that begins now.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.timeout.map(|timeout| later(Instant::now(), timeout))
    }

    /// The builder of a server's reactor, made before the server runs.
    pub(super) fn builder(&self) -> Result<ReactorBuilder, Error> {
        let failed = |error| Error::Io("starting", error);
        let mut builder = ReactorBuilder::new().map_err(failed)?;
        if self.stop_at_signals {
            builder.stop_at_signals().map_err(failed)?;
        }
        if let Some(cancel) = &self.cancel {
            builder.stop_with(cancel);
        }
        Ok(builder)
    }

    /// The reactor of a call that begins now, for at most `live_max` connections.
    pub(super) fn reactor(&self, live_max: usize) -> Result<Reactor, Error> {
        let mut reactor = Reactor::new(self.builder()?, live_max, self.limits);
        reactor.set_connect(self.connect);
        reactor.set_deadline(self.deadline());
        Ok(reactor)
    }

    /// A tap for the connection with `peer`, or for a UDP socket without a peer.
    pub(super) fn make_tap(&self, peer: Option<SocketAddr>) -> Option<Box<dyn Tap>> {
        self.tap.as_ref().map(|make| make(peer))
    }
}
