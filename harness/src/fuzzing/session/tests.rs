//! An end that takes anything, by which each rule is seen to alarm.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::edit::without_record_versions;
use crate::engine::Negotiated;

/// Completes at the first byte, with what its plan says.
struct Lax(&'static Plan);

impl Engine for Lax {
    fn feed(&mut self, _: &[u8]) {}
    fn drain(&mut self, _: &mut Vec<u8>) {}
    fn status(&self) -> Status {
        Status::Done
    }
    fn was_done(&self) -> bool {
        true
    }
    fn send(&mut self, _: &[u8]) {}
    fn receive(&mut self, _: &mut Vec<u8>) {}
    fn close(&mut self) {}
    fn peer_closed(&self) -> bool {
        false
    }
    fn negotiated(&self) -> Option<Negotiated> {
        Some(Negotiated { version: self.0.version, suite: self.0.suite })
    }
}

/// The label of the rule that a flight breaks if it is completed with.
fn label(cell: &'static Cell, role: Role, flight: &[u8]) -> Option<String> {
    let (honest, word) = match role {
        Role::Server => (&cell.until_done().to_server, PING),
        Role::Client => (&cell.until_done().to_client, PONG),
    };
    let played = || one_end(cell.plan, &mut Lax(cell.plan), flight, honest, word, role);
    let panic = catch_unwind(AssertUnwindSafe(played)).err()?;
    let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    Some(text.strip_prefix("ORACLE ")?.split(':').next()?.to_owned())
}

/// The bytes of each record.
fn records(flight: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = flight;
    let mut all = Vec::new();
    while let Some(&[_, _, _, high, low]) = rest.get(..RECORD_HEADER_LEN) {
        let (record, behind) =
            rest.split_at(RECORD_HEADER_LEN + usize::from(u16::from_be_bytes([high, low])));
        all.push(record.to_vec());
        rest = behind;
    }
    assert!(rest.is_empty());
    all
}

fn at_every_end(mut look: impl FnMut(&'static Cell, Role, &[u8])) {
    for at in 0..PLANS.len() {
        let cell = cell(at);
        look(cell, Role::Server, &cell.honest.to_server);
        look(cell, Role::Client, &cell.honest.to_client);
    }
}

fn is_change(cell: &Cell, record: &[u8]) -> bool {
    let change = match cell.plan.version {
        ProtocolVersion::TLS1_3 => ContentType::APPLICATION_DATA,
        _ => ContentType::CHANGE_CIPHER_SPEC,
    };
    record[0] == change.0
}

#[test]
fn a_forged_finished_or_one_that_is_not_there_is_found_at_every_end() {
    at_every_end(|cell, role, honest| {
        assert_eq!(label(cell, role, honest), None, "{:?}", cell.plan);
        let completing = match role {
            Role::Server => &cell.until_done().to_server,
            Role::Client => &cell.until_done().to_client,
        };
        assert!(honest.starts_with(completing) && completing.len() < honest.len(), "{:?}", cell.plan);
        // Up to the Finished is all that it takes, and behind it anything may stand.
        assert_eq!(label(cell, role, completing), None, "{:?}", cell.plan);
        assert_eq!(label(cell, role, &[completing, &[23, 3, 3, 0, 1, 9][..]].concat()), None);
        let mut forged = completing.clone();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        assert_eq!(label(cell, role, &forged).as_deref(), Some("finished"), "{:?}", cell.plan);
        let all = records(completing);
        let without = all[..all.len() - 1].concat();
        assert_eq!(label(cell, role, &without).as_deref(), Some("finished"), "{:?}", cell.plan);
        // A record of handshake messages that nobody encrypted; in TLS 1.3 a client's Finished may be the first that is.
        let last = all.len() - 1;
        let plain = [&all[..last].concat(), &[22, 3, 3, 0, 4, 20, 0, 0, 0][..], &all[last][..]].concat();
        let has_changed = all[..last].iter().any(|record| is_change(cell, record));
        let wanted = if has_changed { "finished" } else { "forged" };
        assert_eq!(label(cell, role, &plain).as_deref(), Some(wanted), "{:?}", cell.plan);
    });
}

/// RFC 8446 5.1: handshake messages do not span a change of keys.
#[test]
fn the_beginning_of_a_message_before_a_change_of_keys_is_found_at_every_end() {
    at_every_end(|cell, role, honest| {
        let all = records(honest);
        let change = all.iter().position(|record| is_change(cell, record)).expect("keys change");
        for piece in [&[22, 3, 3, 0, 1, 20][..], &[22, 3, 3, 0, 5, 20, 0, 0, 12, 0]] {
            let flight = [&all[..change].concat(), piece, &all[change..].concat()].concat();
            assert_eq!(label(cell, role, &flight).as_deref(), Some("key-change"), "{:?}", cell.plan);
        }
    });
}

/// What stacks pass over is no finding: records without anything in them, other versions of records, a warning, and in TLS
/// 1.3 a ChangeCipherSpec.
#[test]
fn what_means_nothing_is_no_finding() {
    at_every_end(|cell, role, honest| {
        assert_eq!(label(cell, role, &without_record_versions(honest)), None);
        let is_tls13 = cell.plan.version == ProtocolVersion::TLS1_3;
        let all = records(honest);
        for at in 1..all.len() {
            let with = |record: &[u8]| [&all[..at].concat(), record, &all[at..].concat()].concat();
            assert_eq!(label(cell, role, &with(&[22, 3, 3, 0, 0])), None, "{:?}", cell.plan);
            if is_tls13 {
                assert_eq!(label(cell, role, &with(&[20, 3, 3, 0, 1, 1])), None, "{:?}", cell.plan);
                assert_eq!(label(cell, role, &with(&[21, 3, 3, 0, 2, 1, 90])), None, "{:?}", cell.plan);
            }
        }
        let alert = [&all[0][..], &[21, 3, 3, 0, 2, 1, 90], &all[1..].concat()].concat();
        assert_eq!(label(cell, role, &alert), None, "{:?}", cell.plan);
    });
}

/// rustls takes a protected record of TLS 1.3 under any outer type; nothing else comes of it.
#[test]
fn the_outer_type_of_what_was_recorded_is_no_finding() {
    at_every_end(|cell, role, honest| {
        if cell.plan.version != ProtocolVersion::TLS1_3 {
            return;
        }
        for typ in [21, 22, 24] {
            let mut all = records(honest);
            let sealed = all.iter_mut().filter(|record| record[0] == ContentType::APPLICATION_DATA.0);
            sealed.for_each(|record| record[0] = typ);
            assert_eq!(label(cell, role, &all.concat()), None, "{typ} in {:?}", cell.plan);
        }
    });
}

/// What the plans add to a plain handshake is there, by the numbers of RFC 8446 4 and 6 and RFC 5246 7.4. In TLS 1.3 all of it is
/// protected, so a flight with a certificate is longer than one without.
#[test]
fn client_certificates_and_good_byes_are_on_the_wire() {
    const CERTIFICATE_REQUEST: u8 = 13;
    const CERTIFICATE_VERIFY: u8 = 15;
    let (mut asking, mut whole, mut lengths) = (0, 0, std::collections::BTreeMap::new());
    for (at, plan) in PLANS.iter().enumerate() {
        let cell = cell(at);
        let has = |bytes: &[u8], typ: u8| clear(bytes, plan.version).iter().any(|(found, _)| found.0 == typ);
        if plan.version < ProtocolVersion::TLS1_3 {
            assert_eq!(has(&cell.honest.to_client, CERTIFICATE_REQUEST), plan.asks_client, "{plan:?}");
            assert_eq!(
                has(&cell.honest.to_server, CERTIFICATE_VERIFY),
                plan.client_key.is_some(),
                "{plan:?}"
            );
        } else if plan.asks_client {
            lengths.insert((plan.suite.0, plan.client_key.is_some()), cell.honest.to_server.len());
        }
        if plan.is_whole {
            let last = records(&cell.honest.to_server).pop().unwrap_or_default();
            let typ = if plan.version == ProtocolVersion::TLS1_3 { 23 } else { 21 };
            assert_eq!(last[0], typ, "{plan:?}");
            whole += 1;
        }
        asking += usize::from(plan.asks_client);
    }
    assert_eq!((asking, whole), (14, 7));
    assert!(lengths[&(0x1301, true)] > lengths[&(0x1301, false)] + 200, "{lengths:?}");
}
