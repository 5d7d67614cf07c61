//! Measures which suites the stacks of this build complete: the truth behind `scenarios/live.txt`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::pair::{PairOutcome, handshake};
use crate::engine::{Backend, EndpointSpec, ExternalPsk, Role};
use crate::pki::{CertificateKind, MintError, Pki};
use crate::registry::{self, Authentication, CipherSuite, ProtocolVersion, SuiteKind};
use crate::scenario::LiveSuites;

/// Completes every suite in every version with every backend against itself, in memory.
pub fn measure(
    backends: &BTreeMap<&'static str, Arc<dyn Backend>>,
    pki: &Pki,
) -> Result<LiveSuites, MintError> {
    let mut live = LiveSuites::default();
    for facts in registry::suites().iter().filter(|f| f.kind == SuiteKind::Suite) {
        let identity = match facts.authentication {
            Authentication::Ecdsa => Some(pki.identity(CertificateKind::EcdsaP256)?),
            Authentication::Dss => Some(pki.identity(CertificateKind::Dsa2048)?),
            Authentication::Anon | Authentication::Psk => None,
            _ => Some(pki.identity(CertificateKind::Rsa2048)?),
        };
        let wants_psk = matches!(facts.authentication, Authentication::Psk | Authentication::RsaPsk);
        for version in ProtocolVersion::ALL {
            let spec = EndpointSpec {
                versions: vec![version],
                suites: vec![facts.suite],
                identities: identity.iter().cloned().collect(),
                server_name: "localhost".to_owned(),
                dh_bits: 2048,
                psk: wants_psk.then(|| ExternalPsk {
                    identity: "live".to_owned(),
                    key: b"test-only pre-shared key 32 bytes".to_vec(),
                    without_dhe: false,
                }),
                ..EndpointSpec::default()
            };
            if backends.values().any(|backend| completes(&**backend, &spec, version, facts.suite)) {
                live.insert(facts.suite, version);
            }
        }
    }
    Ok(live)
}

fn completes(
    backend: &dyn Backend,
    spec: &EndpointSpec,
    version: ProtocolVersion,
    suite: CipherSuite,
) -> bool {
    let client_spec = EndpointSpec { identities: Vec::new(), ..spec.clone() };
    let (Ok(mut server), Ok(mut client)) =
        (backend.open(Role::Server, spec), backend.open(Role::Client, &client_spec))
    else {
        return false;
    };
    let (outcome, _) = handshake(&mut *client, &mut *server);
    outcome == PairOutcome::Done
        && client.negotiated().is_some_and(|n| n.version == version && n.suite == suite)
        && server.negotiated() == client.negotiated()
}
