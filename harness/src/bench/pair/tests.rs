use super::*;
use crate::engine::backends;
use crate::pki::CertificateKind;

/// What is measured where: every cell of the table on every stack is proven, or named as what the stack does not have.
#[test]
fn every_cell_is_the_handshake_that_it_says_or_is_not_played() {
    let (stacks, keys) = (backends(), Keys::fixed());
    let mut played = Vec::new();
    for backend in stacks.values() {
        let (mut own, mut servers, mut none) = (0, 0, 0);
        for cell in Cell::all() {
            match Pair::prepare(&**backend, &*stacks["openssl"], cell, &keys) {
                Ok(pair) => {
                    let cost = pair.handshake().unwrap();
                    assert!(cost.client > 0 && cost.server > 0, "{cell}");
                    // TLS 1.3: hello, the server's flight, Finished, tickets; before: four flights of a full handshake.
                    let flights = match cell.kind {
                        _ if cell.version == ProtocolVersion::TLS1_3 => 3..=4,
                        Kind::Resumed => 3..=3,
                        Kind::Full | Kind::Mutual => 4..=4,
                    };
                    assert!(flights.contains(&cost.flights), "{} {cell}: {cost:?}", backend.id());
                    *(if pair.has_own_client() { &mut own } else { &mut servers }) += 1;
                }
                Err(Unfit::CannotPlay(_)) => none += 1,
                Err(Unfit::Unsteady { backend }) => {
                    assert_eq!(backend, "s2n");
                    none += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        played.push((backend.id(), own, servers, none));
    }
    assert_eq!(played, [("openssl", 119, 0, 0), ("rustls", 59, 0, 60), ("s2n", 56, 48, 15)]);
}

/// A cell that comes to something else is no cell.
#[test]
fn another_handshake_than_the_named_one_is_refused() {
    let (stacks, keys) = (backends(), Keys::fixed());
    let cell = Cell {
        version: ProtocolVersion::TLS1_2,
        exchange: Exchange::X25519,
        certificate: CertificateKind::Rsa2048,
        kind: Kind::Full,
    };
    let openssl = &*stacks["openssl"];
    let others = [
        Cell { exchange: Exchange::P256, ..cell },
        Cell { exchange: Exchange::Rsa, ..cell },
        Cell { version: ProtocolVersion::TLS1_1, ..cell },
        Cell { version: ProtocolVersion::TLS1_3, ..cell },
        Cell { kind: Kind::Mutual, ..cell },
        Cell { kind: Kind::Resumed, ..cell },
    ];
    for named in others {
        let pair = Pair::prepare(openssl, openssl, cell, &keys).unwrap();
        let text = Pair { cell: named, ..pair }.prove().unwrap_err().to_string();
        let said = ["came to", "proposed was", "the client showed", "it is resumed: false"];
        assert!(said.iter().any(|words| text.contains(words)), "{named}: {text}");
    }
    // What kind it is, every stack tells.
    for backend in stacks.values() {
        let cell = Cell { certificate: CertificateKind::EcdsaP256, ..cell };
        for (made, named, words) in [
            (Kind::Full, Kind::Mutual, "the client showed another certificate, or none"),
            (Kind::Full, Kind::Resumed, "to the client it is resumed: false"),
            (Kind::Resumed, Kind::Full, "to the client it is resumed: true"),
        ] {
            let made = Cell { kind: made, ..cell };
            let pair = Pair::prepare(&**backend, openssl, made, &keys).unwrap();
            pair.prove().unwrap();
            let text = Pair { cell: Cell { kind: named, ..cell }, ..pair }.prove().unwrap_err().to_string();
            assert!(text.ends_with(words), "{} {made} as {named:?}: {text}", backend.id());
        }
    }
    // Of every stack, also those whose own client does not tell.
    for backend in stacks.values() {
        let client = EndpointSpec {
            versions: vec![cell.version],
            suites: cell.suite().into_iter().collect(),
            groups: cell.groups(),
            ..EndpointSpec::default()
        };
        let pair = Pair::prepare(&**backend, openssl, cell, &keys).unwrap();
        pair.shows_its_certificate(openssl, &client).unwrap();
        let text =
            Pair { leaf: vec![0], ..pair }.shows_its_certificate(openssl, &client).unwrap_err().to_string();
        assert!(text.ends_with("another certificate was shown, or none"), "{text}");
    }
}
