//! Whole flights into one end of a deterministic handshake, with real cryptography.
//!
//! With known random numbers a recorded flight completes every time, and nobody can compute another one that does: who
//! changes a byte of the transcript would have to forge a Finished. So completion means that the transcript is the
//! recorded one, and what is decrypted is what was sent.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use crate::edit::without_record_versions;
use crate::engine::{Engine, Role, Status};
use crate::observe::offer_of;
use crate::oracle::Stated;
use crate::registry::ProtocolVersion;
use crate::wire::record::RECORD_HEADER_LEN;
use crate::wire::{ContentType, Context, Handshake, HandshakeDeframer, HandshakeType, RecordDeframer};

use super::Seen;
use super::cell::{Cell, PING, PLANS, PONG, Plan, cell, named};
use super::seeds::{self, Seed};
use super::wary;

/// Inputs that begin with this byte go to an end that stands alone: see [`super::wary`].
pub(super) const ALONE: u8 = 0xF0;

/// Client flights into a server.
pub(super) fn server_bytes(input: &[u8]) -> Seen {
    check_build();
    let Some((&at, flight)) = input.split_first() else { return Seen::new("empty") };
    if at >= ALONE {
        return wary::server(flight);
    }
    let Some(cell) = named(at) else { return Seen::new("no plan") };
    one_end(cell.plan, &mut cell.server(), flight, &cell.until_done().to_server, PING, Role::Server)
}

/// Server flights into a client.
pub(super) fn client_bytes(input: &[u8]) -> Seen {
    check_build();
    let Some((&at, flight)) = input.split_first() else { return Seen::new("empty") };
    if at >= ALONE {
        return wary::client(at - ALONE, flight);
    }
    let Some(cell) = named(at) else { return Seen::new("no plan") };
    let mut client = cell.client();
    // Its hello goes nowhere.
    client.drain(&mut Vec::new());
    one_end(cell.plan, &mut client, flight, &cell.until_done().to_client, PONG, Role::Client)
}

/// The engine alone, fed the same.
pub(super) fn bare_server(input: &[u8]) {
    if let Some((cell, flight)) = input.split_first().and_then(|(at, flight)| Some((named(*at)?, flight))) {
        bare(&mut cell.server(), flight);
    }
}

/// The engine alone, fed the same.
pub(super) fn bare_client(input: &[u8]) {
    if let Some((cell, flight)) = input.split_first().and_then(|(at, flight)| Some((named(*at)?, flight))) {
        let mut client = cell.client();
        client.drain(&mut Vec::new());
        bare(&mut client, flight);
    }
}

fn bare(engine: &mut dyn Engine, flight: &[u8]) {
    let mut out = Vec::new();
    engine.feed(flight);
    engine.drain(&mut out);
    engine.receive(&mut out);
}

/// `honest` ends with the Finished of the other end.
fn one_end(
    plan: &Plan,
    engine: &mut dyn Engine,
    flight: &[u8],
    honest: &[u8],
    word: &[u8],
    role: Role,
) -> Seen {
    let mut sent = Vec::new();
    engine.feed(&seen_by(role, flight));
    engine.drain(&mut sent);
    let mut got = Vec::new();
    engine.receive(&mut got);
    assert!(word.starts_with(&got), "ORACLE integrity: {got:02x?} was decrypted and never sent in {plan:?}");
    if role == Role::Server {
        answers_what_is_offered(flight, &sent, plan);
    }
    let completed = engine.was_done() || !got.is_empty();
    if completed {
        let said = engine.negotiated().map(|negotiated| (negotiated.version, negotiated.suite));
        assert!(said == Some((plan.version, plan.suite)), "ORACLE agreement: {said:?} in {plan:?}");
        is_as_recorded(plan, flight, honest);
    }
    let end = match engine.status() {
        Status::Done => "done",
        Status::Running => "running",
        Status::Failed(_) => "failed",
    };
    if engine.peer_closed() {
        // As whoever is taken leave of does; nothing is asked of it.
        engine.close();
        engine.drain(&mut sent);
    }
    Seen { summary: format!("{:?} {} {end}, {} bytes", plan.server, plan.version, got.len()), completed }
}

/// An end that completed saw the recorded messages, nothing beside them where the keys changed, and the recorded Finished.
fn is_as_recorded(plan: &Plan, flight: &[u8], honest: &[u8]) {
    let wanted = transcript(honest, plan.version);
    let seen = transcript(&with_outer_types(flight, &wanted, plan.version), plan.version);
    assert!(
        seen.messages == wanted.messages,
        "ORACLE forged: {plan:?} was completed with another transcript"
    );
    assert!(
        seen.cut_off == wanted.cut_off,
        "ORACLE key-change: {plan:?} was completed with handshake bytes across a change of keys"
    );
    // The same keys and random numbers: the same bytes. What follows a Finished is the integrity rule's.
    assert!(
        seen.protected.starts_with(&wanted.protected),
        "ORACLE finished: {plan:?} was completed with another Finished or what stands before it"
    );
}

/// What that end sees of a flight: all of it, unless a fault is planted.
pub(super) fn seen_by(role: Role, flight: &[u8]) -> Cow<'_, [u8]> {
    #[cfg(feature = "faults")]
    return Cow::Owned(match role {
        Role::Client => super::planted::as_the_client_sees(flight),
        Role::Server => super::planted::as_the_server_sees(flight),
    });
    #[cfg(not(feature = "faults"))]
    {
        let _ = role;
        Cow::Borrowed(flight)
    }
}

/// A ServerHello takes up what the hello before it offers, and what the server has.
fn answers_what_is_offered(flight: &[u8], sent: &[u8], plan: &Plan) {
    let mut hellos =
        clear(flight, plan.version).into_iter().filter(|(typ, _)| *typ == HandshakeType::CLIENT_HELLO);
    let context = Context::new(plan.version);
    for (typ, body) in clear(sent, plan.version) {
        if typ != HandshakeType::SERVER_HELLO {
            continue;
        }
        // What the stack reads and the codec does not is no question of this target.
        let Some(Ok(Handshake::ClientHello(asked))) =
            hellos.next().map(|(typ, body)| Handshake::decode(typ, &body, &context))
        else {
            return;
        };
        let Ok(Handshake::ServerHello(answer)) = Handshake::decode(typ, &body, &context) else {
            panic!("ORACLE unreadable: {:?} sent a ServerHello that does not decode", plan.server);
        };
        let (version, offer) = (answer.negotiated_version(), offer_of(&asked));
        assert!(version == plan.version, "ORACLE version: {version} in {plan:?}");
        assert!(
            offer.states_version(version) != Stated::No,
            "ORACLE version: {version} was not offered to {plan:?}: {offer:?}"
        );
        assert!(answer.cipher_suite == plan.suite, "ORACLE suite: {} in {plan:?}", answer.cipher_suite);
        assert!(
            asked.cipher_suites.contains(&answer.cipher_suite),
            "ORACLE suite: {} was not offered to {plan:?}: {offer:?}",
            answer.cipher_suite
        );
        if let Some(group) = answer.key_share_group() {
            let is_offered = offer.groups.as_ref().is_none_or(|groups| groups.contains(&group));
            assert!(
                is_offered && plan.group == Some(group),
                "ORACLE group: {group} to {offer:?} in {plan:?}"
            );
        }
    }
}

/// A stream as somebody without keys reads it.
pub(super) struct Transcript {
    /// In the clear, before the first completed change of keys; HelloRequest is no part of a transcript (RFC 5246 7.4.1.1).
    pub messages: Vec<(HandshakeType, Vec<u8>)>,
    /// What has come of a message when the keys change, across which none may stand (RFC 8446 5.1).
    pub cut_off: Vec<u8>,
    /// The records behind the change.
    pub protected: Vec<(ContentType, Vec<u8>)>,
}

pub(super) fn transcript(bytes: &[u8], version: ProtocolVersion) -> Transcript {
    let (mut records, mut messages) = (RecordDeframer::new(), HandshakeDeframer::new());
    let mut protected = Vec::new();
    let mut has_changed = false;
    let is_tls13 = version >= ProtocolVersion::TLS1_3;
    // OpenSSL ignores the version of a record where RFC 8446 5.1 has it ignored, and the codec does not.
    records.push(&without_record_versions(bytes));
    while let Ok(Some(record)) = records.next() {
        match record.content_type {
            // OpenSSL passes over empty records of any type: they change nothing.
            ContentType::CHANGE_CIPHER_SPEC | ContentType::ALERT if is_tls13 => {
                // The one means nothing (RFC 8446 D.4). The other is taken in the clear, too, from whoever has no keys yet; a
                // warning is passed over, and after any other nothing is completed.
            }
            ContentType::CHANGE_CIPHER_SPEC if !has_changed => has_changed = !record.payload.is_empty(),
            ContentType::HANDSHAKE if !has_changed => messages.push(&record.payload),
            typ if has_changed || typ == ContentType::APPLICATION_DATA => {
                has_changed = true;
                if !record.payload.is_empty() {
                    protected.push((typ, record.payload));
                }
            }
            _ => {}
        }
    }
    let mut read = Vec::new();
    while let Ok(Some((typ, body))) = messages.next() {
        if typ != HandshakeType::HELLO_REQUEST {
            read.push((typ, body));
        }
    }
    Transcript { messages: read, cut_off: messages.pending().to_vec(), protected }
}

/// A stream in which every protected record of the recorded one has the type that it was sent with. rustls does not look at
/// the outer type, which is 23 in TLS 1.3 (RFC 8446 5.2): what it authenticates has 23, so nothing else comes of it.
pub(super) fn with_outer_types(bytes: &[u8], recorded: &Transcript, version: ProtocolVersion) -> Vec<u8> {
    let mut typed = bytes.to_vec();
    let mut at = 0;
    while version >= ProtocolVersion::TLS1_3
        && let Some(&[_, _, _, high, low]) = bytes.get(at..at + RECORD_HEADER_LEN)
    {
        let end = at + RECORD_HEADER_LEN + usize::from(u16::from_be_bytes([high, low]));
        let payload = bytes.get(at + RECORD_HEADER_LEN..end);
        if recorded.protected.iter().any(|(_, sealed)| Some(&sealed[..]) == payload) {
            typed[at] = ContentType::APPLICATION_DATA.0;
        }
        at = end;
    }
    typed
}

/// The handshake messages of [`transcript`].
pub(super) fn clear(bytes: &[u8], version: ProtocolVersion) -> Vec<(HandshakeType, Vec<u8>)> {
    transcript(bytes, version).messages
}

/// Every cell, and the self-check.
pub(super) fn prepare() {
    check_build();
    (0..PLANS.len()).for_each(|at| {
        cell(at).until_done();
    });
    wary::prepare();
}

/// A build that accepts a wrong Finished proves nothing: OpenSSL's fuzzer mode does (OSS-Fuzz's image asks for it).
///
/// # Panics
/// In such a build.
pub(super) fn check_build() {
    static CHECKED: std::sync::Once = std::sync::Once::new();
    CHECKED.call_once(|| {
        let is_cbc = |plan: &Plan| plan.version == ProtocolVersion::TLS1_2 && plan.suite.0 == 0x003C;
        let Some(cell) = PLANS.iter().position(is_cbc).map(cell) else { panic!("self-check: no CBC plan") };
        let honest = &cell.until_done().to_server;
        let Some(start) = honest.windows(6).rposition(|bytes| bytes == [20, 3, 3, 0, 1, 1]) else {
            panic!("self-check: no ChangeCipherSpec in {:?}", cell.plan);
        };
        // The payload of the record behind the ChangeCipherSpec, which is the last one.
        let finished = start + 6 + RECORD_HEADER_LEN..honest.len();
        assert!(finished.len() >= 64, "self-check: no Finished in {:?}", cell.plan);
        for at in finished {
            let mut forged = honest.clone();
            forged[at] ^= 0x01;
            let mut server = cell.server();
            server.feed(&forged);
            assert!(
                !server.was_done(),
                "this build accepts a wrong Finished: build without FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
            );
        }
    });
}

/// What the honest clients send.
pub(super) fn client_flights() -> Vec<Seed> {
    let mut all = recorded(|cell| &cell.honest.to_server);
    all.extend(wary::client_flights());
    // Servers of TLS 1.2 and 1.3 on both stacks.
    all.extend(seeds::real(&[("o12", &[19]), ("o13", &[29]), ("r12", &[36]), ("r13", &[38])]));
    all
}

/// What the honest servers send.
pub(super) fn server_flights() -> Vec<Seed> {
    let mut seeds = recorded(|cell| &cell.honest.to_client);
    seeds.extend(wary::server_flights());
    seeds
}

fn recorded(bytes: impl Fn(&'static Cell) -> &'static Vec<u8>) -> Vec<Seed> {
    let plans = PLANS.iter().enumerate();
    let seeds = plans.filter_map(|(at, plan)| {
        let number = u8::try_from(at).ok()?;
        let group = plan.group.map_or("none".to_owned(), |group| group.to_string());
        let stacks = format!("{:?}-{:?}", plan.client, plan.server).to_lowercase();
        let name = format!("{stacks}-{}-{:04x}-{group}-{at}", plan.version, plan.suite.0).replace('/', "_");
        Some((name, [&[number], &bytes(cell(at))[..]].concat()))
    });
    seeds.collect()
}
