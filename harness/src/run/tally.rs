//! Counting verdicts, and the exit code they come to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::judge::{Class, Finding, FindingCode, Level, Verdict};

use super::events::ClientTotals;

/// The class that a failing finding disproves.
pub(super) const fn class_of_code(finding: &Finding) -> Option<Class> {
    match (finding.code, finding.level) {
        (FindingCode::BelowMinimumVersion, Level::Fail) => Some(Class::Version),
        (FindingCode::NoForwardSecrecy, Level::Fail) => Some(Class::ForwardSecrecy),
        (FindingCode::Unauthenticated, Level::Fail) => Some(Class::Authentication),
        (FindingCode::Unencrypted, Level::Fail) => Some(Class::Encryption),
        _ => None,
    }
}

pub(super) fn count(totals: &mut ClientTotals, verdict: Verdict) {
    match verdict {
        Verdict::Pass => totals.pass += 1,
        Verdict::Warn => totals.warn += 1,
        Verdict::Fail => totals.fail += 1,
        Verdict::Inconclusive => totals.inconclusive += 1,
        Verdict::Skipped => totals.skipped += 1,
    }
    totals.verdict = totals.verdict.max(Some(verdict));
}

/// All clients together.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) clients: BTreeMap<String, ClientTotals>,
    pub(super) findings: BTreeMap<String, u64>,
}

impl Tally {
    pub(super) fn add(&mut self, client: &str, totals: ClientTotals) {
        for finding in &totals.findings {
            *self.findings.entry(finding.code.to_string()).or_default() += 1;
        }
        self.clients.insert(client.to_owned(), totals);
    }
}

/// The exit code of a gate (formats, section 9), first that fits. `is_list_wrong`: a known failure is stale, expired or
/// matches nothing.
pub(super) fn exit_code<'a>(
    clients: impl Iterator<Item = &'a ClientTotals>,
    is_list_wrong: bool,
    interrupted: bool,
    strict: bool,
) -> u8 {
    let clients: Vec<&ClientTotals> = clients.collect();
    let worst = clients.iter().filter_map(|c| c.verdict).max();
    // A warning about the hello alone is no case played: skipping never makes green.
    let played = clients.iter().any(|c| {
        c.pass + c.warn + c.fail + c.inconclusive > 0 || c.verdict.is_some_and(|v| v >= Verdict::Inconclusive)
    });
    let skipped = clients.iter().any(|c| c.skipped > 0 || c.verdict == Some(Verdict::Skipped));
    if interrupted {
        return 130;
    }
    match worst {
        _ if !played => 4,
        Some(Verdict::Fail) => 1,
        _ if is_list_wrong => 1,
        Some(Verdict::Inconclusive) => 3,
        _ if strict && skipped => 3,
        _ => 0,
    }
}

pub(super) fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// User and system time of this process, all its threads, without its children.
pub(super) fn own_cpu() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
}

pub(super) fn peak_rss_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some((kib / 1024.0 * 10.0).round() / 10.0)
}
