//! Every command that README.md shows is run, in an empty home, and comes to what README.md says.
//!
//! In a ```` ```console ```` block a line that starts with `$ ` is a command. A comment such as `# exit 1` states its exit
//! code (else 0). The lines below it are its output, in order and with lines left out: each has to match a line of the
//! real output. Blanks count once, `...` stands for anything, and so does a number such as `0.23.46` or `1.5 s`.
//! What is said of a client program (its row and its paragraphs) is compared only where that program is there in the
//! version that the row shows: another version may come to another verdict.
//! A ```` ```toml ```` block that starts with `# name.toml` is a file that the commands find.

#[path = "readme/blocks.rs"]
mod blocks;
#[path = "readme/compare.rs"]
mod compare;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use blocks::{Shown, commands, files};
use compare::{Installed, differences};

const README: &str = include_str!("../../README.md");
const CARGO_RUN: &str = "cargo run --release -- ";

/// Commands that are shown and not run: the first would run this test, the second installs programs.
const NOT_RUN: [&str; 2] = ["make test", "make setup-clients"];

fn run(command: &str, folder: &Path) -> Output {
    let home = folder.join("home");
    fs::create_dir_all(&home).unwrap();
    let program = format!("'{}' ", env!("CARGO_BIN_EXE_shakedown"));
    Command::new("sh")
        .arg("-c")
        .arg(command.replace(CARGO_RUN, &program))
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("LANG", "C.UTF-8")
        .env("HOME", home)
        .output()
        .unwrap()
}

/// The program that a command judges, if it judges one that may be absent.
fn program_of(command: &str) -> Option<&str> {
    let mut words = command.strip_prefix(CARGO_RUN)?.split_whitespace();
    let arguments: Vec<&str> = words.by_ref().collect();
    let behind = |mark: &str| arguments.iter().position(|a| *a == mark).and_then(|i| arguments.get(i + 1));
    match (behind("--"), behind("--client")) {
        (Some(program), _) => Some(program),
        // The adapter that README.md shows starts curl.
        (None, Some(file)) if file.ends_with(".toml") => Some("curl"),
        (None, Some(&"rustls" | &"nosuch")) | (None, None) => None,
        (None, Some(client)) => Some(client),
    }
}

/// Looked up here, not asked of shakedown.
fn is_on_path(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join(program).is_file())
}

fn installed(folder: &Path) -> Installed {
    let output = run("cargo run --release -- list clients", folder);
    assert!(output.status.success(), "{output:?}");
    let mut found: Installed = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| {
            let mut columns = line.split('\t');
            Some((columns.next()?.to_owned(), columns.next()?.to_owned()))
        })
        .collect();
    // The adapter that README.md shows starts curl, and a command behind `--` has no version.
    if let Some(version) = found.get("curl").cloned() {
        found.insert("my-client".to_owned(), version);
    }
    found
}

#[test]
fn the_commands_that_are_not_run_are_exactly_the_listed_ones() {
    let shown: Vec<String> =
        commands(README).into_iter().map(|s| s.command).filter(|c| !c.starts_with(CARGO_RUN)).collect();
    assert_eq!(shown, NOT_RUN);
}

#[test]
fn every_command_of_the_readme_comes_to_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files(README) {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let installed = installed(folder.path());
    let mut wrong = BTreeMap::new();
    let mut ran = 0;
    for shown in commands(README).into_iter().filter(|s| !NOT_RUN.contains(&s.command.as_str())) {
        if let Some(program) = program_of(&shown.command)
            && !is_on_path(program)
        {
            println!("skipped, {program} is not on PATH: {}", shown.command);
            continue;
        }
        ran += 1;
        let output = run(&shown.command, folder.path());
        let found = problems(&shown, &output, &installed);
        if !found.is_empty() {
            wrong.insert(shown.command, found);
        }
    }
    assert!(ran >= 7, "README.md shows commands that need no client program");
    assert!(wrong.is_empty(), "README.md and the program differ: {wrong:#?}");
}

fn problems(shown: &Shown, output: &Output, installed: &Installed) -> Vec<String> {
    let real = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let mut problems = differences(&shown.output, &real, installed);
    let knows_exit = compare::shown_versions(&shown.output).iter().all(|(n, v)| installed.get(n) == Some(v));
    if knows_exit && output.status.code() != Some(shown.exit) {
        problems.push(format!("exit {:?} where {} is stated", output.status.code(), shown.exit));
    }
    if !problems.is_empty() {
        problems.push(format!("the real output: {real}"));
    }
    problems
}

#[test]
fn a_wrong_exit_code_is_a_problem_unless_the_client_here_has_another_version() {
    let output = Command::new("sh").args(["-c", "echo 'curl  7.88.1  FAIL'; exit 1"]).output().unwrap();
    let shown = |exit, line: &str| Shown { command: String::new(), exit, output: vec![line.to_owned()] };
    let here: Installed = [("curl".to_owned(), "7.88.1".to_owned())].into();
    assert!(problems(&shown(1, "curl 7.88.1 FAIL"), &output, &here).is_empty());
    assert!(!problems(&shown(0, "curl 7.88.1 FAIL"), &output, &here).is_empty());
    assert!(!problems(&shown(1, "curl 7.88.1 pass"), &output, &here).is_empty());
    assert!(problems(&shown(0, "curl 8.14.0 pass"), &output, &here).is_empty());
}
