//! The scan as one JSON object: the keys of `schema/scan-1.json`, all of them, `null` for what is not known.

use serde_json::{Map, Value, json};

use crate::judge::code_of;
use crate::scan::{Accepted, Ended, Known, Listed, Preference, Refusal, Size};

use super::Judged;

pub fn object(judged: &Judged<'_>) -> Value {
    let Judged { target, address, found, comparison, floor, exit, .. } = judged;
    let flags: Map<String, Value> =
        found.flags().into_iter().map(|(key, known)| (key.to_owned(), known.get().copied().into())).collect();
    let moot = |(key, known): (&str, &Known<bool>)| match known {
        Known::Moot(why) => Some((key.to_owned(), Value::from(*why))),
        Known::Is(_) | Known::Unknown(_) => None,
    };
    let moot: Map<String, Value> = found.flags().into_iter().filter_map(moot).collect();
    let troubles: Vec<Value> = found
        .troubles()
        .iter()
        .map(|(what, trouble)| json!({ "what": what, "code": trouble.code(), "detail": trouble.to_string() }))
        .collect();
    let confirmed: Vec<Value> = found.confirmed.iter().map(|((version, suite), known)| {
        json!({ "version": version.to_string(), "suite": suite.to_string(), "completed": known.get() })
    }).collect();
    json!({
        "type": "scan",
        "schema": 1,
        "target": target,
        "address": address.map(|address| address.to_string()),
        "trouble": found.trouble.as_ref().map(|trouble| trouble.code()),
        "versions": found.versions.values().map(|(accepted, order)| version(accepted, order)).collect::<Vec<_>>(),
        "groups": found.groups.iter().map(list).collect::<Vec<_>>(),
        "schemes": found.schemes.iter().map(list).collect::<Vec<_>>(),
        "dhe_bits": found.dhe_bits,
        "certificates": found.certificates.iter().map(|chain| json!({
            "key": chain.key.map(|key| key.as_str()),
            "bits": chain.bits,
            "curve": chain.curve,
            "subject": chain.subject,
            "chain_bytes": chain.sizes,
            "chain_length": chain.length,
        })).collect::<Vec<_>>(),
        "unseen": found.unseen.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "flags": flags,
        "moot": moot,
        "confirmed": (!found.confirmed.is_empty()).then_some(confirmed),
        "policy": comparison.as_ref().map(|comparison| json!({
            "id": comparison.policy,
            "differences": comparison.differences.iter().map(|difference| json!({
                "field": difference.field,
                "text": difference.text,
                "source": difference.source.as_str(),
            })).collect::<Vec<_>>(),
            "not_testable": comparison.not_testable.iter().map(|(what, why)| json!({ "what": what, "why": why })).collect::<Vec<_>>(),
        })),
        "floor": floor.as_ref().map(|(floor, broken)| json!({
            "id": floor.id,
            "page": floor.source.page,
            "date": floor.source.date,
            "breaches": broken.iter().map(|broken| json!({
                "code": code_of(broken.rule).as_str(),
                "level": broken.treatment.to_string(),
                "sessions": broken.sessions.iter().map(|(version, suite)| json!({
                    "version": version.to_string(), "suite": suite.to_string()
                })).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })),
        "troubles": troubles,
        "connections": found.cost.connections,
        "retries": found.cost.retries,
        "ms": u64::try_from(found.cost.time.as_millis()).unwrap_or(u64::MAX),
        "exit": exit,
    })
}

fn version(accepted: &Accepted, order: &Preference) -> Value {
    let is_accepted = match (accepted.suites.is_empty(), &accepted.end) {
        (false, _) => Some(true),
        (true, Ended::Trouble(_)) => None,
        (true, _) => Some(false),
    };
    let (end, alert, answered) = match &accepted.end {
        Ended::Refused(Refusal { alert }) => ("refused", alert.map(|alert| alert.to_string()), None),
        Ended::OtherVersion(version) => ("other-version", None, Some(version.to_string())),
        Ended::Exhausted => ("exhausted", None, None),
        Ended::Trouble(trouble) => (trouble.code(), None, None),
    };
    json!({
        "version": accepted.version.to_string(),
        "accepted": is_accepted,
        "suites": accepted.suites.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "abandoned": accepted.abandoned.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "preference": match order {
            Preference::Server => Some("server"),
            Preference::Client => Some("client"),
            Preference::Mixed => Some("mixed"),
            Preference::Single | Preference::Unknown(_) => None,
        },
        "end": end,
        "alert": alert,
        "answered_with": answered,
        "hello": match accepted.size {
            Size::Whole => "whole",
            Size::Chunks => "chunks",
            Size::Slim => "slim",
        },
        "complete": accepted.end.trouble().is_none(),
    })
}

fn list<T: ToString>(list: &Listed<T>) -> Value {
    let names = |items: &[T]| items.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "version": list.version.to_string(),
        "accepted": names(&list.items),
        "unconfirmed": names(&list.unconfirmed),
        "unoffered": names(&list.unoffered),
        "complete": list.trouble.is_none(),
    })
}
