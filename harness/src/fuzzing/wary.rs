//! Ends that stand alone: clients with a choice before a server that lies, and a server before a client that comes back
//! with less than the policy asks for.

use std::sync::OnceLock;

use crate::engine::{EndpointSpec, Engine, ExternalPsk, Prepared, Role};
use crate::observe::offer_of;
use crate::oracle::Stated;
use crate::pki::CertificateKind;
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::wire::handshake::{Certificate, DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12};
use crate::wire::record::write_records;
use crate::wire::{ClientHello, ContentType, Context, Extension, Handshake, HandshakeType, ServerHello};

use super::Seen;
use super::cell::{CLIENT_SEED, PLANS, SERVER_SEED, Stack, backend, cell, identity, open};
use super::seeds::Seed;
use super::session::{ALONE, clear, seen_by};

/// The clients: TLS 1.2 and 1.3, and RSA key transport beside what is forward secret, since a flight of that needs no
/// key of the server's. rustls has none.
const CLIENTS: [Stack; 2] = [Stack::OpenSsl, Stack::Rustls];

const CLIENT_SUITES: [CipherSuite; 3] = [CipherSuite(0x1301), CipherSuite(0xC02F), CipherSuite(0x009C)];

const TLS12: ProtocolVersion = ProtocolVersion::TLS1_2;
const TLS13: ProtocolVersion = ProtocolVersion::TLS1_3;

#[expect(clippy::expect_used, reason = "specifications of this file, played by the tests")]
fn clients() -> &'static [Box<dyn Prepared>; 2] {
    static CLIENTS_BUILT: OnceLock<[Box<dyn Prepared>; 2]> = OnceLock::new();
    CLIENTS_BUILT.get_or_init(|| {
        CLIENTS.map(|stack| {
            let suites = match stack {
                Stack::OpenSsl => CLIENT_SUITES.to_vec(),
                Stack::Rustls => CLIENT_SUITES[..2].to_vec(),
            };
            let spec = EndpointSpec {
                versions: vec![TLS12, TLS13],
                suites,
                groups: vec![NamedGroup::X25519, NamedGroup::SECP256R1],
                server_name: "localhost".to_owned(),
                ..EndpointSpec::default()
            };
            backend(stack).prepare(Role::Client, &spec).expect("a client of TLS 1.2 and 1.3")
        })
    })
}

/// Builds all ends.
pub(super) fn prepare() {
    clients();
    servers();
}

/// A client goes past a ServerHello only if the hello offers it and nothing in it tells of a downgrade.
pub(super) fn client(which: u8, flight: &[u8]) -> Seen {
    let which = usize::from(which) % CLIENTS.len();
    let mut engine = open(&*clients()[which], CLIENT_SEED);
    let mut hello = Vec::new();
    engine.drain(&mut hello);
    let mut sent = Vec::new();
    engine.feed(&seen_by(Role::Client, flight));
    engine.drain(&mut sent);
    let stack = CLIENTS[which];
    let completed = engine.was_done();
    assert!(!completed, "ORACLE forged: {stack:?} completed a handshake that nobody recorded");
    if !has_committed(&sent) {
        return Seen::new(format_args!("{stack:?} refused"));
    }
    let context = Context::new(TLS12);
    let decoded = |typ, body: &[u8]| Handshake::decode(typ, body, &context).ok();
    let read = |messages: Vec<(HandshakeType, Vec<u8>)>, wanted| {
        let (typ, body) = messages.into_iter().find(|(typ, _)| *typ == wanted)?;
        decoded(typ, &body).or_else(|| decoded(typ, without_extensions(typ, &body)?))
    };
    let asked = read(clear(&hello, TLS12), HandshakeType::CLIENT_HELLO);
    let answered = read(clear(flight, TLS12), HandshakeType::SERVER_HELLO);
    let (Some(Handshake::ClientHello(asked)), Some(Handshake::ServerHello(answer))) = (asked, answered)
    else {
        panic!("ORACLE committed: {stack:?} went on without a ServerHello that can be read");
    };
    is_offered(stack, &asked, &answer);
    Seen::new(format_args!("{stack:?} committed"))
}

/// A ServerHello up to its compression method (RFC 5246 7.4.1.3). Clients pass over what we do not take in an extension, such
/// as bytes in `encrypt_then_mac`; whoever sends a ClientKeyExchange has taken the version of the field.
fn without_extensions(typ: HandshakeType, body: &[u8]) -> Option<&[u8]> {
    const VERSION_AND_RANDOM: usize = 34;
    const SUITE_AND_COMPRESSION: usize = 3;
    let session_id = usize::from(*body.get(VERSION_AND_RANDOM)?);
    let end = VERSION_AND_RANDOM + 1 + session_id + SUITE_AND_COMPRESSION;
    body.get(..end).filter(|_| typ == HandshakeType::SERVER_HELLO)
}

fn is_offered(stack: Stack, asked: &ClientHello, answer: &ServerHello) {
    let (version, offer) = (answer.negotiated_version(), offer_of(asked));
    let offers = |wanted| offer.states_version(wanted) == Stated::Yes;
    assert!(offers(version), "ORACLE version: {stack:?} took {version}");
    assert!(
        asked.cipher_suites.contains(&answer.cipher_suite),
        "ORACLE suite: {stack:?} took {}, which it does not offer",
        answer.cipher_suite
    );
    assert!(answer.compression_method == 0, "ORACLE compression: {stack:?}");
    let end = &answer.random[24..];
    // RFC 8446 4.1.3: a client that offers more has to look.
    let tells = (end == DOWNGRADE_TO_TLS12 || end == DOWNGRADE_TO_TLS11) && version < TLS13 && offers(TLS13);
    assert!(!tells, "ORACLE sentinel: {stack:?} took {version} from a server that says it has more");
}

/// Whether the client sent a key exchange or changed its keys, up to TLS 1.2; in TLS 1.3 a compatible
/// ChangeCipherSpec says nothing.
fn has_committed(sent: &[u8]) -> bool {
    clear(sent, TLS12).iter().any(|(typ, _)| *typ == HandshakeType::CLIENT_KEY_EXCHANGE)
}

/// The suites and lies of the flights that the clients are shown.
const LIES: [(&str, ProtocolVersion, u16, Option<[u8; 8]>); 6] = [
    ("honest", TLS12, 0x009C, None),
    ("sentinel-tls12", TLS12, 0x009C, Some(DOWNGRADE_TO_TLS12)),
    ("sentinel-tls11", TLS12, 0x009C, Some(DOWNGRADE_TO_TLS11)),
    ("foreign-suite", TLS12, 0x003C, None),
    ("tls11", ProtocolVersion::TLS1_1, 0x002F, None),
    ("tls10", ProtocolVersion::TLS1_0, 0x002F, None),
];

/// What a server of those versions answers a client whose `supported_versions` was taken out on the way: it is signed over
/// both random numbers and the key share, so the client, which knows of no change yet, finds it valid.
#[expect(clippy::expect_used, reason = "specifications of this file, played by the tests")]
fn talked_down(client: &dyn Prepared, versions: &[ProtocolVersion]) -> Vec<u8> {
    let mut hello = Vec::new();
    open(client, CLIENT_SEED).drain(&mut hello);
    let (typ, body) = clear(&hello, TLS12).into_iter().next().expect("a client begins with a hello");
    let Ok(Handshake::ClientHello(mut hello)) = Handshake::decode(typ, &body, &Context::new(TLS12)) else {
        panic!("a hello that does not decode");
    };
    hello
        .extensions
        .iter_mut()
        .for_each(|list| list.retain(|e| !matches!(e, Extension::SupportedVersions(_))));
    let mut flight = Vec::new();
    write_records(
        ContentType::HANDSHAKE,
        TLS12,
        &Handshake::ClientHello(hello).to_message_bytes(),
        &mut flight,
    );
    let suites = CLIENT_SUITES[usize::from(!versions.contains(&TLS13))..2].to_vec();
    let spec = EndpointSpec {
        versions: versions.to_vec(),
        suites,
        groups: vec![NamedGroup::X25519],
        identities: identity(CertificateKind::Rsa2048).into_iter().collect(),
        server_order: true,
        ..EndpointSpec::default()
    };
    let server = backend(Stack::OpenSsl).prepare(Role::Server, &spec).expect("a server of TLS 1.2");
    let (mut server, mut answer) = (open(&*server, SERVER_SEED), Vec::new());
    server.feed(&flight);
    server.drain(&mut answer);
    answer
}

/// Flights for the clients: with RSA key transport, which is all in the clear, and recorded ones with (EC)DHE for rustls.
pub(super) fn server_flights() -> Vec<Seed> {
    let mut seeds = Vec::new();
    let rustls = &*clients()[1];
    for (name, versions) in [("sentinel", &[TLS12, TLS13][..]), ("honest", &[TLS12])] {
        let flight = talked_down(rustls, versions);
        seeds.push((format!("wary-rustls-ecdhe-{name}"), [&[ALONE + 1], &flight[..]].concat()));
    }
    for (which, stack) in CLIENTS.iter().enumerate() {
        for (name, version, suite, sentinel) in LIES {
            let mut random = [0x5A; 32];
            if let Some(sentinel) = sentinel {
                random[24..].copy_from_slice(&sentinel);
            }
            let chain = identity(CertificateKind::Rsa2048).map(|identity| identity.chain.clone());
            let messages = [
                Handshake::ServerHello(ServerHello {
                    legacy_version: version,
                    random,
                    session_id: Vec::new(),
                    cipher_suite: CipherSuite(suite),
                    compression_method: 0,
                    extensions: Some(vec![Extension::RenegotiationInfo(Vec::new())]),
                }),
                Handshake::Certificate(Certificate::Legacy(chain.unwrap_or_default())),
                Handshake::ServerHelloDone,
            ];
            let mut payload = Vec::new();
            messages.iter().for_each(|message| message.encode_message(&mut payload));
            // Lossless: there are two clients.
            let mut seed = vec![ALONE + u8::try_from(which).unwrap_or(0)];
            write_records(ContentType::HANDSHAKE, version, &payload, &mut seed);
            seeds.push((format!("wary-{stack:?}-{name}").to_lowercase(), seed));
        }
    }
    seeds
}

/// The pre-shared key of [`PLANS`], with and without (EC)DHE.
#[expect(clippy::expect_used, reason = "specifications of this file, played by the tests")]
fn servers() -> &'static [Box<dyn Prepared>; 2] {
    static SERVERS: OnceLock<[Box<dyn Prepared>; 2]> = OnceLock::new();
    SERVERS.get_or_init(|| {
        [false, true].map(|without_dhe| {
            let spec = EndpointSpec {
                versions: vec![TLS13],
                suites: vec![CipherSuite(0x1301)],
                groups: vec![NamedGroup::X25519],
                psk: Some(ExternalPsk {
                    identity: "shakedown".to_owned(),
                    key: b"shakedown test-only external psk".to_vec(),
                    without_dhe,
                }),
                server_order: true,
                ..EndpointSpec::default()
            };
            backend(Stack::OpenSsl).prepare(Role::Server, &spec).expect("a server of TLS 1.3")
        })
    })
}

/// A server whose policy asks for (EC)DHE beside the pre-shared key gives no session without it.
pub(super) fn server(flight: &[u8]) -> Seen {
    let mut engine = open(&*servers()[usize::from(forgets_its_policy(flight))], SERVER_SEED);
    let mut sent = Vec::new();
    engine.feed(flight);
    engine.drain(&mut sent);
    let hello = clear(&sent, TLS13).into_iter().find(|(typ, _)| *typ == HandshakeType::SERVER_HELLO);
    let Some(Ok(Handshake::ServerHello(hello))) =
        hello.map(|(typ, body)| Handshake::decode(typ, &body, &Context::new(TLS13)))
    else {
        return Seen::new("refused");
    };
    let is_ephemeral = hello.key_share_group().is_some();
    assert!(is_ephemeral, "ORACLE non-PFS: a pre-shared key alone, against the policy: {hello:?}");
    Seen { summary: "took the key".to_owned(), completed: engine.was_done() }
}

#[cfg(feature = "faults")]
fn forgets_its_policy(flight: &[u8]) -> bool {
    super::planted::resumes_anything(flight)
}

#[cfg(not(feature = "faults"))]
const fn forgets_its_policy(_: &[u8]) -> bool {
    false
}

/// What clients with the key send, with and without (EC)DHE.
pub(super) fn client_flights() -> Vec<Seed> {
    let with_key = |plan: &(usize, &super::cell::Plan)| plan.1.psk.is_some() && plan.1.version == TLS13;
    let flights = PLANS.iter().enumerate().filter(with_key);
    flights
        .map(|(at, plan)| {
            let name = format!("wary-server-psk-{}", if plan.psk == Some(true) { "alone" } else { "dhe" });
            (name, [&[ALONE], &cell(at).honest.to_server[..]].concat())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first ServerHello of a flight, and what a client answers to it.
    fn answered(client: &dyn Prepared, flight: &[u8]) -> (ServerHello, Vec<u8>) {
        let (typ, body) = clear(flight, TLS12).remove(0);
        let Ok(Handshake::ServerHello(hello)) = Handshake::decode(typ, &body, &Context::new(TLS12)) else {
            panic!("no ServerHello: {flight:02x?}");
        };
        let (mut engine, mut sent) = (open(client, CLIENT_SEED), Vec::new());
        engine.drain(&mut Vec::new());
        engine.feed(flight);
        engine.drain(&mut sent);
        (hello, sent)
    }

    /// RFC 8446 4.1.3. What is refused is valid but for the sentinel: a client of TLS 1.2 alone goes on with one.
    #[test]
    fn rustls_refuses_a_signed_flight_for_its_sentinel_alone() {
        let both = &*clients()[1];
        let spec = EndpointSpec {
            versions: vec![TLS12],
            suites: vec![CLIENT_SUITES[1]],
            groups: vec![NamedGroup::X25519],
            server_name: "localhost".to_owned(),
            ..EndpointSpec::default()
        };
        let old = backend(Stack::Rustls).prepare(Role::Client, &spec).expect("a client of TLS 1.2");
        let (hello, sent) = answered(both, &talked_down(both, &[TLS12, TLS13]));
        assert_eq!((hello.negotiated_version(), &hello.random[24..]), (TLS12, &DOWNGRADE_TO_TLS12[..]));
        assert!(!has_committed(&sent));
        assert_eq!(sent[..1], [21], "{sent:02x?}");
        assert_eq!(sent[sent.len() - 2..], [2, 47], "illegal_parameter: {sent:02x?}");
        let (hello, sent) = answered(&*old, &talked_down(&*old, &[TLS12, TLS13]));
        assert_eq!(&hello.random[24..], DOWNGRADE_TO_TLS12);
        assert!(has_committed(&sent), "{sent:02x?}");
        let (hello, sent) = answered(both, &talked_down(both, &[TLS12]));
        assert_ne!(&hello.random[24..], DOWNGRADE_TO_TLS12);
        assert!(has_committed(&sent), "{sent:02x?}");
    }
}
