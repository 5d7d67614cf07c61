//! Rule 5, the worst connection counts: both families, no port twice, everything that came is judged.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use shakedown::judge::{FindingCode, Verdict};
use shakedown::net::{Listener, PortBook};
use shakedown::observe::{Ending, Reach};
use shakedown::registry::AlertDescription;

use crate::support::drive::{REQUEST, has_v6, is_control, permissive, strict, v4, v6, visit};
use crate::support::made::Made;
use crate::support::{STATIC_RSA_FORCED, forge, forge_on, has, one_per_class, show, world};

#[test]
fn in_whatever_order_the_worst_connection_decides() {
    let made = Made::static_rsa().forced();
    let refused = made.seen(Reach::Proposed, Ending::ClientAlert(AlertDescription::HANDSHAKE_FAILURE), true);
    let silent = made.seen(Reach::Connected, Ending::ClientFin, false);
    let hung = made.seen(Reach::Proposed, Ending::Deadline, true);
    let accepted = made.seen(Reach::Committed, Ending::ClientReset, true);
    // From harmless to worst: whatever comes beside the last decides nothing.
    let ranked = [
        (silent, Verdict::Inconclusive),
        (refused, Verdict::Pass),
        (hung, Verdict::Inconclusive),
        (accepted, Verdict::Fail),
    ];
    for (i, (worse, verdict)) in ranked.iter().enumerate() {
        for (better, _) in &ranked[..=i] {
            for pair in [[better.clone(), worse.clone()], [worse.clone(), better.clone()]] {
                assert_eq!(made.judged(&pair).verdict, *verdict, "{pair:?}");
            }
        }
    }
    assert_eq!(made.judged(&[]).verdict, Verdict::Inconclusive);
}

#[test]
fn every_play_of_a_run_has_a_port_of_its_own() {
    let ports: Arc<Mutex<Vec<u16>>> = Arc::default();
    let told = forge({
        let ports = Arc::clone(&ports);
        move |address| {
            ports.lock().unwrap().push(address.port);
            visit(v4(address.port), strict())
        }
    });
    let ports = ports.lock().unwrap();
    assert!(ports.len() >= told.cases.len() + 4, "cases, and both controls before and after");
    assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), ports.len());
}

#[tokio::test]
async fn a_port_is_not_given_again_after_its_case() {
    let book = PortBook::default();
    let mut seen = BTreeSet::new();
    for _ in 0..200 {
        let listener = Listener::for_case(&book).unwrap();
        assert!(seen.insert(listener.port()));
    }
}

#[test]
fn a_case_is_the_same_on_both_families() {
    if !has_v6() {
        return;
    }
    let told = forge_on(one_per_class(), |address| {
        // Whoever else has the port would be refused or heard here.
        assert!(TcpListener::bind(("127.0.0.1", address.port)).is_err());
        assert!(TcpListener::bind(("::1", address.port)).is_err());
        visit(v6(address.port), permissive())
    });
    assert_eq!(told.control("rsa2048"), "completed");
    told.each_must_refuse(|case| assert_eq!(case.verdict, Verdict::Fail, "{}", show(case)));
}

#[test]
fn a_weak_connection_among_hundreds_of_refusals_is_found() {
    let told = forge_on(vec![world().case(STATIC_RSA_FORCED)], |address| {
        if is_control(address) {
            return visit(v4(address.port), permissive());
        }
        for i in 0..100 {
            visit(v4(address.port), if i == 57 { permissive() } else { strict() });
        }
        false
    });
    assert_eq!(told.case(STATIC_RSA_FORCED).verdict, Verdict::Fail);
}

#[test]
fn connections_beyond_the_limit_are_no_pass() {
    // What is not served is not judged, so it must be said.
    let told = forge_on(vec![world().case(STATIC_RSA_FORCED)], |address| {
        if is_control(address) {
            return visit(v4(address.port), strict());
        }
        visit(v4(address.port), strict());
        for _ in 0..300 {
            drop(v4(address.port));
        }
        false
    });
    let case = told.case(STATIC_RSA_FORCED);
    assert_eq!(case.verdict, Verdict::Inconclusive, "{}", show(case));
    assert!(has(case, FindingCode::ServerCannot), "{}", show(case));
}

#[test]
fn a_connection_opened_just_before_the_client_ends_is_judged() {
    let told = forge_on(one_per_class(), |address| {
        if is_control(address) {
            return visit(v4(address.port), strict());
        }
        visit(v4(address.port), strict());
        // Left to the system: the client is gone before anybody has accepted.
        let mut stream = v4(address.port);
        stream.write_all(REQUEST).unwrap();
        false
    });
    told.all_must_refuse(Verdict::Fail, FindingCode::PlaintextRetry);
}

#[test]
fn the_worst_connection_does_not_hide_how_another_one_failed() {
    use crate::support::made::{Made, by_itself, modern};
    use shakedown::judge::{ClientEnded, ClientSaid, Controls, FindingCode, Verdict, judge};
    use shakedown::observe::{Ending, NotTls, Observation, Reach};
    use shakedown::registry::AlertDescription;
    let made = Made::static_rsa();
    let refused = made.seen(Reach::Offered, Ending::ServerAlert(AlertDescription::HANDSHAKE_FAILURE), false);
    let plain = Observation { not_tls: Some(NotTls::Http), ..Observation::empty() };
    let weak = made.seen(Reach::Data, Ending::Completed, true);
    let stalled = made.seen(Reach::Offered, Ending::Deadline, false);
    let codes = |judged: &shakedown::judge::Judgement| -> Vec<FindingCode> {
        judged.findings.iter().map(|finding| finding.code).collect()
    };
    let judged = made.judged(&[refused.clone(), plain, weak.clone()]);
    assert_eq!(codes(&judged), [FindingCode::NoForwardSecrecy, FindingCode::PlaintextRetry]);
    // What is unclear beside a failure is kept for the case that the failure is a known one.
    let judged = made.judged(&[refused, stalled, weak.clone()]);
    assert_eq!((judged.verdict, codes(&judged)), (Verdict::Fail, vec![FindingCode::NoForwardSecrecy]));
    assert_eq!(judged.beside.iter().map(|f| f.code).collect::<Vec<_>>(), [FindingCode::Timeout]);
    let offer = modern();
    let controls = Controls { positive: Ok(()), offer: Some(&offer), canary: Ok(()) };
    for (ended, code) in [
        (ClientEnded::AtDeadline, FindingCode::Timeout),
        (ClientEnded::Crashed("signal 11".to_owned()), FindingCode::ClientCrashed),
    ] {
        let said = ClientSaid { ended, ..by_itself() };
        let judged = judge(&made.facts(), std::slice::from_ref(&weak), &said, &controls);
        assert_eq!(judged.verdict, Verdict::Fail);
        assert_eq!(judged.beside.iter().map(|f| f.code).collect::<Vec<_>>(), [code]);
    }
}
