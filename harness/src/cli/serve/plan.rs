//! From the options to what is served, at the start and whenever the policy is read again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::engine::{Backend, backends};
use crate::fit::Item;
use crate::pki::{CertificateKind, Pki};
use crate::policy::Floor;
use crate::registry::{self, CipherSuite, ProtocolVersion};
use crate::run::catalogue::Catalogue;
use crate::run::stage::Stage;
use crate::scenario::Subject;
use crate::serve::{CertificateChoice, Staged, for_policy, policy_stage};

use super::super::clients::nearest;
use super::super::exit::Exit;
use super::super::policy::catalogue;
use super::{Serve, Told};

/// What stays the same while the policy is read again.
pub(super) struct Plan {
    what: What,
    policies: Option<PathBuf>,
    backends: BTreeMap<&'static str, Arc<dyn Backend>>,
    backend: Arc<dyn Backend>,
    certificates: Vec<CertificateKind>,
    partial: bool,
    floor: Floor,
    pub(super) pki: Pki,
}

enum What {
    Policy(String),
    Case(String),
    Forced(ProtocolVersion, CipherSuite),
}

impl Plan {
    pub(super) fn new(options: &Serve) -> Result<Self, Exit> {
        let what = match (&options.policy, &options.case, options.force_version, options.force_suite) {
            (Some(policy), ..) => What::Policy(policy.clone()),
            (_, Some(case), ..) => What::Case(case.clone()),
            (_, _, Some(version), Some(suite)) => What::Forced(version, suite),
            _ => {
                return Err(Exit::usage(
                    "nothing to serve: --policy ID, --case ID, or --force-version and --force-suite",
                ));
            }
        };
        let backends = backends();
        let Some(backend) = backends.get(options.backend.as_str()).cloned() else {
            let known: Vec<&str> = backends.keys().copied().collect();
            return Err(Exit::usage(format!(
                "unknown backend {:?}; known: {}",
                options.backend,
                known.join(", ")
            )));
        };
        let mut kinds: Vec<_> = options.certificates.iter().map(|kind| kind.key().algorithm()).collect();
        kinds.sort_unstable();
        if kinds.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Exit::usage("two certificates with the same kind of key: a stack shows one of each"));
        }
        if options.certificates.len() > 1 && options.certificates.iter().any(|kind| kind.is_bad()) {
            return Err(Exit::usage(
                "a wrong certificate stands alone: beside another one nobody can tell which of them a client was shown",
            ));
        }
        let catalogue = Catalogue::load(&[]).map_err(|e| Exit::usage(e.to_string()))?;
        Ok(Self {
            what,
            policies: options.policies.clone(),
            backends,
            backend,
            certificates: options.certificates.clone(),
            partial: options.partial,
            floor: options.floor.resolve(&catalogue)?,
            pki: Pki::mint().map_err(|e| Exit::harness(e.to_string()))?,
        })
    }

    /// Name and version.
    pub(super) fn backend_name(&self) -> String {
        format!("{} {}", self.backend.id(), self.backend.version())
    }

    /// Reads the policy, or the case, and opens it once.
    pub(super) fn stage(&self) -> Result<(Staged, Told), Exit> {
        let (stage, certificates, told) = match &self.what {
            What::Policy(id) => self.policy(id)?,
            What::Case(id) => self.case(id)?,
            What::Forced(version, suite) => self.forced(*version, *suite)?,
        };
        Ok((Staged { stage, certificates, floor: self.floor.clone() }, told))
    }

    fn policy(&self, id: &str) -> Result<(Stage, Vec<CertificateKind>, Told), Exit> {
        let catalogue = catalogue(self.policies.as_deref())?;
        let policy = catalogue.find(id).map_err(|e| Exit::usage(crate::report::printable(&e.to_string())))?;
        let needed = for_policy(&policy);
        let shown = match self.certificates.as_slice() {
            [] => CertificateChoice::Needed(&needed),
            chosen => CertificateChoice::Chosen(chosen),
        };
        let (stage, left_out) =
            policy_stage(&policy, &self.backends, &self.backend, shown, &self.pki, self.partial)
                .map_err(|e| Exit::usage(e.to_string()))?;
        let word = |item: &Item| format!("{} {item}", item.kind());
        let told =
            Told { stand_in: policy.lender().is_some(), left_out: left_out.iter().map(word).collect() };
        let (CertificateChoice::Needed(certificates) | CertificateChoice::Chosen(certificates)) = shown;
        Ok((stage, certificates.to_vec(), told))
    }

    fn case(&self, id: &str) -> Result<(Stage, Vec<CertificateKind>, Told), Exit> {
        let catalogue = Catalogue::load(&[]).map_err(|e| Exit::usage(e.to_string()))?;
        let Some(case) = catalogue.cases.iter().find(|case| case.id == id) else {
            let known: Vec<&str> = catalogue.cases.iter().map(|case| case.id.as_str()).collect();
            let near = nearest(id, &known).join(", ");
            return Err(Exit::usage(format!(
                "unknown case {id:?}; near: {near}\nshakedown list cases shows all"
            )));
        };
        if case.scenario.subject == Subject::Server {
            return Err(Exit::usage(format!("{id} is about a server: there is none to play")));
        }
        if !self.certificates.is_empty() {
            return Err(Exit::usage("a case has its own certificate: leave --cert out"));
        }
        let stage = Stage::of(case, &self.backend, &self.pki).map_err(|e| Exit::usage(e.to_string()))?;
        let certificates = stage.certificate.into_iter().collect();
        Ok((stage, certificates, Told::default()))
    }

    fn forced(
        &self,
        version: ProtocolVersion,
        suite: CipherSuite,
    ) -> Result<(Stage, Vec<CertificateKind>, Told), Exit> {
        // Its flight behind the ServerHello is protected with keys that the client does not have: whoever accepts it ends
        // it with bad_record_mac, and that looks like a refusal.
        if version >= ProtocolVersion::TLS1_3 {
            return Err(Exit::usage(
                "a TLS 1.3 session cannot be forced: no client could read it; serve a policy of yours with that one suite \
                 (--policies DIR)",
            ));
        }
        let facts = registry::suite(suite);
        if !facts.is_some_and(|facts| facts.played_in(version)) {
            return Err(Exit::usage(format!(
                "no text puts {} and {suite} together; shakedown list suites shows the versions of a suite",
                version.title()
            )));
        }
        let certificate = match (self.certificates.as_slice(), facts.map(|facts| facts.authentication)) {
            ([], Some(registry::Authentication::Anon | registry::Authentication::Psk)) => None,
            ([], Some(registry::Authentication::Ecdsa)) => Some(CertificateKind::EcdsaP256),
            ([], _) => Some(CertificateKind::Rsa2048),
            ([kind], _) => Some(*kind),
            _ => return Err(Exit::usage("a forced session shows one certificate: give --cert once")),
        };
        let stage = Stage::forced(version, suite, certificate, &self.backend, &self.pki)
            .map_err(|e| Exit::usage(e.to_string()))?;
        Ok((stage, certificate.into_iter().collect(), Told::default()))
    }
}

/// A folder that is gone when the server is.
pub(super) fn temporary_folder() -> Result<tempfile::TempDir, Exit> {
    tempfile::Builder::new()
        .prefix("shakedown-serve-")
        .tempdir()
        .map_err(|e| Exit::harness(format!("cannot make a temporary folder: {e}")))
}

/// `--cert`: a kind of certificate, also by its short name.
pub(super) fn certificate(name: &str) -> Result<CertificateKind, String> {
    let long = match name {
        "ecdsa256" => "ecdsa-p256",
        "ecdsa384" => "ecdsa-p384",
        other => other,
    };
    CertificateKind::ALL.into_iter().find(|kind| kind.as_str() == long).ok_or_else(|| {
        format!(
            "allowed: {} (also ecdsa256, ecdsa384)",
            CertificateKind::ALL.map(CertificateKind::as_str).join(", ")
        )
    })
}
