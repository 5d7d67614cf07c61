//! `matrix`: every policy on every stack beside the oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::engine;
use crate::matrix::{self, Caps, Matrix, Quirks, Tally};
use crate::oracle::select;
use crate::pki::Pki;
use crate::policy::{Origin, Policy};
use crate::scenario::embedded;

use super::exit::Exit;
use super::policy;

const EXAMPLES: &str = "\
Examples:
  shakedown matrix                                   everything: what `make matrix` runs
  shakedown matrix --sample 20                       what AWS marks current, and 20 drawn of the rest
  shakedown matrix --filter 'elb/*' --stack s2n      some policies on one stack
  shakedown matrix --policies ./mine --filter 'mine/*'   policies of your own

Exit codes: 0 all agree, 1 they do not or something is not accounted for, 2 usage, 4 nothing was asked.";

/// What the committed caps and quirks were measured with.
const SEEDED: usize = 64;
const SEED: u64 = 1;

/// Asks every stack, for every policy, what it answers to every version and suite, and compares with the oracle
///
/// All in memory. First flights are read as far as they are in the clear; every session that one of them proposes and some specification knows is
/// then completed. Policies whose list nobody has published are left out, unless another's stands in; the report says so.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MatrixCommand {
    /// Lay the policies of this folder over the built-in ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Only policies whose id matches; * stands for any characters, ? for one
    #[arg(long, value_name = "GLOB")]
    filter: Option<String>,
    /// Only this stack (repeatable)
    #[arg(long, value_name = "NAME")]
    stack: Vec<String>,
    /// Only the policies that AWS marks current, and this many drawn of the rest
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Hellos with many suites per policy and stack
    #[arg(long, value_name = "N", default_value_t = SEEDED)]
    seeded: usize,
    /// Seed of those hellos and of the sample
    #[arg(long, value_name = "N", default_value_t = SEED)]
    seed: u64,
    /// Threads (default: one per processor)
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// One JSON object instead of the table
    #[arg(long)]
    json: bool,
    /// Print the caps of this run as scenarios/matrix.txt has them, instead of the table
    #[arg(long, conflicts_with = "json")]
    print_caps: bool,
}

impl MatrixCommand {
    pub fn run(self) -> Result<u8, Exit> {
        let file =
            |path: &str| embedded::file(path).ok_or_else(|| Exit::harness(format!("{path} is missing")));
        let quirks =
            Quirks::parse("quirks.toml", file("quirks.toml")?).map_err(|e| Exit::usage(e.to_string()))?;
        let caps = Caps::parse("matrix.txt", file("matrix.txt")?).map_err(|e| Exit::usage(e.to_string()))?;
        let (policies, yours) = self.chosen()?;
        let backends = self.backends()?;
        let is_whole = self.policies.is_none()
            && self.filter.is_none()
            && self.stack.is_empty()
            && self.sample.is_none()
            && (self.seeded, self.seed) == (SEEDED, SEED);
        let pki = Pki::mint().map_err(|e| Exit::harness(e.to_string()))?;
        let s2n = engine::s2n::S2n::new();
        let bar = progress_bar(policies.len());
        let matrix = Matrix {
            policies: &policies,
            backends: &backends,
            clients: &engine::backends(),
            oracle: &select,
            quirks: &quirks,
            pki: &pki,
            named: backends.contains_key("s2n").then_some(&s2n),
            seed: self.seed,
            seeded: self.seeded,
            jobs: self.jobs.map_or_else(processors, NonZero::get),
            progress: &|done| bar.set_position(done as u64),
        };
        let started = std::time::Instant::now();
        let tally = matrix.run().map_err(|e| Exit::harness(e.to_string()))?;
        bar.finish_and_clear();
        let mut out = io::stdout().lock();
        if self.print_caps {
            out.write_all(Caps::of(&tally).print().as_bytes())?;
            return Ok(Exit::GOOD);
        }
        let report = if self.json {
            matrix::json(&tally, &quirks).map_err(|e| Exit::harness(e.to_string()))? + "\n"
        } else {
            let seconds = started.elapsed().as_secs_f64();
            let (played, stacks) = (policies.len(), backends.len());
            let mut text = matrix::text(&tally, &quirks);
            let _ = write!(
                text,
                "\n{played} policies, {stacks} stacks, seed {}, {seconds:.1} s: {} unexplained disagreements, {} sessions \
                 not completed\n",
                self.seed,
                tally.disagreed(),
                tally.open()
            );
            text
        };
        // A closed pipe ends the report, not the gate.
        match out.write_all(report.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
            _ => {}
        }
        if tally.asked.is_empty() {
            return Err(Exit::nothing(
                "none of these stacks can play any of these policies: nothing was asked",
            ));
        }
        let wrong = wrong(&tally, &quirks, &caps, &yours, is_whole);
        for line in &wrong {
            eprintln!("shakedown: matrix: {line}");
        }
        Ok(if wrong.is_empty() { Exit::GOOD } else { FAIL })
    }

    /// The policies, and the ids of those that are the user's.
    fn chosen(&self) -> Result<(Vec<Policy>, BTreeSet<String>), Exit> {
        let catalogue = policy::catalogue(self.policies.as_deref())?;
        let all = catalogue.policies().map_err(|e| Exit::usage(e.to_string()))?;
        let glob = self.filter.as_deref().map(wildmatch::WildMatch::new);
        let mut chosen: Vec<Policy> = all
            .into_iter()
            .filter(|policy| policy.playable().is_ok())
            .filter(|policy| glob.as_ref().is_none_or(|glob| glob.matches(&policy.id)))
            .collect();
        if let Some(count) = self.sample {
            chosen = matrix::sample(chosen, count, self.seed);
        }
        if chosen.is_empty() {
            return Err(Exit::nothing("no policy with a list matches"));
        }
        let yours = chosen.iter().filter(|policy| catalogue.origin(&policy.id) != Origin::BuiltIn);
        let yours = yours.map(|policy| policy.id.clone()).collect();
        Ok((chosen, yours))
    }

    fn backends(&self) -> Result<BTreeMap<&'static str, std::sync::Arc<dyn engine::Backend>>, Exit> {
        let all = engine::backends();
        if let Some(unknown) = self.stack.iter().find(|name| !all.contains_key(name.as_str())) {
            let known: Vec<&str> = all.keys().copied().collect();
            return Err(Exit::usage(format!("unknown stack {unknown:?}; allowed: {}", known.join(", "))));
        }
        let wanted = |id: &str| self.stack.is_empty() || self.stack.iter().any(|name| name == id);
        Ok(all.into_iter().filter(|(id, _)| wanted(id)).collect())
    }
}

/// Everything for which the run is red, in words.
///
/// What stacks lack of the built-in policies is committed; one of the user's has to be played by one stack at least.
fn wrong(
    tally: &Tally,
    quirks: &Quirks,
    caps: &Caps,
    yours: &BTreeSet<String>,
    is_whole: bool,
) -> Vec<String> {
    let mut wrong = matrix::faults(tally);
    let unasked = tally.unasked().filter(|policy| yours.contains(*policy));
    wrong.extend(unasked.map(|policy| format!("{policy}: no stack can play it, nothing was asked")));
    let differences = caps.differences(tally, yours, is_whole);
    wrong.extend(differences.into_iter().map(|line| format!("{line}: see make matrix-caps")));
    if is_whole {
        wrong.extend(quirks.unused(tally));
    }
    wrong
}

/// Something differs, or is not accounted for.
const FAIL: u8 = 1;

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn progress_bar(length: usize) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} policies, {eta} left");
    let bar = ProgressBar::new(length as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
