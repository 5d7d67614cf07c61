//! Planted faults: what the fuzz targets have to find.
//!
//! They exist only with the feature `faults`, which no build has that anybody uses: without it nothing is ever planted.
//! One is chosen per process, at run time. `harness/tests/faults.rs` has a hand-written witness for each.

/// What is wrong, and where. The numbers are those of `fuzz/README.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// Server: TLS 1.0 for a hello without `supported_versions` that names it and one suite.
    OldVersionForOneSuite = 1,
    /// Server: versions are compared by their low byte.
    VersionByLowByte = 2,
    /// Server: RSA key transport where more than six suites are offered.
    StaticRsaForLongLists = 3,
    /// Server: anonymous suites count as forward secret and are let into the list.
    AnonymousAdmitted = 4,
    /// Server: `TLS_FALLBACK_SCSV` is not looked at.
    FallbackIgnored = 5,
    /// Server: no downgrade sentinel (RFC 8446 4.1.3).
    SentinelMissing = 6,
    /// Client: the sentinel is not looked at.
    SentinelIgnored = 7,
    /// Client: takes a suite that it did not offer.
    ForeignSuiteTaken = 8,
    /// Server: the second hello is not looked at after a HelloRetryRequest.
    SecondHelloUnread = 10,
    /// Server: a pre-shared key is taken up without the mode that its policy asks for.
    ResumedWithoutPolicy = 11,
    /// Codec: three bytes behind a ClientHello are no error.
    TrailingBytes = 13,
    /// Judge: a protocol_version alert behind the client's Finished looks like a refusal.
    AlertAfterFinished = 14,
    /// Parser: a suite's name that begins like a known one is skipped.
    UnknownSuiteSkipped = 16,
    /// Server: the client's order of suites, where it has GREASE and more than four.
    ClientOrderWithGrease = 17,
    /// Server: any group in TLS 1.3, where the session id is a compatible one of 32 bytes.
    AnyGroupWithSessionId = 18,
    /// Judge: connections behind a first one that ended with a protocol_version alert do not count.
    LaterConnectionsUnread = 19,
}

impl Fault {
    pub const ALL: [Self; 16] = [
        Self::OldVersionForOneSuite,
        Self::VersionByLowByte,
        Self::StaticRsaForLongLists,
        Self::AnonymousAdmitted,
        Self::FallbackIgnored,
        Self::SentinelMissing,
        Self::SentinelIgnored,
        Self::ForeignSuiteTaken,
        Self::SecondHelloUnread,
        Self::ResumedWithoutPolicy,
        Self::TrailingBytes,
        Self::AlertAfterFinished,
        Self::UnknownSuiteSkipped,
        Self::ClientOrderWithGrease,
        Self::AnyGroupWithSessionId,
        Self::LaterConnectionsUnread,
    ];

    /// `F1` and so on.
    pub fn id(self) -> String {
        format!("F{}", self as u8)
    }

    /// The target that has to find it.
    pub const fn target(self) -> &'static str {
        match self {
            Self::OldVersionForOneSuite
            | Self::VersionByLowByte
            | Self::StaticRsaForLongLists
            | Self::AnonymousAdmitted
            | Self::SentinelMissing
            | Self::AnyGroupWithSessionId => "server_select",
            Self::FallbackIgnored | Self::ClientOrderWithGrease => "diff_negotiate",
            Self::SentinelIgnored | Self::ForeignSuiteTaken => "client_bytes",
            Self::SecondHelloUnread | Self::ResumedWithoutPolicy => "server_bytes",
            Self::TrailingBytes => "codec_bytes",
            Self::AlertAfterFinished | Self::LaterConnectionsUnread => "verdict",
            Self::UnknownSuiteSkipped => "scenario_parse",
        }
    }
}

#[cfg(feature = "faults")]
mod chosen {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Fault;

    static CHOSEN: AtomicU8 = AtomicU8::new(0);

    pub fn is_planted(fault: Fault) -> bool {
        CHOSEN.load(Ordering::Relaxed) == fault as u8
    }

    /// Plants one fault, or none.
    pub fn plant(fault: Option<Fault>) {
        CHOSEN.store(fault.map_or(0, |fault| fault as u8), Ordering::Relaxed);
    }

    /// What is planted.
    pub fn planted() -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| is_planted(*fault))
    }
}

#[cfg(feature = "faults")]
pub use chosen::{is_planted, plant, planted};

/// Whether that fault is planted: never, in a build like this.
#[cfg(not(feature = "faults"))]
pub const fn is_planted(_: Fault) -> bool {
    false
}
