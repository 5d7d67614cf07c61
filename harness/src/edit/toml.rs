//! Edits in TOML, both ways (formats, section 13).

use std::fmt::{Display, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use toml::Value;

use crate::registry::{AlertDescription, ProtocolVersion};
use crate::wire::{Alert, AlertLevel, ContentType, ExtensionType};

use super::{Change, Edit, Place, Sentinel, UnknownPlace};

/// Edits of one list: more would be no finding that anybody reads.
pub const MAX_EDITS: usize = 256;
/// Bytes of one value: what one record can carry.
const MAX_BYTES: usize = 1 << 14;

/// An edit as a file states it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stated {
    at: String,
    change: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

#[derive(Clone, Debug, Serialize)]
struct Printed {
    edit: Vec<Stated>,
}

#[derive(Clone, Debug, Deserialize)]
struct List {
    #[serde(default)]
    edit: Vec<Stated>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    #[error("not an edit list: {0}")]
    Syntax(String),
    #[error("{0} edits; at most {MAX_EDITS} are read")]
    TooMany(usize),
    #[error(transparent)]
    Place(#[from] UnknownPlace),
    #[error("unknown change {0:?}; allowed: {allowed}", allowed = Change::NAMES.join(", "))]
    Change(String),
    #[error("{change} does not fit {at}: it is for {fitting}")]
    Misplaced { change: String, at: String, fitting: &'static str },
    #[error("bad value for {change}: {message}")]
    Value { change: String, message: String },
}

/// Reads the `[[edit]]` tables of a text and leaves everything else alone.
pub fn parse_list(text: &str) -> Result<Vec<Edit>, EditError> {
    let list: List = toml::from_str(text).map_err(|e| EditError::Syntax(e.message().to_owned()))?;
    if list.edit.len() > MAX_EDITS {
        return Err(EditError::TooMany(list.edit.len()));
    }
    list.edit.into_iter().map(parse).collect()
}

/// Writes edits as `[[edit]]` tables.
pub fn print_list(edits: &[Edit]) -> String {
    let edit = edits
        .iter()
        .map(|e| Stated { at: e.at.to_string(), change: e.change.name().to_owned(), value: value(&e.change) })
        .collect();
    // Strings, integers and arrays of them always serialise.
    toml::to_string(&Printed { edit }).unwrap_or_default()
}

pub(super) fn state(edit: &Edit) -> Stated {
    let change = edit.change.name().to_owned();
    Stated { at: edit.at.to_string(), change, value: value(&edit.change) }
}

fn value(change: &Change) -> Option<Value> {
    Some(match change {
        Change::SetVersion(version) => named(*version, version.0),
        Change::SetSuite(suite) => named(*suite, suite.0),
        Change::SetSentinel(sentinel) => Value::String(sentinel.as_str().to_owned()),
        Change::OfferSuites(suites) => Value::Array(suites.iter().map(|s| named(*s, s.0)).collect()),
        Change::OfferSchemes(schemes) => Value::Array(schemes.iter().map(|s| named(*s, s.0)).collect()),
        Change::OfferGroups(groups) => Value::Array(groups.iter().map(|g| named(*g, g.0)).collect()),
        Change::RemoveExtension(typ) => or_number(typ.name(), typ.0),
        Change::InsertExtension(typ, body) => {
            Value::Array(vec![or_number(typ.name(), typ.0), Value::String(hex(body))])
        }
        Change::Replay(bytes) | Change::InjectHandshake(bytes) => Value::String(hex(bytes)),
        Change::Split(bytes) | Change::Truncate(bytes) | Change::Oversize(bytes) => {
            Value::Integer((*bytes).into())
        }
        Change::Retype(typ) => or_number(typ.name(), typ.0.into()),
        Change::Xor { offset, mask } => {
            Value::Array(vec![Value::Integer((*offset).into()), Value::Integer((*mask).into())])
        }
        Change::InjectAlert(alert) => Value::Array(vec![
            or_number(level_name(alert.level), alert.level.0.into()),
            or_number(alert.description.name(), alert.description.0.into()),
        ]),
        Change::Drop | Change::Duplicate | Change::Swap | Change::Merge | Change::InjectChangeCipherSpec => {
            return None;
        }
    })
}

/// The name if it means the value again, else the number.
fn named<T: Display + FromStr + PartialEq + Copy>(value: T, number: u16) -> Value {
    let name = value.to_string();
    let is_name = name.parse().is_ok_and(|again: T| again == value);
    or_number(is_name.then_some(&*name), number)
}

fn or_number(name: Option<&str>, number: u16) -> Value {
    name.map_or_else(|| Value::Integer(number.into()), |name| Value::String(name.to_owned()))
}

fn level_name(level: AlertLevel) -> Option<&'static str> {
    match level {
        AlertLevel::WARNING => Some("warning"),
        AlertLevel::FATAL => Some("fatal"),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(super) fn parse(stated: Stated) -> Result<Edit, EditError> {
    let at: Place = stated.at.parse()?;
    let change = change(&stated.change, stated.value.as_ref())
        .ok_or_else(|| EditError::Change(stated.change.clone()))?
        .map_err(|message| EditError::Value { change: stated.change.clone(), message })?;
    if !change.fits(at) {
        let fitting = change.fitting();
        return Err(EditError::Misplaced { change: stated.change, at: stated.at, fitting });
    }
    Ok(Edit { at, change })
}

/// `None` if no change has that name.
fn change(name: &str, value: Option<&Value>) -> Option<Result<Change, String>> {
    let plain = |change| match value {
        None => Ok(change),
        Some(_) => Err("it takes no value".to_owned()),
    };
    let value = || value.ok_or_else(|| "it is missing".to_owned());
    Some(match name {
        "set-version" => value().and_then(|v| point(v, ProtocolVersion)).map(Change::SetVersion),
        "set-suite" => value().and_then(|v| point(v, crate::registry::CipherSuite)).map(Change::SetSuite),
        "set-sentinel" => value().and_then(sentinel).map(Change::SetSentinel),
        "offer-suites" => {
            value().and_then(|v| points(v, "suite", crate::registry::CipherSuite)).map(Change::OfferSuites)
        }
        "offer-schemes" => value()
            .and_then(|v| points(v, "scheme", crate::registry::SignatureScheme))
            .map(Change::OfferSchemes),
        "offer-groups" => {
            value().and_then(|v| points(v, "group", crate::registry::NamedGroup)).map(Change::OfferGroups)
        }
        "remove-extension" => value().and_then(extension).map(Change::RemoveExtension),
        "insert-extension" => value().and_then(|v| {
            let [typ, body] = pair(v, "an extension and the hex digits of its body")?;
            Ok(Change::InsertExtension(extension(typ)?, bytes(body)?))
        }),
        "replay" => value().and_then(bytes).map(Change::Replay),
        "drop" => plain(Change::Drop),
        "duplicate" => plain(Change::Duplicate),
        "swap" => plain(Change::Swap),
        "split" => value().and_then(number).map(Change::Split),
        "merge" => plain(Change::Merge),
        "truncate" => value().and_then(number).map(Change::Truncate),
        "oversize" => value().and_then(number).map(Change::Oversize),
        "retype" => value().and_then(content_type).map(Change::Retype),
        "xor" => value().and_then(|v| {
            let [offset, mask] = pair(v, "an offset and a mask")?;
            Ok(Change::Xor { offset: number(offset)?, mask: number(mask)? })
        }),
        "inject-change-cipher-spec" => plain(Change::InjectChangeCipherSpec),
        "inject-alert" => value().and_then(alert).map(Change::InjectAlert),
        "inject-handshake" => value().and_then(bytes).map(Change::InjectHandshake),
        _ => return None,
    })
}

fn number<T: TryFrom<i64>>(value: &Value) -> Result<T, String> {
    let number = value.as_integer().and_then(|n| T::try_from(n).ok());
    let bits = 8 * size_of::<T>();
    number.ok_or_else(|| format!("a number of {bits} bits is needed"))
}

/// A code point by name or number.
fn point<T: FromStr<Err: Display>>(value: &Value, of: fn(u16) -> T) -> Result<T, String> {
    match value.as_str() {
        Some(name) => name.parse().map_err(|e: T::Err| e.to_string()),
        None => number(value).map(of).map_err(|_| "a name or a number of 16 bits is needed".to_owned()),
    }
}

fn points<T: FromStr<Err: Display>>(value: &Value, what: &str, of: fn(u16) -> T) -> Result<Vec<T>, String> {
    let items = value.as_array().ok_or_else(|| format!("an array of {what} names is needed"))?;
    if items.len() > MAX_BYTES / 2 {
        return Err(format!("at most {} are written", MAX_BYTES / 2));
    }
    items.iter().map(|item| point(item, of)).collect()
}

fn pair<'a>(value: &'a Value, what: &str) -> Result<[&'a Value; 2], String> {
    match value.as_array().map(Vec::as_slice) {
        Some([a, b]) => Ok([a, b]),
        _ => Err(format!("an array of two is needed: {what}")),
    }
}

/// Extensions have few enough numbers to look all of them through.
fn extension(value: &Value) -> Result<ExtensionType, String> {
    let by_name = |name| (0..=u16::MAX).map(ExtensionType).find(|typ| typ.name() == Some(name));
    let found = match value.as_str() {
        Some(name) => by_name(name),
        None => number(value).ok().map(ExtensionType),
    };
    found.ok_or_else(|| "an extension's name or number is needed".to_owned())
}

fn content_type(value: &Value) -> Result<ContentType, String> {
    let by_name = |name| (0..=u8::MAX).map(ContentType).find(|typ| typ.name() == Some(name));
    let found = match value.as_str() {
        Some(name) => by_name(name),
        None => number(value).ok().map(ContentType),
    };
    found.ok_or_else(|| {
        "allowed: change_cipher_spec, alert, handshake, application_data, heartbeat, or a number".to_owned()
    })
}

fn sentinel(value: &Value) -> Result<Sentinel, String> {
    let found = Sentinel::ALL.into_iter().find(|s| Some(s.as_str()) == value.as_str());
    found.ok_or_else(|| format!("allowed: {}", Sentinel::ALL.map(Sentinel::as_str).join(", ")))
}

fn alert(value: &Value) -> Result<Alert, String> {
    let [level, description] = pair(value, "a level and an alert")?;
    let level = match level.as_str() {
        Some("warning") => Some(AlertLevel::WARNING),
        Some("fatal") => Some(AlertLevel::FATAL),
        Some(_) => None,
        None => number(level).ok().map(AlertLevel),
    };
    let level = level.ok_or_else(|| "a level is warning, fatal or a number of 8 bits".to_owned())?;
    let description = match description.as_str() {
        Some(name) => AlertDescription::by_name(name),
        None => number(description).ok().map(AlertDescription),
    };
    let description = description.ok_or_else(|| "an alert's name or number is needed".to_owned())?;
    Ok(Alert { level, description })
}

fn bytes(value: &Value) -> Result<Vec<u8>, String> {
    let needed = || "an even number of hex digits is needed".to_owned();
    let text = value.as_str().ok_or_else(needed)?;
    if text.len() > 2 * MAX_BYTES {
        return Err(format!("at most {MAX_BYTES} bytes are written"));
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).ok_or_else(needed);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(needed());
    }
    pairs
        .iter()
        .map(|[high, low]| {
            // Two digits are a byte.
            Ok(u8::try_from(digit(*high)? << 4 | digit(*low)?).unwrap_or_default())
        })
        .collect()
}
