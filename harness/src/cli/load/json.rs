//! The run as one JSON object: the keys of `schema/load-1.json`, all of them, `null` for what there is not.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::load::{Confirmation, Latencies, Rate};

use super::Told;

pub fn object(told: &Told<'_>) -> Value {
    let Told { load, address, backend, connections, report, exit } = told;
    let tally = &report.tally;
    let rate = match load.rate {
        Rate::Fixed(rate) => Some(rate),
        Rate::Max => None,
    };
    let confirmed_by: Map<String, Value> = Confirmation::ALL
        .into_iter()
        .map(|by| (by.as_str().to_owned(), tally.confirmed_by.get(&by).copied().unwrap_or(0).into()))
        .collect();
    let processor = |time: Duration| json!({ "cpu_seconds": round(time.as_secs_f64()), "cpu_ms_per_handshake": report.per_handshake(time).map(ms) });
    let servers: Vec<Value> = report
        .server_times
        .iter()
        .map(|(pid, time)| json!({ "pid": pid, "processor": time.map(processor) }))
        .collect();
    json!({
        "type": "load",
        "schema": 1,
        "target": load.target.to_string(),
        "address": address.to_string(),
        "backend": backend,
        "loop": if rate.is_some() { "open" } else { "closed" },
        "rate": rate,
        "seconds": round(load.time.as_secs_f64()),
        "connections": connections,
        "timeout_seconds": load.timeout,
        "threads": report.threads,
        "version": load.tls_version.map(|version| version.to_string()),
        "resume": load.resume,
        "elapsed_seconds": round(report.elapsed.as_secs_f64()),
        "interrupted": report.interrupted,
        "scheduled": report.scheduled,
        "started": tally.started,
        "completed": tally.completed,
        "resumed": tally.resumed,
        "failed": tally.failed(),
        "lost": report.lost,
        "handshakes_per_second": round(report.per_second()),
        "latency_ms": quantiles(&tally.latencies),
        "confirmed_ms": quantiles(&tally.confirmations),
        "confirmed_by": confirmed_by,
        "negotiated": tally.negotiated.iter().map(|((version, suite), count)| json!({
            "version": version.to_string(),
            "suite": suite.to_string(),
            "count": count,
        })).collect::<Vec<_>>(),
        "errors": tally.faults.iter().map(|((code, detail), count)| json!({
            "code": code,
            "detail": (!detail.is_empty()).then_some(detail),
            "count": count,
        })).collect::<Vec<_>>(),
        "waited": tally.waited,
        "late": tally.late,
        "latest_ms": ms(tally.latest),
        "bottleneck": report.bottleneck(),
        "bytes": { "sent": tally.sent, "received": tally.received },
        "generator": processor(report.own_time),
        "servers": servers,
        "sessions_renewed": report.sessions,
        "exit": exit,
    })
}

fn quantiles(latencies: &Latencies) -> Option<Value> {
    let at = |quantile| ms(latencies.quantile(quantile));
    (!latencies.is_empty()).then(|| {
        json!({
            "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p99_9": at(0.999), "max": ms(latencies.max()),
        })
    })
}

/// To microseconds.
fn ms(time: Duration) -> f64 {
    round(time.as_secs_f64() * 1000.0)
}

fn round(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
