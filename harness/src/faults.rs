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
    /// Server: its Finished does not cover what was changed in the first hello without a change of length.
    HelloUnbound = 9,
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
    /// Judge: connections behind two of TLS 1.1 do not count, of which one was refused for the certificate and one reset.
    LaterConnectionsUnread = 19,
}

impl Fault {
    pub const ALL: [Self; 17] = [
        Self::OldVersionForOneSuite,
        Self::VersionByLowByte,
        Self::StaticRsaForLongLists,
        Self::AnonymousAdmitted,
        Self::FallbackIgnored,
        Self::SentinelMissing,
        Self::SentinelIgnored,
        Self::ForeignSuiteTaken,
        Self::HelloUnbound,
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

    /// In a few words, for tables.
    pub const fn about(self) -> &'static str {
        match self {
            Self::OldVersionForOneSuite => "server: TLS 1.0 for a hello with one suite",
            Self::VersionByLowByte => "server: versions compared by their low byte",
            Self::StaticRsaForLongLists => "server: RSA key transport for more than six suites",
            Self::AnonymousAdmitted => "server: anonymous suites let in as forward secret",
            Self::FallbackIgnored => "server: TLS_FALLBACK_SCSV ignored",
            Self::SentinelMissing => "server: no downgrade sentinel",
            Self::SentinelIgnored => "client: the sentinel is not enforced",
            Self::ForeignSuiteTaken => "client: a suite that it did not offer",
            Self::HelloUnbound => "server: Finished does not cover a hello that was changed on its way",
            Self::SecondHelloUnread => "server: the hello after a HelloRetryRequest is not read",
            Self::ResumedWithoutPolicy => {
                "server: a pre-shared key is taken without (EC)DHE against the policy"
            }
            Self::TrailingBytes => "codec: three trailing bytes behind a ClientHello",
            Self::AlertAfterFinished => "judge: an alert behind Finished is a refusal",
            Self::UnknownSuiteSkipped => "parser: a name that begins like a suite is skipped",
            Self::ClientOrderWithGrease => {
                "server: the client's order where GREASE and five suites are offered"
            }
            Self::AnyGroupWithSessionId => "server: a group outside the policy where a session id is sent",
            Self::LaterConnectionsUnread => "judge: connections behind two refused ones do not count",
        }
    }

    /// What its target says when it finds it: the labels behind `ORACLE`. A server that is planted with an old version sends
    /// no sentinel either, and whichever rule is asked first speaks.
    pub const fn labels(self) -> &'static [&'static str] {
        match self {
            Self::OldVersionForOneSuite => &["version", "sentinel"],
            Self::VersionByLowByte => &["version", "sentinel"],
            Self::StaticRsaForLongLists => &["suite", "sentinel", "version"],
            Self::AnonymousAdmitted => &["suite"],
            Self::FallbackIgnored | Self::ClientOrderWithGrease => &["differs"],
            Self::SentinelMissing | Self::SentinelIgnored => &["sentinel"],
            Self::ForeignSuiteTaken => &["suite"],
            // Where the first hello offers what the second does not, and where any second hello is as good.
            Self::SecondHelloUnread => &["suite", "forged"],
            Self::HelloUnbound => &["forged"],
            Self::ResumedWithoutPolicy => &["non-PFS"],
            Self::TrailingBytes => &["round-trip"],
            Self::AlertAfterFinished => &["verdict"],
            Self::UnknownSuiteSkipped => &["parse"],
            Self::AnyGroupWithSessionId => &["group"],
            Self::LaterConnectionsUnread => &["monotone", "verdict"],
        }
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
            Self::HelloUnbound => "mitm",
            Self::SecondHelloUnread | Self::ResumedWithoutPolicy => "server_bytes",
            Self::TrailingBytes => "codec_bytes",
            Self::AlertAfterFinished | Self::LaterConnectionsUnread => "verdict",
            Self::UnknownSuiteSkipped => "scenario_parse",
        }
    }
}

#[cfg(feature = "faults")]
mod chosen {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::Fault;

    /// At first what `SHAKEDOWN_FAULT` names.
    static CHOSEN: LazyLock<AtomicU8> = LazyLock::new(|| {
        let id = std::env::var("SHAKEDOWN_FAULT").unwrap_or_default();
        let fault = Fault::ALL.into_iter().find(|fault| fault.id() == id);
        assert!(fault.is_some() || id.is_empty(), "SHAKEDOWN_FAULT: no fault {id}");
        AtomicU8::new(fault.map_or(0, |fault| fault as u8))
    });

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
