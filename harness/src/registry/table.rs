//! Reading the embedded tables: columns by name, errors with file and line.

use std::str::FromStr;

use super::kinds::UnknownValue;

/// A fault in an embedded data table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table}:{line}: column {column}: {fault}")]
pub struct TableError {
    /// The table's file name.
    pub table: &'static str,
    /// The line, counted from 1.
    pub line: u64,
    /// The column's name.
    pub column: &'static str,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The line is not a record of this table.
    #[error("not a CSV record of this table")]
    NotARecord,
    /// The header has no such column.
    #[error("no such column")]
    NoColumn,
    /// The cell holds no number of the wanted size.
    #[error("{0:?} is not a number of this column's size")]
    NotANumber(String),
    /// The cell holds neither `yes` nor `no`.
    #[error("{0:?} is neither yes nor no")]
    NotABool(String),
    /// The cell holds a word that the column does not allow.
    #[error(transparent)]
    NotAllowed(#[from] UnknownValue),
    /// The cell holds no version.
    #[error("{0:?} is no version")]
    NotAVersion(String),
    /// The row's code is not above its predecessor's.
    #[error("code is not above the one before it")]
    OutOfOrder,
}

/// One row, with its place for error messages.
pub(super) struct Row<'t> {
    table: &'static str,
    header: &'t csv::StringRecord,
    record: &'t csv::StringRecord,
    line: u64,
}

impl Row<'_> {
    pub(super) fn error(&self, column: &'static str, fault: Fault) -> TableError {
        TableError { table: self.table, line: self.line, column, fault }
    }

    pub(super) fn text(&self, column: &'static str) -> Result<&str, TableError> {
        self.header
            .iter()
            .position(|name| name == column)
            .and_then(|at| self.record.get(at))
            .ok_or_else(|| self.error(column, Fault::NoColumn))
    }

    /// The cell as a name that lives as long as the program: rows are read once and kept for ever.
    pub(super) fn name(&self, column: &'static str) -> Result<&'static str, TableError> {
        Ok(String::leak(self.text(column)?.to_owned()))
    }

    /// Like [`Row::name`]; an empty cell and a dash mean that there is no such name.
    pub(super) fn optional_name(&self, column: &'static str) -> Result<Option<&'static str>, TableError> {
        Ok(match self.text(column)? {
            "" | "-" => None,
            text => Some(String::leak(text.to_owned())),
        })
    }

    pub(super) fn number<T: TryFrom<u32>>(&self, column: &'static str) -> Result<T, TableError> {
        let text = self.text(column)?;
        let parsed = match text.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16),
            None => text.parse(),
        };
        parsed
            .ok()
            .and_then(|n| T::try_from(n).ok())
            .ok_or_else(|| self.error(column, Fault::NotANumber(text.to_owned())))
    }

    pub(super) fn optional_number<T: TryFrom<u32>>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, TableError> {
        if self.text(column)?.is_empty() { Ok(None) } else { self.number(column).map(Some) }
    }

    pub(super) fn flag(&self, column: &'static str) -> Result<bool, TableError> {
        match self.text(column)? {
            "yes" => Ok(true),
            "no" | "" => Ok(false),
            other => Err(self.error(column, Fault::NotABool(other.to_owned()))),
        }
    }

    pub(super) fn word<T: FromStr<Err = UnknownValue>>(&self, column: &'static str) -> Result<T, TableError> {
        self.text(column)?.parse().map_err(|unknown| self.error(column, Fault::NotAllowed(unknown)))
    }
}

/// Reads every row of an embedded table; `code` gives the key by which rows must ascend, so that
/// look-ups may search by halves.
pub(super) fn read<T>(
    table: &'static str,
    text: &'static str,
    code: impl Fn(&T) -> u16,
    mut row: impl FnMut(&Row<'_>) -> Result<T, TableError>,
) -> Result<Vec<T>, TableError> {
    let malformed = |line| TableError { table, line, column: "code", fault: Fault::NotARecord };
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| malformed(1))?.clone();
    let mut rows: Vec<T> = Vec::new();
    for (number, record) in (2..).zip(reader.records()) {
        let record = record.map_err(|_| malformed(number))?;
        let line = record.position().map_or(number, csv::Position::line);
        let place = Row { table, header: &header, record: &record, line };
        let parsed = row(&place)?;
        if rows.last().is_some_and(|last| code(last) >= code(&parsed)) {
            return Err(place.error("code", Fault::OutOfOrder));
        }
        rows.push(parsed);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &'static str) -> Result<Vec<u16>, TableError> {
        read("t.csv", text, |n| *n, |row| row.number("code"))
    }

    #[test]
    fn a_fault_names_table_line_and_column() {
        let error = numbers("code\n1\n2\nx\n").expect_err("x is no number");
        assert_eq!(error.to_string(), "t.csv:4: column code: \"x\" is not a number of this column's size");
    }

    #[test]
    fn a_number_too_large_for_its_column_is_refused() {
        assert!(numbers("code\n0x10000\n").is_err());
        assert_eq!(numbers("code\n0xFFFF\n").expect("fits"), [0xFFFF]);
    }

    #[test]
    fn rows_out_of_order_are_refused() {
        assert_eq!(numbers("code\n2\n1\n").expect_err("descends").fault, Fault::OutOfOrder);
        assert_eq!(numbers("code\n2\n2\n").expect_err("repeats").fault, Fault::OutOfOrder);
    }

    #[test]
    fn a_missing_column_is_named() {
        assert_eq!(numbers("other\n1\n").expect_err("no such column").fault, Fault::NoColumn);
    }
}
