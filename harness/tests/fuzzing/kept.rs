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

/// Mended findings stay mended. What is drawn is kept as what it says, too, since its bytes mean something else as soon as
/// the drawing changes.
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
            let text = fs::read_to_string(path).unwrap();
            let Ok(form) = Saved::parse(&text) else {
                // Edit lists are played by their own test.
                assert_eq!(target.name, "mitm", "{}: not a saved input", path.display());
                continue;
            };
            let named = format!("target = {:?}\n", target.name);
            assert!(text.contains(&named), "{}: another target's", path.display());
            form.play().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
    }
}

#[test]
fn the_saved_form_of_an_input_plays_as_the_input() {
    let mut forms = std::collections::BTreeMap::new();
    for target in TARGETS {
        for input in super::drawn(target).take(100) {
            let Some(text) = saved(target, &input) else { continue };
            *forms.entry(target.name).or_insert(0) += 1;
            let form = Saved::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(form.play().unwrap(), target.run(&input), "{}: {text}", target.name);
        }
    }
    let all = ["diff_negotiate", "policy_model", "server_select", "verdict"].map(|name| (name, 100));
    assert_eq!(forms.into_iter().collect::<Vec<_>>(), all);
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
    assert!(Saved::parse("target = 3").unwrap_err().to_string().starts_with("not a saved input: "));
    let error = Saved::parse("target = \"mitm\"").unwrap_err().to_string();
    assert!(error.starts_with("mitm is no target with a saved form; "), "{error}");
}

/// Of worlds and traces, likewise.
#[test]
fn a_word_that_a_saved_world_or_trace_does_not_have_is_refused_by_name() {
    let form = |name: &str, wanted: &str| {
        let target = shakedown::fuzzing::target(name).unwrap();
        let mut texts = super::drawn(target).filter_map(|input| saved(target, &input));
        texts.find(|text| text.contains(wanted)).unwrap_or_else(|| panic!("{name}: none has {wanted}"))
    };
    for (target, from, to, said) in [
        ("policy_model", "key = \"rsa2048\"", "key = \"rsa1\"", "unknown key \"rsa1\""),
        ("policy_model", "\"0x", "\"1x", "is no code point such as \"0x1301\""),
        ("policy_model", "server_order", "servers_order", "unknown field `servers_order`"),
        ("verdict", "version = \"0x0303\"", "version = \"0x0305\"", "unknown session \"0x0305 "),
        ("verdict", "ended = \"itself\"", "ended = \"never\"", "unknown end of the client \"never\""),
        ("verdict", "reach = \"committed\"", "reach = \"far\"", "unknown reach \"far\""),
        ("verdict", "ending = \"client-fin\"", "ending = \"fin\"", "unknown ending \"fin\""),
        ("verdict", "ending = \"client-fin\"", "ending = \"client-alert\"", "unknown alert \"none\""),
    ] {
        let text = form(target, from).replacen(from, to, 1);
        let error = Saved::parse(&text).and_then(|form| form.play()).unwrap_err().to_string();
        assert!(error.contains(said), "{target}: {error}, not {said}");
    }
}
