//! aws-lc, as rustls and s2n use it.

use std::hint::black_box;

use aws_lc_rs::agreement::{self, Algorithm, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::kem::{DecapsulationKey, ML_KEM_768};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_SHA256, RsaKeyPair, VerificationAlgorithm,
};

use shakedown::bench::Exchange;
use shakedown::pki::{Identity, KeyKind};

use super::{Primitives, Work};

const MESSAGE: &[u8] = &[7; 130];

pub struct AwsLc;

impl Primitives for AwsLc {
    fn exchange(&self, exchange: Exchange, server: &Identity) -> Option<Work> {
        match exchange {
            Exchange::Rsa => transport(&server.key),
            Exchange::Dhe2048 => None,
            Exchange::P256 => Some(Box::new(|| agree(&agreement::ECDH_P256))),
            Exchange::P384 => Some(Box::new(|| agree(&agreement::ECDH_P384))),
            Exchange::X25519 => Some(Box::new(|| agree(&agreement::X25519))),
            Exchange::X25519MlKem768 => Some(Box::new(|| {
                agree(&agreement::X25519);
                let key = DecapsulationKey::generate(&ML_KEM_768).unwrap();
                let (sent, secret) = key.encapsulation_key().unwrap().encapsulate().unwrap();
                assert_eq!(key.decapsulate(sent).unwrap().as_ref(), secret.as_ref());
            })),
        }
    }

    fn sign(&self, identity: &Identity) -> Option<Work> {
        let signer = signer(identity);
        Some(Box::new(move || drop(black_box(signer(MESSAGE)))))
    }

    fn verify(&self, identity: &Identity) -> Option<Work> {
        let signed = signer(identity)(MESSAGE);
        let (public, algorithm) = public(identity);
        Some(Box::new(move || {
            signature::UnparsedPublicKey::new(algorithm, &public).verify(MESSAGE, &signed).unwrap();
        }))
    }
}

/// Two key pairs, two agreements.
fn agree(algorithm: &'static Algorithm) {
    let own = || PrivateKey::generate(algorithm).unwrap();
    let (a, b) = (own(), own());
    let (to_b, to_a) = (a.compute_public_key().unwrap(), b.compute_public_key().unwrap());
    for (key, sent) in [(&a, &to_a), (&b, &to_b)] {
        let sent = UnparsedPublicKey::new(algorithm, sent.as_ref());
        agreement::agree(key, sent, (), |secret| {
            black_box(secret);
            Ok(())
        })
        .unwrap();
    }
}

fn transport(key: &[u8]) -> Option<Work> {
    let private = PrivateDecryptingKey::from_pkcs8(key).ok()?;
    let public = Pkcs1PublicEncryptingKey::new(private.public_key()).ok()?;
    let private = Pkcs1PrivateDecryptingKey::new(private).ok()?;
    Some(Box::new(move || {
        let mut sent = vec![0; public.ciphertext_size()];
        let sent = public.encrypt(&[3; 48], &mut sent).unwrap();
        let mut secret = vec![0; private.min_output_size()];
        assert_eq!(private.decrypt(sent, &mut secret).unwrap(), [3; 48]);
    }))
}

/// A message's signature.
type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn signer(identity: &Identity) -> Sign {
    let random = SystemRandom::new();
    let ecdsa = |algorithm| EcdsaKeyPair::from_pkcs8(algorithm, &identity.key).unwrap();
    match identity.kind.key() {
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => {
            let is_p256 = identity.kind.key() == KeyKind::EcdsaP256;
            let pair = ecdsa(if is_p256 {
                &ECDSA_P256_SHA256_ASN1_SIGNING
            } else {
                &ECDSA_P384_SHA384_ASN1_SIGNING
            });
            Box::new(move |message| pair.sign(&random, message).unwrap().as_ref().to_vec())
        }
        KeyKind::Ed25519 => {
            let pair = Ed25519KeyPair::from_pkcs8(&identity.key).unwrap();
            Box::new(move |message| pair.sign(message).as_ref().to_vec())
        }
        _ => {
            let pair = RsaKeyPair::from_pkcs8(&identity.key).unwrap();
            Box::new(move |message| {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature).unwrap();
                signature
            })
        }
    }
}

fn public(identity: &Identity) -> (Vec<u8>, &'static dyn VerificationAlgorithm) {
    let key = &identity.key;
    match identity.kind.key() {
        KeyKind::EcdsaP256 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key).unwrap();
            (pair.public_key().as_ref().to_vec(), &ECDSA_P256_SHA256_ASN1)
        }
        KeyKind::EcdsaP384 => {
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, key).unwrap();
            (pair.public_key().as_ref().to_vec(), &ECDSA_P384_SHA384_ASN1)
        }
        KeyKind::Ed25519 => {
            (Ed25519KeyPair::from_pkcs8(key).unwrap().public_key().as_ref().to_vec(), &signature::ED25519)
        }
        _ => {
            let pair = RsaKeyPair::from_pkcs8(key).unwrap();
            (pair.public_key().as_ref().to_vec(), &RSA_PSS_2048_8192_SHA256)
        }
    }
}
