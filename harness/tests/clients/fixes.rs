//! Every `[fix]` of every adapter: with its arguments the finding is gone, and strong servers still answer.

use std::collections::BTreeMap;

use shakedown::judge::FindingCode;

use crate::stand::*;

/// The order in which fixes build on each other, with cases that have the finding: the arguments for a code mend the
/// codes before it too.
const ORDER: [(FindingCode, &str); 4] = [
    (FindingCode::BelowMinimumVersion, "client/version/below-minimum@TLSv1.*+RSA+natural"),
    (FindingCode::NoForwardSecrecy, "client/cipher/static-rsa@*_128_GCM_SHA256+natural"),
    (FindingCode::WeakDhGroup, "client/kex/small-dhe@*_128_GCM_SHA256+natural"),
    (FindingCode::FiniteFieldDhe, "client/kex/dhe@*_128_GCM_SHA256+natural"),
];

const STRONG: [&str; 2] = [
    "client/version/tls13@TLSv1.3+TLS_AES_128_GCM_SHA256+natural",
    "client/cipher/ecdhe@TLSv1.2+TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256+natural",
];

fn mend(name: &str) {
    let stand = Stand::new(&[]);
    let adapter = stand.adapter(name);
    for code in adapter.fixes.keys() {
        assert!(
            ORDER.iter().any(|(known, _)| known == code),
            "{name} has a fix for {code}, which is not tested"
        );
    }
    let globs: Vec<&str> = ORDER.iter().map(|(_, glob)| *glob).chain(STRONG).collect();
    // A JVM takes seconds to start: one is enough.
    let most = if name == "java" { 1 } else { usize::MAX };
    for (nth, found) in some_of(name).into_iter().take(most).enumerate() {
        let plain = block_on(stand.play(adapter, found, &[], stand.cases(&globs)));
        let before = plain.findings();
        // Several codes often have the same arguments: they are run once.
        let mut by_arguments = BTreeMap::<&[String], Vec<FindingCode>>::new();
        for (code, arguments) in &adapter.fixes {
            by_arguments.entry(arguments).or_default().push(*code);
        }
        for (arguments, codes) in by_arguments {
            let mended: Vec<&str> =
                codes.iter().map(|c| c.as_str()).filter(|c| before.contains_key(*c)).collect();
            let what = format!("{} {:?} with {arguments:?}", found.name, found.version);
            println!("{what}: mends {mended:?} of {codes:?}");
            if mended.is_empty() && nth > 0 {
                continue;
            }
            let told = block_on(stand.play(adapter, found, arguments, stand.cases(&globs)));
            assert!(told.has_good_controls(), "{what}: {:?}", told.controls);
            for id in STRONG {
                let reach = told.cases[id].reach.map(|r| r.as_str());
                assert_eq!(reach, Some("data"), "{what}: {:?}", told.cases[id]);
            }
            let after = told.findings();
            let last = ORDER.iter().rposition(|(code, _)| codes.contains(code)).expect("checked above");
            for (code, _) in &ORDER[..=last] {
                assert_eq!(after.get(code.as_str()), None, "{what}: {code} is still there");
            }
        }
    }
}

#[test]
fn every_adapter_with_a_fix_has_a_test_here() {
    let stand = Stand::new(&[]);
    let with_fix: Vec<&str> =
        stand.catalogue.adapters.iter().filter(|a| !a.fixes.is_empty()).map(|a| a.name.as_str()).collect();
    assert_eq!(with_fix, TESTED);
}

const TESTED: [&str; 9] =
    ["curl", "git", "gnutls-cli", "java", "node", "openssl-s_client", "python-requests", "python", "wget"];

#[test]
fn the_fixes_of_curl_mend() {
    mend("curl");
}

#[test]
fn the_fixes_of_git_mend() {
    mend("git");
}

#[test]
fn the_fixes_of_gnutls_cli_mend() {
    mend("gnutls-cli");
}

#[test]
fn the_fixes_of_java_mend() {
    mend("java");
}

#[test]
fn the_fixes_of_node_mend() {
    mend("node");
}

#[test]
fn the_fixes_of_openssl_s_client_mend() {
    mend("openssl-s_client");
}

#[test]
fn the_fixes_of_python_and_requests_mend() {
    mend("python");
    mend("python-requests");
}

#[test]
fn the_fixes_of_wget_mend() {
    mend("wget");
}
