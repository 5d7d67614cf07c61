//! What a server accepts and a floor forbids.

use std::collections::BTreeMap;

use crate::oracle::{Proposal, Rule, breaches};
use crate::policy::{Floor, Treatment};
use crate::registry::{self, CipherSuite, GroupFacts, KeyAlgorithm, ProtocolVersion};

use super::certificate::Chain;
use super::found::Found;

/// A rule that sessions of a server break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub rule: Rule,
    /// Warn or fail.
    pub treatment: Treatment,
    /// Each once, oldest version first.
    pub sessions: Vec<(ProtocolVersion, CipherSuite)>,
}

/// Every rule of the floor that an accepted session breaks.
pub fn broken(floor: &Floor, found: &Found) -> Vec<Broken> {
    let mut all: BTreeMap<(Rule, Treatment), Vec<(ProtocolVersion, CipherSuite)>> = BTreeMap::new();
    for accepted in found.accepted() {
        let is_tls13 = accepted.version >= ProtocolVersion::TLS1_3;
        for proposed in &accepted.proposed {
            let suite = &proposed.suite;
            let rsa_bits = |chain: &Chain| chain.bits.filter(|_| chain.key == Some(KeyAlgorithm::Rsa));
            // In TLS 1.3 the certificate is encrypted: the server may show any that it has.
            let certificate_bits = match &proposed.chain {
                Some(chain) => rsa_bits(chain),
                None if is_tls13 => found.certificates.iter().filter_map(rsa_bits).min(),
                None => None,
            };
            let plain = Proposal {
                dh_bits: proposed.dh_bits,
                certificate_bits,
                ..Proposal::new(accepted.version, *suite)
            };
            let fields = found.groups.iter().filter(|list| is_tls13 && list.version == accepted.version);
            let fields = fields
                .flat_map(|list| &list.items)
                .filter(|group| registry::group(**group).and_then(GroupFacts::dh_bits).is_some());
            let with_field = fields.map(|group| Proposal { group: Some(*group), ..plain.clone() });
            for proposal in std::iter::once(plain.clone()).chain(with_field) {
                for breach in breaches(floor, &proposal) {
                    let sessions = all.entry((breach.rule, breach.treatment)).or_default();
                    if !sessions.contains(&(accepted.version, *suite)) {
                        sessions.push((accepted.version, *suite));
                    }
                }
            }
        }
    }
    all.into_iter().map(|((rule, treatment), sessions)| Broken { rule, treatment, sessions }).collect()
}
