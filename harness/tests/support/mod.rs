//! Lays out a run as `check` does and collects what it tells.

pub mod child;
pub mod drive;
pub mod made;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, RwLock};
use std::time::Duration;

use shakedown::client::{CaseAddress, Room};
use shakedown::engine::{Backend, backends};
use shakedown::judge::{FindingCode, Verdict};
use shakedown::pki::Pki;
use shakedown::policy::Floor;
use shakedown::run::catalogue::Catalogue;
use shakedown::run::client::{Client, Play};
use shakedown::run::controls::Canaries;
use shakedown::run::events::{CaseFinished, ClientEvent, ClientTotals, Event, Expected};
use shakedown::run::play::Ground;
use shakedown::run::runner::{self, Plan, Sink};
use shakedown::scenario::{Case, Tier};
use tokio::runtime::Builder;
use tokio::sync::watch;

/// What all tests share: minting and the canary's own runs cost more than the forgers do.
pub struct World {
    pub catalogue: Catalogue,
    pub pki: Arc<Pki>,
    pub ca: Arc<Vec<u8>>,
    pub backends: BTreeMap<&'static str, Arc<dyn Backend>>,
    pub canaries: Arc<Canaries>,
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let backends = backends();
        let pki = Arc::new(Pki::mint().unwrap());
        let ca = Arc::new(pki.ca_der().to_vec());
        let (openssl, rustls) = (Arc::clone(&backends["openssl"]), Arc::clone(&backends["rustls"]));
        let canaries = Arc::new(Canaries::new(openssl, rustls, Arc::clone(&ca)));
        World { catalogue: Catalogue::load(&[]).unwrap(), pki, ca, backends, canaries }
    })
}

impl World {
    pub fn floor(&self) -> &Floor {
        self.catalogue.floor("aws").unwrap()
    }

    pub fn openssl(&self) -> &Arc<dyn Backend> {
        &self.backends["openssl"]
    }

    pub fn rustls(&self) -> &Arc<dyn Backend> {
        &self.backends["rustls"]
    }

    pub fn case(&self, id: &str) -> Case {
        let found = self.catalogue.cases.iter().find(|case| case.id == id);
        found.unwrap_or_else(|| panic!("no case {id}")).clone()
    }
}

/// The cases of tier core.
pub fn core() -> Vec<Case> {
    world().catalogue.cases.iter().filter(|case| case.tier == Tier::Core).cloned().collect()
}

pub const STATIC_RSA: &str = "client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural";
pub const STATIC_RSA_FORCED: &str = "client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+forced";
pub const OLD_VERSION: &str = "client/version/below-minimum@TLSv1.0+ECDHE+natural";
pub const OLD_VERSION_FORCED: &str = "client/version/below-minimum@TLSv1.0+ECDHE+forced";
pub const OLD_STATIC_RSA: &str = "client/version/below-minimum@TLSv1.0+RSA+natural";
pub const ANONYMOUS_FORCED: &str =
    "client/cipher/anonymous@TLSv1.2+TLS_ECDH_anon_WITH_AES_128_CBC_SHA+forced";
pub const UNENCRYPTED_FORCED: &str =
    "client/cipher/null-encryption@TLSv1.2+TLS_ECDHE_RSA_WITH_NULL_SHA+forced";
pub const STRONG: &str = "client/cipher/ecdhe@TLSv1.2+TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256+natural";
pub const UNTRUSTED: &str = "client/certificate/wrong@TLSv1.2+untrusted-issuer+natural";

/// A must-refuse case per class, each in the form in which the client itself has to decide.
pub fn one_per_class() -> Vec<Case> {
    [OLD_VERSION_FORCED, STATIC_RSA_FORCED, ANONYMOUS_FORCED, UNENCRYPTED_FORCED]
        .map(|id| world().case(id))
        .to_vec()
}

/// How a run is laid out, where a test cares.
pub struct Setting {
    pub cases: Vec<Case>,
    pub deadline: Duration,
    pub backend: Arc<dyn Backend>,
    pub canaries: Arc<Canaries>,
    pub partial: bool,
    pub strict: bool,
    pub inherit_env: bool,
    pub jobs: usize,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            cases: core(),
            deadline: Duration::from_secs(10),
            backend: Arc::clone(world().openssl()),
            canaries: Arc::clone(&world().canaries),
            partial: false,
            strict: false,
            inherit_env: false,
            jobs: 2,
        }
    }
}

/// What a run told about its only client.
#[derive(Default)]
pub struct Told {
    pub client: Option<ClientEvent>,
    pub cases: Vec<CaseFinished>,
    pub totals: ClientTotals,
    pub exit: u8,
}

impl Sink for Told {
    fn event(&mut self, event: &Event) -> std::io::Result<()> {
        match event {
            Event::Client(client) => self.client = Some(client.clone()),
            Event::CaseFinished(case) => self.cases.push((**case).clone()),
            _ => {}
        }
        Ok(())
    }

    fn played(&mut self, _: &str) {}
}

/// A forger over all cases of tier core.
pub fn forge(client: impl Fn(&CaseAddress) -> bool + Send + Sync + 'static) -> Told {
    forge_in(Setting::default(), client)
}

/// A forger over the given cases.
pub fn forge_on(cases: Vec<Case>, client: impl Fn(&CaseAddress) -> bool + Send + Sync + 'static) -> Told {
    forge_in(Setting { cases, partial: true, ..Setting::default() }, client)
}

pub fn forge_in(setting: Setting, client: impl Fn(&CaseAddress) -> bool + Send + Sync + 'static) -> Told {
    run(setting, Client::closure("forger", Arc::new(client)))
}

/// A run ends by ending every process that clients of this process have left behind, so programs run alone.
static PROGRAMS: RwLock<()> = RwLock::new(());

pub fn run(setting: Setting, client: Client) -> Told {
    let world = world();
    let (_alone, _beside) = match &client.play {
        Play::Command(_) | Play::Worker { .. } => (Some(PROGRAMS.write()), None),
        _ => (None, Some(PROGRAMS.read())),
    };
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let planned = setting.cases.len();
    let told = runtime.block_on(async {
        let room = Room::new(&world.pki, setting.inherit_env).unwrap();
        let (_interrupt, interrupted) = watch::channel(false);
        let ground = Arc::new(Ground::new(room, setting.deadline, interrupted));
        let plan = Plan {
            clients: vec![client],
            cases: setting.cases,
            floor: world.floor().clone(),
            checks: world.catalogue.checks.clone(),
            backend: setting.backend,
            jobs: setting.jobs,
            seed: 1,
            tier: "core".to_owned(),
            gates: true,
            filter: setting.partial.then(|| "chosen by the test".to_owned()),
            shard: None,
            strict: setting.strict,
            evidence: None,
            known: None,
            baseline: None,
            catalogue: Vec::new(),
            versions: BTreeMap::new(),
        };
        let mut told = Told::default();
        let pki = Arc::clone(&world.pki);
        let finished = runner::run(plan, ground, pki, setting.canaries, &mut told).await.unwrap();
        told.exit = finished.exit;
        told.totals = finished.clients.into_values().next().unwrap();
        told
    });
    // A client that hangs on purpose must not hold the test up.
    runtime.shutdown_background();
    assert_eq!(told.cases.len(), planned, "every planned case has an event");
    told
}

impl Told {
    pub fn case(&self, id: &str) -> &CaseFinished {
        self.cases.iter().find(|case| case.case == id).unwrap_or_else(|| panic!("no event for {id}"))
    }

    pub fn control(&self, key: &str) -> &str {
        &self.client.as_ref().unwrap().controls[key]
    }

    /// Every must-refuse case has this verdict, with this code among its findings.
    #[track_caller]
    pub fn all_must_refuse(&self, verdict: Verdict, code: FindingCode) {
        self.each_must_refuse(|case| {
            assert_eq!(case.verdict, verdict, "{}", show(case));
            assert!(has(case, code), "{}", show(case));
        });
    }

    #[track_caller]
    pub fn each_must_refuse(&self, check: impl Fn(&CaseFinished)) {
        let mut seen = 0;
        for case in self.cases.iter().filter(|case| case.expected == Expected::MustRefuse) {
            seen += 1;
            check(case);
        }
        assert!(seen > 0, "no must-refuse case in the run");
    }

    /// What no forger may ever get.
    #[track_caller]
    pub fn is_never_green(&self) {
        self.each_must_refuse(|case| {
            assert!(!matches!(case.verdict, Verdict::Pass | Verdict::Warn), "{}", show(case));
        });
        self.client_is_not_green();
    }

    #[track_caller]
    pub fn client_is_not_green(&self) {
        let verdict = self.totals.verdict;
        assert!(matches!(verdict, Some(Verdict::Inconclusive | Verdict::Fail)), "{verdict:?}");
        assert!(matches!(self.exit, 1 | 3), "exit {}", self.exit);
    }
}

pub fn has(case: &CaseFinished, code: FindingCode) -> bool {
    case.findings.iter().any(|finding| finding.code == code)
}

pub fn show(case: &CaseFinished) -> String {
    let findings: Vec<String> = case.findings.iter().map(|f| format!("{}: {}", f.code, f.detail)).collect();
    format!("{} {} {:?} {:?} {findings:?}", case.case, case.verdict, case.reach, case.alert)
}
