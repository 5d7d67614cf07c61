//! `explain`: a finding, a scenario or a case, with its sources and how to see it by hand.

use std::io::{self, Write};

use clap::Args;

use crate::judge::{self, FindingCode};
use crate::oracle::breaches;
use crate::policy::Floor;
use crate::registry::{ProtocolVersion, shortened};
use crate::run::catalogue::Catalogue;
use crate::run::stage::proposal;
use crate::scenario::{Case, Line, Pick, Scenario, Subject};

use super::clients::nearest;
use super::exit::Exit;
use super::floor::FloorOptions;

/// Explains a finding, a scenario or a case.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown explain no-forward-secrecy
  shakedown explain client/cipher/static-rsa
  shakedown explain client/cipher/static-rsa@TLSv1.2+TLS_RSA_WITH_AES_128_GCM_SHA256+natural")]
pub struct Explain {
    /// Finding code, scenario id or case id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    floor: FloorOptions,
}

impl Explain {
    pub fn run(self) -> Result<u8, Exit> {
        let catalogue = Catalogue::load(&[]).map_err(|e| Exit::usage(e.to_string()))?;
        let floor = self.floor.resolve(&catalogue)?;
        let out = &mut io::stdout().lock();
        if let Ok(code) = self.id.parse::<FindingCode>() {
            finding(code, &catalogue, out)?;
        } else if let Some(case) = catalogue.cases.iter().find(|c| c.id == self.id) {
            explain_case(case, &floor, &catalogue, out)?;
        } else if let Some(scenario) = catalogue.scenarios.iter().find(|s| s.id == self.id) {
            explain_scenario(scenario, &catalogue, out)?;
        } else {
            return Err(unknown(&self.id, &catalogue));
        }
        out.flush()?;
        Ok(Exit::GOOD)
    }
}

fn unknown(id: &str, catalogue: &Catalogue) -> Exit {
    let mut known: Vec<&str> = FindingCode::ALL.iter().map(|c| c.as_str()).collect();
    known.extend(catalogue.scenarios.iter().map(|s| s.id.as_str()));
    known.extend(catalogue.cases.iter().map(|c| c.id.as_str()));
    let near = nearest(id, &known);
    let hint = if near.is_empty() { String::new() } else { format!("; near: {}", near.join(", ")) };
    Exit::usage(format!("unknown finding, scenario or case {:?}{hint}", shortened(id)))
}

fn finding(code: FindingCode, catalogue: &Catalogue, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{code}\n")?;
    writeln!(out, "What   {}", code.what())?;
    writeln!(out, "Why    {}", code.why())?;
    writeln!(out, "Next   {}", code.next_step())?;
    let fixes = catalogue.adapters.iter().filter_map(|a| Some((&a.title, a.fixes.get(&code)?)));
    for (i, (title, fix)) in fixes.enumerate() {
        writeln!(out, "{:<6} {title}: {}", if i == 0 { "Fixes" } else { "" }, fix.join(" "))?;
    }
    Ok(())
}

fn explain_scenario(scenario: &Scenario, catalogue: &Catalogue, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}\n", scenario.id)?;
    writeln!(out, "{}.", scenario.title)?;
    writeln!(out, "\nWhy      {}", scenario.why)?;
    writeln!(out, "Sources  {}", sources(scenario))?;
    checks(scenario, catalogue, out)?;
    let cases = catalogue.cases.iter().filter(|c| c.scenario.id == scenario.id);
    writeln!(out, "\nCases")?;
    for case in cases {
        writeln!(out, "  {:<8} {}", case.tier.as_str(), case.id)?;
    }
    Ok(())
}

fn explain_case(case: &Case, floor: &Floor, catalogue: &Catalogue, out: &mut dyn Write) -> io::Result<()> {
    let scenario = &case.scenario;
    writeln!(out, "{}\n", case.id)?;
    let suite = case.suite().map_or("its suites", |facts| facts.name);
    let others = match case.suites.len() {
        0 | 1 => String::new(),
        n => format!(" and {} of its kind", n - 1),
    };
    let certificate = case.certificate.map_or("no certificate", |kind| kind.as_str());
    match (scenario.subject, case.pick) {
        (Subject::Client, Pick::Natural) => writeln!(
            out,
            "The server   speaks only {} with {suite}{others} ({certificate}).",
            case.version.title()
        )?,
        (Subject::Client, Pick::Forced) => writeln!(
            out,
            "The server   takes {} with {suite}{others} ({certificate}), whatever was offered.",
            case.version.title()
        )?,
        (Subject::Server, _) => writeln!(
            out,
            "The client   offers only {} with {suite}{others}, to a server that has TLS 1.2 and 1.3 with ECDHE.",
            case.version.title()
        )?,
    }
    let broken = proposal(case).map(|p| breaches(floor, &p)).unwrap_or_default();
    let must_refuse = judge::must_refuse(&broken, case.certificate.is_some_and(|kind| kind.is_bad()));
    let line = match (scenario.line, case.version >= ProtocolVersion::TLS1_3) {
        (Line::Data, _) => "send its request",
        (Line::Committed, true) => "send its Finished",
        (Line::Committed, false) => "send its ClientKeyExchange",
    };
    match (scenario.subject, must_refuse) {
        (Subject::Server, _) => writeln!(out, "The server   must not answer with a ServerHello.")?,
        (Subject::Client, true) => writeln!(out, "The client   must not {line}.")?,
        (Subject::Client, false) => writeln!(out, "The client   may {line} (floor {}).", floor.id)?,
    }
    writeln!(out, "Why          {}", scenario.why)?;
    writeln!(out, "Sources      {}; floor {}", sources(scenario), floor.id)?;
    if scenario.subject == Subject::Client {
        writeln!(out, "By hand      shakedown serve --case '{}' --ca-pem ca.pem", case.id)?;
        let right = match (must_refuse, case.pick) {
            (true, Pick::Natural) => "an error is right, a page is wrong",
            // It cannot be completed: only the server's line tells who gave up.
            (true, Pick::Forced) => "the line must say refused-by-client",
            (false, _) => "a page is right",
        };
        writeln!(out, "             curl --cacert ca.pem https://localhost:4433/        {right}")?;
    }
    checks(scenario, catalogue, out)
}

fn checks(scenario: &Scenario, catalogue: &Catalogue, out: &mut dyn Write) -> io::Result<()> {
    for check in scenario.checks.iter().filter_map(|id| catalogue.checks.get(id)) {
        let alerts: Vec<String> = check.alerts.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "Check        {}: the peer {}; {} ({})",
            check.id, check.peer_does, check.must, check.source
        )?;
        if !alerts.is_empty() {
            writeln!(out, "             alerts: {}", alerts.join(", "))?;
        }
    }
    Ok(())
}

fn sources(scenario: &Scenario) -> String {
    let mut all = scenario.refs.clone();
    all.push(format!("checks {}", scenario.checks.join(", ")));
    all.join("; ")
}
