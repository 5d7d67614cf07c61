//! The words a judgement is made of: verdicts, finding codes with their levels, classes of weakness.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// What a case, a client or a run came to. Ordered from good to bad, so that `max` is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Skipped,
    Pass,
    Warn,
    Inconclusive,
    Fail,
}

impl Verdict {
    pub const ALL: [Self; 5] = [Self::Skipped, Self::Pass, Self::Warn, Self::Inconclusive, Self::Fail];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How much a finding weighs. A floor may move `finite-field-dhe` and `weak-cipher` between fail and warn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Skipped,
    Note,
    Warn,
    Inconclusive,
    Fail,
}

impl Level {
    /// The verdict that a single finding of this level asks for.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::Skipped => Verdict::Skipped,
            Self::Note => Verdict::Pass,
            Self::Warn => Verdict::Warn,
            Self::Inconclusive => Verdict::Inconclusive,
            Self::Fail => Verdict::Fail,
        }
    }
}

/// The four classes in which a client must prove itself, design 1 rule 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    Version,
    ForwardSecrecy,
    Authentication,
    Encryption,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::Version, Self::ForwardSecrecy, Self::Authentication, Self::Encryption];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::ForwardSecrecy => "forward secrecy",
            Self::Authentication => "authentication",
            Self::Encryption => "encryption",
        }
    }
}

/// Declares every finding code once: its spelling, its default level, the three-part text of `explain`.
macro_rules! finding_codes {
    ($($variant:ident $name:literal $level:ident: $what:literal, $why:literal, $next:literal;)*) => {
        /// A stable finding code. Its spelling is part of the agreed formats.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingCode { $($variant,)* }

        impl FindingCode {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code as users and programs see it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The level unless a floor says otherwise.
            pub const fn default_level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)* }
            }

            /// What was seen.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }

            /// Why it matters.
            pub const fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)* }
            }

            /// What to do about it.
            pub const fn next_step(self) -> &'static str {
                match self { $(Self::$variant => $next,)* }
            }
        }
    };
}

finding_codes! {
    BelowMinimumVersion "below-minimum-version" Fail:
        "The client went past the refusal line in a session whose version is below the floor's minimum.",
        "TLS 1.0 and 1.1 rest on SHA-1 and MD5 and are forbidden by RFC 8996; SSL 3 by RFC 7568.",
        "Set the client's minimum version to TLS 1.2, or build it on a library whose default is.";
    NoForwardSecrecy "no-forward-secrecy" Fail:
        "The client went past the refusal line in a session without an ephemeral key exchange.",
        "Whoever gets the server's key later reads every recorded session (RFC 9325 4.1).",
        "Leave only ECDHE (or DHE) suites in the client's cipher list.";
    Unauthenticated "unauthenticated" Fail:
        "The client went past the refusal line with a server that did not prove who it is.",
        "Anybody on the path can be that server: encryption to an unknown peer protects nothing.",
        "Drop anonymous suites and verify certificate chain and host name.";
    Unencrypted "unencrypted" Fail:
        "The client went past the refusal line in a session whose suite does not encrypt.",
        "The request can be read on the path (RFC 9325 4.1).",
        "Drop the NULL suites from the client's cipher list.";
    WeakDhGroup "weak-dh-group" Fail:
        "The client accepted a finite-field Diffie-Hellman group smaller than the floor allows.",
        "Groups of 1024 bits are within reach of precomputation (Logjam; RFC 9325 4.5).",
        "Raise the client's minimum group size to 2048 bits, or drop DHE suites.";
    WeakCertificate "weak-certificate" Fail:
        "The client accepted a certificate whose RSA key is smaller than the floor allows.",
        "RSA keys below 2048 bits give less than 112 bits of security (RFC 9325 4.5).",
        "Raise the client's minimum certificate key size.";
    UndefinedSession "undefined-session" Fail:
        "The client went past the refusal line with a version and suite that no specification puts together.",
        "A client must refuse what it did not offer and what has no meaning (RFC 8446 4.1.3).",
        "Report it to the client's TLS library: its ServerHello check is missing.";
    DataBeforeRefusal "data-before-refusal" Fail:
        "Application data of the client arrived before it refused.",
        "A refusal after the request is sent comes too late: the request has been read.",
        "Verify before the first write.";
    DowngradedRetry "downgraded-retry" Fail:
        "After a refusal the client connected again with a lower maximum version.",
        "Anybody on the path can force such a fall-back by breaking the first connection (POODLE, RFC 7507).",
        "Switch the client's version fall-back off.";
    PlaintextRetry "plaintext-retry" Fail:
        "After a refused handshake the client sent plain HTTP to the same port.",
        "The request travelled without any protection.",
        "Switch the client's fall-back to plain HTTP off.";
    UnexpectedAlert "unexpected-alert" Warn:
        "The client refused rightly, with an alert that the case does not list.",
        "Nothing is lost, but whoever debugs the connection is misled (RFC 8446 6.2).",
        "Compare the alert with the case's checks: shakedown explain CASE.";
    ClientReportDiffers "client-report-differs" Warn:
        "The program's own report (exit status or worker answer) contradicts the wire.",
        "Whoever scripts the client learns the wrong thing about the connection.",
        "Look at the program's output: shakedown check --evidence DIR keeps it.";
    BelowRecommendedVersion "below-recommended-version" Warn:
        "The client does not offer the version that the floor recommends, or completed a deprecated one below it.",
        "The guides recommend TLS 1.3 (older ones 1.2); TLS 1.0 and 1.1 rest on MD5 and SHA-1 (RFC 8996).",
        "Update the client's TLS library, or lift its maximum version.";
    WeakOffered "weak-offered" Warn:
        "The client's hello offers something that the floor forbids.",
        "A server that takes the offer gets a weak session; only the server's choice protects this client.",
        "Remove the weak versions, suites or modes from the client's configuration.";
    FiniteFieldDhe "finite-field-dhe" Warn:
        "The client completed a finite-field ephemeral Diffie-Hellman key exchange in TLS 1.2 or older.",
        "It is forward secret and AWS's guides allow it; RFC 10015 forbids it since clients cannot check the group.",
        "Prefer ECDHE suites and drop DHE from the client's cipher list.";
    WeakCipher "weak-cipher" Fail:
        "The client completed a session with a broken or very old cipher.",
        "RC4 is forbidden by RFC 7465; DES, RC2, IDEA and 3DES are short of key or block (RFC 9325 4.1).",
        "Leave only AES-GCM, AES-CCM and ChaCha20-Poly1305 suites in the client's cipher list.";
    NoConnection "no-connection" Inconclusive:
        "The client ended without a TLS connection to the strong control server.",
        "A client that never connects refuses nothing.",
        "Check the command line: it must connect to {url} (or {host} and {port}).";
    UntrustedCertificate "untrusted-certificate" Inconclusive:
        "The client refused the strong control server because of its certificate.",
        "It refuses everything, so none of its refusals proves anything.",
        "Give it the harness's CA: shakedown check -- my-client --ca {ca_pem} {url}";
    ControlTimeout "control-timeout" Inconclusive:
        "The client did not end within the deadline against the strong control server.",
        "A client that hangs refuses nothing.",
        "Let the command end by itself, or raise --timeout.";
    ClientCrashed "client-crashed" Inconclusive:
        "The client was ended by a signal against the strong control server.",
        "A crash is no refusal.",
        "Run the command by hand; the report shows its last output.";
    NotTls "not-tls" Inconclusive:
        "The client spoke something other than TLS to the strong control server.",
        "Without TLS there is nothing to judge.",
        "Use {url}, which begins with https, in the command line.";
    ControlRefused "control-refused" Inconclusive:
        "The client did not complete the strong control handshake.",
        "A client that refuses strong servers too proves nothing by refusing weak ones.",
        "Look at the alert in the detail; shakedown check --evidence DIR keeps the transcript.";
    CanaryMissed "canary-missed" Inconclusive:
        "A permissive client could not complete the case, so the case proves nothing.",
        "A server that nobody can connect to is refused by everybody.",
        "This is a fault of the harness: please report it with the output.";
    ServerCannot "server-cannot" Inconclusive:
        "The server side could not play the case to its end.",
        "A refusal of something that was never properly proposed proves nothing.",
        "This is a fault of the harness: please report it with the output.";
    ServerEndedIt "server-ended-it" Inconclusive:
        "Our own server ended the handshake, and not because the client offered nothing fitting.",
        "The refusal has no author: the client never got to decide.",
        "Look at the case's forced variant, where the client must decide.";
    Timeout "timeout" Inconclusive:
        "The client neither completed nor refused before the deadline.",
        "A hang is no refusal.",
        "Raise --timeout, or look at the client with --evidence DIR.";
    Unstable "unstable" Inconclusive:
        "The client behaved differently when the case was run again, or its hello differs from the control's.",
        "One of the two answers is luck.",
        "Run the case alone: shakedown check --client NAME --filter CASE.";
    ControlLost "control-lost" Inconclusive:
        "The strong control no longer completed after this case.",
        "Between the last good control and the failed one every refusal may be a broken client.",
        "Run again; if it persists the client breaks after some connections.";
    WorkerState "worker-state" Inconclusive:
        "A fresh worker process answered differently from the long-running one.",
        "The worker carries state from case to case, so its refusals may be leftovers.",
        "Let the worker build a new TLS context for every case.";
    HarnessPanic "harness-panic" Inconclusive:
        "The harness itself panicked in this case.",
        "Nothing can be said about the client.",
        "This is a fault of the harness: please report it with the output.";
    ClassUnproven "class-unproven" Inconclusive:
        "In a class that the floor names, no must-refuse case was proven.",
        "Without one proven refusal the class says nothing about the client.",
        "Look at the inconclusive and skipped cases of that class.";
    NotInstalled "not-installed" Skipped:
        "The program was not found.",
        "It was not judged.",
        "Install it; the hint stands beside the client.";
    UnsupportedByClient "unsupported-by-client" Skipped:
        "The client says that it cannot run this case (exit code 89 or a worker's `unsupported`).",
        "The case says nothing about this client.",
        "Nothing, if the client really lacks the feature; --strict makes it an error.";
    UnsupportedByServer "unsupported-by-server" Skipped:
        "The chosen server backend cannot play this case.",
        "The case says nothing about this client.",
        "Use another backend: --backend openssl plays most.";
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A finding code that is not in the table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown finding code {0:?}")]
pub struct UnknownFindingCode(pub String);

impl FromStr for FindingCode {
    type Err = UnknownFindingCode;

    fn from_str(name: &str) -> Result<Self, UnknownFindingCode> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == name)
            .ok_or_else(|| UnknownFindingCode(name.to_owned()))
    }
}

/// One reason in a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub code: FindingCode,
    pub level: Level,
    /// The clause that the finding rests on, such as `RFC 9325 4.1`.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
    /// What was seen in this case, one line.
    pub detail: String,
}

impl Finding {
    /// A finding at its code's default level.
    pub fn new(code: FindingCode, detail: impl Into<String>) -> Self {
        Self { code, level: code.default_level(), reference: None, detail: detail.into() }
    }

    /// The same finding at a level that the floor chose.
    #[must_use]
    pub fn at(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same finding with the clause it rests on.
    #[must_use]
    pub fn citing(mut self, reference: Option<String>) -> Self {
        self.reference = reference;
        self
    }
}
