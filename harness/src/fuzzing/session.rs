//! Whole flights into one end of a deterministic handshake, with real cryptography.
//!
//! With known random numbers a recorded flight completes every time, and nobody can compute another one that does: who
//! changes a byte of the transcript would have to forge a Finished. So completion means that the transcript is the
//! recorded one, and what is decrypted is what was sent.

use crate::engine::{Engine, Status};
use crate::registry::ProtocolVersion;
use crate::wire::{ContentType, HandshakeDeframer, HandshakeType, RecordDeframer};

use super::Seen;
use super::cell::{Cell, PING, PLANS, PONG, cell};
use super::seeds::Seed;

/// Client flights into a server.
pub(super) fn server_bytes(input: &[u8]) -> Seen {
    check_build();
    let Some((&at, flight)) = input.split_first() else { return Seen::new("empty") };
    let cell = cell(usize::from(at));
    one_end(cell, &mut cell.server(), flight, &cell.honest.to_server, PING)
}

/// Server flights into a client.
pub(super) fn client_bytes(input: &[u8]) -> Seen {
    check_build();
    let Some((&at, flight)) = input.split_first() else { return Seen::new("empty") };
    let cell = cell(usize::from(at));
    let mut client = cell.client();
    // Its hello goes nowhere.
    client.drain(&mut Vec::new());
    one_end(cell, &mut client, flight, &cell.honest.to_client, PONG)
}

fn one_end(cell: &Cell, engine: &mut dyn Engine, flight: &[u8], honest: &[u8], word: &[u8]) -> Seen {
    engine.feed(flight);
    engine.drain(&mut Vec::new());
    let mut got = Vec::new();
    engine.receive(&mut got);
    let plan = cell.plan;
    assert!(word.starts_with(&got), "ORACLE integrity: {got:02x?} was decrypted and never sent in {plan:?}");
    let negotiated = engine.negotiated();
    let completed = engine.status() == Status::Done || !got.is_empty();
    if completed {
        let said = negotiated.map(|negotiated| (negotiated.version, negotiated.suite));
        assert!(said == Some((plan.version, plan.suite)), "ORACLE agreement: {said:?} in {plan:?}");
        assert!(
            clear(flight, plan.version) == clear(honest, plan.version),
            "ORACLE forged: {plan:?} was completed with another transcript"
        );
    }
    let end = match engine.status() {
        Status::Done => "done",
        Status::Running => "running",
        Status::Failed(_) => "failed",
    };
    Seen { summary: format!("{:?} {} {end}, {} bytes", plan.server, plan.version, got.len()), completed }
}

/// The handshake messages that stand in the clear before the first completed change of keys; HelloRequest is no part of
/// a transcript (RFC 5246 7.4.1.1).
pub(super) fn clear(bytes: &[u8], version: ProtocolVersion) -> Vec<(HandshakeType, Vec<u8>)> {
    let (mut records, mut messages) = (RecordDeframer::new(), HandshakeDeframer::new());
    records.push(bytes);
    while let Ok(Some(record)) = records.next() {
        match record.content_type {
            ContentType::HANDSHAKE => messages.push(&record.payload),
            ContentType::CHANGE_CIPHER_SPEC if version < ProtocolVersion::TLS1_3 => break,
            ContentType::APPLICATION_DATA => break,
            _ => {}
        }
    }
    let mut read = Vec::new();
    while let Ok(Some((typ, body))) = messages.next() {
        if typ != HandshakeType::HELLO_REQUEST {
            read.push((typ, body));
        }
    }
    read
}

/// A build that accepts a wrong Finished proves nothing: OpenSSL's fuzzer mode does (OSS-Fuzz's image asks for it).
///
/// # Panics
/// In such a build.
pub(super) fn check_build() {
    static CHECKED: std::sync::Once = std::sync::Once::new();
    CHECKED.call_once(|| {
        for (at, plan) in PLANS.iter().enumerate() {
            let is_cbc = plan.version == ProtocolVersion::TLS1_2 && plan.suite.0 == 0x003C;
            if !is_cbc {
                continue;
            }
            let cell = cell(at);
            // From the ChangeCipherSpec on: the Finished, and the word behind it.
            let honest = &cell.honest.to_server;
            let Some(start) = honest.windows(6).rposition(|bytes| bytes == [20, 3, 3, 0, 1, 1]) else {
                panic!("self-check: no ChangeCipherSpec in {plan:?}");
            };
            let finished = start + 6 + 5..honest.len();
            assert!(finished.len() >= 64, "self-check: no Finished in {plan:?}");
            for at in finished.take(64).step_by(3) {
                let mut forged = honest.clone();
                forged[at] ^= 0x01;
                let mut server = cell.server();
                server.feed(&forged);
                assert!(
                    server.status() != Status::Done,
                    "this build accepts a wrong Finished: build without FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
                );
            }
        }
    });
}

/// What the honest clients send.
pub(super) fn client_flights() -> Vec<Seed> {
    recorded(|cell| &cell.honest.to_server)
}

/// What the honest servers send.
pub(super) fn server_flights() -> Vec<Seed> {
    recorded(|cell| &cell.honest.to_client)
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
