//! The table of targets, the crate `fuzz/` and its files say the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use shakedown::fuzzing::TARGETS;

fn fuzz() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn names() -> BTreeSet<String> {
    TARGETS.iter().map(|target| target.name.to_owned()).collect()
}

#[test]
fn every_target_has_its_binary_and_no_other_is_there() {
    let manifest: toml::Table = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap().parse().unwrap();
    let bins = manifest["bin"].as_array().unwrap();
    let listed: BTreeSet<String> = bins.iter().map(|bin| bin["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(listed, names());
    assert_eq!(bins.len(), TARGETS.len(), "a name twice");
    let files = fs::read_dir(fuzz().join("fuzz_targets")).unwrap().count();
    assert_eq!(files, TARGETS.len());
    for target in TARGETS {
        let path = fuzz().join("fuzz_targets").join(format!("{}.rs", target.name));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = target.name.to_uppercase();
        for part in [format!("init: {name}.prepare()"), format!("{name}.run(input)")] {
            assert!(text.contains(&part), "{}: not {part}", path.display());
        }
    }
}

/// A campaign has to fuzz the libraries that everything else tests.
#[test]
fn both_lock_files_name_the_same_tls_libraries() {
    let versions = |path: &str| -> BTreeSet<(String, String)> {
        let text = fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let lock: toml::Table = text.parse().unwrap();
        let wanted = [
            "rustls",
            "aws-lc-rs",
            "aws-lc-sys",
            "openssl",
            "openssl-sys",
            "openssl-src",
            "s2n-tls",
            "s2n-tls-sys",
        ];
        let packages = lock["package"].as_array().unwrap().iter();
        let pairs = packages
            .map(|p| (p["name"].as_str().unwrap().to_owned(), p["version"].as_str().unwrap().to_owned()));
        pairs.filter(|(name, _)| wanted.contains(&name.as_str())).collect()
    };
    let ours = versions("Cargo.lock");
    assert!(ours.len() >= 8, "{ours:?}");
    assert_eq!(versions("fuzz/Cargo.lock"), ours, "run `cargo update` in fuzz/ for these");
}
