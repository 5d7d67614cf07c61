//! Alternating rounds: what is compared is measured in turns, so that a busy moment meets all of it alike.

use std::time::{Duration, Instant};

use shakedown::bench::{Pair, median};

/// Nanoseconds of both ends.
#[derive(Clone, Copy, Default)]
pub struct Spent {
    pub client: u64,
    pub server: u64,
}

/// Something that is measured.
pub struct Entry<'a> {
    pub name: String,
    pub once: Box<dyn Fn() -> Spent + 'a>,
}

impl<'a> Entry<'a> {
    /// Both ends of a pair.
    pub fn of_pair(name: &str, pair: &'a Pair) -> Self {
        let once = move || {
            let cost = pair.handshake().expect("it was completed when it was prepared");
            Spent { client: cost.client, server: cost.server }
        };
        Self { name: name.to_owned(), once: Box::new(once) }
    }
}

/// How long it goes on.
#[derive(Clone, Copy)]
pub struct Pace {
    pub rounds: usize,
    /// Of each entry in each round.
    pub slice: Duration,
}

/// Means of each round, in microseconds.
pub struct Measured {
    pub name: String,
    pub client: Vec<f64>,
    pub server: Vec<f64>,
}

pub fn measure(entries: &[Entry<'_>], pace: Pace) -> Vec<Measured> {
    let empty =
        |entry: &Entry<'_>| Measured { name: entry.name.clone(), client: Vec::new(), server: Vec::new() };
    let mut all: Vec<Measured> = entries.iter().map(empty).collect();
    for entry in entries {
        (entry.once)();
    }
    for _ in 0..pace.rounds {
        for (entry, measured) in entries.iter().zip(&mut all) {
            let (began, mut count, mut sum) = (Instant::now(), 0_u32, Spent::default());
            while count == 0 || began.elapsed() < pace.slice {
                let spent = (entry.once)();
                sum.client += spent.client;
                sum.server += spent.server;
                count += 1;
            }
            let mean = |nanos: u64| nanos as f64 / 1e3 / f64::from(count);
            measured.client.push(mean(sum.client));
            measured.server.push(mean(sum.server));
        }
    }
    all
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len().saturating_sub(1)) as f64 * share;
    sorted.get(at.round() as usize).copied().unwrap_or(f64::NAN)
}

/// `153.2 ± 1 %`: the median, and half the distance of the quartiles as a share of it.
pub fn with_spread(values: &[f64]) -> String {
    let middle = median(values);
    let half = (quantile(values, 0.75) - quantile(values, 0.25)) / 2.0;
    format!("{} ± {:.0} %", figure(middle), half / middle * 100.0)
}

/// Three digits or more.
pub fn figure(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The median of the rounds' ratios.
pub fn ratio(over: &[f64], under: &[f64]) -> f64 {
    let all: Vec<f64> = over.iter().zip(under).map(|(a, b)| a / b).collect();
    median(&all)
}

impl Measured {
    pub fn both(&self) -> Vec<f64> {
        self.client.iter().zip(&self.server).map(|(a, b)| a + b).collect()
    }
}
