//! The two controls of design 1, rule 1: the client can (positive), the case can be accepted (the canary).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{Backend, EndpointSpec, Role};
use crate::judge::{self, CERTIFICATE_ALERTS, CaseFacts, ClientEnded, Finding, FindingCode};
use crate::net::run_in_memory;
use crate::observe::{Ending, NotTls, Observation, Reach};
use crate::oracle::Offer;
use crate::pki::{KeyKind, Pki};
use crate::registry::ProtocolVersion;
use crate::scenario::{Case, Control, Subject};

use super::client::canary_spec;
use super::play::Played;
use super::stage::Stage;

/// What a positive control came to.
#[derive(Clone, Debug)]
pub struct Positive {
    /// `Err`: why it was not completed.
    pub result: Result<(), Finding>,
    pub offer: Option<Offer>,
}

impl Positive {
    /// Reads a control's play. The first reason that fits.
    pub fn of(key: &str, played: &Played) -> Self {
        let offer = played.connections.iter().find_map(|c| c.offer.clone());
        let completed = played.connections.iter().any(is_completed);
        let result = if completed { Ok(()) } else { Err(why_not(key, played)) };
        Self { result, offer }
    }

    /// What the `client` event says: `completed` or the code of the reason.
    pub fn word(&self) -> String {
        match &self.result {
            Ok(()) => "completed".to_owned(),
            Err(finding) => finding.code.to_string(),
        }
    }
}

/// Application data went both ways and the client did not complain.
pub fn is_completed(seen: &Observation) -> bool {
    seen.ending == Ending::Completed && seen.reach == Reach::Data && seen.client_alert.is_none()
}

fn why_not(key: &str, played: &Played) -> Finding {
    let spoke = played.connections.iter().find(|c| !c.is_silent());
    let output = first_line(&played.output);
    let detail = |what: String| if output.is_empty() { what } else { format!("{what}; it said: {output}") };
    let control = format!("the strong control with {key}");
    if let ClientEnded::Crashed(how) = &played.said.ended {
        return Finding::new(FindingCode::ClientCrashed, detail(how.clone()));
    }
    if matches!(played.said.ended, ClientEnded::AtDeadline | ClientEnded::Interrupted) {
        return Finding::new(FindingCode::ControlTimeout, detail(format!("{control} did not end")));
    }
    let Some(seen) = spoke else {
        if let Some(reason) = &played.said.unsupported {
            return Finding::new(FindingCode::UnsupportedByClient, reason.clone());
        }
        let why = match &played.said.ended {
            ClientEnded::NotStarted(why) => why.clone(),
            _ => "the client ended without a connection".to_owned(),
        };
        return Finding::new(FindingCode::NoConnection, detail(why));
    };
    if let Some(kind) = &seen.not_tls {
        let what =
            if *kind == NotTls::Http { "plain HTTP arrived" } else { "bytes that are not TLS arrived" };
        return Finding::new(FindingCode::NotTls, detail(what.to_owned()));
    }
    match (&seen.ending, seen.client_alert) {
        (_, Some(alert)) if CERTIFICATE_ALERTS.contains(&alert) => Finding::new(
            FindingCode::UntrustedCertificate,
            detail(format!("{control} ended in alert {alert}")),
        ),
        // Some clients finish the handshake and check the certificate then.
        (Ending::ClientFin | Ending::ClientReset | Ending::ClientCloseNotify, None)
            if seen.reach == Reach::Finished =>
        {
            let what = format!("{control} was finished and left without a request");
            Finding::new(FindingCode::UntrustedCertificate, detail(what))
        }
        (Ending::Deadline | Ending::Open, _) => Finding::new(
            FindingCode::ControlTimeout,
            detail(format!("{control} stopped at {}", seen.reach.as_str())),
        ),
        (ending, _) => Finding::new(
            FindingCode::ControlRefused,
            detail(format!("{control} ended: {}", describe(ending))),
        ),
    }
}

fn describe(ending: &Ending) -> String {
    match ending {
        Ending::Open => "open".to_owned(),
        Ending::ClientAlert(alert) => format!("the client sent {alert}"),
        Ending::ClientCloseNotify => "the client closed".to_owned(),
        Ending::ClientFin => "the client hung up".to_owned(),
        Ending::ClientReset => "the client reset the connection".to_owned(),
        Ending::ServerAlert(alert) => format!("the server sent {alert}"),
        Ending::ServerFailed(text) => format!("the server gave up: {text}"),
        Ending::Deadline => "at the deadline".to_owned(),
        Ending::Completed => "completed without a request".to_owned(),
    }
}

/// Programs say what is wrong first and how to get help last.
fn first_line(output: &str) -> String {
    let line = output.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().trim();
    line.chars().take(200).collect()
}

/// Backend and whether the key is RSA, to what its strong twin came to.
type Twins = BTreeMap<(&'static str, bool), Result<(), String>>;

/// The permissive client, driven against every case's server; each case once per run.
pub struct Canaries {
    canary: Arc<dyn Backend>,
    /// A second stack for the unedited twin where the canary is the server's own code.
    second: Arc<dyn Backend>,
    ca: Arc<Vec<u8>>,
    caught: Mutex<BTreeMap<String, Result<(), String>>>,
    twins: Mutex<Twins>,
}

impl Canaries {
    pub fn new(canary: Arc<dyn Backend>, second: Arc<dyn Backend>, ca: Arc<Vec<u8>>) -> Self {
        Self { canary, second, ca, caught: Mutex::default(), twins: Mutex::default() }
    }

    /// Whether the case can be accepted at all: `Err` says how the canary failed.
    pub fn caught(
        &self,
        case: &Case,
        stage: &Stage,
        facts: &CaseFacts<'_>,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<(), String> {
        let known = self.caught.lock().unwrap_or_else(PoisonError::into_inner).get(&case.id).cloned();
        if let Some(known) = known {
            return known;
        }
        let result = self.drive(case, stage, facts, backend, pki);
        self.caught.lock().unwrap_or_else(PoisonError::into_inner).insert(case.id.clone(), result.clone());
        result
    }

    fn drive(
        &self,
        case: &Case,
        stage: &Stage,
        facts: &CaseFacts<'_>,
        backend: &Arc<dyn Backend>,
        pki: &Pki,
    ) -> Result<(), String> {
        if case.scenario.subject == Subject::Server {
            return self.offer_is_real(case, backend, pki);
        }
        let seen = self.against(&*self.canary, &canary_spec(), stage)?;
        match judge::classify_one(facts, &seen) {
            judge::Outcome::Broke(_) => {}
            other => return Err(format!("the canary did not go past the refusal line: {other:?}")),
        }
        // The server's own code accepted it: then the strong twin must be real to two stacks.
        if stage.server == self.canary.id() {
            if case.scenario.control == Control::Independent {
                return Err(
                    "the scenario wants an independent canary, and this one is the server's own code"
                        .to_owned(),
                );
            }
            let key = case.certificate.map_or(KeyKind::Rsa2048, |kind| kind.key());
            self.twin(key, backend, pki)?;
        }
        Ok(())
    }

    /// A server that takes the weak offer completes with it.
    fn offer_is_real(&self, case: &Case, backend: &Arc<dyn Backend>, pki: &Pki) -> Result<(), String> {
        let permissive = Stage::permissive(case, backend, pki).map_err(|e| e.to_string())?;
        let seen = self.against(&*self.canary, &weak_offer(case), &permissive)?;
        if is_completed(&seen) {
            Ok(())
        } else {
            Err(format!("the weak offer fails everywhere: {:?}", seen.ending))
        }
    }

    fn twin(&self, key: KeyKind, backend: &Arc<dyn Backend>, pki: &Pki) -> Result<(), String> {
        let mut twins = self.twins.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = (backend.id(), key == KeyKind::Rsa2048);
        if let Some(known) = twins.get(&slot) {
            return known.clone();
        }
        let result = self.try_twin(key, backend, pki);
        twins.insert(slot, result.clone());
        result
    }

    fn try_twin(&self, key: KeyKind, backend: &Arc<dyn Backend>, pki: &Pki) -> Result<(), String> {
        let control =
            Stage::control(key, ProtocolVersion::TLS1_2, backend, pki).map_err(|e| e.to_string())?;
        for stack in [&self.canary, &self.second] {
            let spec = EndpointSpec {
                trust: Some(Arc::clone(&self.ca)),
                server_name: "localhost".to_owned(),
                alpn: vec![b"http/1.1".to_vec()],
                ..EndpointSpec::default()
            };
            let seen = self.against(&**stack, &spec, &control)?;
            if !is_completed(&seen) {
                return Err(format!("the strong twin fails with {}: {:?}", stack.id(), seen.ending));
            }
        }
        Ok(())
    }

    fn against(
        &self,
        stack: &dyn Backend,
        spec: &EndpointSpec,
        stage: &Stage,
    ) -> Result<Observation, String> {
        let setup = stage.open().map_err(|e| e.to_string())?;
        let mut client = stack.open(Role::Client, spec).map_err(|e| e.to_string())?;
        Ok(run_in_memory(&mut *client, setup).0)
    }
}

/// The weak side of a server case.
pub fn weak_offer(case: &Case) -> EndpointSpec {
    EndpointSpec { versions: vec![case.version], suites: case.suites.clone(), psk: None, ..canary_spec() }
}
