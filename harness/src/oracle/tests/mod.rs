//! Tables of the oracle: expectations written by hand or read from columns that the code does not read.

mod breach_rows;
mod breach_table;
mod flight_rows;
mod hello_rows;
mod naive_mutants;
mod naive_properties;
mod naive_worlds;
mod offer_rows;
mod properties;
mod select_rows;
mod select_rows_tls13;

use super::*;
use crate::policy::{Floor, Order, Policy};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

const RSA: KeyType = KeyType::Rsa { bits: 2048 };
const P256: KeyType = KeyType::Ecdsa { group: NamedGroup::SECP256R1 };

/// The versions between two, both included.
fn versions(from: ProtocolVersion, to: ProtocolVersion) -> Vec<ProtocolVersion> {
    ProtocolVersion::ALL.into_iter().filter(|version| (from..=to).contains(version)).collect()
}

fn suite_list(names: &str) -> Vec<CipherSuite> {
    names.split_whitespace().map(|name| name.parse().expect("a suite")).collect()
}

fn group_list(names: &str) -> Vec<NamedGroup> {
    names.split_whitespace().map(|name| name.parse().expect("a group")).collect()
}

fn scheme_list(names: &str) -> Vec<SignatureScheme> {
    names.split_whitespace().map(|name| name.parse().expect("a scheme")).collect()
}

/// A policy with the server's order, two curves and the schemes of RSA and P-256 keys.
fn policy(from: ProtocolVersion, to: ProtocolVersion, suites: &str) -> Policy {
    Policy {
        id: "test".to_owned(),
        title: "test".to_owned(),
        versions: versions(from, to),
        order: Order::Server,
        suites: suite_list(suites),
        groups: group_list("x25519 secp256r1"),
        schemes: scheme_list(
            "ecdsa_secp256r1_sha256 ed25519 rsa_pss_rsae_sha256 rsa_pkcs1_sha256 ecdsa_sha1 rsa_pkcs1_sha1",
        ),
        dhe_bits: None,
        suites_from: None,
        provenance: None,
    }
}

/// A hello up to TLS 1.2 without extensions.
fn bare(max: ProtocolVersion, suites: &str) -> Offer {
    Offer { suites: suite_list(suites), compressions: vec![0], ..Offer::new(max) }
}

/// A TLS 1.2 hello as clients send it.
fn tls12(suites: &str) -> Offer {
    Offer {
        groups: Some(group_list("x25519 secp256r1 secp384r1")),
        schemes: Some(scheme_list("ecdsa_secp256r1_sha256 rsa_pss_rsae_sha256 rsa_pkcs1_sha256")),
        ..bare(ProtocolVersion::TLS1_2, suites)
    }
}

/// A TLS 1.3 hello that also takes TLS 1.2, with a share for x25519.
fn tls13(suites: &str) -> Offer {
    Offer {
        supported_versions: Some(vec![ProtocolVersion::TLS1_3, ProtocolVersion::TLS1_2]),
        key_shares: Some(vec![NamedGroup::X25519]),
        ..tls12(suites)
    }
}

fn floor(name: &str) -> Floor {
    let text = match name {
        "aws" => include_str!("../../../../scenarios/floors/aws.toml"),
        "aws-legacy" => include_str!("../../../../scenarios/floors/aws-legacy.toml"),
        "rfc10015" => include_str!("../../../../scenarios/floors/rfc10015.toml"),
        other => panic!("no floor {other}"),
    };
    Floor::parse(&format!("floors/{name}.toml"), text).expect("parses")
}
