//! Suites with and without a certificate before a client whose schemes do not go with the certificate: all stacks beside
//! the oracle and the quirks. Drawn hellos come here seldom, and it is where a quirk was wrong twice.

use shakedown::fuzzing::semantic::Hello;
use shakedown::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use shakedown::wire::{ClientHello, Extension};

#[test]
fn the_stacks_are_understood_where_no_scheme_goes_with_the_certificate() {
    // RSA and ECDSA key exchanges, RSA key transport, both anonymous ones.
    let suites: [&[u16]; 9] = [
        &[0xC02F],
        &[0xC02F, 0x00C5],
        &[0x009E, 0x00C5],
        &[0xC02B, 0x00C5],
        &[0xC0A1],
        &[0x00C5, 0xC05A, 0xC0A1],
        &[0x00C5, 0xC018],
        &[0xC018, 0x0005],
        &[0x00C5],
    ];
    // ECDSA; nothing that any server here has; RSA beside it; none named at all.
    let schemes: [Option<&[u16]>; 5] =
        [Some(&[0x0403]), Some(&[0x0101]), Some(&[0x0503, 0x0101]), Some(&[0x0804]), None];
    let groups: [Option<&[u16]>; 3] = [None, Some(&[0x0017, 0x001D]), Some(&[0x0019])];
    let mut kinds = std::collections::BTreeSet::new();
    for policy in ["harness/permissive", "elb/ELBSecurityPolicy-2016-08"] {
        for certificate in ["rsa2048", "ecdsa-p256"] {
            for suites in suites {
                for (schemes, groups) in schemes.iter().flat_map(|s| groups.iter().map(move |g| (*s, *g))) {
                    let saved = Hello::new(
                        "diff_negotiate",
                        None,
                        policy,
                        certificate,
                        &hello(suites, schemes, groups),
                    );
                    kinds.insert(saved.play().unwrap().summary);
                }
            }
        }
    }
    let said = |word: &str| kinds.iter().filter(|kind| kind.contains(word)).count();
    assert!(said("openssl TLSv1.2 DhAnon") > 0 && said("openssl TLSv1.2 EcdhAnon") > 0, "{kinds:#?}");
    assert!(said("openssl handshake_failure") > 0 && said("openssl TLSv1.2 Rsa") > 0, "{kinds:#?}");
}

fn hello(suites: &[u16], schemes: Option<&[u16]>, groups: Option<&[u16]>) -> ClientHello {
    let mut extensions = vec![Extension::EcPointFormats(vec![0])];
    if let Some(list) = schemes {
        extensions.push(Extension::SignatureAlgorithms(
            list.iter().map(|number| SignatureScheme(*number)).collect(),
        ));
    }
    if let Some(list) = groups {
        extensions.push(Extension::SupportedGroups(list.iter().map(|number| NamedGroup(*number)).collect()));
    }
    ClientHello {
        legacy_version: ProtocolVersion::TLS1_2,
        random: [7; 32],
        session_id: Vec::new(),
        cipher_suites: suites.iter().map(|number| CipherSuite(*number)).collect(),
        compression_methods: vec![0],
        extensions: Some(extensions),
    }
}
