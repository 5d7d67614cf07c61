//! Runs of the harness inside the test: any client, any cases, the events as values.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use shakedown::client::{Adapter, Detected, Room, detect};
use shakedown::engine::{Backend, backends};
use shakedown::pki::Pki;
use shakedown::run::catalogue::Catalogue;
use shakedown::run::client::Client;
use shakedown::run::controls::Canaries;
use shakedown::run::events::{CaseFinished, Event};
use shakedown::run::play::Ground;
use shakedown::run::runner::{self, Plan, Sink};
use shakedown::scenario::{Case, embedded};
use tokio::sync::watch;
use wildmatch::WildMatch;

/// What a run of one client told.
#[derive(Default)]
pub struct Told {
    /// Certificate name to `completed` or why not.
    pub controls: BTreeMap<String, String>,
    pub cases: BTreeMap<String, CaseFinished>,
}

impl Told {
    pub fn has_good_controls(&self) -> bool {
        !self.controls.is_empty() && self.controls.values().all(|word| word == "completed")
    }

    /// The codes of all findings, with the cases that have them.
    pub fn findings(&self) -> BTreeMap<String, Vec<&str>> {
        let mut found = BTreeMap::<String, Vec<&str>>::new();
        for (id, case) in &self.cases {
            for finding in &case.findings {
                found.entry(finding.code.to_string()).or_default().push(id);
            }
        }
        found
    }
}

impl Sink for Told {
    fn event(&mut self, event: &Event) -> std::io::Result<()> {
        match event {
            Event::Client(client) => self.controls.clone_from(&client.controls),
            Event::CaseFinished(case) => _ = self.cases.insert(case.case.clone(), (**case).clone()),
            Event::RunStarted(_) | Event::RunFinished(_) => {}
        }
        Ok(())
    }

    fn played(&mut self, _client: &str) {}
}

/// A place to play: keys, backends, the data, and the adapters' files.
pub struct Stand {
    pub catalogue: Catalogue,
    pki: Arc<Pki>,
    backends: BTreeMap<&'static str, Arc<dyn Backend>>,
}

impl Stand {
    pub fn new(overlay: &[(&str, &str)]) -> Self {
        let overlay: Vec<_> = overlay.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect();
        let catalogue = Catalogue::load(&overlay).unwrap();
        Self { catalogue, pki: Arc::new(Pki::mint().unwrap()), backends: backends() }
    }

    pub fn adapter(&self, name: &str) -> &Adapter {
        self.catalogue.adapters.iter().find(|a| a.name == name).expect("an adapter of ours")
    }

    pub fn cases(&self, globs: &[&str]) -> Vec<Case> {
        let globs: Vec<WildMatch> = globs.iter().map(|glob| WildMatch::new(glob)).collect();
        let all = self.catalogue.cases.iter();
        let cases: Vec<Case> =
            all.filter(|case| globs.iter().any(|g| g.matches(&case.id))).cloned().collect();
        assert!(!cases.is_empty(), "no case matches");
        cases
    }

    /// Plays the cases with a found client and the arguments of a fix.
    pub async fn play(&self, adapter: &Adapter, found: &Detected, fix: &[String], cases: Vec<Case>) -> Told {
        let room = Room::new(&self.pki, false).unwrap();
        let files = embedded::files_below("adapters").map(|(path, text)| (&path["adapters/".len()..], text));
        let folder: PathBuf = room.extract_adapters(files).unwrap();
        let client = Client::adapted(adapter, found, &folder, fix.to_vec());
        let (_interrupt, interrupted) = watch::channel(false);
        let ground = Arc::new(Ground::new(room, Duration::from_secs(10), interrupted));
        let of = |name: &str| Arc::clone(&self.backends[name]);
        let canaries = Canaries::new(of("openssl"), of("rustls"), Arc::new(self.pki.ca_der().to_vec()));
        let plan = Plan {
            clients: vec![client],
            cases,
            floor: self.catalogue.floor("aws").unwrap().clone(),
            checks: self.catalogue.checks.clone(),
            backend: of("openssl"),
            jobs: 1, // the tests themselves run beside each other
            seed: 1,
            tier: "core".to_owned(),
            gates: true,
            filter: Some("chosen by the test".to_owned()),
            shard: None,
            strict: false,
            evidence: None,
            known: None,
            baseline: None,
            catalogue: Vec::new(),
            versions: BTreeMap::new(),
        };
        let mut told = Told::default();
        runner::run(plan, ground, Arc::clone(&self.pki), Arc::new(canaries), &mut told).await.unwrap();
        told
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

/// Every client found, by adapter; looked for once. Prints what is missing: CI checks apart that nothing is.
pub fn found() -> &'static BTreeMap<String, Vec<Detected>> {
    static FOUND: OnceLock<BTreeMap<String, Vec<Detected>>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let adapters = Catalogue::load(&[]).unwrap().adapters;
        // The test's own runtime may be running on this thread.
        let search = std::thread::spawn(move || {
            block_on(async {
                let mut found = BTreeMap::new();
                for adapter in &adapters {
                    found.insert(adapter.name.clone(), detect(adapter).await);
                }
                found
            })
        });
        search.join().unwrap()
    })
}

/// The clients of an adapter that are cheap enough to be played: the first, and what the system brings.
pub fn some_of(adapter: &str) -> Vec<&'static Detected> {
    let all = &found()[adapter];
    if all.is_empty() {
        println!("skipped: {adapter} not installed");
    }
    let is_systems =
        |d: &Detected| d.program.starts_with("/usr/bin") || d.program.starts_with("/usr/lib/jvm");
    all.iter().enumerate().filter(|(i, d)| *i == 0 || is_systems(d)).map(|(_, d)| d).collect()
}
