//! The table that people read. Expectations are written out by hand from formats section 5.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use shakedown::judge::{Class, FindingCode, Level, Verdict};
use shakedown::observe::Reach;
use shakedown::report::{Human, HumanOptions};
use shakedown::run::events::{CaseFinished, ClientEvent, Event, Expected, Side};

use crate::sample::*;

fn human(events: &[Event], width: Option<usize>, verbose: bool) -> String {
    written(|page| Human::new(page, HumanOptions { width, verbose }), events)
}

/// The report on one client with these cases.
fn page_of(client: ClientEvent, cases: Vec<CaseFinished>) -> String {
    let mut events = vec![started(cases.len() as u64), Event::Client(client)];
    events.extend(cases.into_iter().map(|case| Event::CaseFinished(Box::new(case))));
    events.push(finished(&events, false, 100.0));
    human(&events, None, false)
}

/// The row of the table that begins with the client's name, its columns apart.
fn row(page: &str, client: &str) -> Vec<String> {
    let line = page.lines().find(|line| line.starts_with(client)).expect("a row for the client");
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
}

#[test]
fn six_clients_make_the_table_of_the_formats() {
    assert_snapshot!(human(&six_clients(), None, false), @r"
    floor aws: TLS 1.2 required, 1.3 recommended, forward secrecy     tier core, 24 cases each, seed 1
    source  Infrastructure security, a guide (2026-10)

    client        version         below TLS 1.2  no forward secrecy  unauthenticated  DHE   verdict
    rustls        0.23.46         refused        refused             refused          -     pass
    curl          7.88.1          refused        ACCEPTED            refused          used  FAIL
    wget          1.21.3          ACCEPTED       ACCEPTED            refused          used  FAIL
    python        3.11.7          refused        refused             refused          used  warn
    java          17.0.15         refused        ACCEPTED            refused          used  FAIL
    my-client     2.0             ?              ?                   ?                ?     inconclusive
    gnutls-cli    not installed                                                             skipped

    FAIL  curl: no-forward-secrecy (3 cases)
          TLS 1.2 with TLS_RSA_WITH_AES_128_GCM_SHA256 was completed and the request was sent.
          case  client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural
          fix   curl --ciphers 'ECDHE+AESGCM:ECDHE+CHACHA20'
          more  shakedown explain no-forward-secrecy

    FAIL  wget: below-minimum-version (4 cases), no-forward-secrecy (7 cases)
          TLS 1.0 with TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA was completed and the request was sent.
          case  client/version/below-minimum@TLSv1.0+ECDHE+natural
          fix   wget --ciphers='NORMAL:-VERS-TLS1.0:-VERS-TLS1.1:-RSA'
          more  shakedown explain below-minimum-version

    FAIL  java: no-forward-secrecy (6 cases)
          TLS 1.2 with TLS_RSA_WITH_AES_128_GCM_SHA256 was completed and the request was sent.
          case  client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural
          more  shakedown explain no-forward-secrecy

    ?     my-client: untrusted-certificate
          The strong control with rsa2048 ended in alert unknown_ca. It refuses everything, so none of
          its refusals proves anything.
          next  give it the harness's CA: shakedown check -- my-client --ca {ca_pem} {url}

    WARN  curl
          finite-field-dhe (1 case): completed with a group of 2048 bits

    WARN  wget
          finite-field-dhe (1 case): completed with a group of 2048 bits

    WARN  python
          weak-offered: offers TLS_RSA_WITH_AES_128_GCM_SHA256
          finite-field-dhe (2 cases): completed with a group of 2048 bits

    WARN  java
          finite-field-dhe (1 case): completed with a group of 2048 bits

    skip  gnutls-cli: Debian: apt-get install gnutls-bin

    6 clients, 144 cases, 9.8 s: 95 pass, 5 warn, 20 FAIL, 24 inconclusive.  1 client skipped.
    ");
}

#[test]
fn seventy_columns_drop_columns_from_the_right_and_name_the_passes() {
    let page = human(&six_clients(), Some(70), false);
    let (table, _) = page.split_once("\nFAIL").unwrap();
    assert_snapshot!(table, @r"
    floor aws: TLS 1.2 required, 1.3 recommended, forward secrecy
    tier core, 24 cases each, seed 1
    source  Infrastructure security, a guide (2026-10)

    client        version         below TLS 1.2  no forward secrecy
    rustls        0.23.46         refused        refused
    curl          7.88.1          refused        ACCEPTED
    wget          1.21.3          ACCEPTED       ACCEPTED
    python        3.11.7          refused        refused
    java          17.0.15         refused        ACCEPTED
    my-client     2.0             ?              ?
    gnutls-cli    not installed

    pass  rustls
    ");
    // What is meant to be copied stays on one line; everything else keeps to the width.
    for line in page.lines().filter(|line| !line.trim_start().starts_with("case  ")) {
        assert!(line.chars().count() <= 70, "wider than 70: {line}");
    }
    assert!(
        page.contains("case  client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural\n")
    );
    assert!(page.ends_with("20 FAIL, 24\ninconclusive. 1 client skipped.\n"), "{page}");
}

#[test]
fn every_width_keeps_its_table_within_the_width() {
    let events = six_clients();
    for width in 1..=120 {
        let page = human(&events, Some(width), false);
        let table = page.split("\n\n").nth(1).unwrap();
        assert_eq!(table.lines().count(), 8, "width {width}: {table}");
        for line in table.lines() {
            assert!(line.chars().count() <= width, "wider than {width}: {line}");
        }
    }
}

#[test]
fn an_interrupted_run_prints_what_was_learned() {
    let mut events = vec![started(48), Event::Client(ready("curl", Some("7.88.1")))];
    let breach = finding(FindingCode::NoForwardSecrecy, "completed, 78 bytes of request received");
    let case =
        completed("curl", "client/cipher/static-rsa@TLSv1.2+RSA+natural", "TLSv1.2", RSA, vec![breach]);
    events.push(Event::CaseFinished(Box::new(case)));
    // Announced, and no case of it was run.
    events.push(Event::Client(ready("wget", None)));
    events.push(finished(&events, true, 620.0));
    assert_snapshot!(human(&events, None, false), @r"
    floor aws: TLS 1.2 required, 1.3 recommended, forward secrecy     tier core, 24 cases each, seed 1
    source  Infrastructure security, a guide (2026-10)

    client        version         below TLS 1.2  no forward secrecy  unauthenticated  DHE   verdict
    curl          7.88.1          -              ACCEPTED            -                -     FAIL
    wget          -               -              -                   -                -     -

    FAIL  curl: no-forward-secrecy (1 case)
          TLS 1.2 with TLS_RSA_WITH_AES_128_GCM_SHA256 was completed and the request was sent.
          case  client/cipher/static-rsa@TLSv1.2+RSA+natural
          more  shakedown explain no-forward-secrecy

    Interrupted: 1 of 48 planned cases were run; this is what was learned.
    2 clients, 1 case, 0.6 s: 0 pass, 1 FAIL.
    ");
}

#[test]
fn an_empty_run_says_that_nothing_was_judged() {
    let mut events = vec![started(0)];
    events.push(finished(&events, false, 12.0));
    assert_snapshot!(human(&events, None, false), @r"
    floor aws: TLS 1.2 required, 1.3 recommended, forward secrecy     tier core, 24 cases each, seed 1
    source  Infrastructure security, a guide (2026-10)

    No case was run, so nothing was judged.
    0 clients, 0 cases, 0.0 s: 0 pass.
    ");
}

#[test]
fn nothing_is_printed_before_the_run_has_finished() {
    let mut events = six_clients();
    events.pop();
    assert_eq!(human(&events, None, false), "");
}

#[test]
fn verbose_adds_the_paths_of_the_clients() {
    let quiet = human(&six_clients(), None, false);
    let verbose = human(&six_clients(), None, true);
    assert!(!quiet.contains("/opt/example"));
    assert!(
        verbose.contains("\n\npath  rustls: /opt/example/bin/rustls\npath  curl: /opt/example/bin/curl\n")
    );
}

#[test]
fn the_fix_of_the_last_code_stands_for_those_before_it() {
    let mut client = ready("curl", Some("8"));
    let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    client.fixes = BTreeMap::from([
        (FindingCode::BelowMinimumVersion, words(&["curl", "--tlsv1.2"])),
        (FindingCode::NoForwardSecrecy, words(&["curl", "--ciphers", "ECDHE+AESGCM"])),
        // Not found in this run, so not in the advice.
        (FindingCode::Unencrypted, words(&["curl", "--no-null"])),
    ]);
    let page = |codes: &[FindingCode]| {
        let findings = codes.iter().map(|code| finding(*code, "completed")).collect();
        page_of(client.clone(), vec![completed("curl", "a@b", "TLSv1.0", RSA, findings)])
    };
    let both = page(&[FindingCode::BelowMinimumVersion, FindingCode::NoForwardSecrecy]);
    assert!(both.contains("      fix   curl --ciphers 'ECDHE+AESGCM'\n"), "{both}");
    assert_eq!(both.matches("fix  ").count(), 1);
    let first = page(&[FindingCode::BelowMinimumVersion]);
    assert!(first.contains("      fix   curl --tlsv1.2\n"), "{first}");
    // What no fix of the adapter's mends is said.
    let more = page(&[FindingCode::NoForwardSecrecy, FindingCode::Unauthenticated]);
    assert!(
        more.contains("      fix   curl --ciphers 'ECDHE+AESGCM'   (leaves unauthenticated)\n"),
        "{more}"
    );
    let none = page(&[FindingCode::Unauthenticated]);
    assert!(!none.contains("fix  "), "{none}");
}

#[test]
fn a_code_and_its_count_stay_together() {
    let codes = [
        FindingCode::BelowMinimumVersion,
        FindingCode::NoForwardSecrecy,
        FindingCode::Unauthenticated,
        FindingCode::WeakDhGroup,
    ];
    let findings = codes.iter().map(|code| finding(*code, "completed")).collect();
    let page = page_of(ready("curl-dev", None), vec![completed("curl-dev", "a@b", "TLSv1.0", RSA, findings)]);
    // "unauthenticated (1" would still fit.
    let head = "FAIL  curl-dev: below-minimum-version (1 case), no-forward-secrecy (1 case),
      unauthenticated (1 case), weak-dh-group (1 case)\n";
    assert!(page.contains(head), "{page}");
}

#[test]
fn a_breach_beside_the_session_is_told_in_its_own_words() {
    let breach = finding(FindingCode::PlaintextRetry, "GET / was readable");
    let mut case = refused("x", "client/cipher/null@a", &[Class::Encryption]);
    (case.verdict, case.findings) = (Verdict::Fail, vec![breach]);
    let page = page_of(ready("x", None), vec![case]);
    let expected = "FAIL  x: plaintext-retry (1 case)\n      \
        After a refused handshake the client sent plain HTTP to the same port. GET / was readable.\n";
    assert!(page.contains(expected), "{page}");
}

#[test]
fn each_reason_for_not_knowing_has_its_paragraph() {
    let timeout = finding(FindingCode::Timeout, "no answer to ServerHello for 10 s");
    let case = |id: &str| inconclusive("x", id, &[Class::Version], timeout.clone());
    let mut events = vec![started(2), Event::Client(ready("x", None))];
    events.extend([case("b@2"), case("b@1")].map(|case| Event::CaseFinished(Box::new(case))));
    let Event::RunFinished(mut end) = finished(&events, false, 100.0) else { unreachable!() };
    let unproven = finding(FindingCode::ClassUnproven, "version: 2 cases, none proven");
    end.clients.get_mut("x").unwrap().findings.push(unproven);
    events.push(Event::RunFinished(end));
    let page = human(&events, None, false);
    let (_, paragraphs) = page.split_once("\n\n?").unwrap();
    assert_snapshot!(format!("?{paragraphs}"), @r"
    ?     x: timeout (2 cases)
          No answer to ServerHello for 10 s. A hang is no refusal.
          case  b@1
          next  raise --timeout, or look at the client with --evidence DIR

    ?     x: class-unproven
          Version: 2 cases, none proven. Without one proven refusal the class says nothing about the
          client.
          next  look at the inconclusive and skipped cases of that class

    1 client, 2 cases, 0.1 s: 0 pass, 2 inconclusive.
    ");
}

#[test]
fn skipped_cases_are_told_with_their_reason() {
    let mut case = refused("java", "client/certificate/ed25519@forced", &[]);
    case.verdict = Verdict::Skipped;
    case.findings = vec![finding(FindingCode::UnsupportedByClient, "no Ed25519 in this JVM")];
    let page = page_of(ready("java", Some("17")), vec![case]);
    assert!(
        page.contains("\nskip  java: unsupported-by-client (1 case): no Ed25519 in this JVM\n"),
        "{page}"
    );
    assert!(page.contains("0 pass, 1 skipped."), "{page}");
}

#[test]
fn a_cell_tells_who_ended_the_cases() {
    let forced = || refused("x", "a@forced", &[Class::Version]);
    let natural = || CaseFinished {
        reach: Some(Reach::Offered),
        alert_by: Some(Side::Server),
        forced: false,
        ..forced()
    };
    let silent = || CaseFinished { alert: None, alert_by: None, ..forced() };
    let unproven = || inconclusive("x", "a@i", &[Class::Version], finding(FindingCode::Timeout, "late"));
    let skipped = || CaseFinished { verdict: Verdict::Skipped, reach: None, alert_by: None, ..forced() };
    let breach = finding(FindingCode::BelowMinimumVersion, "completed");
    let accepted = || completed("x", "a@a", "TLSv1.0", ECDHE, vec![breach.clone()]);
    let plaintext = || CaseFinished {
        verdict: Verdict::Fail,
        findings: vec![finding(FindingCode::PlaintextRetry, "GET /")],
        ..forced()
    };
    let allowed = || CaseFinished {
        expected: Expected::MayComplete,
        classes: vec![Class::Version],
        ..completed("x", "a@w", "TLSv1.0", ECDHE, Vec::new())
    };
    let both = || CaseFinished { classes: vec![Class::Version, Class::ForwardSecrecy], ..forced() };
    let cases = [
        ("refused", vec![forced()]),
        ("refused", vec![both(), forced()]),
        ("?", vec![both()]),
        ("refused", vec![forced(), natural()]),
        ("refused", vec![silent()]),
        ("not offered", vec![natural()]),
        ("not offered", vec![natural(), skipped()]),
        ("-", vec![]),
        ("-", vec![skipped()]),
        ("?", vec![forced(), natural(), unproven()]),
        ("?", vec![forced(), plaintext()]),
        ("ACCEPTED", vec![forced(), unproven(), accepted()]),
        ("ACCEPTED", vec![allowed(), forced()]),
    ];
    for (expected, list) in cases {
        let page = page_of(ready("x", None), list.clone());
        assert_eq!(row(&page, "x  ")[2], expected, "{list:#?}");
    }
}

#[test]
fn the_dhe_cell_says_used_rather_than_accepted() {
    let dhe = |reach, alert_by, forced| CaseFinished {
        expected: Expected::MayComplete,
        reach: Some(reach),
        alert_by,
        forced,
        finite_field: true,
        ..refused("x", "a@dhe", &[])
    };
    let weak = CaseFinished {
        verdict: Verdict::Fail,
        findings: vec![finding(FindingCode::WeakDhGroup, "1024 bits")],
        finite_field: true,
        ..refused("x", "a@dhe1024", &[])
    };
    let allowed = completed("x", "a@dhe", "TLSv1.2", DHE, Vec::new());
    let cases = [
        ("used", vec![completed("x", "a", "TLSv1.2", DHE, vec![finding(FindingCode::FiniteFieldDhe, "")])]),
        ("used", vec![allowed]),
        ("used", vec![weak]),
        ("refused", vec![dhe(Reach::Proposed, Some(Side::Client), true)]),
        ("not offered", vec![dhe(Reach::Offered, Some(Side::Server), false)]),
        ("-", vec![completed("x", "a", "TLSv1.2", ECDHE, Vec::new())]),
        ("-", vec![CaseFinished { finite_field: true, ..refused("x", "a@tls1.0", &[Class::Version]) }]),
    ];
    for (expected, list) in cases {
        let page = page_of(ready("x", None), list.clone());
        assert_eq!(row(&page, "x  ")[5], expected, "{list:#?}");
    }
}

#[test]
fn long_names_are_shortened_before_the_verdict_is_lost() {
    let mut events = vec![started(2)];
    let name = "python:/usr/local/lib/somewhere/bin/python3";
    let mut other = ready("openssl", Some("3.6.3"));
    other.label = Some("(harness build)".to_owned());
    events.extend([Event::Client(ready(name, Some("3.11.7"))), Event::Client(other)]);
    events.push(Event::CaseFinished(Box::new(refused(name, "a@forced", &[Class::Version]))));
    events.push(finished(&events, false, 100.0));
    let wide = human(&events, Some(140), false);
    assert_eq!(row(&wide, name), [name, "3.11.7", "refused", "-", "-", "-", "pass"]);
    assert!(wide.contains("\nopenssl (harness build) "), "{wide}");
    let page = human(&events, None, false);
    assert_eq!(
        row(&page, "pytho"),
        ["python:/usr/..bin/python3", "3.11.7", "refused", "-", "-", "-", "pass"]
    );
}

#[test]
fn a_client_cannot_drive_the_terminal() {
    let mut client = ready("ev\x1b[2Jil", Some("1\n2"));
    client.findings.push(finding(FindingCode::WeakOffered, "offers \u{202e}\x07 things"));
    let page = page_of(client, vec![refused("ev\x1b[2Jil", "a@b", &[])]);
    assert!(page.contains(r"ev\u{1b}[2Jil"), "{page}");
    assert!(page.contains(r"offers \u{202e}\u{7} things"), "{page}");
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{page:?}");
}

#[test]
fn a_forgiven_breach_is_a_warning_and_its_cell_stays() {
    let breach = finding(FindingCode::NoForwardSecrecy, "completed; known: issue 17");
    assert_eq!(breach.level, Level::Fail);
    let mut case = completed("curl", "a@b", "TLSv1.2", RSA, vec![breach]);
    (case.verdict, case.classes) = (Verdict::Warn, vec![Class::ForwardSecrecy]);
    let page = page_of(ready("curl", None), vec![case]);
    assert_eq!(row(&page, "curl")[3], "ACCEPTED");
    assert!(!page.contains("FAIL"), "{page}");
    let line = "WARN  curl\n      no-forward-secrecy (1 case): completed; known: issue 17\n";
    assert!(page.contains(line), "{page}");
}
