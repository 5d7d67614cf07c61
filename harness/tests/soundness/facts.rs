//! Rule 8, what is read from the wire: for every live suite and version it is what the stacks themselves say.

use shakedown::engine::{EndpointSpec, Role};
use shakedown::net::{Setup, run_in_memory};
use shakedown::observe::Reach;
use shakedown::pki::CertificateKind;
use shakedown::registry::{self, Authentication, KeyExchange, NamedGroup, ProtocolVersion, SuiteKind};
use shakedown::run::stage;

use crate::support::world;

#[test]
fn version_and_suite_on_the_wire_are_what_both_stacks_negotiated() {
    let world = world();
    let mut compared = 0;
    for facts in registry::suites().iter().filter(|f| f.kind == SuiteKind::Suite) {
        for version in world.catalogue.live.versions(facts.suite) {
            let identity = match facts.authentication {
                Authentication::Anon | Authentication::Psk => None,
                Authentication::Ecdsa => Some(CertificateKind::EcdsaP256),
                Authentication::Dss => Some(CertificateKind::Dsa2048),
                _ => Some(CertificateKind::Rsa2048),
            };
            let wants_psk = matches!(facts.authentication, Authentication::Psk | Authentication::RsaPsk);
            let spec = EndpointSpec {
                versions: vec![version],
                suites: vec![facts.suite],
                server_name: "localhost".to_owned(),
                dh_bits: 2048,
                psk: wants_psk.then(stage::psk),
                ..EndpointSpec::default()
            };
            let identities = identity.map(|kind| world.pki.identity(kind).unwrap()).into_iter().collect();
            let server_spec = EndpointSpec { identities, ..spec.clone() };
            let server = world.openssl().open(Role::Server, &server_spec).unwrap();
            let mut client = world.openssl().open(Role::Client, &spec).unwrap();
            let (seen, _) = run_in_memory(&mut *client, Setup { engine: server, edits: Vec::new() });
            let what = format!("{} {version}", facts.name);
            assert_eq!(seen.reach, Reach::Data, "{what}: {:?}", seen.ending);
            assert_eq!(seen.disagreement, None, "{what}");
            let (wire, own) = (seen.proposal.unwrap(), client.negotiated().unwrap());
            assert_eq!((wire.version, wire.suite), (own.version, own.suite), "{what}");
            assert_eq!((wire.version, wire.suite), (version, facts.suite), "{what}");
            // The stack's interface does not name the group; what kind it must be follows from the key exchange.
            match facts.key_exchange {
                KeyExchange::Dhe | KeyExchange::DhAnon | KeyExchange::DhePsk => {
                    let bits = wire.dh_bits.or_else(|| wire.group.and_then(registry::group)?.dh_bits());
                    if facts.key_exchange != KeyExchange::DhePsk {
                        assert_eq!(bits, Some(2048), "{what}");
                    }
                }
                KeyExchange::Ecdhe | KeyExchange::EcdhAnon | KeyExchange::Tls13 => {
                    assert!(wire.group.is_some(), "{what}");
                }
                KeyExchange::Rsa | KeyExchange::Psk | KeyExchange::RsaPsk => {
                    assert_eq!(wire.group, None, "{what}");
                }
                _ => {}
            }
            compared += 1;
        }
    }
    assert!(compared >= 250, "{compared}");
}

#[test]
fn the_group_on_the_wire_is_the_one_that_was_the_only_choice() {
    let world = world();
    for group in [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1, NamedGroup::SECP521R1] {
        for version in [ProtocolVersion::TLS1_2, ProtocolVersion::TLS1_3] {
            let spec = EndpointSpec {
                versions: vec![version],
                groups: vec![group],
                server_name: "localhost".to_owned(),
                ..EndpointSpec::default()
            };
            let identities = vec![world.pki.identity(CertificateKind::Rsa2048).unwrap()];
            let server_spec = EndpointSpec { identities, ..spec.clone() };
            let server = world.openssl().open(Role::Server, &server_spec).unwrap();
            let mut client = world.openssl().open(Role::Client, &spec).unwrap();
            let (seen, _) = run_in_memory(&mut *client, Setup { engine: server, edits: Vec::new() });
            assert_eq!(seen.proposal.unwrap().group, Some(group), "{version}");
        }
    }
}

#[test]
fn a_stack_that_says_something_else_than_the_wire_is_noticed() {
    use shakedown::edit::{Change, Edit, Place};
    // The client is told another suite than the server has: both derive different keys, and nothing passes.
    let world = world();
    let spec = EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_2],
        server_name: "localhost".to_owned(),
        ..EndpointSpec::default()
    };
    let identities = vec![world.pki.identity(CertificateKind::Rsa2048).unwrap()];
    let engine = world.openssl().open(Role::Server, &EndpointSpec { identities, ..spec.clone() }).unwrap();
    let lie = Change::SetSuite(registry::suite_by_name("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA").unwrap().suite);
    let edits = vec![Edit { at: Place::SERVER_HELLO, change: lie }];
    let mut client = world.openssl().open(Role::Client, &spec).unwrap();
    let (seen, _) = run_in_memory(&mut *client, Setup { engine, edits });
    // What the client saw is what counts.
    assert_eq!(seen.proposal.unwrap().suite.to_string(), "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA");
    assert!(seen.reach < Reach::Finished, "{:?}", seen.reach);
}
