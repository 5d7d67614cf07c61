//! Which rules of a floor a proposal breaks.

use super::Proposal;
use crate::policy::{Floor, Treatment};
use crate::registry::{
    self, Authentication, CipherStrength, ForwardSecrecy, GroupFacts, KeyExchange, ProtocolVersion,
    SuiteFacts, SuiteKind,
};

/// A rule that a session can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Older than the floor's minimum.
    Version,
    /// No fresh key exchange.
    ForwardSecrecy,
    /// Nobody vouches for the server.
    Authentication,
    /// No cipher.
    Encryption,
    /// Ephemeral finite-field Diffie-Hellman in TLS 1.2 or below (RFC 10015).
    FiniteFieldDhe,
    /// RC4, DES, RC2, IDEA, EXPORT, or 3DES.
    WeakCipher,
    /// A finite-field group below the floor's size.
    DhGroupSize,
    /// An RSA certificate below the floor's size.
    RsaKeySize,
    /// Version and suite that no specification puts together: an unknown version, a suite that is
    /// reserved, unregistered or of another version. Every client has to refuse those (RFC 8446 4.1.3),
    /// whatever its floor, and refusing one proves nothing about the other rules.
    Undefined,
}

/// A broken rule that the floor does not allow to be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Breach {
    /// The rule.
    pub rule: Rule,
    /// [`Treatment::Warn`] or [`Treatment::Fail`].
    pub treatment: Treatment,
}

/// The rules that a session with this proposal breaks and the floor does not allow to break, each once,
/// in the order of [`Rule`].
///
/// What a proposal does not state (a size that is not known) breaks nothing.
pub fn breaches(floor: &Floor, proposal: &Proposal) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut judge = |rule, broken: bool, treatment| {
        if broken && treatment != Treatment::Allow {
            found.push(Breach { rule, treatment });
        }
    };
    let version = proposal.version;
    let is_known = ProtocolVersion::ALL.contains(&version);
    judge(Rule::Version, is_known && version < floor.min_version, Treatment::Fail);

    let facts = registry::suite(proposal.suite).filter(|facts| facts.kind == SuiteKind::Suite);
    let (Some(facts), true) = (facts, is_known) else {
        judge(Rule::Undefined, true, Treatment::Fail);
        return found;
    };
    // Across the border of TLS 1.3 a suite says nothing about the session: neither side has its meaning.
    let is_tls13 = version == ProtocolVersion::TLS1_3;
    if is_tls13 != (facts.key_exchange == KeyExchange::Tls13) {
        judge(Rule::Undefined, true, Treatment::Fail);
        return found;
    }

    let secret = match facts.forward_secrecy() {
        ForwardSecrecy::Ephemeral => true,
        ForwardSecrecy::Absent => false,
        ForwardSecrecy::DecidedByKeyShare => !proposal.psk_ke,
    };
    judge(Rule::ForwardSecrecy, !secret, floor.no_forward_secrecy);
    judge(Rule::Authentication, !facts.is_authenticated(), floor.unauthenticated);
    judge(Rule::Encryption, !facts.is_encrypted(), floor.unencrypted);

    // TLS 1.3 keeps its finite-field groups: RFC 10015 speaks of TLS 1.2, and TLS 1.3 suites are not
    // finite-field ones. Static DH is a matter of forward secrecy.
    judge(Rule::FiniteFieldDhe, facts.is_finite_field() && secret, floor.finite_field_dhe);

    // Without a cipher there is no weak one: that is the rule for encryption.
    match facts.cipher_strength() {
        CipherStrength::Weak => {
            let treatment = if facts.export { Treatment::Fail } else { floor.weak_cipher };
            judge(Rule::WeakCipher, facts.is_encrypted(), treatment);
        }
        CipherStrength::Legacy3Des => judge(Rule::WeakCipher, true, floor.triple_des),
        CipherStrength::Strong => {}
    }

    let is_small = prime_bits(facts, proposal).is_some_and(|bits| bits < floor.min_dhe_bits);
    judge(Rule::DhGroupSize, is_small, Treatment::Fail);
    let is_small =
        shows_rsa(facts) && proposal.certificate_bits.is_some_and(|bits| bits < floor.min_rsa_bits);
    judge(Rule::RsaKeySize, is_small, Treatment::Fail);
    judge(Rule::Undefined, !facts.played_in(version), Treatment::Fail);
    found
}

/// Size of the finite field: as the proposal says, else that of its named group.
fn prime_bits(facts: &SuiteFacts, proposal: &Proposal) -> Option<u16> {
    let of_group = || proposal.group.and_then(registry::group).and_then(GroupFacts::dh_bits);
    match facts.key_exchange {
        KeyExchange::Dh
        | KeyExchange::Dhe
        | KeyExchange::DhAnon
        | KeyExchange::DhePsk
        | KeyExchange::Tls13 => proposal.dh_bits.or_else(of_group),
        KeyExchange::Null
        | KeyExchange::Rsa
        | KeyExchange::Krb5
        | KeyExchange::Psk
        | KeyExchange::RsaPsk
        | KeyExchange::Gost
        | KeyExchange::None
        | KeyExchange::Cecpq1
        | KeyExchange::Ecdh
        | KeyExchange::Ecdhe
        | KeyExchange::EcdhAnon
        | KeyExchange::Srp
        | KeyExchange::EcdhePsk
        | KeyExchange::Eccpwd => None,
    }
}

/// Whether the server may show an RSA certificate with this suite.
fn shows_rsa(facts: &SuiteFacts) -> bool {
    match facts.authentication {
        Authentication::Rsa | Authentication::RsaPsk | Authentication::SrpRsa | Authentication::Tls13 => true,
        Authentication::Null
        | Authentication::Dss
        | Authentication::Anon
        | Authentication::Krb5
        | Authentication::Psk
        | Authentication::Gost
        | Authentication::None
        | Authentication::Ecdsa
        | Authentication::Srp
        | Authentication::SrpDss
        | Authentication::Eccpwd => false,
    }
}
