//! What every handshake and refusal of the benches sends and allocates, against `benches/golden.txt`.
//!
//! `make bench-golden` writes the file; its difference is reviewed like code.

#[path = "golden/allocations.rs"]
mod allocations;

use std::path::Path;
use std::sync::Arc;

use allocations::calls;
use shakedown::bench::golden::{Difference, FIGURES, Figures, Golden, conditions};
use shakedown::bench::{Cell, Cost, Exchange, Keys, Kind, NoRefusal, Pair, Reason, Refusal, Unfit};
use shakedown::engine::{Backend, CannotPlay, EndpointSpec, Engine, Prepared, Role, backends};
use shakedown::pki::CertificateKind;
use shakedown::registry::{KeyAlgorithm, ProtocolVersion};

const TITLE: &str = "\
# What handshakes and refusals send and allocate: `cargo test --test golden` compares, `make bench-golden` writes.
# Bytes with signatures and public values at their longest; calls for memory at their least, from opening an end to its last step.
";

fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/golden.txt")
}

/// Handshakes after which the longest was among them, but for one run in millions: an ECDSA signature is at its longest in one
/// of four, two of them in one of sixteen, and a public value of a finite field in all but one of 256.
fn handshakes_of(cell: Cell) -> usize {
    let is_ecdsa = cell.certificate.key().algorithm() == KeyAlgorithm::Ecdsa;
    match cell.kind {
        Kind::Full if is_ecdsa => 64,
        Kind::Mutual if is_ecdsa => 256,
        // The big numbers are not asked for as often each time.
        _ if cell.exchange == Exchange::Dhe2048 => 64,
        _ => 8,
    }
}

fn costs(times: usize, mut once: impl FnMut() -> Cost) -> Vec<Cost> {
    // Memory that is kept from the first one on is not asked for again.
    once();
    (0..times).map(|_| once()).collect()
}

fn figures_of(pair: &Pair, cell: Cell) -> Figures {
    Figures::of(&costs(handshakes_of(cell), || pair.measure(&calls).unwrap())).unwrap()
}

/// The rows of one stack.
fn rows_of(backend: &dyn Backend, openssl: &dyn Backend, keys: &Keys) -> Vec<(String, Figures)> {
    let mut rows = Vec::new();
    for cell in Cell::all() {
        match Pair::prepare(backend, openssl, cell, keys) {
            Ok(pair) => rows.push((format!("{}/{cell}", backend.id()), figures_of(&pair, cell))),
            Err(Unfit::CannotPlay(_) | Unfit::Unsteady { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    for reason in Reason::ALL {
        match Refusal::prepare(backend, openssl, reason, keys) {
            Ok(refusal) => {
                // The other side's signature is in it.
                let costs = costs(64, || refusal.measure(&calls).unwrap());
                rows.push((format!("{}/refusal/{reason}", backend.id()), Figures::of(&costs).unwrap()));
            }
            Err(NoRefusal::CannotPlay(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    rows
}

fn measured() -> Golden {
    let (stacks, keys) = (backends(), Keys::fixed());
    let openssl = &*stacks["openssl"];
    let mut golden = Golden { conditions: conditions(), ..Golden::default() };
    // Calls are counted by thread.
    std::thread::scope(|scope| {
        let start = |backend: &Arc<dyn Backend>| {
            let (backend, keys) = (Arc::clone(backend), &keys);
            scope.spawn(move || rows_of(&*backend, openssl, keys))
        };
        let threads: Vec<_> = stacks.values().map(start).collect();
        for (row, figures) in threads.into_iter().flat_map(|thread| thread.join().unwrap()) {
            golden.insert(row, &figures);
        }
    });
    golden
}

/// The file, and its row of one cell alone.
fn golden_row(row: &str) -> Golden {
    let mut golden = Golden::parse(&std::fs::read_to_string(file()).unwrap(), &FIGURES).unwrap();
    golden.rows.retain(|name, _| name == row);
    assert_eq!(golden.rows.len(), 1, "{row}");
    golden
}

#[test]
fn figures_are_those_of_the_file() {
    let now = measured();
    if std::env::var_os("SHAKEDOWN_WRITE_GOLDEN").is_some() {
        std::fs::write(file(), now.print(TITLE, &FIGURES)).unwrap();
        return;
    }
    let golden = Golden::parse(&std::fs::read_to_string(file()).unwrap(), &FIGURES).unwrap();
    if !golden.is_comparable(&now) {
        eprintln!(
            "allocations are not compared: written under {}, here {}",
            golden.conditions, now.conditions
        );
    }
    let differences: Vec<String> =
        golden.differences(&now, &FIGURES).iter().map(Difference::to_string).collect();
    assert!(
        differences.is_empty(),
        "{} figures differ from benches/golden.txt; if that is meant, `make bench-golden` and review:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

const CELL: Cell = Cell {
    version: ProtocolVersion::TLS1_3,
    exchange: Exchange::X25519,
    certificate: CertificateKind::EcdsaP256,
    kind: Kind::Full,
};

/// What `differences` says where a row is measured as something else than it was.
fn changed(before: &Figures, after: &Figures) -> Vec<String> {
    let golden = |figures| {
        let mut golden = Golden { conditions: conditions(), ..Golden::default() };
        golden.insert("row".to_owned(), figures);
        golden
    };
    golden(before).differences(&golden(after), &FIGURES).iter().map(Difference::to_string).collect()
}

/// A stack that asks for memory once more than it needs to, when a connection is opened.
struct Wasteful(Arc<dyn Backend>);

struct WastefulEnd(Box<dyn Prepared>);

impl Backend for Wasteful {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn version(&self) -> String {
        self.0.version()
    }

    fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
        Ok(Box::new(WastefulEnd(self.0.prepare(role, spec)?)))
    }
}

impl Prepared for WastefulEnd {
    fn open(&self) -> Result<Box<dyn Engine>, CannotPlay> {
        drop(std::hint::black_box(Box::new(0_u8)));
        self.0.open()
    }
}

#[test]
fn one_more_allocation_is_seen() {
    let (stacks, keys) = (backends(), Keys::fixed());
    for stack in stacks.values() {
        let wasteful = Wasteful(Arc::clone(stack));
        let figures = |backend: &dyn Backend| {
            figures_of(&Pair::prepare(backend, &*stacks["openssl"], CELL, &keys).unwrap(), CELL)
        };
        let (before, after) = (figures(&**stack), figures(&wasteful));
        let (client, server) = (before.client_allocations, before.server_allocations);
        let differences = changed(&before, &after);
        let said = |column, count| format!("row: {column}-allocations {count} -> {} (", count + 1);
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].starts_with(&said("client", client)), "{differences:?}");
        assert!(differences[1].starts_with(&said("server", server)), "{differences:?}");
    }
}

#[test]
fn another_group_or_certificate_is_seen() {
    let (stacks, keys) = (backends(), Keys::fixed());
    for stack in stacks.values() {
        let figures =
            |cell| figures_of(&Pair::prepare(&**stack, &*stacks["openssl"], cell, &keys).unwrap(), cell);
        let golden = golden_row(&format!("{}/{CELL}", stack.id()));
        for other in [
            Cell { exchange: Exchange::P256, ..CELL },
            Cell { exchange: Exchange::X25519MlKem768, ..CELL },
            Cell { certificate: CertificateKind::EcdsaP384, ..CELL },
            Cell { certificate: CertificateKind::Rsa2048, ..CELL },
        ] {
            let mut now = Golden::default();
            now.insert(format!("{}/{CELL}", stack.id()), &figures(other));
            let differences: Vec<String> =
                golden.differences(&now, &FIGURES).iter().map(Difference::to_string).collect();
            let column = if other.exchange == CELL.exchange { "to-client" } else { "to-server" };
            assert!(differences.iter().any(|text| text.contains(column)), "{other}: {differences:?}");
        }
    }
}
