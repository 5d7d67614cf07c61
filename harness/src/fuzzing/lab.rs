//! What all targets share, built once: a configuration per input would cost twenty times the handshake.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::engine::{Backend, backends};
use crate::matrix::Quirks;
use crate::pki::{CertificateKind, Identity, Pki};
use crate::policy::{Catalogue, Floor, Policy};
use crate::scenario::embedded;

/// The stacks, in the order in which inputs name them.
pub(super) const STACKS: [&str; 3] = ["openssl", "rustls", "s2n"];

/// Policies, stacks, certificates.
pub(super) struct Lab {
    /// What can be played, in the order of their ids.
    pub policies: Vec<Policy>,
    backends: BTreeMap<&'static str, Arc<dyn Backend>>,
    pki: Pki,
    quirks: Quirks,
    /// By stack, the places of its quirks.
    candidates: Vec<Vec<usize>>,
}

/// The one lab of the process.
#[expect(clippy::expect_used, reason = "what is embedded is tested; without it no target can run")]
pub(super) fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| {
        let catalogue = Catalogue::embedded().expect("the embedded policies are read by the tests");
        let mut policies = catalogue.policies().expect("the embedded policies are read by the tests");
        policies.retain(|policy| policy.playable().is_ok());
        policies.sort_by(|a, b| a.id.cmp(&b.id));
        let text = embedded::file("quirks.toml").expect("it is embedded");
        let quirks = Quirks::parse("quirks.toml", text).expect("it is read by the tests");
        let backends = backends();
        let candidates = STACKS
            .iter()
            .map(|stack| backends.get(stack).map(|b| quirks.of(stack, &b.version())).unwrap_or_default());
        let candidates = candidates.collect();
        Lab { policies, pki: Pki::mint().expect("keys can be minted"), quirks, candidates, backends }
    })
}

/// `aws`: the strictest of the services'. Apart from the lab, so that what judges is not linked with the stacks.
#[expect(clippy::expect_used, reason = "what is embedded is tested; without it no target can run")]
pub(super) fn floor() -> &'static Floor {
    static FLOOR: OnceLock<Floor> = OnceLock::new();
    FLOOR.get_or_init(|| {
        let text = embedded::file("floors/aws.toml").expect("it is embedded");
        Floor::parse("floors/aws.toml", text).expect("it is read by the tests")
    })
}

pub(super) fn prepare_floor() {
    floor();
}

pub(super) fn prepare() {
    lab();
}

impl Lab {
    /// The stack of that name, one of [`STACKS`].
    pub fn backend(&self, name: &str) -> &dyn Backend {
        &*self.backends[name]
    }

    #[expect(clippy::expect_used, reason = "a kind that was minted once is kept")]
    pub fn identity(&self, kind: CertificateKind) -> Arc<Identity> {
        self.pki.identity(kind).expect("a leaf can be minted")
    }

    pub fn quirks(&self, stack: usize) -> (&Quirks, &[usize]) {
        (&self.quirks, &self.candidates[stack])
    }
}
