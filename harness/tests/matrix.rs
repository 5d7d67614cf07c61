//! The matrix sees planted errors, and finds none where none is planted.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Arc;

use shakedown::engine::s2n::S2n;
use shakedown::engine::{
    Backend, CannotPlay, EndpointSpec, Engine, Negotiated, Prepared, Role, Status, backends,
};
use shakedown::matrix::{Caps, Counts, Family, Matrix, Oracle, Quirks, Tally, faults};
use shakedown::oracle::{Proposal, Refusal, RefusalReason, select};
use shakedown::pki::Pki;
use shakedown::policy::{Catalogue, Order, Policy};
use shakedown::registry::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme, suite_by_name,
};

type Stacks = BTreeMap<&'static str, Arc<dyn Backend>>;

fn quirks() -> Quirks {
    Quirks::parse("quirks.toml", include_str!("../../scenarios/quirks.toml")).unwrap()
}

fn policy(id: &str) -> Policy {
    Catalogue::embedded().unwrap().get(id).unwrap()
}

fn stacks(names: &[&str]) -> Stacks {
    backends().into_iter().filter(|(id, _)| names.contains(id)).collect()
}

/// The matrix of some policies on some stacks.
fn play(policies: &[Policy], names: &[&str], oracle: Oracle<'_>) -> Tally {
    let s2n = S2n::new();
    play_on(policies, &stacks(names), names.contains(&"s2n").then_some(&s2n), oracle)
}

fn play_on(policies: &[Policy], stacks: &Stacks, named: Option<&S2n>, oracle: Oracle<'_>) -> Tally {
    play_with(&quirks(), policies, stacks, named, oracle)
}

fn play_with(
    quirks: &Quirks,
    policies: &[Policy],
    stacks: &Stacks,
    named: Option<&S2n>,
    oracle: Oracle<'_>,
) -> Tally {
    play_all(quirks, policies, (stacks, &backends()), named, oracle)
}

fn play_all(
    quirks: &Quirks,
    policies: &[Policy],
    (stacks, clients): (&Stacks, &Stacks),
    named: Option<&S2n>,
    oracle: Oracle<'_>,
) -> Tally {
    let pki = Pki::mint().unwrap();
    let matrix = Matrix {
        policies,
        backends: stacks,
        clients,
        oracle,
        quirks,
        pki: &pki,
        named,
        seed: 1,
        seeded: 64,
        jobs: 2,
        progress: &|_| (),
    };
    matrix.run().unwrap()
}

const ALL: [&str; 3] = ["openssl", "rustls", "s2n"];
const SAMPLE: [&str; 3] = [
    "elb/ELBSecurityPolicy-2016-08",
    "elb/ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "cloudfront/TLSv1.2_2021",
];

fn sample() -> Vec<Policy> {
    SAMPLE.into_iter().map(policy).collect()
}

#[test]
fn without_a_planted_error_everything_agrees_and_adds_up() {
    let tally = play(&sample(), &ALL, &select);
    assert_eq!(faults(&tally), Vec::<String>::new(), "{:#?}", tally.disagreements.values());
    let cells: u64 = tally.counts.values().map(|counts| counts.cells).sum();
    let mended: u64 = in_rows(&tally, Family::Mended, |counts| counts.cells);
    // Three policies on three stacks, 369 suites in five versions and the seeded hellos; two have a name in s2n.
    assert_eq!(cells - mended, 3 * 3 * (369 * 5 + 64) + 2 * 369 * 5);
    assert!(mended > 100, "{mended}");
    let completed: u64 = tally.counts.values().map(|counts| counts.completed).sum();
    assert!(completed > 100, "{completed}");
}

#[test]
fn a_policy_with_one_static_rsa_suite_too_many_is_seen_beside_s2ns_own() {
    let mut wrong = policy("cloudfront/TLSv1.2_2021");
    let honest = play(std::slice::from_ref(&wrong), &["s2n"], &select);
    assert_eq!(honest.disagreed(), 0);
    wrong.suites.push(suite_by_name("TLS_RSA_WITH_AES_128_GCM_SHA256").unwrap().suite);
    let tally = play(&[wrong], &["s2n"], &select);
    assert_eq!(by_name(&tally), 1, "{:#?}", tally.disagreements.values());
}

#[test]
fn s2ns_policy_swapped_for_its_neighbour_is_seen() {
    let mut wrong = policy("cloudfront/TLSv1.2_2021");
    let neighbour = policy("cloudfront/TLSv1.2_2019").s2n_name().unwrap().to_owned();
    wrong.provenance.as_mut().unwrap().s2n = Some(neighbour);
    assert!(play(&[wrong], &["s2n"], &select).disagreed() > 0);
}

#[test]
fn an_oracle_that_ignores_the_fallback_signal_is_seen_by_every_stack_that_heeds_it() {
    let deaf: Oracle<'_> = &|policy, key, offer| {
        let offer = shakedown::oracle::Offer { fallback_scsv: false, ..offer.clone() };
        select(policy, key, &offer)
    };
    for stack in ["openssl", "s2n"] {
        assert!(play(&sample(), &[stack], deaf).disagreed() > 0, "{stack}");
    }
}

#[test]
fn server_order_read_as_client_order_is_seen_by_every_stack() {
    let swapped: Oracle<'_> =
        &|policy, key, offer| select(&Policy { order: Order::Client, ..policy.clone() }, key, offer);
    for stack in ALL {
        assert!(play(&sample(), &[stack], swapped).disagreed() > 0, "{stack}");
    }
}

#[test]
fn a_suite_too_many_that_s2n_has_not_got_is_seen_beside_its_own_policy() {
    let mut wrong = policy("cloudfront/TLSv1.2_2021");
    wrong.suites.push(suite_by_name("TLS_RSA_WITH_SEED_CBC_SHA").unwrap().suite);
    let tally = play(&[wrong], &["s2n"], &select);
    assert_eq!(by_name(&tally), 1, "{:#?}", tally.disagreements.values());
}

#[test]
fn the_known_lack_of_seven_suites_excuses_no_other() {
    let honest = play(&[policy("cloudfront/SSLv3")], &["s2n"], &select);
    assert_eq!(faults(&honest), Vec::<String>::new());
    let mut wrong = policy("cloudfront/SSLv3");
    wrong.provenance.as_mut().unwrap().s2n = Some("CloudFront-TLS-1-2-2021".to_owned());
    assert!(by_name(&play(&[wrong], &["s2n"], &select)) >= 20);
}

/// Cells of the rows by name that differ.
fn by_name(tally: &Tally) -> u64 {
    tally
        .counts
        .iter()
        .filter(|((stack, _), _)| stack == "s2n-name")
        .map(|(_, counts)| counts.disagreed)
        .sum()
}

fn in_rows(tally: &Tally, family: Family, of: fn(&Counts) -> u64) -> u64 {
    tally.counts.iter().filter(|((_, row), _)| *row == family).map(|(_, counts)| of(counts)).sum()
}

/// Every parameter that an answer shows, changed in what the oracle expects, and the word by which it is found.
#[test]
fn a_wrong_parameter_is_seen_in_every_place_that_the_wire_shows() {
    type Change = fn(&mut Proposal);
    let changes: [(&str, Change); 7] = [
        ("version", |p| p.version = ProtocolVersion(p.version.0 ^ 0x40)),
        ("suite", |p| p.suite = CipherSuite(p.suite.0 ^ 0x40)),
        ("hello_retry", |p| p.hello_retry = !p.hello_retry),
        ("dh_bits", |p| p.dh_bits = p.dh_bits.map(|bits| bits + 1)),
        ("group", |p| {
            p.group = p.group.map(|group| {
                if group == NamedGroup::SECP384R1 { NamedGroup::SECP256R1 } else { NamedGroup::SECP384R1 }
            });
        }),
        ("scheme", |p| p.scheme = p.scheme.map(|scheme| SignatureScheme(scheme.0 ^ 0x0100))),
        ("renegotiation_info", |p| p.renegotiation_info = !p.renegotiation_info),
    ];
    // With DHE and with TLS 1.3.
    let policies = [policy("s2n/20140601"), policy("cloudfront/TLSv1.2_2021")];
    for (what, change) in changes {
        let wrong: Oracle<'_> = &|policy, key, offer| {
            let mut proposal = select(policy, key, offer)?;
            change(&mut proposal);
            Ok(proposal)
        };
        let tally = play(&policies, &["openssl"], wrong);
        let found = tally.disagreements.values().any(|one| one.difference.starts_with(&format!("{what} ")));
        assert!(found && tally.disagreed() > 0, "{what}: {:#?}", tally.disagreements.keys());
    }
}

/// The worst of all: the server goes on where it must not.
#[test]
fn a_session_that_should_be_refused_is_seen() {
    let strict: Oracle<'_> = &|policy, key, offer| {
        let proposal = select(policy, key, offer)?;
        if proposal.suite == suite_by_name("TLS_RSA_WITH_AES_128_GCM_SHA256").unwrap().suite {
            return Err(RefusalReason::NoCommonSuite.into());
        }
        Ok(proposal)
    };
    for stack in ["openssl", "s2n"] {
        let tally = play(&sample(), &[stack], strict);
        assert_seen(&tally, "not refused, and should for no-common-suite");
    }
}

#[test]
fn a_session_that_should_be_there_and_is_refused_is_seen() {
    let lavish: Oracle<'_> = &|policy, key, offer| {
        let mut policy = policy.clone();
        policy.suites.push(suite_by_name("TLS_RSA_WITH_NULL_SHA").unwrap().suite);
        select(&policy, key, offer)
    };
    for stack in ["openssl", "s2n"] {
        assert_seen(&play(&sample(), &[stack], lavish), "refused, and should not");
    }
}

#[test]
fn another_alert_than_the_proper_one_is_seen() {
    let wrong: Oracle<'_> = &|policy, key, offer| {
        select(policy, key, offer).map_err(|refusal| match refusal.reason {
            RefusalReason::NoCommonSuite => {
                Refusal { alerts: &[AlertDescription::INTERNAL_ERROR], ..refusal }
            }
            _ => refusal,
        })
    };
    for stack in ["openssl", "rustls"] {
        assert_seen(
            &play(&sample(), &[stack], wrong),
            "alert handshake_failure when refusing for no-common-suite",
        );
    }
}

/// Without its entry every kind of answer is a disagreement again, and so is one with a condition that does not hold.
#[test]
fn what_a_quirk_of_alerts_excuses_is_seen_without_it_and_with_another_condition() {
    let text = include_str!("../../scenarios/quirks.toml");
    let cases = [
        ("rustls", "sends    = \"nothing\"", "sends    = \"internal_error\"", "silence"),
        ("rustls", "sends    = \"server-hello\"", "sends    = \"internal_error\"", "a ServerHello"),
        (
            "openssl",
            "also     = [\"no-common-version\"]",
            "also     = [\"no-psk\"]",
            "alert protocol_version",
        ),
        ("rustls", "hello    = \"no-schemes\"", "hello    = \"ssl3\"", "alert handshake_failure"),
    ];
    for (stack, from, to, wanted) in cases {
        assert!(text.contains(from), "{from}");
        let changed = Quirks::parse("quirks.toml", &text.replace(from, to)).unwrap();
        let tally = play_with(&changed, &sample(), &stacks(&[stack]), None, &select);
        assert_seen(&tally, wanted);
    }
}

fn assert_seen(tally: &Tally, difference: &str) {
    let found = tally.disagreements.values().any(|one| one.difference.starts_with(difference));
    assert!(found && tally.disagreed() > 0, "{difference}: {:#?}", tally.disagreements.keys());
}

#[test]
fn a_stack_that_goes_on_only_with_itself_is_seen() {
    /// A client that says hello and hears nothing.
    struct Shy(Arc<dyn Backend>);
    struct Gone(Box<dyn Engine>);
    impl Backend for Shy {
        fn id(&self) -> &'static str {
            self.0.id()
        }
        fn version(&self) -> String {
            self.0.version()
        }
        fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
            Ok(Box::new(Hears(self.0.prepare(role, spec)?)))
        }
    }
    struct Hears(Box<dyn Prepared>);
    impl Prepared for Hears {
        fn open(&self) -> Result<Box<dyn Engine>, CannotPlay> {
            Ok(Box::new(Gone(self.0.open()?)))
        }
    }
    impl Engine for Gone {
        fn feed(&mut self, _: &[u8]) {}
        fn drain(&mut self, to_peer: &mut Vec<u8>) {
            self.0.drain(to_peer);
        }
        fn status(&self) -> Status {
            self.0.status()
        }
        fn negotiated(&self) -> Option<Negotiated> {
            self.0.negotiated()
        }
        fn peer_closed(&self) -> bool {
            self.0.peer_closed()
        }
        fn was_done(&self) -> bool {
            self.0.was_done()
        }
        fn send(&mut self, data: &[u8]) {
            self.0.send(data);
        }
        fn receive(&mut self, data: &mut Vec<u8>) {
            self.0.receive(data);
        }
        fn close(&mut self) {
            self.0.close();
        }
    }
    let mut clients = backends();
    let shy: Arc<dyn Backend> = Arc::new(Shy(Arc::clone(&clients["openssl"])));
    clients.insert("openssl", shy);
    let tally = play_all(
        &quirks(),
        &[policy("cloudfront/TLSv1.2_2021")],
        (&stacks(&["s2n"]), &clients),
        None,
        &select,
    );
    assert!(tally.open() > 0, "{:#?}", tally.counts);
}

#[test]
fn policies_of_which_s2n_is_the_only_source_are_no_evidence_about_s2n() {
    // Its id is ELB's; all that is known of it comes from s2n.
    let tally =
        play(&[policy("elb/ELBSecurityPolicy-TLS13-1-2-CNSA2-INTEROP2-FIPS-PQ-2026-07")], &["s2n"], &select);
    let stacks: BTreeSet<&str> = tally.counts.keys().map(|(stack, _)| stack.as_str()).collect();
    assert_eq!(stacks, BTreeSet::from(["s2n", "s2n-own"]));
}

#[test]
fn a_refusal_for_another_reason_does_not_survive_its_mending() {
    let muddled: Oracle<'_> = &|policy, key, offer| {
        select(policy, key, offer).map_err(|refusal| match refusal.reason {
            RefusalReason::NoCommonGroup => RefusalReason::NoCommonSuite.into(),
            _ => refusal,
        })
    };
    for stack in ALL {
        assert!(play(&sample(), &[stack], muddled).disagreed() > 0, "{stack}");
    }
}

#[test]
fn a_server_that_cannot_go_on_behind_its_first_flight_is_seen() {
    struct Lame(Arc<dyn Backend>);
    impl Backend for Lame {
        fn id(&self) -> &'static str {
            self.0.id()
        }
        fn version(&self) -> String {
            self.0.version()
        }
        fn prepare(&self, role: Role, spec: &EndpointSpec) -> Result<Box<dyn Prepared>, CannotPlay> {
            // Servers that have one suite only are those that are to complete a session.
            if role == Role::Server && spec.suites.len() == 1 && spec.groups.len() <= 1 {
                return Err(CannotPlay::Feature { backend: self.id().to_owned(), what: "anything" });
            }
            self.0.prepare(role, spec)
        }
    }
    let policies = [policy("cloudfront/TLSv1.2_2021")];
    let lame: Arc<dyn Backend> = Arc::new(Lame(Arc::clone(&backends()["openssl"])));
    let tally = play_on(&policies, &BTreeMap::from([("openssl", lame)]), None, &select);
    assert!(
        tally.open() > 0 && tally.open() == tally.counts.values().map(|counts| counts.reached).sum::<u64>()
    );
    assert!(faults(&tally).iter().any(|fault| fault.contains("not completed")), "{:?}", faults(&tally));
}

#[test]
fn a_part_of_the_policies_is_held_to_the_committed_caps_as_all_of_them_are() {
    let caps = Caps::parse("matrix.txt", include_str!("../../scenarios/matrix.txt")).unwrap();
    let mut tally = play(&sample(), &ALL, &select);
    assert_eq!(caps.differences(&tally, &BTreeSet::new(), false), Vec::<String>::new());
    assert!(!Caps::default().differences(&tally, &BTreeSet::new(), false).is_empty());
    *tally.skipped.values_mut().next().unwrap() -= 1;
    assert_eq!(caps.differences(&tally, &BTreeSet::new(), false).len(), 1);
    tally.left_out.clear();
    assert!(caps.differences(&tally, &BTreeSet::new(), false).len() > 2);
}

#[test]
fn every_kind_of_fault_is_said() {
    type Change = fn(&mut Counts);
    let good =
        Counts { cells: 3, agreed: 2, quirks: 1, reached: 2, completed: 1, excused: 1, ..Counts::default() };
    let changes: [(&str, Change); 6] = [
        ("unexplained", |c| (c.agreed, c.disagreed) = (1, 1)),
        ("not completed", |c| c.completed = 0),
        ("add up", |c| c.cells = 4),
        ("add up", |c| c.without_suite = 1),
        ("add up", |c| c.completed = 2),
        ("add up", |c| c.own = 2),
    ];
    let said = |counts: Counts| {
        let mut tally = Tally::default();
        *tally.counts("openssl", Family::Dhe) = counts;
        faults(&tally)
    };
    assert_eq!(said(good.clone()), Vec::<String>::new());
    for (wanted, change) in changes {
        let mut bad = good.clone();
        change(&mut bad);
        let faults = said(bad);
        assert!(faults.len() == 1 && faults[0].contains(wanted), "{wanted}: {faults:?}");
    }
}

#[test]
fn bad_quirks_name_file_line_and_what_is_allowed() {
    let entry = |rule: &str, rest: &str| {
        format!(
            "[[quirk]]\nstack = \"s2n\"\nversion = \"1\"\nrule = \"{rule}\"\n{rest}reason = \"r\"\ncitation = \"c\"\n"
        )
    };
    for (text, line, wanted) in [
        (entry("hybrid-last", ""), 4, "hybrid-first"),
        (entry("alert", ""), 4, "needs both"),
        (entry("alert", "when = \"bad-luck\"\nsends = \"nothing\"\n"), 5, "no-common-suite"),
        (entry("alert", "when = \"no-psk\"\nsends = \"howl\"\n"), 6, "server-hello"),
        (entry("alert", "when = \"no-psk\"\nsends = \"nothing\"\nalso = [\"luck\"]\n"), 7, "no-common-suite"),
        (entry("policy-differs", "when = \"elb/A\"\n"), 4, "suites is missing"),
        (entry("policy-differs", "when = \"elb/A\"\nsuites = [\"TLS_X\"]\n"), 6, "TLS_X"),
        (entry("alert", "when = \"no-psk\"\nsends = \"nothing\"\nhello = \"odd\"\n"), 7, "no-schemes"),
        (entry("hybrid-first", "also = [\"no-psk\"]\n"), 5, "exclude"),
        (entry("hybrid-first", "hello = \"ssl3\"\n"), 5, "exclude"),
        (entry("hybrid-first", "suites = [\"TLS_AES_128_GCM_SHA256\"]\n"), 5, "exclude"),
        (entry("hybrid-first", "when = \"no-psk\"\n"), 4, "exclude"),
        (entry("hybrid-first", "") + &entry("hybrid-first", ""), 10, "twice"),
        (entry("hybrid-first", "").replace("\"r\"", "\"\""), 5, "reason is empty"),
    ] {
        let error = Quirks::parse("quirks.toml", &text).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.to_string().contains(wanted), "{error}");
    }
}

/// A folder with one policy of CloudFront, and a static RSA suite that CloudFront does not have.
fn wrong_policy() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("cloudfront")).unwrap();
    let text = include_str!("../../scenarios/policies/cloudfront/TLSv1.2_2021.toml");
    let mark = "suites   = [\n";
    assert!(text.contains(mark));
    let text = text.replacen(mark, &format!("{mark}  \"TLS_RSA_WITH_AES_128_GCM_SHA256\",\n"), 1);
    std::fs::write(folder.path().join("cloudfront/TLSv1.2_2021.toml"), text).unwrap();
    folder
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shakedown"));
    command.arg("matrix").args(arguments);
    command
}

#[test]
fn the_command_is_red_for_a_wrong_policy_also_if_nobody_reads_the_table() {
    let folder = wrong_policy();
    let path = folder.path().to_str().unwrap();
    let arguments =
        ["--policies", path, "--filter", "cloudfront/TLSv1.2_2021", "--stack", "s2n", "--seeded", "1"];
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command(&arguments).stdout(writer).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("s2n-name, RSA: 1 unexplained disagreements"), "{said}");
}

#[test]
fn a_users_policy_that_no_stack_plays_is_red_beside_one_that_is_played() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    for (name, suite) in
        [("good", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"), ("keys", "TLS_PSK_WITH_AES_128_GCM_SHA256")]
    {
        let text = format!(
            "title = \"x\"\nversions = [\"TLSv1.2\"]\norder = \"server\"\nsuites = [\"{suite}\"]\n\
             groups = [\"x25519\"]\nschemes = [\"rsa_pss_rsae_sha256\"]\n"
        );
        std::fs::write(folder.path().join(format!("mine/{name}.toml")), text).unwrap();
    }
    let path = folder.path().to_str().unwrap();
    let run = |filter: &str| {
        let output = command(&["--policies", path, "--filter", filter, "--seeded", "1"]).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run("mine/good"), (Some(0), String::new()));
    let (code, said) = run("mine/*");
    assert_eq!(
        (code, said.trim()),
        (Some(1), "shakedown: matrix: mine/keys: no stack can play it, nothing was asked")
    );
}

#[test]
fn the_command_says_when_nothing_was_asked_and_names_stand_ins() {
    let output = command(&["--filter", "s2n/20140601", "--stack", "rustls"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let id = "opensearch/Policy-Min-TLS-1-2-2019-07";
    let output = command(&["--filter", id, "--stack", "rustls", "--seeded", "1"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains(&format!("stand-in: {id} is played with the suites of elb/")), "{said}");
}

#[test]
fn the_json_report_has_the_counts_of_the_table() {
    let output =
        command(&["--filter", "cloudfront/TLSv1.2_2021", "--stack", "s2n", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["stack"] == "s2n" && row["family"] == "ECDHE").unwrap();
    // 42 suites in five versions.
    assert_eq!(row["cells"], 210);
    assert_eq!(row["disagreed"], 0);
    assert_eq!(report["policies"], 1);
    assert!(report["quirks"].as_array().unwrap().iter().any(|quirk| quirk["deviation"] == "hybrid-first"));
}
