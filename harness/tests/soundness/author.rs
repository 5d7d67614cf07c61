//! Rule 3, a refusal has an author: who ended it, at which reach, with how much of the flight delivered.

use shakedown::judge::{ClientEnded, ClientSaid, Controls, Finding};
use shakedown::judge::{FindingCode, Judgement, Refuser, Verdict, judge};
use shakedown::observe::{Ending, NotTls, Observation, Reach};
use shakedown::oracle::{Offer, Rule};
use shakedown::registry::{AlertDescription, CipherSuite, ProtocolVersion};

use crate::support::made::{
    ECDHE_GCM, Made, RSA_CBC, RSA_GCM, TLS13_GCM, by_itself, modern, states_a_maximum,
};

const ALERT: AlertDescription = AlertDescription::HANDSHAKE_FAILURE;

fn endings() -> Vec<Ending> {
    vec![
        Ending::Open,
        Ending::ClientAlert(ALERT),
        Ending::ClientCloseNotify,
        Ending::ClientFin,
        Ending::ClientReset,
        Ending::ServerAlert(ALERT),
        Ending::ServerFailed("no".to_owned()),
        Ending::Deadline,
        Ending::Completed,
    ]
}

fn code(judgement: &Judgement) -> Option<FindingCode> {
    judgement.findings.first().map(|finding| finding.code)
}

/// What a connection of a static-RSA case must come to, written down from the design and not from the code.
fn wanted(reach: Reach, ending: &Ending, delivered: bool, forced: bool) -> (Verdict, Option<FindingCode>) {
    use FindingCode as C;
    use Verdict::{Fail, Inconclusive, Pass};
    if reach >= Reach::Committed {
        return (Fail, Some(C::NoForwardSecrecy));
    }
    match (reach, ending) {
        (_, Ending::Deadline | Ending::Open) => (Inconclusive, Some(C::Timeout)),
        (Reach::Connected, e) if e.by_client() => (Inconclusive, Some(C::NoConnection)),
        (Reach::Proposed, e) if e.by_client() && delivered => (Pass, None),
        (_, e) if e.by_client() => (Inconclusive, Some(C::ServerCannot)),
        (Reach::Proposed, Ending::ServerAlert(_) | Ending::ServerFailed(_)) => {
            (Inconclusive, Some(C::ServerEndedIt))
        }
        // The hello does not offer static RSA, and an honest server says so with this very alert.
        (Reach::Offered, Ending::ServerAlert(_)) if !forced => (Pass, None),
        (Reach::Offered, Ending::ServerFailed(_)) if !forced => (Inconclusive, Some(C::ServerEndedIt)),
        (Reach::Connected, Ending::ServerAlert(_) | Ending::ServerFailed(_)) => {
            (Inconclusive, Some(C::ServerEndedIt))
        }
        _ => (Inconclusive, Some(C::ServerCannot)),
    }
}

#[test]
fn every_ending_at_every_reach_comes_to_what_the_design_says() {
    let all =
        [Reach::Connected, Reach::Offered, Reach::Proposed, Reach::Committed, Reach::Finished, Reach::Data];
    let mut passes = 0;
    for forced in [false, true] {
        let made = Made { forced, ..Made::static_rsa() };
        for reach in all {
            for ending in endings() {
                for delivered in [false, true] {
                    let judged = made.judged(&[made.seen(reach, ending.clone(), delivered)]);
                    let (verdict, first) = wanted(reach, &ending, delivered, forced);
                    let what =
                        format!("{reach:?} {ending:?} delivered {delivered} forced {forced}: {judged:?}");
                    assert_eq!(judged.verdict, verdict, "{what}");
                    // The two codes for "our side" are told apart where it is clear which.
                    let ours = [FindingCode::ServerCannot, FindingCode::ServerEndedIt];
                    match first {
                        Some(first) if ours.contains(&first) => {
                            assert!(code(&judged).is_some_and(|c| ours.contains(&c)), "{what}");
                        }
                        _ => assert_eq!(code(&judged), first, "{what}"),
                    }
                    passes += usize::from(judged.verdict == Verdict::Pass);
                }
            }
        }
    }
    // Natural: four client endings with the flight delivered, and the server's own refusal twice; forced: the four.
    assert_eq!(passes, 4 + 2 + 4);
}

#[test]
fn a_refusal_whose_alert_gives_no_reason_is_to_be_confirmed() {
    let made = Made::static_rsa().forced();
    for (ending, confirm) in [
        (Ending::ClientAlert(ALERT), false),
        // user_canceled, whatever its level
        (Ending::ClientAlert(AlertDescription(90)), true),
        (Ending::ClientCloseNotify, true),
        (Ending::ClientFin, true),
        (Ending::ClientReset, true),
    ] {
        let judged = made.judged(&[made.seen(Reach::Proposed, ending.clone(), true)]);
        assert_eq!(judged.wants_confirmation, confirm, "{ending:?}");
    }
}

/// The honest server refused this offer.
fn refused(made: &Made, offer: Offer, alert: AlertDescription) -> Judgement {
    let seen = Observation {
        offer: Some(offer.clone()),
        ..made.seen(Reach::Offered, Ending::ServerAlert(alert), false)
    };
    let controls = Controls { positive: Ok(()), offer: Some(&offer), canary: Ok(()) };
    judge(&made.facts(), &[seen], &by_itself(), &controls)
}

#[test]
fn the_servers_refusal_of_something_offered_has_no_author() {
    let made = Made::static_rsa();
    let offer = Offer { suites: vec![TLS13_GCM, ECDHE_GCM, RSA_GCM], ..modern() };
    let judged = refused(&made, offer, ALERT);
    assert_eq!((judged.verdict, code(&judged)), (Verdict::Inconclusive, Some(FindingCode::ServerEndedIt)));
}

#[test]
fn a_refusal_by_another_alert_than_predicted_has_no_author() {
    let judged = refused(&Made::static_rsa(), modern(), AlertDescription::INTERNAL_ERROR);
    assert_eq!((judged.verdict, code(&judged)), (Verdict::Inconclusive, Some(FindingCode::ServerEndedIt)));
    assert_eq!(refused(&Made::static_rsa(), modern(), ALERT).verdict, Verdict::Pass);
}

#[test]
fn a_servers_close_notify_counts_only_where_the_hello_has_nothing_in_common_with_it() {
    let close = AlertDescription::CLOSE_NOTIFY;
    assert_eq!(refused(&Made::static_rsa(), modern(), close).verdict, Verdict::Pass);
    let unclear = [
        ("the suite is offered", Offer { suites: vec![TLS13_GCM, ECDHE_GCM, RSA_GCM], ..modern() }),
        ("it is about the version", states_a_maximum(ProtocolVersion::TLS1_1, &[ECDHE_GCM])),
        (
            "it is about a second try",
            Offer { fallback_scsv: true, ..states_a_maximum(ProtocolVersion::TLS1_1, &[ECDHE_GCM]) },
        ),
        ("it is about renegotiation", Offer { renegotiates: true, ..modern() }),
        ("it is about compression", Offer { compressions: vec![1], ..modern() }),
        ("it is about the points", Offer { point_formats: Some(vec![1]), ..modern() }),
    ];
    for (what, offer) in unclear {
        // Of two versions, so that a second try can be one.
        let mut made = Made::static_rsa();
        if offer.fallback_scsv {
            made.policy.versions.insert(0, ProtocolVersion::TLS1_1);
        }
        let judged = refused(&made, offer, close);
        assert_eq!(judged.verdict, Verdict::Inconclusive, "{what}: {judged:?}");
        assert_eq!(code(&judged), Some(FindingCode::ServerEndedIt), "{what}: {judged:?}");
    }
}

#[test]
fn below_a_stated_maximum_nothing_is_not_offered() {
    let old = Made::new(ProtocolVersion::TLS1_0, RSA_CBC, &[Rule::Version, Rule::ForwardSecrecy]);
    // The suite is not the server's, but it exists in TLS 1.0: a client with it may well speak TLS 1.0.
    let ecdhe_cbc = CipherSuite(0xC013);
    let vague = states_a_maximum(ProtocolVersion::TLS1_2, &[ecdhe_cbc, ECDHE_GCM]);
    assert_eq!(refused(&old, vague, ALERT).verdict, Verdict::Inconclusive);
    // GCM exists in TLS 1.2 only, so there is nothing that such a client could speak below.
    let clear = states_a_maximum(ProtocolVersion::TLS1_2, &[ECDHE_GCM]);
    assert_eq!(refused(&old, clear, ALERT).verdict, Verdict::Pass);
    // `supported_versions` is exact.
    let exact = Offer { suites: vec![TLS13_GCM, ecdhe_cbc, ECDHE_GCM], ..modern() };
    assert_eq!(refused(&old, exact, AlertDescription::PROTOCOL_VERSION).verdict, Verdict::Pass);
}

#[test]
fn a_refusal_of_something_else_than_the_weakness_proves_nothing() {
    let made = Made::static_rsa().forced();
    let mut seen = made.seen(Reach::Proposed, Ending::ClientAlert(ALERT), true);
    seen.proposal.as_mut().unwrap().suite = ECDHE_GCM;
    let judged = made.judged(&[seen]);
    assert_eq!((judged.verdict, code(&judged)), (Verdict::Inconclusive, Some(FindingCode::ServerCannot)));
}

#[test]
fn bytes_that_are_not_tls_and_disagreements_prove_nothing() {
    let made = Made::static_rsa().forced();
    let refusal = made.seen(Reach::Proposed, Ending::ClientAlert(ALERT), true);
    for kind in [NotTls::Http, NotTls::Ssl2, NotTls::Other] {
        let strange =
            Observation { not_tls: Some(kind.clone()), ending: Ending::ClientFin, ..Observation::empty() };
        let first = made.judged(&[strange.clone(), refusal.clone()]);
        assert_eq!((first.verdict, code(&first)), (Verdict::Inconclusive, Some(FindingCode::NotTls)));
        let second = made.judged(&[refusal.clone(), strange]);
        let wanted = if kind == NotTls::Http { Verdict::Fail } else { Verdict::Inconclusive };
        assert_eq!(second.verdict, wanted, "{kind:?}");
    }
    let differs = Observation { disagreement: Some("suite".to_owned()), ..refusal };
    assert_eq!(made.judged(&[differs]).verdict, Verdict::Inconclusive);
}

#[test]
fn a_program_that_died_or_was_ended_has_not_refused() {
    let made = Made::static_rsa().forced();
    let refusal = [made.seen(Reach::Proposed, Ending::ClientAlert(ALERT), true)];
    let accepted = [made.seen(Reach::Committed, Ending::ClientReset, true)];
    let offer = modern();
    let controls = Controls { positive: Ok(()), offer: Some(&offer), canary: Ok(()) };
    for (ended, wanted) in [
        (ClientEnded::AtDeadline, FindingCode::Timeout),
        (ClientEnded::Interrupted, FindingCode::Timeout),
        (ClientEnded::Crashed("signal 11".to_owned()), FindingCode::ClientCrashed),
    ] {
        let said = ClientSaid { ended, connected: None, unsupported: None };
        let judged = judge(&made.facts(), &refusal, &said, &controls);
        assert_eq!((judged.verdict, code(&judged)), (Verdict::Inconclusive, Some(wanted)));
        assert_eq!(judge(&made.facts(), &accepted, &said, &controls).verdict, Verdict::Fail);
    }
}

#[test]
fn without_either_control_no_refusal_is_a_pass_and_every_acceptance_a_failure() {
    let made = Made::static_rsa().forced();
    let refusal = [made.seen(Reach::Proposed, Ending::ClientAlert(ALERT), true)];
    let accepted = [made.seen(Reach::Committed, Ending::ClientReset, true)];
    let offer = modern();
    let why = Finding::new(FindingCode::ControlRefused, "no");
    let bad = [
        (Controls { positive: Err(&why), offer: Some(&offer), canary: Ok(()) }, FindingCode::ControlRefused),
        (
            Controls { positive: Ok(()), offer: Some(&offer), canary: Err("no".to_owned()) },
            FindingCode::CanaryMissed,
        ),
    ];
    for (controls, wanted) in bad {
        let judged = judge(&made.facts(), &refusal, &by_itself(), &controls);
        assert_eq!((judged.verdict, code(&judged)), (Verdict::Inconclusive, Some(wanted)));
        assert_eq!(judged.proven, None);
        assert_eq!(judge(&made.facts(), &accepted, &by_itself(), &controls).verdict, Verdict::Fail);
    }
}

#[test]
fn a_server_that_must_refuse_fails_when_it_proposes() {
    let made = Made { refuser: Refuser::Server, ..Made::static_rsa() };
    let proposed = made.seen(Reach::Proposed, Ending::ClientAlert(ALERT), true);
    assert_eq!(made.judged(&[proposed]).verdict, Verdict::Fail);
    let refused = made.seen(Reach::Offered, Ending::ServerAlert(ALERT), false);
    assert_eq!(made.judged(&[refused]).verdict, Verdict::Pass);
}

#[test]
fn an_alert_that_the_case_does_not_list_is_said() {
    let made = Made { alerts: vec![AlertDescription::ILLEGAL_PARAMETER], ..Made::static_rsa().forced() };
    let judged = made.judged(&[made.seen(Reach::Proposed, Ending::ClientAlert(ALERT), true)]);
    assert_eq!((judged.verdict, code(&judged)), (Verdict::Warn, Some(FindingCode::UnexpectedAlert)));
}

#[test]
fn a_second_hello_with_a_lower_maximum_after_a_refusal_fails_unless_it_says_so() {
    let made = Made::static_rsa();
    let first = made.seen(Reach::Offered, Ending::ServerAlert(ALERT), false);
    let lower = |fallback_scsv| Observation {
        offer: Some(Offer { fallback_scsv, ..states_a_maximum(ProtocolVersion::TLS1_1, &[ECDHE_GCM]) }),
        ..made.seen(Reach::Offered, Ending::ServerAlert(AlertDescription::PROTOCOL_VERSION), false)
    };
    let judged = made.judged(&[first.clone(), lower(false)]);
    assert_eq!(judged.verdict, Verdict::Fail);
    assert!(judged.findings.iter().any(|f| f.code == FindingCode::DowngradedRetry));
    let honest = made.judged(&[first, lower(true)]);
    assert!(honest.findings.iter().all(|f| f.code != FindingCode::DowngradedRetry));
}
