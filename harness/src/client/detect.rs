//! Finding client programs on this machine.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::adapter::Adapter;

/// A program that does not tell its version within this time is not used.
const DETECT_DEADLINE: Duration = Duration::from_secs(30);

/// A program that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detected {
    /// The client's name: the adapter's, or `adapter:path` for further executables.
    pub name: String,
    /// The executable that will be started.
    pub program: PathBuf,
    pub version: Option<String>,
}

/// Finds every executable that an adapter fits: the one on PATH first, then its `also` patterns.
///
/// Executables that are the same file are listed once.
pub async fn detect(adapter: &Adapter) -> Vec<Detected> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let first = adapter.detect.first().and_then(|program| on_path(program));
    if let Some(program) = first {
        let real = match &adapter.resolve {
            Some(argv) => resolved(&program, argv).await.unwrap_or_else(|| program.clone()),
            None => program.clone(),
        };
        if let Some(version) = version(adapter, &real).await {
            seen.insert(canonical(&real));
            found.push(Detected { name: adapter.name.clone(), program: real, version });
        }
    }
    for pattern in &adapter.also {
        let Ok(paths) = glob::glob(&with_home(pattern)) else { continue };
        for program in paths.flatten() {
            if !is_executable(&program) || !seen.insert(canonical(&program)) {
                continue;
            }
            if let Some(version) = version(adapter, &program).await {
                let name = match found.is_empty() {
                    true => adapter.name.clone(),
                    false => format!("{}:{}", adapter.name, program.display()),
                };
                found.push(Detected { name, program, version });
            }
        }
    }
    found
}

/// The first executable of that name on PATH; a name with a slash is taken as it is.
pub fn on_path(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        let path = PathBuf::from(program);
        // Links stay: multi-call programs and virtual environments look at the name that they are started by.
        return is_executable(&path).then(|| std::path::absolute(&path).unwrap_or(path));
    }
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| is_executable(path))
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

fn canonical(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn with_home(pattern: &str) -> String {
    match (pattern.strip_prefix("~/"), env::var("HOME")) {
        (Some(rest), Ok(home)) => format!("{home}/{rest}"),
        _ => pattern.to_owned(),
    }
}

/// Runs `detect` with the found program. `None` when it cannot be run; `Some(None)` when it says no version.
async fn version(adapter: &Adapter, program: &Path) -> Option<Option<String>> {
    let text = output(program, adapter.detect.get(1..).unwrap_or_default()).await?;
    let found = adapter.version.captures(&text).and_then(|c| c.get(1)).map(|m| m.as_str().to_owned());
    Some(found)
}

async fn resolved(program: &Path, argv: &[String]) -> Option<PathBuf> {
    let text = output(program, argv.get(1..).unwrap_or_default()).await?;
    let path = PathBuf::from(text.lines().next()?.trim());
    is_executable(&path).then_some(path)
}

/// Standard output and error of a program that ended with success.
async fn output(program: &Path, arguments: &[String]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(DETECT_DEADLINE, command.output()).await.ok()?.ok()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    output.status.success().then(|| format!("{}\n{}", text(&output.stdout), text(&output.stderr)))
}
