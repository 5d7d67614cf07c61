//! Whoever tests a client with shakedown-mock tests the same client as without it: the same packages, in the same versions,
//! with the same features. What is added is the crate itself and what it needs; of these only the named ones may have more
//! features than before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const EXAMPLES: [&str; 4] = ["hyper-rustls", "reqwest-native-tls", "reqwest-rustls", "ureq"];

/// What each example is about: without it in the tree nothing would be compared.
const LIBRARIES: [(&str, &[&str]); 4] = [
    ("hyper-rustls", &["rustls", "ring", "hyper-rustls"]),
    ("reqwest-native-tls", &["native-tls", "openssl", "openssl-sys"]),
    ("reqwest-rustls", &["rustls", "aws-lc-rs", "aws-lc-sys"]),
    ("ureq", &["rustls", "ring"]),
];

/// What shakedown-mock may bring. None of them is a TLS library, and none has features that change one.
const ADDED: [&str; 14] = [
    "itoa",
    "memchr",
    "proc-macro2",
    "quote",
    "serde",
    "serde_core",
    "serde_derive",
    "serde_json",
    "shakedown-mock",
    "syn",
    "thiserror",
    "thiserror-impl",
    "unicode-ident",
    "zmij",
];

const LINE: &str = "shakedown-mock = { path = \"../../harness/mock\" }\n";

/// Package and version to its features.
type Packages = BTreeMap<String, BTreeSet<String>>;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("examples/").to_owned()
}

/// `cargo tree -e features` of an example whose manifest has `replacement` in the place of shakedown-mock.
fn tree(example: &str, replacement: &str) -> Packages {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join(example);
    fs::create_dir_all(target.join("src")).expect("a folder");
    fs::write(target.join("src/lib.rs"), "").expect("a file");
    let manifest = fs::read_to_string(workspace().join(example).join("Cargo.toml")).expect("a manifest");
    assert_eq!(manifest.matches(LINE).count(), 1, "{example}");
    let mock = workspace().parent().expect("the root").join("harness/mock");
    let replacement = replacement.replace("../../harness/mock", mock.to_str().expect("a path in UTF-8"));
    fs::write(target.join("Cargo.toml"), manifest.replace(LINE, &replacement)).expect("a file");
    let root = fs::read_to_string(workspace().join("Cargo.toml")).expect("a manifest");
    let members = root.lines().find(|line| line.starts_with("members = ")).expect("members");
    let one = root.replace(members, &format!("members = [\"{example}\"]"));
    fs::write(folder.path().join("Cargo.toml"), one).expect("a file");
    // The versions are those of the examples: without it, the newest ones would be taken.
    fs::copy(workspace().join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("a lock file");

    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-e", "features", "--prefix", "none", "--format", "{p}|{f}"])
        .current_dir(&target)
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    packages(&String::from_utf8(output.stdout).expect("UTF-8"))
}

/// A line is `name v1.2.3 (path)|feature,feature (*)` or `name feature "x"`; the features of the second are in the first.
fn packages(tree: &str) -> Packages {
    let mut packages = Packages::new();
    for line in tree.lines() {
        let Some((package, features)) = line.trim_end_matches(" (*)").split_once('|') else { continue };
        let mut words = package.split(' ');
        let (Some(name), Some(version)) = (words.next(), words.next()) else { continue };
        if !version.starts_with('v') {
            continue;
        }
        let features = features.split(',').filter(|feature| !feature.is_empty()).map(str::to_owned);
        packages.entry(format!("{name} {version}")).or_default().extend(features);
    }
    packages
}

fn name(package: &str) -> &str {
    package.split(' ').next().unwrap_or(package)
}

/// Each package that is not the same, but for those that shakedown-mock may bring.
fn differences(without: &Packages, with: &Packages) -> Vec<String> {
    let keys: BTreeSet<&String> = without.keys().chain(with.keys()).collect();
    let is_ours = |package: &str| ADDED.contains(&name(package));
    let mut found = Vec::new();
    for package in keys {
        if without.get(package) != with.get(package) && !is_ours(package) {
            found.push(format!(
                "{package}: {:?} without, {:?} with",
                without.get(package),
                with.get(package)
            ));
        }
    }
    found
}

#[test]
fn every_example_is_compared() {
    let members: BTreeSet<String> = fs::read_dir(workspace())
        .expect("examples/")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("Cargo.toml").is_file() && !path.ends_with("same-libraries"))
        .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(members, EXAMPLES.map(str::to_owned).into());
    assert_eq!(LIBRARIES.map(|(example, _)| example), EXAMPLES);
}

#[test]
fn the_tested_libraries_are_the_same_with_and_without_the_mock() {
    for (example, libraries) in LIBRARIES {
        let (without, with) = (tree(example, ""), tree(example, LINE));
        for library in libraries {
            assert!(without.keys().any(|package| name(package) == *library), "{library} is not in {example}");
        }
        let has_mock = |packages: &Packages| packages.keys().any(|package| name(package) == "shakedown-mock");
        assert!(!has_mock(&without) && has_mock(&with), "{example}");
        let found = differences(&without, &with);
        assert!(found.is_empty(), "{example} is another client with shakedown-mock: {found:#?}");
    }
}

/// A name in the list that nobody brings any more would be there for a library to come.
#[test]
fn everything_that_may_be_added_is_added_somewhere() {
    let with: Packages = EXAMPLES.into_iter().flat_map(|example| tree(example, LINE)).collect();
    for added in ADDED {
        assert!(with.keys().any(|package| name(package) == added), "{added}");
    }
}

/// What this test is there to find: a dependency of the tests that brings a second provider or another feature.
#[test]
fn a_dependency_that_changes_a_library_is_found() {
    let planted = [
        (
            "hyper-rustls",
            "rustls_too = { package = \"rustls\", version = \"0.23\", default-features = false, features = [\"aws_lc_rs\"] }\n",
            ["rustls", "aws-lc-rs", "aws-lc-sys"].as_slice(),
        ),
        (
            "ureq",
            "openssl = { version = \"0.10\", default-features = false }\n",
            ["openssl", "openssl-sys"].as_slice(),
        ),
        (
            "reqwest-native-tls",
            "native-tls = { version = \"0.2\", features = [\"alpn-accept\"] }\n",
            ["native-tls"].as_slice(),
        ),
    ];
    for (example, dependency, expected) in planted {
        let found = differences(&tree(example, ""), &tree(example, &format!("{LINE}{dependency}")));
        for library in expected {
            assert!(found.iter().any(|line| name(line) == *library), "{library} in {example}: {found:#?}");
        }
    }
}
