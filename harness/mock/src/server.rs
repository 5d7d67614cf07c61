//! The running server.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

use crate::builder::MockServerBuilder;
use crate::child::Running;
use crate::error::{FinishError, StartError};
use crate::finished::Finished;
use crate::lines::{Outcome, Ready, Verdict};
use crate::policy::Accepted;

/// A CA is a few thousand bytes.
const LARGEST_CA: u64 = 1024 * 1024;

/// A TLS server on the loopback interface, on a port of its own, with a CA of its own.
///
/// It is a child process. Nothing is shared with other servers: tests may run in parallel, and each should have its own.
/// It ends with this value, and with the process of the test, however that ends.
///
/// Call [`finish`](Self::finish) to assert what it saw. One that is dropped without it is stopped and looked at all the
/// same: it panics if a client broke the floor or if the server died, for nobody else would tell. If neither is so, a
/// line on standard error says that nothing was asserted; during a panic it does nothing but end the server.
#[must_use = "a server that nobody calls `finish` on asserts nothing"]
pub struct MockServer {
    builder: MockServerBuilder,
    running: Running,
    ready: Ready,
    ca_pem: String,
    /// Nothing is left to be said when it is dropped.
    settled: bool,
}

impl MockServer {
    /// What a server can be set up with.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::default()
    }

    /// Starts a server with the strong policy `harness/strong`, which every sound client can talk to.
    ///
    /// # Panics
    /// If it does not come up; [`try_start`](Self::try_start) returns that instead.
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// [`start`](Self::start) that returns what went wrong.
    pub fn try_start() -> Result<Self, StartError> {
        Self::builder().try_start()
    }

    pub(crate) fn launch(builder: MockServerBuilder) -> Result<Self, StartError> {
        let (running, ready) = Running::start(builder.serve_command(), builder.start_timeout)?;
        let needed = env!("CARGO_PKG_VERSION");
        if ready.shakedown.as_deref() != Some(needed) {
            let found = ready.shakedown.unwrap_or_else(|| "of another version".to_owned());
            return Err(StartError::OtherVersion { program: builder.program_path(), found, needed });
        }
        let ca_pem = read_ca(&ready.ca_pem)
            .map_err(|source| StartError::NoCa { path: ready.ca_pem.clone(), source })?;
        Ok(Self { builder, running, ready, ca_pem, settled: false })
    }

    /// `https://localhost:PORT/`. The certificate is for `localhost`, `127.0.0.1` and `::1`.
    pub fn url(&self) -> String {
        format!("https://{}:{}/", self.host(), self.port())
    }

    /// The host name to connect to, `localhost`.
    pub fn host(&self) -> &'static str {
        "localhost"
    }

    /// The address that the server listens on; always one of the loopback interface.
    pub fn address(&self) -> SocketAddr {
        self.ready.address
    }

    /// The port that the server listens on.
    pub fn port(&self) -> u16 {
        self.ready.address.port()
    }

    /// The file with the certificate of the CA, in PEM. It is there as long as the server.
    pub fn ca_pem_path(&self) -> &Path {
        &self.ready.ca_pem
    }

    /// The certificate of the CA that the client has to trust, in PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// For an owner who looks at what it saw, or says why not.
    pub(crate) fn settled(mut self) -> Self {
        self.settled = true;
        self
    }

    pub(crate) fn certificates(&self) -> &[String] {
        &self.ready.certificates
    }

    /// Stops the server and hands out what it saw. Call it when the client is done: what is still open is given
    /// 10 s (two thirds of [`finish_timeout`](MockServerBuilder::finish_timeout)) and is then cut. It blocks the thread; in async code that is a few milliseconds if nothing is open.
    ///
    /// # Panics
    /// If the server died or did not stop in time; [`try_finish`](Self::try_finish) returns that instead.
    #[track_caller]
    pub fn finish(self) -> Finished {
        match self.try_finish() {
            Ok(seen) => seen,
            Err(error) => panic!("{error}"),
        }
    }

    /// [`finish`](Self::finish) that returns what went wrong.
    pub fn try_finish(mut self) -> Result<Finished, FinishError> {
        self.stop()
    }

    fn stop(&mut self) -> Result<Finished, FinishError> {
        self.settled = true;
        let (connections, stopped) = self.running.stop(self.builder.finish_timeout)?;
        // Only a refusal of the server's needs to be compared with what it accepts.
        let refused = self.builder.forced.is_none()
            && connections.iter().any(|c| c.outcome == Outcome::RefusedByServer);
        let accepted = if refused { Accepted::ask(&self.builder) } else { Err("not asked".to_owned()) };
        Ok(Finished {
            server: self.ready.clone(),
            wrong_certificate: self.builder.wrong_certificate(),
            has_second_fault: self.builder.has_second_fault(),
            forced: self.builder.forced.clone(),
            accepted,
            connections,
            unfinished: stopped.unfinished,
        })
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        // A second panic would end the whole test program.
        if self.settled || std::thread::panicking() {
            return;
        }
        match self.stop() {
            Ok(seen) if seen.verdict() == Verdict::Fail => {
                panic!(
                    "a server was dropped without `finish`, and a client broke the floor\n{}",
                    seen.description()
                )
            }
            Ok(seen) => eprintln!(
                "shakedown-mock: the server with {} was dropped without `finish`: {} connections, nothing asserted",
                self.ready.policy,
                seen.connections().len()
            ),
            Err(error) => panic!("a server was dropped without `finish`: {error}"),
        }
    }
}

impl std::fmt::Debug for MockServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MockServer").field("ready", &self.ready).finish_non_exhaustive()
    }
}

fn read_ca(path: &Path) -> io::Result<String> {
    let size = fs::metadata(path)?.len();
    if size > LARGEST_CA {
        return Err(io::Error::other(format!("it has {size} bytes, more than {LARGEST_CA}")));
    }
    fs::read_to_string(path)
}
