//! `scenarios/live.txt` is what the stacks of this build really complete, and as many as the design counts.

use shakedown::engine::backends;
use shakedown::pki::Pki;
use shakedown::registry::ProtocolVersion;
use shakedown::run::live::measure;

#[test]
fn every_live_suite_is_completed_in_memory_and_no_other() {
    let measured = measure(&backends(), &Pki::mint().unwrap()).unwrap();
    let counts: Vec<usize> = ProtocolVersion::ALL.iter().map(|v| measured.count(*v)).collect();
    println!("live suites per version, oldest first: {counts:?}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/live.txt");
    if std::env::var_os("SHAKEDOWN_WRITE_LIVE").is_some() {
        std::fs::write(path, measured.print()).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert_eq!(measured.print(), committed, "run `make live` and review the difference");
}
