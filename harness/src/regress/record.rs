//! What is written down of a run (`schema/bench-1.json`), and read again as a baseline.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::bench::golden;

pub const SCHEMA: u32 = 1;
/// Bytes of a baseline; a run of a hundred clients has a twentieth of it.
pub const LARGEST_FILE: u64 = 4 << 20;
pub const MOST_HANDSHAKES: u32 = 10_000;
pub const MOST_ROUNDS: u16 = 1_000;

/// A run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    #[serde(rename = "type")]
    pub kind: RecordKind,
    pub schema: u32,
    pub shakedown: String,
    /// UTC, to the second.
    pub started: String,
    pub interrupted: bool,
    pub conditions: Conditions,
    /// Stack and version of the server that programs were played against.
    pub server: String,
    /// Of a program in each round; of a stack that is built in [`super::IN_PROCESS_FACTOR`] times as many.
    pub handshakes: u32,
    pub rounds: u16,
    pub rows: Vec<Row>,
}

/// So that no other command's output is taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    Bench,
}

/// Where a client is from. Clients of the same name from elsewhere are other ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A stack of this program, both ends in memory.
    BuiltIn,
    /// An adapter of this program's.
    Adapter,
    /// An adapter file of the user's.
    File,
    /// `-- COMMAND`.
    Command,
}

/// What processor times depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// Model and number of the processors that the system shows.
    pub processor: String,
    /// Compilers, profile and processor features of this program, and so of the stacks that are built in.
    pub build: String,
}

impl Conditions {
    pub fn here() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        Self { processor: format!("{}, {count} visible", model(&info)), build: golden::conditions() }
    }

    /// Two processors that nobody knows are not the same one.
    pub(super) fn has_processor_of(&self, other: &Self) -> bool {
        self.processor == other.processor && !self.processor.starts_with(UNKNOWN)
    }
}

const UNKNOWN: &str = "unknown";

/// Of `/proc/cpuinfo`: x86 has a name, Arm numbers of maker, part and revision.
fn model(info: &str) -> String {
    let field = |key: &str| {
        let of_key = |line: &str| {
            let (name, value) = line.split_once(':')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        };
        info.lines().find_map(of_key)
    };
    let arm = || {
        let numbers = ["CPU implementer", "CPU part", "CPU variant", "CPU revision"].map(field);
        let numbers: Option<Vec<String>> = numbers.into_iter().collect();
        Some(format!("Arm {}", numbers?.join(" ")))
    };
    field("model name").or_else(arm).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// A client and a version of TLS.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub client: String,
    pub version: Option<String>,
    /// `TLSv1.3`.
    pub tls: String,
    pub origin: Origin,
    /// One process plays all its handshakes, and grows faster with them.
    pub worker: bool,
    /// The client's per handshake. `null` beside an error.
    pub cpu_us: Option<Spread>,
    /// The server's, where both ends are in this process.
    pub server_cpu_us: Option<Spread>,
    /// Of starting the client once, without a handshake: the part of `cpu_us` that no handshake explains.
    pub start_cpu_us: Option<Spread>,
    pub figures: Option<Figures>,
    /// Why there are no figures.
    pub error: Option<String>,
}

/// Microseconds: the rounds' median and quartiles.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub median: f64,
    pub lower_quartile: f64,
    pub upper_quartile: f64,
}

impl Spread {
    /// `None` of no round.
    pub fn of(rounds: &[f64]) -> Option<Self> {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        // Nearest rank, so that each is a round's.
        let rank = |share: usize| sorted.get((sorted.len().saturating_sub(1) * share + 2) / 4).copied();
        let whole = |micros: f64| (micros * 1000.0).round() / 1000.0;
        Some(Self {
            median: whole(rank(2)?),
            lower_quartile: whole(rank(1)?),
            upper_quartile: whole(rank(3)?),
        })
    }

    fn is_ordered(&self) -> bool {
        0.0 < self.lower_quartile
            && self.lower_quartile <= self.median
            && self.median <= self.upper_quartile
            && self.upper_quartile.is_finite()
    }

    /// Half the distance of the quartiles, as a share of the median.
    pub fn share(&self) -> f64 {
        (self.upper_quartile - self.lower_quartile) / 2.0 / self.median
    }
}

/// What does not wobble: signatures and public values at their longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    pub flights: u64,
    pub records: u64,
    pub to_server: u64,
    pub to_client: u64,
}

impl Figures {
    /// By their names.
    pub const fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("flights", self.flights),
            ("records", self.records),
            ("bytes to the server", self.to_server),
            ("bytes to the client", self.to_client),
        ]
    }
}

/// Why a file is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}; `shakedown bench --json > FILE` writes one")]
    Io(#[from] std::io::Error),
    #[error("larger than {} MiB, or no regular file", LARGEST_FILE >> 20)]
    TooLarge,
    #[error("not the output of `shakedown bench --json`: {0}")]
    Json(#[from] serde_json::Error),
    #[error(
        "it has schema {found}, and this program reads {SCHEMA}: write it anew with `shakedown bench --json`"
    )]
    Schema { found: u32 },
    #[error("{what}: written by no run of `shakedown bench`")]
    Nonsense { what: String },
}

impl Record {
    /// # Errors
    /// If it is no whole record of this schema.
    pub fn read(path: &Path) -> Result<Self, Unreadable> {
        let facts = fs::metadata(path)?;
        // Opening a pipe waits for a writer, for good if there is none.
        if !facts.is_file() || facts.len() > LARGEST_FILE {
            return Err(Unreadable::TooLarge);
        }
        let mut text = String::new();
        File::open(path)?.take(LARGEST_FILE).read_to_string(&mut text)?;
        Self::parse(&text)
    }

    /// # Errors
    /// As [`Record::read`].
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        // The schema first: a later one may have other fields.
        #[derive(Deserialize)]
        struct Schema {
            schema: u32,
        }
        let Schema { schema } = serde_json::from_str(text)?;
        if schema != SCHEMA {
            return Err(Unreadable::Schema { found: schema });
        }
        let record: Self = serde_json::from_str(text)?;
        record.check()?;
        Ok(record)
    }

    /// A zero would make every later run look infinitely slower, or the comparison no comparison.
    fn check(&self) -> Result<(), Unreadable> {
        let nonsense = |row: &Row, what: &str| {
            Err(Unreadable::Nonsense { what: format!("{} {}: {what}", row.client, row.tls) })
        };
        let mut seen = std::collections::BTreeSet::new();
        for row in &self.rows {
            if !seen.insert((&row.client, &row.tls)) {
                return nonsense(row, "there are two of it");
            }
            match (&row.cpu_us, &row.error) {
                (Some(time), None) => {
                    if !row.server_cpu_us.iter().chain([time]).all(Spread::is_ordered) {
                        return nonsense(
                            row,
                            "quartiles and median of its time are out of order or not above zero",
                        );
                    }
                    if row.origin == Origin::BuiltIn && row.figures.is_none() {
                        return nonsense(row, "a stack that is built in has figures");
                    }
                }
                (None, Some(_)) => {}
                _ => return nonsense(row, "either a time or an error"),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::model;

    #[test]
    fn processors_are_told_apart() {
        let arm = "processor\t: 0\nFeatures\t: fp\nCPU implementer\t: 0x41\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n";
        let table = [
            ("processor\t: 0\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n", "AMD EPYC"),
            (arm, "Arm 0x41 0xd0c 0x3 1"),
            ("", "unknown"),
            ("CPU part\t: 0xd0c\n", "unknown"),
        ];
        for (info, name) in table {
            assert_eq!(model(info), name);
        }
    }
}
