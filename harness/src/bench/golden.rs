//! Figures that do not wobble, as a file that is reviewed: what a handshake sends and allocates.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::drive::Cost;

/// What is exact of one handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    pub flights: u64,
    pub records: u64,
    /// Bytes, with signatures and public values at their longest.
    pub to_server: u64,
    pub to_client: u64,
    /// Calls for memory, at their least.
    pub client_allocations: u64,
    pub server_allocations: u64,
}

/// What a file holds.
pub struct Table {
    pub columns: &'static [&'static str],
    /// How many of them, from the first, are the same on every machine.
    pub common: usize,
    /// What may differ, a share.
    pub tolerance: f64,
}

/// `benches/golden.txt`: the columns are those of [`Figures`].
pub const FIGURES: Table = Table {
    columns: &["flights", "records", "to-server", "to-client", "client-allocations", "server-allocations"],
    common: 4,
    tolerance: 0.0,
};

/// `benches/instructions.txt`: of both ends, as callgrind counts them.
pub const INSTRUCTIONS: Table = Table { columns: &["instructions"], common: 0, tolerance: 0.005 };

impl Figures {
    /// Of several handshakes of one kind, metered by allocations. ECDSA signatures (RFC 3279 2.2.3) and the public values of a
    /// finite field (RFC 5246 7.4.3) lose leading zeros, so that the longest handshake is the same every time and no other is.
    ///
    /// `None` of no handshake.
    pub fn of(costs: &[Cost]) -> Option<Self> {
        let most = |figure: fn(&Cost) -> u64| costs.iter().map(figure).max();
        let least = |figure: fn(&Cost) -> u64| costs.iter().map(figure).min();
        Some(Self {
            flights: most(|cost| cost.flights.into())?,
            records: most(|cost| cost.records.into())?,
            to_server: most(|cost| cost.to_server as u64)?,
            to_client: most(|cost| cost.to_client as u64)?,
            client_allocations: least(|cost| cost.client)?,
            server_allocations: least(|cost| cost.server)?,
        })
    }

    const fn columns(&self) -> [u64; 6] {
        [
            self.flights,
            self.records,
            self.to_server,
            self.to_client,
            self.client_allocations,
            self.server_allocations,
        ]
    }
}

/// The file: where it was written, and a row per handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Golden {
    /// What allocations depend on: processor, compiler, profile.
    pub conditions: String,
    pub rows: BTreeMap<String, Vec<u64>>,
}

/// A line that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line}: {text:?} is not a name and {columns} numbers; `make bench-golden` writes the file anew"
)]
pub struct BadLine {
    pub line: usize,
    pub text: String,
    pub columns: usize,
}

/// One figure that is not what the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    Figure {
        row: String,
        column: &'static str,
        golden: u64,
        now: u64,
    },
    /// In the file, and not measured.
    Gone {
        row: String,
    },
    /// Measured, and not in the file.
    New {
        row: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Figure { row, column, golden, now } => {
                let by = (*now as f64 - *golden as f64) / (*golden as f64).max(1.0) * 100.0;
                write!(f, "{row}: {column} {golden} -> {now} ({by:+.2} %)")
            }
            Self::Gone { row } => write!(f, "{row}: in the file, not measured"),
            Self::New { row } => write!(f, "{row}: measured, not in the file"),
        }
    }
}

impl Golden {
    pub fn insert(&mut self, row: String, figures: &Figures) {
        self.rows.insert(row, figures.columns().to_vec());
    }

    /// A line of names, then a row a line.
    pub fn print(&self, title: &str, table: &Table) -> String {
        let width = self.rows.keys().map(String::len).max().unwrap_or(0).max("# conditions:".len());
        let mut out =
            format!("{title}# conditions: {}\n# {:<w$}", self.conditions, "handshake", w = width - 2);
        for column in table.columns {
            let _ = write!(out, "  {column}");
        }
        out.push('\n');
        for (row, figures) in &self.rows {
            let _ = write!(out, "{row:<width$}");
            for (figure, column) in figures.iter().zip(table.columns) {
                let _ = write!(out, "  {figure:>w$}", w = column.len());
            }
            out.push('\n');
        }
        out
    }

    /// # Errors
    /// At the first line that is no comment and no row.
    pub fn parse(text: &str, table: &Table) -> Result<Self, BadLine> {
        let (mut golden, columns) = (Self::default(), table.columns.len());
        for (at, line) in text.lines().enumerate() {
            if let Some(conditions) = line.strip_prefix("# conditions: ") {
                golden.conditions = conditions.to_owned();
            }
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            let bad = || BadLine { line: at + 1, text: line.to_owned(), columns };
            let mut words = line.split_whitespace();
            let row = words.next().ok_or_else(bad)?.to_owned();
            let figures: Vec<u64> = words.map(str::parse).collect::<Result<_, _>>().map_err(|_| bad())?;
            if figures.len() != columns || golden.rows.insert(row, figures).is_some() {
                return Err(bad());
            }
        }
        Ok(golden)
    }

    /// What differs by more than the table allows. Columns that depend on the machine are left out where [`Self::is_comparable`]
    /// says no.
    pub fn differences(&self, now: &Self, table: &Table) -> Vec<Difference> {
        let compared = if self.is_comparable(now) { table.columns.len() } else { table.common };
        let mut all = Vec::new();
        for (row, golden) in &self.rows {
            let Some(measured) = now.rows.get(row) else {
                all.push(Difference::Gone { row: row.clone() });
                continue;
            };
            for ((column, &golden), &now) in table.columns.iter().zip(golden).zip(measured).take(compared) {
                if (now as f64 - golden as f64).abs() > golden as f64 * table.tolerance {
                    all.push(Difference::Figure { row: row.clone(), column, golden, now });
                }
            }
        }
        let new = now.rows.keys().filter(|row| !self.rows.contains_key(*row));
        all.extend(new.map(|row| Difference::New { row: row.clone() }));
        all
    }

    /// Whether all figures can be compared.
    pub fn is_comparable(&self, now: &Self) -> bool {
        self.conditions == now.conditions
    }
}

/// What a figure depends on beside the code and the libraries that `Cargo.lock` names: the instructions that the
/// cryptographic libraries look for, and the compiler.
pub fn conditions() -> String {
    // Of x86, then of Arm.
    const LOOKED_FOR: [&str; 13] = [
        "aes",
        "avx2",
        "avx512f",
        "avx512ifma",
        "adx",
        "bmi2",
        "sha_ni",
        "vaes",
        "pmull",
        "sha2",
        "sha3",
        "sha512",
        "sve",
    ];
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = info
        .lines()
        .find(|line| line.starts_with("flags") || line.starts_with("Features"))
        .unwrap_or_default();
    let has = |wanted: &&str| flags.split_whitespace().any(|flag| flag == *wanted);
    let found: Vec<&str> = LOOKED_FOR.into_iter().filter(has).collect();
    let (arch, compilers) = (std::env::consts::ARCH, env!("SHAKEDOWN_COMPILERS"));
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    format!("{arch} {}, {compilers}, {profile}", found.join(" "))
}

#[cfg(test)]
mod tests;
