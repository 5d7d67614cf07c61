//! What a server is started with.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::error::StartError;
use crate::server::MockServer;

/// The TLS stack that plays the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// OpenSSL with the weak ciphers compiled in: plays nearly everything.
    OpenSsl,
    /// rustls: TLS 1.2 and 1.3 with forward secrecy only.
    Rustls,
    /// s2n-tls, AWS's own stack.
    S2n,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::OpenSsl => "openssl",
            Self::Rustls => "rustls",
            Self::S2n => "s2n",
        })
    }
}

/// The certificate that the server presents. The CA that signed it is minted for each server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Certificate {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    EcdsaP256,
    EcdsaP384,
    Ed25519,
    /// Wrong on purpose: signed by a CA that nobody trusts (RFC 5280 6.1).
    UntrustedIssuer,
    /// Wrong on purpose: for another host name (RFC 9525 6).
    WrongHost,
    /// Wrong on purpose: it ended yesterday (RFC 5280 6.1.3).
    Expired,
}

impl Certificate {
    /// A client that verifies has to refuse these.
    const WRONG: [Self; 3] = [Self::UntrustedIssuer, Self::WrongHost, Self::Expired];
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rsa2048 => "rsa2048",
            Self::Rsa3072 => "rsa3072",
            Self::Rsa4096 => "rsa4096",
            Self::EcdsaP256 => "ecdsa256",
            Self::EcdsaP384 => "ecdsa384",
            Self::Ed25519 => "ed25519",
            Self::UntrustedIssuer => "untrusted-issuer",
            Self::WrongHost => "wrong-host",
            Self::Expired => "expired",
        })
    }
}

/// The policy that breaks no floor: TLS 1.2 and 1.3, ECDHE with authenticated encryption only.
pub const STRONG: &str = "harness/strong";

/// A later moment than that may be none that the system's clock knows.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// How a [`MockServer`] is set up; made by [`MockServer::builder`].
///
/// What `shakedown serve` does not know (a policy, a floor) or cannot play (a suite with a certificate that does not fit)
/// is an error of the start, which names the nearest that it does know.
#[must_use = "a builder does nothing until it is started"]
#[derive(Clone, Debug)]
pub struct MockServerBuilder {
    pub(crate) policy: String,
    policies: Option<PathBuf>,
    partial: bool,
    backend: Option<Backend>,
    /// By the names of `--cert`.
    certificates: Vec<String>,
    floor: Option<String>,
    service: Option<String>,
    pub(crate) forced: Option<(String, String)>,
    pub(crate) control: String,
    program: Option<PathBuf>,
    pub(crate) start_timeout: Duration,
    pub(crate) finish_timeout: Duration,
}

impl Default for MockServerBuilder {
    fn default() -> Self {
        Self {
            policy: STRONG.to_owned(),
            policies: None,
            partial: false,
            backend: None,
            certificates: Vec::new(),
            floor: None,
            service: None,
            forced: None,
            control: STRONG.to_owned(),
            program: None,
            start_timeout: Duration::from_secs(30),
            finish_timeout: Duration::from_secs(15),
        }
    }
}

impl MockServerBuilder {
    /// What the server accepts: an id as `shakedown policy list` prints it, such as `elb/ELBSecurityPolicy-2016-08`.
    /// Without it, `harness/strong`.
    pub fn policy(mut self, id: impl Into<String>) -> Self {
        self.policy = id.into();
        self
    }

    /// A folder of policy files of yours, laid over the built-in ones.
    pub fn policies(mut self, folder: impl Into<PathBuf>) -> Self {
        self.policies = Some(folder.into());
        self
    }

    /// What the stack cannot play of the policy is left out; without it that is an error of the start. `harness/strong` and the
    /// policy of the control are always played as far as that goes.
    pub fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// The stack that plays the server. Without it, the program's own choice.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = Some(backend);
        self
    }

    /// A certificate that the server has; may be called more than once. Without it, the program's own choice.
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.certificates.push(certificate.to_string());
        self
    }

    /// What clients are held to: an id as `shakedown list floors` prints it. Without it, `aws`.
    pub fn floor(mut self, id: impl Into<String>) -> Self {
        self.floor = Some(id.into());
        self
    }

    /// The floor of an AWS service: `opensearch`, or `cloudhsm@2023` for an older wording. Not together with a floor.
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// The server picks this version and suite whether the client offered them or not: it sees a ClientHello that leaves
    /// it no other choice. The handshake cannot be completed; what can be judged is whether the client goes on.
    /// Names are IANA's, versions are written like `TLSv1.2`. It takes the place of a policy.
    pub fn forced(mut self, version: impl Into<String>, suite: impl Into<String>) -> Self {
        self.forced = Some((version.into(), suite.into()));
        self
    }

    /// The policy of the positive control, if the client cannot complete `harness/strong`, which is the default. It must
    /// break no floor: its session has to be judged `pass` or `warn`.
    pub fn control_policy(mut self, id: impl Into<String>) -> Self {
        self.control = id.into();
        self
    }

    /// The built program. Without it, the one that the variable `SHAKEDOWN` names, else `shakedown` on `PATH`.
    pub fn program(mut self, path: impl Into<PathBuf>) -> Self {
        self.program = Some(path.into());
        self
    }

    /// How long the server may take until it listens, at most an hour; 30 s without it. An RSA key takes most of that time.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.start_timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// How long the server may take to end what is open and stop, at most an hour; 15 s without it. Connections that are
    /// open then get two thirds of it and are cut.
    pub fn finish_timeout(mut self, timeout: Duration) -> Self {
        self.finish_timeout = timeout.min(LONGEST_TIMEOUT);
        self
    }

    /// Starts the server.
    ///
    /// # Panics
    /// If it does not come up; [`try_start`](Self::try_start) returns that instead.
    #[track_caller]
    pub fn start(self) -> MockServer {
        match self.try_start() {
            Ok(server) => server,
            // In a closure this line would be the one that is blamed.
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts the server and waits until it says that it listens, at most
    /// [`start_timeout`](Self::start_timeout). Never connects to find out.
    pub fn try_start(self) -> Result<MockServer, StartError> {
        MockServer::launch(self)
    }

    /// The same server, but for the weakness: the strong policy, nothing forced, and for each certificate that the weak server
    /// presents (`shown`, by its names) a right one with the same kind of key. Left to itself, the program would choose the
    /// certificates by the policy, and a client that takes no RSA would look as if it refused RSA key transport.
    pub(crate) fn twin(&self, shown: &[String]) -> Self {
        let mut twin = self.clone();
        twin.policy.clone_from(&self.control);
        twin.partial = true;
        twin.forced = None;
        twin.certificates.clear();
        for name in shown {
            // The wrong ones have such a key.
            let is_wrong = Certificate::WRONG.iter().any(|wrong| wrong.to_string() == *name);
            let right = if is_wrong { Certificate::EcdsaP256.to_string() } else { name.clone() };
            if !twin.certificates.contains(&right) {
                twin.certificates.push(right);
            }
        }
        twin
    }

    /// The program takes a wrong one alone only.
    pub(crate) fn wrong_certificate(&self) -> Option<Certificate> {
        Certificate::WRONG.into_iter().find(|wrong| self.certificates.contains(&wrong.to_string()))
    }

    /// Whether a wrong certificate is not all that sets this server apart from its control.
    pub(crate) fn has_second_fault(&self) -> bool {
        let is_control = self.policy == STRONG || self.policy == self.control;
        self.wrong_certificate().is_some() && (self.forced.is_some() || !is_control)
    }

    pub(crate) fn program_path(&self) -> PathBuf {
        self.program.clone().unwrap_or_else(|| {
            let named = std::env::var_os("SHAKEDOWN").filter(|path| !path.is_empty());
            PathBuf::from(named.unwrap_or_else(|| OsString::from("shakedown")))
        })
    }

    pub(crate) fn serve_command(&self) -> Command {
        let mut command = Command::new(self.program_path());
        command.args(["serve", "--listen", "127.0.0.1:0", "--transcript", "--stop-with-stdin"]);
        // Or it would be killed while it still waits, and nobody would learn what it saw.
        command.arg("--grace").arg((self.finish_timeout.as_secs() * 2 / 3).to_string());
        match &self.forced {
            Some((version, suite)) => {
                command.args(["--force-version", version, "--force-suite", suite]);
            }
            None => {
                command.args(["--policy", &self.policy]);
                if self.partial || self.policy == STRONG {
                    command.arg("--partial");
                }
            }
        }
        if let Some(folder) = &self.policies {
            command.arg("--policies").arg(folder);
        }
        if let Some(backend) = self.backend {
            command.args(["--backend", &backend.to_string()]);
        }
        for certificate in &self.certificates {
            command.args(["--cert", certificate]);
        }
        if let Some(floor) = &self.floor {
            command.args(["--floor", floor]);
        }
        if let Some(service) = &self.service {
            command.args(["--service", service]);
        }
        command
    }

    pub(crate) fn policy_command(&self) -> Command {
        let mut command = Command::new(self.program_path());
        command.args(["policy", "show", &self.policy, "--json"]);
        if let Some(folder) = &self.policies {
            command.arg("--policies").arg(folder);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(command: &Command) -> Vec<&str> {
        command.get_args().map(|word| word.to_str().unwrap()).collect()
    }

    #[test]
    fn every_setting_is_an_argument() {
        let builder = MockServer::builder()
            .policy("elb/X")
            .policies("mine")
            .partial()
            .backend(Backend::S2n)
            .certificate(Certificate::Rsa2048)
            .certificate(Certificate::EcdsaP256)
            .floor("aws")
            .service("opensearch");
        assert_eq!(
            words(&builder.serve_command()).join(" "),
            "serve --listen 127.0.0.1:0 --transcript --stop-with-stdin --grace 10 --policy elb/X --partial --policies mine --backend s2n \
             --cert rsa2048 --cert ecdsa256 --floor aws --service opensearch"
        );
        let forced = MockServer::builder().forced("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(
            words(&forced.serve_command()).join(" "),
            "serve --listen 127.0.0.1:0 --transcript --stop-with-stdin --grace 10 --force-version TLSv1.2 --force-suite \
             TLS_RSA_WITH_AES_128_GCM_SHA256"
        );
        assert_eq!(words(&builder.policy_command()).join(" "), "policy show elb/X --json --policies mine");
    }

    #[test]
    fn the_twin_differs_in_the_weakness_only() {
        let weak = MockServer::builder()
            .policy("harness/static-rsa")
            .backend(Backend::OpenSsl)
            .certificate(Certificate::Rsa2048)
            .certificate(Certificate::Expired)
            .floor("rfc10015")
            .forced("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256");
        let strong = MockServer::builder()
            .policy("harness/strong")
            .backend(Backend::OpenSsl)
            .certificate(Certificate::Rsa2048)
            .certificate(Certificate::EcdsaP256)
            .floor("rfc10015");
        let twin = weak.twin(&["rsa2048".to_owned(), "expired".to_owned()]);
        assert_eq!(words(&twin.serve_command()), words(&strong.serve_command()));
        assert_eq!((weak.wrong_certificate(), twin.wrong_certificate()), (Some(Certificate::Expired), None));
    }

    #[test]
    fn a_timeout_has_a_limit_and_the_server_stops_within_it() {
        let grace = |timeout| {
            let command =
                MockServer::builder().finish_timeout(timeout).start_timeout(timeout).serve_command();
            let words: Vec<_> = words(&command).into_iter().map(str::to_owned).collect();
            words[words.iter().position(|word| word == "--grace").unwrap() + 1].clone()
        };
        assert_eq!([0, 1, 2, 3, 60].map(|s| grace(Duration::from_secs(s))), ["0", "0", "1", "2", "40"]);
        assert_eq!(grace(Duration::MAX), "2400");
    }

    #[test]
    fn a_wrong_certificate_beside_another_weakness_is_a_second_fault() {
        let wrong = || MockServer::builder().certificate(Certificate::Expired);
        assert!(!wrong().has_second_fault());
        assert!(!wrong().policy("mine/x").control_policy("mine/x").has_second_fault());
        assert!(wrong().policy("harness/static-rsa").has_second_fault());
        assert!(wrong().forced("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256").has_second_fault());
        let right = MockServer::builder().certificate(Certificate::Rsa2048);
        assert!(!right.policy("harness/static-rsa").has_second_fault());
    }

    /// Else it would choose by its own policy.
    #[test]
    fn the_twin_of_a_server_that_chose_its_certificate_has_that_one() {
        let twin = MockServer::builder().policy("harness/static-rsa").twin(&["rsa2048".to_owned()]);
        let strong = MockServer::builder().certificate(Certificate::Rsa2048);
        assert_eq!(words(&twin.serve_command()), words(&strong.serve_command()));
    }

    #[test]
    fn a_program_that_was_named_goes_before_all_others() {
        assert_eq!(MockServer::builder().program("/a/b").program_path(), PathBuf::from("/a/b"));
    }
}
