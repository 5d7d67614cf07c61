//! Options common to runs.

use std::fmt;
use std::fs;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use wildmatch::WildMatch;

use crate::policy::Floor;
use crate::run::baseline::Baseline;
use crate::run::catalogue::Catalogue;
use crate::run::known::KnownFailures;
use crate::scenario::{Case, Tier};

use super::exit::Exit;
use super::floor::FloorOptions;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TierName {
    /// About 25 cases; a native client takes under 5 s
    Core,
    /// One suite of every kind
    Default,
    /// Everything that the backend can play
    Full,
}

impl TierName {
    pub const fn tier(self) -> Tier {
        match self {
            Self::Core => Tier::Core,
            Self::Default => Tier::Default,
            Self::Full => Tier::Full,
        }
    }
}

/// What `survey` and `check` have in common.
#[derive(Clone, Debug, Args)]
pub struct RunOptions {
    /// How much is played
    #[arg(long, value_enum, default_value = "core")]
    pub tier: TierName,
    /// Only cases whose id matches; * stands for any characters, ? for one
    #[arg(long, value_name = "GLOB")]
    pub filter: Option<String>,
    #[command(flatten)]
    pub floor: FloorOptions,
    /// The TLS stack that plays the server: openssl, rustls, s2n
    #[arg(long, value_name = "NAME", default_value = "openssl")]
    pub backend: String,
    /// Cases played at the same time (default: the number of processors)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Seconds from a connection's first byte to its end
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub timeout: u16,
    /// Only every N-th case, beginning with the I-th
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Decides the order of the cases
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// human, json or junit, to standard output or to a file; repeatable
    #[arg(long, value_name = "FORMAT[:PATH]")]
    pub report: Vec<ReportTarget>,
    /// Write the transcript of every case below this folder
    #[arg(long, value_name = "DIR")]
    pub evidence: Option<PathBuf>,
    /// Failures that are known, with their reasons: they warn instead of failing, until they are stale or expired
    #[arg(long, value_name = "FILE")]
    pub known_failures: Option<PathBuf>,
    /// An earlier run's `--report json` file: says which cases newly fail, newly pass, are new, or have vanished
    #[arg(long, value_name = "RUN.jsonl")]
    pub baseline: Option<PathBuf>,
    /// Scenario files of yours, beside the built-in ones: DIR/client/.../*.toml
    #[arg(long, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// Keep the environment of this shell for the clients; marks the report
    #[arg(long)]
    pub inherit_env: bool,
    /// Print the clients' paths
    #[arg(long, short)]
    pub verbose: bool,
}

/// `--shard I/N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: usize,
    of: usize,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((index, of)) if 1 <= index && index <= of => Ok(Self { index, of }),
            _ => Err("allowed: I/N with 1 <= I <= N, such as 1/4".to_owned()),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportFormat {
    Human,
    Json,
    Junit,
}

/// `--report FORMAT[:PATH]`; without a path, standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTarget {
    pub format: ReportFormat,
    pub path: Option<PathBuf>,
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) = match text.split_once(':') {
            Some((format, path)) => (format, Some(PathBuf::from(path))),
            None => (text, None),
        };
        let format = match format {
            "human" => ReportFormat::Human,
            "json" => ReportFormat::Json,
            "junit" => ReportFormat::Junit,
            _ => return Err("allowed: human, json, junit, each with :PATH or alone".to_owned()),
        };
        if path.as_ref().is_some_and(|p| p.as_os_str().is_empty()) {
            return Err("the path behind the colon is empty".to_owned());
        }
        Ok(Self { format, path })
    }
}

impl RunOptions {
    /// The built-in data and what `--scenarios` adds.
    pub fn catalogue(&self) -> Result<Catalogue, Exit> {
        let overlay = match &self.scenarios {
            Some(folder) => read_overlay(folder)?,
            None => Vec::new(),
        };
        Catalogue::load(&overlay).map_err(|error| Exit::usage(error.to_string()))
    }

    /// The cases that tier, filter and shard leave.
    pub fn select(&self, catalogue: &Catalogue, floor: &Floor) -> Result<Vec<Case>, Exit> {
        let glob = self.filter.as_deref().map(WildMatch::new);
        let mut cases: Vec<Case> = catalogue
            .cases
            .iter()
            .filter(|case| case.is_in(self.tier.tier(), floor.min_version))
            .filter(|case| glob.as_ref().is_none_or(|glob| glob.matches(&case.id)))
            .cloned()
            .collect();
        if let Some(Shard { index, of }) = self.shard {
            cases =
                cases.into_iter().enumerate().filter(|(i, _)| i % of == index - 1).map(|(_, c)| c).collect();
        }
        if cases.is_empty() {
            let what = self.filter.as_ref().map_or("the shard".to_owned(), |f| format!("--filter {f:?}"));
            return Err(Exit::nothing(format!(
                "{what} selects no case of tier {}; shakedown list cases shows them",
                self.tier.tier().as_str()
            )));
        }
        Ok(cases)
    }

    /// Every case that there is, and whether it is in the run's tier.
    pub fn cases_with_tier(&self, catalogue: &Catalogue, floor: &Floor) -> Vec<(Case, bool)> {
        let tier = self.tier.tier();
        catalogue.cases.iter().map(|case| (case.clone(), case.is_in(tier, floor.min_version))).collect()
    }

    /// What `--known-failures` says.
    pub fn known_failures(&self) -> Result<Option<KnownFailures>, Exit> {
        let Some(path) = &self.known_failures else { return Ok(None) };
        let next = "join entries by * in case, or give each client a list of its own";
        let file = open_bounded(path, KnownFailures::MOST_BYTES, next)?;
        let text = std::io::read_to_string(file)
            .map_err(|error| Exit::usage(format!("cannot read {}: {error}", path.display())))?;
        let failures = KnownFailures::parse(&path.display().to_string(), &text);
        failures.map(Some).map_err(|error| Exit::usage(error.to_string()))
    }

    /// The run that `--baseline` names.
    pub fn baseline(&self) -> Result<Option<Baseline>, Exit> {
        let Some(path) = &self.baseline else { return Ok(None) };
        let file =
            open_bounded(path, MOST_BASELINE, "make a baseline of fewer clients, or of a smaller tier")?;
        let read = Baseline::read(&path.display().to_string(), BufReader::new(file));
        read.map(Some).map_err(|error| Exit::usage(error.to_string()))
    }

    pub fn jobs(&self) -> usize {
        self.jobs.map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), usize::from)
    }
}

/// Bytes of a baseline at most.
const MOST_BASELINE: u64 = 256 * 1024 * 1024;

/// Opens a regular file of the user's that has at most so many bytes. Something else could hold the run up for good: a
/// pipe that nobody writes to, a terminal. `next`: what to do about one that is larger.
pub(super) fn open_bounded(path: &Path, most: u64, next: &str) -> Result<impl Read + use<>, Exit> {
    let unreadable = |why: String| Exit::usage(format!("cannot read {}: {why}", path.display()));
    let about = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if !about.is_file() {
        let what = if about.is_dir() { "a folder" } else { "a pipe or device" };
        let next = "name a regular file (write what comes from elsewhere into one first)";
        return Err(unreadable(format!("it is {what}; {next}")));
    }
    if about.len() > most {
        return Err(unreadable(format!("it is larger than {most} bytes; {next}")));
    }
    let file = fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    // It may grow meanwhile.
    Ok(file.take(most))
}

/// Scenario files at most in an overlay.
const OVERLAY_FILES: usize = 10_000;

fn read_overlay(folder: &Path) -> Result<Vec<(String, String)>, Exit> {
    let unreadable =
        |path: &Path, error: std::io::Error| Exit::usage(format!("cannot read {}: {error}", path.display()));
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).map_err(|e| unreadable(&current, e))? {
            let path = entry.map_err(|e| unreadable(&current, e))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                let text = fs::read_to_string(&path).map_err(|e| unreadable(&path, e))?;
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                files.push((name, text));
            }
            if files.len() > OVERLAY_FILES {
                return Err(Exit::usage(format!("{}: more than {OVERLAY_FILES} files", folder.display())));
            }
        }
    }
    files.sort();
    Ok(files)
}
