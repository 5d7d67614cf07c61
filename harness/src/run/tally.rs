//! Counting verdicts, and the exit code they come to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::judge::{Class, Finding, FindingCode, Level, Verdict};

use super::events::{ClientTotals, EntryStatus, KnownReport};

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

/// The exit code of a gate (formats, section 9), first that fits.
pub(super) fn exit_code<'a>(
    clients: impl Iterator<Item = &'a ClientTotals>,
    known: Option<&KnownReport>,
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
    // A list that cannot be held against what is played is no more known to be true than a case that is skipped.
    let is_list_wrong = known.is_some_and(|known| known.has(EntryStatus::is_wrong));
    let is_list_unchecked = known.is_some_and(|known| known.has(|status| status == EntryStatus::NotChecked));
    if interrupted {
        return 130;
    }
    match worst {
        _ if !played => 4,
        Some(Verdict::Fail) => 1,
        _ if is_list_wrong => 1,
        Some(Verdict::Inconclusive) => 3,
        _ if strict && (skipped || is_list_unchecked) => 3,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::events::KnownEntry;

    fn report(status: EntryStatus) -> KnownReport {
        let entry = KnownEntry {
            line: 1,
            client: "curl".to_owned(),
            case: "a@*".to_owned(),
            finding: FindingCode::NoForwardSecrecy,
            status,
            detail: "known.toml:1: ".to_owned(),
        };
        KnownReport { file: "known.toml".to_owned(), entries: vec![entry] }
    }

    /// Which verdicts of one client's cases, with which entry in the list.
    #[test]
    fn the_first_exit_code_of_the_table_that_fits_is_taken() {
        use EntryStatus::{Expired, NotChecked, NotSelected, Stale, Unmatched, Used};
        use Verdict::{Fail, Inconclusive, Pass, Skipped, Warn};
        // Cases, entry; exit code without and with --strict.
        let table: [(&[Verdict], Option<EntryStatus>, u8, u8); 18] = [
            (&[], None, 4, 4),
            (&[Skipped], None, 4, 4),
            (&[Skipped], Some(Stale), 4, 4),
            (&[Pass], None, 0, 0),
            (&[Warn], Some(Used), 0, 0),
            (&[Pass], Some(NotSelected), 0, 0),
            (&[Pass], Some(NotChecked), 0, 3),
            (&[Pass, Skipped], None, 0, 3),
            (&[Pass, Skipped], Some(NotChecked), 0, 3),
            (&[Pass], Some(Stale), 1, 1),
            (&[Pass], Some(Expired), 1, 1),
            (&[Pass], Some(Unmatched), 1, 1),
            (&[Inconclusive], Some(NotChecked), 3, 3),
            (&[Inconclusive], Some(Stale), 1, 1),
            (&[Pass, Inconclusive], None, 3, 3),
            (&[Fail, Inconclusive], None, 1, 1),
            (&[Fail], Some(NotChecked), 1, 1),
            (&[Fail, Skipped], Some(Used), 1, 1),
        ];
        for (verdicts, entry, loose, strict) in table {
            let mut totals = ClientTotals::default();
            verdicts.iter().for_each(|verdict| count(&mut totals, *verdict));
            let known = entry.map(report);
            let exit =
                |interrupted, strict| exit_code([&totals].into_iter(), known.as_ref(), interrupted, strict);
            assert_eq!((exit(false, false), exit(false, true)), (loose, strict), "{verdicts:?} {entry:?}");
            assert_eq!((exit(true, false), exit(true, true)), (130, 130), "{verdicts:?} {entry:?}");
        }
    }
}
