//! Sessions that a first flight proposed, completed with a client up to application data in both directions.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{Backend, EndpointSpec, Role};
use crate::net::{Setup, run_in_memory};
use crate::observe::{Ending, Reach};
use crate::pki::{CertificateKind, MintError, Pki};
use crate::registry::{self, NamedGroup, ProtocolVersion, SuiteFacts};

use super::tally::Session;

/// What every server of the harness speaks behind the handshake (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

/// Tries of a session with a finite field. RFC 5246 8.1.2 strips leading zeros from the shared secret and s2n keeps them,
/// so that one session in 256 fails with any other stack.
const FINITE_FIELD_TRIES: usize = 3;

/// Whether a server of this stack and some client complete exactly this session; else why not.
///
/// The clients are all stacks, OpenSSL first: it plays the most. The certificate is verified.
pub fn complete(
    server: &dyn Backend,
    session: &Session,
    clients: &BTreeMap<&'static str, Arc<dyn Backend>>,
    pki: &Pki,
) -> Result<Result<(), String>, MintError> {
    let ends = EndpointSpec {
        versions: vec![session.version],
        suites: vec![session.suite],
        groups: groups(session),
        server_name: "localhost".to_owned(),
        alpn: vec![ALPN.to_vec()],
        ..EndpointSpec::default()
    };
    // s2n plays ranges up to TLS 1.2 or up to TLS 1.3 only; the client holds it to the one version.
    let up_to = session.version.max(ProtocolVersion::TLS1_2);
    let range =
        ProtocolVersion::ALL.into_iter().filter(|version| (session.version..=up_to).contains(version));
    let server_spec = EndpointSpec {
        versions: range.collect(),
        identity: Some(pki.identity(session.certificate)?),
        server_order: true,
        dh_bits: session.dh_bits,
        ..ends.clone()
    };
    let mut client_spec = EndpointSpec { trust: Some(Arc::new(pki.ca_der().to_vec())), ..ends };
    // RFC 8422 5.3: up to TLS 1.2 the client's groups are for the certificate's key, too.
    if session.certificate == CertificateKind::EcdsaP256
        && session.version < ProtocolVersion::TLS1_3
        && !client_spec.groups.contains(&NamedGroup::SECP256R1)
    {
        client_spec.groups.push(NamedGroup::SECP256R1);
    }
    let mut why = String::from("no client");
    let tries = if is_finite_field(session) { FINITE_FIELD_TRIES } else { 1 };
    for client in clients.values().flat_map(|client| std::iter::repeat_n(client, tries)) {
        let engine = match server.open(Role::Server, &server_spec) {
            Ok(engine) => engine,
            Err(cannot) => return Ok(Err(cannot.to_string())),
        };
        let mut client_engine = match client.open(Role::Client, &client_spec) {
            Ok(engine) => engine,
            // The next one may: why a client failed that could play says more.
            Err(_) => continue,
        };
        let (seen, said) = run_in_memory(&mut *client_engine, Setup { engine, edits: Vec::new() });
        let Some(proposal) = &seen.proposal else {
            why = format!("{} as client: {:?}", client.id(), said.failure);
            continue;
        };
        let is_it = (proposal.version, proposal.suite) == (session.version, session.suite)
            && (is_finite_field(session) || proposal.group == session.group)
            && seen.disagreement.is_none();
        if is_it && seen.reach == Reach::Data && seen.ending == Ending::Completed && said.connected {
            return Ok(Ok(()));
        }
        why = format!(
            "{} as client: {:?} {:?} {:?}",
            client.id(),
            seen.ending,
            said.failure,
            seen.disagreement
        );
    }
    Ok(Err(why))
}

/// The session's group; a finite field up to TLS 1.2 is the server's own and has no name.
fn groups(session: &Session) -> Vec<NamedGroup> {
    if is_finite_field(session) { Vec::new() } else { session.group.into_iter().collect() }
}

fn is_finite_field(session: &Session) -> bool {
    session.version < ProtocolVersion::TLS1_3
        && registry::suite(session.suite).is_some_and(SuiteFacts::is_ephemeral_finite_field)
}
