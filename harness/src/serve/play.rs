//! From a policy to a server: all of it, or an error that says what is missing and who has it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::Backend;
use crate::fit::{Fitted, Item, fit};
use crate::pki::{CertificateKind, MintError, Pki};
use crate::policy::{NotPlayable, Policy};
use crate::run::stage::{ALPN_FOR_PEOPLE, Stage, StageError};

use super::certificates::{carries, for_policy};

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
    Lacking { backend: String, policy: String, faults: String, able: String, next: String },
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
/// If the stack cannot play the policy as it is written, if nothing of it would be left, or if nobody publishes what it
/// holds.
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
    // What somebody left without a certificate is no fault.
    let is_chosen = matches!(certificates, CertificateChoice::Chosen(_));
    let Part { fitted, left_out, idle } = Part::of(policy, &**backend, kinds, pki)?;
    let mut faults: Vec<String> = left_out.iter().map(|item| format!("{} {item}", item.kind())).collect();
    if !is_chosen || fitted.is_none() {
        faults.extend(idle.iter().map(|suite| format!("no certificate here goes with {suite}")));
    }
    match fitted {
        Some(mut fitted) if faults.is_empty() || partial => {
            fitted.spec.alpn = ALPN_FOR_PEOPLE.map(<[u8]>::to_vec).to_vec();
            let stage = Stage::of_policy(fitted.policy, fitted.spec, kinds.first().copied(), backend)?;
            Ok((stage, left_out.into_iter().chain(idle).collect()))
        }
        fitted => {
            let (mut all, mut some) = (Vec::new(), Vec::new());
            for other in backends.values().filter(|other| other.id() != backend.id()) {
                let part = Part::of(policy, &**other, kinds, pki)?;
                if part.fitted.is_some() {
                    let is_all = part.left_out.is_empty() && (is_chosen || part.idle.is_empty());
                    if is_all { &mut all } else { &mut some }.push(other.id());
                }
            }
            let next = if fitted.is_some() {
                "\n--partial serves the rest of it".to_owned()
            } else if !all.is_empty() {
                String::new()
            } else if is_chosen && Part::of(policy, &**backend, &for_policy(policy), pki)?.fitted.is_some() {
                "\nnothing of it is left; without --cert it has the certificates that it needs".to_owned()
            } else if !some.is_empty() {
                format!(
                    "\nnothing of it is left; --backend {} --partial serves a part of it",
                    some.join(" or ")
                )
            } else {
                format!(
                    "\nnothing of it is left to serve; shakedown policy show {} says what it has, and --policies DIR lays one of \
                     yours over it",
                    policy.id
                )
            };
            let able = if all.is_empty() {
                String::new()
            } else {
                format!("; --backend {} plays all of it", all.join(" or "))
            };
            Err(PlayError::Lacking {
                backend: backend.id().to_owned(),
                policy: policy.id.clone(),
                faults: shown(&faults),
                able,
                next,
            })
        }
    }
}

/// What of a policy a stack plays with these certificates.
struct Part {
    /// `None` if there is not a suite that a client could get.
    fitted: Option<Fitted>,
    /// What the stack cannot express.
    left_out: Vec<Item>,
    /// Suites for which none of the certificates will do: a stack opens with them and never takes one.
    idle: Vec<Item>,
}

impl Part {
    fn of(
        policy: &Policy,
        backend: &dyn Backend,
        kinds: &[CertificateKind],
        pki: &Pki,
    ) -> Result<Self, MintError> {
        let identities =
            kinds.iter().map(|kind| pki.identity(*kind)).collect::<Result<Vec<_>, MintError>>()?;
        let (fitted, left_out) = fit(backend, policy, &identities);
        // What the stack left out of the schemes may leave a certificate without one.
        let fitted_policy = fitted.as_ref().map_or(policy, |fitted| &fitted.policy);
        let (carried, idle): (Vec<_>, Vec<_>) =
            fitted_policy.suites.iter().partition(|suite| carries(fitted_policy, kinds, **suite));
        let idle =
            idle.into_iter().copied().map(Item::Suite).filter(|item| !left_out.contains(item)).collect();
        let is_empty = carried.is_empty();
        Ok(Self { fitted: fitted.filter(|_| !is_empty), left_out, idle })
    }
}

fn shown(faults: &[String]) -> String {
    let (named, more) = faults.split_at(faults.len().min(FAULTS_SHOWN));
    let named = named.join(", ");
    if more.is_empty() { named } else { format!("{named}, {} more", more.len()) }
}
