//! Which certificates a policy needs.

use crate::pki::{CertificateKind, KeyKind};
use crate::policy::Policy;
use crate::registry::{
    self, Authentication, CipherSuite, KeyAlgorithm, KeyExchange, ProtocolVersion, SignatureScheme,
};

/// `ecdsa_secp256r1_sha256` and `ecdsa_secp384r1_sha384`, which in TLS 1.3 are bound to their curve (RFC 8446 4.2.3).
const P256: SignatureScheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
const P384: SignatureScheme = SignatureScheme(0x0503);

/// The certificates with which every suite of a policy can be played, RSA first: an RSA and an ECDSA one for most, as the
/// endpoints of AWS have them. None for a policy of anonymous suites.
pub fn for_policy(policy: &Policy) -> Vec<CertificateKind> {
    let signs = |algorithm| {
        let schemes = policy.schemes.iter().filter_map(|scheme| registry::scheme(*scheme));
        schemes.into_iter().any(|scheme| scheme.tls13_handshake && scheme.key_type == algorithm)
    };
    let needs = |authentication| {
        let facts = policy.suites.iter().filter_map(|suite| registry::suite(*suite));
        facts.into_iter().any(|facts| facts.authentication == authentication)
    };
    let tls13 = policy.versions.contains(&ProtocolVersion::TLS1_3);
    // RFC 8422 5.1.1 and 2.2: an Ed25519 certificate goes with the ECDSA suites. It takes the place of an ECDSA one only
    // where the policy cannot sign with that, since s2n and many clients have none.
    let ecdsa_without_scheme = policy.versions.iter().any(|version| *version < ProtocolVersion::TLS1_2);
    let ed25519 = signs(KeyAlgorithm::Ed25519) && !signs(KeyAlgorithm::Ecdsa) && !ecdsa_without_scheme;
    let mut kinds = Vec::new();
    if needs(Authentication::Rsa) || (tls13 && signs(KeyAlgorithm::Rsa)) {
        kinds.push(CertificateKind::Rsa2048);
    }
    if ed25519 && (needs(Authentication::Ecdsa) || tls13) {
        kinds.push(CertificateKind::Ed25519);
    } else if needs(Authentication::Ecdsa) || (tls13 && signs(KeyAlgorithm::Ecdsa)) {
        let lacks_p256 = !policy.schemes.contains(&P256) && policy.schemes.contains(&P384);
        kinds.push(if lacks_p256 { CertificateKind::EcdsaP384 } else { CertificateKind::EcdsaP256 });
    }
    // A fixed test-only key that signs itself: nobody trusts it, and nobody in use takes the suites.
    if needs(Authentication::Dss) {
        kinds.push(CertificateKind::Dsa2048);
    }
    kinds
}

/// Whether a server of this policy with these certificates can play a suite: one of them has the kind of key that the suite
/// asks for, and where something is signed, the policy has a scheme for it.
pub(super) fn carries(policy: &Policy, kinds: &[CertificateKind], suite: CipherSuite) -> bool {
    let Some(facts) = registry::suite(suite) else { return false };
    if matches!(facts.authentication, Authentication::Anon | Authentication::Psk) {
        return true;
    }
    let in_version = |kind: CertificateKind, version: ProtocolVersion| {
        facts.played_in(version)
            && fits(facts.authentication, kind.key().algorithm())
            && (!is_signed(facts.key_exchange) || has_scheme(policy, kind, version))
    };
    kinds.iter().any(|kind| policy.versions.iter().any(|version| in_version(*kind, *version)))
}

/// Whether a suite of this kind of authentication is played with such a key.
fn fits(authentication: Authentication, key: KeyAlgorithm) -> bool {
    match authentication {
        Authentication::Rsa | Authentication::RsaPsk | Authentication::SrpRsa => key == KeyAlgorithm::Rsa,
        // RFC 8422 5.1.1 and 2.2: an EdDSA certificate is used with the ECDSA suites.
        Authentication::Ecdsa => matches!(key, KeyAlgorithm::Ecdsa | KeyAlgorithm::Ed25519),
        Authentication::Dss | Authentication::SrpDss => key == KeyAlgorithm::Dsa,
        Authentication::Tls13 => true,
        Authentication::Anon
        | Authentication::Psk
        | Authentication::Null
        | Authentication::Krb5
        | Authentication::Gost
        | Authentication::None
        | Authentication::Srp
        | Authentication::Eccpwd => false,
    }
}

/// Whether the server's key signs its key exchange: with these it decrypts, or its certificate is the exchange.
fn is_signed(exchange: KeyExchange) -> bool {
    !matches!(exchange, KeyExchange::Rsa | KeyExchange::RsaPsk | KeyExchange::Dh | KeyExchange::Ecdh)
}

/// Whether the policy lets this key sign a handshake of this version.
fn has_scheme(policy: &Policy, kind: CertificateKind, version: ProtocolVersion) -> bool {
    let key = kind.key().algorithm();
    // Before TLS 1.2 no scheme is named, and there is no Ed25519 (RFC 8422 5.10).
    if version < ProtocolVersion::TLS1_2 {
        return key != KeyAlgorithm::Ed25519;
    }
    // No list leaves it to the stack.
    policy.schemes.is_empty()
        || policy.schemes.iter().any(|scheme| {
            let Some(facts) = registry::scheme(*scheme) else { return false };
            let is_bound_elsewhere = match (*scheme, kind.key()) {
                (P256, KeyKind::EcdsaP384) | (P384, KeyKind::EcdsaP256) => version >= ProtocolVersion::TLS1_3,
                _ => false,
            };
            let is_of_version =
                if version >= ProtocolVersion::TLS1_3 { facts.tls13_handshake } else { facts.tls12 };
            facts.key_type == key && is_of_version && !is_bound_elsewhere
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(suites: &str, versions: &str, schemes: &str) -> Policy {
        let text = format!(
            "title = \"x\"\nversions = [{versions}]\norder = \"server\"\nsuites = [{suites}]\n\
             groups = [\"secp256r1\"]\nschemes = [{schemes}]\n"
        );
        Policy::parse("policies/mine/x.toml", &text).unwrap()
    }

    #[test]
    fn a_policy_gets_the_certificates_that_its_suites_and_schemes_need() {
        use CertificateKind::{EcdsaP256, EcdsaP384, Ed25519, Rsa2048};
        let rsa = "\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"";
        let ecdsa = "\"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\"";
        let (tls12, tls13) = ("\"TLSv1.2\"", "\"TLSv1.3\"");
        let aes = "\"TLS_AES_128_GCM_SHA256\"";
        let (pss, pkcs1) = ("\"rsa_pss_rsae_sha256\"", "\"rsa_pkcs1_sha256\"");
        let (p256, p384) = ("\"ecdsa_secp256r1_sha256\"", "\"ecdsa_secp384r1_sha384\"");
        let ed25519 = "\"ed25519\"";
        let old = format!("\"TLSv1.1\", {tls12}");
        let rows: [(&str, &str, String, &[CertificateKind]); 11] = [
            (rsa, tls12, pkcs1.to_owned(), &[Rsa2048]),
            (ecdsa, tls12, p256.to_owned(), &[EcdsaP256]),
            (&format!("{rsa}, {ecdsa}"), tls12, format!("{pkcs1}, {p256}, {p384}"), &[Rsa2048, EcdsaP256]),
            (aes, tls13, format!("{pss}, {p256}"), &[Rsa2048, EcdsaP256]),
            (aes, tls13, p384.to_owned(), &[EcdsaP384]),
            (ecdsa, tls12, p384.to_owned(), &[EcdsaP384]),
            (aes, tls13, ed25519.to_owned(), &[Ed25519]),
            (ecdsa, tls12, ed25519.to_owned(), &[Ed25519]),
            (aes, tls13, format!("{pss}, {ed25519}"), &[Rsa2048, Ed25519]),
            (aes, tls13, format!("{p256}, {ed25519}"), &[EcdsaP256]),
            // RFC 8422 5.10: TLS 1.1 has no Ed25519, and needs no scheme for ECDSA.
            ("\"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA\"", &old, ed25519.to_owned(), &[EcdsaP256]),
        ];
        for (suites, versions, schemes, kinds) in rows {
            assert_eq!(for_policy(&policy(suites, versions, &schemes)), kinds, "{suites} {schemes}");
        }
    }

    /// Read off RFC 5246 7.4.2, RFC 8422 2.2 and RFC 8446 4.2.3.
    #[test]
    fn a_certificate_carries_a_suite_that_it_fits_and_can_sign_for() {
        use CertificateKind::{EcdsaP256, EcdsaP384, Ed25519, Rsa2048};
        let rows: [(&str, &str, &str, &[CertificateKind], bool); 14] = [
            ("TLS_AES_128_GCM_SHA256", "TLSv1.3", "ed25519", &[Ed25519], true),
            ("TLS_AES_128_GCM_SHA256", "TLSv1.3", "ed25519", &[Rsa2048, EcdsaP256], false),
            ("TLS_AES_128_GCM_SHA256", "TLSv1.3", "ed25519", &[], false),
            // RSASSA-PKCS1-v1_5 signs no TLS 1.3 handshake.
            ("TLS_AES_128_GCM_SHA256", "TLSv1.3", "rsa_pkcs1_sha256", &[Rsa2048], false),
            ("TLS_AES_128_GCM_SHA256", "TLSv1.3", "rsa_pss_rsae_sha256", &[Rsa2048], true),
            ("TLS_AES_128_GCM_SHA256", "TLSv1.3", "ecdsa_secp256r1_sha256", &[EcdsaP384], false),
            (
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLSv1.2",
                "ecdsa_secp256r1_sha256",
                &[EcdsaP384],
                true,
            ),
            ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", "ed25519", &[EcdsaP256], false),
            ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", "ed25519", &[Ed25519], true),
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", "ed25519", &[Rsa2048], false),
            // It decrypts and signs nothing.
            ("TLS_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", "ed25519", &[Rsa2048], true),
            ("TLS_RSA_WITH_AES_128_GCM_SHA256", "TLSv1.2", "rsa_pkcs1_sha256", &[EcdsaP256], false),
            ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLSv1.1", "ed25519", &[Ed25519], false),
            ("TLS_DH_anon_WITH_AES_128_CBC_SHA", "TLSv1.2", "ed25519", &[], true),
        ];
        for (suite, version, scheme, kinds, expected) in rows {
            let quoted = [suite, version, scheme].map(|word| format!("\"{word}\""));
            let policy = policy(&quoted[0], &quoted[1], &quoted[2]);
            let suite = policy.suites[0];
            assert_eq!(carries(&policy, kinds, suite), expected, "{suite} {version} {scheme} {kinds:?}");
        }
    }
}
