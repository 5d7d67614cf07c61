//! The rules. Each looks at a whole tree and returns every breach with its file and line.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::resolve::Full;
use crate::scan::{Kind, Mention, Tree};

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    pub file: String,
    pub line: usize,
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// These decide what is right. They are tested by value and fuzzed, so they touch nothing outside.
const PURE_CORE: [&str; 8] = ["wire", "registry", "policy", "edit", "oracle", "judge", "scenario", "probe"];

const STD_IO: [&str; 6] = ["io", "fs", "net", "process", "env", "os"];
const CLOCKS: [&str; 3] = ["Instant", "SystemTime", "UNIX_EPOCH"];
const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// Crates that the pure core does not name, by what they would bring in.
const IMPURE_CRATES: [(&str, &[&str]); 5] = [
    ("I/O", &["libc", "rustix", "tempfile", "indicatif", "terminal_size", "hyper", "mio", "socket2"]),
    ("a clock", &["jiff", "chrono", "time"]),
    ("randomness", &["rand", "rand_core", "rand_chacha", "getrandom", "fastrand"]),
    ("tokio", &["tokio", "tokio_util", "tokio_stream"]),
    ("a TLS library", TLS_CRATES),
];

const TLS_CRATES: &[&str] = &[
    "openssl",
    "openssl_sys",
    "foreign_types",
    "foreign_types_shared",
    "rustls",
    "rustls_pki_types",
    "tokio_rustls",
    "s2n_tls",
    "s2n_tls_sys",
    "s2n_tls_tokio",
    "aws_lc_rs",
    "aws_lc_sys",
    "ring",
    "native_tls",
    "boring",
];

/// The folders in which such a crate may be named. aws-lc-rs is rustls's provider and signs for rcgen.
fn homes(library: &str) -> &'static [&'static [&'static str]] {
    match library {
        "openssl" | "openssl_sys" | "foreign_types" | "foreign_types_shared" => &[&["engine", "openssl"]],
        "rustls" | "rustls_pki_types" => &[&["engine", "rustls"]],
        "s2n_tls" | "s2n_tls_sys" => &[&["engine", "s2n"]],
        "aws_lc_rs" | "aws_lc_sys" => &[&["engine", "rustls"], &["pki"]],
        "rcgen" => &[&["pki"]],
        _ => &[],
    }
}

const TOKIO_FOLDERS: [&str; 8] = ["client", "net", "aws", "load", "scan", "run", "serve", "cli"];

/// What `report` may name of this crate.
const EVENTS: [&[&str]; 5] = [
    &["crate", "report"],
    &["crate", "run", "events"],
    &["crate", "judge"],
    &["crate", "observe", "Reach"],
    // Where it is declared.
    &["crate", "observe", "reach"],
];

const UNSAFE_FILES: [&str; 5] = [
    "engine/openssl/random.rs",
    "engine/openssl/session.rs",
    "engine/s2n/cache.rs",
    "engine/s2n/handle.rs",
    "engine/s2n/sys.rs",
];

/// The second model of a server. It is worth something only as long as it asks the first one nothing.
const NAIVE_FILES: [&str; 2] = ["oracle/naive/mod.rs", "oracle/naive/rules.rs"];

const MOST_LINES: usize = 500;

/// Rule 1: the pure core names no I/O, clock, randomness, tokio or TLS library. Its tests neither: what they
/// need of a file comes through `include_str!`, which the compiler reads.
pub fn pure_core(tree: &Tree) -> Vec<Breach> {
    breaches(tree, |mention, meaning| {
        let layer = top(mention);
        if !PURE_CORE.contains(&layer) {
            return None;
        }
        let what = impurity(mention, meaning)?;
        Some(format!("`{layer}` is pure, but names {what}"))
    })
}

fn impurity(mention: &Mention, meaning: &Full) -> Option<String> {
    let words: Vec<&str> = meaning.iter().map(String::as_str).collect();
    let named = || words.join("::");
    if mention.kind == Kind::Macro && words.last().is_some_and(|name| PRINTING.contains(name)) {
        return Some(format!("I/O: {}!", named()));
    }
    let is_all = mention.kind == Kind::Glob;
    match words[..] {
        ["std"] if is_all => Some("all of std".to_owned()),
        ["std", "time"] if is_all => Some("a clock: std::time::*".to_owned()),
        ["std", module, ..] if STD_IO.contains(&module) => Some(format!("I/O: {}", named())),
        // Of `core` only the plain data of `core::net` looks like I/O.
        ["std", "time", clock, ..] if CLOCKS.contains(&clock) => Some(format!("a clock: {}", named())),
        ["std", "hash", "RandomState", ..] | ["std", "collections", "hash_map", "RandomState", ..] => {
            Some(format!("randomness: {}", named()))
        }
        [first, ..] => IMPURE_CRATES
            .into_iter()
            .find(|(_, crates)| crates.contains(&first))
            .map(|(what, _)| format!("{what}: {}", named())),
        [] => None,
    }
}

/// Rule 2: the judge shares nothing with the judged.
pub fn judge_apart(tree: &Tree) -> Vec<Breach> {
    breaches(tree, |mention, meaning| {
        let forbidden: &[&str] = match top(mention) {
            "engine" => &["oracle", "judge"],
            "oracle" | "judge" => &["engine"],
            _ => return None,
        };
        let layer = layer_of(meaning)?;
        forbidden.contains(&layer).then(|| format!("`{}` names {}", top(mention), meaning.join("::")))
    })
}

/// Rule 3: a TLS library is named only in its own folder, the certificate library only in `pki`.
pub fn library_folders(tree: &Tree) -> Vec<Breach> {
    breaches(tree, |mention, meaning| {
        let library = meaning.first()?.as_str();
        if library != "rcgen" && !TLS_CRATES.contains(&library) {
            return None;
        }
        let at_home = homes(library).iter().any(|home| {
            home.len() <= mention.module.len() && home.iter().zip(&mention.module).all(|(a, b)| a == b)
        });
        (!at_home).then(|| {
            let folders: Vec<String> = homes(library).iter().map(|home| home.join("/")).collect();
            let only = if folders.is_empty() { "nowhere".to_owned() } else { folders.join(", ") };
            format!("{} is named; {library} may be named in: {only}", meaning.join("::"))
        })
    })
}

/// Rule 4, first half: `report` knows events only, and `run` does not know who reports.
pub fn reporters_apart(tree: &Tree) -> Vec<Breach> {
    breaches(tree, |mention, meaning| match top(mention) {
        "report" if meaning.first().is_some_and(|first| first == "crate") => {
            let is_event = EVENTS
                .iter()
                .any(|event| event.len() <= meaning.len() && event.iter().zip(meaning).all(|(a, b)| a == b));
            (!is_event).then(|| format!("`report` names {}, which is no event", meaning.join("::")))
        }
        "run" if layer_of(meaning) == Some("report") => Some(format!("`run` names {}", meaning.join("::"))),
        _ => None,
    })
}

/// Rule 4, second half.
pub fn tokio_folders(tree: &Tree) -> Vec<Breach> {
    breaches(tree, |mention, meaning| {
        let is_tokio = meaning.first().is_some_and(|first| first == "tokio" || first.starts_with("tokio_"));
        let allowed = TOKIO_FOLDERS.contains(&top(mention));
        (is_tokio && !allowed).then(|| format!("`{}` names {}", top(mention), meaning.join("::")))
    })
}

/// Rule 5: no cycles between the top-level modules. Of each cycle one place per step is shown.
pub fn cycles(tree: &Tree) -> Vec<Breach> {
    let mut edges: BTreeMap<String, BTreeMap<String, &Mention>> = BTreeMap::new();
    for (mention, meanings) in tree.resolved() {
        for meaning in &meanings {
            let (from, Some(to)) = (top(mention), layer_of(meaning)) else { continue };
            let is_module = tree.modules.contains_key(&vec![to.to_owned()]);
            if from != to && !from.is_empty() && is_module {
                edges.entry(from.to_owned()).or_default().entry(to.to_owned()).or_insert(mention);
            }
        }
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (from, targets) in &edges {
        for (to, mention) in targets {
            let Some(back) = shortest(&edges, to, from) else { continue };
            if !seen.insert(back.iter().cloned().collect::<BTreeSet<_>>()) {
                continue;
            }
            let round: Vec<&String> = std::iter::once(from).chain(&back).collect();
            let names: Vec<&str> = round.iter().map(|name| name.as_str()).collect();
            let places: Vec<String> = round
                .windows(2)
                .map(|step| {
                    let at = edges[step[0]][step[1]];
                    format!("\n    {}:{} names {}", at.file, at.line, at.path.segments.join("::"))
                })
                .collect();
            let what = format!("cycle {}{}", names.join(" -> "), places.concat());
            found.push(Breach { file: mention.file.clone(), line: mention.line, what });
        }
    }
    found
}

/// The modules on the shortest way, both ends included.
fn shortest(
    edges: &BTreeMap<String, BTreeMap<String, &Mention>>,
    from: &str,
    to: &str,
) -> Option<Vec<String>> {
    let mut ways = VecDeque::from([vec![from.to_owned()]]);
    let mut visited = BTreeSet::from([from.to_owned()]);
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        if last == to {
            return Some(way);
        }
        for next in edges.get(last).into_iter().flat_map(BTreeMap::keys) {
            if visited.insert(next.clone()) {
                ways.push_back(way.iter().cloned().chain([next.clone()]).collect());
            }
        }
    }
    None
}

/// `unsafe` stands only where C callbacks need it.
pub fn unsafe_files(tree: &Tree) -> Vec<Breach> {
    let files = tree.files.iter().filter(|file| !UNSAFE_FILES.contains(&file.path.as_str()));
    let breach = |path: &str, line: usize| Breach {
        file: path.to_owned(),
        line,
        what: format!("`unsafe` is for {} only", UNSAFE_FILES.join(", ")),
    };
    files.flat_map(|file| file.unsafe_lines.iter().map(move |&line| breach(&file.path, line))).collect()
}

/// A permission that nobody uses any more would be there for a file of that name to come.
pub fn stale_permissions(tree: &Tree) -> Vec<Breach> {
    let is_gone = |path: &&str| !tree.files.iter().any(|file| file.path == *path);
    let named = UNSAFE_FILES.into_iter().chain(NAIVE_FILES);
    let breach = |path: &str| Breach {
        file: path.to_owned(),
        line: 0,
        what: "is named in the rules and is no file".to_owned(),
    };
    named.filter(is_gone).map(breach).collect()
}

/// Rule 7 of the design: the naive model names no function of the oracle, be it as a method. `new` makes plain data.
pub fn naive_apart(tree: &Tree) -> Vec<Breach> {
    let is_apart = |path: &str| path.starts_with("oracle/tests/") || NAIVE_FILES.contains(&path);
    let is_oracle = |path: &str| path.starts_with("oracle/") && !is_apart(path);
    let files = tree.files.iter().filter(|file| is_oracle(&file.path));
    let functions: BTreeSet<&str> =
        files.flat_map(|file| &file.functions).map(String::as_str).filter(|name| *name != "new").collect();
    let named = |words: &[String]| words.iter().find(|word| functions.contains(word.as_str())).cloned();
    let mut found = Vec::new();
    for (mention, meanings) in tree.resolved() {
        // A method as it is written; a function also behind a name that stands for it elsewhere.
        let behind =
            || meanings.iter().filter(|full| layer_of(full) == Some("oracle")).find_map(|full| named(full));
        if NAIVE_FILES.contains(&mention.file.as_str())
            && let Some(word) = named(&mention.path.segments).or_else(behind)
        {
            let what = format!("the naive model names the oracle's `{word}`");
            found.push(Breach { file: mention.file.clone(), line: mention.line, what });
        }
    }
    found
}

/// Rule 7: known random numbers are the fuzz targets' alone. Whoever else drew them would play handshakes whose keys
/// everybody can compute.
pub fn known_randomness(tree: &Tree) -> Vec<Breach> {
    breaches(tree, |mention, meaning| {
        let words: Vec<&str> = meaning.iter().map(String::as_str).collect();
        let is_forbidden = match words[..] {
            // The constructors, wherever they stand.
            [.., "OpenSsl" | "Rustls", "seeded"] => top(mention) != "fuzzing",
            // Its streams belong to the engines.
            ["crate", "engine", "seeded", ..] => !["fuzzing", "engine"].contains(&top(mention)),
            _ => false,
        };
        is_forbidden.then(|| format!("`{}` names {}: only `fuzzing` may", top(mention), words.join("::")))
    })
}

/// A file that is longer than this has more than one subject.
pub fn long_files(tree: &Tree) -> Vec<Breach> {
    let long = tree.files.iter().filter(|file| file.lines > MOST_LINES);
    let what = |lines| format!("{lines} lines; split what is longer than {MOST_LINES} by subject");
    long.map(|file| Breach { file: file.path.clone(), line: file.lines, what: what(file.lines) }).collect()
}

/// What is pulled in from elsewhere is not seen by the other rules.
pub fn hidden_sources(tree: &Tree) -> Vec<Breach> {
    let breach = |path: &str, line: usize, how: &str| Breach {
        file: path.to_owned(),
        line,
        what: format!("{how} hides source from these rules"),
    };
    let of_file = |file: &crate::scan::File| -> Vec<Breach> {
        file.hidden.iter().map(|(line, how)| breach(&file.path, *line, how)).collect()
    };
    tree.files.iter().flat_map(of_file).collect()
}

/// With `autotests = false` a test that is not listed is not run, and nobody notices.
pub fn unlisted_tests(manifest: &str, files: &[String]) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().expect("the manifest is TOML");
    let mut problems = Vec::new();
    let autotests = manifest.get("package").and_then(|package| package.get("autotests"));
    if autotests.and_then(toml::Value::as_bool) != Some(false) {
        problems.push("Cargo.toml: autotests is not false".to_owned());
    }
    let listed: Vec<&str> = manifest
        .get("test")
        .and_then(toml::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|test| test.get("path").and_then(toml::Value::as_str))
        .collect();
    for file in files.iter().filter(|file| !listed.contains(&file.as_str())) {
        problems.push(format!("{file} is no [[test]] of Cargo.toml, so it is never run"));
    }
    for path in &listed {
        if !files.iter().any(|file| file == path) {
            problems.push(format!("Cargo.toml lists {path}, which is no file"));
        }
        if listed.iter().filter(|other| *other == path).count() > 1 {
            problems.push(format!("Cargo.toml lists {path} twice"));
        }
    }
    problems
}

/// One breach per place at most, however many meanings are forbidden there.
fn breaches(tree: &Tree, forbidden: impl Fn(&Mention, &Full) -> Option<String>) -> Vec<Breach> {
    let mut found = Vec::new();
    for (mention, meanings) in tree.resolved() {
        if let Some(what) = meanings.iter().find_map(|meaning| forbidden(mention, meaning)) {
            found.push(Breach { file: mention.file.clone(), line: mention.line, what });
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The top-level module in which a mention stands; empty for the crate's root.
fn top(mention: &Mention) -> &str {
    mention.module.first().map_or("", String::as_str)
}

/// The top-level module that is named.
fn layer_of(meaning: &Full) -> Option<&str> {
    match &meaning[..] {
        [root, layer, ..] if root == "crate" => Some(layer),
        _ => None,
    }
}
