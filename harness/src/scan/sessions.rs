//! What only a completed handshake shows: resumption, and in TLS 1.3 the certificates and signature schemes.
//!
//! The client is the built-in OpenSSL, which plays all that is weak.

use std::sync::Arc;

use crate::engine::{Backend, CannotPlay, EndpointSpec, Engine, Resumption, Role, Session};
use crate::probe::FlightReader;
use crate::registry::{
    self, AlertDescription, CipherSuite, GroupFamily, NamedGroup, ProtocolVersion, SignatureScheme,
};

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

/// What became of a handshake.
enum Tried {
    Completed(Completed),
    Refused {
        chain: Option<Chain>,
        /// The server says that it has nothing that fits (RFC 8446 6.2): there is no certificate that it could have shown.
        has_nothing: bool,
    },
    /// The stack has no such client.
    NotPlayed,
}

/// A handshake that was completed.
struct Completed {
    chain: Option<Chain>,
    is_resumed: bool,
    /// After one that an alert ended, which takes the session from the stack.
    was_refused: bool,
    /// Up to TLS 1.2: a ticket came.
    has_ticket: bool,
    session: Option<Session>,
    /// The server said all that it had to say.
    is_whole: bool,
}

/// What the schemes of TLS 1.3 came to.
pub struct Shown {
    pub list: Listed<SignatureScheme>,
    pub chains: Vec<Chain>,
    /// The server answered a hello with it, and what certificate goes with it nobody saw.
    pub unseen: Vec<SignatureScheme>,
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

    /// Completes a handshake, unless the server or the stack would not.
    fn complete(&self, asker: &mut Asker<'_>, spec: &EndpointSpec) -> Result<Tried, Trouble> {
        let open = || self.backend.open(Role::Client, spec).ok();
        Ok(match asker.shake_hands(&open)? {
            Shaken::Done { engine, reader, end, was_refused } => {
                Tried::Completed(completed(&*engine, &reader, end, was_refused))
            }
            Shaken::Refused { chain, alert } => Tried::Refused {
                chain: Chain::read(&chain),
                has_nothing: alert == Some(AlertDescription::HANDSHAKE_FAILURE),
            },
            Shaken::NotPlayed => Tried::NotPlayed,
        })
    }

    /// Whether this version and suite can be completed.
    pub fn confirm(
        &self,
        asker: &mut Asker<'_>,
        version: ProtocolVersion,
        suite: CipherSuite,
    ) -> Known<bool> {
        match self.complete(asker, &self.spec(version, &[suite])) {
            Ok(tried) => Known::Is(matches!(tried, Tried::Completed(_))),
            Err(trouble) => Known::Unknown(trouble),
        }
    }

    /// Whether a second connection is resumed by these means.
    pub fn resumption(&self, asker: &mut Asker<'_>, accepted: &Accepted, by: Resumption) -> Known<bool> {
        let spec = EndpointSpec { resumption: by, ..self.spec(accepted.version, &self.playable(accepted)) };
        match self.come_back(asker, accepted, &spec) {
            (Known::Is(false), true) => self.come_back(asker, accepted, &spec).0,
            (known, _) => known,
        }
    }

    /// Two connections. And whether an alert came in between, which may have had a passing reason: the stack does not
    /// resume a session after one.
    fn come_back(
        &self,
        asker: &mut Asker<'_>,
        accepted: &Accepted,
        spec: &EndpointSpec,
    ) -> (Known<bool>, bool) {
        let by = spec.resumption;
        let first = match self.complete(asker, spec) {
            Ok(Tried::Completed(first)) => first,
            Ok(Tried::Refused { .. } | Tried::NotPlayed) => {
                return (Known::Moot("no handshake of the built-in OpenSSL is completed"), false);
            }
            Err(trouble) => return (Known::Unknown(trouble), false),
        };
        let is_tls13 = accepted.version >= ProtocolVersion::TLS1_3;
        // By id, and by what looks like a ticket and is none: up to TLS 1.2 a session can have both.
        if by.tickets && !is_tls13 && !first.has_ticket {
            return (Known::Is(false), false);
        }
        if is_tls13 && !first.is_whole {
            return (Known::Unknown(Trouble::Slow), false);
        }
        let Some(session) = first.session else { return (Known::Is(false), false) };
        let second = EndpointSpec { session: Some(session), ..spec.clone() };
        match self.complete(asker, &second) {
            Ok(Tried::Completed(second)) => (Known::Is(second.is_resumed), second.was_refused),
            Ok(Tried::Refused { .. }) => (Known::Is(false), true),
            Ok(Tried::NotPlayed) => (Known::Is(false), false),
            Err(trouble) => (Known::Unknown(trouble), false),
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
    pub fn schemes(&self, asker: &mut Asker<'_>, accepted: &Accepted) -> Shown {
        let mut found = Listed::none(accepted.version);
        let (mut chains, mut unseen) = (Vec::new(), Vec::new());
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
                Ok(Tried::Completed(done)) => {
                    found.items.push(scheme);
                    chains.extend(done.chain);
                }
                // Of RSA keys, of which alone a floor asks the size, the stack plays all schemes.
                Ok(Tried::NotPlayed) => found.unconfirmed.push(scheme),
                Ok(Tried::Refused { chain, has_nothing }) => {
                    found.unconfirmed.push(scheme);
                    if chain.is_none() && !has_nothing {
                        unseen.push(scheme);
                    }
                    chains.extend(chain);
                }
                Err(trouble) => {
                    found.trouble = Some(trouble);
                    break;
                }
            }
        }
        Shown { list: found, chains, unseen }
    }
}

fn completed(engine: &dyn Engine, reader: &FlightReader, end: End, was_refused: bool) -> Completed {
    Completed {
        was_refused,
        chain: Chain::read(&engine.peer_chain()),
        is_resumed: engine.is_resumed(),
        has_ticket: reader.flight().is_some_and(|flight| flight.has_ticket),
        session: engine.session(),
        is_whole: end == End::Closed,
    }
}
