//! Signature schemes. In TLS 1.2 the same 16 bits are a (hash, signature) pair.

use std::sync::OnceLock;

use super::SignatureScheme;
use super::kinds::{UnknownValue, vocabulary};
use super::table::{self, Fault, Row, TableError};
use std::fmt;
use std::str::FromStr;

vocabulary! {
    /// The kind of key that signs.
    KeyAlgorithm, "key type" {
        Rsa = "rsa",
        /// A key whose certificate says `id-RSASSA-PSS`: it signs with the `rsa_pss_pss_*` schemes only.
        RsaPss = "rsa-pss",
        Dsa = "dsa",
        Ecdsa = "ecdsa",
        Ed25519 = "ed25519",
        Ed448 = "ed448",
        /// Identity-based signatures.
        Ibc = "ibc",
        Sm2 = "sm2",
        Gost = "gost",
        MlDsa = "ml-dsa",
        /// GREASE.
        None = "",
    }
}

vocabulary! {
    /// The hash under a signature.
    Hash, "hash" {
        Md5 = "md5",
        Sha1 = "sha1",
        Sha224 = "sha224",
        Sha256 = "sha256",
        Sha384 = "sha384",
        Sha512 = "sha512",
        Sm3 = "sm3",
        Streebog = "streebog",
        /// Part of the signature algorithm itself.
        Intrinsic = "intrinsic",
        /// GREASE, or not stated.
        None = "",
    }
}

impl Hash {
    /// MD5 and SHA-1 must not sign a handshake any more (RFC 9155).
    pub const fn is_weak(self) -> bool {
        match self {
            Self::Md5 | Self::Sha1 => true,
            Self::Sha224
            | Self::Sha256
            | Self::Sha384
            | Self::Sha512
            | Self::Sm3
            | Self::Streebog
            | Self::Intrinsic
            | Self::None => false,
        }
    }
}

/// What the table says about one scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemeFacts {
    /// The value on the wire.
    pub scheme: SignatureScheme,
    /// The IANA name.
    pub name: &'static str,
    /// What OpenSSL calls it in a list of signature algorithms.
    pub openssl_name: Option<&'static str>,
    /// The kind of key that signs.
    pub key_type: KeyAlgorithm,
    /// The hash under the signature.
    pub hash: Hash,
    /// May sign a TLS 1.2 handshake.
    pub tls12: bool,
    /// May sign a server's TLS 1.3 handshake.
    pub tls13_handshake: bool,
    /// May sign a *client's* TLS 1.3 handshake and no server's.
    pub tls13_client_only: bool,
    /// May sign a certificate of a TLS 1.3 chain.
    pub tls13_chain: bool,
}

impl SchemeFacts {
    fn parse(row: &Row<'_>) -> Result<Self, TableError> {
        let (tls13_handshake, tls13_client_only) = match row.text("tls13_handshake")? {
            "yes" => (true, false),
            "no" => (false, false),
            "client-only" => (false, true),
            other => return Err(row.error("tls13_handshake", Fault::NotABool(other.to_owned()))),
        };
        Ok(Self {
            scheme: SignatureScheme(row.number("code")?),
            name: row.name("iana_name")?,
            openssl_name: row.optional_name("openssl_sigalg")?,
            key_type: row.word("key_type")?,
            hash: row.word("hash")?,
            // GREASE rows say yes here: a client may offer the value. No server may sign with it.
            tls12: row.flag("tls12")? && row.text("status")? != "grease",
            tls13_handshake,
            tls13_client_only,
            tls13_chain: row.flag("tls13_cert_chain")?,
        })
    }
}

fn load() -> Result<Vec<SchemeFacts>, TableError> {
    let text = include_str!("data/signature-schemes.csv");
    table::read("signature-schemes.csv", text, |facts: &SchemeFacts| facts.scheme.0, SchemeFacts::parse)
}

/// Every row of the table by ascending value.
#[expect(clippy::expect_used, reason = "embedded; `the_table_parses` reads this very text")]
pub fn schemes() -> &'static [SchemeFacts] {
    static TABLE: OnceLock<Vec<SchemeFacts>> = OnceLock::new();
    TABLE.get_or_init(|| load().expect("embedded table"))
}

/// The facts of a scheme, or `None` for a value that the table does not have.
pub fn scheme(scheme: SignatureScheme) -> Option<&'static SchemeFacts> {
    let table = schemes();
    table.binary_search_by_key(&scheme, |facts| facts.scheme).ok().map(|at| &table[at])
}

/// The scheme with this IANA name, exactly.
pub fn scheme_by_name(name: &str) -> Option<&'static SchemeFacts> {
    schemes().iter().find(|facts| facts.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_parses() {
        assert_eq!(load().map(|rows| rows.len()), Ok(61));
    }

    #[test]
    fn constants_have_the_names_that_their_specifications_give() {
        let expected = [
            (SignatureScheme::RSA_PKCS1_SHA1, "rsa_pkcs1_sha1", KeyAlgorithm::Rsa, true, false, true),
            (SignatureScheme::ECDSA_SHA1, "ecdsa_sha1", KeyAlgorithm::Ecdsa, true, false, true),
            (SignatureScheme::RSA_PKCS1_SHA256, "rsa_pkcs1_sha256", KeyAlgorithm::Rsa, true, false, false),
            (
                SignatureScheme::ECDSA_SECP256R1_SHA256,
                "ecdsa_secp256r1_sha256",
                KeyAlgorithm::Ecdsa,
                true,
                true,
                false,
            ),
            (
                SignatureScheme::RSA_PSS_RSAE_SHA256,
                "rsa_pss_rsae_sha256",
                KeyAlgorithm::Rsa,
                true,
                true,
                false,
            ),
            (SignatureScheme::ED25519, "ed25519", KeyAlgorithm::Ed25519, true, true, false),
        ];
        for (value, name, key, tls12, tls13, weak) in expected {
            let facts = scheme(value).expect("known");
            assert_eq!(facts.name, name);
            assert_eq!((facts.key_type, facts.tls12, facts.tls13_handshake), (key, tls12, tls13), "{name}");
            assert_eq!(facts.hash.is_weak(), weak, "{name}");
            assert_eq!(scheme_by_name(name), Some(facts));
        }
    }

    #[test]
    fn no_server_signs_with_grease_or_a_client_only_scheme() {
        for facts in schemes() {
            if facts.scheme.is_grease() {
                assert!(!facts.tls12 && !facts.tls13_handshake, "{}", facts.name);
            }
        }
        let legacy = scheme_by_name("rsa_pkcs1_sha256_legacy").expect("known");
        assert!(legacy.tls13_client_only && !legacy.tls13_handshake && !legacy.tls12);
    }
}
