//! One case for one client: stage, canary, play, verdict, event.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::Backend;
use crate::judge::{
    self, CaseFacts, Class, Controls, Finding, FindingCode, Judgement, RefusalLine, Refuser, Verdict,
};
use crate::net::Listener;
use crate::observe::{Ending, Observation};
use crate::oracle::{self, Breach};
use crate::pki::{KeyKind, Pki};
use crate::policy::Floor;
use crate::registry::AlertDescription;
use crate::scenario::{Case, CheckTable, Line, Subject};

use super::client::Client;
use super::controls::{Canaries, Positive, weak_offer};
use super::events::{Canary, CaseFinished, Expected, Side};
use super::play::{self, Ground, Played};

use super::stage::{self, Stage, StageError};
use super::tally::ms;

/// What all cases of a run share.
pub struct Context {
    pub ground: Arc<Ground>,
    pub pki: Arc<Pki>,
    pub canaries: Arc<Canaries>,
    pub floor: Floor,
    pub checks: CheckTable,
    pub backend: Arc<dyn Backend>,
    pub evidence: Option<PathBuf>,
}

/// A judged case.
pub struct Outcome {
    pub event: CaseFinished,
    pub proven: Option<Class>,
    /// The server's certificate was wrong on purpose.
    pub bad_certificate: bool,
    pub wants_confirmation: bool,
    /// The case's port, held open until the batch is over.
    listener: Option<Listener>,
}

impl Outcome {
    /// Whether the client came back to the port after its answer: its second thoughts were not seen (design 1,
    /// rule 5).
    pub fn look_for_latecomers(&mut self) {
        let Some(listener) = self.listener.take() else { return };
        let (waiting, lost) = listener.accept_waiting();
        if !waiting.is_empty() || lost > 0 {
            self.doubt(FindingCode::Unstable, "the client connected again after its answer");
        }
    }

    /// Whether the harness itself failed in this case.
    pub fn has_panicked(&self) -> bool {
        self.event.findings.iter().any(|f| f.code == FindingCode::HarnessPanic)
    }

    /// The control was lost: passes of must-refuse cases prove nothing any more.
    pub fn lose_control(&mut self) {
        let is_refusal = self.event.expected == Expected::MustRefuse;
        if is_refusal && matches!(self.event.verdict, Verdict::Pass | Verdict::Warn) {
            self.doubt(FindingCode::ControlLost, "the strong control after this case was not completed");
        }
    }

    /// Takes a pass back.
    pub fn doubt(&mut self, code: FindingCode, detail: &str) {
        let finding = Finding::new(code, detail);
        self.event.verdict = self.event.verdict.max(finding.level.verdict());
        self.event.findings.push(finding);
        self.proven = None;
    }

    /// Compares with another run of the case. The worse counts: a weak session that was completed is a failure,
    /// whatever the other run said (design 1, rules 2 and 5).
    pub fn confirm(&mut self, again: Self, code: FindingCode, detail: &str) {
        let (a, b) = (&self.event, &again.event);
        let codes = |event: &CaseFinished| event.findings.iter().map(|f| f.code).collect::<BTreeSet<_>>();
        if b.verdict == Verdict::Fail && a.verdict != Verdict::Fail {
            *self = again;
        } else if (a.verdict, a.reach, &a.alert, a.alert_by) != (b.verdict, b.reach, &b.alert, b.alert_by)
            || codes(a) != codes(b)
        {
            self.doubt(code, detail);
        }
    }
}

/// What the judge needs of a case.
struct Facts {
    breaches: Vec<Breach>,
    alerts: Vec<AlertDescription>,
}

impl Facts {
    fn of(context: &Context, case: &Case) -> Self {
        let proposal = stage::proposal(case);
        Self {
            breaches: proposal.map(|p| oracle::breaches(&context.floor, &p)).unwrap_or_default(),
            alerts: context.checks.alerts(&case.scenario.checks),
        }
    }

    fn case<'a>(&'a self, context: &'a Context, case: &'a Case, stage: &'a Stage) -> CaseFacts<'a> {
        CaseFacts {
            floor: &context.floor,
            policy: &stage.policy,
            key: stage.key,
            bad_certificate: stage.certificate.is_some_and(|kind| kind.is_bad()),
            forced: stage.forced,
            psk_ke: case.scenario.psk_ke,
            refuser: match case.scenario.subject {
                Subject::Client => Refuser::Client,
                Subject::Server => Refuser::Server,
            },
            line: match case.scenario.line {
                Line::Committed => RefusalLine::Committed,
                Line::Data => RefusalLine::Data,
            },
            breaches: &self.breaches,
            alerts: &self.alerts,
            reference: case.scenario.refs.first().map(String::as_str),
        }
    }
}

/// Plays and judges a case. `None` when the run was interrupted meanwhile.
pub async fn run(
    context: &Arc<Context>,
    case: &Case,
    client: &Arc<Client>,
    positives: &std::collections::BTreeMap<&'static str, Positive>,
) -> Option<Outcome> {
    let (for_stage, its_case) = (Arc::clone(context), case.clone());
    // Keys and whole handshakes: not on the threads that serve the other cases' sockets.
    let prepared = tokio::task::spawn_blocking(move || prepare(&for_stage, &its_case)).await;
    let (stage, canary) = match prepared {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(error)) => return Some(cannot(context, case, client, &error)),
        Err(_) => {
            let panic = Finding::new(FindingCode::HarnessPanic, "setting the case up panicked");
            return Some(unrun(context, case, client, Some(panic)));
        }
    };
    let owned = Facts::of(context, case);
    let facts = owned.case(context, case, &stage);
    let offer = (case.scenario.subject == Subject::Server).then(|| weak_offer(case));
    let is_server_case = offer.is_some();
    let opener = Arc::clone(&stage);
    let mut played =
        play::play(&context.ground, client, &case.id, Arc::new(move || opener.open()), offer).await;
    if context.ground.is_interrupted() {
        return None;
    }
    let positive = control_of(case).and_then(|control| positives.get(control));
    let no_control = Finding::new(FindingCode::ControlRefused, "there was no control for this case");
    let controls = Controls {
        positive: positive.map_or(Err(&no_control), |p| p.result.as_ref().copied()),
        // The offer of a server case is the case.
        offer: positive.filter(|_| !is_server_case).and_then(|p| p.offer.as_ref()),
        canary: canary.clone(),
    };
    let judgement = judge::judge(&facts, &played.connections, &played.said, &controls);
    let must_refuse = facts.must_refuse();
    let canary = match (must_refuse, &canary) {
        (false, _) => Canary::NotNeeded,
        (true, Ok(())) => Canary::Caught,
        (true, Err(_)) => Canary::Missed,
    };
    let expected = if must_refuse { Expected::MustRefuse } else { Expected::MayComplete };
    let mut outcome = outcome(case, client, &stage, &facts, &played, judgement, canary, expected);
    outcome.listener = played.listener.take();
    if played.panicked {
        outcome.doubt(FindingCode::HarnessPanic, "a task of the harness panicked in this case");
    }
    if played.unserved > 0 {
        outcome.doubt(FindingCode::ServerCannot, "a connection was not answered");
    }
    if let Some(folder) = &context.evidence {
        super::evidence::write(folder, &outcome.event, &played);
    }
    Some(outcome)
}

/// The server's side of a case, and whether the canary was driven past the refusal line.
fn prepare(context: &Context, case: &Case) -> Result<(Arc<Stage>, Result<(), String>), StageError> {
    let stage = Stage::of(case, &context.backend, &context.pki)?;
    let owned = Facts::of(context, case);
    let facts = owned.case(context, case, &stage);
    let canary = if facts.must_refuse() {
        context.canaries.caught(case, &stage, &facts, &context.backend, &context.pki)
    } else {
        Ok(())
    };
    Ok((Arc::new(stage), canary))
}

/// The control that is the case's twin: the same certificate key. Keys that no scenario can name have none.
fn control_of(case: &Case) -> Option<&'static str> {
    match case.certificate.map(|kind| kind.key()) {
        Some(KeyKind::EcdsaP256) => Some("ecdsa-p256"),
        Some(KeyKind::Rsa2048 | KeyKind::Dsa2048) | None => Some("rsa2048"),
        Some(KeyKind::Rsa3072 | KeyKind::Rsa4096 | KeyKind::EcdsaP384 | KeyKind::Ed25519) => None,
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one event")]
fn outcome(
    case: &Case,
    client: &Client,
    stage: &Stage,
    facts: &CaseFacts<'_>,
    played: &Played,
    judgement: Judgement,
    canary: Canary,
    expected: Expected,
) -> Outcome {
    let seen = judgement.decided_by.and_then(|i| played.connections.get(i));
    let proposal = seen.and_then(|s| s.proposal.as_ref());
    let (alert, alert_by) = alert(seen);
    let event = CaseFinished {
        client: client.name.clone(),
        case: case.id.clone(),
        scenario: case.scenario.id.clone(),
        checks: case.scenario.checks.clone(),
        server: stage.server.to_owned(),
        canary,
        expected,
        reach: seen.map(|s| s.reach),
        version: proposal.map(|p| p.version.to_string()),
        suite: proposal.map(|p| p.suite.to_string()),
        group: proposal.and_then(|p| p.group).map(|g| g.to_string()),
        alert: alert.map(|a| a.to_string()),
        alert_by,
        verdict: judgement.verdict,
        findings: judgement.findings,
        ms: ms(played.elapsed),
        beside: judgement.beside,
        known: Vec::new(),
        // What the server refuses says nothing about the client.
        classes: if facts.refuser == Refuser::Client { facts.classes() } else { Vec::new() },
        forced: stage.forced,
        finite_field: is_finite_field(case),
    };
    Outcome {
        event,
        proven: judgement.proven,
        bad_certificate: facts.bad_certificate,
        wants_confirmation: judgement.wants_confirmation,
        listener: None,
    }
}

pub fn alert(seen: Option<&Observation>) -> (Option<AlertDescription>, Option<Side>) {
    let Some(seen) = seen else { return (None, None) };
    match (&seen.ending, seen.client_alert, seen.server_alert) {
        (Ending::ServerAlert(alert), ..) => (Some(*alert), Some(Side::Server)),
        (_, Some(alert), _) => (Some(alert), Some(Side::Client)),
        (_, None, Some(alert)) => (Some(alert), Some(Side::Server)),
        _ => (None, None),
    }
}

fn is_finite_field(case: &Case) -> bool {
    case.suite().is_some_and(|facts| facts.is_finite_field() && facts.is_authenticated())
}

/// The server side cannot play the case.
fn cannot(context: &Context, case: &Case, client: &Client, error: &StageError) -> Outcome {
    let finding = match error {
        StageError::Cannot(reason) => Finding::new(FindingCode::UnsupportedByServer, reason.to_string()),
        StageError::Mint(error) => Finding::new(FindingCode::ServerCannot, error.to_string()),
    };
    unrun(context, case, client, Some(finding))
}

/// A case that was not run, and why.
pub fn unrun(context: &Context, case: &Case, client: &Client, reason: Option<Finding>) -> Outcome {
    let facts = Facts::of(context, case);
    let bad_certificate = case.certificate.is_some_and(|kind| kind.is_bad());
    let must_refuse = judge::must_refuse(&facts.breaches, bad_certificate);
    let finding = reason.unwrap_or_else(|| Finding::new(FindingCode::NoConnection, "not run"));
    // What a server refuses says nothing about the client.
    let classes = match case.scenario.subject {
        Subject::Client => judge::classes(&facts.breaches, bad_certificate),
        Subject::Server => Vec::new(),
    };
    let event = CaseFinished {
        client: client.name.clone(),
        case: case.id.clone(),
        scenario: case.scenario.id.clone(),
        checks: case.scenario.checks.clone(),
        server: context.backend.id().to_owned(),
        canary: Canary::NotNeeded,
        expected: if must_refuse { Expected::MustRefuse } else { Expected::MayComplete },
        reach: None,
        version: None,
        suite: None,
        group: None,
        alert: None,
        alert_by: None,
        verdict: finding.level.verdict(),
        findings: vec![finding],
        ms: 0.0,
        beside: Vec::new(),
        known: Vec::new(),
        classes,
        forced: case.pick == crate::scenario::Pick::Forced,
        finite_field: is_finite_field(case),
    };
    Outcome { event, proven: None, bad_certificate: false, wants_confirmation: false, listener: None }
}
