//! Servers with more than one certificate, and with every kind of key.

use shakedown::engine::{EndpointSpec, Role, Status, backends};
use shakedown::net::{Setup, run_in_memory};
use shakedown::observe::{Reach, Seen, Side};
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::{CipherSuite, ProtocolVersion};
use shakedown::wire::handshake::Certificate;
use shakedown::wire::{Context, Handshake, HandshakeType};

use super::{suite, verifying_client};

const KINDS: [CertificateKind; 6] = [
    CertificateKind::Rsa2048,
    CertificateKind::Rsa3072,
    CertificateKind::Rsa4096,
    CertificateKind::EcdsaP256,
    CertificateKind::EcdsaP384,
    CertificateKind::Ed25519,
];

const RSA: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const ECDSA: &str = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";

fn server(pki: &Pki, version: ProtocolVersion, kinds: &[CertificateKind]) -> EndpointSpec {
    let suites = match version {
        ProtocolVersion::TLS1_3 => vec![suite("TLS_AES_128_GCM_SHA256")],
        _ => vec![suite(ECDSA), suite(RSA)],
    };
    EndpointSpec {
        versions: vec![version],
        suites,
        identities: kinds.iter().map(|kind| pki.identity(*kind).unwrap()).collect(),
        server_order: true,
        ..EndpointSpec::default()
    }
}

fn client(pki: &Pki, version: ProtocolVersion, suites: &[CipherSuite]) -> EndpointSpec {
    EndpointSpec { versions: vec![version], suites: suites.to_vec(), ..verifying_client(pki) }
}

/// The leaf that a TLS 1.2 server showed, and the suite.
fn shown(server: &str, spec: &EndpointSpec, client: &EndpointSpec) -> (Vec<u8>, CipherSuite) {
    let all = backends();
    let engine = all[server].open(Role::Server, spec).unwrap();
    let mut peer = all["openssl"].open(Role::Client, client).unwrap();
    let (seen, said) = run_in_memory(&mut *peer, Setup { engine, edits: Vec::new() });
    assert_eq!(seen.reach, Reach::Data, "{server}: {said:?} {:?}", seen.ending);
    let context = Context::new(ProtocolVersion::TLS1_2);
    let leaf = seen.transcript.entries().iter().find_map(|(side, entry)| match entry {
        Seen::Handshake { kind: HandshakeType::CERTIFICATE, body } if *side == Side::Server => {
            match Handshake::decode(HandshakeType::CERTIFICATE, body, &context).unwrap() {
                Handshake::Certificate(Certificate::Legacy(chain)) => chain.first().cloned(),
                other => panic!("{other:?}"),
            }
        }
        _ => None,
    });
    (leaf.unwrap(), seen.proposal.unwrap().suite)
}

#[test]
fn every_kind_of_key_completes_with_every_stack_that_has_it() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let (mut completed, mut refused) = (0, Vec::new());
    for kind in KINDS {
        for version in [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3] {
            for backend in all.values() {
                let place = format!("{} {version} {kind}", backend.id());
                let engine = match backend.open(Role::Server, &server(&pki, version, &[kind])) {
                    Ok(engine) => engine,
                    Err(_) => {
                        refused.push(place);
                        continue;
                    }
                };
                let mut peer = all["openssl"].open(Role::Client, &client(&pki, version, &[])).unwrap();
                let (seen, _) = run_in_memory(&mut *peer, Setup { engine, edits: Vec::new() });
                assert_eq!(seen.reach, Reach::Data, "{place}: {:?}", seen.ending);
                assert!(matches!(peer.status(), Status::Done), "{place}");
                completed += 1;
            }
        }
    }
    // s2n has no Ed25519.
    assert_eq!(refused, ["s2n TLSv1.2 ed25519", "s2n TLSv1.3 ed25519"]);
    assert_eq!(completed, 34);
}

#[test]
fn a_server_with_two_certificates_shows_the_one_that_the_clients_suites_need() {
    let pki = Pki::mint().unwrap();
    let both = [CertificateKind::Rsa2048, CertificateKind::EcdsaP256];
    for (name, _) in backends() {
        for kinds in [both, [both[1], both[0]]] {
            let spec = server(&pki, ProtocolVersion::TLS1_2, &kinds);
            for (offered, kind) in [(RSA, CertificateKind::Rsa2048), (ECDSA, CertificateKind::EcdsaP256)] {
                let client = client(&pki, ProtocolVersion::TLS1_2, &[suite(offered)]);
                let (leaf, chosen) = shown(name, &spec, &client);
                assert_eq!(leaf, pki.identity(kind).unwrap().chain[0], "{name} {kinds:?} {offered}");
                assert_eq!(chosen, suite(offered), "{name} {kinds:?}");
            }
        }
    }
}

#[test]
fn a_server_with_two_certificates_completes_tls_1_3_with_clients_that_take_one_of_them() {
    let pki = Pki::mint().unwrap();
    let kinds = [CertificateKind::EcdsaP256, CertificateKind::Rsa2048];
    let all = backends();
    for (name, backend) in &all {
        let spec = server(&pki, ProtocolVersion::TLS1_3, &kinds);
        for scheme in ["ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"] {
            let schemes = vec![shakedown::registry::scheme_by_name(scheme).unwrap().scheme];
            let spec_of_client = EndpointSpec { schemes, ..client(&pki, ProtocolVersion::TLS1_3, &[]) };
            let engine = backend.open(Role::Server, &spec).unwrap();
            let mut peer = all["openssl"].open(Role::Client, &spec_of_client).unwrap();
            let (seen, said) = run_in_memory(&mut *peer, Setup { engine, edits: Vec::new() });
            assert_eq!(seen.reach, Reach::Data, "{name} {scheme}: {said:?}");
        }
    }
}
