//! A provider that draws from the current engine's stream: its random numbers and its key shares.
//!
//! aws-lc-rs draws by itself for ECDSA and RSA-PSS signatures, which no provider can change: a server that is to be the
//! same every time has an Ed25519 key, or RSA with PKCS #1 in TLS 1.2.

use aws_lc_rs::agreement::{self, Algorithm, PrivateKey, UnparsedPublicKey};
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, SecureRandom, SharedSecret, SupportedKxGroup,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::{Error, NamedGroup, PeerMisbehaved};

use super::super::{CannotPlay, seeded};
use super::{configuration, feature};

/// The same provider with other randomness. The groups are those that it names, or all that can be had here.
pub(super) fn provider(provider: CryptoProvider) -> Result<CryptoProvider, CannotPlay> {
    let mut groups: Vec<&'static dyn SupportedKxGroup> = Vec::new();
    for group in &provider.kx_groups {
        match GROUPS.iter().find(|own| own.name == group.name()) {
            Some(own) => groups.push(own),
            None if group.name() == NamedGroup::X25519MLKEM768 => {}
            None => return Err(feature("this group with known random numbers")),
        }
    }
    if groups.is_empty() {
        return Err(configuration("no group that can be played with known random numbers"));
    }
    Ok(CryptoProvider { secure_random: &Stream, kx_groups: groups, ..provider })
}

#[derive(Debug)]
struct Stream;

impl SecureRandom for Stream {
    fn fill(&self, out: &mut [u8]) -> Result<(), GetRandomFailed> {
        if seeded::fill(out) { Ok(()) } else { Err(GetRandomFailed) }
    }
}

#[derive(Debug)]
struct Group {
    name: NamedGroup,
    algorithm: &'static Algorithm,
    key_len: usize,
}

static GROUPS: [Group; 3] = [
    Group { name: NamedGroup::X25519, algorithm: &agreement::X25519, key_len: 32 },
    Group { name: NamedGroup::secp256r1, algorithm: &agreement::ECDH_P256, key_len: 32 },
    Group { name: NamedGroup::secp384r1, algorithm: &agreement::ECDH_P384, key_len: 48 },
];

impl SupportedKxGroup for Group {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let mut key = vec![0; self.key_len];
        Stream.fill(&mut key).map_err(|_| Error::FailedToGetRandomBytes)?;
        // A number at or above P-256's order comes up once in 2^32: then there is no share, and the handshake fails.
        let key = PrivateKey::from_private_key(self.algorithm, &key)
            .map_err(|_| Error::General("a key out of range".to_owned()))?;
        let public = key.compute_public_key().map_err(|_| Error::General("no public key".to_owned()))?;
        Ok(Box::new(Exchange {
            name: self.name,
            algorithm: self.algorithm,
            key,
            public: public.as_ref().to_vec(),
        }))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        self.name
    }
}

struct Exchange {
    name: NamedGroup,
    algorithm: &'static Algorithm,
    key: PrivateKey,
    public: Vec<u8>,
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        let peer = UnparsedPublicKey::new(self.algorithm, peer);
        let refused = Error::from(PeerMisbehaved::InvalidKeyShare);
        agreement::agree(&self.key, peer, refused, |secret| Ok(SharedSecret::from(secret)))
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        self.name
    }
}
