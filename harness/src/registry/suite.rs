//! Cipher suites: the table and what follows from it.

use std::sync::OnceLock;

use super::kinds::{
    Authentication, Cipher, CipherMode, CipherStrength, ForwardSecrecy, KeyExchange, Mac, SuiteKind,
};
use super::table::{self, Fault, Row, TableError};
use super::{CipherSuite, ProtocolVersion};

/// What the table says about one suite.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SuiteFacts {
    /// The value on the wire.
    pub suite: CipherSuite,
    /// The IANA name (or the name by which an unregistered value is known).
    pub name: &'static str,
    /// OpenSSL's name, where it has or had one.
    pub openssl_name: Option<&'static str>,
    /// A second name that OpenSSL understands.
    pub openssl_alias: Option<&'static str>,
    /// Suite, GREASE or signal.
    pub kind: SuiteKind,
    /// How the keys are agreed.
    pub key_exchange: KeyExchange,
    /// Who vouches for the server.
    pub authentication: Authentication,
    /// The bulk cipher.
    pub cipher: Cipher,
    /// How it is used.
    pub mode: CipherMode,
    /// The cipher's key, in bits; 0 without a cipher.
    pub key_bits: u16,
    /// What protects a record's integrity.
    pub mac: Mac,
    /// The oldest version that may use the suite.
    pub min_version: Option<ProtocolVersion>,
    /// The newest version that may use the suite.
    pub max_version: Option<ProtocolVersion>,
    /// Weakened on purpose for export from the USA before 2000.
    pub export: bool,
    /// Authenticated encryption.
    pub aead: bool,
    /// Registered with IANA (GREASE is, a few historic suites are not).
    pub registered: bool,
}

impl SuiteFacts {
    /// Whether the key exchange is ephemeral.
    ///
    /// Traps: `ECDH` and `DH` are static; `RSA_PSK` and `PSK` have none either; the anonymous exchanges
    /// *are* ephemeral (what they lack is authentication); a TLS 1.3 suite says nothing.
    /// GOST before TLS 1.3 wraps the secret to the certificate's key (RFC 9189 4.2, 8.2): absent.
    /// SRP, ECCPWD and CECPQ1 use fresh values on both sides (RFC 5054 3.1, RFC 8492 1): ephemeral.
    pub const fn forward_secrecy(&self) -> ForwardSecrecy {
        match self.key_exchange {
            KeyExchange::Dhe
            | KeyExchange::Ecdhe
            | KeyExchange::DhAnon
            | KeyExchange::EcdhAnon
            | KeyExchange::DhePsk
            | KeyExchange::EcdhePsk
            | KeyExchange::Srp
            | KeyExchange::Cecpq1
            | KeyExchange::Eccpwd => ForwardSecrecy::Ephemeral,
            KeyExchange::Null
            | KeyExchange::Rsa
            | KeyExchange::Dh
            | KeyExchange::Ecdh
            | KeyExchange::Krb5
            | KeyExchange::Psk
            | KeyExchange::RsaPsk
            | KeyExchange::Gost
            | KeyExchange::None => ForwardSecrecy::Absent,
            KeyExchange::Tls13 => ForwardSecrecy::DecidedByKeyShare,
        }
    }

    /// Whether anybody vouches for the server: a certificate, a realm, a shared key or password.
    pub const fn is_authenticated(&self) -> bool {
        match self.authentication {
            Authentication::Null | Authentication::Anon | Authentication::None => false,
            Authentication::Rsa
            | Authentication::Dss
            | Authentication::Krb5
            | Authentication::Psk
            | Authentication::RsaPsk
            | Authentication::Gost
            | Authentication::Tls13
            | Authentication::Ecdsa
            | Authentication::Srp
            | Authentication::SrpRsa
            | Authentication::SrpDss
            | Authentication::Eccpwd => true,
        }
    }

    /// Whether records are encrypted at all. Two TLS 1.3 suites are not (RFC 9150).
    pub const fn is_encrypted(&self) -> bool {
        match self.cipher {
            Cipher::Null | Cipher::None => false,
            Cipher::Rc4
            | Cipher::Rc2
            | Cipher::Idea
            | Cipher::Des
            | Cipher::TripleDes
            | Cipher::Aes
            | Cipher::Camellia
            | Cipher::Gost28147
            | Cipher::Seed
            | Cipher::Sm4
            | Cipher::Chacha20
            | Cipher::Aegis256
            | Cipher::Aegis128L
            | Cipher::Aria
            | Cipher::Kuznyechik
            | Cipher::Magma => true,
        }
    }

    /// What the cipher is worth. A suite without a cipher counts as weak; a floor judges it by its rule
    /// for encryption, not by this.
    pub const fn cipher_strength(&self) -> CipherStrength {
        if self.export {
            return CipherStrength::Weak;
        }
        match self.cipher {
            Cipher::Null | Cipher::None | Cipher::Rc4 | Cipher::Rc2 | Cipher::Idea | Cipher::Des => {
                CipherStrength::Weak
            }
            Cipher::TripleDes => CipherStrength::Legacy3Des,
            Cipher::Aes
            | Cipher::Camellia
            | Cipher::Gost28147
            | Cipher::Seed
            | Cipher::Sm4
            | Cipher::Chacha20
            | Cipher::Aegis256
            | Cipher::Aegis128L
            | Cipher::Aria
            | Cipher::Kuznyechik
            | Cipher::Magma => CipherStrength::Strong,
        }
    }

    /// Whether the keys come from finite-field Diffie-Hellman, ephemeral or not. TLS 1.3 suites do not say.
    pub const fn is_finite_field(&self) -> bool {
        match self.key_exchange {
            KeyExchange::Dh | KeyExchange::Dhe | KeyExchange::DhAnon | KeyExchange::DhePsk => true,
            KeyExchange::Null
            | KeyExchange::Rsa
            | KeyExchange::Krb5
            | KeyExchange::Psk
            | KeyExchange::RsaPsk
            | KeyExchange::Gost
            | KeyExchange::Tls13
            | KeyExchange::None
            | KeyExchange::Cecpq1
            | KeyExchange::Ecdh
            | KeyExchange::Ecdhe
            | KeyExchange::EcdhAnon
            | KeyExchange::Srp
            | KeyExchange::EcdhePsk
            | KeyExchange::Eccpwd => false,
        }
    }

    /// Whether the server picks a finite-field group of its own for each session, up to TLS 1.2.
    pub const fn is_ephemeral_finite_field(&self) -> bool {
        self.is_finite_field() && matches!(self.forward_secrecy(), ForwardSecrecy::Ephemeral)
    }

    /// Whether a specification lets this version use the suite; never for GREASE and signals. What stacks
    /// do is [`played_in`](Self::played_in).
    pub fn usable_in(&self, version: ProtocolVersion) -> bool {
        matches!((self.min_version, self.max_version), (Some(min), Some(max)) if min <= version && version <= max)
    }

    /// Whether an honest stack that knows the suite uses it in this version.
    ///
    /// Stacks are laxer than the specifications in one place: they play in SSL 3 the TLS 1.0 suites that
    /// need neither an extension nor another hash (AES, Camellia, SEED, PSK), which were specified for
    /// TLS only (RFC 3268, RFC 4132, RFC 4162, RFC 4279). Among the 191 suites of OpenSSL 3.6 this is the
    /// only difference from the table.
    pub fn played_in(&self, version: ProtocolVersion) -> bool {
        let lax = version == ProtocolVersion::SSL3
            && self.min_version == Some(ProtocolVersion::TLS1_0)
            && matches!(self.mac, Mac::HmacSha1)
            && !self.takes_a_curve();
        lax || self.usable_in(version)
    }

    /// Whether the server needs an elliptic curve, and so the extensions that SSL 3 lacks.
    const fn takes_a_curve(&self) -> bool {
        match self.key_exchange {
            KeyExchange::Ecdh
            | KeyExchange::Ecdhe
            | KeyExchange::EcdhAnon
            | KeyExchange::EcdhePsk
            | KeyExchange::Cecpq1
            | KeyExchange::Eccpwd
            | KeyExchange::Tls13 => true,
            KeyExchange::Null
            | KeyExchange::Rsa
            | KeyExchange::Dh
            | KeyExchange::Dhe
            | KeyExchange::DhAnon
            | KeyExchange::Krb5
            | KeyExchange::Psk
            | KeyExchange::DhePsk
            | KeyExchange::RsaPsk
            | KeyExchange::Gost
            | KeyExchange::None
            | KeyExchange::Srp => false,
        }
    }

    fn parse(row: &Row<'_>) -> Result<Self, TableError> {
        Ok(Self {
            suite: CipherSuite(row.number("code")?),
            name: row.name("iana_name")?,
            openssl_name: row.optional_name("openssl_name")?,
            openssl_alias: row.optional_name("openssl_alias")?,
            kind: row.word("kind")?,
            key_exchange: row.word("key_exchange")?,
            authentication: row.word("authentication")?,
            cipher: row.word("cipher")?,
            mode: row.word("mode")?,
            key_bits: row.number("key_bits")?,
            mac: row.word("mac")?,
            min_version: version(row, "min_tls")?,
            max_version: version(row, "max_tls")?,
            export: row.flag("export")?,
            aead: row.flag("aead")?,
            registered: row.text("registry")? != "unregistered",
        })
    }
}

/// The table writes `TLSv1` where the harness's files write `TLSv1.0`.
fn version(row: &Row<'_>, column: &'static str) -> Result<Option<ProtocolVersion>, TableError> {
    match row.text(column)? {
        "" => Ok(None),
        "TLSv1" => Ok(Some(ProtocolVersion::TLS1_0)),
        text => text.parse().map(Some).map_err(|_| row.error(column, Fault::NotAVersion(text.to_owned()))),
    }
}

fn load() -> Result<Vec<SuiteFacts>, TableError> {
    let text = include_str!("data/cipher-suites.csv");
    table::read("cipher-suites.csv", text, |facts: &SuiteFacts| facts.suite.0, SuiteFacts::parse)
}

/// Every row of the table by ascending value: suites, GREASE and signals.
#[expect(clippy::expect_used, reason = "embedded; `the_table_parses` reads this very text")]
pub fn suites() -> &'static [SuiteFacts] {
    static TABLE: OnceLock<Vec<SuiteFacts>> = OnceLock::new();
    TABLE.get_or_init(|| load().expect("embedded table"))
}

/// The facts of a suite, or `None` for a value that the table does not have.
pub fn suite(suite: CipherSuite) -> Option<&'static SuiteFacts> {
    let table = suites();
    table.binary_search_by_key(&suite, |facts| facts.suite).ok().map(|at| &table[at])
}

/// The suite with this IANA name, exactly.
pub fn suite_by_name(name: &str) -> Option<&'static SuiteFacts> {
    suites().iter().find(|facts| facts.name == name)
}

/// The suite to which OpenSSL gives this name or alias.
pub fn suite_by_openssl_name(name: &str) -> Option<&'static SuiteFacts> {
    suites().iter().find(|facts| facts.openssl_name == Some(name) || facts.openssl_alias == Some(name))
}

#[cfg(test)]
mod tests;
