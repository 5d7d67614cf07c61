//! The oracle alarms at each fault, and not at what means nothing; downgrades at length.

use super::*;
use crate::edit::Sentinel;
use crate::fuzzing::session::clear;
use crate::registry::{CipherSuite, NamedGroup};
use crate::wire::ExtensionType;
use pair::{numbers, pair};

/// A completed handshake with one thing wrong.
fn label(spoil: impl FnOnce(&mut Outcome)) -> Option<&'static str> {
    let pair = pair(0x80);
    let mut outcome = pair.honest.clone();
    spoil(&mut outcome);
    judge(pair, &outcome, &Editor::new(&[])).err().map(|(label, _)| label)
}

#[test]
fn every_rule_alarms_at_its_fault() {
    assert_eq!(label(|_| {}), None);
    let weak = Some((ProtocolVersion::TLS1_2, CipherSuite(0x002F)));
    assert_eq!(label(|o| o.client.negotiated = weak), Some("agreement"));
    assert_eq!(label(|o| o.server.negotiated = weak), Some("agreement"));
    assert_eq!(label(|o| o.client.exporter = None), Some("exporter"));
    assert_eq!(label(|o| o.server.exporter = Some([0; 32])), Some("exporter"));
    assert_eq!(label(|o| o.server.got = b"pong".to_vec()), Some("integrity"));
    assert_eq!(label(|o| o.client.got = b"pongpong".to_vec()), Some("integrity"));
    // One byte of a random, behind the headers of record and message and the version.
    assert_eq!(label(|o| o.client.arrived[5 + 4 + 2] ^= 1), Some("forged"));
    assert_eq!(label(|o| o.server.arrived[5 + 4 + 2] ^= 1), Some("forged"));
    assert_eq!(label(|o| o.client.got.clear()), Some("void-edit"));
    // An end that never completed agrees on nothing, and one word may be cut short by what is edited.
    let unfinished = |o: &mut Outcome| {
        o.client.was_done = false;
        o.client.negotiated = weak;
    };
    assert_eq!(label(unfinished), Some("void-edit"));
    let edits = [Edit { at: Place::record(Sender::Server, 1), change: Change::Drop }];
    let (mut outcome, editor) = drive(pair(0x80).cell, &edits);
    unfinished(&mut outcome);
    assert_eq!(judge(pair(0x80), &outcome, &editor), Ok(()));
}

/// A client of TLS 1.3 completes before the server says what it makes of the client's Finished (RFC 8446 4.4.4): what it
/// completed is judged, though an alert ends it.
#[test]
fn an_end_that_completed_is_judged_although_an_alert_ended_it() {
    let mut ended = 0;
    for number in numbers().filter(|number| pair(*number).cell.plan.version == ProtocolVersion::TLS1_3) {
        let pair = pair(number);
        for nth in 1..=4 {
            let place = Place::record(Sender::Client, nth);
            let edits = [Edit { at: place, change: Change::Xor { offset: 20, mask: 1 } }];
            let (honest, editor) = drive(pair.cell, &edits);
            if !honest.client.was_done || honest.client.is_done() {
                continue;
            }
            ended += 1;
            assert_eq!(judge(pair, &honest, &editor), Ok(()), "{}", pair.name);
            let spoilt = |spoil: &dyn Fn(&mut End)| {
                let mut outcome = honest.clone();
                spoil(&mut outcome.client);
                judge(pair, &outcome, &editor).err().map(|(label, _)| label)
            };
            let weak = Some((ProtocolVersion::TLS1_2, CipherSuite(0x002F)));
            assert_eq!(spoilt(&|end| end.negotiated = weak), Some("agreement"), "{}", pair.name);
            assert_eq!(spoilt(&|end| end.arrived[5 + 4 + 2] ^= 1), Some("forged"), "{}", pair.name);
            assert_eq!(spoilt(&|end| end.exporter = Some([0; 32])), Some("exporter"), "{}", pair.name);
            // Both came in one piece: nothing was to be asked.
            assert_eq!(spoilt(&|end| end.exporter = None), None, "{}", pair.name);
        }
    }
    assert!(ended >= 20, "{ended}");
}

#[test]
fn there_are_pairs_that_are_asked_for_another_key_share() {
    let hellos = |number: &u8| {
        let cell = pair(*number).cell;
        let sent = clear(&cell.honest.to_server, cell.plan.version);
        sent.iter().filter(|(typ, _)| *typ == crate::wire::HandshakeType::CLIENT_HELLO).count()
    };
    let wide: Vec<usize> =
        numbers().filter(|number| number & 0x80 != 0).map(|number| hellos(&number)).collect();
    assert_eq!(wide, [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
}

/// RFC 8446 5.1, RFC 5246 6.2.1: a message may be cut over records at any byte, and records may be joined.
#[test]
fn handshake_messages_mean_the_same_in_any_records() {
    for number in numbers() {
        let pair = pair(number);
        let honest = &pair.cell.honest;
        for (sender, bytes) in [(Sender::Client, &honest.to_server), (Sender::Server, &honest.to_client)] {
            let clear = clear_handshake(bytes, pair.cell.plan.version);
            assert!(!clear.is_empty(), "{}: nothing in the clear", pair.name);
            for nth in clear {
                // In its header, behind it, and somewhere in the body; five records and back to four.
                for cuts in [&[1][..], &[4], &[37], &[30, 20, 10, 3]] {
                    let cut = |at: &u16| Edit { at: Place::record(sender, nth), change: Change::Split(*at) };
                    let edits: Vec<Edit> = cuts.iter().map(cut).collect();
                    let seen = attack(pair, &edits);
                    assert!(seen.completed, "{}: {edits:?}: {}", pair.name, seen.summary);
                }
            }
        }
    }
    // Records that a server sends one after another, joined: certificate and what follows it in TLS 1.2.
    let joined = numbers().filter(|number| {
        let pair = pair(*number);
        let clear = clear_handshake(&pair.cell.honest.to_client, pair.cell.plan.version);
        let merge = |nth: &u32| Edit { at: Place::record(Sender::Server, *nth), change: Change::Merge };
        let edits: Vec<Edit> = clear[..clear.len() - 1].iter().map(merge).collect();
        let seen = attack(pair, &edits);
        assert!(seen.completed, "{}: {edits:?}: {}", pair.name, seen.summary);
        !edits.is_empty()
    });
    assert!(joined.count() >= 10);
}

/// Nothing that talks a pair down is completed by both, and nothing that is completed is other than unattacked.
#[test]
fn every_downgrade_ends_in_failure_or_in_what_would_have_been() {
    let hello = |change| Edit { at: Place::CLIENT_HELLO, change };
    let answer = |change| Edit { at: Place::SERVER_HELLO, change };
    let mut attacks: Vec<Vec<Edit>> = Vec::new();
    for version in ProtocolVersion::ALL {
        attacks.push(vec![hello(Change::SetVersion(version))]);
        attacks.push(vec![answer(Change::SetVersion(version))]);
        for sentinel in Sentinel::ALL {
            let both = [hello(Change::SetVersion(version)), answer(Change::SetSentinel(sentinel))];
            attacks.push(both.to_vec());
        }
    }
    for suite in crate::registry::suites() {
        attacks.push(vec![hello(Change::OfferSuites(vec![suite.suite]))]);
        attacks.push(vec![answer(Change::SetSuite(suite.suite))]);
    }
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1, NamedGroup(0)] {
        attacks.push(vec![hello(Change::OfferGroups(vec![group]))]);
    }
    for extension in (0..64).map(ExtensionType).chain([ExtensionType::RENEGOTIATION_INFO]) {
        attacks.push(vec![hello(Change::RemoveExtension(extension))]);
        attacks.push(vec![answer(Change::RemoveExtension(extension))]);
    }
    let (mut completed, mut refused) = (0, 0);
    for number in numbers().filter(|number| number & 0x80 != 0) {
        for edits in &attacks {
            // What both ends complete is compared with the unattacked run in there.
            match attack(pair(number), edits).completed {
                true => completed += 1,
                false => refused += 1,
            }
        }
    }
    // Those without an effect, and no more than those: an extension that is not there, what was chosen anyway.
    assert!(refused > 4000 && completed > 100, "{refused} refused, {completed} completed");
}

/// Inputs and saved lists name pairs by their place.
#[test]
fn what_is_attacked_alone_ends_where_client_certificates_begin() {
    let is_plain = |plan: &crate::fuzzing::cell::Plan| !plan.asks_client && !plan.is_whole;
    let (single, more) = crate::fuzzing::cell::PLANS.split_at(pair::SINGLE);
    assert!(single.iter().all(is_plain) && more[0].asks_client);
}
