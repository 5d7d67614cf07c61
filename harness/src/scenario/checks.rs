//! The table of checks that scenarios refer to: which alert a refusal should carry, and where it says so.

use std::collections::BTreeMap;

use crate::registry::{self, AlertDescription};

/// A row of the check table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub id: String,
    /// What the tested side's peer does.
    pub peer_does: String,
    /// What the tested side must do.
    pub must: String,
    /// The alert that the specification asks for, then those that are as good.
    pub alerts: Vec<AlertDescription>,
    pub source: String,
}

/// All checks by id.
#[derive(Clone, Debug, Default)]
pub struct CheckTable(BTreeMap<String, Check>);

#[derive(Debug, thiserror::Error)]
pub enum CheckTableError {
    #[error("{file}: {source}")]
    Csv { file: String, source: csv::Error },
    #[error("{file}: column {column} is missing")]
    Column { file: String, column: &'static str },
}

impl CheckTable {
    /// Adds the rows of a file; `peer` and `must` name its columns.
    pub fn add(
        &mut self,
        file: &str,
        text: &str,
        peer: &'static str,
        must: &'static str,
    ) -> Result<(), CheckTableError> {
        let broken = |source| CheckTableError::Csv { file: file.to_owned(), source };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().map_err(broken)?.clone();
        let column = |column: &'static str| {
            let found = headers.iter().position(|h| h == column);
            found.ok_or(CheckTableError::Column { file: file.to_owned(), column })
        };
        let [id, peer, must, expected, also, rfc] = [
            column("id")?,
            column(peer)?,
            column(must)?,
            column("expected_alert")?,
            column("also_acceptable")?,
            column("rfc")?,
        ];
        for row in reader.records() {
            let row = row.map_err(broken)?;
            let cell = |i: usize| row.get(i).unwrap_or_default().to_owned();
            let alerts = cell(expected)
                .split('|')
                .chain(cell(also).split('|'))
                .filter_map(|name| AlertDescription::by_name(name.trim()))
                .collect();
            let check =
                Check { id: cell(id), peer_does: cell(peer), must: cell(must), alerts, source: cell(rfc) };
            self.0.insert(check.id.clone(), check);
        }
        Ok(())
    }

    pub fn get(&self, id: &str) -> Option<&Check> {
        self.0.get(id)
    }

    /// The ids that are most like one that does not exist.
    pub fn nearest(&self, id: &str) -> Vec<&str> {
        registry::nearest(id, self.0.keys().map(String::as_str))
    }

    /// The alerts that any of these checks lists.
    pub fn alerts<'a>(&self, ids: impl IntoIterator<Item = &'a String>) -> Vec<AlertDescription> {
        ids.into_iter().filter_map(|id| self.get(id)).flat_map(|check| check.alerts.iter().copied()).collect()
    }
}
