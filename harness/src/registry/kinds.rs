//! The closed vocabularies of the suite table, and the conclusions drawn from them.
//!
//! These enums are closed on purpose: a new value in the data does not parse until somebody has decided,
//! in every exhaustive match, what it means.

use std::fmt;
use std::str::FromStr;

/// A cell of a data table that its column does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {value:?}; allowed: {}", .allowed.join(", "))]
pub struct UnknownValue {
    /// What the column holds.
    pub what: &'static str,
    /// What stood there.
    pub value: String,
    /// Every value that may stand there.
    pub allowed: &'static [&'static str],
}

/// Declares a closed set of names with `Display` and `FromStr` as the data files write them.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            const NAMES: &'static [&'static str] = &[$($text,)*];

            /// The value as the data files write it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownValue;

            fn from_str(text: &str) -> Result<Self, UnknownValue> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(UnknownValue { what: $what, value: text.to_owned(), allowed: Self::NAMES }),
                }
            }
        }
    };
}
pub(super) use vocabulary;

vocabulary! {
    /// What a row of the suite table is.
    SuiteKind, "kind of suite" {
        /// A cipher suite.
        Suite = "suite",
        /// A reserved value that no server may choose (RFC 8701).
        Grease = "grease",
        /// A signal in the shape of a suite (RFC 5746, RFC 7507).
        Signalling = "scsv",
    }
}

vocabulary! {
    /// How a suite agrees on its keys.
    KeyExchange, "key exchange" {
        /// `TLS_NULL_WITH_NULL_NULL` alone: no exchange at all (RFC 5246 A.5).
        Null = "NULL",
        /// RSA key transport: the client encrypts the secret to the certificate's key.
        Rsa = "RSA",
        /// Static finite-field Diffie-Hellman with the certificate's key.
        Dh = "DH",
        /// Ephemeral finite-field Diffie-Hellman.
        Dhe = "DHE",
        /// Ephemeral finite-field Diffie-Hellman that nobody signs.
        DhAnon = "DH_anon",
        /// Kerberos ticket (RFC 2712).
        Krb5 = "KRB5",
        /// Pre-shared key alone (RFC 4279 2).
        Psk = "PSK",
        /// Pre-shared key with ephemeral Diffie-Hellman (RFC 4279 3).
        DhePsk = "DHE_PSK",
        /// Pre-shared key with RSA key transport (RFC 4279 4).
        RsaPsk = "RSA_PSK",
        /// GOST key transport to the certificate's key (RFC 9189).
        Gost = "GOST",
        /// TLS 1.3: the suite does not say; `key_share` and `pre_shared_key` do (RFC 8446 4.2.9).
        Tls13 = "TLS13",
        /// Not a suite (GREASE, signalling).
        None = "none",
        /// X25519 with New Hope, an ended experiment.
        Cecpq1 = "CECPQ1",
        /// Static elliptic-curve Diffie-Hellman with the certificate's key (RFC 8422 5.5 removed it).
        Ecdh = "ECDH",
        /// Ephemeral elliptic-curve Diffie-Hellman.
        Ecdhe = "ECDHE",
        /// Ephemeral elliptic-curve Diffie-Hellman that nobody signs.
        EcdhAnon = "ECDH_anon",
        /// Secure Remote Password (RFC 5054).
        Srp = "SRP",
        /// Pre-shared key with ephemeral elliptic-curve Diffie-Hellman (RFC 5489).
        EcdhePsk = "ECDHE_PSK",
        /// Password-authenticated exchange, "dragonfly" (RFC 8492).
        Eccpwd = "ECCPWD",
    }
}

vocabulary! {
    /// Who vouches for the server.
    Authentication, "authentication" {
        /// Nobody: `TLS_NULL_WITH_NULL_NULL`.
        Null = "NULL",
        /// An RSA certificate.
        Rsa = "RSA",
        /// A DSA certificate.
        Dss = "DSS",
        /// Nobody.
        Anon = "anon",
        /// The Kerberos realm.
        Krb5 = "KRB5",
        /// The pre-shared key.
        Psk = "PSK",
        /// An RSA certificate and the pre-shared key.
        RsaPsk = "RSA+PSK",
        /// A GOST certificate.
        Gost = "GOST",
        /// TLS 1.3: a certificate or a pre-shared key, the suite does not say which.
        Tls13 = "TLS13",
        /// Not a suite.
        None = "none",
        /// A certificate with an elliptic-curve key (ECDSA, or EdDSA since RFC 8422).
        Ecdsa = "ECDSA",
        /// The password verifier.
        Srp = "SRP",
        /// The password verifier and an RSA certificate.
        SrpRsa = "SRP+RSA",
        /// The password verifier and a DSA certificate.
        SrpDss = "SRP+DSS",
        /// The shared password.
        Eccpwd = "ECCPWD",
    }
}

vocabulary! {
    /// The bulk cipher.
    Cipher, "cipher" {
        Null = "NULL",
        Rc4 = "RC4",
        Rc2 = "RC2",
        Idea = "IDEA",
        Des = "DES",
        TripleDes = "3DES",
        Aes = "AES",
        Camellia = "CAMELLIA",
        Gost28147 = "GOST28147",
        Seed = "SEED",
        Sm4 = "SM4",
        None = "none",
        Chacha20 = "CHACHA20",
        Aegis256 = "AEGIS-256",
        Aegis128L = "AEGIS-128L",
        Aria = "ARIA",
        Kuznyechik = "KUZNYECHIK",
        Magma = "MAGMA",
    }
}

vocabulary! {
    /// How the bulk cipher is used.
    CipherMode, "cipher mode" {
        Null = "NULL",
        Stream = "stream",
        Cbc = "CBC",
        Cnt = "CNT",
        Gcm = "GCM",
        Ccm = "CCM",
        /// Not a suite.
        None = "",
        Poly1305 = "POLY1305",
        /// CCM with an 8-byte tag.
        Ccm8 = "CCM_8",
        /// An AEAD without a mode of its own (AEGIS).
        Aead = "AEAD",
        CtrOmac = "CTR_OMAC",
        Mgm = "MGM",
    }
}

vocabulary! {
    /// What protects a record's integrity.
    Mac, "MAC" {
        Null = "NULL",
        HmacMd5 = "HMAC-MD5",
        HmacSha1 = "HMAC-SHA1",
        HmacSha256 = "HMAC-SHA256",
        Imit = "IMIT",
        HmacGostR3411 = "HMAC-GOSTR3411",
        /// The cipher itself.
        Aead = "AEAD",
        HmacSha384 = "HMAC-SHA384",
        None = "none",
        Omac = "OMAC",
        Gost94 = "GOST94",
    }
}

/// Whether a recorded session stays secret when the server's long-term key leaks later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForwardSecrecy {
    /// Yes: the keys come from a fresh exchange.
    Ephemeral,
    /// No: the long-term key opens every recorded session.
    Absent,
    /// The suite does not say: in TLS 1.3 a ServerHello with `key_share` is ephemeral, one without
    /// (`psk_ke`) is not (RFC 8446 2.2, 4.2.9).
    DecidedByKeyShare,
}

/// What the bulk cipher is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CipherStrength {
    /// No known weakness that a handshake policy has to name.
    Strong,
    /// 3DES: a 64-bit block (RFC 9325 4.1 SHOULD NOT; RFC 7525 section 4.1).
    Legacy3Des,
    /// RC4 (RFC 7465), DES and IDEA (RFC 5469), RC2, every EXPORT suite, and no cipher at all.
    Weak,
}
