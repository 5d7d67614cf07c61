//! What `serve` plays is what `scan` finds: every policy on every stack that can express it, over sockets.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use shakedown::engine::backends;
use shakedown::engine::openssl::OpenSsl;
use shakedown::net::Listener;
use shakedown::pki::{CertificateKind, Pki};
use shakedown::policy::{Catalogue, Floor, Policy};
use shakedown::registry::{self, Authentication, CipherSuite, ProtocolVersion};
use shakedown::run::catalogue::Catalogue as Data;
use shakedown::run::stage::Stage;
use shakedown::scan::{Comparison, Deadlines, Found, Options, Patience, find, scan};
use shakedown::serve::{CertificateChoice, Limits, Server as InProcess, Staged, for_policy, policy_stage};
use tokio::sync::{mpsc, watch};

use crate::server::Server;

fn policies() -> Vec<Policy> {
    let catalogue = Catalogue::embedded().unwrap();
    catalogue.ids().map(|id| catalogue.find(id).unwrap()).collect()
}

fn floor() -> Floor {
    Data::load(&[]).unwrap().floor("aws").unwrap().clone()
}

/// Serves on a port of its own and scans it.
fn serve_and_scan(stage: Stage, certificates: Vec<CertificateKind>, floor: &Floor) -> Found {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let listener = Listener::bind(&["127.0.0.1:0".parse().unwrap()], 256).unwrap();
    let port = listener.port();
    let limits = Limits {
        handshake: Duration::from_secs(20),
        request: Duration::from_secs(20),
        grace: Duration::ZERO,
        connections: 64,
    };
    let server =
        InProcess::new(listener, Staged { stage, certificates, floor: floor.clone() }, limits, false);
    let (stop, stopping) = watch::channel(false);
    let (lines, mut told) = mpsc::channel(1024);
    let scanning = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (_never, interrupted) = watch::channel(false);
        let timeout = Duration::from_secs(10);
        let deadlines = Deadlines { timeout, until: Instant::now() + Duration::from_secs(300), interrupted };
        let remote = runtime.block_on(find("127.0.0.1", port, deadlines)).unwrap();
        let options = Options {
            server_name: Some("localhost".to_owned()),
            jobs: 2,
            patience: Patience::default(),
            client: Arc::new(OpenSsl::new()),
            confirm: false,
            suites_only: false,
        };
        let found = scan(&remote, &options);
        stop.send_replace(true);
        found
    });
    runtime.block_on(async {
        tokio::spawn(async move { while told.recv().await.is_some() {} });
        let served = server.run(stopping, lines).await;
        assert_eq!(served.panicked, 0);
    });
    scanning.join().unwrap()
}

/// Whether the suite shows in a version that both policies have, with the certificates there are.
fn shows(suite: CipherSuite, both: &BTreeSet<ProtocolVersion>, kinds: &[CertificateKind]) -> bool {
    let Some(facts) = registry::suite(suite) else { return false };
    let has = |is_rsa: bool| kinds.iter().any(|kind| kind.key().rsa_bits().is_some() == is_rsa);
    let is_carried = match facts.authentication {
        Authentication::Rsa => has(true),
        Authentication::Ecdsa => has(false),
        Authentication::Anon | Authentication::Tls13 => true,
        _ => false,
    };
    is_carried && both.iter().any(|version| facts.played_in(*version)) && !is_static(facts)
}

/// Static Diffie-Hellman takes a certificate that none of the servers has.
fn is_static(facts: &registry::SuiteFacts) -> bool {
    matches!(facts.key_exchange, registry::KeyExchange::Dh | registry::KeyExchange::Ecdh)
}

/// The suites that have to be named when a server of `played` is compared with `other`.
fn differing(played: &Policy, other: &Policy, kinds: &[CertificateKind]) -> BTreeSet<String> {
    let both: BTreeSet<_> =
        played.versions.iter().filter(|version| other.versions.contains(version)).copied().collect();
    let only = |a: &Policy, b: &Policy| {
        let suites =
            a.suites.iter().filter(|suite| !b.suites.contains(suite) && shows(**suite, &both, kinds));
        suites.map(ToString::to_string).collect::<BTreeSet<_>>()
    };
    &only(played, other) | &only(other, played)
}

#[test]
fn every_policy_keeps_itself_on_every_stack_that_can_express_it_and_no_other() {
    let (policies, backends, floor) = (policies(), backends(), floor());
    let pki = Pki::mint().unwrap();
    let mut jobs = Vec::new();
    for (at, policy) in policies.iter().enumerate() {
        for backend in backends.values() {
            jobs.push((at, policy, backend));
        }
    }
    let (next, played) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let cannot = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((at, policy, backend)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let kinds = for_policy(policy);
                    let shown = CertificateChoice::Needed(&kinds);
                    let stage = match policy_stage(policy, &backends, backend, shown, &pki, false) {
                        Ok((stage, left_out)) => {
                            assert!(left_out.is_empty());
                            stage
                        }
                        Err(why) => {
                            let why = why.to_string().lines().next().unwrap().to_owned();
                            cannot.lock().unwrap().push((policy.id.clone(), backend.id(), why));
                            continue;
                        }
                    };
                    let found = serve_and_scan(stage, kinds.clone(), &floor);
                    let place = format!("{} on {}", policy.id, backend.id());
                    assert!(found.troubles().is_empty(), "{place}: {:?}", found.troubles());
                    let own = Comparison::of(policy, &found);
                    assert_eq!((own.differences, own.is_empty), (vec![], false), "{place}");
                    // The next one that is another in what can be seen here.
                    let others = policies.iter().cycle().skip(at + 1).take(policies.len() - 1);
                    let mut others = others.map(|other| (other, differing(policy, other, &kinds)));
                    let (other, suites) = others.find(|(_, suites)| !suites.is_empty()).unwrap();
                    let differences = Comparison::of(other, &found).differences;
                    for suite in suites {
                        let is_named = |text: &str| text.split_whitespace().any(|word| word == suite);
                        assert!(
                            differences.iter().any(|difference| is_named(&difference.text)),
                            "{place} beside {}: {suite} is missing in {differences:?}",
                            other.id
                        );
                    }
                    played.lock().unwrap().push((policy.id.clone(), backend.id()));
                }
            });
        }
    });
    let (played, mut cannot) = (played.into_inner().unwrap(), cannot.into_inner().unwrap());
    let by = |backend: &str| played.iter().filter(|(_, id)| *id == backend).count();
    println!("openssl {}, rustls {}, s2n {}", by("openssl"), by("rustls"), by("s2n"));
    assert_eq!(played.len() + cannot.len(), 3 * policies.len());
    cannot.sort();
    let somewhere: BTreeSet<&String> = played.iter().map(|(id, _)| id).collect();
    let mut nowhere = String::new();
    for (id, backend, why) in cannot.iter().filter(|(id, ..)| !somewhere.contains(id)) {
        let _ = writeln!(nowhere, "{id} on {backend}: {why}");
    }
    insta::assert_snapshot!("policies_that_no_stack_can_express", nowhere);
}

/// The programs themselves: `serve --policy P`, then `scan --policy P`.
#[test]
fn the_two_programs_agree_and_name_every_difference() {
    let scan = |server: &Server, policy: &str| {
        let target = format!("localhost:{}", server.port);
        let output = Command::new(env!("CARGO_BIN_EXE_shakedown"))
            .args(["scan", &target, "--policy", policy])
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    for (policy, backend) in [
        ("elb/ELBSecurityPolicy-2016-08", "openssl"),
        ("elb/ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", "openssl"),
        ("cloudfront/TLSv1.2_2021", "s2n"),
        ("elb/ELBSecurityPolicy-TLS13-1-3-2021-06", "rustls"),
    ] {
        let server = Server::start(&["--policy", policy, "--backend", backend]);
        let (code, text) = scan(&server, policy);
        assert_eq!(code, Some(0), "{policy} on {backend}: {text}");
        assert!(text.contains("no difference"), "{text}");
        let (code, text) = scan(&server, "harness/static-rsa");
        assert_eq!(code, Some(1), "{policy} on {backend}: {text}");
    }
    let server = Server::start(&["--policy", "harness/static-rsa"]);
    let (code, text) = scan(&server, "elb/ELBSecurityPolicy-FS-1-2-Res-2020-10");
    assert_eq!(code, Some(1));
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for named in [
        "TLS_RSA_WITH_AES_128_GCM_SHA256 is accepted and not in the policy (TLS 1.2)",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is in the policy and refused (TLS 1.2)",
    ] {
        assert!(one_line.contains(named), "{named} is missing in {text}");
    }
}
