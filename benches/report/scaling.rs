//! What becomes of the figures as threads and cases grow.

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shakedown::bench::{Pair, median};
use shakedown::client::Room;
use shakedown::engine::backends;
use shakedown::judge::Verdict;
use shakedown::pki::Pki;
use shakedown::run::catalogue::Catalogue;
use shakedown::run::client::Client;
use shakedown::run::controls::Canaries;
use shakedown::run::events::{Event, RunFinished};
use shakedown::run::play::Ground;
use shakedown::run::runner::{self, Plan, Sink};
use shakedown::scenario::{Case, Tier};
use tokio::sync::watch;

use super::page::{section, table};
use super::peers::version;
use super::plot::{Line, Plots};
use super::rounds::{figure, ratio, with_spread};
use super::servers::{BACKENDS, pairs};

const THREADS: usize = 2;

/// Handshakes per second on one thread and on two, beside `openssl speed -multi`, which shares nothing between its processes.
pub fn threads(out: &mut String, rounds: usize, slice: Duration) {
    section(
        out,
        "Two threads",
        "Full handshakes (TLS 1.3, X25519, ECDSA P-256) in memory, both ends on each thread, all threads with the same prepared ends; \
         beside it signatures of `openssl speed -seconds 1 -multi N ecdsap256`, as processes. In turns within each round.",
    );
    let keys = shakedown::bench::Keys::fixed();
    let pairs = pairs(shakedown::pki::CertificateKind::EcdsaP256, &keys);
    let mut rates: Vec<[Vec<f64>; THREADS]> = BACKENDS.map(|_| Default::default()).into();
    let has_openssl = version("openssl", "version").is_some();
    let mut speed: [Vec<f64>; THREADS] = Default::default();
    for _ in 0..rounds {
        for count in 1..=THREADS {
            for (pair, rates) in pairs.iter().zip(&mut rates) {
                rates[count - 1].push(handshakes_per_second(pair, count, slice));
            }
            if has_openssl {
                speed[count - 1].push(signatures_per_second(count));
            }
        }
    }
    let row = |name: String, rates: &[Vec<f64>; THREADS]| {
        let gain = ratio(&rates[1], &rates[0]);
        let share = gain / ratio(&speed[1], &speed[0]);
        let share = if has_openssl { format!("{share:.2}") } else { "-".to_owned() };
        vec![name, with_spread(&rates[0]), with_spread(&rates[1]), format!("{gain:.2}"), share]
    };
    let mut rows: Vec<Vec<String>> =
        BACKENDS.iter().zip(&rates).map(|(id, rates)| row(format!("`{id}`"), rates)).collect();
    if has_openssl {
        rows.push(row("`openssl speed -multi`".to_owned(), &speed));
    } else {
        out.push_str("Absent on this machine: `openssl`.\n\n");
    }
    table(out, &["", "1 thread, 1/s", "2 threads, 1/s", "speed-up", "of `openssl speed`'s"], &rows);
}

fn handshakes_per_second(pair: &Pair, threads: usize, slice: Duration) -> f64 {
    let done = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while began.elapsed() < slice {
                    pair.handshake().expect("it was completed when it was prepared");
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.into_inner() as f64 / began.elapsed().as_secs_f64()
}

/// The line for machines is `+F4:3:256:SIGNATURES PER SECOND:VERIFICATIONS PER SECOND`.
fn signatures_per_second(processes: usize) -> f64 {
    let output = Command::new("openssl")
        .args(["speed", "-mr", "-seconds", "1", "-multi", &processes.to_string(), "ecdsap256"])
        .output()
        .expect("openssl starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("+F4:"));
    let rate = line.and_then(|line| line.split(':').nth(3)?.parse().ok());
    rate.unwrap_or_else(|| panic!("openssl speed tells something else: {text}"))
}

/// Keeps how the run ended, and whether every case came to a verdict.
#[derive(Default)]
struct Last {
    finished: Option<RunFinished>,
    judged: usize,
}

impl Sink for Last {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            Event::CaseFinished(case) if matches!(case.verdict, Verdict::Pass | Verdict::Warn) => {
                self.judged += 1
            }
            Event::RunFinished(finished) => self.finished = Some(finished.clone()),
            _ => {}
        }
        Ok(())
    }

    fn played(&mut self, _: &str) {}
}

/// Processor time of a case as a run grows.
pub fn cases(out: &mut String, plots: &Plots, rounds: usize, sizes: &[usize]) {
    section(
        out,
        "As a run grows",
        "`check` with the rustls client in this process and one job: the cases of tier core, repeated under distinct ids. Processor \
         time of the whole run divided by its cases; and what each case adds to a run that has the tier once, so that starting and the \
         controls, which every run has once, are not in it. Each case has its canary. Keys are minted beforehand.",
    );
    let world = World::new();
    // Mints the keys that the cases need: finding primes takes as long as luck has it.
    world.run(world.core.len());
    let mut micros: Vec<Vec<f64>> = sizes.iter().map(|_| Vec::new()).collect();
    let mut more = micros.clone();
    let mut resident = vec![0.0; sizes.len()];
    for _ in 0..rounds {
        let (once, _) = world.run(world.core.len());
        for (at, size) in sizes.iter().enumerate() {
            let (all, peak) = world.run(*size);
            micros[at].push(all / *size as f64);
            more[at].push((all - once) / (size - world.core.len()) as f64);
            resident[at] = peak;
        }
    }
    let rows: Vec<Vec<String>> = sizes
        .iter()
        .enumerate()
        .map(|(at, size)| {
            vec![
                size.to_string(),
                with_spread(&micros[at]),
                with_spread(&more[at]),
                format!("{:.2}", ratio(&more[at], &more[0])),
                figure(resident[at]),
            ]
        })
        .collect();
    table(
        out,
        &[
            "cases",
            "processor µs a case",
            "µs a case beyond the tier",
            "to the first row",
            "largest resident set, MiB",
        ],
        &rows,
    );
    let points = sizes.iter().zip(&more).map(|(size, micros)| (*size as f64, median(micros))).collect();
    let line = Line { name: "check, rustls in process".to_owned(), points };
    plots.lines(out, "cases.svg", "Processor time of a case", ["cases", "µs"], &[line]);
}

/// Of this process, in which the whole run is.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.try_into().expect("it does not run backwards")
}

struct World {
    catalogue: Catalogue,
    core: Vec<Case>,
    pki: Arc<Pki>,
}

impl World {
    fn new() -> Self {
        let catalogue = Catalogue::load(&[]).expect("it is read by the tests");
        let core = catalogue.cases.iter().filter(|case| case.tier == Tier::Core).cloned().collect();
        Self { catalogue, core, pki: Arc::new(Pki::mint().expect("keys")) }
    }

    /// Microseconds of processor time, and MiB of the largest resident set.
    fn run(&self, size: usize) -> (f64, f64) {
        // The largest resident set is from here on (proc(5), clear_refs).
        std::fs::write("/proc/self/clear_refs", "5").expect("Linux takes it");
        let before = processor_time();
        let core = self.core.iter().cycle().take(size).enumerate();
        let cases: Vec<Case> =
            core.map(|(at, case)| Case { id: format!("{}#{at}", case.id), ..case.clone() }).collect();
        let backends = backends();
        let pki = Arc::clone(&self.pki);
        let ca = Arc::new(pki.ca_der().to_vec());
        let (openssl, rustls) = (Arc::clone(&backends["openssl"]), Arc::clone(&backends["rustls"]));
        let canaries = Arc::new(Canaries::new(Arc::clone(&openssl), Arc::clone(&rustls), Arc::clone(&ca)));
        let plan = Plan {
            clients: vec![Client::rustls(rustls, ca)],
            cases,
            floor: self.catalogue.floor("aws").expect("it is built in").clone(),
            checks: self.catalogue.checks.clone(),
            backend: openssl,
            jobs: 1,
            seed: 1,
            tier: "core".to_owned(),
            gates: true,
            filter: Some("repeated".to_owned()),
            shard: None,
            strict: false,
            evidence: None,
            known: None,
            baseline: None,
            catalogue: Vec::new(),
            versions: BTreeMap::new(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let mut last = Last::default();
        runtime.expect("a runtime").block_on(async {
            let room = Room::new(&pki, false).expect("a room");
            let (_interrupt, interrupted) = watch::channel(false);
            let ground = Arc::new(Ground::new(room, Duration::from_secs(10), interrupted));
            runner::run(plan, ground, Arc::clone(&pki), canaries, &mut last)
                .await
                .expect("nothing is written");
        });
        assert_eq!(last.judged, size, "every case comes to a verdict that is no failure");
        let micros = (processor_time() - before).as_secs_f64() * 1e6;
        (micros, last.finished.expect("a run ends").peak_rss_mib)
    }
}
