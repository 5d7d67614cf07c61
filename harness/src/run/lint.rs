//! What a client's hello alone says, and which classes stayed unproven.

use std::collections::BTreeSet;

use crate::judge::{Class, Finding, FindingCode};
use crate::policy::{Floor, Treatment};
use crate::registry::{self, ForwardSecrecy, ProtocolVersion};

/// What the hello alone says (once per client).
pub fn lint(floor: &Floor, offer: &crate::oracle::Offer) -> Vec<Finding> {
    let mut findings = Vec::new();
    let highest = offer.max_version();
    if let (Some(recommended), Some(highest)) = (floor.recommended_version, highest)
        && highest < recommended
    {
        let detail = format!(
            "offers at most {}, recommended is {}: {}",
            highest.title(),
            recommended.title(),
            floor.source
        );
        findings.push(Finding::new(FindingCode::BelowRecommendedVersion, detail));
    }
    let old: Vec<String> = (offer.supported_versions.iter().flatten())
        .filter(|v| **v < floor.min_version && ProtocolVersion::ALL.contains(v))
        .map(|v| v.title())
        .collect();
    let weak = offer
        .suites
        .iter()
        .filter_map(|suite| registry::suite(*suite))
        .filter(|facts| facts.kind == registry::SuiteKind::Suite)
        .filter(|facts| {
            (floor.no_forward_secrecy != Treatment::Allow
                && facts.forward_secrecy() == ForwardSecrecy::Absent)
                || (floor.unauthenticated != Treatment::Allow && !facts.is_authenticated())
                || (floor.unencrypted != Treatment::Allow && !facts.is_encrypted())
        })
        .count();
    let psk_ke = offer.psk_modes.as_ref().is_some_and(|modes| modes.contains(&0));
    let mut what = Vec::new();
    if !old.is_empty() {
        what.push(old.join(", "));
    }
    if weak > 0 {
        what.push(format!("{weak} suites that the floor forbids"));
    }
    if psk_ke && floor.no_forward_secrecy != Treatment::Allow {
        what.push("psk_ke".to_owned());
    }
    if !what.is_empty() {
        findings.push(Finding::new(FindingCode::WeakOffered, format!("offers {}", what.join(", "))));
    }
    findings
}

/// The classes that the floor names and nothing proved.
pub(super) fn unproven(
    floor: &Floor,
    proven: &BTreeSet<Class>,
    only: Option<&BTreeSet<Class>>,
) -> Vec<Class> {
    Class::ALL
        .into_iter()
        .filter(|class| match class {
            Class::Version => true,
            Class::ForwardSecrecy => floor.no_forward_secrecy == Treatment::Fail,
            Class::Authentication => floor.unauthenticated == Treatment::Fail,
            Class::Encryption => floor.unencrypted == Treatment::Fail,
        })
        .filter(|class| !proven.contains(class) && only.is_none_or(|wanted| wanted.contains(class)))
        .collect()
}
