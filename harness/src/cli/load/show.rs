//! The report of `load`, for people and as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use crate::load::{Rate, Report};

use super::Load;

/// Of the latencies, in milliseconds.
const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn per_second(report: &Report) -> f64 {
    report.tally.completed() as f64 / report.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
}

/// Milliseconds of processor time per handshake that counts.
fn each(cpu: Duration, report: &Report) -> Option<f64> {
    (report.tally.completed() > 0).then(|| millis(cpu) / report.tally.completed() as f64)
}

pub(super) fn print(load: &Load, report: &Report, out: &mut impl Write) -> io::Result<()> {
    let tally = &report.tally;
    let rate = match load.rate {
        Rate::PerSecond(rate) => format!("{rate}/s asked for"),
        Rate::Max => {
            "as many as it takes (closed loop: latencies leave out who would have waited)".to_owned()
        }
    };
    writeln!(out, "load on {}: {rate}, {:.1} s", load.target, report.elapsed.as_secs_f64())?;
    writeln!(out)?;
    writeln!(
        out,
        "completed    {} ({:.1}/s), {} resumed",
        tally.completed(),
        per_second(report),
        tally.resumed
    )?;
    let failed: Vec<String> = tally.errors.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let kinds = if failed.is_empty() { String::new() } else { format!(": {}", failed.join(", ")) };
    writeln!(out, "failed       {}{kinds}", tally.failed())?;
    if tally.late > 0 && load.rate != Rate::Max {
        let latest = millis(tally.latest_start);
        writeln!(
            out,
            "late starts  {}, by up to {latest:.0} ms; their latency counts from when they were due",
            tally.late
        )?;
    }
    let quantile = |(name, share)| tally.latencies.quantile(share).map(|value| format!("{name} {value:.2}"));
    let quantiles: Vec<String> = QUANTILES.into_iter().filter_map(quantile).collect();
    let none = "no handshake was completed".to_owned();
    writeln!(out, "latency ms   {}", if quantiles.is_empty() { none } else { quantiles.join(", ") })?;
    if let Some(client) = each(report.client_cpu, report) {
        let server = match report.server_cpu.and_then(|cpu| each(cpu, report)) {
            Some(server) => format!("server {server:.3}"),
            None if load.server_pid.is_some() => "server unknown: its process has ended".to_owned(),
            None => "server unknown: say --server-pid".to_owned(),
        };
        writeln!(out, "CPU ms each  client {client:.3}, {server}")?;
    }
    let of_each = |bytes: u64| bytes.checked_div(tally.completed()).unwrap_or(0);
    writeln!(
        out,
        "bytes each   {} to the server, {} to the client",
        of_each(tally.sent),
        of_each(tally.received)
    )?;
    if report.interrupted {
        writeln!(out, "interrupted")?;
    }
    Ok(())
}

/// `schema/load-1.json`.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(rename = "type")]
    typ: &'static str,
    schema: u8,
    shakedown: &'static str,
    target: String,
    backend: &'a str,
    version: Option<String>,
    resume: bool,
    /// None with `max`.
    rate_asked: Option<f64>,
    seconds: f64,
    completed: u64,
    per_second: f64,
    resumed: u64,
    failed: u64,
    errors: BTreeMap<String, u64>,
    late_starts: u64,
    latest_start_ms: f64,
    latency_ms: BTreeMap<&'static str, f64>,
    client_cpu_ms: Option<f64>,
    server_cpu_ms: Option<f64>,
    bytes_to_server: u64,
    bytes_to_client: u64,
    interrupted: bool,
    exit: u8,
}

pub(super) fn json(load: &Load, report: &Report) -> String {
    let tally = &report.tally;
    let quantile = |(name, share)| Some((name, tally.latencies.quantile(share)?));
    let object = Object {
        typ: "load",
        schema: 1,
        shakedown: env!("CARGO_PKG_VERSION"),
        target: load.target.to_string(),
        backend: &load.backend,
        version: load.version.map(|version| version.to_string()),
        resume: load.resume,
        rate_asked: match load.rate {
            Rate::PerSecond(rate) => Some(rate),
            Rate::Max => None,
        },
        seconds: report.elapsed.as_secs_f64(),
        completed: tally.completed(),
        per_second: per_second(report),
        resumed: tally.resumed,
        failed: tally.failed(),
        errors: tally.errors.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
        late_starts: tally.late,
        latest_start_ms: millis(tally.latest_start),
        latency_ms: QUANTILES.into_iter().filter_map(quantile).collect(),
        client_cpu_ms: each(report.client_cpu, report),
        server_cpu_ms: report.server_cpu.and_then(|cpu| each(cpu, report)),
        bytes_to_server: tally.sent,
        bytes_to_client: tally.received,
        interrupted: report.interrupted,
        exit: load.verdict(report),
    };
    serde_json::to_string(&object).unwrap_or_default()
}
