//! s2n's policies: everything they can hold is played against OpenSSL, and what they cannot is said.

use shakedown::engine::pair::{PairOutcome, handshake};
use shakedown::engine::s2n::{NamedPolicy, S2n};
use shakedown::engine::{Backend, CannotPlay, EndpointSpec, Negotiated, Role, backends};
use shakedown::pki::{CertificateKind, Pki};
use shakedown::registry::{self, Authentication, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use crate::{pair, strong_server, suite, verifying_client};

const TLS1_0: ProtocolVersion = ProtocolVersion::TLS1_0;
const TLS1_2: ProtocolVersion = ProtocolVersion::TLS1_2;
const TLS1_3: ProtocolVersion = ProtocolVersion::TLS1_3;

/// Every cipher suite of s2n-tls 0.3.47.
const SUITES: [&str; 36] = [
    "TLS_RSA_WITH_RC4_128_MD5",
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];

/// The versions of a policy with that suite.
fn range(suite: CipherSuite) -> Vec<ProtocolVersion> {
    let is_tls13 = registry::suite(suite).unwrap().usable_in(TLS1_3);
    if is_tls13 { vec![TLS1_3] } else { ProtocolVersion::ALL[..4].to_vec() }
}

fn kind_for(suite: CipherSuite) -> CertificateKind {
    match registry::suite(suite).unwrap().authentication {
        Authentication::Ecdsa => CertificateKind::EcdsaP256,
        _ => CertificateKind::Rsa2048,
    }
}

#[test]
fn every_suite_completes_in_every_version_it_exists_in_with_openssl_on_either_side() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let (s2n, openssl) = (&*all["s2n"], &*all["openssl"]);
    let (mut done, mut failed) = ([0; 5], Vec::new());
    for suite in SUITES.map(suite) {
        let facts = registry::suite(suite).unwrap();
        let server = EndpointSpec {
            suites: vec![suite],
            identities: vec![pki.identity(kind_for(suite)).unwrap()],
            dh_bits: 2048,
            ..EndpointSpec::default()
        };
        let client = EndpointSpec { suites: vec![suite], ..verifying_client(&pki) };
        for (i, version) in ProtocolVersion::ALL.into_iter().enumerate() {
            if !facts.usable_in(version) {
                continue;
            }
            // s2n has the whole range, OpenSSL the one version.
            let ours = |spec: &EndpointSpec| EndpointSpec { versions: range(suite), ..spec.clone() };
            let theirs = |spec: &EndpointSpec| EndpointSpec { versions: vec![version], ..spec.clone() };
            // RFC 5246 8.1.2 strips leading zeros from the shared secret of a finite field and s2n keeps them: one
            // session in 256 fails for that alone, and two of them in 65536. More tries would hide more than that.
            let tries = if facts.is_finite_field() { 2 } else { 1 };
            let first_done = |play: &dyn Fn() -> (PairOutcome, Option<Negotiated>, Option<Negotiated>)| {
                let mut last = play();
                for _ in 1..tries {
                    if last.0 == PairOutcome::Done {
                        break;
                    }
                    last = play();
                }
                last
            };
            for (side, (outcome, c, s)) in [
                ("server", first_done(&|| pair(openssl, &theirs(&client), s2n, &ours(&server)))),
                ("client", first_done(&|| pair(s2n, &ours(&client), openssl, &theirs(&server)))),
            ] {
                let negotiated = c.filter(|_| c == s).map(|n| (n.version, n.suite));
                if outcome == PairOutcome::Done && negotiated == Some((version, suite)) {
                    done[i] += 1;
                } else {
                    failed.push(format!("s2n as {side}, {}, {version}: {outcome:?} {c:?} {s:?}", facts.name));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    // Twice the suites that exist in SSL 3, TLS 1.0, 1.1, 1.2 and 1.3.
    assert_eq!(done, [8, 28, 28, 66, 6]);
}

#[test]
fn a_suite_that_openssl_has_and_s2n_has_not_is_said() {
    let pki = Pki::mint().unwrap();
    let s2n = S2n::new();
    let mut missing = 0;
    for facts in registry::suites() {
        let spec =
            EndpointSpec { suites: vec![facts.suite], ..strong_server(&pki, CertificateKind::Rsa2048) };
        let spec = EndpointSpec { versions: Vec::new(), ..spec };
        let answer = s2n.open(Role::Server, &spec).err();
        if SUITES.contains(&facts.name) {
            assert_eq!(answer, None, "{}", facts.name);
        } else {
            let wanted = CannotPlay::Suite { backend: "s2n".to_owned(), suite: facts.suite };
            assert_eq!(answer, Some(wanted), "{}", facts.name);
            missing += 1;
        }
    }
    assert!(missing > 300, "{missing}");
}

type Change = fn(&mut EndpointSpec);

#[test]
fn what_a_policy_of_s2n_cannot_express_is_said() {
    let pki = Pki::mint().unwrap();
    let s2n = S2n::new();
    let strong = strong_server(&pki, CertificateKind::Rsa2048);
    let with = |change: Change| {
        let mut spec = strong.clone();
        change(&mut spec);
        s2n.open(Role::Server, &spec).err().map(|error| error.to_string())
    };
    let cases: [(Change, &str); 15] = [
        (
            |s| s.versions = vec![TLS1_0],
            "s2n cannot do versions that are no range up to TLS 1.2 or up to TLS 1.3",
        ),
        (
            |s| s.versions = vec![TLS1_0, TLS1_2],
            "s2n cannot do versions that are no range up to TLS 1.2 or up to TLS 1.3",
        ),
        (|s| s.versions = vec![ProtocolVersion(0x0305)], "s2n has no 0x0305"),
        (|s| s.versions = vec![ProtocolVersion(0x0002)], "s2n has no 0x0002"),
        (|s| s.suites.truncate(1), "s2n cannot do TLS 1.2 or older without a suite for it"),
        (|s| s.suites.retain(|s| s.0 >= 0xC000), "s2n cannot do TLS 1.3 without a suite for it"),
        (|s| s.groups = vec![NamedGroup::X448], "s2n has no group x448"),
        (|s| s.groups = vec![NamedGroup::FFDHE2048], "s2n has no group ffdhe2048"),
        (
            |s| s.groups = vec![NamedGroup::X25519, NamedGroup::X25519MLKEM768],
            "s2n cannot do a curve before a hybrid group",
        ),
        (|s| s.groups = vec![NamedGroup::X25519MLKEM768], "s2n cannot do TLS 1.2 or older without a curve"),
        (|s| s.schemes = vec![SignatureScheme::ED25519], "s2n has no signature scheme ed25519"),
        (|s| s.schemes = vec![SignatureScheme(0xFFFF)], "s2n has no signature scheme 0xFFFF"),
        (|s| s.identities = Vec::new(), "s2n cannot do anonymous key exchange"),
        (|s| s.dh_bits = 1024, "s2n has no finite-field group of 1024 bits"),
        (|s| s.alpn = vec![Vec::new()], "s2n refused the configuration"),
    ];
    for (change, wanted) in cases {
        let said = with(change);
        assert!(said.as_ref().is_some_and(|said| said.starts_with(wanted)), "{wanted}: {said:?}");
    }
    assert_eq!(with(|_| ()), None);
}

#[test]
fn every_group_completes_alone_with_openssl_on_either_side() {
    let pki = Pki::mint().unwrap();
    let all = backends();
    let (s2n, openssl) = (&*all["s2n"], &*all["openssl"]);
    let groups = ["x25519", "secp256r1", "secp384r1", "secp521r1"];
    let hybrids = ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "MLKEM1024"];
    for name in groups.into_iter().chain(hybrids) {
        let group = registry::group_by_name(name).unwrap().group;
        let alone = |spec: EndpointSpec| EndpointSpec { versions: vec![TLS1_3], groups: vec![group], ..spec };
        let server = alone(strong_server(&pki, CertificateKind::EcdsaP256));
        let client = alone(verifying_client(&pki));
        assert_eq!(pair(openssl, &client, s2n, &server).0, PairOutcome::Done, "s2n as server, {name}");
        assert_eq!(pair(s2n, &client, openssl, &server).0, PairOutcome::Done, "s2n as client, {name}");
        // And with no other one.
        let other = if name == "x25519" { NamedGroup::SECP256R1 } else { NamedGroup::X25519 };
        let other = EndpointSpec { groups: vec![other], ..client };
        assert_ne!(pair(openssl, &other, s2n, &server).0, PairOutcome::Done, "{name}");
    }
}

/// These allow only certificates that the harness does not mint.
const OTHER_CERTIFICATES: [&str; 6] = ["20250429", "20251013", "20260219", "rfc9151", "cnsa_1", "cnsa_2"];

/// Whether a server with that policy can sign at all with the harness's key, as the lists of the policy say.
fn can_sign(policy: &NamedPolicy, kind: CertificateKind) -> bool {
    let ours = |s: &CipherSuite| {
        registry::suite(*s).is_some_and(|facts| match facts.authentication {
            Authentication::Tls13 => true,
            Authentication::Rsa => kind == CertificateKind::Rsa2048,
            Authentication::Ecdsa => kind == CertificateKind::EcdsaP256,
            _ => false,
        })
    };
    // With SHA-256, 384 or 512; in TLS 1.3 a P-256 key signs with SHA-256 alone.
    let schemes: &[u16] = match kind {
        CertificateKind::Rsa2048 => &[0x0401, 0x0501, 0x0601, 0x0804, 0x0805, 0x0806],
        _ if policy.max_version == TLS1_2 => &[0x0403, 0x0503, 0x0603],
        _ => &[0x0403],
    };
    policy.suites.iter().any(ours) && policy.schemes.iter().any(|s| schemes.contains(&s.0))
}

#[test]
fn every_named_policy_opens_and_negotiates_what_it_holds() {
    let pki = Pki::mint().unwrap();
    let (s2n, all) = (S2n::new(), backends());
    let policies = NamedPolicy::all();
    // As many as the library's table has.
    assert_eq!(policies.len(), 216);
    let mut done = 0;
    for policy in &policies {
        for kind in [CertificateKind::Rsa2048, CertificateKind::EcdsaP256] {
            let place = format!("{} with {kind}", policy.name);
            let identities = vec![pki.identity(kind).unwrap()];
            let spec = EndpointSpec { identities, dh_bits: 2048, ..EndpointSpec::default() };
            let opened = s2n.open_named(Role::Server, &policy.name, &spec);
            assert_eq!(opened.is_err(), OTHER_CERTIFICATES.contains(&&*policy.name), "{place}");
            let mut server = match opened {
                Ok(server) => server,
                Err(error) => {
                    assert!(error.to_string().contains("certificate"), "{place}: {error}");
                    assert!(policy.binds_own_certificate, "{place}");
                    continue;
                }
            };
            // OpenSSL with all that it has.
            let client = EndpointSpec { versions: ProtocolVersion::ALL.to_vec(), ..verifying_client(&pki) };
            let open = || all["openssl"].open(Role::Client, &client).unwrap();
            let mut client = open();
            let (mut outcome, _) = handshake(&mut *client, &mut *server);
            // Some prefer DHE, which fails once in 256 times: see above.
            let has_field = policy
                .suites
                .iter()
                .any(|s| registry::suite(*s).is_some_and(registry::SuiteFacts::is_finite_field));
            if outcome != PairOutcome::Done && has_field && can_sign(policy, kind) {
                server = s2n.open_named(Role::Server, &policy.name, &spec).unwrap();
                client = open();
                outcome = handshake(&mut *client, &mut *server).0;
            }
            assert_eq!(outcome == PairOutcome::Done, can_sign(policy, kind), "{place}: {outcome:?}");
            if outcome == PairOutcome::Done {
                let negotiated = server.negotiated().unwrap();
                assert_eq!(client.negotiated(), Some(negotiated), "{place}");
                assert!(policy.suites.contains(&negotiated.suite), "{place}: {negotiated:?}");
                assert_eq!(negotiated.version, policy.max_version, "{place}");
                done += 1;
            }
        }
    }
    assert_eq!(done, 385);
}

#[test]
fn a_named_policy_is_read_as_it_is_written() {
    let names =
        |list: &[CipherSuite]| list.iter().map(|s| registry::suite(*s).unwrap().name).collect::<Vec<_>>();
    let default = NamedPolicy::find("default").unwrap();
    assert_eq!((default.min_version, default.max_version), (TLS1_2, TLS1_3));
    assert_eq!(
        names(&default.suites),
        [
            "TLS_AES_128_GCM_SHA256",
            "TLS_AES_256_GCM_SHA384",
            "TLS_CHACHA20_POLY1305_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        ]
    );
    let groups: Vec<_> = default.groups.iter().map(|g| registry::group(*g).unwrap().name).collect();
    assert_eq!(
        groups,
        [
            "X25519MLKEM768",
            "SecP256r1MLKEM768",
            "SecP384r1MLKEM1024",
            "secp256r1",
            "x25519",
            "secp384r1",
            "secp521r1",
        ]
    );
    let schemes = default.schemes.iter().map(|s| s.0).collect::<Vec<_>>();
    // ECDSA, then RSASSA-PSS with its own and with RSA keys, then PKCS #1; each with SHA-256, 384 and 512.
    assert_eq!(
        schemes,
        [0x0403, 0x0503, 0x0603, 0x0809, 0x080A, 0x080B, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601]
    );
    assert!(default.forward_secrecy_rule && !default.boosts_chacha20 && !default.binds_own_certificate);

    let old = NamedPolicy::find("ELBSecurityPolicy-2016-08").unwrap();
    assert_eq!((old.min_version, old.max_version), (TLS1_0, TLS1_2));
    // AWS's page of this policy: 18 ciphers, ECDHE before RSA key transport.
    assert_eq!(old.suites.len(), 18);
    assert_eq!(names(&old.suites[..1]), ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]);
    assert_eq!(names(&old.suites[17..]), ["TLS_RSA_WITH_AES_256_CBC_SHA"]);
    assert_eq!(old.groups, [NamedGroup::SECP256R1, NamedGroup::SECP384R1]);
    assert!(old.schemes.contains(&SignatureScheme(0x0201)) && !old.forward_secrecy_rule);
    // Withdrawn, and never there.
    for unknown in ["KMS-PQ-TLS-1-0-2019-06", "ELBSecurityPolicy-2016-09", "", "default\0"] {
        assert_eq!(NamedPolicy::find(unknown), None, "{unknown}");
        let error = S2n::new().open_named(Role::Server, unknown, &EndpointSpec::default()).err();
        assert!(matches!(error, Some(CannotPlay::Configuration { .. })), "{unknown}: {error:?}");
    }
    let error = S2n::new().open_named(Role::Server, "default", &EndpointSpec::default()).err().unwrap();
    assert_eq!(error.to_string(), "s2n cannot do anonymous key exchange");
    let name = EndpointSpec { server_name: "local\0host".to_owned(), ..EndpointSpec::default() };
    let error = S2n::new().open_named(Role::Client, "default", &name).err();
    assert!(matches!(error, Some(CannotPlay::Configuration { .. })), "{error:?}");
    let beside = EndpointSpec { suites: default.suites.clone(), ..EndpointSpec::default() };
    let error = S2n::new().open_named(Role::Client, "default", &beside).err().unwrap();
    assert_eq!(error.to_string(), "s2n cannot do a named policy and lists of our own");
}
