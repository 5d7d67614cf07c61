//! Rule 10, clean rooms: what a program gets to see of the user's environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use shakedown::run::client::Client;

use crate::support::{STRONG, Setting, run, world};

/// The environment of a program that was run in the controls and found no client to be.
fn environment(inherit_env: bool) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("env");
    // The first play alone writes; what is there is checked while it is there.
    let script = "test -e \"$0\" || {{ env; echo HOME_EXISTS=$(test -d \"$HOME\" && echo yes); \
                  echo HOME_HAS=$(ls -A \"$HOME\"); echo WORKDIR=$PWD; }} > \"$0\"";
    let arguments = vec!["-c".to_owned(), script.to_owned(), file.display().to_string()];
    let setting =
        Setting { cases: vec![world().case(STRONG)], partial: true, inherit_env, ..Setting::default() };
    run(setting, Client::command(PathBuf::from("/bin/sh"), arguments));
    let text = std::fs::read_to_string(&file).unwrap();
    text.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

#[test]
fn a_client_sees_the_allow_list_and_nothing_else() {
    let environment = environment(false);
    // cargo sets this one for every test, so it stands for whatever the user has.
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    let allowed = [
        "PATH",
        "LANG",
        "HOME",
        "TMPDIR",
        "NO_PROXY",
        "no_proxy",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "XDG_RUNTIME_DIR",
        "SHAKEDOWN_CASE",
    ];
    // The shell's own, and the script's.
    let shell = ["PWD", "OLDPWD", "SHLVL", "_", "HOME_EXISTS", "HOME_HAS", "WORKDIR"];
    for name in environment.keys() {
        assert!(allowed.contains(&name.as_str()) || shell.contains(&name.as_str()), "{name} came through");
    }
    assert_eq!(environment["NO_PROXY"], "*");
    assert_eq!(environment["no_proxy"], "*");
}

#[test]
fn a_clients_folders_are_its_own_and_empty() {
    let environment = environment(false);
    let workdir = &environment["WORKDIR"];
    for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
        assert!(environment[name].starts_with(workdir.as_str()), "{name} is {}", environment[name]);
    }
    assert_eq!(environment["HOME_EXISTS"], "yes");
    assert_eq!(environment["HOME_HAS"], "");
    assert_ne!(Some(environment["HOME"].clone()), std::env::var("HOME").ok());
    // The folder goes with its case.
    assert!(!PathBuf::from(workdir).exists());
}

#[test]
fn the_users_environment_is_there_when_asked_for() {
    let environment = environment(true);
    assert_eq!(environment.get("CARGO_MANIFEST_DIR").cloned(), std::env::var("CARGO_MANIFEST_DIR").ok());
    assert_eq!(environment.get("HOME").cloned(), std::env::var("HOME").ok());
}
