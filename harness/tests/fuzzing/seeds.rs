//! `fuzz/seeds/` is what the targets make, byte for byte: so a recorded handshake also replays in another process.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use shakedown::fuzzing::TARGETS;

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target)
}

fn committed(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())
        })
        .collect()
}

fn is_writing() -> bool {
    std::env::var_os("SHAKEDOWN_WRITE_SEEDS").is_some()
}

/// What `fuzz/campaign.py` knows of the targets, and libFuzzer's dictionary.
#[test]
fn the_committed_table_and_dictionary_are_current() {
    let rows: Vec<serde_json::Value> = TARGETS
        .iter()
        .map(|target| {
            serde_json::json!({
                "name": target.name,
                "about": target.about,
                "max_len": target.max_len,
                "dictionary": target.dictionary,
                "must_crash": target.purpose == shakedown::fuzzing::Purpose::SelfTest,
            })
        })
        .collect();
    let table = serde_json::to_string_pretty(&rows).unwrap() + "\n";
    let faults: Vec<serde_json::Value> = shakedown::faults::Fault::ALL
        .iter()
        .map(
            |fault| {
            let labels: Vec<String> = fault.labels().iter().map(|label| format!("ORACLE {label}")).collect();
            serde_json::json!({ "id": fault.id(), "about": fault.about(), "target": fault.target(), "labels": labels })
        },
        )
        .collect();
    let faults = serde_json::to_string_pretty(&faults).unwrap() + "\n";
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (file, made) in
        [("targets.json", table), ("faults.json", faults), ("tls.dict", shakedown::fuzzing::dictionary())]
    {
        if is_writing() {
            fs::write(root.join(file), &made).unwrap();
        }
        assert!(fs::read_to_string(root.join(file)).unwrap() == made, "{file}: run `make fuzz-seeds`");
    }
}

#[test]
fn the_committed_seeds_are_those_that_the_targets_make() {
    for target in TARGETS {
        let made: BTreeMap<String, Vec<u8>> = target.seeds().into_iter().collect();
        assert_eq!(made.len(), target.seeds().len(), "{}: a name twice", target.name);
        for (name, bytes) in &made {
            assert!(bytes.len() <= target.max_len, "{}: {name} is longer than the target reads", target.name);
        }
        let folder = folder(target.name);
        if is_writing() {
            let _ = fs::remove_dir_all(&folder);
            if !made.is_empty() {
                fs::create_dir_all(&folder).unwrap();
            }
            for (name, bytes) in &made {
                fs::write(folder.join(name), bytes).unwrap();
            }
        }
        let committed = committed(&folder);
        let names = |seeds: &BTreeMap<String, Vec<u8>>| seeds.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&committed), names(&made), "{}: run `make fuzz-seeds`", target.name);
        for (name, bytes) in &made {
            assert!(
                committed[name] == *bytes,
                "{}: {name} is not current: run `make fuzz-seeds`",
                target.name
            );
        }
    }
}
