//! Which certificates a policy needs.

use crate::pki::CertificateKind;
use crate::policy::Policy;
use crate::registry::{self, Authentication, KeyAlgorithm, ProtocolVersion, SignatureScheme};

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
    let mut kinds = Vec::new();
    if needs(Authentication::Rsa) || (tls13 && signs(KeyAlgorithm::Rsa)) {
        kinds.push(CertificateKind::Rsa2048);
    }
    if needs(Authentication::Ecdsa) || (tls13 && signs(KeyAlgorithm::Ecdsa)) {
        let lacks_p256 = !policy.schemes.contains(&P256) && policy.schemes.contains(&P384);
        kinds.push(if lacks_p256 { CertificateKind::EcdsaP384 } else { CertificateKind::EcdsaP256 });
    }
    // A fixed test-only key that signs itself: nobody trusts it, and nobody in use takes the suites.
    if needs(Authentication::Dss) {
        kinds.push(CertificateKind::Dsa2048);
    }
    kinds
}

/// Whether a certificate with this key can be shown with a suite of this kind of authentication.
pub(super) fn carries(kinds: &[CertificateKind], authentication: Authentication) -> bool {
    let has = |keys: &[KeyAlgorithm]| kinds.iter().any(|kind| keys.contains(&kind.key().algorithm()));
    match authentication {
        Authentication::Rsa | Authentication::RsaPsk | Authentication::SrpRsa => has(&[KeyAlgorithm::Rsa]),
        // RFC 8422 5.1.1 and 2.2: an EdDSA certificate is used with the ECDSA suites.
        Authentication::Ecdsa => has(&[KeyAlgorithm::Ecdsa, KeyAlgorithm::Ed25519]),
        Authentication::Dss | Authentication::SrpDss => has(&[KeyAlgorithm::Dsa]),
        Authentication::Tls13 => !kinds.is_empty(),
        Authentication::Anon | Authentication::Psk => true,
        Authentication::Null
        | Authentication::Krb5
        | Authentication::Gost
        | Authentication::None
        | Authentication::Srp
        | Authentication::Eccpwd => false,
    }
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
        use CertificateKind::{EcdsaP256, EcdsaP384, Rsa2048};
        let rsa = "\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"";
        let ecdsa = "\"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256\"";
        let (tls12, tls13) = ("\"TLSv1.2\"", "\"TLSv1.3\"");
        let aes = "\"TLS_AES_128_GCM_SHA256\"";
        let (pss, pkcs1) = ("\"rsa_pss_rsae_sha256\"", "\"rsa_pkcs1_sha256\"");
        let (p256, p384) = ("\"ecdsa_secp256r1_sha256\"", "\"ecdsa_secp384r1_sha384\"");
        let rows: [(&str, &str, String, &[CertificateKind]); 6] = [
            (rsa, tls12, pkcs1.to_owned(), &[Rsa2048]),
            (ecdsa, tls12, p256.to_owned(), &[EcdsaP256]),
            (&format!("{rsa}, {ecdsa}"), tls12, format!("{pkcs1}, {p256}, {p384}"), &[Rsa2048, EcdsaP256]),
            (aes, tls13, format!("{pss}, {p256}"), &[Rsa2048, EcdsaP256]),
            (aes, tls13, p384.to_owned(), &[EcdsaP384]),
            (ecdsa, tls12, p384.to_owned(), &[EcdsaP384]),
        ];
        for (suites, versions, schemes, kinds) in rows {
            assert_eq!(for_policy(&policy(suites, versions, &schemes)), kinds, "{suites} {schemes}");
        }
    }
}
