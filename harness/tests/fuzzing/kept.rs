//! What a campaign has found or kept is played on stable, too: `fuzz/corpus/` and `fuzz/regressions/`.

use std::fs;
use std::path::{Path, PathBuf};

use shakedown::fuzzing::semantic::{Saved, saved};
use shakedown::fuzzing::{Purpose, TARGETS, Target};

use super::played;

fn folder(kind: &str, target: &Target) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(kind).join(target.name)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "toml")
}

fn clean(target: &Target, path: &Path, input: &[u8]) {
    if let Err(text) = played(target, input) {
        panic!("{}: {}: {text}", target.name, path.display());
    }
}

#[test]
fn every_input_of_the_corpora_finds_nothing() {
    for target in TARGETS {
        let kept = files(&folder("corpus", target));
        assert!(
            kept.len() >= 20 || target.purpose == Purpose::SelfTest,
            "{}: {} inputs: `make fuzz` and `make fuzz-min`",
            target.name,
            kept.len()
        );
        for path in kept {
            let input = fs::read(&path).unwrap();
            assert!(input.len() <= target.max_len, "{}: longer than the target reads", path.display());
            clean(target, &path, &input);
        }
    }
}

/// Mended findings stay mended. A hello is kept as what it says, too, since its bytes mean something else as soon as the
/// drawing changes.
#[test]
fn every_input_of_the_regressions_finds_nothing_and_has_its_saved_form() {
    let write = std::env::var_os("SHAKEDOWN_WRITE_SEEDS").is_some();
    for target in TARGETS {
        for path in files(&folder("regressions", target)) {
            if is_text(&path) {
                continue;
            }
            let input = fs::read(&path).unwrap();
            clean(target, &path, &input);
            let Some(text) = saved(target, &input) else { continue };
            let form = path.with_extension("toml");
            if write && !form.exists() {
                fs::write(&form, text).unwrap();
            }
            assert!(form.exists(), "{}: SHAKEDOWN_WRITE_SEEDS=1 writes its saved form", path.display());
        }
        for path in files(&folder("regressions", target)).iter().filter(|path| is_text(path)) {
            let Ok(form) = Saved::parse(&fs::read_to_string(path).unwrap()) else {
                // Edit lists are played by their own test.
                assert_eq!(target.name, "mitm", "{}: not a saved hello", path.display());
                continue;
            };
            form.play().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

#[test]
fn the_saved_form_of_an_input_plays_as_the_input() {
    let mut hellos = 0;
    for target in TARGETS {
        for input in super::drawn(target).take(40) {
            let Some(text) = saved(target, &input) else { continue };
            hellos += 1;
            let form = Saved::parse(&text).unwrap();
            assert_eq!(form.play().unwrap(), target.run(&input), "{}: {text}", target.name);
        }
    }
    assert_eq!(hellos, 80, "server_select and diff_negotiate");
}

#[test]
fn a_saved_form_that_names_what_is_not_there_is_refused_by_name() {
    let good = "target = \"server_select\"\nstack = \"openssl\"\npolicy = \"elb/ELBSecurityPolicy-2016-08\"\n\
        certificate = \"rsa2048\"\nhello = \"16\"\n";
    for (from, to, said) in [
        ("openssl", "nss", "unknown stack \"nss\""),
        ("2016-08", "1999", "unknown policy \"elb/ELBSecurityPolicy-1999\""),
        ("rsa2048", "rsa1", "unknown certificate \"rsa1\""),
        ("\"16\"", "\"zz\"", "hello: not the records of a ClientHello in hex"),
        ("\"16\"", "\"161\"", "hello: not the records of a ClientHello in hex"),
    ] {
        let error = Saved::parse(&good.replace(from, to)).unwrap().play().unwrap_err();
        assert_eq!(error.to_string(), said);
    }
    assert!(Saved::parse("target = 3").unwrap_err().to_string().starts_with("not a saved hello: "));
}
