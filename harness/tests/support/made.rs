//! Hand-made material for the judge: a case, an offer, what was seen.

use shakedown::judge::{
    CaseFacts, ClientEnded, ClientSaid, Controls, Judgement, RefusalLine, Refuser, judge,
};
use shakedown::observe::{Ending, Observation, Reach};
use shakedown::oracle::{Breach, KeyType, Offer, Proposal, Rule};
use shakedown::policy::{Order, Policy, Treatment};
use shakedown::registry::{AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::world;

/// TLS_RSA_WITH_AES_128_GCM_SHA256
pub const RSA_GCM: CipherSuite = CipherSuite(0x009C);
/// TLS_RSA_WITH_AES_128_CBC_SHA
pub const RSA_CBC: CipherSuite = CipherSuite(0x002F);
/// TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
pub const ECDHE_GCM: CipherSuite = CipherSuite(0xC02F);
/// TLS_AES_128_GCM_SHA256
pub const TLS13_GCM: CipherSuite = CipherSuite(0x1301);

/// What a case's facts borrow.
#[derive(Clone, Debug)]
pub struct Made {
    pub policy: Policy,
    pub breaches: Vec<Breach>,
    pub forced: bool,
    pub bad_certificate: bool,
    pub refuser: Refuser,
    pub line: RefusalLine,
    pub alerts: Vec<AlertDescription>,
}

impl Made {
    /// A server that has one version and one suite, and what a session with it breaks.
    pub fn new(version: ProtocolVersion, suite: CipherSuite, breaks: &[Rule]) -> Self {
        let policy = Policy {
            id: "made".to_owned(),
            title: String::new(),
            versions: vec![version],
            order: Order::Server,
            suites: vec![suite],
            groups: vec![NamedGroup::X25519, NamedGroup::SECP256R1],
            schemes: vec![SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PKCS1_SHA256],
            dhe_bits: None,
            suites_from: None,
            provenance: None,
        };
        let breaches = breaks.iter().map(|rule| Breach { rule: *rule, treatment: Treatment::Fail }).collect();
        Self {
            policy,
            breaches,
            forced: false,
            bad_certificate: false,
            refuser: Refuser::Client,
            line: RefusalLine::Committed,
            alerts: Vec::new(),
        }
    }

    pub fn static_rsa() -> Self {
        Self::new(ProtocolVersion::TLS1_2, RSA_GCM, &[Rule::ForwardSecrecy])
    }

    pub fn forced(self) -> Self {
        Self { forced: true, ..self }
    }

    pub fn facts(&self) -> CaseFacts<'_> {
        CaseFacts {
            floor: world().floor(),
            policy: &self.policy,
            key: Some(KeyType::Rsa { bits: 2048 }),
            bad_certificate: self.bad_certificate,
            forced: self.forced,
            psk_ke: false,
            refuser: self.refuser,
            line: self.line,
            breaches: &self.breaches,
            alerts: &self.alerts,
            reference: None,
        }
    }

    pub fn proposal(&self) -> Proposal {
        Proposal::new(self.policy.versions[0], self.policy.suites[0])
    }

    /// Judged with good controls, and a program that ended by itself.
    pub fn judged(&self, connections: &[Observation]) -> Judgement {
        let offer = modern();
        let controls = Controls { positive: Ok(()), offer: Some(&offer), canary: Ok(()) };
        judge(&self.facts(), connections, &by_itself(), &controls)
    }

    /// A connection that came so far and ended so, with the proposal that belongs to it.
    pub fn seen(&self, reach: Reach, ending: Ending, delivered: bool) -> Observation {
        let (client_alert, server_alert) = match &ending {
            Ending::ClientAlert(alert) => (Some(*alert), None),
            Ending::ServerAlert(alert) => (None, Some(*alert)),
            _ => (None, None),
        };
        Observation {
            reach,
            offer: (reach >= Reach::Offered).then(modern),
            proposal: (reach >= Reach::Proposed).then(|| self.proposal()),
            delivered: delivered && reach >= Reach::Proposed,
            ending,
            client_alert,
            server_alert,
            ..Observation::empty()
        }
    }
}

pub fn by_itself() -> ClientSaid {
    ClientSaid { ended: ClientEnded::Itself, connected: None, unsupported: None }
}

/// What an honest client of today offers: TLS 1.2 and 1.3, ECDHE.
pub fn modern() -> Offer {
    Offer {
        supported_versions: Some(vec![ProtocolVersion::TLS1_3, ProtocolVersion::TLS1_2]),
        suites: vec![TLS13_GCM, ECDHE_GCM],
        compressions: vec![0],
        groups: Some(vec![NamedGroup::X25519, NamedGroup::SECP256R1]),
        schemes: Some(vec![SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::RSA_PKCS1_SHA256]),
        key_shares: Some(vec![NamedGroup::X25519]),
        psk_modes: Some(vec![1]),
        extended_master_secret: true,
        renegotiation_info: true,
        ..Offer::new(ProtocolVersion::TLS1_2)
    }
}

/// A hello before TLS 1.3, which states a maximum only.
pub fn states_a_maximum(max: ProtocolVersion, suites: &[CipherSuite]) -> Offer {
    Offer {
        supported_versions: None,
        suites: suites.to_vec(),
        key_shares: None,
        psk_modes: None,
        legacy_version: max,
        ..modern()
    }
}
