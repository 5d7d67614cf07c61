//! Events to report: builders, and the run of formats section 5.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use shakedown::judge::{Class, Finding, FindingCode, Level, Verdict};
use shakedown::observe::Reach;
use shakedown::report::Reporter;
use shakedown::run::events::{
    Canary, CaseFinished, ClientEvent, ClientKind, ClientStatus, ClientTotals, Environment, Event, Expected,
    FloorSource, Offers, RunFinished, RunStarted, SCHEMA, Side,
};

pub const RSA: &str = "TLS_RSA_WITH_AES_128_GCM_SHA256";
pub const ECDHE: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
pub const DHE: &str = "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256";

/// A writer whose content the test can read while the reporter still has it.
#[derive(Clone, Default)]
pub struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything that the reporter wrote of these events.
pub fn written<R: Reporter>(make: impl FnOnce(Page) -> R, events: &[Event]) -> String {
    let page = Page::default();
    let mut reporter = make(page.clone());
    for event in events {
        reporter.event(event).unwrap();
    }
    page.text()
}

pub fn started(planned: u64) -> Event {
    Event::RunStarted(RunStarted {
        schema: SCHEMA,
        shakedown: "0.1.0".to_owned(),
        started: "2026-11-22T09:30:00Z".to_owned(),
        floor: "aws".to_owned(),
        tier: "core".to_owned(),
        seed: 1,
        environment: Environment::Clean,
        servers: BTreeMap::from([
            ("openssl".to_owned(), "3.6.3".to_owned()),
            ("rustls".to_owned(), "0.23.46".to_owned()),
        ]),
        planned,
        source: FloorSource {
            page: "Infrastructure security, a guide".to_owned(),
            date: "2026-10".to_owned(),
            url: None,
            note: None,
        },
        service: None,
        backend: "openssl".to_owned(),
        filter: None,
        shard: None,
        min_version: "TLS 1.2".to_owned(),
        floor_title: "AWS guides: TLS 1.2 required, 1.3 recommended, forward secrecy".to_owned(),
        cases_per_client: 24,
        gates: true,
    })
}

pub fn ready(client: &str, version: Option<&str>) -> ClientEvent {
    ClientEvent {
        client: client.to_owned(),
        kind: ClientKind::Command,
        version: version.map(str::to_owned),
        path: Some(format!("/opt/example/bin/{client}")),
        status: ClientStatus::Ready,
        controls: BTreeMap::from([("rsa2048".to_owned(), "completed".to_owned())]),
        offers: Some(Offers {
            versions: vec!["TLSv1.3".to_owned(), "TLSv1.2".to_owned()],
            suites: vec![ECDHE.to_owned()],
            groups: vec!["x25519".to_owned()],
        }),
        findings: Vec::new(),
        detail: None,
        label: None,
        fixes: BTreeMap::new(),
    }
}

pub fn absent(client: &str, hint: &str) -> ClientEvent {
    ClientEvent {
        version: None,
        path: None,
        status: ClientStatus::NotInstalled,
        controls: BTreeMap::new(),
        offers: None,
        detail: Some(hint.to_owned()),
        ..ready(client, None)
    }
}

/// A forced case that the client refused with an alert of its own.
pub fn refused(client: &str, case: &str, classes: &[Class]) -> CaseFinished {
    CaseFinished {
        client: client.to_owned(),
        case: case.to_owned(),
        scenario: case.split('@').next().unwrap().to_owned(),
        checks: vec!["C-CIP-06".to_owned()],
        server: "openssl".to_owned(),
        canary: Canary::Caught,
        expected: Expected::MustRefuse,
        reach: Some(Reach::Proposed),
        version: Some("TLSv1.2".to_owned()),
        suite: Some(RSA.to_owned()),
        group: None,
        alert: Some("illegal_parameter".to_owned()),
        alert_by: Some(Side::Client),
        verdict: Verdict::Pass,
        findings: Vec::new(),
        ms: 9.5,
        known: Vec::new(),
        beside: vec![],
        classes: classes.to_vec(),
        forced: true,
        finite_field: false,
    }
}

/// A case in which the client did what the case proposed.
pub fn completed(
    client: &str,
    case: &str,
    version: &str,
    suite: &str,
    findings: Vec<Finding>,
) -> CaseFinished {
    let verdict = findings.iter().map(|finding| finding.level.verdict()).max().unwrap_or(Verdict::Pass);
    CaseFinished {
        expected: if verdict == Verdict::Fail { Expected::MustRefuse } else { Expected::MayComplete },
        reach: Some(Reach::Data),
        version: Some(version.to_owned()),
        suite: Some(suite.to_owned()),
        alert: None,
        alert_by: None,
        verdict,
        findings,
        forced: false,
        finite_field: suite.starts_with("TLS_DHE_"),
        ..refused(client, case, &[])
    }
}

pub fn inconclusive(client: &str, case: &str, classes: &[Class], finding: Finding) -> CaseFinished {
    CaseFinished {
        reach: Some(Reach::Offered),
        version: None,
        suite: None,
        alert: None,
        alert_by: None,
        verdict: Verdict::Inconclusive,
        findings: vec![finding],
        ..refused(client, case, classes)
    }
}

pub fn finding(code: FindingCode, detail: &str) -> Finding {
    Finding::new(code, detail)
}

/// `run-finished` for these events: totals as the runner counts them.
pub fn finished(events: &[Event], interrupted: bool, ms: f64) -> Event {
    let mut clients: BTreeMap<String, ClientTotals> = BTreeMap::new();
    let mut findings: BTreeMap<String, u64> = BTreeMap::new();
    for event in events {
        match event {
            Event::Client(client) => {
                let skipped = client.status == ClientStatus::NotInstalled;
                clients.entry(client.client.clone()).or_default().verdict =
                    skipped.then_some(Verdict::Skipped);
            }
            Event::CaseFinished(case) => {
                let totals = clients.entry(case.client.clone()).or_default();
                match case.verdict {
                    Verdict::Pass => totals.pass += 1,
                    Verdict::Warn => totals.warn += 1,
                    Verdict::Fail => totals.fail += 1,
                    Verdict::Inconclusive => totals.inconclusive += 1,
                    Verdict::Skipped => totals.skipped += 1,
                }
                totals.verdict = totals.verdict.max(Some(case.verdict));
                for finding in &case.findings {
                    *findings.entry(finding.code.to_string()).or_default() += 1;
                }
            }
            Event::RunStarted(_) | Event::RunFinished(_) => {}
        }
    }
    let exit = if interrupted { 130 } else { 1 };
    Event::RunFinished(RunFinished {
        clients,
        findings,
        interrupted,
        exit,
        ms,
        cpu_ms: 310.0,
        peak_rss_mib: 41.5,
        known_failures: None,
        baseline: None,
    })
}

/// The run of formats section 5: seven clients, 24 cases for each of the six that are installed.
pub fn six_clients() -> Vec<Event> {
    let mut events = vec![started(144)];
    let mut play = |client: ClientEvent, mut cases: Vec<CaseFinished>| {
        let name = client.client.clone();
        // The rest of the 24 are passes: first one proven forced case in each class, then strong ones.
        for class in Class::ALL {
            let id = format!("client/proven/{}@forced", class.as_str().replace(' ', "-"));
            cases.push(refused(&name, &id, &[class]));
        }
        for i in cases.len()..24 {
            let id = format!("client/cipher/ecdhe@TLSv1.2+{i}+natural");
            cases.push(completed(&name, &id, "TLSv1.2", ECDHE, Vec::new()));
        }
        events.push(Event::Client(client));
        events.extend(cases.into_iter().map(|case| Event::CaseFinished(Box::new(case))));
    };

    play(ready("rustls", Some("0.23.46")), Vec::new());

    let mut curl = ready("curl", Some("7.88.1"));
    curl.fixes = fixes(&[
        (FindingCode::BelowMinimumVersion, &["curl", "--tlsv1.2"]),
        (FindingCode::NoForwardSecrecy, &["curl", "--ciphers", "ECDHE+AESGCM:ECDHE+CHACHA20"]),
    ]);
    let mut cases = static_rsa("curl", 3);
    cases.push(dhe("curl"));
    play(curl, cases);

    let mut wget = ready("wget", Some("1.21.3"));
    let args = ["wget", "--ciphers=NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-RSA"];
    wget.fixes = fixes(&[(FindingCode::BelowMinimumVersion, &args), (FindingCode::NoForwardSecrecy, &args)]);
    let mut cases = old_version("wget", 4);
    cases.extend(static_rsa("wget", 7));
    cases.push(dhe("wget"));
    play(wget, cases);

    let mut python = ready("python", Some("3.11.7"));
    python.findings.push(finding(FindingCode::WeakOffered, &format!("offers {RSA}")));
    let mut second = dhe("python");
    second.case = "client/cipher/dhe@TLSv1.2+DHE+forced".to_owned();
    play(python, vec![dhe("python"), second]);

    let mut cases = static_rsa("java", 6);
    cases.push(dhe("java"));
    play(ready("java", Some("17.0.15")), cases);

    let untrusted = |class: Option<Class>, n: usize| {
        let id = format!("client/proven/{n}@forced");
        let detail = "the strong control with rsa2048 ended in alert unknown_ca";
        let mut case = inconclusive(
            "my-client",
            &id,
            class.as_slice(),
            finding(FindingCode::UntrustedCertificate, detail),
        );
        case.finite_field = n == 20;
        Event::CaseFinished(Box::new(case))
    };
    events.push(Event::Client(ready("my-client", Some("2.0"))));
    events.extend((0..24).map(|n| untrusted(Class::ALL.get(n).copied(), n)));

    events.push(Event::Client(absent("gnutls-cli", "Debian: apt-get install gnutls-bin")));
    let end = finished(&events, false, 9812.0);
    events.push(end);
    events
}

fn fixes(list: &[(FindingCode, &[&str])]) -> BTreeMap<FindingCode, Vec<String>> {
    list.iter().map(|(code, words)| (*code, words.iter().map(|&word| word.to_owned()).collect())).collect()
}

fn static_rsa(client: &str, n: usize) -> Vec<CaseFinished> {
    let suites = [RSA, "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_256_GCM_SHA384"];
    let breach = || finding(FindingCode::NoForwardSecrecy, "completed, 78 bytes of request received");
    let cited = || breach().citing(Some("RFC 9325 4.1".to_owned()));
    (0..n)
        .map(|i| {
            let (suite, pick) = (suites[i % 3], ["natural", "forced", "again"][i / 3]);
            let id = format!("client/cipher/static-rsa@TLSv1.2+{suite}+{pick}");
            let case = completed(client, &id, "TLSv1.2", suite, vec![cited()]);
            CaseFinished { classes: vec![Class::ForwardSecrecy], forced: i >= 3, ..case }
        })
        // Worst last: which case is shown must not depend on the order of the run.
        .rev()
        .collect()
}

fn old_version(client: &str, n: usize) -> Vec<CaseFinished> {
    let suite = "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA";
    let breach = || finding(FindingCode::BelowMinimumVersion, "completed, 78 bytes of request received");
    (0..n)
        .map(|i| {
            let (version, pick) = (["TLSv1.0", "TLSv1.1"][i % 2], ["natural", "forced"][i / 2]);
            let id = format!("client/version/below-minimum@{version}+ECDHE+{pick}");
            let case = completed(client, &id, version, suite, vec![breach()]);
            CaseFinished { classes: vec![Class::Version], forced: i >= 2, ..case }
        })
        .rev()
        .collect()
}

fn dhe(client: &str) -> CaseFinished {
    let allowed = finding(FindingCode::FiniteFieldDhe, "completed with a group of 2048 bits");
    assert_eq!(allowed.level, Level::Warn, "the default of the aws floor");
    completed(client, "client/cipher/dhe@TLSv1.2+DHE+natural", "TLSv1.2", DHE, vec![allowed])
}
