//! `list`: what there is.

use std::io::{self, Write};

use clap::{Args, Subcommand};

use crate::registry::{self, ProtocolVersion, SuiteKind};
use crate::run::catalogue::Catalogue;

use super::clients::Found;
use super::exit::Exit;
use super::floor::FloorOptions;
use super::options::TierName;

/// Lists what there is, one line each, columns separated by tabs.
#[derive(Debug, Args)]
pub struct List {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Scenarios: id, cases per tier, title
    Scenarios,
    /// Cases that a run of a tier plays under a floor: id and tier. Where the floor allows TLS 1.0 and 1.1, core asks for
    /// what it forbids in those, too
    Cases {
        /// What is played in this tier
        #[arg(long, value_enum, default_value = "full")]
        tier: TierName,
        /// Only ids that match; * stands for any characters, ? for one
        #[arg(long, value_name = "GLOB")]
        filter: Option<String>,
        #[command(flatten)]
        floor: FloorOptions,
    },
    /// All 369 cipher suites: live (a stack completes it, with the versions), `ServerHello` only, or never
    Suites,
    /// Clients found on this machine: name, version, path
    Clients,
    /// Floors: id and title
    Floors,
    /// Services: name and edition for `--service`, floor, title, page and date; the newest edition first
    Services,
}

impl List {
    pub fn run(self) -> Result<u8, Exit> {
        let catalogue = Catalogue::load(&[]).map_err(|e| Exit::usage(e.to_string()))?;
        let out = &mut io::stdout().lock();
        match self.what {
            What::Scenarios => scenarios(&catalogue, out)?,
            What::Cases { tier, filter, floor } => {
                let floor = floor.resolve(&catalogue)?;
                let glob = filter.as_deref().map(wildmatch::WildMatch::new);
                let mut shown = 0;
                for case in catalogue.cases.iter().filter(|c| c.is_in(tier.tier(), floor.min_version)) {
                    if glob.as_ref().is_none_or(|g| g.matches(&case.id)) {
                        writeln!(out, "{}\t{}", case.id, case.tier.as_str())?;
                        shown += 1;
                    }
                }
                if shown == 0 {
                    return Err(Exit::nothing("no case matches"));
                }
            }
            What::Suites => suites(&catalogue, out)?,
            What::Clients => {
                let runtime = tokio::runtime::Runtime::new().map_err(|e| Exit::harness(e.to_string()))?;
                let found = runtime.block_on(Found::look(&catalogue.adapters));
                writeln!(out, "rustls\t{}\tin this process", crate::engine::backends()["rustls"].version())?;
                for (adapter, detected) in &found.adapters {
                    for d in detected {
                        let version = d.version.as_deref().unwrap_or("-");
                        writeln!(out, "{}\t{version}\t{}", d.name, d.program.display())?;
                    }
                    if detected.is_empty() {
                        writeln!(out, "{}\t-\tnot installed; {}", adapter.name, adapter.install)?;
                    }
                }
            }
            What::Floors => {
                for floor in &catalogue.floors {
                    writeln!(out, "{}\t{}\t{}", floor.id, floor.title, floor.source)?;
                }
            }
            What::Services => {
                for service in &catalogue.services {
                    for edition in &service.editions {
                        writeln!(
                            out,
                            "{}@{}\t{}\t{}\t{}",
                            service.id, edition.name, edition.floor, service.title, edition.source
                        )?;
                    }
                }
            }
        }
        out.flush()?;
        Ok(Exit::GOOD)
    }
}

fn scenarios(catalogue: &Catalogue, out: &mut dyn Write) -> io::Result<()> {
    for scenario in &catalogue.scenarios {
        let mine = || catalogue.cases.iter().filter(|c| c.scenario.id == scenario.id);
        let up_to = |tier: TierName| mine().filter(|c| c.tier <= tier.tier()).count();
        writeln!(
            out,
            "{}\tcore {}\tdefault {}\tfull {}\t{}",
            scenario.id,
            up_to(TierName::Core),
            up_to(TierName::Default),
            up_to(TierName::Full),
            scenario.title
        )?;
    }
    Ok(())
}

fn suites(catalogue: &Catalogue, out: &mut dyn Write) -> io::Result<()> {
    for facts in registry::suites().iter().filter(|f| f.kind == SuiteKind::Suite) {
        let versions: Vec<String> = catalogue.live.versions(facts.suite).map(|v| v.to_string()).collect();
        let state = if versions.is_empty() { not_live(facts) } else { "live" };
        writeln!(out, "{:#06X}\t{}\t{state}\t{}", facts.suite.0, facts.name, versions.join(" "))?;
    }
    Ok(())
}

/// A suite that no stack completes can still be written into a `ServerHello`, if a version has it at all.
/// `TLS_NULL_WITH_NULL_NULL` is the state before a handshake and must not be negotiated (RFC 5246 A.5).
fn not_live(facts: &registry::SuiteFacts) -> &'static str {
    let exists = ProtocolVersion::ALL.into_iter().any(|version| facts.usable_in(version));
    if exists && facts.suite.0 != 0 { "ServerHello only" } else { "never" }
}
