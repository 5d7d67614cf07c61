//! Minting: one CA per run, leaves when they are first asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    RsaKeySize, SanType,
};
use time::{Duration, OffsetDateTime};

use super::kind::{CertificateKind, KeyKind};

/// Leaves are valid this long at most; browsers refuse more than 398 days.
const LEAF_DAYS: i64 = 90;

/// A failure to make a key or a certificate.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    #[error("cannot mint a certificate")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot build the PKCS #12 trust store")]
    TrustStore(#[from] p12_keystore::error::Error),
}

/// A certificate chain with its private key.
pub struct Identity {
    pub kind: CertificateKind,
    /// Leaf first, DER. The CA itself is not sent.
    pub chain: Vec<Vec<u8>>,
    /// PKCS #8, DER. Never printed.
    pub key: Vec<u8>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The harness's certificate authority and the leaves it has signed so far.
pub struct Pki {
    ca: Authority,
    leaves: Mutex<BTreeMap<CertificateKind, Arc<Identity>>>,
}

struct Authority {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
}

impl Pki {
    /// Mints a new CA with an ECDSA P-256 key, which costs microseconds where an RSA key costs tens of milliseconds.
    pub fn mint() -> Result<Self, MintError> {
        Ok(Self { ca: Authority::mint("shakedown test CA")?, leaves: Mutex::new(BTreeMap::new()) })
    }

    /// The CA's certificate, DER.
    pub fn ca_der(&self) -> &[u8] {
        &self.ca.der
    }

    /// The identity of that kind, minted when first asked for.
    pub fn identity(&self, kind: CertificateKind) -> Result<Arc<Identity>, MintError> {
        let mut leaves = self.leaves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(identity) = leaves.get(&kind) {
            return Ok(Arc::clone(identity));
        }
        let identity = Arc::new(self.leaf(kind)?);
        leaves.insert(kind, Arc::clone(&identity));
        Ok(identity)
    }

    fn leaf(&self, kind: CertificateKind) -> Result<Identity, MintError> {
        let key = match kind.key() {
            KeyKind::Dsa2048 => return Ok(fixed_dsa()),
            KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
            KeyKind::Rsa3072 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072)?,
            KeyKind::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096)?,
            KeyKind::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
            KeyKind::EcdsaP384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384)?,
            KeyKind::Ed25519 => KeyPair::generate_for(&PKCS_ED25519)?,
        };
        let mut params = CertificateParams::default();
        params.distinguished_name = name("shakedown test server");
        params.subject_alt_names = match kind {
            CertificateKind::WrongHost => vec![SanType::DnsName("elsewhere.invalid".try_into()?)],
            _ => vec![
                SanType::DnsName("localhost".try_into()?),
                SanType::IpAddress([127, 0, 0, 1].into()),
                SanType::IpAddress([0, 0, 0, 0, 0, 0, 0, 1].into()),
            ],
        };
        params.is_ca = IsCa::ExplicitNoCa;
        params.use_authority_key_identifier_extension = true;
        params.key_usages = match kind {
            CertificateKind::Rsa2048SignOnly => vec![KeyUsagePurpose::DigitalSignature],
            _ => match kind.key() {
                KeyKind::Rsa2048 | KeyKind::Rsa3072 | KeyKind::Rsa4096 => {
                    vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]
                }
                KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => {
                    vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement]
                }
                KeyKind::Ed25519 | KeyKind::Dsa2048 => vec![KeyUsagePurpose::DigitalSignature],
            },
        };
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let now = OffsetDateTime::from(SystemTime::now());
        (params.not_before, params.not_after) = match kind {
            CertificateKind::Expired => (now - Duration::days(30), now - Duration::days(1)),
            _ => (now - Duration::days(1), now + Duration::days(LEAF_DAYS)),
        };
        let stranger;
        let authority = match kind {
            CertificateKind::UntrustedIssuer => {
                stranger = Authority::mint("somebody else's CA")?;
                &stranger
            }
            _ => &self.ca,
        };
        let issuer = Issuer::from_params(&authority.params, &authority.key);
        let certificate = params.signed_by(&key, &issuer)?;
        Ok(Identity { kind, chain: vec![certificate.der().to_vec()], key: key.serialize_der() })
    }
}

impl Authority {
    fn mint(common_name: &str) -> Result<Self, MintError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let now = OffsetDateTime::from(SystemTime::now());
        let mut params = CertificateParams::default();
        params.distinguished_name = name(common_name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = now - Duration::days(2);
        params.not_after = now + Duration::days(LEAF_DAYS + 1);
        let der = params.self_signed(&key)?.der().to_vec();
        Ok(Self { params, key, der })
    }
}

/// Nothing here can mint DSA.
fn fixed_dsa() -> Identity {
    Identity {
        kind: CertificateKind::Dsa2048,
        chain: vec![include_bytes!("../../pki/dsa2048.cert.der").to_vec()],
        key: include_bytes!("../../pki/dsa2048.test-only.key.der").to_vec(),
    }
}

/// The TEST-ONLY key of that kind that is in the repository: the same in every process, so that a recorded handshake
/// replays. `None` for the kinds of which there is none.
pub fn fixed(kind: CertificateKind) -> Option<Identity> {
    let (certificate, key): (&[u8], &[u8]) = match kind {
        CertificateKind::Rsa2048 => (
            include_bytes!("../../pki/rsa2048.cert.der"),
            include_bytes!("../../pki/rsa2048.test-only.key.der"),
        ),
        CertificateKind::EcdsaP256 => {
            (include_bytes!("../../pki/p256.cert.der"), include_bytes!("../../pki/p256.test-only.key.der"))
        }
        CertificateKind::Ed25519 => (
            include_bytes!("../../pki/ed25519.cert.der"),
            include_bytes!("../../pki/ed25519.test-only.key.der"),
        ),
        CertificateKind::Dsa2048 => return Some(fixed_dsa()),
        _ => return None,
    };
    Some(Identity { kind, chain: vec![certificate.to_vec()], key: key.to_vec() })
}

fn name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}
