//! `policy list`.

use std::io::{self, Write};

use crate::policy::{Catalogue, Certainty, Floor, Policy, Status};
use crate::registry::{ProtocolVersion, shortened};
use crate::report::{fold, printable};

use super::super::exit::Exit;
use super::breaks::{Answer, Breaking};
use super::{WIDTH, caveat, json, origin, usage};

/// The policies that service and status leave, sorted by id.
pub fn choose(
    catalogue: &Catalogue,
    service: Option<&str>,
    status: Option<Status>,
) -> Result<Vec<Policy>, Exit> {
    if let Some(service) = service
        && !catalogue.services().contains(&service)
    {
        let known = catalogue.services().join(", ");
        return Err(usage(format!("unknown service {:?}; known: {known}", shortened(service))));
    }
    let mut policies = catalogue.policies().map_err(usage)?;
    policies.retain(|policy| {
        let its = policy.provenance.as_ref().map(|provenance| provenance.status);
        service.is_none_or(|service| policy.service() == service)
            && status.is_none_or(|status| its == Some(status))
    });
    if policies.is_empty() {
        return Err(Exit::nothing("no policy has this service and status"));
    }
    Ok(policies)
}

pub fn print(
    policies: &[Policy],
    floor: Option<&Floor>,
    catalogue: &Catalogue,
    as_json: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let answers: Vec<Option<Breaking>> =
        policies.iter().map(|policy| floor.map(|floor| Breaking::of(floor, policy))).collect();
    let rows = || policies.iter().zip(&answers);
    if as_json {
        return rows().try_for_each(|(policy, breaking)| {
            json::line(&json::policy(policy, breaking.as_ref(), catalogue), out)
        });
    }
    let width = policies.iter().map(|policy| printable(&policy.id).chars().count()).max().unwrap_or(0);
    write!(out, "{:width$}  {:8}  {:>6}", "id", "versions", "suites")?;
    writeln!(out, "{}", if floor.is_some() { "  breaks" } else { "" })?;
    for (policy, breaking) in rows() {
        write!(out, "{:width$}  {:8}  {:>6}", printable(&policy.id), range(&policy.versions), count(policy))?;
        if let Some(breaking) = breaking {
            write!(out, "  {}", breaking.answer().as_str())?;
        }
        writeln!(out)?;
        let mut lines = Vec::new();
        for remark in remarks(policy, breaking.as_ref(), catalogue) {
            fold(&mut lines, "  ", "    ", &printable(&remark), WIDTH);
        }
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    if let Some(floor) = floor {
        let number = |wanted| answers.iter().flatten().filter(|breaking| breaking.answer() == wanted).count();
        writeln!(
            out,
            "\n{} policies: {} break floor {}, {} do not, {} unknown.",
            policies.len(),
            number(Answer::Yes),
            floor.id,
            number(Answer::No),
            number(Answer::Unknown)
        )?;
    }
    Ok(())
}

/// `1.0-1.2`: the harness knows no policy with a gap; one that has is written out.
fn range(versions: &[ProtocolVersion]) -> String {
    let short = |version: &ProtocolVersion| version.title().replace("TLS ", "").replace("SSL ", "SSL");
    let all: Vec<String> = versions.iter().map(short).collect();
    let has_gap = versions.windows(2).any(|pair| pair[1].0 != pair[0].0 + 1);
    match &all[..] {
        [] => "-".to_owned(),
        [only] => only.clone(),
        [first, .., last] if !has_gap => format!("{first}-{last}"),
        _ => all.join(","),
    }
}

/// How many suites are its own.
fn count(policy: &Policy) -> String {
    if policy.suites.is_empty() || policy.is_stand_in() {
        "-".to_owned()
    } else {
        policy.suites.len().to_string()
    }
}

fn remarks(policy: &Policy, breaking: Option<&Breaking>, catalogue: &Catalogue) -> Vec<String> {
    let mut remarks: Vec<String> =
        [origin(policy, catalogue), caveat(policy, catalogue)].into_iter().flatten().collect();
    let standing = standing(policy);
    if !standing.is_empty() {
        remarks.push(standing.join(", "));
    }
    let codes = breaking.map(Breaking::codes).unwrap_or_default();
    if !codes.is_empty() {
        remarks.push(format!("breaks: {}", codes.join(", ")));
    }
    remarks
}

/// How the policy stands with its service, and what is not sure about it.
fn standing(policy: &Policy) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(known) = &policy.provenance {
        words.extend(Some(known.status.to_string()).filter(|_| known.status != Status::Current));
        let certainty = format!("certainty {}", known.certainty);
        words.extend(Some(certainty).filter(|_| known.certainty != Certainty::Certain));
    }
    // The column beside the id shows them like published ones.
    words.extend(policy.is_derived("versions").then(|| "versions derived".to_owned()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_a_range_unless_one_is_left_out() {
        use ProtocolVersion as V;
        let table: [(&[V], &str); 6] = [
            (&[], "-"),
            (&[V::TLS1_2], "1.2"),
            (&[V::SSL3], "SSL3"),
            (&V::ALL, "SSL3-1.3"),
            (&[V::TLS1_0, V::TLS1_1], "1.0-1.1"),
            (&[V::TLS1_0, V::TLS1_2, V::TLS1_3], "1.0,1.2,1.3"),
        ];
        for (versions, expected) in table {
            assert_eq!(range(versions), expected);
        }
    }
}
