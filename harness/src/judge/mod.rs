//! `judge(case, connections, controls) -> Judgement`: pure, and it shares no code with the judged.
//!
//! It never names an engine. What it knows comes from the wire (`observe`), from the oracle's prediction, and from
//! the two controls; what a program says of itself can only add a warning.

mod combine;
mod connection;
pub mod verdict;

pub use combine::{Judgement, judge};
pub use connection::{NotOffered, Outcome};

use crate::observe::Observation;
pub use verdict::{Class, Finding, FindingCode, Level, UnknownFindingCode, Verdict};

use crate::oracle::{Breach, KeyType, Offer, Rule};
use crate::policy::{Floor, Policy, Treatment};
use crate::registry::AlertDescription;

/// Which side the case demands a refusal of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refuser {
    Client,
    /// The server must refuse a weak offer.
    Server,
}

/// The refusal line (design 1, rule 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalLine {
    Committed,
    Data,
}

/// A case as the judge sees it.
#[derive(Clone, Debug)]
pub struct CaseFacts<'a> {
    pub floor: &'a Floor,
    /// What the server plays.
    pub policy: &'a Policy,
    /// The server's key; `None` for anonymous and PSK suites.
    pub key: Option<KeyType>,
    /// The certificate is wrong on purpose: a client that verifies must reject it.
    pub bad_certificate: bool,
    /// The server takes what the case proposes, offered or not.
    pub forced: bool,
    /// The case is TLS 1.3 with a PSK and without (EC)DHE.
    pub psk_ke: bool,
    pub refuser: Refuser,
    pub line: RefusalLine,
    /// What a session as the case proposes it would break.
    pub breaches: &'a [Breach],
    /// The alerts that the case's checks list; empty: any.
    pub alerts: &'a [AlertDescription],
    /// The clause that findings cite.
    pub reference: Option<&'a str>,
}

impl CaseFacts<'_> {
    /// Whether the case demands a refusal.
    pub fn must_refuse(&self) -> bool {
        must_refuse(self.breaches, self.bad_certificate)
    }

    /// The class that a refusal of this case proves. A case that breaks several rules proves none, also when only
    /// one of them has a class: which of them was refused cannot be told. What a server refuses proves nothing about
    /// the client.
    pub fn proves(&self) -> Option<Class> {
        let broken = self.breaches.iter().filter(|b| b.treatment == Treatment::Fail).count();
        let reasons = broken + usize::from(self.bad_certificate);
        match (self.refuser, reasons, self.classes().as_slice()) {
            (Refuser::Client, 1, [class]) => Some(*class),
            _ => None,
        }
    }

    /// The classes of weakness that the case proposes.
    pub fn classes(&self) -> Vec<Class> {
        classes(self.breaches, self.bad_certificate)
    }
}

/// What a client program says of its own run of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSaid {
    pub ended: ClientEnded,
    /// `None` where it says nothing.
    pub connected: Option<bool>,
    /// Its reason, where it says that it cannot run the case.
    pub unsupported: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientEnded {
    /// By itself: exit status, answer, or an engine in this process.
    Itself,
    Crashed(String),
    AtDeadline,
    Interrupted,
    NotStarted(String),
}

/// What the controls of a case said.
#[derive(Clone, Debug)]
pub struct Controls<'a> {
    /// `Err`: why the client did not complete the strong control.
    pub positive: Result<(), &'a Finding>,
    /// What the client's hello in the positive control offered.
    pub offer: Option<&'a Offer>,
    /// `Err`: how the permissive client failed to go past the refusal line.
    pub canary: Result<(), String>,
}

/// Whether a client must refuse a session that breaks these rules.
pub fn must_refuse(breaches: &[Breach], bad_certificate: bool) -> bool {
    bad_certificate || breaches.iter().any(|b| b.treatment == Treatment::Fail)
}

/// The classes of weakness of such a session, each once.
pub fn classes(breaches: &[Breach], bad_certificate: bool) -> Vec<Class> {
    let broken = breaches.iter().filter(|b| b.treatment == Treatment::Fail).filter_map(|b| class_of(b.rule));
    let mut classes: Vec<Class> = broken.chain(bad_certificate.then_some(Class::Authentication)).collect();
    classes.sort();
    classes.dedup();
    classes
}

/// What a single first connection came to: the canary's own case.
pub fn classify_one(case: &CaseFacts<'_>, seen: &Observation) -> Outcome {
    connection::classify(case, seen, false)
}

/// Alerts that speak of the certificate (RFC 8446 6.2).
pub const CERTIFICATE_ALERTS: [AlertDescription; 6] = [
    AlertDescription::BAD_CERTIFICATE,
    AlertDescription::UNSUPPORTED_CERTIFICATE,
    AlertDescription(44),
    AlertDescription::CERTIFICATE_EXPIRED,
    AlertDescription::CERTIFICATE_UNKNOWN,
    AlertDescription::UNKNOWN_CA,
];

/// The class that a rule belongs to; the rules about strength belong to none.
pub const fn class_of(rule: Rule) -> Option<Class> {
    match rule {
        Rule::Version => Some(Class::Version),
        Rule::ForwardSecrecy => Some(Class::ForwardSecrecy),
        Rule::Authentication => Some(Class::Authentication),
        Rule::Encryption => Some(Class::Encryption),
        Rule::FiniteFieldDhe | Rule::WeakCipher | Rule::DhGroupSize | Rule::RsaKeySize | Rule::Undefined => {
            None
        }
    }
}

/// The finding about a broken rule, at the level that the floor gives it.
pub fn finding_of(breach: &Breach, detail: String) -> Finding {
    let level = match breach.treatment {
        Treatment::Fail => Level::Fail,
        Treatment::Warn => Level::Warn,
        Treatment::Allow => Level::Note,
    };
    Finding::new(code_of(breach.rule), detail).at(level)
}

/// The code of a broken rule.
pub const fn code_of(rule: Rule) -> FindingCode {
    match rule {
        Rule::Version => FindingCode::BelowMinimumVersion,
        Rule::ForwardSecrecy => FindingCode::NoForwardSecrecy,
        Rule::Authentication => FindingCode::Unauthenticated,
        Rule::Encryption => FindingCode::Unencrypted,
        Rule::FiniteFieldDhe => FindingCode::FiniteFieldDhe,
        Rule::WeakCipher => FindingCode::WeakCipher,
        Rule::DhGroupSize => FindingCode::WeakDhGroup,
        Rule::RsaKeySize => FindingCode::WeakCertificate,
        Rule::Undefined => FindingCode::UndefinedSession,
    }
}
