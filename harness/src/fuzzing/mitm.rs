//! Somebody between the client and the server, who has no keys.
//!
//! Both ends are real stacks with real cryptography and known random numbers. Whatever crosses is edited, and then either
//! an end fails or nothing comes of it, or both agree on what they would have agreed on by themselves. Cutting handshake
//! messages into other records means nothing (RFC 8446 5.1, RFC 5246 6.2.1) and must not change anything.
//!
//! What was chosen beside version and suite (group, scheme, ALPN) stands in the messages that are compared, or in those
//! that keys protect; the exporter binds all of them.

mod drive;
mod lists;
mod pair;
#[cfg(test)]
mod tests;

use crate::edit::{Change, Edit, Editor, Fate, Place, Saved, Sender, without_record_versions};
use crate::registry::ProtocolVersion;
use crate::wire::{ContentType, RecordDeframer};

use super::Seen;
use super::cell::{PING, PONG, record};
use super::draw::Draw;
use super::seeds::Seed;
use super::session::{check_build, transcript, with_outer_types};
use drive::{End, Outcome, drive};
use pair::Pair;

/// Every pair, and the self-check.
pub(super) fn prepare() {
    check_build();
    pair::numbers().for_each(|number| drop(pair::pair(number).cell.server()));
}

/// Edit lists between the ends of a pair.
pub(super) fn mitm(input: &[u8]) -> Seen {
    check_build();
    let Some((&number, drawn)) = input.split_first() else { return Seen::new("empty") };
    let pair = pair::pair(number);
    attack(pair, &lists::list(&mut Draw::new(drawn), pair))
}

/// The two ends of the pair driven directly.
pub(super) fn bare(input: &[u8]) {
    if let Some(&number) = input.first() {
        let cell = pair::pair(number).cell;
        std::hint::black_box(record(&mut cell.client(), &mut cell.server()));
    }
}

/// A saved edit list on the pair that it names.
pub(super) fn replay(saved: &Saved) -> Option<Seen> {
    check_build();
    let number = pair::by_name(saved.cell.as_deref()?)?;
    Some(attack(pair::pair(number), &saved.edits))
}

/// The names of all pairs.
pub(super) fn names() -> Vec<String> {
    pair::numbers().map(|number| pair::pair(number).name.clone()).collect()
}

fn attack(pair: &Pair, edits: &[Edit]) -> Seen {
    let (outcome, editor) = drive(pair.cell, edits);
    if let Err((label, text)) = judge(pair, &outcome, &editor) {
        panic!("ORACLE {label}: {text}\n{outcome:#?}\n{}", saved(pair, label, edits));
    }
    let applied = editor.fates().filter(|(_, fate)| *fate == Fate::Applied).count();
    let word = |end: &End| match (&end.failure, end.was_done) {
        (Some(_), true) => "ended",
        (Some(_), false) => "failed",
        (None, true) => "done",
        (None, false) => "waits",
    };
    let plan = pair.cell.plan;
    let (client, server) = (word(&outcome.client), word(&outcome.server));
    let stacks = format!("{:?} {client}, {:?} {server}", plan.client, plan.server);
    Seen {
        summary: format!("{}, {stacks}, {applied} applied", plan.version),
        completed: outcome.is_complete(),
    }
}

/// What the finding is saved as.
fn saved(pair: &Pair, oracle: &str, edits: &[Edit]) -> String {
    let plan = pair.cell.plan;
    let name = |stack| Some(format!("{stack:?}").to_lowercase());
    Saved {
        client: name(plan.client),
        server: name(plan.server),
        policy: None,
        cell: Some(pair.name.clone()),
        oracle: Some(oracle.to_owned()),
        edits: edits.to_vec(),
    }
    .print()
}

type Breach = (&'static str, String);

fn judge(pair: &Pair, outcome: &Outcome, editor: &Editor) -> Result<(), Breach> {
    let (honest, plan) = (&pair.honest, pair.cell.plan);
    for (end, unattacked, word, who) in
        [(&outcome.client, &honest.client, PONG, "client"), (&outcome.server, &honest.server, PING, "server")]
    {
        if !word.starts_with(&end.got) {
            return Err(("integrity", format!("the {who} decrypted what was never sent")));
        }
        if !end.was_done {
            continue;
        }
        // A Finished of the other end arrived: so the other end saw the same messages, whatever ended the connection then.
        if end.negotiated != unattacked.negotiated {
            return Err(("agreement", format!("the {who} completed {:?}", end.negotiated)));
        }
        let arrived = without_record_versions(&end.arrived);
        let wanted = transcript(&unattacked.arrived, plan.version);
        let seen = transcript(&with_outer_types(&arrived, &wanted, plan.version), plan.version);
        if seen.messages != wanted.messages {
            return Err(("forged", format!("the {who} completed with another transcript")));
        }
        if seen.cut_off != wanted.cut_off {
            return Err(("key-change", format!("the {who} took handshake bytes across a change of keys")));
        }
        if (end.is_done() || end.exporter.is_some()) && end.exporter != unattacked.exporter {
            return Err(("exporter", format!("the {who} completed with other keys")));
        }
    }
    if is_void(pair, editor) && !outcome.is_complete() {
        return Err((
            "void-edit",
            "other records with the same messages in them were not accepted".to_owned(),
        ));
    }
    Ok(())
}

/// Whether nothing was done, or only the records of handshake messages in the clear were cut otherwise.
fn is_void(pair: &Pair, editor: &Editor) -> bool {
    let cell = pair.cell;
    let version = cell.plan.version;
    let to_server = clear_handshake(&cell.honest.to_server, version);
    let to_client = clear_handshake(&cell.honest.to_client, version);
    let is_cut = |edit: &Edit| {
        let Place::Record { sender, nth } = edit.at else { return false };
        let clear = match sender {
            Sender::Client => &to_server,
            Sender::Server => &to_client,
        };
        matches!(edit.change, Change::Split(_) | Change::Merge) && clear.contains(&nth)
    };
    // What waits for a record that is not sent before an answer has not arrived.
    !editor.is_holding() && editor.fates().all(|(edit, fate)| fate != Fate::Applied || is_cut(edit))
}

/// The numbers of the records with handshake messages in the clear.
fn clear_handshake(bytes: &[u8], version: ProtocolVersion) -> Vec<u32> {
    let mut records = RecordDeframer::new();
    records.push(bytes);
    let mut found = Vec::new();
    for nth in 1.. {
        let Ok(Some(record)) = records.next() else { break };
        match record.content_type {
            ContentType::HANDSHAKE => found.push(nth),
            ContentType::CHANGE_CIPHER_SPEC if version < ProtocolVersion::TLS1_3 => break,
            ContentType::APPLICATION_DATA => break,
            _ => {}
        }
    }
    found
}

/// One edit: the record of the ClientHello cut behind its twentieth byte.
const CUT_HELLO: [u8; 9] = [1, 0, 5, 0, 0, 0, 0, 20, 0];
/// The same for the first record of the server.
const CUT_ANSWER: [u8; 9] = [1, 0, 5, 1, 0, 0, 0, 20, 0];

/// For every pair no edits, and two that mean nothing.
pub(super) fn seeds() -> Vec<Seed> {
    let lists: [(&str, &[u8]); 3] = [("", &[0]), ("-cut-hello", &CUT_HELLO), ("-cut-answer", &CUT_ANSWER)];
    let of = |number: u8| {
        let name = pair::pair(number).name.replace('/', "_");
        lists.map(|(what, list)| (format!("{name}{what}"), [&[number], list].concat()))
    };
    pair::numbers().flat_map(of).collect()
}
