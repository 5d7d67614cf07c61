//! `shakedown-mock` against the real program and real clients: rustls, and OpenSSL with everything weak switched on.

#[path = "mock_server/clients.rs"]
mod clients;
#[path = "mock_server/controls.rs"]
mod controls;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use clients::{openssl_request, rustls_request};
use shakedown_mock::{
    Backend, Certificate, MockServer, MockServerBuilder, Outcome, Reason, StartError, Verdict,
};

const GCM: &str = "TLS_RSA_WITH_AES_128_GCM_SHA256";

fn server() -> MockServerBuilder {
    MockServer::builder().program(env!("CARGO_BIN_EXE_shakedown"))
}

fn static_rsa() -> MockServerBuilder {
    server().policy("harness/static-rsa")
}

fn strict(server: &MockServer) -> Result<String, String> {
    rustls_request(server.address(), server.ca_pem())
}

fn permissive(server: &MockServer) -> Result<String, String> {
    openssl_request(server.address(), Some(server.ca_pem()), |_| Ok(()))
}

fn tcp(server: &MockServer) -> TcpStream {
    let stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

#[track_caller]
fn unproven(builder: &MockServerBuilder, client: impl Fn(&MockServer) -> Result<String, String>, why: &str) {
    let unmet = builder.check_refused_by(client).unwrap_err();
    assert_eq!(unmet.reason(), Reason::Unproven, "{unmet}");
    assert!(unmet.what().contains(why), "{unmet}");
}

#[test]
fn a_client_that_refuses_is_proven_to() {
    static_rsa().assert_refused_by(strict);
    server().forced("TLSv1.2", GCM).certificate(Certificate::Rsa2048).assert_refused_by(strict);
    server().forced("TLSv1.1", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA").assert_refused_by(strict);
    for wrong in [Certificate::UntrustedIssuer, Certificate::WrongHost, Certificate::Expired] {
        server().certificate(wrong).assert_refused_by(strict);
    }
}

#[test]
fn a_client_that_accepts_is_caught_and_the_text_says_how() {
    let unmet = static_rsa().check_refused_by(permissive).unwrap_err();
    assert_eq!(unmet.reason(), Reason::Broken, "{unmet}");
    let text = unmet.to_string();
    for seen in ["it sent its request", GCM, "no-forward-secrecy", "ClientKeyExchange", "offered suites"] {
        assert!(text.contains(seen), "{seen} is missing in: {text}");
    }
    // A session that cannot be completed is accepted by an answer to the server's flight.
    let forced =
        server().forced("TLSv1.2", "TLS_RSA_WITH_NULL_SHA256").check_refused_by(permissive).unwrap_err();
    assert_eq!(forced.reason(), Reason::Broken, "{forced}");
    for wrong in [Certificate::UntrustedIssuer, Certificate::WrongHost, Certificate::Expired] {
        let careless = |s: &MockServer| openssl_request(s.address(), None, |_| Ok(()));
        let unmet = server().certificate(wrong).check_refused_by(careless).unwrap_err();
        assert_eq!(unmet.reason(), Reason::Broken, "{unmet}");
    }
}

/// Of a session that is weak twice a refusal proves neither, and a client that goes on in it has refused nothing.
#[test]
fn a_wrong_certificate_beside_another_weakness_proves_nothing_without_its_own_alert() {
    let careless = |s: &MockServer| openssl_request(s.address(), None, |_| Ok(()));
    for suite in [GCM, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"] {
        let twice = server()
            .forced("TLSv1.1", suite.replace("GCM_SHA256", "CBC_SHA"))
            .certificate(Certificate::Expired);
        twice.check_refused_by(careless).unwrap_err();
        unproven(&twice, strict, "may not be all that the client minds");
    }
    let weak = || server().policy("elb/ELBSecurityPolicy-2016-08").certificate(Certificate::Expired);
    weak().check_refused_by(strict).unwrap();
    assert_eq!(weak().check_refused_by(careless).unwrap_err().reason(), Reason::Broken);
}

#[test]
fn a_client_that_refuses_everything_proves_nothing() {
    // It trusts another CA than the server's.
    let other = server().start();
    let ca = other.ca_pem().to_owned();
    assert_eq!(other.finish().connections().len(), 0);
    unproven(&static_rsa(), |s| rustls_request(s.address(), &ca), "positive control");
    let openssl = |s: &MockServer| openssl_request(s.address(), Some(&ca), |_| Ok(()));
    unproven(&static_rsa(), openssl, "positive control");
    // Without the control, too: the alert says that it is about the certificate.
    let alone = static_rsa().start();
    openssl(&alone).unwrap_err();
    let unmet = alone.finish().check_refused().unwrap_err();
    assert!(unmet.reason() == Reason::Unproven && unmet.what().contains("ca_pem"), "{unmet}");
}

#[test]
fn a_client_that_stays_away_or_speaks_no_tls_proves_nothing() {
    let calls = AtomicUsize::new(0);
    let once = |s: &MockServer| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => permissive(s),
        _ => Err("not again".to_owned()),
    };
    unproven(&static_rsa(), once, "nobody connected");

    let speak = |bytes: &'static [u8]| {
        let calls = AtomicUsize::new(0);
        move |s: &MockServer| {
            if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                return permissive(s);
            }
            let mut stream = tcp(s);
            stream.write_all(bytes).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            // Whatever the answer is.
            let _answer = stream.read_to_end(&mut Vec::new());
            Err("closed".to_owned())
        }
    };
    unproven(&static_rsa(), speak(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"), "no TLS");
    unproven(&static_rsa(), speak(b""), "gone before");
    // The beginning of a ClientHello.
    unproven(&static_rsa(), speak(&[22, 3, 1, 2, 0, 1, 0, 1, 0xfc]), "gone before");
}

#[test]
fn a_connection_that_is_still_open_at_the_end_proves_nothing() {
    let server = server().finish_timeout(Duration::from_secs(3)).start();
    let mut stream = tcp(&server);
    stream.write_all(&[22, 3, 1, 2, 0]).unwrap();
    let seen = server.finish();
    assert_eq!(seen.connections().len(), 1, "{}", seen.description());
    assert_eq!(seen.check_refused().unwrap_err().reason(), Reason::Unproven);
    assert_eq!(seen.verdict(), Verdict::Inconclusive);
}

#[test]
fn a_client_that_is_another_one_in_the_control_proves_nothing() {
    let calls = AtomicUsize::new(0);
    let two_faced = |s: &MockServer| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => permissive(s),
        _ => strict(s),
    };
    unproven(&static_rsa(), two_faced, "something else");
}

/// The program chooses an RSA certificate for the weak server, so the control has one, too.
#[test]
fn a_client_without_rsa_does_not_pass_for_one_that_refuses_rsa_key_transport() {
    let ecdsa_only = |s: &MockServer| {
        openssl_request(s.address(), Some(s.ca_pem()), |context| {
            context.set_cipher_list("ECDHE+aECDSA").map_err(|e| e.to_string())?;
            context.set_sigalgs_list("ECDSA+SHA256").map_err(|e| e.to_string())
        })
    };
    unproven(&static_rsa(), ecdsa_only, "positive control");
    static_rsa().check_refused_by(strict).unwrap();
}

/// The hello has a suite in common with the policy, and no version.
#[test]
fn a_refusal_that_is_the_servers_own_proves_nothing() {
    let server = static_rsa().start();
    openssl_request(server.address(), Some(server.ca_pem()), |context| {
        context.set_max_proto_version(Some(openssl::ssl::SslVersion::TLS1)).map_err(|e| e.to_string())
    })
    .unwrap_err();
    let seen = server.finish();
    assert_eq!(seen.connections()[0].outcome, Outcome::RefusedByServer, "{}", seen.description());
    let unmet = seen.check_refused().unwrap_err();
    assert!(unmet.what().contains("the server ended it"), "{unmet}");
}

#[test]
fn every_backend_and_certificate_is_known_to_the_program() {
    for backend in [Backend::OpenSsl, Backend::Rustls, Backend::S2n] {
        let server = server().backend(backend).start();
        strict(&server).unwrap();
        server.finish().assert_negotiated("TLSv1.3", None).assert_floor_kept();
    }
    for certificate in [
        Certificate::Rsa2048,
        Certificate::Rsa3072,
        Certificate::Rsa4096,
        Certificate::EcdsaP256,
        Certificate::EcdsaP384,
        Certificate::Ed25519,
    ] {
        let server = server().certificate(certificate).start();
        strict(&server).unwrap();
        server.finish().assert_negotiated("TLSv1.3", None).assert_floor_kept();
    }
}

#[test]
fn what_a_hello_offers_is_known_by_name() {
    let server = server().start();
    permissive(&server).unwrap();
    let seen = server.finish();
    let offers = seen.connections()[0].offers.clone().unwrap();
    let is_hex = |name: &&String| name.starts_with("0x");
    let names = [&offers.versions, &offers.suites, &offers.groups, &offers.schemes];
    assert!(offers.suites.len() > 50 && names.iter().all(|list| !list.is_empty()), "{offers:?}");
    for name in names.into_iter().flatten().filter(|name| !is_hex(name)) {
        assert_eq!(seen.check_never_offered(name).unwrap_err().reason(), Reason::Broken, "{name}");
    }
}

#[test]
fn a_wrong_setting_is_an_error_that_names_the_next_step() {
    let of = |builder: MockServerBuilder| match builder.try_start().unwrap_err() {
        StartError::Ended { said, .. } => said,
        other => panic!("{other}"),
    };
    assert!(of(server().policy("elb/ELBSecurityPolicy-2016-8")).contains("elb/ELBSecurityPolicy-2016-08"));
    assert!(of(server().floor("nosuch")).contains("aws"));
    assert!(of(server().floor("aws").service("opensearch")).contains("cannot be used with"));
    assert!(of(server().forced("TLSv1.2", "NO_SUITE")).contains("NO_SUITE"));
}

#[test]
fn servers_stand_side_by_side_and_keep_their_connections_apart() {
    let threads: Vec<_> = (0..8)
        .map(|n| {
            thread::spawn(move || {
                let server = if n % 2 == 0 { server() } else { static_rsa() }.start();
                let port = server.port();
                let made = n % 3;
                for _ in 0..made {
                    permissive(&server).unwrap();
                }
                let seen = server.finish();
                assert_eq!(seen.connections().len(), made);
                let expected = match (made, n % 2) {
                    (0, _) => Verdict::Inconclusive,
                    (_, 0) => Verdict::Warn,
                    _ => Verdict::Fail,
                };
                assert_eq!(seen.verdict(), expected, "{}", seen.description());
                port
            })
        })
        .collect();
    let mut ports: Vec<u16> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 8);
}

#[tokio::test]
async fn it_works_within_a_runtime_of_one_thread() {
    let request = async |server: &MockServer| {
        let (address, ca) = (server.address(), server.ca_pem().to_owned());
        tokio::task::spawn_blocking(move || rustls_request(address, &ca)).await.unwrap()
    };
    static_rsa().check_refused_by_async(request).await.unwrap();
    let weak = async |server: &MockServer| permissive(server);
    let unmet = static_rsa().check_refused_by_async(weak).await.unwrap_err();
    assert_eq!(unmet.reason(), Reason::Broken, "{unmet}");
}

#[test]
#[ignore = "the next test starts and kills it"]
fn a_test_that_waits_to_be_killed() {
    let server = server().start();
    // Not through the macros: the test harness would keep it back.
    std::io::stderr().write_all(format!("\nlistens on {}\n", server.address()).as_bytes()).unwrap();
    thread::sleep(Duration::from_secs(60));
}

#[test]
fn a_server_does_not_outlive_a_test_program_that_is_killed() {
    let mut program = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_test_that_waits_to_be_killed", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("listens on ").map(str::to_owned))
        .expect("the program says where its server listens");
    TcpStream::connect(&address).expect("it listens");
    program.kill().unwrap();
    program.wait().unwrap();
    let start = Instant::now();
    while TcpStream::connect(&address).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(20), "the server outlived its test");
        thread::sleep(Duration::from_millis(20));
    }
}

/// As the description of `check_floor_kept` says: only a wrong certificate shows it.
#[test]
fn a_client_that_verifies_nothing_keeps_the_floor_with_a_right_certificate_and_not_with_a_wrong_one() {
    let careless = |s: &MockServer| openssl_request(s.address(), None, |_| Ok(()));
    let right = server().start();
    careless(&right).unwrap();
    right.finish().assert_floor_kept();
    let wrong = server().certificate(Certificate::WrongHost).start();
    careless(&wrong).unwrap();
    assert_eq!(wrong.finish().check_floor_kept().unwrap_err().reason(), Reason::Broken);
}
