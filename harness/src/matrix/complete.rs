//! Sessions that a first flight proposed, completed with a client up to application data in both directions.

use std::sync::Arc;

use crate::engine::{Backend, EndpointSpec, Role};
use crate::net::{Setup, run_in_memory};
use crate::observe::{Ending, Reach};
use crate::pki::{CertificateKind, MintError, Pki};
use crate::registry::{self, AlertDescription, Cipher, NamedGroup, ProtocolVersion, SuiteFacts};

use super::family::Family;
use super::play::Matrix;
use super::quirk::Deviation;
use super::rule::Rule;
use super::tally::{Disagreement, Session, Tally};

/// What every server of the harness speaks behind the handshake (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

/// Tries of a session with a finite field between s2n and another stack. RFC 5246 8.1.2 strips leading zeros from the
/// shared secret and s2n keeps them, so that one such session in 256 fails; more tries than two would hide other faults.
const S2N_FINITE_FIELD_TRIES: usize = 2;

/// Completes every session that some first flight proposed and that can be one: see `Matrix::cell`.
///
/// # Errors
/// If a certificate cannot be minted.
pub(super) fn complete(matrix: &Matrix<'_>, tally: &mut Tally) -> Result<(), MintError> {
    for (stack, sessions) in tally.sessions.clone() {
        let Some(backend) = matrix.backends.get(stack.as_str()) else { continue };
        for session in sessions {
            let family = registry::suite(session.suite).map_or(Family::Other, Family::of);
            tally.counts(&stack, family).reached += 1;
            match one(matrix, &**backend, &session, tally)? {
                Outcome::Completed { client } => {
                    let counts = tally.counts(&stack, family);
                    counts.completed += 1;
                    counts.own += u64::from(client == stack);
                }
                Outcome::Failed { alert, why } => match excuse(matrix, &**backend, &session, alert) {
                    Some(quirk) => {
                        tally.counts(&stack, family).excused += 1;
                        *tally.quirks.entry(quirk).or_default() += 1;
                    }
                    None => tally.disagree(Disagreement {
                        stack: stack.clone(),
                        policy: "whichever proposes it".to_owned(),
                        asked: format!("{session:?}"),
                        expected: "a completed session".to_owned(),
                        seen: why,
                        difference: format!("{session} is proposed and not completed"),
                        cells: 1,
                    }),
                },
            }
        }
    }
    Ok(())
}

/// The quirk by which a stack proposes this session and cannot complete it.
fn excuse(
    matrix: &Matrix<'_>,
    backend: &dyn Backend,
    session: &Session,
    alert: Option<AlertDescription>,
) -> Option<usize> {
    let is_seed = registry::suite(session.suite).is_some_and(|facts| facts.cipher == Cipher::Seed);
    let is_it = is_seed
        && session.version == ProtocolVersion::SSL3
        && alert == Some(AlertDescription::BAD_RECORD_MAC);
    let candidates = matrix.quirks.of(backend.id(), &backend.version());
    let seed = Deviation::Rule(Rule::SeedInSsl3);
    candidates.into_iter().find(|at| is_it && matrix.quirks.all[*at].deviation == seed)
}

/// The quirk by which a client refuses this session.
fn refuses(matrix: &Matrix<'_>, client: &dyn Backend, session: &Session) -> Option<usize> {
    let is_small = is_finite_field(session) && session.dh_bits < 2048;
    let candidates = matrix.quirks.of(client.id(), &client.version());
    let small = Deviation::Rule(Rule::SmallFieldsRefused);
    candidates.into_iter().find(|at| is_small && matrix.quirks.all[*at].deviation == small)
}

enum Outcome {
    /// With the client of that stack.
    Completed { client: &'static str },
    /// What the one that was tried says.
    Failed { alert: Option<AlertDescription>, why: String },
}

/// Whether a server of this stack completes exactly this session, with the certificate verified.
///
/// With the first client of another stack that can be set to play it: if that one fails, so has the session, unless a
/// quirk of the client says so. Only where no other stack has a client for it, the server's own.
fn one(
    matrix: &Matrix<'_>,
    server: &dyn Backend,
    session: &Session,
    tally: &mut Tally,
) -> Result<Outcome, MintError> {
    let (server_spec, client_spec) = specs(session, matrix.pki)?;
    let (own, others): (Vec<_>, Vec<_>) =
        matrix.clients.values().partition(|client| client.id() == server.id());
    for client in others.into_iter().chain(own) {
        if client.open(Role::Client, &client_spec).is_err() {
            continue;
        }
        let is_s2n = |backend: &dyn Backend| backend.id() == "s2n";
        let is_odd = is_finite_field(session) && is_s2n(server) != is_s2n(&**client);
        let mut outcome = with(session, (server, &server_spec), (&**client, &client_spec));
        for _ in 1..if is_odd { S2N_FINITE_FIELD_TRIES } else { 1 } {
            if matches!(outcome, Outcome::Failed { .. }) {
                outcome = with(session, (server, &server_spec), (&**client, &client_spec));
            }
        }
        if let (Outcome::Failed { .. }, Some(quirk)) = (&outcome, refuses(matrix, &**client, session)) {
            *tally.quirks.entry(quirk).or_default() += 1;
            continue;
        }
        return Ok(outcome);
    }
    Ok(Outcome::Failed { alert: None, why: "no stack has a client for it".to_owned() })
}

fn with(
    session: &Session,
    (server, server_spec): (&dyn Backend, &EndpointSpec),
    (client, client_spec): (&dyn Backend, &EndpointSpec),
) -> Outcome {
    let opened = server.open(Role::Server, server_spec).and_then(|engine| {
        let client_engine = client.open(Role::Client, client_spec)?;
        Ok((engine, client_engine))
    });
    let (engine, mut client_engine) = match opened {
        Ok(both) => both,
        Err(cannot) => return Outcome::Failed { alert: None, why: cannot.to_string() },
    };
    let (seen, said) = run_in_memory(&mut *client_engine, Setup { engine, edits: Vec::new() });
    let is_it = seen.proposal.as_ref().is_some_and(|proposal| {
        (proposal.version, proposal.suite) == (session.version, session.suite)
            && (is_finite_field(session) || proposal.group == session.group)
            && proposal.dh_bits.unwrap_or(0) == session.dh_bits
    });
    if is_it
        && seen.disagreement.is_none()
        && seen.reach == Reach::Data
        && seen.ending == Ending::Completed
        && said.connected
    {
        return Outcome::Completed { client: client.id() };
    }
    Outcome::Failed {
        alert: seen.server_alert.or(seen.client_alert),
        why: format!(
            "{} as client: {:?} {:?} {:?} {:?}",
            client.id(),
            seen.ending,
            said.failure,
            seen.disagreement,
            seen.proposal
        ),
    }
}

/// A server and a client that have nothing but this session.
fn specs(session: &Session, pki: &Pki) -> Result<(EndpointSpec, EndpointSpec), MintError> {
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
        identities: vec![pki.identity(session.certificate)?],
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
    Ok((server_spec, client_spec))
}

/// The session's group; a finite field up to TLS 1.2 is the server's own and has no name.
fn groups(session: &Session) -> Vec<NamedGroup> {
    if is_finite_field(session) { Vec::new() } else { session.group.into_iter().collect() }
}

fn is_finite_field(session: &Session) -> bool {
    session.version < ProtocolVersion::TLS1_3
        && registry::suite(session.suite).is_some_and(SuiteFacts::is_ephemeral_finite_field)
}
