//! From a policy to a server: all of it, or an error that says what is missing and who has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::Backend;
use crate::fit::{Item, fit};
use crate::pki::{CertificateKind, MintError, Pki};
use crate::policy::{NotPlayable, Policy};
use crate::registry;
use crate::run::stage::{ALPN_FOR_PEOPLE, Stage, StageError};

use super::certificates::carries;

/// Faults named in an error; a policy can have dozens.
const FAULTS_SHOWN: usize = 6;

/// Why a policy cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error(transparent)]
    NotPlayable(#[from] NotPlayable),
    #[error(transparent)]
    Mint(#[from] MintError),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error("{backend} cannot play {policy} as it is written: {faults}{able}{next}")]
    Lacking { backend: String, policy: String, faults: String, able: String, next: &'static str },
}

/// The certificates of a server.
#[derive(Clone, Copy, Debug)]
pub enum CertificateChoice<'a> {
    /// What the policy needs.
    Needed(&'a [CertificateKind]),
    /// What somebody chose: suites that need another one cannot be played, and that is what they want.
    Chosen(&'a [CertificateKind]),
}

/// The server of a policy, and what was left out of it: nothing, unless `partial` or for want of a certificate that
/// somebody left out.
///
/// # Errors
/// If the stack cannot play the policy as it is written, or nobody publishes what it holds.
pub fn policy_stage(
    policy: &Policy,
    backends: &BTreeMap<&'static str, Arc<dyn Backend>>,
    backend: &Arc<dyn Backend>,
    certificates: CertificateChoice<'_>,
    pki: &Pki,
    partial: bool,
) -> Result<(Stage, Vec<Item>), PlayError> {
    policy.playable()?;
    let (CertificateChoice::Needed(kinds) | CertificateChoice::Chosen(kinds)) = certificates;
    let identities = kinds.iter().map(|kind| pki.identity(*kind)).collect::<Result<Vec<_>, MintError>>()?;
    let (fitted, mut left_out) = fit(&**backend, policy, &identities);
    let uncarried = uncarried(policy, kinds);
    let idle: Vec<Item> = uncarried.iter().filter(|item| !left_out.contains(item)).cloned().collect();
    let mut faults: Vec<String> = left_out.iter().map(|item| format!("{} {item}", item.kind())).collect();
    // What somebody left without a certificate is no fault.
    if matches!(certificates, CertificateChoice::Needed(_)) {
        faults.extend(idle.iter().map(|suite| format!("no certificate here goes with {suite}")));
    }
    match fitted {
        Some(mut fitted) if faults.is_empty() || partial => {
            left_out.extend(idle);
            fitted.spec.alpn = ALPN_FOR_PEOPLE.map(<[u8]>::to_vec).to_vec();
            let certificate = kinds.first().copied();
            Ok((Stage::of_policy(fitted.policy, fitted.spec, certificate, backend)?, left_out))
        }
        fitted => {
            let lacks_certificate =
                matches!(certificates, CertificateChoice::Needed(_)) && !uncarried.is_empty();
            let others = backends.values().filter(|other| other.id() != backend.id() && !lacks_certificate);
            let plays_all = |other: &&Arc<dyn Backend>| {
                let (fitted, left_out) = fit(&***other, policy, &identities);
                fitted.is_some() && left_out.is_empty()
            };
            let able: Vec<&str> = others.filter(plays_all).map(|other| other.id()).collect();
            Err(PlayError::Lacking {
                backend: backend.id().to_owned(),
                policy: policy.id.clone(),
                faults: shown(&faults),
                able: if able.is_empty() {
                    String::new()
                } else {
                    format!("; --backend {} plays all of it", able.join(" or "))
                },
                next: if fitted.is_some() { "\n--partial serves the rest of it" } else { "" },
            })
        }
    }
}

/// Suites for which none of the certificates will do: a stack opens with them and never takes one.
fn uncarried(policy: &Policy, certificates: &[CertificateKind]) -> Vec<Item> {
    let is_idle = |suite: &registry::CipherSuite| {
        registry::suite(*suite).is_some_and(|facts| !carries(certificates, facts.authentication))
    };
    policy.suites.iter().copied().filter(is_idle).map(Item::Suite).collect()
}

fn shown(faults: &[String]) -> String {
    let (named, more) = faults.split_at(faults.len().min(FAULTS_SHOWN));
    let named = named.join(", ");
    if more.is_empty() { named } else { format!("{named}, {} more", more.len()) }
}
