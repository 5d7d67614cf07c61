//! Rules that a stack follows instead of the oracle's. Each changes one thing, in what is asked or in the answer.

use super::quirk::Oracle;
use crate::oracle::{KeyType, Offer, Proposal, Refusal, RefusalReason};
use crate::policy::Policy;
use crate::registry::{
    self, Authentication, GroupFacts, GroupFamily, KeyAlgorithm, NamedGroup, ProtocolVersion, SchemeFacts,
    SignatureScheme,
};

/// Another rule than the oracle's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Null compression is neither asked for nor asked to be alone.
    CompressionIgnored,
    /// A missing `supported_groups` is an empty one: no curves.
    CurvesNeedTheExtension,
    /// Without `supported_groups` P-256, if the server has it; the extension may be missing in TLS 1.3, too.
    DefaultCurveP256,
    /// The curve of the certificate's key need not be among the client's.
    CertificateCurveUnchecked,
    /// ECDHE in SSL 3.
    EcdheInSsl3,
    /// `TLS_FALLBACK_SCSV` means nothing.
    FallbackIgnored,
    /// `TLS_FALLBACK_SCSV` is compared with the negotiated version, not with the client's highest.
    FallbackByNegotiated,
    /// The first group of the client's that the server has, whether its share is there or not.
    GroupsInClientOrder,
    /// The server's order of groups, though the suites are in the client's.
    GroupsInServerOrder,
    /// A hybrid group before every curve, even if it costs a HelloRetryRequest.
    HybridFirst,
    /// A hybrid group in common leaves no curve for versions before TLS 1.3 that came without `supported_versions`.
    HybridHidesCurves,
    /// A HelloRetryRequest without `key_share`, if the hello had none.
    RetryWithoutGroup,
    /// A suite of a later version, if there is none of the negotiated one.
    LaterSuite,
    /// A signature scheme that the client did not offer, if none is in common: SHA-1 before others up to TLS 1.2.
    SchemeNotOffered,
    /// A HelloRetryRequest before the schemes are compared.
    SchemeAfterRetry,
    /// The suite is chosen whatever the schemes, and then the end, if none in common goes with the certificate of that suite,
    /// even where it signs nothing.
    SchemeForEverySuite,
    /// The server's order of signature schemes, though the suites are in the client's.
    SchemesInServerOrder,
    /// SEED in SSL 3 is proposed and not completed. Changes no first flight.
    SeedInSsl3,
    /// As a client: no finite field below 2048 bits. Changes no first flight.
    SmallFieldsRefused,
    /// No TLS 1.3 if the curve of an ECDSA certificate goes with none of the server's own schemes in it.
    Tls13NeedsOwnScheme,
    /// `supported_versions` counts only for servers that have TLS 1.3.
    VersionsOnlyForTls13,
}

/// What a client without `signature_algorithms` is taken to accept (RFC 5246 7.4.1.4.1).
const SHA1: [SignatureScheme; 2] = [SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1];

/// A question on its way to the oracle.
struct Asked {
    policy: Policy,
    key: KeyType,
    offer: Offer,
    /// The server's highest version, whatever else keeps it from that.
    highest: Option<ProtocolVersion>,
    /// SSL 3 is asked about as TLS 1.0.
    is_ssl3: bool,
}

impl Rule {
    pub const ALL: [Self; 21] = [
        Self::CompressionIgnored,
        Self::CurvesNeedTheExtension,
        Self::DefaultCurveP256,
        Self::CertificateCurveUnchecked,
        Self::EcdheInSsl3,
        Self::FallbackIgnored,
        Self::FallbackByNegotiated,
        Self::GroupsInClientOrder,
        Self::GroupsInServerOrder,
        Self::HybridFirst,
        Self::HybridHidesCurves,
        Self::RetryWithoutGroup,
        Self::LaterSuite,
        Self::SchemeNotOffered,
        Self::SchemeAfterRetry,
        Self::SchemeForEverySuite,
        Self::SchemesInServerOrder,
        Self::SeedInSsl3,
        Self::SmallFieldsRefused,
        Self::Tls13NeedsOwnScheme,
        Self::VersionsOnlyForTls13,
    ];

    /// The words that a file may use for a rule: these, `alert` and `policy-differs`.
    pub const NAMES: [&'static str; 23] = {
        let mut names = ["policy-differs"; 23];
        names[0] = "alert";
        let mut at = 0;
        while at < Self::ALL.len() {
            names[at + 1] = Self::ALL[at].as_str();
            at += 1;
        }
        names
    };

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CompressionIgnored => "compression-ignored",
            Self::CurvesNeedTheExtension => "curves-need-the-extension",
            Self::DefaultCurveP256 => "default-curve-p256",
            Self::CertificateCurveUnchecked => "certificate-curve-unchecked",
            Self::EcdheInSsl3 => "ecdhe-in-ssl3",
            Self::FallbackIgnored => "fallback-ignored",
            Self::FallbackByNegotiated => "fallback-by-negotiated",
            Self::GroupsInClientOrder => "groups-in-client-order",
            Self::GroupsInServerOrder => "groups-in-server-order",
            Self::HybridFirst => "hybrid-first",
            Self::HybridHidesCurves => "hybrid-hides-curves",
            Self::RetryWithoutGroup => "retry-without-group",
            Self::LaterSuite => "later-suite",
            Self::SchemeNotOffered => "scheme-not-offered",
            Self::SchemeAfterRetry => "scheme-after-retry",
            Self::SchemeForEverySuite => "scheme-for-every-suite",
            Self::SchemesInServerOrder => "schemes-in-server-order",
            Self::SeedInSsl3 => "seed-in-ssl3",
            Self::SmallFieldsRefused => "small-fields-refused",
            Self::Tls13NeedsOwnScheme => "tls13-needs-own-scheme",
            Self::VersionsOnlyForTls13 => "versions-only-for-tls13",
        }
    }

    /// The oracle's answer if these rules stood in it.
    pub fn answer(
        rules: &[Self],
        oracle: Oracle<'_>,
        (policy, key, offer): (&Policy, &KeyType, &Offer),
    ) -> Result<Proposal, Refusal> {
        let mut asked = Asked {
            policy: policy.clone(),
            key: *key,
            offer: offer.clone(),
            highest: policy.max_version(),
            is_ssl3: false,
        };
        // What settles the version comes first, since the others look at it.
        for rule in ORDER.into_iter().filter(|rule| rules.contains(rule)) {
            rule.before(&mut asked)?;
        }
        let mut outcome = asked.put(oracle);
        for rule in ORDER.into_iter().filter(|rule| rules.contains(rule)) {
            outcome = rule.after(&asked, offer, oracle, outcome);
        }
        outcome
    }

    /// Changes the question, or answers it with a refusal.
    fn before(self, asked: &mut Asked) -> Result<(), Refusal> {
        match self {
            Self::VersionsOnlyForTls13 if asked.policy.max_version() < Some(ProtocolVersion::TLS1_3) => {
                asked.offer.supported_versions = None;
            }
            Self::Tls13NeedsOwnScheme
                if matches!(asked.key, KeyType::Ecdsa { .. })
                    && asked.own_scheme(ProtocolVersion::TLS1_3).is_none() =>
            {
                asked.policy.versions.retain(|version| *version < ProtocolVersion::TLS1_3);
            }
            Self::FallbackIgnored => asked.offer.fallback_scsv = false,
            Self::FallbackByNegotiated
                // Only where the oracle has no reason to refuse: a client that states its highest version as low as
                // the signal says is the oracle's own matter.
                if asked.offer.fallback_scsv
                    && asked.offer.max_version() >= asked.policy.max_version()
                    && asked.version().is_some_and(|version| Some(version) < asked.highest) =>
            {
                return Err(RefusalReason::InappropriateFallback.into());
            }
            Self::SchemesInServerOrder => {
                let ours = &asked.policy.schemes;
                if let Some(schemes) = &mut asked.offer.schemes {
                    schemes.sort_by_key(|scheme| {
                        ours.iter().position(|own| own == scheme).unwrap_or(usize::MAX)
                    });
                }
            }
            Self::CompressionIgnored => asked.offer.compressions = vec![0],
            Self::EcdheInSsl3 if asked.version() == Some(ProtocolVersion::SSL3) => asked.ssl3_as_tls10(),
            Self::CurvesNeedTheExtension => {
                asked.offer.groups.get_or_insert_default();
            }
            Self::DefaultCurveP256 if asked.offer.groups.is_none() => {
                asked.offer.groups = Some(asked.default_curve().into_iter().collect());
            }
            Self::RetryWithoutGroup if asked.version() == Some(ProtocolVersion::TLS1_3) => {
                asked.offer.key_shares.get_or_insert_default();
            }
            Self::HybridHidesCurves
                if asked.offer.supported_versions.is_none()
                    && asked.policy.max_version() == Some(ProtocolVersion::TLS1_3)
                    && asked.common_groups(is_hybrid).next().is_some() =>
            {
                asked.policy.groups.retain(|group| !is_curve(*group));
            }
            Self::HybridFirst
                if asked.version() == Some(ProtocolVersion::TLS1_3)
                    && asked.common_groups(is_hybrid).next().is_some() =>
            {
                asked.policy.groups.retain(|group| is_hybrid(*group));
            }
            Self::GroupsInClientOrder => asked.order_groups(),
            Self::GroupsInServerOrder if asked.version() == Some(ProtocolVersion::TLS1_3) => {
                let ours = asked.policy.groups.clone();
                let place = |group: &NamedGroup| ours.iter().position(|other| other == group);
                if let Some(groups) = &mut asked.offer.groups {
                    groups.sort_by_key(|group| place(group).unwrap_or(usize::MAX));
                }
            }
            Self::CertificateCurveUnchecked => asked.offer_the_curve(),
            Self::SchemeNotOffered => asked.offer_a_scheme(),
            _ => {}
        }
        Ok(())
    }

    /// Changes the answer. `offer` is the hello as it came.
    fn after(
        self,
        asked: &Asked,
        offer: &Offer,
        oracle: Oracle<'_>,
        outcome: Result<Proposal, Refusal>,
    ) -> Result<Proposal, Refusal> {
        let version = asked.version();
        let is_tls13 = version == Some(ProtocolVersion::TLS1_3);
        match (self, outcome) {
            (Self::SchemeForEverySuite, outcome)
                if version == Some(ProtocolVersion::TLS1_2)
                    && !is_early(&outcome)
                    && !asked
                        .own_schemes(ProtocolVersion::TLS1_2)
                        .any(|scheme| offer.schemes.as_deref().unwrap_or(&SHA1).contains(&scheme)) =>
            {
                asked.chosen_without_certificate(offer, oracle).ok_or(RefusalReason::NoCommonScheme.into())
            }
            (Self::SchemeAfterRetry, Err(refusal))
                if is_tls13 && refusal.reason == RefusalReason::NoCommonScheme =>
            {
                // The keys of the matrix can sign with one of these.
                let schemes =
                    vec![SignatureScheme::RSA_PSS_RSAE_SHA256, SignatureScheme::ECDSA_SECP256R1_SHA256];
                let able = Policy { schemes: schemes.clone(), ..asked.policy.clone() };
                let willing = Offer { schemes: Some(schemes), ..asked.offer.clone() };
                let proposal = oracle(&able, Some(&asked.key), &willing);
                proposal.ok().filter(|proposal| proposal.hello_retry).ok_or(refusal)
            }
            (Self::LaterSuite, Err(refusal))
                if !is_tls13 && refusal.reason >= RefusalReason::NoCommonSuite =>
            {
                asked.with_later_suite(oracle).ok_or(refusal)
            }
            (Self::EcdheInSsl3, Ok(proposal)) if asked.is_ssl3 => {
                Ok(Proposal { version: ProtocolVersion::SSL3, ..proposal })
            }
            (Self::RetryWithoutGroup, Ok(proposal)) if is_tls13 && offer.key_shares.is_none() => {
                Ok(Proposal { group: None, ..proposal })
            }
            (_, outcome) => outcome,
        }
    }
}

/// The order in which rules are applied: version, then what the whole hello has to be, then groups, then schemes.
const ORDER: [Rule; 19] = [
    Rule::VersionsOnlyForTls13,
    Rule::Tls13NeedsOwnScheme,
    Rule::FallbackIgnored,
    Rule::FallbackByNegotiated,
    Rule::CompressionIgnored,
    Rule::CurvesNeedTheExtension,
    Rule::DefaultCurveP256,
    Rule::RetryWithoutGroup,
    Rule::HybridHidesCurves,
    Rule::HybridFirst,
    Rule::GroupsInClientOrder,
    Rule::GroupsInServerOrder,
    Rule::CertificateCurveUnchecked,
    Rule::SchemesInServerOrder,
    Rule::SchemeNotOffered,
    Rule::SchemeAfterRetry,
    Rule::SchemeForEverySuite,
    Rule::LaterSuite,
    // Last, since it pretends another version.
    Rule::EcdheInSsl3,
];

impl Asked {
    fn put(&self, oracle: Oracle<'_>) -> Result<Proposal, Refusal> {
        oracle(&self.policy, Some(&self.key), &self.offer)
    }

    /// The version in common, if there is one.
    fn version(&self) -> Option<ProtocolVersion> {
        let ours = self.policy.versions.iter().copied();
        match &self.offer.supported_versions {
            Some(theirs) => ours.filter(|version| theirs.contains(version)).max(),
            None => ours.filter(|version| Some(*version) <= self.offer.max_version()).max(),
        }
    }

    fn common_groups(&self, wanted: fn(NamedGroup) -> bool) -> impl Iterator<Item = NamedGroup> {
        let theirs = self.offer.groups.iter().flatten();
        theirs.copied().filter(move |group| self.policy.groups.contains(group) && wanted(*group))
    }

    /// P-256, else the first curve.
    fn default_curve(&self) -> Option<NamedGroup> {
        let mut curves = self.policy.groups.iter().copied().filter(|group| is_curve(*group));
        curves.clone().find(|group| *group == NamedGroup::SECP256R1).or_else(|| curves.next())
    }

    /// The first of the client's groups, and its share only.
    fn order_groups(&mut self) {
        let is_tls13 = self.version() == Some(ProtocolVersion::TLS1_3);
        let usable = |facts: &GroupFacts| if is_tls13 { facts.tls13 } else { facts.tls12 };
        let theirs = self.offer.groups.iter().flatten().copied();
        let first = theirs
            .filter(|group| self.policy.groups.contains(group))
            .find(|group| registry::group(*group).is_some_and(usable));
        if let Some(first) = first {
            // The others stay known, at the end: what else is asked of them does not change.
            self.policy.groups.sort_by_key(|group| *group != first);
            if let Some(shares) = &mut self.offer.key_shares {
                shares.retain(|group| *group == first);
            }
        }
    }

    /// As if the client had the curve of the certificate's key, and the server did not have it for the exchange.
    fn offer_the_curve(&mut self) {
        let KeyType::Ecdsa { group: curve } = self.key else { return };
        if let Some(groups) = &mut self.offer.groups
            && !groups.contains(&curve)
        {
            groups.push(curve);
            self.policy.groups.retain(|group| *group != curve);
        }
    }

    /// The first scheme of the server's own that its key can sign with in that version.
    fn own_scheme(&self, version: ProtocolVersion) -> Option<SignatureScheme> {
        self.own_schemes(version).next()
    }

    fn own_schemes(&self, version: ProtocolVersion) -> impl Iterator<Item = SignatureScheme> {
        let facts = self.policy.schemes.iter().filter_map(|scheme| registry::scheme(*scheme));
        facts.filter(move |facts| self.signs(facts, version)).map(|facts| facts.scheme)
    }

    fn signs(&self, facts: &SchemeFacts, version: ProtocolVersion) -> bool {
        let is_tls13 = version == ProtocolVersion::TLS1_3;
        let is_usable = if is_tls13 { facts.tls13_handshake } else { facts.tls12 };
        is_usable
            && match self.key {
                KeyType::Rsa { .. } => facts.key_type == KeyAlgorithm::Rsa,
                KeyType::Ed25519 => facts.key_type == KeyAlgorithm::Ed25519,
                // RFC 8446 4.2.3: in TLS 1.3 the scheme names the curve, and the keys of the matrix are on P-256.
                KeyType::Ecdsa { .. } => {
                    facts.key_type == KeyAlgorithm::Ecdsa
                        && (!is_tls13 || facts.scheme == SignatureScheme::ECDSA_SECP256R1_SHA256)
                }
            }
    }

    /// If nothing is in common: as if the client offered SHA-1, else the first of the server's own.
    fn offer_a_scheme(&mut self) {
        let Some(version) = self.version() else { return };
        let is_common = self
            .own_schemes(version)
            .any(|scheme| self.offer.schemes.as_ref().is_some_and(|theirs| theirs.contains(&scheme)));
        if is_common {
            return;
        }
        let chosen = self.own_schemes(version).find(|scheme| SHA1.contains(scheme));
        self.offer.schemes = chosen.or_else(|| self.own_scheme(version)).map(|scheme| vec![scheme]);
    }

    fn ssl3_as_tls10(&mut self) {
        let (ssl3, tls10) = (ProtocolVersion::SSL3, ProtocolVersion::TLS1_0);
        self.is_ssl3 = true;
        self.offer.legacy_version = tls10;
        self.offer.supported_versions = None;
        self.policy.versions.retain(|version| *version != ssl3 && *version != tls10);
        self.policy.versions.insert(0, tls10);
        self.offer.fallback_scsv &= self.policy.max_version() > Some(tls10);
    }

    /// The answer if the suite was chosen before schemes are looked at, and is one without a certificate. Lists without a
    /// scheme in common leave nothing at all.
    fn chosen_without_certificate(&self, offer: &Offer, oracle: Oracle<'_>) -> Option<Proposal> {
        if let Some(theirs) = &offer.schemes {
            self.policy.schemes.iter().find(|scheme| theirs.contains(scheme))?;
        }
        let any = Offer { schemes: Some(self.policy.schemes.clone()), ..self.offer.clone() };
        let chosen = oracle(&self.policy, Some(&self.key), &any).ok()?;
        let facts = registry::suite(chosen.suite)?;
        (facts.authentication == Authentication::Anon).then_some(chosen)
    }

    /// The answer if the negotiated version had the suites of TLS 1.2.
    fn with_later_suite(&self, oracle: Oracle<'_>) -> Option<Proposal> {
        let version = self.version()?;
        let mut policy = self.policy.clone();
        policy.versions = vec![ProtocolVersion::TLS1_2];
        let mut offer = self.offer.clone();
        offer.supported_versions = None;
        offer.legacy_version = ProtocolVersion::TLS1_2;
        // Before TLS 1.2 no scheme is negotiated.
        if version < ProtocolVersion::TLS1_2 {
            offer.schemes = Some(policy.schemes.clone());
        }
        let proposal = oracle(&policy, Some(&self.key), &offer).ok()?;
        let scheme = proposal.scheme.filter(|_| version >= ProtocolVersion::TLS1_2);
        Some(Proposal { version, scheme, ..proposal })
    }
}

/// A refusal before suites are looked at.
fn is_early(outcome: &Result<Proposal, Refusal>) -> bool {
    matches!(outcome, Err(refusal) if refusal.reason < RefusalReason::NoCommonSuite)
}

fn is_hybrid(group: NamedGroup) -> bool {
    registry::group(group)
        .is_some_and(|facts| matches!(facts.family, GroupFamily::HybridPq | GroupFamily::PqKem))
}

fn is_curve(group: NamedGroup) -> bool {
    registry::group(group).is_some_and(|facts| facts.family == GroupFamily::Ecdhe)
}
