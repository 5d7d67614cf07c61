//! The catalogue of policies: its files are what the data says, and say what follows from it.

#[path = "policies/breaks.rs"]
mod breaks;
#[path = "policies/commands.rs"]
mod commands;
#[path = "policies/compare.rs"]
mod compare;
#[path = "policies/data.rs"]
mod data;
#[path = "policies/derive.rs"]
mod derive;
#[path = "policies/diff.rs"]
mod diff;
#[path = "policies/generate.rs"]
mod generate;
#[path = "policies/overlay.rs"]
mod overlay;
#[path = "policies/program.rs"]
mod program;
#[path = "policies/usage.rs"]
mod usage;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/policies")
}

/// Every file of the folder but those of the harness itself, which are written by hand.
fn committed() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(current).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder()).unwrap().to_str().unwrap().replace('\\', "/");
            match path.is_dir() {
                true if name == "harness" => {}
                true => folders.push(path),
                false => _ = found.insert(name, fs::read_to_string(&path).unwrap()),
            }
        }
    }
    found
}

#[test]
fn the_files_are_those_that_the_data_makes() {
    let made = generate::files();
    if std::env::var_os("SHAKEDOWN_WRITE_POLICIES").is_some() {
        for old in committed().keys().filter(|name| !made.contains_key(*name)) {
            fs::remove_file(folder().join(old)).unwrap();
        }
        for (name, text) in &made {
            let path = folder().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    let committed = committed();
    assert_eq!(made.keys().collect::<Vec<_>>(), committed.keys().collect::<Vec<_>>(), "run `make policies`");
    for (name, text) in &made {
        assert_eq!(text, &committed[name], "{name}: run `make policies` and review the difference");
    }
}
