//! The JUnit file that CI servers read.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use shakedown::judge::{Class, FindingCode, Verdict};
use shakedown::report::Junit;
use shakedown::run::events::{CaseFinished, ClientTotals, Event, RunFinished};

use crate::sample::*;

fn junit(events: &[Event]) -> String {
    written(Junit::new, events)
}

/// The value of an attribute in a line of XML.
fn attribute<'a>(line: &'a str, name: &str) -> &'a str {
    let (_, rest) = line.split_once(&format!(" {name}=\"")).expect(name);
    rest.split('"').next().unwrap()
}

fn one_of_each_verdict() -> Vec<Event> {
    let mut client = ready("curl", Some("7.88.1"));
    client.findings.push(finding(FindingCode::WeakOffered, &format!("offers {RSA}")));
    let breach = finding(FindingCode::NoForwardSecrecy, "completed, 78 bytes of request received")
        .citing(Some("RFC 9325 4.1".to_owned()));
    let old = finding(FindingCode::BelowMinimumVersion, "completed <& sent>");
    let dhe = finding(FindingCode::FiniteFieldDhe, "completed with a group of 2048 bits");
    let unsupported = finding(FindingCode::UnsupportedByClient, "no Ed25519");
    let timeout = finding(FindingCode::Timeout, "no answer for 10 s");
    let cases = [
        refused("curl", "client/a@pass", &[Class::Version]),
        completed("curl", "client/b@fail", "TLSv1.0", RSA, vec![breach, old]),
        completed("curl", "client/c@warn", "TLSv1.2", DHE, vec![dhe]),
        inconclusive("curl", "client/d@inconclusive", &[Class::Version], timeout),
        CaseFinished {
            verdict: Verdict::Skipped,
            findings: vec![unsupported],
            reach: None,
            version: None,
            suite: None,
            alert: None,
            ..refused("curl", "client/e@skipped", &[])
        },
    ];
    let mut events = vec![started(5), Event::Client(client)];
    events.extend(cases.into_iter().map(|case| Event::CaseFinished(Box::new(case))));
    events.push(Event::Client(absent("wget", "Debian: apt-get install wget")));
    let Event::RunFinished(mut end) = finished(&events, false, 1930.0) else { unreachable!() };
    let unproven = finding(FindingCode::ClassUnproven, "encryption: no case");
    end.clients.get_mut("curl").unwrap().findings.push(unproven);
    events.push(Event::RunFinished(end));
    events
}

#[test]
fn each_verdict_has_its_element() {
    assert_snapshot!(junit(&one_of_each_verdict()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="shakedown" tests="7" skipped="2" failures="1" errors="2" time="1.930">
        <testsuite name="curl" tests="6" skipped="1" errors="2" failures="1" time="0.048" timestamp="2026-11-22T09:30:00Z">
            <properties>
                <property name="version" value="7.88.1"/>
                <property name="path" value="/opt/example/bin/curl"/>
                <property name="shakedown" value="0.1.0"/>
                <property name="floor" value="aws"/>
                <property name="source" value="Infrastructure security, a guide (2026-10)"/>
                <property name="tier" value="core"/>
                <property name="seed" value="1"/>
            </properties>
            <testcase name="client/a@pass" classname="curl" time="0.009"/>
            <testcase name="client/b@fail" classname="curl" time="0.009">
                <properties>
                    <property name="server" value="openssl"/>
                    <property name="reach" value="data"/>
                    <property name="version" value="TLSv1.0"/>
                    <property name="suite" value="TLS_RSA_WITH_AES_128_GCM_SHA256"/>
                </properties>
                <failure message="completed, 78 bytes of request received" type="no-forward-secrecy">no-forward-secrecy (fail, RFC 9325 4.1): completed, 78 bytes of request received
    below-minimum-version (fail): completed &lt;&amp; sent&gt;</failure>
            </testcase>
            <testcase name="client/c@warn" classname="curl" time="0.009">
                <properties>
                    <property name="server" value="openssl"/>
                    <property name="reach" value="data"/>
                    <property name="version" value="TLSv1.2"/>
                    <property name="suite" value="TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"/>
                </properties>
                <system-out>finite-field-dhe (warn): completed with a group of 2048 bits</system-out>
            </testcase>
            <testcase name="client/d@inconclusive" classname="curl" time="0.009">
                <properties>
                    <property name="server" value="openssl"/>
                    <property name="reach" value="offered"/>
                </properties>
                <error message="no answer for 10 s" type="timeout">timeout (inconclusive): no answer for 10 s</error>
            </testcase>
            <testcase name="client/e@skipped" classname="curl" time="0.009">
                <properties>
                    <property name="server" value="openssl"/>
                </properties>
                <skipped message="no Ed25519" type="unsupported-by-client">unsupported-by-client (skipped): no Ed25519</skipped>
            </testcase>
            <testcase name="(client)" classname="curl">
                <error message="encryption: no case" type="class-unproven">weak-offered (warn): offers TLS_RSA_WITH_AES_128_GCM_SHA256
    class-unproven (inconclusive): encryption: no case</error>
            </testcase>
        </testsuite>
        <testsuite name="wget" tests="1" skipped="1" errors="0" failures="0" time="0.000" timestamp="2026-11-22T09:30:00Z">
            <properties>
                <property name="shakedown" value="0.1.0"/>
                <property name="floor" value="aws"/>
                <property name="source" value="Infrastructure security, a guide (2026-10)"/>
                <property name="tier" value="core"/>
                <property name="seed" value="1"/>
            </properties>
            <testcase name="(client)" classname="wget">
                <skipped message="Debian: apt-get install wget" type="not-installed">not-installed (skipped): Debian: apt-get install wget</skipped>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn counts_agree_with_the_events() {
    let events = six_clients();
    let text = junit(&events);
    let Some(Event::RunFinished(RunFinished { clients, .. })) = events.last() else { unreachable!() };
    let suites: BTreeMap<&str, &str> = text
        .lines()
        .filter(|line| line.trim_start().starts_with("<testsuite "))
        .map(|line| (attribute(line, "name"), line))
        .collect();
    assert_eq!(suites.keys().copied().collect::<Vec<_>>(), clients.keys().collect::<Vec<_>>());
    for (name, totals) in clients {
        let ClientTotals { pass, warn, fail, inconclusive, skipped, .. } = *totals;
        let line = suites[name.as_str()];
        let count = |of| attribute(line, of).parse::<u64>().unwrap();
        // The test case of the client itself: skipped if the client is not installed, else a success here.
        let absent = u64::from(name == "gnutls-cli");
        assert_eq!(count("tests"), pass + warn + fail + inconclusive + skipped + 1, "{name}");
        assert_eq!(count("failures"), fail, "{name}");
        assert_eq!(count("errors"), inconclusive, "{name}");
        assert_eq!(count("skipped"), skipped + absent, "{name}");
    }
    let all = text.lines().find(|line| line.starts_with("<testsuites ")).unwrap();
    assert_eq!(attribute(all, "tests"), "151", "144 cases and 7 clients");
    assert_eq!(attribute(all, "failures"), "20");
    assert_eq!(attribute(all, "errors"), "24");
    // The attributes and the elements are two different sums.
    assert_eq!(text.matches("<testcase ").count(), 151);
    assert_eq!(text.matches("<failure ").count(), 20);
    assert_eq!(text.matches("<error ").count(), 24);
    assert_eq!(text.matches("<skipped ").count(), 1);
}

#[test]
fn nothing_is_written_before_the_run_has_finished() {
    let mut events = one_of_each_verdict();
    events.pop();
    assert_eq!(junit(&events), "");
}

#[test]
fn what_xml_forbids_is_spelled_out_and_nothing_after_it_is_lost() {
    let nasty = "a\u{0}b\u{8}c\x1b[31md\x1b]0;e\u{9d}f\u{fffe}g\u{ffff}h\nnext <i> & \"j\" ]]> k";
    let case =
        completed("x\u{1}", "a\u{2}@b", "TLSv1.0", RSA, vec![finding(FindingCode::Unencrypted, nasty)]);
    let mut events = vec![started(1), Event::CaseFinished(Box::new(case))];
    events.push(finished(&events, false, 1.0));
    let text = junit(&events);
    let allowed =
        |c: char| c == '\n' || (c >= ' ' && !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'));
    assert!(text.chars().all(allowed), "{text:?}");
    let spelled = r"a\u{0}b\u{8}c\u{1b}[31md\u{1b}]0;e\u{9d}f\u{fffe}g\u{ffff}h\nnext";
    let escaped = "&lt;i&gt; &amp; &quot;j&quot; ]]&gt; k";
    assert!(text.contains(&format!("{spelled} {escaped}")), "{text}");
    assert!(text.contains(r#"name="a\u{2}@b" classname="x\u{1}""#), "{text}");
}

#[test]
fn impossible_times_count_as_none() {
    let mut events = vec![started(2)];
    for ms in [-5.0, f64::NAN, f64::INFINITY] {
        let case = CaseFinished { ms, ..refused("x", "a@b", &[]) };
        events.push(Event::CaseFinished(Box::new(case)));
    }
    events.push(finished(&events, false, -1.0));
    let text = junit(&events);
    assert_eq!(text.matches("time=\"0.000\"").count(), 5, "{text}");
}
