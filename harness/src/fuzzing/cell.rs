//! Deterministic handshakes: both ends on real stacks with real cryptography, the same in every process.

use std::sync::{Arc, OnceLock};

use crate::engine::openssl::OpenSsl;
use crate::engine::rustls::Rustls;
use crate::engine::seeded::Seeded;
use crate::engine::{Backend, EndpointSpec, Engine, ExternalPsk, Prepared, Role, Status};
use crate::pki::{CertificateKind, Identity, fixed};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::wire::record::RECORD_HEADER_LEN;

/// What the client says when the handshake is done, and what the server answers.
pub(super) const PING: &[u8] = b"ping";
pub(super) const PONG: &[u8] = b"pong";

/// Flights that a handshake can take: a bound, not an expectation.
pub(super) const MOST_TURNS: usize = 12;

pub(super) const CLIENT_SEED: u64 = 0x5368_616B_6543_6C69;
pub(super) const SERVER_SEED: u64 = 0x5368_616B_6553_7276;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stack {
    OpenSsl,
    Rustls,
}

use Stack::{OpenSsl as O, Rustls as R};

/// A handshake: who plays it, and what it agrees on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub client: Stack,
    pub server: Stack,
    pub version: ProtocolVersion,
    pub suite: CipherSuite,
    pub group: Option<NamedGroup>,
    pub key: Option<CertificateKind>,
    /// With an external pre-shared key: whether without (EC)DHE.
    pub psk: Option<bool>,
    /// What the client likes better and the server does not have: it takes a HelloRetryRequest.
    pub liked: Option<NamedGroup>,
    /// Whether the server asks for a certificate, and that of the client.
    pub asks_client: bool,
    pub client_key: Option<CertificateKind>,
    /// ALPN is agreed on, and both ends say good-bye.
    pub is_whole: bool,
}

const SSL3: ProtocolVersion = ProtocolVersion::SSL3;
pub(super) const V10: ProtocolVersion = ProtocolVersion::TLS1_0;
pub(super) const V11: ProtocolVersion = ProtocolVersion::TLS1_1;
pub(super) const V12: ProtocolVersion = ProtocolVersion::TLS1_2;
pub(super) const V13: ProtocolVersion = ProtocolVersion::TLS1_3;
pub(super) const RSA: Option<CertificateKind> = Some(CertificateKind::Rsa2048);
const EC: Option<CertificateKind> = Some(CertificateKind::EcdsaP256);
pub(super) const ED: Option<CertificateKind> = Some(CertificateKind::Ed25519);
const DSA: Option<CertificateKind> = Some(CertificateKind::Dsa2048);
pub(super) const X25519: Option<NamedGroup> = Some(NamedGroup::X25519);
const P256: Option<NamedGroup> = Some(NamedGroup::SECP256R1);

pub(super) const fn plan(
    (client, server): (Stack, Stack),
    version: ProtocolVersion,
    suite: u16,
    group: Option<NamedGroup>,
    key: Option<CertificateKind>,
) -> Plan {
    Plan {
        client,
        server,
        version,
        suite: CipherSuite(suite),
        group,
        key,
        psk: None,
        liked: None,
        asks_client: false,
        client_key: None,
        is_whole: false,
    }
}

const fn with_psk(
    version: ProtocolVersion,
    suite: u16,
    key: Option<CertificateKind>,
    without_dhe: bool,
) -> Plan {
    Plan { psk: Some(without_dhe), ..plan((O, O), version, suite, X25519, key) }
}

const fn retried(stacks: (Stack, Stack), suite: u16, key: Option<CertificateKind>) -> Plan {
    Plan { liked: X25519, ..plan(stacks, V13, suite, P256, key) }
}

const fn asked(
    version: ProtocolVersion,
    suite: u16,
    group: Option<NamedGroup>,
    key: Option<CertificateKind>,
    client_key: Option<CertificateKind>,
) -> Plan {
    Plan { asks_client: true, client_key, ..plan((O, O), version, suite, group, key) }
}

const fn whole(
    stacks: (Stack, Stack),
    version: ProtocolVersion,
    suite: u16,
    key: Option<CertificateKind>,
) -> Plan {
    Plan { is_whole: true, ..plan(stacks, version, suite, X25519, key) }
}

/// Every version with every class of key exchange that it has here. New ones go to the end: inputs name a plan by its
/// place.
pub(super) const PLANS: &[Plan] = &[
    plan((O, O), SSL3, 0x002F, None, RSA),
    plan((O, O), SSL3, 0x0033, None, RSA),
    plan((O, O), SSL3, 0x0034, None, None),
    plan((O, O), V10, 0x002F, None, RSA),
    plan((O, O), V10, 0x0033, None, RSA),
    plan((O, O), V10, 0xC013, P256, RSA),
    plan((O, O), V10, 0xC009, P256, EC),
    plan((O, O), V10, 0x0034, None, None),
    plan((O, O), V10, 0xC018, P256, None),
    plan((O, O), V11, 0x002F, None, RSA),
    plan((O, O), V11, 0x0033, None, RSA),
    plan((O, O), V11, 0xC013, P256, RSA),
    plan((O, O), V11, 0xC009, P256, EC),
    plan((O, O), V11, 0x0034, None, None),
    plan((O, O), V11, 0xC018, P256, None),
    plan((O, O), V12, 0x009C, None, RSA),
    plan((O, O), V12, 0x003C, None, RSA),
    plan((O, O), V12, 0x0005, None, RSA),
    plan((O, O), V12, 0x009E, None, RSA),
    plan((O, O), V12, 0xC02F, X25519, RSA),
    plan((O, O), V12, 0xC027, P256, RSA),
    plan((O, O), V12, 0xC02B, P256, EC),
    plan((O, O), V12, 0xCCA9, X25519, ED),
    plan((O, O), V12, 0x00A6, None, None),
    plan((O, O), V12, 0xC018, P256, None),
    with_psk(V12, 0x00A8, None, false),
    with_psk(V12, 0x00AA, None, false),
    with_psk(V12, 0xC037, None, false),
    with_psk(V12, 0x00AC, RSA, false),
    plan((O, O), V13, 0x1301, X25519, ED),
    plan((O, O), V13, 0x1302, P256, RSA),
    plan((O, O), V13, 0x1303, X25519, EC),
    plan((O, O), V13, 0x1301, Some(NamedGroup::X25519MLKEM768), ED),
    plan((O, O), V13, 0x1301, Some(NamedGroup::FFDHE2048), ED),
    with_psk(V13, 0x1301, None, true),
    with_psk(V13, 0x1301, None, false),
    plan((R, R), V12, 0xC02F, X25519, RSA),
    plan((R, R), V12, 0xCCA9, X25519, ED),
    plan((R, R), V13, 0x1301, X25519, ED),
    plan((R, R), V13, 0x1302, P256, ED),
    plan((R, O), V12, 0xC02F, X25519, RSA),
    plan((R, O), V12, 0xC02B, P256, EC),
    plan((R, O), V13, 0x1301, X25519, ED),
    plan((R, O), V13, 0x1303, P256, EC),
    plan((O, R), V12, 0xC02F, X25519, RSA),
    plan((O, R), V12, 0xC02B, P256, ED),
    plan((O, R), V13, 0x1301, X25519, ED),
    plan((O, R), V13, 0x1302, P256, ED),
    retried((O, O), 0x1301, ED),
    retried((R, R), 0x1302, ED),
    retried((R, O), 0x1303, EC),
    retried((O, R), 0x1301, ED),
    plan((O, O), SSL3, 0x0032, None, DSA),
    with_psk(SSL3, 0x008C, None, false),
    with_psk(SSL3, 0x0090, None, false),
    with_psk(SSL3, 0x0094, RSA, false),
    plan((O, O), V10, 0x0032, None, DSA),
    with_psk(V10, 0x008C, None, false),
    with_psk(V10, 0x0090, None, false),
    with_psk(V10, 0xC035, None, false),
    with_psk(V10, 0x0094, RSA, false),
    plan((O, O), V11, 0x0032, None, DSA),
    with_psk(V11, 0x008C, None, false),
    with_psk(V11, 0x0090, None, false),
    with_psk(V11, 0xC035, None, false),
    with_psk(V11, 0x0094, RSA, false),
    plan((O, O), V12, 0x00A2, None, DSA),
    asked(SSL3, 0x002F, None, RSA, RSA),
    asked(SSL3, 0x002F, None, RSA, None),
    asked(V10, 0xC013, P256, RSA, RSA),
    asked(V10, 0x002F, None, RSA, EC),
    asked(V11, 0x0033, None, RSA, DSA),
    asked(V12, 0xC02F, X25519, RSA, RSA),
    asked(V12, 0xC02B, P256, EC, EC),
    asked(V12, 0xCCA9, X25519, ED, ED),
    asked(V12, 0x009C, None, RSA, DSA),
    asked(V12, 0xC02F, X25519, RSA, None),
    asked(V13, 0x1301, X25519, ED, ED),
    asked(V13, 0x1302, P256, RSA, RSA),
    asked(V13, 0x1303, X25519, EC, EC),
    asked(V13, 0x1301, X25519, ED, None),
    whole((O, O), V10, 0xC013, RSA),
    whole((O, O), V12, 0xC02F, RSA),
    whole((O, O), V13, 0x1301, ED),
    whole((R, O), V12, 0xC02F, RSA),
    whole((R, O), V13, 0x1301, ED),
    whole((O, R), V12, 0xC02F, RSA),
    whole((O, R), V13, 0x1301, ED),
    plan((O, O), V12, 0xC030, Some(NamedGroup::SECP521R1), RSA),
    plan((O, O), V12, 0xC030, Some(NamedGroup::X448), RSA),
    plan((O, O), V13, 0x1302, Some(NamedGroup::SECP521R1), ED),
    plan((O, O), V13, 0x1302, Some(NamedGroup::X448), ED),
    plan((O, O), V13, 0x1302, Some(NamedGroup::SECP384R1), ED),
    // CCM, and with a short tag; ChaCha20 with DHE; no encryption at all; 3DES.
    plan((O, O), V12, 0xC09C, None, RSA),
    plan((O, O), V12, 0xC0A0, None, RSA),
    plan((O, O), V12, 0xCCAA, None, RSA),
    plan((O, O), V12, 0x003B, None, RSA),
    plan((O, O), V12, 0x000A, None, RSA),
    plan((O, O), V13, 0x1304, X25519, ED),
];

/// A plan with both ends built, and what its honest handshake looks like.
pub(super) struct Cell {
    pub plan: &'static Plan,
    pub client: Box<dyn Prepared>,
    pub server: Box<dyn Prepared>,
    pub honest: Recorded,
    /// See [`Cell::until_done`].
    pub completing: OnceLock<Recorded>,
}

/// One handshake's bytes, in the order in which they crossed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recorded {
    pub to_server: Vec<u8>,
    pub to_client: Vec<u8>,
}

impl Cell {
    pub fn client(&self) -> Seeded {
        open(&*self.client, CLIENT_SEED)
    }

    pub fn server(&self) -> Seeded {
        open(&*self.server, SERVER_SEED)
    }

    /// The records with which each end completes: the last one of them holds the other end's Finished.
    ///
    /// # Panics
    /// If an end does not complete with what was recorded: then no target of this build means anything.
    pub fn until_done(&self) -> &Recorded {
        self.completing.get_or_init(|| Recorded {
            to_server: until_done(&mut self.server(), &self.honest.to_server),
            to_client: until_done(&mut self.client(), &self.honest.to_client),
        })
    }
}

fn until_done(engine: &mut dyn Engine, flight: &[u8]) -> Vec<u8> {
    engine.drain(&mut Vec::new());
    let mut end = 0;
    while let Some(&[_, _, _, high, low]) = flight.get(end..end + RECORD_HEADER_LEN) {
        let start = end;
        end += RECORD_HEADER_LEN + usize::from(u16::from_be_bytes([high, low]));
        engine.feed(&flight[start..end]);
        engine.drain(&mut Vec::new());
        if engine.was_done() {
            return flight[..end].to_vec();
        }
    }
    panic!("an end is not done after all that was recorded: {:?}", engine.status());
}

#[expect(clippy::expect_used, reason = "what was opened once can be opened again")]
pub(super) fn open(prepared: &dyn Prepared, seed: u64) -> Seeded {
    Seeded::open(prepared, seed).expect("it could be opened before")
}

/// The cell that an input names; none where there is no such plan: were it taken for another one, inputs would mean
/// something else as soon as plans come to it.
pub(super) fn named(at: u8) -> Option<&'static Cell> {
    (usize::from(at) < PLANS.len()).then(|| cell(usize::from(at)))
}

/// The cell of a plan; built when it is first asked for.
pub(super) fn cell(at: usize) -> &'static Cell {
    static CELLS: OnceLock<Vec<OnceLock<Cell>>> = OnceLock::new();
    let all = CELLS.get_or_init(|| PLANS.iter().map(|_| OnceLock::new()).collect());
    all[at].get_or_init(|| build(&PLANS[at]))
}

/// # Panics
/// If a plan's ends cannot be built, or its honest handshake is not completed: then no target of this build means
/// anything.
fn build(plan: &'static Plan) -> Cell {
    let prepare = |stack: Stack, role: Role, spec: &EndpointSpec| {
        backend(stack).prepare(role, spec).unwrap_or_else(|error| panic!("{plan:?}: {error}"))
    };
    let client = prepare(plan.client, Role::Client, &client_spec(plan));
    let server = prepare(plan.server, Role::Server, &server_spec(plan));
    let (mut at_client, mut at_server) = (open(&*client, CLIENT_SEED), open(&*server, SERVER_SEED));
    let (mut honest, is_done) = record(&mut at_client, &mut at_server);
    assert!(is_done, "{plan:?}: the honest handshake is not completed");
    if plan.is_whole {
        at_client.close();
        at_client.drain(&mut honest.to_server);
        at_server.close();
        at_server.drain(&mut honest.to_client);
    }
    Cell { plan, client, server, honest, completing: OnceLock::new() }
}

pub(super) fn backend(stack: Stack) -> &'static dyn Backend {
    static OPENSSL: OnceLock<OpenSsl> = OnceLock::new();
    static RUSTLS: OnceLock<Rustls> = OnceLock::new();
    match stack {
        O => OPENSSL.get_or_init(OpenSsl::seeded),
        R => RUSTLS.get_or_init(Rustls::seeded),
    }
}

fn server_spec(plan: &Plan) -> EndpointSpec {
    let identity = plan.key.and_then(identity);
    EndpointSpec {
        identities: identity.into_iter().collect(),
        server_order: true,
        asks_client: plan.asks_client,
        ..spec(plan)
    }
}

fn client_spec(plan: &Plan) -> EndpointSpec {
    // The certificates are self-signed: who they belong to is no question of these targets.
    let groups = plan.liked.into_iter().chain(plan.group).collect();
    let identities = plan.client_key.and_then(identity).into_iter().collect();
    EndpointSpec { server_name: "localhost".to_owned(), trust: None, groups, identities, ..spec(plan) }
}

fn spec(plan: &Plan) -> EndpointSpec {
    // rustls signs with RSA-PSS out of random numbers of its own, so there it is PKCS #1.
    let is_rustls_rsa = plan.server == R && plan.key == RSA;
    let schemes = if is_rustls_rsa { vec![SignatureScheme::RSA_PKCS1_SHA256] } else { Vec::new() };
    EndpointSpec {
        versions: vec![plan.version],
        suites: vec![plan.suite],
        groups: plan.group.into_iter().collect(),
        schemes,
        dh_bits: 2048,
        alpn: if plan.is_whole { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { Vec::new() },
        psk: plan.psk.map(|without_dhe| ExternalPsk {
            identity: "shakedown".to_owned(),
            key: b"shakedown test-only external psk".to_vec(),
            without_dhe,
        }),
        ..EndpointSpec::default()
    }
}

/// The fixed identity of that kind, once per process: stacks keep configurations by its address.
pub(super) fn identity(kind: CertificateKind) -> Option<Arc<Identity>> {
    static KEPT: OnceLock<Vec<Arc<Identity>>> = OnceLock::new();
    let kinds = [
        CertificateKind::Rsa2048,
        CertificateKind::EcdsaP256,
        CertificateKind::Ed25519,
        CertificateKind::Dsa2048,
    ];
    let kept = KEPT.get_or_init(|| kinds.into_iter().filter_map(fixed).map(Arc::new).collect());
    kept.iter().find(|identity| identity.kind == kind).cloned()
}

/// Drives a pair until nothing moves, with one word in each direction, and whether both came to the end.
pub(super) fn record(client: &mut dyn Engine, server: &mut dyn Engine) -> (Recorded, bool) {
    let mut recorded = Recorded::default();
    let (mut pinged, mut ponged) = (false, false);
    for _ in 0..MOST_TURNS {
        let (sent, received) = (recorded.to_server.len(), recorded.to_client.len());
        if !pinged && client.status() == Status::Done && server.status() == Status::Done {
            client.send(PING);
            pinged = true;
        }
        client.drain(&mut recorded.to_server);
        server.feed(&recorded.to_server[sent..]);
        let mut got = Vec::new();
        server.receive(&mut got);
        if got == PING {
            server.send(PONG);
            ponged = true;
        }
        server.drain(&mut recorded.to_client);
        client.feed(&recorded.to_client[received..]);
        if recorded.to_server.len() == sent && recorded.to_client.len() == received && pinged {
            break;
        }
    }
    let mut got = Vec::new();
    client.receive(&mut got);
    (recorded, ponged && got == PONG)
}
