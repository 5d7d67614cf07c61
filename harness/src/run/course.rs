//! The schedule of one client: its controls, then its cases in parallel, controls again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::judge::{Class, Finding, FindingCode, Verdict};
use crate::pki::KeyKind;
use crate::scenario::Case;

use super::baseline::Comparison;
use super::client::{Client, Play};
use super::controls::Positive;
use super::events::{ClientEvent, ClientStatus, ClientTotals, Event, Offers};
use super::known::Ledger;
use super::lint::{lint, unproven};
use super::one::{self, Context, Outcome};
use super::play;
use super::runner::Sink;
use super::stage::Stage;
use super::tally::{class_of_code, count};

/// Cases between two positive controls.
const BATCH: usize = 50;
/// One case in so many is repeated in a fresh worker process.
const WORKER_REPEAT: usize = 10;

/// One client's way through its cases.
pub(super) struct Course<'a> {
    pub(super) context: &'a Arc<Context>,
    pub(super) client: &'a Arc<Client>,
    pub(super) jobs: usize,
    pub(super) seed: u64,
    pub(super) partial: bool,
    pub(super) sink: &'a mut dyn Sink,
    pub(super) findings: &'a mut BTreeMap<String, u64>,
    pub(super) known: Option<&'a mut Ledger>,
    pub(super) comparison: Option<&'a mut Comparison>,
}

type Positives = BTreeMap<&'static str, Positive>;

impl Course<'_> {
    pub(super) async fn run(&mut self, cases: Vec<Case>) -> std::io::Result<ClientTotals> {
        let mut totals = ClientTotals::default();
        if let Play::NotInstalled { hint, .. } = &self.client.play {
            self.announce(ClientStatus::NotInstalled, &Positives::new(), Vec::new(), Some(hint.clone()))?;
            totals.verdict = Some(Verdict::Skipped);
            return Ok(totals);
        }
        let positives = self.positives().await;
        let lint = positives.values().find_map(|p| p.offer.as_ref()).map(|o| lint(&self.context.floor, o));
        let lint = lint.unwrap_or_default();
        for finding in &lint {
            *self.findings.entry(finding.code.to_string()).or_default() += 1;
            totals.verdict = totals.verdict.max(Some(finding.level.verdict()));
        }
        self.announce(ClientStatus::Ready, &positives, lint, None)?;
        let mut proven = BTreeSet::new();
        // Whoever verifies nothing refuses anonymous servers all the same, if only because no such suite is offered.
        let asks_certificates = cases.iter().any(|case| case.certificate.is_some_and(|kind| kind.is_bad()));
        let mut is_certificate_proven = !asks_certificates;
        let (mut wanted, mut broken) = (BTreeSet::new(), BTreeSet::new());
        let nothing_heard = positives.values().all(|p| p.offer.is_none());
        let order = shuffled(cases.len(), self.seed);
        let mut is_good_before = true;
        for batch in order.chunks(BATCH) {
            if self.context.ground.is_interrupted() {
                break;
            }
            let batch: Vec<&Case> = batch.iter().map(|i| &cases[*i]).collect();
            let mut outcomes = if nothing_heard {
                // No control saw a ClientHello: the other cases are not run and share that reason.
                let reason = positives.values().find_map(|p| p.result.as_ref().err()).cloned();
                batch.iter().map(|case| one::unrun(self.context, case, self.client, reason.clone())).collect()
            } else {
                self.play_batch(&batch, &positives).await
            };
            // Without the control behind it a batch proves nothing, also when an interruption is the reason.
            let is_good_after = nothing_heard || self.still_good(&positives).await;
            if !(is_good_before && is_good_after) {
                outcomes.iter_mut().for_each(Outcome::lose_control);
            }
            is_good_before = is_good_after;
            outcomes.iter_mut().for_each(Outcome::look_for_latecomers);
            outcomes.sort_by(|a, b| a.event.case.cmp(&b.event.case));
            for mut outcome in outcomes {
                if let Some(known) = &mut self.known {
                    known.apply(&mut outcome.event);
                    totals.known += u64::from(!outcome.event.known.is_empty());
                }
                if let Some(comparison) = &mut self.comparison {
                    comparison.note(&outcome.event);
                }
                wanted.extend(outcome.event.classes.iter().copied());
                broken.extend(outcome.event.findings.iter().filter_map(class_of_code));
                proven.extend(outcome.proven);
                is_certificate_proven |= outcome.bad_certificate && outcome.proven.is_some();
                count(&mut totals, outcome.event.verdict);
                for finding in &outcome.event.findings {
                    *self.findings.entry(finding.code.to_string()).or_default() += 1;
                }
                self.sink.event(&Event::CaseFinished(Box::new(outcome.event)))?;
            }
        }
        // A client that says of the controls, too, that it cannot run them was not judged: it is skipped as a whole.
        let is_skipped = nothing_heard && totals.verdict == Some(Verdict::Skipped);
        if !is_skipped && !self.context.ground.is_interrupted() {
            if !is_certificate_proven {
                proven.remove(&Class::Authentication);
            }
            // What was disproven needs no proof any more.
            proven.extend(broken);
            for class in unproven(&self.context.floor, &proven, self.partial.then_some(&wanted)) {
                let detail = format!("{}: no must-refuse case was proven", class.as_str());
                totals.findings.push(Finding::new(FindingCode::ClassUnproven, detail));
                totals.verdict = totals.verdict.max(Some(Verdict::Inconclusive));
            }
        }
        Ok(totals)
    }

    /// The strong control with each key. Without a ClientHello in the first, the second is not tried.
    async fn positives(&mut self) -> Positives {
        let mut positives = Positives::new();
        for (name, key) in [("rsa2048", KeyKind::Rsa2048), ("ecdsa-p256", KeyKind::EcdsaP256)] {
            let positive = match positives.values().find(|p: &&Positive| p.offer.is_none()) {
                Some(silent) => silent.clone(),
                None => self.positive(name, key).await,
            };
            positives.insert(name, positive);
        }
        positives
    }

    async fn positive(&self, name: &'static str, key: KeyKind) -> Positive {
        let context = self.context;
        let stage = match Stage::positive(key, &context.floor, &context.backend, &context.pki) {
            Ok(stage) => Arc::new(stage),
            Err(error) => {
                let finding = Finding::new(FindingCode::ServerCannot, error.to_string());
                return Positive { result: Err(finding), offer: None };
            }
        };
        let open = Arc::new(move || stage.open());
        let played =
            play::play(&self.context.ground, self.client, &format!("control@{name}"), open, None).await;
        let positive = Positive::of(name, &played);
        if let Some(folder) = &self.context.evidence {
            let control = format!("control@{name}");
            super::evidence::write_control(folder, &self.client.name, &control, &positive.word(), &played);
        }
        positive
    }

    /// Whether every control that was good still is.
    async fn still_good(&self, before: &Positives) -> bool {
        for (name, key) in [("rsa2048", KeyKind::Rsa2048), ("ecdsa-p256", KeyKind::EcdsaP256)] {
            let was_good = before.get(name).is_some_and(|p| p.result.is_ok());
            if was_good && self.positive(name, key).await.result.is_err() {
                return false;
            }
        }
        true
    }

    async fn play_batch(&mut self, batch: &[&Case], positives: &Positives) -> Vec<Outcome> {
        let slots = Arc::new(Semaphore::new(self.jobs.max(1)));
        let positives = Arc::new(positives.clone());
        let mut tasks = JoinSet::new();
        for &case in batch {
            let (context, client) = (Arc::clone(self.context), Arc::clone(self.client));
            let (slots, positives, case) = (Arc::clone(&slots), Arc::clone(&positives), case.clone());
            tasks.spawn(async move {
                // The semaphore is never closed.
                let _slot = slots.acquire_owned().await.ok();
                if context.ground.is_interrupted() {
                    return None;
                }
                one::run(&context, &case, &client, &positives).await.map(|outcome| (case, outcome))
            });
        }
        let mut outcomes = Vec::new();
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok(Some(outcome)) => {
                    self.sink.played(&self.client.name);
                    outcomes.push(outcome);
                }
                Ok(None) => {}
                Err(_) => {} // made good below: a case without an outcome is a harness panic
            }
        }
        for &case in batch {
            let is_missing = !outcomes.iter().any(|(c, _)| c.id == case.id);
            if is_missing && !self.context.ground.is_interrupted() {
                let panic = Finding::new(FindingCode::HarnessPanic, "a task of the harness panicked");
                outcomes.push((case.clone(), one::unrun(self.context, case, self.client, Some(panic))));
            }
        }
        self.repeat_alone(&mut outcomes, &positives).await;
        self.repeat_in_fresh_worker(&mut outcomes, &positives).await;
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Refusals without an alert, and what ended at a deadline beside other cases, are run again alone.
    async fn repeat_alone(&mut self, outcomes: &mut [(Case, Outcome)], positives: &Positives) {
        for (case, outcome) in outcomes {
            if self.context.ground.is_interrupted() {
                return;
            }
            // Beside other cases, or on a machine that was late itself, a deadline says little.
            let crowded = self.jobs > 1 || !self.context.ground.was_on_time();
            let timed_out = crowded
                && outcome.event.verdict == Verdict::Inconclusive
                && !outcome.has_panicked()
                && outcome.event.findings.iter().any(|f| f.code == FindingCode::Timeout);
            if timed_out {
                let Some(again) = one::run(self.context, case, self.client, positives).await else { return };
                *outcome = again;
            }
            if outcome.wants_confirmation {
                let Some(again) = one::run(self.context, case, self.client, positives).await else { return };
                let detail = "run again alone, the client did something else";
                outcome.confirm(again, FindingCode::Unstable, detail);
            }
        }
    }

    /// A worker may carry state from case to case (design 1, rule 10).
    async fn repeat_in_fresh_worker(&mut self, outcomes: &mut [(Case, Outcome)], positives: &Positives) {
        if !matches!(self.client.play, Play::Worker { .. }) {
            return;
        }
        // By id, so that the sample does not follow from which cases were quick.
        outcomes.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let start = usize::try_from(self.seed).unwrap_or_default() % WORKER_REPEAT.min(outcomes.len()).max(1);
        for (case, outcome) in outcomes.iter_mut().skip(start).step_by(WORKER_REPEAT) {
            if self.context.ground.is_interrupted() {
                return;
            }
            self.client.stop_workers().await;
            let Some(again) = one::run(self.context, case, self.client, positives).await else { return };
            outcome.confirm(again, FindingCode::WorkerState, "a fresh worker process did something else");
        }
    }

    fn announce(
        &mut self,
        status: ClientStatus,
        positives: &Positives,
        findings: Vec<Finding>,
        detail: Option<String>,
    ) -> std::io::Result<()> {
        let offers = positives.values().find_map(|p| p.offer.as_ref()).map(|offer| {
            let offer = offer.normalised();
            Offers {
                versions: match &offer.supported_versions {
                    Some(versions) => versions.iter().map(ToString::to_string).collect(),
                    None => vec![offer.legacy_version.to_string()],
                },
                suites: offer.suites.iter().map(ToString::to_string).collect(),
                groups: offer.groups.iter().flatten().map(ToString::to_string).collect(),
            }
        });
        let event = ClientEvent {
            client: self.client.name.clone(),
            kind: self.client.kind(),
            version: self.client.version.clone(),
            path: self.client.path.as_ref().map(|p| p.display().to_string()),
            status,
            controls: positives.iter().map(|(name, p)| ((*name).to_owned(), p.word())).collect(),
            offers,
            findings,
            detail,
            label: self.client.label.clone(),
            fixes: self.client.fixes.clone(),
        };
        if let Some(comparison) = &mut self.comparison {
            comparison.note_client(&event);
        }
        self.sink.event(&Event::Client(event))
    }
}

/// A permutation that depends on the seed alone (SplitMix64 and Fisher-Yates).
fn shuffled(length: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    let mut state = seed;
    for i in (1..length).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let bound = i as u64 + 1;
        order.swap(i, ((z ^ (z >> 31)) % bound) as usize);
    }
    order
}
