//! A run: what it is asked to do, client after client, and what it came to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::engine::Backend;
use crate::judge::FindingCode;
use crate::pki::Pki;
use crate::policy::Floor;
use crate::scenario::{Case, CheckTable};

use super::baseline::{Baseline, Comparison};
use super::client::{Client, Play};
use super::controls::Canaries;
use super::course::Course;
use super::events::{
    ClientTotals, Environment, Event, FloorSource, RunFinished, RunStarted, SCHEMA, ServiceEdition,
};
use super::known::{KnownFailures, Ledger};
use super::one::Context;
use super::play::Ground;
use super::scope::Scope;
use super::tally::{Tally, exit_code, ms, own_cpu, peak_rss_mib};

/// What a run is asked to do.
pub struct Plan {
    pub clients: Vec<Client>,
    pub cases: Vec<Case>,
    pub floor: Floor,
    pub checks: CheckTable,
    pub backend: Arc<dyn Backend>,
    pub jobs: usize,
    pub seed: u64,
    pub tier: String,
    pub gates: bool,
    /// `--filter`, by which the cases were chosen.
    pub filter: Option<String>,
    /// `--shard`, `I/N`, by which the cases were chosen.
    pub shard: Option<String>,
    pub strict: bool,
    pub evidence: Option<std::path::PathBuf>,
    pub versions: BTreeMap<String, String>,
    /// What may fail (`--known-failures`).
    pub known: Option<KnownFailures>,
    /// An earlier run to compare with.
    pub baseline: Option<Baseline>,
    /// What known failures and a baseline can speak of: every case that there is, and whether it is in the run's tier.
    pub catalogue: Vec<(Case, bool)>,
}

impl Plan {
    /// Whether cases were chosen, so that classes without a selected case are nobody's fault.
    const fn is_partial(&self) -> bool {
        self.filter.is_some() || self.shard.is_some()
    }

    /// Every case of the catalogue for every client of the run.
    fn scope(&self) -> Vec<Scope> {
        let selected: BTreeSet<&str> = self.cases.iter().map(|case| case.id.as_str()).collect();
        let of_client = |client: &Client| {
            let cases = self.catalogue.iter().filter(|(case, _)| client.is_put_to(case));
            let scope = cases.map(|(case, in_tier)| Scope {
                client: client.name.clone(),
                case: case.id.clone(),
                in_tier: *in_tier,
                is_selected: selected.contains(case.id.as_str()),
            });
            scope.collect::<Vec<_>>()
        };
        self.clients.iter().flat_map(of_client).collect()
    }
}

/// Who hears of a run. An error stops it.
pub trait Sink: Send {
    fn event(&mut self, event: &Event) -> std::io::Result<()>;
    /// A case was played; its verdict follows when the controls have spoken.
    fn played(&mut self, client: &str);
}

/// How a run ended.
#[derive(Clone, Debug)]
pub struct Finished {
    pub exit: u8,
    /// A task of the harness panicked somewhere.
    pub panicked: bool,
    pub clients: BTreeMap<String, ClientTotals>,
}

/// Runs a plan to its end, or to its interruption.
pub async fn run(
    mut plan: Plan,
    ground: Arc<Ground>,
    pki: Arc<Pki>,
    canaries: Arc<Canaries>,
    sink: &mut dyn Sink,
) -> std::io::Result<Finished> {
    let started = Instant::now();
    ground.watch_lag();
    let Plan { clients, cases, .. } = &plan;
    let applicable: Vec<usize> =
        clients.iter().map(|client| cases.iter().filter(|c| client.is_put_to(c)).count()).collect();
    let now = jiff::Timestamp::now();
    let announced = RunStarted {
        schema: SCHEMA,
        shakedown: env!("CARGO_PKG_VERSION").to_owned(),
        started: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        floor: plan.floor.id.clone(),
        source: FloorSource {
            page: plan.floor.source.page.clone(),
            date: plan.floor.source.date.clone(),
            url: plan.floor.source.url.clone(),
            note: plan.floor.source.note.clone(),
        },
        service: plan
            .floor
            .service
            .as_ref()
            .map(|name| ServiceEdition { name: name.service.clone(), edition: name.edition.clone() }),
        backend: plan.backend.id().to_owned(),
        filter: plan.filter.clone(),
        shard: plan.shard.clone(),
        tier: plan.tier.clone(),
        seed: plan.seed,
        servers: plan.versions.clone(),
        environment: match ground.room.inherits_env() {
            true => Environment::Inherited,
            false => Environment::Clean,
        },
        planned: clients
            .iter()
            .zip(&applicable)
            .filter(|(client, _)| !matches!(client.play, Play::NotInstalled { .. }))
            .map(|(_, count)| *count as u64)
            .sum(),
        floor_title: plan.floor.title.clone(),
        min_version: plan.floor.min_version.title(),
        cases_per_client: applicable.iter().copied().max().unwrap_or_default() as u64,
        gates: plan.gates,
    };
    let mut comparison = plan.baseline.take().map(|earlier| Comparison::new(earlier, &announced));
    sink.event(&Event::RunStarted(announced))?;
    let mut tally = Tally::default();
    let context = Arc::new(Context {
        ground: Arc::clone(&ground),
        pki,
        canaries,
        floor: plan.floor.clone(),
        checks: plan.checks.clone(),
        backend: Arc::clone(&plan.backend),
        evidence: plan.evidence.clone(),
    });
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let (scope, partial) = (plan.scope(), plan.is_partial());
    let Plan { clients, cases, jobs, seed, strict, known, .. } = plan;
    let mut ledger = known.map(|known| Ledger::new(known, today, &scope));
    for client in clients {
        let client = Arc::new(client);
        if ground.is_interrupted() {
            break;
        }
        let mine: Vec<Case> = cases.iter().filter(|case| client.is_put_to(case)).cloned().collect();
        let (sink, findings) = (&mut *sink, &mut tally.findings);
        let (known, comparison) = (ledger.as_mut(), comparison.as_mut());
        let mut course = Course {
            context: &context,
            client: &client,
            jobs,
            seed,
            partial,
            sink,
            findings,
            known,
            comparison,
        };
        let totals = course.run(mine).await?;
        tally.add(&client.name, totals);
        client.stop_workers().await;
    }
    crate::client::end_all_orphans(&ground.room);
    let interrupted = ground.is_interrupted();
    let known_failures = ledger.map(|ledger| ledger.reckon(interrupted));
    let exit = exit_code(tally.clients.values(), known_failures.as_ref(), interrupted, strict);
    let panicked = tally.findings.contains_key(FindingCode::HarnessPanic.as_str());
    sink.event(&Event::RunFinished(RunFinished {
        clients: tally.clients.clone(),
        findings: tally.findings,
        interrupted,
        exit,
        ms: ms(started.elapsed()),
        cpu_ms: own_cpu().map_or(0.0, ms),
        peak_rss_mib: peak_rss_mib().unwrap_or_default(),
        known_failures,
        baseline: comparison.map(|comparison| comparison.close(&scope, &tally.clients, interrupted)),
    }))?;
    Ok(Finished { exit, panicked, clients: tally.clients })
}
