//! The page of a run.

use std::io::{self, Write};
use std::time::Duration;

use crate::load::{Confirmation, Latencies, Rate, Tally};

use super::super::page::Page;
use super::Told;

pub fn print(told: &Told<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Told { load, address, backend, connections, report, .. } = told;
    let tally = &report.tally;
    let target = load.target.to_string();
    let mut page =
        Page::new(&if address.to_string() == target { target } else { format!("{target} ({address})") });
    let seconds = load.time.as_secs_f64();
    let version = load.tls_version.map(|version| format!(", {} alone", version.title())).unwrap_or_default();
    let session = if load.resume { ", with a session" } else { "" };
    let asked = match load.rate {
        Rate::Fixed(rate) => {
            format!(
                "{rate} starts per second for {seconds} s, at most {connections} open, {backend}{version}{session}"
            )
        }
        Rate::Max => format!(
            "{connections} connections as fast as they can for {seconds} s, {backend}{version}{session}"
        ),
    };
    page.line("load", &asked);
    if report.interrupted {
        page.line("interrupted", &format!("after {:.1} s", report.elapsed.as_secs_f64()));
    }
    page.line("scheduled", &report.scheduled.to_string());
    page.line("started", &started(tally));
    let resumed = if load.resume && tally.completed > 0 { ", all of them resumed" } else { "" };
    let rate = report.per_second();
    page.line("completed", &format!("{}{resumed}: {rate:.1} new handshakes per second", tally.completed));
    page.gap();
    latency(&mut page, told);
    let sessions = tally
        .negotiated
        .iter()
        .map(|((version, suite), n)| format!("{n} with {} and {suite}", version.title()));
    page.each("negotiated", &sessions.collect::<Vec<_>>());
    page.each("confirmed by", &confirmed(tally));
    let errors = tally.faults.iter().map(|((code, detail), n)| match detail.as_str() {
        "" => format!("{n} {code}"),
        _ => format!("{n} {code} ({detail})"),
    });
    page.each("errors", &errors.collect::<Vec<_>>());
    page.gap();
    page.line("bytes", &format!("{} sent, {} received", tally.sent, tally.received));
    processors(&mut page, told);
    if let Some(why) = report.bottleneck() {
        let text = format!("the generator was the bottleneck, so the latencies are its own, too: {why}");
        page.line("note", &text);
    }
    if load.rate == Rate::Max {
        let text = "nobody starts while the server stalls, so the percentiles hide stalls (coordinated omission): \
                    measure them with a fixed --rate below this one";
        page.line("note", text);
    }
    page.print(out)
}

fn started(tally: &Tally) -> String {
    let mut text = tally.started.to_string();
    if tally.waited > 0 {
        text += &format!(", {} of them after a wait for room, which counts", tally.waited);
    }
    if tally.late > 0 {
        text += &format!(", {} late by more than 1 ms (at most {} ms)", tally.late, ms(tally.latest));
    }
    text
}

fn latency(page: &mut Page, told: &Told<'_>) {
    let tally = &told.report.tally;
    if tally.latencies.is_empty() {
        return;
    }
    page.line("latency", &quantiles(&tally.latencies));
    page.line("confirmed", &quantiles(&tally.confirmations));
    if told.load.rate != Rate::Max {
        page.line(
            "",
            "from the scheduled start to the end of the client's handshake, and to its confirmation",
        );
    }
    if tally.completed < 1000 {
        page.line("", "of fewer than 1000 handshakes, so p99.9 is the maximum");
    }
    if tally.failed() > 0 {
        page.line("", &format!("of the completed ones alone: what failed ({}) has none", tally.failed()));
    }
}

fn quantiles(latencies: &Latencies) -> String {
    let names = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];
    let parts: Vec<String> = names
        .iter()
        .map(|(name, quantile)| format!("{name} {}", ms(latencies.quantile(*quantile))))
        .collect();
    format!("{}, max {} (ms)", parts.join(", "), ms(latencies.max()))
}

fn confirmed(tally: &Tally) -> Vec<String> {
    let words = |by| match by {
        Confirmation::Http => "an answer",
        Confirmation::Data => "data that is no HTTP",
        Confirmation::CloseNotify => "close_notify alone, which may also be a refusal (s2n)",
    };
    tally.confirmed_by.iter().map(|(by, n)| format!("{}: {n}", words(*by))).collect()
}

fn processors(page: &mut Page, told: &Told<'_>) {
    let report = told.report;
    let per = |time: Duration| match report.per_handshake(time) {
        Some(each) => format!("{} ms per completed handshake", ms(each)),
        None => format!("{} ms", ms(time)),
    };
    let own = per(report.own_time);
    let mut lines = vec![format!("{own} here, {:.0} % of {} threads", report.busy() * 100.0, report.threads)];
    for (pid, time) in &report.server_times {
        lines.push(match time {
            Some(time) => format!("{} in process {pid}", per(*time)),
            None => format!("process {pid} has ended: not known"),
        });
    }
    page.each("processor", &lines);
}

/// Milliseconds with as many digits as say something.
fn ms(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 {
        format!("{ms:.2}")
    } else if ms < 100.0 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}
