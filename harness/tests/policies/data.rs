//! The data as it is: `harness/data/aws-policies.json`.

use std::sync::OnceLock;

use serde_json::Value;

pub fn data() -> &'static Value {
    static DATA: OnceLock<Value> = OnceLock::new();
    DATA.get_or_init(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/harness/data/aws-policies.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    })
}

/// The rows that are policies of servers. `requirement/*` is what a guide asks of clients: those are floors.
pub fn rows() -> impl Iterator<Item = &'static Value> {
    let all = data()["policies"].as_array().unwrap();
    all.iter().filter(|row| row["kind"] != "requirement")
}

pub fn row(id: &str) -> &'static Value {
    rows().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no row {id}"))
}

/// A text; `null` is the empty one.
pub fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    match &row[key] {
        Value::Null => "",
        value => value.as_str().unwrap_or_else(|| panic!("{key} of {} is no text", row["id"])),
    }
}

/// A list of texts; `None` for `null`.
pub fn texts<'v>(row: &'v Value, key: &str) -> Option<Vec<&'v str>> {
    let list = row.get(key).unwrap_or_else(|| panic!("no {key}")).as_array()?;
    Some(list.iter().map(|item| item.as_str().unwrap()).collect())
}

/// The IANA names of the suites; `None` if the list is not published.
pub fn suites(row: &Value) -> Option<Vec<&str>> {
    let list = row["cipher_suites"].as_array()?;
    Some(list.iter().map(|suite| suite["iana"].as_str().unwrap()).collect())
}

/// `0xC02B`.
pub fn codes(row: &Value) -> Option<Vec<u16>> {
    let list = row["cipher_suites"].as_array()?;
    Some(
        list.iter()
            .map(|suite| u16::from_str_radix(&suite["code"].as_str().unwrap()[2..], 16).unwrap())
            .collect(),
    )
}
