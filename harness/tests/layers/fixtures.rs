//! Small sources that break each rule in each way that Rust has, and sources that only look like it.

use crate::rules::{self, Breach};
use crate::scan::Tree;

type Rule = fn(&Tree) -> Vec<Breach>;
type Sources<'a> = &'a [(&'a str, &'a str)];

/// `file:line` of every breach.
pub fn places(rule: Rule, sources: Sources) -> Vec<String> {
    let tree = Tree::new(sources.iter().copied());
    rule(&tree).iter().map(|breach| format!("{}:{}", breach.file, breach.line)).collect()
}

#[track_caller]
pub fn fires(rule: Rule, expected: &[&str], sources: Sources) {
    assert_eq!(places(rule, sources), expected, "{sources:#?}");
}

#[track_caller]
pub fn is_silent(rule: Rule, sources: Sources) {
    fires(rule, &[], sources);
}

#[test]
fn engine_and_judge_are_seen_to_name_each_other() {
    let oracle = ("oracle/mod.rs", "pub fn select() {} pub struct Proposal;");
    for text in [
        "use crate::oracle::select;",
        "use crate::{oracle, wire};",
        "fn f() { super::super::oracle::select(); }",
        "fn f() { vec![crate::oracle::select()]; }",
        "use crate::judge as harmless;",
        "use crate::judge::*;",
        "#[cfg(test)] mod tests { use crate::oracle; }",
        "macro_rules! m { () => { $crate::oracle::select() }; }",
        "use crate::observe::Chosen;",
        "fn f(x: &crate::observe::facts::Proposal) {}",
        "use crate::observe::Again;",
    ] {
        let observe = (
            "observe/mod.rs",
            "pub use crate::oracle::Proposal as Chosen; pub type Again = Chosen;
             pub mod facts { pub use crate::oracle::*; }",
        );
        fires(rules::judge_apart, &["engine/x/mod.rs:1"], &[("engine/x/mod.rs", text), oracle, observe]);
    }
    for judge in ["oracle/select.rs", "judge/mod.rs"] {
        fires(rules::judge_apart, &[&format!("{judge}:1")], &[(judge, "use crate::engine::Status;")]);
    }
    is_silent(
        rules::judge_apart,
        &[
            ("engine/mod.rs", "use crate::{wire, observe::Tap}; fn f(oracle: u8, judge: u8) { oracle; }"),
            ("judge/mod.rs", "use crate::oracle; pub struct Engine; fn engine() { oracle::select(); }"),
            oracle,
            ("observe/mod.rs", "pub struct Tap; use crate::oracle::Proposal;"),
            ("run/mod.rs", "use crate::{engine, judge, oracle};"),
        ],
    );
}

#[test]
fn a_tls_library_outside_its_folder_is_seen() {
    let rule = rules::library_folders;
    fires(rule, &["net/mod.rs:1"], &[("net/mod.rs", "use openssl::ssl::Ssl;")]);
    fires(rule, &["engine/mod.rs:1"], &[("engine/mod.rs", "fn f() { rustls::crypto::x(); }")]);
    fires(rule, &["engine/rustls/a.rs:1"], &[("engine/rustls/a.rs", "use openssl::x509::X509;")]);
    fires(rule, &["engine/openssl.rs:1"], &[("engine/openssl.rs", "use rustls::pki_types;")]);
    fires(rule, &["main.rs:1"], &[("main.rs", "fn main() { openssl::init(); }")]);
    fires(rule, &["cli/mod.rs:1"], &[("cli/mod.rs", "use foreign_types::ForeignType;")]);
    fires(rule, &["engine/mod.rs:1"], &[("engine/mod.rs", "use rcgen::KeyPair;")]);
    fires(rule, &["net/mod.rs:1"], &[("net/mod.rs", "use native_tls::TlsConnector;")]);
    fires(rule, &["engine/openssl/a.rs:1"], &[("engine/openssl/a.rs", "use s2n_tls::config;")]);
    // Re-exported by the folder that may name it.
    let engine = ("engine/openssl/mod.rs", "pub use openssl::ssl::SslVersion; pub use openssl as lib;");
    fires(rule, &["net/mod.rs:1"], &[engine, ("net/mod.rs", "use crate::engine::openssl::SslVersion;")]);
    fires(rule, &["net/mod.rs:1"], &[engine, ("net/mod.rs", "use crate::engine::openssl::lib::ssl::Ssl;")]);
    let parent = ("engine/mod.rs", "pub mod openssl;\npub use openssl::SslVersion;");
    fires(rule, &["engine/mod.rs:2"], &[engine, parent]);
}

#[test]
fn a_tls_library_in_its_folder_and_a_folder_of_its_name_are_left_alone() {
    is_silent(
        rules::library_folders,
        &[
            (
                "engine/mod.rs",
                "pub mod openssl; pub mod rustls; pub use openssl::OpenSsl; use rustls::Rustls;
                 fn f() { openssl::OpenSsl::new(); let rustls = 1; vec![rustls]; }
                 #[cfg(test)] mod tests { use super::*; fn g() { openssl::OpenSsl::new(); } }",
            ),
            (
                "engine/openssl/mod.rs",
                "mod sys; use openssl::ssl::Ssl; use foreign_types::ForeignType; pub struct OpenSsl;",
            ),
            ("engine/openssl/sys.rs", "use openssl_sys::SSL; use openssl; fn f() { openssl::init(); }"),
            ("engine/rustls/mod.rs", "use rustls; pub struct Rustls(rustls::Connection);"),
            ("engine/s2n.rs", "use s2n_tls::config; use s2n_tls_sys::s2n_connection;"),
            ("pki/mint.rs", "use rcgen::KeyPair; use aws_lc_rs::rand;"),
            ("net/mod.rs", "use crate::engine::{openssl, OpenSsl}; fn f() { openssl::OpenSsl::new(); }"),
            ("registry/mod.rs", "/// As openssl::ssl names it.\nfn f() { let s = \"rustls::x\"; }"),
        ],
    );
}

#[test]
fn report_naming_more_than_events_is_seen() {
    let rule = rules::reporters_apart;
    for text in [
        "use crate::engine::Engine;",
        "use crate::run::Runner;",
        "use crate::run;",
        "use crate::run::*;",
        "use crate::observe::Tap;",
        "use crate::observe;",
        "use crate::*;",
        "use super::super::engine as e;",
        "fn f() { vec![crate::registry::suite(1)]; }",
        "use crate::judge::Suite;",
    ] {
        let judge = ("judge/mod.rs", "pub use crate::registry::Suite; pub struct Verdict;");
        fires(rule, &["report/human/mod.rs:1"], &[("report/human/mod.rs", text), judge]);
    }
    fires(rule, &["run/mod.rs:1"], &[("run/mod.rs", "use crate::report::Reporter;")]);
    fires(rule, &["run/a/b.rs:1"], &[("run/a/b.rs", "fn f(r: &mut dyn crate::report::Reporter) {}")]);
    let alias = ("cli/mod.rs", "pub use crate::report::Reporter as Sink;");
    fires(rule, &["run/mod.rs:1"], &[alias, ("run/mod.rs", "use crate::cli::Sink;")]);
    is_silent(
        rule,
        &[
            (
                "report/mod.rs",
                "mod human; mod text; use std::io; use crate::run::events::Event; use crate::judge::Verdict;
                 use crate::observe::Reach; pub use human::Human; use crate::report::text::width;
                 pub(crate) fn f() {} fn engine(run: u8) { text::width(); self::text::width(); }",
            ),
            ("report/human/mod.rs", "pub struct Human; use super::text; pub(in crate::report) fn g() {}"),
            ("report/text.rs", "pub fn width() {}"),
            ("run/mod.rs", "pub mod events; fn report() {} fn f(report: u8) { report; }"),
            ("run/events.rs", "use crate::observe::Reach; pub struct Event;"),
            ("observe/mod.rs", "mod reach; pub use reach::Reach;"),
            ("observe/reach.rs", "pub enum Reach { A }"),
            ("judge/mod.rs", "mod verdict; pub use verdict::Verdict;"),
            ("judge/verdict.rs", "pub enum Verdict { A }"),
            ("cli/mod.rs", "use crate::{report, run};"),
        ],
    );
}

#[test]
fn tokio_outside_its_folders_is_seen() {
    let rule = rules::tokio_folders;
    for path in ["engine/a.rs", "observe/mod.rs", "report/a.rs", "pki/mod.rs", "fuzzing/mod.rs"] {
        fires(rule, &[&format!("{path}:1")], &[(path, "async fn f() { tokio::time::sleep(d).await }")]);
    }
    fires(rule, &["main.rs:1"], &[("main.rs", "#[tokio::main] async fn main() {}")]);
    fires(rule, &["lib.rs:1"], &[("lib.rs", "pub use tokio;")]);
    let net = ("net/mod.rs", "pub use tokio::time::sleep as wait;");
    fires(rule, &["engine/a.rs:1"], &[net, ("engine/a.rs", "use crate::net::wait;")]);
    for folder in ["client", "net", "aws", "load", "scan", "run", "serve", "cli"] {
        is_silent(rule, &[(&format!("{folder}/mod.rs"), "use tokio::net::TcpListener;")]);
    }
}

#[test]
fn a_cycle_is_printed_with_a_place_for_each_step() {
    let sources = [
        ("wire/mod.rs", "use crate::registry::Suite;"),
        ("registry/mod.rs", "pub struct Suite;\nfn f() { crate::policy::parse(); }"),
        ("policy/mod.rs", "\n\nuse crate::wire;"),
        ("edit/mod.rs", "use crate::{wire, registry};"),
    ];
    let breaches = rules::cycles(&Tree::new(sources));
    assert_eq!(breaches.len(), 1, "{breaches:#?}");
    let expected = "cycle policy -> wire -> registry -> policy
    policy/mod.rs:3 names crate::wire
    wire/mod.rs:1 names crate::registry::Suite
    registry/mod.rs:2 names crate::policy::parse";
    assert_eq!(breaches[0].what, expected);
}

#[test]
fn cycles_through_re_exports_and_tests_are_seen_and_their_absence_too() {
    // Tests count: what they name has to be built first all the same.
    fires(
        rules::cycles,
        &["edit/mod.rs:1"],
        &[
            ("edit/mod.rs", "#[cfg(test)] mod tests { use crate::observe::Tap; }"),
            ("observe/mod.rs", "pub struct Tap; use crate::edit::Edit;"),
        ],
    );
    // What `wire` re-exports, `edit` names too: a cycle of two and one of three.
    fires(
        rules::cycles,
        &["edit/mod.rs:1", "edit/mod.rs:1"],
        &[
            ("edit/mod.rs", "use crate::wire::Tap;"),
            ("wire/mod.rs", "pub use crate::observe::Tap;"),
            ("observe/mod.rs", "use crate::edit::Edit; pub struct Tap;"),
        ][..],
    );
    is_silent(
        rules::cycles,
        &[
            ("lib.rs", "pub mod a; pub mod b; pub mod c; pub use a::A;"),
            ("a/mod.rs", "pub struct A; use crate::a::x::X; mod x;"),
            ("a/x.rs", "use super::A; use crate::b::B; pub struct X;"),
            ("b/mod.rs", "pub struct B; use crate::c;"),
            ("c/mod.rs", "fn f(a: u8, b: u8) { a + b; }"),
            ("main.rs", "use shakedown::a; fn main() {}"),
        ],
    );
}

#[test]
fn unsafe_outside_the_named_files_is_seen() {
    for text in [
        "fn f() { unsafe { g() } }",
        "unsafe fn f() {}",
        "unsafe impl Send for S {}",
        "unsafe extern \"C\" { fn f(); }",
        "#[unsafe(no_mangle)] fn f() {}",
        "macro_rules! m { () => { unsafe { g() } }; }",
        "type F = unsafe extern \"C\" fn();",
    ] {
        fires(rules::unsafe_files, &["net/mod.rs:2"], &[("net/mod.rs", &format!("// first\n{text}"))]);
        is_silent(rules::unsafe_files, &[("engine/s2n/handle.rs", text), ("engine/s2n/sys.rs", text)]);
    }
    let words = "#![deny(unsafe_code)] // unsafe\n/// unsafe\nfn f() { let s = \"unsafe { }\"; }";
    is_silent(rules::unsafe_files, &[("lib.rs", words)]);
}

#[test]
fn a_permission_for_a_file_that_is_gone_is_seen() {
    let naive = [("oracle/naive/mod.rs", ""), ("oracle/naive/rules.rs", "")];
    let stacks = [
        ("engine/openssl/random.rs", ""),
        ("engine/openssl/session.rs", ""),
        ("engine/s2n/cache.rs", ""),
        ("engine/s2n/handle.rs", ""),
        ("engine/s2n/sys.rs", ""),
    ];
    is_silent(rules::stale_permissions, &[&naive[..], &stacks[..]].concat());
    fires(rules::stale_permissions, &["engine/s2n/sys.rs:0"], &[&naive[..], &stacks[..4]].concat());
    fires(rules::stale_permissions, &["oracle/naive/mod.rs:0"], &[&naive[1..], &stacks[..]].concat());
}

#[test]
fn known_random_numbers_outside_of_the_fuzz_targets_are_seen() {
    let engines = [
        ("engine/mod.rs", "pub mod openssl; pub mod rustls; pub mod seeded;"),
        ("engine/openssl/mod.rs", "pub struct OpenSsl; impl OpenSsl { pub fn seeded() {} pub fn new() {} }"),
        ("engine/rustls/mod.rs", "pub struct Rustls; impl Rustls { pub fn seeded() {} }"),
        ("engine/seeded.rs", "pub struct Seeded; impl Seeded { pub fn open() {} }"),
    ];
    for text in [
        "use crate::engine::openssl::OpenSsl; fn f() { OpenSsl::seeded(); }",
        "fn f() { crate::engine::rustls::Rustls::seeded(); }",
        "use crate::engine::openssl as stack; fn f() { once.get_or_init(stack::OpenSsl::seeded); }",
        "use crate::engine::rustls::Rustls as R; fn f() { R::seeded(); }",
        "use crate::engine::seeded::Seeded;",
        "use crate::engine::seeded;",
    ] {
        let sources = [&engines[..], &[("replay/mod.rs", text)]].concat();
        fires(rules::known_randomness, &["replay/mod.rs:1"], &sources);
        let sources = [&engines[..], &[("fuzzing/cell.rs", text)]].concat();
        is_silent(rules::known_randomness, &sources);
    }
    let within = "fn f() { super::rustls::Rustls::seeded(); }";
    let sources = [&engines[..], &[("engine/pair.rs", within)]].concat();
    fires(rules::known_randomness, &["engine/pair.rs:1"], &sources);
    let text = "use crate::engine::openssl::OpenSsl; use crate::matrix::seeded; fn f() { OpenSsl::new(); seeded(); }";
    let sources = [&engines[..], &[("run/mod.rs", text), ("matrix/mod.rs", "pub fn seeded() {}")]].concat();
    is_silent(rules::known_randomness, &sources);
}

#[test]
fn a_naive_model_that_asks_the_oracle_is_seen() {
    let oracle = [
        (
            "oracle/mod.rs",
            "mod offer; mod select; pub use select::select; use select::select as asked; pub struct Offer;",
        ),
        (
            "oracle/select.rs",
            "pub fn select() {} pub(super) fn in_common() {} fn hidden() {} pub(crate) const fn rank() {}",
        ),
        ("oracle/offer.rs", "impl Offer { pub const fn new() {} pub fn max_version(&self) {} }"),
    ];
    for text in [
        "use super::super::*; fn f() { select(); }",
        "fn f() { super::super::select::in_common(); }",
        "use crate::oracle::select::rank as r;",
        "fn f(o: &Offer) { o.max_version(); }",
        "fn f() { vec![1].map(Offer::max_version); }",
        "use super::super::*; fn f() { asked(); }",
    ] {
        let naive = [("oracle/naive/rules.rs", text)];
        fires(rules::naive_apart, &["oracle/naive/rules.rs:1"], &[&oracle[..], &naive].concat());
        let beside = [("oracle/tests/naive_worlds.rs", text)];
        is_silent(rules::naive_apart, &[&oracle[..], &beside].concat());
    }
    let plain = [(
        "oracle/naive/mod.rs",
        "use super::*; fn policy() {} fn hidden() { policy(); Offer::new(); registry::suite(); }",
    )];
    is_silent(rules::naive_apart, &[&oracle[..], &plain].concat());
}

#[test]
fn a_file_of_more_than_five_hundred_lines_is_seen() {
    let (fits, long) = ("//\n".repeat(500), "//\n".repeat(501));
    fires(rules::long_files, &["run/b.rs:501"], &[("run/a.rs", &fits), ("run/b.rs", &long)]);
}

#[test]
fn source_from_elsewhere_is_seen() {
    for text in [
        "#[path = \"../../x.rs\"] mod x;",
        "#[cfg_attr(unix, path = \"x.rs\")] mod x;",
        "include!(\"x.rs\");",
        "mod m { std::include!(\"x.rs\"); }",
    ] {
        fires(rules::hidden_sources, &["net/mod.rs:1"], &[("net/mod.rs", text)]);
    }
    is_silent(
        rules::hidden_sources,
        &[(
            "scenario/mod.rs",
            "include!(concat!(env!(\"OUT_DIR\"), \"/scenarios.rs\")); #[serde(rename = \"path\")] struct S;
             const T: &str = include_str!(\"a.toml\"); fn f(path: &str) { let path = \"x\"; }",
        )],
    );
}

#[test]
fn a_test_that_is_not_listed_is_seen() {
    let manifest = "[package]\nautotests = false\n[[test]]\nname = \"a\"\npath = \"harness/tests/a.rs\"\n";
    let files =
        |names: &[&str]| names.iter().map(|name| format!("harness/tests/{name}.rs")).collect::<Vec<_>>();
    let problems = |manifest: &str, names: &[&str]| rules::unlisted_tests(manifest, &files(names));
    assert_eq!(problems(manifest, &["a"]), [""; 0]);
    assert_eq!(
        problems(manifest, &["a", "b"]),
        ["harness/tests/b.rs is no [[test]] of Cargo.toml, so it is never run"]
    );
    assert_eq!(problems(manifest, &[]), ["Cargo.toml lists harness/tests/a.rs, which is no file"]);
    let twice = format!("{manifest}[[test]]\nname = \"b\"\npath = \"harness/tests/a.rs\"\n");
    assert!(problems(&twice, &["a"]).iter().all(|problem| problem.ends_with("a.rs twice")));
    assert_eq!(problems(&twice, &["a"]).len(), 2);
    let automatic = manifest.replace("autotests = false", "");
    assert_eq!(problems(&automatic, &["a"]), ["Cargo.toml: autotests is not false"]);
}
