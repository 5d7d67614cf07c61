//! OpenSSL's library of primitives.

use std::hint::black_box;

use openssl::derive::Deriver;
use openssl::dh::Dh;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{Signer, Verifier};

use shakedown::bench::Exchange;
use shakedown::pki::{Identity, KeyKind};

use super::{Primitives, Work};

const MESSAGE: &[u8] = &[7; 130];

pub struct OpenSsl;

impl Primitives for OpenSsl {
    fn exchange(&self, exchange: Exchange, server: &Identity) -> Option<Work> {
        match exchange {
            Exchange::Rsa => Some(transport(&server.key)),
            Exchange::Dhe2048 => {
                // The field of RFC 7919 A.1 is not handed out; one of the same size costs the same.
                Some(Box::new(|| {
                    let own = || PKey::from_dh(Dh::get_2048_256().unwrap().generate_key().unwrap()).unwrap();
                    agree(&own(), &own());
                }))
            }
            Exchange::P256 => Some(elliptic(Nid::X9_62_PRIME256V1)),
            Exchange::P384 => Some(elliptic(Nid::SECP384R1)),
            Exchange::X25519 => Some(Box::new(|| {
                let own = || PKey::generate_x25519().unwrap();
                agree(&own(), &own());
            })),
            // The binding does not hand out key encapsulation.
            Exchange::X25519MlKem768 => None,
        }
    }

    fn sign(&self, identity: &Identity) -> Option<Work> {
        let (key, digest) = key(identity);
        Some(Box::new(move || drop(black_box(signature(&key, digest)))))
    }

    fn verify(&self, identity: &Identity) -> Option<Work> {
        let (key, digest) = key(identity);
        let signed = signature(&key, digest);
        Some(Box::new(move || {
            let verifier = match digest {
                Some(digest) => Verifier::new(digest, &key),
                None => Verifier::new_without_digest(&key),
            };
            let mut verifier = verifier.unwrap();
            if key.id() == Id::RSA {
                verifier.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            }
            assert!(verifier.verify_oneshot(&signed, MESSAGE).unwrap());
        }))
    }
}

fn agree(a: &PKey<Private>, b: &PKey<Private>) {
    for (own, peer) in [(a, b), (b, a)] {
        let mut deriver = Deriver::new(own).unwrap();
        deriver.set_peer(peer).unwrap();
        black_box(deriver.derive_to_vec().unwrap());
    }
}

fn elliptic(curve: Nid) -> Work {
    let group = EcGroup::from_curve_name(curve).unwrap();
    Box::new(move || {
        let own = || PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        agree(&own(), &own());
    })
}

fn transport(key: &[u8]) -> Work {
    let key = PKey::private_key_from_der(key).unwrap().rsa().unwrap();
    Box::new(move || {
        let size = usize::try_from(key.size()).unwrap();
        let (mut sent, mut secret) = (vec![0; size], vec![0; size]);
        key.public_encrypt(&[3; 48], &mut sent, Padding::PKCS1).unwrap();
        assert_eq!(key.private_decrypt(&sent, &mut secret, Padding::PKCS1).unwrap(), 48);
    })
}

fn key(identity: &Identity) -> (PKey<Private>, Option<MessageDigest>) {
    let digest = match identity.kind.key() {
        KeyKind::Ed25519 => None,
        KeyKind::EcdsaP384 => Some(MessageDigest::sha384()),
        _ => Some(MessageDigest::sha256()),
    };
    (PKey::private_key_from_der(&identity.key).unwrap(), digest)
}

fn signature(key: &PKey<Private>, digest: Option<MessageDigest>) -> Vec<u8> {
    let signer = match digest {
        Some(digest) => Signer::new(digest, key),
        None => Signer::new_without_digest(key),
    };
    let mut signer = signer.unwrap();
    if key.id() == Id::RSA {
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
    }
    signer.sign_oneshot_to_vec(MESSAGE).unwrap()
}
