//! What our trait costs: the same handshake through `Engine` and with each library driven directly, in alternating rounds in one
//! run. TLS 1.3, X25519 (s2n: a policy of its own), ECDSA P-256, in memory. `make bench-direct`.
//!
//! Printed: handshakes a second of both, medians, and the median of the rounds' ratios. Both sides are proven to be TLS 1.3
//! with the same suite before they are timed.

mod openssl;
mod rustls;
mod s2n;

use std::sync::Arc;
use std::time::{Duration, Instant};

use shakedown::bench::median;
use shakedown::engine::pair::{PairOutcome, handshake};
use shakedown::engine::{Backend, EndpointSpec, Engine, Negotiated, Role, backends};
use shakedown::pki::{CertificateKind, Identity, Pki};
use shakedown::registry::{CipherSuite, NamedGroup, ProtocolVersion};

const ROUND: Duration = Duration::from_millis(250);
const ROUNDS: usize = 21;
const SUITE: CipherSuite = CipherSuite(0x1301);

/// Keys that both sides use.
pub struct Keys {
    identity: Arc<Identity>,
    ca: Arc<Vec<u8>>,
}

/// Both ends of one handshake, by the library alone: it panics if it is not completed.
pub type Direct = Box<dyn Fn()>;

fn main() {
    // `cargo test --benches` starts benches too.
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let is_test = has("--test") || !has("--bench");
    let (round, rounds) = if is_test { (Duration::from_millis(2), 1) } else { (ROUND, ROUNDS) };
    let pki = Pki::mint().expect("keys can be minted");
    let identity = pki.identity(CertificateKind::EcdsaP256).expect("a leaf can be minted");
    let keys = Keys { identity, ca: Arc::new(pki.ca_der().to_vec()) };
    println!("{:<8} {:>12} {:>12} {:>6}", "stack", "engine/s", "direct/s", "ratio");
    for (name, direct) in
        [("openssl", openssl::direct(&keys)), ("rustls", rustls::direct(&keys)), ("s2n", s2n::direct(&keys))]
    {
        let through = through(name, &keys);
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (a, b) = (rate(&through, round), rate(&direct, round));
            ours.push(a);
            theirs.push(b);
            ratios.push(a / b);
        }
        println!("{name:<8} {:>12.0} {:>12.0} {:>6.3}", median(&ours), median(&theirs), median(&ratios));
    }
}

/// The same handshake through the trait.
fn through(name: &str, keys: &Keys) -> Direct {
    let stated = |spec: EndpointSpec| EndpointSpec {
        versions: vec![ProtocolVersion::TLS1_3],
        suites: vec![SUITE],
        groups: vec![NamedGroup::X25519],
        ..spec
    };
    let server = EndpointSpec {
        identities: vec![Arc::clone(&keys.identity)],
        server_order: true,
        ..EndpointSpec::default()
    };
    let client = EndpointSpec {
        trust: Some(Arc::clone(&keys.ca)),
        server_name: "localhost".to_owned(),
        ..EndpointSpec::default()
    };
    if name == "s2n" {
        let stack = shakedown::engine::s2n::S2n::new();
        let open = move |role, spec: &EndpointSpec| {
            stack.open_named(role, s2n::POLICY, spec).expect("a policy of the library")
        };
        return Box::new(move || complete(open(Role::Client, &client), open(Role::Server, &server)));
    }
    let stack: Arc<dyn Backend> = Arc::clone(&backends()[name]);
    let prepare = |role, spec| stack.prepare(role, &stated(spec)).expect("every stack has it");
    let (server, client) = (prepare(Role::Server, server), prepare(Role::Client, client));
    Box::new(move || {
        complete(client.open().expect("it was prepared"), server.open().expect("it was prepared"));
    })
}

fn complete(mut client: Box<dyn Engine>, mut server: Box<dyn Engine>) {
    let (outcome, _) = handshake(&mut *client, &mut *server);
    assert_eq!(outcome, PairOutcome::Done);
    let wanted = Some(Negotiated { version: ProtocolVersion::TLS1_3, suite: SUITE });
    assert_eq!((client.negotiated(), server.negotiated()), (wanted, wanted));
}

fn rate(handshake: &Direct, round: Duration) -> f64 {
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < round {
        handshake();
        count += 1;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}
