//! The layer rules of `harness/ARCHITECTURE.md` (layout), held over every source file of the harness.
//!
//! The sources are tokenised, not compiled: so the rules see what is behind a `cfg`, what stands in a macro,
//! and what a name stands for after aliases, globs and re-exports. `layers/fixtures.rs` proves that each
//! forbidden form is seen and that the allowed ones are left alone.

#[path = "layers/fixtures.rs"]
mod fixtures;
#[path = "layers/fixtures_pure.rs"]
mod fixtures_pure;
#[path = "layers/resolve.rs"]
mod resolve;
#[path = "layers/rules.rs"]
mod rules;
#[path = "layers/scan.rs"]
mod scan;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rules::Breach;
use scan::Tree;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Path below `folder`, with slashes, and text of every Rust file in it.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let parts: Vec<_> =
                    path.strip_prefix(folder).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
                files.push((parts.join("/"), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

fn harness() -> &'static Tree {
    static TREE: OnceLock<Tree> = OnceLock::new();
    TREE.get_or_init(|| {
        let files = sources(&root().join("harness/src"));
        assert!(files.iter().any(|(path, _)| path == "lib.rs"), "the sources were not found");
        Tree::new(files.iter().map(|(path, text)| (path.as_str(), text.as_str())))
    })
}

fn hold(rule: fn(&Tree) -> Vec<Breach>) {
    let breaches = rule(harness());
    let lines: Vec<String> = breaches.iter().map(Breach::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

/// Silence proves nothing unless the rules have seen what there is: a library in its folder, a macro of a
/// crate, a name behind a re-export.
#[test]
fn the_real_sources_are_seen() {
    let tree = harness();
    let resolved = tree.resolved();
    let is_seen = |module: &str, meaning: &[&str]| {
        resolved.iter().any(|(mention, meanings)| {
            mention.module.first().is_some_and(|first| first == module)
                && meanings
                    .iter()
                    .any(|full| full.len() >= meaning.len() && full.iter().zip(meaning).all(|(a, b)| a == b))
        })
    };
    assert!(is_seen("engine", &["openssl", "ssl"]));
    assert!(is_seen("engine", &["rustls", "crypto"]));
    assert!(is_seen("engine", &["s2n_tls_sys", "s2n_connection"]));
    assert!(is_seen("net", &["tokio", "select"]));
    assert!(is_seen("report", &["std", "io", "Write"]));
    assert!(is_seen("report", &["crate", "run", "events", "Event"]));
    // `crate::judge::Verdict` and `crate::observe::Reach` where they are written.
    assert!(is_seen("report", &["crate", "judge", "verdict", "Verdict"]));
    assert!(is_seen("report", &["crate", "observe", "reach", "Reach"]));
    assert!(!is_seen("wire", &["std", "io"]));
}

#[test]
fn the_pure_core_names_no_io_clock_randomness_tokio_or_tls_library() {
    hold(rules::pure_core);
}

#[test]
fn engine_and_oracle_or_judge_never_name_each_other() {
    hold(rules::judge_apart);
}

#[test]
fn a_tls_library_is_named_only_in_its_own_folder() {
    hold(rules::library_folders);
}

#[test]
fn report_knows_events_only_and_run_does_not_name_it() {
    hold(rules::reporters_apart);
}

#[test]
fn tokio_is_named_only_where_sockets_are() {
    hold(rules::tokio_folders);
}

#[test]
fn there_are_no_cycles_between_the_modules() {
    hold(rules::cycles);
}

#[test]
fn unsafe_is_written_only_in_the_named_files() {
    hold(rules::unsafe_files);
}

#[test]
fn every_file_that_the_rules_name_is_there() {
    hold(rules::stale_permissions);
}

#[test]
fn the_naive_model_names_no_function_of_the_oracle() {
    hold(rules::naive_apart);
    // Silence proves nothing unless the functions are seen.
    let of = |path: &str| &harness().files.iter().find(|file| file.path == path).unwrap().functions;
    assert_eq!(of("oracle/select.rs"), &["select", "in_common"]);
    assert!(of("oracle/offer.rs").contains(&"max_version".to_owned()));
    assert!(of("oracle/proposal.rs").contains(&"alerts".to_owned()), "of a `pub const fn`");
}

#[test]
fn known_random_numbers_are_named_by_the_fuzz_targets_alone() {
    hold(rules::known_randomness);
    // Silence proves nothing unless the name is seen where it may stand.
    let seeded = ["crate", "engine", "openssl", "OpenSsl", "seeded"];
    let is_seen = |(mention, meanings): &(&scan::Mention, std::collections::BTreeSet<resolve::Full>)| {
        mention.module.first().is_some_and(|first| first == "fuzzing")
            && meanings.iter().any(|full| full.iter().eq(seeded.iter()))
    };
    assert!(harness().resolved().iter().any(is_seen));
}

#[test]
fn no_file_is_longer_than_five_hundred_lines() {
    hold(rules::long_files);
}

#[test]
fn no_source_is_hidden_from_these_rules() {
    hold(rules::hidden_sources);
}

#[test]
fn every_test_file_is_listed_in_the_manifest() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let files: Vec<String> = sources(&root().join("harness/tests"))
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| !path.contains('/'))
        .map(|path| format!("harness/tests/{path}"))
        .collect();
    let problems = rules::unlisted_tests(&manifest, &files);
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}
