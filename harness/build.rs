//! Embeds `scenarios/` into the binary and notes the versions of the TLS libraries that were built in.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() -> io::Result<()> {
    // engine/s2n/sys.rs mirrors structures of the library's own, as they are in the version that Cargo.toml pins. What
    // S2N_TLS_DIR or S2N_TLS_LIB_DIR names is another build of it, of which nothing is known. s2n-tls-sys says so (its
    // `links` is "s2n-tls") exactly where it took one of them.
    assert!(
        env::var_os("DEP_S2N_TLS_EXTERNAL_BUILD").is_none(),
        "shakedown needs the s2n-tls that s2n-tls-sys brings: unset S2N_TLS_DIR and S2N_TLS_LIB_DIR"
    );

    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let scenarios = root.join("scenarios");
    println!("cargo::rerun-if-changed={}", scenarios.display());
    println!("cargo::rerun-if-changed={}", root.join("Cargo.lock").display());

    let mut files = Vec::new();
    walk(&scenarios, &mut files)?;
    files.sort();
    let mut code =
        String::from("/// Path below `scenarios/`, text.\npub static FILES: &[(&str, &str)] = &[\n");
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.strip_prefix(&scenarios).expect("walked from there");
        let name = name.to_str().expect("names of data files are ASCII").replace('\\', "/");
        writeln!(code, "    ({name:?}, include_str!({:?})),", file.display().to_string()).expect("a String");
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("embedded.rs"), code)?;

    let lock = fs::read_to_string(root.join("Cargo.lock"))?;
    println!("cargo::rustc-env=SHAKEDOWN_RUSTLS_VERSION={}", locked_version(&lock, "rustls"));
    println!("cargo::rustc-env=SHAKEDOWN_S2N_VERSION={}", locked_version(&lock, "s2n-tls"));
    println!("cargo::rustc-env=SHAKEDOWN_COMPILERS={}", compilers());
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            println!("cargo::rerun-if-changed={}", path.display());
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// What the code and the C libraries are built with: figures of two builds are compared only where it is the same.
fn compilers() -> String {
    let first_line = |program: &str| {
        let output = Command::new(program).arg("--version").output().ok()?;
        String::from_utf8(output.stdout).ok()?.lines().next().map(str::to_owned)
    };
    let rustc = env::var("RUSTC").ok().and_then(|rustc| first_line(&rustc));
    let cc = env::var("CC").ok().or_else(|| Some("cc".to_owned())).and_then(|cc| first_line(&cc));
    [rustc, cc].map(|line| line.unwrap_or_else(|| "unknown".to_owned())).join(", ")
}

/// The version of a package in Cargo.lock; these libraries do not tell it at run time.
fn locked_version(lock: &str, package: &str) -> String {
    let mut lines = lock.lines();
    let wanted = format!("name = {package:?}");
    while let Some(line) = lines.next() {
        if line == wanted
            && let Some(version) = lines.next().and_then(|l| l.strip_prefix("version = "))
        {
            return version.trim_matches('"').to_owned();
        }
    }
    "unknown".to_owned()
}
