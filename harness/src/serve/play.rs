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

/// Items named in an error; a policy can lack dozens.
const ITEMS_SHOWN: usize = 6;

/// Why a policy cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error(transparent)]
    NotPlayable(#[from] NotPlayable),
    #[error(transparent)]
    Mint(#[from] MintError),
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error(
        "{backend} cannot play {count} parts of {policy}: {items}{able}\n--partial serves the rest of it"
    )]
    Partly { backend: String, policy: String, count: usize, items: String, able: String },
    #[error("{backend} cannot play anything of {policy}: {why}{able}")]
    NotAtAll { backend: String, policy: String, why: String, able: String },
}

/// The certificates of a server.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
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
    certificates_shown: Shown<'_>,
    pki: &Pki,
    partial: bool,
) -> Result<(Stage, Vec<Item>), PlayError> {
    policy.playable()?;
    let (Shown::Needed(certificates) | Shown::Chosen(certificates)) = certificates_shown;
    let identities =
        certificates.iter().map(|kind| pki.identity(*kind)).collect::<Result<Vec<_>, MintError>>()?;
    let (fitted, mut left_out) = fit(&**backend, policy, &identities);
    let idle = uncarried(policy, certificates);
    if matches!(certificates_shown, Shown::Needed(_)) {
        left_out.extend(idle.iter().cloned());
    }
    let able = || {
        let others = backends.values().filter(|other| other.id() != backend.id());
        let able: Vec<&str> = others
            .filter(|other| {
                let (fitted, left_out) = fit(&***other, policy, &identities);
                fitted.is_some() && left_out.is_empty()
            })
            .map(|other| other.id())
            .collect();
        if able.is_empty() {
            String::new()
        } else {
            format!("; --backend {} plays all of it", able.join(" or "))
        }
    };
    let Some(mut fitted) = fitted else {
        return Err(PlayError::NotAtAll {
            backend: backend.id().to_owned(),
            policy: policy.id.clone(),
            why: named(&left_out),
            able: able(),
        });
    };
    if !left_out.is_empty() && !partial {
        return Err(PlayError::Partly {
            backend: backend.id().to_owned(),
            policy: policy.id.clone(),
            count: left_out.len(),
            items: named(&left_out),
            able: able(),
        });
    }
    fitted.spec.alpn = ALPN_FOR_PEOPLE.map(<[u8]>::to_vec).to_vec();
    if matches!(certificates_shown, Shown::Chosen(_)) {
        left_out.extend(idle);
    }
    let stage = Stage::of_policy(fitted.policy, fitted.spec, certificates.first().copied(), backend)?;
    Ok((stage, left_out))
}

/// Suites for which none of the certificates will do: a stack opens with them and never takes one.
fn uncarried(policy: &Policy, certificates: &[CertificateKind]) -> Vec<Item> {
    let is_idle = |suite: &registry::CipherSuite| {
        registry::suite(*suite).is_some_and(|facts| !carries(certificates, facts.authentication))
    };
    policy.suites.iter().copied().filter(is_idle).map(Item::Suite).collect()
}

fn named(items: &[Item]) -> String {
    let mut shown: Vec<String> =
        items.iter().take(ITEMS_SHOWN).map(|item| format!("{} {item}", item.kind())).collect();
    if items.len() > ITEMS_SHOWN {
        shown.push(format!("{} more", items.len() - ITEMS_SHOWN));
    }
    shown.join(", ")
}
