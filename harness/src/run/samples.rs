//! Events for tests.

use crate::judge::{Finding, FindingCode, Verdict};

use super::events::{
    Canary, CaseFinished, ClientEvent, ClientKind, ClientStatus, Environment, Expected, FloorSource,
    RunStarted, SCHEMA,
};

/// A case with findings of their default levels.
pub fn case(client: &str, id: &str, verdict: Verdict, codes: &[FindingCode]) -> CaseFinished {
    CaseFinished {
        client: client.to_owned(),
        case: id.to_owned(),
        scenario: "a".to_owned(),
        checks: Vec::new(),
        server: "openssl".to_owned(),
        canary: Canary::Caught,
        expected: Expected::MustRefuse,
        reach: None,
        version: None,
        suite: None,
        group: None,
        alert: None,
        alert_by: None,
        verdict,
        findings: codes.iter().map(|code| Finding::new(*code, "seen")).collect(),
        ms: 1.0,
        known: Vec::new(),
        beside: Vec::new(),
        classes: Vec::new(),
        forced: false,
        finite_field: false,
    }
}

/// A client that is there.
pub fn client(name: &str, version: Option<&str>) -> ClientEvent {
    ClientEvent {
        client: name.to_owned(),
        kind: ClientKind::Command,
        version: version.map(str::to_owned),
        path: None,
        status: ClientStatus::Ready,
        controls: std::collections::BTreeMap::new(),
        offers: None,
        findings: Vec::new(),
        detail: None,
        label: None,
        fixes: std::collections::BTreeMap::new(),
    }
}

/// A run under floor `aws`, tier core, of everything.
pub fn started() -> RunStarted {
    RunStarted {
        schema: SCHEMA,
        shakedown: "0.1.0".to_owned(),
        started: "2026-11-24T09:30:00Z".to_owned(),
        floor: "aws".to_owned(),
        tier: "core".to_owned(),
        seed: 1,
        servers: [("openssl", "3.6.3")].map(|(id, version)| (id.to_owned(), version.to_owned())).into(),
        environment: Environment::Clean,
        planned: 1,
        source: FloorSource { page: "a".to_owned(), date: "2026".to_owned(), url: None, note: None },
        service: None,
        backend: "openssl".to_owned(),
        filter: None,
        shard: None,
        floor_title: String::new(),
        min_version: "TLS 1.2".to_owned(),
        cases_per_client: 1,
        gates: true,
    }
}
