//! Edits in TOML, both ways (formats, section 13).

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::registry::{self, ProtocolVersion, SignatureScheme};
use crate::wire::ExtensionType;

use super::{Change, Edit, Sentinel, Target};

/// An edit as a file states it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    at: String,
    change: String,
    value: Value,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct List {
    #[serde(default)]
    edit: Vec<Stated>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("not an edit list: {0}")]
    Syntax(String),
    #[error("unknown place {0:?}; allowed: {allowed}", allowed = Target::ALL.map(Target::as_str).join(", "))]
    Target(String),
    #[error("unknown change {0:?}; allowed: {allowed}", allowed = Change::NAMES.join(", "))]
    Change(String),
    #[error("{change} does not fit {at}")]
    Misplaced { change: String, at: String },
    #[error("bad value for {change}: {message}")]
    Value { change: String, message: String },
}

/// Reads the `[[edit]]` tables of a text; other tables are an error.
pub fn parse_list(text: &str) -> Result<Vec<Edit>, EditError> {
    let list: List = toml::from_str(text).map_err(|e| EditError::Syntax(e.message().to_owned()))?;
    list.edit.into_iter().map(parse).collect()
}

/// Writes edits as `[[edit]]` tables.
pub fn print_list(edits: &[Edit]) -> String {
    let edit = edits
        .iter()
        .map(|e| Stated {
            at: e.at.as_str().to_owned(),
            change: e.change.name().to_owned(),
            value: value(&e.change),
        })
        .collect();
    // Strings, integers and arrays of strings always serialise.
    toml::to_string(&List { edit }).unwrap_or_default()
}

fn value(change: &Change) -> Value {
    match change {
        Change::SetVersion(version) => Value::String(version.to_string()),
        Change::SetSuite(suite) => Value::String(suite.to_string()),
        Change::OfferSuites(suites) => {
            suites.iter().map(|s| Value::String(s.to_string())).collect::<Vec<_>>().into()
        }
        Change::OfferSchemes(schemes) => {
            schemes.iter().map(|s| Value::String(s.to_string())).collect::<Vec<_>>().into()
        }
        Change::SetSentinel(sentinel) => Value::String(sentinel.as_str().to_owned()),
        Change::RemoveExtension(kind) => {
            kind.name().map_or_else(|| Value::Integer(kind.0.into()), |name| Value::String(name.to_owned()))
        }
    }
}

fn parse(stated: Stated) -> Result<Edit, EditError> {
    let at = Target::ALL.into_iter().find(|t| t.as_str() == stated.at);
    let at = at.ok_or_else(|| EditError::Target(stated.at.clone()))?;
    let bad = |message: String| EditError::Value { change: stated.change.clone(), message };
    let text = || stated.value.as_str().ok_or_else(|| bad("a string is needed".to_owned()));
    let change = match stated.change.as_str() {
        "set-version" => {
            Change::SetVersion(text()?.parse::<ProtocolVersion>().map_err(|e| bad(e.to_string()))?)
        }
        "set-suite" => Change::SetSuite(suite(text()?).map_err(bad)?),
        "offer-suites" => {
            let names =
                stated.value.as_array().ok_or_else(|| bad("an array of suite names is needed".to_owned()))?;
            let suites =
                names.iter().map(|n| suite(n.as_str().unwrap_or_default())).collect::<Result<Vec<_>, _>>();
            Change::OfferSuites(suites.map_err(bad)?)
        }
        "offer-schemes" => {
            let names = stated
                .value
                .as_array()
                .ok_or_else(|| bad("an array of scheme names is needed".to_owned()))?;
            let schemes = names.iter().map(|n| n.as_str().unwrap_or_default().parse::<SignatureScheme>());
            Change::OfferSchemes(schemes.collect::<Result<_, _>>().map_err(|e| bad(e.to_string()))?)
        }
        "set-sentinel" => {
            let name = text()?;
            let sentinel = Sentinel::ALL.into_iter().find(|s| s.as_str() == name);
            let allowed = Sentinel::ALL.map(Sentinel::as_str).join(", ");
            Change::SetSentinel(sentinel.ok_or_else(|| bad(format!("allowed: {allowed}")))?)
        }
        "remove-extension" => {
            let number = stated.value.as_integer().and_then(|n| u16::try_from(n).ok());
            let named = stated.value.as_str().and_then(extension_by_name);
            let kind = number.map(ExtensionType).or(named);
            Change::RemoveExtension(
                kind.ok_or_else(|| bad("an extension's name or number is needed".to_owned()))?,
            )
        }
        _ => return Err(EditError::Change(stated.change)),
    };
    if !change.fits(at) {
        return Err(EditError::Misplaced { change: stated.change, at: stated.at });
    }
    Ok(Edit { at, change })
}

/// Extensions have few enough numbers to look all of them through.
fn extension_by_name(name: &str) -> Option<ExtensionType> {
    (0..=u16::MAX).map(ExtensionType).find(|kind| kind.name() == Some(name))
}

fn suite(name: &str) -> Result<registry::CipherSuite, String> {
    registry::suite_by_name(name).map(|facts| facts.suite).ok_or_else(|| {
        format!("unknown suite {name:?}; near: {}", registry::nearest_suite_names(name).join(", "))
    })
}
