//! `fuzz/campaign.py` with stand-ins for cargo and the targets: what is red, what is exit 2, and that nothing is lost.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Makes "binaries" where cargo-fuzz would.
const CARGO: &str = r#"#!/bin/sh
[ -z "$FAKE_BUILD_FAILS" ] || exit 101
while [ $# -gt 0 ]; do [ "$1" = --target-dir ] && folder=$2; shift; done
mkdir -p "$folder/any/release"
for name in $FAKE_NAMES; do cp "$FAKE_TARGET" "$folder/any/release/$name"; done
"#;

/// What libFuzzer prints: of one input, and of a campaign. An input finds something if it has the word "bad".
const TARGET: &str = r##"#!/bin/sh
name=${0##*/}
found() {
    echo "thread '<unnamed>' panicked at harness/src/fuzzing/x.rs:1:1:" >&2
    echo "ORACLE $1: told in full" >&2
    cp "$2" "$prefix/crash-1"
    echo "artifact_prefix='$prefix'; Test unit written to $prefix/crash-1" >&2
    exit 77
}
for word in "$@"; do case $word in -artifact_prefix=*) prefix=${word#*=}; prefix=${prefix%/} ;; esac; done
if [ -f "$1" ]; then
    grep -q bad "$1" && found "${FAKE_LABEL:-version}" "$1"
    exit 0
fi
[ "$FAKE_DOES" != dead ] || { echo "error while loading shared libraries" >&2; exit 127; }
echo "INFO: Running with entropic power schedule" >&2
[ "$FAKE_DOES" != idle ] || exit 0
echo "#9	INITED cov: ${FAKE_COVERAGE:-100} ft: 120 corp: 4/9b exec/s: 0 rss: 1Mb" >&2
echo "played $name $SHAKEDOWN_FAULT" >> "$FAKE_LOG"
[ "$name" != must_crash ] || [ "$FAKE_DOES" = tame ] || found self-test "$FAKE_INPUT"
[ "$FAKE_DOES" != finds ] || found "${FAKE_LABEL:-version}" "$FAKE_INPUT"
[ -z "$SHAKEDOWN_FAULT" ] || [ "$SHAKEDOWN_FAULT" = F13 ] || found "${FAKE_LABEL:-version}" "$FAKE_INPUT"
echo "stat::number_of_executed_units: 1000" >&2
echo "stat::peak_rss_mb: 7" >&2
"##;

/// A folder like the project's, with what a campaign needs of it.
struct Yard {
    root: tempfile::TempDir,
    python: PathBuf,
    path: String,
}

struct Ended {
    code: i32,
    said: String,
}

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Yard {
    /// `None` without python3.
    fn new() -> Option<Self> {
        // Not by its name: that may be a script that needs more tools.
        let asked =
            Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().ok()?;
        let python = PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim_end());
        let root = tempfile::tempdir().unwrap();
        let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz");
        let (fuzz, bin) = (root.path().join("fuzz"), root.path().join("bin"));
        fs::create_dir_all(fuzz.join("corpus/verdict")).unwrap();
        fs::create_dir(&bin).unwrap();
        for file in ["campaign.py", "libfuzzer.py", "findings.py", "targets.json", "faults.json", "tls.dict"]
        {
            fs::copy(own.join(file), fuzz.join(file)).unwrap();
        }
        fs::write(fuzz.join("corpus/verdict/one"), "good").unwrap();
        fs::write(root.path().join("input"), "it is bad enough").unwrap();
        executable(&bin.join("cargo"), CARGO);
        executable(&bin.join("cargo-fuzz"), "#!/bin/sh\n");
        executable(&root.path().join("target"), TARGET);
        // Without the place of clang-19: what is built blind says so.
        for tool in ["sh", "mkdir", "cp", "grep"] {
            symlink(Path::new("/bin").join(tool), bin.join(tool)).unwrap();
        }
        let path = bin.display().to_string();
        Some(Self { root, python, path })
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn run(&self, words: &[&str], env: &[(&str, &str)]) -> Ended {
        let names: Vec<&str> = shakedown::fuzzing::TARGETS.iter().map(|target| target.name).collect();
        let output = Command::new(&self.python)
            .arg(self.at("fuzz/campaign.py"))
            .args(words)
            .env_clear()
            .env("PATH", &self.path)
            .env("FAKE_NAMES", names.join(" "))
            .env("FAKE_TARGET", self.at("target"))
            .env("FAKE_INPUT", self.at("input"))
            .env("FAKE_LOG", self.at("log"))
            .envs(env.iter().copied())
            .output()
            .unwrap();
        let said =
            [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Ended { code: output.status.code().unwrap(), said }
    }

    /// What was played, in the order played: target and fault.
    fn log(&self) -> Vec<String> {
        fs::read_to_string(self.at("log")).unwrap_or_default().lines().map(str::to_owned).collect()
    }
}

impl Ended {
    #[track_caller]
    fn is(&self, code: i32, said: &str) {
        assert!(
            self.code == code && self.said.contains(said),
            "{} {}, not {code} {said}",
            self.code,
            self.said
        );
    }
}

#[test]
fn what_cannot_be_run_is_exit_2_and_says_what_to_do() {
    let Some(yard) = Yard::new() else { return println!("skipped: python3 is not installed") };
    let run = ["run", "verdict", "--time", "1"];
    yard.run(&["run", "tls"], &[]).is(2, "no target 'tls'; there are codec_bytes, ");
    yard.run(&["run", "verdict", "--time", "0"], &[]).is(2, "a time of 0 is libFuzzer's for ever");
    yard.run(&run, &[("FAKE_BUILD_FAILS", "1")]).is(2, "the fuzz targets do not build");
    yard.run(&run, &[("FAKE_DOES", "idle")]).is(2, "verdict: not one execution");
    yard.run(&run, &[("FAKE_DOES", "dead")]).is(2, "did not start: error while loading shared libraries");
    yard.run(&["all"], &[]).is(2, "baseline.json is missing");
    yard.run(&["min", "mitm"], &[]).is(0, "mitm: nothing to minimise: `make fuzz TARGET=mitm` first");
    fs::remove_file(yard.at("bin/cargo-fuzz")).unwrap();
    yard.run(&run, &[]).is(2, "cargo-fuzz is missing: `make setup-fuzz`");
}

#[test]
fn a_blind_build_says_so() {
    let Some(yard) = Yard::new() else { return println!("skipped: python3 is not installed") };
    let ended = yard.run(&["build"], &[]);
    ended.is(0, "clang-19 is missing: OpenSSL, AWS-LC and s2n are built BLIND");
    ended.is(0, "`make setup-fuzz`");
}

#[test]
fn an_input_that_is_too_long_is_named_and_stays() {
    let Some(yard) = Yard::new() else { return println!("skipped: python3 is not installed") };
    let long = yard.at("fuzz/corpus/verdict/long");
    fs::write(&long, vec![7; 257]).unwrap();
    for words in [&["run", "verdict", "--time", "1"][..], &["all", "--smoke"], &["min", "verdict"]] {
        yard.run(words, &[]).is(2, "fuzz/corpus/verdict/long has 257 bytes, verdict reads 256");
        assert_eq!(fs::read(&long).unwrap(), vec![7; 257]);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_exit_2_and_the_corpus_stays() {
    let Some(yard) = Yard::new() else { return println!("skipped: python3 is not installed") };
    for folder in ["fuzz/artifacts", "fuzz/runs", "fuzz/target"] {
        let _ = fs::remove_dir_all(yard.at(folder));
        // Also for whoever may write everywhere.
        fs::write(yard.at(folder), "a file").unwrap();
        let words: &[&str] =
            if folder == "fuzz/runs" { &["all", "--smoke"] } else { &["run", "verdict", "--time", "1"] };
        let ended = yard.run(words, &[]);
        assert!(ended.code == 2 && ended.said.contains("fuzz: "), "{folder}: {} {}", ended.code, ended.said);
        assert!(!ended.said.contains("Traceback"), "{folder}: {}", ended.said);
        assert_eq!(fs::read(yard.at("fuzz/corpus/verdict/one")).unwrap(), b"good");
        fs::remove_file(yard.at(folder)).unwrap();
    }
}

#[test]
fn a_finding_is_kept_and_triage_makes_a_small_regression_of_it() {
    let Some(yard) = Yard::new() else { return println!("skipped: python3 is not installed") };
    let run = ["run", "verdict", "--time", "1"];
    yard.run(&run, &[]).is(0, "1000 ");
    let ended = yard.run(&run, &[("FAKE_DOES", "finds")]);
    ended.is(1, "ORACLE version; `make fuzz-triage` says more. Input: fuzz/artifacts/none/verdict/crash-1");
    assert_eq!(fs::read(yard.at("fuzz/artifacts/none/verdict/crash-1")).unwrap(), b"it is bad enough");
    yard.run(&["triage"], &[]).is(1, "verdict: ORACLE version: 1 inputs\n");
    let kept: Vec<_> = fs::read_dir(yard.at("fuzz/regressions/verdict")).unwrap().collect();
    assert_eq!(kept.len(), 1);
    let kept = kept[0].as_ref().unwrap();
    assert!(kept.file_name().to_str().unwrap().starts_with("version-"), "{kept:?}");
    assert_eq!(fs::read(kept.path()).unwrap(), b"bad");
    assert_eq!(fs::read_dir(yard.root.path()).unwrap().count(), 5, "something was left beside the sources");
    fs::write(yard.at("fuzz/artifacts/none/verdict/crash-1"), "mended").unwrap();
    yard.run(&["triage"], &[]).is(0, "does not happen in this build");
}

#[test]
fn all_is_red_for_a_finding_less_speed_less_coverage_and_a_tame_self_test() {
    let Some(yard) = Yard::new() else { return println!("skipped: python3 is not installed") };
    let all = ["all", "--time", "1"];
    yard.run(&[&all[..], &["--write-baseline"]].concat(), &[]).is(0, "must_crash");
    let lines = fs::read_to_string(yard.at("fuzz/runs/all.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), shakedown::fuzzing::TARGETS.len());
    let written = fs::read_to_string(yard.at("fuzz/baseline.json")).unwrap();
    let mut baseline: serde_json::Value = serde_json::from_str(&written).unwrap();
    let rows = baseline.as_object_mut().unwrap();
    assert_eq!(rows.len(), shakedown::fuzzing::TARGETS.len() - 1);
    let mut set = |speed: u64| {
        rows.values_mut().for_each(|row| row["per_second"] = speed.into());
        fs::write(yard.at("fuzz/baseline.json"), serde_json::to_string(&rows).unwrap()).unwrap();
    };
    set(1);
    yard.run(&all, &[]).is(0, "must_crash");
    yard.run(&all, &[("FAKE_COVERAGE", "95")]).is(0, "must_crash");
    yard.run(&all, &[("FAKE_COVERAGE", "94")])
        .is(1, "RED: verdict: seeds and corpus reach 94 edges, were 100");
    yard.run(&all, &[("FAKE_DOES", "tame")]).is(1, "RED: must_crash: found nothing");
    yard.run(&all, &[("FAKE_DOES", "finds")]).is(1, "RED: mitm: ORACLE version");
    yard.run(&all, &[("FAKE_DOES", "idle")]).is(1, "RED: verdict: not one execution");
    set(u64::from(u32::MAX));
    yard.run(&all, &[]).is(1, "executions a second, were 4294967295");
    yard.run(&["control", "--time", "11"], &[]).is(0, "verdict: 1000 executions, nothing found");
    yard.run(&["control", "--time", "11"], &[("FAKE_DOES", "finds")]).is(1, "ORACLE version");
}

/// Every fault but F13, the stand-in finds; by a label that is not each one's own.
#[test]
fn a_fault_counts_by_its_own_label_alone_and_is_not_played_again() {
    let Some(yard) = Yard::new() else { return println!("skipped: python3 is not installed") };
    let faults = ["faults", "--budget", "1", "--seeds", "1"];
    yard.run(&faults, &[("FAKE_LABEL", "suite")]).is(1, "is not what it is found by");
    let first = yard.log();
    assert!(first.iter().any(|line| line == "played codec_bytes F13"), "{first:?}");
    // Without a fault every target is played once more, to see that it finds nothing then.
    let ended = yard.run(&faults, &[("FAKE_LABEL", "suite")]);
    ended.is(1, "seed 1: ");
    let again: Vec<_> = yard.log().split_off(first.len());
    assert!(!again.is_empty() && again.iter().all(|line| line.ends_with(' ')), "{again:?}");
    assert!(ended.said.contains("| F13 | ") && ended.said.contains("missed"), "{}", ended.said);
    yard.run(&faults, &[("FAKE_DOES", "finds")]).is(2, "without a fault: ORACLE version: mend that first");
}
