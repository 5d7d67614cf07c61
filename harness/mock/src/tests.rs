//! The expectations, over every way in which a connection can end.

use std::net::{Ipv4Addr, SocketAddr};

use crate::builder::Certificate;
use crate::finished::Finished;
use crate::lines::{Connection, Offers, Outcome, Reach, Ready, Side, Verdict};
use crate::policy::tests::accepted;
use crate::unmet::{Reason, Unmet};

const RSA: &str = "TLS_RSA_WITH_AES_128_GCM_SHA256";
const ECDHE: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";

const OUTCOMES: [Outcome; 10] = [
    Outcome::Completed,
    Outcome::Closed,
    Outcome::RefusedByClient,
    Outcome::RefusedByServer,
    Outcome::NotTls,
    Outcome::Timeout,
    Outcome::Disconnected,
    Outcome::Failed,
    Outcome::HarnessPanic,
    Outcome::Unserved,
];
const REACHES: [Reach; 6] =
    [Reach::Connected, Reach::Offered, Reach::Proposed, Reach::Committed, Reach::Finished, Reach::Data];
const ALERTS: [Option<&str>; 6] = [
    None,
    Some("illegal_parameter"),
    Some("unknown_ca"),
    Some("decrypt_error"),
    Some("user_canceled"),
    Some("internal_error"),
];

fn connection(outcome: Outcome, reach: Reach) -> Connection {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Connection {
        peer: "127.0.0.1:51022".to_owned(),
        outcome,
        reach: Some(reach),
        version: (reach >= Reach::Proposed).then(|| "TLSv1.2".to_owned()),
        suite: (reach >= Reach::Proposed).then(|| RSA.to_owned()),
        group: None,
        alert: None,
        alert_by: None,
        ja4: None,
        verdict: None,
        findings: Vec::new(),
        offers: (reach >= Reach::Offered).then(|| Offers {
            versions: names(&["TLSv1.3", "TLSv1.2"]),
            suites: names(&["TLS_AES_128_GCM_SHA256", ECDHE]),
            groups: names(&["x25519"]),
            schemes: names(&["rsa_pss_rsae_sha256"]),
            cert_schemes: names(&["rsa_pkcs1_sha256"]),
            alpn: names(&["http/1.1"]),
            server_name: Some("localhost".to_owned()),
            left_out: 0,
        }),
        transcript: None,
        ms: Some(3.1),
    }
}

fn finished(connections: Vec<Connection>) -> Finished {
    Finished {
        server: Ready {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 4433)),
            ca_pem: "ca.pem".into(),
            policy: "harness/static-rsa".to_owned(),
            backend: "openssl 3.6.3".to_owned(),
            floor: Some("aws".to_owned()),
            certificates: vec!["rsa2048".to_owned()],
            shakedown: None,
        },
        wrong_certificate: None,
        has_second_fault: false,
        forced: None,
        accepted: Ok(accepted(&["TLSv1.2"], &[RSA])),
        connections,
        unfinished: 0,
    }
}

fn completed() -> Connection {
    Connection { verdict: Some(Verdict::Pass), ..connection(Outcome::Completed, Reach::Data) }
}

fn reason(checked: Result<(), Unmet>) -> Option<Reason> {
    checked.err().map(|unmet| unmet.reason())
}

/// Every way to end, stated a second time here.
#[test]
fn only_an_end_of_the_clients_own_before_the_refusal_line_is_a_refusal() {
    use Certificate::{Expired, UntrustedIssuer, WrongHost};
    let mut refusals = 0;
    for outcome in OUTCOMES {
        for reach in REACHES {
            for alert in ALERTS {
                for wrong in [None, Some(UntrustedIssuer), Some(WrongHost), Some(Expired)] {
                    let wrong_certificate = wrong.is_some();
                    let mut seen = finished(vec![Connection {
                        alert: alert.map(str::to_owned),
                        alert_by: alert.map(|_| Side::Client),
                        ..connection(outcome, reach)
                    }]);
                    seen.wrong_certificate = wrong;
                    let went_on = if wrong_certificate {
                        outcome == Outcome::Completed || reach == Reach::Data
                    } else {
                        matches!(outcome, Outcome::Completed | Outcome::Closed) || reach >= Reach::Committed
                    };
                    let fits = match alert {
                        None => reach < Reach::Finished,
                        Some("illegal_parameter") => !wrong_certificate,
                        // Each server has a CA of its own: of host and date it says nothing.
                        Some("unknown_ca" | "decrypt_error") => wrong == Some(UntrustedIssuer),
                        Some(_) => true,
                    };
                    let by_client = outcome == Outcome::RefusedByClient && reach >= Reach::Proposed && fits;
                    let by_server =
                        outcome == Outcome::RefusedByServer && reach >= Reach::Offered && !wrong_certificate;
                    let expected = if went_on {
                        Some(Reason::Broken)
                    } else if by_client || by_server {
                        refusals += 1;
                        None
                    } else {
                        Some(Reason::Unproven)
                    };
                    let at = format!("{outcome} {reach} {alert:?} wrong certificate: {wrong:?}");
                    assert_eq!(reason(seen.check_refused()), expected, "{at}");
                }
            }
        }
    }
    // Counted by hand. By the client: proposed 4 with a right certificate; with an untrusted issuer proposed 5, committed 5,
    // finished 4; with host or date wrong two less in each; by the server offered and proposed with any of the six alerts.
    assert_eq!(refusals, 4 + (5 + 5 + 4) + 2 * (3 + 3 + 2) + 12);
}

/// A client that takes the forced session and cannot read on sends `bad_record_mac`: it has refused nothing.
#[test]
fn of_two_faults_only_an_alert_about_the_certificate_says_which_one_was_refused() {
    for (alert, expected) in [
        (None, Some(Reason::Unproven)),
        (Some("bad_record_mac"), Some(Reason::Unproven)),
        (Some("handshake_failure"), Some(Reason::Unproven)),
        (Some("unknown_ca"), Some(Reason::Unproven)),
        (Some("decrypt_error"), Some(Reason::Unproven)),
        (Some("certificate_expired"), None),
    ] {
        for reach in [Reach::Proposed, Reach::Committed] {
            let mut seen = finished(vec![Connection {
                alert: alert.map(str::to_owned),
                alert_by: alert.map(|_| Side::Client),
                ..connection(Outcome::RefusedByClient, reach)
            }]);
            (seen.wrong_certificate, seen.has_second_fault) = (Some(Certificate::Expired), true);
            assert_eq!(reason(seen.check_refused()), expected, "{alert:?} {reach}");
        }
    }
}

#[test]
fn no_connection_and_a_connection_that_was_cut_meet_nothing() {
    let nobody = finished(Vec::new());
    let mut cut = finished(vec![connection(Outcome::RefusedByClient, Reach::Proposed), completed()]);
    cut.unfinished = 1;
    for seen in [&nobody, &cut] {
        assert_eq!(reason(seen.check_negotiated("TLSv1.2", None)), Some(Reason::Unproven));
        assert_eq!(reason(seen.check_never_offered(RSA)), Some(Reason::Unproven));
        assert_eq!(reason(seen.check_floor_kept()), Some(Reason::Unproven));
        assert_eq!(seen.verdict(), Verdict::Inconclusive);
    }
    assert_eq!(reason(nobody.check_refused()), Some(Reason::Unproven));
    cut.connections.truncate(1);
    assert_eq!(reason(cut.check_refused()), Some(Reason::Unproven));
    cut.unfinished = 0;
    assert_eq!(reason(cut.check_refused()), None);
}

#[test]
fn the_worst_of_several_connections_decides() {
    let refused = || connection(Outcome::RefusedByClient, Reach::Proposed);
    let two = |second| reason(finished(vec![refused(), second]).check_refused());
    assert_eq!(two(refused()), None);
    assert_eq!(two(connection(Outcome::NotTls, Reach::Connected)), Some(Reason::Unproven));
    assert_eq!(two(completed()), Some(Reason::Broken));
    let three = vec![refused(), connection(Outcome::Timeout, Reach::Connected), completed()];
    assert_eq!(reason(finished(three).check_refused()), Some(Reason::Broken));
}

#[test]
fn a_server_that_could_have_gone_on_proves_nothing_by_refusing() {
    let refused = connection(Outcome::RefusedByServer, Reach::Offered);
    let judged = |change: fn(&mut Finished)| {
        let mut seen = finished(vec![refused.clone()]);
        change(&mut seen);
        reason(seen.check_refused())
    };
    assert_eq!(judged(|_| {}), None);
    assert_eq!(
        judged(|seen| seen.accepted = Ok(accepted(&["TLSv1.2"], &[RSA, ECDHE]))),
        Some(Reason::Unproven)
    );
    assert_eq!(judged(|seen| seen.accepted = Err("not known".to_owned())), Some(Reason::Unproven));
    assert_eq!(judged(|seen| seen.forced = Some(("TLSv1.2".into(), RSA.into()))), Some(Reason::Unproven));
    assert_eq!(judged(|seen| seen.connections[0].offers = None), Some(Reason::Unproven));
}

#[test]
fn what_was_negotiated_is_compared_with_every_connection() {
    let negotiated = |connections: &[Connection], version, suite| {
        reason(finished(connections.to_vec()).check_negotiated(version, suite))
    };
    assert_eq!(negotiated(&[completed()], "TLSv1.2", Some(RSA)), None);
    assert_eq!(negotiated(&[completed()], "TLSv1.2", None), None);
    assert_eq!(negotiated(&[completed()], "TLSv1.3", None), Some(Reason::Broken));
    assert_eq!(negotiated(&[completed()], "TLSv1.2", Some(ECDHE)), Some(Reason::Broken));
    let other = Connection { suite: Some(ECDHE.to_owned()), ..completed() };
    assert_eq!(negotiated(&[completed(), other], "TLSv1.2", Some(RSA)), Some(Reason::Broken));
    for outcome in OUTCOMES {
        let expected = match outcome {
            Outcome::Completed | Outcome::Closed => None,
            Outcome::RefusedByClient | Outcome::RefusedByServer => Some(Reason::Broken),
            _ => Some(Reason::Unproven),
        };
        assert_eq!(
            negotiated(&[connection(outcome, Reach::Finished)], "TLSv1.2", None),
            expected,
            "{outcome}"
        );
    }
}

#[test]
fn never_offered_is_read_from_every_hello() {
    let seen = finished(vec![completed()]);
    for offered in ["TLSv1.3", ECDHE, "x25519", "rsa_pss_rsae_sha256", "rsa_pkcs1_sha256"] {
        assert_eq!(reason(seen.check_never_offered(offered)), Some(Reason::Broken), "{offered}");
    }
    for absent in ["TLSv1.1", RSA, "secp256r1", "rsa_pkcs1_sha1"] {
        assert_eq!(reason(seen.check_never_offered(absent)), None, "{absent}");
    }
    for unknown in ["TLS 1.1", "AES128-SHA", "http/1.1", ""] {
        assert_eq!(reason(seen.check_never_offered(unknown)), Some(Reason::Unproven), "{unknown:?}");
    }
    let mut cut = finished(vec![completed()]);
    cut.connections[0].offers.as_mut().unwrap().left_out = 1;
    assert_eq!(reason(cut.check_never_offered(RSA)), Some(Reason::Unproven));
    assert_eq!(reason(cut.check_never_offered(ECDHE)), Some(Reason::Broken));
    let silent = finished(vec![completed(), connection(Outcome::Disconnected, Reach::Connected)]);
    assert_eq!(reason(silent.check_never_offered(RSA)), Some(Reason::Unproven));
    assert_eq!(reason(silent.check_never_offered(ECDHE)), Some(Reason::Broken));
}

/// RFC 5246 7.4.1.4.1, RFC 8422 4, RFC 7919 4.
#[test]
fn a_hello_that_lists_no_schemes_or_groups_leaves_open_which_it_takes() {
    let never = |versions: &[&str], change: fn(&mut Offers), name: &str| {
        let mut seen = finished(vec![completed()]);
        let offers = seen.connections[0].offers.as_mut().unwrap();
        offers.versions = versions.iter().map(|version| (*version).to_owned()).collect();
        change(offers);
        reason(seen.check_never_offered(name))
    };
    let without_schemes: fn(&mut Offers) = |offers| offers.schemes.clear();
    let without_groups: fn(&mut Offers) = |offers| offers.groups.clear();
    let with_dhe: fn(&mut Offers) = |offers| offers.suites.push("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256".into());
    let with_field: fn(&mut Offers) = |offers| {
        offers.suites.push("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256".into());
        offers.groups.push("ffdhe3072".into());
    };
    let open = Some(Reason::Unproven);
    let old: &[&str] = &["TLSv1.2"];
    let both: &[&str] = &["TLSv1.3", "TLSv1.2"];
    let new: &[&str] = &["TLSv1.3"];
    for (change, name, expected) in [
        (without_schemes, "rsa_pkcs1_sha1", open),
        (without_schemes, "secp256r1", None),
        (without_groups, "secp256r1", open),
        (without_groups, "rsa_pkcs1_sha1", None),
        (without_groups, "ffdhe2048", None),
        (with_dhe, "ffdhe2048", open),
        (with_dhe, "secp256r1", None),
        (with_field, "ffdhe2048", None),
        (with_field, "ffdhe3072", Some(Reason::Broken)),
    ] {
        for versions in [old, both] {
            assert_eq!(never(versions, change, name), expected, "{versions:?} {name}");
        }
        // TLS 1.3 implies nothing.
        assert_eq!(never(new, change, name), expected.filter(|r| *r == Reason::Broken), "{name}");
    }
}

#[test]
fn a_hello_without_tls_1_3_leaves_open_whether_older_versions_are_taken() {
    let mut seen = finished(vec![completed()]);
    seen.connections[0].offers.as_mut().unwrap().versions = vec!["TLSv1.2".to_owned()];
    assert_eq!(reason(seen.check_never_offered("TLSv1.0")), Some(Reason::Unproven));
    assert_eq!(reason(seen.check_never_offered("TLSv1.3")), None);
    assert_eq!(reason(seen.check_never_offered("TLSv1.2")), Some(Reason::Broken));
}

#[test]
fn the_floor_is_kept_only_by_a_session_that_was_judged() {
    let judged = |outcome, verdict| {
        reason(
            finished(vec![Connection { verdict, ..connection(outcome, Reach::Finished) }]).check_floor_kept(),
        )
    };
    for outcome in OUTCOMES {
        for verdict in [
            None,
            Some(Verdict::Pass),
            Some(Verdict::Warn),
            Some(Verdict::Skipped),
            Some(Verdict::Inconclusive),
        ] {
            let is_session = matches!(outcome, Outcome::Completed | Outcome::Closed);
            let is_good = matches!(verdict, Some(Verdict::Pass | Verdict::Warn));
            let expected = if is_session && is_good { None } else { Some(Reason::Unproven) };
            assert_eq!(judged(outcome, verdict), expected, "{outcome} {verdict:?}");
        }
        assert_eq!(judged(outcome, Some(Verdict::Fail)), Some(Reason::Broken), "{outcome}");
    }
    let with_refusal = vec![completed(), connection(Outcome::RefusedByClient, Reach::Proposed)];
    assert_eq!(reason(finished(with_refusal).check_floor_kept()), None);
}

#[test]
fn the_verdict_is_the_worst_and_one_that_is_missing_is_inconclusive() {
    let verdict = |verdicts: &[Option<Verdict>]| {
        finished(verdicts.iter().map(|v| Connection { verdict: *v, ..completed() }).collect()).verdict()
    };
    assert_eq!(verdict(&[Some(Verdict::Pass)]), Verdict::Pass);
    assert_eq!(verdict(&[Some(Verdict::Warn), Some(Verdict::Pass)]), Verdict::Warn);
    assert_eq!(verdict(&[Some(Verdict::Pass), None]), Verdict::Inconclusive);
    assert_eq!(verdict(&[Some(Verdict::Fail), None]), Verdict::Fail);
}

#[test]
fn an_assertion_panics_with_the_text_of_its_check_and_at_the_callers_line() {
    let seen = finished(vec![completed()]);
    let text = seen.check_refused().unwrap_err().to_string();
    let panic = std::panic::catch_unwind(|| seen.assert_refused()).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>(), Some(&text));
}

#[test]
fn a_failure_text_says_what_was_seen() {
    let mut seen = finished(vec![Connection {
        alert: Some("close_notify".to_owned()),
        alert_by: Some(Side::Client),
        verdict: Some(Verdict::Fail),
        findings: vec!["no-forward-secrecy".to_owned()],
        transcript: Some("client  ClientHello\nserver  ServerHello\n".to_owned()),
        ..connection(Outcome::Completed, Reach::Data)
    }]);
    seen.connections.push(connection(Outcome::NotTls, Reach::Connected));
    seen.forced = Some(("TLSv1.2".to_owned(), RSA.to_owned()));
    seen.unfinished = 1;
    insta::assert_snapshot!(seen.check_refused().unwrap_err(), @r"
    the client did not refuse: it sent its request (connection 1: completed, TLSv1.2 with TLS_RSA_WITH_AES_128_GCM_SHA256)
    server       harness/static-rsa on openssl 3.6.3 with rsa2048, forces TLSv1.2 TLS_RSA_WITH_AES_128_GCM_SHA256, floor aws
    connections  2, 1 of them cut when the server stopped
    1. completed from 127.0.0.1:51022: TLSv1.2 with TLS_RSA_WITH_AES_128_GCM_SHA256, reached data, alert close_notify by the client, verdict fail (no-forward-secrecy)
       offered versions TLSv1.3 TLSv1.2
       offered suites   TLS_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
       offered groups   x25519
       offered schemes  rsa_pss_rsae_sha256
       offered chains   rsa_pkcs1_sha256
       offered alpn     http/1.1
       transcript
          client  ClientHello
          server  ServerHello
    2. not-tls from 127.0.0.1:51022: nothing proposed, reached connected
       no ClientHello
    ");
}

#[test]
fn long_lists_and_transcripts_are_cut_and_say_so() {
    let mut long = completed();
    long.offers.as_mut().unwrap().suites = (0..50).map(|i| format!("S{i}")).collect();
    long.transcript = Some(format!("{}\n{}last", "w".repeat(1000), "line\n".repeat(128)));
    let text = finished(vec![long]).description();
    assert!(text.contains(" S39 and 10 more\n") && !text.contains("S40"), "{text}");
    assert!(text.contains("      ... 10 lines left out\n"), "{text}");
    assert_eq!(text.matches("      line\n").count(), 118);
    assert!(text.ends_with("      line\n      last\n"), "{text}");
    assert!(text.contains(&format!("      {} ...\n", "w".repeat(160))), "{text}");
}
