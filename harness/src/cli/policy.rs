//! `policy`: what servers accept, by the names of AWS and others.

mod breaks;
mod diff;
mod json;
mod list;
mod overlay;
mod show;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::policy::{Catalogue, Origin, Policy, Status};
use crate::registry::ProtocolVersion;
use crate::report::printable;

use super::exit::Exit;
use super::page::WIDTH;

pub use overlay::catalogue;
pub use show::suite_line;

/// Names what servers accept: the policies of AWS services, of s2n-tls and of guidelines.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shakedown policy list --service elb                     the policies of one service
  shakedown policy list --breaks aws                      which of them allow what floor aws forbids
  shakedown policy show elb/ELBSecurityPolicy-2016-08     everything about one, with its sources
  shakedown policy show TLSv1.2_2021                      by its name, if one policy has it
  shakedown policy diff elb/ELBSecurityPolicy-2016-08 elb/ELBSecurityPolicy-FS-2018-06
  shakedown policy list --policies my --service mine      with files of yours, my/mine/NAME.toml

--json prints one JSON object per line; its keys are those of schema/policies-1.json.
--breaks says `yes` if a session that the policy allows breaks a rule of the floor that fails, `no`
if none does, `unknown` if that cannot be told: AWS publishes no list for some policies, and a
stand-in proves nothing.")]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: Command,
    /// Policy files of yours over the built-in ones: DIR/SERVICE/NAME.toml; one of the same id replaces the other
    #[arg(long, value_name = "DIR", global = true)]
    policies: Option<PathBuf>,
    /// One JSON object per line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List policies, with their versions and number of suites
    List {
        /// Only those of a service: elb, elb-classic, cloudfront, apigateway, opensearch, s2n, mozilla, bsi, nist,
        /// harness
        #[arg(long, value_name = "NAME")]
        service: Option<String>,
        /// Only those of a status: current, legacy, superseded, removed-from-docs or unannounced
        #[arg(long, value_name = "STATUS", value_parser = status)]
        status: Option<Status>,
        /// Say for each whether a session that it allows could break this floor
        #[arg(long, value_name = "FLOOR")]
        breaks: Option<String>,
    },
    /// Show everything about one policy
    Show {
        /// Id, or name without the service if one policy has it
        #[arg(value_name = "ID")]
        id: String,
        /// Say whether a session that it allows could break this floor
        #[arg(long, value_name = "FLOOR")]
        breaks: Option<String>,
    },
    /// Show what one policy has and another one has not, and what they order differently
    Diff {
        /// Id, or name without the service if one policy has it
        #[arg(value_name = "A")]
        a: String,
        /// The other one
        #[arg(value_name = "B")]
        b: String,
    },
}

impl PolicyArgs {
    pub fn run(self) -> Result<u8, Exit> {
        let catalogue = catalogue(self.policies.as_deref())?;
        let out = &mut io::stdout().lock();
        match self.command {
            Command::List { service, status, breaks } => {
                let floor = breaks.as_deref().map(breaks::floor).transpose()?;
                let chosen = list::choose(&catalogue, service.as_deref(), status)?;
                list::print(&chosen, floor.as_ref(), &catalogue, self.json, out)?;
            }
            Command::Show { id, breaks } => {
                let floor = breaks.as_deref().map(breaks::floor).transpose()?;
                let policy = find(&catalogue, &id)?;
                let breaking = floor.as_ref().map(|floor| breaks::Breaking::of(floor, &policy));
                if self.json {
                    json::line(&json::policy(&policy, breaking.as_ref(), &catalogue), out)?;
                } else {
                    show::print(&policy, breaking.as_ref(), &catalogue, out)?;
                }
            }
            Command::Diff { a, b } => {
                let (a, b) = (find(&catalogue, &a)?, find(&catalogue, &b)?);
                let found = diff::Difference::of(&a, &b, &catalogue);
                if self.json {
                    json::line(&found.json(), out)?;
                } else {
                    found.print(out)?;
                }
            }
        }
        out.flush()?;
        Ok(Exit::GOOD)
    }
}

pub fn find(catalogue: &Catalogue, name: &str) -> Result<Policy, Exit> {
    catalogue.find(name).map_err(usage)
}

/// Names of files, ids and TOML's own messages hold what their author wrote.
fn usage(error: impl Display) -> Exit {
    Exit::usage(printable(&error.to_string()))
}

fn status(word: &str) -> Result<Status, String> {
    let words = || Status::ALL.iter().map(|status| status.as_str());
    let found = Status::ALL.iter().find(|status| status.as_str() == word);
    found.copied().ok_or_else(|| format!("allowed: {}", words().collect::<Vec<_>>().join(", ")))
}

/// What has to be said of a policy whose list is not its own; reports repeat it wherever such a policy stands.
fn caveat(policy: &Policy, catalogue: &Catalogue) -> Option<String> {
    const OF_AWS: [&str; 5] = ["elb", "elb-classic", "cloudfront", "apigateway", "opensearch"];
    let is_yours = |id| catalogue.origin(id) != Origin::BuiltIn;
    // What a user's file of such a name lacks says nothing of AWS.
    let is_of_aws = OF_AWS.contains(&policy.service()) && !is_yours(&policy.id);
    let none =
        |what| if is_of_aws { format!("AWS publishes no {what}") } else { format!("no {what} published") };
    match policy.lender() {
        Some(lender) => {
            // What is built in borrows from what is built in.
            let built_in = if is_yours(lender) && !is_yours(&policy.id) { "the built-in " } else { "" };
            Some(format!("stand-in: suites of {built_in}{lender}, {}", none("list")))
        }
        None if policy.versions.is_empty() => Some(none("list and no versions")),
        None if policy.suites.is_empty() => Some(none("list")),
        None => None,
    }
}

/// `yours: my/elb/X.toml (replaces the built-in one)`; nothing of what is built in.
fn origin(policy: &Policy, catalogue: &Catalogue) -> Option<String> {
    match catalogue.origin(&policy.id) {
        Origin::BuiltIn => None,
        Origin::Yours { file, replaces: true } => Some(format!("yours: {file} (replaces the built-in one)")),
        Origin::Yours { file, replaces: false } => Some(format!("yours: {file}")),
    }
}

/// `TLS 1.0, TLS 1.1`.
pub fn titles(versions: &[ProtocolVersion]) -> String {
    versions.iter().map(|version| version.title()).collect::<Vec<_>>().join(", ")
}
