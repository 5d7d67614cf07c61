//! What a run tells: the only interface between the runner and the reporters, and the JSON lines format.
//!
//! Fields marked `skip` are for the human table and do not stand in the JSON lines.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::judge::{Class, Finding, FindingCode, Verdict};
use crate::observe::Reach;

/// The number in the schema's file name (`schema/events-1.json`). A new optional key keeps it.
pub const SCHEMA: u32 = 1;

/// One line of the JSON lines report.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Event {
    RunStarted(RunStarted),
    Client(ClientEvent),
    CaseFinished(Box<CaseFinished>),
    RunFinished(RunFinished),
}

#[derive(Clone, Debug, Serialize)]
pub struct RunStarted {
    pub schema: u32,
    pub shakedown: String,
    /// RFC 3339, UTC, whole seconds.
    pub started: String,
    pub floor: String,
    pub tier: String,
    pub seed: u64,
    /// Backend id to library version.
    pub servers: BTreeMap<String, String>,
    /// Whether clients ran in clean rooms or with the user's environment (`--inherit-env`).
    pub environment: Environment,
    /// Cases planned, over all clients.
    pub planned: u64,
    /// The text that the floor follows.
    pub source: FloorSource,
    /// The service by whose name the floor was chosen.
    pub service: Option<ServiceEdition>,
    /// The TLS stack that plays the servers, where it can.
    pub backend: String,
    /// `--filter`.
    pub filter: Option<String>,
    /// `--shard`, `I/N`.
    pub shard: Option<String>,
    #[serde(skip)]
    pub floor_title: String,
    /// The floor's minimum, as people write it: `TLS 1.2`.
    #[serde(skip)]
    pub min_version: String,
    #[serde(skip)]
    pub cases_per_client: u64,
    /// `survey` looks, `check` gates.
    #[serde(skip)]
    pub gates: bool,
}

/// Page and date of the text that a floor follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FloorSource {
    pub page: String,
    pub date: String,
    pub url: Option<String>,
    /// What is a reading rather than the text's words.
    pub note: Option<String>,
}

/// `--service NAME[@EDITION]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServiceEdition {
    pub name: String,
    pub edition: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    Clean,
    Inherited,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientKind {
    InProcess,
    Closure,
    Command,
    Worker,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientStatus {
    Ready,
    NotInstalled,
}

/// What a client's control hello offers. Names are IANA's; unknown values are hex; GREASE is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offers {
    pub versions: Vec<String>,
    pub suites: Vec<String>,
    pub groups: Vec<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ClientEvent {
    pub client: String,
    pub kind: ClientKind,
    pub version: Option<String>,
    pub path: Option<String>,
    pub status: ClientStatus,
    /// Certificate name (`rsa2048`) to `completed` or the code of the reason it was not.
    pub controls: BTreeMap<String, String>,
    pub offers: Option<Offers>,
    /// Findings about the client as a whole that are known before its cases: the lint of its hello.
    pub findings: Vec<Finding>,
    /// The install hint of a client that was not found, or why it could not be started.
    pub detail: Option<String>,
    /// What the table prints after the name, such as `(harness build)`.
    #[serde(skip)]
    pub label: Option<String>,
    /// Finding code to the program and arguments that mend it: `["curl", "--tlsv1.2"]`.
    #[serde(skip)]
    pub fixes: BTreeMap<FindingCode, Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Canary {
    /// The permissive client was driven past the refusal line.
    Caught,
    /// It was not: the case proves nothing.
    Missed,
    /// The case has nothing to refuse.
    NotNeeded,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    MustRefuse,
    MayComplete,
    MustComplete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Client,
    Server,
}

#[derive(Clone, Debug, Serialize)]
pub struct CaseFinished {
    pub client: String,
    pub case: String,
    pub scenario: String,
    pub checks: Vec<String>,
    pub server: String,
    pub canary: Canary,
    pub expected: Expected,
    pub reach: Option<Reach>,
    pub version: Option<String>,
    pub suite: Option<String>,
    pub group: Option<String>,
    pub alert: Option<String>,
    pub alert_by: Option<Side>,
    pub verdict: Verdict,
    pub findings: Vec<Finding>,
    /// Milliseconds from the start of the client to its end, of the run that was judged.
    pub ms: f64,
    /// What else happened beside a failure: all that is left to judge by where the failure is a known one.
    #[serde(skip)]
    pub beside: Vec<Finding>,
    /// Its failing findings, if all of them are known; the verdict is then no longer `fail`.
    pub known: Vec<KnownFinding>,
    /// The classes of weakness that the case proposes; empty for a strong case.
    #[serde(skip)]
    pub classes: Vec<Class>,
    /// Whether the ServerHello was forced (else the honest server has nothing else to offer).
    #[serde(skip)]
    pub forced: bool,
    /// Whether the case is about finite-field DHE.
    #[serde(skip)]
    pub finite_field: bool,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct ClientTotals {
    pub verdict: Option<Verdict>,
    pub pass: u64,
    pub warn: u64,
    pub fail: u64,
    pub inconclusive: u64,
    pub skipped: u64,
    /// Findings about the client as a whole that are known only at its end: `class-unproven`.
    pub findings: Vec<Finding>,
    /// Cases whose failure is known; they are counted by their verdict, too.
    pub known: u64,
}

/// Why a failing finding is accepted (`--known-failures`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownFinding {
    pub finding: FindingCode,
    pub reason: String,
    pub link: Option<String>,
    /// The last day on which it is accepted, `YYYY-MM-DD`.
    pub expires: Option<String>,
}

/// What became of the entries of a file of known failures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownReport {
    pub file: String,
    pub entries: Vec<KnownEntry>,
}

impl KnownReport {
    /// Whether an entry has that status.
    pub fn has(&self, is_it: impl Fn(EntryStatus) -> bool) -> bool {
        self.entries.iter().any(|entry| is_it(entry.status))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownEntry {
    pub line: u64,
    pub client: String,
    pub case: String,
    pub finding: FindingCode,
    pub status: EntryStatus,
    /// File and line, what is the matter, and what to do.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryStatus {
    /// A case fails in that way.
    Used,
    /// Filter, shard or tier left out what would have to be played to say more.
    NotSelected,
    /// A case that the run meant to play came to no verdict: it was skipped, inconclusive, or not played.
    NotChecked,
    /// All its cases were played, and none fails in that way any more.
    Stale,
    /// Its date has passed.
    Expired,
    /// There is no such client or case.
    Unmatched,
}

impl EntryStatus {
    /// Whether it is exit 1 (formats, section 9).
    pub const fn is_wrong(self) -> bool {
        matches!(self, Self::Stale | Self::Expired | Self::Unmatched)
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct RunFinished {
    pub clients: BTreeMap<String, ClientTotals>,
    pub findings: BTreeMap<String, u64>,
    pub interrupted: bool,
    pub exit: u8,
    pub ms: f64,
    /// User and system time of the harness itself, without its clients.
    pub cpu_ms: f64,
    /// Largest resident set of the harness itself.
    pub peak_rss_mib: f64,
    /// What became of `--known-failures`, if there were any.
    pub known_failures: Option<KnownReport>,
    /// The run beside the one of `--baseline`, if there was any.
    pub baseline: Option<BaselineReport>,
}

/// This run beside an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BaselineReport {
    pub file: String,
    /// When the earlier run began.
    pub started: String,
    /// The earlier run was interrupted, so cases of this one look new.
    pub interrupted: bool,
    /// What the two runs do not have in common. Verdicts under different floors are not comparable.
    pub differs: Vec<Differs>,
    /// Did not fail before.
    pub newly_failing: Vec<Changed>,
    /// Failed before, with other findings.
    pub fails_differently: Vec<FailsDifferently>,
    /// Comes to pass or warn now.
    pub newly_passing: Vec<Changed>,
    /// Came to a verdict before, and is inconclusive or skipped now.
    pub newly_unknown: Vec<Changed>,
    /// Was not played before.
    pub new: Vec<Changed>,
    /// Was played before, and this run has no such case or client.
    pub vanished: Vec<Changed>,
    /// Cases that were played before, and that this run left out (tier, filter, shard), was interrupted before, or has no
    /// program for: the client is not installed.
    pub unplayed: u64,
    /// Classes in which a client proved itself before, or was not asked to.
    pub newly_unproven: Vec<Unproven>,
    /// The other way round: proven now, or disproven.
    pub no_longer_unproven: Vec<Unproven>,
}

/// A setting, or a version, in two runs; null is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Differs {
    pub what: Setting,
    /// The server or client whose version it is.
    pub of: Option<String>,
    pub before: Option<String>,
    pub now: Option<String>,
}

/// What has to be the same in two runs for their verdicts to be comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    Floor,
    Service,
    Tier,
    Filter,
    Shard,
    Environment,
    Shakedown,
    Backend,
    /// The version of a server's library.
    Server,
    /// The version of a client.
    Client,
}

impl Setting {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Service => "service",
            Self::Tier => "tier",
            Self::Filter => "filter",
            Self::Shard => "shard",
            Self::Environment => "environment",
            Self::Shakedown => "shakedown",
            Self::Backend => "backend",
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// A case in two runs: its verdicts, null where it was not played. That of a known failure is `fail`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    pub client: String,
    pub case: String,
    pub before: Option<Verdict>,
    pub now: Option<Verdict>,
}

/// A case that fails in both runs: the codes of its failing findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailsDifferently {
    pub client: String,
    pub case: String,
    pub before: Vec<FindingCode>,
    pub now: Vec<FindingCode>,
}

/// A class in which nothing proved a client, in one of the runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unproven {
    pub client: String,
    /// Of the finding `class-unproven`.
    pub detail: String,
}
