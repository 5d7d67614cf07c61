//! Where the planted faults of stacks sit: a shim around an honest engine, or the adapter from policy to configuration.

use crate::engine::{EndpointSpec, Role, Status};
use crate::faults::{Fault, planted};
use crate::matrix::Question;
use crate::oracle::naive::{Kx, kx};
use crate::pki::CertificateKind;
use crate::probe::records;
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SuiteKind, suite};
use crate::wire::extension::PSK_KE;
use crate::wire::handshake::DOWNGRADE_TO_TLS12;
use crate::wire::record::write_records;
use crate::wire::{
    ClientHello, ContentType, Context, Extension, Handshake, HandshakeDeframer, HandshakeType, Record,
    RecordDeframer,
};

use super::lab::Lab;
use super::negotiate::Server;

/// What a faulty server answers to a hello, and whether it gave up; `None` where the fault does not show.
pub(super) fn first_flight(
    lab: &Lab,
    stack: &str,
    server: &Server,
    asked: &Question,
) -> Option<(Vec<u8>, bool)> {
    let fault = planted()?;
    let hello = &asked.hello;
    let honest = &server.fitted.spec;
    let (spec, bytes) = match fault {
        Fault::OldVersionForOneSuite => {
            let [only] = suites(hello)[..] else { return None };
            let is_old =
                hello.supported_versions().is_none() && hello.legacy_version == ProtocolVersion::TLS1_0;
            (is_old.then(|| lax(honest, ProtocolVersion::TLS1_0, only))?, asked.bytes.clone())
        }
        Fault::VersionByLowByte => {
            let known = |version: &ProtocolVersion| {
                ProtocolVersion::ALL.into_iter().find(|one| one.0 & 0xFF == version.0 & 0xFF)
            };
            let mut hello = hello.clone();
            for extension in hello.extensions.iter_mut().flatten() {
                if let Extension::SupportedVersions(list) = extension {
                    list.iter_mut().for_each(|version| *version = known(version).unwrap_or(*version));
                }
            }
            (honest.clone(), records(&hello))
        }
        Fault::StaticRsaForLongLists => {
            let weak = suites(hello).into_iter().find(|suite| kx(*suite) == Kx::Rsa)?;
            let is_long = suites(hello).len() > 6 && asked.certificate == CertificateKind::Rsa2048;
            let is_tls12 =
                hello.supported_versions().is_none_or(|list| list.contains(&ProtocolVersion::TLS1_2));
            ((is_long && is_tls12).then(|| lax(honest, ProtocolVersion::TLS1_2, weak))?, asked.bytes.clone())
        }
        Fault::AnonymousAdmitted => {
            let mut spec = honest.clone();
            for anonymous in [CipherSuite(0x00A6), CipherSuite(0x0034), CipherSuite(0xC018)] {
                if !spec.suites.contains(&anonymous) {
                    spec.suites.push(anonymous);
                }
            }
            (spec, asked.bytes.clone())
        }
        Fault::FallbackIgnored => {
            let mut hello = hello.clone();
            hello.cipher_suites.retain(|suite| *suite != CipherSuite::FALLBACK_SCSV);
            (honest.clone(), records(&hello))
        }
        Fault::SentinelMissing => (honest.clone(), asked.bytes.clone()),
        Fault::ClientOrderWithGrease => {
            let has_grease = hello.cipher_suites.iter().any(|suite| suite.is_grease());
            let spec = EndpointSpec { server_order: !honest.server_order, ..honest.clone() };
            ((has_grease && suites(hello).len() > 4).then_some(spec)?, asked.bytes.clone())
        }
        Fault::AnyGroupWithSessionId => {
            let groups = vec![NamedGroup(0x0019), NamedGroup::SECP256R1, NamedGroup::X25519];
            let spec = EndpointSpec { groups, ..honest.clone() };
            ((hello.session_id.len() == 32).then_some(spec)?, asked.bytes.clone())
        }
        _ => return None,
    };
    let mut engine = lab.backend(stack).open(Role::Server, &spec).ok()?;
    engine.feed(&bytes);
    let mut flight = Vec::new();
    engine.drain(&mut flight);
    if fault == Fault::SentinelMissing {
        flight = without_sentinel(&flight);
    }
    Some((flight, matches!(engine.status(), Status::Failed(_))))
}

fn suites(hello: &ClientHello) -> Vec<CipherSuite> {
    let is_suite = |one: &CipherSuite| suite(*one).is_some_and(|facts| facts.kind == SuiteKind::Suite);
    hello.cipher_suites.iter().copied().filter(is_suite).collect()
}

fn lax(honest: &EndpointSpec, version: ProtocolVersion, suite: CipherSuite) -> EndpointSpec {
    EndpointSpec { versions: vec![version], suites: vec![suite], schemes: Vec::new(), ..honest.clone() }
}

/// The client's own view of a flight that a lax client must not take.
pub(super) fn as_the_client_sees(flight: &[u8]) -> Vec<u8> {
    match planted() {
        Some(Fault::SentinelIgnored) => without_sentinel(flight),
        Some(Fault::ForeignSuiteTaken) => rewritten(flight, |message| match message {
            Handshake::ServerHello(hello) if kx(hello.cipher_suite) == Kx::Rsa => {
                hello.cipher_suite = CipherSuite(0x009C);
            }
            _ => {}
        }),
        _ => flight.to_vec(),
    }
}

/// The server's own view of a client's flight. The second hello seems to be the first one with what the server asked
/// for; a hello that knows only `psk_ke` seems to know all modes, and is served by `lax`.
pub(super) fn as_the_server_sees(flight: &[u8]) -> Vec<u8> {
    if planted() != Some(Fault::SecondHelloUnread) {
        return flight.to_vec();
    }
    let mut first: Option<Vec<CipherSuite>> = None;
    rewritten(flight, |message| {
        if let Handshake::ClientHello(hello) = message {
            match &first {
                None => first = Some(hello.cipher_suites.clone()),
                Some(suites) => hello.cipher_suites.clone_from(suites),
            }
        }
    })
}

/// Whether a server that does not look at its policy takes this hello up for its pre-shared key alone.
pub(super) fn resumes_anything(flight: &[u8]) -> bool {
    let mut asks = false;
    rewritten(flight, |message| {
        if let Handshake::ClientHello(hello) = message {
            asks |= hello.psk_modes().is_some_and(|modes| modes.contains(&PSK_KE));
        }
    });
    planted() == Some(Fault::ResumedWithoutPolicy) && asks
}

fn without_sentinel(flight: &[u8]) -> Vec<u8> {
    rewritten(flight, |message| {
        if let Handshake::ServerHello(hello) = message
            && hello.random[24..31] == DOWNGRADE_TO_TLS12[..7]
        {
            hello.random[24] ^= 0xFF;
        }
    })
}

/// The flight with its hellos rewritten; everything else as it came.
fn rewritten(flight: &[u8], mut rewrite: impl FnMut(&mut Handshake)) -> Vec<u8> {
    let mut deframer = RecordDeframer::new();
    deframer.push(flight);
    let mut out = Vec::new();
    while let Ok(Some(record)) = deframer.next() {
        if record.content_type != ContentType::HANDSHAKE {
            record_as_it_came(&record, &mut out);
            continue;
        }
        let mut messages = HandshakeDeframer::new();
        messages.push(&record.payload);
        let mut payload = Vec::new();
        while let Ok(Some((typ, body))) = messages.next() {
            let context = Context::new(ProtocolVersion::TLS1_2);
            let is_hello = matches!(typ, HandshakeType::CLIENT_HELLO | HandshakeType::SERVER_HELLO);
            match Handshake::decode(typ, &body, &context) {
                Ok(mut message) if is_hello => {
                    rewrite(&mut message);
                    message.encode_message(&mut payload);
                }
                _ => Handshake::Unknown { typ, body }.encode_message(&mut payload),
            }
        }
        payload.extend_from_slice(messages.pending());
        write_records(ContentType::HANDSHAKE, record.version, &payload, &mut out);
    }
    out.extend_from_slice(deframer.pending());
    out
}

fn record_as_it_came(record: &Record, out: &mut Vec<u8>) {
    use crate::wire::Encode;
    record.encode(out);
}
