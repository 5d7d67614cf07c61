//! What only a completed handshake shows: resumption, and in TLS 1.3 the certificates and signature schemes.
//!
//! The client is the built-in OpenSSL, which plays all that is weak.

use std::sync::Arc;

use crate::engine::{Backend, CannotPlay, EndpointSpec, Engine, Resumption, Role, Session};
use crate::probe::FlightReader;
use crate::registry::{self, CipherSuite, GroupFamily, NamedGroup, ProtocolVersion, SignatureScheme};

use super::ask::{Asker, Reply, Shaken};
use super::certificate::Chain;
use super::known::Known;
use super::lists::Listed;
use super::peer::End;
use super::question::{Question, schemes as all_schemes};
use super::suites::Accepted;
use super::trouble::Trouble;

/// Plays clients.
#[derive(Clone)]
pub struct Player {
    pub backend: Arc<dyn Backend>,
    pub server_name: Option<String>,
    /// Which the scan found.
    pub groups: Vec<Listed<NamedGroup>>,
}

/// A handshake that was completed.
pub struct Completed {
    pub chain: Option<Chain>,
    pub is_resumed: bool,
    /// Up to TLS 1.2: a ticket came.
    pub has_ticket: bool,
    pub session: Option<Session>,
    /// The server said all that it had to say.
    pub is_whole: bool,
}

impl Player {
    /// Of the groups that were found those that the stack has, too: by itself it offers the common ones only.
    fn spec(&self, version: ProtocolVersion, suites: &[CipherSuite]) -> EndpointSpec {
        let is_tls13 = version >= ProtocolVersion::TLS1_3;
        let mut lists = self.groups.iter();
        let list = lists.find(|list| (list.version >= ProtocolVersion::TLS1_3) == is_tls13);
        let mut groups = list.map(|list| list.items.clone()).unwrap_or_default();
        // The first gets a key share: some servers choke on large ones.
        let is_large = |group: &NamedGroup| {
            registry::group(*group).is_some_and(|facts| facts.family != GroupFamily::Ecdhe)
        };
        groups.sort_by_key(is_large);
        let server_name = self.server_name.clone().unwrap_or_default();
        let versions = vec![version];
        let mut spec = EndpointSpec {
            versions,
            suites: suites.to_vec(),
            groups,
            server_name,
            ..EndpointSpec::default()
        };
        while let Err(CannotPlay::Group { group, .. }) = self.backend.open(Role::Client, &spec) {
            let count = spec.groups.len();
            spec.groups.retain(|other| *other != group);
            if spec.groups.len() == count {
                break;
            }
        }
        spec
    }

    /// Completes a handshake, or says why not: `None` if the server or the stack would not.
    fn complete(&self, asker: &mut Asker<'_>, spec: &EndpointSpec) -> Result<Option<Completed>, Trouble> {
        let open = || self.backend.open(Role::Client, spec).ok();
        let shaken = asker.shake_hands(&open)?;
        Ok(shaken.map(|Shaken { engine, reader, end }| completed(&*engine, &reader, end)))
    }

    /// Whether this version and suite can be completed.
    pub fn confirm(
        &self,
        asker: &mut Asker<'_>,
        version: ProtocolVersion,
        suite: CipherSuite,
    ) -> Known<bool> {
        match self.complete(asker, &self.spec(version, &[suite])) {
            Ok(done) => Known::Is(done.is_some()),
            Err(trouble) => Known::Unknown(trouble),
        }
    }

    /// Whether a second connection is resumed by these means.
    pub fn resumption(&self, asker: &mut Asker<'_>, accepted: &Accepted, by: Resumption) -> Known<bool> {
        let spec = EndpointSpec { resumption: by, ..self.spec(accepted.version, &self.playable(accepted)) };
        let first = match self.complete(asker, &spec) {
            Ok(Some(first)) => first,
            Ok(None) => return Known::Moot("no handshake of the built-in OpenSSL is completed"),
            Err(trouble) => return Known::Unknown(trouble),
        };
        let is_tls13 = accepted.version >= ProtocolVersion::TLS1_3;
        // By id, and by what looks like a ticket and is none: up to TLS 1.2 a session can have both.
        if by.tickets && !is_tls13 && !first.has_ticket {
            return Known::Is(false);
        }
        if is_tls13 && !first.is_whole {
            return Known::Unknown(Trouble::Slow);
        }
        let Some(session) = first.session else { return Known::Is(false) };
        let second = EndpointSpec { session: Some(session), ..spec };
        match self.complete(asker, &second) {
            Ok(done) => Known::Is(done.is_some_and(|second| second.is_resumed)),
            Err(trouble) => Known::Unknown(trouble),
        }
    }

    /// The suites that the stack has, too.
    fn playable(&self, accepted: &Accepted) -> Vec<CipherSuite> {
        let mut suites = accepted.suites.clone();
        while let Err(CannotPlay::Suite { suite, .. }) =
            self.backend.open(Role::Client, &self.spec(accepted.version, &suites))
        {
            let count = suites.len();
            suites.retain(|other| *other != suite);
            if suites.len() == count {
                break;
            }
        }
        suites
    }

    /// The schemes of TLS 1.3, one at a time, and the certificates that come with them. What a ServerHello answers
    /// is completed: the signature itself is encrypted.
    pub fn schemes(
        &self,
        asker: &mut Asker<'_>,
        accepted: &Accepted,
    ) -> (Listed<SignatureScheme>, Vec<Chain>) {
        let mut found = Listed::none(accepted.version);
        let mut chains = Vec::new();
        for scheme in all_schemes(accepted.version) {
            let name = self.server_name.as_deref();
            let mut question = Question::new(accepted.version, accepted.suites.clone(), accepted.size, name);
            question.schemes = vec![scheme];
            match asker.ask_surely(&question.hello()) {
                Reply::Flight(_) => {}
                Reply::Abandoned(..) | Reply::Refused(_) => continue,
                Reply::Trouble(trouble) => {
                    found.trouble = Some(trouble);
                    break;
                }
            }
            let suites = self.playable(accepted);
            let spec = EndpointSpec { schemes: vec![scheme], ..self.spec(accepted.version, &suites) };
            match self.complete(asker, &spec) {
                Ok(Some(done)) => {
                    found.items.push(scheme);
                    chains.extend(done.chain);
                }
                Ok(None) => found.unconfirmed.push(scheme),
                Err(trouble) => {
                    found.trouble = Some(trouble);
                    break;
                }
            }
        }
        (found, chains)
    }
}

fn completed(engine: &dyn Engine, reader: &FlightReader, end: End) -> Completed {
    Completed {
        chain: Chain::read(&engine.peer_chain()),
        is_resumed: engine.is_resumed(),
        has_ticket: reader.flight().is_some_and(|flight| flight.has_ticket),
        session: engine.session(),
        is_whole: end == End::Closed,
    }
}
