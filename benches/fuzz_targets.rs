//! What the oracles of the fuzz targets cost: each target beside the same work without them, on the committed inputs, in
//! alternating runs. Not instrumented. `make bench-fuzz`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use shakedown::bench::median;
use shakedown::fuzzing::{Purpose, TARGETS, Target};

/// Seconds per side and round.
const ROUND: Duration = Duration::from_millis(700);
const ROUNDS: usize = 5;

fn main() {
    // `cargo test` and `cargo bench -- --test` only want to know that it runs.
    let is_test = std::env::args().any(|argument| argument == "--test");
    let (round, rounds) = if is_test { (Duration::from_millis(5), 1) } else { (ROUND, ROUNDS) };
    println!("{:<16} {:>7} {:>10} {:>10} {:>6}", "target", "inputs", "target/s", "bare/s", "ratio");
    for target in TARGETS.iter().filter(|target| target.purpose == Purpose::Search) {
        let mut inputs = inputs(target);
        if target.name == "mitm" {
            // What the edits end early is less work than the handshake that it is compared with.
            inputs.retain(|input| target.run(input).completed);
        }
        let run = |input: &[u8]| {
            std::hint::black_box(target.run(input));
        };
        let bare = target.bare();
        // Everything that is built once is built now.
        inputs.iter().for_each(|input| run(input));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(rate(&inputs, round, run));
            if let Some(bare) = bare {
                theirs.push(rate(&inputs, round, bare));
            }
        }
        let ours = median(&ours);
        match bare {
            None => println!("{:<16} {:>7} {:>10.0} {:>10} {:>6}", target.name, inputs.len(), ours, "-", "-"),
            Some(_) => {
                let theirs = median(&theirs);
                let ratio = ours / theirs;
                println!("{:<16} {:>7} {ours:>10.0} {theirs:>10.0} {ratio:>6.2}", target.name, inputs.len());
            }
        }
    }
}

/// The committed inputs; where there are none, drawn ones.
fn inputs(target: &Target) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut inputs: Vec<Vec<u8>> = target.seeds().into_iter().map(|(_, input)| input).collect();
    for kind in ["corpus", "regressions"] {
        let Ok(entries) = fs::read_dir(root.join(kind).join(target.name)) else { continue };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_none_or(|extension| extension != "toml"));
        paths.sort();
        inputs.extend(paths.iter().filter_map(|path| fs::read(path).ok()));
    }
    let mut rng = fastrand::Rng::with_seed(7);
    while inputs.len() < 50 {
        let length = rng.usize(..=target.max_len);
        inputs.push(std::iter::repeat_with(|| rng.u8(..)).take(length).collect());
    }
    inputs
}

/// Inputs a second, over all of them in turn.
fn rate(inputs: &[Vec<u8>], round: Duration, play: impl Fn(&[u8])) -> f64 {
    let started = Instant::now();
    let mut played = 0_u32;
    while started.elapsed() < round {
        inputs.iter().for_each(|input| play(input));
        played += u32::try_from(inputs.len()).unwrap_or(u32::MAX);
    }
    f64::from(played) / started.elapsed().as_secs_f64()
}
