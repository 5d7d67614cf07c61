//! Instructions of every handshake and refusal, both ends together, as callgrind counts them, against
//! `benches/instructions.txt`. `make bench-instructions` compares, `make bench-golden` writes.
//!
//! Where a stack can be given known random numbers it is; what is left to chance is small, and the median of a few handshakes
//! is taken. A count holds for one processor's instruction set, compiler and version of the libraries: elsewhere it
//! is reported and not compared. `SHAKEDOWN_WASTE=1` in the environment does 1 % more than is needed, to see it found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;

use shakedown::bench::golden::{Golden, INSTRUCTIONS, conditions};
use shakedown::bench::{Cell, Keys, NoRefusal, Pair, Reason, Refusal, Unfit, clock};
use shakedown::engine::openssl::OpenSsl;
use shakedown::engine::rustls::Rustls;
use shakedown::engine::seeded::Seeded;
use shakedown::engine::{Backend, CannotPlay, EndpointSpec, Engine, Prepared, Role, backends};

const TITLE: &str = "\
# Instructions of one handshake or refusal, client and server together, release build, callgrind:
# `make bench-instructions` compares, `make bench-golden` writes.
";

/// How many handshakes of a row are counted; the median is taken. More where aws-lc signs with ECDSA, whose inversion takes as long
/// as it takes; and RSA blinds anew every few dozen times.
fn times(row: &str) -> usize {
    let is_known = row.starts_with("openssl");
    if is_known || row.contains("/rsa") || row.contains("ed25519") { 5 } else { 15 }
}

/// Set in the process that runs under valgrind.
const CHILD: &str = "SHAKEDOWN_UNDER_VALGRIND";

fn main() -> ExitCode {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    if std::env::var_os(CHILD).is_some() {
        let mut arguments = std::env::args().skip(1);
        let (group, filter) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
        run_all(&|row| row.starts_with(&group) && row.contains(&filter));
        // So that callgrind leaves a file for the last one, too.
        counted_handshake(&mut || (), 0);
        return ExitCode::SUCCESS;
    }
    if has("--test") || !has("--bench") {
        // That everything is what it says; counting takes minutes.
        run_all(&|row| row.contains("x25519/ecdsa-p256") || row.contains("refusal"));
        return ExitCode::SUCCESS;
    }
    let Ok(version) = Command::new("valgrind").arg("--version").output() else {
        println!("not counted: valgrind is missing (`make setup-bench`)");
        return ExitCode::FAILURE;
    };
    let valgrind = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let now = Golden { conditions: format!("{}, {valgrind}", conditions()), rows: counted(&filter) };
    if std::env::var_os("SHAKEDOWN_WRITE_GOLDEN").is_some() {
        std::fs::write(file(), now.print(TITLE, &INSTRUCTIONS)).expect("the file can be written");
        println!("{} rows written", now.rows.len());
        return ExitCode::SUCCESS;
    }
    let mut golden = golden();
    golden.rows.retain(|row, _| row.contains(&filter));
    if !golden.is_comparable(&now) {
        println!("{}", now.print("", &INSTRUCTIONS));
        println!(
            "not compared: benches/instructions.txt was written under other conditions:\n  {}",
            golden.conditions
        );
    }
    let differences = golden.differences(&now, &INSTRUCTIONS);
    differences.iter().for_each(|difference| println!("{difference}"));
    println!("{} rows, {} differ", now.rows.len(), differences.len());
    if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.txt")
}

fn golden() -> Golden {
    let text = std::fs::read_to_string(file()).expect("the file is in the repository");
    Golden::parse(&text, &INSTRUCTIONS).expect("it was written by this")
}

/// The beginnings of rows that are counted in a process of their own. Chance changes the heap, and through it what comes later in
/// the same process: by less than a percent, but the small refusals show it.
const GROUPS: [&str; 6] =
    ["openssl/TLS", "rustls/TLS", "s2n/TLS", "openssl/refusal", "rustls/refusal", "s2n/refusal"];

fn counted(filter: &str) -> BTreeMap<String, Vec<u64>> {
    std::thread::scope(|scope| {
        // The first group takes as long as all others.
        let (first, others) = GROUPS.split_at(1);
        let lanes = [first, others].map(|groups| {
            scope.spawn(move || {
                groups.iter().flat_map(|group| counted_group(group, filter)).collect::<Vec<_>>()
            })
        });
        lanes.into_iter().flat_map(|lane| lane.join().expect("it tells what it misses")).collect()
    })
}

/// This program under callgrind: it prints the name of each row before what is counted of it, and callgrind leaves a file per
/// call of `counted_handshake`.
fn counted_group(group: &str, filter: &str) -> BTreeMap<String, Vec<u64>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let itself = std::env::current_exe().expect("it runs");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--collect-atstart=no", "--dump-line=no", "--quiet"])
        .args(["--toggle-collect", "--dump-before"].map(|option| format!("{option}={COUNTED}")))
        .arg(format!("--callgrind-out-file={}", folder.path().join("out").display()))
        .arg(itself)
        .args([group, filter])
        .env(CHILD, "1")
        .output()
        .expect("valgrind starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout).expect("names are ASCII");
    let mut rows = BTreeMap::new();
    let mut file = 1;
    for line in names.lines() {
        let (name, times) = line.split_once(' ').expect("a name and how often");
        let mut count = |_| {
            // What is left before a call is of the one before it; the first file is empty.
            file += 1;
            let dump = folder.path().join(format!("out.{file}"));
            let text = std::fs::read_to_string(dump).expect("callgrind leaves a file per call");
            let total = text
                .lines()
                .find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
            total.and_then(|total| total.trim().parse::<u64>().ok()).expect("callgrind sums up")
        };
        let times: usize = times.parse().expect("a number");
        let mut counts: Vec<u64> = (0..times).map(&mut count).collect();
        if std::env::var_os("SPREAD").is_some() {
            eprintln!("{name} {counts:?}");
        }
        counts.sort_unstable();
        rows.insert(name.to_owned(), vec![counts[times / 2]]);
    }
    rows
}

/// [`counted_handshake`], as callgrind names it.
const COUNTED: &str = "instructions::counted_handshake";

/// What callgrind counts.
#[inline(never)]
fn counted_handshake(once: &mut dyn FnMut(), waste: u64) {
    once();
    for _ in 0..waste / ROUND {
        std::hint::black_box(0);
    }
}

/// Instructions of one round of the loop above.
const ROUND: u64 = 3;

fn run_all(is_wanted: &dyn Fn(&str) -> bool) {
    // Read whether it is used or not: what lies on the heap shows in the small rows.
    let golden = golden();
    let keys = Keys::fixed();
    let stacks = backends();
    let openssl: Arc<dyn Backend> = Arc::new(Known(Arc::new(OpenSsl::seeded())));
    for stack in stacks.values() {
        let known: Option<Arc<dyn Backend>> = match stack.id() {
            "openssl" => Some(Arc::clone(&openssl)),
            "rustls" => Some(Arc::new(Known(Arc::new(Rustls::seeded())))),
            _ => None,
        };
        for cell in Cell::all() {
            let name = format!("{}/{cell}", stack.id());
            if !is_wanted(&name) {
                continue;
            }
            let known = known.as_ref().and_then(|known| Pair::prepare(&**known, &*openssl, cell, &keys).ok());
            match known.map_or_else(|| Pair::prepare(&**stack, &*openssl, cell, &keys), Ok) {
                Ok(pair) => count(&name, &golden, &mut || {
                    pair.handshake().expect("it was completed a moment ago");
                }),
                Err(Unfit::CannotPlay(_) | Unfit::Unsteady { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        for reason in Reason::ALL {
            let name = format!("{}/refusal/{reason}", stack.id());
            if !is_wanted(&name) {
                continue;
            }
            let stack = known.as_ref().unwrap_or(stack);
            match Refusal::prepare(&**stack, &*openssl, reason, &keys) {
                Ok(refusal) => {
                    count(&name, &golden, &mut || {
                        refusal.measure(&clock).expect("it was refused a moment ago");
                    });
                }
                Err(NoRefusal::CannotPlay(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

fn count(name: &str, golden: &Golden, once: &mut dyn FnMut()) {
    let times = times(name);
    println!("{name} {times}");
    once();
    let waste = if std::env::var_os("SHAKEDOWN_WASTE").is_some() { golden.rows[name][0] / 100 } else { 0 };
    for _ in 0..times {
        counted_handshake(once, waste);
    }
}

/// A stack with known random numbers.
struct Known(Arc<dyn Backend>);

struct KnownEnd(Box<dyn Prepared>);

impl Backend for Known {
    fn id(&self) -> &'static str {
        self.0.id()
    }

    fn version(&self) -> String {
        self.0.version()
    }

    fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
        Ok(Box::new(KnownEnd(self.0.prepare(role, spec)?)))
    }
}

impl Prepared for KnownEnd {
    fn open(&self) -> Result<Box<dyn Engine>, CannotPlay> {
        Ok(Box::new(Seeded::open(&*self.0, 6)?))
    }
}
