//! What is attacked: the cells that agree on the one thing that both ends have, and wide ones, where there is something
//! to be talked down to.

use std::sync::OnceLock;

use crate::engine::{EndpointSpec, Role};
use crate::fuzzing::cell::{
    Cell, ED, Plan, RSA, Recorded, Stack, V10, V11, V12, V13, X25519, backend, cell, identity, plan,
};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};

use super::drive::{Outcome, drive};

/// A cell with what comes of it when nobody attacks.
pub(super) struct Pair {
    pub name: String,
    pub cell: &'static Cell,
    pub honest: Outcome,
}

use Stack::{OpenSsl as O, Rustls as R};

/// Both ends of a wide pair, and what they agree on.
struct Wide {
    plan: Plan,
    client: &'static [ProtocolVersion],
    server: &'static [ProtocolVersion],
    /// The server has no group of the client's first key share, and asks for another one (RFC 8446 4.1.4).
    retry: bool,
}

const P384: Option<NamedGroup> = Some(NamedGroup::SECP384R1);
const ALL: &[ProtocolVersion] = &[V10, V11, V12, V13];
const OLD: &[ProtocolVersion] = &[V10, V11, V12];
const NEW: &[ProtocolVersion] = &[V12, V13];

/// The plans that are attacked: the first ones, in which nothing but what is agreed on differs. Inputs and saved edit lists
/// name a pair by its place among them.
pub(super) const SINGLE: usize = 67;

/// New ones go to the end: inputs name a pair by its place.
const WIDE: &[Wide] = &[
    Wide { plan: plan((O, O), V13, 0x1301, X25519, RSA), client: ALL, server: ALL, retry: false },
    Wide { plan: plan((O, O), V12, 0xC02F, X25519, RSA), client: OLD, server: ALL, retry: false },
    Wide { plan: plan((O, O), V12, 0xC02F, X25519, RSA), client: ALL, server: OLD, retry: false },
    Wide { plan: plan((R, R), V13, 0x1301, X25519, ED), client: NEW, server: NEW, retry: false },
    Wide { plan: plan((R, R), V12, 0xC02B, X25519, ED), client: NEW, server: &[V12], retry: false },
    Wide { plan: plan((R, O), V13, 0x1301, X25519, RSA), client: NEW, server: ALL, retry: false },
    Wide { plan: plan((O, R), V13, 0x1301, X25519, ED), client: ALL, server: NEW, retry: false },
    Wide { plan: plan((O, O), V13, 0x1301, P384, RSA), client: ALL, server: ALL, retry: true },
    Wide { plan: plan((R, R), V13, 0x1301, P384, ED), client: NEW, server: NEW, retry: true },
    Wide { plan: plan((R, O), V13, 0x1301, P384, RSA), client: NEW, server: ALL, retry: true },
    Wide { plan: plan((O, R), V13, 0x1301, P384, ED), client: ALL, server: NEW, retry: true },
];

/// With forward secrecy and without, authenticated and not: what an attacker would like to have chosen stands last.
const SUITES: [u16; 14] = [
    0x1301, 0x1302, 0x1303, 0xC02F, 0xC030, 0xC02B, 0xC013, 0x009E, 0x0033, 0x009C, 0x002F, 0x0005, 0x0034,
    0x003B,
];
/// What rustls has of them.
const STRONG: [u16; 6] = [0x1301, 0x1302, 0x1303, 0xC02F, 0xC030, 0xC02B];
const GROUPS: [NamedGroup; 3] = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1];

/// The first bit of an input's first byte asks for a wide pair.
const WIDE_BIT: u8 = 0x80;

/// How an input names each pair.
pub(super) fn numbers() -> impl Iterator<Item = u8> {
    let number = |at: usize| u8::try_from(at).ok().filter(|at| at & WIDE_BIT == 0);
    let single = (0..SINGLE).filter_map(number);
    single.chain((0..WIDE.len()).filter_map(number).map(|at| at | WIDE_BIT))
}

/// The pair of that number; built when it is first asked for.
pub(super) fn pair(number: u8) -> &'static Pair {
    static KEPT: OnceLock<Vec<OnceLock<Pair>>> = OnceLock::new();
    let kept = KEPT.get_or_init(|| (0..SINGLE + WIDE.len()).map(|_| OnceLock::new()).collect());
    let at = usize::from(number & !WIDE_BIT);
    if number & WIDE_BIT == 0 {
        let at = at % SINGLE;
        kept[at].get_or_init(|| of(cell(at), at, ""))
    } else {
        let at = at % WIDE.len();
        kept[SINGLE + at].get_or_init(|| of(Box::leak(Box::new(build(&WIDE[at]))), at, "wide-"))
    }
}

/// The number of the pair of that name.
pub(super) fn by_name(name: &str) -> Option<u8> {
    numbers().find(|number| pair(*number).name == name)
}

/// # Panics
/// If the honest handshake is not completed: then no target of this build means anything.
fn of(cell: &'static Cell, at: usize, prefix: &str) -> Pair {
    let plan = cell.plan;
    let stacks = format!("{:?}-{:?}", plan.client, plan.server).to_lowercase();
    let name = format!("{prefix}{stacks}-{}-{:04x}-{at}", plan.version, plan.suite.0);
    let (honest, _) = drive(cell, &[]);
    assert!(honest.is_complete(), "{name}: the honest handshake is not completed: {honest:?}");
    let said = honest.client.negotiated;
    assert!(said == Some((plan.version, plan.suite)), "{name}: honest ends agree on {said:?}");
    Pair { name, cell, honest }
}

fn build(wide: &'static Wide) -> Cell {
    let Wide { plan, client, server, retry } = wide;
    let prepare = |stack: Stack, role: Role, spec: &EndpointSpec| {
        backend(stack).prepare(role, spec).unwrap_or_else(|error| panic!("{plan:?}: {error}"))
    };
    let spec = |stack: Stack, versions: &[ProtocolVersion]| EndpointSpec {
        versions: versions.to_vec(),
        suites: match stack {
            O => SUITES.map(CipherSuite).to_vec(),
            R => STRONG.map(CipherSuite).to_vec(),
        },
        groups: GROUPS.to_vec(),
        dh_bits: 2048,
        ..EndpointSpec::default()
    };
    let identities = plan.key.and_then(identity).into_iter().collect();
    let schemes = match (plan.server, plan.key) {
        // What it signs without random numbers of its own.
        (R, _) => vec![SignatureScheme::ED25519],
        (O, _) => Vec::new(),
    };
    let groups = if *retry { vec![NamedGroup::SECP384R1] } else { GROUPS.to_vec() };
    let server_spec =
        EndpointSpec { identities, server_order: true, schemes, groups, ..spec(plan.server, server) };
    let client_spec =
        EndpointSpec { server_name: "localhost".to_owned(), trust: None, ..spec(plan.client, client) };
    let mut cell = Cell {
        plan,
        client: prepare(plan.client, Role::Client, &client_spec),
        server: prepare(plan.server, Role::Server, &server_spec),
        honest: Recorded::default(),
        completing: OnceLock::new(),
    };
    let (honest, _) = drive(&cell, &[]);
    cell.honest = Recorded { to_server: honest.server.arrived, to_client: honest.client.arrived };
    cell
}
