//! The choice of suite, certificate, group and signature up to TLS 1.2.

use super::Offer;
use super::proposal::{KeyType, Proposal, RefusalReason};
use super::select::in_common;
use crate::policy::Policy;
use crate::registry::{
    self, Authentication, GroupFacts, GroupFamily, KeyAlgorithm, KeyExchange, NamedGroup, ProtocolVersion,
    SignatureScheme, SuiteFacts,
};

/// The first suite that both sides want and that the server can play.
///
/// RFC 5246 7.4.1.3 leaves the choice to the server; whose order decides is the policy's matter. The
/// reason of a refusal is that of the suite which came furthest.
pub(super) fn choose(
    policy: &Policy,
    identity: Option<&KeyType>,
    offer: &Offer,
    version: ProtocolVersion,
) -> Result<Proposal, RefusalReason> {
    let server = Server { policy, identity, offer, version };
    let mut furthest = RefusalReason::NoCommonSuite;
    for suite in in_common(policy.order, &policy.suites, &offer.suites) {
        let Some(facts) = registry::suite(suite).filter(|facts| facts.played_in(version)) else { continue };
        match server.play(facts) {
            Ok(proposal) => return Ok(proposal),
            Err(reason) => furthest = furthest.max(reason),
        }
    }
    Err(furthest)
}

struct Server<'a> {
    policy: &'a Policy,
    identity: Option<&'a KeyType>,
    offer: &'a Offer,
    version: ProtocolVersion,
}

/// What a key exchange adds to a proposal.
#[derive(Default)]
struct Exchange {
    group: Option<NamedGroup>,
    dh_bits: Option<u16>,
}

impl Server<'_> {
    fn play(&self, facts: &SuiteFacts) -> Result<Proposal, RefusalReason> {
        let (scheme, exchange) = match facts.key_exchange {
            // RFC 5246 7.4.2, 7.4.3: the certificate is all there is, nothing is signed.
            KeyExchange::Rsa | KeyExchange::RsaPsk => {
                self.certificate(facts)?;
                (None, Exchange::default())
            }
            KeyExchange::Dhe => {
                self.certificate(facts)?;
                (self.signature(facts)?, self.field()?)
            }
            KeyExchange::Ecdhe => {
                self.certificate(facts)?;
                let scheme = self.signature(facts)?;
                self.curve_of_certificate(facts)?;
                (scheme, self.curve()?)
            }
            KeyExchange::DhAnon | KeyExchange::DhePsk => (None, self.field()?),
            KeyExchange::EcdhAnon | KeyExchange::EcdhePsk => (None, self.curve()?),
            KeyExchange::Psk => (None, Exchange::default()),
            // RFC 5246 A.5: the null suite "MUST NOT be negotiated". The others: no stack has the
            // certificates, tickets or passwords any more, or the suite is of another version.
            KeyExchange::Null
            | KeyExchange::Dh
            | KeyExchange::Ecdh
            | KeyExchange::Krb5
            | KeyExchange::Gost
            | KeyExchange::Srp
            | KeyExchange::Eccpwd
            | KeyExchange::Cecpq1
            | KeyExchange::Tls13
            | KeyExchange::None => return Err(RefusalReason::NoCommonSuite),
        };
        Ok(Proposal {
            group: exchange.group,
            dh_bits: exchange.dh_bits,
            certificate_bits: self.shown_bits(facts),
            scheme,
            // RFC 5746 3.6: the extension and its signal ask for the same answer, in SSL 3, too (4.5).
            renegotiation_info: self.offer.renegotiation_info,
            ..Proposal::new(self.version, facts.suite)
        })
    }

    /// Size of the RSA key in the Certificate message, if the suite has one.
    fn shown_bits(&self, facts: &SuiteFacts) -> Option<u32> {
        match facts.authentication {
            Authentication::Rsa | Authentication::RsaPsk => self.identity.and_then(KeyType::rsa_bits),
            _ => None,
        }
    }

    /// Whether the certificate is of the kind that the suite takes (RFC 5246 7.4.2, RFC 8422 5.3).
    fn certificate(&self, facts: &SuiteFacts) -> Result<(), RefusalReason> {
        let fits = match (facts.authentication, self.identity) {
            (Authentication::Rsa | Authentication::RsaPsk, Some(KeyType::Rsa { .. })) => true,
            (Authentication::Ecdsa, Some(KeyType::Ecdsa { .. })) => true,
            // Before TLS 1.2 a client cannot say that it knows EdDSA (RFC 8422 5.1.3), so no stack uses it.
            (Authentication::Ecdsa, Some(KeyType::Ed25519)) => self.version == ProtocolVersion::TLS1_2,
            _ => false,
        };
        if fits { Ok(()) } else { Err(RefusalReason::NoUsableCertificate) }
    }

    /// RFC 8422 5.3: the key of an ECDSA certificate has to be on a curve of the client's, if it names any.
    fn curve_of_certificate(&self, facts: &SuiteFacts) -> Result<(), RefusalReason> {
        match (facts.authentication, self.identity, &self.offer.groups) {
            (Authentication::Ecdsa, Some(KeyType::Ecdsa { group }), Some(theirs))
                if !theirs.contains(group) =>
            {
                Err(RefusalReason::NoCommonGroup)
            }
            _ => Ok(()),
        }
    }

    /// The scheme by which the server signs its key exchange: one that both sides accept.
    fn signature(&self, facts: &SuiteFacts) -> Result<Option<SignatureScheme>, RefusalReason> {
        // RFC 4346 7.4.3: before TLS 1.2 the hash is fixed and nothing is negotiated.
        if self.version < ProtocolVersion::TLS1_2 {
            return Ok(None);
        }
        let default;
        let theirs: &[SignatureScheme] = match &self.offer.schemes {
            Some(schemes) => schemes,
            None => {
                default = default_scheme(facts);
                default.as_slice()
            }
        };
        in_common(self.policy.order, &self.policy.schemes, theirs)
            .filter_map(registry::scheme)
            .find(|scheme| scheme.tls12 && self.signs_with(scheme.key_type))
            .map(|scheme| Some(scheme.scheme))
            .ok_or(RefusalReason::NoCommonScheme)
    }

    /// In TLS 1.2 an ECDSA scheme names a hash and binds no curve (RFC 8446 4.2.3, last paragraphs).
    fn signs_with(&self, algorithm: KeyAlgorithm) -> bool {
        match self.identity {
            Some(KeyType::Rsa { .. }) => algorithm == KeyAlgorithm::Rsa,
            Some(KeyType::Ecdsa { .. }) => algorithm == KeyAlgorithm::Ecdsa,
            Some(KeyType::Ed25519) => algorithm == KeyAlgorithm::Ed25519,
            None => false,
        }
    }

    /// The curve. RFC 8422 4: a client without `supported_groups` leaves the choice to the server; one
    /// with it is bound to it, and the suite must not be chosen if no curve is common (5.1).
    ///
    /// RFC 8422 5.1: nor if the client cannot read its points. That is asked here for a client that names no
    /// curve of RFC 8422; one that does is refused before (5.1.2).
    fn curve(&self) -> Result<Exchange, RefusalReason> {
        if !self.offer.takes_uncompressed_points() {
            return Err(RefusalReason::NoCommonGroup);
        }
        let ours = self.groups(|facts| facts.tls12 && facts.family == GroupFamily::Ecdhe);
        let chosen = match &self.offer.groups {
            None => ours.first().copied(),
            Some(theirs) => in_common(self.policy.order, &ours, theirs).next(),
        };
        match chosen {
            Some(group) => Ok(Exchange { group: Some(group), dh_bits: None }),
            None => Err(RefusalReason::NoCommonGroup),
        }
    }

    /// The finite-field group. RFC 7919 4: a server that knows named groups has to use one of the
    /// client's if the client names any (256 to 511, known or not); else it must not choose the suite, and
    /// if no other one will do, the refusal has an alert of its own.
    /// A server with a group of its own (`dhe_bits`), or none in its policy, does as before RFC 7919.
    fn field(&self) -> Result<Exchange, RefusalReason> {
        if let Some(bits) = self.policy.dhe_bits {
            return Ok(Exchange { group: None, dh_bits: Some(bits) });
        }
        let ours = self.groups(|facts| facts.tls12 && facts.family == GroupFamily::Ffdhe);
        let theirs: Vec<NamedGroup> = self
            .offer
            .groups
            .iter()
            .flatten()
            .copied()
            .filter(|group| (256..512).contains(&group.0))
            .collect();
        let chosen = match (ours.first(), theirs.is_empty()) {
            (None, _) => return Ok(Exchange::default()),
            (Some(first), true) => Some(*first),
            (Some(_), false) => in_common(self.policy.order, &ours, &theirs).next(),
        };
        let group = chosen.ok_or(RefusalReason::NoCommonFiniteField)?;
        Ok(Exchange { group: Some(group), dh_bits: registry::group(group).and_then(GroupFacts::dh_bits) })
    }

    fn groups(&self, wanted: impl Fn(&GroupFacts) -> bool) -> Vec<NamedGroup> {
        let is_wanted = |group: &NamedGroup| registry::group(*group).is_some_and(&wanted);
        self.policy.groups.iter().copied().filter(is_wanted).collect()
    }
}

/// RFC 5246 7.4.1.4.1: without `signature_algorithms` the client is taken to accept SHA-1 with the
/// algorithm of the suite, and nothing else.
fn default_scheme(facts: &SuiteFacts) -> Vec<SignatureScheme> {
    match facts.authentication {
        Authentication::Rsa | Authentication::RsaPsk | Authentication::SrpRsa => {
            vec![SignatureScheme::RSA_PKCS1_SHA1]
        }
        Authentication::Ecdsa => vec![SignatureScheme::ECDSA_SHA1],
        Authentication::Dss
        | Authentication::SrpDss
        | Authentication::Null
        | Authentication::Anon
        | Authentication::Krb5
        | Authentication::Psk
        | Authentication::Gost
        | Authentication::Tls13
        | Authentication::None
        | Authentication::Srp
        | Authentication::Eccpwd => Vec::new(),
    }
}
