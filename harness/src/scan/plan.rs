//! What is asked, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::engine::{Backend, Resumption};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::ask::{Counters, Patience};
use super::certificate::Chain;
use super::crew::{Crew, Task};
use super::found::{Cost, Found};
use super::greet::greet;
use super::known::Known;
use super::lists::{self, Listed};
use super::peer::Server;
use super::sessions::{Player, Shown};
use super::signals;
use super::suites::{Accepted, Preference, preference, suites};
use super::trouble::Trouble;

/// How a scan goes about it.
#[derive(Clone)]
pub struct Options {
    /// For `server_name`; none for an address.
    pub server_name: Option<String>,
    /// Connections at the same time.
    pub jobs: usize,
    pub patience: Patience,
    /// Plays the handshakes that have to be completed.
    pub client: Arc<dyn Backend>,
    /// Completes every version and suite that is found.
    pub confirm: bool,
    /// Leaves out everything but versions, suites and their order (and what their flights show).
    pub suites_only: bool,
}

/// Those with the most suites first: they take longest.
const ORDER: [ProtocolVersion; 5] = [
    ProtocolVersion::TLS1_2,
    ProtocolVersion::TLS1_1,
    ProtocolVersion::TLS1_0,
    ProtocolVersion::TLS1_3,
    ProtocolVersion::SSL3,
];

/// Asks a server everything.
pub fn scan(server: &dyn Server, options: &Options) -> Found {
    let started = Instant::now();
    let counters = Counters::default();
    let crew = Crew { server, jobs: options.jobs, counters: &counters, patience: options.patience };
    let mut found = Found::nothing();
    if let Err(trouble) = fill(&crew, options, &mut found) {
        found.trouble = Some(trouble);
    }
    found.cost = Cost {
        connections: counters.connections.load(Ordering::Relaxed),
        retries: counters.retries.load(Ordering::Relaxed),
        time: started.elapsed(),
    };
    found
}

fn fill(crew: &Crew<'_>, options: &Options, found: &mut Found) -> Result<(), Trouble> {
    let name = options.server_name.as_deref();
    let greeting: Vec<Task<'_, _>> = vec![Box::new(move |asker| greet(asker, name))];
    crew.all(greeting)?.into_iter().collect::<Result<(), _>>()?;

    let enumerations =
        ORDER.map(|version| -> Task<'_, _> { Box::new(move |asker| suites(asker, version, name)) });
    let all = crew.all(enumerations.into())?;
    found.secure_renegotiation = signals::secure_renegotiation(&all);
    found.extended_master_secret = signals::extended_master_secret(&all);
    found.downgrade_sentinel = signals::downgrade_sentinel(&all);
    let proposed = || all.iter().flat_map(|found| &found.proposed);
    found.dhe_bits = proposed().filter_map(|proposed| proposed.dh_bits).collect();
    let mut chains: Vec<Chain> = proposed().filter_map(|proposed| proposed.chain.clone()).collect();
    let mut preferences = BTreeMap::new();
    let mut pieces = crew.all(details(&all, options))?;
    let groups = pieces.iter().filter_map(|piece| match piece {
        Piece::Groups(list) => Some(list.clone()),
        _ => None,
    });
    let player = Player {
        backend: Arc::clone(&options.client),
        server_name: options.server_name.clone(),
        groups: groups.collect(),
    };
    pieces.extend(crew.all(handshakes(&all, options, &player))?);
    for piece in pieces {
        match piece {
            Piece::Preference(version, preference) => {
                preferences.insert(version, preference);
            }
            Piece::Groups(list) => found.groups.push(list),
            Piece::Schemes(list) => found.schemes.push(list),
            Piece::Shown(shown) => {
                found.schemes.push(shown.list);
                found.unseen = shown.unseen;
                chains.extend(shown.chains);
            }
            Piece::Fallback(known) => found.fallback_scsv = known,
            Piece::Compression(known) => found.compression = known,
            Piece::Id(known) => found.resumption.id = known,
            Piece::Ticket(known) => found.resumption.ticket = known,
            Piece::Psk(known) => found.resumption.psk = known,
            Piece::Confirmed(session, known) => {
                found.confirmed.insert(session, known);
            }
        }
    }
    found.groups.sort_by_key(|list| list.version);
    found.schemes.sort_by_key(|list| list.version);
    found.certificates = distinct(chains);
    found.versions = all
        .into_iter()
        .map(|accepted| {
            let preference = preferences.remove(&accepted.version).unwrap_or(Preference::Single);
            (accepted.version, (accepted, preference))
        })
        .collect();
    Ok(())
}

/// A part of what is asked once the suites are known.
enum Piece {
    Preference(ProtocolVersion, Preference),
    Groups(Listed<NamedGroup>),
    Schemes(Listed<SignatureScheme>),
    Shown(Shown),
    Fallback(Known<bool>),
    Compression(Known<bool>),
    Id(Known<bool>),
    Ticket(Known<bool>),
    Psk(Known<bool>),
    Confirmed((ProtocolVersion, CipherSuite), Known<bool>),
}

fn accepted(all: &[Accepted]) -> impl Iterator<Item = &Accepted> {
    all.iter().filter(|found| !found.suites.is_empty())
}

/// The newest accepted version that is wanted.
fn newest(all: &[Accepted], wanted: impl Fn(&Accepted) -> bool) -> Option<&Accepted> {
    accepted(all).filter(|found| wanted(found)).max_by_key(|found| found.version)
}

fn is_old(found: &Accepted) -> bool {
    signals::OLD.contains(&found.version)
}

/// What first flights show.
fn details<'t>(all: &'t [Accepted], options: &'t Options) -> Vec<Task<'t, Piece>> {
    let name = options.server_name.as_deref();
    let tls13 = newest(all, |found| !is_old(found));
    let tls12 = newest(all, |found| found.version == ProtocolVersion::TLS1_2);
    let curved =
        newest(all, |found| is_old(found) && found.proposed.iter().any(|proposed| proposed.group.is_some()));
    let mut tasks: Vec<Task<'t, Piece>> = Vec::new();
    for found in accepted(all) {
        tasks.push(Box::new(move |asker| Piece::Preference(found.version, preference(asker, found, name))));
    }
    if options.suites_only {
        return tasks;
    }
    for found in curved.into_iter().chain(tls13) {
        tasks.push(Box::new(move |asker| Piece::Groups(lists::groups(asker, found, name))));
    }
    if let Some(found) = tls12 {
        tasks.push(Box::new(move |asker| Piece::Schemes(lists::schemes(asker, found, name))));
    }
    tasks.push(Box::new(move |asker| Piece::Fallback(signals::fallback_scsv(asker, all, name))));
    tasks.push(Box::new(move |asker| Piece::Compression(signals::compression(asker, all, name))));
    tasks
}

/// What only completed handshakes show.
fn handshakes<'t>(all: &'t [Accepted], options: &Options, player: &'t Player) -> Vec<Task<'t, Piece>> {
    let mut tasks: Vec<Task<'t, Piece>> = Vec::new();
    let tls13 = newest(all, |found| !is_old(found));
    if let Some(found) = tls13.filter(|_| !options.suites_only) {
        tasks.push(Box::new(move |asker| Piece::Shown(player.schemes(asker, found))));
    }
    for found in accepted(all).filter(|_| options.confirm) {
        for &suite in &found.suites {
            tasks.push(Box::new(move |asker| {
                Piece::Confirmed((found.version, suite), player.confirm(asker, found.version, suite))
            }));
        }
    }
    if options.suites_only {
        return tasks;
    }
    let ids = Resumption { ids: true, tickets: false };
    let tickets = Resumption { ids: false, tickets: true };
    let tls13 = ProtocolVersion::TLS1_3..=ProtocolVersion::TLS1_3;
    type Row = (RangeInclusive<ProtocolVersion>, Resumption, &'static str, fn(Known<bool>) -> Piece);
    let rows: [Row; 3] = [
        (signals::OLD, ids, signals::NO_OLD_VERSION, Piece::Id),
        (signals::WITH_EXTENSIONS, tickets, signals::NO_EXTENSIONS, Piece::Ticket),
        (tls13, tickets, "no TLS 1.3", Piece::Psk),
    ];
    for (versions, by, moot, piece) in rows {
        tasks.push(Box::new(move |asker| {
            piece(match newest(all, |found| versions.contains(&found.version)) {
                Some(found) => player.resumption(asker, found, by),
                None => signals::without(all, versions, moot),
            })
        }));
    }
    tasks
}

/// The chains with different leaves.
fn distinct(mut chains: Vec<Chain>) -> Vec<Chain> {
    let mut seen = BTreeSet::new();
    chains.retain(|chain| seen.insert(chain.leaf));
    chains
}
